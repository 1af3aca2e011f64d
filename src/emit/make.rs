//! A plan as a Makefile.
//!
//! Make has no `restat`: a recipe that ran makes everything that depends on its target run. So outputs come in
//! pairs: a record, which is always written, and a stamp, which depends on the record by a recipe that expands
//! to nothing. Make then checks the stamp's time again, and an unchanged stamp is old. The recipe begins with
//! `+`: without it, Make would not check again under `-n` and `-q`, and would take the stamp for new.

use std::io;
use std::sync::Arc;

use camino::Utf8PathBuf;
use minijinja::{Value, context};

use super::lines::{rule, words};
use super::template::{ANOTHER_PROGRAM, header, identifier, lazy, quoted, render};
use crate::escape::{comment, make_info, make_prerequisite, make_target, make_text, make_variable};
use crate::plan::{Action, Environment, Export, Group, Modules, Plan, Verdict};
use crate::quote;

const TEMPLATE: &str = include_str!("../../templates/Makefile.j2");

/// The Makefile of a plan.
pub(super) fn make(plan: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
    let names = Names(identifier(if plan.prefix.is_empty() { "expops_" } else { &plan.prefix }));
    let command = |words: &[String]| make_text(&quote::words(words));
    let exec = [plan.location.as_slice(), &["exec".to_owned()], &plan.exec_flags].concat();
    let reads: Vec<_> = plan.groups.iter().filter_map(|group| group.reads.clone()).collect();
    let compile = format!("$({0}program) {1}$(if $({0}s), --quiet)", names.0, command(&plan.compile));
    let label = make_info(plan.source.as_str());
    let compiled = format!("@$(if $({}s),,$(info compile {label})){compile}", names.0);
    let again = format!("+$(if $({0}there),,@$({0}dry){compile})", names.0);
    let proof = prerequisites(std::slice::from_ref(&plan.proof));
    let sources: Vec<_> = plan.sources.iter().chain(plan.module_stamps()).cloned().collect();
    let gone: Vec<_> =
        plan.sources.iter().chain(plan.module_folders()).chain(&plan.always).cloned().collect();
    render(
        TEMPLATE,
        context! {
            v => quoted(&names.0),
            another_program => quoted(make_text(ANOTHER_PROGRAM)),
            // In a variable, unlike in a recipe, `#` starts a comment.
            exec => quoted(command(&exec).replace('#', "\\#")),
            guard => quoted(make_text(&quote::word(&quote::operand(plan.program.as_str()))).replace('#', "\\#")),
            prefixed => !plan.prefix.is_empty(),
            itself => quoted(format!("{} ;", rule(&targets(std::slice::from_ref(&plan.output)), &proof, ""))),
            proof => quoted(rule(&targets(std::slice::from_ref(&plan.proof)), &prerequisites(&sources), &compiled)),
            written => quoted(rule(&targets(&plan.written()), &proof, &again)),
            modules => plan.modules.iter().map(|each| modules(each, &names)).collect::<Vec<_>>(),
            phony => quoted(rule(&targets(&gone), &[], "")),
            of => quoted(make_variable(plan.build.as_str())),
            at => quoted(at(plan, make_prerequisite)),
            target_at => quoted(at(plan, make_target)),
            reads => (!reads.is_empty()).then(|| quoted(words(&prerequisites(&reads)))),
            environments => plan.environments.iter().map(|each| environment(each, &names)).collect::<Vec<_>>(),
            groups => groups(plan, &names),
            all => quoted(make_target(&format!("{}all", plan.prefix))),
            all_built => quoted(all_built(plan, &names)),
            verdict => plan.verdict.as_ref().map(|each| verdict(each, all_stamps(plan), &names)),
            ..header(plan)
        },
        out,
    )
}

/// The prefix for paths of the project, seen from where Make runs: with a blank before it, or empty.
fn at(plan: &Plan, escape: fn(&str) -> String) -> String {
    if plan.root.as_str().is_empty() { String::new() } else { format!(" {}/", escape(plan.root.as_str())) }
}

/// The prefix of variable names.
#[derive(Clone)]
struct Names(String);

impl Names {
    /// The recipe that runs `expops exec`.
    fn exec(&self, words: &[&str]) -> String {
        format!("@$({}exec) {}", self.0, make_text(&quote::words(words)))
    }

    /// The target of an instance or a process. Some words would begin a directive at the start of a line, or
    /// the assignment of a variable after a colon.
    fn target(&self, target: &str) -> String {
        const DIRECTIVES: [&str; 17] = [
            "define", "endef", "undefine", "include", "sinclude", "override", "export", "unexport",
            "private", "vpath", "load", "ifdef", "ifndef", "ifeq", "ifneq", "else", "endif",
        ];
        let empty = if DIRECTIVES.contains(&target) { format!("$({}empty)", self.0) } else { String::new() };
        format!("{empty}{}", make_target(target))
    }

    /// The recipe that remakes whatever is missing beside a record.
    fn there(&self) -> String {
        format!("$({}beside)", self.0)
    }
}

/// The rules for a folder of scripts: its record and its stamp. The record does not say which folder it belongs
/// to, so the command does.
fn modules(modules: &Modules, names: &Names) -> Value {
    let look = make_text(&quote::words(&["--modules", &quote::operand(&modules.name)]));
    let (record, folder) = (std::slice::from_ref(&modules.record), std::slice::from_ref(&modules.folder));
    let looked = rule(&targets(record), &prerequisites(folder), &format!("@$({}exec) {look}", names.0));
    let again = format!("+$(if $({0}there),,@$({0}dry)$({0}exec) {look})", names.0);
    let stamp = rule(&targets(std::slice::from_ref(&modules.stamp)), &prerequisites(record), &again);
    quoted(format!("{looked}\n{stamp}"))
}

