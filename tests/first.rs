//! The first minutes: a project that `expops new` made, and what a shell is told about it.

use std::collections::BTreeSet;
use std::fs;

use crate::space::{Ran, Space, TOOLS, Tool, has_python};

fn new(space: &Space, words: &[&str]) {
    space.expops(&[&["new"], words].concat()).success();
}

/// What the program says in the folder `name`.
#[track_caller]
fn in_folder(space: &Space, name: &str, words: &[&str]) -> Ran {
    let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
    command.current_dir(space.path(name)).args(words).output().unwrap().into()
}

#[test]
fn each_template_runs_and_one_edited_row_runs_one_partition() {
    let space = Space::new();
    for (template, process) in [("basic", "summary"), ("shell", "sort")] {
        new(&space, &[template, "--template", template]);
        in_folder(&space, template, &["run"]).success();
        space.edit(&format!("{template}/data/plants.csv"), "40,", "41,");
        let ran = in_folder(&space, template, &["run"]).success();
        for part in ["p1", "p2", "p3", "p4"] {
            assert_eq!(ran.says(&format!("{process} {part}\n")), part == "p4", "{}", ran.out);
        }
    }
    assert!(space.read("basic/build/report/out/report/report.txt").contains("data4 10 "));
    new(&space, &["empty", "--template", "empty"]);
    in_folder(&space, "empty", &["run"]).success();
}

#[test]
fn a_project_about_ones_own_table() {
    let space = Space::new();
    space.write("my data (2).csv", "\u{feff}when;who;\"how: much\"\nmonday;a;2.5\ntuesday;b;\nfriday;c;4\n");
    new(&space, &["yes: #1", "--from", "my data (2).csv"]);
    in_folder(&space, "yes: #1", &["run"]).success();
    let report = space.read("yes: #1/build/report/out/report/report.txt");
    assert!(report.starts_with("how: much: rows, mean"), "{report}");
    assert!(report.contains("data1 1 2.5"), "{report}");
    space.write("words.csv", "a,b\nx,y\n");
    let refused = space.expops(&["new", "words", "--from", "words.csv"]).failure();
    assert!(refused.says("none of the columns of `words.csv` is a number"), "{}", refused.err);
    assert!(!space.exists("words"));
}

#[test]
fn numbers_may_have_decimal_commas_and_be_missing() {
    let space = Space::new();
    let rows = "01.03.2024;A;12,5;Bonn\n02.03.2024;B;;Köln\n03.03.2024;A; -13;NA\n04.03.2024;C;NA;Bonn\n";
    space.write("t.csv", format!("Datum;class;Länge in mm;Ort\n{rows}"));
    new(&space, &["basic", "--from", "t.csv"]);
    in_folder(&space, "basic", &["run"]).success();
    let report = space.read("basic/build/report/out/report/report.txt");
    assert!(report.starts_with("Länge in mm: rows") && report.contains("data1 1 12.5 12.5"), "{report}");
    assert!(report.contains("data3 1 -13.0"), "{report}");
    new(&space, &["sklearn", "--template", "sklearn", "--from", "t.csv"]);
    assert!(space.read("sklearn/steps.py").contains("sep=\";\", decimal=\",\")"));
    space.write("u.csv", "name,size,many\na,1,x\nb,2,y\nc,n.d.,3\n");
    let refused = space.expops(&["new", "u", "--from", "u.csv"]).failure();
    assert!(refused.says("`size` and `many`); `size` has `n.d.` in line 4"), "{}", refused.err);
}

/// Whatever the shell template is given; and what a reader of CSV would take for a part of the first column's name.
#[test]
fn a_table_may_have_other_delimiters_and_a_byte_order_mark() {
    let space = Space::new();
    for (name, text) in [("semicolons.csv", "a;b\nx;1\ny;2\n"), ("tabs.tsv", "a\tb\nx\t1\ny\t2\n")] {
        space.write(name, text);
        new(&space, &[&name[..4], "--template", "shell", "--from", name]);
        in_folder(&space, &name[..4], &["run"]).success();
    }
    space.write("marked.csv", "\u{feff}n\n1\n2\n");
    new(&space, &["marked", "--from", "marked.csv"]);
    in_folder(&space, "marked", &["run"]).success();
    space.write("bars.csv", "a|n\nx|1\ny|2\n");
    new(&space, &["bars", "--from", "bars.csv"]);
    in_folder(&space, "bars", &["run"]).success();
}

