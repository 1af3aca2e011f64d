//! What a process made private stays private: in the build folder, in a cache that others read, in a copy, and when it
//! comes back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::space::{Space, TOOLS, Tool};

const PROJECT: &str = "
scripts: {main: main.py}
process_adjlist: |
  make take
  tell take
processes:
  - name: make
  - name: tell
    command: 'echo told > {{ outputs.told }}; chmod 600 {{ outputs.told }}'
    outputs: {told: told.txt}
    export: copies/told.txt
  - name: take
";

const SCRIPT: &str = "
import os
from pathlib import Path
from counted import ran

def make():
    ran('make')
    os.umask(0o022)
    Path('p.key').write_text('key')
    os.chmod('p.key', 0o600)
    Path('open.txt').write_text('open')
    os.mkdir('closed', 0o700)
    os.mkdir('closed/inner')
    Path('closed/inner/file').write_text('closed')
    os.chmod('closed/inner/file', 0o644)
    return {'p': Path('p.key'), 'open': Path('open.txt'), 'closed': Path('closed')}

def take(p, closed, told):
    ran('take')
    return {'all': p.read_text() + (closed / 'inner/file').read_text() + told.read_text()}
";

/// What is there, and what others may do with it.
const MADE: [(&str, u32); 6] = [
    ("build/make/out/p/p.key", 0),
    ("build/make/out/open/open.txt", 0o44),
    ("build/make/out/closed/closed", 0),
    ("build/make/out/closed/closed/inner", 0o55),
    ("build/tell/out/told.txt", 0),
    ("copies/told.txt", 0),
];

/// The contents of these files, and what others may do with them in a cache.
const KEPT: [(&str, u32); 4] = [("key", 0), ("open", 0o44), ("closed", 0), ("told\n", 0)];

fn to_others(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{path:?}: {error}")).permissions().mode() & 0o77
}

#[track_caller]
fn is_as_made(space: &Space, what: &str) {
    for (name, expected) in MADE {
        assert_eq!(to_others(&space.path(name)), expected, "{what}: {name}");
    }
    assert_eq!(to_others(&space.path("build/make/out/closed/closed/inner/file")), 0o44, "{what}");
}

fn is_kept_as_made(space: &Space) {
    let objects = walkdir::WalkDir::new(space.path("cache/v2/objects")).into_iter().flatten();
    let objects: Vec<_> = objects.filter(|entry| entry.file_type().is_file()).collect();
    for (content, expected) in KEPT {
        let object = objects.iter().find(|object| fs::read(object.path()).unwrap() == content.as_bytes());
        assert_eq!(to_others(object.unwrap().path()), expected, "{content}");
    }
}

fn project(tool: Tool) -> Space {
    let space = Space::new();
    space.set("EXPOPS_CACHE_DIR", Some(space.path("cache").to_str().unwrap()));
    space.write("expops.yaml", PROJECT);
    space.write("main.py", SCRIPT);
    space.compile(tool).success();
    space
}

#[test]
fn what_a_process_made_private_stays_private() {
    for tool in TOOLS {
        let space = project(tool);
        assert_eq!(space.ran(tool), ["make", "take"]);
        is_as_made(&space, "made");
        is_kept_as_made(&space);
        for folder in ["build", "copies"] {
            fs::remove_dir_all(space.path(folder)).unwrap();
        }
        space.compile(tool).success();
        assert_eq!(space.ran(tool), [""; 0], "all of it comes from the cache");
        is_as_made(&space, "restored");
    }
}

#[test]
fn what_becomes_private_with_the_same_content_is_private() {
    for tool in TOOLS {
        let space = project(tool);
        for (private, public) in [("0o600", "0o644"), ("'closed', 0o700", "'closed', 0o755")] {
            space.edit("main.py", private, public);
        }
        assert_eq!(space.ran(tool), ["make", "take"]);
        let made = ["build/make/out/p/p.key", "build/make/out/closed/closed"];
        let modes = || made.map(|name| to_others(&space.path(name)));
        assert_eq!(modes(), [0o44, 0o55]);
        space.write("main.py", SCRIPT);
        assert_eq!(space.ran(tool), ["make"]);
        assert_eq!(modes(), [0, 0]);
    }
}
