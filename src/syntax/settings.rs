//! The fields of a process that say how its instances are run: resources, retries, failures.

use serde_json::{Value, json};

use super::fields::{Field, Table};
use super::node::{Key, Kind, Node};
use super::reader::Reader;
use super::shape;
use crate::amount::{self, AmountError, MOST_COUNT, MOST_MEMORY, MOST_TIME};
use crate::diagnostic::codes;
use crate::settings::{AtLeast, FailureKind, OnFailure, PerAttempt, Resources, Retries};
use crate::source::{Span, clip};

const RETRY_FORMS: &str =
    "write `retries: 3`, or `retries: {times: 3, on: [out_of_memory, timeout], wait: 30s}`";
const AT_LEAST_FORMS: &str = "write a share (`90%`) or a number of instances";

pub(super) const RESOURCES: Table<Resources> = Table {
    of: "`resources`",
    fields: &[
        Field::new("cpus", "Processor cores.", shape::counts, |to, key, node, reader| {
            to.cpus = per_attempt(key, node, reader, cpus);
        }),
        Field::new("memory", "Memory: `8GB`, `512 MiB`.", shape::memory, |to, key, node, reader| {
            to.memory = per_attempt(key, node, reader, memory);
        }),
        Field::new("time", "Wall-clock time: `2h`, `1-12:00:00`.", shape::time, |to, key, node, reader| {
            to.time = per_attempt(key, node, reader, time);
        }),
        Field::new("gpus", "GPUs.", shape::wholes, |to, key, node, reader| {
            to.gpus = per_attempt(key, node, reader, |key, node, reader| {
                let count = reader.whole(key, node, "a whole number")?.value;
                bounded(count, key, node, reader)
            });
        }),
    ],
    hints: &[
        ("retries", "write it beside `resources`: `retries: 3`"),
        ("cpu", "did you mean `cpus`?"),
        ("mem", "did you mean `memory`?"),
        ("gpu", "did you mean `gpus`?"),
        ("walltime", "did you mean `time`?"),
        ("timeout", "did you mean `time`?"),
    ],
};

