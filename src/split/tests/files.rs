//! Everything around the formats: files that misrepresent themselves, compressed files, many partitions, and a killed
//! process.

use std::fs;

use super::{Parts, Space, tree};
use crate::digest::Digest;
use crate::file::Written;
use crate::split::Layout;
use crate::stamp::Stamp;

/// An array of `count` eight-byte numbers, whose header claims the shape `claimed`.
fn npy(claimed: &str, count: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<u8', 'fortran_order': False, 'shape': ({claimed},), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    (0..count as u64).for_each(|i| bytes.extend(i.to_le_bytes()));
    bytes
}

#[test]
fn an_npy_header_that_lies_is_an_error() {
    let error = |data: &[u8]| Space::new().parts(data, "npy", "2", "rows", (0, 2)).unwrap_err();
    for claimed in
        ["4", "2", "18446744073709551615", "1000000000000, 1000000000000", "99999999999999999999", "-1", ""]
    {
        let error = error(&npy(claimed, 3));
        assert!(error.contains("header") || error.contains("`shape`") || error.contains("axis"), "{error}");
    }
    for cut in [0, 5, 8, 11, 30, 70] {
        error(&npy("3", 3)[..cut]);
    }
    for (from, to) in [
        ("<u8", "|O8"),
        ("<u8", "<u9"),
        ("u8", "V99999999999999999999"),
        ("False", "Maybe"),
        ("}", "{"),
        ("descr", "desc"),
    ] {
        let text = npy("3", 3);
        let text: Vec<u8> = String::from_utf8_lossy(&text[10..]).replacen(from, to, 1).into_bytes();
        let mut bytes = npy("3", 3)[..8].to_vec();
        bytes.extend((text.len() as u16 - 24).to_le_bytes());
        bytes.extend(text);
        error(&bytes);
    }
    let parts = Space::new().parts(&npy("3", 3), "npy", "2", "rows", (0, 2)).unwrap();
    assert_eq!(parts[1][parts[1].len() - 8..], 2u64.to_le_bytes());
}

#[cfg(feature = "zstd")]
#[test]
fn packed_files_are_split_as_what_they_hold() {
    let text = b"a\n1\n2\n3\n";
    let plain = Space::new().parts(text, "csv", "2", "rows", (0, 1)).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, text).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(&text[..], 1).unwrap();
    for (data, format) in [(&gzip, "csv.gz"), (&zstd, "csv.zst")] {
        assert_eq!(Space::new().parts(data, format, "2", "rows", (0, 1)).unwrap(), plain);
        let cut = Space::new().parts(&data[..data.len() - 3], format, "2", "rows", (0, 1)).unwrap_err();
        assert!(cut.contains("damaged or cut short"), "{cut}");
        let wrong = Space::new().parts(data, "csv", "2", "rows", (0, 1)).unwrap_err();
        assert!(wrong.contains("looks like"), "{wrong}");
        let wrong = Space::new().parts(text, format, "2", "rows", (0, 1)).unwrap_err();
        assert!(wrong.contains("looks like an unpacked file"), "{wrong}");
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_large_window_of_zstandard_is_no_damage() {
    let mut packed = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    packed.window_log(28).unwrap();
    std::io::Write::write_all(&mut packed, b"a\n1\n2\n").unwrap();
    std::io::Write::flush(&mut packed).unwrap();
    let packed = packed.finish().unwrap();
    let error = Space::new().parts(&packed, "csv.zst", "2", "rows", (0, 1)).unwrap_err();
    assert!(error.contains("a window of more than 128 MB") && !error.contains("damaged"), "{error}");
}

#[test]
fn more_partitions_than_file_handles() {
    let space = Space::new();
    let text: String = (0..5000).map(|i| format!("{i}\n")).collect();
    for by in ["rows", "round_robin", "hash"] {
        let parts = space.parts(text.as_bytes(), "lines", "1500", by, (500, 2)).unwrap();
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), text.len(), "{by}");
    }
    assert_eq!(fs::read_dir(space.folder.join("out")).unwrap().count(), 3000);
}

