//! Variables of the environment by which people say how much, and whether. One that cannot be read is an error: a build
//! that went on without it would not be the one that was asked for.

use camino::Utf8PathBuf;

use crate::amount::{self, MOST_COUNT, MOST_MEMORY, MOST_TIME};

/// A variable.
pub(crate) struct Variable {
    /// Its name.
    pub name: &'static str,
    of: Of,
}

/// What a variable may be.
enum Of {
    /// At least so many seconds.
    Seconds(u64),
    Cores,
    Memory,
    Switch,
}

/// How many seconds results may take to appear: shared file systems cache attributes.
pub(crate) const LATENCY: Variable = Variable { name: "EXPOPS_LATENCY", of: Of::Seconds(0) };
/// How many seconds a task continues without a sign of life from the build.
pub(crate) const PATIENCE: Variable = Variable { name: "EXPOPS_PATIENCE", of: Of::Seconds(1) };
/// How many cores all instances together may use, if that is limited: `expops run --cpus`.
pub(crate) const MACHINE_CPUS: Variable = Variable { name: "EXPOPS_MACHINE_CPUS", of: Of::Cores };
/// The same for memory, in bytes: `expops run --memory`.
pub(crate) const MACHINE_MEMORY: Variable = Variable { name: "EXPOPS_MACHINE_MEMORY", of: Of::Memory };
/// How many seconds a worker may take to start, or to answer.
pub(crate) const WORKER_WAIT: Variable = Variable { name: "EXPOPS_WORKER_WAIT", of: Of::Seconds(0) };
/// After how many seconds without work a worker ends.
pub(crate) const WORKER_IDLE: Variable = Variable { name: "EXPOPS_WORKER_IDLE", of: Of::Seconds(0) };
/// How many seconds a server that holds a cache may be silent.
pub(crate) const CACHE_TIMEOUT: Variable = Variable { name: "EXPOPS_CACHE_TIMEOUT", of: Of::Seconds(1) };
/// Whether there are workers.
pub(crate) const WORKERS: Variable = Variable { name: "EXPOPS_WORKERS", of: Of::Switch };
/// Whether a library that sees reads is put in front of programs.
pub(crate) const PRELOAD: Variable = Variable { name: "EXPOPS_PRELOAD", of: Of::Switch };
/// Whether anything is flushed to disk.
pub(crate) const FSYNC: Variable = Variable { name: "EXPOPS_FSYNC", of: Of::Switch };
/// Whether the cache is only read.
pub(crate) const CACHE_READONLY: Variable = Variable { name: "EXPOPS_CACHE_READONLY", of: Of::Switch };
/// Whether results are sent to the remote cache.
pub(crate) const CACHE_PUSH: Variable = Variable { name: "EXPOPS_CACHE_PUSH", of: Of::Switch };

const ALL: [Variable; 12] = [
    LATENCY,
    PATIENCE,
    MACHINE_CPUS,
    MACHINE_MEMORY,
    WORKER_WAIT,
    WORKER_IDLE,
    CACHE_TIMEOUT,
    WORKERS,
    PRELOAD,
    FSYNC,
    CACHE_READONLY,
    CACHE_PUSH,
];

/// The folder of a cache that several checkouts share.
pub(crate) const CACHE_DIR: &str = "EXPOPS_CACHE_DIR";
/// The file with a team's key.
pub(crate) const CACHE_KEY_FILE: &str = "EXPOPS_CACHE_KEY_FILE";

/// Insists that each variable that is set can be read.
///
/// # Errors
/// Which one cannot, and what it may be.
pub(crate) fn check() -> Result<(), String> {
    [CACHE_DIR, CACHE_KEY_FILE].iter().try_for_each(|name| path(name).map(drop))?;
    ALL.iter().try_for_each(|variable| variable.read().map(drop))
}

/// The path that the variable `name` says, unless it is empty. A `~` that no shell has read, as in a Dockerfile or between
/// quotes, is the home folder.
///
/// # Errors
/// If there is no home folder, or it is somebody else's.
pub(crate) fn path(name: &str) -> Result<Option<Utf8PathBuf>, String> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    set(name)
        .map(|text| in_home(&text, set("HOME")).map_err(|why| format!("{name} is `{text}`: {why}")))
        .transpose()
}

