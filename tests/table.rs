//! The table of what runs again: one step for each row, under Ninja and under Make. Before each build,
//! `expops status` says what it would do, and is held to it.

use std::fs;

use serde_json::Value;

use crate::space::{Space, TOOLS, Tool};

const PROJECT: &str = "
metadata: {name: table, description: a}
scripts: {main: src/model.py}
data: {path: data/rows.csv}
reproducibility: {random_seed: 1}
pipeline:
  process_adjlist: |
    load cut
    load names
    cut train
    train total
  processes:
    - name: load
    - name: names
      files: [extra.txt]
    - name: cut
      data_parallelism: {size: 3, data_name: rows}
    - name: train
      parameters: {factor: 2}
    - name: total
      data_aggregation: true
";

const SCRIPT: &str = "
from counted import ran
from expops.core import process
from helper import scale

@process()
def load():
    ran('load')
    with open('data/rows.csv') as file:
        lines = [line.strip().split(',') for line in file]
    return {'rows': [int(line[1]) for line in lines[1:]], 'columns': lines[0]}

@process()
def names(columns):
    '''Says the names.'''
    ran('names')
    return {'names': columns}

@process()
def train(rows, factor):
    ran('train %s' % rows[0])
    return {'score': sum(scale(row, factor) for row in rows)}

@process()
def total(score):
    ran('total')
    return {'total': sum(score.values())}
";

const HELPER: &str = "
LIMIT = 1000000

def scale(row, factor):
    return min(row * factor, LIMIT)

def unused():
    return 1
";

fn rows(count: usize, change: impl Fn(usize) -> usize) -> String {
    let row = |i| format!("{i},{}\n", 10 * i + change(i));
    "id,value\n".to_owned() + &(0..count).map(row).collect::<String>()
}

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", SCRIPT);
    space.write("src/helper.py", HELPER);
    space.write("extra.txt", "x");
    space.write("data/rows.csv", rows(30, |_| 0));
    space
}

const ALL: [&str; 6] = ["load", "names", "total", "train 0", "train 100", "train 200"];

fn built(tool: Tool) -> Space {
    let space = project();
    space.compile(tool).success();
    assert_eq!(space.ran(tool), ALL);
    space
}

/// Builds, expects exactly `expected` to run, and compares what `status` said before.
#[track_caller]
fn step(space: &Space, tool: Tool, what: &str, expected: &[&str]) {
    let status = space.expops(&["status", "--json", "--exit-code"]);
    let said: Value =
        serde_json::from_str(&status.out).unwrap_or_else(|_| panic!("{}{}", status.out, status.err));
    let ran = space.ran(tool);
    assert_eq!(ran, expected, "{tool:?}: {what}");
    for process in said.as_array().unwrap() {
        let name = process["process"].as_str().unwrap();
        let count = |key: &str| process[key].as_u64().unwrap();
        let executed = ran.iter().filter(|line| line.split(' ').next() == Some(name)).count() as u64;
        let most = count("would_run") + count("may_run");
        assert!(executed <= most, "{tool:?}: {what}: status said {process:#}, {executed} ran");
        assert!(
            ["cut", "fan"].contains(&name) || executed >= count("would_run"),
            "{tool:?}: {what}: status said {process:#}, {executed} ran"
        );
    }
    space.nothing_to_do(tool);
    space.expops(&["status", "--exit-code"]).success();
}

