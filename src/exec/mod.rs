//! Runs one instance: looks whether anything that it can observe has changed, runs it out of sight if
//! so, checks what it made, and puts that in its place. Knows plan files and the build folder; never
//! sees the project file or the generated file.

mod chart;
mod child;
mod decide;
pub mod environment;
mod failure;
mod inputs;
mod intact;
mod known;
mod lines;
mod made;
mod observed;
mod obtain;
mod publish;
mod python;
mod record;
mod run_folder;
mod shell;
mod split;
mod tree;
mod value;
mod why;

use std::fs::File;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

pub use decide::{Decision, Todo};
pub use failure::Failure;
pub use inputs::Foreseen;
pub use known::{Known, Named, WHOLE, changed as what_changed, place as where_changed};
pub use observed::{Change, Observed};
pub use record::Record;
pub use value::{Value, Values};
pub use why::{Ended, Why};

use crate::digest::Digest;
use crate::file;
use crate::layout::{Folder, Layout};
use crate::name;
use crate::plan_file::{Opens, PlanFile, Work};
use crate::script;
use environment::Interpreter;
use inputs::Given;
use made::Made;
use obtain::warn;
use run_folder::RunFolder;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing that it can observe has changed: its results stand.
    Unchanged,
    /// What it made before under the same conditions came back from the cache.
    Restored,
    /// It ran.
    Ran,
}

/// One instance, with all that it takes to run it.
pub struct Instance {
    name: String,
    plan: PlanFile,
    arms: Vec<String>,
    layout: Layout,
    folder: Folder,
    project: Utf8PathBuf,
}

/// Runs the instance `name` (`train/p2/s41`) of the build in `layout`, from the project's folder.
pub fn run(name: &str, layout: &Layout) -> Result<Outcome, Failure> {
    let instance = Instance::open(name, layout)?;
    let failed = |failure: Failure| Failure {
        message: format!("{}: {}", instance.label(), failure.message),
        ..failure
    };
    instance.run().map_err(failed)
}

impl Instance {
    /// Reads the plan of an instance.
    pub fn open(name: &str, layout: &Layout) -> Result<Self, Failure> {
        let path = layout.plan_of(name);
        let unknown =
            || Failure::new(format!("there is no instance `{name}`")).help("run `expops compile` first");
        let text = std::fs::read_to_string(&path).map_err(|_| unknown())?;
        let plan = PlanFile::parse(&text)
            .map_err(|why| Failure::new(format!("`{path}` {why}")).help("run `expops compile` again"))?;
        Self::of(plan, name, layout)
    }

    /// The instance `name` of the process that `plan` describes.
    pub fn of(plan: PlanFile, name: &str, layout: &Layout) -> Result<Self, Failure> {
        let arms: Vec<String> = name.split('/').skip(1).map(str::to_owned).collect();
        if !plan.may_have(&arms) {
            return Err(Failure::new(format!("there is no instance `{name}`")).help(plan.example()));
        }
        let project = Utf8PathBuf::from(".");
        let project = file::context(project.canonicalize_utf8(), "find", &project)?;
        let folder = layout.folder(name);
        Ok(Self { name: name.to_owned(), plan, arms, layout: layout.clone(), folder, project })
    }

    /// The label for people.
    pub fn label(&self) -> String {
        name::label(&self.plan.process, &self.arms)
    }

    fn run(&self) -> Result<Outcome, Failure> {
        file::create_folder(&self.folder.0)?;
        let lock = self.folder.lock();
        let lock =
            file::context(File::create(&lock).and_then(|file| file.lock().map(|()| file)), "lock", &lock)?;
        run_folder::sweep(&self.folder)?;
        self.insist_on_listing()?;
        let decided = self.decide()?;
        if matches!(decided.todo, Todo::Nothing) {
            Record::touch(&self.folder)?;
            Why::forget_failure(&self.folder)?;
            return Ok(Outcome::Unchanged);
        }
        let made = self.make(&decided);
        self.explain(&decided, &made)?;
        let outcome = made?;
        Record { key: decided.key, observed: decided.observed }.write(&self.folder)?;
        drop(lock);
        Ok(outcome)
    }

