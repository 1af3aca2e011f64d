//! The details of one instance.

use camino::Utf8Path;

use super::document::{Detail, LastRun, Output, Reason};
use super::head;
use super::look::Look;
use crate::dry_run::{self, State};
use crate::exec::{Ended, Fingerprint, Ingredient, Record, Value, Values, Why};
use crate::layout::Folder;

/// How much of a log is included, in bytes.
pub(super) const TAIL: u64 = 4 << 10;

/// How many ingredients are listed.
const OBSERVED: usize = 200;

/// How many files besides the values are listed.
const FILES: usize = 50;

/// The details of the instance `index`, with the last `tail` bytes of its log.
pub(crate) fn of(look: &Look<'_>, index: usize, tail: u64) -> Detail {
    let survey = look.survey;
    let looked = &survey.all[index];
    let now = if looked.state == State::Fresh { Vec::new() } else { dry_run::now(survey, index) };
    let record = match &looked.decision {
        Some(decision) => decision.record.clone(),
        None => Record::read(&looked.folder),
    };
    let headline = match &looked.state {
        State::Blocked(_) if !look.has_values => "cannot be told".to_owned(),
        _ => dry_run::headline(survey, index),
    };
    Detail {
        headline,
        because: reasons(&now, look.has_values),
        last_run: looked.why().map(|why| last_run(look, index, &why)),
        observed: record.iter().flat_map(|record| observed(record, look.has_values)).collect(),
        inputs: looked.upstreams.clone(),
        outputs: outputs(look, index),
        files: record.iter().flat_map(|record| files(look, &looked.folder, record)).collect(),
        log: head::tail(&looked.folder.log(), tail).filter(|log| look.has_values && log.bytes > 0),
    }
}

fn last_run(look: &Look<'_>, index: usize, why: &Why) -> LastRun {
    let said = match (&why.ended, look.has_values) {
        (Ended::Failed(_), false) => "it failed last time".to_owned(),
        _ => dry_run::outcome(why),
    };
    LastRun { said, because: reasons(&dry_run::then(look.survey, index, why), look.has_values) }
}

/// Reasons for the page. Their sentences quote parameters, lines of data and messages; if none of that may be shown,
/// they only say what changed.
pub(super) fn reasons(all: &[dry_run::Reason], has_values: bool) -> Vec<Reason> {
    let reason = |reason: &dry_run::Reason| {
        let because = reasons(&reason.because, has_values);
        let text = match &reason.change {
            _ if has_values => reason.text.clone(),
            Some(change) => format!("{} changed", change.ingredient),
            // It was found in a file.
            None if reason.text.starts_with(dry_run::FAILED) => dry_run::FAILED.to_owned(),
            None if because.is_empty() => return None,
            None => "what it takes changed".to_owned(),
        };
        Some(Reason { text, because })
    };
    all.iter().filter_map(reason).collect()
}

fn observed(record: &Record, has_values: bool) -> Vec<(String, String)> {
    let all = record.ingredients.ingredients().iter().chain(record.reads.ingredients());
    let told = |(ingredient, fingerprint): &(Ingredient, Fingerprint)| {
        let value = match fingerprint {
            Fingerprint::Digest(digest) => digest.short(),
            Fingerprint::Text(_) if !has_values && matches!(ingredient, Ingredient::Parameter(_)) => {
                String::new()
            }
            Fingerprint::Text(text) => head::at_most(text, 200),
        };
        (ingredient.to_string(), value)
    };
    let kept = all.filter(|(ingredient, _)| !matches!(ingredient, Ingredient::Format | Ingredient::Instance));
    kept.take(OBSERVED).map(told).collect()
}

/// The values that an instance hands on; for a split, those of its first partition.
fn outputs(look: &Look<'_>, index: usize) -> Vec<Output> {
    let stamp = look.survey.all[index].action.stamps.first();
    let folder = stamp.and_then(|stamp| stamp.parent()).map(|folder| Folder(folder.to_owned()));
    let values = folder.and_then(|folder| Values::read(&folder)).unwrap_or_default();
    values.values.iter().map(|value| output(look, value)).collect()
}

fn output(look: &Look<'_>, value: &Value) -> Output {
    let head = || head::of(&look.survey.layout.build().join(&value.file), &value.format);
    Output {
        key: value.key.clone(),
        format: value.format.clone(),
        file: value.file.to_string(),
        bytes: value.size,
        rows: value.rows,
        digest: value.digest.short(),
        head: look.has_values.then(head).flatten(),
    }
}

/// The files that a run left besides its values.
pub(super) fn files(look: &Look<'_>, folder: &Folder, record: &Record) -> Vec<Output> {
    let left = record.beside.iter().filter(|beside| folder.0.join(&beside.file).starts_with(folder.files()));
    let build = look.survey.layout.build();
    let file = |beside: &crate::exec::Beside| {
        let path = folder.0.join(&beside.file);
        Output {
            key: beside.file.strip_prefix("files").unwrap_or(&beside.file).to_string(),
            format: "file".to_owned(),
            file: path.strip_prefix(build).unwrap_or(&path).to_string(),
            bytes: Some(beside.size),
            rows: None,
            digest: beside.digest.short(),
            head: look.has_values.then(|| head::of(Utf8Path::new(&path), "file")).flatten(),
        }
    };
    left.take(FILES).map(file).collect()
}
