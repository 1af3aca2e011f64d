//! The walk, from the function and from what its module does when it is loaded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use camino::Utf8PathBuf;

use super::super::fork::{self, Ahead};
use super::super::library::Library;
use super::super::link::Resolved;
use super::super::model::Foreign;
use super::super::outline::{Chain, Import, Kind, Mention, UnitId};
use super::super::{find, words};
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;

pub(super) enum Task {
    Count(UnitId),
    /// The same for what a text names; with the place of the text.
    Named(UnitId, String),
    Load(usize),
    Whole(usize, Why),
    Everything(Why),
}

/// Why modules count whole, worded to follow "because".
pub(super) type Why = String;

/// The state of a walk.
#[derive(Default)]
pub(in crate::script) struct Walk {
    pub(super) script: usize,
    pub(super) queue: VecDeque<Task>,
    pub(super) counted: BTreeSet<UnitId>,
    pub(super) loaded: BTreeSet<usize>,
    pub(super) load_order: Vec<usize>,
    pub(super) whole: BTreeSet<usize>,
    /// Files that count by their bytes, because they cannot be parsed.
    pub(super) bytes: BTreeMap<Utf8PathBuf, Digest>,
    pub(super) everything: bool,
    pub(super) ahead: Ahead,
    pub(super) steers_imports: bool,
    pub(super) reads: bool,
    pub(super) docs: bool,
    pub(super) source: bool,
    pub(super) foreign: Vec<Foreign>,
    /// Why each module in `whole` is there.
    pub(super) why: BTreeMap<usize, String>,
    /// The unit whose mentions are being followed.
    here: Option<UnitId>,
    /// The names in texts that may be evaluated in a module other than their own, with the places of the texts.
    pub(super) in_texts: BTreeMap<String, String>,
    /// Units that texts name, with the places of the texts.
    pub(super) named: BTreeMap<UnitId, String>,
    /// Units that are mentioned otherwise.
    pub(super) mentioned: BTreeSet<UnitId>,
    /// Modules that code which counts imports by itself: it would notice that one is not there.
    pub(super) imported: BTreeSet<usize>,
}

impl Library {
    /// Walks from the units that bind the function, in the script's module.
    pub(in crate::script) fn walk(&mut self, script: usize, function: &str) -> Result<Walk, Diagnostic> {
        let mut walk = Walk { script, ..Walk::default() };
        walk.queue.push_back(Task::Load(script));
        walk.shadowing(self);
        walk.follow(self, script, &Chain::global(function))?;
        while !walk.queue.is_empty() {
            while let Some(task) = walk.queue.pop_front() {
                match task {
                    Task::Count(id) => {
                        walk.mentioned.insert(id);
                        walk.count(self, id)?;
                    }
                    Task::Named(id, place) => {
                        walk.named.entry(id).or_insert(place);
                        walk.count(self, id)?;
                    }
                    Task::Load(module) => walk.load(self, module)?,
                    Task::Whole(module, why) => walk.whole(self, module, why)?,
                    Task::Everything(why) => walk.everything(self, why),
                }
            }
            walk.evaluated_elsewhere(self);
        }
        Ok(walk)
    }
}

impl Walk {
    fn load(&mut self, library: &mut Library, module: usize) -> Result<(), Diagnostic> {
        if !self.loaded.insert(module) {
            return Ok(());
        }
        self.load_order.push(module);
        let outline = library.modules[module].clone();
        self.steers_imports |= fork::may_steer_imports(outline.source.text());
        for (i, unit) in outline.units.iter().enumerate() {
            if library.is_effect((module, i))? {
                self.queue.push_back(Task::Count((module, i)));
            }
            if let Kind::Import(import) = &unit.kind {
                self.load_import(library, module, import)?;
                if !unit.in_block {
                    self.foreign.extend(library.foreign(module, import, unit.span));
                }
            }
        }
        Ok(())
    }

