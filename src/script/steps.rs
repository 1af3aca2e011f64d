//! The steps of a process: functions decorated with `@step()`, nested in its function or reached from it, in
//! source order.

use std::collections::BTreeSet;

use super::library::Library;
use super::model::{Role, Step};
use super::outline::{Alias, Decorator, Kind, Mention, UnitId};
use crate::diagnostic::Diagnostic;

impl Library {
    /// The role that a decorator gives to a function, if it is one of expops' own.
    pub(super) fn role(
        &mut self,
        module: usize,
        decorators: &[Decorator],
    ) -> Result<Option<(Role, Option<String>)>, Diagnostic> {
        for decorator in decorators {
            let Some(chain) = &decorator.chain else { continue };
            for path in self.resolve(module, chain)?.libraries {
                let role = match path.rsplit_once('.') {
                    Some((home, "process")) if is_ours(home) => Role::Process,
                    Some((home, "step")) if is_ours(home) => Role::Step,
                    Some((home, "chart")) if is_ours(home) => Role::Chart,
                    _ => continue,
                };
                return Ok(Some((role, decorator.label.clone())));
            }
        }
        Ok(None)
    }

    /// The steps reached from what `start` binds, then those of the modules that count whole.
    pub(super) fn steps(&mut self, start: Vec<UnitId>, whole: Vec<usize>) -> Result<Vec<Step>, Diagnostic> {
        let mut found = StepWalk { steps: Vec::new(), visited: BTreeSet::new() };
        found.visit_all(self, start)?;
        for module in whole {
            let units = (0..self.modules[module].units.len()).map(|unit| (module, unit)).collect();
            found.visit_all(self, units)?;
        }
        Ok(found.steps)
    }
}

fn is_ours(path: &str) -> bool {
    matches!(path.split('.').next(), Some("expops" | "expops_build"))
}

struct StepWalk {
    steps: Vec<Step>,
    visited: BTreeSet<UnitId>,
}

impl StepWalk {
    /// Depth first, in source order, with an explicit stack: a chain of calls may be long.
    fn visit_all(&mut self, library: &mut Library, start: Vec<UnitId>) -> Result<(), Diagnostic> {
        for unit in start {
            let mut stack = Vec::new();
            self.enter(library, unit, &mut stack)?;
            while let Some((id, next)) = stack.last_mut() {
                let id = *id;
                let module = library.modules[id.0].clone();
                let Some(mention) = module.units[id.1].code.mentions.get(*next) else {
                    stack.pop();
                    continue;
                };
                *next += 1;
                match mention {
                    Mention::Use(chain) => {
                        let resolved = library.resolve(id.0, chain)?;
                        // Reversed, since the last one pushed is visited first.
                        for unit in resolved.units.into_iter().rev() {
                            self.enter(library, unit, &mut stack)?;
                        }
                    }
                    Mention::Def { name, decorators } => self.take(library, id, name, decorators)?,
                    Mention::Load(..) => {}
                }
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        library: &mut Library,
        id: UnitId,
        stack: &mut Vec<(UnitId, usize)>,
    ) -> Result<(), Diagnostic> {
        if !self.visited.insert(id) {
            return Ok(());
        }
        let module = library.modules[id.0].clone();
        let unit = &module.units[id.1];
        self.take(library, id, &unit.name, &unit.decorators)?;
        if let Kind::Assign { alias: Some(Alias::Of { wrapper: Some(wrapper), .. }), .. } = &unit.kind {
            self.take(library, id, &unit.name, std::slice::from_ref(wrapper))?;
        }
        stack.push((id, 0));
        Ok(())
    }

    fn take(
        &mut self,
        library: &mut Library,
        id: UnitId,
        name: &str,
        decorators: &[Decorator],
    ) -> Result<(), Diagnostic> {
        if let Some((Role::Step, label)) = library.role(id.0, decorators)? {
            let name = label.unwrap_or_else(|| name.to_owned());
            if !self.steps.iter().any(|step| step.name == name) {
                let outline = &library.modules[id.0];
                self.steps.push(Step { name, file: outline.path.clone(), line: outline.units[id.1].line });
            }
        }
        Ok(())
    }
}
