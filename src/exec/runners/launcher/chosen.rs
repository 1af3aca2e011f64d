//! Which launcher a build uses. It is chosen when the build runs: the build file is the same with or without one.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The variable that names a launcher.
const VARIABLE: &str = "EXPOPS_LAUNCHER";

/// A launcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Launcher {
    /// Slurm, with more arguments for `srun`.
    Slurm(Vec<String>),
    /// A program, with its first arguments.
    Program(Vec<String>),
}

impl Launcher {
    /// The launcher that `EXPOPS_LAUNCHER` names, if any: a program, a program with its first arguments, or `slurm`
    /// with more arguments for `srun`.
    pub(crate) fn chosen() -> Option<Self> {
        Self::parse(&std::env::var(VARIABLE).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // A path may contain blanks.
        if Path::new(text).is_file() {
            return Some(Self::Program(vec![text.to_owned()]));
        }
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        match words.split_first()? {
            (first, rest) if first == "slurm" => Some(Self::Slurm(rest.to_vec())),
            _ => Some(Self::Program(words)),
        }
    }

    /// Its name, for messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Slurm(_) => "slurm",
            Self::Program(words) => words.first().map_or("", String::as_str),
        }
    }

    /// What to do if it has run nothing.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Slurm(_) => {
                "change the words for `srun` behind `slurm` in EXPOPS_LAUNCHER, or the process's `resources` (`sinfo` \
                 tells what there is); the nodes need the project and `expops` at the same paths"
            }
            Self::Program(_) => {
                "EXPOPS_LAUNCHER names it: it is to run the words behind `--`, and to wait for their end"
            }
        }
    }

    /// How many seconds results may take to appear where the build runs, unless the user says otherwise.
    pub(super) fn latency(&self) -> u64 {
        match self {
            Self::Slurm(_) => 10,
            Self::Program(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_a_name_or_a_program_with_words() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(Launcher::parse("  "), None);
        assert_eq!(Launcher::parse("slurm"), Some(Launcher::Slurm(vec![])));
        let options = words(&["--partition=gpu", "-A", "x"]);
        assert_eq!(Launcher::parse("slurm --partition=gpu -A x"), Some(Launcher::Slurm(options)));
        assert_eq!(Launcher::parse("nice -n 5"), Some(Launcher::Program(words(&["nice", "-n", "5"]))));
        let folder = tempfile::Builder::new().prefix("two words").tempdir().unwrap();
        let file = folder.path().join("launch it");
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(Launcher::parse(file), Some(Launcher::Program(words(&[file]))));
    }
}
