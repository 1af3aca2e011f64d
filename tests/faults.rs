//! What the world does to a build: a full disk, a file where a folder is needed, an input that vanishes, a
//! build folder that is deleted, a script that is edited meanwhile. Each ends in an error that can be read,
//! and the next build finishes.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::space::{Ran, Space, TOOLS, Tool, kill};

/// A process that waits for the file `go` when there is a file `slow`, between two that do not.
fn project() -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "
scripts: {main: model.py}
data: {path: data/rows.txt}
pipeline:
  process_adjlist: |
    load work
    work last
  processes:
    - name: load
      command: 'cat data/rows.txt > {{ outputs.rows }}'
      outputs: {rows: rows.txt}
    - name: work
    - name: last
      command: 'wc -c < {{ inputs.big }} > {{ outputs.size }}'
      outputs: {size: size.txt}
",
    );
    space.write(
        "model.py",
        "
import os, time
from pathlib import Path
from expops.core import process

@process()
def work(rows):
    root = Path(os.environ['EXPOPS_PROJECT_ROOT'])
    if (root / 'slow').exists():
        (root / 'started').touch()
        while root.exists() and not (root / 'go').exists():
            time.sleep(0.02)
    Path('big').write_text(rows.read_text() * 20000)
    return {'big': Path('big')}
",
    );
    space.write("data/rows.txt", "one\ntwo\n");
    space
}

#[track_caller]
fn is_readable(ran: &Ran) {
    let all = ran.out.clone() + &ran.err;
    assert!(all.contains("error: "), "{all}");
    for word in ["panicked", "RUST_BACKTRACE", "expops_build/_run.py", "os error"] {
        assert!(!all.contains(word), "{word}: {all}");
    }
}

/// Starts a build that stops in `work` until [`resume`].
fn start(space: &Space, tool: Tool) -> Child {
    start_with(space, tool, "1")
}

/// The same, with workers or without.
fn start_with(space: &Space, tool: Tool, workers: &str) -> Child {
    space.write("slow", "");
    let (program, arguments): (_, &[&str]) =
        if tool == Tool::Ninja { ("ninja", &[]) } else { ("make", &["-j2"]) };
    let mut command = space.command(program);
    command.args(arguments).env("EXPOPS_WORKERS", workers).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    for _ in 0..1200 {
        if space.exists("started") {
            return child;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("the build does not start: {:?}", child.wait());
}

fn resume(space: &Space, child: Child) -> Ran {
    space.write("go", "");
    let ran = child.wait_with_output().unwrap().into();
    ["slow", "go", "started"].iter().for_each(|name| fs::remove_file(space.path(name)).unwrap());
    ran
}

#[test]
fn files_may_not_grow() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        let build = if tool == Tool::Ninja { "exec ninja" } else { "exec make -j2" };
        // Counted in blocks of 512 bytes: enough for all but the value of `work`.
        let ran = space.run("sh", &["-c", &format!("ulimit -f 100; {build}")]).failure();
        is_readable(&ran);
        assert!(!space.exists("build/work/stamp") && space.exists("build/load/stamp"));
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/last/out/size.txt").trim(), "160000");
    }
}

#[test]
fn the_disk_is_full() {
    for tool in TOOLS {
        let space = project();
        fs::create_dir(space.path("build")).unwrap();
        let mount = space.run("mount", &["-t", "tmpfs", "-o", "size=2m", "none", "build"]);
        if mount.status != 0 {
            println!("skipped: no file system can be mounted here: {}", mount.err);
            return;
        }
        let build = || {
            let ran = space.compile(tool);
            if ran.status == 0 { space.build(tool, &[]) } else { ran }
        };
        // Full at once, full after the compilation, and at every place between.
        let mut failures = 0;
        for left in (0..).map(|n| n * 80) {
            let free = space
                .run("sh", &["-c", "df -k --output=avail build | tail -1"])
                .out
                .trim()
                .parse::<u32>()
                .unwrap();
            let fill = format!("head -c {}k /dev/zero > build/filler", free.saturating_sub(left));
            space.run("sh", &["-c", &fill]);
            let ran = build();
            fs::remove_file(space.path("build/filler")).unwrap();
            if ran.status == 0 || left > 1600 {
                break;
            }
            failures += 1;
            is_readable(&ran);
        }
        assert!(failures > 2);
        build().success();
        assert_eq!(space.read("build/last/out/size.txt").trim(), "160000");
        let found = space.tree("build");
        space.run("umount", &["build"]).success();
        build().success();
        assert!(space.tree("build") == found);
    }
}

