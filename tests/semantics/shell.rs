//! Processes that are shell commands.

use super::{assert_says, assert_silent_of, configured, failed, json, project, value};
use crate::space::{Space, TOOLS};

/// Lines of a file, cut into three, counted, and put together again.
fn lines() -> Space {
    let space = configured(
        "reproducibility: {random_seed: 7}\nexperiment: {parameters: {word: outer, unused: 1}}",
        "
load split
split count
count total
count seeds
seeds seeded
seeded seen
",
        r#"
- name: load
  command: "cp data/lines.txt {{ outputs.text }}"
  outputs: {text: "the lines.txt"}
- {name: split, data_parallelism: {size: 3, data_name: text}}
- name: count
  command: |
    wc -l < {{ inputs.text }} | tr -d ' ' > {{ outputs.lines }}
    printf '%s|' {{ parameters.word }} {{ parameters.quoted }} {{ partition }} {{ seed }} > {{ outputs.said }}
  parameters: {word: "it's $HOME; rm -rf *", quoted: "a\"b\\"}
  outputs: {lines: lines.txt, said: sub/said.txt}
- name: total
  data_aggregation: true
  command: "cat {{ inputs.lines }} > {{ outputs.all }}; cat {{ inputs.lines.data2 }} >> {{ outputs.all }}; echo {% for k in inputs.lines %}{{ k }} {% endfor %} >> {{ outputs.all }}"
  outputs: {all: all.txt}
- {name: seeds, seed_parallelism: {seeds: [41, 42]}}
- {name: seeded, command: "echo {{ seed }} {{ partition }} {{ inputs.lines }} > {{ outputs.x }}", outputs: {x: x.txt}}
- {name: seen, data_aggregation: true, seed_aggregation: true}
"#,
        "
def seen(x):
    return {'seen': {data: {seed: path.read_text().split()[:2] for seed, path in inner.items()} for data, inner in x.items()}}
",
    );
    space.write("data/lines.txt", "one\ntwo\nthree\nfour\nfive");
    space
}

#[test]
fn commands_get_quoted_paths_and_gathered_ones() {
    for tool in TOOLS {
        let space = lines();
        space.compile(tool).success();
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/split/p2/the lines.txt"), "three\nfour\n", "{tool:?}");
        assert_eq!(space.read("build/total/out/all.txt"), "2\n2\n0\n2\ndata1 data2 data3\n");
        assert_eq!(space.read("build/count/p2/out/sub/said.txt"), "it's $HOME; rm -rf *|a\"b\\|2|7|");
        let arms =
            |n: u8| serde_json::json!({"seed41": ["41", n.to_string()], "seed42": ["42", n.to_string()]});
        assert_eq!(
            value(&space, "seen", "seen"),
            serde_json::json!({"data1": arms(1), "data2": arms(2), "data3": arms(3)})
        );
        let plan = json(&space, "build/.expops/plan/count.json").to_string();
        assert!(!plan.contains("unused"));
        space.nothing_to_do(tool);
    }
}

#[test]
fn a_command_that_fails_leaves_nothing_under_its_name() {
    let space = project(
        "missing\nexits\nkilled\nload undefined\ngood",
        r#"
- {name: missing, command: "echo {{ outputs.y }} > {{ outputs.x }}", outputs: {x: x.txt, y: y.txt}}
- {name: exits, command: "echo half > {{ outputs.x }}; echo to stderr >&2; exit 3", outputs: {x: x.txt}}
- {name: killed, command: "kill -9 $$", outputs: {x: x.txt}}
- {name: load}
- {name: undefined, command: "cat {{ inputs.df }} > {{ outputs.x }}", outputs: {x: x.txt}}
- {name: good, command: "echo good > {{ outputs.x }}", outputs: {x: x.txt}}
"#,
        "def load():\n    return {'a': 1} | {}\n",
    );
    let ran = failed(&space);
    assert_says(
        &ran,
        &[
            "missing: the command did not write its output `y` (`y.txt`)",
            "exits: the command failed: exit status 3",
            "to stderr",
            "log: build/exits/log",
            "killed: the command failed: killed by signal 9",
            "undefined: the command cannot be filled in: no upstream returns `df`",
        ],
    );
    assert_silent_of(&ran, &["Traceback", "panicked"]);
    assert_eq!(space.read("build/good/out/x.txt"), "good\n");
    for name in ["missing", "exits", "killed", "undefined"] {
        assert!(
            !space.exists(&format!("build/{name}/out/x.txt"))
                && !space.exists(&format!("build/{name}/stamp")),
            "{name}"
        );
    }
}

#[test]
fn hostile_names_reach_commands_unharmed() {
    let name = "a 'b' $(c) \"d\"; e & #%";
    let yaml_name = name.replace('\'', "''");
    // Make cannot quote these in a target.
    let file = yaml_name.replace([';', '(', ')'], "") + ".txt";
    let space = project(
        "NAMES",
        &format!(
            r#"
- name: '{yaml_name}'
  command: "printf x > {{{{ outputs.out }}}}"
  outputs: {{out: '{file}'}}
- {{name: use, command: "cat {{{{ inputs.out }}}} > {{{{ outputs.copy }}}}", outputs: {{copy: copy.txt}}}}
"#
        ),
        "",
    );
    space.edit("expops.yaml", "|\n    NAMES", &format!("{{'{yaml_name}': use}}"));
    for tool in TOOLS {
        space.compile(tool).success();
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/use/out/copy.txt"), "x", "{tool:?}");
        space.nothing_to_do(tool);
        std::fs::remove_dir_all(space.path("build")).unwrap();
    }
}
