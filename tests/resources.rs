//! What instances may use at the same time: they take it from one account in the build folder.

use std::collections::BTreeMap;

use crate::space::{Ran, Space, TOOLS, Tool};

/// Instances that say in `marks` when they begin and end, under what they ask for.
fn project(tool: Tool, count: usize, resources: &str) -> Space {
    let space = Space::new();
    let processes: String = (1..=count)
        .map(|i| {
            format!(
                "    - name: job{i}
      command: 'echo begin job{i} $CUDA_VISIBLE_DEVICES >> marks; sleep 0.05; echo end job{i} >> marks; echo {i} > {{{{ outputs.x }}}}'
      outputs: {{x: x.txt}}
      resources: {resources}
"
            )
        })
        .collect();
    let names: String = (1..=count).map(|i| format!("    job{i}\n")).collect();
    space.write("expops.yaml", format!("pipeline:\n  process_adjlist: |\n{names}  processes:\n{processes}"));
    space.compile(tool).success();
    space
}

/// The largest number of jobs that were under way at once, and the devices of those that were together.
fn most(space: &Space) -> usize {
    let mut under_way: BTreeMap<String, String> = BTreeMap::new();
    let mut most = 0;
    for line in space.read("marks").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "begin" => {
                let device = words.get(2).copied().unwrap_or_default();
                let is_shared = under_way.values().any(|other| other == device && !device.is_empty());
                assert!(!is_shared, "two jobs had the device {device}");
                under_way.insert(words[1].to_owned(), device.to_owned());
            }
            _ => drop(under_way.remove(words[1])),
        }
        most = most.max(under_way.len());
    }
    assert!(under_way.is_empty());
    most
}

/// Builds with many jobs at once on a machine that has so much.
fn build(space: &Space, tool: Tool, machine: &[(&str, &str)]) -> Ran {
    let mut command = match tool {
        Tool::Ninja => space.command("ninja"),
        Tool::Make => space.command("make"),
    };
    command
        .arg("-j16")
        .env_remove("CUDA_VISIBLE_DEVICES")
        .envs(machine.iter().copied())
        .output()
        .unwrap()
        .into()
}

#[test]
fn never_more_is_taken_than_there_is() {
    let cases = [
        ("{cpus: 4}", ("EXPOPS_MACHINE_CPUS", "8"), 2),
        ("{memory: 3GB}", ("EXPOPS_MACHINE_MEMORY", "10000000000"), 3),
        ("{gpus: 1}", ("CUDA_VISIBLE_DEVICES", "0,GPU-7"), 2),
    ];
    for (i, (resources, machine, at_once)) in cases.into_iter().enumerate() {
        let tool = TOOLS[i % 2];
        let space = project(tool, 12, resources);
        let wide = [("EXPOPS_MACHINE_CPUS", "100"), ("EXPOPS_MACHINE_MEMORY", "100000000000000")];
        build(&space, tool, &[wide[0], wide[1], machine]).success();
        assert!(most(&space) <= at_once, "{resources}:\n{}", space.read("marks"));
        space.nothing_to_do(tool);
    }
}

#[test]
fn two_builds_share_one_account() {
    let space = project(Tool::Ninja, 12, "{cpus: 2}");
    space.compile(Tool::Make).success();
    std::thread::scope(|scope| {
        for (tool, half) in [("ninja", 1..=6), ("make", 7..=12)] {
            let names: Vec<String> = half.map(|i| format!("job{i}")).collect();
            let mut command = space.command(tool);
            command
                .env_remove("CUDA_VISIBLE_DEVICES")
                .args(["-j8"])
                .args(names)
                .env("EXPOPS_MACHINE_CPUS", "4");
            scope.spawn(move || Ran::from(command.output().unwrap()).success());
        }
    });
    assert!(most(&space) <= 2, "{}", space.read("marks"));
}

