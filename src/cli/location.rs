//! Finds the project that a command is about, and its build folder.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::defaults;
use crate::file;
use crate::layout::Layout;

/// The environment variable that names the build folder.
pub(super) const BUILD_DIR: &str = "EXPOPS_BUILD_DIR";

/// The flags that tell commands about instances where to find these.
#[derive(Debug, Args)]
pub(super) struct Folders {
    /// The project: a folder, or a project file
    #[arg(long, value_name = "PATH", default_value = ".")]
    project: Utf8PathBuf,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
}

impl Folders {
    /// The place that the flags name.
    pub(super) fn place(&self) -> Location {
        Location::find(&self.project, self.build_dir.as_deref())
    }
}

/// A project, and its build folder as seen from the project.
pub(super) struct Location {
    pub(super) project: Utf8PathBuf,
    pub(super) build: Utf8PathBuf,
}

impl Location {
    /// The place of the project that was named (`.` if none was) and of the build folder, if one was. A build
    /// folder outside its project knows the project: if neither is named, the build folder around the working
    /// folder counts.
    pub(super) fn find(project: &Utf8Path, build: Option<&Utf8Path>) -> Self {
        let named = build.map(Utf8Path::to_owned).or_else(named_build);
        if project == "."
            && named.is_none()
            && let Some(around) = around()
        {
            return around;
        }
        Self { project: project.to_owned(), build: named.unwrap_or_else(|| defaults::BUILD.into()) }
    }

    /// The build folder as seen from the working folder.
    pub(super) fn build_from_here(&self) -> Utf8PathBuf {
        file::normal(&self.project.join(&self.build))
    }
}

/// The build folder named by the environment.
pub(super) fn named_build() -> Option<Utf8PathBuf> {
    std::env::var(BUILD_DIR).ok().filter(|text| !text.is_empty()).map(Utf8PathBuf::from)
}

/// The project recorded in the nearest build folder at or above the working folder.
fn around() -> Option<Location> {
    let here = Utf8Path::new(".").canonicalize_utf8().ok()?;
    here.ancestors().find_map(|folder| {
        let text = file::read_regular_text(Layout::new(folder).origin()).ok()?;
        let (project, build) = serde_json::from_str::<(Utf8PathBuf, Utf8PathBuf)>(&text).ok()?;
        let project = folder.join(project).canonicalize_utf8().ok()?;
        // One of the two may have been moved.
        let is_mine = project.join(&build).canonicalize_utf8().is_ok_and(|build| build == folder);
        is_mine.then_some(Location { project, build })
    })
}
