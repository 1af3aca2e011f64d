//! Damaged files make the Arrow and Parquet readers panic in places. Here, such a panic is turned into an error of
//! ours, and nothing is printed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::table::broken;
use crate::split::error::SplitError;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `read`, which reads the `what` data of `file`.
pub(super) fn guarded<T>(
    file: &str,
    what: &str,
    read: impl FnOnce() -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let shown = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                shown(info);
            }
        }));
    });
    let before = GUARDED.replace(true);
    // Whatever `read` left half-done is dropped: after an error the whole split ends.
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(before);
    result.unwrap_or_else(|_| Err(broken(file, what, "it is damaged")))
}
