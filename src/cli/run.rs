//! `expops run`: compile, then hand over to Ninja or Make.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use clap_complete::ArgValueCompleter;

use super::compile::compile;
use super::complete;
use super::ended::Ended;
use super::location::named_build;
use super::screen::{Display, Screen};
use super::{labels, repair, say};
use crate::amount;
use crate::defaults;
use crate::driver::{self, Compiled, Options, Project};
use crate::emit::Format;
use crate::exec::{self, worker};
use crate::file::{self, FileError};
use crate::journal;
use crate::layout::Layout;
use crate::lock::Lock;
use crate::output;
use crate::plan::Plan;
use crate::process;
use crate::signals;
use crate::variable::{MACHINE_CPUS, MACHINE_MEMORY};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops run                     build everything
  expops run analysis train      build all instances of `train` of the project in `analysis`
  expops run train@p2 -n         show what building one instance would run
  expops run --force train@p2    run it again, although nothing that it observes has changed")]
pub(super) struct Flags {
    /// The project (a folder or a project file) if it is one; targets: a process, or an instance such as train@p2
    #[arg(add = ArgValueCompleter::new(complete::targets))]
    targets: Vec<String>,
    /// How many instances run at once [default: as many as there are cores]
    #[arg(short, long, value_name = "N")]
    jobs: Option<u32>,
    /// Go on with what does not depend on a failed instance
    #[arg(short, long)]
    keep_going: bool,
    /// Run these processes or instances again, whatever is known of them
    #[arg(long, value_name = "LABEL", num_args = 1.., add = ArgValueCompleter::new(complete::targets))]
    force: Vec<String>,
    /// Show what would run, and run nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Show the commands
    #[arg(short, long)]
    verbose: bool,
    /// Say only what went wrong
    #[arg(short, long)]
    quiet: bool,
    /// Print what happens as lines of JSON: which instance starts and ends, and at the end a summary
    #[arg(long, conflicts_with_all = ["verbose", "quiet", "dry_run"])]
    json: bool,
    /// Where outputs go [default: `build` in the project, or what EXPOPS_BUILD_DIR says]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
    /// Which tool builds [default: ninja if it is installed, else make]
    #[arg(long, value_name = "TOOL", value_parser = ["ninja", "make"])]
    with: Option<String>,
    /// What runs the user's part of each instance: `slurm`, or a program (docs/launchers.md) [default: what
    /// EXPOPS_LAUNCHER says]
    #[arg(long, value_name = "NAME|PROGRAM")]
    launcher: Option<String>,
    /// How many cores all instances with `resources` may use together [default: what this machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cpus: Option<u32>,
    /// How much memory they may use: 16GB [default: what this machine has]
    #[arg(long, value_name = "AMOUNT", value_parser = memory)]
    memory: Option<u64>,
    /// The Python interpreter of processes without an environment
    #[arg(long, value_name = "PATH", default_value = defaults::PYTHON)]
    python: String,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let (project, targets) = match flags.targets.split_first() {
        Some((first, rest)) if is_project(first) => (first.clone(), rest),
        _ => (".".to_owned(), flags.targets.as_slice()),
    };
    let version = ninja_version();
    let ninja = flags.with.as_deref().map_or(version.is_some(), |tool| tool == "ninja");
    let format = if ninja { Format::Ninja } else { Format::Make };
    let compiled = match compile(&options(flags, project.into(), format), false) {
        Ok((compiled, _)) => compiled,
        Err(ended) => return ended,
    };
    if flags.keep_going && targets.iter().any(|target| is_count(target, &compiled.plan)) {
        say::error("`-k` takes no number here: it goes on after any number of failures");
        return Ended::Wrong;
    }
    let targets = match known(targets, &compiled.plan) {
        Ok(targets) => targets,
        Err(ended) => return ended,
    };
    let layout = &compiled.layout;
    let _turn = match take_turns(layout) {
        Ok(locks) => locks,
        Err(error) => return Ended::failed(&error.to_string()),
    };
    let build = || build(flags, &compiled, &targets, ninja.then(|| version.unwrap_or_default()));
    if flags.dry_run {
        return build();
    }
    if let Err(ended) = force(&flags.force, &compiled) {
        return ended;
    }
    if let Err(ended) = repair::before(&compiled) {
        return ended;
    }
    let ended = repair::after(build(), &compiled, build);
    let has_launcher = std::env::var_os("EXPOPS").is_some() && targets.is_empty();
    if matches!(ended, Ended::Well) && has_launcher {
        return insist_on_looks(compiled.plan.instances(), layout);
    }
    ended
}

