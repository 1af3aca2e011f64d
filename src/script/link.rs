//! What a name means across the modules of the project: follows imports, re-exports, star imports and
//! attributes of modules to the units that bind the name. Reads modules as they are needed.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use super::find::{ModulePath, find, normal};
use super::library::Library;
use super::outline::{Chain, Import, Kind, Mention, Module, Root, UnitId};
use super::{quiet, words};
use crate::diagnostic::Diagnostic;

/// What a chain of names resolves to.
#[derive(Default)]
pub(super) struct Resolved {
    /// Units that bind the name.
    pub(super) units: Vec<UnitId>,
    /// Import statements on the way.
    pub(super) via: Vec<UnitId>,
    /// Dotted names in libraries.
    pub(super) libraries: Vec<String>,
    /// A name that nothing binds.
    pub(super) builtin: Option<String>,
    /// Modules used as values, so that any of their names may be asked for.
    pub(super) bare: Vec<usize>,
    /// Modules that were asked for a name not found in them.
    pub(super) missing: Vec<usize>,
    /// Modules loaded on the way.
    pub(super) loads: Vec<usize>,
}

impl Resolved {
    /// All modules involved.
    pub(super) fn modules(&self) -> BTreeSet<usize> {
        let units = self.units.iter().chain(&self.via).map(|(module, _)| *module);
        units.chain(self.bare.iter().chain(&self.missing).chain(&self.loads).copied()).collect()
    }
}

/// Something that has attributes.
enum Container {
    Module(usize, Vec<Utf8PathBuf>),
    Namespace(Vec<Utf8PathBuf>),
}

/// A resolution in progress; `seen` breaks cycles of imports.
struct Search<'l> {
    library: &'l mut Library,
    out: Resolved,
    seen: BTreeSet<(usize, String)>,
}

impl Library {
    /// Resolves `chain`, mentioned in `module`.
    pub(super) fn resolve(&mut self, module: usize, chain: &Chain) -> Result<Resolved, Diagnostic> {
        let mut search = Search { library: self, out: Resolved::default(), seen: BTreeSet::new() };
        match &chain.root {
            Root::Global(name) => {
                if !search.name(module, name, &chain.attrs)? {
                    search.out.builtin = Some(name.clone());
                }
            }
            Root::Imports(imports) => {
                for import in imports {
                    search.import(module, import, &chain.attrs)?;
                }
            }
        }
        Ok(search.out)
    }

    /// Resolves what an import statement loads and names.
    pub(super) fn resolve_import(&mut self, module: usize, import: &Import) -> Result<Resolved, Diagnostic> {
        let mut search = Search { library: self, out: Resolved::default(), seen: BTreeSet::new() };
        search.import(module, import, &[])?;
        if import.loads != import.module {
            let all = Import { module: import.loads.clone(), ..import.clone() };
            search.import(module, &all, &[])?;
        }
        Ok(search.out)
    }
}

