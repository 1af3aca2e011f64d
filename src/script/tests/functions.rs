//! Where functions are found, and what is reported of their signatures and decorators.

use super::*;

fn function(files: &Files<'_>, name: &str) -> Option<Function> {
    Project::new(files).library(&[]).function("main.py".into(), name).unwrap()
}

#[test]
fn signatures() {
    let text = "def f(a, /, b, c=1, *args, d, e=2, **rest):\n    pass\nasync def g(*, x): pass\n";
    let f = function(&[("main.py", text)], "f").unwrap();
    let parameters: Vec<_> = f.parameters.iter().map(|p| (p.name.as_str(), p.required)).collect();
    assert_eq!(parameters, [("a", true), ("b", true), ("c", false), ("d", true), ("e", false)]);
    assert!(f.takes_everything);
    let g = function(&[("main.py", text)], "g").unwrap();
    assert!(!g.takes_everything && g.parameters[0].required);
    assert!(function(&[("main.py", text)], "missing").is_none());
}

#[test]
fn functions_are_found_wherever_they_are_bound() {
    let helpers = ("helpers.py", "def h(x, y=1):\n    return {}\ndef dead(): pass\n");
    let cases = [
        ("def f(x): pass\n", "f"),
        ("def g(x): pass\nf = g\n", "f"),
        ("f = lambda x: {}\n", "f"),
        ("from expops.core import process\ndef g(x): pass\nf = process()(g)\n", "f"),
        ("from helpers import h as f\n", "f"),
        ("from helpers import *\n", "h"),
        ("import helpers\nf = helpers.h\n", "f"),
        ("try:\n    def f(x): pass\nexcept Exception:\n    pass\n", "f"),
        ("if True:\n    if True:\n        def f(x): pass\n", "f"),
        ("def f(): pass\ndef f(x): pass\n", "f"),
        ("def f(x): pass\nf.tag = 1\n", "f"),
    ];
    for (text, name) in cases {
        let found = function(&[("main.py", text), helpers], name);
        assert_eq!(found.map(|f| f.parameters[0].name.clone()).as_deref(), Some("x"), "{text}");
    }
    let nothing = [
        "f = 1\n",
        "f = f\n",
        "f = g\ng = f\n",
        "class f: pass\n",
        "if __name__ == '__main__':\n    def f(x): pass\n",
        "import f\n",
        "from lib import f\n",
        "def g():\n    def f(x): pass\n",
        "class C:\n    def f(x): pass\n",
    ];
    for text in nothing {
        assert!(function(&[("main.py", text)], "f").is_none(), "{text}");
    }
}

#[test]
fn roles_come_by_every_way_of_importing() {
    let cases = [
        ("from expops.core import process\n", "@process\n", Role::Process),
        ("from expops.core import process as p\n", "@p(name='n')\n", Role::Process),
        ("import expops.core\n", "@expops.core.process()\n", Role::Process),
        ("import expops.core as core\n", "@core.step()\n", Role::Step),
        ("from expops import core\n", "@core.process()\n", Role::Process),
        ("from expops import *\nfrom expops.reporting import chart\n", "@chart()\n", Role::Chart),
        ("from common import process\n", "@process()\n", Role::Process),
        ("from expops.core import step\n", "@print\n@step\n", Role::Step),
    ];
    for (import, decorator, role) in cases {
        let text = format!("{import}{decorator}def f(x): pass\n");
        let found = function(&[("main.py", &text), ("common.py", "from expops.core import process\n")], "f");
        assert_eq!(found.unwrap().role, Some(role), "{text}");
    }
    let none =
        function(&[("main.py", "from flow import process\n@process()\ndef f(): pass\n")], "f").unwrap();
    assert_eq!(none.role, None);
}

#[test]
fn a_script_lists_its_functions() {
    let project = Project::new(&[("main.py", "def b(): pass\nclass C: pass\nif 1:\n    def a(): pass\n")]);
    assert_eq!(project.library(&[]).script("./main.py".into()).unwrap().functions, ["b", "a"]);
}

#[test]
fn each_file_is_read_once() {
    let project = Project::new(&[("main.py", "import h\ndef f(): return h.x\n"), ("h.py", "x = 1\n")]);
    let mut library = project.library(&["."]);
    let first = library.reach("main.py".into(), "f").unwrap().digest;
    project.write("h.py", "x = 2\n");
    assert_eq!(library.reach("main.py".into(), "f").unwrap().digest, first);
    assert_eq!(library.files(), ["h.py", "main.py"]);
}
