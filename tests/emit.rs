//! The generated files: what they say, byte for byte, and that nothing in a name or a path upsets them.
//! `EXPOPS_BLESS=1` accepts what the goldens have become.

use std::fs;

use crate::space::{Space, TOOLS, Tool, repository, side_by_side};

const FORMATS: [(&str, &str, &str); 3] =
    [("ninja", "build.ninja", "ninja"), ("make", "Makefile", "make"), ("sh", "build.sh", "sh")];

fn cases() -> Vec<String> {
    let entries = fs::read_dir(repository().join("tests/emit")).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    cases.sort();
    cases
}

/// Compiles a case with the flags in its file `flags`, if it has one, and returns the text.
fn compiled(space: &Space, format: &str, file: &str) -> String {
    let flags = if space.exists("flags") { space.read("flags") } else { String::new() };
    let arguments = ["compile", "--format", format, "-o", file].into_iter().chain(flags.split_whitespace());
    space.expops(&arguments.collect::<Vec<_>>()).success();
    space.read(file)
}

#[test]
fn goldens() {
    let bless = std::env::var_os("EXPOPS_BLESS").is_some();
    for case in cases() {
        let space = Space::copy_of(&format!("tests/emit/{case}"));
        for (format, file, program) in FORMATS {
            let text = compiled(&space, format, file);
            let golden = repository().join(format!("tests/emit/{case}/expected/{file}"));
            if bless {
                fs::create_dir_all(golden.parent().unwrap()).unwrap();
                fs::write(&golden, &text).unwrap();
            }
            let expected = fs::read_to_string(&golden).unwrap_or_default();
            assert!(text == expected, "{case}: {file} is not {}; it is\n{text}", golden.display());
            let goal = text.contains("one_all").then_some("one_all");
            let goal = goal.filter(|_| program == "make");
            let arguments: Vec<_> =
                ["-n"].into_iter().chain((program == "sh").then_some(file)).chain(goal).collect();
            space.run(program, &arguments).success();
        }
    }
}

#[test]
fn the_same_bytes_from_another_folder_and_with_keys_in_another_order() {
    let space = Space::copy_of("tests/emit/layers");
    let again = Space::copy_of("tests/emit/layers");
    let text = again.read("expops.yaml");
    let (head, pipeline) = text.split_once("pipeline:\n").unwrap();
    let (metadata, scripts) = head.split_once("scripts:").unwrap();
    again.write("expops.yaml", format!("scripts:{scripts}pipeline:\n{pipeline}\n{metadata}"));
    for (format, file, _) in FORMATS {
        assert_eq!(compiled(&space, format, file), compiled(&again, format, file));
    }
    assert!(space.tree("build/.expops/plan") == again.tree("build/.expops/plan"));
}

#[test]
fn a_second_compilation_touches_nothing() {
    for (format, file, _) in FORMATS {
        let space = Space::copy_of("tests/emit/layers");
        compiled(&space, format, file);
        let times = |space: &Space| {
            let files = space.tree("build").into_keys().map(|name| format!("build/{name}"));
            files.chain([file.to_owned()]).map(|name| space.time(&name)).collect::<Vec<_>>()
        };
        let before = times(&space);
        compiled(&space, format, file);
        assert_eq!(times(&space), before);
    }
}

const HOSTILE: [&str; 17] = [
    "two words",
    "it's",
    "\\\"quoted\\\"",
    "$HOME",
    "$(touch pwned)",
    "`touch pwned`",
    "a:b",
    "a#b",
    "50%",
    "back\\\\slash",
    "größe 数",
    "-rf",
    ".hidden",
    "../../escape",
    "build.ninja",
    "a;b|c&d",
    "x=y,(z)*?[~]",
];

