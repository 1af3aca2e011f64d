//! Values that are files: readers see names and whether a file can be executed. And folders that are declared:
//! readers see links and folders without files.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::built;
use crate::space::{TOOLS, Tool};
use crate::step::{Pair, hold, step};

const PROJECT: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    load cut
    cut part
    load bits
    tell told
    make look
  processes:
    - {name: load}
    - {name: cut, data_parallelism: {size: 2, data_name: df}}
    - {name: part}
    - {name: bits}
    - {name: make}
    - {name: look}
    - {name: tell, command: 'echo tell >> .ran.log; echo 1 > {{ outputs.n }}', outputs: {n: n.txt}}
    - {name: told, command: 'echo told >> .ran.log; basename {{ inputs.n }} > {{ outputs.n }}', outputs: {n: n.txt}}
";

const MODEL: &str = "
import os
from pathlib import Path
from counted import ran

def load():
    ran('load')
    Path('d.csv').write_text('a\\n1\\n2\\n3\\n')
    return {'df': Path('d.csv')}

def part(df):
    ran('part')
    return {'part': [df.name, df.read_text()]}

def bits(df):
    ran('bits')
    return {'bits': df.suffix}

def make():
    ran('make')
    tool = Path('tool.sh')
    tool.write_text('echo')
    os.chmod(tool, 0o644)
    return {'tool': tool}

def look(tool):
    ran('look')
    return {'look': bool(os.stat(tool).st_mode & 0o100)}
";

const PAIRS: &[Pair<'_>] = &[
    (
        ("src/model.py", "Path('d.csv')}", "Path('d.csv').rename('d.txt')}"),
        "bits, load, part, part",
        ("a", "", "b"),
    ),
    (("src/model.py", "0o644", "0o755"), "look, make", ("src/model.py", "0o644", "420")),
    (
        ("expops.yaml", "outputs: {n: n.txt}}\n    - {name: told", "outputs: {n: m.txt}}\n    - {name: told"),
        "tell, told",
        ("c", "", "d"),
    ),
];

#[test]
fn files_as_values() {
    for tool in TOOLS {
        let space = built(tool, &[("expops.yaml", PROJECT), ("src/model.py", MODEL)]);
        hold(&space, tool, PAIRS);
        space.edit("src/model.py", "Path('d.csv')}", "Path('d.csv').rename('d.txt')}");
        space.build(tool, &[]).success();
        assert_eq!(
            space.read("build/part/p1/out/part.json"),
            r#"["d.txt","a\n1\n"]"#,
            "lines, without a header"
        );
        assert!(space.read("build/cut/p1/stamp").contains(" rows=2 key=df file=d.txt"));
    }
}

const WALK: &str = "
from pathlib import Path
from counted import ran

def walk():
    ran('walk')
    return {'walk': sorted(str(path) for path in Path('conf').rglob('*'))}

def rest(walk):
    ran('rest')
    return {'rest': walk}
";

const WALKED: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    walk rest
  processes:
    - {name: walk, files: [conf]}
    - {name: rest}
";

#[test]
fn the_shape_of_a_declared_folder() {
    for tool in TOOLS {
        let files = [("expops.yaml", WALKED), ("src/model.py", WALK), ("conf/in/x", "1"), ("out/x", "1")];
        let space = built(tool, &files);
        fs::create_dir(space.path("conf/empty")).unwrap();
        step(&space, tool, "an empty folder", &["rest", "walk"]);
        fs::remove_dir(space.path("conf/empty")).unwrap();
        step(&space, tool, "undone", &[]);
        fs::remove_dir_all(space.path("conf/in")).unwrap();
        symlink("../out", space.path("conf/in")).unwrap();
        step(&space, tool, "a link to a folder like it", &["rest", "walk"]);
    }
}

#[test]
fn a_link_that_leads_somewhere_only_later() {
    for tool in TOOLS {
        let space = built(tool, &[("expops.yaml", WALKED), ("src/model.py", WALK), ("conf/a", "1")]);
        symlink("../late", space.path("conf/link")).unwrap();
        let failed = space.build(tool, &[]).failure();
        assert!(failed.says("conf"), "{}{}", failed.out, failed.err);
        let text = space.expops(&["explain", "rest"]).success().out;
        assert!(text.contains("walk cannot be told: cannot read `conf`"), "{text}");
        space.write("late/x", "1");
        step(&space, tool, "it leads somewhere", &["rest", "walk"]);
        space.write("late/x", "2");
        step(&space, tool, "an edit there", &["walk"]);
        space.write("late/y", "1");
        space.build(tool, &[]).success();
        space.nothing_to_do(tool);
        space.expops(&["status", "--exit-code"]).success();
    }
}

const MAKERS: &str = "
from pathlib import Path
from counted import ran

def load():
    ran('load')
    Path('d.csv').write_text('a\\n1\\n2\\n3\\n')
    return {'df': Path('d.csv'), 'list': [1, 2, 3, 4]}

def part(df):
    ran('part')
    return {'part': df.read_text()}

def half(list):
    ran('half')
    return {'half': list}

def all(part):
    ran('all')
    return {'all': [part]}

def halve(list):
    ran('halve')
    return {'list': list, 'note': 'n'}

def noted(list, note):
    ran('noted')
    return {'noted': note}
";

