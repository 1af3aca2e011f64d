//! What is believed: nothing that was not looked at. Damage of every kind is found and made again; who knows better can
//! have it run again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::Digest as _;

use crate::space::{Ran, Space, TOOLS, Tool};

const PROJECT: &str = "
scripts: {main: src/model.py}
process_adjlist: |
  make use
processes:
  - {name: make, parameters: {start: 1}}
  - {name: use}
  - {name: plot, code: plot, probe_paths: {m: make}}
";

const SCRIPT: &str = "
from counted import ran
from expops.core import log_metric
from expops.reporting import chart

def make(start):
    ran('make')
    log_metric('start', start)
    open('note.txt', 'w').write('noted')
    return {'x': start, 'all': {1, 2}}

def use(x):
    ran('use')
    return {'y': x + 1}

@chart()
def plot(metrics):
    ran('plot')
    open('plot.svg', 'w').write(str(metrics))
";

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", SCRIPT);
    space
}

fn name(tool: Tool) -> &'static str {
    if tool == Tool::Ninja { "ninja" } else { "make" }
}

fn run(space: &Space, tool: Tool, more: &[&str]) -> Ran {
    let _ = fs::remove_file(space.path(".ran.log"));
    space.expops(&[&["run", "--with", name(tool)], more].concat())
}

/// The files that instances made.
fn made(space: &Space) -> Vec<String> {
    let tree = space.tree("build");
    let is_made =
        |name: &&String| ["/out/", "/files/", "metrics.json"].iter().any(|part| name.contains(part));
    tree.keys().filter(is_made).cloned().collect()
}

#[test]
fn whatever_is_deleted_emptied_or_edited_comes_back() {
    for tool in TOOLS {
        let space = project();
        run(&space, tool, &[]).success();
        let (before, names) = (space.tree("build"), made(&space));
        assert!(names.len() >= 6, "{names:?}");
        // Each file under one of the tools: a build takes a second.
        let mine = |i: usize| i.is_multiple_of(2) == (tool == Tool::Ninja);
        for (i, name) in names.iter().enumerate().filter(|(i, _)| mine(*i)) {
            let path = if name.starts_with("build") { name.clone() } else { format!("build/{name}") };
            let content = fs::read(space.path(&path)).unwrap();
            let damaged = match i % 3 {
                0 => None,
                1 => Some(Vec::new()),
                _ => Some(content.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()),
            };
            fs::remove_file(space.path(&path)).unwrap();
            damaged.iter().for_each(|bytes| fs::write(space.path(&path), bytes).unwrap());
            space.expops(&["status", "--exit-code"]).failure();
            run(&space, tool, &[]).success();
            assert!(fs::read(space.path(&path)).unwrap() == content, "{tool:?}: {path}");
            space.expops(&["status", "--exit-code"]).success();
        }
        let after = space.tree("build");
        let same = names.iter().all(|name| before.get(name) == after.get(name));
        assert!(same);
    }
}

#[test]
fn what_is_put_in_the_place_of_a_file_or_a_folder_goes() {
    let space = project();
    run(&space, Tool::Ninja, &[]).success();
    let before = space.tree("build/make");
    let names = ["values.json", "metrics.json", "record.json", "stamp", "log", "out", "files", ".lock"];
    for (i, name) in names.iter().enumerate() {
        let path = format!("build/make/{name}");
        let is_file = space.path(&path).is_file();
        space.run("rm", &["-rf", &path]).success();
        space.write(&if is_file { format!("{path}/in/its/place") } else { path.clone() }, "somebody's");
        run(&space, if i % 2 == 0 { Tool::Ninja } else { Tool::Make }, &[]).success();
        // A log is nobody's input: it comes back with the next run.
        if *name == "log" {
            space.run("rm", &["-rf", &path, "build/make/record.json"]).success();
            run(&space, Tool::Ninja, &[]).success();
        }
        space.expops(&["status", "--exit-code"]).success();
    }
    for folder in ["shared/make", "reads"] {
        let path = format!("build/.expops/{folder}");
        space.run("rm", &["-rf", &path]).success();
        space.write(&path, "somebody's");
        run(&space, Tool::Ninja, &[]).success();
        assert!(folder == "reads" || space.path(&path).is_dir(), "{folder}");
    }
    for file in ["turn", "busy", "account"] {
        let path = format!("build/.expops/{file}");
        space.run("rm", &["-rf", &path]).success();
        space.write(&format!("{path}/in/its/place"), "somebody's");
        space.edit("expops.yaml", "start: 1", "start: 2");
        space.expops(&["run"]).success();
        space.edit("expops.yaml", "start: 2", "start: 1");
    }
    run(&space, Tool::Ninja, &[]).success();
    space.write("build/.expops/interpreter", "somebody's");
    space.run("rm", &["build/make/record.json"]).success();
    assert!(space.build(Tool::Ninja, &[]).failure().says("`build/.expops/interpreter` is damaged"));
    space.build(Tool::Ninja, &[]).success();
    run(&space, Tool::Ninja, &[]).success();
    for name in
        ["places.json", "plan/make.json", "program", "shared/use/stamp", "shared/use/record.json", "watch.so"]
    {
        let path = format!("build/.expops/{name}");
        space.run("rm", &["-rf", &path]).success();
        space.write(&format!("{path}/in/its/place"), "somebody's");
        space.expops(&["run"]).success();
    }
    let after = space.tree("build/make");
    let differs: Vec<_> = before.keys().filter(|name| after.get(*name) != before.get(*name)).collect();
    assert!(differs.iter().all(|name| name.ends_with("why.json")), "{differs:?}");
}