#[test]
fn a_row_goes_by_its_values_and_not_by_its_spelling() {
    let space = Space::new();
    let csv = "a,b\n1,x\n\"2\",\"y\"\n3.0,z\n4e0,\"w\nw\"\n,v\n";
    let json = "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":\"2\"}\n{\"a\":3,\"b\":\"z\"}\n{\"a\":4.0,\"b\":\"w\\nw\"}\n{\"b\":\"v\",\"a\":null}\n";
    for by in ["hash", "hash:a", "hash:b,a"] {
        let rows = |data: &str, format: &str| -> Vec<u64> {
            space
                .split(data.as_bytes(), format, "4", by, (7, 2))
                .unwrap()
                .iter()
                .map(|part| part.rows)
                .collect()
        };
        let expected = rows(csv, "csv");
        assert_eq!(rows(json, "jsonl"), expected, "{by}");
        assert_eq!(rows(&format!("[{}]", json.trim().replace('\n', ",")), "json"), expected, "{by}");
    }
    let error = space.split(csv.as_bytes(), "csv", "4", "hash:c", (7, 2)).unwrap_err();
    assert_eq!((error.to_string().ends_with("there is no column `c`"), error.status()), (true, 2));
    assert_eq!(error.help(), Some("the columns are a, b"));
}

#[test]
fn requests_that_cannot_be_meant_are_refused() {
    let space = Space::new();
    for (size, by) in
        [("1000001", "rows"), ("1000000000", "rows"), ("2,2", "round_robin"), ("50%,rest", "hash")]
    {
        assert_eq!(space.split(b"1\n", "lines", size, by, (0, 1)).unwrap_err().status(), 2, "{size} {by}");
    }
    for (format, data) in [("lines", &b"1\n"[..]), ("npy", &npy("3", 3))] {
        assert_eq!(space.split(data, format, "2", "hash:a", (0, 1)).unwrap_err().status(), 2, "{format}");
    }
    let text = |name: &str, format: Option<&str>, out: &str| {
        std::fs::write(space.folder.join(name), "a;b\n1;2\n").unwrap();
        crate::split::run(&crate::split::Request {
            source: crate::split::Input::Path(space.folder.join(name)),
            format: format.map(|format| format.parse().unwrap()),
            size: &crate::size::Size::Equal(2),
            each: None,
            by: &crate::size::By::Rows,
            layout: &Parts(space.folder.join(out)),
            key: "df",
            extra: &[],
            compress: None,
            threads: 1,
            chunk: 0,
            memory: 0,
            progress: None,
        })
    };
    assert!(text("a.csv", None, "out").unwrap_err().to_string().contains("separated by `;`"));
    assert!(text("a.csv", Some("csv"), "out").is_ok());
    assert!(text("p2", Some("lines"), "").unwrap_err().to_string().contains("would take the place"));
    assert_eq!(text("unknown.xyz", None, "out").unwrap_err().status(), 2);
}

#[test]
fn an_inserted_row_touches_one_partition() {
    let space = Space::new();
    let mut lines: Vec<String> = (0..1000).map(|i| format!("{i},{}\n", i * 7)).collect();
    let text = |lines: &[String]| format!("a,b\n{}", lines.concat());
    space.split(text(&lines).as_bytes(), "csv", "20", "hash:a", (0, 2)).unwrap();
    lines.insert(300, "4711,0\n".to_owned());
    let parts = space.split(text(&lines).as_bytes(), "csv", "20", "hash:a", (0, 2)).unwrap();
    assert_eq!(parts.iter().filter(|part| part.written == Written::Changed).count(), 1);
}

/// Whether every valid stamp is that of the data next to it.
fn stamps_are_true(space: &Space, count: u64) -> bool {
    let layout = Parts(space.folder.join("out"));
    (1..=count).all(|i| match Stamp::read(&layout.stamp(i)) {
        None => true,
        Some(stamp) => {
            fs::read(layout.data(i)).is_ok_and(|data| stamp.key("df").unwrap().digest == Digest::of(data))
        }
    })
}

