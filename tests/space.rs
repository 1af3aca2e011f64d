//! A folder of its own for each test, with a project in it, and the programs to build it with.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// A folder that is removed at the end of the test.
pub struct Space {
    folder: tempfile::TempDir,
    /// Variables of the environment for every command.
    variables: Mutex<BTreeMap<String, Option<String>>>,
}

/// The tools that can build what expops compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Ninja,
    Make,
}

pub const TOOLS: [Tool; 2] = [Tool::Ninja, Tool::Make];

/// How a program ended, and what it said.
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.status, 0, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn failure(self) -> Self {
        assert_ne!(self.status, 0, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    pub fn says(&self, text: &str) -> bool {
        self.out.contains(text) || self.err.contains(text)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self {
            status: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

impl Space {
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// One in the folder `above`.
    pub fn within(above: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("expops test ").tempdir_in(above).unwrap();
        Self { folder, variables: Mutex::default() }
    }

    /// A copy of the folder `from` of the repository, without what was built in it.
    pub fn copy_of(from: &str) -> Self {
        let space = Self::new();
        space.copy(from, ".");
        space
    }

    /// Copies the folder `from` of the repository to `to`, without what was built in it.
    pub fn copy(&self, from: &str, to: &str) {
        let from = repository().join(from);
        let is_generated =
            |path: &Path| fs::read(path).is_ok_and(|text| text.starts_with(b"# Made by expops"));
        let is_built = |e: &walkdir::DirEntry| {
            e.file_name() == "build" || e.file_name() == ".ninja_log" || is_generated(e.path())
        };
        for entry in walkdir::WalkDir::new(&from).into_iter().filter_entry(|e| !is_built(e)) {
            let entry = entry.unwrap();
            let to = self.path(to).join(entry.path().strip_prefix(&from).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.tick();
        fs::write(&path, text).unwrap();
    }

    /// Waits until what is written is newer than all that is there: build tools compare times, and a file system counts
    /// in ticks of some milliseconds.
    pub fn tick(&self) {
        let tick = std::time::Duration::from_millis(10);
        while self.newest() + tick > std::time::SystemTime::now() {
            std::thread::sleep(tick);
        }
    }

    /// Has a file hold `text`, or not be there; one that does already is left alone.
    #[track_caller]
    pub fn put(&self, name: &str, text: Option<&str>) {
        let there = fs::read(self.path(name)).ok();
        match text {
            Some(text) if there.as_deref() != Some(text.as_bytes()) => self.write(name, text),
            None if there.is_some() => {
                self.tick();
                fs::remove_file(self.path(name)).unwrap();
            }
            _ => {}
        }
    }

    /// Has the symbolic link `name` lead to `to`.
    #[track_caller]
    pub fn link(&self, name: &str, to: &str) {
        let path = self.path(name);
        if fs::read_link(&path).is_ok_and(|there| there == Path::new(to)) {
            return;
        }
        self.tick();
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(to, path).unwrap();
    }

    /// Sets a variable of the environment for every command, or has it not set.
    pub fn set(&self, name: &str, value: Option<&str>) {
        self.variables.lock().unwrap().insert(name.to_owned(), value.map(str::to_owned));
    }

    fn newest(&self) -> std::time::SystemTime {
        let times = walkdir::WalkDir::new(self.folder.path()).into_iter().flatten();
        let times = times.filter_map(|entry| entry.metadata().ok()?.modified().ok());
        times.max().unwrap_or(std::time::SystemTime::UNIX_EPOCH)
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Replaces `old` by `new` in a file.
    #[track_caller]
    pub fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} has no {old:?}");
        self.write(name, text.replacen(old, new, 1));
    }

    /// A command that runs here and finds the programs under test.
    pub fn command(&self, program: &str) -> Command {
        let binaries = Path::new(env!("CARGO_BIN_EXE_expops")).parent().unwrap().to_owned();
        let tools = repository().join(".venv/bin");
        let path = std::env::var_os("PATH").unwrap();
        // What a test puts in `tools/bin` goes before everything else.
        let folders = [self.path("tools/bin"), binaries, tools];
        let folders = folders.into_iter().chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("PATH", std::env::join_paths(folders).unwrap());
        // Holds the library `counted`, which no reader of scripts can look into: what it writes is no file
        // that a process of the project could read.
        command.env("PYTHONPATH", repository().join("tests/counted")).env_remove("EXPOPS_CACHE_DIR");
        // What tests ask for under `resources` is there.
        command
            .env("EXPOPS_MACHINE_CPUS", "8")
            .env("EXPOPS_MACHINE_MEMORY", "64GB")
            .env("CUDA_VISIBLE_DEVICES", "0");
        command.env_remove("EXPOPS").env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env("NO_COLOR", "1");
        for (name, value) in self.variables.lock().unwrap().iter() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    #[track_caller]
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let output = self.command(program).args(arguments).output();
        output.unwrap_or_else(|error| panic!("{program}: {error}")).into()
    }

    /// As `run`, but all that it has started is killed if it does not end within `limit`, and the test fails.
    #[track_caller]
    pub fn run_within(&self, limit: Duration, program: &str, arguments: &[&str]) -> Ran {
        let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::null()).process_group(0);
        command.stdout(files[0].try_clone().unwrap()).stderr(files[1].try_clone().unwrap());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let end = Instant::now() + limit;
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() > end => break None,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        if status.is_none() {
            signal_group(&child, Signal::KILL);
            child.wait().unwrap();
        }
        let [out, err] = files.map(|mut file| {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0)).unwrap();
            file.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let status = status.unwrap_or_else(|| panic!("{program} {arguments:?} did not end:\n{out}{err}"));
        Ran { status: status.code().unwrap_or(-1), out, err }
    }

    #[track_caller]
    pub fn expops(&self, arguments: &[&str]) -> Ran {
        self.run(env!("CARGO_BIN_EXE_expops"), arguments)
    }

    /// Compiles for a tool.
    #[track_caller]
    pub fn compile(&self, tool: Tool) -> Ran {
        match tool {
            Tool::Ninja => self.expops(&["compile"]),
            Tool::Make => self.expops(&["compile", "--format", "make"]),
        }
    }

    /// Builds with a tool what has been compiled for it.
    #[track_caller]
    pub fn build(&self, tool: Tool, arguments: &[&str]) -> Ran {
        match tool {
            Tool::Ninja => self.run("ninja", arguments),
            Tool::Make => self.run("make", &[&["-j2"], arguments].concat()),
        }
    }

    /// Builds, and returns which instances ran: what they wrote into `.ran.log`, sorted.
    #[track_caller]
    pub fn ran(&self, tool: Tool) -> Vec<String> {
        let _ = fs::remove_file(self.path(".ran.log"));
        self.build(tool, &[]).success();
        self.logged()
    }

    /// What is in `.ran.log`, sorted.
    pub fn logged(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path(".ran.log")).unwrap_or_default();
        let mut lines: Vec<_> = log.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Builds again and insists that there is nothing to do.
    #[track_caller]
    pub fn nothing_to_do(&self, tool: Tool) {
        let ran = self.build(tool, &[]).success();
        let expected = match tool {
            Tool::Ninja => "ninja: no work to do.",
            Tool::Make => "Nothing to be done for 'all'",
        };
        assert!(ran.says(expected), "{}{}", ran.out, ran.err);
    }

    /// Every file under `folder` with its content, but for logs and what belongs to this very folder.
    pub fn tree(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(folder);
        let mut tree = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&root) {
            let entry = entry.unwrap();
            let name = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let own = name.ends_with(".lock")
                || name.ends_with("/log")
                || name == "log"
                || name.starts_with(".expops/compiled/")
                || name.contains("__pycache__");
            // What only some build tools have made, on its way to one of them.
            let own = own
                || name.starts_with(".expops/shared/")
                || name.starts_with(".expops/modules/")
                || name.ends_with("/reads.d");
            // In the order in which instances ended.
            let own = own || name.starts_with(".expops/reads/");
            // Locks.
            let own = own || [".expops/turn", ".expops/busy", ".expops/compiling"].contains(&name.as_str());
            // What is kept for later, and for people.
            let own = own
                || name == ".expops/damaged"
                || name == ".expops/told.json"
                || name.starts_with(".expops/cache/")
                || name.starts_with(".expops/known/")
                || name.starts_with(".expops/journal")
                || name.starts_with(".expops/account")
                || name.starts_with(".expops/batch")
                || name.ends_with("why.json");
            if entry.file_type().is_file() && !own {
                tree.insert(name, fs::read(entry.path()).unwrap());
            }
        }
        tree
    }

    /// The time stamp of a file.
    #[track_caller]
    pub fn time(&self, name: &str) -> std::time::SystemTime {
        fs::metadata(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}")).modified().unwrap()
    }
}

/// The project file of processes that do not depend on each other: functions of `src/model.py`.
pub fn side_by_side(names: &[&str]) -> String {
    let list: String = names.iter().map(|name| format!("\n  {name}")).collect();
    let processes: String = names.iter().map(|name| format!("\n  - {{name: {name}}}")).collect();
    format!("scripts: {{main: src/model.py}}\nprocess_adjlist: |{list}\nprocesses:{processes}\n")
}

/// A project file with one process, a function of `s.py`.
pub fn of_one(name: &str) -> String {
    format!(
        "scripts: {{main: s.py}}\npipeline:\n  process_adjlist: {name}\n  processes:\n    - name: {name}\n"
    )
}

/// Whether Python has these modules. Where everything must be tested it has to.
pub fn has_python(modules: &[&str]) -> bool {
    let import = format!("import {}", modules.join(", "));
    let found = Command::new("python3").args(["-c", &import]).output().is_ok_and(|ran| ran.status.success());
    assert!(found || std::env::var_os("EXPOPS_TEST_FULL").is_none(), "{import}");
    found
}

/// The folder of this repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Kills one process, if it still runs.
pub fn kill(pid: u32) {
    let _ = rustix::process::kill_process(process(pid), Signal::KILL);
}

/// Sends `signal` to one process.
pub fn signal(child: &Child, signal: Signal) {
    let _ = rustix::process::kill_process(process(child.id()), signal);
}

/// Sends `signal` to `leader` and all that it has started; it was started as the leader of a group.
pub fn signal_group(leader: &Child, signal: Signal) {
    let _ = rustix::process::kill_process_group(process(leader.id()), signal);
}

fn process(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}
