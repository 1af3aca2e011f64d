//! A mutation of every field of a project file, and which instances then run.

mod known;
mod project;

pub use project::PROJECT;
use project::{FILES, MUTATIONS};

use crate::ingredients::environment::wheel;
use crate::space::{Space, TOOLS, Tool};
use crate::step::{change, split, step};

/// A field by its place, a text of the project file that stands in it once, what is written instead, and
/// what then runs.
type Mutation = (&'static str, &'static str, &'static str, Outcome);

/// What comes of a mutation.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    /// These instances run, and no others.
    Runs(&'static str),
    /// It is an error, which says this.
    Refused(&'static str),
}

const NOTHING: Outcome = Outcome::Runs("");

const YAML: &str = "expops.yaml";

fn project() -> Space {
    let space = Space::new();
    space.write(YAML, PROJECT);
    FILES.iter().for_each(|(name, text)| space.write(name, text));
    wheel(&space, "1.0");
    space
}

/// The mutations that are built together: one that runs something, or neighbours that run nothing.
fn groups() -> Vec<&'static [Mutation]> {
    let built = |mutation: &Mutation| matches!(mutation.3, Outcome::Runs(_));
    let together = |a: &Mutation, b: &Mutation| a.3 == b.3 && (a.3 == NOTHING || !built(a));
    MUTATIONS.chunk_by(together).filter(|group| built(&group[0])).collect()
}

/// From one mutation to the next: that the first is undone runs nothing, or it would be seen here.
fn each_mutation_runs_what_is_declared(tool: Tool) {
    let space = project();
    space.compile(tool).success();
    space.ran(tool);
    for group in groups() {
        space.write(YAML, PROJECT);
        for (_, old, new, _) in group {
            change(&space, &(YAML, old, new));
        }
        let Outcome::Runs(expected) = group[0].3 else { continue };
        let fields: Vec<_> = group.iter().map(|mutation| mutation.0).collect();
        step(&space, tool, &fields.join(", "), &split(expected));
    }
    space.write(YAML, PROJECT);
    step(&space, tool, "all undone", &[]);
}

#[test]
fn each_field_under_ninja() {
    each_mutation_runs_what_is_declared(Tool::Ninja);
}

#[test]
fn each_field_under_make() {
    each_mutation_runs_what_is_declared(Tool::Make);
}

#[test]
fn what_is_no_field_is_refused() {
    let space = project();
    for (field, old, new, outcome) in MUTATIONS {
        let Outcome::Refused(text) = outcome else { continue };
        space.write(YAML, PROJECT);
        change(&space, &(YAML, old, new));
        for tool in TOOLS {
            let ran = space.compile(tool);
            assert_eq!(ran.status, 2, "{field}: {}{}", ran.out, ran.err);
            assert!(ran.says(text), "{field}: {}{}", ran.out, ran.err);
        }
    }
}