#[test]
fn every_row_of_the_table() {
    for tool in TOOLS {
        let space = built(tool);
        let first = space.tree("build");
        step(&space, tool, "nothing", &[]);
        for name in ["data/rows.csv", "src/helper.py", "expops.yaml", "extra.txt"] {
            space.write(name, space.read(name));
        }
        step(&space, tool, "touched", &[]);
        space.write("data/rows.csv", rows(30, |i| usize::from(i == 15)));
        step(&space, tool, "one row in partition 2", &["load", "total", "train 100"]);
        space.write("data/rows.csv", rows(30, |_| 0));
        step(&space, tool, "the row undone", &[]);
        assert!(space.tree("build") == first, "{tool:?}: undone");
        space.write("data/rows.csv", rows(30, |_| 0).replace('\n', "\r\n"));
        step(&space, tool, "the same rows", &["load"]);
        space.write("data/rows.csv", rows(30, |_| 0).replace("id", "key"));
        step(&space, tool, "other columns, the same rows", &["load", "names"]);
        space.write("data/rows.csv", rows(30, |_| 0));
        step(&space, tool, "the columns undone", &[]);
        space.edit("src/model.py", "'''Says the names.'''", "# A comment\n\n    '''Says them.'''");
        space.edit("src/helper.py", "min(row * factor, LIMIT)", "min( row*factor,\n        LIMIT )");
        step(&space, tool, "comments and formatting", &[]);
        space.edit("src/helper.py", "return 1", "return 2");
        step(&space, tool, "a function that nothing reaches", &[]);
        space.edit("src/helper.py", "1000000", "2000000");
        step(&space, tool, "a constant that a helper reads", &["train 0", "train 100", "train 200"]);
        space.edit("expops.yaml", "factor: 2", "factor: 3");
        step(&space, tool, "a parameter", &["total", "train 0", "train 100", "train 200"]);
        space.edit("expops.yaml", "factor: 3", "factor: 2");
        space.edit("src/helper.py", "2000000", "1000000");
        step(&space, tool, "both undone", &[]);
        space.edit("expops.yaml", "size: 3", "size: 2");
        step(&space, tool, "another size", &["total", "train 0", "train 150"]);
        let stale = space.expops(&["clean", "--stale", "-n"]).success();
        assert!(
            stale.says("build/train/p3") && stale.says("build/cut/p3") && !stale.says("p2"),
            "{}",
            stale.out
        );
        space.write("build/train/p3/mine.txt", "mine");
        space.expops(&["clean", "--stale"]).success();
        assert!(space.exists("build/train/p3/mine.txt") && !space.exists("build/train/p3/stamp"));
        assert!(!space.exists("build/cut/p3"));
        step(&space, tool, "cleaned", &[]);
        space.expops(&["clean"]).success();
        assert!(!space.exists("build/train/p2") && !space.exists("build/load"));
        step(&space, tool, "all cleaned", &[]);
    }
}

#[test]
fn appended_rows_and_added_seeds() {
    for tool in TOOLS {
        let space = project();
        space.edit("expops.yaml", "size: 3", "size: [10, 10, 10]");
        space.edit(
            "expops.yaml",
            "    load names\n",
            "    load names\n    load fan\n    fan fit\n    fit best\n",
        );
        let more = "    - {name: fan, seed_parallelism: {seeds: [1, 2]}}\n    - {name: fit}\n    - {name: best, seed_aggregation: true}\n";
        space.write("expops.yaml", space.read("expops.yaml") + more);
        let code = "
@process()
def fit(columns, random_seed):
    ran('fit %s' % random_seed)
    return {'model': [columns, random_seed]}

@process()
def best(model):
    ran('best')
    return {'best': model}
";
        space.write("src/model.py", SCRIPT.to_owned() + code);
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), 9);
        space.write("data/rows.csv", rows(40, |_| 0));
        space.edit("expops.yaml", "[10, 10, 10]", "[10, 10, 10, 10]");
        step(&space, tool, "ten rows appended", &["load", "total", "train 300"]);
        let syntax = ["seeds: [1, 2]", "seeds: [1, 2, 3]"];
        assert!(space.read("expops.yaml").contains(syntax[0]));
        space.edit("expops.yaml", syntax[0], syntax[1]);
        step(&space, tool, "one seed added", &["best", "fit 3"]);
    }
}

#[test]
fn an_outer_partition_with_the_same_inner_rows_wakes_nothing() {
    for tool in TOOLS {
        let space = project();
        space.edit(
            "expops.yaml",
            "    cut train\n    train total\n",
            "    cut inner\n    inner train\n    train part\n    part total\n",
        );
        space.edit("expops.yaml", "{size: 3, data_name: rows}", "{size: 2, data_name: rows}");
        let more = "    - {name: inner, data_parallelism: {size: 3, data_name: rows}}\n    - {name: part, data_aggregation: true}\n";
        space.write("expops.yaml", space.read("expops.yaml") + more);
        let part = "
@process()
def part(score):
    ran('part')
    return {'score': sum(score.values())}
";
        space.write("src/model.py", SCRIPT.to_owned() + part);
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), 11);
        space.write("data/rows.csv", rows(30, |i| usize::from(i == 16)));
        step(&space, tool, "one row of the inner partition p2.p1", &["load", "part", "total", "train 150"]);
    }
}