fn in_home(text: &str, home: Option<String>) -> Result<Utf8PathBuf, &'static str> {
    match (text.strip_prefix('~'), home) {
        (None, _) => Ok(text.into()),
        (Some(rest), _) if !rest.is_empty() && !rest.starts_with('/') => {
            Err("only `~` alone, or before a `/`, is a home folder here; write the path itself")
        }
        (Some(_), None) => Err("HOME is not set; write the path itself"),
        (Some(rest), Some(home)) => Ok(format!("{}{rest}", home.trim_end_matches('/')).into()),
    }
}

impl Variable {
    /// What it says, in seconds, cores or bytes, or 0 or 1; `None` if it is empty or not set.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(&self) -> Result<Option<u64>, String> {
        let value = std::env::var_os(self.name).unwrap_or_default();
        let text = value.to_string_lossy();
        if text.trim().is_empty() {
            return Ok(None);
        }
        let unreadable = || format!("{} is `{text}`: it may be {}", self.name, self.forms());
        self.parse(text.trim()).map(Some).ok_or_else(unreadable)
    }

    /// What it says, or `usual`. Whether it can be read was checked when the program was started.
    pub(crate) fn or(&self, usual: u64) -> u64 {
        self.read().ok().flatten().unwrap_or(usual)
    }

    /// Whether it says yes, or `usual`.
    pub(crate) fn is_on(&self, usual: bool) -> bool {
        self.or(usual.into()) != 0
    }

    fn parse(&self, text: &str) -> Option<u64> {
        let whole = || text.parse::<u64>().ok();
        match self.of {
            Of::Seconds(least) => whole().filter(|number| (least..=MOST_TIME).contains(number)),
            Of::Cores => whole().filter(|number| (1..=u64::from(MOST_COUNT)).contains(number)),
            Of::Memory => whole()
                .or_else(|| amount::bytes(text).ok())
                .filter(|number| (1..=MOST_MEMORY).contains(number)),
            Of::Switch => match text.to_lowercase().as_str() {
                "0" | "no" | "off" | "false" => Some(0),
                "1" | "yes" | "on" | "true" => Some(1),
                _ => None,
            },
        }
    }

    /// What it may be, for people.
    fn forms(&self) -> String {
        match self.of {
            Of::Seconds(least) => format!("a whole number of seconds from {least} to {MOST_TIME}"),
            Of::Cores => format!("a whole number from 1 to {MOST_COUNT}"),
            Of::Memory => "an amount such as `16GB`, or a number of bytes".to_owned(),
            Of::Switch => "`0` or `1`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_folder() {
        let home = || Some("/home/me/".to_owned());
        for (text, expected) in [("~", "/home/me"), ("~/x", "/home/me/x"), ("a/~", "a/~"), ("/x", "/x")] {
            assert_eq!(in_home(text, home()), Ok(expected.into()));
        }
        assert!(in_home("~you/x", home()).is_err() && in_home("~/x", None).is_err());
    }

    #[test]
    fn what_can_be_read_is() {
        let cases = [
            (&PATIENCE, "20", Some(20)),
            (&PATIENCE, "0", None),
            (&LATENCY, "0", Some(0)),
            (&LATENCY, "10 seconds", None),
            (&LATENCY, "-1", None),
            (&LATENCY, "1.5", None),
            (&LATENCY, "99999999999999", None),
            (&MACHINE_CPUS, "8", Some(8)),
            (&MACHINE_CPUS, "0", None),
            (&MACHINE_CPUS, "all", None),
            (&MACHINE_MEMORY, "64GB", Some(64_000_000_000)),
            (&MACHINE_MEMORY, "4096", Some(4096)),
            (&MACHINE_MEMORY, "lots", None),
            (&WORKERS, "0", Some(0)),
            (&WORKERS, "Off", Some(0)),
            (&FSYNC, "true", Some(1)),
            (&FSYNC, "2", None),
        ];
        for (variable, text, expected) in cases {
            assert_eq!(variable.parse(text), expected, "{} {text}", variable.name);
        }
    }
}
