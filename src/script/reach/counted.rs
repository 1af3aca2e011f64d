//! What a walk has counted, and its digest.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::super::fork::Ahead;
use super::super::library::Library;
use super::super::model::{Item, Reach};
use super::super::outline::{Kind, Module, UnitId};
use super::walk::Walk;
use crate::diagnostic::Diagnostic;
use crate::digest::{Digest, Hasher};

/// The version of the digests' format, from when their meaning last changed.
const FORMAT: &str = "expops-code 1";

/// An item, whether its order among the others counts, and its module.
struct CountedItem {
    item: Item,
    ordered: bool,
    module: usize,
}

impl CountedItem {
    fn whole(id: usize, module: String, digest: Digest, file: &Utf8Path, why: Option<String>) -> Self {
        let item = Item { module, name: None, digest, file: file.to_owned(), line: 1, why };
        Self { item, ordered: false, module: id }
    }
}

impl Walk {
    /// The result, without steps.
    pub(in crate::script) fn finish(
        self,
        library: &mut Library,
        function: &str,
    ) -> Result<Reach, Diagnostic> {
        let counted = self.items(library)?;
        let mut hasher = Hasher::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        add(FORMAT);
        add(function);
        self.load_order(library, &counted).iter().for_each(|module| add(module));
        add("in this order");
        let line = |counted: &CountedItem| {
            // The script itself has no name here, so that it can be renamed.
            let module = if counted.module == self.script { "" } else { &counted.item.module };
            let kind = if counted.item.name.is_none() { "whole" } else { "unit" };
            format!("{module} {kind} {}", counted.item.digest)
        };
        counted.iter().filter(|counted| counted.ordered).for_each(|counted| add(&line(counted)));
        add("in any order");
        let unordered: BTreeSet<String> =
            counted.iter().filter(|counted| !counted.ordered).map(line).collect();
        unordered.iter().for_each(|line| add(line));
        Ok(Reach {
            digest: hasher.finish(),
            items: counted.into_iter().map(|counted| counted.item).collect(),
            inside: self.inside(library),
            steps: Vec::new(),
            ahead: if self.steers_imports { Ahead::new() } else { self.ahead },
            reads_files: self.reads,
            foreign: self.foreign,
        })
    }

    /// The modules that have effects when they are loaded, in load order.
    fn load_order(&self, library: &Library, counted: &[CountedItem]) -> Vec<String> {
        let active: BTreeSet<usize> = counted.iter().filter(|c| c.ordered).map(|c| c.module).collect();
        let loaded = self.load_order.iter().filter(|id| active.contains(id) && **id != self.script);
        loaded.map(|id| library.name_of(*id)).collect()
    }

    /// The items that count, by module and place, each with whether its order among the others counts.
    fn items(&self, library: &mut Library) -> Result<Vec<CountedItem>, Diagnostic> {
        let mut modules: BTreeSet<usize> = self.counted.iter().map(|(module, _)| *module).collect();
        modules.extend(&self.whole);
        let mut named: Vec<(String, usize)> =
            modules.into_iter().map(|id| (library.name_of(id), id)).collect();
        named.sort();
        let mut items = Vec::new();
        for (name, id) in named {
            let outline = library.modules[id].clone();
            let by_text = self.source.then(|| Digest::of(outline.source.text()));
            if by_text.is_some() || self.whole.contains(&id) {
                let digest = by_text.unwrap_or(outline.whole[usize::from(self.docs)]);
                let why = self.why.get(&id).cloned();
                items.push(CountedItem::whole(id, name, digest, &outline.path, why));
                continue;
            }
            let units: Vec<usize> = self.counted.range((id, 0)..(id + 1, 0)).map(|(_, unit)| *unit).collect();
            for unit in units {
                items.push(self.item(library, &outline, (id, unit), &name)?);
            }
        }
        let seen: BTreeSet<usize> = items.iter().map(|counted| counted.module).collect();
        for id in self.imported.difference(&seen) {
            let path = &library.modules[*id].path;
            items.push(CountedItem::whole(*id, library.name_of(*id), Digest::of("is there"), path, None));
        }
        for (path, digest) in &self.bytes {
            items.push(CountedItem::whole(usize::MAX, path.to_string(), *digest, path, None));
        }
        Ok(items)
    }

    /// The units of the modules that count whole.
    fn inside(&self, library: &Library) -> Vec<Item> {
        let mut all = Vec::new();
        for id in &self.whole {
            let (outline, module) = (&library.modules[*id], library.name_of(*id));
            all.extend((0..outline.units.len()).map(|unit| self.of_unit(outline, unit, &module)));
        }
        all
    }

    fn item(
        &self,
        library: &mut Library,
        outline: &Module,
        id: UnitId,
        module: &str,
    ) -> Result<CountedItem, Diagnostic> {
        let unit = &outline.units[id.1];
        let effect = library.is_effect(id)?;
        let shared = |name: &String| outline.binding(name).len() > 1;
        let ordered = effect
            || matches!(unit.kind, Kind::Mutation { .. })
            || unit.binds.iter().any(shared)
            || unit.code.eager_names.iter().any(shared);
        let why = self.named.get(&id).filter(|_| !self.mentioned.contains(&id)).cloned();
        let item = Item { why, ..self.of_unit(outline, id.1, module) };
        Ok(CountedItem { item, ordered, module: id.0 })
    }

    fn of_unit(&self, outline: &Module, unit: usize, module: &str) -> Item {
        let unit = &outline.units[unit];
        Item {
            module: module.to_owned(),
            name: Some(unit.name.clone()),
            digest: unit.digests[usize::from(self.docs)],
            file: outline.path.clone(),
            line: unit.line,
            why: None,
        }
    }
}
