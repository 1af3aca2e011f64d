//! Every strategy against one that a person would explain, on random rows in every format that has columns.

use std::cmp::Ordering;
use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::reference;
use super::{Pace, Parts, Space};
use crate::digest::Digest;
use crate::size::{By, Share, Size};
use crate::split::{Each, Partition, Request, SplitError, partition_rows, run, run_by_value};

/// Values as they are written, and the texts that they are compared by (docs/splitting.md).
const VALUES: [(&str, &str); 16] = [
    ("a", "a"),
    ("b", "b"),
    ("ä€", "ä€"),
    ("", ""),
    ("1", "1"),
    ("1.0", "1"),
    ("1e0", "1"),
    ("2", "2"),
    ("-20", "-20"),
    ("10", "10"),
    ("0.5", "5e-1"),
    ("1e300", "1e300"),
    ("True", "true"),
    ("2026-01-02", "2026-01-02"),
    ("007", "007"),
    ("with, \"comma\"", "with, \"comma\""),
];

/// A row: the numbers of its values of `k` and of `t`. Its `id` is its number.
pub(super) type Row = (usize, usize);

/// The text of a row's value of `k` or `t`.
fn text(row: Row, column: &str) -> &'static str {
    VALUES[if column == "k" { row.0 } else { row.1 }].1
}

/// The first 16 bytes of the SHA-256 of the texts of `columns`, each behind its length and a colon.
fn identity(row: Row, columns: &[String]) -> u128 {
    let one = |column: &String| format!("{}:{}", text(row, column).len(), text(row, column));
    let hex = Digest::of(columns.iter().map(one).collect::<String>().as_bytes()).to_string();
    u128::from_str_radix(&hex[..32], 16).unwrap()
}

/// The same of a line.
fn identity_of_line(line: &str) -> u128 {
    let message = format!("{}:{line}", line.len());
    u128::from_str_radix(&Digest::of(message.as_bytes()).to_string()[..32], 16).unwrap()
}

/// The same of the whole row: names and texts, sorted by name, without what is missing.
fn identity_of_all(row: Row, id: usize) -> u128 {
    let fields = [("id", id.to_string()), ("k", text(row, "k").to_owned()), ("t", text(row, "t").to_owned())];
    let one = |(name, text): &(&str, String)| format!("{}:{name}{}:{text}", name.len(), text.len());
    let message: String = fields.iter().filter(|(_, text)| !text.is_empty()).map(one).collect();
    u128::from_str_radix(&Digest::of(message.as_bytes()).to_string()[..32], 16).unwrap()
}

/// The Python of docs/splitting.md.
fn number(seed: u64, row: u64) -> u64 {
    let scramble = |mut z: u128| {
        z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) % (1 << 64);
        z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) % (1 << 64);
        z ^ (z >> 31)
    };
    let step = 0x9E37_79B9_7F4A_7C15;
    let start = scramble((u128::from(seed) + step) % (1 << 64));
    scramble((start + (u128::from(row) + 1) * step) % (1 << 64)) as u64
}

/// How many of their sum each partition shall have.
fn weights(size: &Size) -> Vec<u64> {
    match size {
        Size::Equal(count) => vec![1; *count as usize],
        Size::Counts(counts) => counts.clone(),
        Size::Shares(shares) => {
            let percent = |share: &Share| if let Share::Percent(p) = share { u64::from(*p) } else { 0 };
            let rest = 100_000 - shares.iter().map(percent).sum::<u64>();
            shares.iter().map(|one| if *one == Share::Rest { rest } else { percent(one) }).collect()
        }
    }
}

/// Which partition each of the rows goes to; `None` if the row counts do not fit.
pub(super) fn partitions(rows: &[Row], by: &By, size: &Size) -> Option<Vec<usize>> {
    let of = size.partitions();
    let modulo = |identity: u128| ((identity >> 64) as u64 % of) as usize;
    Some(match by {
        By::Rows => by_counts(&(0..rows.len()).collect::<Vec<_>>(), size)?,
        By::RoundRobin => (0..rows.len()).map(|i| i % of as usize).collect(),
        By::HashRow => (0..).zip(rows).map(|(id, row)| modulo(identity_of_all(*row, id))).collect(),
        By::Hash(columns) => rows.iter().map(|row| modulo(identity(*row, columns))).collect(),
        By::Group(columns) => groups(rows, columns, &weights(size), 0),
        By::Shuffle { seed, group } if !group.is_empty() => groups(rows, group, &weights(size), *seed),
        By::Shuffle { seed, .. } => {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|row| number(*seed, *row as u64));
            by_counts(&order, size)?
        }
        By::Stratify(columns) => strata(rows, columns, size),
        By::Range(column) => ranges(rows, column, size)?,
        By::Value(column) => {
            let mut values: Vec<&str> = Vec::new();
            let mut of = |value: &'static str| {
                values.iter().position(|known| *known == value).unwrap_or_else(|| {
                    values.push(value);
                    values.len() - 1
                })
            };
            rows.iter().map(|row| of(text(*row, column))).collect()
        }
    })
}

