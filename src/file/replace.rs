//! Files that nobody ever sees half-written.

use std::fs;
use std::io::{self, BufRead as _, Read as _, Seek as _, Write};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::{FileError, context};
use super::own::{create_beside, create_folder};
use super::regular::open_regular;
use crate::layout::passing;

/// Whether a write changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The file is new or has new content.
    Changed,
    /// The file had this content already; it and its time stamp were left alone.
    Unchanged,
}

/// Replaces the file at `path` atomically: what `fill` writes goes to a temporary file next to it, which is then
/// renamed. Whatever goes wrong, `path` has either its old content or its new one. A folder at `path` is removed: where it
/// may be the user's, `insist_on_no_folder` first.
///
/// The temporary file always has the same name, and its writer holds a lock on it: a file left by a killed program is
/// reused or removed by the next one, and two programs take turns.
pub(crate) fn replace(
    path: &Utf8Path,
    fill: impl FnOnce(&mut io::BufWriter<&fs::File>) -> io::Result<()>,
) -> Result<(), FileError> {
    let folder = path.parent().filter(|p| !p.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    create_folder(folder)?;
    let write = || -> io::Result<()> {
        let temporary = Temporary::open(path)?;
        let mut writer = io::BufWriter::new(&temporary.file);
        fill(&mut writer)?;
        writer.flush()?;
        drop(writer);
        temporary.put(path)
    };
    context(write(), "write", path)
}

/// Writes `content` to `path` by [`revise`].
pub(crate) fn write_if_changed(path: &Utf8Path, content: &[u8]) -> Result<Written, FileError> {
    revise(path, |out| out.write_all(content), |_| Ok(()))
}

/// Replaces the file at `path` as [`replace`] does, unless what `fill` writes is what it has already. Compares while it
/// is written, so that neither has to be in memory. `settle` gets the new file before it has its name.
pub(crate) fn revise(
    path: &Utf8Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    settle: impl FnOnce(&fs::File) -> io::Result<()>,
) -> Result<Written, FileError> {
    let old = open_regular(path).ok().map(io::BufReader::new);
    let mut revision = Revision { path, old, same: 0, new: None };
    let written = fill(&mut revision).and_then(|()| revision.finish(settle));
    context(written, "write", path)
}

/// A file that is written again. As long as it comes out as it was, nothing is written; from the first difference on,
/// the whole goes to a temporary file.
struct Revision<'p> {
    path: &'p Utf8Path,
    /// The file as it was. Not opened a second time: somebody else may have renamed another file to its path by then.
    old: Option<io::BufReader<fs::File>>,
    /// How many bytes have been the same.
    same: u64,
    new: Option<io::BufWriter<Temporary>>,
}

impl Revision<'_> {
    fn is_same(&mut self, bytes: &[u8]) -> bool {
        self.new.is_none() && self.old.as_mut().is_some_and(|old| is_next(old, bytes).unwrap_or(false))
    }

    fn renewed(&mut self) -> io::Result<&mut io::BufWriter<Temporary>> {
        if self.new.is_none() {
            let folder = self.path.parent().filter(|folder| !folder.as_str().is_empty());
            fs::create_dir_all(folder.unwrap_or(Utf8Path::new(".")))?;
            let mut writer = io::BufWriter::new(Temporary::open(self.path)?);
            if let Some(old) = self.old.take() {
                let mut old = old.into_inner();
                old.rewind()?;
                io::copy(&mut old.take(self.same), &mut writer)?;
            }
            self.new = Some(writer);
        }
        Ok(self.new.as_mut().expect("made above"))
    }

    fn finish(mut self, settle: impl FnOnce(&fs::File) -> io::Result<()>) -> io::Result<Written> {
        let is_at_end = |old: &mut io::BufReader<fs::File>| old.fill_buf().is_ok_and(<[u8]>::is_empty);
        if self.old.as_mut().is_some_and(is_at_end) {
            forsake(self.path);
            return Ok(Written::Unchanged);
        }
        let path = self.path;
        let writer = self.renewed()?;
        writer.flush()?;
        let temporary = writer.get_ref();
        settle(&temporary.file)?;
        temporary.put(path)?;
        Ok(Written::Changed)
    }
}

impl Write for Revision<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_same(bytes) {
            self.same += bytes.len() as u64;
            return Ok(bytes.len());
        }
        self.renewed()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether `bytes` come next in a file.
fn is_next(file: &mut io::BufReader<fs::File>, mut bytes: &[u8]) -> io::Result<bool> {
    while !bytes.is_empty() {
        let there = file.fill_buf()?;
        let count = there.len().min(bytes.len());
        if count == 0 || there[..count] != bytes[..count] {
            return Ok(false);
        }
        file.consume(count);
        bytes = &bytes[count..];
    }
    Ok(true)
}

/// Removes the temporary file that a killed [`replace`] of `path` may have left behind.
pub(crate) fn forsake(path: &Utf8Path) {
    let temporary = passing::temporary(path);
    let Ok(file) = open_regular(&temporary) else { return };
    // If it is locked, a program is still writing it.
    if file.try_lock().is_ok() && is_at(&file, &temporary) {
        let _ = fs::remove_file(&temporary);
    }
}

