//! Keys are taken, and where rows are is remembered, while the rows are found: however little fits into memory, and
//! wherever chunks begin, the result is the same.

use proptest::prelude::*;
use proptest::sample::select;

use super::text::{csv, noise, pace};
use super::{Pace, Parts, Space};
use crate::size::{By, Size};
use crate::split::{Partition, Request, run};

/// What the partitions contain, or the error.
fn made(space: &Space, (format, by): (&str, &str), memory: u64, pace: Pace) -> Result<Vec<Vec<u8>>, String> {
    let (size, by, layout) =
        (Size::Equal(3), by.parse::<By>().unwrap(), Parts(space.folder.join(format!("{memory}"))));
    let parts = run(&Request { memory, ..space.request(format, (&size, &by), &layout, pace) });
    let read = |part: &Partition| std::fs::read(&part.path).unwrap();
    parts.map(|parts| parts.iter().map(read).collect()).map_err(|error| error.to_string())
}

fn check(data: &[u8], strategy: (&str, &str), memory: u64, pace: Pace) {
    let space = Space::new();
    std::fs::write(space.folder.join("data"), data).unwrap();
    let expected = made(&space, strategy, 0, (1 << 20, 1));
    assert_eq!(made(&space, strategy, memory, pace), expected);
}

const MEMORY: [u64; 5] = [1, 400, 900, 3000, 100_000];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn csv_in_any_memory(
        data in prop_oneof![3 => csv(), 1 => noise()], memory in select(&MEMORY[..]), pace in pace(),
        by in select(&["round_robin", "hash", "hash:k", "hash:t", "hash:t,k"][..]),
    ) {
        check(&[b"k,t\n", data.as_slice()].concat(), ("csv", by), memory, pace);
    }

    #[test]
    fn one_column_in_any_memory(
        data in noise(), memory in select(&MEMORY[..]), pace in pace(), by in select(&["round_robin", "hash:k"][..]),
    ) {
        check(&[b"k\n", data.as_slice()].concat(), ("csv", by), memory, pace);
    }

    #[test]
    fn lines_in_any_memory(data in noise(), memory in select(&MEMORY[..]), pace in pace()) {
        check(&data, ("lines", "hash"), memory, pace);
    }

    #[test]
    fn json_in_any_memory(
        rows in prop::collection::vec(select(&[
            r#"{"k":1,"t":[1, 2]}"#, r#"{ "t" : "a much longer text than fits" , "k" : 1.0 }"#, r#"{"k":2,"\u006b":1}"#,
            r#"{"k":"2","t":{"k":3}}"#, "7", "", " ", r#"{"t":"\\","k":"sixteen bytes...","k":null}"#,
        ][..]), 0..40),
        memory in select(&MEMORY[..]), pace in pace(), by in select(&["round_robin", "hash", "hash:k", "hash:t,k"][..]),
        end in select(&["", "\n", "\n{"][..]),
    ) {
        check(format!("{{\"k\":0,\"t\":0}}\n{}{end}", rows.join("\n")).as_bytes(), ("jsonl", by), memory, pace);
        let items: Vec<_> = rows.iter().filter(|row| !row.trim().is_empty()).copied().collect();
        check(format!("[{{\"k\":0,\"t\":0}},{}{{\"k\":0}}]", items.join(",") + if items.is_empty() { "" } else { ", " }).as_bytes(), ("json", by), memory, pace);
    }
}

#[test]
fn a_row_may_be_longer_than_many_chunks() {
    let long = "x".repeat(3000);
    for text in
        [format!("k,t\n1,{long}\n2,a\n3,{long}"), format!("k,t\n{long},1\n\n\n{long},\"{long}\n{long}\"\n")]
    {
        for by in ["hash:k", "hash:t", "hash", "round_robin"] {
            for pace in [(64, 2), (100, 3), (1000, 1)] {
                check(text.as_bytes(), ("csv", by), 900, pace);
            }
        }
    }
    for chunk in [64, 1000] {
        check(
            format!("{{\"k\":\"{long}\"}}\n\n{{\"k\":1}}\n{{\"k\":\"{long}\"}}").as_bytes(),
            ("jsonl", "hash:k"),
            900,
            (chunk, 2),
        );
        check(format!("{long}\n\n{long}").as_bytes(), ("lines", "hash"), 900, (chunk, 2));
    }
}
