//! Random pipelines, random edits and undos: after each, what the incremental build left equals what a
//! build from nothing makes, byte for byte. And builds that are killed at random moments.
//!
//! `EXPOPS_SEQUENCES=500` runs more sequences than the few that fit into every test run (from
//! `EXPOPS_FIRST` on), `EXPOPS_MOMENTS=200` more kills; `EXPOPS_SEED=17` one sequence again.
//!
//! With `EXPOPS_BLIND=1`, which takes the watching out, 600, 601, 606 and 607 of the seeds 600 to 609 fail; with it
//! 600 to 607 pass.

mod damage;
mod project;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::random::Random;
use crate::space::{Ran, Space, Tool, signal_group};
use project::Project;

/// Sequences that once found a fault.
const FAILED: [u64; 0] = [];

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Starts `command` as a group of its own and kills all of it after a while.
fn kill_after(command: &mut Command, milliseconds: u64) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut killed = command.process_group(0).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    signal_group(&killed, Signal::KILL);
    killed.wait().unwrap();
}

fn tool_command(space: &Space, tool: Tool) -> Command {
    match tool {
        Tool::Ninja => space.command("ninja"),
        Tool::Make => {
            let mut command = space.command("make");
            command.arg("-j2");
            command
        }
    }
}

/// How long one build of a sequence may take.
const LIMIT: Duration = Duration::from_secs(150);

fn build(space: &Space, tool: Tool) -> Ran {
    match tool {
        Tool::Ninja => space.run_within(LIMIT, "ninja", &[]),
        Tool::Make => space.run_within(LIMIT, "make", &["-j2"]),
    }
}

fn run(space: &Space, tool: Tool) -> Ran {
    let with = if tool == Tool::Ninja { "ninja" } else { "make" };
    space.run_within(LIMIT, env!("CARGO_BIN_EXE_expops"), &["run", "--with", with])
}

fn sequence(seed: u64) {
    let random = &mut Random(seed);
    let tool = if random.below(3) == 0 { Tool::Make } else { Tool::Ninja };
    let space = Space::new();
    let mut states = vec![Project::random(random)];
    for number in 0..6 {
        let state = states.last().unwrap().clone();
        let context = || format!("EXPOPS_SEED={seed}, edit {number}, {tool:?}: {state:#?}");
        state.write(&space);
        let before = states.iter().rev().nth(1);
        let is_hidden = before
            .is_none_or(|last| state.package != last.package || state.world.is_hidden_since(&last.world));
        if number == 0 {
            space.compile(tool).success();
        }
        if random.below(5) == 0 {
            kill_after(&mut tool_command(&space, tool), random.below(1500));
        }
        // What is installed, variables, and new names in the project's own folder are looked at by `expops run`.
        let ran = if is_hidden { run(&space, tool) } else { build(&space, tool) };
        assert_eq!(ran.status != 0, state.broken, "{}\n{}{}", context(), ran.out, ran.err);
        if !state.broken {
            space.nothing_to_do(tool);
            let fresh = fresh(&state, tool);
            compare(&space, &fresh, &context);
            if random.below(2) == 0 {
                heal(&space, tool, random, &fresh, &context);
            }
        }
        states.push(next(&states, random));
    }
}

fn next(states: &[Project], random: &mut Random) -> Project {
    if random.below(4) == 0 {
        return states[random.below(states.len() as u64) as usize].clone();
    }
    let mut next = states.last().unwrap().clone();
    (0..=random.below(2)).for_each(|_| next.edit(random));
    next
}

/// Damages what is there. A build mends it.
fn heal(space: &Space, tool: Tool, random: &mut Random, fresh: &Space, context: &dyn Fn() -> String) {
    space.tick();
    let damaged = damage::some(space, random);
    let context = || format!("damaged: {damaged:#?}\n{}", context());
    let ran = run(space, tool);
    assert_eq!(ran.status, 0, "{}\n{}{}", context(), ran.out, ran.err);
    space.nothing_to_do(tool);
    compare(space, fresh, &context);
}

/// The project in this state, built from nothing.
fn fresh(state: &Project, tool: Tool) -> Space {
    let fresh = Space::new();
    state.write(&fresh);
    fresh.compile(tool).success();
    build(&fresh, tool).success();
    fresh
}

/// Compares what is in the build folder with what a build from nothing has made.
fn compare(space: &Space, fresh: &Space, context: &dyn Fn() -> String) {
    space.expops(&["clean", "--stale", "-q"]).success();
    let (left, right) = (space.tree("build"), fresh.tree("build"));
    for name in left.keys().chain(right.keys()) {
        let shown = |tree: &BTreeMap<String, Vec<u8>>| {
            tree.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        assert!(
            left.get(name) == right.get(name),
            "{name} differs:\n{:?}\n{:?}\n{}",
            shown(&left),
            shown(&right),
            context()
        );
    }
}

#[test]
fn random_edits_leave_what_a_build_from_nothing_makes() {
    if let Some(seed) = setting("EXPOPS_SEED") {
        return sequence(seed);
    }
    let first = setting("EXPOPS_FIRST").unwrap_or(1);
    (first..first + setting("EXPOPS_SEQUENCES").unwrap_or(2)).chain(FAILED).for_each(sequence);
}

#[test]
fn a_build_killed_at_any_moment_is_finished_by_the_next() {
    let random = &mut Random(setting("EXPOPS_SEED").unwrap_or(5));
    let space = Space::new();
    let cache = space.path("cache");
    let build = || -> Command {
        let mut command = tool_command(&space, Tool::Ninja);
        command.env("EXPOPS_CACHE_DIR", &cache).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut states = [Project::random(random), Project::random(random)];
    for state in &mut states {
        (state.inner, state.seeds, state.size, state.shell) = (None, Some(vec![41, 42]), 3, false);
        (state.taps, state.package) = (Vec::new(), None);
    }
    states[1].by = states[0].by;
    let expected = [0, 1].map(|i| {
        states[i].write(&space);
        space.compile(Tool::Ninja).success();
        assert!(build().status().unwrap().success());
        space.tree("build")
    });
    for moment in 0..setting("EXPOPS_MOMENTS").unwrap_or(8) {
        let now = (moment % 2) as usize;
        states[now].write(&space);
        match random.below(3) {
            // A restore, a write, or a mixture is interrupted.
            0 => drop(fs::remove_dir_all(space.path("build"))),
            1 => drop(fs::remove_dir_all(&cache)),
            _ => {}
        }
        kill_after(&mut build(), random.below(1200));
        assert!(build().status().unwrap().success(), "moment {moment}");
        let tree = space.tree("build");
        for name in tree.keys().chain(expected[now].keys()) {
            assert!(tree.get(name) == expected[now].get(name), "moment {moment}: {name} differs");
        }
    }
}