const MADE: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    load cut
    load pair
    cut part
    pair half
    load halve
    halve noted
    part both
  processes:
    - {name: load}
    - {name: cut, data_parallelism: {size: 2, data_name: df}}
    - {name: pair, data_parallelism: {size: 2, data_name: list}}
    - {name: part}
    - {name: half}
    - {name: halve, code: halve, data_parallelism: {size: 2, data_name: list}}
    - {name: noted}
    - {name: both, code: all, data_aggregation: true}
";

/// Somebody writes into the build folder: what a run makes of that must not be remembered as made of what was
/// there before.
#[test]
fn a_value_that_was_changed_since_it_was_made() {
    for tool in TOOLS {
        let space = built(tool, &[("expops.yaml", MADE), ("src/model.py", MAKERS)]);
        let right = space.tree("build");
        // A value, a partition that was cut natively, one that Python cut, and a file that a split cuts.
        let spoils: [(&str, &str, &str, &str); 5] = [
            ("build/part/p2/out/part.json", "\"x\"", "[part]}", "[part, 1]}"),
            ("build/cut/p2/d.csv", "a\n7\n", "df.read_text()}", "df.read_text() + ''}"),
            ("build/pair/p2/list.json", "[7,7]", "'half': list", "'half': list + []"),
            ("build/halve/out/note.json", "\"x\"", "'noted': note", "'noted': note + ''"),
            ("build/load/out/df/d.csv", "a\n7\n7\n7\n", "", ""),
        ];
        for (file, text, old, new) in spoils {
            space.write(file, text);
            let edited = if old.is_empty() { "expops.yaml" } else { "src/model.py" };
            let (old, new) = if old.is_empty() {
                ("size: 2, data_name: df", "size: 2, data_name: df, by: round_robin")
            } else {
                (old, new)
            };
            space.edit(edited, old, new);
            let failed = space.build(tool, &[]).failure();
            assert!(
                failed.says(&format!("changed since it was made: `{file}`")),
                "{file}: {}{}",
                failed.out,
                failed.err
            );
            space.build(tool, &[]).success();
            assert_ne!(space.read(file), text);
            space.edit(edited, new, old);
            space.build(tool, &[]).success();
            assert!(space.tree("build") == right, "{tool:?}: {file}");
        }
        space.expops(&["cache", "--clear"]).success();
        space.build(tool, &[]).success();
    }
}

#[test]
fn the_executable_bit_is_kept() {
    let space =
        built(Tool::Ninja, &[("expops.yaml", PROJECT), ("src/model.py", &MODEL.replace("0o644", "0o755"))]);
    let mode = |name: &str| fs::metadata(space.path(name)).unwrap().permissions().mode() & 0o111;
    assert_eq!(mode("build/make/out/tool/tool.sh"), 0o111);
    fs::remove_dir_all(space.path("build/make")).unwrap();
    assert_eq!(space.ran(Tool::Ninja), [""; 0]);
    assert_eq!(mode("build/make/out/tool/tool.sh"), 0o111);
}

/// A declared file that becomes a folder: what is in it was not named when the project was compiled.
#[test]
fn a_declared_file_becomes_a_folder() {
    for tool in TOOLS {
        let space = built(tool, &[("expops.yaml", WALKED), ("src/model.py", WALK), ("conf", "1")]);
        fs::remove_file(space.path("conf")).unwrap();
        space.write("conf/a", "1");
        let failed = space.build(tool, &[]).failure();
        assert!(
            failed.says("`conf` has become a folder since it was compiled"),
            "{}{}",
            failed.out,
            failed.err
        );
        step(&space, tool, "compiled again", &["rest", "walk"]);
        space.write("conf/a", "2");
        step(&space, tool, "an edit in it", &["walk"]);
        fs::remove_dir_all(space.path("conf")).unwrap();
        space.write("conf", "1");
        let _ = space.build(tool, &[]);
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/rest/out/rest.json").trim(), "[]");
        space.nothing_to_do(tool);
    }
}

const NAMED: &str = "
from pathlib import Path
from counted import ran

def walk():
    ran('walk')
    return {'v': Path('conf')}

def rest(v):
    ran('rest')
    return {'rest': [sorted(path.name for path in v.parent.iterdir()), bool(v.stat().st_mode & 0o100)]}
";

#[test]
fn nothing_stays_beside_a_file_and_declared_files_can_be_executed() {
    for tool in TOOLS {
        let space =
            built(tool, &[("expops.yaml", WALKED), ("src/model.py", NAMED), ("conf", "1"), ("knof", "1")]);
        assert_eq!(space.read("build/rest/out/rest.json").trim(), r#"[["conf"],false]"#);
        fs::set_permissions(space.path("conf"), fs::Permissions::from_mode(0o755)).unwrap();
        space.write("conf", "1");
        step(&space, tool, "it can be executed", &["rest", "walk"]);
        assert_eq!(space.read("build/rest/out/rest.json").trim(), r#"[["conf"],true]"#);
        space.edit("expops.yaml", "files: [conf]", "files: [knof]");
        space.edit("src/model.py", "Path('conf')", "Path('knof')");
        step(&space, tool, "another name", &["rest", "walk"]);
        assert_eq!(space.read("build/rest/out/rest.json").trim(), r#"[["knof"],false]"#);
        space.edit("expops.yaml", "files: [knof]", "files: [conf]");
        space.edit("src/model.py", "Path('knof')", "Path('conf')");
        step(&space, tool, "undone", &[]);
        assert!(!space.exists("build/walk/out/v/knof"), "what comes back has nothing beside it");
    }
}
