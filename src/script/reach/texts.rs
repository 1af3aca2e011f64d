//! What texts used as values may reach: `df.query("x > @LIMIT")`, `"models.Net"`, `f"env.{kind}"`.

use camino::Utf8PathBuf;

use super::super::find;
use super::super::library::Library;
use super::super::link::Resolved;
use super::super::outline::{Chain, Root, TextMention};
use super::walk::{Task, Walk};
use crate::diagnostic::Diagnostic;

impl Walk {
    /// Follows what a text in `module` may name: a name there, or a module of the project by its full path.
    pub(super) fn text(
        &mut self,
        library: &mut Library,
        module: usize,
        text: &TextMention,
    ) -> Result<(), Diagnostic> {
        let chain = &text.chain;
        if let Root::Global(name) = &chain.root {
            let place = self.place(library).unwrap_or_default();
            self.in_texts.entry(name.clone()).or_insert(place);
        }
        let resolved = library.resolve(module, chain)?;
        let is_bound = resolved.builtin.is_none();
        if is_bound {
            self.named(library, resolved, chain);
        }
        if !is_bound && (text.is_package || !chain.attrs.is_empty()) {
            self.imported(library, module, text)?;
        }
        Ok(())
    }

    fn imported(
        &mut self,
        library: &mut Library,
        module: usize,
        text: &TextMention,
    ) -> Result<(), Diagnostic> {
        let Root::Global(name) = &text.chain.root else { return Ok(()) };
        if text.is_package {
            let path: Utf8PathBuf = [name].into_iter().chain(&text.chain.attrs).collect();
            let folders: Vec<_> = library.search.iter().map(|folder| folder.join(&path)).collect();
            let folders: Vec<_> =
                folders.into_iter().filter(|folder| library.root.join(folder).is_dir()).collect();
            let files = find::all_python(&library.root, &folders);
            let why =
                self.why_here(library, &format!("has a text that begins with `{}.`", text.chain.spelled()));
            self.files(library, files, &why);
        }
        let resolved = library.resolve(module, &Chain::by_import(name, &text.chain.attrs))?;
        if !resolved.modules().is_empty() {
            self.named(library, resolved, &text.chain);
        }
        Ok(())
    }

    fn named(&mut self, library: &Library, resolved: Resolved, chain: &Chain) {
        self.queue.extend(resolved.loads.iter().map(|id| Task::Load(*id)));
        let place = self.place(library).unwrap_or_default();
        let named = resolved.via.iter().chain(&resolved.units);
        self.queue.extend(named.map(|id| Task::Named(*id, place.clone())));
        let why = self.why_here(library, &format!("has a text that names `{}`", chain.spelled()));
        // A missing name is a word like any other (`train.csv`), unless the module may still get such a name.
        let makes_names = |id: &usize| {
            library.modules[*id].is_dynamic() || !library.modules[*id].binding("__getattr__").is_empty()
        };
        let missing = resolved.missing.into_iter().filter(makes_names);
        self.queue.extend(resolved.bare.into_iter().chain(missing).map(|id| Task::Whole(id, why.clone())));
    }

    /// Counts what the expressions in texts mean in the other modules with reached code: a text may be passed
    /// to them.
    pub(super) fn evaluated_elsewhere(&mut self, library: &Library) {
        let reached: Vec<usize> = self.counted.iter().map(|(module, _)| *module).collect();
        let mut last = None;
        for module in reached {
            if last.replace(module) == Some(module) {
                continue;
            }
            let outline = &library.modules[module];
            let named =
                outline.bindings.iter().filter_map(|(name, all)| Some((self.in_texts.get(name)?, all)));
            let units =
                named.flat_map(|(place, units)| units.iter().map(move |unit| ((module, *unit), place)));
            let new = units.filter(|(id, _)| !self.counted.contains(id));
            self.queue.extend(new.map(|(id, place)| Task::Named(id, place.clone())));
        }
    }
}
