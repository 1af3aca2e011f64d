//! Finds imports that no module of the project satisfies. Others check whether a library of that name is
//! installed.

use camino::Utf8PathBuf;

use super::find::{self, ModulePath, find};
use super::library::Library;
use super::model::Foreign;
use super::outline::{Import, Module};
use crate::runtime;
use crate::source::Span;

impl Library {
    /// The module that `import` at `span` of `module` asks for, if the project does not have it. `None` also if
    /// modules may be found in ways that we cannot see.
    pub(super) fn foreign(&self, module: usize, import: &Import, span: Span) -> Option<Foreign> {
        let outline = &self.modules[module];
        let alters_path = |id: &usize| self.modules.get(*id).is_some_and(|module| module.alters_path);
        if [module, self.script].iter().any(alters_path) {
            return None;
        }
        let inside = import.level > 0;
        let mut folders = if inside { vec![outline.above(import.level)] } else { self.script_folders() };
        let mut name = String::new();
        // `from . import name` asks the package itself.
        let own = || folders.first().map(|folder| folder.join("__init__.py"));
        let mut package = own().filter(|path| inside && self.root.join(path).is_file());
        for (i, part) in import.loads.split('.').filter(|part| !part.is_empty()).enumerate() {
            name = if i == 0 { part.to_owned() } else { format!("{name}.{part}") };
            match find(&self.root, &folders, part) {
                Some(ModulePath::File { path, folder: Some(below) }) => {
                    folders = vec![below];
                    package = Some(path);
                }
                Some(ModulePath::File { folder: None, .. }) => return None,
                Some(ModulePath::Namespace(below)) => (folders, package) = (below, None),
                None if find::is_compiled(&self.root, &folders, part) => return None,
                None if i == 0 && !inside && runtime::is_ours(part) => return of_ours(outline, import, span),
                None => return self.told(outline, (!inside).then_some(&import.loads), name, span),
            }
        }
        let wanted = import.name.as_ref().filter(|name| *name != Module::STAR)?;
        let is_there = find(&self.root, &folders, wanted).is_some()
            || find::is_compiled(&self.root, &folders, wanted)
            || package.is_some_and(|path| self.may_bind(&path, wanted));
        let joined = if name.is_empty() { wanted.clone() } else { format!("{name}.{wanted}") };
        if is_there { None } else { self.told(outline, (!inside).then_some(&import.loads), joined, span) }
    }

    /// A [`Foreign`] import, unless it is of Python's own library. The first part of `library` may be
    /// installed.
    fn told(&self, from: &Module, library: Option<&String>, module: String, span: Span) -> Option<Foreign> {
        let library = library.and_then(|name| Some(name.split('.').next()?.to_owned()));
        if library.as_ref().is_some_and(|name| runtime::is_ours(name) || find::is_standard(name)) {
            return None;
        }
        Some(Foreign { module, library, source: from.source.clone(), span, beside: None })
    }

    /// Whether the module in a file may bind a name.
    fn may_bind(&self, path: &Utf8PathBuf, name: &str) -> bool {
        let Some(Ok(id)) = self.by_path.get(path) else { return true };
        let module = &self.modules[*id];
        !module.binding(name).is_empty()
            || !module.stars.is_empty()
            || !module.binding("__getattr__").is_empty()
            || module.is_dynamic()
            || name.starts_with("__")
    }
}

/// What `import` asks for of our own package, if that does not have it.
fn of_ours(from: &Module, import: &Import, span: Span) -> Option<Foreign> {
    let name = import.name.iter().map(String::as_str).filter(|name| *name != Module::STAR);
    let mut parts = import.loads.split('.').chain(name);
    let mut module = parts.next()?.to_owned();
    for part in parts {
        if !runtime::has(&module, part) {
            let beside = Some(runtime::names(&module));
            let module = format!("{module}.{part}");
            return Some(Foreign { module, library: None, source: from.source.clone(), span, beside });
        }
        module = format!("{module}.{part}");
    }
    None
}

impl Module {
    /// The folder that an import with `level` leading dots starts from.
    fn above(&self, level: u32) -> Utf8PathBuf {
        let mut folder = self.path.parent().map_or(Utf8PathBuf::new(), ToOwned::to_owned);
        (1..level).for_each(|_| folder = find::normal(&folder.join("..")));
        folder
    }
}
