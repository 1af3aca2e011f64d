//! Processes, as others see them: whether one that left its name in a file or a variable is still running.

use std::sync::{Mutex, PoisonError};

use crate::file;

/// What `/proc/PID/stat` says about a process.
#[derive(Debug)]
pub(crate) struct Process {
    /// The name of its program.
    pub name: String,
    /// The process id of its parent.
    pub parent: u32,
    /// When it was started, in ticks since boot: this distinguishes two processes with the same id.
    pub started: u64,
}

impl Process {
    /// The process with this id; `None` if there is none, or only a zombie. The format is that of proc(5): `PID (NAME) STATE
    /// PARENT …`, with the start as the 22nd field. A name may contain parentheses and blanks.
    pub(crate) fn read(id: u32) -> Option<Self> {
        let text = file::read_proc(format!("/proc/{id}/stat")).ok()?;
        let (before, after) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = after.split(' ').collect();
        if matches!(fields.first(), Some(&("Z" | "X"))) {
            return None;
        }
        Some(Self {
            name: before.split_once(" (")?.1.to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

/// A process, whoever gets its id later.
pub(crate) type Known = (u32, u64);

/// How often to look whether all are gone. One that the kernel keeps, as it waits for a disk, ends when the kernel lets it.
#[cfg(target_os = "linux")]
const ROUNDS: u32 = 200;

/// What this process has started and others use, too.
static SHARED: Mutex<Vec<Known>> = Mutex::new(Vec::new());

/// From now on a process that this one has started, and those that it starts, are not among those below this one.
pub(crate) fn share(id: u32) {
    let known = Process::read(id).map(|process| (id, process.started));
    SHARED.lock().unwrap_or_else(PoisonError::into_inner).extend(known);
}

/// The processes that `root` has started, and those that they have, except what is shared. An orphan among them is found
/// below whoever takes orphans in: see [`take_in_orphans`].
#[cfg(target_os = "linux")]
pub(crate) fn below(root: u32) -> Vec<Known> {
    let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let all: Vec<_> = ids().filter_map(|id| Some((id, Process::read(id)?))).collect();
    let (mut found, mut parents): (Vec<Known>, _) = (Vec::new(), vec![root]);
    while let Some(parent) = parents.pop() {
        let children = all.iter().filter(|(_, process)| process.parent == parent);
        for known in children.map(|(id, process)| (*id, process.started)).filter(|one| !shared.contains(one))
        {
            found.push(known);
            parents.push(known.0);
        }
    }
    found
}

#[cfg(target_os = "linux")]
fn ids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
}

/// The processes that were started with one of these entries in their environment, wherever they are now.
#[cfg(target_os = "linux")]
fn started_with(entries: &[String]) -> Vec<Known> {
    let is_one = |entry: &[u8]| entries.iter().any(|wanted| wanted.as_bytes() == entry);
    let is_started_so = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(is_one)
    };
    let found = ids().filter(|id| *id != std::process::id()).filter(is_started_so);
    found.filter_map(|id| Some((id, Process::read(id)?.started))).collect()
}

/// Kills the process `first`, those that were started with one of these entries in their environment, and what is below
/// all of them, until nothing is: what has lost its parent has kept its environment.
#[cfg(target_os = "linux")]
pub(crate) fn kill_run(first: Option<Known>, entries: &[String]) {
    for _ in 0..ROUNDS {
        let mut found = started_with(entries);
        found.extend(first);
        found.retain(is_there);
        if found.is_empty() {
            break;
        }
        for one in found.into_iter().filter(is_there) {
            kill_below(one.0);
            kill_known(&[one]);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Kills what is below `root`, until nothing is: what has been forked meanwhile is there the next time. Another process than
/// this one is stopped before, and is the caller's to kill: a shell would go on behind the command that was killed.
#[cfg(target_os = "linux")]
pub(crate) fn kill_below(root: u32) {
    if root != std::process::id() {
        send(root, rustix::process::Signal::STOP);
    }
    for _ in 0..ROUNDS {
        let found = below(root);
        if found.is_empty() {
            break;
        }
        kill_known(&found);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Kills those of these processes that still run.
#[cfg(target_os = "linux")]
pub(crate) fn kill_known(processes: &[Known]) {
    let present = processes.iter().filter(|one| is_there(one));
    present.for_each(|(id, _)| send(*id, rustix::process::Signal::KILL));
}

#[cfg(target_os = "linux")]
fn is_there((id, started): &Known) -> bool {
    Process::read(*id).is_some_and(|one| one.started == *started)
}

#[cfg(target_os = "linux")]
pub(crate) fn send(id: u32, signal: rustix::process::Signal) {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
    let _ = id.map(|id| rustix::process::kill_process(id, signal));
}

/// Makes this process the parent of orphans among those below it, so that they can be found.
#[cfg(target_os = "linux")]
pub(crate) fn take_in_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn below(_root: u32) -> Vec<Known> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_below(_root: u32) {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_run(_first: Option<Known>, _entries: &[String]) {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn take_in_orphans() {}

/// What is known about a process that left its name somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Running,
    Ended,
    /// It is on another machine, or where process ids are others.
    Elsewhere,
}

/// The name of this process: its id, its start, and where ids mean that.
pub(crate) fn me() -> String {
    let id = std::process::id();
    let started = Process::read(id).map(|process| process.started.to_string()).unwrap_or_default();
    format!("{id} {started} {}", here())
}

/// What is known about the process that gave `name` as its own.
pub(crate) fn life(name: &str) -> Life {
    let mut parts = name.splitn(3, ' ');
    let id = parts.next().and_then(|id| id.parse().ok());
    let (Some(id), Some(started), Some(there)) = (id, parts.next(), parts.next()) else { return Life::Ended };
    if there != here() {
        return Life::Elsewhere;
    }
    let is_running = match Process::read(id) {
        Some(process) => process.started.to_string() == started,
        None => started.is_empty() && may_be_running(id),
    };
    if is_running { Life::Running } else { Life::Ended }
}

/// What tells where process ids mean the same: the machine since it was started, and the namespace.
fn here() -> String {
    let boot = file::read_proc("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{}/{}", boot.trim(), space.display())
}

#[cfg(unix)]
fn may_be_running(id: u32) -> bool {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
    id.is_some_and(|id| rustix::process::test_kill_process(id).is_ok())
}

#[cfg(not(unix))]
fn may_be_running(_id: u32) -> bool {
    true
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_not_below() {
        let start = || std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (mut shared, mut own) = (start(), start());
        share(shared.id());
        let is_below = |id: u32| below(std::process::id()).iter().any(|known| known.0 == id);
        assert!(is_below(own.id()) && !is_below(shared.id()));
        for child in [&mut own, &mut shared] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    #[test]
    fn a_process_is_known_by_its_start_and_by_where_it_is() {
        assert_eq!(life(&me()), Life::Running);
        let [id, started, place] =
            me().splitn(3, ' ').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(life(&format!("{id} 1 {place}")), Life::Ended);
        assert_eq!(life(&format!("999999999 {started} {place}")), Life::Ended);
        assert_eq!(life(&format!("{id} {started} another")), Life::Elsewhere);
        assert_eq!(life("garbage"), Life::Ended);
    }
}
