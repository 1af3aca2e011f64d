//! What is found to be damaged is made again. Whoever finds it, a reader or a look, only says so; who makes things takes
//! away the stamp and the record that vouch for it.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::failure::Failure;
use super::inputs;
use super::instance::Instance;
use super::record::Record;
use crate::file;
use crate::layout::Layout;
use crate::plan_file::PlanFile;
use crate::stamp;

/// Takes away what vouches for the contents of damaged folders, so that the next build makes them again, and leaves word
/// for an `expops run` that waits for this build.
///
/// # Errors
/// If something cannot be removed.
pub(super) fn disown(failure: &Failure, layout: &Layout) -> Result<(), Failure> {
    for folder in &failure.damaged {
        stamp::retire(&folder.stamp())?;
        file::remove(&folder.record())?;
    }
    if !failure.damaged.is_empty() {
        let word = layout.damaged();
        file::insist_on_no_links(layout.build(), &word)?;
        file::context(std::fs::write(&word, ""), "write", &word)?;
    }
    Ok(())
}

/// Looks whether what instances made is there, before a build: a build tool sees that a stamp is gone, not that a value
/// is. What is damaged loses what vouches for it. Returns how many instances that concerns.
///
/// # Errors
/// If something cannot be removed.
pub(crate) fn look<'n>(names: impl Iterator<Item = &'n str>, layout: &Layout) -> Result<usize, Failure> {
    let _ = file::remove(&layout.damaged());
    let mut plans: Vec<(String, Option<PlanFile>)> = Vec::new();
    let mut count = 0;
    for name in names {
        let process = name.split('/').next().unwrap_or_default();
        if plans.last().is_none_or(|(last, _)| last != process) {
            plans.push((process.to_owned(), read_plan(&layout.plan_of(name))));
        }
        let Some((_, Some(plan))) = plans.last() else { continue };
        count += usize::from(look_at(Instance::of(plan.clone(), name, layout)?)?);
    }
    Ok(count)
}

fn look_at(instance: Instance) -> Result<bool, Failure> {
    let record = Record::read(&instance.folder);
    if let Some(record) = record.as_ref().filter(|record| instance.is_made(record)) {
        instance.wake_for_reads(record)?;
        return Ok(false);
    }
    // One that was never made, or was interrupted, the build tool knows of. A record that cannot be read is as good as
    // none, but the tool sees that it is there.
    if record.is_none() && !instance.folder.record().exists() {
        return Ok(false);
    }
    for folder in instance.stamped().iter().filter(|folder| !instance.is_whole(folder)) {
        stamp::retire(&folder.stamp())?;
    }
    file::remove(&instance.folder.record())?;
    Ok(true)
}

fn read_plan(path: &Utf8Path) -> Option<PlanFile> {
    PlanFile::parse(&std::fs::read_to_string(path).ok()?).ok()
}

impl Instance {
    /// Takes the stamps out of force if something that it read is not what it was: of variables, and of files with old
    /// times, a build tool does not know.
    fn wake_for_reads(&self, record: &Record) -> Result<(), Failure> {
        if self.still_reads(&record.reads) {
            return Ok(());
        }
        Ok(self.stamped().iter().try_for_each(|folder| stamp::retire(&folder.stamp()))?)
    }

    /// Insists that what it takes inputs from was looked at under the plan that is in force: a launcher may have said
    /// that it ran although it did not.
    ///
    /// # Errors
    /// If an upstream was not; it is made again by the next build.
    pub(super) fn insist_on_looks(&self) -> Result<(), Failure> {
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

/// The instances among `names` that nobody looked at under the plan that is in force, after a build that ended well. What
/// vouches for them is taken away.
///
/// # Errors
/// If something cannot be removed.
pub(crate) fn unlooked<'n>(
    names: impl Iterator<Item = &'n str>,
    layout: &Layout,
) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for name in names {
        let plan = read_plan(&layout.plan_of(name)).map(|plan| plan.digest());
        let folder = layout.folder(name);
        if plan.is_some() && Record::read(&folder).is_none_or(|record| record.plan != plan) {
            stamp::retire(&folder.stamp())?;
            file::remove(&folder.record())?;
            found.push(name.to_owned());
        }
    }
    Ok(found)
}
