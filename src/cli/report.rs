//! `expops report`: a page about a project, in one file.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::ended::Ended;
use super::location::Location;
use super::look::enter;
use super::say;
use crate::defaults;
use crate::diagnostic::Diagnostics;
use crate::driver::{self, Checked, Failure};
use crate::dry_run::Survey;
use crate::file::{self, FileError, Given};
use crate::probe::Probes;
use crate::report::{self, Document, Libraries, Look};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops report                    report.html: one file, for any browser, without a network
  expops report --no-values        the same without data, parameters, logs and messages, to be handed on
  expops report --json             the data of the page; docs/page.md describes it")]
pub(super) struct Flags {
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// Where the page goes, - for the standard output [default: report.html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<Utf8PathBuf>,
    /// Print the data of the page as JSON, and write nothing
    #[arg(long, conflicts_with = "output")]
    json: bool,
    #[command(flatten)]
    content: Content,
}

/// What a page is made of.
#[derive(Debug, Args)]
pub(super) struct Content {
    /// Leave out data, parameters, logs and messages
    #[arg(long)]
    pub(super) no_values: bool,
    /// The file of Chart.js for dynamic charts [default: EXPOPS_CHART_JS, or that in the project's node_modules]
    #[arg(long, value_name = "FILE")]
    chart_js: Option<Utf8PathBuf>,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    pub(super) build_dir: Option<Utf8PathBuf>,
}

impl Content {
    /// The file of Chart.js, if the flags name one.
    pub(super) fn chart_js(&self) -> Option<Utf8PathBuf> {
        let variable =
            || std::env::var("EXPOPS_CHART_JS").ok().filter(|path| !path.is_empty()).map(Utf8PathBuf::from);
        self.chart_js.clone().or_else(variable).map(|path| absolute(&path))
    }
}

impl Flags {
    fn output(&self) -> &Utf8Path {
        self.output.as_deref().map_or(Utf8Path::new("report.html"), Given::path)
    }
}

pub(super) fn run(flags: &Flags) -> Ended {
    // Paths are relative to where the command was given, so they are resolved before the project's folder is
    // entered.
    let output = absolute(flags.output());
    let chart_js = flags.content.chart_js();
    let mut sink = Diagnostics::new();
    let place = Location::find(&flags.project, flags.content.build_dir.as_deref());
    let inspection =
        enter(&place.project).and_then(|project| Inspection::of(&project, &place.build, &mut sink));
    let inspection = match inspection {
        Ok(inspection) => inspection,
        Err(failure) => return Ended::because(&failure, &sink, flags.json),
    };
    let document = report::document(&inspection.look(&flags.content));
    // Remarks are printed where they do not disturb.
    if !flags.json {
        say::remarks(&inspection.survey.remarks());
    }
    if flags.json {
        match serde_json::to_string_pretty(&document) {
            Ok(text) => println!("{text}"),
            Err(error) => return Ended::failed(&error.to_string()),
        }
        return Ended::Well;
    }
    write(&document, &output, flags, chart_js.as_deref())
}

fn write(document: &Document, output: &Utf8Path, flags: &Flags, chart_js: Option<&Utf8Path>) -> Ended {
    let libraries = match libraries(chart_js) {
        Ok(libraries) => libraries,
        Err(text) => return Ended::failed(&text),
    };
    let page = report::page(document, &libraries, false);
    match put(output, flags.output.is_none(), page.as_bytes()) {
        Err(error) => return Ended::failed(&error.to_string()),
        // The page may be what is on the screen.
        Ok(Given::Stream) => {}
        Ok(Given::File(_)) => println!("wrote {} ({} kB)", flags.output(), page.len().div_ceil(1000)),
    }
    Ended::Well
}

/// Writes the page to where the user says, or to the usual place.
fn put(output: &Utf8Path, is_usual: bool, page: &[u8]) -> Result<Given, FileError> {
    let given = Given::at(output, is_usual)?;
    match &given {
        Given::Stream => file::write_stream(output, page)?,
        Given::File(path) => {
            file::insist_on_no_folder(path)?;
            file::write_if_changed(path, page)?;
        }
    }
    Ok(given)
}

/// A path made absolute from where the command was given.
pub(super) fn absolute(path: &Utf8Path) -> Utf8PathBuf {
    let here = std::env::current_dir().ok().and_then(|here| Utf8PathBuf::from_path_buf(here).ok());
    here.unwrap_or_default().join(path)
}

/// A project that has been surveyed; its folder is the working folder.
pub(super) struct Inspection {
    checked: Checked,
    probes: Arc<Probes>,
    pub(super) survey: Survey,
}

impl Inspection {
    /// Surveys the project whose folder is the working folder.
    pub(super) fn of(
        project: &driver::Project,
        build: &Utf8Path,
        sink: &mut Diagnostics,
    ) -> Result<Self, Failure> {
        let checked = driver::open(project, sink)?;
        let (_, probes) = driver::expand(&checked, defaults::MAX_INSTANCES_TO_LOOK_AT, sink)?;
        let plan = driver::plan_of(&checked, &probes, project, build);
        let mut survey = Survey::over(plan, project, build);
        survey.look_at_all();
        Ok(Self { checked, probes, survey })
    }

    /// What pages are made of.
    pub(super) fn look(&self, content: &Content) -> Look<'_> {
        Look::new(&self.checked, &self.probes, &self.survey, !content.no_values)
    }
}

/// Where Chart.js may be in a project.
const CHART_JS: [&str; 2] =
    ["node_modules/chart.js/dist/chart.umd.js", "node_modules/chart.js/dist/chart.umd.min.js"];

/// The libraries, from the project (whose folder is the working folder) or the installation; expops brings
/// none.
pub(super) fn libraries(chart_js: Option<&Utf8Path>) -> Result<Libraries, String> {
    if let Some(path) = chart_js {
        let text = file::read_text(path).map_err(|error| error.to_string())?;
        return Ok(Libraries { chart_js: Some(text) });
    }
    let installed = std::env::current_exe().ok().and_then(|exe| Utf8PathBuf::from_path_buf(exe).ok());
    let installed = installed.and_then(|exe| Some(exe.parent()?.parent()?.join("share/expops/chart.umd.js")));
    let places = CHART_JS.iter().map(Utf8PathBuf::from).chain(installed);
    let found = places.into_iter().find_map(|path| file::read_regular_text(path).ok());
    Ok(Libraries { chart_js: found })
}
