//! Why something runs.

use serde_json::Value;

use super::{built, project, rows};
use crate::space::{Space, TOOLS, Tool};
use crate::step::step;

#[test]
fn explain_names_the_root_cause() {
    let space = built(Tool::Ninja);
    let explain = |target: &str| space.expops(&["explain", target]).success().out;
    assert!(explain("train@p2").contains("up to date"));
    space.edit("expops.yaml", "factor: 2", "factor: 7");
    let text = explain("train@p2");
    assert!(text.contains("would run") && text.contains("parameter factor was 2, is 7"), "{text}");
    let text = explain("total");
    assert!(
        text.contains("train p1, train p2, train p3 would run") && text.contains("factor was 2, is 7"),
        "{text}"
    );
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
    assert!(text.contains("line 17 was `15,150`, is `15,151`"), "{text}");
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
    assert!(
        space
            .expops(&["explain", "train@p9"])
            .failure()
            .says("`train` has `train@p1`, `train@p2` and `train@p3`")
    );
    let text = explain("//*[@partition='p2']//process");
    assert!(text.contains("train p2: ") && !text.contains("p3: "), "{text}");
    assert!(space.expops(&["explain", "//["]).failure().says("\n  //[\n"));
    assert!(space.expops(&["explain", "zzzzzzzz"]).failure().says("`expops status` lists the processes"));
    assert!(space.expops(&["explain", "trian"]).failure().says("did you mean `train`?"));
    space.edit("src/model.py", "ran('total')", "ran('total'); raise ValueError('no')");
    space.build(Tool::Ninja, &[]).failure();
    assert!(explain("total").contains("it failed last time"));
    assert!(space.expops(&["status"]).success().says("1 failed last time"));
}

#[test]
fn status_and_explain_look_ahead_through_what_comes_back() {
    for tool in TOOLS {
        let space = project();
        space.edit("src/model.py", "    ran('train", "    print('factor', factor)\n    ran('train");
        space.compile(tool).success();
        space.ran(tool);
        space.edit("expops.yaml", "factor: 2", "factor: 3");
        space.ran(tool);
        assert_eq!(space.read("build/train/p1/log"), "factor 3\n");
        space.edit("expops.yaml", "factor: 3", "factor: 2");
        let said: Value = serde_json::from_str(&space.expops(&["status", "--json"]).success().out).unwrap();
        let counts = |process: &Value| {
            ["up_to_date", "would_run", "from_cache", "may_run"].map(|key| process[key].as_u64().unwrap())
        };
        let all: Vec<_> = said.as_array().unwrap().iter().map(counts).collect();
        assert_eq!(all, [[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 3, 0], [0, 0, 1, 0]], "{said:#}");
        let text = space.expops(&["explain", "total"]).success().out;
        assert!(text.contains("come back from the cache") && text.contains("factor was 3, is 2"), "{text}");
        step(&space, tool, "undone", &[]);
        assert_eq!(space.read("build/train/p1/log"), "factor 2\n", "the log of the run that came back");
    }
}

#[test]
fn explain_names_what_is_certain_beside_what_is_not() {
    let space = built(Tool::Ninja);
    space.write("data/rows.csv", rows(30, |i| usize::from(i == 15)));
    space.edit("expops.yaml", "factor: 2", "factor: 7");
    let text = space.expops(&["explain", "train@p3"]).success().out;
    assert!(text.contains("would run, or come back") && text.contains("factor was 2, is 7"), "{text}");
    assert!(text.contains("data file `data/rows.csv` changed"), "{text}");
}

#[test]
fn explain_names_the_lines_of_a_file_and_the_files_of_a_folder() {
    let space = project();
    space.edit("expops.yaml", "files: [extra.txt]", "files: [extra.txt, conf]");
    for name in ["a", "b", "inner/c"] {
        space.write(&format!("conf/{name}"), name);
    }
    space.compile(Tool::Ninja).success();
    space.ran(Tool::Ninja);
    space.write("extra.txt", "y");
    space.write("conf/inner/c", "changed");
    space.write("conf/d", "new");
    std::fs::remove_file(space.path("conf/a")).unwrap();
    let parts =
        ["`extra.txt` changed", "line 1 was `x`, is `y`", "`inner/c` changed", "`d` is new", "`a` is gone"];
    let text = space.expops(&["explain", "names"]).success().out;
    assert!(parts.iter().all(|part| text.contains(part)) && !text.contains("`b`"), "{text}");
    assert_eq!(space.ran(Tool::Ninja), ["names"]);
    let text = space.expops(&["explain", "names"]).success().out;
    assert!(parts.iter().all(|part| text.contains(part)) && !text.contains("`b`"), "{text}");
}

#[test]
fn a_failure_that_was_undone_is_none() {
    for tool in TOOLS {
        let space = built(tool);
        space.edit("src/model.py", "ran('total')", "ran('total'); 1 / 0");
        space.build(tool, &[]).failure();
        assert!(space.expops(&["status"]).success().says("1 failed last time"));
        space.edit("src/model.py", "ran('total'); 1 / 0", "ran('total')");
        step(&space, tool, "undone", &[]);
        assert!(!space.expops(&["explain", "total"]).success().says("failed"));
        space.edit("expops.yaml", "factor: 2", "factor: 7");
        assert!(!space.expops(&["status"]).success().says("failed last time"));
    }
}

/// Builds by `expops run`, which looks for what is lost: what ran.
fn run(space: &Space, tool: Tool) -> Vec<String> {
    let _ = std::fs::remove_file(space.path(".ran.log"));
    space.expops(&["run", "--with", if tool == Tool::Ninja { "ninja" } else { "make" }]).success();
    space.logged()
}