/// Cuts rows in this order by how many each partition gets.
fn by_counts(order: &[usize], size: &Size) -> Option<Vec<usize>> {
    let counts = partition_rows(size, order.len() as u64).ok()?;
    let (mut found, mut left) = (vec![0; order.len()], order.iter());
    for (partition, count) in counts.into_iter().enumerate() {
        left.by_ref().take(count as usize).for_each(|row| found[*row] = partition);
    }
    Some(found)
}

fn groups(rows: &[Row], columns: &[String], weights: &[u64], seed: u64) -> Vec<usize> {
    let (mut known, mut loads) = (HashMap::new(), vec![0u64; weights.len()]);
    let total: u64 = weights.iter().sum();
    let mut found = Vec::new();
    for (before, row) in rows.iter().enumerate() {
        let key = identity(*row, columns);
        let partition = *known.entry(key).or_insert_with(|| {
            let start = (key >> 64) as u64 ^ number(seed, 0);
            for i in 0..8 {
                let mut point = ((u128::from(number(start, i)) * u128::from(total)) >> 64) as u64;
                let mut named = 0;
                while point >= weights[named] {
                    point -= weights[named];
                    named += 1;
                }
                // At most an eighth more than its share of the rows before this one.
                if loads[named] * total * 8 <= before as u64 * weights[named] * 9 {
                    return named;
                }
            }
            let open = (0..weights.len()).filter(|i| weights[*i] > 0);
            open.min_by(|a, b| (loads[*a] * weights[*b]).cmp(&(loads[*b] * weights[*a]))).unwrap()
        });
        loads[partition] += 1;
        found.push(partition);
    }
    found
}

fn strata(rows: &[Row], columns: &[String], size: &Size) -> Vec<usize> {
    let mut turns: HashMap<u128, usize> = HashMap::new();
    let next = |row: &Row| {
        let first = turns.len();
        let turn = turns.entry(identity(*row, columns)).or_insert(first);
        *turn += 1;
        turn_of(*turn - 1, size)
    };
    rows.iter().map(next).collect()
}

/// Whose turn it is: with equal partitions one after the other; with shares that one of those who have less than
/// their share of the turns so far, rounded up, whose share for one turn more is the largest.
fn turn_of(turn: usize, size: &Size) -> usize {
    if let Size::Equal(count) = size {
        return turn % *count as usize;
    }
    let whole = weights(size);
    let mut given = vec![0u64; whole.len()];
    let mut last = 0;
    for turn in 1..=turn as u64 + 1 {
        let open = (0..whole.len()).filter(|i| given[*i] * 100_000 < whole[*i] * turn);
        // Of equal ones the first.
        last = open
            .rev()
            .max_by(|a, b| (whole[*a] * (given[*b] + 1)).cmp(&(whole[*b] * (given[*a] + 1))))
            .unwrap();
        given[last] += 1;
    }
    last
}

