//! How rows become partitions.

use serde_json::json;

use super::{assert_says, assert_silent_of, built, failed, json, project, value};
use crate::space::{Space, Tool};

/// A split that returns by itself what it cuts, and a process that says what it got.
fn own(size: &str, data_name: &str, splitter: &str) -> Space {
    project(
        "split see",
        &format!("[{{name: split, data_parallelism: {{size: {size}{data_name}}}}}, {{name: see}}]"),
        &format!(
            "\n@process()\ndef split():\n    {splitter}\n\ndef see(**kwargs):\n    kwargs.pop('random_seed', None)\n    return {{'seen': repr(kwargs)}}\n"
        ),
    )
}

/// What `see` got in each partition.
fn seen(space: &Space, partitions: usize) -> Vec<String> {
    let one = |n| value(space, &format!("see/p{n}"), "seen").as_str().unwrap().to_owned();
    (1..=partitions).map(one).collect()
}

#[test]
fn a_list_of_rows_is_called_data_or_as_it_is_named() {
    let space = built(own("3", "", "return [1, (2,), 'c', None]"));
    assert_eq!(seen(&space, 3), ["{'data': [1, (2,)]}", "{'data': ['c']}", "{'data': [None]}"]);
    assert!(space.read("build/split/p1/stamp").contains("rows=2"), "{}", space.read("build/split/p1/stamp"));
    let space = built(own("[1, 2]", ", data_name: rows", "return [1, 2, 3]"));
    assert_eq!(seen(&space, 2), ["{'rows': [1]}", "{'rows': [2, 3]}"]);
}

#[test]
fn a_dict_has_the_key_that_is_cut_and_others_that_pass() {
    let space = built(own("2", ", data_name: rows", "return {'rows': (1, 2, 3), 'columns': ['x']}"));
    assert_eq!(seen(&space, 2), ["{'columns': ['x'], 'rows': (1, 2)}", "{'columns': ['x'], 'rows': (3,)}"]);
    assert!(space.exists("build/split/out/columns.json") && !space.exists("build/split/p1/columns.json"));
    let space = own("2", "", "return {'rows': [1, 2]}");
    assert_says(
        &failed(&space),
        &["split: the splitter returned a dict without the key `data`", "`rows`", "data_name"],
    );
    let space = own("2", ", data_name: rosw", "return {'rows': [1, 2]}");
    assert_says(&failed(&space), &["split: ", "`rosw`", "did you mean `rows`?"]);
}

#[test]
fn a_frame_keeps_its_index_and_a_path_is_cut_as_a_file() {
    let space = built(own(
        "4",
        ", data_name: df",
        "import pandas as pd; return pd.DataFrame({'x': [1, 2, 3]}, index=['a', 'b', 'c'])",
    ));
    let seen = seen(&space, 4);
    assert!(seen[0].contains("a  1") && !seen[0].contains("b  2"), "{seen:?}");
    assert!(seen[3].contains("Empty DataFrame") && seen[3].contains("Columns: [x]"), "{seen:?}");
    let space = built(project(
        "split see",
        "[{name: split, data_parallelism: [{size: ['60%', '20%', rest]}, {data_name: table}]}, {name: see}]",
        "
@process()
def split():
    with open('rows.csv', 'w') as file:
        file.write('x,y\\n' + ''.join('%d,\"a\\nb\"\\n' % i for i in range(5)))
    return Path('rows.csv')

def see(table):
    return {'seen': [table.name, table.read_text()]}
",
    ));
    assert_eq!(
        value(&space, "see/p1", "seen"),
        json!(["rows.csv", "x,y\n0,\"a\nb\"\n1,\"a\nb\"\n2,\"a\nb\"\n"])
    );
    assert_eq!(value(&space, "see/p3", "seen"), json!(["rows.csv", "x,y\n4,\"a\nb\"\n"]));
}

#[test]
fn counts_that_do_not_sum_to_the_rows_say_both_numbers() {
    let rows = "return list(range(100))";
    let space = own("[50, 20, 20]", "", rows);
    let ran = failed(&space);
    assert_says(&ran, &["split: ", "100 rows", "sum to 90"]);
    assert_silent_of(&ran, &["_split.py", "Traceback", "see p1:"]);
    assert!(!space.exists("build/see/p1/stamp") && !space.exists("build/split/p1/stamp"));
    let space = own("[5, 2, 2]", "", "Path('a.txt').write_text('x\\n' * 10); return Path('a.txt')");
    let ran = failed(&space);
    assert_says(&ran, &["split: ", "10", "9"]);
    assert!(!space.exists("build/see/p1/stamp") && !space.exists("build/split/p1/stamp"));
}