/// What the build tool calls the targets. A path may be any file that it knows.
fn known(targets: &[String], plan: &Plan) -> Result<Vec<String>, Ended> {
    let mut found = Vec::new();
    for target in targets {
        let is_file = target.contains(['/', '.']) || plan.exports().any(|export| export.to == *target);
        let group = plan.groups.iter().find(|group| group.process == *target || group.target == *target);
        match group {
            Some(group) => found.push(group.target.clone()),
            None if is_file || target == "all" => found.push(target.clone()),
            None => {
                let all = labels::all(plan, std::slice::from_ref(target))?;
                found.extend(all.into_iter().map(|action| action.target));
            }
        }
    }
    Ok(found)
}

/// Whether a target is the number that `-k` of Ninja takes.
fn is_count(target: &str, plan: &Plan) -> bool {
    target.parse::<u32>().is_ok() && labels::matching(plan, target).is_err()
}

/// Forces instances to run: removing their records makes the build tool look at them.
fn force(labels: &[String], compiled: &Compiled) -> Result<(), Ended> {
    for action in labels::all(&compiled.plan, labels)? {
        let folder = compiled.layout.folder(&action.instance);
        let forced = file::insist_on_no_links(compiled.layout.build(), &folder.force())
            .and_then(|()| file::write_if_changed(&folder.force(), b""))
            .and_then(|_| file::remove(&folder.record()));
        forced.map_err(|error| Ended::failed(&error.to_string()))?;
    }
    Ok(())
}

/// A launcher in `EXPOPS` may exit with 0 without having run anything.
fn insist_on_looks(names: impl Iterator<Item = String>, layout: &Layout) -> Ended {
    match exec::unlooked(names, layout) {
        Ok(missed) => match missed.as_slice() {
            [] => Ended::Well,
            [first, rest @ ..] => Ended::failed(&format!(
                "nobody looked at `{first}`{}, although the build ended well: does what EXPOPS names end with 0 when it has run nothing?",
                if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) }
            )),
        },
        Err(failure) => Ended::failed(&failure.to_string()),
    }
}

/// Starts the build tool and waits for it. `ninja` is the version of Ninja, if Ninja builds.
fn build(flags: &Flags, compiled: &Compiled, targets: &[String], ninja: Option<(u32, u32)>) -> Ended {
    let program = std::env::current_exe().ok().and_then(|path| Utf8PathBuf::try_from(path).ok());
    let mut command = match ninja {
        Some(version) => ninja_command(flags, &compiled.output, version),
        None => make_command(flags, &compiled.output),
    };
    command.args(targets).current_dir(&compiled.project.folder);
    flags.launcher.as_ref().map(|launcher| command.env("EXPOPS_LAUNCHER", from_here(launcher)));
    command.env(journal::RUN, process::me());
    flags.cpus.map(|cpus| command.env(MACHINE_CPUS.name, cpus.to_string()));
    flags.memory.map(|memory| command.env(MACHINE_MEMORY.name, memory.to_string()));
    if let Some(program) = program.filter(|_| std::env::var_os("EXPOPS").is_none()) {
        command.env("EXPOPS", crate::quote::word(program.as_str()));
    }
    let ended = if flags.dry_run {
        copied(&mut command)
    } else {
        shown(&mut command, flags, compiled, ninja.is_none().then_some(targets))
    };
    worker::end(&compiled.layout);
    let tool = if ninja.is_some() { "ninja" } else { "make" };
    match ended {
        Ok(((_, Some(signal)), _)) => Ended::As(u8::try_from(128 + signal).unwrap_or(1)),
        Ok(((status, None), 0)) if status.success() => Ended::Well,
        Ok(((status, None), unwritten)) if status.success() => Ended::As(unwritten),
        Ok(((status, None), _)) if status.code() == Some(130) => Ended::As(130),
        Ok(((status, None), _)) => match ExitStatusExt::signal(&status) {
            Some(signal) => Ended::failed(&format!("`{tool}` was ended by signal {signal}")),
            None => Ended::Failed,
        },
        Err(error) => Ended::failed(&format!("cannot start `{tool}`: {error}; install Ninja or GNU Make")),
    }
}

