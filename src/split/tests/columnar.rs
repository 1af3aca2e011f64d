//! Arrow and Parquet files: damaged ones, and the same data written in different ways.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray, DurationSecondArray,
    FixedSizeListArray, Float16Array, Float64Array, Int64Array, LargeBinaryArray, LargeStringArray,
    ListArray, NullArray, RecordBatch, RecordBatchOptions, StringArray, StringViewArray, StructArray,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_ipc::CompressionType;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, encode_arrow_schema};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::column::reader::get_typed_column_reader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::Int64Type as ParquetInt64;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{ReaderProperties, WriterProperties, WriterPropertiesBuilder};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::{Parts, Space};
use crate::digest::Digest;
use crate::file::Written;
use crate::size::{By, Size};
use crate::split::assign::mix;
use crate::split::{Format, Request, digest_of, fuzzing, run};

/// A function that reads a file, damaged or not.
type Read = fn(&[u8]);

fn table(texts: ArrayRef) -> RecordBatch {
    let numbers: ArrayRef = Arc::new((0..20).map(|i| (i % 3 > 0).then_some(i)).collect::<Int64Array>());
    let categories: ArrayRef =
        Arc::new((0..20).map(|i| ["x", "y"][i % 2]).collect::<DictionaryArray<Int32Type>>());
    RecordBatch::try_from_iter_with_nullable([
        ("n", numbers, true),
        ("t", texts, true),
        ("c", categories, true),
    ])
    .unwrap()
}

fn words() -> Vec<Option<&'static str>> {
    (0..20).map(|i| [Some("a"), None, Some("ä€"), Some("")][i % 4]).collect()
}

fn arrow(table: &RecordBatch, batch: usize) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &table.schema()).unwrap();
    (0..20).step_by(batch).for_each(|at| writer.write(&table.slice(at, batch.min(20 - at))).unwrap());
    writer.into_inner().unwrap()
}

fn stream(table: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &table.schema()).unwrap();
    writer.write(table).unwrap();
    writer.into_inner().unwrap()
}

fn parquet(table: &RecordBatch, group: usize) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, table.schema(), Some(properties)).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
    bytes
}

/// Rows of an id and two texts in a format; batches and row groups are small.
pub(super) fn strategies_table(format: &str, rows: &[(i64, &str, &str)]) -> Vec<u8> {
    let ids: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.0)).collect::<Int64Array>());
    let first: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)));
    // What is missing and what is empty are one value.
    let second = rows.iter().map(|row| Some(row.2).filter(|text| !text.is_empty()));
    let second: ArrayRef = Arc::new(second.collect::<StringArray>());
    let columns = [("id", ids, true), ("k", first, true), ("t", second, true)];
    let table = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    if format == "parquet" {
        return parquet(&table, 17);
    }
    let batches = (0..rows.len()).step_by(13).map(|at| table.slice(at, 13.min(rows.len() - at)));
    if format == "arrow" {
        let mut writer = FileWriter::try_new(Vec::new(), &table.schema()).unwrap();
        batches.for_each(|batch| writer.write(&batch).unwrap());
        return writer.into_inner().unwrap();
    }
    let mut writer = StreamWriter::try_new(Vec::new(), &table.schema()).unwrap();
    batches.for_each(|batch| writer.write(&batch).unwrap());
    writer.into_inner().unwrap()
}

/// The ids in a file that [`strategies_table`] made, or a part of it.
pub(super) fn ids(format: &str, bytes: &[u8]) -> Vec<usize> {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let batches: Vec<RecordBatch> = match format {
        "parquet" => {
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
            reader.map(Result::unwrap).collect()
        }
        "arrow" => {
            FileReader::try_new(std::io::Cursor::new(bytes), None).unwrap().map(Result::unwrap).collect()
        }
        _ => StreamReader::try_new(std::io::Cursor::new(bytes), None).unwrap().map(Result::unwrap).collect(),
    };
    let ids = |batch: &RecordBatch| batch["id"].as_primitive::<Int64Type>().values().to_vec();
    batches.iter().flat_map(ids).map(|id| id as usize).collect()
}

fn digest(bytes: &[u8], format: &str) -> String {
    let space = Space::new();
    let path = space.folder.join("data");
    std::fs::write(&path, bytes).unwrap();
    digest_of(&path, format.parse::<Format>().ok()).unwrap().digest.to_string()
}

