//! Moves what a run made into place. Whenever the machine dies, a stamp in force only vouches for values that are
//! there: the record and the stamp are removed before anything is replaced, and come back after everything is. And
//! everything is flushed before the stamp is in force, so that no power cut leaves a stamp that vouches for something
//! that is not on disk; nothing after the stamp needs flushing.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::content::trust::Trust;
use super::failure::Failure;
use super::run_folder::RunFolder;
use super::values::action_result::ActionResult;
use super::values::stored;
use super::values::value::{Value, Values};
use crate::digest::Digest;
use crate::durable;
use crate::file;
use crate::layout::Folder;
use crate::stamp::{self, Stamp};

/// Takes the record of an instance, and the stamp that says what it made, out of force. Returns the values that the
/// stamp vouched for: none if it was not in force, because a killed run may have replaced some of them.
pub(super) fn begin(instance: &Folder) -> Result<Values, Failure> {
    file::remove(&instance.record())?;
    let old = Stamp::read(&instance.stamp()).and_then(|_| Values::read(instance));
    stamp::retire(&instance.stamp())?;
    Ok(old.unwrap_or_default())
}

/// Moves the values from the run's `out` folder to the instance's. A value with unchanged content keeps its file, and
/// so its time: `old` is what [`begin`] returned. The files in `made` are relative to the run, those in the result to
/// the build folder.
pub(super) fn outputs(
    made: &[Value],
    old: &Values,
    run: &RunFolder,
    instance: &Folder,
    (build, trust): (&Utf8Path, &Trust),
) -> Result<Values, Failure> {
    let values = placed(made, instance, build);
    let is_first = instance.out().symlink_metadata().is_err() && is_all(made, &run.out());
    if is_first {
        durable::flush_all(&run.out())?;
        rename(&run.out(), &instance.out())?;
    }
    for (value, placed) in made.iter().zip(&values.values) {
        let to = build.join(&placed.file);
        if !is_first && to.exists() && old.values.contains(placed) {
            stored::keep_private(&run.out().join(&value.file), &to, &value.format)?;
            continue;
        }
        if !is_first {
            let made = run.out().join(&value.file);
            durable::flush_all(&made)?;
            rename(&made, &to)?;
            to.parent().map_or(Ok(()), durable::flush_folder)?;
        }
        stored::publish(&to, &value.format, value.stored.unwrap_or(value.digest), trust);
    }
    let kept: Vec<Utf8PathBuf> = values.values.iter().map(|value| build.join(&value.file)).collect();
    remove_others(&instance.out(), &kept)?;
    Ok(values)
}

/// Whether the folder `out` has nothing but these values: a split has its partitions there, too.
fn is_all(made: &[Value], out: &Utf8Path) -> bool {
    let tops: Vec<_> = made.iter().filter_map(|value| value.file.components().next()).collect();
    let is_value = |name: &str| tops.iter().any(|top| top.as_str() == name);
    out.read_dir_utf8().is_ok_and(|entries| entries.flatten().all(|entry| is_value(entry.file_name())))
}

/// The values `made`, whose files are relative to a run, as values of an instance.
pub(super) fn placed(made: &[Value], instance: &Folder, build: &Utf8Path) -> Values {
    let out = instance.out();
    let out = out.strip_prefix(build).unwrap_or(&out);
    let place = |value: &Value| Value { file: out.join(&value.file), ..value.clone() };
    Values { values: made.iter().map(place).collect() }
}

/// Renames a file or a folder over whatever is at `to`.
pub(super) fn rename(from: &Utf8Path, to: &Utf8Path) -> Result<(), Failure> {
    if let Some(parent) = to.parent() {
        file::create_folder(parent)?;
    }
    let is_folder = |path: &Utf8Path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    if is_folder(to) || is_folder(from) {
        file::remove(to)?;
    }
    Ok(file::context(fs::rename(from, to), "write", to)?)
}

/// Removes from the folder `out`, at any depth, what an earlier run left and this one did not make.
fn remove_others(out: &Utf8Path, kept: &[Utf8PathBuf]) -> Result<(), Failure> {
    let Ok(entries) = out.read_dir_utf8() else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        if kept.iter().any(|kept| kept == path) {
            continue;
        }
        if kept.iter().any(|kept| kept.starts_with(path)) {
            remove_others(path, kept)?;
        } else {
            file::remove(path)?;
        }
    }
    Ok(())
}

/// Replaces the instance's `files` folder by the run's; an empty one is dropped.
fn files(run: &Utf8Path, instance: &Folder) -> Result<(), Failure> {
    let target = instance.files();
    file::remove(&target)?;
    // What ran may have removed it.
    let is_empty = run.read_dir_utf8().is_ok_and(|mut entries| entries.next().is_none());
    if is_empty || !run.exists() {
        return Ok(());
    }
    durable::flush_all(run)?;
    rename(run, &target)
}

/// Publishes what an instance makes beside its values.
pub(super) fn rest(run: &RunFolder, result: &ActionResult, instance: &Folder) -> Result<(), Failure> {
    run.unlink_inputs()?;
    files(&run.files(), instance)?;
    metrics(result.metrics.as_deref(), instance)
}

/// Writes what was logged; no file if nothing was.
fn metrics(text: Option<&str>, instance: &Folder) -> Result<(), Failure> {
    match text {
        None => file::remove(&instance.metrics())?,
        Some(text) => drop(durable::write_if_changed(&instance.metrics(), text.as_bytes())?),
    }
    Ok(())
}

/// Puts a stamp for `values` in force, with the list that says where they are. If it already is, as most are when a split
/// runs again, everything that it vouches for has been flushed.
pub(super) fn settle(folder: &Folder, values: &Values, metrics: Option<Digest>) -> Result<(), Failure> {
    let stamp = values.stamp(metrics);
    let is_listed = values.are_listed_in(folder);
    if !is_listed {
        stamp::retire(&folder.stamp())?;
    }
    if !stamp.is_at(&folder.stamp()) {
        values.write(folder)?;
        durable::flush_folder(&folder.0)?;
        stamp::settle(&folder.stamp(), &stamp)?;
    }
    Ok(file::remove(&folder.failed())?)
}
