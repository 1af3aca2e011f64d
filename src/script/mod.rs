//! Reads a project's Python scripts without running them: which functions they define, with which
//! parameters; what a function reaches, and a digest of that; its steps. The parser's types stop here.
//!
//! What counts for a digest: the function and, transitively, every function, class and module-level
//! value that it names, through imports of the project's own modules; the statements that change such a
//! value; and everything that loading those modules does besides defining names. Comments, docstrings,
//! formatting and positions do not count, nor do definitions that nothing reaches. What cannot be
//! followed is counted as whole modules (see [`Item::coarse`]).
//!
//! What this does not know: what libraries do; compiled modules and `.pyc` files of the project; what
//! is written to `sys.path` at run time; what a caller does with a function that a library hands out.

mod bound;
mod build;
mod canon;
mod effect;
mod find;
mod fork;
mod link;
mod mentions;
mod outline;
mod parse;
mod quiet;
mod quiet_body;
mod reach;
mod returns;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, codes};
use crate::digest::Digest;
pub(crate) use fork::{Ahead, Library as Preloaded, in_order as libraries_in_order};
use link::UnitId;
use outline::{Alias, Chain, Kind, Module, Signature};

/// The modules of a project that have been read so far; each is parsed at most once.
pub(crate) struct Library {
    root: Utf8PathBuf,
    folders: Vec<Utf8PathBuf>,
    /// Where imports are looked up now: the folder of the script in question, the folders, the project.
    search: Vec<Utf8PathBuf>,
    modules: Vec<Arc<Module>>,
    by_path: BTreeMap<Utf8PathBuf, Result<usize, Diagnostic>>,
    scripts: BTreeMap<Utf8PathBuf, Script>,
    files: BTreeSet<Utf8PathBuf>,
    effects: BTreeMap<UnitId, bool>,
    /// What has been looked at in the decision on one effect.
    judged: BTreeSet<UnitId>,
    /// The modules beside the scripts that hide Python's own, once they have been asked for.
    shadowing: Option<Vec<Utf8PathBuf>>,
    /// The folders with Python files, once they have been asked for.
    python_folders: Option<Vec<Utf8PathBuf>>,
    /// The module of the script in question.
    script: usize,
}

/// A script that has been read and parsed.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The names of the functions at its top level, in order; to suggest the nearest one.
    pub functions: Vec<String>,
}

/// What a function is to expops, by its decorator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `@process()`
    Process,
    /// `@step()`
    Step,
    /// `@chart()`
    Chart,
}

/// A parameter that can be given by name, or by position only. `*args` is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it has no default.
    pub required: bool,
}

/// A function at the top level of a script.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The name by which it was asked for.
    pub name: String,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Whether it has `**kwargs`.
    pub takes_everything: bool,
    /// What its decorator makes of it.
    pub role: Option<Role>,
    /// The keys of the dict that it returns, if they are written out.
    pub returns: Option<Vec<String>>,
}

/// Something that is counted into a digest.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The module as an import would name it.
    pub module: String,
    /// The name defined, or the beginning of a statement; `None` for a whole module.
    pub name: Option<String>,
    /// Of its canonical form.
    pub digest: Digest,
    /// Its file, relative to the project.
    pub file: Utf8PathBuf,
    /// Its line, from 1.
    pub line: usize,
}

/// A step of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its name: that of `@step(name=...)`, else the function's.
    pub name: String,
    /// The file of the top-level statement it stands in, relative to the project.
    pub file: Utf8PathBuf,
    /// The line of that statement.
    pub line: usize,
}

/// What a call of a function can reach.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// Over all items.
    pub digest: Digest,
    /// What is counted, by module and place.
    pub items: Vec<Item>,
    /// What stands in the modules that are counted whole, for people.
    pub inside: Vec<Item>,
    /// The steps, in order of first appearance.
    pub steps: Vec<Step>,
    /// What loading the code and running it imports of libraries that may be imported before a fork: nothing, if the
    /// code may do something to what an import goes by.
    pub ahead: Ahead,
    /// Whether the code reached may open a file of the project by itself. Deliberately conservative:
    /// any word that could have to do with files makes it true (`open`, `pathlib`, `read_csv`, a text
    /// with a `/`, a parameter `context`, code that cannot be followed). False is certain enough to say
    /// that the process sees the project's data only through its inputs.
    pub reads_files: bool,
}

