//! `expops exec`: what the generated file calls.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::ended::Ended;
use super::say;
use crate::defaults;
use crate::driver;
use crate::exec::{self, Failure, Instance, Sight};
use crate::file;
use crate::journal::Build;
use crate::layout::Layout;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  expops exec train/p2      run `train` in partition 2, if something that it reads changed"
)]
pub(super) struct Flags {
    /// The build folder
    #[arg(long, value_name = "DIR", default_value = defaults::BUILD)]
    build_dir: Utf8PathBuf,
    /// Make the environment with this folder, instead of running an instance
    #[arg(long, value_name = "NAME", group = "what")]
    environment: Option<String>,
    /// Look at what all instances of this process share, instead of running one
    #[arg(long, value_name = "PROCESS", group = "what")]
    shared: Option<String>,
    /// Look which modules there are in this folder of the project, instead of running an instance
    #[arg(long, value_name = "FOLDER", group = "what")]
    modules: Option<Utf8PathBuf>,
    /// Make what belongs to this record: of an instance, of an environment or of what a process shares
    #[arg(long, value_name = "FILE", group = "what")]
    record: Option<Utf8PathBuf>,
    /// Fail if something was dropped of the instance, of the process, or (without a name) of everything
    #[arg(long)]
    verdict: bool,
    /// Copy an output of an instance to a path of the project
    #[arg(long, num_args = 2, value_names = ["FILE", "COPY"], group = "what")]
    export: Vec<Utf8PathBuf>,
    /// Write into the build folder how a shell recognizes this program
    #[arg(long, group = "what")]
    program: bool,
    /// Say what is done
    #[arg(long)]
    say: bool,
    /// The instance, by its folder in the build folder
    #[arg(required_unless_present_any = ["what", "verdict"])]
    instance: Option<String>,
}

/// What to make.
enum Target<'f> {
    Environment(&'f str),
    Shared(&'f str),
    Modules(&'f Utf8Path),
    Instance(&'f str),
    Verdict(&'f str),
    Program,
    Export(&'f Utf8Path, &'f Utf8Path),
}

/// `project` is the project's folder, seen from where the build tool runs.
pub(super) fn run(flags: &Flags, project: &Utf8Path) -> Ended {
    let layout = Layout::new(flags.build_dir.clone());
    let sight = Sight { project: project.to_owned() };
    let record = flags.record.as_deref().map(|path| name_of(path, &layout, &sight));
    if Build::has_lost_its_run() {
        say::error("the `expops run` that this is part of has ended");
        return Ended::Failed;
    }
    let result = exec::insist_on_one_ninja(&layout)
        .and_then(|()| wanted(flags, record.as_deref()))
        .and_then(|wanted| make(&wanted, &layout, &sight, (flags.say, flags.record.is_some())));
    match result {
        Ok(ended) => ended,
        Err(failure) => Ended::failed(&failure.to_string()),
    }
}

/// The folder of a record, relative to the build folder.
fn name_of(record: &Utf8Path, layout: &Layout, sight: &Sight) -> String {
    let build = file::normal(&sight.project.join(layout.build()));
    let record = file::normal(record);
    let folder = record.parent().unwrap_or(&record);
    folder.strip_prefix(build).unwrap_or(folder).to_string()
}

fn wanted<'f>(flags: &'f Flags, record: Option<&'f str>) -> Result<Target<'f>, Failure> {
    let instance = flags.instance.as_deref();
    if let Some(folder) = &flags.modules {
        return Ok(Target::Modules(folder));
    }
    if let [from, to] = flags.export.as_slice() {
        return Ok(Target::Export(from, to));
    }
    if flags.program {
        return Ok(Target::Program);
    }
    Ok(match (&flags.environment, &flags.shared, record.or(instance)) {
        (_, _, name) if flags.verdict => Target::Verdict(name.unwrap_or_default()),
        (Some(name), ..) => Target::Environment(name),
        (_, Some(name), _) => Target::Shared(name),
        (_, _, Some(name)) => match name.strip_prefix(".expops/").and_then(|name| name.split_once('/')) {
            Some(("shared", name)) => Target::Shared(name),
            Some(("environment", name)) => Target::Environment(name),
            _ => Target::Instance(name),
        },
        (None, None, None) => return Err(Failure::new("nothing is asked for")),
    })
}

fn make(
    wanted: &Target<'_>,
    layout: &Layout,
    sight: &Sight,
    (aloud, is_beside): (bool, bool),
) -> Result<Ended, Failure> {
    match wanted {
        Target::Environment(name) => {
            if aloud {
                println!("environment {name}");
            }
            exec::environments::make(name, layout)?;
        }
        Target::Shared(name) => exec::look_at_shared(name, layout)?,
        Target::Modules(folder) => exec::look_at_modules(folder, layout)?,
        Target::Verdict(name) => return Ok(verdict(exec::give_verdict(name, layout)?)),
        Target::Export(from, to) => {
            if aloud {
                println!("export {to}");
            }
            exec::export(from, to, layout)?;
        }
        Target::Program => driver::write_program(layout)?,
        Target::Instance(name) => {
            let instance = Instance::open(name, layout)?;
            // An instance that was left out never has a record: whatever asks for a file beside the record has just
            // run the instance.
            if is_beside && instance.is_left_out() {
                return Ok(Ended::Well);
            }
            if aloud {
                println!("{}", instance.label());
            }
            let result = instance.run(sight);
            say::remarks(&instance.remarks());
            result?;
        }
    }
    Ok(Ended::Well)
}

/// `expops run` lists at its end what failed.
fn verdict(failed: Option<Failure>) -> Ended {
    match failed {
        None => Ended::Well,
        Some(_) if Build::is_of_a_run() => Ended::Failed,
        Some(list) => Ended::failed(&list.to_string()),
    }
}
