//! What an instance reads is seen, not declared: every way of reading, under both tools. An edit of what one process
//! reads runs that process and no other; an edit of what nobody reads runs nothing.

mod elsewhere;

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::space::{Space, TOOLS, Tool, of_one, repository};

/// The first lines of each script: what ran is noted beside the project file. `ROOT` is the project's folder.
const NOTE: &str = r#"
import os

def ran(name):
    fd = os.open(os.path.join(ROOT, ".ran.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (name + "\n").encode())
    os.close(fd)
"#;

const SCRIPT: &str = r#"
import importlib
import json
import os
import pathlib
import subprocess

from expops.core import process

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

@process()
def opened():
    ran("opened")
    return {"opened": json.load(open(os.path.join(ROOT, "config.json")))}

@process()
def beside():
    ran("beside")
    return {"beside": pathlib.Path(__file__).with_name("query.sql").read_text()}

@process()
def in_data():
    ran("in_data")
    return {"in_data": open("data/t.csv").read()}

@process()
def listed():
    ran("listed")
    return {"listed": sorted(os.listdir(os.path.join(ROOT, "notes")))}

@process()
def asked():
    ran("asked")
    return {"asked": os.path.exists(os.path.join(ROOT, "settings", "flag"))}

@process()
def child():
    ran("child")
    return {"child": subprocess.run(["cat", os.path.join(ROOT, "child.txt")], capture_output=True, text=True).stdout}

@process()
def linked():
    ran("linked")
    return {"linked": open(os.path.join(ROOT, "data", "newest.csv")).read()}

@process()
def by_name():
    ran("by_name")
    return {"by_name": importlib.import_module("".join(["plug", "in_", "a"])).VALUE}

@process()
def nothing():
    ran("nothing")
    with open("own.txt", "w") as file:
        file.write("1")
    return {"nothing": open("own.txt").read()}
"#;

const PROCESSES: [&str; 9] =
    ["asked", "beside", "by_name", "child", "in_data", "linked", "listed", "nothing", "opened"];

fn project() -> Space {
    let space = Space::new();
    let names = PROCESSES.iter().chain(&["tool"]);
    let list: String = names.clone().map(|name| format!("      {name}\n")).collect();
    let processes: String = PROCESSES.iter().map(|name| format!("      - name: {name}\n")).collect();
    space.write(
        "expops.yaml",
        format!(
            "scripts: {{main: src/steps.py}}\nexperiment:\n  pipeline:\n    process_adjlist: |\n{list}    processes:\n\
             {processes}      - name: tool\n        command: echo tool >> \"$EXPOPS_PROJECT_ROOT\"/.ran.log; python3 tools/tool.py > {{{{ outputs.r }}}}\n        \
             outputs: {{r: r.txt}}\n"
        ),
    );
    space.write("src/steps.py", [NOTE, SCRIPT].concat());
    space.write("src/query.sql", "select 1");
    space.write("src/plugin_a.py", "VALUE = 1\n");
    space.write("tools/tool.py", "import helper\nprint(helper.VALUE)\n");
    space.write("tools/helper.py", "VALUE = 1\n");
    space.write("config.json", "{}");
    space.write("child.txt", "1");
    space.write("data/t.csv", "1");
    space.write("data/v1.csv", "1");
    space.write("data/v2.csv", "2");
    space.write("notes/a.txt", "1");
    space.write("settings/other", "1");
    link(&space, "v1.csv");
    space
}

fn link(space: &Space, to: &str) {
    let _ = fs::remove_file(space.path("data/newest.csv"));
    std::os::unix::fs::symlink(to, space.path("data/newest.csv")).unwrap();
}

/// Called with an edit, and with what has to run after it.
type Check<'a> = dyn Fn(&dyn Fn(), &[&str]) + 'a;

/// Makes one edit after another; after each, `check` is told which processes read what was edited.
fn edit_one_thing_after_another(space: &Space, check: &Check<'_>) {
    check(&|| space.write("config.json", "{\"a\": 1}"), &["opened"]);
    check(&|| space.write("src/query.sql", "select 2"), &["beside"]);
    check(&|| space.write("data/t.csv", "2"), &["in_data"]);
    check(&|| space.write("notes/b.txt", "1"), &["listed"]);
    check(&|| space.write("notes/a.txt", "2"), &[]);
    check(&|| space.write("settings/flag", "1"), &["asked"]);
    check(&|| space.write("settings/more", "1"), &[]);
    check(&|| space.write("child.txt", "2"), &["child"]);
    check(&|| space.write("src/plugin_a.py", "VALUE = 2\n"), &["by_name"]);
    check(&|| space.write("tools/helper.py", "VALUE = 2\n"), &["tool"]);
    check(&|| space.write("tools/tool.py", "import helper\nprint(helper.VALUE, 1)\n"), &["tool"]);
    space.write("data/v2.csv", "2");
    check(&|| link(space, "v2.csv"), &["linked"]);
    check(&|| space.write("data/v2.csv", "3"), &["linked"]);
    check(&|| space.write("README.md", "nobody reads it"), &[]);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn an_edit_of_what_one_process_reads_runs_that_one_alone() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), PROCESSES.len() + 1);
        space.nothing_to_do(tool);
        let check = |edit: &dyn Fn(), expected: &[&str]| {
            edit();
            assert_eq!(space.ran(tool), expected, "{tool:?}: {}", space.read("build/nothing/record.json"));
            assert_eq!(space.ran(tool), [""; 0], "{tool:?}: once more after {expected:?}");
        };
        edit_one_thing_after_another(&space, &check);
        // That it was not there has been seen before: the result of then comes back.
        check(&|| fs::remove_file(space.path("settings/flag")).unwrap(), &[]);
        assert_eq!(space.read("build/asked/out/asked.json").trim(), "false");
        check(&|| fs::write(space.path("src/plugin_a.py"), "VALUE = 3\n").unwrap(), &["by_name"]);
        assert!(space.read("build/by_name/out/by_name.json").starts_with('3'));
    }
}

