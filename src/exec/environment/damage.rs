//! Environments that somebody has changed are made again, as damaged values are (`exec::state::damage`).

use super::venv::change;
use crate::exec::failure::Failure;
use crate::exec::guard;
use crate::file;
use crate::layout::{Folder, Layout};
use crate::stamp;

/// Checks before a build that the environments are as they were made: a build tool notices a changed requirement file,
/// not a changed package. What is not loses what vouches for it. Returns, in words, what had changed in which.
///
/// # Errors
/// If something cannot be removed.
pub(crate) fn look(names: &[&str], layout: &Layout) -> Result<Vec<String>, Failure> {
    std::thread::scope(|scope| {
        // Each waits for its own interpreter.
        let looks: Vec<_> = names.iter().map(|name| scope.spawn(|| look_at(name, layout))).collect();
        let looked = looks
            .into_iter()
            .map(|look| look.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        looked.filter_map(Result::transpose).collect()
    })
}

fn look_at(name: &str, layout: &Layout) -> Result<Option<String>, Failure> {
    let folder = Folder(layout.environment(name));
    // If it was never made, or not to the end, the build tool knows.
    if !folder.record().exists() {
        return Ok(None);
    }
    let _lock = guard::hold(&folder, layout)?;
    let Some(change) = change(&folder) else { return Ok(None) };
    stamp::retire(&folder.stamp())?;
    file::remove(&folder.record())?;
    Ok(Some(format!("environment {name}: {change}")))
}
