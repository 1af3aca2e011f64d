//! Locks between programs. Where the file system has none (Lustre without `flock`, some FUSE and 9p mounts), a file
//! that only one program can create serves as the lock. It names its holder, so that it can be ignored once the holder
//! is gone.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use crate::file::{self, FileError};
use crate::process::{self, Life};

/// How often to check whether another program's lock file is gone.
const PAUSE: Duration = Duration::from_millis(20);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Closing it releases the lock.
    _file: File,
    /// The file that serves as the lock, where the system has none.
    own: Option<Utf8PathBuf>,
    /// Ends its signs of life when it is dropped.
    _beat: Option<Sender<()>>,
}

/// What kind of lock is requested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alone,
    Shared,
}

impl Lock {
    /// Takes the lock at `path`, waiting until nobody else holds it. The folder must exist.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub(crate) fn wait(path: &Utf8Path) -> Result<Self, FileError> {
        file::context(Self::take(path, Kind::Alone, true), "lock", path)
            .map(|lock| lock.expect("waits until it has it"))
    }

    /// Takes the lock at `path`, unless somebody holds it.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub(crate) fn try_now(path: &Utf8Path) -> Result<Option<Self>, FileError> {
        file::context(Self::take(path, Kind::Alone, false), "lock", path)
    }

    /// Takes a share of the lock at `path`: any number of programs can have one while nobody holds it exclusively.
    /// Where the system has no locks, there are no shares either, and nobody is kept out.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub(crate) fn share(path: &Utf8Path) -> Result<Self, FileError> {
        file::context(Self::take(path, Kind::Shared, true), "lock", path)
            .map(|lock| lock.expect("waits until it has it"))
    }

    /// Whether it is a lock of the system, not a file that serves as one.
    pub(crate) fn is_of_the_system(&self) -> bool {
        self.own.is_none()
    }

    fn take(path: &Utf8Path, kind: Kind, waits: bool) -> io::Result<Option<Self>> {
        let file = file::create_own(path)?;
        let locked = match (kind, waits) {
            (Kind::Alone, true) => file.lock(),
            (Kind::Shared, _) => file.lock_shared(),
            (Kind::Alone, false) => match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
                Ok(()) => Ok(()),
            },
        };
        match (locked, kind) {
            (Ok(()), _) => Ok(Some(Self { _file: file, own: None, _beat: None })),
            (Err(error), kind) if is_without_locks(&error) => {
                let own = Utf8PathBuf::from(format!("{path}.held"));
                if kind == Kind::Alone && !create(&own, waits)? {
                    return Ok(None);
                }
                let beat = (kind == Kind::Alone).then(|| beat(&own));
                Ok(Some(Self { _file: file, own: Some(own), _beat: beat }))
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A share has no file, and another program's file is not ours to remove.
        if let Some(own) = self
            .own
            .as_ref()
            .filter(|own| file::read_regular_text(own).is_ok_and(|text| text == process::me()))
        {
            let _ = fs::remove_file(own);
        }
    }
}

/// A lock whose file is removed with it: the file tells others that somebody is there, the lock that they live.
#[derive(Debug)]
pub(crate) struct Held {
    lock: Option<Lock>,
    path: Utf8PathBuf,
}

impl Held {
    /// Creates the file at `path` and takes its lock. Nobody may call [`is_held`] for it meanwhile.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub(crate) fn new(path: Utf8PathBuf) -> Result<Self, FileError> {
        Ok(Self { lock: Some(Lock::wait(&path)?), path })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        drop(self.lock.take());
    }
}

/// Whether somebody holds the lock of a file. If nobody does, its owner has ended, and the file is removed.
///
/// # Errors
/// If the file cannot be opened or removed.
pub(crate) fn is_held(path: &Utf8Path) -> Result<bool, FileError> {
    let Some(_lock) = Lock::try_now(path)? else { return Ok(true) };
    file::remove(path)?;
    Ok(false)
}

/// Whether an error means that the file system has no locks.
pub(crate) fn is_without_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported || is_out_of_locks(error)
}

#[cfg(unix)]
fn is_out_of_locks(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}