#[test]
fn more_than_the_machine_has_is_an_error_and_no_wait() {
    let space = project(Tool::Ninja, 1, "{cpus: 3, memory: 1GB}");
    for (name, value, said) in [
        ("EXPOPS_MACHINE_CPUS", "2", "job1: it asks for 3 cpus, and this machine has 2"),
        (
            "EXPOPS_MACHINE_MEMORY",
            "1000",
            "job1: it asks for 1000000000 bytes of memory, and this machine has 1000",
        ),
    ] {
        let wide = [("EXPOPS_MACHINE_CPUS", "4"), ("EXPOPS_MACHINE_MEMORY", "100000000000"), (name, value)];
        let failed = build(&space, Tool::Ninja, &wide).failure();
        assert!(failed.says(said), "{}{}", failed.out, failed.err);
    }
    assert!(!space.exists("marks"));
    let failed = space.expops(&["run", "--cpus", "2"]).failure();
    assert!(failed.says("it asks for 3 cpus, and this machine has 2"), "{}{}", failed.out, failed.err);
    space.expops(&["run", "--cpus", "3", "--memory", "2GB"]).success();
    // Under a launcher nothing is taken, and nothing is asked of this machine: others have it.
    let amounts = space.read("build/.expops/plan/job1.json");
    assert!(amounts.contains("\"cpus\""), "{amounts}");
    assert!(!space.read("build.ninja").contains("cpus") && !space.read("build.ninja").contains("memory"));
}

#[test]
fn a_variable_that_cannot_be_read_is_an_error() {
    let space = project(Tool::Ninja, 1, "{cpus: 1}");
    let variables = [
        ("EXPOPS_PATIENCE", "10 seconds", "a whole number of seconds from 1 to 315360000"),
        ("EXPOPS_PATIENCE", "0", "a whole number of seconds from 1 to 315360000"),
        ("EXPOPS_LATENCY", "-1", "a whole number of seconds from 0 to 315360000"),
        ("EXPOPS_LATENCY", "99999999999999999999", "a whole number of seconds"),
        ("EXPOPS_MACHINE_CPUS", "abc", "a whole number from 1 to 100000"),
        ("EXPOPS_MACHINE_MEMORY", "lots", "an amount such as `16GB`, or a number of bytes"),
        ("EXPOPS_WORKER_WAIT", "1h", "a whole number of seconds"),
        ("EXPOPS_WORKER_IDLE", "never", "a whole number of seconds"),
        ("EXPOPS_CACHE_TIMEOUT", "0", "a whole number of seconds from 1"),
        ("EXPOPS_WORKERS", "2", "`0` or `1`"),
        ("EXPOPS_FSYNC", "never", "`0` or `1`"),
    ];
    for (name, value, forms) in variables {
        let said = format!("error: {name} is `{value}`: it may be {forms}");
        let failed = build(&space, Tool::Ninja, &[(name, value)]).failure();
        assert!(failed.says(&said), "{said}\n{}", failed.out);
        space.set(name, Some(value));
        let failed = space.expops(&["run"]);
        assert!(failed.status == 2 && failed.err.contains(&said), "{}{}", failed.out, failed.err);
        space.set(name, None);
    }
    assert!(!space.exists("marks"));
    let well = [("EXPOPS_MACHINE_MEMORY", "2GB"), ("EXPOPS_PATIENCE", ""), ("EXPOPS_WORKERS", "off")];
    build(&space, Tool::Ninja, &well).success();
}

#[test]
fn amounts_may_be_said_with_units() {
    let space = project(Tool::Ninja, 1, "{memory: 3GB}");
    let failed = build(&space, Tool::Ninja, &[("EXPOPS_MACHINE_MEMORY", "2GB")]).failure();
    assert!(
        failed.says("it asks for 3000000000 bytes of memory, and this machine has 2000000000"),
        "{}",
        failed.out
    );
}

#[test]
fn what_somebody_held_who_died_is_free() {
    let space = project(Tool::Ninja, 2, "{cpus: 1}");
    // Files of somebody who waited and of somebody who had taken all, and whose locks nobody holds any more.
    space.write("build/.expops/account/1.waits", "");
    space.write("build/.expops/account/2.taken", "{\"cpus\": 1, \"memory\": 0, \"devices\": []}");
    build(&space, Tool::Ninja, &[("EXPOPS_MACHINE_CPUS", "1")]).success();
    assert_eq!(most(&space), 1);
    assert!(!space.exists("build/.expops/account/2.taken"));
}
