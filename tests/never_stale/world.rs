//! What nobody declares: files, folders, modules, variables and programs that processes find by themselves.

use crate::random::Random;
use crate::space::Space;

/// Names of what can be edited; each has a number, and 0 is "not there" for those that may be absent.
const SLOTS: [&str; 19] = [
    "config", "more", "notes/a", "notes/b", "notes/c", "deep", "flag", "maybe", "plug", "shape", "far",
    "child", "tool", "part", "knob", "link", "target", "optional", "own",
];

/// One way to find something: an expression of Python, or a command where `is_command`.
struct Way {
    text: &'static str,
    is_command: bool,
}

const fn expression(text: &'static str) -> Way {
    Way { text, is_command: false }
}

const WAYS: [Way; 21] = [
    expression("(ROOT / 'config' / 'a.json').read_text()"),
    expression(
        "open(ROOT / 'data' / 'more.txt').read() if os.path.exists(ROOT / 'data' / 'more.txt') else 'none'",
    ),
    expression("[[name, tried(ROOT / 'notes' / name)] for name in sorted(os.listdir(ROOT / 'notes'))]"),
    expression("sorted(path.name for path in (ROOT / 'notes').glob('*'))"),
    expression("[[names, sorted(files)] for _, names, files in sorted(os.walk(ROOT / 'notes'))]"),
    expression("(ROOT / 'settings' / 'flag').exists()"),
    expression("tried(ROOT / 'maybe' / 'x.txt')"),
    expression("tried(ROOT / 'notes' / 'deep' / 'er' / 'x.txt')"),
    expression("importlib.import_module('_'.join(['plug', 'a'])).VALUE"),
    expression("pydoc.locate('shapes.Net')().area()"),
    expression("importlib.import_module('fa' + 'r').VALUE"),
    expression(
        "subprocess.run(['cat', str(ROOT / 'config' / 'child.txt')], capture_output=True, text=True).stdout",
    ),
    expression(
        "subprocess.run([sys.executable, str(ROOT / 'tool' / 'tool.py')], capture_output=True, text=True).stdout",
    ),
    expression("os.environ.get('KNOB', 'none')"),
    expression("(ROOT / 'links' / 'newest').read_text()"),
    expression("os.path.getsize(ROOT / 'config' / 'a.json')"),
    expression("[os.readlink(ROOT / 'links' / 'newest'), os.path.realpath(ROOT / 'links' / 'newest')[-1]]"),
    expression("having()"),
    // A folder that has the name of a process.
    expression("sorted(os.listdir(ROOT / 'read0'))"),
    Way { text: "python3 tool/tool.py > {{ outputs.KEY }}", is_command: true },
    Way { text: "sh tool/run.sh > {{ outputs.KEY }}", is_command: true },
];

fn remove_folder(space: &Space, name: &str) {
    if space.exists(name) {
        space.tick();
        std::fs::remove_dir_all(space.path(name)).unwrap();
    }
}

/// The undeclared part of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    values: [u64; SLOTS.len()],
    /// Which ways are used, one a process.
    readers: Vec<usize>,
}

impl World {
    pub fn random(random: &mut Random) -> Self {
        let readers = (0..random.below(4) + 1).map(|_| random.below(WAYS.len() as u64) as usize);
        Self { readers: readers.collect(), values: [1; SLOTS.len()] }
    }

    pub fn edit(&mut self, random: &mut Random) {
        let reader = random.below(self.readers.len() as u64) as usize;
        match random.below(8) {
            0 => self.readers[reader] = random.below(WAYS.len() as u64) as usize,
            1 if self.readers.len() < 4 => self.readers.push(random.below(WAYS.len() as u64) as usize),
            2 if self.readers.len() > 1 => drop(self.readers.remove(reader)),
            _ => {
                let slot = random.below(SLOTS.len() as u64) as usize;
                self.values[slot] = (self.values[slot] + 1 + random.below(2)) % 3;
            }
        }
    }

