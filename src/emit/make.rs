//! A plan as a Makefile.
//!
//! Make has no `restat`: a recipe that ran makes everything behind its target run. So an instance is a
//! pair: `record.json`, which is always written, and the stamp, which depends on it by a recipe that
//! does nothing. Make looks at the stamp's time again after that, and an unchanged stamp is old.
//! The recipe is not quite empty: a stamp that somebody deleted is made again.

use camino::Utf8PathBuf;
use minijinja::{Value, context};

use super::escape::{comment, make_info, make_path, make_prerequisite, make_text};
use super::template::{both, header, identifier, quoted, render, wrapped};
use crate::plan::{Action, Environment, Group, Plan};
use crate::quote;

const TEMPLATE: &str = include_str!("../../templates/Makefile.j2");

/// Goes on with a rule on the next line.
const CONTINUED: &str = " \\\n    ";

/// The Makefile of a plan.
pub(super) fn make(plan: &Plan) -> String {
    let variables = if plan.prefix.is_empty() { "expops_" } else { &plan.prefix };
    let all: Vec<_> = plan.groups.iter().map(|group| make_prerequisite(&group.target)).collect();
    let written: Vec<_> =
        plan.plan_files.iter().map(|file| &file.path).chain(&plan.interpreter).cloned().collect();
    let words = |words: &[String]| quoted(make_text(&quote::words(words)));
    let exec = [plan.location.as_slice(), &["exec".to_owned()], &plan.exec_flags].concat();
    render(
        TEMPLATE,
        context! {
            variable => quoted(identifier(variables)),
            exec => words(&exec),
            compile => words(&plan.compile),
            prefixed => !plan.prefix.is_empty(),
            label => quoted(make_info(plan.source.as_str())),
            output => quoted(make_path(plan.output.as_str())),
            compiled => quoted(make_path(plan.compiled.as_str())),
            written => targets(&written),
            sources => quoted(prerequisites(&plan.sources)),
            source_targets => targets(&plan.sources),
            environments => plan.environments.iter().map(environment).collect::<Vec<_>>(),
            groups => plan.groups.iter().map(group).collect::<Vec<_>>(),
            all => quoted(make_path(&format!("{}all", plan.prefix))),
            targets => quoted(wrapped(&all, CONTINUED)),
            ..header(plan)
        },
    )
}

fn environment(environment: &Environment) -> Value {
    context! {
        name => quoted(comment(&environment.name)),
        label => quoted(make_info(&environment.name)),
        word => quoted(make_text(&quote::word(&environment.name))),
        stamp => quoted(make_path(environment.stamp.as_str())),
        record => quoted(make_path(environment.record.as_str())),
        record_needed => quoted(make_prerequisite(environment.record.as_str())),
        inputs => quoted(prerequisites(&environment.inputs)),
    }
}

fn group(group: &Group) -> Value {
    let several = group.actions.len() > 1;
    let wanted: Vec<_> = if several {
        group.actions.iter().map(|action| make_prerequisite(&action.target)).collect()
    } else {
        group
            .actions
            .iter()
            .flat_map(|action| &action.stamps)
            .map(|path| make_prerequisite(path.as_str()))
            .collect()
    };
    let mut phony = vec![make_prerequisite(&group.target)];
    if several {
        phony.extend(wanted.iter().cloned());
    }
    let shared = prerequisites(&group.shared);
    context! {
        process => quoted(comment(&group.process)),
        description => group.description.as_deref().map(|text| quoted(comment(text))),
        several => several,
        target => quoted(make_path(&group.target)),
        targets => quoted(wrapped(&wanted, CONTINUED)),
        phony => quoted(wrapped(&phony, CONTINUED)),
        actions => group.actions.iter().map(|each| action(each, &shared)).collect::<Vec<_>>(),
    }
}

fn action(action: &Action, shared: &str) -> Value {
    let made: Vec<_> = action.stamps.iter().chain(&action.products).cloned().collect();
    context! {
        path => quoted(comment(&action.path)),
        label => quoted(make_info(&action.label)),
        instance => quoted(make_text(&action.instance)),
        target => quoted(make_path(&action.target)),
        record => quoted(make_path(action.record().as_str())),
        record_needed => quoted(make_prerequisite(action.record().as_str())),
        needs => quoted(both(prerequisites(&action.inputs), shared, CONTINUED)),
        made => targets(&made),
        stamps => quoted(prerequisites(&action.stamps)),
    }
}

fn targets(paths: &[Utf8PathBuf]) -> Value {
    let paths: Vec<_> = paths.iter().map(|path| make_path(path.as_str())).collect();
    quoted(wrapped(&paths, CONTINUED))
}

fn prerequisites(paths: &[Utf8PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| make_prerequisite(path.as_str())).collect();
    wrapped(&paths, CONTINUED)
}
