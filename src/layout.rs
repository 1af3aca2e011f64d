//! Where all files of a build are. Paths are made up nowhere else: the compiler writes these into the generated file
//! and `exec` finds its inputs by them, so they cannot diverge.
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
//! | `PROCESS/ARM/…/failed.json` | how it failed, if it was left out |
//! | `PROCESS/ARM/…/why.json` | why it last ran, for people |
//! | `PROCESS/ARM/…/.rows` | what a split learned about the rows of the file that it split |
//! | `PROCESS/ARM/…/.run-*/` | a run in progress, or one that was killed (`run` names what is in it besides) |
//! | `….retired`, `.tmp-*`, `.*.tmp` | a stamp that is not valid now; files not yet renamed (`passing`) |
//! | `.expops/plan/PROCESS.json` | everything about a process that its instances need to know |
//! | `.expops/plan/instances` | the folders of all stamps, where instances may be left out |
//! | `.expops/plan/environment/NAME.json` | what it takes to make an environment |
//! | `.expops/environment/NAME/` | an environment and its stamp |
//! | `PROCESS/ARM/…/reads.d` | the files that it was seen to read, until Ninja takes it |
//! | `.expops/shared/PROCESS/` | a stamp of what all instances of a process share, and the record of the last check |
//! | `.expops/modules/FOLDER/` | a stamp of the module names in a folder of scripts, and the record of the last check |
//! | `.expops/reads/PROCESS.mk` | the files that its instances were seen to read, for Make |
//! | `.expops/verdict/…/passed` | the proof that nothing was dropped of an instance, a process, or everything |
//! | `.expops/compiled/FILE` | the proof that a generated file is as new as its sources |
//! | `.expops/compiled/FILE.d` | the modules among its sources, for a Ninja build that includes it |
//! | `.expops/interpreter` | the stamp of the active Python, for processes without an environment |
//! | `.expops/origin` | in a build folder outside its project: the paths to the project and from there back |
//! | `.expops/places.json` | where the project file names processes and environments, for messages |
//! | `.expops/exports` | the copies of outputs that are made outside this folder, which count as no input |
//! | `.expops/exported/FILE` | the proof that such a copy is right |
//! | `.expops/program` | how a shell recognizes the program that this build is for |
//! | `.expops/python/` | the Python runtime |
//! | `.expops/busy` | the lock of those who write here or clean up |
//! | `PROCESS/ARM/…/.force` | requested by `expops run --force`: it runs whatever its action key is |
//! | `.expops/journal.ninja` | the Ninja that is at work here, or was the last one |
//! | `.expops/turn` | the lock of the one `expops run` that builds here |
//! | `.expops/damaged` | something was found to be damaged and will be remade |
//! | `.expops/no-locks` | there are no locks here, and the user has been told |
//! | `.expops/account/` | which cores, memory and devices instances hold, and which of them wait for some |
//! | `.expops/batch/PROCESS/` | which instances wait for a job that they share, and which jobs run |
//! | `.expops/remote.json` | until when a remote cache that failed is left alone |
//! | `.expops/told.json` | what the last build has been told once |
//! | `.expops/compiling` | the lock of who writes what was compiled |
//! | `.expops/journal`, `.expops/journal.1` | what happened to which instance, when and where |
//! | `.expops/cache/` | results by action key, unless `EXPOPS_CACHE_DIR` names another folder |
//! | `.expops/trust/` | the stats of large files and their digests, so that none is hashed twice |
//! | `.expops/known/DIGEST` | what a digest of code, packages or files covers, so that a change can be named |

mod folder;
pub(crate) mod passing;
pub(crate) mod run;

use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::arm::{self, Arm};
use crate::digest::Digest;

pub(crate) use folder::{FILES, Folder, OUT};

/// File systems accept names of up to 255 bytes; a temporary name needs some of them.
const LONGEST_NAME: usize = 120;

