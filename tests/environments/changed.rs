//! What somebody changes in an environment that a build made.

use std::fs;
use std::os::unix::fs::symlink;

use super::{VENV, stand_in};
use crate::space::{Space, TOOLS, Tool, repository};

/// A wheel of the package `tiny`, whose list of files says of one that it has another content.
const WHEEL: &str = "
import base64, hashlib, zipfile
info = 'tiny-1.0.dist-info/'
files = {'tiny.py': 'VERSION = 1\\n', 'odd.py': 'x = 1\\n',
         info + 'METADATA': 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n',
         info + 'WHEEL': 'Wheel-Version: 1.0\\nGenerator: a test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}
def line(name, text):
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()
    return f'{name},sha256={digest},{len(text)}\\n'
listed = {**files, 'odd.py': 'something else'}
files[info + 'RECORD'] = ''.join(line(*file) for file in listed.items()) + info + 'RECORD,,\\n'
with zipfile.ZipFile('tiny-1.0-py3-none-any.whl', 'w') as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
";

const TOLD: &str = "environment main-env";

/// A project that uses the package by a function and by a command.
fn project() -> Space {
    let space = super::project("./tiny-1.0-py3-none-any.whl\n");
    space.set("PIP_NO_INDEX", Some("1"));
    space.set("UV_OFFLINE", Some("1"));
    space.run("python3", &["-c", WHEEL]).success();
    space.edit(
        "src/model.py",
        "import six\n        version = six.__version__",
        "import tiny\n        version = tiny.VERSION",
    );
    space
}

/// The folder of packages, from the project.
fn packages(space: &Space) -> String {
    let list = format!("echo {VENV}/lib/python3*/site-packages");
    space.run("sh", &["-c", &list]).success().out.trim().to_owned()
}

/// How often instances run in one `expops run`, and what it says.
fn run(space: &Space) -> (usize, String) {
    let _ = fs::remove_file(space.path(".ran.log"));
    let ran = space.expops(&["run"]).success();
    (space.logged().len(), ran.err)
}

#[test]
fn is_made_again_by_the_same_run() {
    let space = project();
    assert_eq!(run(&space).0, 2);
    let packages = packages(&space);
    let file = |name: &str| space.path(&format!("{packages}/{name}"));
    let python = space.path(&format!("{VENV}/bin/python"));
    let interpreter = fs::read_link(&python).unwrap();
    let damages: [(&str, &dyn Fn()); 6] = [
        ("`tiny.py` was changed", &|| fs::write(file("tiny.py"), "VERSION = 9\n").unwrap()),
        ("`tiny.py` is lost", &|| fs::remove_file(file("tiny.py")).unwrap()),
        ("`tiny-1.0.dist-info/RECORD` is lost", &|| fs::remove_dir_all(file("tiny-1.0.dist-info")).unwrap()),
        ("`numbers.py` was added", &|| fs::write(file("numbers.py"), "").unwrap()),
        ("its interpreter is lost", &|| {
            fs::remove_file(&python).unwrap();
            symlink("/nowhere/python3", &python).unwrap();
        }),
        ("its interpreter is lost", &|| {
            fs::remove_file(&python).unwrap();
            fs::write(&python, "junk").unwrap();
        }),
    ];
    for (what, damage) in damages {
        space.tick();
        damage();
        assert!(space.expops(&["status"]).success().says(&format!("{TOLD} would be made: {what}")), "{what}");
        assert!(space.expops(&["explain", "ask"]).success().says(what), "{what}");
        // It is as it was: nothing that a process could observe has changed.
        let (count, said) = run(&space);
        assert!(said.contains(&format!("{TOLD}: {what}")), "{what}: {said}");
        assert_eq!(count, 0, "{what}: {said}");
        assert_eq!(space.read(&format!("{packages}/tiny.py")), "VERSION = 1\n");
        assert_eq!(fs::read_link(&python).unwrap(), interpreter);
        assert!(!space.expops(&["status"]).success().says(TOLD));
    }
    // What runs from now on has the package that it asks for.
    fs::write(file("tiny.py"), "VERSION = 9\n").unwrap();
    space.edit("src/model.py", "= tiny.VERSION", "= tiny.VERSION + 1");
    assert_eq!(run(&space).0, 1);
    assert_eq!(space.read("build/ask/out/six.json").trim(), "2");
}

/// A file that is never as its package's list says, what Python compiles, and what was only touched.
#[test]
fn what_is_as_it_was_right_after_the_making_makes_nothing_again() {
    let space = project();
    assert_eq!(run(&space).0, 2);
    let packages = packages(&space);
    let made = space.time(&format!("{VENV}/pyvenv.cfg"));
    space.tick();
    space.run(&format!("{VENV}/bin/python"), &["-c", "import odd, tiny"]).success();
    assert!(space.exists(&format!("{packages}/__pycache__")));
    let text = space.read(&format!("{packages}/tiny.py"));
    space.write(&format!("{packages}/tiny.py"), text);
    assert!(!space.expops(&["status"]).success().says(TOLD));
    for command in ["compile", "run"] {
        let ran = space.expops(&[command]).success();
        assert!(!ran.says("made again"), "{}", ran.err);
    }
    assert_eq!(space.time(&format!("{VENV}/pyvenv.cfg")), made);
}

#[test]
fn compiling_has_a_bare_build_tool_make_it_again() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), 2);
        let packages = packages(&space);
        space.tick();
        fs::write(space.path(&format!("{packages}/tiny.py")), "VERSION = 9\n").unwrap();
        assert!(space.compile(tool).success().says(&format!("{TOLD}: `tiny.py` was changed")));
        assert_eq!(space.ran(tool), [""; 0], "{tool:?}");
        assert_eq!(space.read(&format!("{packages}/tiny.py")), "VERSION = 1\n");
        space.nothing_to_do(tool);
    }
}