/// Where no library can be preloaded, Python tells what it opens; what a program reads that it starts, and a command, counts
/// by folders: more runs than must, never less.
#[test]
fn without_the_library_whoever_reads_an_edited_file_runs_and_only_the_unseen_run_too() {
    const UNSEEN: [&str; 2] = ["child", "tool"];
    for tool in TOOLS {
        let space = project();
        space.set("EXPOPS_PRELOAD", Some("0"));
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), PROCESSES.len() + 1);
        space.nothing_to_do(tool);
        let check = |edit: &dyn Fn(), expected: &[&str]| {
            edit();
            let ran = space.ran(tool);
            assert!(
                expected.iter().all(|name| ran.contains(&(*name).to_owned())),
                "{tool:?}: {expected:?}, {ran:?}"
            );
            let others = ran.iter().filter(|name| !expected.contains(&name.as_str()));
            let surplus: Vec<_> = others.filter(|name| !UNSEEN.contains(&name.as_str())).collect();
            assert!(surplus.is_empty(), "{tool:?}: {surplus:?} after {expected:?}");
            assert_eq!(space.ran(tool), [""; 0], "{tool:?}: once more after {expected:?}");
        };
        edit_one_thing_after_another(&space, &check);
    }
}

/// The root of the file system has an empty name once Ninja has shortened it, and Ninja 1.11 stops at an empty name.
#[test]
fn what_is_looked_for_in_the_root_stops_no_build() {
    for tool in TOOLS {
        let space = Space::new();
        space.write("expops.yaml", of_one("climb"));
        let script = "import os, pathlib\nfrom expops.core import process\n\n@process()\ndef climb():\n    \
                      os.listdir('/')\n    here = pathlib.Path(__file__)\n    \
                      return {'found': [str(p) for p in here.parents if (p / '.no-such-marker').exists()]}\n";
        space.write("s.py", script);
        let ninja = repository().join(".venv/executors/ninja-1.11/bin/ninja");
        space.write("tools/bin/README", "");
        space.link("tools/bin/ninja", ninja.to_str().unwrap());
        space.compile(tool).success();
        space.build(tool, &[]).success();
        space.nothing_to_do(tool);
        assert!(space.read("build/climb/record.json").contains("\"/.no-such-marker\""));
    }
}

/// A result that is known from before comes back by what it has read.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_path_that_is_not_there_is_watched_while_the_folders_above_it_come_and_go() {
    for tool in TOOLS {
        let space = Space::new();
        space.write("expops.yaml", of_one("look"));
        let script = "from pathlib import Path\nfrom expops.core import process\n\nPLACE = Path(__file__).parent / 'tools/a/b/x.txt'\n\n\
                      @process()\ndef look():\n    return {'found': PLACE.exists() and PLACE.read_text()}\n";
        space.write("s.py", script);
        space.write("tools/other", "");
        space.compile(tool).success();
        let holds = |expected: &str| {
            space.build(tool, &[]).success();
            assert_eq!(space.read("build/look/out/found.json"), expected, "{tool:?}");
            space.nothing_to_do(tool);
        };
        holds("false");
        for round in ["\"1\"", "\"2\""] {
            for folder in ["tools/a", "tools/a/b"] {
                space.tick();
                fs::create_dir(space.path(folder)).unwrap();
                holds("false");
            }
            space.write("tools/a/b/x.txt", round.trim_matches('"'));
            holds(round);
            space.tick();
            fs::remove_dir_all(space.path("tools/a")).unwrap();
            holds("false");
        }
    }
}

#[test]
fn what_is_opened_with_the_last_descriptor_counts_too() {
    const SCRIPT: &str = "
import os
from pathlib import Path
from expops.core import process

HERE = Path(__file__).parent

@process()
def look():
    descriptors = []
    while True:
        try:
            descriptors.append(os.open('/dev/null', os.O_RDONLY))
        except OSError:
            break
    os.close(descriptors.pop())
    file = os.open(HERE / 'data/in.txt', os.O_RDONLY)
    text = os.read(file, 9).decode()
    for one in [file, *descriptors]:
        os.close(one)
    return {'text': text}
";
    let space = Space::new();
    space.write("expops.yaml", of_one("look"));
    space.write("s.py", SCRIPT);
    for text in ["1", "2"] {
        space.write("data/in.txt", text);
        space.run("sh", &["-c", "ulimit -n 200; expops run"]).success();
        assert_eq!(space.read("build/look/out/text.json"), format!("\"{text}\""));
    }
}

