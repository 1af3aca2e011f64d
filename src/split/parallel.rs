//! Work distributed over threads, in order: the caller's closure runs for 0, 1, 2, … on whichever thread is free. Knows
//! nothing of the work itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

/// The number of threads for `asked`; 0 means as many as there are cores.
pub(super) fn threads(asked: usize) -> usize {
    static CORES: OnceLock<usize> = OnceLock::new(); // asking the system reads five files
    let cores = || *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
    if asked > 0 { asked } else { cores() }
}

/// Runs `work` for every number below `count` and returns the results in order. Each thread makes its own `state`
/// (buffers) once. After an error, no new number is started; of several errors, the one with the smallest number is
/// returned, so that the outcome does not depend on timing.
pub(super) fn map<S, T: Send, E: Send>(
    threads: usize,
    count: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None::<(usize, E)>);
    let run = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return done;
            }
            match work(&mut state, i) {
                Ok(value) => done.push((i, value)),
                Err(error) => {
                    next.store(count, Ordering::Relaxed);
                    let mut failed = failed.lock().expect("no thread panics while it holds the lock");
                    if failed.as_ref().is_none_or(|(first, _)| i < *first) {
                        *failed = Some((i, error));
                    }
                }
            }
        }
    };
    let mut done = on(threads.min(count), &run);
    if let Some((_, error)) = failed.into_inner().expect("no thread panics while it holds the lock") {
        return Err(error);
    }
    done.sort_unstable_by_key(|(i, _)| *i);
    Ok(done.into_iter().map(|(_, value)| value).collect())
}

/// The results of `run` on `threads` threads, including this one.
fn on<T: Send>(threads: usize, run: &(impl Fn() -> Vec<T> + Sync)) -> Vec<T> {
    if threads <= 1 {
        return run();
    }
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_errors_by_number() {
        for threads in [1, 2, 7] {
            let squares = map(threads, 100, || (), |(), i| Ok::<_, ()>(i * i)).unwrap();
            assert_eq!(squares, (0..100).map(|i| i * i).collect::<Vec<_>>());
            let error = map(threads, 100, || (), |(), i| if i >= 40 { Err(i) } else { Ok(i) });
            assert_eq!(error.unwrap_err(), 40);
        }
        assert!(map(2, 0, || (), |(), i| Ok::<_, ()>(i)).unwrap().is_empty());
    }
}