const SPLIT: &str = "
process_adjlist: |
  rows cut
  cut fit
processes:
  - {name: rows, command: 'seq 4 > {{ outputs.t }}', outputs: {t: t.txt}}
  - {name: cut, data_parallelism: {size: 2, data_name: t}}
  - {name: fit, command: 'cat {{ inputs.t }} > {{ outputs.u }}; touch note', outputs: {u: u.txt}, on_failure: drop}
";

/// Replaces a folder by something that is none.
fn obstruct(space: &Space, kind: &str, folder: &str) {
    space.run("rm", &["-rf", folder]).success();
    let (above, name) = folder.rsplit_once('/').unwrap();
    fs::create_dir_all(space.path(above)).unwrap();
    match kind {
        "file" => space.write(folder, "somebody's"),
        "pipe" => drop(space.run("mkfifo", &[folder]).success()),
        "circle" => symlink(name, space.path(folder)).unwrap(),
        _ => symlink("/nowhere/at/all", space.path(folder)).unwrap(),
    }
}

#[test]
fn what_is_put_in_the_place_of_a_folder_goes_and_what_was_in_it_is_made_again() {
    const KINDS: [&str; 4] = ["file", "pipe", "circle", "link"];
    let space = Space::new();
    space.write("expops.yaml", SPLIT);
    let results = |space: &Space| {
        let tree = space.tree("build").into_iter();
        tree.filter(|(name, _)| name.ends_with("stamp") || name.contains("/out/")).collect::<Vec<_>>()
    };
    let build = |space: &Space, way: usize| {
        let line = ["expops run", "expops compile && ninja", "expops compile --format make && make -j2"][way];
        space.run_within(Duration::from_secs(60), "sh", &["-c", line])
    };
    (0..3).for_each(|way| drop(build(&space, way).success()));
    let before = results(&space);
    let found = space.run("find", &["build", "-type", "d", "-not", "-path", "*/cache/v2/*"]).success();
    let folders: Vec<_> =
        found.out.lines().filter(|name| *name != "build" && !name.contains("/p2")).collect();
    assert!(folders.len() > 20, "{folders:?}");
    for (i, folder) in folders.iter().enumerate() {
        // Each in two ways: a build takes half a second.
        for (kind, way) in [(KINDS[i % 4], i % 3), (KINDS[(i + 1) % 4], (i + i / 3 + 1) % 3)] {
            obstruct(&space, kind, folder);
            let ran = build(&space, way);
            // A link in what belongs to expops alone may come with somebody else's build folder.
            if ran.status != 0 {
                let named = ran.says(&format!("`{folder}`: it is a link")) && ran.says("remove it");
                assert!(
                    named && ["circle", "link"].contains(&kind),
                    "{kind} {folder}: {}{}",
                    ran.out,
                    ran.err
                );
                fs::remove_file(space.path(folder)).unwrap();
                build(&space, way).success();
            }
            assert!(results(&space) == before, "{kind} {folder} {way}");
            let again = build(&space, way).success();
            let is_done = again.says("no work to do") || again.says("Nothing to be done");
            assert!(is_done, "{kind} {folder} {way}: {}{}", again.out, again.err);
        }
    }
    fs::rename(space.path("build"), space.path("kept")).unwrap();
    space.run("mkfifo", &["build"]).success();
    assert!(build(&space, 0).failure().says("`build` is no folder"));
}

