//! `export`: a copy of an output where people want it, made by the build and never an input of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::space::{Ran, Space};

/// It also lists the folder that the copy goes to.
const PROJECT: &str = "
process_adjlist: |
  rows report
processes:
  - name: rows
    command: 'echo rows >> .ran.log; ls results > listed; cat rows.csv > {{ outputs.rows }}'
    outputs: {rows: rows.csv}
  - name: report
    command: 'echo report >> .ran.log; wc -l < {{ inputs.rows }} > {{ outputs.text }}'
    outputs: {text: report.txt}
    export: results/report.txt
";

const MADE: &str = "build/report/out/report.txt";
const COPY: &str = "results/report.txt";

/// The formats, and what runs a file of each.
const FORMATS: [(&str, &[&str]); 3] =
    [("ninja", &["ninja"]), ("make", &["make"]), ("sh", &["sh", "build.sh"])];

fn project(format: &str) -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("rows.csv", "1\n2\n");
    fs::create_dir(space.path("results")).unwrap();
    space.expops(&["compile", "--format", format]).success();
    space
}

/// Builds, and insists on what runs.
#[track_caller]
fn build(space: &Space, words: &[&str], expected: &[&str]) -> Ran {
    let _ = fs::remove_file(space.path(".ran.log"));
    let ran = space.run(words[0], &words[1..]).success();
    assert_eq!(space.logged(), expected, "{words:?}\n{}{}", ran.out, ran.err);
    ran
}

/// Builds, insists that the copy is right, and that the next build has nothing to do.
#[track_caller]
fn settles(space: &Space, words: &[&str], expected: &[&str]) {
    build(space, words, expected);
    assert_eq!(space.read(COPY), space.read(MADE));
    // A listing that a process saw is looked at again.
    build(space, words, &[]);
    let ran = build(space, words, &[]);
    let is_idle = ran.says("no work to do") || ran.says("Nothing to be done");
    assert!(is_idle || words[0] == "sh", "{words:?}: {}", ran.out);
}

#[test]
fn the_copy_follows_and_is_restored_and_nothing_runs_for_it() {
    for (format, words) in FORMATS {
        let space = project(format);
        settles(&space, words, &["report", "rows"]);
        assert_eq!(space.read(COPY).trim(), "2");
        assert_ne!(fs::metadata(space.path(COPY)).unwrap().permissions().mode() & 0o200, 0);
        fs::remove_file(space.path(COPY)).unwrap();
        settles(&space, words, &[]);
        fs::remove_dir_all(space.path("results")).unwrap();
        fs::create_dir(space.path("results")).unwrap();
        settles(&space, words, &[]);
        space.write(COPY, "mine\n");
        settles(&space, words, &[]);
        space.write("rows.csv", "1\n2\n3\n");
        settles(&space, words, &["report", "rows"]);
        assert_eq!(space.read(COPY).trim(), "3");
        // Another file, the same report.
        space.write("rows.csv", "1\n2\n4\n");
        settles(&space, words, &["report", "rows"]);
        if format != "sh" {
            fs::remove_file(space.path(COPY)).unwrap();
            build(&space, &[words[0], COPY], &[]);
            assert_eq!(space.read(COPY), space.read(MADE));
        }
        let kept = space.expops(&["clean"]).success();
        assert!(kept.says("kept results/report.txt, a copy of a result"), "{}", kept.out);
        assert!(space.exists(COPY) && !space.exists(MADE));
        settles(&space, words, &[]);
    }
}

#[test]
fn a_link_is_not_followed_out_of_the_project() {
    for (format, words) in FORMATS {
        let space = Space::new();
        space.write("p/expops.yaml", PROJECT);
        space.write("p/rows.csv", "1\n2\n");
        space.write("outside/report.txt", "theirs");
        space.expops(&["compile", "p", "--format", format]).success();
        for (link, to) in [("p/results", "../outside"), ("p/results/report.txt", "../../outside/report.txt")]
        {
            let _ = fs::remove_file(space.path("p/results"));
            fs::create_dir_all(space.path(link).parent().unwrap()).unwrap();
            space.link(link, to);
            let mut command = space.command(words[0]);
            let refused = command.current_dir(space.path("p")).args(&words[1..]).output().unwrap();
            let refused = Ran::from(refused).failure();
            assert!(refused.says("it is a link"), "{format}, {link}: {}{}", refused.out, refused.err);
            assert_eq!(space.read("outside/report.txt"), "theirs");
        }
    }
}