    /// Insists that what it reads is a folder exactly where the generated file names what is in it. If not, the plan
    /// is taken away, so that the next build compiles first.
    fn insist_on_listing(&self) -> Result<(), Failure> {
        let data = self.plan.data.iter().filter(|_| self.plan.observes_data);
        let mut read = self.plan.files.iter().chain(data);
        let Some(path) = read.find(|path| path.exists() && path.is_dir() != self.plan.listed.contains(path))
        else {
            return Ok(());
        };
        file::remove(&self.layout.plan(&self.plan.process))?;
        let what = if path.is_dir() { "a folder" } else { "no folder" };
        Err(Failure::new(format!("`{path}` has become {what} since it was compiled")).help("build again"))
    }

    /// Leaves behind why the instance ran, and what came of it.
    fn explain(&self, decided: &Decision, made: &Result<Outcome, Failure>) -> Result<(), Failure> {
        let old = decided.record.as_ref().map(|record| &record.observed);
        let ended = match made {
            Ok(Outcome::Restored) => Ended::Restored,
            Ok(_) => Ended::Ran,
            Err(failure) => Ended::Failed(failure.message.clone()),
        };
        let changes = old.map_or_else(Vec::new, |old| decided.observed.changes(old));
        Why { ended, first: old.is_none(), changes }.write(&self.folder)
    }

    /// Everything that the upstreams hand on.
    fn given(&self) -> Result<Vec<Given>, Failure> {
        inputs::collect(&self.plan, &self.arms, &self.layout, &Foreseen::default())
    }

    /// The inputs that the process takes: all of them, unless it names those that it wants.
    fn taken(&self, given: Vec<Given>) -> Vec<Given> {
        let takes = match &self.plan.work {
            Work::Python { takes, .. } => takes.clone(),
            Work::Shell { command, .. } => crate::command::inputs(command),
            _ => None,
        };
        match takes {
            None => given,
            Some(names) => given.into_iter().filter(|given| names.contains(&given.name)).collect(),
        }
    }

    fn interpreter(&self) -> Result<Option<Interpreter>, Failure> {
        match (&self.plan.work, self.plan.environment.as_str()) {
            (Work::DynamicChart { .. }, _) | (Work::Shell { .. }, "") => Ok(None),
            (_, name) => Interpreter::read(&self.layout.environment_stamp(name)).map(Some),
        }
    }

    fn observe(
        &self,
        given: &[Given],
        interpreter: Option<&Interpreter>,
        foreseen: &Foreseen,
    ) -> Result<Observed, Failure> {
        let mut observed = observed::observe(&self.plan, &self.name, given, self.random_seed())?;
        for (path, digest) in observed.files() {
            Known::keep(&self.layout, digest, || Known::of_path(path));
        }
        match &self.plan.work {
            Work::Python { script, function, code, .. } => {
                let looked_at = (script.clone(), function.clone());
                if !foreseen.codes.borrow().contains(&looked_at) {
                    self.insist_on_code(script, function, *code)?;
                    foreseen.codes.borrow_mut().insert(looked_at);
                }
                observed.add(format!("code {script} {function}"), code.to_string());
            }
            Work::Shell { command, outputs } => {
                observed.add("command", command.clone());
                observed.add("outputs", json!(outputs).to_string());
            }
            Work::Merge => observed.add("code", "none"),
            Work::DynamicChart { script } => {
                observed.add(format!("code {script}"), tree::digest(script)?.to_string());
            }
        }
        if let Some(interpreter) = interpreter {
            interpreter.observe(&mut observed);
            let packages = Digest::of(interpreter.packages.join("\n"));
            Known::keep(&self.layout, packages, || Known::of_packages(&interpreter.packages));
        }
        chart::observe(self, &mut observed)?;
        Ok(observed)
    }

