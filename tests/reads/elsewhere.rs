//! What an instance finds in the build folder, in the project's own folder and outside of the project.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use crate::space::{Space, Tool};

/// A project of which `second` does `body` with the folder of the project, `root`, after `first`; `joined` comes before it, and is
/// its input.
fn looks_into_the_build(body: &str) -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: steps.py}\nprocess_adjlist: |\n  first\n  joined second\nprocesses:\n  - {name: first}\n  - {name: joined}\n  \
         - {name: second}\n",
    );
    space.write(
        "steps.py",
        format!(
            "import glob, os, pathlib, sqlite3, subprocess\nfrom expops.core import process\n\n\
             @process()\ndef first():\n    return {{\"x\": 1}}\n\n\
             @process()\ndef joined():\n    path = pathlib.Path('x.db')\n    base = sqlite3.connect(path)\n    \
             base.execute('create table t (x)')\n    base.close()\n    return {{'base': path}}\n\n\
             @process()\ndef second(base):\n    root = os.environ[\"EXPOPS_PROJECT_ROOT\"]\n    return {{\"y\": len(str({body}))}}\n"
        ),
    );
    space
}

#[test]
fn a_result_that_is_no_input_is_an_error_that_says_so() {
    let of_another = "`build/first/out/x.json`, a result of another process";
    for (body, said) in [
        ("open(root + '/build/first/out/x.json').read()", format!("it read {of_another}")),
        ("os.path.exists(root + '/build/first/out/x.json')", format!("it looked up {of_another}")),
        ("os.stat(root + '/build/first/out/x.json').st_size", format!("it looked up {of_another}")),
        ("os.path.isdir(root + '/build/first')", "it looked up `build/first`".to_owned()),
        ("os.listdir(root + '/build/first/out')", "it listed `build/first/out`".to_owned()),
        ("glob.glob(root + '/build/*/out/x.json')", "it listed `build`".to_owned()),
        ("subprocess.getoutput(f'ls \"{root}/build/first\"')", "it looked up `build/first`".to_owned()),
        ("os.listdir(root + '/build/joined')", "it listed `build/joined`".to_owned()),
        ("os.path.exists(root + '/build/first/none')", "it looked for `build/first/none`".to_owned()),
    ] {
        let space = looks_into_the_build(body);
        let failed = space.expops(&["run", "-j1"]).failure();
        assert!(failed.says(&said), "{body}: {}{}", failed.out, failed.err);
    }
}

/// Who takes such a value reads the file when nobody has said that it is another.
#[test]
fn a_value_that_names_what_its_process_wrote_elsewhere_is_an_error() {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("part.txt");
    let ran = |kept: &str| {
        let space = looks_into_the_build(&format!("pathlib.Path({file:?}).write_text('1')"));
        space.edit("steps.py", "    return {\"y\":", &format!("    return {{\"z\": [{kept}], \"y\":"));
        space.expops(&["run"])
    };
    assert!(ran(&format!("{file:?}")).failure().says("`z` holds the path"));
    ran("1").success();
}

/// A bare `ninja` does not know of it: every build writes into that folder.
#[test]
fn a_list_of_the_projects_own_folder_is_a_read() {
    let space = looks_into_the_build("sorted(glob.glob(root + '/*.csv'))");
    space.expops(&["run"]).success();
    for change in ["a.csv", "other"] {
        space.write(change, "1");
        assert!(!space.expops(&["run"]).success().says("no work to do"), "{change}");
        assert!(space.expops(&["run"]).success().says("no work to do"), "{change}");
    }
    space.compile(Tool::Make).success();
    space.build(Tool::Make, &[]).success();
    space.nothing_to_do(Tool::Make);
    assert!(space.expops(&["run"]).success().says("no work to do"));
    assert!(space.expops(&["explain", "second"]).success().says("is up to date"));
}

/// Nobody asked for what is there: it is told, and what is read there is an error nevertheless.
#[test]
fn a_walk_through_the_project_comes_by_the_build_folder() {
    for walk in [
        "list(pathlib.Path(root).rglob('*.txt'))",
        "subprocess.getoutput(f'find \"{root}\" -name \"*.txt\"')",
    ] {
        let space = looks_into_the_build(walk);
        space.write("notes/a.txt", "1");
        let ran = space.expops(&["run"]).success();
        assert!(ran.says("second: went through `build` on its way"), "{walk}: {}{}", ran.out, ran.err);
        assert!(space.expops(&["run"]).success().says("no work to do"), "{walk}");
        space.write("notes/b.txt", "1");
        space.expops(&["run"]).success();
        let length = space.read("build/second/out/y.json");
        space.expops(&["run", "--force", "second"]).success();
        assert_eq!(space.read("build/second/out/y.json"), length, "{walk}");
        assert!(space.expops(&["run"]).success().says("no work to do"), "{walk}");
    }
    let space = looks_into_the_build("[path.read_bytes() for path in pathlib.Path(root).rglob('*.json')]");
    let failed = space.expops(&["run", "-j1"]).failure();
    assert!(failed.says("a result of another process that is no input"), "{}{}", failed.out, failed.err);
}

/// On the way to its own folder and to its inputs, beside these, and where no result can be.
#[test]
fn what_is_looked_up_on_the_way_is_no_result() {
    for body in [
        "pathlib.Path(base).resolve()",
        "[above.is_dir() for above in pathlib.Path(base).parents]",
        "[above.is_dir() for above in pathlib.Path.cwd().parents]",
        "sqlite3.connect(base).execute('select * from t').fetchall()",
        "os.path.exists(str(base) + '-wal')",
        "sorted(os.listdir(os.path.dirname(base)))",
        "os.path.isdir(root + '/build')",
        "os.path.exists(root + '/build/__init__.py')",
        "os.makedirs(root + '/build/own', exist_ok=True)",
        "[name for name in os.listdir(root) if name == 'data']",
    ] {
        let space = looks_into_the_build(&format!("bool({body})"));
        space.expops(&["run"]).success();
        assert!(space.expops(&["run"]).success().says("no work to do"), "{body}");
        space.expops(&["run", "--force", "second"]).success();
    }
}