#[test]
fn a_file_where_a_folder_is_needed() {
    for tool in TOOLS {
        let space = project();
        space.write("build", "");
        is_readable(&space.compile(tool).failure());
        fs::remove_file(space.path("build")).unwrap();
        space.compile(tool).success();
        for name in ["build/load", "build/work"] {
            let _ = fs::remove_dir_all(space.path(name));
            space.write(name, "");
            let ran = space.build(tool, &[]);
            // Ninja makes the folders of outputs that the project file names, and stops at the file.
            if tool == Tool::Ninja && name == "build/load" {
                is_readable(&ran.failure());
                fs::remove_file(space.path(name)).unwrap();
            }
            space.build(tool, &[]).success();
            assert!(space.path(name).is_dir(), "{tool:?}: {name}");
        }
        fs::remove_file(space.path("build/last/stamp")).unwrap();
        fs::create_dir_all(space.path("build/last/stamp/x")).unwrap();
        let _ = space.build(tool, &[]);
        let _ = fs::remove_dir_all(space.path("build/last/stamp"));
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/last/out/size.txt").trim(), "160000");
    }
}

#[test]
fn a_read_only_file_system() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        space.build(tool, &[]).success();
        let first = space.tree("build");
        let bind = space.run("sh", &["-c", "mount --bind build build && mount -o remount,bind,ro build"]);
        if bind.status != 0 {
            println!("skipped: no file system can be mounted here: {}", bind.err);
            return;
        }
        space.write("data/rows.txt", "one\ntwo\nthree\n");
        let ran = space.build(tool, &[]);
        space.run("umount", &["build"]).success();
        is_readable(&ran.failure());
        assert!(space.tree("build") == first);
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/last/out/size.txt").trim(), "280000");
    }
}

#[test]
fn an_input_vanishes() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        space.build(tool, &[]).success();
        let first = space.tree("build");
        for name in ["data/rows.txt", "model.py", "expops.yaml"] {
            let text = space.read(name);
            fs::remove_file(space.path(name)).unwrap();
            let ran = space.build(tool, &[]).failure();
            assert!(ran.says(name), "{tool:?} {}{}", ran.out, ran.err);
            assert!(!ran.says("panicked"));
            space.write(name, text);
            space.build(tool, &[]).success();
            assert!(space.tree("build") == first, "{tool:?} {name}");
        }
    }
}

#[test]
fn the_build_folder_is_deleted_meanwhile() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        let child = start(&space, tool);
        fs::remove_dir_all(space.path("build")).unwrap();
        let ran = resume(&space, child).failure();
        is_readable(&ran);
        space
            .expops(&["compile", "-q", "--format", if tool == Tool::Ninja { "ninja" } else { "make" }])
            .success();
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/last/out/size.txt").trim(), "160000");
        let found = space.tree("build");
        assert!(!found.keys().any(|name| name.contains(".run-") || name.contains(".tmp")));
    }
}

#[test]
fn a_script_is_edited_meanwhile() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        let child = start(&space, tool);
        space.edit("model.py", "* 20000", "* 10000");
        let ran = resume(&space, child).failure();
        is_readable(&ran);
        assert!(
            ran.says("the code that `work` of `model.py` reaches changed after it was compiled"),
            "{}{}",
            ran.out,
            ran.err
        );
        assert!(!space.exists("build/work/record.json"));
        // The edit is undone: what was recorded would be right by its digest alone.
        space.edit("model.py", "* 10000", "* 20000");
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/last/out/size.txt").trim(), "160000");
        space.edit("model.py", "* 20000", "* 10000");
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/last/out/size.txt").trim(), "80000");
    }
}