/// Covers the states left by a kill between any two steps of publishing a partition.
#[test]
fn whatever_step_a_split_is_killed_at_no_stamp_lies_and_the_next_split_mends_it() {
    let (old, new) = (b"a\n1\n2\n", b"a\n3\n2\n");
    for step in 0..5 {
        let space = Space::new();
        space.split(old, "csv", "2", "rows", (0, 1)).unwrap();
        let layout = Parts(space.folder.join("out"));
        if step > 0 {
            fs::write(space.folder.join("out/.p1.tmp"), "half").unwrap();
        }
        if step > 1 {
            crate::stamp::retire(&layout.stamp(1)).unwrap();
        }
        if step > 2 {
            fs::write(layout.data(1), "a\n3\n").unwrap();
        }
        if step > 3 {
            fs::write(space.folder.join("out/.tmp-stamp"), "half").unwrap();
        }
        assert!(stamps_are_true(&space, 2), "{step}");
        let parts = space.parts(new, "csv", "2", "rows", (0, 1)).unwrap();
        assert_eq!(parts, [&b"a\n3\n"[..], b"a\n2\n"]);
        assert!(stamps_are_true(&space, 2) && layout.stamp(1).exists(), "{step}");
        let names: Vec<String> = tree(&space.folder.join("out")).into_iter().map(|(name, ..)| name).collect();
        assert!(!names.iter().any(|name| name.contains(".p1.tmp") || name.contains("retired")), "{names:?}");
    }
}

#[cfg(feature = "columnar")]
#[test]
fn a_table_that_is_cut_anywhere_is_an_error_and_not_a_panic() {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..200));
    let texts: ArrayRef =
        Arc::new(StringArray::from_iter((0..200).map(|i| (i % 3 > 0).then(|| format!("text {i}")))));
    let batch = RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap();
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut file = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    file.write(&batch).unwrap();
    files.push(("arrow", file.into_inner().unwrap()));
    let mut stream = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    files.push(("arrows", stream.into_inner().unwrap()));
    let mut parquet = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    parquet.write(&batch).unwrap();
    files.push(("parquet", parquet.into_inner().unwrap()));
    for (format, bytes) in files {
        let space = Space::new();
        let whole = space.split(&bytes, format, "3", "rows", (0, 2)).unwrap();
        assert_eq!(whole.iter().map(|part| part.rows).collect::<Vec<_>>(), [67, 67, 66]);
        let before = tree(&space.folder.join("out"));
        for cut in (0..bytes.len() - 8).step_by(97) {
            assert!(space.split(&bytes[..cut], format, "3", "rows", (0, 2)).is_err(), "{format} {cut}");
        }
        // A flipped byte causes an error or different values, but nothing worse.
        for at in (0..bytes.len()).step_by(61) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x5A;
            let other = Space::new();
            let _ = other.split(&damaged, format, "3", "rows", (0, 2));
        }
        assert_eq!(tree(&space.folder.join("out")), before, "{format}");
    }
}

#[test]
fn json_is_told_by_its_content_and_is_no_csv() {
    let told = |name: &str, data: &str| {
        let space = Space::new();
        let path = space.folder.join(name);
        fs::write(&path, data).unwrap();
        crate::split::format_of(&crate::split::Input::Path(path), None).map(|format| format.to_string())
    };
    for (data, format) in [
        ("{\"a\": 1}\n{\"a\": 2}\n", "jsonl"),
        ("\u{FEFF}\n [1, 2]\n[3]\n", "jsonl"),
        ("[1,\n2]\n", "json"),
        ("[1, 2]\n", "json"),
    ] {
        assert_eq!(told("data", data).unwrap(), format, "{data}");
    }
    assert!(told("data", "a,b\n1,2\n").is_err());
    assert!(told("data", "{\n  \"a\": 1\n}\n").is_err());
    let space = Space::new();
    let error = space.parts(b"{\"a\": 1, \"b\": 2}\n{\"a\": 2}\n", "csv", "2", "rows", (0, 1)).unwrap_err();
    assert!(error.contains("looks like JSON Lines"), "{error}");
    for text in ["{a},b\n1,2\n", "[1]\n2\n", "{}x\n1\n"] {
        space.parts(text.as_bytes(), "csv", "2", "rows", (0, 1)).unwrap();
    }
}

#[test]
fn standard_input_is_told_by_its_first_bytes() {
    let told = |start: &[u8]| crate::split::format_of(&crate::split::Input::Stdin(start.to_vec()), None);
    for (start, format) in [
        (&b"PAR1\x15"[..], "parquet"),
        (b"\x93NUMPY\x01", "npy"),
        (b"ARROW1\0\0", "arrow"),
        (b"\xFF\xFF\xFF\xFF", "arrows"),
        (b"[1, 2]\n", "json"),
    ] {
        assert_eq!(told(start).unwrap().to_string(), format);
    }
    for (start, help) in [(&b"a,b\n1,2\n"[..], "csv"), (b"", "csv"), (b"\x1F\x8B\x08", "csv.gz")] {
        assert!(told(start).unwrap_err().help().unwrap().contains(help));
    }
}

