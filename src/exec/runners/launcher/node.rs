//! The far end of a launcher: runs the user's part of an instance, and writes down how it ended.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::done::{self, Done};
use super::environment;
use super::heart;
use super::scratch::Scratch;
use super::task::{self, Task};
use crate::exec::exit::{self, Exit};
use crate::exec::reads::watcher;
use crate::file;
use crate::layout::run as run_files;
use crate::lock::Lock;
use crate::process;
use crate::signals;

/// The exit status if a task could not be run, or its end could not be written.
const BROKEN: u8 = 70;

/// The status of a shell for a program that does not exist.
const NOT_FOUND: i32 = 127;

/// The variables that may hold the job id: the first one that is set counts.
const JOBS: [&str; 4] = ["SLURM_JOB_ID", "HQ_JOB_ID", "PBS_JOBID", "LSB_JOBID"];

/// Runs the tasks in `files`, one after another, and returns the first exit status that is not 0. `say` is told about
/// those that could not be run. A signal that asks to end ends them all.
pub(crate) fn run<'f>(files: impl IntoIterator<Item = &'f Utf8Path>, say: impl Fn(&str)) -> u8 {
    let mut first = 0;
    for file in files {
        let (status, goes_on) = match one(file) {
            Ok(Ended::As(status)) => (status, true),
            Ok(Ended::BySignal) => (1, false),
            Err(error) => {
                say(&format!("`{file}` cannot be run: {error}"));
                (BROKEN, true)
            }
        };
        first = if first == 0 { status } else { first };
        if !goes_on {
            break;
        }
    }
    first
}

/// How a task ended.
enum Ended<T> {
    As(T),
    /// We were asked to end.
    BySignal,
}

fn one(file: &Utf8Path) -> io::Result<Ended<u8>> {
    let mut task: Task = serde_json::from_slice(&file::read_regular(file)?)?;
    if task.version != task::VERSION {
        return Err(io::Error::other("it was written by another version of expops"));
    }
    let Some(_claim) = claim(&task)? else { return Ok(Ended::As(0)) };
    let scratch = match Scratch::new(&mut task) {
        Ok(scratch) => scratch,
        Err(error) => {
            // It has not begun.
            file::remove(&task.run.join(run_files::CLAIM)).map_err(io::Error::other)?;
            return Err(error);
        }
    };
    let start = Instant::now();
    let exit = match attend(&task)? {
        Ended::As(Some(exit)) => exit,
        Ended::As(None) => return Ok(Ended::As(1)),
        Ended::BySignal => return Ok(Ended::BySignal),
    };
    let ran = start.elapsed();
    scratch.map_or(Ok(()), |scratch| scratch.bring_back())?;
    finish(&task, &exit, ran)?;
    let code = exit.status.code().unwrap_or_else(|| 128 + exit::signal(exit.status).unwrap_or_default());
    Ok(Ended::As(u8::try_from(code).unwrap_or(1)))
}

/// The right to run a task, which only the first one gets. The second waits until the first has ended, so a launcher
/// that only waits for the second has waited for both.
fn claim(task: &Task) -> io::Result<Option<Lock>> {
    let path = task.run.join(run_files::CLAIM);
    let wait = || Lock::wait(&path).map_err(io::Error::other);
    match File::create_new(&path) {
        Ok(_) => wait().map(Some),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => wait().map(|_| None),
        Err(error) => Err(error),
    }
}

/// Runs the program. `None` if it was ended because the build is gone.
fn attend(task: &Task) -> io::Result<Ended<Option<Exit>>> {
    let mut log = OpenOptions::new().append(true).create(true).open(task.run.join(run_files::TASK_LOG))?;
    let mut command = command(task);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
    let is_forsaken = AtomicBool::new(false);
    let patience = Duration::from_secs(task.patience);
    let ended = signals::run_and(&mut command, |child| {
        let leader = child.id();
        let end = || {
            is_forsaken.store(true, Ordering::SeqCst);
            process::kill_below(leader);
            signals::kill_group(leader);
        };
        let limit = task.time.map(Duration::from_secs);
        heart::listening(&task.run, patience, end, || {
            exit::wait(child, limit, || process::kill_below(leader))
        })
    });
    match ended {
        Ok((exit, None)) => Ok(Ended::As((!is_forsaken.load(Ordering::SeqCst)).then_some(exit))),
        Ok((_, Some(_))) => Ok(Ended::BySignal),
        Err(error) => {
            writeln!(log, "cannot start `{}`: {error}", task.arguments.first().map_or("", String::as_str))?;
            let status = exit::status(NOT_FOUND);
            Ok(Ended::As(Some(Exit { status, cut: None, usage: exit::Usage::default() })))
        }
    }
}

fn command(task: &Task) -> Command {
    let (program, arguments) =
        task.arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&task.folder);
    environment::give(&mut command, &task.environment);
    let preload =
        task.environment.get("LD_PRELOAD").filter(|_| task.environment.contains_key("EXPOPS_WATCH"));
    if let Some((library, rest)) = preload.map(|all| all.split_once(':').unwrap_or((all, "")))
        && !Utf8Path::new(library).is_file()
    {
        // If the build is in a folder that no variable can name, use the library in this machine's own folder.
        let here = watcher::private_library().map(String::from);
        let all: Vec<&str> =
            here.iter().map(String::as_str).chain([rest]).filter(|one| !one.is_empty()).collect();
        command.env("LD_PRELOAD", all.join(":"));
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

fn finish(task: &Task, exit: &Exit, ran: Duration) -> io::Result<()> {
    let status: ExitStatus = exit.status;
    let done = Done {
        version: task::VERSION,
        nonce: task.nonce.clone(),
        code: status.code(),
        signal: exit::signal(status),
        cut: exit.cut,
        ran: Some(ran.as_secs_f64()),
        cpu: exit.usage.cpu,
        memory: exit.usage.memory,
        host: host(),
        job: JOBS.iter().find_map(|name| std::env::var(name).ok()),
        files: done::left(&task.run)?,
    };
    done.write(&task.run)
}

/// The node's name: several virtual nodes may share a host.
fn host() -> Option<String> {
    let of_system = || fs::read_to_string("/proc/sys/kernel/hostname").ok();
    std::env::var("SLURMD_NODENAME").ok().or_else(of_system).map(|name| name.trim().to_owned())
}