/// A launcher that is named by a path from the working folder, for a build that runs in the project's.
fn from_here(launcher: &str) -> String {
    let program = launcher.split_whitespace().next().unwrap_or_default();
    let path = Utf8Path::new(if Utf8Path::new(launcher).is_file() { launcher } else { program });
    if path.is_absolute() || !path.as_str().contains('/') || !path.is_file() {
        return launcher.to_owned();
    }
    let absolute = std::path::absolute(path).ok().and_then(|path| Utf8PathBuf::try_from(path).ok());
    absolute.map_or_else(
        || launcher.to_owned(),
        |absolute| launcher.replacen(path.as_str(), absolute.as_str(), 1),
    )
}

/// Waits for another `expops run` in the same build folder to end, and keeps `expops clean` out. A Ninja or
/// Make that was started without `expops run` shares the folder: one of them makes each instance, and the other
/// takes the result.
fn take_turns(layout: &Layout) -> Result<(Lock, Lock), FileError> {
    let (turn, busy) = (layout.turn(), layout.busy());
    file::insist_on_no_links(layout.build(), &turn)?;
    let mine = match Lock::try_now(&turn)? {
        Some(lock) => lock,
        None => {
            say::note("another `expops run` builds here: this one waits for its end");
            Lock::wait(&turn)?
        }
    };
    Ok((mine, Lock::share(&busy)?))
}

/// Parses an amount of memory.
fn memory(text: &str) -> Result<u64, String> {
    amount::bytes(text).map_err(|_| "an amount is a number with a unit: 500MB, 16GB".to_owned())
}

/// Whether the first word is a project rather than a target: `.`, a folder with a project file, or a project
/// file.
fn is_project(word: &String) -> bool {
    let path = Utf8Path::new(word);
    let is_file = path.is_file() && matches!(path.extension(), Some("yaml" | "yml"));
    // A word with a slash is never a target: the message that there is no such project helps more.
    is_file || word == "." || word.contains('/') || (path.is_dir() && Project::find(path).is_ok())
}

/// The options to compile the project with. The generated file goes into the build folder if that is outside
/// the project, which then stays untouched, or if somebody else wrote the file of the usual name.
fn options(flags: &Flags, project: Utf8PathBuf, format: Format) -> Options {
    let build = flags.build_dir.clone().or_else(named_build).unwrap_or_else(|| defaults::BUILD.into());
    let usual = Options { project, format, build, python: flags.python.clone(), ..Options::default() };
    let hidden = |project: Project| {
        let output = usual.build.join(format.hidden_name());
        let is_outside = file::normal(&usual.build).starts_with("..") || usual.build.is_absolute();
        let taken = is_outside || !driver::may_overwrite(&project.folder.join(format.file_name()));
        taken.then(|| project.folder.join(output))
    };
    let output = Project::find(&usual.project).ok().and_then(hidden);
    Options { output, ..usual }
}

