//! Instances that fail and are left out.

use serde_json::{Value as Json, json};

use super::{outcomes, project};
use crate::space::{Space, TOOLS, Tool};

const ADJACENCY: &str = "load cut\ncut fit shell other\nfit score\nscore whole\nother whole\nshell lines";

const PROCESSES: &str = "    - {name: load, command: 'seq 6 > {{ outputs.data }}', outputs: {data: rows.txt}}
    - {name: cut, data_parallelism: {size: 3}, on_failure: drop}
    - {name: fit}
    - {name: other}
    - {name: score}
    - name: shell
      command: 'echo shell >> .ran.log; if grep -q 3 {{ inputs.data }} && ! test -e fixed; then exit 3; fi; cp {{ inputs.data }} {{ outputs.line }}'
      outputs: {line: line.txt}
    - {name: whole, data_aggregation: true, on_failure: fail}
    - {name: lines, data_aggregation: true, command: 'echo lines >> .ran.log; cat {{ inputs.line }} > {{ outputs.all }}', outputs: {all: all.txt}}
";

const SCRIPT: &str = "
def fit(data):
    ran('fit ' + data.read_text().split()[0])
    if '3' in data.read_text() and not os.path.exists(ROOT + '/fixed'):
        raise ValueError('a three')
    return {'model': data.read_text()}

def other(data):
    ran('other')
    return {'other': data.read_text()}

def score(model):
    ran('score')
    return {'score': len(model)}

def whole(score, other, failed):
    ran('whole')
    return {'labels': [list(score), list(other)], 'failed': failed}
";

pub fn value(space: &Space, key: &str) -> Json {
    serde_json::from_str(&space.read(&format!("build/whole/out/{key}.json"))).unwrap()
}

/// What was executed, with how often.
pub fn ran(space: &Space) -> Vec<String> {
    let ran = space.logged();
    let _ = std::fs::remove_file(space.path(".ran.log"));
    ran
}

#[test]
fn what_fails_is_left_out_and_tried_again_and_nothing_else_is() {
    for tool in TOOLS {
        let space = project(tool, ADJACENCY, PROCESSES, SCRIPT);
        let first = space.build(tool, &[]).failure();
        for text in [
            "2 instances failed and were left out; 1 more took something of them",
            "fit p2: ValueError: a three (raised)",
            "log: build/fit/p2/log",
            "shell p2: the command failed: exit status 3 (exit)",
        ] {
            assert!(first.says(text), "{tool:?}: {text} is not in\n{}{}", first.out, first.err);
        }
        let all = [
            "fit 1", "fit 3", "fit 5", "lines", "other", "other", "other", "score", "score", "shell",
            "shell", "shell", "whole",
        ];
        assert_eq!(ran(&space), all, "{tool:?}");
        assert_eq!(value(&space, "labels"), json!([["data1", "data3"], ["data1", "data3"]]));
        assert_eq!(value(&space, "failed"), json!({"data2": "raised"}));
        assert_eq!(space.read("build/lines/out/all.txt"), "1\n2\n5\n6\n");
        for instance in ["fit/p2", "shell/p2", "score/p2"] {
            assert_eq!(space.read(&format!("build/{instance}/stamp")), "failed\n");
            assert!(!space.exists(&format!("build/{instance}/record.json")), "{instance}");
        }
        assert_eq!(outcomes(&space, "fit/p2"), ["dropped"]);
        assert_eq!(outcomes(&space, "score/p2"), ["skipped"]);

        let again = space.build(tool, &[]).failure();
        assert!(again.says("2 instances failed and were left out"), "{}{}", again.out, again.err);
        assert_eq!(ran(&space), ["fit 3", "shell"], "{tool:?}");

        space.write("fixed", "");
        space.build(tool, &[]).success();
        assert_eq!(ran(&space), ["fit 3", "lines", "score", "shell", "whole"], "{tool:?}");
        assert_eq!(value(&space, "labels")[0], json!(["data1", "data2", "data3"]));
        assert_eq!(value(&space, "failed"), json!({}));
        assert!(!space.exists("build/fit/p2/failed.json"));
        space.nothing_to_do(tool);
        assert_eq!(ran(&space), [""; 0], "{tool:?}");
    }
}

#[test]
fn a_command_may_ask_how_things_failed() {
    let asks = "echo {{ failed }} > {{ outputs.all }}; cat {{ inputs.line }} >> {{ outputs.all }}";
    let has_code = |line: &&str| ["fit", "other", "score", "whole"].iter().any(|name| line.contains(name));
    let silent: String =
        PROCESSES.split_inclusive('\n').filter(|line| line.contains("grep") || !has_code(line)).collect();
    let curious = silent.replace("cat {{ inputs.line }} > {{ outputs.all }}", asks);
    for (processes, is_asked) in [(curious, true), (silent, false)] {
        for tool in TOOLS {
            let space = project(tool, "load cut\ncut shell\nshell lines", &processes, "");
            space.build(tool, &[]).failure();
            let all = |kinds: &str| format!("{}1\n2\n5\n6\n", if is_asked { kinds } else { "" });
            assert_eq!(space.read("build/lines/out/all.txt"), all("{\"data2\":\"exit\"}\n"), "{tool:?}");
            ran(&space);
            space.edit("expops.yaml", "exit 3", "kill -15 $$");
            space.build(tool, &[]).failure();
            assert_eq!(space.read("build/lines/out/all.txt"), all("{\"data2\":\"signal\"}\n"), "{tool:?}");
            assert_eq!(ran(&space).contains(&"lines".to_owned()), is_asked, "{tool:?}");
            space.edit("expops.yaml", "kill -15 $$", "kill -15  $$");
            space.build(tool, &[]).failure();
            assert!(!ran(&space).contains(&"lines".to_owned()), "{tool:?}");
            space.write("fixed", "");
            space.build(tool, &[]).success();
            let all = if is_asked { "{}\n1\n2\n3\n4\n5\n6\n" } else { "1\n2\n3\n4\n5\n6\n" };
            assert_eq!(space.read("build/lines/out/all.txt"), all, "{tool:?}");
        }
    }
}

