//! What a run reads by itself: watches it, and decides afterwards which of what was seen counts.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use crate::exec::decision::decide::Decision;
use crate::exec::failure::Failure;
use crate::exec::key::ingredient::Fingerprint;
use crate::exec::key::roots::Roots;
use crate::exec::private;
use crate::exec::reads::places::Places;
use crate::exec::reads::seen::{self, Reads};
use crate::exec::reads::watcher::{self, Watcher};
use crate::exec::reads::world;
use crate::exec::remark::Remark;
use crate::exec::run_folder::RunFolder;
use crate::exec::runners::python::Told;
use crate::exec::runners::variables;
use crate::exec::state::instance::Instance;
use crate::exec::uncounted;
use crate::file;
use crate::plan_file::Work;

/// Takes the watching out, in debug builds only: tests show that they fail without it.
const BLIND: &str = "EXPOPS_BLIND";

impl Instance {
    /// Watches whatever runs in `run`.
    pub(in crate::exec) fn watch(&self, decided: &Decision, run: &mut RunFolder) {
        let prefixes = watcher::prefixes(decided.interpreter.as_ref(), &self.project);
        let place = (run.path(), run.links());
        let watcher = Watcher::new(&self.layout, place, prefixes, &self.roots());
        run.watch_with(watcher);
    }

    /// What the run has read, from what was seen and what the runtime reported.
    pub(in crate::exec) fn reads(
        &self,
        decided: &Decision,
        run: &RunFolder,
        told: &Told,
    ) -> Result<Reads, Failure> {
        if cfg!(debug_assertions) && std::env::var_os(BLIND).is_some() {
            return Ok(Reads::default());
        }
        let roots = self.roots();
        let absolute = |path: &Utf8Path| self.project.join(path);
        let (events, mut prefixes) = run.watched();
        prefixes.extend(told.prefixes.iter().cloned());
        let visible = self.plan.folders.iter().map(Utf8PathBuf::as_path).chain([Utf8Path::new("data")]);
        let visible = visible.map(|path| file::normal(&absolute(path)));
        let mut visible: Vec<_> = visible.filter(|path| *path != self.project && path.is_dir()).collect();
        visible.sort();
        visible.dedup();
        let build = file::normal(&absolute(self.layout.build()));
        let inputs = decided.inputs().into_iter().map(|(_, value)| build.join(&value.file)).collect();
        let places = Places {
            roots: &roots,
            run: run.path(),
            links: run.links(),
            own: file::normal(&absolute(&self.folder.0)),
            inputs,
            build,
            declared: decided.key.files().map(|(path, _)| file::normal(&absolute(path))).collect(),
            modules: &decided.modules,
            prefixes,
            for_packages: &told.searched,
            searched: watcher::searched(),
            private: private::folder().ok(),
            visible,
            since: run.since(),
        };
        let mut reads = seen::reads(events.into_iter(), &places, &self.trust())?;
        reads.add_variables(self.variables(told, &reads, &roots));
        reads.unstable.iter().for_each(|path| self.remark(Remark::unstable(&self.label(), path)));
        if self.is_first() {
            self.tell_of(&reads);
        }
        Ok(reads)
    }

    /// The variables that it asked for: as Python and its forks told, and by the texts of the programs that ran.
    fn variables(&self, told: &Told, reads: &Reads, roots: &Roots) -> BTreeMap<String, Fingerprint> {
        let (mut named, own) = match &self.plan.work {
            Work::Shell { command, .. } => variables::of_command(command),
            _ => Default::default(),
        };
        named.extend(reads.named.difference(&own).cloned());
        let unseen = reads.trees.iter().flat_map(|path| world::files(path, roots));
        let unseen = unseen.filter(|path| variables::is_named_as_program(path));
        let programs = reads.by_programs.iter().cloned().chain(unseen).collect::<BTreeSet<_>>();
        named.extend(programs.iter().flat_map(|path| variables::of_program(path)));
        named.retain(|name| uncounted::may_count(name));
        let seen = told.variables.iter().chain(&reads.asked);
        let seen =
            seen.map(|(name, value)| (name.clone(), value.map_or_else(world::not_set, Fingerprint::Digest)));
        // What the process saw goes before what the build has.
        named.into_iter().map(|name| (name.clone(), world::variable(&name))).chain(seen).collect()
    }

    /// Whether the other instances of its layers do the same, and say nothing.
    fn is_first(&self) -> bool {
        self.arms.iter().all(|arm| arm.partition().is_none_or(|number| number == 1))
    }

    /// Says that it wrote into the project, or went through the build folder.
    fn tell_of(&self, reads: &Reads) {
        let shown = |path: &Utf8Path| path.strip_prefix(&self.project).unwrap_or(path).to_owned();
        if let Some(first) = reads.wrote.first() {
            self.remark(Remark::Wrote(self.label(), shown(first), reads.wrote.len() - 1));
        }
        if reads.walked {
            self.remark(Remark::Walked(self.label(), self.layout.build().to_owned()));
        }
    }
}
