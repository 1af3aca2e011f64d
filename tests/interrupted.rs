//! Builds that are killed with SIGKILL at random moments: the next build makes what an undisturbed one
//! makes, byte for byte, and no stamp is ever in force that does not vouch for what is beside it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use expops::split::{Digest, Stamp, Subject};

use crate::random::Random;
use crate::space::{self, Space, Tool};

/// Half of the hundred kills: each tool has a test of its own.
const KILLS: u64 = 50;

fn project() -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "
metadata: {name: kills}
scripts: {main: model.py}
data: {path: rows.csv}
pipeline:
  process_adjlist: |
    load cut
    cut count score
    count whole
    score whole
  processes:
    - name: load
    - {name: cut, data_parallelism: {size: 2, data_name: df}}
    - name: count
      command: 'wc -l < {{ inputs.df }} > {{ outputs.lines }}; cp {{ inputs.df }} {{ outputs.copy }}'
      outputs: {lines: lines.txt, copy: copy.csv}
    - name: score
    - name: whole
      data_aggregation: true
      command: 'cat {{ inputs.copy }} {{ inputs.lines }} {{ inputs.total }} > {{ outputs.all }}'
      outputs: {all: all.txt}
",
    );
    space.write(
        "model.py",
        "
from pathlib import Path
from expops.core import process, log_metric

@process()
def load():
    Path('df.csv').write_bytes(Path('rows.csv').read_bytes())
    return {'df': Path('df.csv')}

@process()
def score(df):
    total = sum(int(line.split(',')[1]) for line in df.read_text().splitlines()[1:])
    log_metric('total', total)
    Path('note.txt').write_text(str(total))
    return {'total': total}
",
    );
    space
}

fn write_data(space: &Space, variant: usize) {
    let row = |i: usize| format!("{i},{}\n", i * 10 + variant * usize::from(i > 20));
    space.write("rows.csv", "id,value\n".to_owned() + &(0..40 + variant).map(row).collect::<String>());
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    Everything,
    Exec,
    Python,
    Tool,
}

const VICTIMS: [Victim; 6] =
    [Victim::Everything, Victim::Everything, Victim::Everything, Victim::Exec, Victim::Python, Victim::Tool];

/// The processes below `root` and itself, with their command lines.
fn family(root: u32) -> Vec<(u32, String)> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let after = stat.rsplit(')').next().unwrap_or_default();
        if let Some(Ok(parent)) = after.split_whitespace().nth(1).map(str::parse::<u32>) {
            parents.insert(pid, parent);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    let command =
        |pid: u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ");
    found.into_iter().map(|pid| (pid, command(pid))).collect()
}

fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_some_and(|state| state != "Z")
}

