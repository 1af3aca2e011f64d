//! The matrix: an edit of a project, and which of its functions get another digest. Each row lists both what
//! must change and what must not.

use super::*;

/// The functions are `f`, `g`, ... in `main.py`; `edit` is a file, the text to replace and the new text.
struct Row {
    what: &'static str,
    files: &'static Files<'static>,
    edit: (&'static str, &'static str, &'static str),
    differs: &'static str,
    same: &'static str,
}

const fn row(
    what: &'static str,
    files: &'static Files<'static>,
    edit: (&'static str, &'static str, &'static str),
    differs: &'static str,
    same: &'static str,
) -> Row {
    Row { what, files, edit, differs, same }
}

const MAIN: &str = r#"
"""Module docstring."""
import math
import numpy as np
import pandas as pd
from functools import wraps
import helpers
from helpers import clean as tidy, LIMIT
from pkg import mod
import pkg.deep.leaf as leaf
from expops.core import process, step, log_metric

ALPHA = 0.5
BETA = 16
TABLE = {"a": 1, "b": 2}
NAMES = []
NAMES.append("x")
NAMES += ["y"]
COUNTER = 0

class Model:
    """A model."""
    depth = 3
    def fit(self, x):
        return x * self.depth

class Wide(Model):
    width = 9

def timed(func):
    @wraps(func)
    def wrapper(*args, **kwargs):
        return func(*args, **kwargs)
    return wrapper

def scale(x, by=ALPHA):
    """Scales."""
    return x * by

def bump():
    global COUNTER
    COUNTER += 1

@process()
def load(df):
    # a comment
    return {"df": scale(df)}

@process()
@timed
def train(df, lr=0.1):
    model = Wide()
    return {"model": model.fit(df), "n": BETA}

@process()
def tables(df):
    ALPHA = 3
    return {"t": TABLE["a"] + ALPHA, "names": [n for n in NAMES]}

@process()
def imported(df):
    return {"x": tidy(df) + helpers.offset(1) + mod.twice(2) + leaf.value(), "l": LIMIT}

@process()
def counting(df):
    return {"c": COUNTER}

@timed
def unused(x):
    return np.zeros(x)
"#;

const BASE: &Files<'static> = &[
    ("main.py", MAIN),
    (
        "helpers.py",
        "import re\nLIMIT = 10\nOTHER = 3\ndef clean(x):\n    return strip(x)\ndef strip(x):\n    return x - 1\ndef \
         offset(x):\n    return x + OTHER\ndef lonely():\n    return 1\n",
    ),
    ("pkg/__init__.py", "VERSION = 1\n"),
    (
        "pkg/mod.py",
        "from .deep import leaf\nfrom . import sibling\ndef twice(x):\n    return sibling.two() * x\n",
    ),
    ("pkg/sibling.py", "def two():\n    return 2\ndef three():\n    return 3\n"),
    ("pkg/deep/leaf.py", "from ..sibling import three\ndef value():\n    return three()\n"),
];
const ALL: &str = "load train tables imported counting";

const ON_BASE: &[Row] = &[
    row("a comment", BASE, ("main.py", "# a comment", "# another\n    # and more"), "", ALL),
    row("a comment at a line's end", BASE, ("main.py", "ALPHA = 0.5", "ALPHA = 0.5  # half"), "", ALL),
    row("a docstring", BASE, ("main.py", "\"\"\"Scales.\"\"\"", "\"\"\"Scales well.\"\"\""), "", ALL),
    row("a docstring removed", BASE, ("main.py", "    \"\"\"Scales.\"\"\"\n", ""), "", ALL),
    row("a class docstring", BASE, ("main.py", "A model.", "The model."), "", ALL),
    row("the module docstring", BASE, ("main.py", "Module docstring.", "Other."), "", ALL),
    row("blank lines", BASE, ("main.py", "ALPHA = 0.5", "\n\n\nALPHA = 0.5\n\n"), "", ALL),
    row("spaces", BASE, ("main.py", "x * by", "x  *  by"), "", ALL),
    row("parentheses", BASE, ("main.py", "return x * by", "return (x * by)"), "", ALL),
    row("a continued line", BASE, ("main.py", "x * by", "x \\\n        * by"), "", ALL),
    row("quotes", BASE, ("main.py", "{\"df\": scale(df)}", "{'df': scale(df)}"), "", ALL),
    row("a trailing comma", BASE, ("main.py", "\"b\": 2}", "\"b\": 2,}"), "", ALL),
    row("a number's spelling", BASE, ("main.py", "BETA = 16", "BETA = 0x10"), "", ALL),
    row("a float's spelling", BASE, ("main.py", "ALPHA = 0.5", "ALPHA = 5e-1"), "", ALL),
    row("joined strings", BASE, ("main.py", "{\"df\": ", "{\"d\" \"f\": "), "", ALL),
    row("a pass", BASE, ("main.py", "    model = Wide()", "    pass\n    model = Wide()"), "", ALL),
    row("a type comment", BASE, ("main.py", "model = Wide()", "model = Wide()  # type: Wide"), "", ALL),
    row("a new function", BASE, ("main.py", "def bump", "def fresh():\n    return 1\n\ndef bump"), "", ALL),
    row("a new constant", BASE, ("main.py", "ALPHA = 0.5", "GAMMA = 7\nALPHA = 0.5"), "", ALL),
    row("an unreached function", BASE, ("main.py", "np.zeros(x)", "np.ones(x)"), "", ALL),
    row("an unused library", BASE, ("main.py", "import math", "import math, os"), "", ALL),
    row("an unreached import", BASE, ("main.py", "import pandas as pd\n", ""), "", ALL),
    row(
        "constants change places",
        BASE,
        ("main.py", "ALPHA = 0.5\nBETA = 16", "BETA = 16\nALPHA = 0.5"),
        "",
        ALL,
    ),
    row(
        "imports change places",
        BASE,
        ("main.py", "import math\nimport numpy as np", "import numpy as np\nimport math"),
        "",
        ALL,
    ),
    row(
        "a main block",
        BASE,
        ("main.py", "@timed\ndef unused", "if __name__ == \"__main__\":\n    load(1)\n\n@timed\ndef unused"),
        "",
        ALL,
    ),
    row(
        "the function's body",
        BASE,
        ("main.py", "{\"df\": scale(df)}", "{\"df\": scale(df) + 1}"),
        "load",
        "train tables imported counting",
    ),
    row(
        "a parameter's default",
        BASE,
        ("main.py", "lr=0.1", "lr=0.2"),
        "train",
        "load tables imported counting",
    ),
    row(
        "a parameter's name",
        BASE,
        ("main.py", "def load(df):", "def load(df, more=1):"),
        "load",
        "train tables imported counting",
    ),
    row(
        "an annotation",
        BASE,
        ("main.py", "def scale(x,", "def scale(x: int,"),
        "load",
        "train tables imported counting",
    ),
    row("a helper", BASE, ("main.py", "x * by", "x + by"), "load", "train tables imported counting"),
    row(
        "a constant in a default",
        BASE,
        ("main.py", "ALPHA = 0.5", "ALPHA = 0.6"),
        "load",
        "train tables imported counting",
    ),
    row("a constant", BASE, ("main.py", "BETA = 16", "BETA = 17"), "train", "load tables imported counting"),
    row(
        "a base class",
        BASE,
        ("main.py", "depth = 3", "depth = 4"),
        "train",
        "load tables imported counting",
    ),
    row(
        "a method of a base class",
        BASE,
        ("main.py", "x * self.depth", "x + self.depth"),
        "train",
        "load tables imported counting",
    ),
    row("a class", BASE, ("main.py", "width = 9", "width = 8"), "train", "load tables imported counting"),
    row(
        "a decorator's body",
        BASE,
        ("main.py", "return func(*args, **kwargs)", "return func(*args)"),
        "train",
        "load tables imported counting",
    ),
    row(
        "a decorator added",
        BASE,
        ("main.py", "@process()\ndef tables", "@process()\n@timed\ndef tables"),
        "tables",
        "load train imported counting",
    ),
    row("a table", BASE, ("main.py", "\"a\": 1", "\"a\": 5"), "tables", "load train imported counting"),
    row(
        "a table's order",
        BASE,
        ("main.py", "\"a\": 1, \"b\": 2", "\"b\": 2, \"a\": 1"),
        "tables",
        "load train imported counting",
    ),
    row(
        "an append",
        BASE,
        ("main.py", "append(\"x\")", "append(\"z\")"),
        "tables",
        "load train imported counting",
    ),
    row(
        "an augmented assignment",
        BASE,
        ("main.py", "+= [\"y\"]", "+= [\"w\"]"),
        "tables",
        "load train imported counting",
    ),
    row(
        "mutations change places",
        BASE,
        ("main.py", "NAMES.append(\"x\")\nNAMES += [\"y\"]", "NAMES += [\"y\"]\nNAMES.append(\"x\")"),
        "tables",
        "load train imported counting",
    ),
    row(
        "a function that writes a global",
        BASE,
        ("main.py", "COUNTER += 1", "COUNTER += 2"),
        "counting",
        "load train tables imported",
    ),
    row(
        "an imported function",
        BASE,
        ("helpers.py", "return strip(x)", "return strip(x) * 2"),
        "imported",
        "load train tables counting",
    ),
    row(
        "what an imported function calls",
        BASE,
        ("helpers.py", "return x - 1", "return x - 2"),
        "imported",
        "load train tables counting",
    ),
    row(
        "what a module's attribute names",
        BASE,
        ("helpers.py", "OTHER = 3", "OTHER = 4"),
        "imported",
        "load train tables counting",
    ),
    row(
        "an imported constant",
        BASE,
        ("helpers.py", "LIMIT = 10", "LIMIT = 11"),
        "imported",
        "load train tables counting",
    ),
    row("a neighbour of an imported function", BASE, ("helpers.py", "return 1\n", "return 2\n"), "", ALL),
    row("a comment in an imported module", BASE, ("helpers.py", "import re", "import re  # unused"), "", ALL),
    row(
        "an import's other name",
        BASE,
        ("main.py", "clean as tidy", "strip as tidy"),
        "imported",
        "load train tables counting",
    ),
    row(
        "one more imported name",
        BASE,
        ("main.py", "import clean as tidy, LIMIT", "import clean as tidy, LIMIT, OTHER"),
        "",
        ALL,
    ),
    row(
        "a package's module",
        BASE,
        ("pkg/mod.py", "two() * x", "two() + x"),
        "imported",
        "load train tables counting",
    ),
    row(
        "a sibling by a relative import",
        BASE,
        ("pkg/sibling.py", "return 2", "return 4"),
        "imported",
        "load train tables counting",
    ),
    row(
        "two levels up",
        BASE,
        ("pkg/sibling.py", "return 3", "return 5"),
        "imported",
        "load train tables counting",
    ),
    row("a package's constant", BASE, ("pkg/__init__.py", "VERSION = 1", "VERSION = 2"), "", ALL),
    row(
        "a package's side effect",
        BASE,
        ("pkg/__init__.py", "VERSION = 1", "VERSION = 1\nprint(VERSION)\nnp.random.seed(1)"),
        ALL,
        "",
    ),
    row(
        "a side effect of the script",
        BASE,
        ("main.py", "ALPHA = 0.5", "ALPHA = 0.5\nnp.random.seed(0)"),
        ALL,
        "",
    ),
    row(
        "a side effect of a helper module",
        BASE,
        ("helpers.py", "LIMIT = 10", "LIMIT = 10\nre.purge()"),
        ALL,
        "",
    ),
    row(
        "an attribute of another module",
        BASE,
        ("main.py", "ALPHA = 0.5", "ALPHA = 0.5\nhelpers.OTHER = 2"),
        ALL,
        "",
    ),
    row(
        "an environment variable",
        BASE,
        ("main.py", "ALPHA = 0.5", "ALPHA = 0.5\nimport os\nos.environ[\"A\"] = \"1\""),
        ALL,
        "",
    ),
    row(
        "a call in an unused constant",
        BASE,
        ("main.py", "ALPHA = 0.5", "ALPHA = 0.5\nX = pd.set_option(\"a\", 1)"),
        ALL,
        "",
    ),
    row(
        "a quiet call in an unused constant",
        BASE,
        ("main.py", "ALPHA = 0.5", "ALPHA = 0.5\nX = np.arange(3)"),
        "",
        ALL,
    ),
    row(
        "an unreached registered function",
        BASE,
        ("main.py", "@timed\ndef unused", "@pd.register\ndef unused"),
        ALL,
        "",
    ),
    row(
        "a new name over a builtin",
        BASE,
        ("helpers.py", "LIMIT = 10", "LIMIT = 10\ndef len(x):\n    return 0\n"),
        "",
        ALL,
    ),
];

const OWN: &[Row] = &[
    row(
        "a dataclass that nothing reaches",
        &[(
            "main.py",
            "from dataclasses import dataclass, field\n@dataclass\nclass C:\n    a: list = field(default_factory=list)\n    k: int = 1\ndef f():\n    return 0\ndef g():\n    return C()\n",
        )],
        ("main.py", "k: int = 1", "k: int = 2"),
        "g",
        "f",
    ),
    row(
        "a logger that is set up",
        &[("main.py", "import logging\nL = logging.getLogger('a')\nL.setLevel(1)\ndef f():\n    return 0\n")],
        ("main.py", "setLevel(1)", "setLevel(2)"),
        "f",
        "",
    ),
    row(
        "another name of a module",
        &[
            ("main.py", "import k\nh = k\ndef f():\n    return h.a()\ndef g():\n    return 1\n"),
            ("k.py", "def a():\n    return 1\ndef b():\n    return 2\n"),
        ],
        ("k.py", "return 1", "return 3"),
        "f",
        "g",
    ),
    row(
        "a function handed to a library",
        &[(
            "main.py",
            "import lib\ndef work(x):\n    return x + 1\ndef f(xs):\n    return lib.Pool(4).map(work, xs)\ndef g():\n    return 1\n",
        )],
        ("main.py", "x + 1", "x + 2"),
        "f",
        "g",
    ),
    row(
        "a patched method",
        &[(
            "main.py",
            "class M:\n    def fit(self):\n        return 0\nM.fit = lambda self: 1\ndef f():\n    return M().fit()\ndef g():\n    return 2\n",
        )],
        ("main.py", "self: 1", "self: 5"),
        "f",
        "g",
    ),
    row(
        "a patched library",
        &[("main.py", "import lib\nlib.fit = lambda: 1\ndef f():\n    return 0\n")],
        ("main.py", "lambda: 1", "lambda: 2"),
        "f",
        "",
    ),
    row(
        "a class made by an instance",
        &[("main.py", "class M:\n    k = 1\nX = M()\ndef f():\n    return X.k\ndef g():\n    return 2\n")],
        ("main.py", "k = 1", "k = 5"),
        "f",
        "g",
    ),
    row(
        "a name bound twice",
        &[("main.py", "K = 1\nK = 2\ndef f():\n    return K\ndef g():\n    return 2\n")],
        ("main.py", "K = 1\nK = 2", "K = 2\nK = 1"),
        "f",
        "g",
    ),
    row(
        "an import chosen by a condition",
        &[
            (
                "main.py",
                "def f(x):\n    if x:\n        import a as m\n    else:\n        import b as m\n    return m.go()\ndef g():\n    return 2\n",
            ),
            ("a.py", "def go():\n    return 1\n"),
            ("b.py", "def go():\n    return 1\n"),
        ],
        ("b.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "getattr of one's own module",
        &[(
            "main.py",
            "import sys\ndef f(n):\n    return getattr(sys.modules[__name__], n)()\ndef h():\n    return 1\ndef g():\n    return 2\n",
        )],
        ("main.py", "return 1", "return 3"),
        "f",
        "g",
    ),
    row(
        "a quoted annotation",
        &[("main.py", "class A:\n    k = 1\ndef f(x: 'list[A]'):\n    return x\ndef g():\n    return 'A'\n")],
        ("main.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a module found by sys.path",
        &[
            (
                "main.py",
                "import sys\nsys.path.append('deep/er')\nimport tool\ndef f():\n    return tool.go()\n",
            ),
            ("deep/er/tool.py", "def go():\n    return 1\n"),
        ],
        ("deep/er/tool.py", "return 1", "return 2"),
        "f",
        "",
    ),
    row(
        "a script that is executed",
        &[
            ("main.py", "def f(p):\n    exec(open(p).read())\ndef g():\n    return 1\n"),
            ("other.py", "x = 1\n"),
        ],
        ("other.py", "x = 1", "x = 2"),
        "f",
        "g",
    ),
    row(
        "an import for its effect",
        &[("main.py", "def f():\n    return 1\n")],
        ("main.py", "def f", "from sklearn.experimental import enable_iterative_imputer\ndef f"),
        "f",
        "",
    ),
    row(
        "a docstring that is a prompt",
        &[(
            "main.py",
            "import dspy\nclass S(dspy.Signature):\n    'a'\ndef f():\n    return S()\ndef g():\n    'a'\n",
        )],
        ("main.py", "'a'", "'b'"),
        "f",
        "g",
    ),
    row(
        "loud at the end of many calls",
        &[(
            "main.py",
            "import m\ndef a(): b(); b()\ndef b(): c(); c()\ndef c(): a(); m.loud()\nX = a()\ndef f():\n    return 1\n",
        )],
        ("main.py", "m.loud()", "m.load()"),
        "f",
        "",
    ),
    row(
        "a subscript store",
        &[("main.py", "T = {}\nT[\"a\"] = 1\ndef f():\n    return T\ndef g():\n    return 1\n")],
        ("main.py", "= 1", "= 2"),
        "f",
        "g",
    ),
    row(
        "a store into an alias",
        &[("main.py", "T = {}\nU = T\nU[\"a\"] = 1\ndef f():\n    return T\n")],
        ("main.py", "= 1", "= 2"),
        "f",
        "",
    ),
    row(
        "a store into one of two names",
        &[("main.py", "A = B = []\nA.append(1)\ndef f():\n    return B\n")],
        ("main.py", "(1)", "(2)"),
        "f",
        "",
    ),
    row(
        "a deep store into a shared value",
        &[("main.py", "T = []\nU = [T]\nU[0].append(1)\ndef f():\n    return T\n")],
        ("main.py", "(1)", "(2)"),
        "f",
        "",
    ),
    row(
        "a loop at module level",
        &[("main.py", "T = []\nfor i in [1]:\n    T.append(i)\ndef f():\n    return T\n")],
        ("main.py", "[1]", "[2]"),
        "f",
        "",
    ),
    row(
        "a function's attribute",
        &[("main.py", "def f():\n    return f.k\ndef g():\n    return 2\nf.k = 1\n")],
        ("main.py", "k = 1", "k = 3"),
        "f",
        "g",
    ),
    row(
        "a with block",
        &[("main.py", "import a\nwith a.b():\n    X = 1\ndef f():\n    return 0\n")],
        ("main.py", "X = 1", "X = 2"),
        "f",
        "",
    ),
    row(
        "a function in an if",
        &[(
            "main.py",
            "import sys\nif sys.maxsize:\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\ndef g():\n    return 3\n",
        )],
        ("main.py", "return 2", "return 5"),
        "f",
        "g",
    ),
    row(
        "the test of an if",
        &[(
            "main.py",
            "import sys\nif sys.maxsize:\n    def f():\n        return 1\ndef g():\n    return 3\n",
        )],
        ("main.py", "sys.maxsize", "sys.maxunicode"),
        "f g",
        "",
    ),
    row(
        "a try import",
        &[
            (
                "main.py",
                "try:\n    import fast as impl\nexcept ImportError:\n    import slow as impl\ndef f():\n    return impl.go()\ndef g():\n    return 1\n",
            ),
            ("slow.py", "def go():\n    return 1\n"),
        ],
        ("slow.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "a type-checking import",
        &[
            (
                "main.py",
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import heavy\ndef f(x: 'heavy.X'):\n    return 1\n",
            ),
            ("heavy.py", "print(1)\n"),
        ],
        ("heavy.py", "1", "2"),
        "",
        "f",
    ),
    row(
        "a star import",
        &[
            ("main.py", "from h import *\ndef f():\n    return a()\ndef g():\n    return len([])\n"),
            ("h.py", "def a():\n    return 1\ndef b():\n    return 1\n"),
        ],
        ("h.py", "def a():\n    return 1", "def a():\n    return 2"),
        "f",
        "g",
    ),
    row(
        "beside a star import",
        &[
            ("main.py", "from h import *\ndef f():\n    return a()\n"),
            ("h.py", "def a():\n    return 1\ndef b():\n    return 1\n"),
        ],
        ("h.py", "def b():\n    return 1", "def b():\n    return 2"),
        "",
        "f",
    ),
    row(
        "a star import of a dynamic module",
        &[
            ("main.py", "from h import *\ndef f():\n    return made()\ndef g():\n    return 2\n"),
            ("h.py", "N = 1\ndef x():\n    globals()['made'] = 3\n"),
        ],
        ("h.py", "= 3", "= 4"),
        "f",
        "g",
    ),
    row(
        "a star of a star",
        &[
            ("main.py", "from h import *\ndef f():\n    return a()\n"),
            ("h.py", "from k import *\n"),
            ("k.py", "def a():\n    return 1\n"),
        ],
        ("k.py", "return 1", "return 2"),
        "f",
        "",
    ),
    row(
        "eval",
        &[("main.py", "def f(x):\n    return eval(x)\ndef g():\n    return 1\ndef h():\n    return 2\n")],
        ("main.py", "return 2", "return 3"),
        "f h",
        "g",
    ),
    row(
        "what a module with eval imports",
        &[
            ("main.py", "import k\ndef f(x):\n    return eval(x)\ndef g():\n    return 1\n"),
            ("k.py", "def a():\n    return 1\n"),
        ],
        ("k.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "globals()",
        &[("main.py", "def f(x):\n    return globals()[x]()\ndef g():\n    return 1\n")],
        ("main.py", "return 1", "return 2"),
        "f g",
        "",
    ),
    row(
        "locals() of a function",
        &[("main.py", "def f(x):\n    return locals()\ndef g():\n    return 1\n")],
        ("main.py", "return 1", "return 2"),
        "g",
        "f",
    ),
    row(
        "a module as a value",
        &[
            ("main.py", "import k\ndef f(x):\n    return getattr(k, x)()\ndef g():\n    return 1\n"),
            ("k.py", "def a():\n    return 1\n"),
        ],
        ("k.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "a package that imports from itself",
        &[
            ("main.py", "import pk\ndef f():\n    return pk.sub.h()\ndef g():\n    return pk.other.h()\n"),
            ("pk/__init__.py", "from . import sub, other\n"),
            ("pk/sub.py", "def h():\n    return 1\n"),
            ("pk/other.py", "def h():\n    return 3\n"),
        ],
        ("pk/sub.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "from a package that imports from itself",
        &[
            (
                "main.py",
                "from pk import sub\nimport pk as q\ndef f():\n    return sub.h()\ndef g():\n    return q.sub.h()\n",
            ),
            ("pk/__init__.py", "try:\n    from . import sub\nexcept ImportError:\n    pass\n"),
            ("pk/sub.py", "def h():\n    return 1\n"),
        ],
        ("pk/sub.py", "return 1", "return 2"),
        "f g",
        "",
    ),
    row(
        "a value that a package takes from what it imports from itself",
        &[
            ("main.py", "import pk\ndef f():\n    return pk.V\ndef g():\n    return 1\n"),
            ("pk/__init__.py", "from . import sub\nV = sub.V\n"),
            ("pk/sub.py", "V = 1\n"),
        ],
        ("pk/sub.py", "V = 1", "V = 2"),
        "f",
        "",
    ),
    row(
        "modules by way of sys, which is imported by a text",
        &[(
            "main.py",
            "K = 1\ndef f():\n    return __import__('sys').modules[__name__].K\ndef g():\n    return 1\n",
        )],
        ("main.py", "K = 1", "K = 2"),
        "f",
        "g",
    ),
    row(
        "the module that inspect finds",
        &[(
            "main.py",
            "import inspect\nK = 1\ndef h():\n    pass\ndef f():\n    return inspect.getmodule(h).K\n",
        )],
        ("main.py", "K = 1", "K = 2"),
        "f",
        "",
    ),
    row(
        "the docstring of the module",
        &[("main.py", "import k\ndef f():\n    return __doc__\ndef g():\n    return 1\n"), ("k.py", "")],
        ("main.py", "import k", "'new'\nimport k"),
        "f",
        "g",
    ),
    row(
        "the docstring of another module",
        &[
            ("main.py", "import k\ndef f():\n    return k.__doc__\ndef g():\n    return 1\n"),
            ("k.py", "'old'\n"),
        ],
        ("k.py", "old", "new"),
        "f",
        "g",
    ),
    row(
        "getattr by a literal",
        &[
            ("main.py", "import k\ndef f():\n    return getattr(k, 'a')()\n"),
            ("k.py", "def a():\n    return 1\ndef b():\n    return 2\n"),
        ],
        ("k.py", "return 2", "return 3"),
        "",
        "f",
    ),
    row(
        "getattr by a literal, that",
        &[
            ("main.py", "import k\ndef f():\n    return getattr(k, 'a')()\n"),
            ("k.py", "def a():\n    return 1\ndef b():\n    return 2\n"),
        ],
        ("k.py", "return 1", "return 3"),
        "f",
        "",
    ),
    row(
        "import_module by a literal",
        &[
            (
                "main.py",
                "import importlib\ndef f():\n    return importlib.import_module('k').a()\ndef g():\n    return 1\n",
            ),
            ("k.py", "def a():\n    return 1\n"),
            ("other.py", "X = 1\n"),
        ],
        ("k.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "beside import_module by a literal",
        &[
            ("main.py", "import importlib\ndef f():\n    return importlib.import_module('k').a()\n"),
            ("k.py", "def a():\n    return 1\n"),
            ("other.py", "X = 1\n"),
        ],
        ("other.py", "X = 1", "X = 2"),
        "",
        "f",
    ),
    row(
        "import_module by a value",
        &[
            (
                "main.py",
                "from importlib import import_module as load\ndef f(x):\n    return load(x).a()\ndef g():\n    return 1\n",
            ),
            ("sub/k.py", "def a():\n    return 1\n"),
        ],
        ("sub/k.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "import_module and a broken file",
        &[
            (
                "main.py",
                "import importlib\ndef f(x):\n    return importlib.import_module(x)\ndef g():\n    return 1\n",
            ),
            ("old.py", "print 'x'\n"),
        ],
        ("old.py", "'x'", "'y'"),
        "f",
        "g",
    ),
    row(
        "sys.modules",
        &[
            ("main.py", "import sys\ndef f(x):\n    return sys.modules[x]\ndef g():\n    return 1\n"),
            ("k.py", "A = 1\n"),
        ],
        ("k.py", "A = 1", "A = 2"),
        "f",
        "g",
    ),
    row(
        "an import in a function",
        &[
            (
                "main.py",
                "def f():\n    from k import a\n    return a()\ndef g():\n    import k\n    return k.b()\n",
            ),
            ("k.py", "def a():\n    return 1\ndef b():\n    return 2\n"),
        ],
        ("k.py", "return 1", "return 3"),
        "f",
        "g",
    ),
    row(
        "a side effect loaded by a function",
        &[
            ("main.py", "def f():\n    import k\ndef g():\n    return 2\n"),
            ("k.py", "print(1)\nimport os\nos.nice(1)\n"),
        ],
        ("k.py", "nice(1)", "nice(2)"),
        "f",
        "g",
    ),
    row(
        "a name shadowed by a parameter",
        &[("main.py", "def x():\n    return 1\ndef f(x):\n    return x()\ndef g():\n    return x()\n")],
        ("main.py", "return 1", "return 2"),
        "g",
        "f",
    ),
    row(
        "a name shadowed in a comprehension",
        &[(
            "main.py",
            "x = 1\ndef f():\n    return [x for x in [3]]\ndef g():\n    return [y for y in [x]]\n",
        )],
        ("main.py", "x = 1", "x = 2"),
        "g",
        "f",
    ),
    row(
        "a name shadowed by a nested function",
        &[(
            "main.py",
            "def x():\n    return 1\ndef f():\n    def x():\n        return 5\n    return x()\ndef g():\n    def h():\n        return x()\n    return h()\n",
        )],
        ("main.py", "return 1", "return 2"),
        "g",
        "f",
    ),
    row(
        "a name bound in a class body",
        &[(
            "main.py",
            "K = 1\ndef f():\n    class A:\n        K = 2\n        J = K\n    return A\ndef g():\n    class A:\n        K = 2\n        def m(self):\n            return K\n    return A\n",
        )],
        ("main.py", "K = 1", "K = 3"),
        "g",
        "f",
    ),
    row(
        "a walrus in a comprehension",
        &[("main.py", "y = 1\ndef f():\n    [y := x for x in [1]]\n    return y\ndef g():\n    return y\n")],
        ("main.py", "y = 1", "y = 2"),
        "g",
        "f",
    ),
    row(
        "a match capture",
        &[(
            "main.py",
            "y = 1\ndef f(a):\n    match a:\n        case [y, *_]:\n            return y\ndef g():\n    return y\n",
        )],
        ("main.py", "y = 1", "y = 2"),
        "g",
        "f",
    ),
    row(
        "an f-string's text",
        &[("main.py", "def f(x):\n    return f'a{x}'\ndef g():\n    return 1\n")],
        ("main.py", "f'a{x}'", "f'b{x}'"),
        "f",
        "g",
    ),
    row(
        "an f-string's format",
        &[("main.py", "def f(x):\n    return f'{x:.2f}'\n")],
        ("main.py", ".2f", ".3f"),
        "f",
        "",
    ),
    row(
        "an f-string's name",
        &[("main.py", "Y = 1\ndef f(x):\n    return f'{Y:>{x}}'\n")],
        ("main.py", "Y = 1", "Y = 2"),
        "f",
        "",
    ),
    row(
        "an f-string's quotes",
        &[("main.py", "def f(x):\n    return f'a{x}' 'b'\n")],
        ("main.py", "f'a{x}' 'b'", "f\"a{x}b\""),
        "",
        "f",
    ),
    row(
        "a lone surrogate",
        &[("main.py", "def f():\n    return '\\ud800'\n")],
        ("main.py", "ud800", "ud801"),
        "f",
        "",
    ),
    row(
        "a docstring that is read",
        &[("main.py", "def f():\n    '''a'''\n    return f.__doc__\ndef g():\n    '''a'''\n    return 1\n")],
        ("main.py", "'''a'''", "'''b'''"),
        "f",
        "g",
    ),
    row(
        "the docstring of a helper that is read",
        &[(
            "main.py",
            "def h():\n    '''a'''\ndef f():\n    return show(h)\ndef show(x):\n    return x.__doc__\ndef g():\n    return h()\n",
        )],
        ("main.py", "'''a'''", "'''b'''"),
        "f",
        "g",
    ),
    row(
        "a comment that is read",
        &[(
            "main.py",
            "import inspect\ndef f():\n    return inspect.getsource(g)\ndef g():\n    return 1 # a\n",
        )],
        ("main.py", "# a", "# b"),
        "f",
        "g",
    ),
    row(
        "a registry",
        &[(
            "main.py",
            "R = {}\ndef reg(x):\n    R[x.__name__] = x\n    return x\n@reg\ndef a():\n    return 1\ndef b():\n    return 1\ndef f():\n    return R['a']()\n",
        )],
        ("main.py", "def a():\n    return 1", "def a():\n    return 2"),
        "f",
        "",
    ),
    row(
        "beside a registry",
        &[(
            "main.py",
            "R = {}\ndef reg(x):\n    R[x.__name__] = x\n    return x\n@reg\ndef a():\n    return 1\ndef b():\n    return 1\ndef f():\n    return R['a']()\n",
        )],
        ("main.py", "def b():\n    return 1", "def b():\n    return 2"),
        "",
        "f",
    ),
    row(
        "a decorator factory that registers",
        &[(
            "main.py",
            "R = []\ndef reg(k):\n    def d(x):\n        R.append(x)\n        return x\n    return d\n@reg(1)\ndef a():\n    return 1\ndef f():\n    return R\n",
        )],
        ("main.py", "    return 1", "    return 2"),
        "f",
        "",
    ),
    row(
        "a quiet decorator factory",
        &[(
            "main.py",
            "import functools\ndef retry(n):\n    def d(x):\n        @functools.wraps(x)\n        def w(*a):\n            return x(*a)\n        return w\n    return d\n@retry(1)\ndef a():\n    return 1\ndef f():\n    return 0\n",
        )],
        ("main.py", "    return 1", "    return 2"),
        "",
        "f",
    ),
    row(
        "single dispatch",
        &[(
            "main.py",
            "from functools import singledispatch\n@singledispatch\ndef h(x):\n    return 0\n@h.register(int)\ndef _(x):\n    return 1\ndef f():\n    return h(1)\n",
        )],
        ("main.py", "return 1", "return 2"),
        "f",
        "",
    ),
    row(
        "a subclass that registers itself",
        &[(
            "main.py",
            "class B:\n    all = []\n    def __init_subclass__(cls):\n        B.all.append(cls)\nclass C(B):\n    k = 1\nclass D:\n    k = 7\ndef f():\n    return B.all\n",
        )],
        ("main.py", "k = 1", "k = 2"),
        "f",
        "",
    ),
    row(
        "beside a subclass that registers itself",
        &[(
            "main.py",
            "class B:\n    all = []\n    def __init_subclass__(cls):\n        B.all.append(cls)\nclass C(B):\n    k = 1\nclass D:\n    k = 7\ndef f():\n    return B.all\n",
        )],
        ("main.py", "k = 7", "k = 8"),
        "",
        "f",
    ),
    row(
        "an unreached class body that calls",
        &[("main.py", "import m\nclass C:\n    k = m.go(1)\ndef f():\n    return 0\n")],
        ("main.py", "go(1)", "go(2)"),
        "f",
        "",
    ),
    row(
        "a default that calls",
        &[("main.py", "import m\ndef h(x=m.go(1)):\n    return x\ndef f():\n    return 0\n")],
        ("main.py", "go(1)", "go(2)"),
        "f",
        "",
    ),
    row(
        "a constant made by a quiet helper",
        &[(
            "main.py",
            "def make(n):\n    return [i * 2 for i in range(n)]\nX = make(3)\ndef f():\n    return 0\ndef g():\n    return X\n",
        )],
        ("main.py", "i * 2", "i * 3"),
        "g",
        "f",
    ),
    row(
        "a constant made by a loud helper",
        &[("main.py", "import m\ndef make(n):\n    m.seed(n)\nX = make(3)\ndef f():\n    return 0\n")],
        ("main.py", "make(3)", "make(4)"),
        "f",
        "",
    ),
    row(
        "a dataclass instance",
        &[(
            "main.py",
            "from dataclasses import dataclass\n@dataclass\nclass C:\n    lr: float = 0.1\nX = C(lr=1)\ndef f():\n    return 0\ndef g():\n    return X.lr\n",
        )],
        ("main.py", "lr=1", "lr=2"),
        "g",
        "f",
    ),
    row(
        "recursion",
        &[(
            "main.py",
            "def f(n):\n    return g(n)\ndef g(n):\n    return f(n - 1) if n else 0\ndef h():\n    return 1\n",
        )],
        ("main.py", "n - 1", "n - 2"),
        "f g",
        "h",
    ),
    row(
        "a cycle of imports",
        &[
            ("main.py", "import a\ndef f():\n    return a.x()\n"),
            ("a.py", "import b\ndef x():\n    return b.y()\n"),
            ("b.py", "import a\ndef y():\n    return a.z()\n"),
        ],
        ("b.py", "a.z()", "a.z() + 1"),
        "f",
        "",
    ),
    row(
        "a cycle of names",
        &[
            ("main.py", "from a import x\ndef f():\n    return x\n"),
            ("a.py", "from b import x\n"),
            ("b.py", "from a import x\nY = 1\n"),
        ],
        ("b.py", "Y = 1", "Y = 2"),
        "",
        "f",
    ),
    row(
        "a local module over the standard library",
        &[
            ("main.py", "import random\ndef f():\n    return random.choice()\n"),
            ("random.py", "def choice():\n    return 1\n"),
        ],
        ("random.py", "return 1", "return 2"),
        "f",
        "",
    ),
    row(
        "an import re-exported by a package",
        &[
            ("main.py", "from p import a\ndef f():\n    return a()\n"),
            ("p/__init__.py", "from .m import a, b\n"),
            ("p/m.py", "def a():\n    return 1\ndef b():\n    return 2\n"),
        ],
        ("p/m.py", "return 1", "return 3"),
        "f",
        "",
    ),
    row(
        "beside an import re-exported by a package",
        &[
            ("main.py", "from p import a\ndef f():\n    return a()\n"),
            ("p/__init__.py", "from .m import a, b\n"),
            ("p/m.py", "def a():\n    return 1\ndef b():\n    return 2\n"),
        ],
        ("p/m.py", "return 2", "return 3"),
        "",
        "f",
    ),
    row(
        "a module's __getattr__",
        &[
            ("main.py", "import k\ndef f():\n    return k.magic\ndef g():\n    return k.plain\n"),
            ("k.py", "plain = 1\ndef __getattr__(n):\n    return 1\n"),
        ],
        ("k.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "an effect's place",
        &[("main.py", "import m\nm.a()\nm.b()\ndef f():\n    return 0\n")],
        ("main.py", "m.a()\nm.b()", "m.b()\nm.a()"),
        "f",
        "",
    ),
    row(
        "the order of loud modules",
        &[
            ("main.py", "import a\nimport b\ndef f():\n    return 0\n"),
            ("a.py", "import m\nm.x()\n"),
            ("b.py", "import m\nm.x()\n"),
        ],
        ("main.py", "import a\nimport b", "import b\nimport a"),
        "f",
        "",
    ),
    row(
        "an effect's formatting",
        &[("main.py", "import m\nm.a( 1 )\ndef f():\n    return 0\n")],
        ("main.py", "m.a( 1 )", "m.a(1)  # so"),
        "",
        "f",
    ),
    row(
        "a future import",
        &[("main.py", "def f(x: int):\n    return 0\n")],
        ("main.py", "def f", "from __future__ import annotations\ndef f"),
        "f",
        "",
    ),
    row(
        "elif spelt out",
        &[("main.py", "def f(x):\n    if x:\n        return 1\n    elif x is None:\n        return 2\n")],
        (
            "main.py",
            "    elif x is None:\n        return 2",
            "    else:\n        if x is None:\n            return 2",
        ),
        "",
        "f",
    ),
    row(
        "a lambda constant",
        &[("main.py", "k = lambda x: x + 1\ndef f():\n    return k(1)\ndef g():\n    return 2\n")],
        ("main.py", "x + 1", "x + 2"),
        "f",
        "g",
    ),
    row(
        "an assigned alias",
        &[(
            "main.py",
            "from expops.core import process\ndef one(df):\n    return {}\nf = process()(one)\ndef g():\n    return 2\n",
        )],
        ("main.py", "return {}", "return {1: 2}"),
        "f",
        "g",
    ),
    row(
        "a name in a query",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(df):\n    return df.query('x > @LIMIT')\ndef g(df):\n    'Up to LIMIT.'\n    \
            raise ValueError('over LIMIT')\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a name in df.eval",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(df):\n    return df.eval('y = x > @LIMIT')\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "df.eval of nothing but a name",
        &[("main.py", "LIMIT = 1\ndef f(df):\n    return df.eval('@LIMIT')\ndef g():\n    return 1\n")],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a query that is known only when it runs",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(df, expr):\n    return df.query(expr)\ndef g(df, kind):\n    return df.query(f'x > {kind}')\ndef h(df):\n    return df.query('x > 1')\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f g",
        "h",
    ),
    row(
        "a text by its name, and SQL over a frame of the module",
        &[(
            "main.py",
            "import duckdb\nLIMIT = 1\ndef f(df, text):\n    return df.query(inplace=False, expr=text)\ndef g(text):\n    return duckdb.sql(text)\ndef h(con):\n    return con.execute('select 1')\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f g",
        "h",
    ),
    row(
        "functions with the same names in other libraries",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(x):\n    return LIMIT\ndef g(con, sql):\n    return con.execute(sql)\ndef h(model, x):\n    model.eval()\n    return model.evaluate(x)\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g h",
    ),
    row(
        "classes that a file names",
        &[
            (
                "main.py",
                "import yaml\nfrom nets import ONE\ndef f(path):\n    return yaml.unsafe_load(open(path))\ndef g(path):\n    return yaml.safe_load(open(path)), ONE\n",
            ),
            ("nets.py", "ONE = 1\nclass Net:\n    def area(self):\n        return 3\n"),
        ],
        ("nets.py", "return 3", "return 4"),
        "f",
        "g",
    ),
    row(
        "pd.eval of a bare name",
        &[(
            "main.py",
            "import pandas as pd\nLIMIT = 1\ndef f(df):\n    return pd.eval('LIMIT')\ndef g(df):\n    return df['LIMIT']\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a name in pd.eval",
        &[(
            "main.py",
            "import pandas as pd\nLIMIT = 1\ndef f(df):\n    return pd.eval('df.x * LIMIT')\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a function in a formula",
        &[(
            "main.py",
            "import statsmodels.formula.api as smf\ndef scale(x):\n    return x * 2\ndef f(df):\n    return smf.ols('y ~ scale(x) + C(kind)', data=df).fit()\ndef g():\n    return 1\n",
        )],
        ("main.py", "x * 2", "x * 3"),
        "f",
        "g",
    ),
    row(
        "a formula of patsy",
        &[(
            "main.py",
            "from patsy import dmatrix\ndef scale(x):\n    return x * 2\ndef f(df):\n    return dmatrix('scale(x)-1', df)\ndef g():\n    return 1\n",
        )],
        ("main.py", "x * 2", "x * 3"),
        "f",
        "g",
    ),
    row(
        "a name in numexpr",
        &[(
            "main.py",
            "import numexpr as ne\nLIMIT = 1\ndef f(a):\n    return ne.evaluate('a*LIMIT')\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a bare name in numexpr",
        &[(
            "main.py",
            "from numexpr import evaluate\nLIMIT = 1\ndef f(a):\n    return evaluate('LIMIT')\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a table of duckdb",
        &[(
            "main.py",
            "import duckdb\nprices = [1]\ndef f():\n    return duckdb.sql('select sum(x) from prices').fetchall()\ndef g():\n    return {'prices': 1}\n",
        )],
        ("main.py", "prices = [1]", "prices = [2]"),
        "f",
        "g",
    ),
    row(
        "a table of duckdb, and nothing else",
        &[(
            "main.py",
            "import duckdb\nprices = [1]\ndef f():\n    return duckdb.query('prices')\ndef g():\n    return {'prices': 1}\n",
        )],
        ("main.py", "prices = [1]", "prices = [2]"),
        "f",
        "g",
    ),
    row(
        "a table of a connection",
        &[(
            "main.py",
            "import duckdb\nprices = [1]\ndef f():\n    con = duckdb.connect()\n    return con.execute('''select * from\\n  \"prices\" p''').df()\ndef g():\n    return 1\n",
        )],
        ("main.py", "prices = [1]", "prices = [2]"),
        "f",
        "g",
    ),
    row(
        "a query in a constant",
        &[(
            "main.py",
            "QUERY = 'x > @LIMIT'\nLIMIT = 1\ndef f(df):\n    return df.query(QUERY)\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a query in f-string",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(df, c):\n    return df.query(f'{c} > @LIMIT')\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a query that is joined",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(df):\n    return df.query('x > @' + 'LIMIT')\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a query that is put together",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(df):\n    return df.query(' & '.join(['x > @LIMIT', 'y']))\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a query as a default",
        &[(
            "main.py",
            "LIMIT = 1\ndef f(df, q='x > @LIMIT'):\n    return df.query(q)\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a query by its keyword",
        &[("main.py", "LIMIT = 1\ndef f(df):\n    return df.query(expr='@LIMIT')\ndef g():\n    return 1\n")],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "a class by pydoc.locate",
        &[
            (
                "main.py",
                "import pydoc\ndef f():\n    return pydoc.locate('models.Net')()\ndef g():\n    return 1\n",
            ),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a module by pydoc.locate",
        &[
            (
                "main.py",
                "import pydoc\ndef f():\n    return pydoc.locate('models').Net()\ndef g():\n    return 'models'\n",
            ),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a tag of yaml",
        &[
            (
                "main.py",
                "import yaml\ndef f():\n    return yaml.unsafe_load('!!python/object:models.Net {}')\ndef g():\n    return 1\n",
            ),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a tag of yaml that applies",
        &[
            (
                "main.py",
                "import yaml\ndef f():\n    return yaml.unsafe_load('!!python/object/apply:models.make [1]')\ndef g():\n    return 1\n",
            ),
            ("models.py", "def make(x):\n    return 1\n"),
        ],
        ("models.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "a handler of logging.config",
        &[
            (
                "main.py",
                "import logging.config\ndef f():\n    logging.config.dictConfig({'handlers': {'a': {'class': 'mine.Handler'}}})\ndef g():\n    return 1\n",
            ),
            ("mine.py", "class Handler:\n    k = 1\n"),
        ],
        ("mine.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a factory of logging.config",
        &[
            (
                "main.py",
                "import logging.config\nCONFIG = {'filters': {'a': {'()': 'ext://mine.make'}}}\ndef f():\n    logging.config.dictConfig(CONFIG)\ndef g():\n    return 1\n",
            ),
            ("mine.py", "def make():\n    return 1\n"),
        ],
        ("mine.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "an object that hydra makes",
        &[
            (
                "main.py",
                "from hydra.utils import instantiate\ndef f():\n    return instantiate({'_target_': 'models.Net'})\ndef g():\n    return 1\n",
            ),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "getattr with a dotted name",
        &[
            (
                "main.py",
                "import operator\nimport models\ndef f():\n    return operator.attrgetter('Net.k')(models)\ndef g():\n    return 1\n",
            ),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "an entry point",
        &[
            (
                "main.py",
                "from importlib.metadata import EntryPoint\ndef f():\n    return EntryPoint('a', 'models:Net', 'b').load()()\ndef g():\n    return 1\n",
            ),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a name in Expression of polars sql",
        &[(
            "main.py",
            "import polars as pl\nprices = [1]\ndef f():\n    return pl.sql('select * from prices').collect()\ndef g():\n    return 1\n",
        )],
        ("main.py", "prices = [1]", "prices = [2]"),
        "f",
        "g",
    ),
    row(
        "a name that string.Template fills",
        &[(
            "main.py",
            "from string import Template\nLIMIT = 1\ndef f():\n    return Template('$LIMIT').substitute(globals())\ndef g():\n    return 1\n",
        )],
        ("main.py", "LIMIT = 1", "LIMIT = 2"),
        "f",
        "g",
    ),
    row(
        "pkgutil.resolve_name",
        &[
            (
                "main.py",
                "import pkgutil\ndef f():\n    return pkgutil.resolve_name('models:Net')()\ndef g():\n    return 1\n",
            ),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a comment that a helper reads",
        &[(
            "main.py",
            "import inspect\ndef show(x):\n    return inspect.getsource(x)\ndef h():\n    return 1 # a\ndef f():\n    return show(h)\ndef g():\n    return h()\n",
        )],
        ("main.py", "# a", "# b"),
        "f",
        "g",
    ),
    row(
        "a comment that a function in another module reads",
        &[
            (
                "main.py",
                "from tools import show\nfrom helpers import h\ndef f():\n    return show(h)\ndef g():\n    return h()\n",
            ),
            ("tools.py", "from inspect import getsource as text\ndef show(x):\n    return text(x)\n"),
            ("helpers.py", "def h():\n    return 1 # a\n"),
        ],
        ("helpers.py", "# a", "# b"),
        "f",
        "g",
    ),
    row(
        "a comment in a module whose text is read",
        &[
            (
                "main.py",
                "import inspect\nimport helpers\ndef f():\n    return inspect.getsource(helpers)\ndef g():\n    return helpers.h()\n",
            ),
            ("helpers.py", "# a\ndef h():\n    return 1\n"),
        ],
        ("helpers.py", "# a", "# b"),
        "f",
        "g",
    ),
    row(
        "a comment in a class whose text is read",
        &[(
            "main.py",
            "import inspect\nclass A:\n    x = 1 # a\ndef f():\n    return inspect.getsource(A)\ndef g():\n    return A.x\n",
        )],
        ("main.py", "# a", "# b"),
        "f",
        "g",
    ),
    row(
        "a comment beside what a traceback shows",
        &[(
            "main.py",
            "import traceback\ndef f():\n    try:\n        return 1 / 0 # a\n    except ZeroDivisionError:\n        return traceback.format_exc()\ndef g():\n    return 1\n",
        )],
        ("main.py", "# a", "# b"),
        "",
        "f g",
    ),
    row(
        "a comment beside a warning",
        &[("main.py", "import warnings\ndef f():\n    warnings.warn('old') # a\ndef g():\n    return 1\n")],
        ("main.py", "# a", "# b"),
        "",
        "f g",
    ),
    row(
        "a function whose name is that of a data file",
        &[(
            "main.py",
            "def f():\n    return train()\ndef g():\n    return open('data/train.csv').read()\ndef train():\n    return 1\n",
        )],
        ("main.py", "return 1", "return 2"),
        "f",
        "g",
    ),
    row(
        "beside a decorator that registers by a lambda",
        &[
            ("main.py", "import plug\ndef f():\n    return len(plug.H)\ndef g():\n    return 1\n"),
            (
                "plug.py",
                "H = {}\ndef hook(n):\n    return lambda f: H.setdefault(n, f)\n@hook('a')\ndef p():\n    return 1\n",
            ),
        ],
        ("plug.py", "return 1", "return 2"),
        "f g",
        "",
    ),
    row(
        "beside a decorator that registers by a method",
        &[
            ("main.py", "import plug\ndef f():\n    return len(plug.H)\ndef g():\n    return 1\n"),
            ("plug.py", "H = []\ndef hook(n):\n    return H.append\n@hook('a')\ndef p():\n    return 1\n"),
        ],
        ("plug.py", "return 1", "return 2"),
        "f g",
        "",
    ),
    row(
        "beside a decorator that registers by its argument",
        &[
            ("main.py", "import plug\ndef f():\n    return len(plug.H)\ndef g():\n    return 1\n"),
            ("plug.py", "H = []\ndef hook(n):\n    return n\n@hook(H.append)\ndef p():\n    return 1\n"),
        ],
        ("plug.py", "return 1", "return 2"),
        "f g",
        "",
    ),
    row(
        "beside a decorator that registers by an inner function's decorator",
        &[
            ("main.py", "import plug\ndef f():\n    return len(plug.H)\ndef g():\n    return 1\n"),
            (
                "plug.py",
                "H = []\ndef hook(n):\n    @H.append\n    def d(f):\n        return f\n    return d\n@hook('a')\ndef p():\n    return 1\n",
            ),
        ],
        ("plug.py", "return 1", "return 2"),
        "f g",
        "",
    ),
    row(
        "the path of a class in a text",
        &[
            ("main.py", "def f(kind='models:Net'):\n    return make(kind)\ndef g():\n    return 'Net'\n"),
            ("models.py", "class Net:\n    k = 1\n"),
        ],
        ("models.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "a package called env, by a name that is put together",
        &[
            ("main.py", "def f(kind):\n    return make(f'env.{kind}')\ndef g():\n    return 'env'\n"),
            ("env/cart.py", "k = 1\n"),
        ],
        ("env/cart.py", "k = 1", "k = 2"),
        "f",
        "g",
    ),
    row(
        "an exec in a helper module",
        &[
            ("main.py", "import k\ndef f():\n    return k.run('x')\ndef g():\n    return 2\n"),
            ("k.py", "import j\ndef run(t):\n    exec(t)\n"),
            ("j.py", "Z = 1\n"),
        ],
        ("j.py", "Z = 1", "Z = 2"),
        "f",
        "g",
    ),
];

fn digests(project: &Project, functions: &str) -> Vec<Digest> {
    let mut library = project.library(&[]);
    functions
        .split_whitespace()
        .map(|f| library.reach("main.py".into(), f).unwrap_or_else(|e| panic!("{functions}: {e:?}")).digest)
        .collect()
}

#[test]
fn each_edit_changes_what_it_should_and_nothing_else() {
    let mut wrong = Vec::new();
    for row in ON_BASE.iter().chain(OWN) {
        let project = Project::new(row.files);
        let before = [digests(&project, row.differs), digests(&project, row.same)];
        let (file, from, to) = row.edit;
        let text = row.files.iter().find(|(path, _)| *path == file).unwrap().1;
        assert!(text.contains(from), "{}: nothing to edit", row.what);
        project.write(file, text.replace(from, to));
        let after = [digests(&project, row.differs), digests(&project, row.same)];
        for (i, name) in row.differs.split_whitespace().enumerate() {
            if before[0][i] == after[0][i] {
                wrong.push(format!("{}: `{name}` should differ", row.what));
            }
        }
        for (i, name) in row.same.split_whitespace().enumerate() {
            if before[1][i] != after[1][i] {
                wrong.push(format!("{}: `{name}` should not differ", row.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ON_BASE.len() + OWN.len() >= 60);
}

#[test]
fn a_script_can_be_moved_and_renamed() {
    let files = [
        ("src/a/main.py", "import h\ndef f():\n    return h.g()\n"),
        ("src/a/h.py", "def g():\n    return 1\n"),
    ];
    let here = Project::new(&files).reach("src/a/main.py", "f").digest;
    let there = Project::new(&[("lib/other.py", files[0].1), ("lib/h.py", files[1].1)])
        .reach("lib/other.py", "f")
        .digest;
    assert_eq!(here, there);
}

#[test]
fn imports_are_looked_up_beside_the_script_then_in_the_folders_then_in_the_project() {
    let project = Project::new(&[
        ("src/main.py", "import a, b, c\ndef f():\n    return a.x, b.x, c.x\n"),
        ("src/a.py", "x = 1\n"),
        ("lib/a.py", "x = 2\n"),
        ("lib/b.py", "x = 3\n"),
        ("b.py", "x = 4\n"),
        ("c/__init__.py", "x = 5\n"),
    ]);
    let mut library = project.library(&["lib"]);
    library.reach("src/main.py".into(), "f").unwrap();
    assert_eq!(library.files(), ["c/__init__.py", "lib/b.py", "src/a.py", "src/main.py"]);
}

#[test]
fn eval_counts_the_module_whole() {
    let reach = reach_of(
        "import numpy as np\nimport pandas\nimport os\ndef f(x):\n    import scipy.stats\n    return np.sum(x), eval('1')\n",
        "f",
    );
    assert_eq!((reach.items.len(), reach.items[0].name.as_deref()), (1, None));
    let reach = reach_of("import numpy as np\nimport pandas\ndef f(x):\n    return np.sum(x)\n", "f");
    assert_eq!(names(&reach), ["main.np", "main.f"]);
}

#[test]
fn code_that_may_read_files_is_told_from_code_that_cannot() {
    let reads = [
        "def f(df):\n    return open('x')\n",
        "import pandas as pd\ndef f(p):\n    return pd.read_csv(p)\n",
        "import numpy as np\ndef f(p):\n    return np.load(p)\n",
        "from pathlib import Path\ndef f(p):\n    return Path(p)\n",
        "def f(df):\n    return h('data/train')\ndef h(x):\n    return x\n",
        "N = 'train.csv'\ndef f(df):\n    return N\n",
        "def f(context):\n    return 1\n",
        "def f(**kwargs):\n    return 1\n",
        "def f(x):\n    return eval(x)\n",
        "import os\nD = os.environ\ndef f(x):\n    return D\n",
        "import k\nk.setup('a/b')\ndef f(x):\n    return x\n",
        "def f(store):\n    return store.open_group()\n",
    ];
    let does_not = [
        "def f(df, lr=0.1):\n    return {'m': df.sum() * lr}\n",
        "import numpy as np\nfrom sklearn.linear_model import Ridge\ndef f(df):\n    return {'m': Ridge(alpha=0.1).fit(df, np.ones(3))}\n",
        "import os\nP = 'a.csv'\ndef g():\n    return os.listdir(P)\ndef f(df):\n    'see docs/a.csv'\n    return df\n",
    ];
    reads.iter().for_each(|text| assert!(reach_of(text, "f").reads_files, "{text}"));
    does_not.iter().for_each(|text| assert!(!reach_of(text, "f").reads_files, "{text}"));
}