#[test]
fn physical_widths_and_layouts_make_no_difference_and_logical_types_do() {
    let tables: [ArrayRef; 3] = [
        Arc::new(StringArray::from(words())),
        Arc::new(LargeStringArray::from(words())),
        Arc::new(StringViewArray::from(words())),
    ];
    let tables = tables.map(table);
    for format in ["arrow", "arrows", "parquet"] {
        let bytes = |table: &RecordBatch| match format {
            "arrow" => arrow(table, 7),
            "arrows" => stream(table),
            _ => parquet(table, 6),
        };
        let found = tables.each_ref().map(|table| digest(&bytes(table), format));
        assert!(found.iter().all(|one| *one == found[0]), "{format}");
    }
    let table = &tables[0];
    assert_eq!(digest(&arrow(table, 7), "arrow"), digest(&arrow(table, 20), "arrow"));
    assert_eq!(digest(&arrow(table, 7), "arrow"), digest(&stream(table), "arrows"));
    assert_eq!(digest(&parquet(table, 7), "parquet"), digest(&parquet(table, 20), "parquet"));
    let other = |change: &dyn Fn(Field) -> Field| {
        let fields: Vec<_> =
            table.schema().fields().iter().map(|field| change(field.as_ref().clone())).collect();
        let schema = Schema::new_with_metadata(fields, table.schema().metadata().clone());
        RecordBatch::try_new(Arc::new(schema), table.columns().to_vec()).unwrap()
    };
    let ordered = other(&|field| match field.data_type() {
        DataType::Dictionary(_, _) => field.with_dict_is_ordered(true),
        _ => field,
    });
    let numbered = other(&|field| {
        let metadata = [("PARQUET:field_id".to_owned(), field.name().len().to_string())];
        field.with_metadata(std::collections::HashMap::from(metadata))
    });
    let renamed = other(&|field| if field.name() == "n" { field.with_name("m") } else { field });
    for changed in [&ordered, &numbered, &renamed] {
        assert_ne!(digest(&arrow(changed, 7), "arrow"), digest(&arrow(table, 7), "arrow"));
        assert_ne!(digest(&parquet(changed, 7), "parquet"), digest(&parquet(table, 7), "parquet"));
    }
}

#[test]
fn rows_are_counted_against_the_whole() {
    let space = Space::new();
    let table = table(Arc::new(StringArray::from(words())));
    for (bytes, format) in [(arrow(&table, 3), "arrow"), (parquet(&table, 3), "parquet")] {
        for by in ["rows", "round_robin", "hash:n", "group:t", "stratify:c", "shuffle:3", "range:n"] {
            for size in ["1", "3", "50"] {
                let parts = space.split(&bytes, format, size, by, (0, 2)).unwrap();
                assert_eq!(parts.iter().map(|part| part.rows).sum::<u64>(), 20, "{format} {by} {size}");
            }
        }
    }
}

