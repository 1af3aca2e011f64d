//! Typical mistakes, and what is said of each: `tests/mistakes/mistakes.txt` for those that are known before anything
//! runs, [`AT_RUN_TIME`] for the others. None is silent, and none without its place in the project file or in a script.

use std::fmt::Write as _;
use std::{env, fs};

use serde_json::Value as Json;

use crate::space::{Ran, Space, has_python, repository};

/// One mistake of the list.
#[derive(Default)]
struct Mistake {
    what: String,
    /// File, old text, new text.
    edits: Vec<(String, String, String)>,
    added: Vec<String>,
    command: Option<String>,
    said: Vec<String>,
}

/// The head of the list, and the mistakes.
fn list(text: &str) -> (String, Vec<Mistake>) {
    let start = text.find("\n== ").unwrap() + 1;
    let mistakes = text[start..].split("== ").skip(1).map(mistake).collect();
    (text[..start].to_owned(), mistakes)
}

fn mistake(text: &str) -> Mistake {
    let mut lines = text.lines();
    let mut mistake = Mistake { what: lines.next().unwrap().to_owned(), ..Mistake::default() };
    for line in lines.filter(|line| !line.is_empty()) {
        if let Some(file) = line.strip_prefix("+ ") {
            mistake.added.push(file.to_owned());
        } else if let Some(command) = line.strip_prefix("$ ") {
            mistake.command = Some(command.to_owned());
        } else if let Some((file, old, new)) = edit(line) {
            mistake.edits.push((file, old, new));
        } else {
            mistake.said.push(line.to_owned());
        }
    }
    mistake
}

/// `FILE: OLD => NEW`, with the escapes written out.
fn edit(line: &str) -> Option<(String, String, String)> {
    let (old, new) = line.split_once(" =>")?;
    let (file, old) = old.split_once(": ")?;
    let written = |text: &str| text.replace("\\n", "\n").replace("\\t", "\t");
    Some((file.to_owned(), written(old), written(new.strip_prefix(' ').unwrap_or(new))))
}

/// The list, as it is written.
fn written(head: &str, mistakes: &[Mistake]) -> String {
    let mut text = head.to_owned();
    for mistake in mistakes {
        writeln!(text, "== {}", mistake.what).unwrap();
        for (file, old, new) in &mistake.edits {
            let escaped = |text: &str| text.replace('\n', "\\n").replace('\t', "\\t");
            writeln!(text, "{file}: {} => {}", escaped(old), escaped(new)).unwrap();
        }
        mistake.added.iter().for_each(|file| writeln!(text, "+ {file}").unwrap());
        mistake.command.iter().for_each(|command| writeln!(text, "$ {command}").unwrap());
        text += &format!("{}\n\n", mistake.said.join("\n"));
    }
    text.trim_end().to_owned() + "\n"
}

/// Makes the mistake in the project in `space`, and returns what is said of it: a line for each diagnostic.
fn said(mistake: &Mistake, space: &Space) -> Vec<String> {
    space.copy("tests/mistakes/project", ".");
    for (file, old, new) in &mistake.edits {
        let text = space.read(file);
        let new = if old == "whole" { new.clone() } else { replaced(&text, old, new, &mistake.what) };
        fs::write(space.path(file), new).unwrap();
    }
    for file in &mistake.added {
        fs::write(space.path(file), "").unwrap();
    }
    let command = mistake.command.as_deref().unwrap_or("compile");
    let ran = space.expops(&[command.split(' ').collect::<Vec<_>>(), vec!["--json", "--quiet"]].concat());
    mistake.added.iter().for_each(|file| fs::remove_file(space.path(file)).unwrap());
    let lines: Vec<_> = ran.err.lines().map(line).collect();
    let fails = lines.iter().any(|line| line.contains(" error["));
    assert_eq!(ran.status, if fails { 2 } else { 0 }, "{}: {}", mistake.what, ran.err);
    lines
}

