//! Failures that are survived: kinds, further attempts, limits of time, instances that are left out.

mod attempts;
mod commands;
mod dropped;
mod journal;
mod nested;

use std::path::Path;

use serde_json::Value as Json;

use crate::space::{Space, Tool};

/// A project with this pipeline and this script, compiled for a tool.
#[track_caller]
fn project(tool: Tool, adjacency: &str, processes: &str, script: &str) -> Space {
    let space = Space::new();
    let adjacency: String = adjacency.trim().lines().map(|line| format!("    {line}\n")).collect();
    let pipeline = format!("pipeline:\n  process_adjlist: |\n{adjacency}  processes:\n{processes}");
    space.write(
        "expops.yaml",
        format!("metadata: {{name: test}}\nscripts: {{main: src/main.py}}\n{pipeline}"),
    );
    space.write(
        "src/main.py",
        format!(
            "import os, sys\nfrom counted import ran\nfrom expops.core import process\nROOT = os.environ.get('EXPOPS_PROJECT_ROOT')\n{script}"
        ),
    );
    space.compile(tool).success();
    space
}

/// The events of the journal: instance, event, and outcome, attempt or nothing.
fn events(space: &Space) -> Vec<(String, String, Json)> {
    let lines = space.read("build/.expops/journal");
    let event = |line: &str| {
        let json: Json = serde_json::from_str(line).unwrap();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        (text("instance"), text("event"), json)
    };
    lines.lines().map(event).collect()
}

/// How the attempts at an instance ended, in order.
fn outcomes(space: &Space, instance: &str) -> Vec<String> {
    let of_it = events(space).into_iter().filter(|(name, event, _)| name == instance && event == "ended");
    of_it.map(|(.., json)| json["outcome"].as_str().unwrap().to_owned()).collect()
}

/// Waits until nobody holds the lock of a file, which every process of an instance holds.
fn wait_for_lock(path: &Path) {
    let lock = std::fs::File::open(path).unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while lock.try_lock().is_err() {
        assert!(std::time::Instant::now() < end, "a process outlived its instance");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// One takes all descriptors that its result would need, the other removes the folder that it runs in.
#[test]
fn what_leaves_nothing_for_its_result_is_named() {
    let script = "
def fit():
    ran('fit')
    kept = []
    try:
        while True:
            kept.append(open('/dev/null'))
    except OSError:
        sys.modules[__name__].kept = kept
    return {'x': 1}

def Gone():
    import shutil
    ran('Gone')
    shutil.rmtree(os.getcwd())
    return {'x': 1}
";
    let space = project(Tool::Ninja, "fit\nGone", "    - {name: fit}\n    - {name: Gone}\n", script);
    for workers in ["1", "0"] {
        space.set("EXPOPS_WORKERS", Some(workers));
        let failed = space.run("sh", &["-c", "ulimit -n 256; exec expops run -k"]).failure();
        assert!(failed.says("fit: OSError: [Errno 24] Too many open files"), "{workers}: {}", failed.err);
        assert!(!failed.says("expops_build/_"), "{workers}: {}", failed.err);
        assert_eq!(space.read("build/Gone/out/x.json"), "1");
    }
}