/// The version of the Ninja on PATH: its first two numbers.
fn ninja_version() -> Option<(u32, u32)> {
    let output = Command::new("ninja").arg("--version").output().ok().filter(|out| out.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.trim().split('.').map(|number| number.parse().unwrap_or(0));
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}

fn ninja_command(flags: &Flags, file: &Utf8PathBuf, version: (u32, u32)) -> Command {
    let mut command = Command::new("ninja");
    command.args(["-f", file.as_str()]);
    flags.jobs.map(|jobs| command.args(["-j", &jobs.to_string()]));
    let switches = [
        (flags.keep_going, &["-k", "0"][..]),
        (flags.dry_run, &["-n"]),
        (flags.verbose, &["-v"]),
        (flags.quiet && version >= (1, 11), &["--quiet"]),
    ];
    switches.iter().filter(|(on, _)| *on).for_each(|(_, words)| {
        command.args(*words);
    });
    command
}

fn make_command(flags: &Flags, file: &Utf8PathBuf) -> Command {
    let mut command = Command::new("make");
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = flags.jobs.map_or_else(cores, |jobs| jobs as usize);
    command.args(["-f", file.as_str(), "-j"]);
    // As with Ninja, 0 means no limit.
    (jobs > 0).then(|| command.arg(jobs.to_string()));
    let switches = [(flags.keep_going, "-k"), (flags.dry_run, "-n"), (flags.quiet, "-s")];
    switches.iter().filter(|(on, _)| *on).for_each(|(_, word)| {
        command.arg(word);
    });
    command
}

/// How a tool ended, which signal asked for that, and the status if the standard output could not be written.
type ToolEnded = ((ExitStatus, Option<i32>), u8);

/// Runs a tool and prints what it prints.
fn copied(command: &mut Command) -> io::Result<ToolEnded> {
    let mut unwritten = 0;
    let ended = signals::run_with_output(command, |mut out| {
        unwritten = output::status(io::copy(&mut out, &mut io::stdout().lock()).map(drop));
        io::copy(&mut out, &mut io::sink()).map(drop)
    })?;
    Ok((ended, unwritten))
}

/// Runs a tool and shows its progress, and at the end the result. `goals` are given for a tool that does not
/// count its steps.
fn shown(
    command: &mut Command,
    flags: &Flags,
    compiled: &Compiled,
    goals: Option<&[String]>,
) -> io::Result<ToolEnded> {
    let shown = match flags {
        Flags { json: true, .. } => Display::Json,
        Flags { quiet: true, .. } => Display::Failures,
        Flags { verbose: true, .. } => Display::Lines,
        _ => Display::fitting(),
    };
    let goals = goals.filter(|_| matches!(shown, Display::Lines | Display::OneLine));
    let total = goals.map(|goals| steps(command, &compiled.plan, goals)).transpose()?;
    let mut screen = Screen::new(shown, &compiled.plan, &compiled.layout, total);
    let ended = signals::run_with_output(command, |out| screen.show(out))?;
    screen.finish(ended.0.success());
    Ok((ended, screen.unwritten()))
}

/// How many instances Make will run at most. Make itself does not count: this is what a dry run prints, and
/// what depends on that.
fn steps(command: &Command, plan: &Plan, goals: &[String]) -> io::Result<usize> {
    let mut dry = Command::new(command.get_program());
    dry.args(command.get_args()).arg("-n");
    command.get_current_dir().map(|folder| dry.current_dir(folder));
    for (name, value) in command.get_envs() {
        value.map(|value| dry.env(name, value));
    }
    let planned = dry.output()?;
    let planned = String::from_utf8_lossy(&planned.stdout);
    Ok(plan.at_most(goals, &looked_at(&planned, plan)))
}

/// The instances that the commands of a dry run look at: what a process shares counts for all of its instances.
fn looked_at(planned: &str, plan: &Plan) -> BTreeSet<String> {
    let commands = planned.lines().filter(|line| line.contains(" exec "));
    let mut found = BTreeSet::new();
    for command in commands {
        let mut words = command.rsplit(' ');
        match (words.next(), words.next()) {
            (Some(process), Some("--shared")) => {
                let group = plan.groups.iter().find(|group| group.shared.name == process);
                found.extend(group.into_iter().flat_map(|group| group.actions.names()));
            }
            (_, Some("--modules")) => {}
            (Some(instance), _) => drop(found.insert(instance.to_owned())),
            (None, _) => {}
        }
    }
    found
}
