//! Watches a process while it runs.

use std::fs;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::interpreter::Interpreter;
use super::private;
use super::roots::Roots;
use super::seen::SYSTEM;
use crate::digest::Digest;
use crate::file;
use crate::layout::Layout;
use crate::watch::{self, Event};

/// The library has room for a limited number of roots: more links than this are named by their common folder.
const MOST_LINKS: usize = 32;

/// How a process is watched.
pub(super) struct Watcher {
    /// The library; `None` where nothing can be seen.
    library: Option<Utf8PathBuf>,
    log: Utf8PathBuf,
    prefixes: Vec<Utf8PathBuf>,
    /// Which paths matter and which do not, as the library reads them.
    roots: String,
}

impl Watcher {
    /// A watcher for a run in `run`, of a program installed in `prefixes`.
    pub(super) fn new(
        layout: &Layout,
        (run, links): (&Utf8Path, &[Utf8PathBuf]),
        prefixes: Vec<Utf8PathBuf>,
        roots: &Roots,
    ) -> Self {
        let files = run.join("files");
        let own = format!("{}/.expops", roots.project().join(layout.build()));
        let mut lines: Vec<String> = SYSTEM.iter().map(|path| format!("-{path}")).collect();
        let outside = prefixes.iter().filter(|prefix| !roots.project().starts_with(prefix));
        lines.extend(outside.map(|prefix| format!("-{prefix}")));
        lines.extend([format!("-{own}"), format!("-{run}")]);
        if links.len() > MOST_LINKS {
            lines.push(format!("+{files}"));
        } else {
            lines.extend(links.iter().map(|link| format!("+{}", files.join(link))));
        }
        Self { library: library(layout), log: run.join("reads"), prefixes, roots: lines.join("\n") }
    }

    /// Watches `command`, and everything that it starts.
    pub(super) fn watch(&self, command: &mut Command) {
        let Some(library) = &self.library else { return };
        let before = std::env::var("LD_PRELOAD").ok().filter(|before| !before.is_empty());
        let preload = before.map_or_else(|| library.to_string(), |before| format!("{library}:{before}"));
        command
            .env("LD_PRELOAD", preload)
            .env("EXPOPS_WATCH", &self.log)
            .env("EXPOPS_WATCH_ROOTS", &self.roots);
    }

    /// Where the interpreter and its packages are installed.
    pub(super) fn prefixes(&self) -> &[Utf8PathBuf] {
        &self.prefixes
    }

    /// What was seen.
    pub(super) fn events(&self) -> Vec<Option<Event>> {
        watch::events(&fs::read(&self.log).unwrap_or_default()).collect()
    }
}

/// Where the interpreter that a command starts is installed, with its packages.
pub(super) fn prefixes(interpreter: Option<&Interpreter>, project: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Some(program) = interpreter.map(|interpreter| interpreter.program(project)) else {
        return Vec::new();
    };
    let program =
        if program.contains('/') { Some(Utf8PathBuf::from(program)) } else { file::on_path(&program) };
    let prefix = |program: &Utf8Path| program.parent().and_then(Utf8Path::parent).map(Utf8Path::to_owned);
    let real = program.as_ref().and_then(|program| program.canonicalize_utf8().ok());
    let both = [program, real].into_iter().flatten().filter_map(|program| prefix(&program));
    both.filter(|prefix| prefix != "/" && prefix != "").collect()
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
pub(super) fn private_library() -> Option<Utf8PathBuf> {
    let bytes = watch::library()?;
    let name = format!("watch-{}.so", &Digest::of(bytes).to_string()[..16]);
    let place = private::folder().ok()?.join(name);
    file::write_if_changed(&place, bytes).is_ok().then_some(place)
}

/// The folders that are searched for programs.
pub(super) fn searched() -> Vec<Utf8PathBuf> {
    std::env::var("PATH").unwrap_or_default().split(':').map(Utf8PathBuf::from).collect()
}