/// Rows of every kind of column that can be read in parts, with the weight of a row going by its number.
fn heavy(rows: usize, seed: u64) -> RecordBatch {
    let chance = |row: usize, column: u64, of: u64| mix(seed + column, row as u64) % of;
    let text = |row: usize| (chance(row, 1, 5) > 0).then(|| "ä€x".repeat(chance(row, 2, 40) as usize));
    let n: Int64Array = (0..rows).map(|row| (chance(row, 3, 4) > 0).then_some(row as i64)).collect();
    let mut list = ListBuilder::new(StringBuilder::new());
    for row in 0..rows {
        (0..chance(row, 4, 4))
            .for_each(|i| list.values().append_option((i != 2).then(|| text(row)).flatten()));
        list.append(chance(row, 5, 6) > 0);
    }
    let items: ArrayRef = Arc::new((0..2 * rows).map(|i| Some(i as i64)).collect::<Int64Array>());
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let flags: ArrayRef =
        Arc::new((0..rows).map(|row| Some(chance(row, 6, 2) == 0)).collect::<BooleanArray>());
    let n: ArrayRef = Arc::new(n);
    let inner =
        RecordBatch::try_from_iter_with_nullable([("n", n.clone(), true), ("f", flags.clone(), true)])
            .unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", n),
        ("t", Arc::new((0..rows).map(text).collect::<StringArray>())),
        ("large", Arc::new((0..rows).map(text).collect::<LargeStringArray>())),
        ("view", Arc::new((0..rows).map(text).collect::<StringViewArray>())),
        ("flag", flags),
        ("list", Arc::new(list.finish())),
        ("pair", Arc::new(FixedSizeListArray::new(item, 2, items, None))),
        ("struct", Arc::new(StructArray::from(inner))),
        ("c", Arc::new((0..rows).map(|i| ["x", "y", "z"][i % 3]).collect::<DictionaryArray<Int32Type>>())),
        ("null", Arc::new(NullArray::new(rows))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A batch that does not fit into memory is read in parts, and its partitions are what they are with more memory.
    #[test]
    fn heavy_batches_are_read_in_parts(
        rows in 60usize..300, seed in 0u64..1000, packed in prop::option::of(any::<bool>()),
        by in prop::sample::select(&["rows", "round_robin", "hash:n", "group:t", "shuffle:3"][..]), stream: bool,
    ) {
        let (space, table) = (Space::new(), heavy(rows, seed));
        let codec = packed.map(|lz4| if lz4 { CompressionType::LZ4_FRAME } else { CompressionType::ZSTD });
        let options = IpcWriteOptions::default().try_with_compression(codec).unwrap();
        let (bytes, format) = if stream {
            let mut writer = StreamWriter::try_new_with_options(Vec::new(), &table.schema(), options).unwrap();
            writer.write(&table).unwrap();
            (writer.into_inner().unwrap(), "arrows")
        } else {
            let mut writer = FileWriter::try_new_with_options(Vec::new(), &table.schema(), options).unwrap();
            writer.write(&table).unwrap();
            (writer.into_inner().unwrap(), "arrow")
        };
        std::fs::write(space.folder.join("data"), bytes).unwrap();
        let digests = |memory: u64, name: &str| -> Vec<_> {
            let (by, layout) = (by.parse::<By>().unwrap(), Parts(space.folder.join(name)));
            let parts =
                run(&Request { memory, ..space.request(format, (&Size::Equal(3), &by), &layout, (0, 2)) });
            let parts = parts.unwrap();
            for part in &parts {
                let again = digest_of(&part.path, format.parse::<Format>().ok()).unwrap();
                assert_eq!((again.digest, again.rows), (part.digest, part.rows));
            }
            parts.iter().map(|part| (part.rows, part.digest)).collect()
        };
        // Of the 60 rows and more that weigh some 300 bytes each, a few fit.
        prop_assert_eq!(digests(16_000, "little"), digests(1 << 30, "enough"));
    }
}

#[test]
fn a_row_that_does_not_fit_into_memory_is_an_error() {
    let space = Space::new();
    std::fs::write(space.folder.join("data"), arrow(&heavy(20, 1), 20)).unwrap();
    let layout = Parts(space.folder.join("out"));
    let split = |memory: u64| {
        run(&Request { memory, ..space.request("arrow", (&Size::Equal(3), &By::Rows), &layout, (0, 1)) })
    };
    assert!(split(600).unwrap_err().to_string().contains("more memory than is allowed"));
    assert!(split(60_000).is_ok());
}

/// Found by the fuzzer: a width below zero, where the rows are none and the first rows for people cannot be made; and a zone without
/// a name, which no reader takes for one.
#[test]
fn arrow_files_that_once_failed_do_not() {
    fuzzing::arrow(include_bytes!("../../../tests/fuzz/corpus/arrow/negative_width"));
    fuzzing::arrow(include_bytes!("../../../tests/fuzz/corpus/arrow/zone_without_a_name"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Does what the fuzz targets do, for a bounded time.
    #[test]
    fn damage_is_an_error(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let table = table(Arc::new(StringArray::from(words())));
        let files: [(Vec<u8>, Read); 3] = [
            (arrow(&table, 7), fuzzing::arrow),
            (stream(&table), fuzzing::arrow),
            (parquet(&table, 7), fuzzing::parquet),
        ];
        for (mut bytes, survive) in files {
            for (at, byte) in &edits {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            survive(&bytes);
        }
    }
}

/// The bytes of a file whose column `name` has a text that claims to be longer than its page.
fn damaged() -> Vec<u8> {
    let texts = (0..20).map(|row| format!("needle {row:02}")).collect::<Vec<_>>();
    let columns: Vec<(&str, arrow_array::ArrayRef)> = vec![
        ("id", Arc::new(arrow_array::Int64Array::from_iter_values(0..20))),
        ("name", Arc::new(arrow_array::StringArray::from(texts))),
        ("last", Arc::new(arrow_array::Int64Array::from_iter_values(0..20))),
    ];
    let table = RecordBatch::try_from_iter(columns).unwrap();
    let plain = WriterProperties::builder().set_dictionary_enabled(false).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(plain)).unwrap();
    writer.write(&table).unwrap();
    let mut bytes = writer.into_inner().unwrap();
    let text = b"\x09\0\0\0needle 07";
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    bytes[at + 1] = 0x70;
    bytes
}

#[test]
fn a_column_that_cannot_be_read_is_refused_by_its_name() {
    for by in [
        "rows",
        "hash",
        "hash:name",
        "hash:last,name",
        "group:name",
        "stratify:name",
        "range:name",
        "shuffle:1",
    ] {
        let refused = Space::new().split(&damaged(), "parquet", "3", by, (0, 1)).unwrap_err().to_string();
        assert!(refused.contains("the column `name`"), "{by}: {refused}");
    }
}

/// Metadata of the items of lists and maps say what extension type they have.
#[test]
fn the_digest_covers_the_metadata_of_items() {
    let digests = |metadata: &[(&str, &str)]| {
        let pairs = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let item = Field::new("item", DataType::Int64, true)
            .with_metadata(pairs.collect::<arrow_schema::Metadata>());
        let items: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
        let lists: ArrayRef = Arc::new(FixedSizeListArray::new(Arc::new(item), 2, items, None));
        let table = RecordBatch::try_from_iter_with_nullable([("l", lists, true)]).unwrap();
        [
            digest(&arrow(&table, 7), "arrow"),
            digest(&stream(&table), "arrows"),
            digest(&parquet(&table, 7), "parquet"),
        ]
    };
    let [plain, one, other] =
        [&[][..], &[("ARROW:extension:name", "a")], &[("ARROW:extension:name", "b")]].map(digests);
    for i in 0..3 {
        assert!(plain[i] != one[i] && one[i] != other[i], "{i}");
    }
}

#[test]
fn metadata_of_a_footer_are_kept_and_hashed() {
    let table = table(Arc::new(StringArray::from(words())));
    let file = |value: &str| {
        let mut writer = FileWriter::try_new(Vec::new(), &table.schema()).unwrap();
        writer.write_metadata("about", value);
        writer.write(&table).unwrap();
        writer.into_inner().unwrap()
    };
    assert_ne!(digest(&file("one"), "arrow"), digest(&file("other"), "arrow"));
    for by in ["rows", "shuffle:1"] {
        for part in Space::new().split(&file("one"), "arrow", "3", by, (0, 1)).unwrap() {
            let reader = FileReader::try_new(std::fs::File::open(&part.path).unwrap(), None).unwrap();
            assert_eq!(reader.custom_metadata().get("about").map(String::as_str), Some("one"));
        }
    }
}

/// Whatever Arrow's schema in it is: of these columns, of others, or none.
#[test]
fn pairs_of_a_parquet_footer_are_kept_and_hashed() {
    let table = table(Arc::new(StringArray::from(words())));
    let other = Schema::new(vec![Field::new("gone", DataType::Int8, true)]);
    let own = encode_arrow_schema(&table.schema());
    let file = |schema: &str, pandas: &str, units: &str| {
        let pairs = [("ARROW:schema", schema), ("pandas", pandas), ("units", units)];
        let pairs = pairs.map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned()));
        let properties = WriterProperties::builder().set_key_value_metadata(Some(pairs.to_vec())).build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), table.schema(), options).unwrap();
        writer.write(&table).unwrap();
        writer.into_inner().unwrap()
    };
    let range = r#"{"index_columns": [{"kind": "range", "name": null, "start": 0, "stop": 20, "step": 1}], "columns": []}"#;
    for schema in [own.as_str(), &encode_arrow_schema(&other), "garbage", ""] {
        let plain = digest(&file(schema, "{}", "m"), "parquet");
        assert_ne!(digest(&file(schema, "{}", "km"), "parquet"), plain, "{schema}");
        assert_ne!(digest(&file(schema, r#"{"columns": []}"#, "m"), "parquet"), plain, "{schema}");
        let space = Space::new();
        for (units, pandas) in [("m", "{}"), ("km", "{}"), ("km", range)] {
            let parts = space.split(&file(schema, pandas, units), "parquet", "2", "rows", (0, 1)).unwrap();
            for part in parts {
                assert_eq!(part.written, Written::Changed, "{schema}");
                let bytes = std::fs::read(&part.path).unwrap();
                assert_eq!(digest(&bytes, "parquet"), part.digest.to_string(), "{schema}");
                let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
                let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
                assert!(pairs.contains(&KeyValue::new("units".to_owned(), units.to_owned())));
            }
        }
        let space = Space::new();
        let scattered = space.split(&file(schema, range, "m"), "parquet", "2", "shuffle:1", (0, 1));
        for part in scattered.unwrap() {
            let bytes = std::fs::read(&part.path).unwrap();
            assert_eq!(digest(&bytes, "parquet"), part.digest.to_string(), "{schema}");
        }
    }
    let [one, other] = ["one", "other"].map(|schema| digest(&file(schema, "{}", "m"), "parquet"));
    assert_ne!(one, other, "what other readers may make something of");
}

/// For each partition the ids of its rows, where they go by the column `k`.
fn dealt(k: ArrayRef, format: &str) -> Result<Vec<Vec<usize>>, String> {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20));
    let table = RecordBatch::try_from_iter_with_nullable([("id", id, true), ("k", k, true)]).unwrap();
    let bytes = if format == "arrow" { arrow(&table, 7) } else { parquet(&table, 7) };
    let space = Space::new();
    let parts = space.split(&bytes, format, "4", "hash:k", (0, 1)).map_err(|error| error.to_string())?;
    Ok(parts.iter().map(|part| ids(format, &std::fs::read(&part.path).unwrap())).collect())
}

