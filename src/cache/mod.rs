//! Results by action key: what the user's code made once is not computed a second time, in this checkout
//! or in another that shares the folder. Knows nothing of processes: an entry is an answer and the files
//! that belong to it.
//!
//! | path, below `v2` | what |
//! | --- | --- |
//! | `entries/KEY` | a line with the digest of the rest and, if there is a key, its signature, and the entry as JSON; its time is that of its last use |
//! | `lists/KEY` | the same of what runs with this key have read: KEY is then that of what is known before a run |
//! | `objects/AB/SHA256` | a file's content |
//! | `tmp/` | writes under way, or cut short |
//!
//! Another version of the format has a folder of its own, so that no version meets what another one wrote. The first
//! version had none: its `entries`, `objects` and `tmp` are in the folder itself.
//!
//! Everything is written under `tmp` and renamed, so that any number of writers can share a folder and a
//! killed one leaves nothing but litter. Nothing is believed: paths that lead out of the folder of a run make an entry a
//! damaged one, objects are hashed while they are restored, and what is damaged is dropped. With a key
//! (`EXPOPS_CACHE_KEY`) the first line of an entry also has its signature, and others are not used; without one, whoever
//! can write to the folder can have code run here, for pickles are code. Objects are copied in and out (the system clones the blocks where it
//! can), never linked: a later write to a restored file cannot reach the cache.
//!
//! Behind the folder may be a remote cache ([`Remote`]). What it has goes into the folder first ([`Cache::pull`]), so that
//! there is one way in which results are restored.

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