/// To open a pipe waits for whoever writes to it.
#[test]
fn a_pipe_in_the_place_of_a_file_holds_nobody_up() {
    let space = project();
    run(&space, Tool::Ninja, &[]).success();
    let before = space.tree("build/make");
    let files = space.run("find", &["build", "-type", "f", "-not", "-path", "*/python/*"]).success();
    assert!(files.out.lines().count() > 20, "{}", files.out);
    for path in files.out.lines() {
        space.run("rm", &[path]).success();
        space.run("mkfifo", &[path]).success();
        assert_eq!(space.run("timeout", &["20", "expops", "status"]).status, 0, "{path}");
        let ran = space.run("timeout", &["20", "expops", "run"]);
        assert!(ran.status == 0, "{path}: {}{}", ran.out, ran.err);
    }
    let after = space.tree("build/make");
    let differs: Vec<_> = before.keys().filter(|name| after.get(*name) != before.get(*name)).collect();
    assert!(differs.iter().all(|name| name.ends_with("why.json")), "{differs:?}");
}

/// A launcher around the whole program that ends with 0 and runs nothing, once, where the words are like `$LOST`.
fn lossy(space: &Space) {
    let script = "case \"$*\" in $LOST) mkdir lost 2> /dev/null && exit 0 ;; esac\nexec expops \"$@\"";
    space.write("lossy.sh", format!("#!/bin/sh\n{script}\n"));
    space.run("chmod", &["+x", "lossy.sh"]).success();
}

#[test]
fn an_exec_that_never_ran_is_met() {
    let every =
        ["*compile*", "*--shared*make*", "*--shared*use*", "*exec*make*", "*exec*use*", "*exec*plot*"];
    let tools = TOOLS.map(|tool| every.map(|lost| (tool, lost)));
    for (tool, lost) in tools.into_iter().flatten() {
        let space = project();
        run(&space, tool, &[]).success();
        lossy(&space);
        space.edit("expops.yaml", "start: 1", "start: 5");
        space.edit("src/model.py", "return {'y': x + 1}", "return {'y': x + 2}");
        space.edit("src/model.py", "str(metrics))", "str(metrics) + '!')");
        let mut build = space.command(name(tool));
        let ran = Ran::from(build.env("EXPOPS", "./lossy.sh").env("LOST", lost).output().unwrap());
        let what = format!("{tool:?}, {lost}\n{}{}", ran.out, ran.err);
        assert!(space.exists("lost"), "{what}");
        assert!(ran.says("`./lossy.sh` has ended with 0, and has not run: expops "), "{what}");
        ran.failure();
        // Make has seen that what it had made is as old as before.
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/use/out/y.json").trim(), "7", "{what}");
        assert_eq!(space.read("build/plot/files/plot.svg"), "{'m': {'start': {'1': 5}}}!", "{what}");
        space.nothing_to_do(tool);
    }
}

#[test]
fn an_exec_that_never_ran_is_met_in_an_empty_build_folder() {
    let space = project();
    run(&space, Tool::Make, &[]).success();
    lossy(&space);
    fs::remove_dir_all(space.path("build")).unwrap();
    let mut build = space.command("make");
    build.env("EXPOPS", "./lossy.sh").env("LOST", "*exec*plot*");
    let ran = Ran::from(build.output().unwrap()).failure();
    assert!(ran.says("has ended with 0, and has not run: expops exec "), "{}{}", ran.out, ran.err);
}

#[test]
fn a_script_whose_exec_never_ran_fails_and_takes_no_arguments() {
    for lost in ["*compile*", "*exec*make*", "*exec*use*", "*exec*plot*"] {
        let space = project();
        space.expops(&["compile", "--format", "sh"]).success();
        space.run("sh", &["build.sh"]).success();
        lossy(&space);
        space.edit("expops.yaml", "start: 1", "start: 5");
        let mut build = space.command("sh");
        build.arg("build.sh").env("EXPOPS", "./lossy.sh").env("LOST", lost);
        let ran = Ran::from(build.output().unwrap()).failure();
        assert!(ran.says("has ended with 0, and has not run: expops "), "{lost}\n{}{}", ran.out, ran.err);
        Ran::from(build.output().unwrap()).success();
        assert_eq!(space.read("build/plot/files/plot.svg"), "{'m': {'start': {'1': 5}}}", "{lost}");
    }
    let space = project();
    space.expops(&["compile", "--format", "sh"]).success();
    for argument in ["-n", "make", "nonsense"] {
        let refused = space.run("sh", &["build.sh", argument]).failure();
        assert!(refused.says("takes no arguments") && !space.exists(".ran.log"), "{}", refused.err);
    }
}