#[test]
fn a_key_goes_by_its_value_and_not_by_the_way_in_which_it_is_stored() {
    let texts = || (0..40).map(|i| (i % 7 > 0).then(|| ["x", "1", "1.0", "true", "ä\"", ""][i % 6]));
    let plain: ArrayRef = Arc::new(texts().collect::<StringArray>());
    let categories: ArrayRef = Arc::new(texts().collect::<DictionaryArray<Int32Type>>());
    let missing = || Some((0..20).map(|i| i % 9 > 0).collect::<NullBuffer>());
    let lists = |items: &ArrayRef| -> ArrayRef {
        let item = Arc::new(Field::new("item", items.data_type().clone(), true));
        let ends = OffsetBuffer::from_lengths((0..20).map(|i| i % 5));
        Arc::new(ListArray::new(item, ends, items.clone(), missing()))
    };
    let structs = |items: &ArrayRef| -> ArrayRef {
        let field = Field::new("f", items.data_type().clone(), true);
        Arc::new(StructArray::new(vec![field].into(), vec![items.slice(0, 20)], missing()))
    };
    let bytes = || (0..20).map(|i| (i % 7 > 0).then(|| [&b"a\xFF"[..], b"12", b""][i % 3]));
    for same in [
        vec![lists(&plain), lists(&categories)],
        vec![structs(&plain), structs(&categories)],
        vec![
            Arc::new(bytes().collect::<BinaryArray>()) as ArrayRef,
            Arc::new(bytes().collect::<LargeBinaryArray>()),
            Arc::new(bytes().collect::<BinaryViewArray>()),
        ],
    ] {
        let first = dealt(same[0].clone(), "arrow").unwrap();
        for k in &same {
            assert_eq!(dealt(k.clone(), "arrow").unwrap(), first, "{}", k.data_type());
            assert_eq!(dealt(k.clone(), "parquet").unwrap(), first, "{}", k.data_type());
        }
    }
    let numbers: ArrayRef = Arc::new((0..20).map(|i| f64::from(i) / 10.0).collect::<Float64Array>());
    let halves = [
        0x0000u16, 0x2E66, 0x3266, 0x34CD, 0x3666, 0x3800, 0x38CD, 0x399A, 0x3A66, 0x3B33, 0x3C00, 0x3C66,
        0x3CCD, 0x3D33, 0x3D9A, 0x3E00, 0x3E66, 0x3ECD, 0x3F33, 0x3F9A,
    ];
    let halves: ArrayRef =
        Arc::new(Float16Array::new(ScalarBuffer::new(Buffer::from_slice_ref(halves), 0, 20), None));
    for format in ["arrow", "parquet"] {
        assert_eq!(dealt(halves.clone(), format).unwrap(), dealt(numbers.clone(), format).unwrap());
    }
    let durations: ArrayRef = Arc::new(DurationSecondArray::from_iter_values(0..40));
    for k in [lists(&durations), structs(&durations)] {
        let refused = dealt(k, "arrow").unwrap_err();
        assert!(refused.contains("the column `k` have no text to go by"), "{refused}");
    }
}

