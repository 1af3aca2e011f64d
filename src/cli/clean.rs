//! `expops clean`. Removes only what expops wrote, recognized by its name in the folder of an instance: a file
//! that somebody left in the build folder stays.

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::ended::Ended;
use super::location::Location;
use super::{look, say};
use crate::diagnostic::plural;
use crate::digest::Digest;
use crate::exec::{Ingredient, Inventory, Record, Values};
use crate::file::{self, FileError};
use crate::layout::{Folder, Layout, passing};
use crate::lock::Lock;
use crate::plan::{Action, Plan};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops clean --stale -n      show what the present pipeline would not make
  expops clean                 remove all outputs; the cache stays (expops cache --clear)")]
pub(super) struct Flags {
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
    /// Only what the present pipeline would not make: partitions that are gone, renamed processes
    #[arg(long)]
    stale: bool,
    /// Show what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Do not list what is removed
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let place = Location::find(&flags.project, flags.build_dir.as_deref());
    let (plan, layout) = match look::plan(&place, false) {
        Ok(planned) => planned,
        Err(ended) => return ended,
    };
    let folders = |action: Action| {
        let of_stamps = action.stamps.iter().filter_map(|stamp| stamp.parent()).map(Utf8Path::to_owned);
        of_stamps.chain([action.folder.clone()]).collect::<Vec<_>>()
    };
    let wanted: BTreeSet<Utf8PathBuf> = plan.actions().flat_map(folders).collect();
    let build = layout.build().to_owned();
    let mut folders = Vec::new();
    instances(&build, &build, &mut folders);
    let gone: Vec<_> =
        folders.into_iter().filter(|folder| !flags.stale || !wanted.contains(folder)).collect();
    if flags.dry_run {
        list("would remove ", &gone, flags, &plan);
        return Ended::Well;
    }
    let _alone = match alone(&layout) {
        Ok(lock) => lock,
        Err(ended) => return ended,
    };
    // Deepest first: a folder is listed before those inside it.
    let removed = gone.iter().rev().try_for_each(|folder| remove(folder, &build));
    if let Err(error) = removed.and_then(|()| Inventory::forget_all_but(&layout, &spoken_of(&build))) {
        say::error(&error.to_string());
        return Ended::Failed;
    }
    list("removed ", &gone, flags, &plan);
    if !flags.quiet && gone.is_empty() {
        println!(
            "nothing to remove in {}",
            if flags.stale { "what the pipeline does not make" } else { build.as_str() }
        );
    } else if !flags.quiet {
        println!("{}", plural(gone.len(), "folder"));
    }
    Ended::Well
}

/// Says what happens to each folder, and to copies of results.
fn list(what: &str, folders: &[Utf8PathBuf], flags: &Flags, plan: &Plan) {
    if flags.quiet {
        return;
    }
    folders.iter().for_each(|folder| println!("{what}{folder}"));
    let copies = plan.exports().filter(|export| !flags.stale && export.to.exists());
    copies.for_each(|export| println!("kept {}, a copy of a result", export.to));
}

/// Keeps builds out while the build folder, if there is one, is cleaned; fails if a build is under way.
fn alone(layout: &Layout) -> Result<Option<Lock>, Ended> {
    let busy = layout.busy();
    if !busy.parent().is_some_and(Utf8Path::exists) {
        return Ok(None);
    }
    let lock = file::insist_on_no_links(layout.build(), &busy).and_then(|()| Lock::try_now(&busy));
    match lock {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => {
            say::error(&format!(
                "a build is under way in `{}`: wait for its end, or stop it",
                layout.build()
            ));
            Err(Ended::Failed)
        }
        Err(error) => {
            say::error(&error.to_string());
            Err(Ended::Failed)
        }
    }
}

/// The folders of instances and partitions under `folder`, each before those inside it.
fn instances(folder: &Utf8Path, build: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    if is_copy(folder, build) {
        return;
    }
    let is_one = folder != build && Folder(folder.to_owned()).is_one();
    if is_one {
        found.push(folder.to_owned());
    }
    let mut inner: Vec<_> =
        entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).collect();
    inner.sort_by(|a, b| a.file_name().cmp(b.file_name()));
    for entry in inner {
        let name = entry.file_name();
        let holds_values = is_one && Folder::holds_values(name);
        if !name.starts_with('.') && !holds_values {
            instances(entry.path(), build, found);
        }
    }
}

/// Whether this is a copied or moved folder of another instance: its record names a different one.
fn is_copy(folder: &Utf8Path, build: &Utf8Path) -> bool {
    let record = Record::read(&Folder(folder.to_owned()));
    let instance = record.as_ref().and_then(|record| record.ingredients.get(&Ingredient::Instance)?.text());
    instance.is_some_and(|instance| folder.strip_prefix(build).is_ok_and(|path| path != instance))
}

/// The digests mentioned by what is left in the build folder.
fn spoken_of(build: &Utf8Path) -> BTreeSet<Digest> {
    let mut folders = Vec::new();
    instances(build, build, &mut folders);
    let environments = Layout::new(build).environments().read_dir_utf8().into_iter().flatten().flatten();
    folders.extend(environments.map(|entry| entry.path().to_owned()));
    let files = folders.into_iter().map(Folder).flat_map(|folder| [folder.record(), folder.why()]);
    let texts = files.filter_map(|file| file::read_regular_text(file).ok());
    let digests = |text: String| {
        let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).map(str::parse).collect();
        words.into_iter().flatten()
    };
    texts.flat_map(digests).collect()
}

/// Removes what expops wrote into a folder, then the folder itself if nothing else is in it.
fn remove(path: &Utf8Path, build: &Utf8Path) -> Result<(), FileError> {
    let folder = Folder(path.to_owned());
    let values = Values::read(&folder).unwrap_or_default();
    let data =
        values.values.iter().map(|value| build.join(&value.file)).filter(|data| data.parent() == Some(path));
    for path in folder.own().chain(data).chain([folder.values(), folder.lock()]) {
        file::remove(&path)?;
    }
    let left = file::context(path.read_dir_utf8(), "read", path)?.flatten();
    for entry in
        left.filter(|entry| passing::is_run(entry.file_name()) || passing::is_temporary(entry.file_name()))
    {
        file::remove(entry.path())?;
    }
    for folder in path.ancestors().take_while(|folder| *folder != build) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