#[test]
fn a_launcher_around_the_program_changes_nothing_else() {
    let space = project();
    lossy(&space);
    space.set("EXPOPS", Some("./lossy.sh"));
    space.set("LOST", Some("nothing"));
    space.compile(Tool::Ninja).success();
    let first = space.build(Tool::Ninja, &[]).success();
    assert!(!first.says("expops: done"), "{}", first.out);
    assert_eq!(space.logged(), ["make", "plot", "use"]);
    space.nothing_to_do(Tool::Ninja);
    space.edit("src/model.py", "x + 1", "x + missing");
    let failed = space.build(Tool::Ninja, &[]).failure();
    assert!(failed.says("NameError") && !failed.says("has not run"), "{}", failed.out);
    space.set("EXPOPS", None);
    space.edit("src/model.py", "x + missing", "x + 1");
    space.build(Tool::Ninja, &[]).success();
    space.nothing_to_do(Tool::Ninja);
}

#[test]
fn who_knows_better_has_it_run_again() {
    for tool in TOOLS {
        let space = project();
        run(&space, tool, &[]).success();
        run(&space, tool, &[]).success();
        assert_eq!(space.logged(), [""; 0]);
        run(&space, tool, &["--force", "make"]).success();
        assert_eq!(space.logged(), ["make"]);
        run(&space, tool, &[]).success();
        assert_eq!(space.logged(), [""; 0]);
        let wrong = run(&space, tool, &["--force", "mak"]);
        assert!(wrong.status == 2 && wrong.says("did you mean `make`?"), "{}", wrong.err);
    }
}

#[test]
fn always_runs_in_every_build_and_cache_false_stays_out_of_the_cache() {
    for tool in TOOLS {
        let space = project();
        space.edit("expops.yaml", "{name: make,", "{name: make, always: true,");
        space.edit("expops.yaml", "{name: use}", "{name: use, cache: false}");
        run(&space, tool, &[]).success();
        assert_eq!(space.logged(), ["make", "plot", "use"]);
        let _ = fs::remove_file(space.path(".ran.log"));
        space.build(tool, &[]).success();
        assert_eq!(space.logged(), ["make"], "{tool:?}");
        fs::remove_dir_all(space.path("build/use")).unwrap();
        fs::remove_dir_all(space.path("build/plot")).unwrap();
        assert_eq!(space.ran(tool), ["make", "use"], "{tool:?}: the picture comes from the cache");
    }
}