/// Categories, too, whose pages no Parquet writer makes, and where a partition has only some of a row group.
#[test]
fn a_copied_column_has_the_codec_of_its_source() {
    let words: Vec<String> = (0..20).map(|i| format!("{}{i}", "category ".repeat(50))).collect();
    let column: ArrayRef = Arc::new(words.iter().map(String::as_str).collect::<DictionaryArray<Int32Type>>());
    let none: ArrayRef = Arc::new((0..20).map(|_| None::<&str>).collect::<DictionaryArray<Int32Type>>());
    let table = RecordBatch::try_from_iter_with_nullable([("c", column, true), ("none", none, true)]);
    let table = table.unwrap();
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4_RAW,
    ] {
        let properties = WriterProperties::builder().set_compression(codec).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties)).unwrap();
        writer.write(&table).unwrap();
        let (space, bytes) = (Space::new(), writer.into_inner().unwrap());
        for by in ["rows", "shuffle:1"] {
            let mut found = Vec::new();
            for part in space.split(&bytes, "parquet", "3", by, (0, 1)).unwrap() {
                let bytes = bytes::Bytes::from(std::fs::read(&part.path).unwrap());
                let reader = SerializedFileReader::new(bytes.clone()).unwrap();
                for column in reader.metadata().row_group(0).columns() {
                    assert_eq!(column.compression(), codec, "{by}");
                }
                let column = reader.metadata().row_group(0).column(0);
                let is_smaller = column.compressed_size() < column.uncompressed_size() / 2;
                assert_eq!(is_smaller, codec != Compression::UNCOMPRESSED, "{codec} {by}");
                let batches = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
                for batch in batches.map(Result::unwrap) {
                    assert_eq!(batch["none"].logical_null_count(), batch.num_rows());
                    let texts =
                        batch["c"].as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
                    found.extend(texts.into_iter().flatten().map(str::to_owned));
                }
            }
            found.sort_by_key(|word| words.iter().position(|other| other == word));
            assert_eq!(found, words, "{codec} {by}");
        }
    }
}

