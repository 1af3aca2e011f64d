//! Who ran where, how long, and what that used.

use serde_json::Value as Json;

use super::{events, outcomes, project};
use crate::space::{TOOLS, Tool};

const PROCESSES: &str = "    - {name: rows, data_parallelism: {size: 2}}
    - {name: fit}
    - {name: whole, data_aggregation: true, command: 'cat {{ inputs.y }} > {{ outputs.z }}', outputs: {z: z.txt}}
";

const SCRIPT: &str = "
@process()
def rows():
    return [1, 2]

def fit(data):
    sum(range(2000000))
    return {'y': data[0]}
";

#[test]
fn the_journal_has_what_happened_and_status_and_explain_tell_it() {
    for tool in TOOLS {
        let space = project(tool, "rows fit\nfit whole", PROCESSES, SCRIPT);
        space.build(tool, &[]).success();
        let host = String::from_utf8(space.command("uname").arg("-n").output().unwrap().stdout).unwrap();
        for instance in ["fit/p1", "fit/p2", "whole", "rows"] {
            let of_it: Vec<_> = events(&space).into_iter().filter(|(name, ..)| name == instance).collect();
            let kinds: Vec<_> = of_it.iter().map(|(_, event, _)| event.as_str()).collect();
            assert_eq!(kinds, ["started", "ended"], "{instance}");
            let ended = &of_it[1].2;
            assert_eq!(ended["outcome"], "ran");
            assert_eq!(ended["host"], host.trim());
            assert!(ended["ran"].as_f64().unwrap() > 0.0 && ended["cpu"].as_f64().unwrap() > 0.0, "{ended}");
            assert!(ended["memory"].as_u64().unwrap() > 100_000, "{ended}");
            let tools = if tool == Tool::Ninja { "ninja" } else { "make" };
            assert_eq!(ended["build"]["tool"], tools);
        }
        let told = space.expops(&["status", "-v"]).success().out;
        let line = told.lines().find(|line| line.starts_with("fit p2")).unwrap();
        assert!(line.contains(&format!("on {}", host.trim())) && line.contains("CPU"), "{told}");
        let told = space.expops(&["explain", "fit@p2"]).success().out;
        assert!(told.contains(&format!("s on {} (CPU", host.trim())), "{told}");
        let json: Json = serde_json::from_str(&space.expops(&["status", "--json"]).success().out).unwrap();
        assert_eq!(json[1]["runs"][1]["target"], "fit@p2");
        assert_eq!(json[1]["runs"][1]["run"]["outcome"], "ran");
        let json: Json =
            serde_json::from_str(&space.expops(&["explain", "whole", "--json"]).success().out).unwrap();
        assert_eq!(json[0]["last_run"]["run"]["attempt"], 1);

        // What comes back from the cache says what it once took; a look is a look.
        std::fs::remove_dir_all(space.path("build/fit")).unwrap();
        space.build(tool, &[]).success();
        assert_eq!(outcomes(&space, "fit/p1"), ["ran", "restored"]);
        let all = events(&space);
        let (.., restored) =
            all.iter().rfind(|(name, event, _)| name == "fit/p1" && event == "ended").unwrap();
        assert!(restored["ran"].as_f64().unwrap() > 0.0, "{restored}");
        space.write("src/main.py", space.read("src/main.py"));
        space.build(tool, &[]).success();
        assert_eq!(outcomes(&space, "rows").len(), 1);
    }
}

#[test]
fn nothing_depends_on_the_journal() {
    let space = project(Tool::Ninja, "rows fit\nfit whole", PROCESSES, SCRIPT);
    std::fs::create_dir_all(space.path("build/.expops/journal")).unwrap();
    space.build(Tool::Ninja, &[]).success();
    space.nothing_to_do(Tool::Ninja);
    // It has taken its place back.
    std::fs::remove_file(space.path("build/.expops/journal")).unwrap();
    space.nothing_to_do(Tool::Ninja);
    // A link there leads nowhere.
    space.write("victim", "mine");
    std::os::unix::fs::symlink(space.path("victim"), space.path("build/.expops/journal")).unwrap();
    std::fs::remove_dir_all(space.path("build/fit")).unwrap();
    space.build(Tool::Ninja, &[]).success();
    assert_eq!(space.read("victim"), "mine");
}
