//! The process between `exec` and a launcher. It has a session of its own, so that neither Ctrl-C nor the end of a
//! terminal reaches the launcher before the keeper passes it on, and a pipe from `exec`: when that closes, however
//! `exec` ended, the keeper ends the launcher. The keeper of a batch outlives the `exec` that started it: it ends the
//! launcher when nobody waits for the batch any more.

use std::io::{self, BufRead as _, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::chosen::Launcher;
use super::order::{Order, Word};
use super::slurm;
use crate::cache;
use crate::exec::exit;
use crate::settings::FailureKind;
use crate::signals;

/// How long a launcher may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait for the end of a launcher's output, which something that it left running may keep open.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// How many bytes of a launcher's output are kept, of its beginning and of its end.
const KEPT: usize = 16 * 1024;

/// The line that the keeper of a batch writes when it has its members.
const TAKEN: &str = "taken\n";

/// What a keeper is for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Work {
    /// One task. The keeper answers with a [`Word`] when it has ended.
    Task(Order),
    /// A batch. The keeper answers with a line when it has its members.
    Batch(Batch),
}

/// Starts a keeper, and tells it what it is for. Its stdin and stdout are pipes.
///
/// # Errors
/// If it cannot be started.
pub(super) fn start(work: &Work) -> io::Result<Child> {
    let mut line = serde_json::to_vec(work)?;
    line.push(b'\n');
    let mut keeper = Command::new(own_program()?)
        .arg("launch")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    keeper.stdin.as_mut().map_or(Ok(()), |pipe| pipe.write_all(&line))?;
    Ok(keeper)
}

/// The path of expops.
///
/// # Errors
/// If it is not known, or not text.
pub(super) fn own_program() -> io::Result<String> {
    let path = std::env::current_exe()?.into_os_string().into_string();
    path.map_err(|_| io::Error::other("the path of expops is not text"))
}

/// Reads [`Work`] from stdin, starts the launcher, and answers on stdout.
///
/// # Errors
/// If the work cannot be read, or the answer cannot be written.
pub(crate) fn keep() -> io::Result<()> {
    #[cfg(unix)]
    let _ = rustix::process::setsid();
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match serde_json::from_str(&line)? {
        Work::Task(order) => {
            let word = launch(&order, || {
                // The other end is closed when `exec` has ended.
                let _ = io::stdin().lock().read_to_end(&mut Vec::new());
            })?;
            let mut text = serde_json::to_string(&word)?;
            text.push('\n');
            io::stdout().write_all(text.as_bytes())
        }
        Work::Batch(batch) => {
            let Some(running) = batch.take()? else { return Ok(()) };
            io::stdout().write_all(TAKEN.as_bytes())?;
            let members = running.members();
            let word = launch(&running.order, move || members.wait_until_gone())?;
            running.tell(word)
        }
    }
}

/// Starts the launcher, and ends it when `wait`, which waits for the end of the build, returns.
fn launch(order: &Order, wait: impl FnOnce() + Send + 'static) -> io::Result<Word> {
    let mut command = match &order.launcher {
        Launcher::Slurm(options) => slurm::command(options, order),
        Launcher::Program(words) => program(words, order),
    };
    let (output, input) = io::pipe()?;
    // Launchers pass the environment on.
    for name in cache::secrets() {
        command.env_remove(name);
    }
    command.envs(&order.told).stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Word { not_started: Some(why_not(&error)), ..Word::default() }),
    };
    drop(command);
    let (said, has_said) = (Said::default(), channel::<()>());
    let (ear, is_silent) = (said.clone(), has_said.0);
    thread::spawn(move || {
        ear.hear(output);
        drop(is_silent);
    });
    let leader = child.id();
    thread::spawn(move || {
        wait();
        end(leader);
    });
    let is_forgotten = Arc::new(AtomicBool::new(false));
    if matches!(order.launcher, Launcher::Slurm(_)) {
        let (order, is_forgotten) = (order.clone(), Arc::clone(&is_forgotten));
        thread::spawn(move || {
            slurm::wait_until_forgotten(&order);
            is_forgotten.store(true, Ordering::SeqCst);
            end(leader);
        });
    }
    let status = child.wait()?;
    let _ = has_said.1.recv_timeout(LAST_WORDS);
    let said = said.text();
    let kind = match &order.launcher {
        Launcher::Slurm(_) if !order.is_done() => {
            let kind = slurm::settle(&said, status, order);
            if is_forgotten.load(Ordering::SeqCst) { Some(FailureKind::Lost) } else { kind }
        }
        _ => None,
    };
    Ok(Word { not_started: None, code: status.code(), signal: exit::signal(status), said, kind })
}

/// Ends the process group of a launcher.
fn end(leader: u32) {
    signals::end_group(leader);
    thread::sleep(GRACE);
    signals::kill_group(leader);
}

fn program(words: &[String], order: &Order) -> Command {
    let mut command = Command::new(words.first().map_or("", String::as_str));
    command.args(&words[1..]).arg("--").args(order.words());
    command
}

fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be executed".to_owned(),
        _ => error.to_string(),
    }
}

/// The kept part of a launcher's output.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    first: Vec<u8>,
    last: Vec<u8>,
    /// Whether something in between was dropped.
    is_cut: bool,
}

impl Said {
    fn hear(&self, mut output: impl Read) {
        let mut buffer = vec![0; KEPT];
        while let Ok(count @ 1..) = output.read(&mut buffer) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Ends { first, last, is_cut } = &mut *kept;
            let room = count.min(KEPT - first.len());
            first.extend_from_slice(&buffer[..room]);
            last.extend_from_slice(&buffer[room..count]);
            if last.len() > KEPT {
                *is_cut = true;
                last.drain(..last.len() - KEPT);
            }
        }
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Ends { first, last, is_cut } = &*kept;
        let [first, last] = [first, last].map(|bytes| String::from_utf8_lossy(bytes));
        format!("{first}{}{last}", if *is_cut { "\n…\n" } else { "" })
    }
}
