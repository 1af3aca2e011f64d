//! A standard output that cannot be written: full, closed, or a pipe whose reader is gone. Each command says so in one
//! line and fails, or ends quietly.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::space::{Ran, Space};

const PROJECT: &str = "
scripts: {main: main.py}
data: {path: rows.csv}
pipeline:
  process_adjlist: |
    load cut
    cut part
  processes:
    - name: load
    - {name: cut, data_parallelism: {size: 2, data_name: rows}}
    - name: part
";

const SCRIPT: &str = "
from pathlib import Path
from expops.core import log_metric

def load():
    return {'rows': [int(row) for row in open('rows.csv')]}

def part(rows):
    print('said')
    log_metric('sum', sum(rows))
    Path('rows.txt').write_text(str(rows))
    return {'rows': rows, 'file': Path('rows.txt')}
";

/// What prints something, in an order in which each does.
const PRINTING: [&str; 54] = [
    "expops --help",
    "expops -h",
    "expops --version",
    "expops help run",
    "expops compile --format make",
    "expops compile --format sh",
    "expops status",
    "expops status --json",
    "expops status --verbose",
    "expops status --failed",
    "expops schema",
    "expops graph",
    "expops graph --format mermaid",
    "expops graph --format json",
    "expops graph --format xml",
    "expops graph --format svg",
    "expops query //process",
    "expops query --count //process",
    "expops query --json //process",
    "expops query --targets0 //process",
    "expops query 'string(//process/@name)'",
    "expops metrics",
    "expops metrics --json",
    "expops metrics --csv",
    "expops explain part",
    "expops explain part --json",
    "expops explain E304",
    "expops show part@p1.rows",
    "expops show part@p1.file",
    "expops show part@p1.sum",
    "expops logs",
    "expops logs part@p1",
    "expops logs -f part@p1",
    "expops cache",
    "expops cache --json",
    "expops report",
    "expops report --json",
    "expops view",
    "expops check --repeat part@p1",
    "expops check --repeat part@p1 --json",
    "expops completions bash",
    "expops completions zsh",
    "expops completions fish",
    "expops new another",
    "expops split rows.csv --size 2 --out parts",
    "expops-split --help",
    "expops-split -h",
    "expops-split --version",
    "expops-split rows.csv --size 2 --out parts",
    "expops-split rows.csv --size 2 --out parts --json",
    "expops run",
    "expops run --dry-run",
    "expops run --force part --json",
    "expops clean",
];

/// What prints nothing by itself, or only below a build tool.
const SILENT: [&str; 3] = ["debug", "exec", "man"];

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("main.py", SCRIPT);
    space.write("rows.csv", "1\n2\n3\n4\n");
    space.expops(&["run"]).success();
    space
}

#[track_caller]
fn ran(space: &Space, line: &str) -> Ran {
    let _ = std::fs::remove_dir_all(space.path("another"));
    let ran = space.run_within(Duration::from_secs(60), "sh", &["-c", line]);
    assert!(!ran.says("panicked") && !ran.says("Traceback"), "{line}: {}", ran.err);
    ran
}

#[track_caller]
fn is_told(space: &Space, command: &str) {
    let ran = ran(space, &format!("{command} > /dev/full"));
    assert_eq!(ran.err, "error: cannot write to standard output: no space left on device\n", "{command}");
    assert_eq!(ran.status, 1, "{command}");
}

#[test]
fn a_full_standard_output_is_a_failure_in_one_line() {
    let space = project();
    for command in PRINTING {
        is_told(&space, command);
    }
    let help = space.expops(&["--help"]).success().out;
    let commands: BTreeSet<_> = commands(&help).collect();
    let others = commands.iter().filter(|name| **name != "help");
    others.for_each(|name| is_told(&space, &format!("expops {name} --help")));
    let tried = PRINTING.iter().filter_map(|line| line.strip_prefix("expops ")?.split(' ').next());
    let tried: BTreeSet<_> = tried.chain(SILENT).filter(|word| !word.starts_with('-')).collect();
    assert_eq!(tried, commands, "each command is tried");
}

/// The commands in the help of the program.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty())
}

#[test]
fn a_closed_standard_output_and_a_pipe_without_a_reader_are_no_mishap() {
    let space = project();
    for command in PRINTING.iter().filter(|command| **command != "expops view") {
        for end in [">&-", "| true"] {
            let line = format!("{command} {end}");
            let ran = ran(&space, &line);
            assert_eq!(ran.err, "", "{line}");
        }
    }
}

#[test]
fn what_user_code_cannot_print_is_its_own_failure() {
    let space = project();
    let ran = space.run("sh", &["-c", "expops debug part@p1 > /dev/full < /dev/null"]).failure();
    assert!(ran.says("main.py") && ran.says("No space left on device"), "{}", ran.err);
    assert!(!ran.says("expops_build") && !ran.says("panicked"), "{}", ran.err);
}

#[test]
fn a_build_that_cannot_be_shown_goes_on_to_its_end() {
    for tool in ["ninja", "make"] {
        let space = project();
        for (end, change) in [("> /dev/full", "sum(rows) + 1"), ("| true", "sum(rows) + 2")] {
            space.write("main.py", SCRIPT.replace("sum(rows)", change));
            ran(&space, &format!("expops run --with {tool} {end}"));
            space.expops(&["status", "--exit-code"]).success();
        }
    }
}