/// `name` as one component of a path. Letters, digits and `.`, `_`, `-`, `+`, `@`, `,` stay; each byte of anything else
/// becomes `,XX`, a comma and two hexadecimal digits: Ninja, GNU Make back to 3.81 and shells read all of these
/// literally. Escaped as well are a leading dot, which hides a file, a leading dash, which starts a flag, and a comma
/// followed by two such digits. Very long names end in a digest instead.
pub(crate) fn component(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (i, c) in name.char_indices() {
        let is_plain = c.is_alphanumeric()
            || matches!(c, '_' | '+' | '@')
            || (matches!(c, '.' | '-') && i > 0)
            || (c == ',' && !starts_with_code(&name[i + 1..]));
        if is_plain { out.push(c) } else { encode(c, &mut out) }
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

/// Whether `text` starts with what could be the digits of an escape.
fn starts_with_code(text: &str) -> bool {
    let digits = text.bytes().take(2).filter(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    digits.count() == 2
}

/// Writes the escapes of a character.
fn encode(c: char, out: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(out, ",{byte:02X}");
    }
}

/// `name` with its first letter escaped in any case: the target of a process that is called like a file.
pub(crate) fn aside(name: &str) -> String {
    let mut letters = name.chars();
    let mut out = String::new();
    if let Some(first) = letters.next() {
        encode(first, &mut out);
    }
    out + letters.as_str()
}

/// Whether a name ends like the target of an instance: `fit@p2.s41`.
fn ends_in_arms(name: &str) -> bool {
    let is_arm = |arm: &str| {
        let number = arm.strip_prefix(['p', 's']).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    name.rsplit_once('@').is_some_and(|(_, arms)| arms.split('.').all(is_arm))
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
        Self::below(&component(process), arms)
    }

    /// The path of arms below what belongs to a process.
    pub(crate) fn below(process: &str, arms: &[Arm]) -> String {
        let mut path = process.to_owned();
        for arm in arms {
            let _ = write!(path, "/{arm}");
        }
        path
    }

    /// An instance as a target for people: `train@p2.s41`. A process called `a@p2` is not partition 2 of `a`.
    pub(crate) fn target(process: &str, arms: &[Arm]) -> String {
        let mut name = component(process);
        if ends_in_arms(&name) {
            name = name.replace('@', ",40");
        }
        let at = if arms.is_empty() { "" } else { "@" };
        format!("{name}{at}{}", arm::join(arms, "."))
    }

    /// The folder of an instance or a partition (`train/p2/s41`).
    pub(crate) fn folder(&self, instance: &str) -> Folder {
        Folder(self.build.join(instance))
    }

    /// A lock that is shared by everybody who writes to the build folder and held exclusively by whoever cleans it up.
    pub(crate) fn busy(&self) -> Utf8PathBuf {
        self.build.join(".expops/busy")
    }

    /// The Ninja that is at work here, or was the last one.
    pub(crate) fn ninja(&self) -> Utf8PathBuf {
        self.build.join(".expops/journal.ninja")
    }

    /// A lock held by the one `expops run` that builds here.
    pub(crate) fn turn(&self) -> Utf8PathBuf {
        self.build.join(".expops/turn")
    }

    /// What the last build has been told once.
    pub(crate) fn told(&self) -> Utf8PathBuf {
        self.build.join(".expops/told.json")
    }

    /// A lock held by who writes what was compiled.
    pub(crate) fn compiling(&self) -> Utf8PathBuf {
        self.build.join(".expops/compiling")
    }

    /// Until when a remote cache that failed is left alone.
    pub(crate) fn remote(&self) -> Utf8PathBuf {
        self.build.join(".expops/remote.json")
    }

    /// What happened to which instance, when and where.
    pub(crate) fn journal(&self) -> Utf8PathBuf {
        self.build.join(".expops/journal")
    }

    /// The account of cores, memory and devices that instances take from.
    pub(crate) fn account(&self) -> Utf8PathBuf {
        self.build.join(".expops/account")
    }

    /// Where instances of a process wait for a job that they share.
    pub(crate) fn batches(&self, process: &str) -> Utf8PathBuf {
        self.build.join(".expops/batch").join(component(process))
    }

    /// Written by whoever found something damaged, for the `expops run` that waits for the build.
    pub(crate) fn damaged(&self) -> Utf8PathBuf {
        self.build.join(".expops/damaged")
    }

    /// Written by the first to find that there are no locks, so that the user is told only once.
    pub(crate) fn no_locks(&self) -> Utf8PathBuf {
        self.build.join(".expops/no-locks")
    }

    /// A file that never exists, so that every build checks what depends on it.
    pub(crate) fn always(&self) -> Utf8PathBuf {
        self.build.join(".expops/always")
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
        self.environment_plan_of(&component(name))
    }

    /// The plan file of the environment in the folder `name`.
    pub(crate) fn environment_plan_of(&self, name: &str) -> Utf8PathBuf {
        self.build.join(format!(".expops/plan/environment/{name}.json"))
    }

    /// The list of the folders of all stamps, where instances may be left out: a verdict covers only these.
    pub(crate) fn instances(&self) -> Utf8PathBuf {
        self.plans().join("instances")
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

    /// The stamp of an environment, or of the active Python if `name` is empty.
    pub(crate) fn environment_stamp(&self, name: &str) -> Utf8PathBuf {
        match name {
            "" => self.build.join(".expops/interpreter"),
            name => self.environment(name).join(folder::STAMP),
        }
    }

    /// How a shell recognizes the program that this build is for.
    pub(crate) fn program(&self) -> Utf8PathBuf {
        self.build.join(".expops/program")
    }

    /// The copies of outputs that the build makes outside this folder, one a line, if there are any.
    pub(crate) fn exports(&self) -> Utf8PathBuf {
        self.build.join(".expops/exports")
    }

    /// Written whenever the copy of an output at `to` was found to be right.
    pub(crate) fn exported(&self, to: &Utf8Path) -> Utf8PathBuf {
        self.build.join(".expops/exported").join(component(to.as_str()))
    }

    /// The folder that holds the Python package `expops`.
    pub(crate) fn python(&self) -> Utf8PathBuf {
        self.build.join(".expops/python")
    }

    /// The library that watches what processes read.
    pub(crate) fn watch_library(&self) -> Utf8PathBuf {
        self.build.join(".expops/watch.so")
    }

    /// Where the project file names processes and environments.
    pub(crate) fn places(&self) -> Utf8PathBuf {
        self.build.join(".expops/places.json")
    }

    /// Where a build folder outside its project records which project it belongs to.
    pub(crate) fn origin(&self) -> Utf8PathBuf {
        self.build.join(".expops/origin")
    }

    /// The folders of what belongs to expops alone, but for those of one process, folder of scripts or environment.
    pub(crate) fn own_folders(&self) -> impl Iterator<Item = Utf8PathBuf> + '_ {
        const NAMES: [&str; 17] = [
            "account",
            "batch",
            "cache",
            "compiled",
            "environment",
            "exported",
            "known",
            "modules",
            "names",
            "plan",
            "plan/environment",
            "python/expops",
            "python/expops_build",
            "reads",
            "shared",
            "trust",
            "verdict",
        ];
        NAMES.into_iter().map(|name| self.own().join(name))
    }

    /// What belongs to expops alone.
    pub(crate) fn own(&self) -> Utf8PathBuf {
        self.build.join(".expops")
    }

    /// This build's own cache.
    pub(crate) fn cache(&self) -> Utf8PathBuf {
        self.build.join(".expops/cache")
    }

    /// The stats of large files, with their digests.
    pub(crate) fn trust(&self) -> Utf8PathBuf {
        self.build.join(".expops/trust")
    }

    /// What a digest of code, packages or files covers.
    pub(crate) fn known(&self, digest: Digest) -> Utf8PathBuf {
        self.all_known().join(digest.to_string())
    }

    /// The folder of what digests cover.
    pub(crate) fn all_known(&self) -> Utf8PathBuf {
        self.build.join(".expops/known")
    }

    /// The modules that the compiler read for the generated file `output`, as a depfile.
    pub(crate) fn depfile(&self, output: &Utf8Path) -> Utf8PathBuf {
        self.proofs().join(format!("{}.d", component(output.as_str())))
    }

    /// The proof that the generated file `output`, as the build tool sees it, is as new as its sources. Each has its
    /// own: compiling for one tool says nothing about a file compiled for another.
    pub(crate) fn proof(&self, output: &Utf8Path) -> Utf8PathBuf {
        self.proofs().join(component(output.as_str()))
    }

    /// The folder of the proofs. Without them the next build compiles first.
    pub(crate) fn proofs(&self) -> Utf8PathBuf {
        self.build.join(".expops/compiled")
    }

    /// What the instances of a process, given by its name on disk, share: a stamp and the record of the last check.
    pub(crate) fn shared(&self, process: &str) -> Folder {
        Folder(self.build.join(format!(".expops/shared/{process}")))
    }

    /// The modules in the project's folder of scripts `folder`: a stamp and the record of the last check.
    pub(crate) fn modules(&self, folder: &Utf8Path) -> Folder {
        Folder(self.build.join(".expops/modules").join(component(folder.as_str())))
    }

    /// The files that the instances of a process, given by its name on disk, were seen to read, for Make.
    pub(crate) fn reads(&self, process: &str) -> Utf8PathBuf {
        self.build.join(format!(".expops/reads/{process}.mk"))
    }

    /// A link to `path`, relative to the project or absolute, for a build tool that cannot write that name.
    pub(crate) fn other_name(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.build.join(".expops/names").join(Digest::of(path.as_str()).to_string())
    }

    /// The proof that nothing was dropped of an instance, a process, or (without a name) everything.
    pub(crate) fn verdict(&self, name: &str) -> Utf8PathBuf {
        let folder = self.build.join(".expops/verdict");
        if name.is_empty() { folder.join("passed") } else { folder.join(name).join("passed") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder_or_speaks_to_a_shell() {
        assert_eq!(component("train_nn-2.b"), "train_nn-2.b");
        assert_eq!(component("../../etc"), ",2E.,2F..,2Fetc");
        assert_eq!(component(".expops"), ",2Eexpops");
        assert_eq!(component("-rf"), ",2Drf");
        assert_eq!(component("a b'$c\n%=~"), "a,20b,27,24c,0A,25,3D,7E");
        assert_eq!(component("a+b,c@1"), "a+b,c@1");
        assert_eq!(component("größe"), "größe");
        let long = component(&"x".repeat(300));
        assert!(long.len() <= LONGEST_NAME && long != component(&"x".repeat(301)));
    }

    /// The inverse of `component`.
    fn decoded(component: &str) -> String {
        let mut out = Vec::new();
        let mut rest = component;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c == ',' && starts_with_code(rest) {
                out.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                rest = &rest[2..];
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        String::from_utf8(out).unwrap()
    }

    proptest::proptest! {
        #[test]
        fn no_two_names_share_a_component(name in "[,2CF0 %a@p.é]{0,12}") {
            proptest::prop_assert_eq!(decoded(&component(&name)), name);
        }
    }

    #[test]
    fn a_process_is_never_taken_for_an_instance_of_another() {
        let partition = ["p1".parse::<Arm>().unwrap()];
        assert_eq!(Layout::target("a", &partition), "a@p1");
        assert_eq!(Layout::target("a@p1", &[]), "a,40p1");
        assert_eq!(Layout::target("a@home", &partition), "a@home@p1");
        assert_eq!(Layout::target("a,40p1", &[]), "a,2C40p1");
    }
}
