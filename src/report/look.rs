//! The sources of the document.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::driver::Checked;
use crate::dry_run::Survey;
use crate::exec::{Record, Values};
use crate::file;
use crate::graph::Graph;
use crate::layout::Folder;
use crate::pipeline::{ProcessId, Work};
use crate::probe::Probes;

/// A project that has been examined; the working folder is its own.
pub(crate) struct Look<'p> {
    /// What the compiler knows.
    pub checked: &'p Checked,
    /// The expanded pipeline.
    pub graph: Graph<'p>,
    /// What charts plot.
    pub probes: &'p Probes,
    /// The state of the instances.
    pub survey: &'p Survey,
    /// Whether data, parameters, logs and messages may be shown.
    pub has_values: bool,
    /// The number of the first instance of each process.
    first: Vec<usize>,
    /// The texts of scripts.
    scripts: RefCell<HashMap<Utf8PathBuf, Option<Rc<str>>>>,
}

impl<'p> Look<'p> {
    /// A project, its graph and probes, and the survey of it.
    pub(crate) fn new(
        checked: &'p Checked,
        probes: &'p Probes,
        survey: &'p Survey,
        has_values: bool,
    ) -> Self {
        let graph = Graph { pipeline: &checked.pipeline };
        let mut next = 0;
        let first = graph.pipeline.iter().map(|(id, _)| {
            next += graph.instances(id).len();
            next - graph.instances(id).len()
        });
        let first = first.collect();
        Self { checked, graph, probes, survey, has_values, first, scripts: RefCell::default() }
    }

    /// The numbers of the instances of a process.
    pub(super) fn instances(&self, process: ProcessId) -> Range<usize> {
        let first = self.first[process.0];
        first..first + self.graph.instances(process).len()
    }

    /// The text of a script.
    pub(super) fn script(&self, path: &Utf8Path) -> Option<Rc<str>> {
        let mut scripts = self.scripts.borrow_mut();
        let read = || file::read_regular_text(path).ok().map(Rc::from);
        scripts.entry(path.to_owned()).or_insert_with(read).clone()
    }

    /// The number of the instance with this folder.
    pub(crate) fn find(&self, folder: &str) -> Option<usize> {
        self.survey.all.iter().position(|looked| looked.action.instance == folder)
    }

    /// What the states of instances follow from besides the build folder, as far as the project says so: scripts,
    /// requirement files, data and declared files.
    pub(crate) fn watched(&self) -> Vec<Utf8PathBuf> {
        let pipeline = self.graph.pipeline;
        let chart = |process: &'p crate::pipeline::Process| match &process.work {
            Work::DynamicChart(script) => Some(script),
            _ => None,
        };
        let all = self.checked.codes.sources.iter().chain(pipeline.data.values());
        let all = all.chain(pipeline.processes.iter().filter_map(chart));
        let all = all.chain(pipeline.processes.iter().flat_map(|process| &process.settings.files));
        let all: BTreeSet<_> = all.chain(self.checked.codes.inside.values().flatten()).cloned().collect();
        all.into_iter().collect()
    }

    /// The file at `path`, relative to the build folder, if an instance recorded it as its own or it is an instance's
    /// log. Never a file behind a link.
    pub(crate) fn output(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let build = self.survey.layout.build();
        let file = build.join(path);
        let looked = &self.survey.all[self.survey.owner(&file)?];
        let is_value = |stamp: &Utf8PathBuf| {
            let values = stamp.parent().and_then(|folder| Values::read(&Folder(folder.to_owned())));
            values.is_some_and(|values| values.values.iter().any(|value| value.file == path))
        };
        let is_beside = || {
            let record = Record::read(&looked.folder);
            record
                .is_some_and(|record| record.beside.iter().any(|one| looked.folder.0.join(&one.file) == file))
        };
        let is_told = file == looked.folder.log() || is_beside() || looked.action.stamps.iter().any(is_value);
        let is_plain = file.symlink_metadata().is_ok_and(|meta| meta.is_file());
        (is_told && is_plain && file::insist_on_no_links(build, &file).is_ok()).then_some(file)
    }
}
