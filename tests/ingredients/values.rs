//! Values that carry code: instances of the project's classes, its enumerations and functions. Who takes one
//! calls code that its own code does not name.

use super::built;
use crate::space::TOOLS;
use crate::step::{Pair, hold};

const PROJECT: &str = "
scripts: {main: src/model.py}
data: {path: data/rows.csv}
pipeline:
  process_adjlist: |
    make passing
    passing use
    make cut
    cut part
    make enums
    make plain
    make reader
  processes:
    - name: make
    - name: passing
    - name: use
    - {name: cut, data_parallelism: {size: 2, data_name: list}}
    - name: part
    - name: enums
    - name: plain
    - name: reader
";

const MODEL: &str = "
from functools import partial
import kinds
from counted import ran

class Base:
    def more(self):
        return LIMIT

class Model(Base):
    def __init__(self, a):
        self.a = a

    def predict(self):
        return self.a + self.more()

class Loader:
    def get(self):
        return open('data/rows.csv').read()

LIMIT = 1

def times(x, n):
    return x * n

def make():
    ran('make')
    models = [Model(i) for i in range(4)]
    return {'x': models[1], 'list': models, 'kind': kinds.Kind.A, 'by': {'deep': {partial(times, n=2)}},
            'plain': 1, 'loader': Loader()}

def passing(x):
    ran('passing')
    return {'x': x}

def use(x):
    ran('use')
    return {'y': x.predict()}

def part(list):
    ran('part')
    return {'z': [model.predict() for model in list]}

def enums(kind, by):
    ran('enums')
    return {'e': kind.twice(), 'd': [call(5) for call in by['deep']]}

def plain(plain):
    ran('plain')
    return {'plain': plain}

def reader(loader):
    ran('reader')
    return {'read': loader.get()}
";

const KINDS: &str = "
import enum

class Kind(enum.Enum):
    A = 1

    def twice(self):
        return self.value * 2

    def unused(self):
        return 1
";

const PAIRS: [Pair<'_>; 4] = [
    (
        ("src/model.py", "LIMIT = 1", "LIMIT = 2"),
        "make, passing, use, part, part",
        ("src/model.py", "class Base:", "# A comment.\nclass Base:"),
    ),
    (
        ("src/kinds.py", "value * 2", "value * 3"),
        "make, enums",
        ("src/kinds.py", "import enum", "import enum  # A comment."),
    ),
    (
        ("src/model.py", "x * n", "n * x + 1"),
        "make, enums",
        ("src/model.py", "def times(x, n):\n", "def times(x, n):\n\n"),
    ),
    (("data/rows.csv", "1\n", "2\n"), "make, reader", ("other.csv", "1\n", "2\n")),
];

#[test]
fn the_code_of_values() {
    for tool in TOOLS {
        let files = [
            ("expops.yaml", PROJECT),
            ("src/model.py", MODEL),
            ("src/kinds.py", KINDS),
            ("data/rows.csv", "1\n"),
            ("other.csv", "1\n"),
        ];
        let space = built(tool, &files);
        hold(&space, tool, &PAIRS);
        assert_eq!(space.read("build/use/out/y.json").trim(), "2");
    }
}
