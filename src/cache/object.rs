//! Files in the cache, by content.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::store::{Cache, at};
use crate::digest::Digest;
use crate::file;

/// Files up to this size are hashed in memory before they are copied.
const SMALL: u64 = 1 << 20;

/// An item in a folder, and where its content is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredItem {
    /// Where it belongs, relative to the folder.
    pub path: Utf8PathBuf,
    /// What kind of item it is.
    pub kind: Kind,
}

/// The kind of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A file.
    File {
        /// Its content.
        object: Digest,
        /// Its length in bytes.
        size: u64,
        /// Its permissions as the process left them: the lowest nine bits of the mode.
        #[serde(default = "usual_mode", skip_serializing_if = "is_usual_mode")]
        mode: u32,
    },
    /// A folder that everybody may enter; its files are items of their own.
    Folder,
    /// Another folder, with its permissions as for a file.
    ClosedFolder(u32),
    /// A link to something in the same folder.
    Link(Utf8PathBuf),
}

impl StoredItem {
    /// The size of its content in bytes.
    pub(super) fn size(&self) -> u64 {
        match &self.kind {
            Kind::File { size, .. } => *size,
            Kind::Folder | Kind::ClosedFolder(_) | Kind::Link(_) => 0,
        }
    }

    /// The digest of its content, if it is a file.
    pub(super) fn object(&self) -> Option<Digest> {
        match &self.kind {
            Kind::File { object, .. } => Some(*object),
            Kind::Folder | Kind::ClosedFolder(_) | Kind::Link(_) => None,
        }
    }
}

impl Cache {
    pub(super) fn object(&self, digest: Digest) -> Utf8PathBuf {
        let name = digest.to_string();
        self.part("objects").join(&name[..2]).join(name)
    }

    /// Whether the object exists and has the right length. Its content is checked when it is used.
    pub(super) fn holds(&self, held: &StoredItem) -> bool {
        match &held.kind {
            Kind::File { object, size, .. } => self
                .object(*object)
                .symlink_metadata()
                .is_ok_and(|meta| meta.is_file() && meta.len() == *size),
            Kind::Folder | Kind::ClosedFolder(_) | Kind::Link(_) => true,
        }
    }

    /// Stores the file `top` or everything in the folder of that name, if it exists; `None` if there is something whose
    /// meaning depends on where it is.
    pub(super) fn keep(&self, top: &Utf8Path) -> io::Result<Option<Vec<StoredItem>>> {
        let mut all = Vec::new();
        if !top.exists() {
            return Ok(Some(all));
        }
        let folder = top.parent().unwrap_or(top);
        let mut reach = Reach::default();
        let walk = walkdir::WalkDir::new(top).sort_by_file_name().min_depth(usize::from(top.is_dir()));
        for entry in walk {
            let entry = entry?;
            let Some(inner) = Utf8Path::from_path(entry.path()) else { return Ok(None) };
            let path = inner.strip_prefix(folder).unwrap_or(inner).to_owned();
            let kind = entry.file_type();
            let kind = if kind.is_dir() {
                folder_of(mode(&entry.metadata()?))
            } else if kind.is_symlink() {
                let target = inner.read_link_utf8()?;
                if !stays_inside(&path, &target) {
                    return Ok(None);
                }
                Kind::Link(target)
            } else if kind.is_file() {
                self.store(inner, reach.of(&path))?
            } else {
                return Ok(None);
            };
            let held = StoredItem { path, kind };
            reach.add(&held);
            all.push(held);
        }
        Ok(Some(all))
    }

    /// Copies a file into the cache. The copy is hashed, because the file may be written to meanwhile. `reach` are the
    /// permissions that the folders around it leave.
    fn store(&self, path: &Utf8Path, reach: u32) -> io::Result<Kind> {
        let meta = at(path, fs::metadata(path))?;
        let mode = mode(&meta);
        if meta.len() <= SMALL {
            let (object, size) = self.store_bytes(&at(path, fs::read(path))?, mode & reach)?;
            return Ok(Kind::File { object, size, mode });
        }
        let mut temporary = self.temporary_for(kept_mode(mode & reach))?;
        let size = io::copy(&mut at(path, fs::File::open(path))?, temporary.as_file_mut())?;
        let place = Utf8Path::from_path(temporary.path()).ok_or(io::ErrorKind::InvalidFilename)?;
        let object = Digest::of_file(place)?;
        if !self.has(object, size, mode & reach) {
            self.settle(temporary, &self.object(object))?;
        }
        Ok(Kind::File { object, size, mode })
    }

    /// Stores bytes in memory; writes no file if the cache has them already.
    fn store_bytes(&self, bytes: &[u8], mode: u32) -> io::Result<(Digest, u64)> {
        let (object, size) = (Digest::of(bytes), bytes.len() as u64);
        if !self.has(object, size, mode) {
            let mut temporary = self.temporary_for(kept_mode(mode))?;
            temporary.write_all(bytes)?;
            self.settle(temporary, &self.object(object))?;
        }
        Ok((object, size))
    }

