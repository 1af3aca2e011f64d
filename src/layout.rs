//! Where everything of a build lies. The only file that invents a path: the compiler writes these
//! into the generated file, `exec` finds its inputs by them, and they cannot drift.
//!
//! Under the build folder (`build`), relative to the project:
//!
//! | path | what |
//! | --- | --- |
//! | `PROCESS/ARM/…/stamp` | digests of what the instance, or the partition, is |
//! | `PROCESS/ARM/…/values.json` | which file holds which key, for what is downstream |
//! | `PROCESS/ARM/…/record.json` | what the instance observed when it ran; written last |
//! | `PROCESS/ARM/…/out/` | the values of its keys (of a partition: its data file, beside the stamp) |
//! | `PROCESS/ARM/…/files/` | what it wrote in its own folder |
//! | `PROCESS/ARM/…/metrics.json` | what it logged with `log_metric` |
//! | `PROCESS/ARM/…/log` | its stdout and stderr |
//! | `PROCESS/ARM/…/why.json` | why it last ran, for people |
//! | `PROCESS/ARM/…/.rows` | what a split learned of the rows of the file that it cut |
//! | `PROCESS/ARM/…/.run-*/` | a run under way, or one that was killed |
//! | `.expops/plan/PROCESS.json` | everything about a process that its instances need to know |
//! | `.expops/plan/environment/NAME.json` | what it takes to make an environment |
//! | `.expops/environment/NAME/` | an environment and its stamp |
//! | `.expops/sources.d` | what the compiler has read, for a Ninja build that takes this one in |
//! | `.expops/interpreter` | the stamp of the active Python, for processes without an environment |
//! | `.expops/python/` | the Python runtime |
//! | `.expops/cache/` | results by action key, unless `EXPOPS_CACHE_DIR` names another folder |
//! | `.expops/known/DIGEST` | what a digest of code, packages or files is of, so that a change can be named |

use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::arm::{self, Arm};
use crate::digest::Digest;

/// The longest name of one file that file systems accept is 255 bytes; a temporary name needs some.
const LONGEST_NAME: usize = 120;

/// `name` as one component of a path: letters, digits, `.`, `_` and `-` stay, anything else is
/// percent-encoded; so are a leading dot, which hides, and a leading dash, which starts a flag. Very
/// long names end in a digest instead.
pub(crate) fn component(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_alphanumeric() || c == '_' || (matches!(c, '.' | '-') && i > 0) {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    if out.len() <= LONGEST_NAME {
        return out;
    }
    let mut cut = LONGEST_NAME - 14;
    while !out.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}..{}", &out[..cut], Digest::of(name).short())
}

/// The folders of one build.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    build: Utf8PathBuf,
}

impl Layout {
    /// The layout under the build folder `build`.
    pub(crate) fn new(build: impl Into<Utf8PathBuf>) -> Self {
        Self { build: build.into() }
    }

    /// The build folder itself.
    pub(crate) fn build(&self) -> &Utf8Path {
        &self.build
    }

    /// An instance as the generated file names it: `train/p2/s41`.
    pub(crate) fn instance(process: &str, arms: &[Arm]) -> String {
        let mut path = component(process);
        for arm in arms {
            let _ = write!(path, "/{arm}");
        }
        path
    }

    /// An instance as a target for people: `train@p2.s41`.
    pub(crate) fn target(process: &str, arms: &[Arm]) -> String {
        let at = if arms.is_empty() { "" } else { "@" };
        format!("{}{at}{}", component(process), arm::join(arms, "."))
    }

    /// The folder of an instance or a partition (`train/p2/s41`).
    pub(crate) fn folder(&self, instance: &str) -> Folder {
        Folder(self.build.join(instance))
    }

    /// The plan file of a process.
    pub(crate) fn plan(&self, process: &str) -> Utf8PathBuf {
        self.plan_of(&component(process))
    }

    /// The plan file of the process of an instance (`train/p2/s41`).
    pub(crate) fn plan_of(&self, instance: &str) -> Utf8PathBuf {
        let process = instance.split('/').next().unwrap_or_default();
        self.build.join(format!(".expops/plan/{process}.json"))
    }