#[test]
fn a_lost_output_comes_back_as_status_says() {
    for tool in TOOLS {
        let space = built(tool);
        std::fs::remove_file(space.path("build/train/p2/out/score.json")).unwrap();
        let before = space.tree("build");
        assert!(space.expops(&["status"]).success().says("1 would come from the cache"), "{tool:?}");
        assert!(space.tree("build") == before, "{tool:?}: to look changes nothing");
        assert_eq!(run(&space, tool), [""; 0], "{tool:?}");
        assert!(space.exists("build/train/p2/out/score.json"), "{tool:?}");
        space.expops(&["status", "--exit-code"]).success();
    }
}

#[test]
fn a_reader_that_has_read_enough_ends_the_program_quietly() {
    let space = built(Tool::Ninja);
    for command in ["status --json", "explain train", "graph", "query '//*'", "explain E502", "clean -n"] {
        let ran = space.run("sh", &["-c", &format!("expops {command} 2>errors | true; cat errors")]);
        assert_eq!(ran.out, "", "{command}");
    }
}

#[test]
fn status_and_the_build_agree_on_what_is_lost() {
    for tool in TOOLS {
        for lost in ["build/cut/p2/rows.json", "build/cut/p2/values.json", "build/train/p2/record.json"] {
            let space = built(tool);
            std::fs::remove_file(space.path(lost)).unwrap();
            if lost.ends_with("record.json") {
                space.write(lost, "{");
            }
            space.expops(&["status", "--exit-code"]).failure();
            assert_eq!(run(&space, tool), [""; 0], "{tool:?}: {lost}");
            space.expops(&["status", "--exit-code"]).success();
            space.nothing_to_do(tool);
        }
    }
}

#[test]
fn explain_says_what_differs_in_long_values_in_orders_and_in_whole_modules() {
    let space = project();
    let long = "x".repeat(90);
    space.edit("expops.yaml", "factor: 2", &format!("factor: 2, note: [{long}, 1]"));
    space.edit("src/model.py", "def train(rows, factor)", "def train(rows, factor, note)");
    space.edit("src/model.py", "def total(score):", "def total(score):\n    globals()['some']()");
    let more = "\nLIST = []\nLIST.append(1)\nLIST.append(2)\n\ndef some():\n    return LIST\n";
    space.write("src/model.py", space.read("src/model.py") + more);
    space.compile(Tool::Ninja).success();
    space.ran(Tool::Ninja);
    let explain = |target: &str| space.expops(&["explain", target]).success().out;
    space.edit("expops.yaml", &format!("{long}, 1]"), &format!("{long}, 2]"));
    let text = explain("train@p1");
    assert!(text.contains("x\",1], is …") && text.contains("x\",2]"), "{text}");
    space.edit("expops.yaml", &format!("{long}, 2]"), &format!("{long}, 1]"));
    space.edit("src/model.py", "return LIST", "return LIST[:]");
    let text = explain("total");
    assert!(text.contains("`some` changed (src/model.py:") && !text.contains("whole module"), "{text}");
    space.edit("src/model.py", "return LIST[:]", "return LIST");
    space.edit("src/model.py", "LIST.append(1)\nLIST.append(2)", "LIST.append(2)\nLIST.append(1)");
    let text = explain("total");
    assert!(text.contains("the order of what is in it (src/model.py"), "{text}");
    space.edit("expops.yaml", "size: 3", "size: 2");
    let text = explain("cut");
    assert!(text.contains("size was 3, is 2"), "{text}");
}

#[test]
fn explain_tells_a_failure_from_an_interruption_and_forgets_one_that_is_undone() {
    let space = project();
    space.edit("src/model.py", "ran('total')", "ran('total'); 1 / 0");
    space.compile(Tool::Ninja).success();
    assert!(space.expops(&["explain", "total"]).success().says("it has not been built"));
    space.build(Tool::Ninja, &[]).failure();
    let text = space.expops(&["explain", "total"]).success().out;
    assert!(
        text.contains("its last run failed: ZeroDivisionError") && !text.contains("failed last"),
        "{text}"
    );
    space.edit("src/model.py", "ran('total'); 1 / 0", "ran('total')");
    space.ran(Tool::Ninja);
    space.edit("src/model.py", "ran('total')", "ran('total'); 1 / 0");
    space.build(Tool::Ninja, &[]).failure();
    space.edit("src/model.py", "ran('total'); 1 / 0", "ran('total')");
    let text = space.expops(&["explain", "total"]).success().out;
    assert!(text.contains("is up to date") && !text.contains("failed"), "{text}");
}

#[test]
fn what_the_build_writes_cannot_be_declared_as_read() {
    for (files, place) in [
        (".", true),
        ("..", true),
        ("./", true),
        ("conf/..", true),
        ("*.csv", true),
        ("build", false),
        ("build/x", false),
    ] {
        let space = project();
        space.write("build/x", "");
        space.edit("expops.yaml", "files: [extra.txt]", &format!("files: ['{files}']"));
        let ran = space.compile(Tool::Ninja).failure();
        assert!(ran.says("E506") && ran.says("--> expops.yaml") == place, "{files}: {}{}", ran.out, ran.err);
    }
    let space = project();
    space.edit("expops.yaml", "files: [extra.txt]", "files: [./extra.txt, extra.txt]");
    space.compile(Tool::Ninja).success();
    assert_eq!(space.ran(Tool::Ninja), super::ALL);
}
