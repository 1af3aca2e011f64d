//! One pipeline everywhere: the same bytes under Ninja, Make and `sh`, here and through a launcher, in batches and in
//! instances of their own, and nothing to do when the next build is another one's. `tests/slurm.rs` goes on with it.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::launchers::{bounded, launcher};
use crate::space::{Ran, Space};

/// Sixty-four instances: four partitions, in each four more; shell and Python; one fails at first, one always.
const PIPELINE: &str = r#"
metadata: {name: anywhere}
scripts: {main: model.py}
process_adjlist: |
  load outer length
  outer note inner
  inner fit count
  fit pair
  count pair
  pair some
  some mean
  mean whole
  note whole
  whole end
processes:
  - name: load
    command: seq 0 31 > {{ outputs.rows }}; echo load >> .ran.log
    outputs: {rows: rows.txt}
  - name: length
    command: wc -l < {{ inputs.rows }} > {{ outputs.length }}; echo length >> .ran.log
    outputs: {length: length.txt}
  - {name: outer, data_parallelism: {size: 4, data_name: rows}, on_failure: drop}
  - name: note
    command: wc -l < {{ inputs.rows }} > {{ outputs.note }}; echo note >> .ran.log
    outputs: {note: note.txt}
  - {name: inner, data_parallelism: {size: 4, data_name: rows}}
  - name: fit
  - name: count
    batch: 8
    resources: {cpus: [1, 2]}
    retries: {times: 1, on: [exit]}
    command: |
      n=$(tail -n 1 {{ inputs.rows }}); echo "count $n" >> .ran.log
      if [ "$n" = 7 ] && [ "$OMP_NUM_THREADS" = 1 ]; then echo not yet; exit 3; fi
      echo "$n" > {{ outputs.last }}
    outputs: {last: last.txt}
  - name: pair
  - {name: some, data_aggregation: true}
  - name: mean
    command: cat {{ inputs.some }} > {{ outputs.mean }}; echo mean >> .ran.log
    outputs: {mean: mean.txt}
  - {name: whole, data_aggregation: true}
  - name: end
    command: cp {{ inputs.text }} {{ outputs.end }}; echo end >> .ran.log
    outputs: {end: end.txt}
"#;

const MODEL: &str = r"
import os
from pathlib import Path


def ran(what):
    with open(os.environ['EXPOPS_PROJECT_ROOT'] + '/.ran.log', 'a') as file:
        print(what, file=file)


def fit(rows):
    numbers = [int(line) for line in rows.read_text().split()]
    ran(f'fit {numbers[-1]}')
    if numbers[-1] == 21:
        raise ValueError('never')
    return {'numbers': numbers}


def pair(numbers, last):
    ran('pair')
    return {'numbers': numbers, 'last': int(last.read_text())}


def some(numbers, last, failed):
    ran('some')
    text = repr((numbers, last, failed))
    Path('some.txt').write_text(text)
    return {'some': Path('some.txt')}


def whole(mean, note):
    ran('whole')
    Path('all.txt').write_text(''.join(path.read_text() for path in [*mean.values(), *note.values()]))
    return {'text': Path('all.txt')}
";

/// What runs, one line each: the one that fails at first runs twice.
const RUNS: usize = 2 + 4 + 16 + 17 + 15 + 4 + 4 + 1 + 1;

pub fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PIPELINE);
    space.write("model.py", MODEL);
    launcher(&space, "launch", "exec \"$@\"");
    for format in ["ninja", "make", "sh"] {
        space.expops(&["compile", "--format", format]).success();
    }
    space
}

/// A build, and what it ran, in order.
#[track_caller]
pub fn build(space: &Space, command: Command) -> Vec<String> {
    let _ = fs::remove_file(space.path(".ran.log"));
    let ran: Ran = bounded(command).failure();
    let text = format!("{}{}", ran.out, ran.err);
    assert!(text.contains("fit p3.p3: ValueError: never (raised)"), "{text}");
    space.logged()
}

/// All that a build makes.
pub fn made(space: &Space) -> BTreeMap<String, Vec<u8>> {
    let mut tree = space.tree("build");
    tree.retain(|name, _| {
        name.contains("/out/") || name.ends_with("/stamp") || name.ends_with("values.json")
    });
    tree
}

/// Builds it from nothing each way, and then the next way; the first one makes what all have to make. The last one is
/// followed by all.
#[track_caller]
pub fn the_same_each_way(space: &Space, ways: &[(&str, &dyn Fn() -> Command)]) {
    let mut first = None;
    for (number, (name, way)) in ways.iter().enumerate() {
        fs::remove_dir_all(space.path("build/.expops/cache")).unwrap_or_default();
        for folder in [
            "load", "length", "outer", "note", "inner", "fit", "count", "pair", "some", "mean", "whole",
            "end",
        ] {
            fs::remove_dir_all(space.path("build").join(folder)).unwrap_or_default();
        }
        let ran = build(space, way());
        assert_eq!(ran.len(), RUNS, "{name}: {ran:?}");
        let here = made(space);
        assert_eq!(here.keys().filter(|name| name.ends_with("/stamp")).count(), 64 + 20, "{name}");
        assert_eq!(space.read("build/fit/p3/p3/stamp"), "failed\n", "{name}");
        assert!(space.read("build/count/p1/p4/log").contains("expops: attempt 2"), "{name}");
        let first = first.get_or_insert_with(|| here.clone());
        assert_eq!(first.keys().collect::<Vec<_>>(), here.keys().collect::<Vec<_>>(), "{name}");
        let other: Vec<_> = here.iter().filter(|(name, bytes)| first[*name] != **bytes).collect();
        assert!(other.is_empty(), "{name}: {other:?}");
        // Another way has nothing to do, except to try again what failed.
        let next = ways.iter().skip(number + 1).take(1);
        for (other, way) in next.chain(ways.iter().filter(|_| number + 1 == ways.len())) {
            assert_eq!(build(space, way()), ["fit 21"], "{name}, then {other}");
        }
    }
}

#[test]
fn one_pipeline_makes_the_same_under_every_tool_and_through_a_launcher() {
    let space = project();
    let launched = |words: &[&str]| {
        let mut command = space.command(words[0]);
        command.args(&words[1..]).env("EXPOPS_LAUNCHER", space.path("launch"));
        command
    };
    let here = |words: &[&str]| {
        let mut command = launched(words);
        command.env_remove("EXPOPS_LAUNCHER");
        command
    };
    the_same_each_way(
        &space,
        &[
            ("ninja", &|| here(&["ninja"])),
            ("make", &|| here(&["make", "-j4"])),
            ("sh", &|| here(&["sh", "build.sh"])),
            ("a launcher", &|| launched(&["ninja", "-j8"])),
        ],
    );
}