#[test]
fn a_value_changes_while_it_is_used() {
    let space = project();
    space.compile(Tool::Ninja).success();
    let child = start(&space, Tool::Ninja);
    space.write("data/rows.txt", "three\n");
    space.expops(&["exec", "load"]).success();
    let ran = resume(&space, child).failure();
    assert!(ran.says("work: its input rows changed while it ran"), "{}{}", ran.out, ran.err);
    space.build(Tool::Ninja, &[]).success();
    assert_eq!(space.read("build/last/out/size.txt").trim(), "120000");
}

/// Whether the process read the one content or the other, nobody can know: neither is recorded.
#[test]
fn data_is_edited_meanwhile_and_put_back() {
    for tool in TOOLS {
        let space = project();
        space.edit("expops.yaml", "    work last", "    look last");
        space.edit("expops.yaml", "    load work", "    load look");
        space.edit("expops.yaml", "- name: work", "- {name: look, code: work, files: [data]}");
        space.compile(tool).success();
        let child = start(&space, tool);
        let (text, time) = (space.read("data/rows.txt"), space.time("data/rows.txt"));
        space.write("data/rows.txt", "one\nTWO\n");
        space.write("data/rows.txt", text);
        let file = fs::File::options().append(true).open(space.path("data/rows.txt")).unwrap();
        file.set_modified(time).unwrap();
        let ran = resume(&space, child).failure();
        is_readable(&ran);
        assert!(ran.says("look: `data` was written to while it ran"), "{}{}", ran.out, ran.err);
        assert!(!space.exists("build/look/record.json"));
        space.build(tool, &[]).success();
        space.nothing_to_do(tool);
    }
}

#[test]
fn an_orphan_of_a_killed_run_does_no_harm() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        let child = start_with(&space, tool, "0");
        // `expops exec` alone: its Python, which no worker has started, goes on.
        let folder = space.path(".").canonicalize().unwrap();
        let mut killed = 0;
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let command = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            let is_here = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder);
            let is_exec = command.contains("\0exec\0") && command.ends_with("\0work\0");
            if is_here && is_exec && !command.contains("-c\0") {
                kill(entry.file_name().to_str().unwrap().parse().unwrap());
                killed += 1;
            }
        }
        if killed == 0 {
            // Nothing waits for ever for a process that nobody has killed.
            space.write("go", "");
        }
        assert!(killed > 0, "there is no `expops exec work`");
        child.wait_with_output().unwrap();
        fs::remove_file(space.path("slow")).unwrap();
        space.build(tool, &[]).success();
        space.write("go", "");
        assert_eq!(space.read("build/last/out/size.txt").trim(), "160000");
        space.build(tool, &[]).success();
    }
}

#[test]
fn an_input_that_is_changed_in_place() {
    const MODEL: &str = "
from pathlib import Path

def load():
    return {'df': Path('data/rows.csv')}

def spoil(df):
    if CHANGES:
        Path(df).write_text('value\\n7\\n')
    return {}

def count(df, tries):
    return {'rows': df.read_text()}

CHANGES = True
";
    for tool in TOOLS {
        let space = Space::new();
        let edges = "    load cut\n    cut spoil\n    cut count\n";
        space.write("expops.yaml", format!("scripts: {{main: model.py}}\ndata: {{path: data/rows.csv}}\npipeline:\n  process_adjlist: |\n{edges}  processes:\n    - name: load\n    - {{name: cut, data_parallelism: {{size: 2}}}}\n    - name: spoil\n    - {{name: count, parameters: {{tries: 1}}}}\n").replace("{size: 2}", "{size: 2, data_name: df}"));
        space.write("model.py", MODEL);
        space.write("data/rows.csv", "value\n1\n2\n");
        space.compile(tool).success();
        let keep_going = if tool == Tool::Ninja { "-k0" } else { "-k" };
        let failed = space.build(tool, &[keep_going]).failure();
        assert!(failed.says("its input df was changed in place"), "{}{}", failed.out, failed.err);
        space.edit("model.py", "CHANGES = True", "CHANGES = False");
        space.edit("expops.yaml", "tries: 1", "tries: 2");
        space.build(tool, &[]).success();
        for (partition, row) in [("p1", "1"), ("p2", "2")] {
            let rows = space.read(&format!("build/count/{partition}/out/rows.json"));
            assert_eq!(rows.trim(), format!("\"value\\n{row}\\n\""), "{tool:?}");
        }
        space.nothing_to_do(tool);
    }
}