/// The locked temporary file of [`replace`]; removed when dropped, unless it has been renamed to its final name.
struct Temporary {
    file: fs::File,
    path: Utf8PathBuf,
}

impl Temporary {
    fn open(target: &Utf8Path) -> io::Result<Self> {
        let (mut path, mut is_shared) = (passing::temporary(target), true);
        loop {
            let file = create_beside(&path)?;
            match file.lock() {
                // Without locks, nobody can take turns: each writes a file of its own.
                Err(_) if is_shared => {
                    let _ = fs::remove_file(&path);
                    path = Utf8PathBuf::from(format!("{path}.{}", std::process::id()));
                    is_shared = false;
                    continue;
                }
                _ => {}
            }
            // The previous holder of the lock may have renamed or removed the file.
            if is_at(&file, &path) {
                file.set_len(0)?;
                if let Ok(meta) = fs::metadata(target) {
                    file.set_permissions(meta.permissions())?;
                }
                return Ok(Self { file, path });
            }
        }
    }
}

impl Temporary {
    /// Gives the file its name.
    fn put(&self, path: &Utf8Path) -> io::Result<()> {
        match fs::rename(&self.path, path) {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                fs::remove_dir_all(path)?;
                fs::rename(&self.path, path)
            }
            other => other,
        }
    }
}

impl Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether `path` still names the open file.
#[cfg(unix)]
fn is_at(file: &fs::File, path: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
    matches!((file.metadata().map(id), fs::metadata(path).map(id)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(not(unix))]
fn is_at(_file: &fs::File, path: &Utf8Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_failed_replace_leaves_the_old_content_and_no_litter() {
        let (_guard, folder) = folder();
        let path = folder.join("a/b.txt");
        assert_eq!(write_if_changed(&path, b"old").unwrap(), Written::Changed);
        let failed = replace(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("no"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.join("a")).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_of_the_users_with_the_name_of_a_temporary_file_stays() {
        let (_guard, folder) = folder();
        fs::create_dir(folder.join(".tmp-b.txt")).unwrap();
        fs::write(folder.join(".tmp-b.txt/kept"), "").unwrap();
        assert!(write_if_changed(&folder.join("b.txt"), b"new").is_err());
        assert!(folder.join(".tmp-b.txt/kept").exists());
    }

    #[test]
    fn what_a_killed_program_left_is_used_again_or_removed() {
        let (_guard, folder) = folder();
        let path = folder.join("b.txt");
        let names = || fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
        for content in ["new", "new", "newer"] {
            fs::write(folder.join(".tmp-b.txt"), "half of something long").unwrap();
            write_if_changed(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content.as_bytes());
            assert_eq!(names(), ["b.txt"]);
        }
    }

    #[test]
    fn writers_of_one_file_take_turns() {
        let (_guard, folder) = folder();
        let path = folder.join("b.txt");
        std::thread::scope(|scope| {
            for i in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        replace(path, |file| file.write_all(i.to_string().repeat(1000).as_bytes())).unwrap();
                        let read = fs::read_to_string(path).unwrap();
                        assert!(read.len() == 1000 && read.bytes().all(|byte| byte == read.as_bytes()[0]));
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn the_same_content_keeps_the_time_stamp() {
        let (_guard, folder) = folder();
        let path = folder.join("b.txt");
        write_if_changed(&path, b"x").unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH;
        fs::File::open(&path).unwrap().set_modified(old).unwrap();
        assert_eq!(write_if_changed(&path, b"x").unwrap(), Written::Unchanged);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), old);
    }

    #[test]
    fn a_file_is_revised_where_it_differs_and_only_then() {
        let (_guard, folder) = folder();
        let path = folder.join("a/b.txt");
        let long = "a line like the next\n".repeat(2_000);
        let texts = [
            "",
            "a",
            &long,
            &long[..long.len() - 1],
            &long.replacen("the", "two", 1),
            &long,
            &format!("{long}x"),
        ];
        for (new, size) in texts.iter().flat_map(|text| [1, 7, 1 << 20].map(|size| (text, size))) {
            let old = fs::read_to_string(&path);
            let mut settled = 0;
            let fill =
                |out: &mut dyn Write| new.as_bytes().chunks(size).try_for_each(|part| out.write_all(part));
            let written = revise(&path, fill, |file| {
                settled = file.metadata()?.len();
                Ok(())
            });
            let is_same = old.is_ok_and(|old| old == **new);
            assert_eq!(written.unwrap() == Written::Unchanged, is_same);
            assert_eq!(settled, if is_same { 0 } else { new.len() as u64 });
            assert_eq!(fs::read_to_string(&path).unwrap(), **new);
            assert_eq!(fs::read_dir(folder.join("a")).unwrap().count(), 1);
        }
        let failed =
            revise(&path, |out| out.write_all(b"other").and(Err(io::Error::other("no"))), |_| Ok(()));
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap().len(), long.len() + 1);
    }
}