impl Library {
    /// Nothing read yet. `root` is the project's folder, `folders` those that imports are looked up in,
    /// in this order; all relative to the working folder, or absolute.
    pub(crate) fn new(root: &Utf8Path, folders: Vec<Utf8PathBuf>) -> Self {
        let folders: Vec<_> = folders.iter().map(|folder| find::relative(root, folder)).collect();
        Self {
            root: root.to_owned(),
            search: folders.clone(),
            folders,
            modules: Vec::new(),
            by_path: BTreeMap::new(),
            scripts: BTreeMap::new(),
            files: BTreeSet::new(),
            effects: BTreeMap::new(),
            judged: BTreeSet::new(),
            shadowing: None,
            python_folders: None,
            script: 0,
        }
    }

    /// Reads and parses a script; `path` is relative to the project.
    ///
    /// # Errors
    /// E501 if the file cannot be read, E502 with the place if it is not Python.
    pub(crate) fn script(&mut self, path: &Utf8Path) -> Result<&Script, Diagnostic> {
        let path = find::normal(path);
        let module = self.enter(&path)?;
        let module = self.modules[module].clone();
        Ok(self.scripts.entry(path).or_insert_with(|| {
            let functions = module.units.iter().filter(|unit| matches!(unit.kind, Kind::Function(_)));
            let functions = functions.map(|unit| unit.name.clone()).collect();
            Script { functions }
        }))
    }

    /// The function `name` at the top level of a script: defined there, assigned, or imported.
    ///
    /// # Errors
    /// As [`Library::script`], for the script and the modules on the way.
    pub(crate) fn function(&mut self, script: &Utf8Path, name: &str) -> Result<Option<Function>, Diagnostic> {
        let module = self.enter(&find::normal(script))?;
        let mut role = None;
        let mut chain = Chain::global(name);
        let mut home = module;
        // An alias of an alias of itself (`f = f`) ends here.
        for _ in 0..100 {
            let bound = self.resolve(home, &chain)?.units;
            let Some(id) = bound.into_iter().rfind(|id| self.makes_function(*id)) else { return Ok(None) };
            let outline = self.modules[id.0].clone();
            let unit = &outline.units[id.1];
            let signature = match &unit.kind {
                Kind::Function(signature) => signature,
                Kind::Assign { alias: Some(Alias::Lambda(signature)), .. } => signature,
                Kind::Assign { alias: Some(Alias::Of { target, wrapper }), .. } => {
                    if role.is_none() {
                        role = self.role(id.0, wrapper.as_slice())?;
                    }
                    (home, chain) = (id.0, target.clone());
                    continue;
                }
                _ => return Ok(None),
            };
            let role = match role {
                Some(role) => Some(role),
                None => self.role(id.0, &unit.decorators)?,
            };
            let mut found = found(name, signature, role.map(|(role, _)| role));
            // Another decorator may return something else.
            let is_plain = unit.decorators.len() <= usize::from(found.role.is_some());
            found.returns = found.returns.filter(|_| is_plain && home == module);
            return Ok(Some(found));
        }
        Ok(None)
    }

    /// Everything that a call of the function can reach, and its digest.
    ///
    /// # Errors
    /// As [`Library::script`], and E105 if the script has no such function.
    pub(crate) fn reach(&mut self, script: &Utf8Path, function: &str) -> Result<Reach, Diagnostic> {
        let Some(known) = self.function(script, function)? else {
            let message = format!("the script `{script}` has no function `{function}`");
            return Err(Diagnostic::new(&codes::UNKNOWN_FUNCTION, message));
        };
        let module = self.enter(&find::normal(script))?;
        let start = self.resolve(module, &Chain::global(function))?.units;
        let walk = self.walk(module, function)?;
        let steps = self.steps(start, walk.whole_modules().collect())?;
        let asks = known.parameters.iter().any(|p| p.name == "context" || p.name == "data_paths");
        let mut reach = walk.finish(self, function)?;
        reach.steps = steps;
        reach.reads_files |= asks || known.takes_everything;
        Ok(reach)
    }

    /// Everything that a use of `name`, at the top level of the script, can reach.
    ///
    /// # Errors
    /// As [`Library::script`].
    pub(crate) fn code(&mut self, script: &Utf8Path, name: &str) -> Result<Reach, Diagnostic> {
        let module = self.enter(&find::normal(script))?;
        let walk = self.walk(module, name)?;
        walk.finish(self, name)
    }

