//! Random pipelines, random edits and undos: after each, what the incremental build left equals what a
//! build from nothing makes, byte for byte. And builds that are killed at random moments.
//!
//! `EXPOPS_SEQUENCES=500` runs more sequences than the few that fit into every test run, `EXPOPS_MOMENTS=200`
//! more kills; `EXPOPS_SEED=17` one sequence again.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::space::{Space, Tool};

/// A generator of random numbers that repeats itself (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// Everything about a project that an edit can change.
#[derive(Clone, Debug, PartialEq)]
struct State {
    rows: Vec<u64>,
    columns: u64,
    size: u64,
    inner: Option<u64>,
    seeds: Option<Vec<u64>>,
    by: u64,
    factor: u64,
    seed: u64,
    body: u64,
    limit: u64,
    extra: u64,
    shell: bool,
    comment: u64,
}

impl State {
    fn random(random: &mut Random) -> Self {
        Self {
            rows: (0..random.below(20) + 5).map(|_| random.below(50)).collect(),
            columns: 0,
            size: random.below(3) + 1,
            inner: (random.below(3) == 0).then_some(2),
            seeds: (random.below(2) == 0).then(|| vec![41, 42]),
            by: random.below(3),
            factor: 1,
            seed: 1,
            body: 0,
            limit: 100,
            extra: 0,
            shell: random.below(2) == 0,
            comment: 0,
        }
    }

    fn edit(&mut self, random: &mut Random) {
        let row = random.below(self.rows.len() as u64) as usize;
        match random.below(14) {
            0 | 1 => self.rows[row] = random.below(50),
            2 => self.rows.push(random.below(50)),
            3 => self.rows.insert(row, random.below(50)),
            4 if self.rows.len() > 1 => drop(self.rows.remove(row)),
            5 => self.size = random.below(4) + 1,
            6 => self.inner = [None, Some(1), Some(2)][random.below(3) as usize],
            7 => {
                self.seeds = [None, Some(vec![41]), Some(vec![41, 42]), Some(vec![7, 41])]
                    [random.below(4) as usize]
                    .clone()
            }
            8 => self.factor = random.below(3),
            9 => self.body = random.below(3),
            10 => self.limit = [30, 100][random.below(2) as usize],
            11 => self.extra = random.below(3),
            12 => self.columns = random.below(2),
            13 => self.seed = random.below(2),
            _ => self.comment += 1,
        }
    }

    fn write(&self, space: &Space) {
        space.write("expops.yaml", self.yaml());
        let (body, limit, comment) = (self.body, self.limit, self.comment);
        let code = include_str!("never_stale.py")
            .replace("BODY", &body.to_string())
            .replace("COMMENT", &comment.to_string());
        space.write("src/model.py", code);
        space.write("src/helper.py", format!("# {comment}\nLIMIT = {limit}\n\ndef scale(row, factor):\n    return min(row * factor, LIMIT)\n"));
        space.write("extra.txt", format!("{}\n", self.extra));
        let header = ["id,value\n", "key,value\n"][self.columns as usize];
        let rows = self.rows.iter().enumerate().map(|(i, row)| format!("{i},{row}\n"));
        space.write("data/rows.csv", header.to_owned() + &rows.collect::<String>());
    }