#[test]
fn what_is_not_csv_is_named() {
    let space = Space::new();
    let late = format!("n\n{}oops\n", "1\n".repeat(2000));
    let files: [(&str, &[u8], &str); 6] = [
        ("a.csv", b"\xFF\xFEn\0\n\0", "it looks like text in UTF-16"),
        ("b.csv", b"PAR1\0\0\0", "it looks like Parquet"),
        ("c.csv", b"\x1F\x8B\x08\0", "it looks like gzip"),
        ("d.csv", b"n\n1\n\xE4\n", "line 3 is not in UTF-8; convert it"),
        ("e.csv", b"n,m\n1,2\n3\n", "line 3 has 1 field, and the first one 2"),
        ("f.csv", late.as_bytes(), "none of the columns"),
    ];
    for (name, content, wrong) in files {
        fs::write(space.path(name), content).unwrap();
        let refused = space.expops(&["new", "project", "--from", name]).failure();
        assert!(refused.says(wrong), "{}", refused.err);
    }
}

/// pandas gives columns without a name, and the second one of a name, names of its own.
#[test]
fn the_example_works_on_a_column_that_has_a_name_of_its_own() {
    let space = Space::new();
    space.write("t.csv", "n,a,a,\n1,x,1,1\n2,x,2,2\n");
    for template in ["basic", "sklearn"] {
        new(&space, &[template, "--template", template, "--from", "t.csv"]);
        let yaml = space.read(&format!("{template}/expops.yaml"));
        assert!(["column: \"n\"", "target: \"n\""].iter().any(|line| yaml.contains(line)), "{yaml}");
    }
}

/// What `new` says to run, with the packages at hand: what an environment is made of is downloaded.
#[test]
fn the_template_for_scikit_learn_learns() {
    if !has_python(&["sklearn", "pandas", "pyarrow"]) {
        return;
    }
    let space = Space::new();
    new(&space, &["plants", "--template", "sklearn"]);
    space.edit("plants/expops.yaml", "environment:\n  science: {venv: [requirements.txt]}\n", "");
    in_folder(&space, "plants", &["run"]).success();
    let report = space.read("plants/build/report/out/report/report.txt");
    let scores: Vec<_> = report.lines().map(|line| line.split(' ').collect::<Vec<_>>()).collect();
    assert_eq!(scores.iter().map(|words| words[0]).collect::<Vec<_>>(), ["data1", "data2"], "{report}");
    let is_score = |word: &&&str| word.contains('.') && word.parse::<f64>().is_ok_and(f64::is_finite);
    assert_eq!(scores.iter().flatten().filter(is_score).count(), 4, "{report}");
    let mut python = space.command("python3");
    python.current_dir(space.path("plants")).env("PYTHONPATH", "build/.expops/python");
    let test = "import test_steps; test_steps.test_a_line_is_learned()";
    Ran::from(python.args(["-c", test]).output().unwrap()).success();
}

