//! One instance: its plan, where its files are, and what follows from its name.

use std::cell::RefCell;

use camino::{Utf8Path, Utf8PathBuf};

use super::inputs::{self, Inputs, Lookahead};
use super::left_out::LeftOut;
use super::record::Record;
use crate::arm::Arm;
use crate::cache::Cache;
use crate::command::{self, FAILED};
use crate::defaults;
use crate::digest::Digest;
use crate::exec::content::trust::Trust;
use crate::exec::exit::Usage;
use crate::exec::failure::Failure;
use crate::exec::interpreter::Interpreter;
use crate::exec::key::roots::Roots;
use crate::exec::remark::Remark;
use crate::exec::values::value::{Value, Values};
use crate::file;
use crate::journal::{Ended, Event, Journal};
use crate::layout::{Folder, Layout};
use crate::name;
use crate::plan_file::{Opens, PlanFile, Work};
use crate::stamp::{Stamp, Subject};

/// One instance, with everything needed to run it.
pub(crate) struct Instance {
    pub(in crate::exec) name: String,
    pub(in crate::exec) plan: PlanFile,
    pub(in crate::exec) arms: Vec<Arm>,
    pub(in crate::exec) layout: Layout,
    pub(in crate::exec) folder: Folder,
    pub(in crate::exec) project: Utf8PathBuf,
    remarks: RefCell<Vec<Remark>>,
    /// What to report of the attempt under way, or of the last one.
    told: RefCell<Ended>,
}

impl Instance {
    /// Reads the plan of an instance.
    ///
    /// # Errors
    /// If there is no such plan, or no such instance.
    pub(crate) fn open(name: &str, layout: &Layout) -> Result<Self, Failure> {
        let path = layout.plan_of(name);
        let unknown =
            || Failure::new(format!("there is no instance `{name}`")).help("run `expops compile` first");
        let text = file::read_regular_text(&path).map_err(|_| unknown())?;
        let plan = PlanFile::parse(&text)
            .map_err(|why| Failure::new(format!("`{path}` {why}")).help("run `expops compile` again"))?;
        Self::of(plan, name, layout)
    }

    /// The instance `name` of the process that `plan` describes.
    ///
    /// # Errors
    /// If the process has no instance of that name.
    pub(crate) fn of(plan: PlanFile, name: &str, layout: &Layout) -> Result<Self, Failure> {
        let arms: Result<Vec<Arm>, _> = name.split('/').skip(1).map(str::parse).collect();
        let Some(arms) = arms.ok().filter(|arms| plan.may_have(arms)) else {
            return Err(Failure::new(format!("there is no instance `{name}`")).help(plan.example()));
        };
        let project = Utf8PathBuf::from(".");
        let project = file::context(project.canonicalize_utf8(), "find", &project)?;
        let folder = layout.folder(name);
        let (name, layout) = (name.to_owned(), layout.clone());
        let (remarks, told) = (RefCell::default(), RefCell::default());
        Ok(Self { name, plan, arms, layout, folder, project, remarks, told })
    }

    /// Keeps a remark for [`Self::remarks`], without duplicates.
    pub(in crate::exec) fn remark(&self, remark: Remark) {
        let mut remarks = self.remarks.borrow_mut();
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }

    /// Takes back remarks that somebody else has already made.
    pub(in crate::exec) fn unremark(&self, is_said: impl Fn(&Remark) -> bool) {
        self.remarks.borrow_mut().retain(|remark| !is_said(remark));
    }

    /// The remarks about what was done so far; each is returned once.
    pub(crate) fn remarks(&self) -> Vec<Remark> {
        self.remarks.take()
    }

    /// Notes something for the journal.
    pub(in crate::exec) fn note(&self, change: impl FnOnce(&mut Ended)) {
        change(&mut self.told.borrow_mut());
    }

