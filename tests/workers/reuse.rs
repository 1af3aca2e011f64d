//! `reuse: true`: one child runs one instance after another, and none sees what the one before has done to the process.

use super::{bounded, build, command, pipeline, results, space, workers};
use crate::space::Space;

/// Instances that look around and then do `mess`, one after another.
fn project(reuse: bool, mess: &str) -> Space {
    let space = space();
    let script = format!(
        "
import atexit, logging, os, signal, sys, threading, warnings
import numpy as np
import state

handlers = len(logging.root.handlers)
logging.basicConfig(level=10)
seen = [state.count, handlers, os.path.basename(os.getcwd()), 'MESS' in os.environ, sys.argv[1:], 'nowhere' in sys.path,
    len(warnings.filters), threading.active_count(), signal.getsignal(signal.SIGUSR1).name, sys.stdout is sys.__stdout__]
state.count += 1

def rows():
    return {{'rows': list(range(5))}}

def look(rows, random_seed):
    print('prints', rows)
    logging.info('logs')
    warnings.warn('warns')
    draw = [float(np.random.rand()), random_seed]
    mess(rows)
    return {{'seen': [*seen, *draw, rows], 'pid': os.getpid()}}

def mess(rows):
{mess}
"
    );
    space.write("model.py", &script);
    space.write("state.py", "count = 0\n");
    let processes = format!(
        "    - {{name: rows, code: rows, data_parallelism: {{size: 5, data_name: rows}}}}\n    - {{name: look, reuse: {reuse}}}\n"
    );
    let file = format!("{}reproducibility: {{random_seed: 7}}\n", pipeline("rows look", &processes));
    space.write("expops.yaml", &file);
    space.expops(&["compile"]).success();
    space
}

fn pids(space: &Space) -> Vec<String> {
    (1..=5).map(|part| space.read(&format!("build/look/p{part}/out/pid.json"))).collect()
}

/// What the instances made and printed, without their process ids; and these.
fn ran(reuse: bool, mess: &str) -> (std::collections::BTreeMap<String, String>, usize) {
    let space = project(reuse, mess);
    let one_by_one = |ninja: &mut std::process::Command| {
        ninja.args(["-j1"]);
    };
    build(&space, true, one_by_one);
    assert_eq!(workers(&space).len(), 1);
    let mut pids = pids(&space);
    pids.sort();
    pids.dedup();
    let is_told = |name: &str| name.ends_with("seen.json") || name.ends_with("/log");
    let here = space.path("").display().to_string();
    let told = results(&space)
        .into_iter()
        .filter(|(name, _)| is_told(name))
        .map(|(name, text)| (name, text.replace(&here, "")))
        .collect();
    (told, pids.len())
}

#[test]
fn one_child_runs_all_of_them_and_each_finds_what_the_first_one_found() {
    let mess = "
    os.environ['MESS'] = '1'
    os.environ.pop('HOME', None)
    os.chdir('/')
    sys.path.insert(0, 'nowhere')
    warnings.simplefilter('error')
    sys.stdout = open(os.devnull, 'w')
    logging.root.setLevel(50)
    np.random.seed(1)
";
    // Code that sets the environment has no library imported before it.
    for mess in [mess, "    sys.path.insert(0, 'nowhere')"] {
        let (alone, children) = ran(false, mess);
        assert_eq!(children, 5);
        let (reused, children) = ran(true, mess);
        assert_eq!(children, 1, "{mess}");
        assert_eq!(alone, reused);
    }
}

#[test]
fn what_cannot_be_put_right_ends_the_child() {
    for mess in [
        "    signal.signal(signal.SIGUSR1, lambda *_: None)",
        "    os.umask(0o077)",
        "    globals()['left'] = os.open('/dev/null', os.O_RDONLY)",
        "    threading.Thread(target=threading.main_thread().join).start()",
        "    atexit.register(print, 'at exit')",
        "    os.putenv('HOME', '/mess')",
        "    os.putenv('MESS', '1')",
        "    os.environ = dict(os.environ)",
        "    import time; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()",
        "    import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
        "    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])",
        "    signal.setitimer(signal.ITIMER_REAL, 1000)",
    ] {
        let (alone, children) = ran(false, mess);
        assert_eq!(children, 5, "{mess}");
        let (reused, children) = ran(true, mess);
        assert_eq!(children, 5, "{mess}");
        assert_eq!(alone, reused, "{mess}");
    }
}

#[test]
fn one_that_fails_or_dies_leaves_the_others_alone() {
    for (mess, children) in [
        ("    if rows == [2]: raise ValueError('no')", 1),
        ("    if rows == [2]: os.kill(os.getpid(), signal.SIGKILL)", 2),
        ("    if rows == [2]: os._exit(3)", 2),
    ] {
        let space = project(true, mess);
        let failed = build(&space, true, |ninja| {
            ninja.args(["-j1"]);
        })
        .failure();
        assert!(failed.says("look p3"), "{}", failed.out);
        let mut pids: Vec<_> =
            [1, 2, 4, 5].map(|part| space.read(&format!("build/look/p{part}/out/pid.json"))).into();
        pids.sort();
        pids.dedup();
        assert_eq!(pids.len(), children, "{mess}");
    }
}

#[test]
fn each_is_charged_with_what_it_used_itself() {
    let space = project(true, "    sum(range(20_000_000)) if rows == [0] else None");
    build(&space, true, |ninja| {
        ninja.args(["-j1"]);
    });
    assert!(pids(&space).iter().all(|pid| *pid == pids(&space)[0]));
    let cpu = |part: usize| {
        let why: serde_json::Value =
            serde_json::from_str(&space.read(&format!("build/look/p{part}/why.json"))).unwrap();
        why["run"]["cpu"].as_f64().unwrap()
    };
    for part in 2..=5 {
        assert!(cpu(part) < cpu(1), "{part}: {} {}", cpu(part), cpu(1));
    }
}

/// What an instance leaves in a library is what `expops check --repeat` is to find: of the two, one must not find it.
#[test]
fn a_repetition_begins_in_a_child_that_has_run_nothing() {
    let space = space();
    let script = "
import numpy

def look():
    is_used = hasattr(numpy, 'is_used')
    numpy.is_used = True
    return {'is_used': is_used}
";
    space.write("model.py", script);
    space.write("expops.yaml", pipeline("look", "    - {name: look, reuse: true}\n"));
    space.expops(&["compile"]).success();
    // The second time children are left that have been used.
    for _ in 0..2 {
        let mut check = command(&space, env!("CARGO_BIN_EXE_expops"), true);
        check.env("EXPOPS_WORKER_IDLE", "100").args(["check", "--repeat", "look"]);
        let told = bounded(check).failure();
        assert!(told.says("is_used"), "{}{}", told.out, told.err);
    }
    assert_eq!(workers(&space).len(), 1);
    super::signal("TERM", &workers(&space));
}