/// The order of values: what is missing, numbers, texts.
fn compare(one: &str, other: &str) -> Ordering {
    let number = |text: &str| text.parse::<f64>().ok().filter(|_| text != "007");
    let class = |text: &str| {
        if text.is_empty() {
            0
        } else if number(text).is_some() {
            1
        } else {
            2
        }
    };
    class(one).cmp(&class(other)).then_with(|| match (number(one), number(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.as_bytes().cmp(other.as_bytes()),
    })
}

fn ranges(rows: &[Row], column: &str, size: &Size) -> Option<Vec<usize>> {
    let values: Vec<&str> = rows.iter().map(|row| text(*row, column)).collect();
    let mut sorted = values.clone();
    sorted.sort_by(|one, other| compare(one, other));
    let ends: Vec<u64> = match size {
        Size::Equal(count) => {
            // Two binary figures for up to eight partitions, and one more for each doubling.
            let figures = 2 + (0..).find(|doublings| 8 << doublings >= *count).unwrap();
            let (mut each, mut zeros) = (rows.len() as u64 / count, 0);
            while each >= 1 << figures {
                (each, zeros) = (each / 2, zeros + 1);
            }
            (1..*count).map(|i| i * (each << zeros).max(1)).collect()
        }
        _ => {
            let counts = partition_rows(size, rows.len() as u64).ok()?;
            (1..counts.len()).map(|i| counts[..i].iter().sum()).collect()
        }
    };
    let last = |end: &u64| (*end as usize).min(sorted.len()).checked_sub(1).map(|last| sorted[last]);
    let lasts: Vec<Option<&str>> = ends.iter().map(last).collect();
    let is_behind =
        |value: &str, last: &Option<&str>| last.is_none_or(|last| compare(last, value) == Ordering::Less);
    Some(values.iter().map(|value| lasts.iter().filter(|last| is_behind(value, last)).count()).collect())
}

/// The rows as a CSV file of three columns.
fn csv(rows: &[Row]) -> Vec<u8> {
    let quoted = |text: &str| match text.contains(['"', ',']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let line =
        |(id, (k, t)): (usize, &Row)| format!("{id},{},{}\n", quoted(VALUES[*k].0), quoted(VALUES[*t].0));
    format!("id,k,t\n{}", rows.iter().enumerate().map(line).collect::<String>()).into_bytes()
}

fn json(rows: &[Row], (before, between, after): (&str, &str, &str)) -> Vec<u8> {
    let element = |(id, (k, t)): (usize, &Row)| {
        serde_json::json!({"id": id, "k": VALUES[*k].0, "t": VALUES[*t].0}).to_string()
    };
    let elements: Vec<String> = rows.iter().enumerate().map(element).collect();
    format!("{before}{}{after}", elements.join(between)).into_bytes()
}

/// The lines of plain text: the number of the row and its value of `k`.
fn line((id, row): (usize, &Row)) -> String {
    format!("{id}: {}", VALUES[row.0].0)
}

/// How many characters the texts of an array have, and how many bytes its rows.
const TEXTS: usize = 16;
const RECORD: usize = 8 + 2 * 4 * TEXTS;

/// The header of an array of rows with the fields `id`, `k` and `t`, as NumPy writes it.
fn array_header(rows: usize) -> Vec<u8> {
    let fields = format!("[('id', '<i8'), ('k', '<U{TEXTS}'), ('t', '<U{TEXTS}')]");
    let mut text = format!("{{'descr': {fields}, 'fortran_order': False, 'shape': ({rows},), }}");
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    text = format!("{text:width$}\n", width = length - 1);
    [b"\x93NUMPY\x01\0".as_slice(), &u16::try_from(length).unwrap().to_le_bytes(), text.as_bytes()].concat()
}

fn array(rows: &[Row]) -> Vec<u8> {
    let padded = |text: &str| -> Vec<u8> {
        let characters = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(TEXTS);
        characters.flat_map(u32::to_le_bytes).collect()
    };
    let record = |(id, (k, t)): (usize, &Row)| {
        [(id as i64).to_le_bytes().to_vec(), padded(VALUES[*k].0), padded(VALUES[*t].0)].concat()
    };
    [array_header(rows.len()), rows.iter().enumerate().flat_map(record).collect()].concat()
}

/// The rows in a format, and how the ids are read from a partition.
fn file(format: &str, rows: &[Row]) -> Vec<u8> {
    match format {
        "csv" => csv(rows),
        "lines" => rows.iter().enumerate().map(|row| line(row) + "\n").collect::<String>().into_bytes(),
        "npy" => array(rows),
        "jsonl" => json(rows, ("", "\n", if rows.is_empty() { "" } else { "\n" })),
        "json" => json(rows, ("[", ", ", "]")),
        #[cfg(feature = "columnar")]
        format => super::columnar::strategies_table(format, &cells(rows)),
        #[cfg(not(feature = "columnar"))]
        format => unreachable!("{format}"),
    }
}

#[cfg(feature = "columnar")]
fn cells(rows: &[Row]) -> Vec<(i64, &'static str, &'static str)> {
    (0..).zip(rows).map(|(id, (k, t))| (id, VALUES[*k].0, VALUES[*t].0)).collect()
}

fn ids(format: &str, bytes: &[u8]) -> Vec<usize> {
    let of_json = |element: &[u8]| {
        let row: serde_json::Value = serde_json::from_slice(element).unwrap();
        row["id"].as_u64().unwrap() as usize
    };
    match format {
        "csv" => {
            let rows = reference::csv(bytes, b',').unwrap().rows;
            let id = |row: &Vec<u8>| std::str::from_utf8(row).unwrap().split(',').next().unwrap().parse();
            rows.iter().map(|row| id(row).unwrap()).collect()
        }
        "lines" => {
            let id = |line: &str| line.split(':').next().unwrap().parse().unwrap();
            std::str::from_utf8(bytes).unwrap().lines().map(id).collect()
        }
        "npy" => {
            let data = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
            let id = |record: &[u8]| i64::from_le_bytes(record[..8].try_into().unwrap()) as usize;
            bytes[data..].chunks_exact(RECORD).map(id).collect()
        }
        "jsonl" => bytes.split_inclusive(|b| *b == b'\n').map(of_json).collect(),
        "json" => reference::json_array(bytes).unwrap().iter().map(|element| of_json(element)).collect(),
        #[cfg(feature = "columnar")]
        format => super::columnar::ids(format, bytes),
        #[cfg(not(feature = "columnar"))]
        format => unreachable!("{format}"),
    }
}

/// The formats whose rows have columns.
const FORMATS: &[&str] = if cfg!(feature = "columnar") {
    &["csv", "jsonl", "json", "npy", "arrow", "arrows", "parquet"]
} else {
    &["csv", "jsonl", "json", "npy"]
};

fn formats() -> impl Strategy<Value = &'static str> {
    prop_oneof![7 => select(FORMATS), 1 => Just("lines")]
}

/// The partitions of the rows in a format: a line has no columns to go by, but is a value itself.
fn of_format(format: &str, rows: &[Row], by: &By, size: &Size) -> Option<Vec<usize>> {
    if format != "lines" {
        return partitions(rows, by, size);
    }
    let modulo = |row| (identity_of_line(&line(row)) >> 64) as u64 % size.partitions();
    match by {
        By::HashRow => Some(rows.iter().enumerate().map(|row| modulo(row) as usize).collect()),
        By::Rows | By::RoundRobin => partitions(rows, by, size),
        By::Shuffle { group, .. } if group.is_empty() => partitions(rows, by, size),
        _ => None,
    }
}

const STRATEGIES: [&str; 16] = [
    "rows",
    "round_robin",
    "hash",
    "hash:k",
    "hash:t,k",
    "group:k",
    "group:t",
    "group:t,k",
    "stratify:k",
    "stratify:t,k",
    "shuffle:7",
    "shuffle:18446744073709551615",
    "shuffle:7,group:k",
    "shuffle:8,group:k,t",
    "range:k",
    "range:t",
];

fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Few values and many, so that there are large groups and small ones.
    (1..=VALUES.len()).prop_flat_map(|most| prop::collection::vec((0..most, 0..VALUES.len()), 0..120))
}

