//! `expops explain`: what a diagnostic code means, or why an instance would run, or ran.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::json;

use super::complete;
use super::ended::Ended;
use super::location::{self, Location};
use super::look::{enter, look};
use super::refuse::refuse;
use super::{labels, say, told};
use crate::diagnostic::{ALL, Diagnostics, find, nearest, plural};
use crate::dry_run::{self, Reason, State, Survey};
use crate::exec::{Ended as Last, Why};
use crate::file::normal;
use crate::probe::{self, Selected, Tree};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops explain train@p2                      why `train` would run in partition 2, or ran
  expops explain build/train/p2/out/model.json the same, by a file of the build
  expops explain \"//*[@partition='p2']/process[@name='train']\"
  expops explain E304                          what a diagnostic code means")]
pub(super) struct Flags {
    /// A target (train@p2), a process, a canonical path, a label, a folder or file of the build; or a code such as E304
    #[arg(add = ArgValueCompleter::new(complete::targets))]
    target: String,
    #[command(flatten)]
    place: location::Folders,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(flags: &Flags) -> Ended {
    if let Some(code) = find(&flags.target) {
        println!("{}: {}\n\n{}", code.id, code.title, code.explanation);
        return Ended::Well;
    }
    if is_code(&flags.target) {
        let near = nearest(&flags.target, ALL.iter().map(|code| code.id));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        say::error(&format!("there is no code `{}`{help}", flags.target));
        return Ended::Wrong;
    }
    let file = Utf8PathBuf::from(&flags.target).canonicalize_utf8().ok();
    // `.` stays as it is: it means the nearest project at or above, and still does once we have entered that
    // project's folder.
    let Location { project, build } = flags.place.place();
    let absolute = (project != ".").then(|| project.canonicalize_utf8().ok()).flatten();
    let project = absolute.unwrap_or(project);
    let mut sink = Diagnostics::new();
    let mut survey = match enter(&project).and_then(|project| Survey::of(&project, &build, &mut sink)) {
        Ok(survey) => survey,
        Err(failure) => return Ended::because(&failure, &sink, flags.json),
    };
    let mut found = meant(&survey, &flags.target, file.as_deref());
    if found.is_empty() && flags.target.starts_with('/') {
        found = match selected(&survey, &project, &flags.target) {
            Ok(found) => found,
            Err(ended) => return ended,
        };
    }
    if found.is_empty() {
        say::error(&format!(
            "there is no instance or code `{}`; {}",
            flags.target,
            advice(&survey, &flags.target)
        ));
        return Ended::Wrong;
    }
    survey.look_at(found.clone());
    if flags.json {
        let all: Vec<_> = found.iter().map(|index| as_json(&survey, *index)).collect();
        println!("{:#}", json!(all));
    } else {
        found.iter().for_each(|index| print(&survey, *index));
    }
    say::remarks(&survey.remarks());
    Ended::Well
}

/// A letter and three digits, such as `E304` or `R101`.
fn is_code(word: &str) -> bool {
    let mut characters = word.chars();
    let letter = characters.next().is_some_and(|c| "ERWerw".contains(c));
    letter && word.len() == 4 && characters.all(|c| c.is_ascii_digit())
}

/// The instances that `word` names. `file` is the file of that name, if there is one, seen from where the
/// command was given.
fn meant(survey: &Survey, word: &str, file: Option<&Utf8Path>) -> Vec<usize> {
    let all = || 0..survey.all.len();
    let named = |index: &usize| {
        let action = &survey.all[*index].action;
        [&action.path, &action.label, &action.target, &action.instance].contains(&&word.to_owned())
    };
    let by_name: Vec<_> = all().filter(named).collect();
    if !by_name.is_empty() {
        return by_name;
    }
    let of_process: Vec<_> = all().filter(|index| survey.all[*index].process == word).collect();
    if !of_process.is_empty() {
        return of_process;
    }
    // In a build that another build includes, targets carry the prefix that it was compiled with.
    let with_prefix = |index: &usize| {
        let prefix = word.strip_suffix(survey.all[*index].action.target.as_str()).unwrap_or_default();
        prefix.ends_with(|c: char| !c.is_alphanumeric())
    };
    if let Some(index) = all().filter(with_prefix).max_by_key(|i| survey.all[*i].action.target.len()) {
        return vec![index];
    }
    let here = Utf8Path::new(".").canonicalize_utf8().ok();
    let inside = here.and_then(|here| Some(file?.strip_prefix(here).ok()?.to_owned()));
    let path = inside.unwrap_or_else(|| normal(word.trim_end_matches('/').into()));
    // A partition as a target of its own: `split@p3`.
    let partition = survey.layout.build().join(word.replacen('@', "/", 1).replace('.', "/"));
    survey.owner(&path).or_else(|| survey.owner(&partition)).into_iter().collect()
}

/// What somebody may have meant by a word that names nothing.
fn advice(survey: &Survey, word: &str) -> String {
    let processes = || survey.all.iter().map(|looked| looked.process.as_str());
    let of = |process: &&str| {
        word.strip_prefix(process).is_some_and(|rest| rest.starts_with(['@', '/', ' ', '.']))
    };
    if let Some(process) = processes().find(of) {
        let of_it = survey.all.iter().filter(|looked| looked.process == process);
        let targets: Vec<_> = of_it.map(|looked| looked.action.target.as_str()).collect();
        return labels::those_of(process, &targets);
    }
    match nearest(word, processes().chain(survey.all.iter().map(|looked| looked.action.target.as_str()))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`expops status` lists the processes".to_owned(),
    }
}

/// The instances that an XPath expression selects, directly or through their steps.
fn selected(survey: &Survey, project: &Utf8Path, expression: &str) -> Result<Vec<usize>, Ended> {
    let mut paths = BTreeSet::new();
    let ended = look(project, |checked, graph, _| {
        match probe::select(expression, graph, &Tree::new(graph, &checked.steps)) {
            Ok(selected) => {
                let instances = selected.into_iter().map(|selected| Selected { step: None, ..selected });
                paths.extend(instances.map(|instance| probe::canonical(graph, &instance)));
                Ended::Well
            }
            Err(unusable) => refuse(expression, &unusable),
        }
    });
    match ended {
        Ended::Well => {
            Ok((0..survey.all.len()).filter(|i| paths.contains(&survey.all[*i].action.path)).collect())
        }
        ended => Err(ended),
    }
}

fn print(survey: &Survey, index: usize) {
    let looked = &survey.all[index];
    println!("{}: {}", looked.action.label, dry_run::headline(survey, index));
    let reasons = if looked.state == State::Fresh { Vec::new() } else { dry_run::now(survey, index) };
    if looked.state == State::Fresh {
        let count = looked.decision.as_ref().map_or(0, |decision| decision.key.ingredients().len());
        println!("  nothing that it observes has changed since ({})", plural(count, "ingredient"));
    } else {
        tree(&reasons, 1);
    }
    // A failure under other conditions says nothing about an instance that is up to date.
    let is_told = reasons.iter().any(|reason| reason.text.starts_with(dry_run::FAILED));
    let is_telling =
        |why: &Why| !is_told && matches!(why.ended, Last::Failed(_)) != (looked.state == State::Fresh);
    if let Some(why) = looked.why().filter(is_telling) {
        println!("  {}", dry_run::outcome(&why));
        tree(&dry_run::then(survey, index, &why), 2);
    }
    if let Some(run) = looked.why().and_then(|why| why.run) {
        println!("  {}", told::sentence(&run));
    }
}

fn tree(reasons: &[Reason], depth: usize) {
    let mut last: Option<&[Reason]> = None;
    for reason in reasons {
        println!("{}{}", "  ".repeat(depth), reason.text);
        // Reasons that several partitions share are printed once.
        if !reason.because.is_empty() && last.replace(&reason.because) == Some(&reason.because) {
            println!("{}for the same reason", "  ".repeat(depth + 1));
        } else {
            tree(&reason.because, depth + 1);
        }
    }
}

fn as_json(survey: &Survey, index: usize) -> serde_json::Value {
    let looked = &survey.all[index];
    let why = looked.why();
    let last = why.as_ref().map(
        |why| json!({"ended": why.ended, "first": why.first, "run": why.run, "because": dry_run::then(survey, index, why)}),
    );
    json!({
        "path": looked.action.path,
        "label": looked.action.label,
        "target": looked.action.target,
        "state": looked.state.word(),
        "because": if looked.state == State::Fresh { Vec::new() } else { dry_run::now(survey, index) },
        "last_run": last,
    })
}
