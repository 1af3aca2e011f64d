//! Watches a process while it runs.

use std::cell::RefCell;
use std::process::Command;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::places::{Link, NOT_SYSTEM, SYSTEM};
use crate::digest::Digest;
use crate::exec::interpreter::Interpreter;
use crate::exec::key::roots::Roots;
use crate::exec::private;
use crate::exec::values::beside::last_change;
use crate::file;
use crate::layout::Layout;
use crate::layout::{FILES, run as run_files};
use crate::variable::PRELOAD;
use crate::watch::{self, Event, FileState, Operation};

/// The library has room for a limited number of roots: more links than this are named by their common folder.
const MOST_LINKS: usize = 32;

/// Where the project is, for processes and commands.
const PROJECT: &str = "EXPOPS_PROJECT_ROOT";

/// How a process is watched.
pub(in crate::exec) struct Watcher {
    /// The library; `None` where Python has to tell.
    library: Option<Utf8PathBuf>,
    /// Where nobody else tells: that a program was started, and what its words name.
    started: RefCell<Vec<Option<Event>>>,
    log: Utf8PathBuf,
    prefixes: Vec<Utf8PathBuf>,
    /// Which paths matter and which do not, as the library reads them.
    roots: String,
    /// Not after the run began, by the clock of the file system.
    since: Option<SystemTime>,
}

impl Watcher {
    /// A watcher for a run in `run`, of a program installed in `prefixes`.
    pub(in crate::exec) fn new(
        layout: &Layout,
        (run, links): (&Utf8Path, &[Link]),
        prefixes: Vec<Utf8PathBuf>,
        roots: &Roots,
    ) -> Self {
        let files = run.join(FILES);
        let own = format!("{}/.expops", roots.project().join(layout.build()));
        let mut lines: Vec<String> = SYSTEM.iter().map(|path| format!("-{path}")).collect();
        lines.extend(NOT_SYSTEM.iter().map(|path| format!("+{path}")));
        lines.push(format!("+{}", roots.project()));
        let outside = prefixes.iter().filter(|prefix| !roots.project().starts_with(prefix));
        lines.extend(outside.map(|prefix| format!("-{prefix}")));
        lines.extend([format!("-{own}"), format!("={run}"), "=/proc".to_owned(), "=/dev/fd".to_owned()]);
        if links.len() > MOST_LINKS {
            lines.push(format!("+{files}"));
        } else {
            lines.extend(links.iter().map(|link| format!("+{}", files.join(&link.path))));
        }
        // Without it, Python tells what it can.
        Self {
            library: PRELOAD.is_on(true).then(|| library(layout)).flatten(),
            started: RefCell::default(),
            log: run.join(run_files::READS),
            prefixes,
            roots: lines.join("\n"),
            since: run.metadata().ok().and_then(|meta| last_change(&meta)),
        }
    }

    /// Watches `command`, and everything that it starts.
    pub(in crate::exec) fn watch(&self, command: &mut Command) {
        command.env("EXPOPS_WATCH", &self.log).env("EXPOPS_WATCH_ROOTS", &self.roots);
        let Some(library) = &self.library else {
            command.env("EXPOPS_WATCH_HOOK", "1");
            self.started.replace([None].into_iter().chain(words(command).map(Some)).collect());
            return;
        };
        let before = std::env::var("LD_PRELOAD").ok().filter(|before| !before.is_empty());
        let preload = before.map_or_else(|| library.to_string(), |before| format!("{library}:{before}"));
        command.env("LD_PRELOAD", preload);
    }

    /// Where the interpreter and its packages are installed.
    pub(in crate::exec) fn prefixes(&self) -> &[Utf8PathBuf] {
        &self.prefixes
    }

    /// What changed before this, nothing that it watches can have seen otherwise; `None` if that is unknown.
    pub(in crate::exec) fn since(&self) -> Option<SystemTime> {
        self.since
    }

