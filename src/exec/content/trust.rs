//! What was hashed once is trusted by its stat, as in git's index: the length, the modification and change times, and
//! the inode. If one of them differs, the file is hashed again.
//!
//! A file that was just modified may be modified again within one step of its file system's clock, without a trace: it
//! is not trusted until it is older than that. Nor is what was hashed before the last boot: what had not been flushed
//! then may not be what is there now. Small files are faster to hash than to look up.
//!
//! `.expops/trust/` has one small file for each: the stat, the boot, the digest. All of it can be deleted at any time.

use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::Digest;
use crate::file;
use crate::layout::Layout;

/// Smaller files are always hashed.
const SMALLEST: u64 = 256 << 10;

/// The coarsest step of a file system's clock, unless it only has whole seconds.
const STEP: Duration = Duration::from_millis(20);
const COARSE_STEP: Duration = Duration::from_secs(2);

/// The files that are known by their stat.
pub(in crate::exec) struct Trust {
    folder: Utf8PathBuf,
}

/// What a digest covers: the file's bytes, or the table in it.
#[derive(Clone, Copy, Debug)]
pub(in crate::exec) enum Of {
    Bytes,
    Table,
}

impl Trust {
    /// What the build in `layout` knows.
    pub(in crate::exec) fn new(layout: &Layout) -> Self {
        Self { folder: layout.trust() }
    }

    /// The digest of the bytes of the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(in crate::exec) fn bytes(&self, path: &Utf8Path) -> io::Result<Digest> {
        self.digest(path, Of::Bytes, || Digest::of_read(file::open_regular(path)?))
    }

    /// The digest of the file at `path`: the known one, or what `hash` returns.
    pub(in crate::exec) fn digest<E>(
        &self,
        path: &Utf8Path,
        of: Of,
        hash: impl FnOnce() -> Result<Digest, E>,
    ) -> Result<Digest, E> {
        let Some(before) = Stat::of_large(path) else { return hash() };
        if let Some(digest) = self.known(path, of, &before) {
            return Ok(digest);
        }
        let began = SystemTime::now();
        let digest = hash()?;
        if Stat::of_large(path).as_ref() == Some(&before) {
            self.keep(&self.entry(path, of), &before, began, digest);
        }
        Ok(digest)
    }

    /// Remembers the digest that was computed on the way to `path`, where the file is now in place.
    pub(in crate::exec) fn vouch(&self, path: &Utf8Path, of: Of, digest: Digest) {
        if let Some(stat) = Stat::of_large(path) {
            self.keep(&self.entry(path, of), &stat, SystemTime::now(), digest);
        }
    }

    fn known(&self, path: &Utf8Path, of: Of, stat: &Stat) -> Option<Digest> {
        let text = file::read_regular_text(self.entry(path, of)).ok()?;
        text.strip_prefix(&stat.to_text())?.trim().parse().ok()
    }

    /// Writes an entry, if the file was old enough when hashing `began`: by the clock of the file system, which the
    /// time of a newly written file shows. If it cannot be written, the file is hashed again, that is all.
    fn keep(&self, to: &Utf8Path, stat: &Stat, began: SystemTime, digest: Digest) {
        let write = || -> Option<()> {
            fs::create_dir_all(&self.folder).ok()?;
            let mut entry = tempfile::NamedTempFile::new_in(&self.folder).ok()?;
            writeln!(entry, "{}{digest}", stat.to_text()).ok()?;
            let now = entry.as_file().metadata().ok()?.modified().ok()?;
            let began = now.checked_sub(began.elapsed().ok()?)?;
            let is_old = stat.modified.checked_add(stat.step())? <= began;
            if is_old {
                entry.persist(to).ok()?;
            }
            Some(())
        };
        let _ = write();
    }

    fn entry(&self, path: &Utf8Path, of: Of) -> Utf8PathBuf {
        self.folder.join(&Digest::of(format!("{of:?} {path}")).to_string()[..32])
    }
}

/// What changes when a file does.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stat {
    length: u64,
    modified: SystemTime,
    /// The change time, in nanoseconds.
    changed: i128,
    /// The inode, and the device.
    file: (u64, u64),
}

impl Stat {
    /// The stat of a file that is large enough.
    fn of_large(path: &Utf8Path) -> Option<Self> {
        let meta = fs::metadata(path).ok().filter(|meta| meta.is_file() && meta.len() >= SMALLEST)?;
        Self::of(&meta)
    }

    #[cfg(unix)]
    fn of(meta: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let changed = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
        let file = (meta.ino(), meta.dev());
        Some(Self { length: meta.len(), modified: meta.modified().ok()?, changed, file })
    }

    /// Where files have no inodes, nothing is trusted.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    fn nanoseconds(&self) -> i128 {
        match self.modified.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        }
    }

    fn step(&self) -> Duration {
        if self.nanoseconds() % 1_000_000_000 == 0 { COARSE_STEP } else { STEP }
    }

    fn to_text(&self) -> String {
        let Self { length, changed, file: (number, device), .. } = self;
        format!("1 {length} {} {changed} {number} {device} {} ", self.nanoseconds(), boot())
    }
}

