//! A real Slurm: the same bytes through jobs and steps as here; nodes, jobs, limits and controllers that go away cost
//! another attempt; a build that is ended leaves no job.

#![cfg(target_os = "linux")]

mod cluster;

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::anywhere;
use crate::launchers::{bounded, project, soon};
use crate::random::{Random, number};
use crate::readme::blocks;
use crate::space::{Ran, Space, Tool, repository, signal_group};
use cluster::Cluster;

const LONGEST: Duration = Duration::from_secs(60);

/// How long a build may take whose controller was away: `srun` waits long before it asks again.
const AFTER_AN_EVENT: Duration = Duration::from_secs(180);

/// How many things go wrong at random moments, of each kind in turns; `EXPOPS_TEST_EVENTS` says otherwise. The third is a
/// controller that is started again: `srun` mostly notices in six seconds, seldom in a minute. Run with 50 events each, all
/// well: seeds 2, 14 and 21; of the first two 34 and 36 befell something.
const EVENTS: u64 = 6;

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
            // Past what keeps the output of tests that pass.
            writeln!(io::stderr(), "\nSKIPPED: the tests of Slurm: {why}").unwrap();
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
        (memory, "      resources: {memory: 100MB}\n", "memory"),
        ("exit 5", "", "exit status 5"),
    ];
    for (command, more, message) in cases {
        let ran = build(&one(command, more), cluster, &["ninja"]).failure();
        assert!(ran.says(message), "{command}: {}", ran.out);
    }
    what_is_refused_is_no_failure_of_the_task(cluster);
    assert!(soon(LONGEST, || cluster.queue().is_empty()));
}

fn what_is_refused_is_no_failure_of_the_task(cluster: &Cluster) {
    let jobs = &["ninja"][..];
    let steps = &["salloc", "--quiet", "--nodes=1", "--ntasks=2", "--no-kill", "ninja"][..];
    let cases = [
        ("cpus: 5", "slurm", jobs, ": srun: error: CPU count per node can not be satisfied"),
        ("memory: 900GB", "slurm", jobs, ": srun: error: Memory specification can not be satisfied"),
        ("memory: 900GB", "slurm", steps, ": srun: error: Unable to create step for job"),
        ("cpus: 1", "slurm --partition=nosuch", jobs, ": srun: error: invalid partition specified: nosuch"),
        ("cpus: 1", "slurm --partitoin=main", steps, "srun: unrecognized option '--partitoin=main'"),
    ];
    for (need, launcher, words, said) in cases {
        let more = format!("      resources: {{{need}}}\n      retries: 2\n      on_failure: drop\n");
        let space = one("true", &more);
        space.edit("expops.yaml", "process_adjlist: one", "process_adjlist: seeds one");
        space.edit(
            "expops.yaml",
            "  processes:",
            "  processes:\n    - {name: seeds, seed_parallelism: {seeds: [1]}}",
        );
        space.compile(Tool::Ninja).success();
        let mut command = command(&space, cluster, words);
        command.env("EXPOPS_LAUNCHER", launcher);
        let ran = bounded(command).failure();
        assert!(ran.says("the launcher `slurm` ended with exit status "), "{launcher}: {}", ran.out);
        assert!(ran.says("and has run nothing: ") && ran.says(said), "{launcher}: {}", ran.out);
        assert!(ran.says("help: change the words for `srun`"), "{launcher}: {}", ran.out);
        assert!(!space.exists("build/one/s1/failed.json"), "{launcher}: {}", ran.out);
        let events = space.read("build/.expops/journal");
        assert_eq!(events.matches("\"event\":\"started\"").count(), 1, "{launcher}: one attempt");
    }
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

/// Six partitions whose instances take a moment, and are tried again when they are lost or go beyond a limit. One of
/// `count` that can take a folder away from `trouble` does.
fn long_project(trouble: &Path) -> Space {
    let space = project();
    let (trouble, again) = (trouble.display(), "retries: {times: 9, on: [lost, timeout, out_of_memory]}");
    let memory = "python3 -c 'x = bytearray(400 << 20); import time; time.sleep(30)'";
    space.edit("expops.yaml", "size: 3", "size: 6");
    space.edit(
        "expops.yaml",
        "command: wc",
        &format!(
            "{again}\n      resources: {{time: 8s, memory: 200MB}}\n      command: sleep 0.7; \
             rmdir {trouble}/time && sleep 60; rmdir {trouble}/memory && {memory}; wc"
        ),
    );
    space.edit("expops.yaml", "- name: fit", &format!("- name: fit\n      {again}"));
    space.edit("model.py", "    factor", "    import time; time.sleep(0.3)\n    factor");
    space.compile(Tool::Ninja).success();
    space
}

/// What goes wrong, in turns.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Node,
    Job,
    Controller,
    Build,
    Time,
    Memory,
}

