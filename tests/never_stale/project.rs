//! A random project, and random edits of it.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::random::Random;
use crate::space::Space;

use super::world::World;

/// Everything about a project that an edit can change.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    rows: Vec<u64>,
    columns: u64,
    pub size: u64,
    pub inner: Option<u64>,
    pub seeds: Option<Vec<u64>>,
    pub by: u64,
    factor: u64,
    seed: u64,
    body: u64,
    limit: u64,
    helper: u64,
    extra: u64,
    /// Names and contents of the files in a declared folder; never none.
    conf: Vec<(u64, u64)>,
    /// What a class does whose instance is handed on.
    judge: u64,
    pub shell: bool,
    comment: u64,
    pub taps: Vec<Tap>,
    /// The version of a package of the interpreter; without one, the interpreter of the tests is used.
    pub package: Option<u64>,
    /// `total` fails.
    pub broken: bool,
    /// What nobody declares.
    pub world: World,
    /// Each edit writes every file anew, the same or not.
    touches: bool,
}

/// A process that hangs somewhere on the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    upstreams: [u64; 2],
    all: bool,
    weight: u64,
    body: u64,
}

impl Tap {
    fn random(random: &mut Random) -> Self {
        Self {
            upstreams: [random.below(100), random.below(100)],
            all: random.below(3) == 0,
            weight: random.below(3),
            body: random.below(3),
        }
    }
}

/// The helper of the script, written in three ways.
const HELPERS: [&str; 3] = [
    "import zlib\nLIMIT = {limit}\n\ndef scale(row, factor):\n    return min(row * factor, LIMIT)\n",
    "import zlib\nimport limits\n\ndef scale(row, factor, limit=limits.LIMIT):\n    return min(row * factor, limit)\n",
    "import zlib\nfrom limits import LIMIT as MOST\n\nclass Scale:\n    most = MOST\n\n    def of(self, row, factor):\n        return min(row * factor, self.most)\n\n@staticmethod\ndef scale(row, factor):\n    return Scale().of(row, factor)\n",
];