#[test]
fn a_column_that_is_there_twice_is_no_key() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20));
    let fields = ["a", "a"].map(|name| Field::new(name, DataType::Int64, true));
    let table = RecordBatch::try_new(Arc::new(Schema::new(fields.to_vec())), vec![numbers.clone(), numbers]);
    let table = table.unwrap();
    for (bytes, format) in [(arrow(&table, 7), "arrow"), (parquet(&table, 7), "parquet")] {
        let refused = Space::new().split(&bytes, format, "3", "hash:a", (0, 1)).unwrap_err().to_string();
        assert!(refused.ends_with("there are several columns `a`"), "{refused}");
    }
}

#[test]
fn a_table_without_columns_has_rows() {
    let options = RecordBatchOptions::new().with_row_count(Some(20));
    let table = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
    for by in ["rows", "round_robin", "hash", "shuffle:1"] {
        for (bytes, format) in [(arrow(&table, 7), "arrow"), (stream(&table), "arrows")] {
            let parts = Space::new().split(&bytes, format, "3", by, (0, 1)).unwrap();
            assert_eq!(parts.iter().map(|part| part.rows).sum::<u64>(), 20, "{by}");
        }
    }
}

/// A text of some length that hardly packs.
fn noise(seed: usize, length: usize) -> String {
    (0..length / 16).map(|i| format!("{:016x}", mix(seed as u64, i as u64))).collect()
}

/// `group` rows in a row group, with the codec and page size that are usual.
fn written(columns: &[(&str, ArrayRef)], group: usize, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let columns = columns.iter().map(|(name, column)| (*name, column.clone(), true));
    let table = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = properties.set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties)).unwrap();
    writer.write(&table).unwrap();
    writer.into_inner().unwrap()
}

/// Splits into three; the partitions, or the error and what to do about it.
fn within(bytes: &[u8], format: &str, by: &str, memory: u64) -> Result<Vec<(Digest, Vec<u8>)>, String> {
    let (space, by) = (Space::new(), by.parse::<By>().unwrap());
    std::fs::write(space.folder.join("data"), bytes).unwrap();
    let layout = Parts(space.folder.join("out"));
    let request = space.request(format, (&Size::Equal(3), &by), &layout, (0, 2));
    let parts = run(&Request { memory, ..request })
        .map_err(|error| format!("{error} ({})", error.help().unwrap_or_default()))?;
    Ok(parts.into_iter().map(|part| (part.digest, std::fs::read(part.path).unwrap())).collect())
}

#[test]
fn heavy_categories_are_kept_as_numbers_and_written_once_for_each_partition() {
    let words: Vec<String> = (0..50).map(|seed| noise(seed, 8_000)).collect();
    let values = (0..4_000).map(|row| (row % 9 > 0).then(|| words[row * 7 % 50].as_str()));
    let columns: [(&str, ArrayRef); 2] = [
        ("c", Arc::new(values.collect::<DictionaryArray<Int32Type>>())),
        ("k", Arc::new(Int64Array::from_iter_values(0..4_000))),
    ];
    let bytes = written(&columns, 1_500, WriterProperties::builder());
    for by in ["rows", "shuffle:1", "hash:k"] {
        let parts = within(&bytes, "parquet", by, 4_000_000).unwrap();
        assert_eq!(parts, within(&bytes, "parquet", by, 1 << 30).unwrap(), "{by}");
        for (digest, part) in parts {
            assert_eq!(self::digest(&part, "parquet"), digest.to_string(), "{by}");
            let groups = part.len() / (50 * 8_000);
            assert!(groups <= if by == "rows" { 3 } else { 1 }, "{by}: {}", part.len());
        }
        let refused = within(&bytes, "parquet", by, 1_500_000).unwrap_err();
        assert!(refused.contains("column `c`") && refused.contains("--memory"), "{refused}");
    }
}