/// A value that `load` makes, cut without code.
fn merged(load: &str, see: &str) -> Space {
    built(project(
        "load split\nsplit see",
        "[{name: load}, {name: split, data_parallelism: {size: 3, data_name: rows}}, {name: see}]",
        &format!(
            "\ndef load():\n    {load}\n\ndef see(rows, other):\n    return {{'seen': {see}, 'other': other}}\n"
        ),
    ))
}

#[test]
fn a_split_without_code_cuts_what_its_upstream_returned() {
    let cases = [
        ("return {'rows': [1, 2, 3, 4], 'other': 5}", "rows", ["[1,2]", "[3]", "[4]"]),
        (
            "import numpy as np; return {'rows': np.arange(8).reshape(4, 2), 'other': 5}",
            "[str(rows.dtype), rows.tolist()]",
            ["[\"int64\",[[0,1],[2,3]]]", "[\"int64\",[[4,5]]]", "[\"int64\",[[6,7]]]"],
        ),
        (
            "import pandas as pd; return {'rows': pd.DataFrame({'x': list('abcd')}, index=[9, 7, 5, 3]), 'other': 5}",
            "[list(map(int, rows.index)), list(rows.x)]",
            ["[[9,7],[\"a\",\"b\"]]", "[[5],[\"c\"]]", "[[3],[\"d\"]]"],
        ),
        (
            "return {'rows': {'a': [1, 2, 3, 4], 'b': list('abcd')}, 'other': 5}",
            "rows",
            ["{\"a\":[1,2],\"b\":[\"a\",\"b\"]}", "{\"a\":[3],\"b\":[\"c\"]}", "{\"a\":[4],\"b\":[\"d\"]}"],
        ),
        (
            "Path('t.csv').write_text('x\\n1\\n2\\n3\\n4\\n'); return {'rows': Path('t.csv'), 'other': 5}",
            "rows.read_text()",
            ["\"x\\n1\\n2\\n\"", "\"x\\n3\\n\"", "\"x\\n4\\n\""],
        ),
    ];
    for (load, see, expected) in cases {
        let space = merged(load, see);
        for (i, expected) in expected.iter().enumerate() {
            let seen = value(&space, &format!("see/p{}", i + 1), "seen");
            assert_eq!(seen.to_string(), *expected, "{load}");
        }
        let values = json(&space, "build/split/p2/values.json").to_string();
        assert!(values.contains("load/out/other.json"), "{values}");
        let copies = space.tree("build/split");
        assert!(!copies.keys().any(|name| name.contains("other")), "{:?}", copies.keys());
    }
}

#[test]
fn what_cannot_be_cut_is_named() {
    let space = project(
        "load split\nload split_2\nsplit see\nsplit_2 see_2",
        "
- {name: load}
- {name: split, data_parallelism: {size: 2, data_name: nubmer}}
- {name: split_2, data_parallelism: {size: 2, data_name: number}}
- {name: see}
- {name: see_2, code: see}
",
        "\ndef load(): return dict(number=5)\ndef see(): return {}\n",
    );
    let ran = failed(&space);
    assert_says(&ran, &["split: no upstream of `split` returns `nubmer`", "did you mean `number`?"]);
    assert_says(&ran, &["split_2: `number` is an int, which has no rows to split"]);
    assert_silent_of(&ran, &["Traceback", "_rows.py"]);
}

#[test]
fn more_partitions_than_rows_leave_the_last_with_a_header_only() {
    let space = built(project(
        "load csv keyed turns\ncsv see\nkeyed see_keyed\nturns see_turns",
        "
- {name: load}
- {name: csv, data_parallelism: {size: 3, data_name: table}}
- {name: keyed, data_parallelism: {size: 3, data_name: rows, by: {hash: k}}}
- {name: turns, data_parallelism: {size: 2, data_name: rows, by: round_robin}}
- {name: see}
- {name: see_keyed, code: see_rows}
- {name: see_turns, code: see_rows}
",
        "
def load():
    Path('t.csv').write_bytes(b'x\\r\\n1\\r\\n2')
    return {'table': Path('t.csv'), 'rows': [{'k': i % 4, 'v': i} for i in range(8)]}

def see(table):
    return {'seen': table.read_bytes().decode()}

def see_rows(rows):
    return {'seen': [row['v'] for row in rows]}
",
    ));
    let seen = ["x\r\n1\r\n", "x\r\n2", "x\r\n"];
    assert_eq!([1, 2, 3].map(|n| value(&space, &format!("see/p{n}"), "seen")), seen.map(|text| json!(text)));
    assert_eq!(value(&space, "see_turns/p2", "seen"), json!([1, 3, 5, 7]));
    let keyed = [1, 2, 3].map(|n| value(&space, &format!("see_keyed/p{n}"), "seen"));
    for key in 0..4 {
        let holders = keyed.iter().filter(|rows| rows.as_array().unwrap().contains(&json!(key)));
        let together = holders.filter(|rows| rows.as_array().unwrap().contains(&json!(key + 4))).count();
        assert_eq!(together, 1, "rows of one key are together: {keyed:?}");
    }
}

