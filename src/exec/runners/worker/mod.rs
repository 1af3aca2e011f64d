//! The client of the workers: Python processes that have imported libraries and fork once per instance. The other
//! half is `src/python/expops_build/_worker.py`.
//!
//! A worker is found by its socket, whose name is the digest of everything that the worker cannot change for a child
//! ([`Kind`]); whoever finds none starts one. The instance lives as long as the connection: when it closes, the worker
//! kills the child and what that started.

mod connection;
mod kept;
mod kind;
mod socket;
mod start;

use std::collections::BTreeMap;
use std::os::fd::AsRawFd as _;
use std::process::Command;

use camino::Utf8Path;
use serde_json::json;

use super::attempt::Attempt;
use super::child;
use crate::exec::failure::Failure;
use crate::exec::mark::Mark;
use crate::exec::resources::allotment::Allotment;
use crate::journal::Build;
use crate::layout::Layout;
use connection::Connection;
pub(in crate::exec) use kind::Kind;
use socket::Socket;
use start::Stop;

/// Lets a worker of the given kind do what `command`, which would start Python for a request, would do.
///
/// # Errors
/// If the log cannot be written, or a signal interrupts it.
pub(in crate::exec) fn run(
    command: &Command,
    kind: &Kind,
    log: &Utf8Path,
    allotment: &Allotment,
) -> Result<Attempt, Failure> {
    let output = child::new_log(log)?;
    // Not by its path: by the time a child opens it, the log of a later run may be there.
    let log = format!("/proc/{}/fd/{}", std::process::id(), output.as_raw_fd());
    let stop = Stop::new(allotment.time, Mark::of(command));
    let (attempt, signal) = crate::signals::during(
        |signal| stop.pass_on(signal),
        || attempt(command, kind, &log, &stop, allotment.is_fresh),
    )
    .map_err(|error| Failure::new(format!("cannot watch for signals: {error}")))?;
    match signal {
        Some(signal) => {
            stop.kill();
            end_all(&kind.runtime);
            Err(Failure::new(format!("interrupted by signal {signal}")))
        }
        None => Ok(attempt),
    }
}

fn attempt(command: &Command, kind: &Kind, log: &str, stop: &Stop, is_fresh: bool) -> Attempt {
    let Some(environment) = kind::environment(command).filter(kind::is_shared) else {
        return Attempt::Refused;
    };
    let place = match Socket::new(kind, command, &environment) {
        Ok(place) => place,
        Err(error) => return Attempt::Failed(error.to_string()),
    };
    if place.has_failed() {
        return Attempt::Refused;
    }
    let request = request(command, kind, (log, is_fresh), &environment);
    // A worker may end just as it is found, or find that it is stale.
    for _ in 0..3 {
        let stream = match start::find(&place, kind, command, stop) {
            Ok(stream) => stream,
            Err(_) if stop.is_asked() => return Attempt::Refused,
            Err(why) => {
                place.note_failure();
                return Attempt::Failed(why);
            }
        };
        let Some(connection) = Connection::new(stream) else { return Attempt::Refused };
        match connection.run(&request, stop) {
            connection::Answer::Again => {}
            connection::Answer::Ended(exit) => return Attempt::Ended(exit),
            connection::Answer::Steered => {
                stop.kill();
                return Attempt::Steered;
            }
            connection::Answer::Refused => return Attempt::Refused,
            connection::Answer::Died => return Attempt::Failed("it died".to_owned()),
            connection::Answer::Hangs => {
                place.note_failure();
                return Attempt::Failed("it does not answer".to_owned());
            }
        }
    }
    Attempt::Refused
}

/// The line that asks a worker to do what `command` would, with its output in the file `log`.
fn request(
    command: &Command,
    kind: &Kind,
    (log, is_fresh): (&str, bool),
    environment: &BTreeMap<String, String>,
) -> String {
    let mark = Mark::of(command);
    let request = json!({
        "request": command.get_args().last().map(|path| path.to_string_lossy()),
        "log": log,
        "folder": command.get_current_dir(),
        "environment": environment,
        "folders": kind.folders,
        "process": kind.process,
        "reuse": kind.reuse,
        "fresh": is_fresh,
        "mark": mark.as_ref().map(Mark::of_child).unwrap_or_default(),
        "marks": mark.as_ref().map(Mark::entries).unwrap_or_default(),
        "build": Some(Build::present()).filter(Build::is_of_a_tool),
    });
    format!("{request}\n")
}

/// Tells the workers of a build that no more work is coming. They end with the last of their children.
pub(crate) fn end(layout: &Layout) {
    if let Ok(runtime) = layout.python().canonicalize_utf8() {
        end_all(&runtime);
    }
}

/// A line about each worker of a build: its memory, the libraries that it holds, what it is doing.
pub(crate) fn describe(layout: &Layout) -> Vec<String> {
    let runtime = layout.python().canonicalize_utf8();
    let sockets = runtime.map(|runtime| socket::sockets(&runtime)).unwrap_or_default();
    sockets.iter().filter_map(|socket| kept::describe(socket)).collect()
}

fn end_all(runtime: &Utf8Path) {
    socket::sockets(runtime).iter().for_each(|socket| connection::end(socket));
}