    /// What was seen. A program in which nobody watched may have read anything.
    pub(in crate::exec) fn events(&self) -> Vec<Option<Event>> {
        match file::read_regular(&self.log) {
            Ok(bytes) => watch::events(&bytes).collect(),
            Err(_) => self.started.borrow().clone(),
        }
    }
}

/// What the words of a command name, which nobody else sees.
fn words(command: &Command) -> impl Iterator<Item = Event> {
    let folder = command.get_current_dir().and_then(Utf8Path::from_path).unwrap_or(Utf8Path::new(""));
    let text = |word: &std::ffi::OsStr| word.to_str().map(str::to_owned);
    let mut variables = command.get_envs();
    let project = variables.find_map(|(name, value)| value.filter(|_| name == PROJECT).and_then(text));
    let project = project.unwrap_or_default();
    let places = [format!("${{{PROJECT}}}"), format!("${PROJECT}")];
    let meant = |part: &str| places.iter().fold(part.to_owned(), |part, place| part.replace(place, &project));
    let arguments: Vec<String> = command.get_args().filter_map(text).collect();
    let parts = arguments
        .iter()
        .flat_map(|word| word.split([' ', '\t', '\n', '=', ';', '|', '&', '<', '>', '\'', '"']));
    let paths = parts.filter(|part| !part.is_empty()).map(|part| folder.join(meant(part)));
    let paths: Vec<_> = paths.chain([folder.to_owned()]).collect();
    paths.into_iter().filter_map(|path| {
        Some(Event { operation: Operation::Word, seen: Some(FileState::now(&path)?), path })
    })
}

/// Where the interpreter that a command starts is installed, with its packages.
pub(in crate::exec) fn prefixes(interpreter: Option<&Interpreter>, project: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Some(program) = interpreter.map(|interpreter| interpreter.program(project)) else {
        return Vec::new();
    };
    let program =
        if program.contains('/') { Some(Utf8PathBuf::from(program)) } else { file::on_path(&program) };
    let prefix = |program: &Utf8Path| program.parent().and_then(Utf8Path::parent).map(Utf8Path::to_owned);
    let real = program.as_ref().and_then(|program| program.canonicalize_utf8().ok());
    let both = [program, real].into_iter().flatten().filter_map(|program| prefix(&program));
    both.filter(|prefix| is_of_python(prefix)).collect()
}

/// Whether an interpreter is installed in this folder: a link to one may be in a folder `bin` anywhere.
fn is_of_python(prefix: &Utf8Path) -> bool {
    let has = |name: &str| prefix.join(name).exists();
    let is_library = |entry: std::io::Result<camino::Utf8DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name().starts_with("python3"))
    };
    let has_library = || prefix.join("lib").read_dir_utf8().is_ok_and(|mut all| all.any(is_library));
    prefix != "/" && prefix != "" && (has("pyvenv.cfg") || has("conda-meta") || has_library())
}

/// The library at a path that `LD_PRELOAD` can name: blanks and colons end a name there.
fn library(layout: &Layout) -> Option<Utf8PathBuf> {
    let bytes = watch::library()?;
    let is_plain = |path: &Utf8PathBuf| !path.as_str().contains([' ', ':', '\t', '\n']);
    let own = layout.watch_library();
    let folder = own.parent().and_then(|folder| folder.canonicalize_utf8().ok());
    let own = folder.zip(own.file_name()).map(|(folder, name)| folder.join(name));
    let Some(place) = own.filter(is_plain) else { return private_library().filter(is_plain) };
    file::write_if_changed(&place, bytes).is_ok().then_some(place)
}

/// The library in the user's private folder on this machine.
pub(in crate::exec) fn private_library() -> Option<Utf8PathBuf> {
    let bytes = watch::library()?;
    let name = format!("watch-{}.so", &Digest::of(bytes).to_string()[..16]);
    let place = private::folder().ok()?.join(name);
    file::write_if_changed(&place, bytes).is_ok().then_some(place)
}

/// The folders that are searched for programs.
pub(in crate::exec) fn searched() -> Vec<Utf8PathBuf> {
    std::env::var("PATH").unwrap_or_default().split(':').map(Utf8PathBuf::from).collect()
}
