//! A changed file, split using what an earlier split learned, compared with one that is split for the first time.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::sample::Index;

use super::text::{csv, noise, pace, size};
use super::{Parts, Space};
use crate::file::Written;
use crate::size::{By, Size};
use crate::split::{Progress, Request, run};

/// Which bytes are removed, and what replaces them.
type Edit = (Index, usize, &'static str);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let texts = ["", "", "\n", "x", "\"", ",", "b,c\n", "\n\n", "xy", "\r\n", "1", "[]", " "];
    prop::collection::vec((any::<Index>(), 0..4usize, prop::sample::select(texts.to_vec())), 0..3)
}

fn edited(data: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut data = data.to_vec();
    for (at, gone, text) in edits {
        let at = at.index(data.len() + 1);
        data.splice(at..data.len().min(at + gone), text.bytes());
    }
    data
}

fn as_if_split_for_the_first_time(data: &[u8], edits: &[Edit], format: &str, size: &str, pace: super::Pace) {
    let (space, fresh) = (Space::new(), Space::new());
    let told = |space: &Space, data: &[u8]| {
        let parts = space.parts(data, format, size, "rows", pace);
        parts.map_err(|error| error.replace(space.folder.as_str(), ""))
    };
    let _ = told(&space, data);
    let data = edited(data, edits);
    assert_eq!(told(&space, &data), told(&fresh, &data), "{:?}", String::from_utf8_lossy(&data));
    let known = |space: &Space| std::fs::read(space.folder.join("out.known")).ok();
    if told(&fresh, &data).is_ok() {
        assert_eq!(known(&space), known(&fresh));
    }
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![4 => Just("[1,2]\n"), 3 => Just("\"a\"\n"), 2 => Just("{}\r\n"), 1 => Just("\n")];
    prop::collection::vec(line, 0..30).prop_map(|lines| lines.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn changed_csv(data in csv(), edits in edits(), size in size(), pace in pace()) {
        as_if_split_for_the_first_time(&data, &edits, "csv", size, pace);
    }

    #[test]
    fn changed_noise(data in noise(), edits in edits(), size in size(), pace in pace()) {
        as_if_split_for_the_first_time(&data, &edits, "csv", size, pace);
        as_if_split_for_the_first_time(&data, &edits, "lines", size, pace);
    }

    #[test]
    fn changed_json_lines(data in lines(), edits in edits(), size in size(), pace in pace()) {
        as_if_split_for_the_first_time(&data, &edits, "jsonl", size, pace);
    }
}

/// How many bytes are read, relative to the file's length, and how many partitions are written.
fn effort(space: &Space, format: &str, text: &str) -> (f64, usize) {
    let (total, done) = (AtomicU64::new(0), AtomicU64::new(0));
    std::fs::write(space.folder.join("data"), text).unwrap();
    let layout = Parts(space.folder.join("out"));
    let count = |step| match step {
        Progress::Total(bytes) => total.store(bytes, Ordering::Relaxed),
        Progress::Bytes(bytes) => _ = done.fetch_add(bytes, Ordering::Relaxed),
    };
    let request = space.request(format, (&Size::Equal(50), &By::Rows), &layout, (1000, 2));
    let partitions = run(&Request { progress: Some(&count), ..request });
    let written = partitions.unwrap().iter().filter(|part| part.written == Written::Changed).count();
    (done.into_inner() as f64 / total.into_inner() as f64, written)
}

#[test]
fn after_an_edit_in_one_partition_the_file_is_gone_through_once() {
    for format in ["csv", "jsonl", "lines"] {
        let space = Space::new();
        let text: String = (1000..6000).map(|i| format!("[{i},{}]\n", i * 7)).collect();
        assert!(effort(&space, format, &text).0 > 1.9);
        let (all, written) = effort(&space, format, &text);
        assert!(all < 1.01 && written == 0, "{format}: {all}");
        for (old, new) in [("[3000,", "[3001,"), ("[3000,", "[30000000,"), ("[3000,21000]", "[1,2]")] {
            let (once, written) = effort(&space, format, &text.replace(old, new));
            assert!(once < 1.1 && written == 1, "{format}: {once}, {written} written");
            effort(&space, format, &text);
        }
        // An additional row shifts all that follow.
        assert!(effort(&space, format, &format!("{text}[1,2]\n")).0 > 1.9);
    }
}

#[test]
fn what_is_known_is_not_believed_of_other_formats_headers_and_sizes_or_when_it_is_damaged() {
    let rows = (0..100).map(|i| format!("{i},\"a\nb\"\n"));
    let text = "a,b\n".to_owned() + &rows.collect::<String>();
    for (format, size) in [("lines", "7"), ("csv", "5"), ("jsonl", "7")] {
        let space = Space::new();
        space.parts(text.as_bytes(), "csv", "7", "rows", (50, 2)).unwrap();
        let fresh = Space::new().parts(text.as_bytes(), format, size, "rows", (50, 2));
        assert_eq!(space.parts(text.as_bytes(), format, size, "rows", (50, 2)).ok(), fresh.ok());
    }
    let space = Space::new();
    let expected = space.parts(text.as_bytes(), "csv", "7", "rows", (50, 2)).unwrap();
    let path = space.folder.join("out.known");
    let known = std::fs::read(&path).unwrap();
    for at in (0..known.len()).step_by(7) {
        let mut damaged = known.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(space.parts(text.as_bytes(), "csv", "7", "rows", (50, 2)).unwrap(), expected);
        assert_eq!(std::fs::read(&path).unwrap(), known);
    }
}
