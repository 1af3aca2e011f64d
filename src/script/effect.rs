//! Does a top-level statement do anything on loading its module that others might observe, besides binding its
//! own names? If in doubt, it does. Decides by tables of known names and by inspecting the project's own
//! functions; runs nothing.

use super::library::Library;
use super::link::Resolved;
use super::outline::{Call, Chain, Class, Code, Decorator, Fresh, Import, Kind, UnitId};
use super::quiet;
use crate::diagnostic::Diagnostic;

/// How deep calls are followed; deeper ones are assumed to have effects.
const DEEPEST: usize = 50;

impl Library {
    /// Whether the unit counts for everyone who loads its module.
    pub(super) fn is_effect(&mut self, id: UnitId) -> Result<bool, Diagnostic> {
        if let Some(known) = self.effects.get(&id) {
            return Ok(*known);
        }
        // Assumed quiet while it is being decided: a cycle adds no effect of its own.
        self.effects.insert(id, false);
        self.judged.clear();
        let module = self.modules[id.0].clone();
        let unit = &module.units[id.1];
        let effect = match &unit.kind {
            Kind::Effect => true,
            Kind::Import(import) => self.imported_for_effect(id, import)?,
            Kind::Function(_) => {
                !self.decorators_quiet(id.0, &unit.decorators)? || !self.loads_quietly(id.0, &unit.code)?
            }
            Kind::Class(class) => {
                !self.decorators_quiet(id.0, &unit.decorators)?
                    || !self.loads_quietly(id.0, &unit.code)?
                    || !self.class_quiet(id.0, class, 0)?
            }
            Kind::Assign { .. } => !self.loads_quietly(id.0, &unit.code)?,
            Kind::Mutation { root, deep, method } => {
                let known =
                    method.as_deref().is_none_or(|name| quiet::mutator(name) || quiet::quiet_method(name));
                !known
                    || !self.calls_quiet(id.0, &unit.code.eager_calls, 0)?
                    || !self.owns(id.0, root, *deep)?
            }
        };
        self.effects.insert(id, effect);
        Ok(effect)
    }

    /// Whether a library is imported although nothing in the module uses it: some libraries are imported only
    /// for the effect (`from sklearn.experimental import enable_...`).
    fn imported_for_effect(&mut self, id: UnitId, import: &Import) -> Result<bool, Diagnostic> {
        let module = self.modules[id.0].clone();
        if module.used.contains(&module.units[id.1].name) || module.is_init() {
            return Ok(false);
        }
        let libraries = self.resolve_import(id.0, import)?.libraries;
        Ok(libraries.iter().any(|path| !quiet::silent_library(path)))
    }

    fn loads_quietly(&mut self, module: usize, code: &Code) -> Result<bool, Diagnostic> {
        Ok(!code.eager_writes_outside && self.calls_quiet(module, &code.eager_calls, 0)?)
    }