    /// Insists that the scripts still say what they said when they were compiled.
    fn insist_on_code(&self, script: &Utf8Path, function: &str, code: Digest) -> Result<(), Failure> {
        let mut library = script::Library::new(Utf8Path::new("."), self.plan.folders.clone());
        match library.reach(script, function) {
            Ok(reach) if reach.digest == code => {
                Known::keep(&self.layout, code, || Known::of_code(&reach));
                Ok(())
            }
            _ => Err(Failure::new(format!(
                "the code that `{function}` of `{script}` reaches changed after it was compiled"
            ))
            .help("build again")),
        }
    }

    fn make(&self, decided: &Decision) -> Result<Outcome, Failure> {
        let mut run = RunFolder::new(&self.folder)?;
        let (made, outcome) = self.obtain(decided, &mut run)?;
        match (&self.plan.opens, &self.plan.probes) {
            (Some(Opens::Data { .. }), _) => split::data(self, decided, &made, &run),
            (Some(Opens::Seed(_)), _) => split::seeds(self, &decided.given, &made, &run),
            (None, Some(_)) => chart::make(self, &run, &made),
            (None, None) => {
                let old = publish::begin(&self.folder)?;
                let values = publish::outputs(&made.values, &old, &run, &self.folder, self.layout.build())?;
                self.publish_rest(&run, &made)?;
                publish::settle(&self.folder, &values, made.metrics_digest())
            }
        }?;
        if !self.runs_code() {
            self.still_observes(decided)?;
        }
        Ok(outcome)
    }

    /// Insists that what it is about to read is what was made. What a split passes on it does not read.
    fn insist_on_inputs(&self, decided: &Decision) -> Result<(), Failure> {
        let is_read = |given: &&Given| match (&self.plan.work, &self.plan.opens) {
            (Work::Merge, Some(Opens::Data { key, .. })) => given.name == key.as_deref().unwrap_or("data"),
            (Work::Merge, _) => false,
            _ => true,
        };
        let given = decided.given.iter().filter(is_read);
        let values = given.flat_map(|given| observed::named(std::slice::from_ref(given)));
        intact::insist(values, self.layout.build())
    }

    /// Publishes what an instance makes beside its values.
    fn publish_rest(&self, run: &RunFolder, made: &Made) -> Result<(), Failure> {
        run.unlink_inputs()?;
        publish::files(&run.files(), &self.folder)?;
        publish::metrics(made.metrics.as_deref(), &self.folder)?;
        Ok(())
    }

    /// The innermost seed: the last arm, or the project's.
    fn random_seed(&self) -> Option<u64> {
        let seed = self.arms.get(self.plan.partitions..).and_then(<[String]>::last);
        seed.and_then(|arm| arm[1..].parse().ok()).or(self.plan.random_seed)
    }

    /// What the random number generators start from: different for each instance, the same each time.
    fn rng_seed(&self) -> u32 {
        let digest = Digest::of(format!("{:?} {}", self.random_seed(), self.name)).to_string();
        u32::from_str_radix(&digest[..8], 16).unwrap_or_default()
    }

    /// The number of the innermost partition.
    fn partition(&self) -> Option<u64> {
        self.arms.get(..self.plan.partitions)?.last()?[1..].parse().ok()
    }

    /// The folder of the programs of a declared environment.
    fn environment_bin(&self) -> Option<Utf8PathBuf> {
        let python = Utf8PathBuf::from(self.interpreter().ok()??.program(&self.project));
        (!self.plan.environment.is_empty()).then(|| python.parent().map(Utf8Path::to_owned))?
    }
}

fn command_of(instance: &Instance, interpreter: Option<&Interpreter>) -> String {
    interpreter.map_or_else(|| "python3".to_owned(), |interpreter| interpreter.program(&instance.project))
}

/// The canonical path of an instance.
fn canonical(instance: &Instance) -> String {
    name::canonical(&instance.plan.process, &instance.arms)
}
