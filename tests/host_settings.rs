//! What a Makefile that takes a project in may have set, and what makes the generated one be read from elsewhere: it
//! builds, without a warning; a second build has nothing to do; silence is silence.

use std::fs;

use crate::space::{Ran, Space};

/// What the host's Makefile begins with, and what `MAKEFLAGS` is.
const SETTINGS: [(&str, &str); 6] = [
    (".RECIPEPREFIX = >\n", ""),
    ("MAKEFLAGS += --warn-undefined-variables --no-builtin-rules --no-builtin-variables\n", ""),
    ("", "-j4 -k --no-builtin-rules --warn-undefined-variables"),
    ("", "kj2 --output-sync=target"),
    (
        "MAKEFLAGS += -j4 -k\n.ONESHELL:\nSHELL = bash\n.SHELLFLAGS = -euo pipefail -c\n.DELETE_ON_ERROR:\n.SUFFIXES:\n",
        "",
    ),
    (".SECONDEXPANSION:\n.NOTPARALLEL:\nexport\n", "--no-print-directory"),
];

fn project(space: &Space) {
    space.write("an/expops.yaml", "scripts: {main: src/m.py}\nprocess_adjlist: |\n  load cut\n  cut fit rows\n  fit total\n  rows total\nprocesses:\n  - {name: load}\n  - {name: cut, data_parallelism: {size: 2, data_name: df}}\n  - {name: fit}\n  - {name: rows, command: 'wc -l < {{ inputs.df }} > {{ outputs.n }}', outputs: {n: n.txt}}\n  - {name: total, data_aggregation: true}\n");
    space.write("an/src/m.py", "from pathlib import Path\nfrom counted import ran\n\ndef load():\n    ran('load')\n    here = Path(__file__).parents[1]\n    Path('df.csv').write_bytes((here / 'rows.csv').read_bytes())\n    return {'df': Path('df.csv')}\n\ndef fit(df):\n    ran('fit')\n    return {'sum': sum(map(int, df.read_text().split()[1:]))}\n\ndef total(sum, n):\n    ran('total')\n    return {'all': sorted(sum.items())}\n");
    space.write("an/rows.csv", "x\n1\n2\n3\n4\n");
}

/// What runs Make, with what the environment says.
fn make(space: &Space, arguments: &[&str], flags: &str) -> Ran {
    let mut command = space.command("make");
    command.args(arguments);
    if !flags.is_empty() {
        command.env("MAKEFLAGS", flags);
    }
    command.output().unwrap().into()
}

/// How often functions ran since the last look.
fn executions(space: &Space) -> usize {
    let log = fs::read_to_string(space.path("an/.ran.log")).unwrap_or_default();
    let _ = fs::remove_file(space.path("an/.ran.log"));
    log.lines().count()
}

/// Builds by `make`, which is given more arguments; `all` is what Make calls that of which nothing is to be done.
fn holds(space: &Space, all: &str, what: &str, make: &dyn Fn(&[&str]) -> Ran) {
    let silent = |arguments: &[&str]| {
        let ran = make(arguments);
        assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "", ""), "{what}: {arguments:?}");
    };
    let first = make(&[]);
    assert_eq!((first.status, first.err.as_str(), executions(space)), (0, "", 4), "{what}: {}", first.out);
    let null = make(&[]);
    assert!(null.out.contains(&format!("Nothing to be done for '{all}'")), "{what}: {}", null.out);
    assert_eq!((null.status, null.err.as_str()), (0, ""), "{what}");
    silent(&["-q"]);
    silent(&["-s"]);
    // Nobody declares what `load` reads.
    space.edit("an/rows.csv", "4", "5");
    assert_eq!(make(&["-q"]).status, 1, "{what}");
    silent(&["-s"]);
    assert_eq!(executions(space), 3, "{what}");
    space.edit("an/expops.yaml", "size: 2", "size: 1");
    silent(&["-s"]);
    assert_eq!(executions(space), 2, "{what}");
    silent(&["-s"]);
    silent(&["-q"]);
}

#[test]
fn a_host_may_have_set_what_it_likes() {
    for (settings, flags) in SETTINGS {
        let space = Space::new();
        project(&space);
        space
            .expops(&[
                "compile", "an", "--root", ".", "--prefix", "an_", "--format", "make", "-o", "an/an.mk",
            ])
            .success();
        space.write("Makefile", format!("{settings}all: an_all\ninclude an/an.mk\n"));
        let what = format!("{settings:?} {flags:?}");
        holds(&space, "all", &what, &|more| make(&space, more, flags));
    }
}

#[test]
fn a_makefile_may_be_named_by_any_path() {
    let place = |space: &Space, path: &str| space.path(path).display().to_string();
    for (there, path) in [("", "./an/../an/an.mk"), ("/", "an/an.mk"), ("", "ABSOLUTE")] {
        let space = Space::new();
        project(&space);
        space
            .expops(&[
                "compile", "an", "--root", ".", "--prefix", "an_", "--format", "make", "-o", "an/an.mk",
            ])
            .success();
        let folder = place(&space, "");
        let file = if path == "ABSOLUTE" { place(&space, "an/an.mk") } else { path.to_owned() };
        let before: &[&str] = if there.is_empty() { &[] } else { &["--no-print-directory", "-C", &folder] };
        let named = [before, &["-f", &file]].concat();
        holds(&space, "an_all", path, &|more| make(&space, &[&named, more].concat(), ""));
    }
    // One of the project's own, where it is.
    let space = Space::new();
    project(&space);
    space.expops(&["compile", "an", "--format", "make"]).success();
    let named = ["--no-print-directory", "-C", "an", "-f", "./Makefile"];
    holds(&space, "all", "./Makefile", &|more| make(&space, &[&named, more].concat(), ""));
}

#[test]
fn a_quiet_run_says_nothing() {
    for tool in ["ninja", "make"] {
        let space = Space::new();
        project(&space);
        let quiet = |arguments: &[&str]| {
            let ran = space.expops(&[&["run", "an", "-q", "--with", tool], arguments].concat());
            assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "", ""), "{tool} {arguments:?}");
        };
        quiet(&[]);
        assert_eq!(executions(&space), 4, "{tool}");
        quiet(&[]);
        space.edit("an/rows.csv", "4", "5");
        quiet(&[]);
        quiet(&["--force", "fit"]);
        assert!(executions(&space) > 3, "{tool}");
    }
}