#[test]
fn what_changes_while_it_runs_is_not_taken_for_what_it_saw() {
    const SCRIPT: &str = "
import os, time
from pathlib import Path
from expops.core import process

HERE = Path(__file__).parent

def seen():
    found = [(HERE / 'conf' / name).exists() for name in ('flag', 'other')]
    listed = sorted(os.listdir(HERE / 'inbox'))
    return [*found, listed, os.path.getsize(HERE / 'conf/sized'), os.path.getsize(HERE / 'conf/same')]

@process()
def look():
    first = seen()
    (HERE / 'own').mkdir(exist_ok=True)
    count = len(os.listdir(HERE / 'own'))
    (HERE / 'own/temporary').write_text('')
    (HERE / 'own/temporary').unlink()
    (HERE / 'ready').touch()
    while not (HERE / 'go').exists():
        time.sleep(0.02)
    return {'seen': [*first, count]}
";
    for tool in TOOLS {
        let space = Space::new();
        space.write("expops.yaml", of_one("look"));
        space.write("s.py", SCRIPT);
        for name in ["conf/other", "conf/sized", "conf/same", "inbox/a"] {
            space.write(name, "1");
        }
        space.compile(tool).success();
        std::thread::scope(|scope| {
            let build = scope.spawn(|| space.build(tool, &[]).success());
            while !space.exists("ready") {
                std::thread::sleep(Duration::from_millis(10));
            }
            for (name, text) in [("conf/flag", ""), ("conf/sized", "22"), ("conf/same", "2"), ("inbox/b", "")]
            {
                space.write(name, text);
            }
            space.write("go", "");
            build.join().unwrap();
        });
        let seen = |flag: bool, inbox: &str, size: u8| format!("[{flag}, true, [{inbox}], {size}, 1, 0]");
        assert_eq!(
            space.read("build/look/out/seen.json").replace(", ", ",").replace(',', ", "),
            seen(false, "\"a\"", 1)
        );
        space.build(tool, &[]).success();
        assert_eq!(
            space.read("build/look/out/seen.json").replace(", ", ",").replace(',', ", "),
            seen(true, "\"a\", \"b\"", 2)
        );
        space.nothing_to_do(tool);
    }
}

/// Whether a worker has imported the library or the instance itself.
#[test]
fn without_the_library_readers_that_go_round_python_count_by_folders() {
    if !crate::space::has_python(&["pyarrow", "polars"]) {
        return;
    }
    for workers in ["1", "0"] {
        let space = Space::new();
        space.set("EXPOPS_PRELOAD", Some("0"));
        space.set("EXPOPS_WORKERS", Some(workers));
        let readers = [
            ("parquet", "pyarrow.parquet", "it.ParquetFile('data/a.parquet').read()"),
            ("csv", "pyarrow.csv", "it.open_csv('data/a.csv').read_all()"),
            ("map", "pyarrow", "it.memory_map('data/a.csv').read()"),
            ("file", "pyarrow", "it.OSFile('data/a.csv').read()"),
            ("system", "pyarrow.fs", "it.LocalFileSystem().open_input_file('data/a.csv').read()"),
            ("sql", "polars", "it.sql(\"select * from read_csv('data/a.csv')\").collect().to_dict()"),
            // It only imports it.
            ("nothing", "pyarrow.parquet", "1"),
        ];
        let name = |(name, ..): &(&'static str, &str, &str)| *name;
        let names = readers.iter().map(name).collect::<Vec<_>>();
        let scripts: String = names.iter().map(|name| format!("  {name}: {name}.py\n")).collect();
        let processes: String =
            names.iter().map(|name| format!("  - {{name: {name}, code: {name}.work}}\n")).collect();
        let yaml = format!(
            "scripts:\n{scripts}process_adjlist: |\n  {}\nprocesses:\n{processes}",
            names.join("\n  ")
        );
        space.write("expops.yaml", yaml);
        for (name, module, expression) in readers {
            let script = format!(
                "import os\nimport {module} as it\n\ndef work():\n    \
                 with open(os.environ['EXPOPS_PROJECT_ROOT'] + '/.ran.log', 'a') as log:\n        \
                 log.write('{name}\\n')\n    return {{'{name}': str({expression})}}\n"
            );
            space.write(&format!("{name}.py"), script);
        }
        let write = |number: &str| {
            space.write("data/a.csv", format!("a\n{number}\n"));
            let code = "import pyarrow.csv as c, pyarrow.parquet as p; p.write_table(c.read_csv('data/a.csv'), 'data/a.parquet')";
            space.run("python3", &["-c", code]).success();
        };
        write("1");
        space.compile(Tool::Ninja).success();
        space.ran(Tool::Ninja);
        space.tick();
        write("2");
        let ran = space.ran(Tool::Ninja);
        let mut wanted: Vec<_> = names[..names.len() - 1].to_vec();
        wanted.sort_unstable();
        assert_eq!(ran, wanted, "workers: {workers}");
        space.nothing_to_do(Tool::Ninja);
    }
}

/// Nobody sees when such a program reads: an edit while it runs may come before or after that.
#[test]
fn what_changes_while_an_unseen_program_runs_is_not_taken_for_what_it_saw() {
    for tool in TOOLS {
        let space = Space::new();
        space.set("EXPOPS_PRELOAD", Some("0"));
        let project = space.path("").display().to_string();
        let command = format!(
            "cat '{project}/data/in.txt' > {{{{ outputs.seen }}}} && touch '{project}/ready' && until [ -e '{project}/go' ]; do sleep 0.02; done"
        );
        let process = json!({"name": "look", "command": command, "outputs": {"seen": "seen"}});
        let pipeline = json!({"process_adjlist": "look", "processes": [process]});
        space.write("expops.yaml", json!({"experiment": {"pipeline": pipeline}}).to_string());
        space.write("data/in.txt", "1");
        space.compile(tool).success();
        std::thread::scope(|scope| {
            let build = scope.spawn(|| space.build(tool, &[]).success());
            while !space.exists("ready") {
                std::thread::sleep(Duration::from_millis(10));
            }
            space.write("data/in.txt", "2");
            space.write("go", "");
            assert!(build.join().unwrap().says("data/in.txt"));
        });
        assert_eq!(space.read("build/look/out/seen"), "1");
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/look/out/seen"), "2");
        space.nothing_to_do(tool);
    }
}

#[test]
fn an_edit_undone_runs_nothing() {
    let space = project();
    space.compile(Tool::Ninja).success();
    space.ran(Tool::Ninja);
    for text in ["2", "3"] {
        space.write("data/t.csv", text);
        assert_eq!(space.ran(Tool::Ninja), ["in_data"]);
    }
    for text in ["1", "3", "2"] {
        space.write("data/t.csv", text);
        assert_eq!(space.ran(Tool::Ninja), [""; 0]);
        assert!(space.read("build/in_data/out/in_data.json").contains(text));
    }
    fs::remove_dir_all(space.path("build/in_data")).unwrap();
    assert_eq!(space.ran(Tool::Ninja), [""; 0]);
}

/// Switching from one tool to the other.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn each_tool_wakes_for_what_the_other_one_has_seen() {
    let space = project();
    TOOLS.iter().for_each(|tool| drop(space.compile(*tool).success()));
    space.ran(Tool::Ninja);
    space.ran(Tool::Make);
    for (tool, text) in [(Tool::Make, "2"), (Tool::Ninja, "3"), (Tool::Ninja, "4"), (Tool::Make, "5")] {
        space.write("config.json", text);
        assert_eq!(space.ran(tool), ["opened"], "{tool:?} {text}");
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_variable_that_the_project_asks_for_is_seen_and_others_are_not() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: steps.py}\nexperiment:\n  pipeline:\n    process_adjlist: |\n      work\n    processes:\n      - name: work\n",
    );
    space.write(
        "steps.py",
        "import os\nfrom expops.core import process\n\n@process()\ndef work():\n    copy = dict(os.environ)\n    \
         return {\"rate\": os.environ.get(\"MY_RATE\", \"none\"), \"home\": os.path.expanduser(\"~\") != \"\"}\n",
    );
    let run = |rate: &str, other: &str| {
        let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
        command.args(["run"]).env("MY_RATE", rate).env("OTHER", other);
        crate::space::Ran::from(command.output().unwrap()).success();
        space.read("build/work/out/rate.json")
    };
    assert!(run("1", "1").contains('1'));
    let record = space.read("build/work/record.json");
    assert!(record.contains("MY_RATE") && !record.contains("OTHER") && !record.contains("HOME"), "{record}");
    assert!(run("2", "1").contains('2'));
}