fn kill(root: u32, victim: Victim) {
    let is_victim = |(pid, command): &(u32, String)| match victim {
        Victim::Everything => true,
        Victim::Exec => command.contains("expops exec") && !command.contains("-c "),
        Victim::Python => command.contains("_run.py"),
        Victim::Tool => *pid == root,
    };
    // The tool first, so that it starts nothing new; once more for what was being started.
    for _ in 0..2 {
        let pids: Vec<_> = family(root).iter().filter(|one| is_victim(one)).map(|(pid, _)| *pid).collect();
        pids.iter().copied().for_each(space::kill);
        if victim != Victim::Everything {
            return;
        }
        while pids.iter().any(|pid| is_running(*pid)) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Starts a build, kills `victim` after `delay`, and waits for the end of the tool.
fn killed_build(space: &Space, tool: Tool, victim: Victim, delay: Duration) {
    let (program, arguments): (_, &[&str]) = match tool {
        Tool::Ninja => ("ninja", &[]),
        Tool::Make => ("make", &["-j2"]),
    };
    let mut command = space.command(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().unwrap();
    std::thread::sleep(delay);
    kill(child.id(), victim);
    child.wait().unwrap();
}

/// Every stamp that is in force says what the values beside it are.
#[track_caller]
pub fn check_stamps(build: &Path) {
    for entry in
        walkdir::WalkDir::new(build).into_iter().flatten().filter(|entry| entry.file_name() == "stamp")
    {
        let folder = Utf8Path::from_path(entry.path()).unwrap().parent().unwrap();
        let Ok(text) = fs::read_to_string(folder.join("values.json")) else { continue };
        let stamp = Stamp::read(&folder.join("stamp")).unwrap();
        let values: serde_json::Value = serde_json::from_str(&text).unwrap();
        let values = values["values"].as_array().unwrap();
        assert_eq!(
            values.len(),
            stamp.lines.iter().filter(|line| line.subject != Subject::Metrics).count(),
            "{folder}"
        );
        for value in values {
            let digest = stamp.key(value["key"].as_str().unwrap()).unwrap().digest;
            assert_eq!(digest.to_string(), value["digest"].as_str().unwrap(), "{folder}");
            let file = Utf8Path::from_path(build).unwrap().join(value["file"].as_str().unwrap());
            if folder.file_name() != Some("cut") && value["format"] == "file" && value["rows"].is_null() {
                assert_eq!(Digest::of_file(&file).unwrap(), digest, "{file}");
            }
        }
    }
}

fn tree(space: &Space) -> BTreeMap<String, Vec<u8>> {
    let tree = space.tree("build");
    let is_litter = |name: &&String| [".run-", ".retired", ".tmp"].iter().any(|word| name.contains(word));
    assert_eq!(tree.keys().find(is_litter), None);
    tree
}

/// What an undisturbed build makes of both variants of the data, and how long it takes.
fn undisturbed(tool: Tool) -> ([BTreeMap<String, Vec<u8>>; 2], Duration) {
    let mut duration = Duration::ZERO;
    let trees = [0, 1].map(|variant| {
        let space = project();
        write_data(&space, variant);
        space.compile(tool).success();
        let start = Instant::now();
        space.build(tool, &[]).success();
        duration = start.elapsed();
        check_stamps(&space.path("build"));
        tree(&space)
    });
    (trees, duration)
}

#[track_caller]
fn same(found: &BTreeMap<String, Vec<u8>>, expected: &BTreeMap<String, Vec<u8>>, what: &str) {
    let names: Vec<_> =
        found.keys().chain(expected.keys()).filter(|name| found.get(*name) != expected.get(*name)).collect();
    let text = |tree: &BTreeMap<String, Vec<u8>>, name: &String| {
        tree.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let first = names.first().map(|name| (text(found, name), text(expected, name)));
    assert!(names.is_empty(), "{what}: {names:?} differ: {first:#?}");
}

fn kills(tool: Tool) {
    let (expected, duration) = undisturbed(tool);
    let space = project();
    let mut dice = Random(0x9E37_79B9_7F4A_7C15 + tool as u64);
    let mut variant = 0;
    write_data(&space, variant);
    space.compile(tool).success();
    for round in 0..KILLS {
        let victim = VICTIMS[usize::try_from(dice.below(VICTIMS.len() as u64)).unwrap()];
        let delay = duration.mul_f64(dice.below(1000) as f64 / 1000.0);
        killed_build(&space, tool, victim, delay);
        if victim == Victim::Everything {
            check_stamps(&space.path("build"));
        }
        // An edit, the last edit undone, or nothing.
        if dice.below(3) > 0 {
            variant = 1 - variant;
            write_data(&space, variant);
        }
        let what = format!("{tool:?}, round {round}, {victim:?} killed after {delay:?}");
        let ran = space.build(tool, &[]);
        assert_eq!(ran.status, 0, "{what}\n{}{}", ran.out, ran.err);
        check_stamps(&space.path("build"));
        same(&tree(&space), &expected[variant], &what);
        // So that the next build has something to do.
        variant = 1 - variant;
        write_data(&space, variant);
    }
}

#[test]
fn fifty_kills_under_ninja() {
    kills(Tool::Ninja);
}

#[test]
fn fifty_kills_under_make() {
    kills(Tool::Make);
}

#[test]
fn two_builds_at_once() {
    for pair in [[Tool::Ninja, Tool::Make], [Tool::Ninja, Tool::Ninja], [Tool::Make, Tool::Make]] {
        let (expected, _) = undisturbed(pair[0]);
        let space = project();
        write_data(&space, 0);
        pair.iter().for_each(|tool| drop(space.compile(*tool).success()));
        let space = &space;
        let ran = std::thread::scope(|scope| {
            pair.map(|tool| scope.spawn(move || space.build(tool, &[]))).map(|one| one.join().unwrap())
        });
        for ran in ran.iter().filter(|ran| ran.status != 0) {
            assert!(ran.says("error: ") && ran.says("build again"), "{pair:?} {}{}", ran.out, ran.err);
        }
        space.build(pair[0], &[]).success();
        same(&tree(space), &expected[0], &format!("{pair:?}"));
    }
}
