//! A plan as a POSIX script that runs the instances one after another.

use std::io;
use std::sync::Arc;

use minijinja::{Value, context};

use super::template::{ANOTHER_PROGRAM, header, lazy, quoted, render};
use crate::escape::comment;
use crate::plan::{Action, Group, Plan};
use crate::quote;

const TEMPLATE: &str = include_str!("../../templates/run.sh.j2");

/// The script of a plan.
pub(super) fn shell(plan: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
    let exec = [plan.location.as_slice(), &["exec".to_owned()], &plan.exec_flags].concat();
    let environments: Vec<_> = plan.environments.iter().map(|e| quoted(quote::word(&e.folder))).collect();
    let up = match plan.up.as_str() {
        "" => String::new(),
        up => format!("/{}", quote::word(up)),
    };
    render(
        TEMPLATE,
        context! {
            up => quoted(up),
            another_program => quoted(quote::word(ANOTHER_PROGRAM)),
            // `sh` would not take a name with a leading dash as an operand.
            script => quoted(quote::word(&quote::operand(plan.output.as_str()))),
            guard => quoted(quote::word(&quote::operand(plan.program.as_str()))),
            verdict => plan.verdict.is_some(),
            exec => quoted(quote::words(&exec)),
            compile => quoted(quote::words(&plan.compile)),
            environments => environments,
            groups => plan.order.iter().map(|i| group(&plan.groups[*i])).collect::<Vec<_>>(),
            ..header(plan)
        },
        out,
    )
}

fn action(action: Action) -> Value {
    context! {
        path => quoted(comment(&action.path)),
        label => quoted(quote::word(&action.label)),
        instance => quoted(quote::word(&action.instance)),
    }
}

fn group(group: &Arc<Group>) -> Value {
    context! {
        process => quoted(comment(&group.process)),
        description => group.description.as_deref().map(|text| quoted(comment(text))),
        exports => group.exports.iter().map(|each| quoted(quote::words(&each.words))).collect::<Vec<_>>(),
        actions => lazy(Arc::clone(group), |group| Box::new(group.actions.iter().map(action))),
    }
}