/// As `load_dotenv` does: what counts is what was there before the process set it.
#[test]
fn a_variable_that_the_process_sets_itself_does_not_run_it_again() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: steps.py}\nprocess_adjlist: work\nprocesses: [{name: work}]\n",
    );
    space.write(
        "steps.py",
        "import os\nfrom expops.core import process\n\nos.environ.setdefault(\"MY_RATE\", \"set\")\n\n@process()\ndef work():\n    \
         os.environ[\"MY_OTHER\"] = \"1\"\n    return {\"rate\": [os.environ[\"MY_RATE\"], os.environ.pop(\"MY_OTHER\")]}\n",
    );
    let run = |rate: Option<&str>| {
        let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
        command.args(["run"]).envs(rate.map(|rate| ("MY_RATE", rate)));
        let ran = crate::space::Ran::from(command.output().unwrap()).success();
        (ran.says("ran in"), space.read("build/work/out/rate.json"))
    };
    let (_, first) = run(None);
    assert!(first.contains("set"), "{first}");
    assert!(!run(None).0);
    let (again, given) = run(Some("given"));
    assert!(again && given.contains("given"), "{given}");
    assert!(!run(Some("given")).0);
    assert!(run(None).1.contains("set"));
}

/// SQLite and `numpy.memmap` open what they only read to read and to write.
#[test]
fn a_file_that_could_have_been_written_to_counts_as_read() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: steps.py}\nprocess_adjlist: work\nprocesses: [{name: work}]\n",
    );
    space.write("data/x.bin", "1");
    let script = |body: &str| {
        let head = "import os\nfrom expops.core import process\n\n@process()\ndef work():\n    ";
        space
            .write("steps.py", format!("{head}with open(\"data/x.bin\", \"r+\") as file:\n        {body}\n"));
    };
    script("return {\"x\": file.read()}");
    space.expops(&["run"]).success();
    assert!(space.expops(&["run"]).success().says("no work to do"));
    space.write("data/x.bin", "2");
    space.expops(&["run"]).success();
    assert!(space.read("build/work/out/x.json").contains('2'));
    script("x = file.read(); file.write(x); return {\"x\": x}");
    assert!(space.expops(&["run"]).success().says("changed while it ran"));
    assert!(space.expops(&["run"]).success().says("changed while it ran"));
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn what_is_written_beside_the_outputs_is_told_once_in_a_layer() {
    for tool in TOOLS {
        let space = Space::new();
        space.write(
            "expops.yaml",
            "scripts: {main: steps.py}\nprocess_adjlist: |\n  cut fit\n  alone\nprocesses:\n  \
             - {name: cut, data_parallelism: {size: 3}}\n  - {name: fit}\n  \
             - {name: alone, command: 'echo > beside.txt; echo > {{ outputs.x }}', outputs: {x: x}, export: made.txt}\n",
        );
        space.write(
            "steps.py",
            "import os\nimport pathlib\nfrom expops.core import process\n\nROOT = pathlib.Path(os.environ['EXPOPS_PROJECT_ROOT'])\n\n\
             @process()\ndef cut():\n    (ROOT / '.cache').write_text('its own')\n    return [1, 2, 3]\n\n\
             @process()\ndef fit(data):\n    (ROOT / f'first{data[0]}.txt').write_text('1')\n    \
             (ROOT / f'second{data[0]}.txt').write_text('2')\n    pathlib.Path('own.txt').write_text('3')\n    \
             gone = ROOT / 'gone.txt'\n    gone.write_text('')\n    gone.unlink(missing_ok=True)\n    return {'x': 1}\n",
        );
        space.compile(tool).success();
        let built = space.build(tool, &["-j1"]).success();
        assert!(
            built.says("warning: fit p1: wrote `first1.txt` and 1 more, which are not among its outputs")
        );
        assert!(built.says("warning: alone: wrote `beside.txt`, which is not among its outputs"));
        assert!(!built.says("fit p2: wrote") && !built.says("cut: wrote") && !built.says("made.txt,"));
        assert!(!space.build(tool, &[]).success().says("wrote"), "nothing ran");
    }
}

