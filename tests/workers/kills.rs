//! Workers, their children, `exec` and the tool are killed at random moments: nothing is stale, nothing is left, and
//! the next build completes.

use std::time::{Duration, Instant};

use super::{build, command, eventually, leftovers, pipeline, results, signal, space, unbuild, workers};
use crate::random::Random;
use crate::space::Space;

/// How many kills: `EXPOPS_TEST_KILLS` asks for more.
fn kills() -> u64 {
    std::env::var("EXPOPS_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn project() -> Space {
    let space = space();
    let script = "
import json
from pathlib import Path
from expops.core import log_metric, process

@process()
def load():
    return {'rows': json.loads(Path('rows.json').read_text())}

def fit(rows):
    print('fit', rows)
    log_metric('sum', sum(rows))
    Path('note.txt').write_text(str(rows))
    return {'sum': sum(rows)}

def total(sum):
    return {'total': repr(sum)}
";
    space.write("model.py", script);
    let processes = "    - {name: load, data_parallelism: {size: 6, data_name: rows}}\n    - {name: fit}\n    \
                     - {name: total, data_aggregation: true}\n";
    let text = pipeline("load fit\nfit total", processes);
    space.write("expops.yaml", text.replace("pipeline:", "data: {path: rows.json}\npipeline:"));
    space
}

fn write_rows(space: &Space, variant: usize) {
    let rows: Vec<String> = (0..12).map(|i| (i * (variant + 1)).to_string()).collect();
    space.write("rows.json", format!("[{}]", rows.join(", ")));
}

/// The processes of a kind: of the worker, its children, `exec`, the tool.
fn victims(space: &Space, ninja: u32, kind: u64) -> Vec<u32> {
    let all = leftovers(space);
    let of = |text: &str| {
        all.iter().filter(|(_, line)| line.contains(text)).map(|(pid, _)| *pid).collect::<Vec<_>>()
    };
    let workers = workers(space);
    match kind {
        0 => workers,
        1 => of("--worker").into_iter().filter(|pid| !workers.contains(pid)).collect(),
        2 => of("expops exec"),
        3 => vec![ninja],
        _ => [of("expops exec"), workers, vec![ninja]].concat(),
    }
}

#[test]
fn kills_at_random_moments_leave_nothing_behind() {
    let (space, mut dice) = (project(), Random(0x1234_5678_9ABC));
    write_rows(&space, 0);
    space.expops(&["compile"]).success();
    let start = Instant::now();
    build(&space, true, |_| ()).success();
    let duration = start.elapsed();
    for round in 0..kills() {
        write_rows(&space, usize::try_from(round % 7).unwrap() + 1);
        let mut ninja = command(&space, "ninja", true);
        ninja.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut ninja = ninja.spawn().unwrap();
        std::thread::sleep(duration.mul_f64(dice.below(1000) as f64 / 1000.0));
        let kind = dice.below(5);
        signal("KILL", &victims(&space, ninja.id(), kind));
        eventually("the tool ends", || ninja.try_wait().unwrap().is_some());
        // One whose tool was killed goes on.
        eventually("no instance runs", || victims(&space, 0, 2).is_empty());
        let ran = build(&space, true, |_| ());
        assert_eq!(ran.status, 0, "round {round}, kind {kind}: {}{}", ran.out, ran.err);
        let warm = outputs(&space);
        unbuild(&space);
        build(&space, false, |_| ()).success();
        assert_eq!(warm, outputs(&space), "round {round}, kind {kind}");
    }
    std::thread::sleep(Duration::from_millis(1));
    eventually("nothing is left", || leftovers(&space).is_empty());
}

/// Everything but why it ran, and what a worker that was killed added to a log.
fn outputs(space: &Space) -> std::collections::BTreeMap<String, String> {
    let mut results = results(space);
    results.retain(|name, _| !name.ends_with("why.json") && !name.ends_with("record.json"));
    for text in results.values_mut() {
        *text = text
            .lines()
            .filter(|line| !line.starts_with("expops: no worker"))
            .map(|line| format!("{line}\n"))
            .collect();
    }
    results
}