impl Search<'_> {
    fn module(&self, id: usize) -> &Module {
        &self.library.modules[id]
    }

    /// Follows a module-level name; false if nothing binds it.
    fn name(&mut self, module: usize, name: &str, attrs: &[String]) -> Result<bool, Diagnostic> {
        if !self.seen.insert((module, name.to_owned())) {
            return Ok(true);
        }
        let units = self.module(module).binding(name).to_vec();
        for unit in &units {
            match &self.module(module).units[*unit].kind {
                Kind::Import(import) => {
                    let import = import.clone();
                    self.out.via.push((module, *unit));
                    self.import(module, &import, attrs)?;
                }
                _ => self.out.units.push((module, *unit)),
            }
        }
        let mut found = !units.is_empty();
        // A star import after the last binding may replace it.
        let later = |star: &usize| units.last().is_none_or(|last| star > last);
        for star in self.module(module).stars.clone().into_iter().filter(later) {
            found |= self.star(module, star, name, attrs)?;
        }
        Ok(found)
    }

    fn star(&mut self, module: usize, star: usize, name: &str, attrs: &[String]) -> Result<bool, Diagnostic> {
        let Kind::Import(import) = &self.module(module).units[star].kind else { return Ok(false) };
        let import = import.clone();
        match self.place(module, &import)? {
            Some(Container::Module(id, folders)) => {
                let found = if self.module(id).binding(name).is_empty() && self.module(id).stars.is_empty() {
                    // A package's star exports a module below it only if its `__all__` says so.
                    let below = find(&self.library.root, &folders, name);
                    !self.module(id).binding("__all__").is_empty() && self.below(below, attrs)?
                } else {
                    self.name(id, name, attrs)?
                };
                if found {
                    self.out.via.push((module, star));
                    let all =
                        self.module(id).binding("__all__").iter().map(|unit| (id, *unit)).collect::<Vec<_>>();
                    self.out.units.extend(all);
                } else if self.module(id).is_dynamic() && !quiet::quiet_builtin(name) {
                    self.out.missing.push(id);
                    return Ok(true);
                }
                Ok(found)
            }
            Some(Container::Namespace(_)) | None => Ok(false),
        }
    }

    /// Follows what `import` binds, and then `attrs`.
    fn import(&mut self, module: usize, import: &Import, attrs: &[String]) -> Result<(), Diagnostic> {
        let mut wanted: Vec<String> =
            import.name.iter().filter(|name| *name != Module::STAR).cloned().collect();
        wanted.extend(attrs.iter().cloned());
        match self.place(module, import)? {
            Some(_) if import.name.as_deref() == Some(Module::STAR) => Ok(()),
            Some(place) => self.member(place, &wanted, &import.module),
            None => {
                self.library_name(&import.module, &wanted);
                Ok(())
            }
        }
    }

    fn library_name(&mut self, module: &str, attrs: &[String]) {
        let mut path = module.to_owned();
        for attr in attrs {
            path = format!("{path}.{attr}");
        }
        self.out.libraries.push(path);
    }

    /// The module of an import, if it belongs to the project; loads the packages above it.
    fn place(&mut self, module: usize, import: &Import) -> Result<Option<Container>, Diagnostic> {
        let mut folders = self.library.search.clone();
        let mut place = None;
        if import.level > 0 {
            let mut folder = self.module(module).path.parent().map_or(Utf8PathBuf::new(), ToOwned::to_owned);
            (1..import.level).for_each(|_| folder = normal(&folder.join("..")));
            place = Some(self.package(&folder)?);
            folders = vec![folder];
        }
        for part in import.module.split('.').filter(|part| !part.is_empty()) {
            let mut found = find(&self.library.root, &folders, part);
            if found.is_none() && place.is_none() && import.level == 0 {
                let more = self.library.folders_by_path(module);
                found = find(&self.library.root, &more, part)
                    .filter(|found| matches!(found, ModulePath::File { .. }));
            }
            match found {
                Some(found) => {
                    let next = self.enter(found)?;
                    folders = match &next {
                        Container::Module(_, below) | Container::Namespace(below) => below.clone(),
                    };
                    place = Some(next);
                }
                None => return Ok(None),
            }
        }
        Ok(place)
    }

    fn package(&mut self, folder: &Utf8PathBuf) -> Result<Container, Diagnostic> {
        let init = folder.join("__init__.py");
        if self.library.root.join(&init).is_file() {
            return self.enter(ModulePath::File { path: init, folder: Some(folder.clone()) });
        }
        Ok(Container::Namespace(vec![folder.clone()]))
    }

    fn enter(&mut self, found: ModulePath) -> Result<Container, Diagnostic> {
        match found {
            ModulePath::File { path, folder } => {
                let id = self.library.module(&path)?;
                self.out.loads.push(id);
                Ok(Container::Module(id, folder.into_iter().collect()))
            }
            ModulePath::Namespace(folders) => Ok(Container::Namespace(folders)),
        }
    }

    fn member(&mut self, place: Container, attrs: &[String], path: &str) -> Result<(), Diagnostic> {
        let Some((first, rest)) = attrs.split_first() else {
            if let Container::Module(id, _) = place {
                self.out.bare.push(id);
            }
            return Ok(());
        };
        let below = match &place {
            Container::Module(_, folders) | Container::Namespace(folders) => {
                find(&self.library.root, folders, first)
            }
        };
        match place {
            Container::Module(id, _) => {
                // `from . import first` in the package itself binds the module below it.
                let is_circular = self.seen.contains(&(id, first.clone()));
                if below.is_some() && (is_circular || self.module(id).binding(first).is_empty()) {
                    self.below(below, rest)?;
                } else if !self.name(id, first, rest)? {
                    match first.as_str() {
                        "__doc__" => self.out.bare.push(id),
                        other if is_own_attribute(other) => {}
                        _ => self.out.missing.push(id),
                    }
                }
            }
            Container::Namespace(_) => {
                if !self.below(below, rest)? {
                    self.library_name(path, attrs);
                }
            }
        }
        Ok(())
    }

    fn below(&mut self, found: Option<ModulePath>, rest: &[String]) -> Result<bool, Diagnostic> {
        let Some(found) = found else { return Ok(false) };
        let place = self.enter(found)?;
        self.member(place, rest, "")?;
        Ok(true)
    }
}

/// Attributes that every module has without binding them, and that reveal nothing about its code.
fn is_own_attribute(name: &str) -> bool {
    matches!(name, "__name__" | "__file__" | "__path__" | "__package__" | "__spec__")
}

impl Module {
    /// Whether the module may get names in ways that we cannot see.
    pub(super) fn is_dynamic(&self) -> bool {
        self.units.iter().any(|unit| {
            unit.code.words.dynamic
                || unit.code.mentions.iter().any(|mention| match mention {
                    Mention::Use(Chain { root: Root::Global(name), .. }) => {
                        words::builtin_dynamic(name).is_some() || name == "setattr" || name == "sys"
                    }
                    _ => false,
                })
        })
    }
}
