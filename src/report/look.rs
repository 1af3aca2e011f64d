//! What the document is made of.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::driver::Checked;
use crate::dry_run::Survey;
use crate::graph::Graph;
use crate::pipeline::ProcessId;
use crate::probe::Probes;

/// A project that was looked at, in whose folder we are.
pub(crate) struct Look<'p> {
    /// What the compiler knows.
    pub checked: &'p Checked,
    /// The expanded pipeline.
    pub graph: Graph<'p>,
    /// What charts plot.
    pub probes: &'p Probes,
    /// How the instances are.
    pub survey: &'p Survey,
    /// Whether data, parameters, logs and messages may be told.
    pub has_values: bool,
    /// The first instance of each process.
    first: Vec<usize>,
    /// The texts of scripts.
    scripts: RefCell<HashMap<Utf8PathBuf, Option<Rc<str>>>>,
}

impl<'p> Look<'p> {
    /// A project, its graph and probes, and the survey of it.
    pub(crate) fn new(
        checked: &'p Checked,
        (graph, probes): (Graph<'p>, &'p Probes),
        survey: &'p Survey,
        has_values: bool,
    ) -> Self {
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
        let read = || std::fs::read_to_string(path).ok().map(Rc::from);
        scripts.entry(path.to_owned()).or_insert_with(read).clone()
    }
}
