//! A real Slurm: the same bytes through jobs and steps as here; nodes, jobs, limits and controllers that go away cost
//! another attempt; a build that is ended leaves no job.

#![cfg(target_os = "linux")]

mod cluster;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::anywhere;
use crate::launchers::{bounded, project, soon};
use crate::random::Random;
use crate::readme::blocks;
use crate::space::{Ran, Space, Tool, repository, signal_group};
use cluster::Cluster;

const LONGEST: Duration = Duration::from_secs(60);

/// How long a build may take whose controller was away: `srun` waits long before it asks again.
const AFTER_AN_EVENT: Duration = Duration::from_secs(180);

/// How many things go wrong at random moments; `EXPOPS_TEST_EVENTS` says otherwise. The third is a controller that is
/// started again: `srun` mostly notices in six seconds, seldom in a minute.
const EVENTS: u64 = 2;

fn command(space: &Space, cluster: &Cluster, words: &[&str]) -> Command {
    let mut command = space.command(words[0]);
    command.args(&words[1..]).env("EXPOPS_LAUNCHER", "slurm").env("SLURM_CONF", cluster.configuration());
    command.env("EXPOPS_LATENCY", "0").env("EXPOPS_PATIENCE", "20");
    command
}

fn build(space: &Space, cluster: &Cluster, words: &[&str]) -> Ran {
    bounded(command(space, cluster, words))
}

/// One test, as there is one cluster: starting it takes longer than all the rest.
#[test]
fn slurm_runs_it_as_this_machine_does_and_what_goes_wrong_there_is_mended() {
    let mut cluster = match Cluster::start() {
        Ok(cluster) => cluster,
        Err(why) => {
            eprintln!("skipped: no Slurm: {why}");
            return;
        }
    };
    the_same_through_jobs_and_steps(&cluster);
    the_commands_of_the_readme_work(&cluster);
    sixty_four_instances_are_the_same(&cluster);
    kinds_of_failure_are_told_apart(&cluster);
    a_build_that_is_ended_leaves_no_job(&cluster);
    what_is_lost_is_tried_again(&mut cluster);
}

fn the_same_through_jobs_and_steps(cluster: &Cluster) {
    let space = project();
    space.compile(Tool::Ninja).success();
    bounded(space.command("ninja")).success();
    let here = space.tree("build");
    for words in [
        &["ninja", "-j8"][..],
        &["salloc", "--quiet", "--nodes=2", "--ntasks=4", "--no-kill", "ninja", "-j8"],
    ] {
        fs::remove_dir_all(space.path("build")).unwrap();
        space.compile(Tool::Ninja).success();
        build(&space, cluster, words).success();
        assert!(space.tree("build") == here, "{words:?}");
        space.nothing_to_do(Tool::Ninja);
        assert!(build(&space, cluster, words).success().says("no work to do"));
    }
}

fn sixty_four_instances_are_the_same(cluster: &Cluster) {
    let space = anywhere::project();
    let here = || space.command("ninja");
    let jobs = || command(&space, cluster, &["ninja", "-j8"]);
    let steps = || {
        let words = ["salloc", "--quiet", "--nodes=2", "--ntasks=4", "--no-kill", "ninja", "-j8"];
        command(&space, cluster, &words)
    };
    anywhere::the_same_each_way(&space, &[("here", &here), ("jobs", &jobs), ("steps", &steps)]);
}

fn the_commands_of_the_readme_work(cluster: &Cluster) {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let blocks = blocks(&readme).into_iter().filter(|block| block.language == "sh");
    let commands: Vec<_> =
        blocks.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    let space = Space::copy_of("examples/penguins");
    for line in commands {
        let mut command = command(&space, cluster, &["bash", "-c", &line]);
        command.env_remove("EXPOPS_LAUNCHER");
        bounded(command).success();
        assert!(soon(LONGEST, || cluster.queue().is_empty()), "{line}");
        if line != "expops compile" {
            assert!(space.exists("build/report/stamp"), "{line}");
            let ran = bounded(space.command("ninja")).success();
            assert!(ran.says("no work to do"), "{line}: {}", ran.out);
            fs::remove_dir_all(space.path("build")).unwrap();
        }
    }
}

/// A process that is one shell command.
fn one(command: &str, more: &str) -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        format!(
            "pipeline:\n  process_adjlist: one\n  processes:\n    - name: one\n      outputs: {{o: o.txt}}\n      \
             command: |\n        {command}\n{more}"
        ),
    );
    space.compile(Tool::Ninja).success();
    space
}

