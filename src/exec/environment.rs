//! Virtual environments, made once per content of their requirement files. A stamp says what is in one.

use std::collections::BTreeSet;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::allotment::Allotment;
use super::failure::Failure;
use super::ingredient::Ingredient;
use super::interpreter::Interpreter;
use super::inventory::Inventory;
use super::key::{ActionKey, Change};
use super::record::Record;
use super::run_folder;
use super::trust::Trust;
use super::{child, guard, local};
use crate::digest::Digest;
use crate::file;
use crate::layout::{Folder, Layout};
use crate::plan_file::{EnvironmentPlan, VERSION};
use crate::stamp;

/// Makes the environment `name`, unless it is there and its requirement files say what they said when it
/// was made.
pub(crate) fn make(name: &str, layout: &Layout) -> Result<(), Failure> {
    let failed =
        |failure: Failure| Failure { message: format!("environment {name}: {}", failure.message), ..failure };
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
    if holds(&folder, key.digest()) {
        return Record::touch(&folder);
    }
    let old = Record::read(&folder);
    file::remove(&folder.record())?;
    if is_edited_in_place(&plan, &folder, &key, old.as_ref())? {
        Interpreter::probe(python.as_str(), Utf8Path::new("."))?.write(&folder.stamp())?;
        return Record::new(key, ActionKey::default()).write(&folder);
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
    // The same packages as before keep the stamp's time: no process has to look at them.
    Interpreter::probe(python.as_str(), Utf8Path::new("."))?.write(&folder.stamp())?;
    Record::new(key, ActionKey::default()).write(&folder)?;
    drop(lock);
    Ok(())
}

/// What decides what is in an environment.
fn key(plan: &EnvironmentPlan, layout: &Layout) -> Result<ActionKey, Failure> {
    let mut key = ActionKey::default();
    key.add_text(Ingredient::Format, VERSION.to_string());
    let project = Utf8Path::new(".");
    key.add_text(Ingredient::Python, Interpreter::probe(&plan.python, project)?.version);
    let requirements = local::requirements(&plan.requirements, project)?;
    let packaging = requirements.local.keys().flat_map(|path| local::packaging(path));
    for path in requirements.files.keys().cloned().chain(packaging).collect::<BTreeSet<_>>() {
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

/// What has changed since the environment `name` was made: nothing if it never was, or cannot be; `None` if it
/// is there as `plan` asks for it.
pub(crate) fn changes(name: &str, plan: &EnvironmentPlan, layout: &Layout) -> Option<Vec<Change>> {
    let folder = Folder(layout.environment(name));
    let Ok(key) = key(plan, layout) else { return Some(Vec::new()) };
    let made = Record::read(&folder).map(|record| record.ingredients);
    (!holds(&folder, key.digest())).then(|| made.map(|made| key.changes(&made)).unwrap_or_default())
}

/// Whether all that has changed since the environment was made is the code of packages that are used where they lie: it
/// is good as it is, and who uses it runs again.
fn is_edited_in_place(
    plan: &EnvironmentPlan,
    folder: &Folder,
    key: &ActionKey,
    old: Option<&Record>,
) -> Result<bool, Failure> {
    let Some(old) = old.filter(|_| is_there(folder)) else { return Ok(false) };
    let local = local::requirements(&plan.requirements, Utf8Path::new("."))?.local;
    let is_in_place = |change: &Change| match &change.ingredient {
        Ingredient::File(path) => change.was.is_some() && local.get(path) == Some(&true),
        _ => false,
    };
    Ok(key.changes(&old.ingredients).iter().all(is_in_place))
}

/// Whether a finished environment with this key is in `folder`.
fn holds(folder: &Folder, key: Digest) -> bool {
    Record::read(folder).is_some_and(|record| record.key == key && is_there(folder))
}

/// Whether there is an environment, with a stamp that can be read.
fn is_there(folder: &Folder) -> bool {
    places(folder).1.exists() && Interpreter::read(&folder.stamp()).is_ok()
}

/// The virtual environment in a folder, and its interpreter.
fn places(folder: &Folder) -> (Utf8PathBuf, Utf8PathBuf) {
    let venv = folder.0.join("venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    (venv, python)
}

/// What the requirement file names that may change: other requirement files, and what is in folders and wheels. All are
/// relative to `project`.
pub(crate) fn included(file: &Utf8Path, project: &Utf8Path) -> Vec<Utf8PathBuf> {
    let file = file::normal(file);
    let found = local::requirements(std::slice::from_ref(&file), project).unwrap_or_default();
    let inside = found.local.keys().flat_map(|path| local::inside(path, project, true));
    let all: BTreeSet<_> = found.files.keys().cloned().chain(inside).collect();
    all.into_iter().filter(|path| *path != file).collect()
}

/// Makes a virtual environment with `uv` where that is installed, else with `venv` and `pip`.
fn install(
    plan: &EnvironmentPlan,
    venv: &Utf8Path,
    python: &Utf8Path,
    folder: &Folder,
) -> Result<(), Failure> {
    let has_uv = Command::new("uv").arg("--version").output().is_ok_and(|output| output.status.success());
    let files: Vec<&str> = plan.requirements.iter().flat_map(|path| ["-r", path.as_str()]).collect();
    let (make, install) = if has_uv {
        let make = vec!["uv", "venv", "--quiet", "--python", &plan.python, venv.as_str()];
        (make, [&["uv", "pip", "install", "--quiet", "--python", python.as_str()], files.as_slice()].concat())
    } else {
        let pip = [python.as_str(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        (vec![plan.python.as_str(), "-m", "venv", venv.as_str()], [&pip, files.as_slice()].concat())
    };
    let log = folder.log();
    let steps = if files.is_empty() { vec![make] } else { vec![make, install] };
    for words in steps {
        let mut command = Command::new(words[0]);
        let allotment = Allotment::default();
        child::prepare(&mut command, &allotment);
        let exit = child::run(command.args(&words[1..]).env_remove("PYTHONPATH"), &log, &allotment)?;
        if !exit.status.success() {
            let message = format!("`{}` failed: {exit}", words.join(" "));
            return Err(Failure::new(message).detail(child::tail(&log)).log(log.as_str()));
        }
    }
    Ok(())
}