    /// Loads what `import` of `module` loads, and returns all that it leads to.
    fn load_import(
        &mut self,
        library: &mut Library,
        module: usize,
        import: &Import,
    ) -> Result<Resolved, Diagnostic> {
        let resolved = library.resolve_import(module, import)?;
        if !resolved.libraries.is_empty() {
            fork::note(&mut self.ahead, import);
        }
        self.queue.extend(resolved.loads.iter().map(|id| Task::Load(*id)));
        Ok(resolved)
    }

    fn count(&mut self, library: &mut Library, id: UnitId) -> Result<(), Diagnostic> {
        if !self.counted.insert(id) {
            return Ok(());
        }
        let outline = library.modules[id.0].clone();
        let unit = &outline.units[id.1];
        self.here = Some(id);
        self.reads |= unit.code.words.reads;
        self.docs |= unit.code.words.docs;
        self.source |= unit.code.words.source;
        if unit.code.words.dynamic {
            let why = self.why_here(library, "reaches for code by a name that is known only when it runs");
            self.queue.push_back(Task::Everything(why));
        }
        let uses_one = || words::EVALUATORS.iter().any(|library| outline.source.text().contains(library));
        if unit.code.words.evaluates || unit.code.words.may_evaluate && uses_one() {
            let why = self.why_here(library, "evaluates a text that is known only when it runs");
            self.queue.push_back(Task::Whole(id.0, why));
        }
        for text in &unit.code.texts {
            self.text(library, id.0, text)?;
        }
        for mention in &unit.code.mentions {
            match mention {
                Mention::Use(chain) => self.follow(library, id.0, chain)?,
                Mention::Load(import, unguarded) => {
                    self.foreign.extend(unguarded.and_then(|span| library.foreign(id.0, import, span)));
                    // An import inside code that counts always counts, whether it is used or not.
                    let resolved = self.load_import(library, id.0, import)?;
                    resolved.libraries.iter().for_each(|path| self.library(path));
                    self.imported.extend(resolved.loads);
                }
                Mention::Def { .. } => {}
            }
        }
        Ok(())
    }

    fn follow(&mut self, library: &mut Library, module: usize, chain: &Chain) -> Result<(), Diagnostic> {
        let resolved = library.resolve(module, chain)?;
        if let Some(name) = &resolved.builtin {
            self.builtin(library, module, name, chain);
            if name == "__import__" {
                self.import_by_name(library, module, chain)?;
            }
        }
        for path in &resolved.libraries {
            self.library(path);
            if path == "importlib.import_module" || path == "pydoc.locate" || path == "pkgutil.resolve_name" {
                self.import_by_name(library, module, chain)?;
            } else if words::imports_by_name(path) {
                let why = self.why_here(library, &format!("uses `{path}`, which hands out any module"));
                self.queue.push_back(Task::Everything(why));
            }
        }
        self.queue.extend(resolved.loads.iter().map(|id| Task::Load(*id)));
        self.queue.extend(resolved.via.iter().chain(&resolved.units).map(|id| Task::Count(*id)));
        // If a module is used as a value, any of its names may be meant; if it is asked for a name that we do
        // not see in it, the name may still be there.
        for id in resolved.bare {
            let why = self.why_here(library, "uses the module itself, so that any name of it may be meant");
            self.queue.push_back(Task::Whole(id, why));
        }
        for id in resolved.missing {
            let why =
                self.why_here(library, &format!("asks for `{}`, which is not seen in it", chain.spelled()));
            self.queue.push_back(Task::Whole(id, why));
        }
        Ok(())
    }

    fn builtin(&mut self, library: &Library, module: usize, name: &str, chain: &Chain) {
        self.reads |= words::builtin_opens(name);
        self.docs |= name == "__doc__" || name == "help";
        let why = self.why_here(library, &format!("uses `{name}`"));
        if name == "__doc__" {
            self.queue.push_back(Task::Whole(module, why.clone()));
        }
        if let Some(word) = words::builtin_dynamic(name) {
            self.reads = true;
            self.queue.push_back(Task::Whole(module, why.clone()));
            if word == "exec" {
                // The code that is run may have been read from a neighbouring script.
                self.queue.push_back(Task::Everything(why.clone()));
            }
        }
        // `__builtins__.eval` and the like.
        if name == "__builtins__" || (name == "vars" && !chain.attrs.is_empty()) {
            self.queue.push_back(Task::Whole(module, why));
        }
    }

