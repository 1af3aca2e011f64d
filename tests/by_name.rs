//! Code that only a file or a text of the run names: a pickle, a file of settings, a query. An edit of it is seen, and
//! what names nothing is left alone.

#![cfg(target_os = "linux")]

use crate::space::{Space, Tool, has_python, side_by_side};

const YAML: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    train evaluate
    unpickled
    configured
    pooled
    asked
    apart
  processes:
    - name: train
    - name: evaluate
    - name: unpickled
    - name: configured
    - name: pooled
    - name: asked
      parameters: {expr: 'x > @LIMIT'}
    - name: apart
";

const MODEL: &str = r#"
import multiprocessing
import pickle
from pathlib import Path
import parts
from counted import ran
from asking import asked
from settings import configured

class Model(parts.Base):
    def predict(self, x):
        return self.shift(x) + 1

def train():
    ran("train")
    with open("model.pkl", "wb") as file:
        pickle.dump(Model(), file)
    return {"model": Path("model.pkl")}

def evaluate(model):
    ran("evaluate")
    with open(model, "rb") as file:
        return {"evaluate": pickle.load(file).predict(10)}

def unpickled():
    ran("unpickled")
    with open("data/net.pkl", "rb") as file:
        return {"unpickled": pickle.load(file).area() + parts.ONE}

def pooled():
    ran("pooled")
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return {"pooled": pool.map(parts.double, [1, 2])}

def apart():
    ran("apart")
    return {"apart": parts.ONE}
"#;

const PARTS: &str = "
ONE = 1

class Base:
    def shift(self, x):
        return x * 2

class Net:
    def area(self):
        return 3

def double(x):
    return x * 2
";

const SETTINGS: &str = "
import json
import logging.config
from counted import ran

def make():
    logging.SEEN = 4
    return logging.NullHandler()

def configured():
    ran('configured')
    with open('data/log.json') as file:
        logging.config.dictConfig(json.load(file))
    return {'configured': logging.SEEN}
";

const ASKING: &str = "
import pandas as pd
from counted import ran

LIMIT = 2

def asked(expr):
    ran('asked')
    return {'asked': len(pd.DataFrame({'x': [1, 2, 3, 4]}).query(expr))}
";

struct Edit {
    /// In a file, a text and what it becomes.
    of: (&'static str, &'static str, &'static str),
    runs: &'static str,
    /// A process, and what it then returns under its own name.
    gives: (&'static str, &'static str),
}

const EDITS: [Edit; 5] = [
    Edit {
        of: ("src/model.py", "shift(x) + 1", "shift(x) + 2"),
        runs: "evaluate train unpickled",
        gives: ("evaluate", "22"),
    },
    Edit {
        of: ("src/parts.py", "return x * 2\n\nclass", "return x * 3\n\nclass"),
        runs: "evaluate train unpickled",
        gives: ("evaluate", "32"),
    },
    Edit {
        of: ("src/parts.py", "return 3", "return 5"),
        runs: "evaluate unpickled",
        gives: ("unpickled", "6"),
    },
    Edit {
        of: ("src/settings.py", "SEEN = 4", "SEEN = 5"),
        runs: "evaluate unpickled",
        gives: ("configured", "5"),
    },
    Edit {
        of: ("src/asking.py", "LIMIT = 2", "LIMIT = 3"),
        runs: "asked evaluate unpickled",
        gives: ("asked", "1"),
    },
];

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", YAML);
    space.write("src/model.py", MODEL);
    space.write("src/parts.py", PARTS);
    space.write("src/settings.py", SETTINGS);
    space.write("src/asking.py", ASKING);
    space.write("data/net.pkl", b"cparts\nNet\n)\x81.");
    let log = r#"{"version": 1, "handlers": {"h": {"()": "settings.make"}}, "root": {"handlers": ["h"]}}"#;
    space.write("data/log.json", log);
    space
}

#[test]
fn an_edit_of_what_only_a_file_or_a_parameter_names_is_seen() {
    if !has_python(&["pandas"]) {
        return;
    }
    for workers in ["1", "0"] {
        let space = project();
        space.set("EXPOPS_WORKERS", Some(workers));
        space.compile(Tool::Ninja).success();
        space.build(Tool::Ninja, &[]).success();
        for Edit { of: (file, old, new), runs, gives: (key, value) } in EDITS {
            std::fs::remove_file(space.path(".ran.log")).unwrap();
            space.tick();
            space.edit(file, old, new);
            space.build(Tool::Ninja, &[]).success();
            // For `configured` any code may be meant.
            let ran: Vec<_> = space.logged().into_iter().filter(|name| name != "configured").collect();
            assert_eq!(ran.join(" "), runs, "{new}, EXPOPS_WORKERS={workers}");
            assert_eq!(space.read(&format!("build/{key}/out/{key}.json")).trim(), value, "{new}");
            space.nothing_to_do(Tool::Ninja);
        }
    }
}