    /// Notes what the user's part has used.
    pub(in crate::exec) fn note_usage(&self, used: &Usage) {
        let Usage { cpu, memory, host, job, ran } = used.clone();
        let host = host.or_else(|| Some(host_name()));
        self.note(|told| {
            *told = Ended { cpu, memory, host, job, ran: ran.unwrap_or_default(), ..told.clone() }
        });
    }

    /// What to report of the last attempt.
    pub(in crate::exec) fn told(&self) -> Ended {
        self.told.borrow().clone()
    }

    /// Adds an event to the journal. A build does not fail because that is impossible.
    pub(in crate::exec) fn journal(&self, event: Event) {
        let path = self.layout.journal();
        if file::insist_on_no_links(self.layout.build(), &path).is_ok() {
            let _ = Journal::new(path).add(&self.name, event);
        }
    }

    /// The label for people.
    pub(crate) fn label(&self) -> String {
        name::label(&self.plan.process, &self.arms)
    }

    /// The canonical path.
    pub(in crate::exec) fn canonical(&self) -> String {
        name::canonical(&self.plan.process, &self.arms)
    }

    /// The innermost seed: the last arm, or the project's.
    pub(in crate::exec) fn random_seed(&self) -> Option<u64> {
        self.arms.last().and_then(|arm| arm.seed()).or(self.plan.random_seed)
    }

    /// Whether its seed comes from a layer.
    pub(in crate::exec) fn is_in_seed_layer(&self) -> bool {
        self.arms.len() > self.plan.data_depth
    }

    /// The seed of the random number generators: different for each instance, the same every time.
    pub(in crate::exec) fn rng_seed(&self) -> u32 {
        let digest = Digest::of(format!("{:?} {}", self.random_seed(), self.name)).to_string();
        u32::from_str_radix(&digest[..8], 16).unwrap_or_default()
    }

    /// The number of the innermost partition.
    pub(in crate::exec) fn partition(&self) -> Option<u64> {
        self.arms.iter().rev().find_map(|arm| arm.partition())
    }

    /// Whether user code runs. What expops does by itself is cheap, and is not cached.
    pub(in crate::exec) fn runs_code(&self) -> bool {
        !matches!(self.plan.work, Work::Merge | Work::DynamicChart { .. })
    }

    /// Whether its results go into the cache and come from it.
    pub(in crate::exec) fn is_cached(&self) -> bool {
        let settings = &self.plan.settings;
        self.runs_code() && settings.cache != Some(false) && !settings.always
    }

    /// The cache that this build uses.
    pub(in crate::exec) fn cache(&self) -> Cache {
        Cache::find(self.layout.cache())
    }

    /// The folders by which paths are named.
    pub(in crate::exec) fn roots(&self) -> Roots {
        Roots::of(&self.project, self.layout.exports())
    }

    /// What is known of large files without reading them.
    pub(in crate::exec) fn trust(&self) -> Trust {
        Trust::new(&self.layout)
    }

    /// Everything that the upstreams pass on.
    pub(in crate::exec) fn inputs(&self, lookahead: &Lookahead) -> Result<Inputs, Failure> {
        inputs::collect(&self.plan, &self.arms, &self.layout, lookahead)
    }

    /// The inputs that the process takes: all of them, unless it lists the ones it wants.
    pub(in crate::exec) fn taken(&self, lookahead: &Lookahead) -> Result<Inputs, Failure> {
        let takes = match &self.plan.work {
            Work::Python { takes, inputs, .. } => takes.clone().or_else(|| inputs.clone()),
            Work::Shell { command, .. } => command::inputs(command),
            _ => None,
        };
        let mut inputs = self.inputs(lookahead)?;
        inputs.all.retain(|input| takes.as_ref().is_none_or(|names| names.contains(&input.name)));
        Ok(inputs)
    }

    /// Whether it is left out: it failed, or takes something that did.
    pub(crate) fn is_left_out(&self) -> bool {
        self.stamped().iter().all(|folder| LeftOut::read(folder).is_some())
    }