    fn calls_quiet(&mut self, module: usize, calls: &[Call], depth: usize) -> Result<bool, Diagnostic> {
        for call in calls {
            let quiet = match call {
                Call::Chain(chain) => self.call_quiet(module, chain, depth)?,
                Call::Method { name, own } => quiet::quiet_method(name) || (*own && quiet::mutator(name)),
                Call::Made(chain) => {
                    let decorator = Decorator { chain: None, called: true, label: None };
                    let resolved = self.resolve(module, chain)?;
                    self.decorator_quiet(&resolved, &decorator, chain)
                }
                Call::Unknown => false,
            };
            if !quiet {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn call_quiet(&mut self, module: usize, chain: &Chain, depth: usize) -> Result<bool, Diagnostic> {
        let resolved = self.resolve(module, chain)?;
        if depth > DEEPEST || !resolved.missing.is_empty() || !resolved.bare.is_empty() {
            return Ok(false);
        }
        if let Some(name) = &resolved.builtin {
            let method =
                chain.attrs.last().is_none_or(|name| quiet::quiet_method(name) || name == "fromkeys");
            return Ok(quiet::quiet_builtin(name) && method);
        }
        if !resolved.libraries.iter().all(|path| quiet::quiet_library(path)) {
            return Ok(false);
        }
        for id in &resolved.units {
            if !self.unit_call_quiet(*id, chain, depth)? {
                return Ok(false);
            }
        }
        Ok(!(resolved.units.is_empty() && resolved.libraries.is_empty()))
    }

    /// Whether calling what the unit binds (or, by `chain`, a method of that) is quiet.
    fn unit_call_quiet(&mut self, id: UnitId, chain: &Chain, depth: usize) -> Result<bool, Diagnostic> {
        let module = self.modules[id.0].clone();
        let unit = &module.units[id.1];
        // All calls must be quiet, so one that is already being judged need not be judged again.
        if !chain_is_attribute(chain, &unit.name) && !self.judged.insert(id) {
            return Ok(true);
        }
        // `fit` from `from helpers import fit` has no attributes left, `fit.register` has one.
        let last = chain.attrs.last().filter(|_| chain_is_attribute(chain, &unit.name));
        match &unit.kind {
            Kind::Function(_) if last.is_none() => Ok(!unit.code.deferred_writes_outside
                && self.decorators_quiet(id.0, &unit.decorators)?
                && self.calls_quiet(id.0, &unit.code.deferred_calls, depth + 1)?),
            Kind::Class(class) if last.is_none() => {
                const LOUD: [&str; 6] =
                    ["__set_name__", "__init__", "__new__", "__post_init__", "__call__", "__setattr__"];
                Ok(LOUD.iter().all(|name| !class.defines.contains(*name))
                    && class.metaclass.is_none()
                    && self.bases_known(id.0, class)?
                    && self.decorators_quiet(id.0, &unit.decorators)?)
            }
            Kind::Assign { .. } | Kind::Mutation { .. } | Kind::Effect => {
                Ok(last.is_some_and(|name| quiet::quiet_method(name)))
            }
            _ => Ok(false),
        }
    }

    /// Whether instantiating the class runs no code of its bases.
    fn bases_known(&mut self, module: usize, class: &Class) -> Result<bool, Diagnostic> {
        for base in &class.bases {
            let Some(chain) = base else { return Ok(false) };
            let resolved = self.resolve(module, chain)?;
            let known = resolved.builtin.as_deref() == Some("object")
                || (resolved.units.is_empty()
                    && !resolved.libraries.is_empty()
                    && resolved.libraries.iter().all(|path| quiet::quiet_library(path)));
            if !known {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn decorators_quiet(&mut self, module: usize, decorators: &[Decorator]) -> Result<bool, Diagnostic> {
        for decorator in decorators {
            let Some(chain) = &decorator.chain else { return Ok(false) };
            let resolved = self.resolve(module, chain)?;
            if !self.decorator_quiet(&resolved, decorator, chain) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn decorator_quiet(&self, resolved: &Resolved, decorator: &Decorator, chain: &Chain) -> bool {
        if !resolved.missing.is_empty() || !resolved.bare.is_empty() {
            return false;
        }
        let builtin =
            resolved.builtin.iter().all(|name| chain.attrs.is_empty() && quiet::quiet_decorator(name));
        let libraries = resolved.libraries.iter().all(|path| quiet::quiet_decorator(path));
        let units =
            resolved.units.iter().all(|(module, unit)| match &self.modules[*module].units[*unit].kind {
                // We do not know what a local decorator becomes if it is decorated itself.
                Kind::Function(signature) => {
                    let unit = &self.modules[*module].units[*unit];
                    let itself = chain.attrs.last().is_none_or(|last| *last == unit.name);
                    itself
                        && unit.decorators.is_empty()
                        && signature.decorates_quietly[usize::from(decorator.called)]
                }
                _ => false,
            });
        builtin && libraries && units
    }

    /// Whether defining the class runs no other code: no metaclass, no `__init_subclass__` of ours.
    fn class_quiet(&mut self, module: usize, class: &Class, depth: usize) -> Result<bool, Diagnostic> {
        if depth > DEEPEST {
            return Ok(false);
        }
        let meta = self.metaclass_quiet(module, class)?;
        for base in &class.bases {
            // A base may be an expression (`Generic[T]`, `make_base()`); its calls are judged as calls.
            let Some(chain) = base else { continue };
            for (home, unit) in self.resolve(module, chain)?.units {
                let home_module = self.modules[home].clone();
                let Kind::Class(base) = &home_module.units[unit].kind else { continue };
                if !self.judged.insert((home, unit)) {
                    continue;
                }
                if !self.subclass_quiet(home, base)? || !self.class_quiet(home, base, depth + 1)? {
                    return Ok(false);
                }
            }
        }
        Ok(meta)
    }

    fn subclass_quiet(&mut self, module: usize, class: &Class) -> Result<bool, Diagnostic> {
        Ok(!class.defines.contains("__init_subclass__") && self.metaclass_quiet(module, class)?)
    }

    fn metaclass_quiet(&mut self, module: usize, class: &Class) -> Result<bool, Diagnostic> {
        let Some(given) = &class.metaclass else { return Ok(true) };
        let Some(chain) = given else { return Ok(false) };
        let resolved = self.resolve(module, chain)?;
        let builtin = resolved.builtin.iter().all(|name| name == "type");
        let known = |path: &String| path == "abc.ABCMeta" || path.starts_with("enum.");
        Ok(builtin && resolved.units.is_empty() && resolved.libraries.iter().all(known))
    }

    /// Whether only the users of the module-level name `root` can observe a change of its value.
    fn owns(&mut self, module: usize, root: &str, deep: bool) -> Result<bool, Diagnostic> {
        let home = self.modules[module].clone();
        let units = home.binding(root);
        let mut bound = false;
        for unit in units {
            let unit = &home.units[*unit];
            let own = match &unit.kind {
                Kind::Mutation { .. } => continue,
                Kind::Function(_) | Kind::Class(_) => !deep && !unit.code.global_writes.contains(root),
                Kind::Assign { fresh: Fresh::Deep, .. } => true,
                Kind::Assign { fresh: Fresh::Shallow, .. } => !deep,
                Kind::Assign { fresh: Fresh::IfCallIs, .. } => {
                    !deep && self.makes_container(module, &unit.code)?
                }
                Kind::Assign { fresh: Fresh::No, .. } | Kind::Import(_) | Kind::Effect => false,
            };
            if !own {
                return Ok(false);
            }
            bound = true;
        }
        Ok(bound)
    }

    fn makes_container(&mut self, module: usize, code: &Code) -> Result<bool, Diagnostic> {
        const BUILTINS: [&str; 6] = ["dict", "list", "set", "bytearray", "sorted", "object"];
        let Some(Call::Chain(chain)) = code.eager_calls.first() else { return Ok(false) };
        let resolved = self.resolve(module, chain)?;
        let builtin = resolved.builtin.as_deref().is_some_and(|name| BUILTINS.contains(&name));
        let library = !resolved.libraries.is_empty()
            && resolved.units.is_empty()
            && resolved.libraries.iter().all(|path| quiet::fresh_library(path));
        Ok((builtin && chain.attrs.is_empty()) || library)
    }
}

/// Whether a chain that leads to the unit `name` continues to an attribute of it.
fn chain_is_attribute(chain: &Chain, name: &str) -> bool {
    chain.attrs.last().is_some_and(|last| last != name)
}