    /// Whether the object exists and can be read by everybody who may read a file of this mode.
    pub(super) fn has(&self, object: Digest, size: u64, mode: u32) -> bool {
        fs::metadata(self.object(object))
            .is_ok_and(|meta| meta.len() == size && self::mode(&meta) & 0o044 & mode == mode & 0o044)
    }

    /// Restores an item to its place; returns whether it is intact. A damaged object is dropped.
    pub(super) fn fetch(&self, held: &StoredItem, folder: &Utf8Path) -> io::Result<bool> {
        let to = folder.join(&held.path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match &held.kind {
            Kind::Folder => fs::create_dir_all(&to)?,
            Kind::ClosedFolder(mode) => create_folder(&to, *mode)?,
            Kind::Link(target) => file::link(target, &to)?,
            Kind::File { object, mode, .. } => {
                let kept = self.object(*object);
                let mut from = match file::open_regular(&kept) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                    opened => at(&kept, opened)?,
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

/// Whether files can be put into a folder in any order without reaching anything outside of it: paths are relative,
/// normal and unique, nothing is below a file or a link, and links stay inside.
pub(super) fn are_safe(files: &[StoredItem]) -> bool {
    let kinds: BTreeMap<&Utf8Path, &Kind> =
        files.iter().map(|held| (held.path.as_path(), &held.kind)).collect();
    if kinds.len() < files.len() {
        return false;
    }
    let is_folder =
        |above: &Utf8Path| matches!(kinds.get(above), None | Some(Kind::Folder | Kind::ClosedFolder(_)));
    files.iter().all(|held| {
        let lies_well = is_inside(&held.path) && held.path.ancestors().skip(1).all(is_folder);
        lies_well && !matches!(&held.kind, Kind::Link(target) if !stays_inside(&held.path, target))
    })
}

/// Whether a path consists of names only: not absolute, without `.` and `..`, and in its normal spelling.
pub(crate) fn is_inside(path: &Utf8Path) -> bool {
    let is_name = |part: Utf8Component<'_>| matches!(part, Utf8Component::Normal(_));
    let written: Utf8PathBuf = path.components().collect();
    path.components().next().is_some() && path.components().all(is_name) && written.as_str() == path.as_str()
}

/// Whether a link at `path` leads to something in the same folder of the run. The folder that contains the link is not
/// a link itself, so `..` at the start of its target is safe; after a name, which might be another link, it may not be.
fn stays_inside(path: &Utf8Path, target: &Utf8Path) -> bool {
    let part = path.components().next().map(|part| part.as_str());
    let there = file::normal(&path.parent().unwrap_or(Utf8Path::new("")).join(target));
    let mut behind = target.components().skip_while(|part| *part == Utf8Component::ParentDir);
    !target.is_absolute()
        && behind.all(|part| matches!(part, Utf8Component::Normal(_)))
        && there.components().next().map(|first| first.as_str()) == part
}

/// Who can reach what is in folders: a file that everybody may read is private in a private folder, and the cache has
/// no folders.
#[derive(Default)]
pub(super) struct Reach(BTreeMap<Utf8PathBuf, u32>);

impl Reach {
    /// The permissions that the folders around `path` leave, as far as they have been added.
    pub(super) fn of(&self, path: &Utf8Path) -> u32 {
        path.ancestors().skip(1).find_map(|above| self.0.get(above)).copied().unwrap_or(0o777)
    }

    /// Adds an item if it is a folder; those around it come first.
    pub(super) fn add(&mut self, held: &StoredItem) {
        if let Kind::ClosedFolder(mode) = held.kind {
            let group = if mode & 0o010 == 0 { 0o070 } else { 0 };
            let others = if mode & 0o001 == 0 { 0o007 } else { 0 };
            self.0.insert(held.path.clone(), self.of(&held.path) & !(group | others));
        }
    }
}

/// A folder with this mode.
fn folder_of(mode: u32) -> Kind {
    if mode & 0o055 == 0o055 { Kind::Folder } else { Kind::ClosedFolder(mode) }
}

/// Files that others may not read are not readable for them in the cache either.
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

/// Creates a folder with this mode minus the umask; its owner may always use it.
#[cfg(unix)]
fn create_folder(path: &Utf8Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(mode & 0o777 | 0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Utf8Path, _mode: u32) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Creates a file with this mode minus the umask; its owner may always write it.
#[cfg(unix)]
fn create(path: &Utf8Path, mode: u32) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::File::options().write(true).create_new(true).mode(mode & 0o777 | 0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Utf8Path, _mode: u32) -> io::Result<fs::File> {
    fs::File::options().write(true).create_new(true).open(path)
}
