//! Starts a program for an instance, with its output in the instance's log.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::{Command, Stdio};

use camino::Utf8Path;

use super::heir::Heir;
use crate::cache;
use crate::exec::exit::{self, Exit};
use crate::exec::failure::Failure;
use crate::exec::mark::Mark;
use crate::exec::python_path;
use crate::exec::resources::allotment::Allotment;
use crate::exec::uncounted::THREADS;
use crate::file;
use crate::journal;
use crate::process;
use crate::signals;

/// How many lines of a program's output are shown when it fails.
const SHOWN_LINES: usize = 20;

/// The variable that names the devices.
const DEVICES: &str = "CUDA_VISIBLE_DEVICES";

/// Makes the runtime open a debugger where the user's code fails.
const DEBUGGER: &str = "EXPOPS_DEBUGGER";

/// Gives a command the environment of an instance: numeric libraries learn how many threads to start and which devices
/// to use, relative folders of `PYTHONPATH` are those of whoever started the build, and our secrets are removed.
pub(in crate::exec) fn prepare(command: &mut Command, allotment: &Allotment) {
    if std::env::var_os("PYTHONPATH").is_some() {
        command.env("PYTHONPATH", python_path::absolute());
    }
    command.envs(THREADS.map(|name| (name, allotment.cpus.to_string())));
    // Under a launcher, the scheduler assigns the devices.
    if allotment.gpus == Some(0) || !allotment.devices.is_empty() {
        command.env(DEVICES, allotment.devices.join(","));
    }
    for name in cache::secrets().into_iter().chain([journal::RUN]) {
        command.env_remove(name);
    }
}

/// Runs `command` until it ends or its time is up, with stdout and stderr in the file `log`.
pub(in crate::exec) fn run(
    command: &mut Command,
    log: &Utf8Path,
    allotment: &Allotment,
) -> Result<Exit, Failure> {
    if allotment.in_foreground {
        command.env(DEBUGGER, "1");
        return wait_for(command, allotment);
    }
    run_into(command, new_log(log)?, allotment)
}

/// An empty log that is a new file: a process that outlived its `exec` still writes to the old one.
pub(in crate::exec) fn new_log(log: &Utf8Path) -> Result<File, Failure> {
    file::remove(log)?;
    Ok(file::context(file::create_own(log), "write", log)?)
}

/// Like [`run`], but appends stdout and stderr to an open file.
pub(in crate::exec) fn run_into(
    command: &mut Command,
    output: File,
    allotment: &Allotment,
) -> Result<Exit, Failure> {
    let errors =
        output.try_clone().map_err(|error| Failure::new(format!("cannot write the log: {error}")))?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    wait_for(command, allotment)
}

fn wait_for(command: &mut Command, allotment: &Allotment) -> Result<Exit, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(format!("`{program}` is not installed"))
            .help("install it, or name another interpreter: `expops compile --python PATH`"),
        _ => Failure::new(format!("cannot start `{program}`: {error}")),
    };
    // So that everything it starts can be ended with it.
    #[cfg(unix)]
    if allotment.time.is_some() {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
    process::take_in_orphans();
    let end = || process::kill_below(std::process::id());
    let mark = Mark::of(command);
    let ended = signals::run_and(command, |child| {
        let heir = Heir::of(child.id(), mark.as_ref());
        let exit = exit::wait(child, allotment.time, end);
        heir.dismiss();
        exit
    });
    match ended.map_err(failed)? {
        (_, Some(signal)) => {
            end();
            Err(Failure::new(format!("interrupted by signal {signal}")))
        }
        (exit, None) => Ok(exit),
    }
}

/// The last lines of a log.
pub(in crate::exec) fn tail(log: &Utf8Path) -> String {
    last_lines(&end(log))
}

/// As much of the end of a text as is shown.
pub(in crate::exec) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// What Python's fault handler wrote at the end of a log: the reason, and the frames that are not ours, innermost
/// first.
pub(in crate::exec) fn crash(log: &Utf8Path) -> Option<String> {
    let text = end(log);
    let text = &text[text.rfind("Fatal Python error: ")?..];
    let is_told = |line: &&str| {
        let is_ours = line.contains("/expops_build/") || line.contains("<frozen ");
        !line.is_empty() && !is_ours && !line.starts_with("Extension modules:")
    };
    Some(text.lines().filter(is_told).take(SHOWN_LINES).collect::<Vec<_>>().join("\n"))
}

/// The end of a log, as far as it can matter.
fn end(log: &Utf8Path) -> String {
    let mut bytes = Vec::new();
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = file::open_regular(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}