#[cfg(not(unix))]
fn is_out_of_locks(_error: &io::Error) -> bool {
    false
}

/// Creates the file that serves as a lock, waiting for its holder if `waits`; returns whether it succeeded.
fn create(path: &Utf8Path, waits: bool) -> io::Result<bool> {
    let mut seen = Sign::default();
    loop {
        match File::create_new(path).and_then(|mut file| file.write_all(process::me().as_bytes())) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(|()| true),
        }
        let holder = file::read_regular_text(path).unwrap_or_default();
        let is_gone = match process::life(&holder) {
            Life::Running => false,
            Life::Ended => !holder.is_empty(),
            Life::Elsewhere => seen.is_old(path),
        };
        if is_gone {
            take_away(path, &holder)?;
        } else if waits {
            std::thread::sleep(PAUSE);
        } else {
            return Ok(false);
        }
    }
}

/// How often the holder of a lock file gives a sign of life to other machines, which cannot look for it: the file's time.
const BEAT: Duration = Duration::from_secs(5);

/// For how long there may be none; longer than file systems keep attributes.
const PATIENCE: Duration = Duration::from_secs(90);

/// The last sign of life of a holder on another machine, by our own clock.
#[derive(Default)]
struct Sign(Option<(Option<SystemTime>, Instant)>);

impl Sign {
    fn is_old(&mut self, path: &Utf8Path) -> bool {
        let time = path.metadata().and_then(|meta| meta.modified()).ok();
        match self.0 {
            Some((last, since)) if last == time => since.elapsed() > PATIENCE,
            _ => {
                self.0 = Some((time, Instant::now()));
                false
            }
        }
    }
}

/// Gives signs of life in a lock file as long as what it returns is not dropped.
fn beat(path: &Utf8Path) -> Sender<()> {
    let (alive, is_gone) = channel();
    let path = path.to_owned();
    std::thread::spawn(move || {
        while is_gone.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
            let file = file::open_regular(&path);
            let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
        }
    });
    alive
}

/// Removes a lock file whose holder is gone. Another program may have done so meanwhile and now hold the lock: then its
/// file is put back.
fn take_away(path: &Utf8Path, holder: &str) -> io::Result<()> {
    let aside = Utf8PathBuf::from(format!("{path}.{}", std::process::id()));
    match fs::rename(path, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    }
    if file::read_regular_text(&aside).is_ok_and(|text| text != holder) {
        let _ = fs::hard_link(&aside, path);
    }
    fs::remove_file(&aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Utf8PathBuf) {
        let guard = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(guard.path().join(".lock")).unwrap();
        (guard, path)
    }

    #[test]
    fn one_holds_it_alone_and_many_share_it() {
        let (_guard, path) = place();
        let first = Lock::wait(&path).unwrap();
        assert!(Lock::try_now(&path).unwrap().is_none());
        drop(first);
        let shares = [Lock::share(&path).unwrap(), Lock::share(&path).unwrap()];
        assert!(Lock::try_now(&path).unwrap().is_none());
        drop(shares);
        assert!(Lock::try_now(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_that_stands_for_a_lock_keeps_others_out_while_its_holder_lives() {
        let (_guard, path) = place();
        assert!(create(&path, false).unwrap());
        assert!(!create(&path, false).unwrap());
        let elsewhere = format!("{} somewhere else", std::process::id());
        fs::write(&path, elsewhere).unwrap();
        assert!(!create(&path, false).unwrap(), "nobody knows from here whether it is alive");
        let gone = process::me().replacen(&std::process::id().to_string(), "999999999", 1);
        fs::write(&path, gone).unwrap();
        assert!(create(&path, false).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), process::me());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn such_files_are_taken_one_after_another() {
        let (_guard, path) = place();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        assert!(create(&path, true).unwrap());
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        fs::remove_file(&path).unwrap();
                    }
                });
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let (_guard, path) = place();
        let victim = path.with_file_name("victim");
        fs::write(&victim, "mine").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        drop(Lock::wait(&path).unwrap());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        assert!(!path.is_symlink());
    }
}
