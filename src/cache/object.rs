//! Files in the cache, by content.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::store::Cache;
use crate::digest::Digest;
use crate::file;

/// Files of at most so many bytes are hashed in memory before they are copied.
const SMALL: u64 = 1 << 20;

/// Something in a folder, and where its content is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredItem {
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
        /// Who may do what with it, as the process left it: the lowest nine bits of a mode.
        #[serde(default = "usual_mode", skip_serializing_if = "is_usual_mode")]
        mode: u32,
    },
    /// A folder; with its files held by themselves.
    Folder,
    /// A link to something in the same folder.
    Link(Utf8PathBuf),
}

impl StoredItem {
    /// How many bytes are held.
    pub(super) fn size(&self) -> u64 {
        match &self.kind {
            Kind::File { size, .. } => *size,
            Kind::Folder | Kind::Link(_) => 0,
        }
    }
}

impl Cache {
    pub(super) fn object(&self, digest: Digest) -> Utf8PathBuf {
        let name = digest.to_string();
        self.part("objects").join(&name[..2]).join(name)
    }

    /// Whether the object is there with the right length. Its content is looked at when it is used.
    pub(super) fn holds(&self, held: &StoredItem) -> bool {
        match &held.kind {
            Kind::File { object, size, .. } => self
                .object(*object)
                .symlink_metadata()
                .is_ok_and(|meta| meta.is_file() && meta.len() == *size),
            Kind::Folder | Kind::Link(_) => true,
        }
    }

    /// Keeps the file `top` or everything in the folder of that name, if there is one; `None` if there is something
    /// that only means what it means where it is.
    pub(super) fn keep(&self, top: &Utf8Path) -> io::Result<Option<Vec<StoredItem>>> {
        let mut all = Vec::new();
        if !top.exists() {
            return Ok(Some(all));
        }
        let folder = top.parent().unwrap_or(top);
        let walk = walkdir::WalkDir::new(top).sort_by_file_name().min_depth(usize::from(top.is_dir()));
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
            all.push(StoredItem { path, kind });
        }
        Ok(Some(all))
    }

    /// Copies a file into the cache. The copy is what is hashed: the file may be written to meanwhile.
    fn store(&self, path: &Utf8Path) -> io::Result<Kind> {
        let meta = fs::metadata(path)?;
        let mode = mode(&meta);
        if meta.len() <= SMALL {
            return self.store_bytes(&fs::read(path)?, mode);
        }
        let mut temporary = self.temporary_for(kept_mode(mode))?;
        let size = io::copy(&mut fs::File::open(path)?, temporary.as_file_mut())?;
        let place = Utf8Path::from_path(temporary.path()).ok_or(io::ErrorKind::InvalidFilename)?;
        let object = Digest::of_file(place)?;
        if !self.has(object, size, mode) {
            self.settle(temporary, &self.object(object))?;
        }
        Ok(Kind::File { object, size, mode })
    }

    /// The same for what is in memory: no file is made for what the cache has.
    fn store_bytes(&self, bytes: &[u8], mode: u32) -> io::Result<Kind> {
        let (object, size) = (Digest::of(bytes), bytes.len() as u64);
        if !self.has(object, size, mode) {
            let mut temporary = self.temporary_for(kept_mode(mode))?;
            temporary.write_all(bytes)?;
            self.settle(temporary, &self.object(object))?;
        }
        Ok(Kind::File { object, size, mode })
    }

    /// Whether an object is there that whoever may read a file of this mode may read.
    pub(super) fn has(&self, object: Digest, size: u64, mode: u32) -> bool {
        fs::metadata(self.object(object))
            .is_ok_and(|meta| meta.len() == size && self::mode(&meta) & 0o044 & mode == mode & 0o044)
    }

    /// Puts something held in its place, and says whether it is what it was. A damaged object is dropped.
    pub(super) fn fetch(&self, held: &StoredItem, folder: &Utf8Path) -> io::Result<bool> {
        let to = folder.join(&held.path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match &held.kind {
            Kind::Folder => fs::create_dir_all(&to)?,
            Kind::Link(target) => file::link(target, &to)?,
            Kind::File { object, mode, .. } => {
                let kept = self.object(*object);
                let mut from = match fs::File::open(&kept) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                    opened => opened?,
                };
                io::copy(&mut from, &mut create(&to, *mode)?)?;
                if Digest::of_file(&to)? != *object {
                    self.drop_file(&kept)?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Whether files can be put into a folder without reaching anything outside of it, in whatever order: paths are relative
/// and normal, each is there once, nothing lies below a file or a link, and links stay inside.
pub(super) fn are_safe(files: &[StoredItem]) -> bool {
    let kinds: BTreeMap<&Utf8Path, &Kind> =
        files.iter().map(|held| (held.path.as_path(), &held.kind)).collect();
    if kinds.len() < files.len() {
        return false;
    }
    let is_folder = |above: &Utf8Path| matches!(kinds.get(above), None | Some(Kind::Folder));
    files.iter().all(|held| {
        let lies_well = is_inside(&held.path) && held.path.ancestors().skip(1).all(is_folder);
        lies_well && !matches!(&held.kind, Kind::Link(target) if !stays_inside(&held.path, target))
    })
}

/// Whether a path is one of names alone: not absolute, without `.` and `..`, written in the one way that it can be.
pub(crate) fn is_inside(path: &Utf8Path) -> bool {
    let is_name = |part: Utf8Component<'_>| matches!(part, Utf8Component::Normal(_));
    let written: Utf8PathBuf = path.components().collect();
    path.components().next().is_some() && path.components().all(is_name) && written.as_str() == path.as_str()
}

/// Whether a link at `path` leads to something in the same folder of the run. The folder that the link is in is no link,
/// so that `..` at the start of its target means what it says; behind a name, which may be another link's, it may not be.
fn stays_inside(path: &Utf8Path, target: &Utf8Path) -> bool {
    let part = path.components().next().map(|part| part.as_str());
    let there = file::normal(&path.parent().unwrap_or(Utf8Path::new("")).join(target));
    let mut behind = target.components().skip_while(|part| *part == Utf8Component::ParentDir);
    !target.is_absolute()
        && behind.all(|part| matches!(part, Utf8Component::Normal(_)))
        && there.components().next().map(|first| first.as_str()) == part
}

/// What others may not read they may not read in the cache.
pub(super) fn kept_mode(mode: u32) -> u32 {
    mode & 0o444 | 0o200
}

fn usual_mode() -> u32 {
    0o644
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
fn is_usual_mode(mode: &u32) -> bool {
    *mode == usual_mode()
}

#[cfg(unix)]
fn mode(meta: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_meta: &fs::Metadata) -> u32 {
    usual_mode()
}

/// A new file with this mode, less what the umask takes away; its owner may write it.
#[cfg(unix)]
fn create(path: &Utf8Path, mode: u32) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::File::options().write(true).create_new(true).mode(mode & 0o777 | 0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Utf8Path, _mode: u32) -> io::Result<fs::File> {
    fs::File::options().write(true).create_new(true).open(path)
}