    /// The plan file of an environment.
    pub(crate) fn environment_plan(&self, name: &str) -> Utf8PathBuf {
        self.build.join(format!(".expops/plan/environment/{}.json", component(name)))
    }

    /// The folder of all plan files.
    pub(crate) fn plans(&self) -> Utf8PathBuf {
        self.build.join(".expops/plan")
    }

    /// The folder of an environment.
    pub(crate) fn environment(&self, name: &str) -> Utf8PathBuf {
        self.environments().join(component(name))
    }

    /// The folder of all environments.
    pub(crate) fn environments(&self) -> Utf8PathBuf {
        self.build.join(".expops/environment")
    }

    /// The stamp of an environment; of the active Python if `name` is empty.
    pub(crate) fn environment_stamp(&self, name: &str) -> Utf8PathBuf {
        match name {
            "" => self.build.join(".expops/interpreter"),
            name => self.environment(name).join("stamp"),
        }
    }

    /// The folder that holds the Python package `expops`.
    pub(crate) fn python(&self) -> Utf8PathBuf {
        self.build.join(".expops/python")
    }

    /// The cache of this build alone.
    pub(crate) fn cache(&self) -> Utf8PathBuf {
        self.build.join(".expops/cache")
    }

    /// What the digest of code, of packages or of files is of.
    pub(crate) fn known(&self, digest: Digest) -> Utf8PathBuf {
        self.all_known().join(digest.to_string())
    }

    /// The folder of what is known of digests.
    pub(crate) fn all_known(&self) -> Utf8PathBuf {
        self.build.join(".expops/known")
    }

    /// Which modules and folders the compiler has read, as a compiler of C says it.
    pub(crate) fn depfile(&self) -> Utf8PathBuf {
        self.build.join(".expops/sources.d")
    }

    /// Touched by every compilation: what Make compares the project file with.
    pub(crate) fn compiled(&self) -> Utf8PathBuf {
        self.build.join(".expops/compiled")
    }
}

/// The folder of an instance or a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder(pub Utf8PathBuf);

impl Folder {
    /// What build tools watch.
    pub(crate) fn stamp(&self) -> Utf8PathBuf {
        self.0.join("stamp")
    }

    /// Which file holds which key.
    pub(crate) fn values(&self) -> Utf8PathBuf {
        self.0.join("values.json")
    }

    /// What the last run observed.
    pub(crate) fn record(&self) -> Utf8PathBuf {
        self.0.join("record.json")
    }

    /// Why the instance last ran.
    pub(crate) fn why(&self) -> Utf8PathBuf {
        self.0.join("why.json")
    }

    /// The values.
    pub(crate) fn out(&self) -> Utf8PathBuf {
        self.0.join("out")
    }

    /// What the process wrote in its own folder.
    pub(crate) fn files(&self) -> Utf8PathBuf {
        self.0.join("files")
    }

    /// The metrics.
    pub(crate) fn metrics(&self) -> Utf8PathBuf {
        self.0.join("metrics.json")
    }

    /// What a split learned of the rows of the file that it cut.
    pub(crate) fn rows(&self) -> Utf8PathBuf {
        self.0.join(".rows")
    }

    /// stdout and stderr.
    pub(crate) fn log(&self) -> Utf8PathBuf {
        self.0.join("log")
    }

    /// Held while the instance runs.
    pub(crate) fn lock(&self) -> Utf8PathBuf {
        self.0.join(".lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder_or_speaks_to_a_shell() {
        assert_eq!(component("train_nn-2.b"), "train_nn-2.b");
        assert_eq!(component("../../etc"), "%2E.%2F..%2Fetc");
        assert_eq!(component(".expops"), "%2Eexpops");
        assert_eq!(component("-rf"), "%2Drf");
        assert_eq!(component("a b'$c\n"), "a%20b%27%24c%0A");
        assert_eq!(component("größe"), "größe");
        let long = component(&"x".repeat(300));
        assert!(long.len() <= LONGEST_NAME && long != component(&"x".repeat(301)));
    }
}