    fn yaml(&self) -> String {
        let mut edges = vec!["load cut", "load names"];
        let by = ["rows", "round_robin", "rows"][self.by as usize];
        let mut processes = format!(
            "    - {{name: load}}\n    - {{name: cut, data_parallelism: {{size: {}, data_name: rows, by: {by}}}}}\n",
            self.size
        );
        let mut last = "cut";
        if let Some(inner) = self.inner {
            edges.push("cut inner");
            processes +=
                &format!("    - {{name: inner, data_parallelism: {{size: {inner}, data_name: rows}}}}\n");
            last = "inner";
        }
        let fan = format!("{last} fan");
        if let Some(seeds) = &self.seeds {
            edges.push(&fan);
            processes += &format!("    - {{name: fan, seed_parallelism: {{seeds: {seeds:?}}}}}\n");
            last = "fan";
        }
        let train = format!("{last} train");
        edges.push(&train);
        processes += &format!("    - {{name: train, parameters: {{factor: {}}}}}\n", self.factor);
        last = "train";
        let best = format!("{last} best");
        if self.seeds.is_some() {
            edges.push(&best);
            processes += "    - {name: best, seed_aggregation: true, code: gather}\n";
            last = "best";
        }
        let part = format!("{last} part");
        if self.inner.is_some() {
            edges.push(&part);
            processes += "    - {name: part, data_aggregation: true, code: gather}\n";
            last = "part";
        }
        let total = format!("{last} total");
        edges.push(&total);
        processes += "    - {name: total, data_aggregation: true, code: gather}\n";
        let names = if self.shell {
            "command: \"cat {{ inputs.columns }} extra.txt > {{ outputs.names }}\", outputs: {names: names.txt}"
        } else {
            "code: names"
        };
        processes += &format!("    - {{name: names, files: [extra.txt], {names}}}\n");
        let edges: String = edges.iter().map(|edge| format!("    {edge}\n")).collect();
        let seed = self.seed;
        format!(
            "# {}\nmetadata: {{name: random}}\nscripts: {{main: src/model.py}}\ndata: {{path: data/rows.csv}}\nreproducibility: {{random_seed: {seed}}}\npipeline:\n  process_adjlist: |\n{edges}  processes:\n{processes}",
            self.comment
        )
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn sequence(seed: u64) {
    let random = &mut Random(seed);
    let tool = if random.below(3) == 0 { Tool::Make } else { Tool::Ninja };
    let space = Space::new();
    let mut states = vec![State::random(random)];
    for number in 0..6 {
        let state = states.last().unwrap().clone();
        state.write(&space);
        if number == 0 {
            space.compile(tool).success();
        }
        let ran = space.build(tool, &[]);
        let context = || format!("EXPOPS_SEED={seed}, edit {number}: {state:#?}");
        assert_eq!(ran.status, 0, "{}\n{}{}", context(), ran.out, ran.err);
        space.nothing_to_do(tool);
        space.expops(&["clean", "--stale", "-q"]).success();
        let fresh = Space::new();
        state.write(&fresh);
        fresh.compile(tool).success();
        fresh.build(tool, &[]).success();
        let (left, right) = (space.tree("build"), fresh.tree("build"));
        for name in left.keys().chain(right.keys()) {
            assert!(left.get(name) == right.get(name), "{name} differs; {}", context());
        }
        let mut next = state.clone();
        if random.below(4) == 0 {
            next = states[random.below(states.len() as u64) as usize].clone();
        } else {
            (0..=random.below(2)).for_each(|_| next.edit(random));
        }
        states.push(next);
    }
}

#[test]
fn random_edits_leave_what_a_build_from_nothing_makes() {
    if let Some(seed) = setting("EXPOPS_SEED") {
        return sequence(seed);
    }
    (0..setting("EXPOPS_SEQUENCES").unwrap_or(2)).for_each(|seed| sequence(seed + 1));
}

#[test]
fn a_build_killed_at_any_moment_is_finished_by_the_next() {
    let random = &mut Random(setting("EXPOPS_SEED").unwrap_or(5));
    let space = Space::new();
    let cache = space.path("cache");
    let build = || -> Command {
        let mut command = space.command("ninja");
        command.env("EXPOPS_CACHE_DIR", &cache).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut states = [State::random(random), State::random(random)];
    for state in &mut states {
        (state.inner, state.seeds, state.size, state.shell) = (None, Some(vec![41, 42]), 3, false);
    }
    states[1].by = states[0].by;
    let expected = [0, 1].map(|i| {
        states[i].write(&space);
        space.compile(Tool::Ninja).success();
        assert!(build().status().unwrap().success());
        space.tree("build")
    });
    for moment in 0..setting("EXPOPS_MOMENTS").unwrap_or(8) {
        let now = (moment % 2) as usize;
        states[now].write(&space);
        match random.below(3) {
            // A restore, a write, or a mixture is interrupted.
            0 => drop(fs::remove_dir_all(space.path("build"))),
            1 => drop(fs::remove_dir_all(&cache)),
            _ => {}
        }
        let mut killed = build().process_group(0).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.below(1200)));
        let group = format!("-{}", killed.id());
        let _ = Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status();
        killed.wait().unwrap();
        assert!(build().status().unwrap().success(), "moment {moment}");
        let tree = space.tree("build");
        for name in tree.keys().chain(expected[now].keys()) {
            assert!(tree.get(name) == expected[now].get(name), "moment {moment}: {name} differs");
        }
    }
}