/// What expops keeps for the time of a build is nobody's to read, wherever temporary files go; and a variable that the
/// runtime itself sets is asked for in vain.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn what_expops_itself_does_is_no_read() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: steps.py}\nexperiment:\n  pipeline:\n    process_adjlist: |\n      work\n    processes:\n      - name: work\n",
    );
    space.write(
        "steps.py",
        "import os\nfrom expops.core import process\n\n@process()\ndef work():\n    with open(os.environ[\"EXPOPS_PROJECT_ROOT\"] + \"/.ran.log\", \"a\") as log:\n        log.write(\"work\\n\")\n    return {\"threads\": os.environ.get(\"NUMBA_NUM_THREADS\")}\n",
    );
    fs::create_dir(space.path("temporary")).unwrap();
    for _ in 0..3 {
        let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
        let ran = command.args(["run"]).env("TMPDIR", space.path("temporary")).output().unwrap();
        assert!(!crate::space::Ran::from(ran).success().says("warning"));
    }
    assert_eq!(space.logged(), ["work"]);
}

/// What a process prints can be kept out of the cache; a result that comes from there then has no log.
#[test]
fn a_log_can_be_kept_out_of_the_cache() {
    let space = Space::new();
    let process = |name: &str, more: &str| format!("      - {{name: {name}, code: {name}{more}}}\n");
    let processes = process("open", "") + &process("quiet", ", cache_log: false");
    space.write(
        "expops.yaml",
        format!("scripts: {{main: steps.py}}\nexperiment:\n  pipeline:\n    process_adjlist: |\n      open\n      quiet\n    processes:\n{processes}"),
    );
    space.write(
        "steps.py",
        "from expops.core import process\n\n@process()\ndef open():\n    print('a word')\n    return {\"x\": 1}\n\n\
         @process()\ndef quiet():\n    print('a word')\n    return {\"x\": 2}\n",
    );
    space.set("EXPOPS_CACHE_DIR", space.path("cache").to_str());
    space.expops(&["run"]).success();
    assert!(space.read("build/quiet/log").contains("a word"));
    fs::remove_dir_all(space.path("build")).unwrap();
    space.expops(&["run"]).success();
    assert!(space.read("build/open/log").contains("a word"), "it came from the cache");
    assert!(!space.exists("build/quiet/log"));
    assert_eq!(space.read("build/quiet/out/x.json").trim(), "2");
}

/// A linked list of paths is right here only; what an entry of a shared cache brings must be right elsewhere.
#[test]
fn a_file_that_names_its_checkout_stays_out_of_a_shared_cache() {
    let spaces = [Space::new(), Space::new()];
    let cache = spaces[0].path("cache");
    let ran = spaces.each_ref().map(|space| {
        space.write("expops.yaml", of_one("work"));
        let script = "import os\nfrom pathlib import Path\nfrom expops.core import process\n\n@process()\ndef work():\n    \
                      Path('list.txt').write_text(os.environ['EXPOPS_PROJECT_ROOT'] + '/data/a.csv')\n    \
                      Path('own.txt').write_text('data/a.csv')\n    \
                      return {'list': Path('list.txt'), 'own': Path('own.txt')}\n";
        space.write("s.py", script);
        space.set("EXPOPS_CACHE_DIR", cache.to_str());
        space.expops(&["run"]).success()
    });
    for (space, ran) in spaces.iter().zip(&ran) {
        assert!(
            ran.says("1 ran") && ran.says("`list/list.txt` holds an absolute path"),
            "{}{}",
            ran.out,
            ran.err
        );
        let root = space.path("").display().to_string();
        assert!(space.read("build/work/out/list/list.txt").starts_with(root.trim_end_matches('/')));
    }
}

#[test]
fn a_metric_that_names_the_checkout_is_an_error() {
    let space = Space::new();
    space.write("expops.yaml", of_one("work"));
    space.write(
        "s.py",
        "import os\nfrom expops.core import log_metric, process\n\n@process()\ndef work():\n    \
         log_metric('where', os.environ['EXPOPS_PROJECT_ROOT'] + '/x')\n    return {'y': 1}\n",
    );
    let ran = space.expops(&["run"]).failure();
    assert!(ran.says("a metric holds the path"), "{}", ran.err);
}

/// What the system owns does not count, but a project that lies there does: `/usr/src/app`, `/dev/shm`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_project_in_a_folder_of_the_system_is_watched() {
    let Some(above) = ["/usr/src", "/dev/shm"]
        .map(std::path::Path::new)
        .into_iter()
        .find(|path| tempfile::tempdir_in(path).is_ok())
    else {
        return;
    };
    let space = Space::within(above);
    space.write(
        "expops.yaml",
        "scripts: {main: steps.py}\nexperiment:\n  pipeline:\n    process_adjlist: |\n      work\n    processes:\n      - name: work\n",
    );
    space.write(
        "steps.py",
        "import os\nfrom expops.core import process\n\n@process()\ndef work():\n    \
         return {\"x\": open(os.environ[\"EXPOPS_PROJECT_ROOT\"] + \"/conf/x\").read()}\n",
    );
    for text in ["1", "2"] {
        space.write("conf/x", text);
        space.expops(&["run"]).success();
        assert!(space.read("build/work/out/x.json").contains(text));
    }
}

