//! `seed_parallelism`: its values, checked as far as possible without the rest of the file.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::fields::{Field, Table};
use super::mapping::flatten;
use super::node::{Entries, Key, Kind, Node, get};
use super::reader::Reader;
use super::shape;
use crate::diagnostic::codes;
use crate::source::{Span, Spanned, clip};

const SEED_FORMS: &str = "write `seed_parallelism: {seeds: [1, 2, 3]}`";

/// Nobody means to run a pipeline under more seeds than this.
const MANY_SEEDS: i128 = 1_000;

/// `seed_parallelism` while it is being read.
#[derive(Default)]
struct SeedFields(Option<Vec<Spanned<u64>>>);

const SEED: Table<SeedFields> = Table {
    of: "`seed_parallelism`",
    fields: &[Field::new("seeds", "The seeds.", seeds_schema, |to, _, node, reader| {
        if !matches!(node.kind, Kind::Null) {
            to.0 = seeds(node, reader);
        }
    })],
    hints: &[],
};

fn seeds_schema() -> Value {
    let one = json!({"type": "integer", "minimum": 0, "maximum": u32::MAX});
    shape::either([one.clone(), list_of_seeds(one)])
}

fn list_of_seeds(one: Value) -> Value {
    json!({"type": "array", "items": one, "minItems": 1, "uniqueItems": true})
}

/// The JSON schema of `seed_parallelism`.
pub(super) fn seed_schema() -> Value {
    let fields = shape::with(SEED.schema(), &["seeds"]);
    let mut all = shape::either([fields, seeds_schema()]);
    // A list of mappings, or of seeds.
    all["if"] = json!({"type": "array", "contains": {"type": "object"}});
    all["then"] = shape::list_of(SEED.schema(), "seeds");
    all["else"] = json!({"items": all["items"]});
    all["items"] = json!({"type": ["integer", "object"]});
    all
}

/// Reads `seed_parallelism`: `{seeds: [1, 2]}`, a list of seeds, or one seed.
pub(super) fn seed_parallelism(
    key: &Key<'_>,
    node: &Node<'_>,
    reader: &mut Reader<'_>,
) -> Option<Spanned<Vec<Spanned<u64>>>> {
    let flat = flatten(node, reader).filter(|entries| !entries.is_empty());
    let entries: Entries<'_, '_> = match (&node.kind, &flat) {
        (Kind::Map(entries), _) => entries,
        (_, Some(entries)) => entries,
        (Kind::Null, _) => &[],
        _ => return seeds(node, reader).map(|seeds| Spanned::new(seeds, key.span)),
    };
    let mut fields = SeedFields::default();
    SEED.read(entries, &mut fields, reader);
    // An unknown field has been reported already; that is enough.
    let is_missing = get(entries, "seeds").is_none();
    let null = entries.iter().find(|(key, _)| key.value == "seeds");
    if is_missing && (null.is_some() || entries.is_empty()) {
        let span = null.map_or(key.span, |(key, _)| key.span);
        let label = if null.is_some() { "no value" } else { "has no `seeds`" };
        reader.report(&codes::MISSING_FIELD, (span, label), "`seed_parallelism` has no `seeds`", SEED_FORMS);
    }
    fields.0.map(|seeds| Spanned::new(seeds, key.span))
}

fn seeds(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Vec<Spanned<u64>>> {
    let items = match &node.kind {
        Kind::Seq(items) => items.as_slice(),
        Kind::Int(seed) => {
            one_seed(*seed, node.span, reader);
            std::slice::from_ref(node)
        }
        _ => {
            let label = format!("this is {}", node.what());
            reader.report(
                &codes::SHAPE,
                (node.span, label),
                "`seeds` must be a list of whole numbers",
                SEED_FORMS,
            );
            return None;
        }
    };
    if items.is_empty() {
        reader.report(&codes::BAD_SEEDS, (node.span, "no seed"), "a list of seeds is empty", SEED_FORMS);
        return None;
    }
    let mut known = HashSet::new();
    let seeds: Vec<_> = items.iter().map(|item| seed(item, &mut known, reader)).collect();
    seeds.into_iter().collect()
}

/// A number without brackets may be meant as a number of seeds, unless it is too large for that.
fn one_seed(seed: i128, span: Span, reader: &mut Reader<'_>) {
    if (2..=MANY_SEEDS).contains(&seed) {
        let message = format!("`seeds: {seed}` is one seed, {seed}, not {seed} seeds");
        let help = format!("write each seed, as in `seeds: [1, 2, 3]`; or `seeds: [{seed}]` for this one");
        reader.doubt((span, "one seed"), message, help);
    }
}

fn seed(node: &Node<'_>, known: &mut HashSet<u32>, reader: &mut Reader<'_>) -> Option<Spanned<u64>> {
    let Kind::Int(value) = node.kind else {
        let label = format!("this is {}", node.what());
        reader.report(&codes::BAD_SEEDS, (node.span, label), "a seed must be a whole number", SEED_FORMS);
        return None;
    };
    let written = clip(reader.slice(node.span));
    let (label, message, help) = match u32::try_from(value) {
        Ok(seed) if known.insert(seed) => return Some(Spanned::new(u64::from(seed), node.span)),
        Ok(_) => ("again here", format!("the seed `{written}` is listed twice"), "write each seed once"),
        Err(_) if value < 0 => ("below 0", format!("the seed `{written}` is negative"), "write at least `0`"),
        Err(_) => ("too large", format!("the seed `{written}` is too large"), "write at most `4294967295`"),
    };
    reader.report(&codes::BAD_SEEDS, (node.span, label), message, help);
    None
}
