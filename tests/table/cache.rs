//! What is remembered, and where.

use std::fs;

use serde_json::Value;

use super::{HELPER, PROJECT, SCRIPT, built, rows};
use crate::space::{Space, TOOLS, Tool};
use crate::step::step;

#[test]
fn the_cache_is_shown_trimmed_and_cleared() {
    let space = built(Tool::Ninja);
    let contents =
        || -> Value { serde_json::from_str(&space.expops(&["cache", "--json"]).success().out).unwrap() };
    let before = contents();
    assert_eq!(before["entries"], 6, "what expops does by itself is not kept");
    space.expops(&["cache", "--keep", "10GB"]).success();
    assert_eq!(contents(), before);
    space.expops(&["cache", "--keep", "3 apples"]).failure();
    let mine = [
        "notes.txt",
        "v2/entries/notes.txt",
        "v2/objects/notes.txt",
        "v2/tmp/notes.txt",
        "objects/notes.txt",
    ];
    let mine = mine.map(|name| format!("build/.expops/cache/{name}"));
    mine.iter().for_each(|name| space.write(name, "mine"));
    space.expops(&["cache", "--clear"]).success();
    assert_eq!(contents()["bytes"], 0);
    assert!(mine.iter().all(|name| space.exists(name)), "what expops did not write stays");
    step(&space, Tool::Ninja, "without a cache", &[]);
}

/// The project, in a folder of its own.
fn write(space: &Space, folder: &str) {
    let files =
        [("expops.yaml", PROJECT), ("src/model.py", SCRIPT), ("src/helper.py", HELPER), ("extra.txt", "x")];
    files.iter().for_each(|(name, text)| space.write(&format!("{folder}/{name}"), text));
    space.write(&format!("{folder}/data/rows.csv"), rows(30, |_| 0));
}

#[test]
fn the_cache_outlives_the_build_folder_and_serves_clones() {
    for tool in TOOLS {
        let space = Space::new();
        let cache = space.path("cache");
        let build = |folder: &str| {
            let _ = fs::remove_file(space.path(folder).join(".ran.log"));
            let here = |program: &str, words: &[&str]| {
                let output = space
                    .command(program)
                    .args(words)
                    .current_dir(space.path(folder))
                    .env("EXPOPS_CACHE_DIR", &cache)
                    .output();
                let output = output.unwrap();
                assert!(
                    output.status.success(),
                    "{}{}",
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
            };
            match tool {
                Tool::Ninja => (here("expops", &["compile"]), here("ninja", &[])),
                Tool::Make => (here("expops", &["compile", "--format", "make"]), here("make", &["-j2"])),
            };
            fs::read_to_string(space.path(folder).join(".ran.log")).unwrap_or_default().lines().count()
        };
        ["a", "b/c"].iter().for_each(|folder| write(&space, folder));
        assert_eq!(build("a"), 6);
        let first = space.tree("a/build");
        assert_eq!(build("b/c"), 0, "{tool:?}: a clone");
        assert!(space.tree("b/c/build") == first, "{tool:?}: a clone");
        fs::remove_dir_all(space.path("a/build")).unwrap();
        assert_eq!(build("a"), 0, "{tool:?}: the build folder is gone");
        // Every object is damaged in turn, all at once: everything runs, and comes out right.
        for entry in walkdir::WalkDir::new(cache.join("v2/objects"))
            .into_iter()
            .flatten()
            .filter(|e| e.file_type().is_file())
        {
            let mut bytes = fs::read(entry.path()).unwrap();
            // An empty log has no byte to damage.
            let Some(first) = bytes.first_mut() else { continue };
            *first ^= 1;
            fs::write(entry.path(), bytes).unwrap();
        }
        fs::remove_dir_all(space.path("a/build")).unwrap();
        // `names` hands on the bytes that `load` has just made anew.
        assert_eq!(build("a"), 5, "{tool:?}: a flipped bit");
        assert!(space.tree("a/build") == first);
        fs::remove_dir_all(space.path("a/build")).unwrap();
        assert_eq!(build("a"), 0, "{tool:?}: healed");
        // A cache that cannot be used costs a warning.
        fs::remove_dir_all(&cache).unwrap();
        fs::write(&cache, "not a folder").unwrap();
        fs::remove_dir_all(space.path("a/build")).unwrap();
        assert_eq!(build("a"), 6, "{tool:?}: no cache");
        fs::remove_file(&cache).unwrap();
    }
}

#[test]
fn what_the_first_version_made_is_made_again_once() {
    for tool in TOOLS {
        let space = built(tool);
        let rewrite = |name: &str, change: &dyn Fn(&str) -> String| {
            let text = change(&space.read(name));
            space.write(name, text);
        };
        // As 0.1 left it: plan files and records of its version, a cache without a folder for it, and nothing yet of
        // what the instances of a process share.
        fs::remove_dir_all(space.path("build/.expops/shared")).unwrap();
        for entry in walkdir::WalkDir::new(space.path("build")).into_iter().flatten() {
            let name = entry.path().strip_prefix(space.path("")).unwrap().to_str().unwrap().to_owned();
            if name.ends_with("record.json") {
                rewrite(&name, &|text| {
                    let record: Value = serde_json::from_str(text).unwrap();
                    serde_json::json!({"key": record["key"], "observed": {"format": "1"}}).to_string()
                });
            } else if name.contains("/.expops/plan/") && name.ends_with(".json") {
                rewrite(&name, &|text| text.replace("\"version\": 2", "\"version\": 1"));
            }
        }
        let cache = space.path("build/.expops/cache");
        for part in ["entries", "objects", "tmp"] {
            fs::rename(cache.join("v2").join(part), cache.join(part)).unwrap();
        }
        let note = "what an earlier version of expops made is made again";
        let said = space.compile(tool).success();
        assert_eq!(said.err.matches(note).count(), 1, "{tool:?}: {}", said.err);
        assert_eq!(space.ran(tool), super::ALL, "{tool:?}");
        assert!(!space.compile(tool).success().says(note), "{tool:?}");
        space.nothing_to_do(tool);
        assert!(cache.join("entries").exists(), "{tool:?}: the first version's cache is left to it");
        space.expops(&["cache", "--clear"]).success();
        let left =
            walkdir::WalkDir::new(&cache).into_iter().flatten().filter(|entry| entry.file_type().is_file());
        assert_eq!(left.count(), 0, "{tool:?}: cleared with the rest");
    }
}