#[test]
fn heavy_pages_are_read_apart_or_refused_by_name() {
    let column = |c: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..300).map(|row| noise(c * 1_000 + row, 4_000))))
    };
    let names: Vec<String> = (0..6).map(|c| format!("c{c}")).collect();
    let columns: Vec<(&str, ArrayRef)> =
        names.iter().enumerate().map(|(c, name)| (name.as_str(), column(c))).collect();
    let properties = || WriterProperties::builder().set_dictionary_enabled(false);
    let one = properties().set_data_page_size_limit(1 << 30).set_write_batch_size(1 << 10);
    for (bytes, least) in [
        // A page of 400 kB of each of six columns.
        (written(&columns, 100, one), 800_000),
        (written(&columns, 100, properties().set_data_page_size_limit(1)), 15_000),
    ] {
        for by in ["rows", "shuffle:1", "hash:c2", "hash", "group:c2"] {
            let enough = within(&bytes, "parquet", by, 1 << 30).unwrap();
            let little = within(&bytes, "parquet", by, 2 * least).unwrap();
            let digests = |parts: &[(Digest, Vec<u8>)]| parts.iter().map(|part| part.0).collect::<Vec<_>>();
            assert_eq!(digests(&little), digests(&enough), "{by}");
        }
    }
    let bytes = written(&columns, 100, properties().set_data_page_size_limit(1 << 30));
    for by in ["rows", "shuffle:1"] {
        let refused = within(&bytes, "parquet", by, 400_000).unwrap_err();
        assert!(refused.contains("a page of the column `c0`") && refused.contains("--memory"), "{refused}");
    }
}

#[test]
fn the_dictionaries_of_an_arrow_file_weigh_together() {
    let words: Vec<String> = (0..10).map(|seed| noise(seed, 1_600)).collect();
    let column = || -> ArrayRef {
        Arc::new((0..20).map(|row| words[row % 10].as_str()).collect::<DictionaryArray<Int32Type>>())
    };
    let table = RecordBatch::try_from_iter([("a", column()), ("b", column()), ("c", column())]).unwrap();
    for (bytes, format) in [(arrow(&table, 7), "arrow"), (stream(&table), "arrows")] {
        assert!(within(&bytes, format, "rows", 200_000).is_ok());
        let refused = within(&bytes, format, "rows", 100_000).unwrap_err();
        assert!(refused.contains("more memory than is allowed") && refused.contains("--memory"), "{refused}");
    }
}

#[test]
fn row_groups_that_are_copied_keep_bloom_filters_and_their_order() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..60));
    let properties = || {
        let sorted = SortingColumn { column_idx: 0, descending: false, nulls_first: false };
        WriterProperties::builder().set_bloom_filter_enabled(true).set_sorting_columns(Some(vec![sorted]))
    };
    let columns = [("n", numbers)];
    for (group, size, by, is_sorted) in [
        (20, "3", "rows", true),
        (20, "2", "rows", true),
        (60, "3", "shuffle:1", true),
        // Rows of several row groups are written as one.
        (20, "3", "shuffle:1", false),
    ] {
        let bytes = written(&columns, group, properties());
        let space = Space::new();
        for part in space.split(&bytes, "parquet", size, by, (0, 1)).unwrap() {
            let bytes = bytes::Bytes::from(std::fs::read(&part.path).unwrap());
            let read = ReaderProperties::builder().set_read_bloom_filter(true).build();
            let options = ReadOptionsBuilder::new().with_reader_properties(read).build();
            let reader = SerializedFileReader::new_with_options(bytes, options).unwrap();
            for g in 0..reader.num_row_groups() {
                let group = reader.get_row_group(g).unwrap();
                assert_eq!(group.metadata().sorting_columns().is_some(), is_sorted, "{size} {by}");
                let filter = group.get_column_bloom_filter(0).expect("a Bloom filter");
                let mut values = Vec::new();
                let mut column = get_typed_column_reader::<ParquetInt64>(group.get_column_reader(0).unwrap());
                column.read_records(60, Some(&mut Vec::new()), None, &mut values).unwrap();
                assert!(!values.is_empty() && values.iter().all(|value| filter.check(value)), "{size} {by}");
                assert!((1_000..1_050).filter(|value: &i64| filter.check(value)).count() < 25, "{size} {by}");
            }
        }
    }
}

#[test]
fn a_partition_that_somebody_edited_is_written_again() {
    let table = table(Arc::new(StringArray::from(words())));
    for (bytes, format) in [(arrow(&table, 7), "arrow"), (parquet(&table, 7), "parquet")] {
        crate::split::tests::files::edited_is_written_again(&bytes, format);
    }
}