    fn value(&self, name: &str) -> u64 {
        self.values[SLOTS.iter().position(|slot| *slot == name).unwrap()]
    }

    /// Whether a bare build tool cannot know that something changed since `before`: a variable, or a name that appears
    /// in the project's own folder.
    pub fn is_hidden_since(&self, before: &Self) -> bool {
        ["knob", "maybe"].iter().any(|name| self.value(name) != before.value(name))
    }

    /// Writes what is not as it should be.
    pub fn write(&self, space: &Space, package: bool) {
        let text = |name: &str| self.value(name).to_string();
        let module = |name: &str| format!("VALUE = {}\n", self.value(name));
        space.put("config/a.json", Some(["1", "22", "3"][self.value("config") as usize]));
        space.put("config/child.txt", Some(&text("child")));
        let absent = |name: &str, path: &str| {
            space.put(path, (self.value(name) > 0).then(|| text(name)).as_deref());
        };
        absent("more", "data/more.txt");
        absent("notes/a", "notes/a");
        absent("notes/b", "notes/b");
        absent("notes/c", "notes/c");
        space.put("notes/always", Some("1"));
        if self.value("deep") == 0 {
            remove_folder(space, "notes/deep");
        } else {
            space.put("notes/deep/er/x.txt", Some(&text("deep")));
        }
        absent("flag", "settings/flag");
        space.put("settings/other", Some("1"));
        let maybe = self.value("maybe");
        if maybe == 0 {
            remove_folder(space, "maybe");
        } else {
            space.put("maybe/x.txt", (maybe == 2).then_some("2"));
            space.put("maybe/y.txt", (maybe == 1).then_some("1"));
        }
        absent("own", "read0/x");
        space.put("read0/always", Some("1"));
        space.put("src/optional.py", (self.value("optional") > 0).then(|| module("optional")).as_deref());
        space.put("src/plug_a.py", Some(&module("plug")));
        let shape = format!("class Net:\n    def area(self):\n        return {}\n", self.value("shape"));
        space.put("src/shapes.py", Some(&shape));
        space.put("lib/far.py", Some(&module("far")));
        space.put("tool/part.py", Some(&module("part")));
        space.put("tool/tool.py", Some(&format!("import part\nprint(part.VALUE, {})\n", self.value("tool"))));
        space.put("tool/run.sh", Some(&format!("cat config/child.txt\necho {}\n", self.value("tool"))));
        space.put("links/a", Some(&text("target")));
        space.put("links/b", Some("b"));
        space.link("links/newest", ["a", "b", "../links/a"][self.value("link") as usize]);
        space.set("KNOB", (self.value("knob") > 0).then(|| text("knob")).as_deref());
        // Found by the path of an installed package, or by the search path of the interpreter.
        space.set(
            "PYTHONPATH",
            (!package).then(|| space.path("lib").to_string_lossy().into_owned()).as_deref(),
        );
    }

    /// The processes, each with the key that it returns.
    pub fn processes(&self) -> impl Iterator<Item = (String, String)> {
        (0..self.readers.len()).map(|i| (format!("read{i}"), format!("seen{i}")))
    }

    /// What the script has of them.
    pub fn code(&self) -> String {
        let code = |(i, way): (usize, &usize)| {
            let text = WAYS[*way].text;
            (!WAYS[*way].is_command).then(|| {
                format!("\n\n@process()\ndef read{i}():\n    # COMMENT\n    return {{'seen{i}': {text}}}\n")
            })
        };
        self.readers.iter().enumerate().filter_map(code).collect()
    }

    /// What `processes` has of them.
    pub fn yaml(&self) -> String {
        let yaml = |(i, way): (usize, &usize)| {
            let command = WAYS[*way].text.replace("KEY", &format!("seen{i}"));
            let more = format!(", command: \"{command}\", outputs: {{seen{i}: seen.txt}}");
            format!("    - {{name: read{i}{}}}\n", if WAYS[*way].is_command { more.as_str() } else { "" })
        };
        self.readers.iter().enumerate().map(yaml).collect()
    }
}