    fn library(&mut self, path: &str) {
        self.reads |= words::library_opens(path);
        self.source |= words::reads_source(path);
        self.docs |= words::reads_docs(path);
    }

    fn import_by_name(
        &mut self,
        library: &mut Library,
        module: usize,
        chain: &Chain,
    ) -> Result<(), Diagnostic> {
        self.reads = true;
        let is_followed =
            |name: &String| !name.is_empty() && !name.starts_with('.') && !words::leads_everywhere(name);
        let Some(name) = chain.literal.clone().filter(is_followed) else {
            let why = self.why_here(library, "imports by a name that is known only when it runs");
            self.queue.push_back(Task::Everything(why));
            return Ok(());
        };
        self.follow(library, module, &Chain::by_import(&name, &[]))
    }

    /// Counts a module whole, with everything it imports: any code that is run in it can name all of that.
    fn whole(&mut self, library: &mut Library, module: usize, why: Why) -> Result<(), Diagnostic> {
        if !self.whole.insert(module) {
            return Ok(());
        }
        self.why.insert(module, why);
        let because = format!("`{}`, which counts as a whole, imports it", library.modules[module].path);
        self.reads = true;
        self.queue.push_back(Task::Load(module));
        let outline = library.modules[module].clone();
        for (i, unit) in outline.units.iter().enumerate() {
            self.queue.push_back(Task::Count((module, i)));
            let inside = unit.code.mentions.iter().filter_map(|mention| match mention {
                Mention::Load(import, _) => Some(import),
                _ => None,
            });
            let own = if let Kind::Import(import) = &unit.kind { Some(import) } else { None };
            for import in own.into_iter().chain(inside) {
                let resolved: Resolved = library.resolve_import(module, import)?;
                for path in &resolved.libraries {
                    self.library(path);
                }
                self.queue.extend(resolved.modules().into_iter().map(|id| Task::Whole(id, because.clone())));
            }
        }
        Ok(())
    }

    /// Counts the modules that shadow Python's own, since any library may import them.
    fn shadowing(&mut self, library: &mut Library) {
        let files = library.shadowing();
        let why = "it has the name of a module of Python's own, which any library may import";
        self.files(library, files, why);
    }

    /// Counts every Python file in the script's folders.
    fn everything(&mut self, library: &mut Library, why: Why) {
        self.reads = true;
        if std::mem::replace(&mut self.everything, true) {
            return;
        }
        let folders: Vec<Utf8PathBuf> = library.script_folders();
        let files = find::all_python(&library.root, &folders);
        self.files(library, files, &why);
    }

    pub(super) fn files(&mut self, library: &mut Library, files: Vec<Utf8PathBuf>, why: &str) {
        for path in files {
            match library.module(&path) {
                Ok(id) => self.queue.push_back(Task::Whole(id, why.to_owned())),
                // It may never be imported, and need not even be valid Python today.
                Err(_) => {
                    let digest =
                        Digest::of_file(&library.root.join(&path)).unwrap_or(Digest::of("unreadable"));
                    self.bytes.insert(path, digest);
                }
            }
        }
    }

    /// "`model.py:12` does so", for the unit whose mentions are being followed.
    pub(super) fn why_here(&self, library: &Library, does: &str) -> Why {
        match self.place(library) {
            Some(place) => format!("`{place}` {does}"),
            None => does.to_owned(),
        }
    }

    /// The place of the unit whose mentions are being followed.
    pub(super) fn place(&self, library: &Library) -> Option<String> {
        let (module, unit) = self.here?;
        let outline = &library.modules[module];
        Some(format!("{}:{}", outline.path, outline.units[unit].line))
    }

    /// The modules that count whole.
    pub(in crate::script) fn whole_modules(&self) -> impl Iterator<Item = usize> + '_ {
        self.whole.iter().copied()
    }
}