    /// All project files read so far, relative to the project, sorted.
    pub(crate) fn files(&self) -> Vec<Utf8PathBuf> {
        self.files.iter().cloned().collect()
    }

    fn makes_function(&self, id: UnitId) -> bool {
        let kind = &self.modules[id.0].units[id.1].kind;
        matches!(kind, Kind::Function(_) | Kind::Assign { alias: Some(_), .. })
    }

    /// Makes `script` the script in question: imports are looked up beside it first.
    fn enter(&mut self, script: &Utf8Path) -> Result<usize, Diagnostic> {
        let beside = script.parent().map_or(Utf8PathBuf::new(), ToOwned::to_owned);
        let mut search = vec![beside];
        for folder in self.folders.iter().chain([&Utf8PathBuf::new()]) {
            if !search.contains(folder) {
                search.push(folder.clone());
            }
        }
        if search != self.search {
            self.search = search;
            self.effects.clear();
        }
        let module = self.module(script)?;
        if module != self.script {
            self.script = module;
            self.effects.clear();
        }
        Ok(module)
    }

    /// The folders that an import may mean when `module` (or the script) changes `sys.path`.
    fn folders_by_path(&mut self, module: usize) -> Vec<Utf8PathBuf> {
        let alters =
            [module, self.script].iter().any(|id| self.modules.get(*id).is_some_and(|m| m.alters_path));
        if !alters {
            return Vec::new();
        }
        let root = &self.root;
        let folders = self.python_folders.get_or_insert_with(|| {
            let files = find::all_python(root, &[Utf8PathBuf::new()]);
            let parents = files.iter().filter_map(|path| path.parent());
            let all = parents.flat_map(|parent| parent.ancestors()).map(ToOwned::to_owned);
            all.collect::<BTreeSet<_>>().into_iter().collect()
        });
        folders.clone()
    }

    /// The modules in the scripts' folders that take the place of one of Python's own.
    fn shadowing(&mut self) -> Vec<Utf8PathBuf> {
        let (root, folders) = (&self.root, &self.folders);
        self.shadowing.get_or_insert_with(|| find::shadowing(root, folders)).clone()
    }

    /// The folders that a dynamic import can be taken to mean: not the whole project.
    fn script_folders(&self) -> Vec<Utf8PathBuf> {
        let only_root = |folder: &&Utf8PathBuf| !folder.as_str().is_empty() || self.folders.contains(folder);
        let mut folders: Vec<_> = self.search.iter().take(1).cloned().collect();
        folders.extend(self.search.iter().skip(1).filter(only_root).cloned());
        folders
    }

    /// The module in the file at `path`.
    fn module(&mut self, path: &Utf8Path) -> Result<usize, Diagnostic> {
        let path = find::normal(path);
        if let Some(known) = self.by_path.get(&path) {
            return known.clone();
        }
        let read = self.read(&path).map(|module| {
            self.modules.push(Arc::new(module));
            self.modules.len() - 1
        });
        self.by_path.insert(path, read.clone());
        read
    }

    fn read(&mut self, path: &Utf8Path) -> Result<Module, Diagnostic> {
        self.files.insert(path.to_owned());
        let bytes = std::fs::read(self.root.join(path)).map_err(|source| {
            let error = crate::file::FileError { action: "read", path: path.to_owned(), source };
            Diagnostic::new(&codes::SCRIPT_READ, error.to_string())
        })?;
        let source = parse::decode(path.as_str(), bytes)?;
        parse::with_tree(&source, |body| build::module(&source, path, body))
    }

    /// The name of a module, the same wherever the project lies: as an import would write it, from the
    /// innermost of the folders that imports are looked up in.
    fn name_of(&self, module: usize) -> String {
        let path = &self.modules[module].path;
        let inside = self.search.iter().filter_map(|folder| path.strip_prefix(folder).ok());
        reach::dotted_name(inside.min_by_key(|inside| inside.as_str().len()).unwrap_or(path))
    }
}

fn found(name: &str, signature: &Signature, role: Option<Role>) -> Function {
    let parameter = |(name, required): &(String, bool)| Parameter { name: name.clone(), required: *required };
    Function {
        name: name.to_owned(),
        parameters: signature.parameters.iter().map(parameter).collect(),
        takes_everything: signature.takes_everything,
        role,
        returns: signature.returns.clone(),
    }
}