#[test]
fn what_is_damaged_in_an_arrow_file_is_named_with_its_column() {
    let texts: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..20).map(|row| format!("needle{row:02}"))));
    let words = ["category1", "category2"];
    let categories: ArrayRef =
        Arc::new((0..20).map(|row| words[row % 2]).collect::<DictionaryArray<Int32Type>>());
    let plain: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20));
    let columns = [("n", plain, true), ("t", texts, true), ("c", categories, true)];
    let table = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    for (bytes, format) in [(arrow(&table, 7), "arrow"), (stream(&table), "arrows")] {
        for (needle, column) in [("needle03", "`t`"), ("category2", "`c`: its categories")] {
            let mut bytes = bytes.clone();
            let at = bytes.windows(needle.len()).position(|part| part == needle.as_bytes()).unwrap();
            bytes[at] = 0xFF;
            for by in ["rows", "shuffle:1", "hash"] {
                let error = within(&bytes, format, by, 0).unwrap_err();
                assert!(error.contains(&format!("the column {column}")), "{error}");
                assert!(error.contains("again") && !error.contains('\n'), "{error}");
            }
        }
    }
}

/// A file with this type as its only column, `c`, whose values are 0 to 19.
fn typed(kind: &str) -> Vec<u8> {
    let schema = parse_message_type(&format!("message m {{ required {kind}; }}")).unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    match column.untyped() {
        ColumnWriter::Int32ColumnWriter(c) => c.write_batch(&(0..20).collect::<Vec<_>>(), None, None),
        ColumnWriter::Int64ColumnWriter(c) => c.write_batch(&(0..20).collect::<Vec<_>>(), None, None),
        _ => panic!("{kind}"),
    }
    .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn types_of_parquet_that_readers_tell_apart_have_hashes_of_their_own() {
    let agree = [
        ["int32 c", "int32 c (INTEGER(32,true))", "int32 c (INT_32)"],
        ["int64 c", "int64 c (INTEGER(64,true))", "int64 c (INT_64)"],
        // pyarrow takes it to be in UTC, duckdb and polars do not.
        ["int64 c (TIMESTAMP_MICROS)"; 3],
        ["int64 c (TIMESTAMP_MILLIS)"; 3],
        ["int64 c (TIMESTAMP(MICROS,false))"; 3],
        ["int64 c (TIMESTAMP(MILLIS,false))"; 3],
        ["int64 c (TIME_MICROS)", "int64 c (TIME(MICROS,false))", "int64 c (TIME_MICROS)"],
        ["int32 c (TIME_MILLIS)", "int32 c (TIME(MILLIS,false))", "int32 c (TIME_MILLIS)"],
        ["int32 c (INTEGER(8,true))", "int32 c (INT_8)", "int32 c (INTEGER(8,true))"],
        ["int64 c (INTEGER(64,false))", "int64 c (UINT_64)", "int64 c (INTEGER(64,false))"],
        ["int64 c (TIMESTAMP(MICROS,true))"; 3],
        ["int64 c (TIMESTAMP(MILLIS,true))"; 3],
        ["int64 c (TIME(MICROS,true))"; 3],
        ["int32 c (TIME(MILLIS,true))"; 3],
    ];
    let found = agree.map(|same| same.map(|kind| digest(&typed(kind), "parquet")));
    for (i, same) in found.iter().enumerate() {
        assert!(same.iter().all(|one| *one == same[0]), "{:?}", agree[i]);
        assert!(found[..i].iter().all(|other| other[0] != same[0]), "{:?}", agree[i]);
    }
    let nested = ["optional int64 x (TIMESTAMP_MICROS)", "optional int64 x (TIMESTAMP(MICROS,true))"]
        .map(|kind| {
            parse_message_type(&format!(
                "message m {{ optional group c (LIST) {{ repeated group list {{ {kind}; }} }} }}"
            ))
        })
        .map(|schema| {
            let schema = Arc::new(schema.unwrap());
            let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
            digest(&writer.into_inner().unwrap(), "parquet")
        });
    assert_ne!(nested[0], nested[1]);
}

#[test]
fn a_partition_has_the_annotations_of_its_source() {
    let schema = |bytes: Vec<u8>| {
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        reader.metadata().file_metadata().schema().clone()
    };
    for kind in [
        "int64 c (TIMESTAMP_MICROS)",
        "int32 c (TIME_MILLIS)",
        "int64 c (INT_64)",
        "int32 c (INTEGER(32,true))",
    ] {
        let space = Space::new();
        for part in space.split(&typed(kind), "parquet", "3", "hash:c", (0, 1)).unwrap() {
            assert_eq!(schema(std::fs::read(&part.path).unwrap()), schema(typed(kind)), "{kind}");
        }
    }
}
