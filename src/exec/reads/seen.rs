//! Turns what a process and its children did into what they read: which of it counts, and what was there.
//!
//! What does not count: the system and the interpreter with its packages (the environment has a digest already), the
//! folder that the process runs in, what it wrote itself, its inputs, and modules of the project that were read as text
//! when the pipeline was compiled (they count by the code that is reached).

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::places::Places;
use super::world;
use crate::digest::Digest;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::key::action_key::ActionKey;
use crate::exec::key::ingredient::{Fingerprint, Ingredient};
use crate::exec::values::beside::last_change;
use crate::watch::{Event, FileState, Operation};

/// What was read, and which of it cannot be vouched for.
#[derive(Debug, Default)]
pub(in crate::exec) struct Reads {
    pub(in crate::exec) key: ActionKey,
    /// Files that were written to between the time they were opened and the end of the run.
    pub(in crate::exec) unstable: Vec<Utf8PathBuf>,
    /// Files of the project that it wrote, and that are there now.
    pub(in crate::exec) wrote: Vec<Utf8PathBuf>,
    /// Files outside of the project that it wrote, and that are there now: at most [`MOST_LEFT`].
    pub(in crate::exec) left: Vec<Utf8PathBuf>,
    /// Variables that its forked children asked for, and the digests of their values.
    pub(in crate::exec) asked: BTreeMap<String, Option<Digest>>,
    /// Variables that the words of started programs name.
    pub(in crate::exec) named: BTreeSet<String>,
    /// Files of the project that started programs read, or were told of.
    pub(in crate::exec) by_programs: BTreeSet<Utf8PathBuf>,
    /// Folders that programs could have read which nobody watched.
    pub(in crate::exec) trees: BTreeSet<Utf8PathBuf>,
    /// Whether it went through the whole project, the build folder too.
    pub(in crate::exec) walked: bool,
}

impl Reads {
    /// Adds the variables that were asked for, with the digests of their values.
    pub(in crate::exec) fn add_variables(&mut self, asked: BTreeMap<String, Fingerprint>) {
        for (name, value) in asked {
            self.key.add(Ingredient::Variable(name), value);
        }
    }
}

/// Programs that libraries start while loading, to learn about the machine.
const HARMLESS: [&str; 7] =
    ["uname", "ldconfig", "ldconfig.real", "fc-list", "lscpu", "nvidia-smi", "getconf"];

/// In a value each is searched for.
const MOST_LEFT: usize = 100;

/// What was done with the paths that count.
#[derive(Default)]
struct Touched {
    read: BTreeMap<Utf8PathBuf, Option<FileState>>,
    found: BTreeMap<Utf8PathBuf, Option<FileState>>,
    found_folders: BTreeSet<Utf8PathBuf>,
    /// What was read or listed through a link, by its real path, and whether it is a folder.
    by_link: BTreeMap<Utf8PathBuf, Option<FileState>>,
    missed: BTreeSet<Utf8PathBuf>,
    listed: BTreeMap<Utf8PathBuf, Option<FileState>>,
    /// What the process itself wrote, moved or removed, and the folders in which it made or removed a name.
    changed: BTreeSet<Utf8PathBuf>,
    /// Files of the project that it wrote.
    wrote: BTreeSet<Utf8PathBuf>,
    /// Made by the process itself before it was read.
    made: BTreeSet<Utf8PathBuf>,
    /// What programs were told of that cannot be watched, and where they ran.
    words: BTreeSet<Utf8PathBuf>,
    is_coarse: bool,
    asked: BTreeMap<String, Option<Digest>>,
    named: BTreeSet<String>,
    by_programs: BTreeSet<Utf8PathBuf>,
    walked: bool,
}

/// The reads among `events`, in their order.
///
/// # Errors
/// If a result of another instance was read that is not an input.
pub(in crate::exec) fn reads(
    events: impl Iterator<Item = Option<Event>>,
    places: &Places,
    trust: &Trust,
) -> Result<Reads, Failure> {
    let mut touched = Touched::default();
    for event in events {
        match event {
            Some(event) => touched.add(&event, places)?,
            None => touched.is_coarse = true,
        }
    }
    Ok(touched.into_reads(places, trust))
}