const WRONG: [Wrong; 6] =
    [Wrong::Node, Wrong::Job, Wrong::Controller, Wrong::Build, Wrong::Time, Wrong::Memory];

/// Has something go wrong; says whether there was something for it to befall.
fn strike(wrong: Wrong, cluster: &mut Cluster, ninja: &mut Child, trouble: &Path) -> bool {
    let queue = cluster.queue();
    let running = queue.iter().find(|(_, node)| !node.is_empty());
    let mut is_taken = |name: &str| {
        let folder = trouble.join(name);
        fs::create_dir(&folder).unwrap();
        soon(Duration::from_secs(10), || !folder.exists() || ninja.try_wait().unwrap().is_some());
        // If nobody came by, nobody is to.
        fs::remove_dir(&folder).is_err()
    };
    match (wrong, running) {
        (Wrong::Node, Some((_, node))) => cluster.lose(node),
        (Wrong::Job, Some((job, _))) => drop(cluster.say("scancel", &[&format!("--name={job}")])),
        (Wrong::Controller, _) => cluster.restart_controller(),
        (Wrong::Build, _) => signal_group(ninja, Signal::KILL),
        (Wrong::Time, _) => return is_taken("time"),
        (Wrong::Memory, _) => return is_taken("memory"),
        _ => return false,
    }
    !queue.is_empty()
}

fn what_is_lost_is_tried_again(cluster: &mut Cluster) {
    // What is below `/dev` is nothing that an instance reads.
    let trouble = tempfile::Builder::new().prefix("expops-slurm-").tempdir_in("/dev/shm").unwrap();
    let space = long_project(trouble.path());
    let mut random = Random::seeded();
    let mut struck = [0; WRONG.len()];
    for event in 0..number("EXPOPS_TEST_EVENTS").unwrap_or(EVENTS) {
        let mut ninja = command(&space, cluster, &["ninja", "-j8", "-k", "0"]);
        let mut ninja = ninja.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        soon(Duration::from_secs(10), || !cluster.queue().is_empty() || ninja.try_wait().unwrap().is_some());
        std::thread::sleep(Duration::from_millis(random.below(1500)));
        let kind = usize::try_from(event).unwrap() % WRONG.len();
        struck[kind] += usize::from(strike(WRONG[kind], cluster, &mut ninja, trouble.path()));
        if random.below(2) == 0 {
            signal_group(&ninja, Signal::INT);
        }
        let has_ended = soon(AFTER_AN_EVENT, || ninja.try_wait().unwrap().is_some());
        assert!(has_ended, "event {event}: the build does not end\n{}", cluster.what_goes_on());
        assert!(soon(LONGEST, || cluster.queue().is_empty()), "event {event}: {:?}", cluster.queue());
        cluster.mend();
        space.write("data/rows.csv", rows(event));
    }
    eprintln!("{WRONG:?} befell something so often: {struck:?}");
    build(&space, cluster, &["ninja", "-j8"]).success();
    let fresh = long_project(trouble.path());
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