const MAYBE: &str = "
import importlib.metadata
import os
from counted import ran

try:
    import above
except ImportError:
    above = None

def found(name):
    ran(name)
    return {'there': name}

def module():
    try:
        import extra
        return found('module yes')
    except ImportError:
        return found('module no')

def package():
    try:
        from kit import speed
        return found('package yes')
    except ImportError:
        return found('package no')

def compiled():
    try:
        from native import f
    except ImportError:
        return found('compiled')

def folder():
    try:
        import space
        return found('folder yes')
    except ImportError:
        return found('folder no')

def plugins():
    folder = os.environ['EXPOPS_PROJECT_ROOT'] + '/plugins'
    return found('plugins %d' % len(list(importlib.metadata.distributions(path=[folder]))))
";

/// A module that code does without if it is not there comes, and goes again.
#[test]
fn a_module_that_may_be_missing_comes_and_goes() {
    for (tool, workers) in [(Tool::Ninja, "1"), (Tool::Make, "1"), (Tool::Ninja, "0")] {
        let space = Space::new();
        space.set("EXPOPS_WORKERS", Some(workers));
        let names = ["module", "package", "compiled", "folder", "plugins"];
        space.write("expops.yaml", side_by_side(&names));
        space.write("src/model.py", MAYBE);
        space.write("src/kit/__init__.py", "");
        space.write("plugins/one-1.dist-info/METADATA", "Name: one\n");
        space.compile(tool).success();
        let before = ["compiled", "folder no", "module no", "package no", "plugins 1"];
        assert_eq!(space.ran(tool), before, "{tool:?}");
        for (path, came, went) in [
            ("src/extra.py", "module yes", "module no"),
            ("src/kit/speed.py", "package yes", "package no"),
            // One that cannot be loaded is as good as none.
            ("src/native.so", "compiled", "compiled"),
            ("src/space/notes.txt", "folder yes", "folder no"),
            ("plugins/two-1.dist-info/METADATA", "plugins 2", "plugins 1"),
        ] {
            space.tick();
            space.write(path, "");
            assert_eq!(space.ran(tool), [came], "{tool:?} {workers} {path}");
            space.nothing_to_do(tool);
            space.tick();
            let top = path.split('/').take(2).collect::<Vec<_>>().join("/");
            let top = if path.contains("kit") { path.to_owned() } else { top };
            space.run("rm", &["-r", &top]).success();
            // It may come back from the cache.
            assert!(
                [&[][..], &[went]]
                    .contains(&space.ran(tool).iter().map(String::as_str).collect::<Vec<_>>().as_slice())
            );
            let process = went.split(' ').next().unwrap();
            assert_eq!(
                space.read(&format!("build/{process}/out/there.json")),
                format!("\"{went}\""),
                "{tool:?} {path}"
            );
            space.nothing_to_do(tool);
        }
    }
}

const TEXTS: &str = "
import inspect
import os
import pathlib
import traceback
import warnings
import other
from counted import ran

HERE = os.path.dirname(os.path.abspath(__file__))

def opened():
    ran('opened')
    return {'x': len(open(os.path.join(HERE, 'other.py')).read())}

def by_path():
    ran('by_path')
    return {'x': len((pathlib.Path(HERE) / 'other.py').read_text())}

def by_number():
    ran('by_number')
    file = os.open(HERE + '/other.py', os.O_RDONLY)
    return {'x': len(os.read(file, 9999))}

def source():
    ran('source')
    return {'x': len(inspect.getsource(other))}

def shown():
    ran('shown')
    warnings.warn('look here')
    try:
        other.wrong()
    except ValueError:
        return {'x': len(traceback.format_exc())}

def called():
    ran('called')
    return {'x': other.one()}
";

/// Who opens a module as a file sees its comments; who calls it, or shows a line of it, does not.
#[test]
fn the_text_of_a_module_counts_for_who_opens_it() {
    for (tool, workers) in [(Tool::Ninja, "1"), (Tool::Make, "0")] {
        let space = Space::new();
        space.set("EXPOPS_WORKERS", Some(workers));
        let names = ["opened", "by_path", "by_number", "source", "shown", "called"];
        space.write("expops.yaml", side_by_side(&names));
        space.write("src/model.py", TEXTS);
        let other = "def one():\n    return 1\n\ndef wrong():\n    raise ValueError(1)\n";
        space.write("src/other.py", other);
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), names.len());
        space.tick();
        space.write("src/other.py", other.to_owned() + "# a comment\n");
        assert_eq!(space.ran(tool), ["by_number", "by_path", "opened", "source"], "{tool:?}");
        space.nothing_to_do(tool);
    }
}
