//! Virtual environments, made once per content of their requirement files. A stamp says what is in one.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::{installed, local};
use crate::digest::Digest;
use crate::exec::content::inventory::Inventory;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::guard;
use crate::exec::interpreter::{Contents, Interpreter};
use crate::exec::key::action_key::{ActionKey, Change};
use crate::exec::key::ingredient::Ingredient;
use crate::exec::places;
use crate::exec::resources::allotment::Allotment;
use crate::exec::run_folder;
use crate::exec::runners::child;
use crate::exec::state::record::Record;
use crate::file;
use crate::layout::{Folder, Layout};
use crate::plan_file::{EnvironmentPlan, VERSION};
use crate::stamp;

/// How `uv` puts packages into an environment.
const LINK_MODE: &str = "UV_LINK_MODE";

/// Makes the environment `name`, unless it exists and its requirement files have not changed since it was made.
pub(crate) fn make(name: &str, layout: &Layout) -> Result<(), Failure> {
    let failed = |failure: Failure| {
        let message = format!("environment {name}: {}", failure.message);
        Failure { message, ..failure }.place(places::of_environment(name, layout))
    };
    make_unless_made(name, layout).map_err(failed)
}

fn make_unless_made(name: &str, layout: &Layout) -> Result<(), Failure> {
    let folder = Folder(layout.environments().join(name));
    let plan = layout.environment_plan_of(name);
    let plan: EnvironmentPlan = serde_json::from_str(&file::read_text(&plan)?)
        .map_err(|e| Failure::new(format!("cannot read `{plan}`: {e}")).help("run `expops compile` again"))?;
    file::create_folder(&folder.0)?;
    let lock = guard::hold(&folder, layout)?;
    run_folder::sweep(&folder)?;
    let key = key(&plan, layout)?;
    let (venv, python) = places(&folder);
    let old = Record::read(&folder).filter(|record| change_since(record, &folder).is_none());
    if old.as_ref().is_some_and(|record| record.key == key.digest()) {
        return Record::touch(&folder);
    }
    file::remove(&folder.record())?;
    let is_good = old.as_ref().map(|old| is_edited_in_place(&plan, &key, old)).transpose()?;
    if let Some(old) = old.filter(|_| is_good == Some(true)) {
        note_packages(&plan, &python, &folder)?;
        return Record { installed: old.installed, ..Record::new(key, ActionKey::default()) }.write(&folder);
    }
    stamp::retire(&folder.stamp())?;
    file::remove(&venv)?;
    if let Err(failure) = install(&plan, &venv, &python, &folder) {
        let _ = file::remove(&venv);
        return Err(failure);
    }
    if self::key(&plan, layout)? != key {
        return Err(Failure::new("a requirement file changed while it was made").help("build again"));
    }
    // If the packages are the same as before, the stamp keeps its time: no process has to be looked at.
    note_packages(&plan, &python, &folder)?;
    let installed = installed::note(&python)?;
    Record { installed, ..Record::new(key, ActionKey::default()) }.write(&folder)?;
    drop(lock);
    Ok(())
}

/// Writes down what was installed. What comes from a folder of the project, such as `--find-links` names, may change without
/// its version: then what all packages consist of counts.
fn note_packages(plan: &EnvironmentPlan, python: &Utf8Path, folder: &Folder) -> Result<(), Failure> {
    let project = Utf8Path::new(".");
    let versions_tell = local::requirements(&plan.requirements, project)?.local.is_empty();
    let told = if versions_tell { Contents::ByVersion } else { Contents::Whole };
    Interpreter::probe(python.as_str(), project, told)?.write(&folder.stamp())?;
    Ok(())
}

/// Everything that determines what is in an environment.
fn key(plan: &EnvironmentPlan, layout: &Layout) -> Result<ActionKey, Failure> {
    let mut key = ActionKey::default();
    key.add_text(Ingredient::Format, VERSION.to_string());
    let project = Utf8Path::new(".");
    let help =
        "install it, or name another one: `python` of the environment, or `expops compile --python PATH`";
    let interpreter = Interpreter::probe(&plan.python, project, Contents::ByVersion)
        .map_err(|failure| failure.help(help))?;
    key.add_text(Ingredient::Python, interpreter.version);
    let requirements = local::requirements(&plan.requirements, project)?;
    let packaging = requirements.local.keys().flat_map(|path| local::packaging(path));
    for (name, digest) in requirements.variables {
        key.add_digest(Ingredient::Variable(name), digest);
    }
    for path in requirements.files.iter().cloned().chain(packaging).collect::<BTreeSet<_>>() {
        let digest = file::context(Digest::of_file(&path), "read", &path)?;
        Inventory::keep(layout, digest, || Inventory::of_path(&path, &Trust::new(layout)));
        key.add_digest(Ingredient::File(path), digest);
    }
    for path in requirements.local.into_keys() {
        let digest = local::digest(&path)?;
        key.add_digest(Ingredient::File(path), digest);
    }
    Ok(key)
}

/// Why an environment would be made.
#[derive(Debug, Default)]
pub(crate) struct Staleness {
    /// What has changed since it was made: nothing if it never was, or if that cannot be told.
    pub changes: Vec<Change>,
    /// What somebody has changed in it, in words.
    pub damage: Option<String>,
}

/// Why the environment `name` would be made; `None` if it exists as `plan` asks for it.
pub(crate) fn staleness(name: &str, plan: &EnvironmentPlan, layout: &Layout) -> Option<Staleness> {
    let folder = Folder(layout.environment(name));
    let Some((key, made)) = key(plan, layout).ok().zip(Record::read(&folder)) else {
        return Some(Staleness::default());
    };
    let staleness =
        Staleness { changes: key.changes(&made.ingredients), damage: change_since(&made, &folder) };
    (made.key != key.digest() || staleness.damage.is_some()).then_some(staleness)
}

