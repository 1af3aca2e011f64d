//! `PYTHONPATH` as whoever started the build means it: an instance runs in another folder.

use camino::Utf8Path;

/// `PYTHONPATH` with absolute folders.
pub(super) fn absolute() -> String {
    let path = std::env::var("PYTHONPATH").unwrap_or_default();
    path.split(':').map(from_here).collect::<Vec<_>>().join(":")
}

fn from_here(folder: &str) -> String {
    match camino::absolute_utf8(Utf8Path::new(folder)) {
        Ok(whole) if !folder.starts_with('/') => whole.into_string(),
        _ => folder.to_owned(),
    }
}