/// What the programs write at the top of a project is not for git.
#[test]
fn git_ignores_what_is_made() {
    let space = Space::new();
    new(&space, &["plants"]);
    let entries = || {
        let entries = fs::read_dir(space.path("plants")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>()
    };
    let before = entries();
    for (format, words) in FORMATS {
        in_folder(&space, "plants", &["compile", "--format", format]).success();
        let mut build = space.command(words[0]);
        Ran::from(build.current_dir(space.path("plants")).args(&words[1..]).output().unwrap()).success();
    }
    in_folder(&space, "plants", &["report"]).success();
    let ignored = space.read("plants/.gitignore");
    for made in entries().difference(&before) {
        assert!(ignored.lines().any(|line| line.trim_end_matches('/') == made), "{made} is not ignored");
    }
    assert!([".ninja_deps", "build.sh", "report.html"].iter().all(|name| entries().contains(*name)));
}

/// Where the wheel is not installed, a test finds the package that the build has.
#[test]
fn a_test_of_a_new_project_imports_what_it_needs_once_there_was_a_build() {
    let space = Space::new();
    new(&space, &["plants"]);
    in_folder(&space, "plants", &["run"]).success();
    let settings = space.read("plants/pyproject.toml");
    let path = settings.lines().find_map(|line| line.strip_prefix("pythonpath = [\"")).unwrap();
    let mut python = space.command("python3");
    python.current_dir(space.path("plants")).env("PYTHONPATH", path.trim_end_matches("\"]"));
    let test = "import test_steps; test_steps.test_missing_values_do_not_count()";
    Ran::from(python.args(["-c", test]).output().unwrap()).success();
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let space = Space::new();
    space.write("mine/notes.txt", "mine");
    let refused = space.expops(&["new", "mine"]).failure();
    assert!(refused.says("`mine` is there already"), "{}", refused.err);
    assert_eq!(fs::read_dir(space.path("mine")).unwrap().count(), 1);
}

#[test]
fn a_project_is_found_from_any_folder_in_it() {
    let space = Space::new();
    new(&space, &["project"]);
    fs::create_dir_all(space.path("project/notes/old")).unwrap();
    for tool in TOOLS {
        let tool = if tool == Tool::Ninja { "ninja" } else { "make" };
        in_folder(&space, "project/notes/old", &["run", "--with", tool]).success();
        let labels = in_folder(&space, "project/notes", &["query", "--labels", "//process"]).success();
        assert_eq!(labels.out, in_folder(&space, "project", &["query", "--labels", "//process"]).out);
        in_folder(&space, "project/data", &["status"]).success();
        in_folder(&space, "project/data", &["explain", "summary@p2"]).success();
    }
    assert!(!space.exists("project/notes/build") && !space.exists("project/notes/old/build"));
    let lost = in_folder(&space, ".", &["run"]).failure();
    assert!(lost.says("there is no project here, nor in any folder above"), "{}", lost.err);
}

/// What bash would offer behind `before` and a word that it takes for several, the last of which, with an `@`, is
/// replaced.
fn ask_bash(space: &Space, before: &str, word: &[&str]) -> Vec<String> {
    let replaced =
        if word.get(1) == Some(&"@") { word[1..].concat() } else { word[word.len() - 1].to_owned() };
    let script = format!(
        "source <(expops completions bash); COMP_LINE='{before} {}'; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=9; \
         COMP_WORDS=({before} {}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _expops expops '{replaced}' ''; \
         echo \"${{COMPREPLY[@]}}\"",
        word.concat(),
        word.join(" "),
    );
    let mut bash = space.command("bash");
    let output = bash.current_dir(space.path("project")).args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_shell_is_told_processes_and_behind_an_at_their_instances() {
    let space = Space::new();
    new(&space, &["project"]);
    let ask = |typed: &str| {
        let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
        command.current_dir(space.path("project/data")).env("EXPOPS_COMPLETE", "fish");
        let output = command.args(["--", "expops", "run", typed]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ask("s"), ["split", "summary"]);
    assert_eq!(ask("summary@p"), ["summary@p1", "summary@p2", "summary@p3", "summary@p4"]);
    assert_eq!(ask("nothing"), [""; 0]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(space.expops(&["completions", shell]).success().out.contains("EXPOPS_COMPLETE"));
    }
    assert_eq!(ask_bash(&space, "expops run", &["summary", "@", "p"]), ["@p1", "@p2", "@p3", "@p4"]);
    assert_eq!(ask_bash(&space, "expops run --force", &["summ"]), ["summary"]);
    assert_eq!(ask_bash(&space, "expops compile", &["--format", "=", "ma"]), ["make"]);
    space.expops(&["man", "pages"]).success();
    assert!(space.read("pages/expops-run.1").contains("build all instances of `train`"));
}

/// What the shell `name` offers in the folder of the project: the lines that `words` print there. None if it is not
/// installed.
fn ask_shell(space: &Space, name: &str, words: &[&str]) -> Option<Vec<String>> {
    let mut shell = space.command(name);
    shell.current_dir(space.path("project")).env("HOME", space.path("project")).env("TERM", "dumb");
    let ran = Ran::from(shell.args(words).output().ok()?).success();
    Some(ran.out.lines().map(str::to_owned).collect())
}

#[test]
fn zsh_and_fish_complete_processes_and_instances() {
    let space = Space::new();
    new(&space, &["project"]);
    let zsh = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/completions/zsh");
    for (typed, offered, left) in [
        ("expops run summ", &["summary"][..], "expops run summary "),
        ("expops run --force s", &["split", "summary"], "expops run --force s"),
        (
            "expops explain summary@p",
            &["summary@p1", "summary@p2", "summary@p3", "summary@p4"],
            "expops explain summary@p",
        ),
        ("expops compile --format=ma", &["--format=make"], "expops compile --format=make "),
    ] {
        let wanted = offered.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        match ask_shell(&space, "zsh", &["-f", zsh, typed]) {
            Some(mut lines) => {
                assert_eq!(lines.pop(), Some(format!("={left}")));
                assert_eq!(lines.into_iter().collect::<BTreeSet<_>>(), wanted);
            }
            None => eprintln!("zsh is not installed: skipped"),
        }
        let script = format!("expops completions fish | source; complete -C '{typed}'");
        match ask_shell(&space, "fish", &["--no-config", "-c", &script]) {
            Some(lines) => {
                let words = lines.iter().filter_map(|line| line.split('\t').next().map(str::to_owned));
                assert_eq!(words.collect::<BTreeSet<_>>(), wanted);
            }
            None => eprintln!("fish is not installed: skipped"),
        }
    }
}

#[test]
fn a_value_is_shown_and_given_to_python() {
    let space = Space::new();
    new(&space, &["project"]);
    let early = in_folder(&space, "project", &["show", "summary@p2.count"]).failure();
    assert!(early.says("`expops compile`") || early.says("has not been built"), "{}", early.err);
    in_folder(&space, "project", &["run"]).success();
    let keys = space.read("project/build/summary/p2/values.json");
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    let key = keys["values"][0]["key"].as_str().unwrap();
    let shown = in_folder(&space, "project/data", &["show", &format!("summary@p2.{key}")]).success();
    let program =
        format!("import expops, json; print(json.dumps(expops.load('summary@p2', '{key}'), indent=2))");
    let mut python = space.command("python3");
    python.current_dir(space.path("project/data")).args(["-c", &program]);
    python.env("PYTHONPATH", space.path("project/build/.expops/python"));
    let loaded = crate::space::Ran::from(python.output().unwrap()).success();
    assert_eq!(shown.out, loaded.out);
    assert!(!shown.out.trim().is_empty());
    for (wrong, said) in [
        ("summary@p2.nothing", "has no key or metric `nothing`; it has `"),
        (&format!("summary.{key}"), "`summary` has 4 instances: name one, as `summary@p1."),
        ("summary@p2", "name a key as well"),
        ("sumary@p2.x", "did you mean `summary@p2`?"),
        ("x", "a value is named by an instance and a key"),
    ] {
        let refused = in_folder(&space, "project", &["show", wrong]).failure();
        assert!(refused.says(said), "{wrong}: {}", refused.err);
    }
}

/// `expops show … | head -1`: who reads ends first.
#[test]
fn a_value_is_shown_to_who_does_not_read_on() {
    let space = Space::new();
    new(&space, &["project"]);
    in_folder(&space, "project", &["run"]).success();
    let line = "(sleep 1; expops show summary@p2.summary; echo $? > status) 2> told | true; cat told status";
    let mut shell = space.command("sh");
    shell.current_dir(space.path("project")).args(["-c", line]);
    let told = crate::space::Ran::from(shell.output().unwrap()).success();
    assert_eq!(told.out, "0\n");
}

const READER: &str = "
process_adjlist: |
  read count
processes:
  - {name: read, command: 'cat rows.csv > {{ outputs.rows }}', outputs: {rows: rows.csv}}
  - {name: count, command: 'wc -l < {{ inputs.rows }} > {{ outputs.n }}', outputs: {n: n.txt}}
";

/// The formats, the files in them, and the programs that run these.
const FORMATS: [(&str, &[&str]); 3] =
    [("ninja", &["ninja"]), ("make", &["make", "-s"]), ("sh", &["sh", "build.sh"])];

#[test]
fn the_program_may_be_in_a_folder_with_blanks_and_quotes() {
    for tool in ["ninja", "make"] {
        let space = Space::new();
        new(&space, &["it", "--template", "shell"]);
        let program = space.path("the user's programs/expops");
        fs::create_dir(program.parent().unwrap()).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_expops"), &program).unwrap();
        let mut run = space.command(program.to_str().unwrap());
        let ran = Ran::from(run.args(["run", "it", "--with", tool]).output().unwrap()).success();
        assert!(ran.says("sort p1\n") && !ran.says("expops: done"), "{tool}: {}", ran.out);
    }
}

/// Puts a program `expops` before all others on PATH.
fn shadow(space: &Space, script: &str) {
    space.write("tools/bin/expops", format!("#!/bin/sh\n{script}\n"));
    space.run("chmod", &["+x", "tools/bin/expops"]).success();
}

#[test]
fn another_program_of_that_name_is_named_and_runs_nothing() {
    for (format, build) in FORMATS {
        let space = Space::new();
        space.write("expops.yaml", READER);
        space.write("rows.csv", "1\n2\n");
        space.expops(&["compile", "--format", format]).success();
        // It succeeds at everything, and says that it is called expops.
        let another = "echo \"$*\" >> \"$ANOTHER\"; echo expops 0.1.7";
        space.set("ANOTHER", space.path("another.log").to_str());
        let refused = |what: &str| {
            let ran = space.run(build[0], &build[1..]).failure();
            assert!(
                ran.says(
                    "the `expops` on PATH is another program, or there is none: `pip install expops-build`"
                ),
                "{format}, {what}: {}{}",
                ran.out,
                ran.err
            );
            assert!(space.read("another.log").lines().all(|line| line == "--version"), "{format}, {what}");
        };
        shadow(&space, another);
        refused("a first build");
        fs::remove_file(space.path("tools/bin/expops")).unwrap();
        space.run(build[0], &build[1..]).success();
        fs::remove_file(space.path("another.log")).unwrap();
        shadow(&space, another);
        if format != "sh" {
            space.run(build[0], &build[1..]).success();
            assert!(!space.exists("another.log"), "{format}: a build without anything to do asks");
        }
        // Only an instance has something to do.
        space.write("rows.csv", "1\n2\n3\n");
        refused("a file that was read");
        space.edit("expops.yaml", "{n: n.txt}", "{n: m.txt}");
        refused("the compiler");
        fs::remove_dir_all(space.path("build")).unwrap();
        refused("a clone");
        space.set("EXPOPS", Some(env!("CARGO_BIN_EXE_expops")));
        space.run(build[0], &build[1..]).success();
        assert_eq!(space.read("build/count/out/m.txt"), "3\n");
        // One that hands on to ours is ours.
        space.set("EXPOPS", None);
        shadow(&space, concat!("exec ", env!("CARGO_BIN_EXE_expops"), " \"$@\""));
        space.write("rows.csv", "1\n");
        space.run(build[0], &build[1..]).success();
        assert_eq!(space.read("build/count/out/m.txt"), "1\n");
    }
}
