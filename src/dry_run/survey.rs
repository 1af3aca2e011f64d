//! Surveys every instance of a project as a build would, without running anything. This is what `status` and
//! `explain` report.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use crate::cache::{Cache, Remote};
use crate::defaults;
use crate::diagnostic::Diagnostics;
use crate::driver::{self, Project};
use crate::exec::environments::{self, Staleness};
use crate::exec::{
    Contents, Decision, Ended as Last, Failure, Instance, Interpreter, LeftOut, Lookahead, Record, Remark,
    Todo, Why,
};
use crate::file;
use crate::layout::{Folder, Layout};
use crate::plan::{Action, Plan};
use crate::plan_file::{EnvironmentPlan, PlanFile};
use crate::settings::FailureKind;

/// What a build would do with an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing.
    Fresh,
    /// Bring its results back from the cache.
    Restore,
    /// Run it.
    Run,
    /// Look at it again when these have been built: it runs if the outputs that it takes from them have
    /// changed.
    May(Vec<usize>),
    /// Fail, or run it once what is missing has been made.
    Blocked(String),
}

impl State {
    /// The state in one word, for scripts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Fresh => "up_to_date",
            Self::Run => "would_run",
            Self::Restore => "from_cache",
            Self::May(_) => "may_run",
            Self::Blocked(_) => "unknown",
        }
    }
}

/// An instance and its state.
pub(crate) struct Finding {
    /// Its process.
    pub process: String,
    /// What the plan says of it.
    pub action: Action,
    /// Its folder.
    pub folder: Folder,
    /// What a build would do with it.
    pub state: State,
    /// The decision, if all of its inputs are known.
    pub decision: Option<Decision>,
    /// Whether its last run failed and nothing has succeeded since.
    pub failed_last_time: bool,
    /// The kind of failure for which the last build dropped it: its own, or that of an instance that it takes something
    /// from.
    pub dropped: Option<FailureKind>,
    /// Indices of the instances that it takes inputs from.
    pub upstreams: Vec<usize>,
}

impl Finding {
    /// Why it last ran.
    pub(crate) fn why(&self) -> Option<Why> {
        Why::read(&self.folder)
    }
}

/// All instances, in the order of the project file.
pub(crate) struct Survey {
    /// The instances.
    pub all: Vec<Finding>,
    /// The build folder.
    pub layout: Layout,
    /// Indices of all instances, each after those that it takes inputs from.
    order: Vec<usize>,
    plans: BTreeMap<String, PlanFile>,
    nothing_is_cached: bool,
    /// Whether instances may be dropped.
    may_drop: bool,
    lookahead: Lookahead,
    /// The environments that would be made, and why.
    stale_environments: BTreeMap<String, Staleness>,
    /// Remarks from the survey, each once.
    remarks: RefCell<BTreeSet<Remark>>,
}

impl Survey {
    /// The instances of the project whose folder is the working folder. Nothing is surveyed yet.
    pub(crate) fn of(
        project: &Project,
        build: &Utf8Path,
        sink: &mut Diagnostics,
    ) -> Result<Self, driver::Failure> {
        Ok(Self::over(driver::plan(project, build, sink)?, project, build))
    }

    /// The instances of a plan of the project whose folder is the working folder. Nothing is surveyed yet.
    pub(crate) fn over(plan: Plan, project: &Project, build: &Utf8Path) -> Self {
        let layout = Layout::new(crate::file::normal(build));
        ready_interpreter(&plan, project, &layout);
        let stale_environments = stale_environments(&plan, &layout);
        let mut plans = BTreeMap::new();
        for file in &plan.plan_files {
            if let Ok(text) = serde_json::from_str::<PlanFile>(&file.text) {
                plans.insert(text.process.clone(), text);
            }
        }
        let nothing_is_cached = Cache::find(layout.cache()).is_empty() && Remote::present().is_none();
        let lookahead = Lookahead::default();
        let mut survey = Self {
            all: Vec::new(),
            order: Vec::new(),
            layout,
            plans,
            nothing_is_cached,
            may_drop: plan.verdict.is_some(),
            lookahead,
            stale_environments,
            remarks: RefCell::default(),
        };
        let mut makers = BTreeMap::new();
        let mut first = Vec::new();
        for group in &plan.groups {
            first.push(survey.all.len()..survey.all.len() + group.actions.len());
            for action in group.actions.iter() {
                let folder = Folder(action.folder.clone());
                makers.extend(action.stamps.iter().map(|stamp| (stamp.clone(), survey.all.len())));
                let looked = Finding {
                    process: group.process.clone(),
                    action,
                    folder,
                    state: State::Fresh,
                    decision: None,
                    failed_last_time: false,
                    dropped: None,
                    upstreams: Vec::new(),
                };
                survey.all.push(looked);
            }
        }
        for looked in &mut survey.all {
            looked.upstreams =
                looked.action.inputs.iter().filter_map(|stamp| makers.get(stamp).copied()).collect();
            looked.upstreams.dedup();
        }
        survey.order = plan.order.into_iter().flat_map(|group| first[group].clone()).collect();
        survey
    }

    /// The plan file of an instance's process.
    pub(crate) fn plan(&self, index: usize) -> &PlanFile {
        &self.plans[&self.all[index].process]
    }

    /// Surveys all instances.
    pub(crate) fn look_at_all(&mut self) {
        self.look_at((0..self.all.len()).collect());
    }

    /// Surveys some instances, and those that they take inputs from.
    pub(crate) fn look_at(&mut self, mut waiting: Vec<usize>) {
        let mut wanted = vec![false; self.all.len()];
        while let Some(index) = waiting.pop() {
            if !std::mem::replace(&mut wanted[index], true) {
                waiting.extend(&self.all[index].upstreams);
            }
        }
        for index in self.order.clone().into_iter().filter(|index| wanted[*index]) {
            self.look_again(index);
        }
    }

