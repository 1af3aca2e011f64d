//! A plan as a Ninja file.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use camino::Utf8PathBuf;
use minijinja::{Value, context};

use super::found;
use super::lines::statement;
use super::template::{ANOTHER_PROGRAM, header, identifier, lazy, quoted, render};
use crate::escape::{comment, ninja_path, ninja_value};
use crate::plan::{Action, Environment, Export, Group, Modules, Plan, Verdict};
use crate::quote;

const TEMPLATE: &str = include_str!("../../templates/build.ninja.j2");

/// The Ninja file of a plan.
pub(super) fn ninja(plan: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules(identifier(if plan.prefix.is_empty() { "expops_" } else { &plan.prefix }));
    let phony = phony(plan);
    let words = |words: &[String]| quoted(ninja_value(&leading_blank(&quote::words(words))));
    render(
        TEMPLATE,
        context! {
            rule => quoted(&rules.0),
            program => quoted(ninja_path(plan.program.as_str())),
            checked => quoted(ninja_value(&quote::word(&quote::operand(plan.program.as_str())))),
            another_program => quoted(ninja_value(&quote::word(ANOTHER_PROGRAM))),
            location => words(&plan.location),
            flags => words(&plan.exec_flags),
            compile => words(&plan.compile),
            source => quoted(ninja_value(plan.source.as_str())),
            output => quoted(ninja_path(plan.output.as_str())),
            build => quoted(ninja_value(plan.build.as_str())),
            log_in_build => plan.keeps_log_in_build(),
            compiled => quoted(compiled(plan, &rules)),
            modules => plan.modules.iter().map(|each| modules(each, plan, &rules)).collect::<Vec<_>>(),
            phony => (!phony.is_empty()).then(|| quoted(statement(&phony, "phony", &[], &[]))),
            depfile => quoted(ninja_value(plan.depfile.as_str())),
            hosted => plan.is_hosted(),
            reads => plan.groups.iter().any(|group| group.reads.is_some()),
            verdict => plan.verdict.as_ref().map(|verdict| self::verdict(verdict, all_stamps(plan), &rules)),
            exports => plan.exports().next().is_some(),
            environments => plan.environments.iter().map(|each| environment(each, &rules)).collect::<Vec<_>>(),
            groups => groups(plan, &rules),
            all => quoted(ninja_path(&format!("{}all", plan.prefix))),
            all_built => quoted(all_built(plan)),
            ..header(plan)
        },
        out,
    )
}

/// The prefix of rule names.
#[derive(Clone)]
struct Rules(String);