const ROUNDABOUT: &str = r#"
import ctypes
import os
import subprocess
import sys

import tool_and_module
from expops.core import process

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IN = os.path.join(ROOT, "in")

@process()
def by_link():
    ran("by_link")
    os.symlink(IN + "/linked", "here")
    return {"x": open("here/x.txt").read() + str(sorted(os.listdir("here")))}

@process()
def by_hard_link():
    ran("by_hard_link")
    os.link(IN + "/hard.txt", "here")
    return {"x": open("here").read()}

@process()
def is_folder():
    ran("is_folder")
    return {"x": os.path.isdir(IN + "/folder")}

@process()
def leads_to():
    ran("leads_to")
    return {"x": os.readlink(IN + "/current")}

@process()
def leads_nowhere():
    ran("leads_nowhere")
    return {"x": os.readlink(IN + "/nowhere")}

@process()
def child():
    ran("child")
    there = tool_and_module.NAME + os.path.join(ROOT, "src", "tool_and_module.py")
    return {"x": subprocess.check_output([sys.executable, there], text=True)}

@process()
def library():
    ran("library")
    return {"x": ctypes.CDLL(IN + "/libfast.so").fast()}

@process()
def optional():
    ran("optional")
    sys.path.insert(0, IN + "/plugins")
    try:
        import plugin_x
        return {"x": plugin_x.VALUE}
    except ImportError:
        return {"x": 0}

@process()
def vendored():
    ran("vendored")
    sys.path.insert(0, IN + "/site-packages")
    import vendored_x
    return {"x": vendored_x.VALUE}

@process()
def shell():
    ran("shell")
    os.environ.pop("LD_PRELOAD", None)
    os.system("cat '" + IN + "/shell.txt' > here")
    return {"x": open("here").read()}

@process()
def odd_name():
    ran("odd_name")
    return {"x": open(IN + "/odd/a (1)|it's; \n \\.csv").read()}
"#;

const ROUNDABOUT_WAYS: [&str; 11] = [
    "by_hard_link",
    "by_link",
    "child",
    "is_folder",
    "leads_nowhere",
    "leads_to",
    "library",
    "odd_name",
    "optional",
    "shell",
    "vendored",
];

/// Its name cannot be written in a build file.
const ODD: &str = "in/odd/a (1)|it's; \n \\.csv";

/// The text of a module that can also be run, and prints `number` then.
fn runnable(number: u8) -> String {
    format!("NAME = ''\n\nif __name__ == '__main__':\n    print({number})\n")
}

/// Makes a library whose function returns `number`.
fn make_library(space: &Space, number: u8) {
    space.write("fast.c", format!("int fast(void) {{ return {number}; }}\n"));
    space.run("cc", &["-shared", "-fPIC", "-o", "fast.new", "fast.c"]).success();
    fs::rename(space.path("fast.new"), space.path("in/libfast.so")).unwrap();
}

fn roundabout() -> Space {
    let space = Space::new();
    let list: String = ROUNDABOUT_WAYS.iter().map(|name| format!("    {name}\n")).collect();
    let processes: String = ROUNDABOUT_WAYS.iter().map(|name| format!("    - name: {name}\n")).collect();
    let head = "scripts: {main: src/steps.py}\npipeline:\n  process_adjlist: |\n";
    space.write("expops.yaml", format!("{head}{list}  processes:\n{processes}"));
    space.write("src/steps.py", [NOTE, ROUNDABOUT].concat());
    for name in ["linked/x.txt", "hard.txt", "folder/x", "v1/x", "v2/x", "plugins/other.py", "shell.txt"] {
        space.write(&format!("in/{name}"), "1");
    }
    space.write(ODD, "1");
    space.write("in/site-packages/vendored_x.py", "VALUE = 1\n");
    space.write("src/tool_and_module.py", runnable(1));
    make_library(&space, 1);
    space.link("in/current", "v1");
    space.link("in/nowhere", "v8");
    space
}

/// What is read by a roundabout way: through a link or another name that the process made, by the loader of libraries, by a
/// program that runs a module of the project, as a folder, under a name that the build tool cannot write.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn what_is_read_by_roundabout_ways_is_seen() {
    for tool in TOOLS {
        let space = roundabout();
        space.compile(tool).success();
        assert_eq!(space.ran(tool), ROUNDABOUT_WAYS);
        space.nothing_to_do(tool);
        let check = |edit: &dyn Fn(), expected: &[&str]| {
            edit();
            // What a program reads that cannot be watched counts by folders, also while another makes a link to a file there.
            let is_meant = |name: &String| name != "shell" || expected.contains(&"shell");
            let ran = || -> Vec<_> { space.ran(tool).into_iter().filter(is_meant).collect() };
            assert_eq!(ran(), expected, "{tool:?}");
            assert_eq!(ran(), [""; 0], "{tool:?}: once more after {expected:?}");
        };
        check(&|| space.write("in/linked/x.txt", "2"), &["by_link"]);
        check(&|| space.write("in/linked/y.txt", "1"), &["by_link"]);
        check(&|| space.write("in/hard.txt", "2"), &["by_hard_link"]);
        check(&|| space.write("in/folder/y", "1"), &[]);
        check(&|| fs::remove_dir_all(space.path("in/folder")).unwrap(), &["is_folder"]);
        check(&|| space.link("in/current", "v2"), &["leads_to"]);
        check(&|| space.link("in/nowhere", "v9"), &["leads_nowhere"]);
        check(&|| space.write("src/tool_and_module.py", runnable(2)), &["child"]);
        check(&|| make_library(&space, 2), &["library"]);
        check(&|| space.write("in/plugins/unrelated.py", "VALUE = 1\n"), &[]);
        let plug_in = || {
            space.write("in/plugins/plugin_x.py", "VALUE = 1\n");
            space.compile(tool).success();
        };
        check(&plug_in, &["optional"]);
        check(&|| space.write("in/site-packages/vendored_x.py", "VALUE = 2\n"), &["vendored"]);
        check(&|| space.write("in/shell.txt", "2"), &["shell"]);
        check(&|| space.write(ODD, "2"), &["odd_name"]);
    }
}

