//! A plan as a Ninja file.

use camino::Utf8PathBuf;
use minijinja::{Value, context};

use super::depfile;
use super::escape::{comment, ninja_path, ninja_value};
use super::template::{both, header, identifier, quoted, render, wrapped};
use crate::plan::{Action, Environment, Group, Plan};
use crate::quote;

const TEMPLATE: &str = include_str!("../../templates/build.ninja.j2");

/// Goes on with a statement on the next line.
const CONTINUED: &str = " $\n    ";

/// The Ninja file of a plan.
pub(super) fn ninja(plan: &Plan) -> String {
    let rules = if plan.prefix.is_empty() { "expops_" } else { &plan.prefix };
    let all: Vec<_> = plan.groups.iter().map(|group| ninja_path(&group.target)).collect();
    let written: Vec<_> =
        plan.plan_files.iter().map(|file| &file.path).chain(&plan.interpreter).cloned().collect();
    let hosted = plan.is_hosted();
    let in_depfile = depfile::modules(plan);
    let is_listed = |path: &&Utf8PathBuf| !in_depfile.contains(path);
    let sources: Vec<_> = plan.sources.iter().filter(is_listed).cloned().collect();
    // Another build may make what the project file names, or a module; nobody makes a folder inside one.
    let phony = if hosted { &plan.found.folders } else { &sources };
    let words = |words: &[String]| quoted(ninja_value(&leading_blank(&quote::words(words))));
    render(
        TEMPLATE,
        context! {
            rule => quoted(identifier(rules)),
            location => words(&plan.location),
            flags => words(&plan.exec_flags),
            compile => quoted(ninja_value(&quote::words(&plan.compile))),
            source => quoted(ninja_value(plan.source.as_str())),
            output => quoted(ninja_path(plan.output.as_str())),
            written => quoted(paths(&written)),
            sources => quoted(paths(&sources)),
            phony => quoted(paths(phony)),
            depfile => quoted(ninja_value(plan.depfile.as_str())),
            hosted => hosted,
            environments => plan.environments.iter().map(environment).collect::<Vec<_>>(),
            groups => plan.groups.iter().map(group).collect::<Vec<_>>(),
            all => quoted(ninja_path(&format!("{}all", plan.prefix))),
            targets => quoted(wrapped(&all, CONTINUED)),
            ..header(plan)
        },
    )
}

fn environment(environment: &Environment) -> Value {
    context! {
        name => quoted(ninja_value(&environment.name)),
        word => quoted(ninja_value(&quote::word(&environment.name))),
        stamp => quoted(ninja_path(environment.stamp.as_str())),
        record => quoted(ninja_path(environment.record.as_str())),
        inputs => quoted(paths(&environment.inputs)),
    }
}

fn group(group: &Group) -> Value {
    let several = group.actions.len() > 1;
    let targets: Vec<_> = if several {
        group.actions.iter().map(|action| ninja_path(&action.target)).collect()
    } else {
        group.actions.iter().flat_map(|action| &action.stamps).map(|path| ninja_path(path.as_str())).collect()
    };
    let shared = format!("| {}", paths(&group.shared));
    context! {
        process => quoted(comment(&group.process)),
        description => group.description.as_deref().map(|text| quoted(comment(text))),
        several => several,
        target => quoted(ninja_path(&group.target)),
        targets => quoted(wrapped(&targets, CONTINUED)),
        actions => group.actions.iter().map(|each| action(each, &shared)).collect::<Vec<_>>(),
    }
}

fn action(action: &Action, shared: &str) -> Value {
    let products = [std::slice::from_ref(&action.record()), &action.products].concat();
    context! {
        path => quoted(comment(&action.path)),
        label => quoted(ninja_value(&action.label)),
        instance => quoted(ninja_value(&action.instance)),
        target => quoted(ninja_path(&action.target)),
        needs => quoted(both(paths(&action.inputs), shared, CONTINUED)),
        stamps => quoted(paths(&action.stamps)),
        made => quoted(both(paths(&action.stamps), &format!("| {}", paths(&products)), CONTINUED)),
    }
}

fn paths(paths: &[Utf8PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| ninja_path(path.as_str())).collect();
    wrapped(&paths, CONTINUED)
}

fn leading_blank(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {text}") }
}