/// Without `expops run`, what fails says why, and the next build makes it again. A command does not take another Python.
#[test]
fn a_bare_build_tool_tells_of_it_when_something_fails() {
    for tool in TOOLS {
        let space = project();
        space.write("knob", "1");
        space.edit(
            "src/model.py",
            "    return {",
            "    import odd\n    return {'knob': open(os.environ['EXPOPS_PROJECT_ROOT'] + '/knob').read(), ",
        );
        space.edit("expops.yaml", "import sys;", "import odd, sys;");
        space.edit("expops.yaml", "echo ran", "cat knob; echo ran");
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), 2);
        for (damage, what) in [
            ("/bin/* -r", "the interpreter of its environment `main-env` is lost"),
            ("/lib/python3*/site-packages/odd.py", "`odd.py` is lost"),
        ] {
            space.run("sh", &["-c", &format!("rm {VENV}{damage}")]).success();
            space.write("knob", what);
            let failed = space.build(tool, if tool == Tool::Make { &["-k"] } else { &["-k0"] }).failure();
            println!("{what} {}{}", failed.out, failed.err);
            assert!(failed.says("`expops run` makes"), "{}{}", failed.out, failed.err);
            assert!(!failed.says("install it"));
            assert_eq!(space.ran(tool).len(), 2, "{tool:?}");
            space.nothing_to_do(tool);
        }
    }
}

/// `uv` keeps what it has unpacked, for all environments.
#[test]
fn what_is_edited_in_an_environment_is_not_edited_in_what_uv_keeps() {
    let uv = repository().join(".venv/uv/bin/uv");
    if !uv.exists() {
        return println!("skipped: there is no uv");
    }
    let space = project();
    stand_in(&space, "uv", &format!("exec '{}' \"$@\"", uv.display()));
    space.set("UV_CACHE_DIR", Some(&space.path("kept").display().to_string()));
    assert_eq!(run(&space).0, 2);
    let file = format!("{}/tiny.py", packages(&space));
    space.tick();
    fs::write(space.path(&file), "VERSION = 9\n").unwrap();
    assert!(run(&space).1.contains("`tiny.py` was changed"));
    assert_eq!(space.read(&file), "VERSION = 1\n");
}
