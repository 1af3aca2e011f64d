//! The text formats.

use proptest::prelude::*;

use super::reference::{self, Rows};
use super::{Parts, Space, tree};
use crate::file::Written;
use crate::size::{By, Size};
use crate::split::format::{Dialect, Kind};
use crate::split::text::csv::{Row, Rules, Scanner};
use crate::split::{Format, Request, run};

/// A chunk size and a number of threads.
pub(super) fn pace() -> impl Strategy<Value = (u64, usize)> {
    (prop_oneof![1u64..20, 40u64..300], 1usize..4)
}

/// Text that is often, but not always, well-formed CSV with two columns.
pub(super) fn csv() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        8 => Just("a"), 2 => Just(""), 2 => Just("\"\""), 3 => Just("\"b,\"\"c\"\"\""), 4 => Just("\"two\nlines\""),
        1 => Just("\"\r\n\n,\""), 2 => Just("un\"quoted"), 1 => Just("ä€"), 2 => Just("\"\"\"\""),
        1 => Just("a much longer field, \"\"of which\n there are few, so that whole blocks are quiet"),
    ];
    let row = (field.clone(), field).prop_map(|(a, b)| {
        let quote = |text: &str| if text.len() > 20 { format!("\"{text}\"") } else { text.to_owned() };
        format!("{},{}", quote(a), quote(b))
    });
    let end = prop_oneof![6 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\n\n"), 1 => Just("\r\n\r\n")];
    let odd = prop_oneof![400 => Just(""), 1 => Just("\""), 1 => Just(","), 1 => Just("\r"), 1 => Just("\0"), 1 => Just("\"x")];
    let line = (row, end, odd).prop_map(|(row, end, odd)| format!("{row}{odd}{end}"));
    let text = (
        prop_oneof![9 => Just(""), 1 => Just("\u{FEFF}"), 1 => Just("\n")],
        prop::collection::vec(line, 0..40),
        any::<bool>(),
    );
    text.prop_map(|(start, lines, cut)| {
        let mut text = format!("{start}{}", lines.concat()).into_bytes();
        if cut && text.ends_with(b"\n") {
            text.pop();
            if text.ends_with(b"\r") {
                text.pop();
            }
        }
        text
    })
}

pub(super) fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"a,\"\n\r".as_slice()), 0..200)
}

fn json_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1"),
        Just("-0.5e+3"),
        Just("true"),
        Just("null"),
        Just(r#""a\u00e9\"],[""#),
        Just("\"ä€😀\""),
        Just("0"),
        Just(r#""\\""#),
        Just("10"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(inner, 0..4).prop_map(|items| {
                let items: Vec<_> = items.iter().map(|item| format!("\"k,}}\":{item}")).collect();
                format!("{{{}}}", items.join(","))
            }),
        ]
    })
}

