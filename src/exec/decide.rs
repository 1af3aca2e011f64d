//! Decides what is to be done about an instance. The only place that does: a build, `expops status` and
//! `expops explain` all ask here.

use std::io;

use camino::Utf8Path;

use super::action_result::ActionResult;
use super::failure::Failure;
use super::inputs::{Input, Lookahead, named};
use super::instance::Instance;
use super::interpreter::Interpreter;
use super::inventory::Inventory;
use super::observed::Observed;
use super::record::Record;
use super::value::{Value, Values};
use super::{ingredients, publish};
use crate::cache::{Cache, Entry};
use crate::digest::Digest;
use crate::plan_file::Work;
use crate::{script, stamp};

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Todo {
    /// Nothing: what it can observe is what it was, and what it made is there.
    Nothing,
    /// Its results are known from before.
    Restore(Entry),
    /// Its code, or the split that expops does for it, has to run.
    Run,
}

/// What is to be done about an instance, and what that rests on.
pub(crate) struct Decision {
    /// What it observes now.
    pub observed: Observed,
    /// The digest of that.
    pub key: Digest,
    /// What is to be done.
    pub todo: Todo,
    /// What it observed when it last ran, if that is known.
    pub record: Option<Record>,
    pub(super) inputs: Vec<Input>,
    pub(super) interpreter: Option<Interpreter>,
}

impl Decision {
    /// The inputs, under the names by which they are observed.
    pub(crate) fn inputs(&self) -> Vec<(String, &Value)> {
        named(&self.inputs)
    }

    /// Whether what is observed under `name` is what it was when the instance last ran.
    pub(super) fn is_same(&self, name: &str) -> bool {
        let old = self.record.as_ref().and_then(|record| record.observed.get(name));
        old.is_some() && old == self.observed.get(name)
    }
}

impl Instance {
    /// Decides, from what is in the build folder now.
    ///
    /// # Errors
    /// If something that it observes cannot be read.
    pub(crate) fn decide(&self) -> Result<Decision, Failure> {
        self.decide_on(&Lookahead::default())
    }

    /// Decides on what is in the build folder and what is known ahead.
    ///
    /// # Errors
    /// If something that it observes cannot be read.
    pub(crate) fn decide_on(&self, lookahead: &Lookahead) -> Result<Decision, Failure> {
        let inputs = self.taken(lookahead)?;
        let interpreter = self.interpreter()?;
        let observed = self.observe(&inputs, interpreter.as_ref(), lookahead)?;
        let key = observed.key();
        let record = Record::read(&self.folder);
        let todo = if record.as_ref().is_some_and(|record| record.key == key) && self.is_made() {
            Todo::Nothing
        } else {
            self.remembered(key).map_or(Todo::Run, Todo::Restore)
        };
        Ok(Decision { observed, key, todo, record, inputs, interpreter })
    }

    /// What the instance observes, with inventories of what its digests cover.
    pub(super) fn observe(
        &self,
        inputs: &[Input],
        interpreter: Option<&Interpreter>,
        lookahead: &Lookahead,
    ) -> Result<Observed, Failure> {
        self.insist_on_code(lookahead)?;
        let observed = ingredients::list(self, inputs, interpreter)?;
        for (path, digest) in observed.files() {
            Inventory::keep(&self.layout, digest, || Inventory::of_path(path));
        }
        if let Some(python) = interpreter {
            let keep = || Inventory::of_packages(&python.packages);
            Inventory::keep(&self.layout, python.packages_digest(), keep);
        }
        Ok(observed)
    }

    /// Insists that the scripts still say what they said when they were compiled.
    fn insist_on_code(&self, lookahead: &Lookahead) -> Result<(), Failure> {
        let Work::Python { script, function, code, .. } = &self.plan.work else { return Ok(()) };
        let function_of = (script.clone(), function.clone());
        if lookahead.codes.borrow().contains(&function_of) {
            return Ok(());
        }
        let mut library = script::Library::new(Utf8Path::new("."), self.plan.folders.clone());
        match library.reach(script, function) {
            Ok(reach) if reach.digest == *code => {
                Inventory::keep(&self.layout, *code, || Inventory::of_code(&reach));
                lookahead.codes.borrow_mut().insert(function_of);
                Ok(())
            }
            _ => Err(Failure::new(format!(
                "the code that `{function}` of `{script}` reaches changed after it was compiled"
            ))
            .help("build again")),
        }
    }

    /// Insists that nothing has changed since the decision: what a run makes of two states of the world
    /// belongs to neither.
    pub(super) fn still_observes(&self, decided: &Decision) -> Result<(), Failure> {
        // Another build may have put other values in the place of the inputs.
        let inputs = self.taken(&Lookahead::default())?;
        let now = self.observe(&inputs, decided.interpreter.as_ref(), &Lookahead::default())?;
        let changes = now.changes(&decided.observed);
        let Some(first) = changes.first() else { return Ok(()) };
        Err(Failure::new(format!("its {} changed while it ran", first.name)).help("build again"))
    }

    /// The values that the instance will have, if they come from the cache and are its own: a split's
    /// partitions are not known before it has cut.
    pub(crate) fn foresee(&self, decision: &Decision) -> Option<Values> {
        let Todo::Restore(entry) = &decision.todo else { return None };
        let result: ActionResult = serde_json::from_value(entry.answer.clone()).ok()?;
        let is_split = self.plan.opens.is_some() || self.plan.probes.is_some();
        (!is_split).then(|| publish::placed(&result.values, &self.folder, self.layout.build()))
    }

    /// Something that it made may be gone without a build tool's noticing: takes the stamp away then, so that the
    /// next build does what was decided.
    pub(crate) fn admit_loss(&self, decision: &Decision) {
        if decision.record.is_none() {
            // One that cannot be read is as good as none; build tools see that it is there.
            let _ = crate::file::remove(&self.folder.record());
        }
        let is_same = decision.record.as_ref().is_some_and(|record| record.key == decision.key);
        if is_same && !matches!(decision.todo, Todo::Nothing) {
            for folder in self.stamped().iter().filter(|folder| !self.is_whole(folder)) {
                let _ = stamp::retire(&folder.stamp());
            }
        }
    }

    fn remembered(&self, key: Digest) -> Option<Entry> {
        if !self.runs_code() {
            return None;
        }
        let cache = self.cache();
        cache.lookup(key).unwrap_or_else(|error| {
            warn(&cache, &error);
            None
        })
    }

    /// Whether everything that a run makes is in its place.
    fn is_made(&self) -> bool {
        self.stamped().iter().all(|folder| self.is_whole(folder))
    }
}

/// Says that the cache does not work.
pub(super) fn warn(cache: &Cache, error: &io::Error) {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    eprintln!("warning: the cache in `{}` cannot be used: {text}", cache.folder());
}