/// Whether only the code of editable packages has changed since the environment was made: then it is still good, and
/// whoever uses it runs again.
fn is_edited_in_place(plan: &EnvironmentPlan, key: &ActionKey, old: &Record) -> Result<bool, Failure> {
    let local = local::requirements(&plan.requirements, Utf8Path::new("."))?.local;
    let is_in_place = |change: &Change| match &change.ingredient {
        Ingredient::File(path) => change.was.is_some() && local.get(path) == Some(&true),
        _ => false,
    };
    Ok(key.changes(&old.ingredients).iter().all(is_in_place))
}

/// What somebody has changed in the environment in `folder` since it was made, in words; `None` if nothing.
pub(in crate::exec) fn change(folder: &Folder) -> Option<String> {
    let Some(record) = Record::read(folder) else { return Some("its record cannot be read".to_owned()) };
    change_since(&record, folder)
}

fn change_since(record: &Record, folder: &Folder) -> Option<String> {
    if Interpreter::read(&folder.stamp()).is_err() {
        return Some("its stamp is lost".to_owned());
    }
    installed::change(&record.installed, &places(folder).1)
}

/// The virtual environment in a folder, and its interpreter.
fn places(folder: &Folder) -> (Utf8PathBuf, Utf8PathBuf) {
    let venv = folder.0.join("venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    (venv, python)
}

/// What a requirement file depends on besides its text.
pub(crate) struct Foreseen {
    /// Other requirement files, and the contents of folders and wheels, relative to the project.
    pub files: Vec<Utf8PathBuf>,
    /// The digests of variables.
    pub variables: BTreeMap<String, Digest>,
    /// Files on other machines.
    pub remote: BTreeSet<String>,
}

/// What the requirement file `file` of `project` depends on, as far as that is known before it is needed.
pub(crate) fn foreseen(file: &Utf8Path, project: &Utf8Path) -> Foreseen {
    let file = file::normal(file);
    let found = local::foreseen(std::slice::from_ref(&file), project);
    let inside = found.local.keys().flat_map(|path| local::inside(path, project, true));
    let all: BTreeSet<_> = found.files.iter().cloned().chain(inside).collect();
    let files = all.into_iter().filter(|path| *path != file).collect();
    Foreseen { files, variables: found.variables, remote: found.remote }
}

/// Makes a virtual environment with the interpreter that the plan names. `uv`, where it is installed, only installs
/// packages faster, and reads `uv.lock`.
fn install(
    plan: &EnvironmentPlan,
    venv: &Utf8Path,
    python: &Utf8Path,
    folder: &Folder,
) -> Result<(), Failure> {
    let has_uv = Command::new("uv").arg("--version").output().is_ok_and(|output| output.status.success());
    let lock = plan.requirements.iter().find(|path| local::is_lock(path));
    if lock.is_some() && !has_uv {
        return Err(Failure::new("`uv` is not installed, and only it can read `uv.lock`").help(
            "install it, or write its packages down for pip (`uv export --frozen -o requirements.txt`) and declare \
             `venv: [requirements.txt]`",
        ));
    }
    let log = folder.log();
    let make = [plan.python.as_str(), "-m", "venv", venv.as_str()];
    run(&make, &log, venv).or_else(|failure| {
        // Some systems have no pip to put into it.
        if has_uv { run(&[&make[..], &["--without-pip"]].concat(), &log, venv) } else { Err(failure) }
    })?;
    let files: Vec<&str> = plan.requirements.iter().flat_map(|path| ["-r", path.as_str()]).collect();
    let install: &[&str] = match lock {
        Some(_) => &["uv", "sync", "--frozen", "--quiet", "--inexact", "--no-install-project"],
        None if has_uv => &["uv", "pip", "install", "--quiet"],
        None => &[python.as_str(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
    };
    let project = lock.and_then(|lock| lock.parent()).filter(|folder| !folder.as_str().is_empty());
    let project = project.map_or(".", Utf8Path::as_str);
    let rest = match (lock, has_uv) {
        (Some(_), _) => vec!["--project", project, "--python", python.as_str()],
        (None, _) if files.is_empty() => return Ok(()),
        (None, true) => [&["--python", python.as_str()], files.as_slice()].concat(),
        (None, false) => files,
    };
    run(&[install, &rest].concat(), &log, venv)
}

/// Runs one step of making an environment.
fn run(words: &[&str], log: &Utf8Path, venv: &Utf8Path) -> Result<(), Failure> {
    let allotment = Allotment::default();
    let mut command = Command::new(words[0]);
    child::prepare(&mut command, &allotment);
    command.args(&words[1..]).env_remove("PYTHONPATH").env_remove("VIRTUAL_ENV");
    if let Ok(venv) = std::path::absolute(venv) {
        command.env("UV_PROJECT_ENVIRONMENT", venv).env("UV_PYTHON_DOWNLOADS", "never");
    }
    if std::env::var_os(LINK_MODE).is_none() {
        // What is linked to the files that `uv` keeps for all is edited there, too.
        command.env(LINK_MODE, "copy");
    }
    let exit = child::run(&mut command, log, &allotment)?;
    if exit.status.success() {
        return Ok(());
    }
    let message = format!("`{}` failed: {exit}", words.join(" "));
    Err(Failure::new(message).detail(child::tail(log)).log(log.as_str()))
}