#[test]
fn another_key_is_no_other_data() {
    let space = Space::new();
    space.split(b"a\n1\n2\n", "csv", "2", "rows", (0, 1)).unwrap();
    let stamp = space.folder.join("out/p1.stamp");
    let renamed = fs::read_to_string(&stamp).unwrap().replace("key=df", "key=other");
    fs::write(&stamp, renamed).unwrap();
    let parts = space.split(b"a\n1\n2\n", "csv", "2", "rows", (0, 1)).unwrap();
    assert_eq!(parts[0].written, Written::Unchanged);
    assert!(fs::read_to_string(&stamp).unwrap().contains("key=df"));
}

#[test]
fn a_column_that_no_element_has_is_an_error_and_one_that_some_lack_is_not() {
    let space = Space::new();
    let rows = br#"{"day": 1}
{"day": 2, "town": "Oslo"}
7
{"day": 3}"#;
    let list = br#"[{"day": 1}, {"day": 2, "town": "Oslo"}, 7, {"day": 3}]"#;
    for (data, format) in [(&rows[..], "jsonl"), (&list[..], "json")] {
        for (column, is_there) in [("day", true), ("town", true), ("twon", false)] {
            for by in ["hash", "group", "stratify"] {
                let split = space.parts(data, format, "2", &format!("{by}:{column}"), (1 << 16, 2));
                match split {
                    Ok(_) => assert!(is_there, "{format} {by} {column}"),
                    Err(error) => assert!(!is_there && error.contains("no column `twon`"), "{error}"),
                }
            }
        }
        assert!(space.parts(&data[..data.len().min(1)], format, "2", "hash:twon", (1 << 16, 2)).is_err());
    }
    for (data, format) in [("", "jsonl"), ("[]", "json")] {
        assert!(
            space.parts(data.as_bytes(), format, "2", "hash:town", (1 << 16, 2)).is_ok(),
            "no row lacks it"
        );
    }
}

/// Insists that a split mends partitions that were edited, cut short and removed, once.
pub(super) fn edited_is_written_again(data: &[u8], format: &str) {
    let space = Space::new();
    let split = || space.split(data, format, "2", "rows", (0, 1)).unwrap();
    let path = split()[0].path.clone();
    let (bytes, stamp) = (fs::read(&path).unwrap(), Parts(space.folder.join("out")).stamp(1));
    let written = fs::metadata(&stamp).unwrap().modified().unwrap();
    let mut other = bytes.clone();
    if let Some(last) = other.last_mut() {
        *last ^= 1;
    }
    for content in [Some(&other[..]), Some(&bytes[..bytes.len() / 2]), Some(b""), None] {
        fs::remove_file(&path).unwrap();
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(written + std::time::Duration::from_secs(1)).unwrap();
        }
        assert_eq!(split()[0].written, Written::Changed, "{format}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{format}");
        assert_eq!(fs::metadata(&stamp).unwrap().modified().unwrap(), written, "{format}");
        assert_eq!(split()[0].written, Written::Unchanged, "{format}");
    }
}

#[test]
fn a_text_that_somebody_edited_is_written_again() {
    edited_is_written_again(b"a\n1\n2\n", "csv");
    edited_is_written_again(b"{\"a\": 1}\n{\"a\": 2}\n", "jsonl");
}

/// On the command line a comma separates columns, unless the name stands in quotes.
#[test]
fn a_comma_in_the_name_of_a_column() {
    let table = b"id,\"last, first\",\"say \"\"x\"\"\"\n1,a,p\n2,b,q\n3,a,p\n4,b,q\n5,a,p\n";
    for by in [
        "group:\"last, first\"",
        "group:\"say \"\"x\"\"\"",
        "range:\"last, first\"",
        "group:\"last, first\",\"say \"\"x\"\"\"",
    ] {
        let space = Space::new();
        let parts = space.split(table, "csv", "2", by, (0, 1)).unwrap();
        let mut rows: Vec<u64> = parts.iter().map(|part| part.rows).collect();
        rows.sort_unstable();
        assert_eq!(rows, [2, 3], "{by}");
    }
    let error = Space::new().split(table, "csv", "2", "group:last, first", (0, 1)).unwrap_err();
    let help = error.help().unwrap_or_default();
    let wanted =
        r#"id, "last, first", "say ""x"""; on the command line, a name with a comma stands in double quotes"#;
    assert!(help.ends_with(wanted), "{help}");
}
