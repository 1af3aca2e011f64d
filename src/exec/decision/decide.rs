//! Decides what to do about an instance, and is the only place that does: a build, `expops status` and `expops explain`
//! all ask here.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::ingredients;
use super::remote::Way;
use crate::cache::{Entry, List};
use crate::digest::Digest;
use crate::exec::content::inventory::Inventory;
use crate::exec::failure::Failure;
use crate::exec::interpreter::Interpreter;
use crate::exec::key::action_key::{ActionKey, Change};
use crate::exec::key::ingredient::{Ingredient, InputPath};
use crate::exec::publish;
use crate::exec::reads::world;
use crate::exec::remark::Remark;
use crate::exec::state::inputs::named;
use crate::exec::state::inputs::{Gathered, Input, Inputs, Lookahead};
use crate::exec::state::instance::Instance;
use crate::exec::state::left_out::LeftOut;
use crate::exec::state::record::Record;
use crate::exec::values::action_result::ActionResult;
use crate::exec::values::value::{Value, Values};
use crate::plan_file::Work;
use crate::script;

/// What to do.
#[derive(Debug)]
pub(crate) enum Todo {
    /// Nothing: what it can observe has not changed, and what it made is there.
    Nothing,
    /// Restore its results, which are known from an earlier run.
    Restore(Remembered),
    /// Run its code, or the split that expops does for it.
    Run,
    /// Leave it out, because it takes something that failed.
    Skip(LeftOut),
}

/// An earlier run that observed the same.
#[derive(Debug)]
pub(crate) struct Remembered {
    /// What it made.
    pub entry: Entry,
    /// The key of the entry.
    pub key: Digest,
    /// What it read.
    pub reads: ActionKey,
}

/// What to do about an instance, and why.
pub(crate) struct Decision {
    /// What it observes now.
    pub key: ActionKey,
    /// The digest of the key.
    pub digest: Digest,
    /// What to do.
    pub todo: Todo,
    /// What it observed when it last ran, if that is known.
    pub record: Option<Record>,
    /// The present state of what it read then.
    pub reads: ActionKey,
    pub(in crate::exec) inputs: Vec<Input>,
    /// The failed ones among those it gathers.
    pub(in crate::exec) failed: Vec<Gathered>,
    pub(in crate::exec) interpreter: Option<Interpreter>,
    /// The modules of the project that count only by the code that is reached in them.
    pub(in crate::exec) modules: BTreeSet<Utf8PathBuf>,
}

impl Decision {
    /// The values of the inputs, each with its place.
    pub(crate) fn inputs(&self) -> Vec<(InputPath, &Value)> {
        named(&self.inputs)
    }

    /// Whether it observes the same as when it last ran.
    pub(in crate::exec) fn is_as_recorded(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.key == self.digest && record.reads == self.reads)
    }

    /// What differs from what it observed when it last ran; empty if that is unknown.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let Some(record) = &self.record else { return Vec::new() };
        [self.key.changes(&record.ingredients), self.reads.changes(&record.reads)].concat()
    }

    /// Whether an ingredient has not changed since the instance last ran.
    pub(in crate::exec) fn is_same(&self, ingredient: &Ingredient) -> bool {
        let old = self.record.as_ref().and_then(|record| record.ingredients.get(ingredient));
        old.is_some() && old == self.key.get(ingredient)
    }
}

impl Instance {
    /// Decides by what is in the build folder now.
    ///
    /// # Errors
    /// If something that it observes cannot be read.
    pub(crate) fn decide(&self) -> Result<Decision, Failure> {
        self.decide_on(&Lookahead::default())
    }

    /// Decides by what is in the build folder and what is known ahead.
    ///
    /// # Errors
    /// If something that it observes cannot be read.
    pub(crate) fn decide_on(&self, lookahead: &Lookahead) -> Result<Decision, Failure> {
        let Inputs { all: inputs, failed, skipped } = self.taken(lookahead)?;
        let interpreter = self.interpreter()?;
        let modules = self.insist_on_code(lookahead)?;
        let key = self.key((&inputs, &failed), interpreter.as_ref())?;
        let digest = key.digest();
        let record = Record::read(&self.folder);
        let is_forced = self.plan.settings.always || self.folder.force().exists();
        let now = |record: &Record| world::now(&record.reads, &self.roots(), &self.trust());
        let (reads, todo) = (record.as_ref().map(now).unwrap_or_default(), Todo::Nothing);
        let mut decision =
            Decision { key, digest, todo, record, reads, inputs, failed, interpreter, modules };
        let is_made = decision.record.as_ref().is_some_and(|record| self.is_made(record));
        if let Some(how) = skipped {
            decision.todo = Todo::Skip(how);
        } else if is_forced {
            decision.todo = Todo::Run;
        } else if !(decision.is_as_recorded() && is_made) {
            decision.todo = self.remembered(&decision.key).map_or(Todo::Run, Todo::Restore);
        }
        Ok(decision)
    }

    /// The action key; what its digests cover is stored in inventories.
    fn key(
        &self,
        taken: (&[Input], &[Gathered]),
        interpreter: Option<&Interpreter>,
    ) -> Result<ActionKey, Failure> {
        let key = ingredients::list(self, taken, interpreter)?;
        for (path, digest) in key.files() {
            Inventory::keep(&self.layout, digest, || Inventory::of_path(path, &self.trust()));
        }
        if let Some(python) = interpreter {
            let keep = || Inventory::of_packages(&python.packages);
            Inventory::keep(&self.layout, python.packages_digest(), keep);
        }
        Ok(key)
    }

