//! Where the project file names what is built, for messages. It is in no action key, and nothing in a build depends on
//! it: moving a line does not rerun anything.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::file::{self, FileError};
use crate::layout::Layout;

/// Places such as `expops.yaml:12:9`, by the name on disk of a process or an environment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Places {
    /// The places of processes.
    pub processes: BTreeMap<String, String>,
    /// The places of environments.
    pub environments: BTreeMap<String, String>,
}

impl Places {
    /// Writes them for [`Places::read`], if they have changed.
    pub(crate) fn write(&self, path: &Utf8Path) -> Result<(), FileError> {
        let text = serde_json::to_string_pretty(self).expect("places have string keys only");
        durable::write_if_changed(path, format!("{text}\n").as_bytes()).map(drop)
    }

    /// The places of the last compilation; empty if they cannot be read.
    pub(crate) fn read(layout: &Layout) -> Self {
        let text = file::read_regular_text(layout.places()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The place of the process of an instance (`train/p2/s41`).
    pub(crate) fn of_process(&self, instance: &str) -> Option<&String> {
        self.processes.get(instance.split('/').next()?)
    }
}

/// The place of the environment whose name on disk is `name`.
pub(super) fn of_environment(name: &str, layout: &Layout) -> Option<String> {
    Places::read(layout).environments.remove(name)
}
