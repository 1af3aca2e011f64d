//! The environment: the version of Python and the packages that are installed. Distributions are made up
//! here, so that nothing is fetched.

use std::fs;

use crate::space::{Space, TOOLS, Tool, repository};
use crate::step::{Pair, hold, hold_compiled, step};

/// The shell sees an environment only where it names one.
const PROJECT: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    one
    tell
  processes:
    - {name: one}
    - {name: tell, command: 'echo tell >> .ran.log; echo 1 > {{ outputs.tell }}', outputs: {tell: tell.txt}}
";

const MODEL: &str = "
from counted import ran

def one():
    ran('one')
    return {'one': 1}
";

/// Makes a Python in the folder `name`, whose version a file says and which has one package.
/// Returns the folder of its packages.
fn python(space: &Space, name: &str) -> String {
    space.run("python3", &["-m", "venv", "--without-pip", name]).success();
    let versions: Vec<_> = fs::read_dir(space.path(name).join("lib")).unwrap().flatten().collect();
    let version = versions[0].file_name().into_string().unwrap();
    let packages = format!("{name}/lib/{version}/site-packages");
    let fake = "
import os, platform
platform.python_version = lambda: open(os.path.dirname(__file__) + '/version').read()
";
    space.write(&format!("{packages}/fake_version.py"), fake);
    space.write(&format!("{packages}/fake_version.pth"), "import fake_version\n");
    space.write(&format!("{packages}/version"), "3.11.1");
    space.write(&format!("{packages}/tiny-1.0.dist-info/METADATA"), distribution("tiny", "1.0"));
    packages
}

fn distribution(name: &str, version: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: a\n")
}

fn compile(space: &Space, tool: Tool, python: &str) {
    let format = if tool == Tool::Ninja { "ninja" } else { "make" };
    space.expops(&["compile", "--format", format, "--python", &format!("{python}/bin/python")]).success();
}

#[test]
fn the_active_python_and_its_packages() {
    for tool in TOOLS {
        let space = Space::new();
        space.write("expops.yaml", PROJECT);
        space.write("src/model.py", MODEL);
        let packages = python(&space, "mine");
        compile(&space, tool, "mine");
        assert_eq!(space.ran(tool), ["one", "tell"]);
        let tiny = format!("{packages}/tiny-1.0.dist-info/METADATA");
        let [version, stray] = ["version", "stray.txt"].map(|name| format!("{packages}/{name}"));
        let other = format!("{packages}/other-1.0.dist-info/METADATA");
        let other_text = distribution("other", "1.0");
        let pairs: [Pair<'_>; 3] = [
            ((&tiny, "Version: 1.0", "Version: 1.0.1"), "one", (&tiny, "Summary: a", "Summary: b")),
            // A package that nobody imports, and a file that is none.
            ((&other, "", &other_text), "one", (&stray, "", "x")),
            ((&version, "3.11.1", "3.12.1"), "one", (&tiny, "Name: tiny", "Name: Tiny")),
        ];
        hold_compiled(&space, tool, &pairs, || compile(&space, tool, "mine"));
        python(&space, "twin");
        compile(&space, tool, "twin");
        step(&space, tool, "the same Python at another path", &[]);
        // A distribution that cannot be read hides no other one.
        space.write(&format!("{packages}/broken-1.0.dist-info/METADATA"), b"Name: \xff\n");
        compile(&space, tool, "mine");
        step(&space, tool, "a broken distribution", &[]);
        space.edit(&tiny, "Version: 1.0", "Version: 2.0");
        compile(&space, tool, "mine");
        step(&space, tool, "a package beside a broken one", &["one"]);
    }
}

/// Puts a package that pip can install without a network into the project.
pub fn wheel(space: &Space, version: &str) {
    const PACK: &str = "
import sys, zipfile
version, metadata = sys.argv[1:]
info = f'tiny-{version}.dist-info'
with zipfile.ZipFile(f'tiny-{version}-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('tiny.py', '')
    wheel.writestr(f'{info}/METADATA', metadata)
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(f'{info}/RECORD', f'tiny.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n')
";
    space.run("python3", &["-c", PACK, version, &distribution("tiny", version)]).success();
}

#[test]
fn a_declared_environment() {
    let project = PROJECT.replace("{name: tell", "{name: tell, environment: main").replace(
        "pipeline:",
        "environment:\n  main: {venv: [needs.txt]}\n  other: {venv: [needs.txt]}\npipeline:",
    );
    for tool in TOOLS {
        let files = [("expops.yaml", project.as_str()), ("src/model.py", MODEL)];
        let space = Space::new();
        files.iter().for_each(|(name, text)| space.write(name, text));
        ["1.0", "2.0"].iter().for_each(|version| wheel(&space, version));
        space.write("needs.txt", "-r base.txt\n");
        space.write("base.txt", "./tiny-1.0-py3-none-any.whl\n");
        space.compile(tool).success();
        assert_eq!(space.ran(tool), ["one", "tell"]);
        let pair = (
            ("base.txt", "tiny-1.0", "tiny-2.0"),
            "one, tell",
            ("expops.yaml", "{name: tell, environment: main", "{name: tell, environment: other"),
        );
        hold(&space, tool, &[pair]);
    }
}

/// The environment is made with it; what is in the environment is the same.
#[test]
fn another_base_python_makes_a_declared_environment_again() {
    let project = PROJECT.replace("{name: tell", "{name: tell, environment: main");
    let project = project.replace("pipeline:", "environment: {main: {venv: [needs.txt]}}\npipeline:");
    for tool in TOOLS {
        let space = Space::new();
        space.write("expops.yaml", &project);
        space.write("src/model.py", MODEL);
        space.write("needs.txt", "");
        let packages = python(&space, "mine");
        compile(&space, tool, "mine");
        assert_eq!(space.ran(tool), ["one", "tell"]);
        let venv = "build/.expops/environment/main/venv/pyvenv.cfg";
        let made = space.time(venv);
        space.write(&format!("{packages}/version"), "3.12.1");
        compile(&space, tool, "mine");
        assert_eq!(space.ran(tool), [""; 0], "{tool:?}");
        assert!(space.time(venv) > made, "{tool:?}");
        space.nothing_to_do(tool);
    }
}

#[test]
fn packages_on_the_python_path() {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", MODEL);
    let at = |version: &str| {
        space.write("extra/tiny-1.dist-info/METADATA", distribution("tiny", version));
        let _ = fs::remove_file(space.path(".ran.log"));
        for words in [&["expops", "compile"][..], &["ninja"]] {
            let mut command = space.command(words[0]);
            let path =
                format!("{}:{}", repository().join("tests/counted").display(), space.path("extra").display());
            assert!(command.args(&words[1..]).env("PYTHONPATH", path).output().unwrap().status.success());
        }
        space.logged()
    };
    assert_eq!(at("1.0"), ["one", "tell"]);
    assert_eq!(at("1.0"), [""; 0]);
    assert_eq!(at("2.0"), ["one"]);
    assert_eq!(at("1.0"), [""; 0], "undone");
}
