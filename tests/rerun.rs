//! What runs again after an edit, and what does not: executions are counted, under Ninja and under Make.

use std::fs;

use crate::space::{Space, TOOLS, Tool};

/// Twelve partitions of 120 rows, a chain of two processes in each, an aggregation.
fn project() -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "
metadata: {name: rows}
scripts: {main: src/model.py}
data: {path: data/rows.csv}
pipeline:
  process_adjlist: |
    load split
    split train
    train score
    score summary
  processes:
    - name: load
    - name: split
      data_parallelism: {size: 12, data_name: rows}
    - name: train
      parameters: {factor: 2}
    - name: score
    - name: summary
      data_aggregation: true
",
    );
    space.write(
        "src/model.py",
        "
from counted import ran
from expops.core import process

@process()
def load():
    ran('load')
    with open('data/rows.csv') as file:
        next(file)
        return {'rows': [int(line.split(',')[1]) for line in file]}

@process()
def train(rows, factor):
    ran('train %s' % rows[0])
    return {'model': [row * factor for row in rows]}

@process()
def score(model):
    ran('score %s' % (model[0] // 2))
    return {'score': sum(model) % 1000}

@process()
def summary(score):
    ran('summary')
    return {'summary': score}
",
    );
    space.write("data/rows.csv", rows(120, |_| 0));
    space
}

/// A CSV file: row `i` holds `1000 * i`, plus what `change` says.
fn rows(count: usize, change: impl Fn(usize) -> usize) -> String {
    let row = |i| format!("{i},{}\n", 1000 * i + change(i));
    "id,value\n".to_owned() + &(0..count).map(row).collect::<String>()
}

fn built(tool: Tool) -> Space {
    let space = project();
    space.compile(tool).success();
    assert_eq!(space.ran(tool).len(), 1 + 12 + 12 + 1);
    space.nothing_to_do(tool);
    space
}

#[test]
fn nothing_changed() {
    for tool in TOOLS {
        let space = built(tool);
        assert_eq!(space.ran(tool), [""; 0]);
        space.nothing_to_do(tool);
    }
}

#[test]
fn touched_files_run_nothing() {
    for tool in TOOLS {
        let space = built(tool);
        for name in ["data/rows.csv", "src/model.py", "expops.yaml", "build/split/p3/stamp"] {
            space.write(name, space.read(name));
            assert_eq!(space.ran(tool), [""; 0], "{tool:?} {name}");
            space.nothing_to_do(tool);
        }
    }
}

#[test]
fn one_row_of_partition_7() {
    for tool in TOOLS {
        let space = built(tool);
        let files = |n: usize| {
            let files = [
                "split/pN/stamp",
                "split/pN/rows.json",
                "train/pN/stamp",
                "train/pN/record.json",
                "score/pN/stamp",
            ];
            files.map(|file| format!("build/{}", file.replace("pN", &format!("p{n}"))))
        };
        let times = |space: &Space| {
            let others = (1..=12).filter(|n| *n != 7).flat_map(files);
            others.map(|file| space.time(&file)).collect::<Vec<_>>()
        };
        let before = times(&space);
        space.write("data/rows.csv", rows(120, |i| usize::from(i == 65)));
        assert_eq!(space.ran(tool), ["load", "score 60000", "summary", "train 60000"], "{tool:?}");
        assert_eq!(times(&space), before);
        space.nothing_to_do(tool);
    }
}

#[test]
fn the_edit_undone_gives_the_first_results_again() {
    for tool in TOOLS {
        let space = built(tool);
        let first = space.tree("build");
        space.write("data/rows.csv", rows(120, |i| usize::from(i == 65)));
        space.ran(tool);
        assert!(space.tree("build") != first);
        space.write("data/rows.csv", rows(120, |_| 0));
        space.ran(tool);
        assert!(space.tree("build") == first, "{tool:?}");
        space.nothing_to_do(tool);
    }
}

#[test]
fn from_twelve_partitions_to_ten_and_back() {
    for tool in TOOLS {
        let space = built(tool);
        let first = space.read("build/summary/out/summary.json");
        space.edit("expops.yaml", "size: 12", "size: 10");
        let ran = space.ran(tool);
        assert!(!ran.contains(&"load".to_owned()), "{tool:?} {ran:?}");
        assert_eq!(ran.iter().filter(|line| line.starts_with("train")).count(), 10, "{tool:?} {ran:?}");
        assert!(ran.contains(&"summary".to_owned()));
        space.nothing_to_do(tool);
        space.edit("expops.yaml", "size: 10", "size: 12");
        space.ran(tool);
        assert_eq!(space.read("build/summary/out/summary.json"), first);
    }
}

#[test]
fn a_build_that_only_looks_says_so() {
    let space = built(Tool::Ninja);
    space.edit(
        "expops.yaml",
        "parameters: {factor: 2}",
        "parameters: {factor: 2}\n      resources: {cpus: 1}",
    );
    assert!(space.expops(&["run"]).success().says("nothing ran, "));
    assert!(!space.expops(&["run"]).success().says("nothing ran"));
}

#[test]
fn what_was_never_made_is_not_lost() {
    let space = built(Tool::Ninja);
    space.edit("expops.yaml", "size: 12", "size: 13");
    assert!(!space.expops(&["run"]).success().says("lost"));
    fs::remove_dir_all(space.path("build/train/p13/out")).unwrap();
    assert!(space.expops(&["run"]).success().says("1 instance lost results: made again"));
}

#[test]
fn rows_appended_to_explicit_counts_run_the_new_partition_and_the_aggregation() {
    for tool in TOOLS {
        let space = project();
        space.edit("expops.yaml", "size: 12", "size: [50, 40, 30]");
        space.compile(tool).success();
        space.ran(tool);
        space.edit("expops.yaml", "size: [50, 40, 30]", "size: [50, 40, 30, 10]");
        space.write("data/rows.csv", rows(130, |_| 0));
        assert_eq!(space.ran(tool), ["load", "score 120000", "summary", "train 120000"], "{tool:?}");
        space.nothing_to_do(tool);
    }
}

#[test]
fn the_same_output_stops_the_chain() {
    for tool in TOOLS {
        let space = built(tool);
        let text = rows(120, |_| 0).replace("id,value", "key,value");
        space.write("data/rows.csv", text);
        assert_eq!(space.ran(tool), ["load"], "{tool:?}");
        space.nothing_to_do(tool);
    }
}

#[test]
fn a_changed_script_or_parameter_runs_what_it_concerns() {
    for tool in TOOLS {
        let space = built(tool);
        space.edit("expops.yaml", "factor: 2", "factor: 4");
        let ran = space.ran(tool);
        assert_eq!(ran.iter().filter(|line| line.starts_with("train")).count(), 12, "{tool:?} {ran:?}");
        assert!(!ran.contains(&"load".to_owned()));
        space.edit("src/model.py", "row * factor", "row * factor + 1");
        let ran = space.ran(tool);
        assert_eq!(ran.iter().filter(|line| line.starts_with("train")).count(), 12, "{tool:?} {ran:?}");
        space.nothing_to_do(tool);
    }
}

#[test]
fn deleted_outputs_are_made_again() {
    for tool in TOOLS {
        let space = built(tool);
        let first = space.tree("build");
        for name in [
            "build/train/p3/stamp",
            "build/split/p5/stamp",
            "build/summary/record.json",
            "build/.expops/plan/train.json",
        ] {
            fs::remove_file(space.path(name)).unwrap();
            space.ran(tool);
            assert!(space.tree("build") == first, "{tool:?} {name}");
            space.nothing_to_do(tool);
        }
        fs::remove_dir_all(space.path("build")).unwrap();
        assert_eq!(space.ran(tool).len(), 26);
        assert!(space.tree("build") == first, "{tool:?}");
    }
}

#[test]
fn a_deleted_value_is_noticed_and_made_again_by_the_next_build() {
    for tool in TOOLS {
        let space = built(tool);
        let first = space.tree("build");
        fs::remove_file(space.path("build/train/p3/out/model.json")).unwrap();
        space.edit("src/model.py", "sum(model) % 1000", "sum(model) % 1000 + 0");
        let ran = space.build(tool, &[]).failure();
        assert!(ran.says("model.json is missing") && ran.says("build again"), "{}{}", ran.out, ran.err);
        space.ran(tool);
        space.edit("src/model.py", "sum(model) % 1000 + 0", "sum(model) % 1000");
        space.ran(tool);
        assert!(space.tree("build") == first, "{tool:?}");
    }
}

#[test]
fn both_tools_make_the_same_tree() {
    let [ninja, make] = TOOLS.map(|tool| built(tool).tree("build"));
    assert_eq!(ninja.keys().collect::<Vec<_>>(), make.keys().collect::<Vec<_>>());
    assert!(ninja == make, "contents differ");
}

/// A word of a text may be a name for whoever evaluates the text; that it counts for that alone is said.
#[test]
fn explain_says_what_only_a_text_mentions() {
    let space = Space::new();
    space.write("expops.yaml", crate::space::of_one("work"));
    space.write(
        "s.py",
        "LIMIT = 3\nRATE = 1\n\ndef work():\n    return {'x': 'select * where LIMIT > RATE', 'y': RATE}\n",
    );
    space.expops(&["run"]).success();
    space.write(
        "s.py",
        "LIMIT = 4\nRATE = 2\n\ndef work():\n    return {'x': 'select * where LIMIT > RATE', 'y': RATE}\n",
    );
    let told = space.expops(&["explain", "work"]).success().out;
    assert!(
        told.contains("`LIMIT` changed (s.py:1); it counts because it is mentioned in a text (s.py:4)\n"),
        "{told}"
    );
    assert!(told.contains("`RATE` changed (s.py:2)\n"), "{told}");
    space.expops(&["run"]).success();
    assert!(space.expops(&["explain", "work"]).success().out.contains("mentioned in a text"));
}