#[test]
fn nobody_reads_a_copy_and_a_damaged_output_is_not_copied() {
    for (format, words) in FORMATS {
        let space = project(format);
        space.run(words[0], &words[1..]).success();
        let late =
            "  - {name: late, command: 'cat results/report.txt > {{ outputs.o }}', outputs: {o: o.txt}}\n";
        space.write("expops.yaml", PROJECT.replace("rows report\n", "rows report\n  report late\n") + late);
        let refused = space.run(words[0], &words[1..]).failure();
        let said = "it read `results/report.txt`, a copy that the build makes of a result";
        assert!(refused.says(said), "{format}: {}{}", refused.out, refused.err);
        // Whether it is there depends on what the build has done by then; a walk comes by without asking for it.
        let looked = |command: &str| {
            let late = late.replace("cat results/report.txt", command);
            space.write("expops.yaml", PROJECT.replace("rows report\n", "rows report\n  late\n") + &late);
            space.run(words[0], &words[1..])
        };
        assert!(
            looked("test -e results/report.txt; echo $?").failure().says("it looked up `results/report.txt`")
        );
        fs::remove_file(space.path(COPY)).unwrap();
        let missed = looked("test -e results/report.txt; echo $?").failure();
        // The copy may be back by then.
        let told = ["for", "up"].map(|word| missed.says(&format!("it looked {word} `results/report.txt`")));
        assert!(told.contains(&true), "{format}: {}{}", missed.out, missed.err);
        looked("ls -l results").success();
        space.write("expops.yaml", PROJECT);
        fs::remove_dir_all(space.path("build/.expops/exported")).unwrap();
        space.write(COPY, "mine");
        let refused = space.run(words[0], &words[1..]).failure();
        let said = "`results/report.txt` is there, and is no copy that this build has made";
        assert!(refused.says(said), "{format}: {}{}", refused.out, refused.err);
        assert_eq!(space.read(COPY), "mine");
        fs::remove_file(space.path(COPY)).unwrap();
        space.run(words[0], &words[1..]).success();
        let made = space.path(MADE);
        fs::set_permissions(&made, fs::Permissions::from_mode(0o644)).unwrap();
        fs::remove_file(space.path(COPY)).unwrap();
        space.write(MADE, "damaged\n");
        let refused = space.run(words[0], &words[1..]).failure();
        assert!(refused.says("is not what the build made"), "{format}: {}{}", refused.out, refused.err);
        assert!(!space.exists(COPY));
        space.run(words[0], &words[1..]).success();
        assert_eq!(space.read(COPY).trim(), "2", "{format}");
    }
}

#[test]
fn what_is_left_out_leaves_no_copy_and_a_function_exports_by_key() {
    for (format, words) in FORMATS {
        let space = Space::new();
        space.write(
            "src/model.py",
            "import pathlib\nfrom expops.core import process\n\n@process()\ndef draw(good):\n    if not good:\n        \
             raise ValueError('bad')\n    path = pathlib.Path('plot.svg')\n    path.write_text('<svg/>')\n    \
             return {'plot': path, 'n': 1}\n",
        );
        space.write(
            "expops.yaml",
            "scripts: {main: src/model.py}\nprocess_adjlist: draw\nprocesses:\n  - name: draw\n    parameters: {good: \
             true}\n    outputs: {plot: plot.svg}\n    export: {plot: pictures/the plot.svg}\n    on_failure: drop\n",
        );
        space.expops(&["compile", "--format", format]).success();
        space.run(words[0], &words[1..]).success();
        assert_eq!(space.read("pictures/the plot.svg"), "<svg/>");
        space.edit("expops.yaml", "good: true", "good: false");
        space.run(words[0], &words[1..]).failure();
        assert!(!space.exists("pictures/the plot.svg"), "{format}: the copy of what failed is still there");
        space.edit("expops.yaml", "good: false", "good: true");
        space.run(words[0], &words[1..]).success();
        assert_eq!(space.read("pictures/the plot.svg"), "<svg/>", "{format}");
    }
}