    /// Surveys one instance, given what has been found of those that it takes inputs from.
    pub(crate) fn look_again(&mut self, index: usize) {
        self.lookahead.values.remove(&self.all[index].folder.0);
        let state = self.look(index);
        let looked = &mut self.all[index];
        let is_fresh = state == State::Fresh;
        looked.state = state;
        looked.failed_last_time =
            !is_fresh && matches!(looked.why(), Some(Why { ended: Last::Failed(_), .. }));
        let may_be_dropped = self.may_drop && looked.failed_last_time;
        looked.dropped = may_be_dropped.then(|| dropped(&looked.action)).flatten();
    }

    fn look(&mut self, index: usize) -> State {
        let looked = &self.all[index];
        let plan = &self.plans[&looked.process];
        // A chart reads its metrics from the folders of the instances that it plots, so it cannot be decided
        // ahead of them.
        let looks_ahead = plan.probes.is_none();
        let is_known = |upstream: &Finding| {
            upstream.state == State::Fresh
                || looks_ahead && self.lookahead.values.contains_key(&upstream.folder.0)
        };
        let mut waits = looked.upstreams.clone();
        waits.retain(|upstream| !is_known(&self.all[*upstream]));
        if Record::read(&looked.folder).is_none() && !waits.is_empty() && self.nothing_is_cached {
            State::Run
        } else if !waits.is_empty() || self.stale_environments.contains_key(&plan.environment) {
            State::May(waits)
        } else {
            self.decide(index).unwrap_or_else(|failure| State::Blocked(failure.message))
        }
    }

    fn instance(&self, index: usize) -> Result<Instance, Failure> {
        let looked = &self.all[index];
        Instance::of(self.plans[&looked.process].clone(), &looked.action.instance, &self.layout)
    }

    fn decision(&self, instance: &Instance) -> Result<Decision, Failure> {
        let decision = instance.decide_on(&self.lookahead);
        self.remarks.borrow_mut().extend(instance.remarks());
        decision
    }

    /// Takes the remarks made so far: each is returned once.
    pub(crate) fn remarks(&self) -> BTreeSet<Remark> {
        self.remarks.take()
    }

    fn decide(&mut self, index: usize) -> Result<State, Failure> {
        let instance = self.instance(index)?;
        let decision = self.decision(&instance)?;
        let state = match &decision.todo {
            Todo::Nothing => State::Fresh,
            Todo::Restore(_) => State::Restore,
            Todo::Run => State::Run,
            Todo::Skip(_) => State::Blocked("what it takes failed".to_owned()),
        };
        let looked = &mut self.all[index];
        if let Some(values) = instance.foresee(&decision) {
            self.lookahead.values.insert(looked.folder.0.clone(), values);
        }
        looked.decision = Some(decision);
        Ok(state)
    }

    /// The decision on an instance if its inputs from other instances stayed as they are. Only asked for what
    /// is explained: deciding on every waiting instance would mean reading all of its code.
    pub(crate) fn presumed(&self, index: usize) -> Option<Decision> {
        self.instance(index).and_then(|instance| self.decision(&instance)).ok()
    }

    /// The environment of an instance, if it would be made, and why.
    pub(crate) fn stale_environment(&self, index: usize) -> Option<(&str, &Staleness)> {
        let name = &self.plans[&self.all[index].process].environment;
        self.stale_environments.get_key_value(name).map(|(name, why)| (name.as_str(), why))
    }

    /// The environments that would be made, and why.
    pub(crate) fn stale_environments(&self) -> impl Iterator<Item = (&String, &Staleness)> {
        self.stale_environments.iter()
    }

    /// The instance whose folder holds the file or folder at `path`.
    pub(crate) fn owner(&self, path: &Utf8Path) -> Option<usize> {
        let holds = |index: &usize| path.starts_with(&self.all[*index].folder.0);
        (0..self.all.len()).filter(holds).max_by_key(|index| self.all[*index].folder.0.as_str().len())
    }
}

/// The kind of failure that the first stamp of an instance tells of, if it says that it was dropped.
fn dropped(action: &Action) -> Option<FailureKind> {
    let folder = action.stamps.first()?.parent()?;
    LeftOut::read(&Folder(folder.to_owned())).map(|how| how.kind)
}

/// Stamps the active Python for a project that was never compiled, which has no such stamp yet.
fn ready_interpreter(plan: &Plan, project: &Project, layout: &Layout) {
    let stamp = layout.environment_stamp("");
    if plan.interpreter.is_some() && !stamp.exists() {
        let probed = Interpreter::probe(defaults::PYTHON, &project.folder, Contents::ByVersion);
        let _ = probed.and_then(|python| python.write(&stamp));
    }
}

/// The environments that would be made, and why.
fn stale_environments(plan: &Plan, layout: &Layout) -> BTreeMap<String, Staleness> {
    let staleness = |name: &String| {
        let path = layout.environment_plan(name);
        let text = plan
            .plan_files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
            .unwrap_or_default();
        let old = file::read_regular_text(&path).unwrap_or_default();
        match (serde_json::from_str::<EnvironmentPlan>(text), serde_json::from_str::<EnvironmentPlan>(&old)) {
            (Ok(new), Ok(old)) => {
                environments::staleness(name, &EnvironmentPlan { python: old.python, ..new }, layout)
            }
            _ => Some(Staleness::default()),
        }
    };
    let names = plan.environments.iter().map(|environment| &environment.name);
    names.filter_map(|name| Some((name.clone(), staleness(name)?))).collect()
}