impl Rules {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

/// The statements that make the generated file. Ninja deletes the outputs of an interrupted statement if it has a
/// depfile or they have changed by then. So the generated file, without which no build could go on, is none of them: it
/// depends on the proof.
fn compiled(plan: &Plan, rules: &Rules) -> String {
    let sources: Vec<_> = sources(plan).iter().chain(plan.module_stamps()).cloned().collect();
    let proof = std::slice::from_ref(&plan.proof);
    let made = [proof, plan.written().as_slice()].concat();
    let proven =
        after_program(plan, &statement(&paths(&made), &rules.name("compile"), &paths(&sources), &[]));
    let depfile = match plan.is_hosted() {
        true => format!("\n  depfile = {}", ninja_value(plan.depfile.as_str())),
        false => String::new(),
    };
    let generated = paths(std::slice::from_ref(&plan.output));
    format!("{proven}{depfile}\n\n{}", statement(&generated, "phony", &paths(proof), &[]))
}

/// What the compiler reads, except for the modules in the depfile.
fn sources(plan: &Plan) -> Vec<Utf8PathBuf> {
    let in_depfile: BTreeSet<_> = found::modules(plan).collect();
    plan.sources.iter().filter(|path| !in_depfile.contains(path)).cloned().collect()
}

/// Sources whose absence must not be an error. If another build includes this one, these are only the folders
/// that the compiler found: the other build may have rules for modules and for what the project file names, but
/// nobody makes a folder inside one of those.
fn phony(plan: &Plan) -> Vec<String> {
    let gone = match plan.is_hosted() {
        true => plan.found.folders.clone(),
        false => sources(plan).iter().chain(plan.module_folders()).cloned().collect(),
    };
    gone.iter().chain(&plan.always).map(|path| ninja_path(path.as_str())).collect()
}

fn modules(modules: &Modules, plan: &Plan, rules: &Rules) -> Value {
    let stamp = paths(std::slice::from_ref(&modules.stamp));
    let folder = paths(std::slice::from_ref(&modules.folder));
    context! {
        built => quoted(after_program(plan, &statement(&stamp, &rules.name("modules"), &folder, &[]))),
        folder => quoted(ninja_value(&quote::word(&quote::operand(&modules.name)))),
    }
}

/// A statement that waits for the file which each command reads first. Everything else waits for the compiler.
fn after_program(plan: &Plan, statement: &str) -> String {
    format!("{statement} $\n        || {}", ninja_path(plan.program.as_str()))
}

fn all_built(plan: &Plan) -> String {
    let all = [ninja_path(&format!("{}all", plan.prefix))];
    let groups: Vec<_> = plan.groups.iter().map(|group| ninja_path(&group.target)).collect();
    let verdict = plan.verdict.as_ref().map(|verdict| vec![ninja_path(verdict.passed.as_str())]);
    statement(&all, "phony", &verdict.unwrap_or(groups), &[])
}

fn all_stamps(plan: &Plan) -> Vec<String> {
    plan.groups.iter().flat_map(|group| stamps(group)).collect()
}

/// What proves that everything of a group is there.
fn stamps(group: &Group) -> Vec<String> {
    let exported = group.exports.iter().map(|export| export.stamp.clone());
    group.actions.stamps().chain(exported).map(|path| ninja_path(path.as_str())).collect()
}

fn verdict(verdict: &Verdict, stamps: Vec<String>, rules: &Rules) -> Value {
    let passed = [ninja_path(verdict.passed.as_str())];
    context! {
        built => quoted(statement(&passed, &rules.name("verdict"), &stamps, &[])),
        of => quoted(ninja_value(&quote::words(&verdict.of))),
    }
}

fn environment(environment: &Environment, rules: &Rules) -> Value {
    let outputs = paths(&[environment.record.clone(), environment.stamp.clone()]);
    context! {
        name => quoted(comment(&environment.name)),
        word => quoted(ninja_value(&environment.folder)),
        built => quoted(statement(&outputs, &rules.name("environment"), &paths(&environment.inputs), &[])),
    }
}

fn groups(plan: &Plan, rules: &Rules) -> Value {
    lazy((plan.groups.clone(), rules.clone()), |(groups, rules)| {
        Box::new(groups.iter().map(|each| group(each, rules)))
    })
}

fn actions(group: &Arc<Group>, rules: &Rules) -> Value {
    let rule = rules.name(if group.reads.is_some() { "read" } else { "exec" });
    let shared = paths(std::slice::from_ref(&group.shared.stamp));
    lazy((Arc::clone(group), rules.clone(), rule, shared), |(group, rules, rule, shared)| {
        Box::new(group.actions.iter().map(|each| action(&each, group, rules, (rule, shared))))
    })
}

fn group(group: &Arc<Group>, rules: &Rules) -> Value {
    let layered = group.actions.are_layered();
    let passed = group.verdict.as_ref().map(|verdict| vec![ninja_path(verdict.passed.as_str())]);
    let targets = if layered {
        group.actions.targets().map(|target| ninja_path(&target)).collect()
    } else {
        stamps(group)
    };
    let target = [ninja_path(&group.target)];
    let stamp = paths(std::slice::from_ref(&group.shared.stamp));
    context! {
        process => quoted(comment(&group.process)),
        description => group.description.as_deref().map(|text| quoted(comment(text))),
        name => quoted(ninja_value(&group.shared.name)),
        shared => quoted(statement(&stamp, &rules.name("shared"), &paths(&group.shared.inputs), &[])),
        verdict => group.verdict.as_ref().map(|each| verdict(each, stamps(group), rules)),
        built => quoted(statement(&target, "phony", &passed.unwrap_or(targets), &[])),
        exports => group.exports.iter().map(|each| export(each, rules)).collect::<Vec<_>>(),
        actions => actions(group, rules),
    }
}

fn export(export: &Export, rules: &Rules) -> Value {
    let [from, to, stamp] =
        [&export.from, &export.to, &export.stamp].map(|path| paths(std::slice::from_ref(path)));
    let rule = rules.name("export");
    context! {
        copied => quoted(statement(&to, &rule, &from, &[])),
        proven => quoted(statement(&stamp, &rule, &to, &[])),
        words => quoted(ninja_value(&quote::words(&export.words))),
        to => quoted(ninja_value(export.to.as_str())),
    }
}

fn action(action: &Action, group: &Group, rules: &Rules, (rule, shared): (&str, &[String])) -> Value {
    let passed = action.verdict.as_ref().map(|verdict| vec![ninja_path(verdict.passed.as_str())]);
    let stamps = paths(&action.stamps);
    let alias = group.actions.are_layered().then(|| {
        let made = passed.unwrap_or_else(|| stamps.clone());
        quoted(statement(&[ninja_path(&action.target)], "phony", &made, &[]))
    });
    context! {
        path => quoted(comment(&action.path)),
        label => quoted(ninja_value(&action.label)),
        instance => quoted(ninja_value(&action.instance)),
        built => quoted(statement(&paths(&action.outputs()), rule, &paths(&action.inputs), shared)),
        verdict => alias.is_some().then(|| action.verdict.as_ref().map(|each| verdict(each, stamps, rules))),
        alias => alias,
    }
}

fn paths(paths: &[Utf8PathBuf]) -> Vec<String> {
    paths.iter().map(|path| ninja_path(path.as_str())).collect()
}

fn leading_blank(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {text}") }
}
