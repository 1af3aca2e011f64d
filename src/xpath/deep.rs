//! Runs work on deeply nested expressions on a stack that is large enough. Knows nothing of what the work is.

use std::thread;

/// Enough for [`super::MAX_NESTING`] brackets in a debug build, several times over. Only the part that is used
/// takes memory.
const STACK: usize = 64 << 20;

/// The result of `work`, run on a stack of its own if `is_deep`; `None` if there is no memory for one.
pub(super) fn run<T: Send>(is_deep: bool, work: impl FnOnce() -> T + Send) -> Option<T> {
    if !is_deep {
        return Some(work());
    }
    thread::scope(|scope| {
        let handle = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?;
        match handle.join() {
            Ok(result) => Some(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