#[test]
fn the_cache_is_shown_trimmed_and_cleared() {
    let space = built(Tool::Ninja);
    let contents =
        || -> Value { serde_json::from_str(&space.expops(&["cache", "--json"]).success().out).unwrap() };
    let before = contents();
    assert_eq!(before["entries"], 6, "what expops does by itself is not kept");
    space.expops(&["cache", "--keep", "10GB"]).success();
    assert_eq!(contents(), before);
    space.expops(&["cache", "--keep", "3 apples"]).failure();
    space.expops(&["cache", "--clear"]).success();
    assert_eq!(contents()["bytes"], 0);
    step(&space, Tool::Ninja, "without a cache", &[]);
}

/// For each ingredient of the key: that it matters, and that its neighbour does not.
#[test]
fn what_counts_and_what_does_not() {
    let trains: &[&str] = &["total", "train 0", "train 100", "train 200"];
    let space = built(Tool::Ninja);
    space.write("data/more.csv", rows(30, |_| 0));
    let edits: [(&str, &str, &str, &[&str]); 13] = [
        ("extra.txt", "x", "y", &["names"]),
        ("expops.yaml", "description: a", "description: b", &[]),
        ("expops.yaml", "name: table", "name: chair", &[]),
        (
            "expops.yaml",
            "random_seed: 1",
            "random_seed: 2",
            &["load", "names", "total", "train 0", "train 100", "train 200"],
        ),
        (
            "expops.yaml",
            "parameters: {factor: 2}",
            "resources: {memory: 1GB}\n      parameters: {factor: 2}",
            &[],
        ),
        ("expops.yaml", "    load cut\n    load names", "    load names\n    load cut", &[]),
        ("expops.yaml", "parameters: {factor: 2}", "parameters: {factor: 5}", trains),
        (
            "expops.yaml",
            "data_name: rows}",
            "data_name: rows, by: round_robin}",
            &["total", "train 0", "train 10", "train 20"],
        ),
        ("src/model.py", "return {'names': columns}", "return {'names': list(columns)}", &["names"]),
        ("expops.yaml", "- name: names", "- name: names\n      description: says the names", &[]),
        ("expops.yaml", "- name: names", "- name: names\n      code: main.names", &[]),
        ("expops.yaml", "path: data/rows.csv", "path: data/more.csv", &["load"]),
        ("expops.yaml", "pipeline:\n", "experiment: {parameters: {nobody: 1}}\npipeline:\n", &[]),
    ];
    for (file, old, new, expected) in edits {
        space.edit(file, old, new);
        step(&space, Tool::Ninja, &format!("{old} -> {new}"), expected);
        space.edit(file, new, old);
        step(&space, Tool::Ninja, &format!("{old} -> {new}, undone"), &[]);
    }
}

