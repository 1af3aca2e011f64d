//! Decides what is to be done about an instance. The only place that does: a build, `expops status` and
//! `expops explain` all ask here.

use super::environment::Interpreter;
use super::failure::Failure;
use super::inputs::{self, Foreseen, Given};
use super::made::Made;
use super::observed::{self, Observed};
use super::record::Record;
use super::value::{Value, Values};
use super::{Instance, publish, split, warn};
use crate::cache::{Cache, Entry};
use crate::digest::Digest;
use crate::layout::Folder;
use crate::plan_file::Work;

/// What is to be done.
#[derive(Debug)]
pub enum Todo {
    /// Nothing: what it can observe is what it was, and what it made is there.
    Nothing,
    /// Its results are known from before.
    Restore(Entry),
    /// Its code, or the split that expops does for it, has to run.
    Run,
}

/// What is to be done about an instance, and what that rests on.
pub struct Decision {
    /// What it observes now.
    pub observed: Observed,
    /// The digest of that.
    pub key: Digest,
    /// What is to be done.
    pub todo: Todo,
    /// What it observed when it last ran, if that is known.
    pub record: Option<Record>,
    pub(super) given: Vec<Given>,
    pub(super) interpreter: Option<Interpreter>,
}

impl Decision {
    /// The inputs, under the names by which they are observed.
    pub fn inputs(&self) -> Vec<(String, &Value)> {
        observed::named(&self.given)
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
    pub fn decide(&self) -> Result<Decision, Failure> {
        self.decide_on(&Foreseen::default())
    }

    /// Decides on what is in the build folder and what is foreseen.
    ///
    /// # Errors
    /// If something that it observes cannot be read.
    pub fn decide_on(&self, foreseen: &Foreseen) -> Result<Decision, Failure> {
        let given = self.taken(inputs::collect(&self.plan, &self.arms, &self.layout, foreseen)?);
        let interpreter = self.interpreter()?;
        let observed = self.observe(&given, interpreter.as_ref(), foreseen)?;
        let key = observed.key();
        let record = Record::read(&self.folder);
        let todo = if record.as_ref().is_some_and(|record| record.key == key) && self.is_made() {
            Todo::Nothing
        } else {
            self.remembered(key).map_or(Todo::Run, Todo::Restore)
        };
        Ok(Decision { observed, key, todo, record, given, interpreter })
    }

    /// The values that the instance will have, if they come from the cache and are its own: a split's
    /// partitions are not known before it has cut.
    pub fn foresee(&self, decision: &Decision) -> Option<Values> {
        let Todo::Restore(entry) = &decision.todo else { return None };
        let made: Made = serde_json::from_value(entry.answer.clone()).ok()?;
        let is_split = self.plan.opens.is_some() || self.plan.probes.is_some();
        (!is_split).then(|| publish::placed(&made.values, &self.folder, self.layout.build()))
    }

    /// Something that it made may be gone without a build tool's noticing: takes the stamp away then, so that the
    /// next build does what was decided.
    pub fn admit_loss(&self, decision: &Decision) {
        if decision.record.is_none() {
            // One that cannot be read is as good as none; build tools see that it is there.
            let _ = crate::file::remove(&self.folder.record());
        }
        let is_same = decision.record.as_ref().is_some_and(|record| record.key == decision.key);
        if is_same && !matches!(decision.todo, Todo::Nothing) {
            for folder in self.places().iter().filter(|folder| !self.is_whole(folder)) {
                let _ = crate::stamp::retire(&folder.stamp());
            }
        }
    }

    /// The cache that this build uses.
    pub(super) fn cache(&self) -> Cache {
        Cache::find(self.layout.cache())
    }

    /// Whether the user's code runs. What expops does by itself is cheap, and is not remembered.
    pub(super) fn runs_code(&self) -> bool {
        !matches!(self.plan.work, Work::Merge | Work::DynamicChart { .. })
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
        self.places().iter().all(|folder| self.is_whole(folder))
    }

    /// The folders with the stamps that it makes.
    fn places(&self) -> Vec<Folder> {
        match &self.plan.opens {
            None => vec![self.folder.clone()],
            Some(_) => split::arms(self),
        }
    }

    /// Whether what the stamp of a folder vouches for is there.
    fn is_whole(&self, folder: &Folder) -> bool {
        let build = self.layout.build();
        folder.stamp().exists() && Values::read(folder).is_some_and(|values| values.are_there(build))
    }
}