    /// Whether its code asks how the missing ones among those it gathers failed.
    pub(in crate::exec) fn asks_for_failed(&self) -> bool {
        match &self.plan.work {
            Work::Python { takes, .. } => {
                takes.as_ref().is_none_or(|names| names.iter().any(|name| name == FAILED))
            }
            Work::Shell { command, .. } => command::uses(command, FAILED),
            Work::Merge | Work::DynamicChart { .. } => false,
        }
    }

    /// The Python of its environment, if it uses one.
    pub(in crate::exec) fn interpreter(&self) -> Result<Option<Interpreter>, Failure> {
        match (&self.plan.work, self.plan.environment.as_str()) {
            (Work::DynamicChart { .. }, _) | (Work::Shell { .. }, "") => Ok(None),
            (_, name) => Interpreter::read(&self.layout.environment_stamp(name)).map(Some),
        }
    }

    /// The command that starts `interpreter` for the instance.
    pub(in crate::exec) fn python(&self, interpreter: Option<&Interpreter>) -> String {
        interpreter
            .map_or_else(|| defaults::PYTHON.to_owned(), |interpreter| interpreter.program(&self.project))
    }

    /// The folder with the programs of a declared environment.
    pub(in crate::exec) fn environment_bin(&self) -> Option<Utf8PathBuf> {
        let python = Utf8PathBuf::from(self.interpreter().ok()??.program(&self.project));
        (!self.plan.environment.is_empty()).then(|| python.parent().map(Utf8Path::to_owned))?
    }

    /// The folders of the arms that it opens. A partition's arm comes after the other data arms and before the
    /// seeds, as in its canonical path.
    pub(in crate::exec) fn opened(&self) -> Vec<Folder> {
        let Some(opens) = &self.plan.opens else { return Vec::new() };
        let position = match opens {
            Opens::Data { .. } => self.plan.data_depth.min(self.arms.len()),
            Opens::Seed(_) => self.arms.len(),
        };
        let folder = |arm: Arm| {
            let mut arms = self.arms.clone();
            arms.insert(position, arm);
            self.layout.folder(&Layout::instance(&self.plan.process, &arms))
        };
        opens.arms().into_iter().map(folder).collect()
    }

    /// The folders whose stamps it makes.
    pub(in crate::exec) fn stamped(&self) -> Vec<Folder> {
        match &self.plan.opens {
            None => vec![self.folder.clone()],
            Some(_) => self.opened(),
        }
    }

    /// Whether everything that a run makes is in place, and unchanged since the `record` was written.
    pub(in crate::exec) fn is_made(&self, record: &Record) -> bool {
        let (since, trust) = (Record::time(&self.folder), self.trust());
        let is_beside = record.beside.iter().all(|beside| beside.is_whole(&self.folder, since, &trust));
        is_beside && self.stamped().iter().all(|folder| self.is_whole(folder))
    }

    /// Whether what the stamp of a folder vouches for is there, and unchanged since the record was written.
    pub(in crate::exec) fn is_whole(&self, folder: &Folder) -> bool {
        let (since, trust, build) = (Record::time(&self.folder), self.trust(), self.layout.build());
        let are_whole =
            |values: &Values| values.values.iter().all(|value| value.is_whole(build, since, &trust));
        Values::read(folder).is_some_and(|values| is_stamped(folder, &values) && are_whole(&values))
    }
}

/// Whether the stamp of a folder vouches for its `values`, and for no others.
fn is_stamped(folder: &Folder, values: &Values) -> bool {
    let Some(stamp) = Stamp::read(&folder.stamp()) else { return false };
    let is_told = |value: &Value| stamp.key(&value.key).is_some_and(|line| line.digest == value.digest);
    let keys = stamp.lines.iter().filter(|line| line.subject != Subject::Metrics).count();
    keys == values.values.len() && values.values.iter().all(is_told)
}

/// The name of this machine.
#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
