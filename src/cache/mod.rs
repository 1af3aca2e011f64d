//! Results by action key: what the user's code has computed once is not computed again, in this checkout or in another
//! that shares the folder. Knows nothing of processes: an entry is an answer and the files that belong to it.
//!
//! | path, below `v2` | what |
//! | --- | --- |
//! | `entries/KEY` | a line with the digest of the rest, then the entry as JSON; its time is that of the last use |
//! | `lists/KEY` | likewise, what runs with this key have read; here KEY covers what is known before a run |
//! | `objects/AB/SHA256` | a file's content |
//! | `tmp/` | unfinished writes |
//!
//! Each version of the format has its own folder, so that no version sees what another one wrote. The first version had
//! none: its `entries`, `objects` and `tmp` are in the folder itself.
//!
//! Everything is written under `tmp` and renamed, so that any number of writers can share a folder and a killed one
//! leaves only litter. Nothing is trusted: an entry with paths that lead out of a run's folder counts as damaged,
//! objects are hashed while they are restored, and what is damaged is dropped. With a key (`EXPOPS_CACHE_KEY`), the
//! first line of an entry also has its signature, and unsigned entries are not used; without one, whoever can write to
//! the folder can run code here, because pickles are code. Objects are copied in and out (the system clones the blocks
//! where it can), never linked: a later write to a restored file cannot reach the cache.
//!
//! There may be a remote cache behind the folder ([`Remote`]). Its results are first copied into the folder
//! ([`Cache::pull`]), so that there is only one way to restore results.

mod entry;
mod folder;
mod foreign;
#[cfg(feature = "remote")]
mod http;
mod lists;
mod object;
mod percent;
mod protocol;
mod remote;
#[cfg(feature = "remote")]
mod s3;
mod store;
mod trim;

pub(crate) use entry::Entry;
pub(crate) use lists::List;
pub(crate) use object::is_inside;
pub(crate) use remote::{Remote, secrets};
pub(crate) use store::Cache;
pub(crate) use trim::shown_size;

#[cfg(test)]
mod tests;
