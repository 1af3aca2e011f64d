//! A cache that does not work costs a warning and a run: a full disk, folders that cannot be read, entries
//! that are damaged. Nothing is lost, and nothing wrong comes back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::space::{Ran, Space, TOOLS, Tool};

const PROJECT: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    make use
  processes:
    - {name: make, parameters: {start: 1}}
    - {name: use}
";

const SCRIPT: &str = "
from counted import ran
from expops.core import process

@process()
def make(start):
    ran('make')
    print('made from', start)
    return {'large': list(range(start, start + 20000)), 'small': start}

@process()
def use(large):
    ran('use')
    return {'sum': sum(large)}
";

struct Cached {
    space: Space,
    tool: Tool,
    cache: PathBuf,
}

impl Cached {
    fn new(tool: Tool) -> Self {
        let space = Space::new();
        space.write("expops.yaml", PROJECT);
        space.write("src/model.py", SCRIPT);
        space.compile(tool).success();
        let cache = space.path("cache");
        Self { space, tool, cache }
    }

    fn build(&self) -> Ran {
        let _ = fs::remove_file(self.space.path(".ran.log"));
        let mut command = self.space.command(if self.tool == Tool::Ninja { "ninja" } else { "make" });
        command.env("EXPOPS_CACHE_DIR", &self.cache).output().unwrap().into()
    }

    /// Builds from an empty build folder: what runs, and what was said.
    #[track_caller]
    fn anew(&self) -> (Vec<String>, Ran) {
        let _ = fs::remove_dir_all(self.space.path("build"));
        self.space.compile(self.tool).success();
        let ran = self.build().success();
        assert_eq!(self.space.read("build/use/out/sum.json").trim(), "200010000");
        (self.space.logged(), ran)
    }

    fn files(&self) -> Vec<PathBuf> {
        let all = walkdir::WalkDir::new(&self.cache).into_iter().flatten();
        all.filter(|entry| entry.file_type().is_file()).map(|entry| entry.path().to_owned()).collect()
    }
}

#[test]
fn a_full_disk_under_the_cache_costs_a_warning() {
    for tool in TOOLS {
        let cached = Cached::new(tool);
        fs::create_dir(&cached.cache).unwrap();
        let mount = cached.space.run("mount", &["-t", "tmpfs", "-o", "size=512k", "none", "cache"]);
        if mount.status != 0 {
            println!("skipped: no file system can be mounted here: {}", mount.err);
            return;
        }
        let _mounted = Mounted(&cached.cache);
        let (mut warned, mut found) = (0, 0);
        // Full at once, full in the middle of an object or an entry, and with room for all.
        for left in (0..).map(|n| n * 16) {
            let filler = cached.cache.join("filler");
            let free = cached.space.run("df", &["-k", "--output=avail", "cache"]).out;
            let free: usize = free.lines().last().unwrap().trim().parse().unwrap();
            fs::write(&filler, vec![0; free.saturating_sub(left) << 10]).unwrap();
            let (ran, said) = cached.anew();
            fs::remove_file(filler).unwrap();
            let warning = said.says("warning: the cache in");
            assert!(!warning || !ran.is_empty(), "{}{}", said.out, said.err);
            warned += usize::from(warning && said.says("no space left"));
            found += usize::from(!warning && cached.anew().0.is_empty());
            let litter =
                cached.files().iter().filter(|path| path.starts_with(cached.cache.join("tmp"))).count();
            assert_eq!(litter, 0, "a write that failed leaves nothing");
            if found > 0 || left > 400 {
                break;
            }
        }
        assert!(warned > 1 && found == 1, "{warned} warnings, {found}");
    }
}

/// Unmounts even if the test fails.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn folders_of_the_cache_that_cannot_be_read_cost_a_warning() {
    for tool in TOOLS {
        let cached = Cached::new(tool);
        assert_eq!(cached.anew().0, ["make", "use"]);
        assert_eq!(cached.anew().0, [""; 0]);
        // Permissions mean nothing to root; a link that leads to itself stops everybody.
        for folder in ["v2/entries", "v2/objects", "v2/tmp", "v2", "."] {
            let path = cached.cache.join(folder).components().collect::<PathBuf>();
            let aside = cached.space.path("aside");
            fs::rename(&path, &aside).unwrap();
            symlink(&path, &path).unwrap();
            let (ran, said) = cached.anew();
            // A cache that cannot be written still serves.
            let serves = folder == "v2/tmp";
            assert_eq!(ran.is_empty(), serves, "{tool:?}: {folder}");
            assert_eq!(said.says("warning: the cache in"), !serves, "{folder}: {}{}", said.out, said.err);
            let is_named = (said.out + &said.err).lines().any(|line| {
                line.split_once("cannot be used: ")
                    .is_some_and(|(_, why)| why.contains(path.to_str().unwrap()))
            });
            assert!(serves || is_named, "{folder}: which file or folder is it");
            fs::remove_file(&path).unwrap();
            fs::rename(&aside, &path).unwrap();
            cached.anew();
            assert_eq!(cached.anew().0, [""; 0], "{tool:?}: {folder}");
        }
    }
}

#[test]
fn whatever_byte_of_an_entry_is_damaged_nothing_wrong_comes_back() {
    let cached = Cached::new(Tool::Ninja);
    cached.anew();
    let expected = cached.space.tree("build");
    for (i, path) in cached.files().into_iter().enumerate() {
        let whole = fs::read(&path).unwrap();
        let at = [0, whole.len() / 2, whole.len().saturating_sub(2)][i % 3];
        let damages: [Vec<u8>; 3] = [
            whole.iter().enumerate().map(|(j, byte)| byte ^ u8::from(j == at)).collect(),
            whole[..at].to_vec(),
            Vec::new(),
        ];
        for damaged in damages.into_iter().filter(|damaged| *damaged != whole) {
            fs::write(&path, damaged).unwrap();
            let (ran, _) = cached.anew();
            assert_eq!(ran.len(), 1, "{}", path.display());
            assert!(cached.space.tree("build") == expected, "{}", path.display());
            assert_eq!(cached.anew().0, [""; 0], "healed: {}", path.display());
        }
    }
}

/// For all of its instances.
#[test]
fn a_cache_that_cannot_be_used_costs_one_warning_in_a_build() {
    for tool in TOOLS {
        let mut cached = Cached::new(tool);
        cached.cache = PathBuf::from("/dev/null");
        let (_, ran) = cached.anew();
        let both = ran.out + &ran.err;
        assert_eq!(both.matches("cannot be used").count(), 1, "{tool:?}: {both}");
    }
}

/// No shell has read it: it stands in a Dockerfile, or between quotes.
#[test]
fn a_tilde_in_the_name_of_the_cache_is_the_home_folder() {
    let mut cached = Cached::new(Tool::Ninja);
    fs::create_dir(cached.space.path("home")).unwrap();
    cached.space.set("HOME", cached.space.path("home").to_str());
    cached.cache = PathBuf::from("~/results");
    assert_eq!(cached.anew().0, ["make", "use"]);
    assert_eq!(cached.anew().0, [""; 0]);
    assert!(cached.space.exists("home/results/v2") && !cached.space.exists("~"));
    cached.space.set("EXPOPS_CACHE_DIR", Some("~somebody/results"));
    let told = cached.space.expops(&["run"]).failure();
    assert!(told.says("EXPOPS_CACHE_DIR is `~somebody/results`"), "{}{}", told.out, told.err);
}