#[track_caller]
fn replaced(text: &str, old: &str, new: &str, what: &str) -> String {
    assert!(text.contains(old), "{what}: there is no {old:?}");
    text.replacen(old, new, 1)
}

/// A diagnostic in one line: its place, what is wrong, and what to do.
fn line(json: &str) -> String {
    let told: Json = serde_json::from_str(json).unwrap_or_else(|_| panic!("not a diagnostic: {json}"));
    let label = &told["labels"][0];
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let place = format!("{}:{}:{}", text(&label["file"]), label["line"], label["column"]);
    let kind = format!("{}[{}]", text(&told["severity"]), text(&told["code"]));
    let message = text(&told["message"]);
    let help: String =
        told["help"].as_array().unwrap().iter().map(|help| format!(" ({})", text(help))).collect();
    format!("{place} {kind}: {message}{help}").replace('\n', "\\n")
}

#[test]
fn what_is_said_of_mistakes_before_anything_runs() {
    let path = repository().join("tests/mistakes/mistakes.txt");
    let before = fs::read_to_string(&path).unwrap();
    let (head, mut mistakes) = list(&before);
    let space = Space::new();
    let mut wrong = Vec::new();
    for mistake in &mut mistakes {
        mistake.said = said(mistake, &space);
        if mistake.said.is_empty() {
            wrong.push(format!("nothing is said of: {}", mistake.what));
        }
        for line in &mistake.said {
            let place = line.split(' ').next().unwrap();
            let parts: Vec<_> = place.split(':').collect();
            let file = ["expops.yaml", "src/model.py", "src/plots.py"].contains(&parts[0]);
            let numbers = parts.len() == 3 && parts[1..].iter().all(|part| part.parse::<usize>().is_ok());
            if !file || !numbers {
                wrong.push(format!("{} has no place: {line}", mistake.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mistakes.len() >= 60, "{} mistakes", mistakes.len());
    let after = written(&head, &mistakes);
    if env::var_os("EXPOPS_BLESS").is_some() {
        fs::write(&path, after).unwrap();
    } else {
        similar(&before, &after);
    }
}

#[track_caller]
fn similar(before: &str, after: &str) {
    let wrong = before.lines().zip(after.lines()).find(|(before, after)| before != after);
    assert!(before == after, "first difference: {wrong:?}");
}

#[test]
fn what_editors_leave_in_a_file_is_no_mistake() {
    let space = Space::copy_of("tests/mistakes/project");
    let text = space.read("expops.yaml");
    for text in [format!("\u{feff}{text}"), text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
        space.write("expops.yaml", text);
        let ran = space.expops(&["compile"]).success();
        assert!(ran.err.is_empty(), "{}", ran.err);
    }
}

/// What only shows when a process runs: the body of a process of this name (and what stands above it), and the lines
/// that are said.
const AT_RUN_TIME: &[(&str, &str, &[&str])] = &[
    (
        "returns_nothing",
        "x = 1",
        &["`returns_nothing` returned None; return a dict such as {\"result\": ...}"],
    ),
    ("returns_a_list", "return [1]", &["`returns_a_list` returned a list"]),
    ("returns_a_tuple", "return 1, 2", &["`returns_a_tuple` returned a tuple"]),
    ("yields", "return (n for n in [1])", &["`yields` returned a generator"]),
    ("returns_a_number_as_key", "return {1: 2}", &["the key 1, an int; keys are names of outputs: text"]),
    (
        "misspells_a_variable",
        "rows = []\n    return {'n': len(rowz)}",
        &[
            "NameError: name 'rowz' is not defined",
            "src/script.py\", line LINE",
            "help: did you mean `rows`?",
        ],
    ),
    (
        "forgets_an_import",
        "log_metrics = 1\n    log_metric('n', 1)\n    return {}",
        &[
            "NameError: name 'log_metric' is not defined",
            "help: add `from expops.core import log_metric` to the script",
        ],
    ),
    (
        "forgets_pandas",
        "return {'n': pd.DataFrame()}",
        &["NameError: name 'pd' is not defined", "help: add `import pandas as pd` to the script"],
    ),
    (
        "forgets_a_module",
        "return {'n': json.dumps(1)}",
        &["NameError: name 'json' is not defined", "help: add `import json` to the script"],
    ),
    (
        "reads_what_is_not_declared",
        "return {'n': open('notes.txt').read()}",
        &[
            "FileNotFoundError",
            "help: `notes.txt` is in the project, and the process does not declare it: write `files: [notes.txt]`",
        ],
    ),
    (
        "reads_from_its_script",
        "return {'n': open('../notes.txt').read()}",
        &["help: `notes.txt` is in the project", "open it as `notes.txt`"],
    ),
    (
        "misspells_a_file",
        "return {'n': open('data/tabel.csv').read()}",
        &["FileNotFoundError", "help: did you mean `data/table.csv`?"],
    ),
    (
        "reads_without_the_folder",
        "return {'n': open('table.csv').read()}",
        &["FileNotFoundError", "help: `data/table.csv` is declared: open it as `data/table.csv`"],
    ),
    (
        "returns_a_file",
        "return {'file': open('new.txt', 'w')}",
        &["the output `file` cannot be stored", "help: return the file's path, a `pathlib.Path`"],
    ),
    (
        "returns_a_function",
        "return {'f': [lambda x: x]}",
        &["`f`[0] is of type function", "help: return what it computes, or define it by `def`"],
    ),
    ("returns_a_generator", "return {'g': (n for n in [1])}", &["help: return `list(...)` of it"]),
    (
        "returns_a_lock",
        "import threading\n    return {'lock': threading.Lock()}",
        &["the output `lock` cannot be stored", "help: return what it holds: plain values"],
    ),
    (
        "imports_a_package",
        "import sklaern_is_not_there\n    return {}",
        &[
            "No module named 'sklaern_is_not_there'",
            "help: install it (`python3 -m pip install sklaern_is_not_there`), or declare an `environment` that has it",
        ],
    ),
    (
        "imports_us",
        "import expop.core\n    return {}",
        &["No module named 'expop'", "help: did you mean `expops`?"],
    ),
    (
        "imports_the_library",
        "import jsn\n    return {}",
        &[
            "No module named 'jsn'",
            "help: did you mean `json`? Otherwise install it (`python3 -m pip install jsn`)",
        ],
    ),
    (
        "imports_a_module",
        "import helprs\n    return {}",
        &["No module named 'helprs'", "help: did you mean `helpers`, a module of the project?"],
    ),
    (
        "imports_a_name",
        "from helpers import roundd\n    return {}",
        &["cannot import name 'roundd'", "help: did you mean `rounded`?"],
    ),
    ("asks", "return {'n': input()}", &["EOFError", "help: nobody can answer `input()` in a build"]),
    ("exits", "import sys\n    sys.exit(3)", &["the code called sys.exit(3) before it returned"]),
    ("raises", "raise ValueError('x' * 5_000_000)", &["ValueError: xxxxxxxxxxxxxxxx", "xxx…", "line LINE"]),
    ("raises_lines", "raise ValueError('x\\n' * 100_000)", &["ValueError: x", "more lines)", "line LINE"]),
    ("rings", "raise ValueError('\\x1b[2J')", &["ValueError: \u{fffd}[2J"]),
    (
        "crashes",
        "import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)\n    return {}",
        &[
            "killed by signal 11",
            "Fatal Python error: Segmentation fault",
            "src/script.py\", line LINE in crashes",
        ],
    ),
    ("is_killed", "import os\n    os.kill(os.getpid(), 9)", &["killed by signal 9 (out of memory?)"]),
    (
        "raises_of_a_module",
        "import json\n    json.loads('{')\n    return {}",
        &["error: raises_of_a_module: JSONDecodeError: Expecting", "line LINE"],
    ),
    (
        "raises_two_lines",
        "raise ValueError('first told\\nsecond told')",
        &["ValueError: first told", "\n  second told\n", "line LINE"],
    ),
    ("recurses", "return recurses()", &["RecursionError", "line LINE"]),
    (
        "returns_a_place",
        "import os\n    return {'p': os.environ['EXPOPS_PROJECT_ROOT'] + '/data/table.csv'}",
        &["`p` holds the path"],
    ),
];

#[test]
fn a_declared_file_is_opened_by_its_own_path() {
    let space = Space::new();
    space.write("d/y.csv", "");
    space.write("x.csv", "a\n1\n");
    space.write("expops.yaml", "scripts: {main: s.py}\ndata: {path: d/../x.csv}\nprocess_adjlist: one\nprocesses:\n  - {name: one, files: [d/../x.csv]}\n");
    space.write("s.py", "def one():\n    return {'n': open('d/../x.csv').read()}\n");
    let failed = space.expops(&["run"]).failure();
    assert!(failed.says("`x.csv` is declared: open it as `x.csv`"), "{}{}", failed.out, failed.err);
    space.edit("s.py", "d/../x.csv", "x.csv");
    space.expops(&["run"]).success();
}

#[test]
fn what_is_outside_the_project_is_opened_by_its_absolute_path() {
    let space = Space::new();
    space.write("notes.txt", "n");
    space.write("p/expops.yaml", "scripts: {main: s.py}\nprocess_adjlist: one\nprocesses: [{name: one}]\n");
    space.write("p/s.py", "def one():\n    return {'n': open('../notes.txt').read()}\n");
    let ran = |words: &[&str]| -> Ran {
        let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
        command.current_dir(space.path("p")).args(words).output().unwrap().into()
    };
    let there = fs::canonicalize(space.path("notes.txt")).unwrap().to_str().unwrap().to_owned();
    let failed = ran(&["run"]).failure();
    let help = format!("help: a path begins in the folder of the run: open it as `{there}`");
    assert!(failed.says(&help), "{}{}", failed.out, failed.err);
    space.edit("p/s.py", "../notes.txt", &there);
    ran(&["run"]).success();
}

/// Mistakes in commands: name, command, what is said.
const COMMANDS: &[(&str, &str, &[&str])] = &[
    ("not_found", "no-such-program > {{ outputs.o }}", &["exit status 127", "no-such-program"]),
    ("writes_nothing", "true {{ outputs.o }}", &["did not write", "`o`"]),
    (
        "names_what_is_not_there",
        "{% set k = \"oo\" %}echo {{ outputs[k] }} > {{ outputs.o }}",
        &["`outputs` has no `oo` (it has `o`)", "help: did you mean `o`?"],
    ),
    ("ends_badly", "echo told; exit 3 > {{ outputs.o }}", &["exit status 3", "told"]),
];

/// A project of all of them, none of which depends on another.
fn project() -> Space {
    let space = Space::new();
    let mut yaml = "scripts: {main: src/script.py}\nprocess_adjlist: |\n".to_owned();
    let names = || AT_RUN_TIME.iter().chain(COMMANDS).map(|(name, ..)| *name);
    names().for_each(|name| writeln!(yaml, "  {name}").unwrap());
    yaml += "processes:\n";
    AT_RUN_TIME.iter().for_each(|(name, ..)| writeln!(yaml, "  - name: {name}").unwrap());
    for (name, command, _) in COMMANDS {
        writeln!(yaml, "  - name: {name}\n    command: '{command}'\n    outputs: {{o: o.txt}}").unwrap();
    }
    let mut script = "from expops.core import process\n".to_owned();
    for (name, body, _) in AT_RUN_TIME {
        write!(script, "\n\n@process()\ndef {name}():\n    {body}\n").unwrap();
    }
    space.write("expops.yaml", yaml);
    space.write("src/script.py", script);
    space.write("src/helpers.py", "def rounded(x):\n    return x\n");
    space.write("data/table.csv", "a\n1\n");
    space.write("notes.txt", "notes\n");
    space
}

/// What is said of each process: the part of the output that begins with its label.
fn part<'o>(output: &'o str, name: &str) -> &'o str {
    let start =
        output.find(&format!("error: {name}: ")).unwrap_or_else(|| panic!("nothing is said of {name}"));
    let rest = &output[start..];
    rest.find("\nerror: ").map_or(rest, |end| &rest[..end])
}

#[test]
fn what_is_said_of_mistakes_when_they_run() {
    let space = project();
    space.expops(&["compile"]).success();
    let Ran { out, err, .. } = space.run("ninja", &["-k", "0"]).failure();
    let output = format!("{out}{err}");
    let (yaml, script) = (space.read("expops.yaml"), space.read("src/script.py"));
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    let mut wrong = Vec::new();
    for (name, body, expected) in AT_RUN_TIME.iter().chain(COMMANDS) {
        let told = part(&output, name);
        let place = format!("--> expops.yaml:{}:11\n", line_of(&yaml, &format!("- name: {name}")));
        let mut expected: Vec<_> = expected.iter().map(|text| (*text).to_owned()).collect();
        expected.push(place);
        let last = body.lines().rev().find(|line| !line.contains("return {}")).unwrap();
        let line = if script.contains(last) { line_of(&script, last) } else { 0 };
        let expected = expected.into_iter().map(|text| text.replace("LINE", &line.to_string()));
        wrong.extend(
            expected.filter(|text| !told.contains(text)).map(|text| format!("{name}: no {text:?}: {told}")),
        );
        // What is above a traceback is not below it again, whatever module it is of.
        let twice = ["json.decoder.\n", "\n  ValueError: first told"];
        wrong.extend(
            twice.iter().filter(|text| told.contains(**text)).map(|text| format!("{name}: {text:?}: {told}")),
        );
        if told.len() > 6_000 {
            wrong.push(format!("{name}: {} bytes on the terminal", told.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let log = fs::metadata(space.path("build/raises/log")).unwrap();
    assert!(log.len() > 5_000_000, "the log holds {} bytes of the message", log.len());
    // What is told of them afterwards is as short.
    let status = space.expops(&["status", "-v"]);
    assert!(status.out.len() + status.err.len() < 30_000);
}

#[test]
fn the_list_at_the_end_is_of_lines_that_can_be_read() {
    let space = project();
    let mistakes = ["raises", "rings"];
    let yaml = space.read("expops.yaml");
    let keep = |line: &&str| {
        let name = line.trim().trim_start_matches("- name: ");
        !AT_RUN_TIME.iter().any(|(other, ..)| *other == name) || mistakes.contains(&name)
    };
    let end = yaml.find("  - name: not_found").unwrap();
    let yaml: String = yaml[..end].lines().filter(keep).map(|line| format!("{line}\n")).collect();
    let names: Vec<_> = COMMANDS.iter().map(|(name, ..)| format!("  {name}\n")).collect();
    space.write("expops.yaml", names.iter().fold(yaml, |yaml, name| yaml.replacen(name.as_str(), "", 1)));
    assert!(space.expops(&["run", "-k", "0"]).failure().says("`-k` takes no number here"));
    let ran = space.expops(&["run", "-k"]).failure();
    assert!(ran.says("2 instances failed"), "{}{}", ran.out, ran.err);
    // Each with the place of its process in the project file, whatever the build tool has scrolled away.
    let list = ran.err.split("2 instances failed").nth(1).unwrap();
    let yaml = space.read("expops.yaml");
    for name in mistakes {
        let line = yaml.lines().position(|line| line.contains(&format!("- name: {name}"))).unwrap() + 1;
        let mut lines = list.lines().skip_while(|told| !told.starts_with(&format!("  {name}: ")));
        assert!(lines.any(|told| told == format!("    --> expops.yaml:{line}:11")), "{name}: {list}");
    }
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'));
    assert!(ran.out.len() + ran.err.len() < 6_000, "{}", ran.out.len() + ran.err.len());
}

#[test]
fn a_partition_or_seed_that_there_is_not_is_told_those_that_there_are() {
    let space = Space::copy_of("tests/mistakes/project");
    space.expops(&["compile"]).success();
    for (label, there) in [
        ("fit@p1.s43", "`fit` has `fit@p1.s41`, `fit@p1.s42`"),
        ("best@p3", "`best` has `best@p1` and `best@p2`"),
        ("fti@p1.s41", "did you mean `fit@p1.s41`?"),
    ] {
        for command in ["explain", "logs", "show"] {
            let value = format!("{label}.model");
            let ran = space.expops(&[command, if command == "show" { &value } else { label }]).failure();
            assert!(ran.says(there) && ran.says(&format!("`{label}`")), "{command} {label}: {}", ran.err);
        }
    }
    let ran = space.expops(&["query", "//*[@seed='43']"]).failure();
    assert!(ran.says("^") && ran.says("@seed='41'` and `@seed='42'"), "{}", ran.err);
}

#[test]
fn a_line_that_moves_in_the_project_file_wakes_nobody_and_is_told_where_it_is_now() {
    let space = Space::new();
    let yaml = "process_adjlist: fails works\nprocesses:\n  - {name: works, command: 'echo > {{ outputs.o }}', \
                outputs: {o: o}}\n  - {name: fails, command: 'exit 1'}\n";
    let yaml = yaml.replace("fails works", "|\n  fails\n  works");
    space.write("expops.yaml", &yaml);
    space.expops(&["compile"]).success();
    assert!(space.run("ninja", &["-k", "0"]).failure().says("--> expops.yaml:6:12"));
    let before = space.time("build/works/record.json");
    space.write("expops.yaml", format!("# a comment\n{yaml}"));
    let ran = space.run("ninja", &["-k", "0"]).failure();
    assert!(ran.says("--> expops.yaml:7:12"), "{}{}", ran.out, ran.err);
    assert_eq!(space.time("build/works/record.json"), before);
}

/// What a function returns is only known before it has run where its keys are literal.
#[test]
fn a_command_that_misspells_an_input_is_told_what_comes() {
    let space = Space::new();
    let script =
        "from expops.core import process\n\n@process()\ndef fit():\n    r = {'model': 1}\n    return r\n";
    space.write("s.py", script);
    let yaml = |input: &str| {
        format!(
            "scripts: {{main: s.py}}\nprocess_adjlist: fit count\nprocesses:\n  - name: fit\n  - name: count\n    \
             command: 'cat {{{{ inputs.{input} }}}} > {{{{ outputs.o }}}}'\n    outputs: {{o: o.txt}}\n"
        )
    };
    for (input, told) in [
        (
            "modle",
            "no upstream returns `modle` (available: `model`)\n  --> expops.yaml:5:11\n  help: did you mean `model`?\n",
        ),
        ("rows", "no upstream returns `rows` (available: `model`)\n  --> expops.yaml:5:11\n"),
    ] {
        space.write("expops.yaml", yaml(input));
        space.expops(&["compile"]).success();
        let ran = space.run("ninja", &[]).failure();
        assert!(ran.says(told) && !ran.says("is there an edge"), "{}{}", ran.out, ran.err);
    }
}

/// A library that another module of the project imports, and that is installed.
#[test]
fn a_misspelt_library_is_told_the_one_that_is_imported_elsewhere() {
    if !has_python(&["pandas"]) {
        return;
    }
    let space = Space::new();
    space.write("expops.yaml", crate::space::of_one("fit"));
    space.write("other.py", "import pandas\n");
    space.write(
        "s.py",
        "import other\nimport pandsa\n\ndef fit():\n    return {'x': pandsa.x, 'y': other.pandas}\n",
    );
    let ran = space.expops(&["compile"]).success();
    assert!(
        ran.says("--> s.py:2:8") && ran.says("help: did you mean `pandas`? Otherwise install it"),
        "{}",
        ran.err
    );
}
