//! Whoever can execute a generated file, and what it does at each step of a project's life: it makes the same bytes as
//! the others, and runs as many instances. `docs/executors.md` has the counts; `EXPOPS_BLESS=1 cargo test matrix` writes
//! those of the executors that are there. `EXPOPS_TEST_MATRIX=1` takes every pipeline through every executor; without it,
//! the larger ones are built by one executor of each kind.

mod executors;
mod hosts;
mod pipelines;
mod table;
mod walk;

use executors::{Executor, Kind};
use pipelines::Pipeline;
use walk::Walk;

use crate::space::Space;

/// Takes a pipeline through executors, and holds what they made and ran against each other and the table.
fn compare(pipeline: &Pipeline, executors: &[Executor]) {
    let walks: Vec<_> =
        executors.iter().map(|executor| (executor, Walk::through(pipeline, executor))).collect();
    let (_, first) = walks.first().expect("an executor");
    for (executor, walk) in &walks {
        walk.same_bytes(first, executor.name);
        if executor.kind != Kind::Shell {
            assert_eq!(walk.cells, first.cells, "{} runs something else in {}", executor.name, pipeline.name);
        }
    }
    let rows = walks.iter().map(|(executor, walk)| (executor.name, walk.cells.as_slice()));
    table::hold(pipeline.name, &rows.collect::<Vec<_>>());
}

/// The newest Ninja, Make and one shell, unless all are asked for.
fn some(executors: Vec<Executor>) -> Vec<Executor> {
    let is_taken = |executor: &Executor| ["Ninja 1.13", "GNU Make", "dash"].contains(&executor.name);
    let is_long = std::env::var_os("EXPOPS_TEST_MATRIX").is_some();
    executors.into_iter().filter(|executor| is_long || is_taken(executor)).collect()
}

#[test]
fn penguins() {
    compare(&pipelines::penguins(), &executors::found());
}

#[test]
fn layers() {
    compare(&pipelines::layers(), &some(executors::found()));
}

#[test]
fn awkward_names() {
    // samurai reads ASCII alone in dependency files.
    let able = executors::found().into_iter().filter(|executor| executor.name != "samurai");
    compare(&pipelines::awkward(), &some(able.collect()));
}

/// One that is too old says so itself, and makes nothing.
#[test]
fn ninja_before_1_10_refuses_a_pipeline_that_can_read_files() {
    let Some(ninja) = executors::older() else { return };
    let space: Space = (pipelines::penguins().make)();
    space.expops(&["compile"]).success();
    let ran = space.run(&ninja, &[]).failure();
    assert!(ran.says("multiple outputs aren't (yet?) supported"), "{}{}", ran.out, ran.err);
    assert!(!space.exists("build/clean"));
}
