//! Where a project and its file are.

use camino::{Utf8Path, Utf8PathBuf};

use crate::file;

/// Where project files are looked for.
pub(super) const FILES: [&str; 2] = ["expops.yaml", "configs/project_config.yaml"];

/// A project: its folder and, in it, its file.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder, as given.
    pub folder: Utf8PathBuf,
    /// The project file, relative to the folder.
    pub file: Utf8PathBuf,
}

impl Project {
    /// The project at `path`: a folder, or a project file.
    pub fn find(path: &Utf8Path) -> Result<Self, String> {
        if path.is_dir() {
            let file = FILES.iter().find(|file| path.join(file).is_file());
            return match file {
                Some(file) => Ok(Self { folder: path.to_owned(), file: Utf8PathBuf::from(file) }),
                None => {
                    Err(format!("there is no project in `{path}`: neither `{}` nor `{}`", FILES[0], FILES[1]))
                }
            };
        }
        if !path.is_file() {
            return Err(format!("there is no project `{path}`"));
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

    /// Where `path`, which is relative to the project, is.
    pub(super) fn at(&self, path: &Utf8Path) -> Utf8PathBuf {
        file::normal(&self.folder.join(path))
    }
}