/// One process for each name, behind a split, all of them shell commands on a file.
fn hostile(data: &str) -> Space {
    let space = Space::new();
    let long = "n".repeat(200);
    let names: Vec<_> = HOSTILE.iter().copied().chain([long.as_str()]).collect();
    let yaml = |text: &str| format!("\"{text}\"");
    let edges: String = names.iter().map(|name| format!("    {}: [\"end: $\"]\n", yaml(name))).collect();
    let all = names.iter().map(|name| yaml(name)).collect::<Vec<_>>().join(", ");
    let process = |(i, name): (usize, &&str)| {
        format!(
            "    - {{name: {}, command: 'cat < {{{{ inputs.rows }}}} > {{{{ outputs.o{i} }}}}', outputs: {{o{i}: o.txt}}}}\n",
            yaml(name)
        )
    };
    let processes: String = names.iter().enumerate().map(process).collect();
    let path = data.replace('\'', "''");
    space.write(
        "expops.yaml",
        format!(
            "data: {{path: '{path}'}}
pipeline:
  process_adjlist:
    \"load it\": [\"cut: $\"]
    \"cut: $\": [{all}]
{edges}  processes:
    - name: load it
      files: ['{path}']
      command: 'cp data/* {{{{ outputs.rows }}}}'
      outputs: {{rows: rows.csv}}
    - {{name: \"cut: $\", data_parallelism: {{size: 2, data_name: rows}}}}
{processes}    - {{name: \"end: $\", data_aggregation: true, command: 'cat {{{{ inputs.o0 }}}} > {{{{ outputs.all }}}}', outputs: {{all: all.txt}}}}
"
        ),
    );
    space.write(data, "id,value\n1,a\n2,b\n");
    space
}

fn entries(space: &Space) -> Vec<String> {
    let entries = fs::read_dir(space.path("")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with(".ninja_"));
    names.sort();
    names
}

#[test]
fn hostile_names_are_built_and_stay_in_the_build_folder() {
    for tool in TOOLS {
        let space = hostile("data/rows.csv");
        space.compile(tool).success();
        let built = space.build(tool, &[]).success();
        assert!(built.says("it's p2") && !built.says("warning"), "{}{}", built.out, built.err);
        space.nothing_to_do(tool);
        let file = if tool == Tool::Ninja { "build.ninja" } else { "Makefile" };
        let mut expected = [file, "build", "data", "expops.yaml"];
        expected.sort_unstable();
        assert_eq!(entries(&space), expected);
        let stamps = space.tree("build").into_keys().filter(|name| name.ends_with("/stamp")).count();
        assert_eq!(stamps, 2 * (HOSTILE.len() + 1) + 2 + 1 + 1);
        assert_eq!(space.read("build/end,3A,20,24/out/all.txt").lines().count(), 4);
        // A file may have the name of a process: then the target's first letter gives way.
        let clash = if tool == Tool::Ninja { ",62uild.ninja" } else { "build.ninja" };
        for target in [
            clash,
            "it,27s@p2",
            "build.ninja@p2",
            ",2Drf",
            "50,25@p1",
            "größe,20数",
            "x,3Dy,,28z,29,2A,3F,5B,7E,5D",
        ] {
            space.build(tool, &[target]).success();
        }
    }
}

#[test]
fn hostile_paths() {
    let both = [
        "two words.csv",
        "it's.csv",
        "$HOME.csv",
        "a#b.csv",
        "50%.csv",
        "größe 数.csv",
        "a&b,c\"d\".csv",
        "-rf",
    ];
    let only_ninja = ["a:b.csv", "a;b.csv", "a=b.csv", "new (1).csv", "a*b?[c].csv", "~a\\b.csv"];
    for tool in TOOLS {
        for name in both.iter().chain(&only_ninja) {
            let space = Space::new();
            space.write(&format!("data/{name}"), "1\n");
            let yaml = name.replace('\'', "''");
            space.write(
                "expops.yaml",
                format!(
                    "data: {{path: 'data/{yaml}'}}
processes:
  - {{name: copy, command: 'cp -- data/* {{{{ outputs.o }}}}', outputs: {{o: o}}}}
process_adjlist: copy
"
                ),
            );
            if tool == Tool::Make && only_ninja.contains(name) {
                assert!(space.compile(tool).failure().says("E505"), "{name}");
                continue;
            }
            space.compile(tool).success();
            space.build(tool, &[]).success();
            space.nothing_to_do(tool);
            space.write(&format!("data/{name}"), "2\n");
            space.build(tool, &[]).success();
            assert_eq!(space.read("build/copy/out/o"), "2\n", "{tool:?} {name}");
        }
    }
}

/// Old and new Ninja: whichever can be found beside the one on the path.
#[test]
fn other_versions_of_ninja_build_it_too() {
    let others = std::env::var("EXPOPS_TEST_NINJAS").unwrap_or_else(|_| "/usr/bin/ninja".to_owned());
    for ninja in others.split(':').filter(|path| std::path::Path::new(path).exists()) {
        let space = hostile("data/two words: $.csv");
        space.compile(Tool::Ninja).success();
        space.run(ninja, &[]).success();
        assert!(space.run(ninja, &[]).says("no work to do"), "{ninja}");
        space.edit("expops.yaml", "size: 2", "size: 3");
        space.run(ninja, &[]).success();
        assert!(
            space.exists("build/it,27s/p3/stamp") && space.run(ninja, &[]).says("no work to do"),
            "{ninja}"
        );
    }
}

/// Processes `src`, `data` and `plots`: the folders of modules, of data that nobody declares, and of what comes later.
#[test]
fn a_process_may_have_the_name_of_a_folder_that_is_read() {
    for tool in TOOLS {
        let space = Space::new();
        let names = ["src", "data", "plots"];
        space.write("expops.yaml", side_by_side(&names));
        let function = |name: &str| {
            let list = "sorted(f for n in ('data', 'plots') if os.path.isdir(ROOT + n) for f in os.listdir(ROOT + n))";
            format!("def {name}():\n    ran('{name}')\n    return {{'x': {list}}}\n")
        };
        let script = "import os\nfrom counted import ran\nROOT = os.environ['EXPOPS_PROJECT_ROOT'] + '/'\n";
        space.write("src/model.py", script.to_owned() + &names.map(function).concat());
        space.write("data/a.csv", "");
        space.write("plots/o.png", "");
        space.compile(tool).success();
        assert_eq!(space.ran(tool), ["data", "plots", "src"]);
        for new in ["data/b.csv", "plots/p.png", "plots/q.png"] {
            space.nothing_to_do(tool);
            space.tick();
            space.write(new, "");
            assert_eq!(space.ran(tool), ["data", "plots", "src"], "{tool:?} {new}");
            let told = space.build(tool, &[]).success();
            assert!(!told.says("Circular") && !told.says("warning"), "{}{}", told.out, told.err);
        }
        space.nothing_to_do(tool);
        space.build(tool, &["data", ",73rc"]).success();
        space.expops(&["run", "src"]).success();
    }
}

#[test]
fn a_layer_of_one_has_a_target_for_its_instance() {
    for tool in TOOLS {
        for (layer, target) in [
            ("data_parallelism: {size: 1, data_name: t}", "fit@p1"),
            ("seed_parallelism: {seeds: [41]}", "fit@s41"),
        ] {
            let space = Space::new();
            space.write(
                "expops.yaml",
                format!(
                    "process_adjlist: |
  rows cut
  cut fit
processes:
  - {{name: rows, command: 'seq 4 > {{{{ outputs.t }}}}', outputs: {{t: t.txt}}}}
  - {{name: cut, {layer}}}
  - {{name: fit, command: 'cp {{{{ inputs.t }}}} {{{{ outputs.u }}}}', outputs: {{u: u.txt}}}}
"
                ),
            );
            space.compile(tool).success();
            let printed = space.expops(&["query", "--targets", "//*[@name='fit']"]).success();
            assert_eq!(printed.out.trim(), target);
            space.build(tool, &[target]).success();
            space.build(tool, &["fit"]).success();
            space.nothing_to_do(tool);
            space.expops(&["run", target]).success();
        }
    }
}
