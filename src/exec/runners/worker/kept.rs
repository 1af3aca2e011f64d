//! What the workers of a build hold, for people.

use std::fs;
use std::os::unix::net::UnixStream;

use camino::Utf8Path;
use serde::Deserialize;

/// The part of a worker's configuration that says what to import.
#[derive(Deserialize)]
struct Configuration {
    libraries: Vec<(String, serde_json::Value)>,
    excluded: Vec<String>,
}

/// The worker at a socket: `worker 4711: 103 MB; numpy, pandas; runs 2 instances`. `None` if nobody is there.
pub(super) fn describe(socket: &Utf8Path) -> Option<String> {
    let stream = UnixStream::connect(socket).ok()?;
    let pid = rustix::net::sockopt::socket_peercred(&stream).ok()?.pid.as_raw_nonzero();
    let memory = memory(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)?;
    let libraries = libraries(&fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?)?;
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let libraries = if libraries.is_empty() { "no library".to_owned() } else { libraries.join(", ") };
    let running = match children.split_whitespace().count() {
        0 => "idle".to_owned(),
        1 => "runs 1 instance".to_owned(),
        count => format!("runs {count} instances"),
    };
    Some(format!("worker {pid}: {memory} MB; {libraries}; {running}"))
}

/// `VmRSS` of `/proc/PID/status`, in megabytes.
fn memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024 / 1_000_000)
}

/// The libraries that a worker has imported, from the command that started it, or with which it restarted itself.
fn libraries(command: &str) -> Option<Vec<String>> {
    let last = command.trim_end_matches('\0').rsplit('\0').next()?;
    let told: Configuration = serde_json::from_str(last).ok()?;
    let names = told.libraries.into_iter().map(|(name, _)| name);
    Some(names.filter(|name| !told.excluded.contains(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_keeps_is_in_its_command() {
        let command = "python3\0_run.py\0--worker\0{\"socket\": \"/s\", \"libraries\": [[\"numpy\", []], [\"scipy\", []]], \"excluded\": [\"scipy\"]}\0";
        assert_eq!(libraries(command), Some(vec!["numpy".to_owned()]));
        assert_eq!(libraries("python3\0"), None);
        assert_eq!(memory("Name:\tpython3\nVmRSS:\t  100000 kB\n"), Some(102));
    }
}