#[test]
fn what_does_not_repeat_is_named() {
    let space = project();
    space.edit("src/model.py", "'all': {1, 2}", "'all': {1, 2}, 'now': __import__('time').time_ns()");
    run(&space, Tool::Ninja, &[]).success();
    let before = space.tree("build/make");
    let ran = space.expops(&["check", "--repeat", "make", "use"]).failure();
    assert!(
        ran.says("make: differs in key `now`\n") && ran.says("use: the same twice"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(space.tree("build/make") == before);
}

#[test]
fn two_builds_at_once_share_and_clean_waits_for_neither() {
    let space = project();
    space.edit("src/model.py", "    ran('make')", "    ran('make')\n    __import__('time').sleep(2)");
    space.compile(Tool::Make).success();
    space.compile(Tool::Ninja).success();
    let start =
        |program: &str| space.command(program).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut builds = [start("ninja"), start("make")];
    for _ in 0..200 {
        if space.exists(".ran.log") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let refused = space.expops(&["clean"]).failure();
    assert!(refused.says("a build is under way in `build`"), "{}", refused.err);
    assert!(!refused.says("removed"), "{}", refused.out);
    builds.iter_mut().for_each(|build| assert!(build.wait().unwrap().success()));
    assert_eq!(space.logged(), ["make", "plot", "use"], "each instance is run by one of them");
    space.expops(&["clean", "-q"]).success();
}

/// Two would damage what both of them note about what was read.
#[test]
fn a_second_ninja_is_refused_while_the_first_one_works() {
    let space = project();
    space.edit("src/model.py", "    ran('make')", "    ran('make')\n    __import__('time').sleep(2)");
    space.compile(Tool::Ninja).success();
    let mut first = space.command("ninja").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !space.exists(".ran.log") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let refused = space.run("ninja", &[]).failure();
    assert!(refused.says("another `ninja` builds here (process "), "{}{}", refused.out, refused.err);
    assert!(first.wait().unwrap().success());
    assert_eq!(space.logged(), ["make", "plot", "use"]);
    let after = space.run("ninja", &[]).success();
    assert!(after.says("no work to do") && !after.says("premature end"), "{}{}", after.out, after.err);
}

#[test]
fn a_compiler_writes_through_no_link_in_a_build_folder() {
    let own = ["", "/plan", "/python", "/cache", "/python/expops_build", "/plan/environment", "/shared/make"];
    let own = own.map(|name| format!("build/.expops{name}"));
    for link in own.iter().map(String::as_str).chain(["build/make", "build/use/out"]) {
        let space = project();
        let outside = space.path("outside");
        fs::create_dir(&outside).unwrap();
        fs::create_dir_all(space.path(link).parent().unwrap()).unwrap();
        symlink(&outside, space.path(link)).unwrap();
        for command in ["compile", "run"] {
            let told = space.expops(&[command]).failure();
            assert!(told.err.contains("is a link"), "{link}: {}", told.err);
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{link}");
    }
}

/// Ninja stops at such a link, whatever it replaced.
#[test]
fn links_that_lead_to_themselves_are_made_again_what_they_replaced() {
    for file in ["build/use/record.json", "build/make/out/x.json", "build/make/stamp"] {
        let space = project();
        run(&space, Tool::Ninja, &[]).success();
        fs::remove_file(space.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        symlink(file.rsplit('/').next().unwrap(), space.path(file)).unwrap();
        run(&space, Tool::Ninja, &[]).success();
        assert!(space.path(file).metadata().unwrap().is_file(), "{file}");
        space.nothing_to_do(Tool::Ninja);
    }
}

#[test]
fn a_build_tool_that_a_signal_ends_is_named() {
    let space = project();
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 1.12 && exit\nkill -SEGV $$\n";
    space.write("bin/ninja", script);
    fs::set_permissions(space.path("bin/ninja"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let path = format!("{}:{}", space.path("bin").display(), std::env::var("PATH").unwrap());
    space.set("PATH", Some(&path));
    assert!(space.expops(&["run", "--with", "ninja"]).failure().says("`ninja` was ended by signal 11"));
}

#[test]
fn a_folder_whose_name_is_not_utf_8_is_refused_by_that() {
    use std::os::unix::ffi::OsStrExt as _;
    let space = project();
    let odd = space.path("").join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    fs::create_dir(&odd).unwrap();
    fs::copy(space.path("expops.yaml"), odd.join("expops.yaml")).unwrap();
    let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
    let ran = command.arg("compile").current_dir(&odd).output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stderr).contains("is not UTF-8"), "{ran:?}");
}

#[test]
fn links_in_a_build_folder_are_not_followed() {
    let space = project();
    run(&space, Tool::Ninja, &[]).success();
    for (name, link) in [
        ("use", "build/use"),
        ("out", "build/use/out"),
        ("lock", "build/use/.lock"),
        ("log", "build/use/log"),
    ] {
        let outside = space.path(&format!("outside-{name}"));
        let path = space.path(link);
        let _ = fs::remove_dir_all(&path);
        let _ = fs::remove_file(&path);
        if name == "lock" || name == "log" {
            fs::write(&outside, "mine").unwrap();
        } else {
            fs::create_dir(&outside).unwrap();
        }
        symlink(&outside, &path).unwrap();
        let _ = space.expops(&["exec", "use"]);
        let _ = run(&space, Tool::Ninja, &["--force", "use"]);
        if outside.is_dir() {
            assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{link}");
        } else {
            assert_eq!(fs::read_to_string(&outside).unwrap(), "mine", "{link}");
        }
        let _ = fs::remove_file(&path);
        run(&space, Tool::Ninja, &[]).success();
    }
}

#[test]
fn the_key_of_a_team_reaches_nobody() {
    let space = project();
    space.edit(
        "src/model.py",
        "    ran('use')",
        "    import os\n    print(sorted(os.environ))\n    ran('use')",
    );
    let build = |key: &str| {
        let mut command = space.command("expops");
        command.args(["run"]).env("EXPOPS_CACHE_KEY", key).env("EXPOPS_CACHE_DIR", space.path("cache"));
        Ran::from(command.output().unwrap()).success()
    };
    build("a-secret-of-many-words");
    assert!(space.read("build/use/log").contains("PATH"));
    for folder in ["build", "cache"] {
        for (name, content) in space.tree(folder) {
            let found = String::from_utf8_lossy(&content).contains("a-secret-of");
            assert!(
                !found && !String::from_utf8_lossy(&content).contains("EXPOPS_CACHE_KEY'"),
                "{folder}/{name}"
            );
        }
    }
    let again = |key: &str| {
        let _ = fs::remove_file(space.path(".ran.log"));
        let _ = fs::remove_dir_all(space.path("build"));
        build(key);
        space.logged()
    };
    assert_eq!(again("a-secret-of-many-words"), [""; 0]);
    assert_eq!(again("another"), ["make", "plot", "use"]);
}

/// What is done to an entry; the second is something that the cache holds.
type Edit<'a> = dyn Fn(&mut Value, Value) + 'a;

fn digest(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Changes every entry of a shared cache as somebody might who can write to it, and knows what is in it.
fn plant(cache: &Path, edit: impl Fn(&mut Value, Value)) {
    tamper(cache, |entry, held| {
        edit(entry, held);
        entry["sum"] = json!(digest(json!([entry["answer"], entry["files"]]).to_string().as_bytes()));
    });
}

/// The same without knowing more than that the first line is a digest.
fn tamper(cache: &Path, edit: impl Fn(&mut Value, Value)) {
    let planted = b"planted\n";
    let object = digest(planted);
    let folder = cache.join("objects").join(&object[..2]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(&object), planted).unwrap();
    let held = json!({"file": {"object": object, "size": planted.len()}});
    let mut changed = 0;
    for entry in fs::read_dir(cache.join("entries")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut entry: Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
        let before = entry.clone();
        edit(&mut entry, held.clone());
        changed += usize::from(entry != before);
        fs::write(&path, format!("{}\n{entry}\n", digest(entry.to_string().as_bytes()))).unwrap();
    }
    assert!(changed > 0, "no entry could be changed");
}

fn swap_two_entries(cache: &Path) {
    let mut entries: Vec<_> =
        fs::read_dir(cache.join("entries")).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let texts = [0, 1].map(|i| fs::read(&entries[i]).unwrap());
    entries.iter().take(2).zip(texts.iter().rev()).for_each(|(path, text)| fs::write(path, text).unwrap());
}

/// In the form of `cases/trust/cache_escape`, for the layout of this version's cache.
#[test]
fn what_others_plant_in_a_shared_cache_is_dropped() {
    let space = project();
    let (cache, folder) = (space.path("cache/v2"), space.path("theirs"));
    fs::create_dir(&folder).unwrap();
    let absolute = space.path("absolute").display().to_string();
    let held_at = |path: &str| {
        let path = path.to_owned();
        move |entry: &mut Value, held: Value| {
            entry["files"].as_array_mut().unwrap().push(json!({"path": path, "kind": held}))
        }
    };
    let build = |key: Option<&str>| {
        let _ = fs::remove_dir_all(space.path("build"));
        let _ = fs::remove_file(space.path(".ran.log"));
        let mut command = space.command("expops");
        command.arg("run").env("EXPOPS_CACHE_DIR", space.path("cache"));
        if let Some(key) = key {
            command.env("EXPOPS_CACHE_KEY", key);
        }
        Ran::from(command.output().unwrap()).success();
        assert_eq!(space.read("build/use/out/y.json").trim(), "2");
        space.logged()
    };
    let all = ["make", "plot", "use"];
    let from_nothing = |key| {
        let _ = fs::remove_dir_all(space.path("cache"));
        assert_eq!(build(key), all);
    };
    let edits: [&Edit<'_>; 5] = [
        &held_at(&absolute),
        &held_at("../../../dotdot"),
        &|entry, held| {
            let files = entry["files"].as_array_mut().unwrap();
            files.push(json!({"path": "files/l", "kind": {"link": folder}}));
            files.push(json!({"path": "files/l/planted", "kind": held}));
        },
        &|entry, _| {
            for value in entry["answer"]["values"].as_array_mut().unwrap() {
                value["file"] = json!("../../../../src/model.py");
                value["format"] = json!("file");
            }
        },
        // A digest that is another file's: whoever took the value would find it damaged, again and again.
        &|entry, held| {
            for value in entry["answer"]["values"].as_array_mut().unwrap() {
                value["digest"] = held["file"]["object"].clone();
            }
        },
    ];
    for edit in edits {
        from_nothing(None);
        plant(&cache, edit);
        assert!(build(None).iter().any(|name| name == "make"));
        assert!(!Path::new(&absolute).exists() && !space.exists("dotdot") && space.exists("src/model.py"));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
    // An entry is that of one key only, and its signature is not what tells.
    from_nothing(None);
    swap_two_entries(&cache);
    assert_eq!(build(None).len(), 2);
    // Whoever has no key cannot change what those believe who have it.
    from_nothing(Some("of the team"));
    plant(&cache, |entry, _| entry["answer"]["planted"] = json!(true));
    assert_eq!(build(Some("of the team")), all);
}

/// Each of them was believed: the process that came to such an entry had made nothing.
#[test]
fn an_entry_that_something_was_taken_from_is_made_again() {
    let taken: [&Edit<'_>; 6] = [
        &|entry, _| entry["answer"]["values"] = json!([]),
        &|entry, _| drop(entry["answer"]["values"].as_array_mut().unwrap().pop()),
        &|entry, _| drop(entry["answer"].as_object_mut().unwrap().remove("metrics")),
        &|entry, _| entry["answer"]["metrics"] = Value::Null,
        &|entry, _| drop(entry["files"].as_array_mut().unwrap().pop()),
        &|entry, _| drop(entry.as_object_mut().unwrap().remove("sum")),
    ];
    for edit in taken {
        let space = project();
        space.set("EXPOPS_CACHE_DIR", space.path("cache").to_str());
        let build = || {
            let _ = fs::remove_dir_all(space.path("build"));
            run(&space, Tool::Ninja, &[]).success();
            (space.tree("build/make"), space.logged())
        };
        let (whole, _) = build();
        tamper(&space.path("cache/v2"), edit);
        let (after, ran) = build();
        let made = |tree: &std::collections::BTreeMap<String, Vec<u8>>| {
            let is_made = |(name, _): &(&String, &Vec<u8>)| !name.contains("json") || name.contains("out/");
            tree.iter().filter(is_made).map(|(name, bytes)| (name.clone(), bytes.clone())).collect::<Vec<_>>()
        };
        assert!(made(&after) == made(&whole) && after.contains_key("metrics.json"));
        assert!(ran.iter().any(|name| name == "make"), "{ran:?}");
        assert!(build().1.is_empty(), "what was made again serves");
    }
}

/// The checksum is right, and every build from then on would fail.
#[test]
fn nonsense_in_a_shared_cache_is_made_again() {
    let values = |entry: &mut Value, name: &str, text: &str| {
        for value in entry["answer"]["values"].as_array_mut().unwrap() {
            value[name] = json!(text);
        }
    };
    let edits: [&Edit<'_>; 5] = [
        &|entry, _| entry["answer"]["metrics"] = json!("not JSON"),
        &|entry, _| entry["answer"]["metrics"] = json!(r#"{"metrics": [], "steps": {}}"#),
        &|entry, _| values(entry, "format", "nonsense"),
        &|entry, _| values(entry, "format", "pickle"),
        &|entry, _| values(entry, "key", "other"),
    ];
    for edit in edits {
        let space = project();
        let build = || {
            let _ = fs::remove_dir_all(space.path("build"));
            let _ = fs::remove_file(space.path(".ran.log"));
            let mut command = space.command("expops");
            command.arg("run").env("EXPOPS_CACHE_DIR", space.path("cache"));
            Ran::from(command.output().unwrap()).success();
            assert_eq!(space.read("build/use/out/y.json").trim(), "2");
            space.logged()
        };
        build();
        plant(&space.path("cache/v2"), edit);
        assert!(build().iter().any(|name| name == "make"));
        assert!(build().is_empty(), "what was made again serves");
    }
}