impl Touched {
    fn add(&mut self, event: &Event, places: &Places) -> Result<(), Failure> {
        if event.operation == Operation::StartUnseen {
            self.is_coarse |= !HARMLESS.contains(&event.path.file_name().unwrap_or_default());
            return Ok(());
        }
        if matches!(event.operation, Operation::Name | Operation::Ask) {
            self.note_variable(event);
            return Ok(());
        }
        self.note_change(event, places);
        self.by_programs.extend(places.program(event));
        if let Some(is_of_the_build) = self.is_of_a_walk(event, places) {
            self.walked |= is_of_the_build;
            return Ok(());
        }
        let Some(path) = places.counted(event)? else { return Ok(()) };
        let is_folder = event.seen.is_some_and(|seen| seen.is_folder());
        let is_own = path.ancestors().any(|above| self.made.contains(above));
        match event.operation {
            Operation::Create | Operation::Truncate | Operation::MoveTo | Operation::MakeFolder
                if !self.read.contains_key(&path) =>
            {
                self.missed.remove(&path);
                self.found.remove(&path);
                self.made.insert(path);
            }
            _ if is_own => {}
            // Databases and arrays are often opened to be written to, and only read.
            Operation::Read
            | Operation::ReadByProgram
            | Operation::ReadBySpawned
            | Operation::Update
            | Operation::Start
            | Operation::Load
                if !is_folder =>
            {
                self.read.entry(path).or_insert(event.seen);
            }
            Operation::ReadByLink => {
                self.by_link.entry(path).or_insert(event.seen);
            }
            Operation::Find if is_folder => {
                self.found_folders.insert(path);
            }
            Operation::Find => {
                self.found.entry(path).or_insert(event.seen);
            }
            Operation::Miss => {
                self.missed.insert(path);
            }
            Operation::List => {
                self.listed.entry(path).or_insert(event.seen);
            }
            Operation::Word => {
                self.words.insert(path);
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes a variable that was asked for.
    fn note_variable(&mut self, event: &Event) {
        let text = event.path.as_str();
        let Some((value, name)) = text.split_once(' ') else {
            self.named.insert(text.to_owned());
            return;
        };
        self.asked.insert(name.to_owned(), value.parse().ok());
    }

    /// Whether something in a folder has changed since the run began that neither it nor a build has changed.
    fn has_young(&self, folder: &Utf8Path, places: &Places) -> bool {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
        let others = entries.map(camino::Utf8DirEntry::into_path);
        let mut others =
            others.filter(|path| !self.changed.contains(path) && !world::is_of_builds(path, places.roots));
        others.any(|path| !is_older(&path, places.since))
    }

    /// Whether something in the build folder, or else a copy of an output, was found by who had listed a folder above it:
    /// nobody asked for it. `None` if it is neither.
    fn is_of_a_walk(&self, event: &Event, places: &Places) -> Option<bool> {
        let is_lookup = matches!(event.operation, Operation::Find | Operation::Miss | Operation::List);
        if !is_lookup || self.listed.is_empty() {
            return None;
        }
        let path = places.place(&event.path);
        let is_below_listed =
            |path: &Utf8Path| path.ancestors().skip(1).any(|above| self.listed.contains_key(above));
        let is_of_the_build = places.is_of_others(&path) && is_below_listed(&places.build);
        (is_of_the_build || places.is_export(&path) && is_below_listed(&path)).then_some(is_of_the_build)
    }

    /// Notes what the process itself has changed: that is no change behind its back.
    fn note_change(&mut self, event: &Event, places: &Places) {
        let is_of_a_name = matches!(
            event.operation,
            Operation::Create | Operation::MakeFolder | Operation::MoveTo | Operation::Remove
        );
        let is_of_content =
            matches!(event.operation, Operation::Truncate | Operation::Write | Operation::Update);
        if is_of_a_name || is_of_content {
            let path = places.place(&event.path);
            // To open a file for both is no sign that it is written to.
            if event.operation != Operation::Update && places.is_of_the_project(&path) {
                self.wrote.insert(path.clone());
            }
            self.changed.extend(path.parent().filter(|_| is_of_a_name).map(ToOwned::to_owned));
            self.changed.insert(path);
        }
    }

    fn into_reads(mut self, places: &Places, trust: &Trust) -> Reads {
        self.add_by_link();
        self.add_folders(places);
        let wrote = self.wrote.iter().filter(|path| path.is_file()).cloned().collect();
        let (asked, named) = (std::mem::take(&mut self.asked), std::mem::take(&mut self.named));
        let by_programs = std::mem::take(&mut self.by_programs);
        let left = self.changed.iter().filter(|path| places.is_outside(path) && path.is_file());
        let left = left.take(MOST_LEFT).cloned().collect();
        let mut reads =
            Reads { wrote, left, asked, named, by_programs, walked: self.walked, ..Reads::default() };
        let roots = places.roots;
        let name = |path: &Utf8PathBuf| roots.name(path);
        // What has changed since it was seen is not known: what is there now is not what the process saw. Each is taken first and
        // compared then: hashing and listing take time.
        let mut add = |path: &Utf8PathBuf, ingredient, fingerprint, is_as_seen: bool| {
            let unstable = || Fingerprint::Text(world::UNSTABLE.to_owned());
            reads.key.add(ingredient, if is_as_seen { fingerprint } else { unstable() });
            if !is_as_seen {
                reads.unstable.push(path.clone());
            }
        };
        for (path, seen) in &self.read {
            let content = world::content(path, trust);
            add(path, Ingredient::ReadFile(name(path)), content, is_same(path, *seen));
        }
        for (path, seen) in self.found.iter().filter(|(path, _)| !self.read.contains_key(*path)) {
            let length = world::length(path);
            let is_as_seen = self.changed.contains(path) || is_as_long(path, *seen);
            add(path, Ingredient::ReadFile(name(path)), length, is_as_seen);
        }
        for (path, seen) in &self.listed {
            let listing = world::listing(path, roots);
            // Into the project's own folder the build writes, too.
            let is_untouched = || match path == roots.project() {
                true => !self.has_young(path, places),
                false => is_same(path, *seen),
            };
            let is_as_seen = self.changed.contains(path) || is_untouched();
            add(path, Ingredient::ReadFolder(name(path)), listing, is_as_seen);
        }
        for path in self.missed.iter().filter(|path| !self.read.contains_key(*path)) {
            let absence = world::absence(path);
            let is_as_seen = self.changed.contains(path) || path.symlink_metadata().is_err();
            add(path, Ingredient::Absent(name(path)), absence, is_as_seen);
        }
        if self.is_coarse {
            // Nobody knows when it was read, if at all: what was written to during the run may not be what was seen.
            let is_old = |path: &Utf8PathBuf| self.changed.contains(path) || is_older(path, places.since);
            for path in self.words.iter().filter(|path| path.is_file() && !self.read.contains_key(*path)) {
                let content = world::content(path, trust);
                add(path, Ingredient::ReadFile(name(path)), content, is_old(path));
            }
            let told = self.words.iter().filter(|path| places.is_of_the_project(path));
            reads.by_programs.extend(told.cloned());
            reads.trees = self.trees(places);
            for path in &reads.trees {
                let whole = world::whole(path, roots, trust);
                let young = world::files(path, roots).find(|file| !is_old(file));
                let seen = young.as_ref().unwrap_or(path);
                add(seen, Ingredient::ReadTree(name(path)), whole, young.is_none());
            }
        }
        reads
    }
}

impl Touched {
    /// What was read through a link counts by its real path only if the name that was used does not count: the name is the
    /// same in another checkout.
    fn add_by_link(&mut self) {
        let by_link = std::mem::take(&mut self.by_link);
        if by_link.is_empty() {
            return;
        }
        let real = |path: &Utf8PathBuf| path.canonicalize_utf8().ok();
        let named: BTreeSet<_> = self.read.keys().chain(self.listed.keys()).filter_map(real).collect();
        // A link that it made itself leads to what it did not make.
        let in_real =
            |path: &Utf8PathBuf| Some(path.parent()?.canonicalize_utf8().ok()?.join(path.file_name()?));
        let made: BTreeSet<_> = self.made.iter().filter_map(in_real).collect();
        for (path, seen) in by_link {
            let is_own = path.ancestors().any(|above| made.contains(above));
            if is_own || named.contains(&path) || !path.exists() {
                continue;
            }
            if seen.is_some_and(|seen| seen.is_folder()) {
                self.listed.entry(path).or_insert(seen);
            } else {
                self.read.entry(path).or_insert(seen);
            }
        }
    }

    /// A folder of the project that was looked up counts if nothing inside it does: that would vanish with it. Others are
    /// not the same on every machine, and are looked up by libraries that search for a place to put something.
    fn add_folders(&mut self, places: &Places) {
        let inside: BTreeSet<_> = [&self.found, &self.listed, &self.read]
            .into_iter()
            .flat_map(BTreeMap::keys)
            .chain(&self.found_folders)
            .filter_map(|path| path.parent().map(Utf8Path::to_owned))
            .collect();
        let scripts = places.modules.iter().map(|module| places.roots.project().join(module));
        let has_scripts: BTreeSet<Utf8PathBuf> = scripts
            .flat_map(|script| script.ancestors().map(Utf8Path::to_owned).collect::<Vec<_>>())
            .collect();
        let counts = |path: &Utf8PathBuf| {
            path.starts_with(places.roots.project())
                && (path.is_symlink()
                    || !(inside.contains(path)
                        || has_scripts.contains(path)
                        || places.visible.contains(path)))
        };
        let found = std::mem::take(&mut self.found_folders);
        self.found.extend(found.into_iter().filter(counts).map(|path| (path, None)));
    }
}

impl Touched {
    /// The folders that count whole for programs that cannot be watched: all of the project, and those of it that they
    /// were told of, or in which there is a file that they were told of.
    fn trees(&self, places: &Places) -> BTreeSet<Utf8PathBuf> {
        let project = places.roots.project();
        let folder = |path: &Utf8PathBuf| {
            if path.is_dir() { Some(path.clone()) } else { path.parent().map(Into::into) }
        };
        let told = self.words.iter().filter_map(folder).filter(|path| path.starts_with(project));
        let holds_the_build = |path: &Utf8PathBuf| places.build.starts_with(path) || path == project;
        let own = folders(project).into_iter().filter(|path| !world::holds_only_copies(path, places.roots));
        let all = told.chain(own).filter(|path| !holds_the_build(path));
        places.visible.iter().cloned().chain(all).collect()
    }
}

/// The folders in the folder of a project, but for hidden ones and environments.
fn folders(project: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = project.read_dir_utf8().into_iter().flatten().flatten();
    let is_kept = |path: &Utf8PathBuf| {
        let is_hidden = path.file_name().is_some_and(|name| name.starts_with('.'));
        path.is_dir() && !is_hidden && !path.join("pyvenv.cfg").exists()
    };
    entries.map(|entry| entry.into_path()).filter(is_kept).collect()
}

/// Whether a file has not changed since then; not if that is unknown.
fn is_older(path: &Utf8Path, since: Option<SystemTime>) -> bool {
    let changed = path.metadata().ok().and_then(|meta| last_change(&meta));
    changed.zip(since).is_some_and(|(changed, since)| changed < since)
}

/// Whether something is of the kind, and if it is a file of the length, that was seen when it was looked up.
fn is_as_long(path: &Utf8Path, seen: Option<FileState>) -> bool {
    let shape = |state: FileState| (state.is_folder(), state.is_file().then_some(state.length));
    seen.is_none_or(|seen| FileState::now(path).is_some_and(|now| shape(now) == shape(seen)))
}

/// Whether a file or a folder has not changed since it was opened or listed.
fn is_same(path: &Utf8Path, seen: Option<FileState>) -> bool {
    seen.is_none_or(|seen| FileState::now(path).is_some_and(|now| now == seen))
}
