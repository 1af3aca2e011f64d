//! Asks the remote cache. One that does not work costs a warning, and is then left alone for a while: a build waits for
//! it once, not once for each instance.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::cache::Remote;
use crate::exec::remark::Remark;
use crate::exec::state::instance::Instance;
use crate::file::{self, FileError};
use crate::journal::Build;
use crate::lock::Lock;

/// For how many seconds a remote cache that did not work is left alone.
const PAUSE: u64 = 60;

/// The direction of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exec) enum Way {
    /// Results come from the cache.
    From,
    /// Results go to the cache; one that cannot be written can still be read.
    To,
}

/// The directions that did not work in this program.
static FAILED: Mutex<Vec<Way>> = Mutex::new(Vec::new());

/// Until when a remote cache is left alone.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Left {
    /// Its location, as far as people may see it.
    cache: String,
    /// Until when nothing is fetched, in seconds since 1970.
    from: u64,
    /// Until when nothing is sent.
    to: u64,
    /// The build that has been told.
    told: Option<Build>,
}

impl Left {
    /// What is known of the remote cache `cache`.
    fn read(path: &Utf8PathBuf, cache: &str) -> Self {
        let text = file::read_regular_text(path).unwrap_or_default();
        let left = serde_json::from_str::<Self>(&text).ok().filter(|left| left.cache == cache);
        left.unwrap_or_else(|| Self { cache: cache.to_owned(), ..Self::default() })
    }

    /// Whether it is left alone. A time in the far future is ignored: the clock has been set.
    fn is_alone(&self, way: Way) -> bool {
        let is_ahead = |until: u64| until.checked_sub(now()).is_some_and(|left| left > 0 && left <= PAUSE);
        is_ahead(self.from) || way == Way::To && is_ahead(self.to)
    }
}

impl Instance {
    /// What `ask` gets from the remote cache; `None` if there is none, if it is left alone, or if it does not work,
    /// which becomes a remark.
    pub(in crate::exec) fn with_remote<T>(
        &self,
        way: Way,
        ask: impl FnOnce(&Remote) -> io::Result<T>,
    ) -> Option<T> {
        let remote = Remote::present()?;
        if way == Way::To && !remote.as_ref().is_ok_and(Remote::is_written) {
            return None;
        }
        let has_failed = |way: &Way| failed().contains(way);
        if has_failed(&Way::From)
            || has_failed(&way)
            || Left::read(&self.layout.remote(), name(remote)).is_alone(way)
        {
            return None;
        }
        let asked = match remote {
            Ok(_) if self.cache().is_read_only() => Err(
                "EXPOPS_CACHE_URL is not used: what comes from there goes into the local cache first, which \
                 EXPOPS_CACHE_READONLY leaves as it is"
                    .to_owned(),
            ),
            Ok(remote) => ask(remote).map_err(|error| {
                let (name, reason) = (remote.name(), file::reason(&error));
                format!("the remote cache ({name}) does not work and is left alone for {PAUSE} s: {reason}")
            }),
            Err(why) => Err(format!("EXPOPS_CACHE_URL is not used: {why}")),
        };
        asked
            .map_err(|text| {
                failed().push(way);
                self.remark(Remark::NoRemote(text));
            })
            .ok()
    }

    /// Makes the other instances of the build leave the remote cache alone if it did not work here. If the build has
    /// been told, it is not told again.
    pub(in crate::exec) fn leave_remote_alone(&self) {
        let ways = failed().clone();
        let Some(remote) = Remote::present().filter(|_| !ways.is_empty()) else { return };
        if self.note_failed(&ways, name(remote)).unwrap_or(false) {
            self.unremark(|remark| matches!(remark, Remark::NoRemote(_)));
        }
    }

    /// Records what did not work; returns whether the build had been told.
    fn note_failed(&self, ways: &[Way], cache: &str) -> Result<bool, FileError> {
        let path = self.layout.remote();
        file::insist_on_no_links(self.layout.build(), &path)?;
        let _lock = Lock::wait(&Utf8PathBuf::from(format!("{path}.lock")))?;
        let mut left = Left::read(&path, cache);
        for way in ways {
            let until = match way {
                Way::From => &mut left.from,
                Way::To => &mut left.to,
            };
            *until = now() + PAUSE;
        }
        let was_told = left.told.replace(Build::present()) == Some(Build::present());
        let text = serde_json::to_string(&left).unwrap_or_default();
        file::write_if_changed(&path, text.as_bytes())?;
        Ok(was_told)
    }
}

fn failed() -> std::sync::MutexGuard<'static, Vec<Way>> {
    FAILED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(remote: &Result<Remote, String>) -> &str {
    remote.as_ref().map_or("", Remote::name)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