/// JSON with, now and then, a mistake in it.
fn flawed(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    (
        text,
        prop::option::weighted(
            0.2,
            (any::<prop::sample::Index>(), prop::sample::select(b"x\",[]{}\x01\xFF\n \\0-.e".as_slice())),
        ),
    )
        .prop_map(|(text, mistake)| {
            let mut bytes = text.into_bytes();
            if let Some((at, byte)) = mistake.filter(|_| !bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        })
}

fn same_as_reference(data: &[u8], format: &str, rows: Option<&Rows>, size: &str, pace: super::Pace) {
    let space = Space::new();
    let parts = space.parts(data, format, size, "rows", pace);
    let expected = rows.and_then(|rows| reference::contiguous(rows, &size.parse().unwrap()));
    assert_eq!(parts.as_ref().ok(), expected.as_ref(), "{parts:?}");
    let Some(rows) = rows else { return };
    if let Ok(parts) = parts {
        let joined: Vec<u8> = parts.iter().flat_map(|part| &part[rows.header.len()..]).copied().collect();
        assert_eq!(joined, data[rows.header.len()..]);
    }
    if rows.header.len() + rows.gap.len() > 0 {
        return;
    }
    let count = size.parse::<crate::size::Size>().unwrap().partitions() as usize;
    let parts = space.parts(data, format, &count.to_string(), "round_robin", pace).unwrap();
    for (i, part) in parts.iter().enumerate() {
        let trimmed = rows.rows.iter().skip(i).step_by(count).flatten().copied().collect::<Vec<u8>>();
        let without_blank =
            |bytes: &[u8]| bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<_>>();
        assert_eq!(without_blank(part), without_blank(&trimmed));
    }
}

pub(super) fn size() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["1", "2", "3", "7", "50", "2,3,1", "60%,20%,rest", "25%,75%"][..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn csv_as_the_reference(data in csv(), size in size(), pace in pace()) {
        same_as_reference(&data, "csv", reference::csv(&data, b',').as_ref(), size, pace);
    }

    #[test]
    fn csv_noise_as_the_reference(data in noise(), pace in pace()) {
        same_as_reference(&data, "csv", reference::csv(&data, b',').as_ref(), "3", pace);
    }

    #[test]
    fn blocks_see_what_bytes_see(
        data in prop_oneof![csv(), noise()], cut in any::<prop::sample::Index>(), blank_is_row: bool,
        quote in prop::sample::select(&[b'"', b'\'', 0][..]), comment in prop::sample::select(&[0, b'a', b'#'][..]),
    ) {
        let rules = Rules { delimiter: b',', quote, comment, blank_is_row };
        let mut seen = [Vec::new(), Vec::new()];
        let mut fast = Scanner::new(rules, 0);
        let cut = cut.index(data.len() + 1);
        let mut row = |row: Row| { seen[0].push(row); Ok::<_, ()>(()) };
        let result = fast.feed(&data[..cut], 0, &mut row).and_then(|()| fast.feed(&data[cut..], cut as u64, &mut row));
        let mut slow = Scanner::new(rules, 0);
        let expected = slow.bytes(&data, 0, &mut |row| { seen[1].push(row); Ok::<_, ()>(()) });
        prop_assert_eq!(&result, &expected);
        prop_assert_eq!(&seen[0], &seen[1]);
        prop_assert!(result.is_err() || fast == slow);
    }

    #[test]
    fn lines_as_the_reference(data in prop::collection::vec(prop::sample::select(b"a\n\r".as_slice()), 0..100), size in size(), pace in pace()) {
        same_as_reference(&data, "lines", Some(&reference::lines(&data)), size, pace);
    }

    #[test]
    fn json_lines_as_the_reference(
        data in flawed(prop::collection::vec((json_value(), prop::sample::select(&["\n", "\r\n", "\n \n", " \n"][..])), 0..12)
            .prop_map(|lines| lines.iter().map(|(value, end)| format!("{value}{end}")).collect())),
        size in size(), pace in pace(),
    ) {
        same_as_reference(&data, "jsonl", reference::json_lines(&data).as_ref(), size, pace);
    }

    #[test]
    fn json_arrays_as_the_reference(
        data in flawed(prop::collection::vec(json_value(), 0..12).prop_map(|items| format!(" [\n{}]\n", items.join(",\n ")))),
        count in 1u64..5, pace in pace(),
    ) {
        let space = Space::new();
        let parts = space.parts(&data, "json", &count.to_string(), "rows", pace);
        let elements = reference::json_array(&data);
        prop_assert_eq!(parts.is_ok(), elements.is_some(), "{:?}", parts);
        if let (Ok(parts), Some(elements)) = (parts, elements) {
            let joined: Vec<Vec<u8>> = parts.iter().flat_map(|part| reference::json_array(part).unwrap()).collect();
            prop_assert_eq!(joined, elements);
        }
    }
}

fn error(format: &str, data: &[u8]) -> String {
    Space::new()
        .parts(data, format, "2", "rows", (5, 2))
        .unwrap_err()
        .split_once("data:")
        .unwrap()
        .1
        .to_owned()
}

#[test]
fn errors_name_the_place() {
    assert_eq!(error("csv", b"a,b,c,d\n1,2,3,4\n1,2,3\n"), "3:1: row 2 has 3 fields, the header has 4");
    assert_eq!(error("csv", "a,b\n1,2\nä,\"x\n".as_bytes()), "3:3: a quote is opened here and never closed");
    assert_eq!(error("csv", b"a,b\n\"x\"y,2\n"), "2:4: text after the closing quote of a field");
    assert_eq!(
        error("csv", b"a,b\n\"x\n\0\",2\n"),
        "3:1: a NUL byte: this is not text in UTF-8 or another one-byte encoding"
    );
    assert_eq!(error("csv", b"a,b\n1\r2,3\n"), "2:2: a carriage return without a line feed");
    assert_eq!(error("csv", b""), "1:1: there is no header: the file is empty");
    assert_eq!(error("jsonl", b"1\n{\"a\":}\n"), "2:6: not JSON: expected a value");
    assert_eq!(error("jsonl", b"1\n\"\xFF\"\n"), "2:2: invalid UTF-8");
    assert_eq!(
        error("jsonl", b"[1,\n2]\n"),
        "1:4: the line ends in the middle of a JSON value: expected a value"
    );
    assert_eq!(error("json", b"{}"), "1:1: not a JSON array: expected `[`");
    assert_eq!(
        error("json", b"[1,2"),
        "1:5: the file ends in the middle of the JSON array: expected `,` or `]`"
    );
    assert_eq!(error("json", b"[1,]"), "1:4: not JSON: expected a value");
    let deep = "[".repeat(2000);
    assert_eq!(error("json", deep.as_bytes()), "1:514: JSON nested more than 512 levels deep");
}

#[test]
fn text_in_utf_16_is_told_with_and_without_a_mark() {
    for format in ["csv", "jsonl", "json", "lines"] {
        for mark in ["", "\u{FEFF}"] {
            let text = format!("{mark}[1]\n[2]\n");
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for data in [little, big] {
                let refused = Space::new().parts(&data, format, "2", "rows", (5, 2)).unwrap_err();
                assert!(refused.contains("looks like text in UTF-16"), "{format}: {refused}");
            }
        }
    }
    Space::new().parts(b"a\0b\0\nc\0\n", "lines", "2", "rows", (5, 2)).unwrap();
}

/// The first chunk has no byte before it if there is neither a header nor anything else in front of the rows.
#[test]
fn rows_may_begin_with_the_file() {
    let dialect = Dialect { header: false, ..Dialect::new(b',') };
    for start in ["", "\u{FEFF}", "sep=,\n"] {
        let space = Space::new();
        let rows = ["1,\"2\n2\"\n", "3,4\r\n", "\"5,\",6\n", "7,8"];
        std::fs::write(space.folder.join("data"), format!("{start}{}", rows.concat())).unwrap();
        for (by, chunk) in (0..20).flat_map(|chunk| ["rows", "hash:2", "group:1"].map(|by| (by, chunk))) {
            let (by, layout) = (by.parse::<By>().unwrap(), Parts(space.folder.join("out")));
            let format = Some(Format { rows: Kind::Csv(dialect), compression: None });
            let request = space.request("csv", (&Size::Equal(2), &by), &layout, (chunk, 2));
            let parts = run(&Request { format, ..request }).unwrap();
            let texts = parts.iter().map(|part| std::fs::read_to_string(&part.path).unwrap());
            let bodies = texts.map(|text| text.strip_prefix(start).unwrap().to_owned()).collect::<Vec<_>>();
            for row in rows {
                assert_eq!(bodies.concat().matches(row).count(), 1, "{by} {bodies:?}");
            }
        }
    }
}

/// Whatever else was said about the file, `sep=;` names the delimiter, unless somebody chose another.
#[test]
fn a_first_line_may_name_the_delimiter() {
    let plain = Dialect::new(b',');
    let split = |text: &str, dialect: Dialect| {
        let space = Space::new();
        std::fs::write(space.folder.join("data"), text).unwrap();
        let (by, layout) = (By::Rows, Parts(space.folder.join("out")));
        let format = Some(Format { rows: Kind::Csv(dialect), compression: None });
        let request = space.request("csv", (&Size::Equal(2), &by), &layout, (0, 2));
        let parts = run(&Request { format, ..request }).map_err(|error| error.to_string())?;
        let read = |part: &crate::split::Partition| std::fs::read_to_string(&part.path).unwrap();
        Ok::<_, String>(parts.iter().map(read).collect::<Vec<_>>())
    };
    for (start, dialect) in [
        ("sep=;\na;b\n", plain),
        ("sep=;\na;b\n", Dialect { quote: Some(b'\''), ..plain }),
        ("sep=;\n", Dialect { header: false, ..plain }),
        ("title\nsep=;\na;b\n", Dialect { skip: 1, ..plain }),
        ("# made by x\n#\nsep=;\na;b\n", Dialect { comment: Some(b'#'), ..plain }),
        ("sep=;\na;b\n", Dialect { is_chosen: true, ..Dialect::new(b';') }),
    ] {
        let expected = ["1;2\n", "3;4\n"].map(|row| format!("{start}{row}"));
        assert_eq!(split(&format!("{start}1;2\n3;4\n"), dialect).unwrap(), expected, "{start}");
    }
    let refused = split("sep=;\na;b\n1;2\n3;4\n", Dialect { is_chosen: true, ..plain }).unwrap_err();
    assert!(refused.contains("names another delimiter"), "{refused}");
}

#[test]
fn a_failed_split_leaves_everything_as_it_was() {
    let space = Space::new();
    space.parts(b"a\n1\n2\n3\n", "csv", "2", "rows", (0, 2)).unwrap();
    let before = tree(&space.folder.join("out"));
    for (data, size) in
        [(&b"a\n1\n2,x\n3\n"[..], "2"), (b"a\n1\n\"2\n3\n", "2"), (b"a\n9\n2\n3\n", "5,5"), (b"", "2")]
    {
        assert!(space.parts(data, "csv", size, "rows", (3, 2)).is_err());
        assert_eq!(tree(&space.folder.join("out")), before);
    }
}

#[test]
fn only_what_changed_is_written() {
    let space = Space::new();
    for by in ["rows", "round_robin"] {
        space.parts(b"a\n1\n2\n3\n4\n", "csv", "2", by, (0, 2)).unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH;
        for name in ["p1", "p1.stamp", "p2", "p2.stamp"] {
            std::fs::File::open(space.folder.join("out").join(name)).unwrap().set_modified(old).unwrap();
        }
        let parts = space.split(b"a\n1\n2\n3\n5\n", "csv", "2", by, (2, 2)).unwrap();
        let written: Vec<_> = parts.iter().map(|part| part.written).collect();
        assert_eq!(written, [Written::Unchanged, Written::Changed]);
        let kept: Vec<bool> =
            tree(&space.folder.join("out")).iter().map(|(_, _, time)| *time == old).collect();
        assert_eq!(kept, [true, true, false, false]);
    }
    // A file that was tampered with is remade, even though its stamp is right.
    std::fs::write(space.folder.join("out/p1"), "x").unwrap();
    let parts = space.split(b"a\n1\n2\n3\n5\n", "csv", "2", "round_robin", (2, 2)).unwrap();
    assert_eq!(parts[0].written, Written::Changed);
}
