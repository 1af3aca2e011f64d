//! Every example under every tool, and the examples of builds that take a project in.

use std::fs;
use std::path::Path;

use crate::space::{Ran, Space, TOOLS, Tool, repository};

/// The examples that need nothing but Python.
const EXAMPLES: [&str; 1] = ["penguins"];

#[test]
fn ninja_make_and_the_script_make_the_same_tree() {
    for example in EXAMPLES {
        let trees = [("ninja", "ninja"), ("make", "make"), ("sh", "./build.sh")].map(|(format, program)| {
            let space = Space::copy_of(&format!("examples/{example}"));
            space.expops(&["compile", "--format", format]).success();
            space.run(program, &[]).success();
            space.tree("build")
        });
        assert!(trees[0].len() > 20);
        for other in &trees[1..] {
            assert_eq!(trees[0].keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
            let differ: Vec<_> =
                trees[0].iter().filter(|(name, text)| other.get(*name) != Some(text)).collect();
            assert!(
                differ.is_empty(),
                "contents differ: {:?}",
                differ.iter().map(|(name, _)| name).collect::<Vec<_>>()
            );
        }
    }
}

/// A host's example, with the commands of its README run.
fn host(name: &str) -> Space {
    let space = Space::copy_of(&format!("examples/{name}"));
    for command in commands(&repository().join("examples").join(name).join("README.md")) {
        let ran = space.run("sh", &["-ec", &command]);
        assert_eq!(ran.status, 0, "{command}: {}{}", ran.out, ran.err);
    }
    space
}

/// The commands of the blocks marked `sh`.
fn commands(readme: &Path) -> Vec<String> {
    let text = fs::read_to_string(readme).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let commands: Vec<_> = blocks.collect();
    assert!(!commands.is_empty());
    commands
}

/// What an edit of each kind makes a host run. `build` builds it; `summary` is what it writes in the end.
fn edits(space: &Space, build: &dyn Fn(&Space) -> Ran, summary: &str) {
    assert!(space.read(summary).starts_with("slopes of data.csv\ndata1: "));
    let before = space.time(summary);
    let quiet = build(space).success();
    assert!(!quiet.says("slope") && !quiet.says("SIMULATE"), "{}", quiet.out);

    // The program changes and simulates the same: nothing of the analysis runs.
    space.edit("simulate.c", "    return 0;", "    return 1 - 1;");
    let ran = build(space).success();
    assert!(!ran.says("slope p1") && space.time(summary) == before, "{}", ran.out);

    // It simulates something else.
    space.edit("simulate.c", "2.0 * x", "3.0 * x");
    build(space).success();
    assert!(space.read(summary).contains("data1: 3.0"), "{}", space.read(summary));

    // The project file changes.
    space.edit("analysis/expops.yaml", "size: 4", "size: 5");
    build(space).success();
    assert!(space.read(summary).contains("data5: "), "{}", space.read(summary));
    assert!(!build(space).success().says("slope"));
}

/// From the host's folder, by the host's names.
fn explained(space: &Space) {
    for target in ["analysis_slope@p2", "analysis/build/slope/p2/stamp", "slope p2"] {
        let told = space.expops(&["explain", target, "--project", "analysis"]).success();
        assert!(told.says("slope p2: is up to date"), "{target}: {}", told.out);
    }
}

#[test]
fn a_ninja_build_takes_a_project_in() {
    let space = host("host-ninja");
    let build = |space: &Space| space.run("ninja", &[]);
    assert!(build(&space).says("ninja: no work to do."));
    assert!(
        space.run("ninja", &["-t", "query", "data.csv"]).says("analysis/build/.expops/shared/load/stamp")
    );
    edits(&space, &build, "summary.txt");
    assert!(build(&space).says("ninja: no work to do."));
    explained(&space);
    space.run("ninja", &["analysis_slope@p2", "analysis_all"]).success();
}

#[test]
fn a_make_build_takes_a_project_in() {
    let space = host("host-make");
    let build = |space: &Space| space.run("make", &["-j2"]);
    assert!(build(&space).says("'summary.txt' is up to date."));
    edits(&space, &build, "summary.txt");
    explained(&space);
    space.run("make", &["analysis_slope@p2", "analysis_all"]).success();
}

#[test]
fn a_cmake_build_takes_a_project_in() {
    if std::process::Command::new("cmake").arg("--version").output().is_err() {
        eprintln!("cmake is not installed: skipped");
        return;
    }
    let space = host("host-cmake");
    let build = |space: &Space| space.run("cmake", &["--build", "out"]);
    assert!(build(&space).says("ninja: no work to do."));
    edits(&space, &build, "out/summary.txt");
    assert!(!space.exists("analysis/build") && !space.exists("analysis/build.ninja"));
}

/// A host names the file, not the stamp; and what is declared and not made is an error.
#[test]
fn a_declared_output_of_a_function_is_a_target() {
    for tool in TOOLS {
        let space = Space::new();
        space.write("an/expops.yaml", "scripts: {main: m.py}\nprocess_adjlist: a b\nprocesses:\n  - {name: a, outputs: {report: report.txt}}\n  - {name: b}\n");
        let code = "from pathlib import Path\n\nNAME = 'report.txt'\n\ndef a():\n    Path(NAME).write_text('one')\n    return {'report': Path(NAME)}\n\ndef b(report):\n    return {'length': len(report.read_text())}\n";
        space.write("an/m.py", code);
        let (format, file) = if tool == Tool::Make { ("make", "an/an.mk") } else { ("ninja", "an/an.ninja") };
        let into = ["compile", "an", "--root", ".", "--prefix", "an_", "--format", format, "-o", file];
        space.expops(&into).success();
        let report = "an/build/a/out/report/report.txt";
        space.write("build.ninja", format!("subninja an/an.ninja\nbuild build.ninja: phony an/an.ninja\nrule cat\n  command = cat $in > $out; echo CAT\nbuild seen: cat {report}\ndefault seen\n"));
        space.write("Makefile", format!("seen: {report} ; cat $< > $@; echo CAT\ninclude an/an.mk\n"));
        assert!(space.build(tool, &[]).success().says("CAT"), "{tool:?}");
        assert_eq!(space.read("seen"), "one", "{tool:?}");
        assert!(!space.build(tool, &[]).success().says("CAT"), "{tool:?}");
        space.edit("an/m.py", "'one'", "'two'");
        assert!(space.build(tool, &[]).success().says("CAT"), "{tool:?}");
        assert_eq!(space.read("seen"), "two", "{tool:?}");
        fs::remove_file(space.path(report)).unwrap();
        space.build(tool, &[]).success();
        assert_eq!(space.read(report), "two", "{tool:?}");
        space.edit("an/m.py", "NAME = 'report.txt'", "NAME = 'other.txt'");
        let ran = space.build(tool, &[]).failure();
        assert!(
            ran.says("the output `report` is declared as the file `report.txt`, and `other.txt`"),
            "{}{}",
            ran.out,
            ran.err
        );
    }
}

/// A module that is not imported any more, a folder with declared files: what is deleted is no error.
/// A module and a data file that the host makes, and that are not there when the project is compiled.
#[test]
fn what_the_host_makes_is_there_for_the_first_build() {
    const NINJA: &str = "rule make\n  command = mkdir -p $$(dirname $out) && cp $in $out\n\
        build src/consts.py: make consts.in\nbuild data/rows.txt: make rows.in\n\
        subninja an.ninja\nbuild build.ninja: phony an.ninja\n";
    const MAKE: &str = "all: an_use\ninclude an.mk\nsrc/consts.py: consts.in ; cp $< $@\n\
        data/rows.txt: rows.in ; mkdir -p data && cp $< $@\n";
    for (tool, file, text) in [(Tool::Ninja, "an.ninja", NINJA), (Tool::Make, "an.mk", MAKE)] {
        let space = Space::new();
        space.write("consts.in", "A = 'a'\n");
        space.write("rows.in", "rows");
        space.write(
            "src/model.py",
            "import consts\n\ndef load():\n    return {'x': open('data/rows.txt').read() + consts.A}\n\n\
             def use(x):\n    return {'y': x + consts.A}\n",
        );
        space.write(
            "expops.yaml",
            "scripts: {main: src/model.py}\nprocess_adjlist: load use\nprocesses:\n  \
             - {name: load, files: [src/consts.py, data/rows.txt]}\n  - {name: use, files: [src/consts.py]}\n",
        );
        let format = if tool == Tool::Ninja { "ninja" } else { "make" };
        let flags = ["compile", "--root", ".", "--prefix", "an_", "--format", format, "-o", file];
        assert!(space.expops(&flags).success().says("W005"));
        space.write(if tool == Tool::Ninja { "build.ninja" } else { "Makefile" }, text);
        let made = || {
            space.build(tool, &[]).success();
            space.nothing_to_do(tool);
            space.read("build/use/out/y.json")
        };
        assert_eq!(made(), "\"rowsaa\"", "{tool:?}");
        if tool == Tool::Ninja {
            let missing = space.run("ninja", &["-t", "missingdeps"]).success();
            assert!(missing.says("No missing dependencies"), "{}", missing.out);
        }
        space.edit("consts.in", "'a'", "'b'");
        assert_eq!(made(), "\"rowsbb\"", "{tool:?}");
    }
}

#[test]
fn what_a_host_has_no_rule_for_can_be_deleted() {
    for tool in TOOLS {
        let space = Space::new();
        space.write("analysis/expops.yaml", "scripts: {main: src dir/m.py}\npipeline:\n  process_adjlist: |\n    a b\n  processes:\n    - {name: a, files: [conf]}\n    - name: b\n");
        space.write("analysis/src dir/m.py", "from counted import ran\nimport pkg.deep\nimport other as w\n\ndef a():\n    ran('a')\n    return {'x': pkg.deep.f() + w.f()}\n\ndef b(x):\n    ran('b')\n    return {'y': x}\n");
        space.write("analysis/src dir/pkg/deep.py", "def f(): return 1\n");
        space.write("analysis/src dir/other.py", "def f(): return 1\n");
        space.write("analysis/conf/one #1/$a b", "1");
        space.write("analysis/conf/c", "1");
        let format = if tool == Tool::Make { "make" } else { "ninja" };
        let into = ["compile", "analysis", "--root", ".", "--prefix", "an_", "--format", format];
        space.expops(&[&into[..], &["-o", "analysis/an.txt"]].concat()).success();
        space.write("build.ninja", "subninja analysis/an.txt\nbuild build.ninja: phony analysis/an.txt\n");
        space.write("Makefile", "all: an_all\ninclude analysis/an.txt\n");
        let ran = || {
            let _ = fs::remove_file(space.path("analysis/.ran.log"));
            space.build(tool, &[]).success();
            let log = fs::read_to_string(space.path("analysis/.ran.log")).unwrap_or_default();
            log.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(ran(), ["a", "b"], "{tool:?}");
        assert_eq!(ran(), [""; 0], "{tool:?}");
        fs::remove_dir_all(space.path("analysis/conf/one #1")).unwrap();
        assert_eq!(ran(), ["a"], "{tool:?}: a folder is gone");
        space.edit("analysis/src dir/m.py", "import pkg.deep\n", "");
        space.edit("analysis/src dir/m.py", "pkg.deep.f()", "3");
        fs::remove_dir_all(space.path("analysis/src dir/pkg")).unwrap();
        assert_eq!(ran(), ["a", "b"], "{tool:?}: a package is gone");
        space.edit("analysis/src dir/other.py", "1", "2");
        assert_eq!(ran(), ["a", "b"], "{tool:?}: a module that is found is still watched");
        space.write("analysis/conf/d", "1");
        assert_eq!(ran(), ["a"], "{tool:?}: a file is new");
        assert_eq!(ran(), [""; 0], "{tool:?}");
    }
}

/// What `make -p` says of variables, implicit rules and the default goal, without what is ours.
fn database(space: &Space) -> String {
    let out = space.run("make", &["-pn", "-f", "host.mk", "host"]).out;
    let ours = [
        "expops",
        "EXPOPS",
        "MAKEFILE_LIST",
        "one_",
        "# Finished",
        "# Make data base",
        "# variable set hash",
        "#  ",
        "# ",
    ];
    let is_ours = |line: &&str| !ours.iter().any(|word| line.contains(word)) && !line.trim().is_empty();
    let (variables, files) = out.split_once("# Files").unwrap();
    let (variables, suffixes) =
        (variables.lines(), files.lines().filter(|line| line.starts_with(".SUFFIXES")));
    let mut lines: Vec<_> = variables.chain(suffixes).filter(is_ours).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn an_included_file_leaves_the_hosts_rules_variables_and_goal_alone() {
    let space = Space::copy_of("tests/emit/hosted");
    space
        .expops(&[
            "compile", "analysis", "--root", ".", "--format", "make", "--prefix", "one_", "-o", "one.mk",
        ])
        .success();
    let host = "A = 1\nhost: ; @echo $(A)\n%.x: %.y ; cp $< $@\n";
    space.write("host.mk", host);
    let without = database(&space);
    for with in [format!("include one.mk\n{host}"), format!("{host}include one.mk\n")] {
        space.write("host.mk", &with);
        let with = database(&space);
        assert!(without == with, "without:\n{without}\nwith:\n{with}");
        let ran = space.run("make", &["-f", "host.mk"]).success();
        assert_eq!(ran.out, "1\n", "{}", ran.err);
    }
}

#[test]
fn an_included_ninja_file_leaves_the_hosts_default_and_variables_alone() {
    for how in ["include", "subninja"] {
        let space = Space::copy_of("tests/emit/hosted");
        space
            .expops(&["compile", "analysis", "--root", ".", "--prefix", "one_", "-o", "one.ninja"])
            .success();
        let rule = "instance = mine\nexpops = mine\nrule say\n  command = echo $instance $expops > $out\n";
        space.write("build.ninja", format!("{rule}{how} one.ninja\nbuild a: say\nbuild b: say\ndefault a\n"));
        space.run("ninja", &[]).success();
        assert_eq!(space.read("a"), "mine mine\n");
        assert!(!space.exists("b") && !space.exists("analysis/build/fit"));
    }
}

#[test]
fn nested_layers_with_an_environment_of_their_own() {
    let space = Space::copy_of("tests/emit/layers");
    space.expops(&["run"]).success();
    assert_eq!(space.read("build/total/out/model.json").matches("seed41").count(), 4);
    assert!(space.read("build/.expops/environment/main,20env/stamp").contains("main,20env/venv/bin/python"));
    space.nothing_to_do(crate::space::Tool::Ninja);
}

/// Two runs of CI: each has a checkout of its own, and the second one the folder that the first one kept.
#[test]
fn ci_runs_what_changed_since_the_run_before() {
    let workflow = fs::read_to_string(repository().join("examples/ci/workflow.yml")).unwrap();
    let folder = ".expops-cache";
    for line in [
        format!("EXPOPS_CACHE_DIR: ${{{{ github.workspace }}}}/{folder}\n"),
        format!("path: {folder}\n"),
        "run: sh build.sh\n".to_owned(),
    ] {
        assert!(workflow.contains(&line), "{line}");
    }
    let checkout = || {
        let space = Space::copy_of("examples/penguins");
        space.copy("examples/ci", ".");
        space.set("EXPOPS_CACHE_DIR", Some(space.path(folder).to_str().unwrap()));
        space
    };
    let (first, second) = (checkout(), checkout());
    let ran = first.run("sh", &["build.sh"]).success();
    assert!(ran.says("11 ran in"), "{}{}", ran.out, ran.err);
    let kept = format!("cp -R '{}' {folder}", first.path(folder).display());
    second.run("sh", &["-c", &kept]).success();
    let ran = second.run("sh", &["build.sh"]).success();
    // The split is code of ours, which is quicker than a cache.
    assert!(ran.says("would come from the cache") && ran.says("1 ran, 10 from the cache"), "{}", ran.out);
    assert_eq!(first.tree("build/report/out"), second.tree("build/report/out"));
    // A build that is never done fails.
    let yaml = second.read("expops.yaml");
    second.write("expops.yaml", yaml.replace("- name: report\n", "- name: report\n        always: true\n"));
    assert_ne!(second.read("expops.yaml"), yaml);
    second.run("sh", &["build.sh"]).failure();
}
