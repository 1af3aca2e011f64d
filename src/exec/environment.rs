//! Virtual environments, made once per content of their requirement files. A stamp says what is in one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::child;
use super::failure::Failure;
use super::ingredient::Ingredient;
use super::interpreter::Interpreter;
use super::inventory::Inventory;
use super::key::{ActionKey, Change};
use super::record::Record;
use super::run_folder;
use super::trust::Trust;
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
    let lock = folder.lock();
    let lock = file::context(File::create(&lock).and_then(|file| file.lock().map(|()| file)), "lock", &lock)?;
    run_folder::sweep(&folder)?;
    let key = key(&plan, layout)?;
    let (venv, python) = places(&folder);
    if holds(&folder, key.digest()) {
        return Record::touch(&folder);
    }
    file::remove(&folder.record())?;
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
    Interpreter::probe(python.as_str(), Utf8Path::new(".")).write(&folder.stamp())?;
    Record::new(key).write(&folder)?;
    drop(lock);
    Ok(())
}

/// What decides what is in an environment.
fn key(plan: &EnvironmentPlan, layout: &Layout) -> Result<ActionKey, Failure> {
    let mut key = ActionKey::default();
    key.add_text(Ingredient::Format, VERSION.to_string());
    key.add_text(Ingredient::Python, Interpreter::probe(&plan.python, Utf8Path::new(".")).version);
    for (path, digest) in requirements(&plan.requirements, Utf8Path::new("."))? {
        Inventory::keep(layout, digest, || Inventory::of_path(&path, &Trust::new(layout)));
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

/// Whether a finished environment with this key is in `folder`.
fn holds(folder: &Folder, key: Digest) -> bool {
    let is_there = places(folder).1.exists() && Interpreter::read(&folder.stamp()).is_ok();
    is_there && Record::read(folder).is_some_and(|record| record.key == key)
}

/// The virtual environment in a folder, and its interpreter.
fn places(folder: &Folder) -> (Utf8PathBuf, Utf8PathBuf) {
    let venv = folder.0.join("venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    (venv, python)
}

/// The requirement files that `file` names with `-r` or `-c`, and those that these name, as far as they can be
/// read. All are relative to `project`.
pub(crate) fn included(file: &Utf8Path, project: &Utf8Path) -> Vec<Utf8PathBuf> {
    let file = file::normal(file);
    let found = requirements(std::slice::from_ref(&file), project).unwrap_or_default();
    found.into_keys().filter(|path| *path != file).collect()
}

/// The requirement files and those that they name with `-r` or `-c`, with their digests.
fn requirements(files: &[Utf8PathBuf], project: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Digest>, Failure> {
    let mut found = BTreeMap::new();
    let mut waiting: BTreeSet<Utf8PathBuf> = files.iter().map(|path| file::normal(path)).collect();
    while let Some(path) = waiting.pop_first() {
        let text = file::read_text(&file::normal(&project.join(&path)))?;
        found.insert(path.clone(), Digest::of(&text));
        let included = text.lines().filter_map(|line| {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let rest = ["--requirement", "--constraint", "-r", "-c"]
                .iter()
                .find_map(|flag| line.strip_prefix(flag))?;
            let name = rest.trim_start_matches(['=', ' ', '\t']).trim();
            // What lies on another machine cannot be watched.
            (!name.contains("://")).then_some(name)
        });
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        waiting.extend(
            included.map(|name| file::normal(&folder.join(name))).filter(|path| !found.contains_key(path)),
        );
    }
    Ok(found)
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
        let status = child::run(command.args(&words[1..]).env_remove("PYTHONPATH"), 1, &log)?;
        if !status.success() {
            let message = format!("`{}` failed: {}", words.join(" "), child::describe(status));
            return Err(Failure::new(message).detail(child::tail(&log)).log(log.as_str()));
        }
    }
    Ok(())
}
