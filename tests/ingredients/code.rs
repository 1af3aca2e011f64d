//! Code, by function.

use super::built;
use crate::space::TOOLS;
use crate::step::{Pair, hold};

const PROJECT: &str = "
scripts: {main: src/model.py, late: src/late.py}
pipeline:
  process_adjlist: |
    one
    two
    three
  processes:
    - name: one
    - name: two
    - {name: three, code: late.three}
";

const MODEL: &str = "
import os
import helper
from counted import ran
from expops.core import process, step
from pack.inner import deep
from tools import scale
from wrap import Base, loud

os.environ['MODEL'] = 'a'
LIMIT = 3
IDLE = 4
STATE = {}
STATE['one'] = 5
REST = {}
REST['two'] = 6

class Model(Base):
    rate = 7

    def fit(self, x):
        return x * self.rate + self.shift

class Idle:
    rate = 8

def start():
    return 9

def idle(x=10):
    return x + 11

def add(x):
    '''Adds.'''
    return x + LIMIT

@step()
def fit(x):
    return Model().fit(x + 12)

@step()
def rest(x):
    return x + 13

@process()
@loud
def one(first=start(), second=14):
    ran('one')
    inner = lambda x: x + 15
    return {'one': [add(first), fit(second), STATE['one'], helper.shift(1), scale(1), deep(1), inner(1)]}

@process()
def two():
    ran('two')
    return {'two': 16}
";

const LATE: &str = "
from counted import ran

def three():
    ran('three')
    return {'three': globals()['found'](1)}

def other():
    ran('three')
    return {}

def found(x):
    return x + 1

def lost(x):
    return x + 2
";

const WRAP: &str = "
def loud(function):
    function.volume = 1
    return function

def calm(function):
    function.volume = 2
    return function

class Base:
    shift = 3

class Floor:
    shift = 4
";

const FILES: &[(&str, &str)] = &[
    ("expops.yaml", PROJECT),
    ("src/model.py", MODEL),
    ("src/late.py", LATE),
    ("src/helper.py", "def shift(x):\n    return x + 1\n\ndef other(x):\n    return x + 2\n"),
    ("src/tools.py", "def scale(x):\n    return x * 1\n\ndef other(x):\n    return x * 2\n"),
    ("src/near.py", "def scale(x):\n    return x * 3\n"),
    ("src/wrap.py", WRAP),
    ("src/pack/__init__.py", "SIZE = 1\n"),
    (
        "src/pack/inner.py",
        "def deep(x):\n    return low(x) + 1\n\ndef low(x):\n    return x + 2\n\nHIGH = 3\n",
    ),
];

const MAIN: &str = "src/model.py";

