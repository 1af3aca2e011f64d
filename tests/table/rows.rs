//! The rows of the table.

use super::{ALL, HELPER, SCRIPT, built, project, rows};
use crate::space::has_python;
use crate::space::{Space, TOOLS, Tool};
use crate::step::step;

#[test]
fn every_row_of_the_table() {
    every_row(|_| project());
}

/// Libraries that could read behind the back of who watches: what only imports them counts as before, whether a warm worker
/// has imported them or each instance does.
#[test]
fn every_row_of_the_table_with_data_libraries_in_every_script() {
    if !has_python(&["pandas", "pyarrow", "polars"]) {
        return;
    }
    every_row(|tool| {
        let space = project();
        space.set("EXPOPS_WORKERS", (tool == Tool::Make).then_some("0"));
        for script in ["src/model.py", "src/helper.py"] {
            space.write(script, "import pandas, pyarrow, polars\n".to_owned() + &space.read(script));
        }
        space
    });
}

fn every_row(project: impl Fn(Tool) -> Space) {
    for tool in TOOLS {
        let space = project(tool);
        space.compile(tool).success();
        assert_eq!(space.ran(tool), ALL);
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
fn clean_leaves_copies_alone_and_forgets_what_nothing_speaks_of() {
    let space = built(Tool::Ninja);
    let known = || std::fs::read_dir(space.path("build/.expops/known")).unwrap().count();
    let few = known();
    for limit in 1..4 {
        space.write("src/helper.py", HELPER.replace("1000000", &format!("{limit}")));
        space.ran(Tool::Ninja);
    }
    assert!(known() > few);
    for (from, to) in [("train", "train-before"), ("train/p1", "kept"), ("cut", "cut-before")] {
        space.run("cp", &["-r", &format!("build/{from}"), &format!("build/{to}")]).success();
    }
    let copies = || ["train-before", "kept", "cut-before"].map(|name| space.tree(&format!("build/{name}")));
    let before = copies();
    space.expops(&["clean", "--stale"]).success();
    // One of code that is no more may still be spoken of by the last change of a reason.
    assert!(known() <= few + 1, "{} {few}", known());
    assert!(copies() == before);
    step(&space, Tool::Ninja, "cleaned", &[]);
    assert!(space.expops(&["explain", "train@p1"]).success().says("`LIMIT` changed"));
    space.expops(&["clean"]).success();
    assert!(copies() == before && known() == 0 && !space.exists("build/train"));
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