fn kinds_of_failure_are_told_apart(cluster: &Cluster) {
    let memory = "python3 -c 'x = bytearray(400 << 20); import time; time.sleep(30)'";
    let cases = [
        (
            "sleep 60; echo > {{ outputs.o }}",
            "      resources: {time: 1s}\n",
            "it took longer than its `time`",
        ),
        (memory, "      resources: {memory: 100MB}\n", "used more than its `memory`"),
        ("exit 5", "", "exit status 5"),
        ("true", "      resources: {cpus: 5}\n", "nothing has run"),
    ];
    for (command, more, message) in cases {
        let ran = build(&one(command, more), cluster, &["ninja"]).failure();
        assert!(ran.says(message), "{command}: {}", ran.out);
    }
    assert!(soon(LONGEST, || cluster.queue().is_empty()));
}

fn a_build_that_is_ended_leaves_no_job(cluster: &Cluster) {
    for signal in [Signal::INT, Signal::KILL] {
        let space = one("echo > started; sleep 600; echo > {{ outputs.o }}", "");
        let mut ninja = command(&space, cluster, &["ninja"]);
        let mut ninja = ninja.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        assert!(soon(LONGEST, || space.exists("started")));
        assert_eq!(cluster.queue().len(), 1);
        signal_group(&ninja, signal);
        ninja.wait().unwrap();
        assert!(soon(LONGEST, || cluster.queue().is_empty()), "{signal:?}");
    }
}

/// Six partitions whose instances take a moment, and are tried again when they are lost.
fn long_project() -> Space {
    let space = project();
    space.edit("expops.yaml", "size: 3", "size: 6");
    space.edit("expops.yaml", "command: wc", "retries: {times: 9, on: [lost]}\n      command: sleep 0.7; wc");
    space.edit("expops.yaml", "- name: fit", "- name: fit\n      retries: {times: 9, on: [lost]}");
    space.edit("model.py", "    factor", "    import time; time.sleep(0.3)\n    factor");
    space.compile(Tool::Ninja).success();
    space
}

fn what_is_lost_is_tried_again(cluster: &mut Cluster) {
    let space = long_project();
    let seed = std::env::var("EXPOPS_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let events =
        std::env::var("EXPOPS_TEST_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(EVENTS);
    let mut random = Random(seed);
    for event in 0..events {
        let mut ninja = command(&space, cluster, &["ninja", "-j8", "-k", "0"]);
        let mut ninja = ninja.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        soon(Duration::from_secs(10), || !cluster.queue().is_empty() || ninja.try_wait().unwrap().is_some());
        std::thread::sleep(Duration::from_millis(random.below(1500)));
        let queue = cluster.queue();
        match (event % 4, queue.iter().find(|(_, node)| !node.is_empty())) {
            (0, Some((_, node))) => cluster.lose(node),
            (1, Some((job, _))) => drop(cluster.say("scancel", &[&format!("--name={job}")])),
            (2, _) => cluster.restart_controller(),
            (3, _) => signal_group(&ninja, Signal::KILL),
            _ => {}
        }
        if event % 4 == 3 || random.below(2) == 0 {
            signal_group(&ninja, Signal::INT);
        }
        let has_ended = soon(AFTER_AN_EVENT, || ninja.try_wait().unwrap().is_some());
        assert!(has_ended, "event {event}: the build does not end\n{}", cluster.what_goes_on());
        assert!(soon(LONGEST, || cluster.queue().is_empty()), "event {event}: {:?}", cluster.queue());
        cluster.mend();
        space.write("data/rows.csv", rows(event));
    }
    build(&space, cluster, &["ninja", "-j8"]).success();
    let fresh = long_project();
    fresh.write("data/rows.csv", space.read("data/rows.csv"));
    bounded(fresh.command("ninja")).success();
    let values = |space: &Space| {
        let mut tree = space.tree("build");
        tree.retain(|name, _| {
            name.contains("/out/") || name.ends_with("/stamp") || name.ends_with("values.json")
        });
        tree
    };
    assert!(values(&space) == values(&fresh));
    assert!(build(&space, cluster, &["ninja"]).success().says("no work to do"));
}

/// A table whose first half is the same each time.
fn rows(event: u64) -> String {
    (0..40)
        .fold("x\n".to_owned(), |text, row| text + &format!("{}\n", if row < 20 { row } else { row + event }))
}