impl Project {
    pub fn random(random: &mut Random) -> Self {
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
            helper: random.below(3),
            extra: 0,
            conf: vec![(0, 0)],
            judge: 0,
            shell: random.below(2) == 0,
            comment: 0,
            taps: (0..random.below(4)).map(|_| Tap::random(random)).collect(),
            package: (random.below(4) == 0).then_some(1),
            broken: false,
            world: World::random(random),
            touches: random.below(4) == 0,
        }
    }

    pub fn edit(&mut self, random: &mut Random) {
        if random.below(2) == 0 {
            return self.world.edit(random);
        }
        let row = random.below(self.rows.len() as u64) as usize;
        let tap = random.below(3) as usize;
        let file = random.below(self.conf.len() as u64) as usize;
        match random.below(25) {
            0 | 1 => self.rows[row] = random.below(50),
            2 => self.rows.push(random.below(50)),
            3 => self.rows.insert(row, random.below(50)),
            4 if self.rows.len() > 1 => drop(self.rows.remove(row)),
            5 => self.size = random.below(4) + 1,
            6 => self.inner = [None, Some(1), Some(2)][random.below(3) as usize],
            7 => {
                let seeds = [None, Some(vec![41]), Some(vec![41, 42]), Some(vec![7, 41])];
                self.seeds = seeds[random.below(4) as usize].clone();
            }
            8 => self.factor = random.below(3),
            9 => self.body = random.below(3),
            10 => self.limit = [30, 100][random.below(2) as usize],
            11 => self.extra = random.below(3),
            12 => self.columns = random.below(2),
            13 => self.seed = random.below(2),
            14 => self.helper = random.below(3),
            15 if self.package.is_some() => self.package = Some(random.below(3)),
            16 if self.taps.len() > tap => drop(self.taps.remove(tap)),
            17 if self.taps.len() > tap => self.taps[tap] = Tap::random(random),
            18 if self.taps.len() < 4 => self.taps.push(Tap::random(random)),
            19 => self.broken = random.below(3) == 0,
            20 => self.conf[file].1 = random.below(3),
            21 if self.conf.len() > 1 => drop(self.conf.remove(file)),
            22 => {
                let name = random.below(4);
                self.conf.retain(|file| file.0 != name);
                self.conf.push((name, random.below(3)));
            }
            23 | 24 => self.judge = random.below(3),
            _ => self.comment += 1,
        }
    }

    pub fn write(&self, space: &Space) {
        let write = |name: &str, text: String| {
            if self.touches { space.write(name, text) } else { space.put(name, Some(&text)) }
        };
        write("expops.yaml", self.yaml());
        let comment = self.comment.to_string();
        let fail = if self.broken { "raise ValueError(score)" } else { "pass" };
        let code = include_str!("model.py").to_owned() + &self.tap_code() + &self.world.code();
        let code = code.replace("BODY", &self.body.to_string()).replace("FAIL", fail);
        write("src/model.py", code.replace("COMMENT", &comment));
        let limit = self.limit.to_string();
        let helper = HELPERS[self.helper as usize].replace("{limit}", &limit);
        let mix = "\ndef mix(values):\n    values = [v.read_text() if hasattr(v, 'read_text') else v.judge() if hasattr(v, 'judge') else v for v in values]\n    return zlib.crc32(repr(values).encode())\n";
        write("src/helper.py", format!("# {comment}\n{helper}{mix}"));
        write("src/limits.py", format!("LIMIT = {limit}  # {comment}\n"));
        write("extra.txt", format!("{}\n", self.extra));
        let judge = "from limits import LIMIT\n\n\nclass Judge:\n    # COMMENT\n    def judge(self):\n        return JUDGE + self.least + LIMIT\n";
        let judge = judge.replace("JUDGE", &self.judge.to_string()).replace("COMMENT", &comment);
        write("src/judge.py", judge);
        let is_wanted = |name: u64| self.conf.iter().any(|file| file.0 == name);
        for name in (0..4).filter(|name| !is_wanted(*name)) {
            space.put(&format!("conf/inner/{name}"), None);
        }
        for (name, content) in &self.conf {
            write(&format!("conf/inner/{name}"), format!("{content}\n"));
        }
        let header = ["id,value\n", "key,value\n"][self.columns as usize];
        let rows = self.rows.iter().enumerate().map(|(i, row)| format!("{i},{row}\n"));
        write("data/rows.csv", header.to_owned() + &rows.collect::<String>());
        self.world.write(space, self.package.is_some());
        if let Some(version) = self.package {
            write_interpreter(space, version);
        }
    }

    /// Processes that a tap can hang on, each with a key that it returns, and all that it returns.
    fn hosts(&self) -> Vec<(String, String, &'static str)> {
        let mut hosts = vec![
            ("load", "columns"),
            ("load", "judge"),
            ("names", "names"),
            ("cut", "rows"),
            ("cut", "judge"),
        ];
        hosts.push(("train", "score"));
        hosts.extend(self.inner.map(|_| ("inner", "rows")));
        hosts.extend(self.inner.map(|_| ("part", "score")));
        hosts.extend(self.seeds.as_ref().map(|_| ("fan", "rows")));
        hosts.extend(self.seeds.as_ref().map(|_| ("best", "score")));
        hosts.push(("total", "score"));
        let all = |key| if ["columns", "judge"].contains(&key) { "rows" } else { key };
        hosts.into_iter().map(|(name, key)| (name.to_owned(), key.to_owned(), all(key))).collect()
    }

    /// The upstreams of tap `i`, each with the key that the tap takes; no two return the same key.
    fn upstreams(&self, i: usize) -> Vec<(String, String)> {
        let mut hosts = self.hosts();
        let keys = ["seen0", "seen1", "seen2", "seen3"];
        hosts.extend(self.world.processes().zip(keys).map(|((name, key), all)| (name, key, all)));
        hosts.extend((0..i).map(|i| (format!("tap{i}"), format!("even{i}"), ["0", "1", "2", "3"][i])));
        let [first, second] = self.taps[i].upstreams.map(|number| &hosts[number as usize % hosts.len()]);
        let mut found = vec![(first.0.clone(), first.1.clone())];
        if first.2 != second.2 {
            found.push((second.0.clone(), second.1.clone()));
        }
        found
    }

    fn tap_code(&self) -> String {
        let code = |(i, tap): (usize, &Tap)| {
            let keys: Vec<_> = self.upstreams(i).into_iter().map(|(_, key)| key).collect();
            let (takes, given) = if tap.all {
                ("**rest".to_owned(), "[rest[name] for name in sorted(rest) if name in KEYS]".to_owned())
            } else {
                (format!("{}, weight", keys.join(", ")), format!("[{}, weight]", keys.join(", ")))
            };
            let given = given.replace("KEYS", &format!("{keys:?} + ['weight']"));
            let body = tap.body;
            format!(
                "\n\n@process()\ndef tap{i}({takes}):\n    # COMMENT\n    value = mix({given}) + {body}\n    return {{'tap{i}': value, 'even{i}': value % 2}}\n"
            )
        };
        self.taps.iter().enumerate().map(code).collect()
    }

    fn yaml(&self) -> String {
        let by = ["rows", "round_robin", "rows"][self.by as usize];
        let mut edges = "    load names\n    load".to_owned();
        let mut processes = "    - {name: load}\n".to_owned();
        let mut then = |name: &str, fields: &str| {
            edges += &format!(" {name}\n    {name}");
            processes += &format!("    - {{name: {name}, {fields}}}\n");
        };
        then("cut", &format!("data_parallelism: {{size: {}, data_name: rows, by: {by}}}", self.size));
        if let Some(inner) = self.inner {
            then("inner", &format!("data_parallelism: {{size: {inner}, data_name: rows}}"));
        }
        if let Some(seeds) = &self.seeds {
            then("fan", &format!("seed_parallelism: {{seeds: {seeds:?}}}"));
        }
        then("train", &format!("parameters: {{factor: {}}}", self.factor));
        if self.seeds.is_some() {
            then("best", "seed_aggregation: true, code: gather");
        }
        if self.inner.is_some() {
            then("part", "data_aggregation: true, code: gather");
        }
        then("total", "data_aggregation: true");
        edges.push('\n');
        for (i, tap) in self.taps.iter().enumerate() {
            processes += &format!("    - {{name: tap{i}, parameters: {{weight: {}}}}}\n", tap.weight);
            self.upstreams(i).iter().for_each(|(name, _)| edges += &format!("    {name} tap{i}\n"));
        }
        self.world.processes().for_each(|(name, _)| edges += &format!("    {name}\n"));
        processes += &self.world.yaml();
        let names = if self.shell {
            "command: \"cat {{ inputs.columns }} extra.txt conf/inner/* > {{ outputs.names }}\", outputs: {names: names.txt}"
        } else {
            "code: names"
        };
        processes += &format!("    - {{name: names, files: [extra.txt, conf], {names}}}\n");
        format!(
            "# {}\nmetadata: {{name: random}}\nscripts: {{main: src/model.py}}\ndata: {{path: data/rows.csv}}\nreproducibility: {{random_seed: {}}}\npipeline:\n  process_adjlist: |\n{}  processes:\n{processes}",
            self.comment,
            self.seed,
            edges.replace("    total\n", ""),
        )
    }
}

/// An interpreter of the project's own, in which a package of this version is installed.
fn write_interpreter(space: &Space, version: u64) {
    let folder = space.path("tools");
    if !folder.exists() {
        let ask = "import os, sys; print(os.path.realpath(sys.executable), sys.version_info[1])";
        let said = Command::new("python3").args(["-c", ask]).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let (python, minor) = said.trim().rsplit_once(' ').unwrap();
        let bin = std::path::Path::new(python).parent().unwrap();
        space.write("tools/pyvenv.cfg", format!("home = {}\n", bin.display()));
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        symlink(python, folder.join("bin/python3")).unwrap();
        space.write("tools/minor", minor);
    }
    let site = format!("tools/lib/python3.{}/site-packages", space.read("tools/minor"));
    let metadata = format!("Metadata-Version: 2.1\nName: fake\nVersion: {version}\n");
    space.put(&format!("{site}/fake-1.dist-info/METADATA"), Some(&metadata));
    let lib = space.path("lib");
    space.put(&format!("{site}/far.pth"), Some(&format!("{}\n", lib.display())));
}