const PAIRS: &[Pair<'_>] = &[
    // The function, and one that nothing reaches.
    ((MAIN, "'two': 16", "'two': 17"), "two", (MAIN, "x + 11", "x + 17")),
    // A helper, and its docstring.
    ((MAIN, "x + LIMIT", "x - LIMIT"), "one", (MAIN, "Adds.", "Adds up.")),
    // A constant.
    ((MAIN, "LIMIT = 3", "LIMIT = 17"), "one", (MAIN, "IDLE = 4", "IDLE = 17")),
    // A class, and the class that it is made from.
    ((MAIN, "rate = 7", "rate = 17"), "one", (MAIN, "rate = 8", "rate = 17")),
    (("src/wrap.py", "shift = 3", "shift = 5"), "one", ("src/wrap.py", "shift = 4", "shift = 5")),
    // A decorator, and another one on the function.
    (("src/wrap.py", "volume = 1", "volume = 5"), "one", ("src/wrap.py", "volume = 2", "volume = 5")),
    ((MAIN, "@loud\n", ""), "one", (MAIN, "@process()\ndef two", "\n# Two.\n@process()\ndef two")),
    // A default argument, also one that is computed.
    ((MAIN, "second=14", "second=17"), "one", (MAIN, "x=10", "x=17")),
    ((MAIN, "return 9", "return 17"), "one", (MAIN, "return 9", "return (\n        9)")),
    // A module of the project: as a whole, by name, in a package.
    (("src/helper.py", "x + 1", "x + 3"), "one", ("src/helper.py", "x + 2", "x + 3")),
    (("src/tools.py", "x * 1", "x * 3"), "one", ("src/tools.py", "x * 2", "x * 3")),
    (("src/pack/inner.py", "x + 2", "x + 4"), "one", ("src/pack/inner.py", "HIGH = 3", "HIGH = 4")),
    ((MAIN, "from tools import", "from near import"), "one", ("src/near.py", "x * 3", "x * 4")),
    // A module that takes the place of one that was imported.
    (
        ("src/tools/__init__.py", "", "def scale(x):\n    return x * 5\n"),
        "one",
        ("src/none.py", "", "X = 1\n"),
    ),
    // State of the module, and what loading it does.
    ((MAIN, "STATE['one'] = 5", "STATE['one'] = 17"), "one", (MAIN, "REST['two'] = 6", "REST['two'] = 17")),
    ((MAIN, "'a'", "'b'"), "one, two", (MAIN, "import os\n", "# The system.\nimport os\nimport json\n")),
    // A step, and a function in a function.
    ((MAIN, "x + 12", "x + 17"), "one", (MAIN, "x + 13", "x + 17")),
    ((MAIN, "x + 15", "x + 17"), "one", (MAIN, "lambda x: x + 15", "lambda x: (x + 15)")),
    // What cannot be followed is counted as a whole.
    (("src/late.py", "x + 2", "x + 3"), "three", ("src/late.py", "def lost", "# Lost.\ndef lost")),
    // Which function runs, and another way to say it.
    (
        ("expops.yaml", "code: late.three", "code: late.other"),
        "three",
        ("expops.yaml", "- name: one", "- {name: one, code: main.one}"),
    ),
];

#[test]
fn a_function_and_what_it_reaches() {
    for tool in TOOLS {
        hold(&built(tool, FILES), tool, PAIRS);
    }
}

/// Libraries import modules of Python's own, and may get one of the project's in their place.
#[test]
fn modules_with_names_of_pythons_own() {
    const PROJECT: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    one two
  processes:
    - {name: one}
    - {name: two}
";
    const MODEL: &str = "
import os
import statistics
import json
from counted import ran

json.dumps = None

def one():
    ran('one')
    return {'x': str(statistics.median_grouped([1, 2, 3, 4, 5, 6, 7])), 'own': json.OWN, 'site': os.environ.get('SITE')}

def two(own):
    ran('two')
    return {'two': own}
";
    const BISECT: &str = "from _bisect import *\nfrom _bisect import bisect_right as bisect, insort_right as insort\ndef bisect_left(a, x, lo=0, hi=None): return 0\n";
    for tool in TOOLS {
        let model = ("src/model.py", MODEL);
        let space = built(tool, &[("expops.yaml", PROJECT), model, ("src/json.py", "OWN = 1\n")]);
        assert_eq!(space.read("build/two/out/two.json").trim(), "1");
        // What Python runs when it starts is none of the project's.
        space.write("src/sitecustomize.py", "import os\nos.environ['SITE'] = '1'\n");
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/one/out/site.json").trim(), "null");
        let plain = space.read("build/one/out/x.json");
        space.write("src/bisect.py", BISECT);
        space.build(tool, &[]).success();
        assert_ne!(space.read("build/one/out/x.json"), plain, "{tool:?}: a module is new");
        space.edit("src/bisect.py", "return 0", "return 1");
        let before = space.read("build/one/out/x.json");
        space.build(tool, &[]).success();
        assert_ne!(space.read("build/one/out/x.json"), before, "{tool:?}: it is edited");
        // The runtime has its own.
        for name in ["types", "struct", "hashlib", "enum", "operator", "contextvars", "shutil", "pathlib"] {
            space.write(&format!("src/{name}.py"), "from _gone import nothing\n");
            let ran = space.build(tool, &[]);
            assert!(!ran.says("_driver.py") && !ran.says("_run.py"), "{name}: {}{}", ran.out, ran.err);
            std::fs::remove_file(space.path(&format!("src/{name}.py"))).unwrap();
        }
        space.build(tool, &[]).success();
    }
}
