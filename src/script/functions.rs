//! The queries of a library: the functions of a script, and what they reach.

use camino::Utf8Path;

use super::find;
use super::library::Library;
use super::model::{Function, Parameter, Reach, Role, Script};
use super::outline::{Alias, Chain, Kind, Signature, UnitId};
use crate::diagnostic::{Diagnostic, codes};

impl Library {
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
        // An alias of itself (`f = f`) ends here.
        for _ in 0..100 {
            let bound = self.resolve(home, &chain)?.units;
            // A name that is bound in several branches may be any of them.
            let is_sure = bound.len() == 1;
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
            // Any other decorator may return something else.
            let is_plain = unit.decorators.len() <= usize::from(found.role.is_some());
            found.returns = found.returns.filter(|_| is_plain && home == module);
            found.deferred = found.deferred.filter(|_| is_plain && is_sure);
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

    /// Whether the code that a call of the function reaches may name `word`: it is written in one of its modules, or they
    /// cannot all be read.
    pub(crate) fn may_name(&mut self, script: &Utf8Path, function: &str, word: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let has_word = |text: &str| {
            let mut found = text.match_indices(word);
            found.any(|(at, _)| {
                let (before, behind) = (&text[..at], &text[at + word.len()..]);
                !before.ends_with(is_part) && !behind.starts_with(is_part)
            })
        };
        // The modules that it imports are read on the way.
        self.reach(script, function).is_err()
            || self.modules.iter().any(|module| has_word(module.source.text()))
    }

    fn makes_function(&self, id: UnitId) -> bool {
        let kind = &self.modules[id.0].units[id.1].kind;
        matches!(kind, Kind::Function(_) | Kind::Assign { alias: Some(_), .. })
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
        deferred: signature.deferred,
    }
}
