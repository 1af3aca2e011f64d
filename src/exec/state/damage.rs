//! Damaged values are made again. Whoever finds one, a reader or a check, only reports it; whoever makes things removes
//! the stamp and the record that vouch for it.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::inputs;
use super::instance::Instance;
use super::record::Record;
use crate::exec::failure::Failure;
use crate::file;
use crate::layout::Layout;
use crate::plan_file::PlanFile;
use crate::stamp;

/// Removes what vouches for the contents of damaged folders, so that the next build makes them again, and leaves a note
/// for an `expops run` that waits for this build.
///
/// # Errors
/// If something cannot be removed.
pub(in crate::exec) fn disown(failure: &Failure, layout: &Layout) -> Result<(), Failure> {
    for folder in &failure.damaged {
        stamp::retire(&folder.stamp())?;
        file::remove(&folder.record())?;
    }
    if !failure.damaged.is_empty() {
        let word = layout.damaged();
        file::insist_on_no_links(layout.build(), &word)?;
        file::write_own(&word, "")?;
    }
    Ok(())
}

/// Checks before a build that what instances made is there: a build tool notices a missing stamp, not a missing value.
/// What is damaged loses what vouches for it. Returns how many instances lost something.
///
/// # Errors
/// If something cannot be removed.
pub(crate) fn look(names: impl Iterator<Item = String>, layout: &Layout) -> Result<usize, Failure> {
    let _ = file::remove(&layout.damaged());
    let mut plans: Vec<(String, Option<PlanFile>)> = Vec::new();
    let mut count = 0;
    for name in names {
        let process = name.split('/').next().unwrap_or_default();
        if plans.last().is_none_or(|(last, _)| last != process) {
            plans.push((process.to_owned(), read_plan(&layout.plan_of(&name))));
        }
        let Some((_, Some(plan))) = plans.last() else { continue };
        count += usize::from(look_at(Instance::of(plan.clone(), &name, layout)?)?);
    }
    Ok(count)
}

/// Removes links in the build folder that lead back to themselves: a build tool stops at them, whatever they replaced.
/// Returns how many there were.
///
/// # Errors
/// If one cannot be removed.
pub(crate) fn remove_endless_links(layout: &Layout) -> Result<usize, Failure> {
    let endless = |path: &Utf8Path| {
        let error = path.metadata().err().and_then(|error| error.raw_os_error());
        error == Some(rustix::io::Errno::LOOP.raw_os_error())
    };
    let entries = walkdir::WalkDir::new(layout.build()).into_iter().flatten();
    let links = entries.filter(|entry| entry.path_is_symlink());
    let links = links.filter_map(|link| Utf8PathBuf::try_from(link.into_path()).ok());
    let found: Vec<_> = links.filter(|link| endless(link)).collect();
    found.iter().try_for_each(|link| file::remove(link))?;
    Ok(found.len())
}

fn look_at(instance: Instance) -> Result<bool, Failure> {
    let record = Record::read(&instance.folder);
    if let Some(record) = record.as_ref().filter(|record| instance.is_made(record)) {
        instance.wake_for_reads(record)?;
        return Ok(false);
    }
    // If it was never made, or was interrupted, the build tool knows. An unreadable record counts as none, but the tool
    // sees that the file exists.
    let is_unknown = record.is_none() && !instance.folder.record().exists();
    if is_unknown && (instance.folder.failed().exists() || !instance.folder.stamp().exists()) {
        return Ok(false);
    }
    let stamped = instance.stamped();
    let damaged: Vec<_> = stamped.iter().filter(|folder| !instance.is_whole(folder)).collect();
    if is_unknown && damaged.is_empty() {
        return Ok(false);
    }
    damaged.iter().try_for_each(|folder| stamp::retire(&folder.stamp()))?;
    file::remove(&instance.folder.record())?;
    // Under another plan there may be more to make than there was: nothing is lost then.
    Ok(record.is_none_or(|record| record.plan == Some(instance.plan.digest())))
}

fn read_plan(path: &Utf8Path) -> Option<PlanFile> {
    PlanFile::parse(&file::read_regular_text(path).ok()?).ok()
}

impl Instance {
    /// Removes the stamp of its environment if that cannot be read: a build tool takes it for a new one.
    pub(in crate::exec) fn disown_environment(&self) -> Result<(), Failure> {
        let stamp = self.layout.environment_stamp(&self.plan.environment);
        if self.interpreter().is_err() {
            file::remove(&stamp)?;
        }
        Ok(())
    }

    /// Retires the stamps if something that it read has changed: build tools do not notice changed variables, nor files
    /// with old times.
    fn wake_for_reads(&self, record: &Record) -> Result<(), Failure> {
        if self.still_reads(&record.reads) {
            return Ok(());
        }
        Ok(self.stamped().iter().try_for_each(|folder| stamp::retire(&folder.stamp()))?)
    }

    /// Insists that its upstreams were looked at under the current plan: a launcher may have reported success without
    /// running them.
    ///
    /// # Errors
    /// If an upstream was not; the next build makes it again.
    pub(in crate::exec) fn insist_on_looks(&self) -> Result<(), Failure> {
        for input in &self.plan.inputs {
            let Some(plan) = read_plan(&self.layout.plan(&input.process)) else { continue };
            let makers: BTreeSet<String> = inputs::addresses(input, self.plan.data_depth, &self.arms)
                .iter()
                .map(|arms| Layout::instance(&input.process, &plan.maker(arms)))
                .collect();
            makers.iter().try_for_each(|maker| self.insist_on_look(maker, &plan))?;
        }
        for probe in self.plan.probes.iter().flatten() {
            if let Some(plan) = read_plan(&self.layout.plan_of(&probe.instance)) {
                self.insist_on_look(&probe.instance, &plan)?;
            }
        }
        Ok(())
    }

    fn insist_on_look(&self, maker: &str, plan: &PlanFile) -> Result<(), Failure> {
        let folder = self.layout.folder(maker);
        match Record::read(&folder).and_then(|record| record.plan) {
            Some(looked) if looked != plan.digest() => {
                let message = format!(
                    "its upstream `{maker}` was made under another plan, and nobody has looked at it"
                );
                let help =
                    "build again; if EXPOPS names a launcher: does it end with 0 when it has run nothing?";
                Err(Failure { damaged: vec![folder], ..Failure::new(message).help(help) })
            }
            _ => Ok(()),
        }
    }
}

/// Those of `names` that were not looked at under the current plan, after a build that succeeded. What vouches for them
/// is removed.
///
/// # Errors
/// If something cannot be removed.
pub(crate) fn unlooked(names: impl Iterator<Item = String>, layout: &Layout) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for name in names {
        let plan = read_plan(&layout.plan_of(&name)).map(|plan| plan.digest());
        let folder = layout.folder(&name);
        if plan.is_some() && Record::read(&folder).is_none_or(|record| record.plan != plan) {
            stamp::retire(&folder.stamp())?;
            file::remove(&folder.record())?;
            found.push(name);
        }
    }
    Ok(found)
}