/// Every way in which a process, or what it starts, asks for a variable: `NAME` stands for the name of the way.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ASKS: &[(&str, &str)] = &[
    (
        "fork",
        "r, w = os.pipe()\n    if os.fork() == 0:\n        os.write(w, ask('NAME').encode())\n        os._exit(0)\n    os.wait()\n    return os.read(r, 99).decode()",
    ),
    (
        "fork_pool",
        "with multiprocessing.get_context('fork').Pool(1) as pool:\n        return pool.map(os.getenv, ['NAME'])[0]",
    ),
    (
        "fork_executor",
        "with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('fork')) as pool:\n        return pool.submit(ask, 'NAME').result()",
    ),
    (
        "spawn",
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n        return pool.apply(helper.spawned)",
    ),
    ("tool", "return printed([sys.executable, ROOT + '/stuff/tool.py'])"),
    ("helper_of_tool", "return printed([sys.executable, ROOT + '/stuff/tool_2.py'])"),
    ("script", "return printed(['sh', ROOT + '/stuff/x.sh'])"),
    ("executable", "return printed([ROOT + '/stuff/run'])"),
    ("inline", "return printed([sys.executable, '-c', 'import os; print(os.environ[\"NAME\"])'])"),
    ("shell", "return printed('echo $NAME', shell=True)"),
    ("system", "os.system('echo ${NAME:-none} > out')\n    return open('out').read()"),
    ("unseen", "return printed('LD_PRELOAD= sh ' + shlex.quote(ROOT + '/stuff/unseen.sh'), shell=True)"),
    ("thread", "with ThreadPoolExecutor(1) as pool:\n        return pool.submit(os.getenv, 'NAME').result()"),
    ("chained", "return ChainMap(os.environ, {'NAME': 'none'})['NAME']"),
    ("template", "return string.Template('$NAME').safe_substitute(os.environ)"),
    ("partial", "return functools.partial(os.environ.get, 'NAME')()"),
    ("dispatched", "return functools.singledispatch(lambda name: os.environ[name])('NAME')"),
    ("executed", "return eval('os.environ[\"NAME\"]')"),
    ("_underscore", "return os.environ['NAME']"),
    ("LD_SCALE", "return os.environ['NAME']"),
    ("PYTHON_ENV", "return os.environ['NAME']"),
    ("macos", "return asked_by_macos()"),
    ("from_copy", "return os.environ.copy()['NAME']"),
    ("from_spread", "return {**os.environ}['NAME']"),
    ("in_list", "return [os.environ.get(name) for name in os.environ if name == 'NAME']"),
    ("prefix_1", "return dict(beginning('X_PREFIX_'))['NAME']"),
    ("start_1", "return {k: v for k, v in os.environ.items() if k.startswith('X_START_')}['NAME']"),
];

/// Copies of the environment, and what only a library asks for.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ASKS_NOT: [(&str, &str); 3] = [
    ("copied", "return sorted(set(dict(os.environ)) - set(os.environ.copy()))"),
    ("passed", "return printed(['true'], env={**os.environ})"),
    ("home", "return [os.environ[name] for name in ('HOME', 'PATH', 'LD_PRELOAD', 'PYTHONPATH')] and 0"),
];

#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ASKS_HEAD: &str = r#"
import functools, multiprocessing, os, shlex, string, subprocess, sys
from collections import ChainMap
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import helper
from expops.core import process
from helper import ask
from macos import asked as asked_by_macos

ROOT = os.environ["EXPOPS_PROJECT_ROOT"]

def beginning(prefix):
    return [(name, value) for name, value in os.environ.items() if name.startswith(prefix)]

def printed(words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, **more).stdout
"#;