/// An outer layer and one in it, both split by the strategy; every `fit` has the rows of one inner partition.
const NESTED: &str = "
- {name: load, command: 'cp rows.csv {{ outputs.file }}', outputs: {file: rows.csv}}
- {name: outer, data_parallelism: {size: 3, by: BY, data_name: file}}
- {name: inner, data_parallelism: {size: 2, by: BY, data_name: file}}
- {name: fit}
- {name: whole, data_aggregation: true}
- {name: end, data_aggregation: true}
";

#[test]
fn an_edited_row_runs_the_partitions_that_have_it_and_no_others() {
    for by in ["{group: k}", "{stratify: k}", "{shuffle: 7}", "{shuffle: 7, group: k}", "{range: k}"] {
        let space = project(
            "load outer\nouter inner\ninner fit\nfit whole\nwhole end",
            &NESTED.replace("BY", by),
            "
from counted import ran

def fit(file):
    ran('fit')
    return {'rows': file.read_text().splitlines()[1:]}

def whole(rows):
    ran('whole')
    return {'rows': sorted(sum(rows.values(), []))}

def end(rows):
    ran('end')
    return {'rows': sorted(sum(rows.values(), []))}
",
        );
        let rows = |edited: &[usize]| -> Vec<String> {
            let value = |row| if edited.contains(&row) { 1000 + row } else { row };
            (0..60).map(|row| format!("{},{}", row * 7 % 11, value(row))).collect()
        };
        let write = |rows: &[String]| space.write("rows.csv", format!("k,v\n{}\n", rows.join("\n")));
        let parts = || -> Vec<String> {
            let names = (1..=3).flat_map(|outer| (1..=2).map(move |inner| format!("fit/p{outer}/p{inner}")));
            names.map(|name| value(&space, &name, "rows").to_string()).collect()
        };
        write(&rows(&[]));
        let space = &space;
        space.compile(Tool::Ninja).success();
        assert_eq!(space.ran(Tool::Ninja).len(), 6 + 3 + 1, "{by}");
        let mut before = parts();
        for edited in [&[0][..], &[0, 59]] {
            write(&rows(edited));
            let ran = space.ran(Tool::Ninja);
            assert_eq!(ran, ["end", "fit", "whole"], "{by} {edited:?}");
            let after = parts();
            let changed = before.iter().zip(&after).filter(|(one, other)| one != other).count();
            assert_eq!(changed, 1, "{by} {edited:?}");
            let mut all = rows(edited);
            all.sort();
            assert_eq!(value(space, "end", "rows"), json!(all), "{by}: no row is lost or doubled");
            space.nothing_to_do(Tool::Ninja);
            before = after;
        }
    }
}

#[test]
fn a_split_takes_the_memory_that_its_process_is_given() {
    if !crate::space::has_python(&["pyarrow"]) {
        return;
    }
    let space = |resources: &str| {
        project(
            "load split\nsplit see",
            &format!(
                "[{{name: load}}, {{name: split, data_parallelism: {{size: 2, data_name: file}}{resources}}}, {{name: see}}]"
            ),
            "
import pyarrow as pa, pyarrow.parquet

def load():
    words = pa.array([str(i) * 100_000 for i in range(10)]).dictionary_encode()
    pa.parquet.write_table(pa.table({'c': words}), 'in.parquet')
    return {'file': Path('in.parquet')}

def see(file):
    return {'rows': pa.parquet.read_table(file).num_rows}
",
        )
    };
    let ran = failed(&space(", resources: {memory: 3MB}"));
    assert_says(&ran, &["the column `c`", "`resources: {memory: 8GB}`"]);
    assert_eq!(value(&built(space("")), "see/p2", "rows"), json!(5));
}