/// Reads `resources`.
pub(super) fn resources(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Resources {
    let mut resources = Resources::default();
    let entries = reader.mapping(key, node, "write `resources: {cpus: 4, memory: 8GB, time: 2h, gpus: 1}`");
    RESOURCES.read(entries, &mut resources, reader);
    resources
}

type One<T> = fn(&Key<'_>, &Node<'_>, &mut Reader<'_>) -> Option<T>;

/// One amount, or a list with an amount for each attempt.
fn per_attempt<T>(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>, one: One<T>) -> PerAttempt<T> {
    let Kind::Seq(items) = &node.kind else {
        return PerAttempt(one(key, node, reader).into_iter().collect());
    };
    if items.is_empty() {
        let message = format!("`{}` is an empty list", key.value);
        reader.report(&codes::AMOUNT, (node.span, "no amount"), message, "write an amount for each attempt");
    }
    let mut amounts = Vec::new();
    for item in items {
        if matches!(item.kind, Kind::Null) {
            reader.wrong_type(key, item, "an amount", "write an amount for each attempt");
        }
        amounts.extend(one(key, item, reader));
    }
    PerAttempt(amounts)
}

fn cpus(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u32> {
    let count = count(key, node, reader, "no processor")?;
    bounded(count, key, node, reader)
}

/// A count that some machine could have.
fn bounded(count: u32, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u32> {
    if count <= MOST_COUNT {
        return Some(count);
    }
    let message = format!("`{}` is too large: `{count}`", key.value);
    reader.report(
        &codes::AMOUNT,
        (node.span, "too large"),
        message,
        format!("it may be {MOST_COUNT} at most"),
    );
    None
}

/// A whole number of at least 1; `none` says what 0 would mean.
pub(super) fn count(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>, none: &str) -> Option<u32> {
    const MUST: &str = "a whole number of at least 1";
    let count: u32 = reader.whole(key, node, MUST)?.value;
    if count == 0 {
        let message = format!("`{}` must be {MUST}", key.value);
        reader.report(&codes::SHAPE, (node.span, none), message, format!("write {MUST}"));
    }
    Some(count)
}

fn memory(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u64> {
    let bytes = quantity(key, node, reader, &MEMORY)?;
    (bytes > 0).then_some(bytes).or_else(|| nothing(key, node, reader))
}

fn time(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u64> {
    let seconds = quantity(key, node, reader, &TIME)?;
    (seconds > 0).then_some(seconds).or_else(|| nothing(key, node, reader))
}

fn nothing(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u64> {
    let message = format!("`{}` must be more than 0", key.value);
    reader.report(&codes::AMOUNT, (node.span, "nothing"), message, "write more, or leave it out");
    None
}

/// A kind of amount.
struct Quantity {
    of: &'static str,
    read: fn(&str) -> Result<u64, AmountError>,
    forms: &'static str,
    /// A number without a unit, with the unit that was most likely meant.
    likely: fn(&str) -> String,
    /// The most that it may be, and how that is written.
    most: (u64, &'static str),
}

const MEMORY: Quantity = Quantity {
    of: "memory",
    read: amount::bytes,
    forms: "write `8GB` or `512MiB`",
    likely: amount::likely_bytes,
    most: (MOST_MEMORY, "1024TiB"),
};
const TIME: Quantity = Quantity {
    of: "time",
    read: amount::seconds,
    forms: "write `90s`, `2h`, `1:30:00` or `1-12:00:00`",
    likely: |number| format!("{number}s"),
    most: (MOST_TIME, "3650d"),
};

fn quantity(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>, quantity: &Quantity) -> Option<u64> {
    let text = reader.text_or_number(key, node)?.value;
    let (most, most_written) = quantity.most;
    let error = match (quantity.read)(&text) {
        Ok(amount) if amount <= most => return Some(amount),
        Ok(_) => AmountError::TooLarge,
        Err(error) => error,
    };
    let written = clip(&text);
    let (label, message, help) = match error {
        AmountError::Unreadable => (
            format!("not an amount of {}", quantity.of),
            format!("`{}` cannot be `{written}`", key.value),
            quantity.forms.to_owned(),
        ),
        AmountError::NoUnit => (
            "no unit".to_owned(),
            format!("`{}` has no unit: `{written}`", key.value),
            format!("write the unit, for example `{}`", clip(&(quantity.likely)(text.trim()))),
        ),
        AmountError::TooLarge => (
            "too large".to_owned(),
            format!("`{}` is too large: `{written}`", key.value),
            format!("it may be `{most_written}` at most"),
        ),
    };
    reader.report(&codes::AMOUNT, (node.span, label), message, help);
    None
}

/// `retries` while it is being read: some of it may be left out.
#[derive(Default)]
pub(super) struct RetriesFields {
    times: Option<u32>,
    has_times: bool,
    on: Option<Vec<FailureKind>>,
    wait: u64,
}

pub(super) const RETRIES: Table<RetriesFields> = Table {
    of: "`retries`",
    fields: &[
        Field::new(
            "times",
            "How often a failed instance is tried again.",
            shape::whole,
            |to, key, node, reader| {
                to.has_times = true;
                to.times = reader.whole(key, node, "a whole number").map(|times| times.value);
            },
        ),
        Field::new("on", "The kinds of failure after which it is tried again; all, if left out.", kinds, on),
        Field::new("wait", "How long to wait before each further attempt: `30s`.", shape::wait, wait),
    ],
    hints: &[],
};

fn kinds() -> Value {
    let names: Vec<_> = FailureKind::ALL.iter().map(|(name, _)| *name).collect();
    let one = json!({"type": "string", "pattern": format!("^({})$", names.join("|"))});
    let list = json!({"type": ["array", "null"], "items": {"enum": names}, "minItems": 1});
    shape::either([one, list])
}

/// The JSON schema of `retries`.
pub(super) fn retries_schema() -> Value {
    shape::either([shape::whole(), shape::with(RETRIES.schema(), &["times"])])
}

/// Reads `retries`: a number or a mapping.
pub(super) fn retries(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Retries> {
    let mut fields = RetriesFields::default();
    match &node.kind {
        Kind::Null => return None,
        Kind::Map(entries) => {
            RETRIES.read(entries, &mut fields, reader);
            if !fields.has_times {
                let message = "`retries` does not say how often";
                reader.report(&codes::MISSING_FIELD, (key.span, "has no `times`"), message, RETRY_FORMS);
            }
        }
        Kind::Int(_) => fields.times = reader.whole(key, node, "a whole number").map(|times| times.value),
        _ => reader.wrong_type(key, node, "a number or a mapping", RETRY_FORMS),
    }
    let all = || FailureKind::ALL.iter().map(|(_, kind)| *kind).collect();
    Some(Retries { times: fields.times?, on: fields.on.unwrap_or_else(all), wait: fields.wait })
}

fn on(to: &mut RetriesFields, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    if matches!(node.kind, Kind::Null) {
        return;
    }
    let names: Vec<&str> = FailureKind::ALL.iter().map(|(name, _)| *name).collect();
    let mut found = Vec::new();
    for text in reader.texts(key, node, "write `on: [out_of_memory, timeout, lost]`") {
        match FailureKind::ALL.iter().find(|(name, _)| *name == text.value) {
            Some((_, kind)) => found.push(*kind),
            None => {
                let message = format!("unknown kind of failure `{}`", clip(&text.value));
                let help = reader.known(&text.value, &names);
                reader.report(&codes::AMOUNT, (text.span, "no failure is called this"), message, help);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    if matches!(&node.kind, Kind::Seq(items) if items.is_empty()) {
        let message = "`on` is an empty list, so that nothing is tried again";
        reader.report(&codes::AMOUNT, (node.span, "no kind of failure"), message, "name one, or remove `on`");
    }
    to.on = Some(found);
}

fn wait(to: &mut RetriesFields, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    if !matches!(node.kind, Kind::Null) {
        to.wait = quantity(key, node, reader, &TIME).unwrap_or(0);
    }
}

const ON_FAILURE: [&str; 2] = ["drop", "fail"];

/// The JSON schema of `on_failure`.
pub(super) fn on_failure_schema() -> Value {
    shape::words(&ON_FAILURE)
}

/// Reads `on_failure`.
pub(super) fn on_failure(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<OnFailure> {
    match reader.word(key, node, &ON_FAILURE)?.value.as_str() {
        "drop" => Some(OnFailure::Drop),
        _ => Some(OnFailure::Fail),
    }
}

/// The JSON schema of `at_least`.
pub(super) fn at_least_schema() -> Value {
    let number = r"0*(100(\.0*)?|[0-9]{1,2}(\.[0-9]*)?|\.[0-9]+)";
    let share = format!(r"^(?=.*[1-9])\s*{number}\s*%\s*$");
    shape::either([shape::count(), json!({"type": "string", "pattern": share})])
}

/// Reads `at_least`: a number or a share.
pub(super) fn at_least(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<AtLeast> {
    match &node.kind {
        Kind::Int(_) => Some(AtLeast::Count(count(key, node, reader, "asks for nothing")?.into())),
        Kind::Str(text) => share(text).or_else(|| not_a_share(node.span, &clip(text), reader)),
        Kind::Null => None,
        _ => not_a_share(node.span, &clip(reader.slice(node.span)), reader),
    }
}

/// `90%` in thousandths of a percent, rounded up; `None` unless it is above 0 and at most 100 %.
fn share(text: &str) -> Option<AtLeast> {
    let number: f64 = text.trim().strip_suffix('%')?.trim_end().parse().ok()?;
    let is_share = number > 0.0 && number <= 100.0;
    is_share.then(|| AtLeast::Share((number * 1000.0).ceil() as u32))
}

fn not_a_share(span: Span, written: &str, reader: &mut Reader<'_>) -> Option<AtLeast> {
    let message = format!("`at_least` cannot be `{written}`");
    reader.report(&codes::AMOUNT, (span, "neither a share nor a number"), message, AT_LEAST_FORMS);
    None
}