/// The variable for a way to ask.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn variable_of(way: &str) -> String {
    if way.starts_with(|c: char| c.is_ascii_lowercase()) {
        format!("X_{}", way.to_uppercase())
    } else {
        way.to_owned()
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn asking() -> Space {
    use std::os::unix::fs::PermissionsExt as _;
    let space = Space::new();
    let ways = || ASKS.iter().chain(&ASKS_NOT);
    let list: String = ways().map(|(way, _)| format!("  {way}\n")).collect();
    let processes: String = ways().map(|(way, _)| format!("  - name: {way}\n")).collect();
    let command = |name: &str, text: &str| {
        format!("  - {{name: {name}, command: '{text} > {{{{ outputs.x }}}}', outputs: {{x: x}}}}\n")
    };
    let commands =
        command("of_python", "python3 stuff/of_python.py") + &command("of_shell", "sh stuff/of_shell.sh");
    space.write(
        "expops.yaml",
        format!("scripts: {{main: src/steps.py}}\nprocess_adjlist: |\n{list}  of_python\n  of_shell\nprocesses:\n{processes}{commands}"),
    );
    let functions: String = ways()
        .map(|(way, body)| {
            let body = body.replace("NAME", &variable_of(way));
            format!("\ndef {way}_():\n    {body}\n\n@process()\ndef {way}():\n    ran('{way}')\n    return {{'{way}': {way}_()}}\n")
        })
        .collect();
    space.write("src/steps.py", [ASKS_HEAD, NOTE, &functions].concat());
    space.write("src/helper.py", "import os\n\ndef ask(name):\n    return os.environ.get(name, '')\n\ndef spawned():\n    return os.environ.get('X_SPAWN')\n");
    space.write("src/macos.py", "import os\n\ndef asked():\n    return os.getenv('X_MACOS')\n");
    space.write("stuff/tool.py", "import os\nprint(os.environ.get('X_TOOL'))\n");
    space.write("stuff/tool_2.py", "import of_tool\n");
    space.write("stuff/of_tool.py", "import os\nenv = os.environ\nprint(env['X_HELPER_OF_TOOL'])\n");
    space.write("stuff/x.sh", "echo $X_SCRIPT\n");
    space.write("stuff/unseen.sh", "echo $X_UNSEEN\n");
    space.write("stuff/run", "#!/bin/sh\necho ${X_EXECUTABLE}\n");
    fs::set_permissions(space.path("stuff/run"), fs::Permissions::from_mode(0o755)).unwrap();
    space.write("stuff/of_python.py", "import os\nprint(os.getenv('X_OF_PYTHON'))\n");
    space.write("stuff/of_shell.sh", "echo $X_OF_SHELL\n");
    space
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_variable_is_seen_whoever_of_the_project_asks_for_it() {
    let space = asking();
    let asked: Vec<&str> = ASKS.iter().map(|(way, _)| *way).chain(["of_python", "of_shell"]).collect();
    for way in &asked {
        space.set(&variable_of(way), Some("secret 1"));
    }
    space.expops(&["run"]).success();
    for way in &asked {
        let (variable, record) = (variable_of(way), space.read(&format!("build/{way}/record.json")));
        let variable =
            variable.strip_suffix('1').map_or_else(|| variable.clone(), |start| format!("{start}*"));
        assert!(record.contains(&format!("\"{variable}\"")), "{way}: {record}");
        assert!(!record.contains("secret"), "{record}");
    }
    for (way, _) in ASKS_NOT {
        let record = space.read(&format!("build/{way}/record.json"));
        assert!(!record.contains("\"variable\""), "{way}: {record}");
    }
    assert!(space.expops(&["run"]).success().says("no work to do"));
    fs::remove_file(space.path(".ran.log")).unwrap();
    for way in &asked {
        space.set(&variable_of(way), Some("secret 2"));
    }
    space.expops(&["run"]).success();
    let ways = ASKS.iter().map(|(way, _)| *way);
    let mut expected: Vec<&str> = ways.clone().collect();
    expected.sort_unstable();
    assert_eq!(space.logged(), expected);
    for way in ways {
        assert!(space.read(&format!("build/{way}/out/{way}.json")).contains("secret 2"), "{way}");
    }
    for way in ["of_python", "of_shell"] {
        assert_eq!(space.read(&format!("build/{way}/out/x")).trim(), "secret 2");
    }
    fs::remove_file(space.path(".ran.log")).unwrap();
    space.set("X_START_2", Some("set later"));
    space.expops(&["run"]).success();
    // Of a program that nobody watches, all texts count that it may have read.
    assert_eq!(space.logged(), ["start_1", "unseen"]);
}

/// Where nobody watches programs, the words of a command tell what it reads, also below the variable that names the project.
#[test]
fn without_the_library_a_file_in_the_words_of_a_command_is_seen() {
    let space = Space::new();
    space.set("EXPOPS_PRELOAD", Some("0"));
    space.write(
        "expops.yaml",
        "process_adjlist: |\n  plain\n  braces\nprocesses:\n  \
         - {name: plain, command: 'awk -f \"$EXPOPS_PROJECT_ROOT/p.awk\" > {{ outputs.x }}', outputs: {x: x}}\n  \
         - {name: braces, command: 'awk -f \"${EXPOPS_PROJECT_ROOT}/p.awk\" > {{ outputs.x }}', outputs: {x: x}}\n",
    );
    for text in ["1", "2"] {
        space.write("p.awk", format!("BEGIN {{ print {text} }}\n"));
        space.expops(&["run"]).success();
        for name in ["plain", "braces"] {
            assert_eq!(space.read(&format!("build/{name}/out/x")).trim(), text, "{name}");
        }
        assert!(space.expops(&["run"]).success().says("no work to do"));
    }
}

/// Where nobody watches programs, what those could have read names what they could have asked for.
#[test]
fn without_the_library_forks_and_scripts_are_seen_to_ask_for_variables() {
    let space = Space::new();
    space.set("EXPOPS_PRELOAD", Some("0"));
    space.write(
        "expops.yaml",
        "scripts: {main: src/steps.py}\nprocess_adjlist: |\n  fork\n  tool\nprocesses: [{name: fork}, {name: tool}]\n",
    );
    space.write(
        "src/steps.py",
        "import multiprocessing, os, subprocess, sys\nfrom expops.core import process\n\nHERE = os.path.dirname(__file__)\n\n\
         @process()\ndef fork():\n    with multiprocessing.get_context('fork').Pool(1) as pool:\n        \
         return {'fork': pool.map(os.getenv, ['X_FORK'])}\n\n\
         @process()\ndef tool():\n    return {'tool': subprocess.check_output([sys.executable, HERE + '/tool.py'], text=True)}\n",
    );
    space.write("src/tool.py", "import os\nprint(os.environ['X_TOOL'])\n");
    for value in ["1", "2"] {
        for name in ["X_FORK", "X_TOOL"] {
            space.set(name, Some(value));
        }
        space.expops(&["run"]).success();
        for name in ["fork", "tool"] {
            assert!(space.read(&format!("build/{name}/out/{name}.json")).contains(value), "{name}");
        }
        assert!(space.expops(&["run"]).success().says("no work to do"));
    }
}
