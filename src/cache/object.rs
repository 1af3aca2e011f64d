//! Files in the cache, by content.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::store::{Cache, remove};
use crate::digest::Digest;

/// Something in a folder, and where its content is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Where it belongs, relative to the folder.
    pub path: Utf8PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// What is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A file.
    File {
        /// Its content.
        object: Digest,
        /// Its length in bytes.
        size: u64,
        /// Whether it can be executed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        executable: bool,
    },
    /// A folder; with its files held by themselves.
    Folder,
    /// A link to something in the same folder.
    Link(Utf8PathBuf),
}

impl Cache {
    pub(super) fn object(&self, digest: Digest) -> Utf8PathBuf {
        let name = digest.to_string();
        self.part("objects").join(&name[..2]).join(name)
    }

    /// Whether the object is there with the right length. Its content is looked at when it is used.
    pub(super) fn holds(&self, held: &Held) -> bool {
        match &held.kind {
            Kind::File { object, size, .. } => {
                fs::metadata(self.object(*object)).is_ok_and(|meta| meta.len() == *size)
            }
            Kind::Folder | Kind::Link(_) => true,
        }
    }

    /// Keeps the file `part` of `folder` or everything in the folder of that name, if there is one; `None` if
    /// there is something that only means what it means where it is.
    pub(super) fn keep(&self, folder: &Utf8Path, part: &str) -> io::Result<Option<Vec<Held>>> {
        let mut all = Vec::new();
        let top = folder.join(part);
        if !top.exists() {
            return Ok(Some(all));
        }
        let walk = walkdir::WalkDir::new(&top).sort_by_file_name().min_depth(usize::from(top.is_dir()));
        for entry in walk {
            let entry = entry?;
            let Some(inner) = Utf8Path::from_path(entry.path()) else { return Ok(None) };
            let path = inner.strip_prefix(folder).unwrap_or(inner).to_owned();
            let kind = entry.file_type();
            let kind = if kind.is_dir() {
                Kind::Folder
            } else if kind.is_symlink() {
                let target = inner.read_link_utf8()?;
                if !stays_inside(&path, &target) {
                    return Ok(None);
                }
                Kind::Link(target)
            } else if kind.is_file() {
                self.store(inner)?
            } else {
                return Ok(None);
            };
            all.push(Held { path, kind });
        }
        Ok(Some(all))
    }

    /// Copies a file into the cache. The copy is what is hashed: the file may be written to meanwhile.
    fn store(&self, path: &Utf8Path) -> io::Result<Kind> {
        let temporary = self.temporary()?;
        let place = Utf8Path::from_path(temporary.path()).ok_or(io::ErrorKind::InvalidFilename)?;
        fs::copy(path, place)?;
        let executable = is_executable(path)?;
        let (object, size) = (Digest::of_file(place)?, fs::metadata(place)?.len());
        let kept = self.object(object);
        if !fs::metadata(&kept).is_ok_and(|meta| meta.len() == size) {
            self.settle(temporary, &kept)?;
        }
        Ok(Kind::File { object, size, executable })
    }

    /// Puts something held in its place, and says whether it is what it was. A damaged object is dropped.
    pub(super) fn fetch(&self, held: &Held, folder: &Utf8Path) -> io::Result<bool> {
        let to = folder.join(&held.path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match &held.kind {
            Kind::Folder => fs::create_dir_all(&to)?,
            Kind::Link(target) => link(target, &to)?,
            Kind::File { object, executable, .. } => {
                let kept = self.object(*object);
                match fs::copy(&kept, &to) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                    copied => copied?,
                };
                if Digest::of_file(&to)? != *object {
                    remove(&kept)?;
                    return Ok(false);
                }
                permit(&to, *executable)?;
            }
        }
        Ok(true)
    }
}

/// Whether a link at `path` leads to something in the same folder of the run.
fn stays_inside(path: &Utf8Path, target: &Utf8Path) -> bool {
    let part = path.components().next().map(|part| part.as_str());
    let there = crate::file::normal(&path.parent().unwrap_or(Utf8Path::new("")).join(target));
    !target.is_absolute() && there.components().next().map(|first| first.as_str()) == part
}

#[cfg(unix)]
fn is_executable(path: &Utf8Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o100 != 0)
}

#[cfg(unix)]
fn permit(path: &Utf8Path, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))
}

#[cfg(unix)]
fn link(target: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, to)
}

#[cfg(not(unix))]
fn is_executable(_path: &Utf8Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn permit(_path: &Utf8Path, _executable: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn link(_target: &Utf8Path, _to: &Utf8Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
