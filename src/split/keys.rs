//! The keys of rows, as the formats provide them: the values of a row that decide where it goes.

use super::error::SplitError;
use super::message;
use super::parallel;
use super::request::Request;

/// The values of a row that make up its key.
#[derive(Clone, Copy)]
pub(super) struct KeyRequest<'a> {
    /// These columns; `None`: all.
    pub(super) columns: Option<&'a [String]>,
    /// Whether to return the text of the single column itself, instead of the message to hash (see [`message`]).
    pub(super) plain: bool,
}

/// The position of `column` in `names`, in which it must be once.
pub(super) fn position(file: &str, column: &str, names: &[impl AsRef<str>]) -> Result<usize, SplitError> {
    let mut found = (0..names.len()).filter(|i| names[*i].as_ref() == column);
    match (found.next(), found.next()) {
        (Some(i), None) => Ok(i),
        (Some(_), Some(_)) => {
            Err(SplitError::whole(file, format!("there are several columns `{column}`"), None))
        }
        (None, _) => Err(SplitError::no_column(file, column, names)),
    }
}

/// The keys of rows, chunk by chunk.
pub(super) trait Keys: Sync {
    /// The number of chunks.
    fn chunks(&self) -> usize;

    /// How many of `threads` may visit a chunk at a time.
    fn at_once(&self, threads: usize) -> usize {
        threads
    }

    /// Calls `each` with the key of every row of a chunk, in order.
    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError>;

    /// The [`message::identity`] of the key of every row of a chunk, in order.
    fn identities(&self, chunk: usize) -> Result<Vec<u128>, SplitError> {
        let mut found = Vec::new();
        self.visit(chunk, &mut |key| found.push(message::identity(key)))?;
        Ok(found)
    }
}

/// Makes the keys that are requested.
pub(super) type KeySource<'a> = &'a dyn Fn(KeyRequest) -> Result<Box<dyn Keys + 'a>, SplitError>;

/// Applies `work` to the keys of each chunk and returns the results in order; at most as many chunks at a time as fit
/// into memory with their results.
pub(super) fn waves<T: Send>(
    request: &Request,
    keys: &dyn Keys,
    work: impl Fn(usize) -> Result<T, SplitError> + Sync,
    mut then: impl FnMut(T) -> Result<(), SplitError>,
) -> Result<(), SplitError> {
    let (threads, chunks) = (keys.at_once(request.threads()), keys.chunks());
    let wave = 8 * threads;
    for first in (0..chunks).step_by(wave) {
        let made = parallel::map(threads, wave.min(chunks - first), || (), |(), i| work(first + i))?;
        made.into_iter().try_for_each(&mut then)?;
    }
    Ok(())
}
