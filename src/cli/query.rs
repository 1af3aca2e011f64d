//! `expops query`: what an XPath expression selects in the expanded pipeline.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::ended::Ended;
use super::location::Location;
use super::logged::logged;
use super::look::look;
use super::refuse::refuse;
use crate::driver::Checked;
use crate::graph::Graph;
use crate::layout::Layout;
use crate::numbers::Plain;
use crate::probe::{self, Selected, Tree, Unusable};
use crate::xpath::Value;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops query \"//*[@name='train']\"
  ninja $(expops query --show targets \"//*[@partition='p2']//*[@name='train']\")
  expops query --count \"//step\"")]
pub(super) struct Flags {
    /// An XPath 1.0 expression, or the plain name of a process
    expression: String,
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// What to print of each match
    #[arg(long, value_enum, default_value_t = Show::Paths)]
    show: Show,
    /// The same as --show paths
    #[arg(long, group = "what")]
    paths: bool,
    /// The same as --show labels
    #[arg(long, group = "what")]
    labels: bool,
    /// The same as --show targets
    #[arg(long, group = "what")]
    targets: bool,
    /// The same as --show stamps
    #[arg(long, group = "what")]
    stamps: bool,
    /// The same as --show files
    #[arg(long, group = "what")]
    files: bool,
    /// The same as --show metrics
    #[arg(long, group = "what")]
    metrics: bool,
    /// The same as --show json; --json=compact prints it on one line
    #[arg(long, group = "what", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "pretty")]
    json: Option<JsonForm>,
    /// The same as --show targets, each with a NUL at its end: for xargs -0
    #[arg(long, group = "what")]
    targets0: bool,
    /// Print only how many there are
    #[arg(long)]
    count: bool,
    /// Print only the first
    #[arg(long)]
    first: bool,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
    /// What comes before the names of targets
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
}

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum JsonForm {
    /// For people
    Pretty,
    /// On one line: for $GITHUB_OUTPUT
    Compact,
}

/// What to print of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Show {
    /// Canonical paths
    Paths,
    /// Short labels
    Labels,
    /// Targets of the generated file
    Targets,
    /// Stamp files
    Stamps,
    /// Files that hold values, of what has been built
    Files,
    /// Metrics, as lines of JSON, of what has been built
    Metrics,
    /// All of it, as one JSON array
    Json,
}

impl Flags {
    fn show(&self) -> Show {
        let given = [
            (self.paths, Show::Paths),
            (self.labels, Show::Labels),
            (self.targets, Show::Targets),
            (self.stamps, Show::Stamps),
            (self.files, Show::Files),
            (self.metrics, Show::Metrics),
            (self.json.is_some(), Show::Json),
            (self.targets0, Show::Targets),
        ];
        given.into_iter().find(|(on, _)| *on).map_or(self.show, |(_, show)| show)
    }
}

pub(super) fn run(flags: &Flags) -> Ended {
    let place = Location::find(&flags.project, flags.build_dir.as_deref());
    let layout = Layout::new(place.build);
    look(&place.project, |checked, graph, _| answer(flags, &layout, checked, graph))
}

fn answer(flags: &Flags, layout: &Layout, checked: &Checked, graph: Graph<'_>) -> Ended {
    let tree = Tree::new(graph, &checked.steps);
    match probe::select(&flags.expression, graph, &tree) {
        Ok(selected) => print(flags, layout, graph, &selected),
        Err(Unusable::NotNodes(value)) => print_value(&value),
        Err(Unusable::Nothing { .. }) if flags.count => println!("0"),
        Err(unusable) => return refuse(&flags.expression, &unusable),
    }
    Ended::Well
}

fn print_value(value: &Value) {
    match value {
        Value::NodeSet(nodes) => println!("{}", nodes.len()),
        Value::Boolean(value) => println!("{value}"),
        Value::Number(value) => println!("{value}"),
        Value::String(value) => println!("{value}"),
    }
}

fn print(flags: &Flags, layout: &Layout, graph: Graph<'_>, selected: &[Selected]) {
    let selected = if flags.first { &selected[..selected.len().min(1)] } else { selected };
    if flags.count {
        println!("{}", selected.len());
        return;
    }
    let all = selected.iter().map(|one| described(one, graph, layout, &flags.prefix));
    let end = if flags.targets0 { '\0' } else { '\n' };
    let lines = |field: &str, all: &mut dyn Iterator<Item = Json>| {
        let mut printed = std::collections::HashSet::new();
        for one in all {
            for line in one[field]
                .as_array()
                .into_iter()
                .flatten()
                .chain([&one[field]].into_iter().filter(|v| !v.is_array()))
            {
                let text = line.as_str().map_or_else(|| line.to_string(), str::to_owned);
                if printed.insert(text.clone()) {
                    print!("{text}{end}");
                }
            }
        }
    };
    let mut all = all;
    match flags.show() {
        Show::Json if flags.json == Some(JsonForm::Compact) => {
            println!("{}", compact(&Json::Array(all.collect())))
        }
        Show::Json => println!(
            "{}",
            serde_json::to_string_pretty(&Plain(&Json::Array(all.collect()))).unwrap_or_default()
        ),
        Show::Paths => lines("path", &mut all),
        Show::Labels => lines("label", &mut all),
        Show::Targets => lines("target", &mut all),
        Show::Stamps => lines("stamps", &mut all),
        Show::Files => lines("files", &mut all),
        Show::Metrics => {
            for one in all.filter(|one| one["metrics"] != json!({})) {
                println!("{}", compact(&json!({"path": one["path"], "metrics": one["metrics"]})));
            }
        }
    }
}

fn compact(value: &Json) -> String {
    serde_json::to_string(&Plain(value)).unwrap_or_default()
}

/// Everything known about a match.
fn described(one: &Selected, graph: Graph<'_>, layout: &Layout, prefix: &str) -> Json {
    let process = &graph.pipeline.process(one.instance.process).name;
    let arms = graph.arms(&one.instance);
    let folder = |address| layout.folder(&Layout::instance(process, &graph.arms(address)));
    let outlets = graph.outlets(&one.instance);
    let files = outlets.iter().filter_map(|outlet| crate::exec::Values::read(&folder(outlet)));
    let files = files.flat_map(|values| values.values).map(|value| layout.build().join(value.file));
    json!({
        "path": probe::canonical(graph, one),
        "label": graph.label(&one.instance),
        "process": process,
        "arms": arms,
        "step": one.step,
        "target": format!("{prefix}{}", Layout::target(process, &arms)),
        "stamps": outlets.iter().map(|outlet| folder(outlet).stamp()).collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
        "metrics": logged(&folder(&one.instance), one.step.as_deref()),
    })
}