/// A text that differs after each boot.
fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| read_boot().map_or_else(|| "-".to_owned(), |text| text.trim().replace(' ', "_")))
}

#[cfg(not(target_os = "macos"))]
fn read_boot() -> Option<String> {
    file::read_proc("/proc/sys/kernel/random/boot_id").ok()
}

#[cfg(target_os = "macos")]
fn read_boot() -> Option<String> {
    let asked = std::process::Command::new("/usr/sbin/sysctl").args(["-n", "kern.bootsessionuuid"]).output();
    String::from_utf8(asked.ok()?.stdout).ok()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs::File;

    use super::*;

    /// A build folder with a large file, and how often that was hashed.
    struct Case {
        _guard: tempfile::TempDir,
        trust: Trust,
        path: Utf8PathBuf,
        hashed: Cell<u32>,
    }

    impl Case {
        fn new() -> Self {
            let guard = tempfile::tempdir().unwrap();
            let folder = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
            let trust = Trust::new(&Layout::new(folder.join("build")));
            let case = Self { trust, path: folder.join("large"), _guard: guard, hashed: Cell::new(0) };
            case.write(1);
            case
        }

        fn write(&self, byte: u8) {
            fs::write(&self.path, vec![byte; SMALLEST as usize]).unwrap();
        }

        fn age(&self, by: Duration) {
            self.set_time(SystemTime::now() - by);
        }

        fn set_time(&self, time: SystemTime) {
            File::options().append(true).open(&self.path).unwrap().set_modified(time).unwrap();
        }

        fn time(&self) -> SystemTime {
            fs::metadata(&self.path).unwrap().modified().unwrap()
        }

        /// Asks for the digest, checks it, and returns how often the file has been hashed so far.
        fn look(&self) -> u32 {
            let hash = || {
                self.hashed.set(self.hashed.get() + 1);
                Digest::of_file(&self.path)
            };
            let digest = self.trust.digest(&self.path, Of::Bytes, hash).unwrap();
            assert_eq!(digest, Digest::of_file(&self.path).unwrap());
            self.hashed.get()
        }
    }

    #[test]
    fn what_has_not_changed_is_hashed_once() {
        let case = Case::new();
        case.age(Duration::from_millis(1234));
        assert_eq!([case.look(), case.look(), case.look()], [1, 1, 1]);
        fs::remove_dir_all(&case.trust.folder).unwrap();
        assert_eq!([case.look(), case.look()], [2, 2]);
    }

    #[test]
    fn whatever_is_done_to_it_shows() {
        let case = Case::new();
        case.age(Duration::from_millis(1234));
        case.look();
        let (old, mut count) = (case.time(), 1);
        let mut expect_one_more = |what: &str| {
            assert_eq!(case.look(), count + 1, "{what}");
            count += 1;
        };
        case.write(2);
        case.set_time(old);
        expect_one_more("other bytes, the same length and time");
        let other = case.path.with_extension("other");
        fs::copy(&case.path, &other).unwrap();
        File::options().append(true).open(&other).unwrap().set_modified(old).unwrap();
        fs::rename(&other, &case.path).unwrap();
        expect_one_more("another file of the same length and time");
        case.age(Duration::from_millis(2345));
        expect_one_more("another time");
    }

    #[test]
    fn what_is_young_or_of_the_future_is_not_trusted() {
        let case = Case::new();
        case.set_time(SystemTime::now() + Duration::from_secs(5));
        assert_eq!([case.look(), case.look()], [1, 2]);
        // A file system with whole seconds only.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        case.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(now - 1));
        assert_eq!([case.look(), case.look()], [3, 4]);
        case.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(now - 9));
        assert_eq!([case.look(), case.look()], [5, 5]);
    }

    #[test]
    fn nothing_from_before_a_start_of_the_machine_is_trusted() {
        let case = Case::new();
        case.age(Duration::from_millis(1234));
        case.look();
        let entry = case.trust.entry(&case.path, Of::Bytes);
        let text = fs::read_to_string(&entry).unwrap();
        fs::write(&entry, text.replace(boot(), "another-boot")).unwrap();
        assert_eq!([case.look(), case.look()], [2, 2]);
    }

    #[test]
    fn what_was_hashed_on_its_way_is_not_hashed_again_and_kinds_are_not_mixed_up() {
        let case = Case::new();
        case.age(Duration::from_millis(1234));
        case.trust.vouch(&case.path, Of::Table, Digest::of("table"));
        case.trust.vouch(&case.path, Of::Bytes, Digest::of_file(&case.path).unwrap());
        assert_eq!(case.look(), 0);
        let table = case.trust.digest(&case.path, Of::Table, || -> io::Result<_> { unreachable!() });
        assert_eq!(table.unwrap(), Digest::of("table"));
    }
}