#[test]
fn what_was_left_out_is_listed_once() {
    for tool in ["ninja", "make"] {
        let space = project(Tool::Ninja, ADJACENCY, PROCESSES, SCRIPT);
        for quiet in [&[][..], &["--quiet"]] {
            let ran = space.expops(&[&["run", "--with", tool], quiet].concat()).failure();
            let all = format!("{}{}", ran.out, ran.err);
            assert_eq!(all.matches("2 instances failed").count(), 1, "{all}");
            assert!(!all.contains("left out; "), "{all}");
            for line in [
                "\n  fit p2: ValueError: a three (raised)",
                "\n  shell p2: the command failed: exit status 3 (exit)",
            ] {
                assert_eq!(all.matches(line).count(), 1, "{line}:\n{all}");
            }
            assert_eq!(all.contains("2 failed, 1 skipped"), quiet.is_empty(), "{all}");
        }
        // Of one process.
        let ran = space.expops(&["run", "--with", tool, "fit"]).failure();
        assert_eq!(format!("{}{}", ran.out, ran.err).matches("1 instance failed").count(), 1, "{}", ran.err);
    }
}

#[test]
fn one_that_succeeded_before_leaves_nothing_behind_when_it_fails() {
    for tool in TOOLS {
        let space = project(tool, ADJACENCY, PROCESSES, SCRIPT);
        space.write("fixed", "");
        space.build(tool, &[]).success();
        ran(&space);
        // Somebody takes the file away: the next `expops run` sees that.
        std::fs::remove_file(space.path("fixed")).unwrap();
        space.edit("src/main.py", "    return {'model'", "    1\n    return {'model'");
        space.build(tool, &[]).failure();
        assert_eq!(value(&space, "labels")[0], json!(["data1", "data3"]), "{tool:?}");
        assert!(!space.exists("build/fit/p2/out") && !space.exists("build/fit/p2/values.json"));
        // Partitions that are gone fail nobody.
        space.edit("expops.yaml", "{size: 3}", "{size: 1}");
        space.write("fixed", "");
        space.build(tool, &[]).success();
        assert!(space.exists("build/fit/p2/failed.json"), "{tool:?}");
    }
}

#[test]
fn an_aggregation_may_ask_for_enough() {
    let processes = PROCESSES
        .replace("data_aggregation: true, on_failure: fail", "data_aggregation: true, at_least: 90%");
    for tool in TOOLS {
        let space = project(tool, ADJACENCY, &processes, SCRIPT);
        let failed = space.build(tool, &[]).failure();
        let said = "whole: 2 of 3 that it gathers succeeded, and it asks for 90%";
        assert!(
            failed.says(said) && failed.says("fit p2 failed: ValueError: a three"),
            "{}{}",
            failed.out,
            failed.err
        );
        assert!(!ran(&space).contains(&"whole".to_owned()));
        space.edit("expops.yaml", "90%", "60%");
        space.build(tool, &[]).failure();
        // Whether the other aggregation ran before the build was stopped, nobody knows.
        let without_lines: Vec<_> = ran(&space).into_iter().filter(|line| line != "lines").collect();
        assert_eq!(without_lines, ["fit 3", "shell", "whole"], "{tool:?}");
    }
}

#[test]
fn kinds_count_only_for_who_asks_for_them() {
    let processes = "    - {name: rows, data_parallelism: {size: 2}}
    - {name: fit, on_failure: drop}
    - {name: told, data_aggregation: true}
    - {name: untold, data_aggregation: true}
    - {name: nothing, data_aggregation: true}
    - {name: hopeless, on_failure: drop}
";
    let script = "
@process()
def rows():
    return [1, 2]

def fit(data):
    if data[0] == 2:
        sys.exit(3) if os.path.exists(ROOT + '/exits') else 1 / 0
    return {'y': data[0]}

def hopeless(data):
    return {'z': 1 / 0}

def told(y, failed):
    ran('told')
    return {'y': y, 'failed': failed}

def untold(y):
    ran('untold')
    return {'y': y}

def nothing(z):
    ran('nothing')
    return {}
";
    for tool in TOOLS {
        let space = project(tool, "rows fit hopeless\nfit told untold\nhopeless nothing", processes, script);
        space.build(tool, &[]).failure();
        assert_eq!(ran(&space), ["told", "untold"]);
        assert_eq!(space.read("build/nothing/stamp"), "failed\n");
        space.build(tool, &[]).failure();
        assert_eq!(ran(&space), [""; 0], "{tool:?}");
        space.write("exits", "");
        space.build(tool, &[]).failure();
        assert_eq!(ran(&space), ["told"], "{tool:?}");
        let failed: Json = serde_json::from_str(&space.read("build/told/out/failed.json")).unwrap();
        assert_eq!(failed, json!({"data2": "exit"}));
    }
    let space =
        project(Tool::Ninja, "rows fit hopeless\nfit told untold\nhopeless nothing", processes, script);
    let part = space.build(Tool::Ninja, &["untold"]).success();
    assert!(part.says("fit p2: left out: ZeroDivisionError"), "{}", part.out);
    space.build(Tool::Ninja, &["fit@p1"]).success();
    assert!(space.build(Tool::Ninja, &["fit"]).failure().says("1 instance failed and was left out"));
}