fn split(
    space: &Space,
    (format, by, pace): (&str, &By, Pace),
    each: Each,
) -> Result<Vec<Partition>, SplitError> {
    let layout = Parts(space.folder.join("out"));
    run(&Request { each: Some(each), ..space.request(format, (&Size::Equal(1), by), &layout, pace) })
}

fn read(format: &str, parts: &[Partition]) -> Vec<Vec<usize>> {
    parts.iter().map(|part| ids(format, &std::fs::read(&part.path).unwrap())).collect()
}

/// The ids of each of `of` partitions.
fn sorted(found: &[usize], of: usize) -> Vec<Vec<usize>> {
    let of_one = |i| (0..found.len()).filter(|row| found[*row] == i).collect();
    (0..of).map(of_one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn rows_go_where_the_reference_sends_them(
        rows in rows(), format in formats(), by in select(&STRATEGIES[..]),
        size in select(&["1", "2", "3", "7", "50", "60%,20%,rest", "25%,75%", "33.3%,rest,33.3%", "2,3,1"][..]),
        pace in super::text::pace(),
    ) {
        let (space, size_, by_) = (Space::new(), size.parse::<Size>().unwrap(), by.parse::<By>().unwrap());
        let parts = space.split(&file(format, &rows), format, size, by, pace);
        let fits = by_.goes_with(&size_);
        let expected = if fits { of_format(format, &rows, &by_, &size_) } else { None };
        let expected = expected.map(|found| sorted(&found, size_.partitions() as usize));
        let found = parts.as_ref().ok().map(|parts| read(format, parts));
        prop_assert_eq!(found, expected, "{:?}", parts);
    }

    #[test]
    fn so_many_rows_or_bytes_for_each(
        rows in rows(), format in select(FORMATS), each in 1u64..60, by in select(&["rows", "shuffle:3", "group:k"][..]),
        most in 1u64..2000, pace in super::text::pace(),
    ) {
        let (space, by) = (Space::new(), by.parse::<By>().unwrap());
        let data = file(format, &rows);
        std::fs::write(space.folder.join("data"), &data).unwrap();
        let parts = split(&space, (format, &by, pace), Each::Rows(each)).unwrap();
        let count = (rows.len() as u64).div_ceil(each).max(1);
        let counts: Vec<u64> = (0..count).map(|i| each.min(rows.len() as u64 - i * each)).collect();
        let size = match by { By::Group(_) => Size::Equal(count), _ => Size::Counts(counts) };
        prop_assert_eq!(read(format, &parts), sorted(&partitions(&rows, &by, &size).unwrap(), count as usize));

        let parts = split(&space, (format, &By::Rows, pace), Each::Bytes(most));
        let expected = by_bytes(format, &data, &rows, most as usize);
        prop_assert_eq!(parts.as_ref().ok().map(|parts| read(format, parts)), expected, "{:?}", parts);
    }
}

/// Any file is large enough for no rows.
#[test]
fn no_row_is_too_long_where_there_is_none() {
    let space = Space::new();
    for format in ["csv", "jsonl", "json", "npy"] {
        std::fs::write(space.folder.join("data"), file(format, &[])).unwrap();
        let parts = split(&space, (format, &By::Rows, (1, 1)), Each::Bytes(1)).unwrap();
        assert_eq!(read(format, &parts), [vec![0; 0]], "{format}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_file_for_each_value(rows in rows(), format in select(FORMATS), pace in super::text::pace()) {
        let (space, by) = (Space::new(), By::Value("k".to_owned()));
        std::fs::write(space.folder.join("data"), file(format, &rows)).unwrap();
        let out = space.folder.join("out");
        let (size, layout) = (Size::Equal(1), Parts(out.clone()));
        let request = space.request(format, (&size, &by), &layout, pace);
        let mut found = Vec::new();
        let parts = run_by_value(&request, 100, |values| {
            found = values.iter().map(|value| String::from_utf8(value.clone()).unwrap()).collect::<Vec<_>>();
            Ok(Box::new(Parts(out.clone())))
        })
        .unwrap();
        let expected = partitions(&rows, &by, &size).unwrap();
        prop_assert_eq!(read(format, &parts), sorted(&expected, found.len()));
        for (part, value) in parts.iter().zip(&found) {
            prop_assert!(ids(format, &std::fs::read(&part.path).unwrap()).iter().all(|id| text(rows[*id], "k") == value));
        }
        let most = found.len().saturating_sub(1);
        let refused = run_by_value(&request, most, |_| Ok(Box::new(Parts(out.clone()))));
        prop_assert_eq!(refused.is_err(), !found.is_empty());
    }
}

/// As many rows as fit, then the next partition; `None` if one does not fit, or the format has no such length.
fn by_bytes(format: &str, data: &[u8], rows: &[Row], most: usize) -> Option<Vec<Vec<usize>>> {
    let lengths: Vec<usize> = match format {
        "csv" => reference::csv(data, b',')?.rows.iter().map(Vec::len).collect(),
        "jsonl" => data.split_inclusive(|b| *b == b'\n').map(<[u8]>::len).collect(),
        "json" => reference::json_array(data)?.iter().map(|element| element.len() + 1).collect(),
        "npy" => vec![RECORD; rows.len()],
        _ => return None,
    };
    let around = match format {
        "csv" => "id,k,t\n".len(),
        "json" => 2,
        "npy" => array_header(rows.len()).len(),
        _ => 0,
    };
    let (mut parts, mut length) = (vec![Vec::new()], around);
    for (row, own) in lengths.into_iter().take(rows.len()).enumerate() {
        if around + own > most {
            return None;
        }
        if length + own > most {
            parts.push(Vec::new());
            length = around;
        }
        parts.last_mut()?.push(row);
        length += own;
    }
    Some(parts)
}