fn all_built(plan: &Plan, names: &Names) -> String {
    let groups: Vec<_> = plan.groups.iter().map(|group| names.target(&group.target)).collect();
    let verdict = plan.verdict.as_ref().map(|verdict| vec![make_prerequisite(verdict.passed.as_str())]);
    rule(&[make_target(&format!("{}all", plan.prefix))], &verdict.unwrap_or(groups), "")
}

fn all_stamps(plan: &Plan) -> Vec<String> {
    plan.groups.iter().flat_map(|group| stamps(group)).collect()
}

/// What proves that everything of a group is there.
fn stamps(group: &Group) -> Vec<String> {
    let exported = group.exports.iter().map(|export| export.stamp.clone());
    group.actions.stamps().chain(exported).map(|path| make_prerequisite(path.as_str())).collect()
}

fn verdict(verdict: &Verdict, stamps: Vec<String>, names: &Names) -> Value {
    let words: Vec<_> = ["--verdict"].into_iter().chain(verdict.of.iter().map(String::as_str)).collect();
    quoted(rule(&[make_target(verdict.passed.as_str())], &stamps, &names.exec(&words)))
}

/// The rules for a record and what is made together with it.
fn pair(record: &Utf8PathBuf, made: &[Utf8PathBuf], needs: &[String], recipe: &str, names: &Names) -> Value {
    let first = rule(&targets(std::slice::from_ref(record)), needs, recipe);
    let rest = rule(&targets(made), &prerequisites(std::slice::from_ref(record)), &names.there());
    quoted(format!("{first}\n{rest}"))
}

fn environment(environment: &Environment, names: &Names) -> Value {
    let recipe = names.exec(&["--environment", &environment.folder]);
    let stamp = std::slice::from_ref(&environment.stamp);
    context! {
        name => quoted(comment(&environment.name)),
        built => pair(&environment.record, stamp, &prerequisites(&environment.inputs), &recipe, names),
    }
}

fn groups(plan: &Plan, names: &Names) -> Value {
    lazy((plan.groups.clone(), names.clone()), |(groups, names)| {
        Box::new(groups.iter().map(|each| group(each, names)))
    })
}

fn actions(group: &Arc<Group>, names: &Names) -> Value {
    lazy((Arc::clone(group), names.clone()), |(group, names)| {
        Box::new(group.actions.iter().map(|each| action(&each, group, names)))
    })
}

fn group(group: &Arc<Group>, names: &Names) -> Value {
    let layered = group.actions.are_layered();
    let passed = group.verdict.as_ref().map(|verdict| vec![make_prerequisite(verdict.passed.as_str())]);
    let targets: Vec<_> = group.actions.targets().map(|target| names.target(&target)).collect();
    let wanted = match (passed, layered) {
        (Some(passed), _) => passed,
        (None, true) => vec![format!("$({}each)", names.0)],
        (None, false) => stamps(group),
    };
    let recipe = names.exec(&["--shared", &group.shared.name]);
    let shared = &group.shared;
    let stamp = std::slice::from_ref(&shared.stamp);
    context! {
        process => quoted(comment(&group.process)),
        description => group.description.as_deref().map(|text| quoted(comment(text))),
        shared => pair(&shared.record, stamp, &prerequisites(&shared.inputs), &recipe, names),
        layered => layered,
        each => quoted(words(&targets)),
        target => quoted(names.target(&group.target)),
        built => quoted(rule(&[names.target(&group.target)], &wanted, "")),
        verdict => group.verdict.as_ref().map(|each| verdict(each, stamps(group), names)),
        exports => group.exports.iter().map(|each| export(each, names)).collect::<Vec<_>>(),
        actions => actions(group, names),
    }
}

fn export(export: &Export, names: &Names) -> Value {
    let recipe = names.exec(&["--export", &export.words[0], &export.words[1]]);
    let [from, to] = [&export.from, &export.to].map(|path| prerequisites(std::slice::from_ref(path)));
    let copied = rule(&targets(std::slice::from_ref(&export.to)), &from, &recipe);
    let proven = rule(&targets(std::slice::from_ref(&export.stamp)), &to, &recipe);
    quoted(format!("{copied}\n{proven}"))
}

fn action(action: &Action, group: &Group, names: &Names) -> Value {
    let mut needs = prerequisites(&action.inputs);
    needs.push(make_prerequisite(group.shared.stamp.as_str()));
    if group.reads.is_some() {
        // The name as `exec` knows it, without the prefix.
        needs.push(format!("$(value $(expops_of)/{})", action.instance));
    }
    let made = &action.outputs()[1..];
    let passed = action.verdict.as_ref().map(|verdict| vec![make_prerequisite(verdict.passed.as_str())]);
    let stamps = prerequisites(&action.stamps);
    let alias = group.actions.are_layered().then(|| {
        let made = passed.unwrap_or_else(|| stamps.clone());
        quoted(rule(&[names.target(&action.target)], &made, ""))
    });
    context! {
        path => quoted(comment(&action.path)),
        built => pair(&action.record(), made, &needs, &names.exec(&[&action.instance]), names),
        verdict => alias.is_some().then(|| action.verdict.as_ref().map(|each| verdict(each, stamps, names))),
        alias => alias,
    }
}

fn targets(paths: &[Utf8PathBuf]) -> Vec<String> {
    paths.iter().map(|path| make_target(path.as_str())).collect()
}

fn prerequisites(paths: &[Utf8PathBuf]) -> Vec<String> {
    paths.iter().map(|path| make_prerequisite(path.as_str())).collect()
}
