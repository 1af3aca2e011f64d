//! Random pipelines, random edits and undos: after each, what the incremental build left equals what a
//! build from nothing makes, byte for byte. And builds that are killed at random moments.
//!
//! `EXPOPS_SEQUENCES=500` runs more sequences than the few that fit into every test run (from
//! `EXPOPS_FIRST` on), `EXPOPS_MOMENTS=200` more kills; `EXPOPS_SEED=17` one sequence again.

mod project;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::random::Random;
use crate::space::{Space, Tool, signal_group};
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

fn sequence(seed: u64) {
    let random = &mut Random(seed);
    let tool = if random.below(3) == 0 { Tool::Make } else { Tool::Ninja };
    let space = Space::new();
    let mut states = vec![Project::random(random)];
    for number in 0..6 {
        let state = states.last().unwrap().clone();
        let context = || format!("EXPOPS_SEED={seed}, edit {number}: {state:#?}");
        state.write(&space);
        // What is installed is looked at when compiling.
        if number == 0 || state.package != states[number - 1].package {
            space.compile(tool).success();
        }
        if random.below(5) == 0 {
            kill_after(&mut tool_command(&space, tool), random.below(1500));
        }
        let ran = space.build(tool, &[]);
        assert_eq!(ran.status != 0, state.broken, "{}\n{}{}", context(), ran.out, ran.err);
        if !state.broken {
            space.nothing_to_do(tool);
            compare(&space, tool, &state, &context);
        }
        let mut next = state.clone();
        if random.below(4) == 0 {
            next = states[random.below(states.len() as u64) as usize].clone();
        } else {
            (0..=random.below(2)).for_each(|_| next.edit(random));
        }
        states.push(next);
    }
}

/// Compares what is in the build folder with what a build from nothing makes.
fn compare(space: &Space, tool: Tool, state: &Project, context: &dyn Fn() -> String) {
    space.expops(&["clean", "--stale", "-q"]).success();
    let fresh = Space::new();
    state.write(&fresh);
    fresh.compile(tool).success();
    fresh.build(tool, &[]).success();
    let (left, right) = (space.tree("build"), fresh.tree("build"));
    for name in left.keys().chain(right.keys()) {
        assert!(left.get(name) == right.get(name), "{name} differs; {}", context());
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
