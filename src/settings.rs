//! How a process wants its instances run: one value from the project file to the plan file. None of it is in an action
//! key, except the content of [`files`](Settings::files).
//!
//! To add a setting: a field here, its row in `syntax::process` (the source of parser, messages and schema), its place
//! in `tests/syntax/full.yaml` and `docs/fields.md`, and the code that uses it.

use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// How the instances of a process are run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Extra files that it reads, relative to the project.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Utf8PathBuf>,
    /// What each attempt may use.
    #[serde(skip_serializing_if = "is_default")]
    pub resources: Resources,
    /// What is retried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// What a failed instance means for the rest of the build; `None` means [`OnFailure::Fail`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// How many ready instances may share one job of a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// How many of the instances that an aggregation gathers must succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<AtLeast>,
    /// Whether its results are stored in and taken from the cache; `None` means that they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
    /// Whether the cache keeps the log of a run, too; `None` means that it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_log: Option<bool>,
    /// Whether it runs in every build.
    #[serde(skip_serializing_if = "is_default")]
    pub always: bool,
    /// Whether one warm process may run several of its instances in turn.
    #[serde(skip_serializing_if = "is_default")]
    pub reuse: bool,
}

impl Settings {
    /// How many attempts an instance has, including the first.
    pub(crate) fn attempts(&self) -> u32 {
        self.retries.as_ref().map_or(0, |retries| retries.times).saturating_add(1)
    }
}

/// Whether `value` can be omitted from a file.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What one attempt may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Resources {
    /// Processor cores, at least 1.
    #[serde(skip_serializing_if = "PerAttempt::is_empty")]
    pub cpus: PerAttempt<u32>,
    /// Memory, in bytes.
    #[serde(skip_serializing_if = "PerAttempt::is_empty")]
    pub memory: PerAttempt<u64>,
    /// Wall-clock time, in seconds.
    #[serde(skip_serializing_if = "PerAttempt::is_empty")]
    pub time: PerAttempt<u64>,
    /// Devices.
    #[serde(skip_serializing_if = "PerAttempt::is_empty")]
    pub gpus: PerAttempt<u32>,
}

/// An amount for each attempt; the last one is used for further attempts. Empty if unset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PerAttempt<T>(pub Vec<T>);

impl<T> Default for PerAttempt<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> PerAttempt<T> {
    /// Whether it is unset.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The amount for the attempt `attempt`, counted from 1.
    pub(crate) fn at(&self, attempt: u32) -> Option<T> {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        self.0.get(index).or(self.0.last()).copied()
    }
}

/// What is retried, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retries {
    /// Attempts after the first one.
    pub times: u32,
    /// The kinds of failures that are retried, each listed once.
    pub on: Vec<FailureKind>,
    /// Seconds before each further attempt.
    pub wait: u64,
}

/// What an instance that failed despite its retries means for the rest of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnFailure {
    /// What depends on it does not run.
    Fail,
    /// Whatever gathers it does without it.
    Drop,
}

/// How many instances are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AtLeast {
    /// Thousandths of a percent: `90%` is 90,000.
    Share(u32),
    /// This many.
    Count(u64),
}

impl AtLeast {
    /// Whether `left` out of `all` are enough.
    pub(crate) fn is_met(self, all: usize, left: usize) -> bool {
        match self {
            Self::Count(count) => left as u64 >= count,
            Self::Share(share) => left as u128 * 100_000 >= all as u128 * u128::from(share),
        }
    }
}

impl fmt::Display for AtLeast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => write!(f, "{}%", f64::from(*share) / 1000.0),
        }
    }
}

macro_rules! kinds {
    ($($name:ident $text:literal $what:literal)*) => {
        /// How an instance failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum FailureKind { $(#[doc = $what] $name),* }

        impl FailureKind {
            /// All kinds, with their names.
            pub(crate) const ALL: &'static [(&'static str, Self)] = &[$(($text, Self::$name)),*];

            /// Its name in project files, messages, journals and stamps.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

kinds! {
    Raised "raised" "The function raised an exception."
    Exit "exit" "The process ended with a status that is not 0."
    Signal "signal" "A signal ended the process."
    OutOfMemory "out_of_memory" "It used more memory than it was given."
    Timeout "timeout" "It took more time than it was given."
    Lost "lost" "The machine, or the job, that it ran on went away."
    NoResult "no_result" "It ended well and left no whole result."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_attempts_have_the_last_amount() {
        let amounts = PerAttempt(vec![8, 16]);
        assert_eq!([1, 2, 3].map(|attempt| amounts.at(attempt)), [Some(8), Some(16), Some(16)]);
        assert_eq!(PerAttempt::<u32>::default().at(1), None);
    }

    #[test]
    fn kinds_of_failure_have_the_same_names_in_files_and_in_messages() {
        for (name, kind) in FailureKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), *name);
            assert_eq!(kind.name(), *name);
        }
    }

    #[test]
    fn enough_is_at_least_so_many() {
        let share = |text: u32| AtLeast::Share(text);
        assert!(share(90_000).is_met(10, 9) && !share(90_000).is_met(10, 8) && !share(90_001).is_met(10, 9));
        assert!(AtLeast::Count(2).is_met(10, 2) && !AtLeast::Count(2).is_met(10, 1));
        assert_eq!([share(90_000), share(99_500)].map(|share| share.to_string()), ["90%", "99.5%"]);
    }

    #[test]
    fn what_is_not_set_is_not_written() {
        assert_eq!(serde_json::to_string(&Settings::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
    }
}