#[test]
fn the_cache_outlives_the_build_folder_and_serves_clones() {
    for tool in TOOLS {
        let space = Space::new();
        let cache = space.path("cache");
        let build = |folder: &str| {
            let _ = fs::remove_file(space.path(folder).join("ran.log"));
            let here = |program: &str, words: &[&str]| {
                let output = space
                    .command(program)
                    .args(words)
                    .current_dir(space.path(folder))
                    .env("EXPOPS_CACHE_DIR", &cache)
                    .output();
                let output = output.unwrap();
                assert!(
                    output.status.success(),
                    "{}{}",
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
            };
            match tool {
                Tool::Ninja => (here("expops", &["compile"]), here("ninja", &[])),
                Tool::Make => (here("expops", &["compile", "--format", "make"]), here("make", &["-j2"])),
            };
            fs::read_to_string(space.path(folder).join("ran.log")).unwrap_or_default().lines().count()
        };
        for folder in ["a", "b/c"] {
            for (name, text) in [
                ("expops.yaml", PROJECT),
                ("src/model.py", SCRIPT),
                ("src/helper.py", HELPER),
                ("extra.txt", "x"),
            ] {
                space.write(&format!("{folder}/{name}"), text);
            }
            space.write(&format!("{folder}/data/rows.csv"), rows(30, |_| 0));
        }
        assert_eq!(build("a"), 6);
        let first = space.tree("a/build");
        assert_eq!(build("b/c"), 0, "{tool:?}: a clone");
        assert!(space.tree("b/c/build") == first, "{tool:?}: a clone");
        fs::remove_dir_all(space.path("a/build")).unwrap();
        assert_eq!(build("a"), 0, "{tool:?}: the build folder is gone");
        // Every object is damaged in turn, all at once: everything runs, and comes out right.
        for entry in walkdir::WalkDir::new(cache.join("objects"))
            .into_iter()
            .flatten()
            .filter(|e| e.file_type().is_file())
        {
            let mut bytes = fs::read(entry.path()).unwrap();
            bytes[0] ^= 1;
            fs::write(entry.path(), bytes).unwrap();
        }
        fs::remove_dir_all(space.path("a/build")).unwrap();
        // `names` hands on the bytes that `load` has just made anew.
        assert_eq!(build("a"), 5, "{tool:?}: a flipped bit");
        assert!(space.tree("a/build") == first);
        fs::remove_dir_all(space.path("a/build")).unwrap();
        assert_eq!(build("a"), 0, "{tool:?}: healed");
        // A cache that cannot be used costs a warning.
        fs::remove_dir_all(&cache).unwrap();
        fs::write(&cache, "not a folder").unwrap();
        fs::remove_dir_all(space.path("a/build")).unwrap();
        assert_eq!(build("a"), 6, "{tool:?}: no cache");
        fs::remove_file(&cache).unwrap();
    }
}

#[test]
fn explain_names_the_root_cause() {
    let space = built(Tool::Ninja);
    let explain = |target: &str| space.expops(&["explain", target]).success().out;
    assert!(explain("train@p2").contains("up to date"));
    space.edit("expops.yaml", "factor: 2", "factor: 7");
    let text = explain("train@p2");
    assert!(text.contains("would run") && text.contains("parameter factor was 2, is 7"), "{text}");
    let text = explain("total");
    assert!(text.contains("train p1 would run") && text.contains("factor was 2, is 7"), "{text}");
    space.edit("expops.yaml", "factor: 7", "factor: 2");
    space.edit("src/helper.py", "LIMIT)", "LIMIT + 1)");
    let place = "`scale` changed (src/helper.py:4)";
    for target in
        ["train@p2", "train p2", "build/train/p2/stamp", "//*[@partition='p2']/process[@name='train']"]
    {
        let text = explain(target);
        assert!(text.contains(place), "{target}: {text}");
    }
    space.ran(Tool::Ninja);
    let text = explain("train@p2");
    assert!(text.contains("it last ran because") && text.contains(place), "{text}");
    space.write("data/rows.csv", rows(30, |i| usize::from(i == 15)));
    let text = explain("train@p2");
    assert!(text.contains("data file `data/rows.csv` changed"), "{text}");
    space.ran(Tool::Ninja);
    let text = explain("train@p2");
    assert!(
        text.contains("(p2: rows 11 to 20)") && text.contains("data file `data/rows.csv` changed"),
        "{text}"
    );
    let json = space.expops(&["explain", "train@p2", "--json"]).success().out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["state"], "up_to_date");
    assert!(space.expops(&["explain", "E304"]).success().says("E304"));
    assert!(space.expops(&["explain", "trian"]).failure().says("did you mean `train`?"));
    space.edit("src/model.py", "ran('total')", "ran('total'); raise ValueError('no')");
    space.build(Tool::Ninja, &[]).failure();
    assert!(explain("total").contains("it failed last time"));
    assert!(space.expops(&["status"]).success().says("1 failed last time"));
}