    /// Insists that the scripts have not changed since they were compiled; returns the modules that were read for that,
    /// none if it was known ahead.
    fn insist_on_code(&self, lookahead: &Lookahead) -> Result<BTreeSet<Utf8PathBuf>, Failure> {
        let Work::Python { script, function, code, .. } = &self.plan.work else { return Ok(BTreeSet::new()) };
        let function_of = (script.clone(), function.clone());
        if lookahead.codes.borrow().contains(&function_of) {
            return Ok(BTreeSet::new());
        }
        let folders = self.plan.folders.clone();
        let reach = || {
            let mut library = script::Library::new(Utf8Path::new("."), folders);
            let reached = library.reach(script, function);
            (reached, library.files())
        };
        let (reached, files) = script::deeply(reach).map_err(|error| Failure::new(error.to_string()))?;
        match reached {
            Ok(reach) if reach.digest == *code => {
                Inventory::keep(&self.layout, *code, || Inventory::of_code(&reach));
                lookahead.codes.borrow_mut().insert(function_of);
                Ok(files.into_iter().collect())
            }
            Err(diagnostic) => Err(Failure::new(format!("`{script}`: {}", diagnostic.message))),
            Ok(_) => Err(Failure::new(format!(
                "the code that `{function}` of `{script}` reaches changed after it was compiled"
            ))
            .help("build again, or run `expops compile` first")),
        }
    }

    /// Insists that nothing has changed since the decision: what a run makes from two states of the world belongs to
    /// neither.
    pub(in crate::exec) fn still_observes(&self, decided: &Decision) -> Result<(), Failure> {
        // Another build may have replaced the values of the inputs.
        let inputs = self.taken(&Lookahead::default())?;
        self.insist_on_code(&Lookahead::default())?;
        let now = self.key((&inputs.all, &inputs.failed), decided.interpreter.as_ref())?;
        let changes = now.changes(&decided.key);
        let Some(first) = changes.first() else { return Ok(()) };
        Err(Failure::new(format!("its {} changed while it ran", first.ingredient)).help("build again"))
    }

    /// The values that the instance will have, if they come from the cache and are its own: the partitions of a split
    /// are not known before it has cut.
    pub(crate) fn foresee(&self, decision: &Decision) -> Option<Values> {
        let Todo::Restore(Remembered { entry, .. }) = &decision.todo else { return None };
        let result: ActionResult = serde_json::from_value(entry.answer.clone()).ok()?;
        let is_split = self.plan.opens.is_some() || self.plan.probes.is_some();
        (!is_split).then(|| publish::placed(&result.values, &self.folder, self.layout.build()))
    }

    /// Whether everything in `reads` is still as it was.
    pub(in crate::exec) fn still_reads(&self, reads: &ActionKey) -> bool {
        world::holds(reads, &self.roots(), &self.trust())
    }

    /// An earlier run with this key that read nothing, or only what is still the same; from the cache, else the remote
    /// one.
    fn remembered(&self, key: &ActionKey) -> Option<Remembered> {
        if !self.is_cached() {
            return None;
        }
        let cache = self.cache();
        let digest = key.digest();
        let lookup = |key| match cache.lookup(key)? {
            Some(entry) if !self.can_have_made(&entry) => cache.forget(key).map(|()| None),
            found => Ok(found),
        };
        match self.first(key, reads(cache.lists(digest)), lookup) {
            Ok(None) => {}
            Ok(found) => return found,
            Err(error) => {
                self.remark(Remark::no_cache(cache.folder(), &error));
                return None;
            }
        }
        let found = self.with_remote(Way::From, |remote| {
            let mut lists = reads(cache.lists_in(remote, digest)?);
            lists.retain(|reads| !reads.is_bound_to_this_machine());
            let lookup = |key| Ok(cache.lookup_in(remote, key)?.filter(|entry| self.can_have_made(entry)));
            self.first(key, lists, lookup)
        });
        found.flatten()
    }

    /// Whether what an entry says is a result that this instance can have.
    fn can_have_made(&self, entry: &Entry) -> bool {
        serde_json::from_value::<ActionResult>(entry.answer.clone())
            .is_ok_and(|result| result.makes_sense_for(&self.plan.work))
    }

    /// The first run that `lookup` knows among those whose reads, from `lists` or none, are still the same.
    fn first(
        &self,
        key: &ActionKey,
        lists: Vec<ActionKey>,
        lookup: impl Fn(Digest) -> io::Result<Option<Entry>>,
    ) -> io::Result<Option<Remembered>> {
        for reads in lists.into_iter().chain([ActionKey::default()]).filter(|reads| self.still_reads(reads)) {
            let key = key.digest_with(&reads);
            if let Some(entry) = lookup(key)? {
                return Ok(Some(Remembered { entry, key, reads }));
            }
        }
        Ok(None)
    }
}

/// Parses the reads in `lists`.
fn reads(lists: Vec<List>) -> Vec<ActionKey> {
    lists.into_iter().filter_map(|list| serde_json::from_value(list.reads).ok()).collect()
}
