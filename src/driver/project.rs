//! Finds a project and its file.

use camino::{Utf8Path, Utf8PathBuf};

use crate::file;

/// Where project files are searched for, relative to the project's folder.
pub(super) const FILES: [&str; 2] = ["expops.yaml", "configs/project_config.yaml"];

/// A project: its folder, and its file in that folder.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder, as given.
    pub folder: Utf8PathBuf,
    /// The project file, relative to the folder.
    pub file: Utf8PathBuf,
}

impl Project {
    /// The project at `path`: a folder, or a project file. For `.` it is the nearest one at or above the working
    /// folder.
    pub fn find(path: &Utf8Path) -> Result<Self, String> {
        if path.is_dir() {
            let above = if path == "." { Self::above() } else { None };
            let found = Self::in_folder(path).or(above);
            return found.ok_or_else(|| {
                let places = if path == "." {
                    "here, nor in any folder above".to_owned()
                } else {
                    format!("in `{path}`")
                };
                format!(
                    "there is no project {places}: neither `{}` nor `{}`; `expops new NAME` makes one",
                    FILES[0], FILES[1]
                )
            });
        }
        if !path.is_file() {
            let is_label = !path.as_str().contains(['/', '.']) && Self::find(Utf8Path::new(".")).is_ok();
            let hint = if is_label {
                format!("; for a process or an instance of the project here: `expops explain {path}`")
            } else {
                String::new()
            };
            return Err(format!("there is no folder or project file `{path}`{hint}"));
        }
        let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let name = Utf8PathBuf::from(path.file_name().unwrap_or_default());
        if folder.file_name() == Some("configs") {
            let above =
                folder.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
            return Ok(Self { folder: above.to_owned(), file: Utf8Path::new("configs").join(name) });
        }
        Ok(Self { folder: folder.to_owned(), file: name })
    }

    /// Resolves `path`, which is relative to the project.
    pub(super) fn at(&self, path: &Utf8Path) -> Utf8PathBuf {
        file::normal(&self.folder.join(path))
    }

    fn in_folder(folder: &Utf8Path) -> Option<Self> {
        let file = FILES.iter().find(|file| folder.join(file).is_file())?;
        Some(Self { folder: folder.to_owned(), file: Utf8PathBuf::from(file) })
    }

    /// The nearest project above the working folder.
    fn above() -> Option<Self> {
        let here = std::env::current_dir().ok()?;
        let steps = here.components().count().saturating_sub(1);
        (1..=steps).find_map(|up| Self::in_folder(Utf8Path::new(&vec![".."; up].join("/"))))
    }
}
