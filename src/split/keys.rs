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

    /// How many rows a chunk has; 0 where they are few.
    fn rows(&self, _chunk: usize) -> u64 {
        0
    }

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

    /// Calls `then` with the [`message::identity`] of the key of every row, in order.
    fn all(&self, limits: Limits, then: Then<u128>) -> Result<(), SplitError> {
        in_order(self, limits, then)
    }

    /// Calls `then` with the [`message::partition`] of every row, in order, of so many partitions.
    fn partitions(&self, of: u64, limits: Limits, then: Then<u32>) -> Result<(), SplitError> {
        self.all(limits, &mut |found| {
            then(found.into_iter().map(|identity| message::partition(identity, of)).collect())
        })
    }
}

/// How much memory may be used, and how many threads.
pub(super) type Limits = (u64, usize);

/// What to do with what is known of the next rows.
pub(super) type Then<'a, T> = &'a mut dyn FnMut(Vec<T>) -> Result<(), SplitError>;

/// Makes the keys that are requested.
pub(super) type KeySource<'a> = &'a dyn Fn(KeyRequest) -> Result<Box<dyn Keys + 'a>, SplitError>;

/// Applies `work` to the keys of each chunk and returns the results in order.
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

/// How many identities are handed on together from a chunk that has too many.
const BLOCK: usize = 1 << 14;

/// Calls `then` with the [`message::identity`] of the key of every row, in order. A chunk that has too many for memory
/// is visited by one thread.
pub(super) fn in_order(
    keys: &(impl Keys + ?Sized),
    (memory, threads): Limits,
    then: Then<u128>,
) -> Result<(), SplitError> {
    let most = memory / 8 / size_of::<u128>() as u64;
    let (threads, chunks) = (keys.at_once(threads), keys.chunks());
    let mut first = 0;
    while first < chunks {
        let mut rows = 0;
        let fits = |chunk: &usize| {
            rows += keys.rows(*chunk);
            rows <= most
        };
        let wave = (first..chunks).take(8 * threads).take_while(fits).count();
        if wave == 0 {
            in_blocks(keys, first, then)?;
        }
        let made = parallel::map(threads, wave, || (), |(), i| keys.identities(first + i))?;
        made.into_iter().try_for_each(&mut *then)?;
        first += wave.max(1);
    }
    Ok(())
}

fn in_blocks(keys: &(impl Keys + ?Sized), chunk: usize, then: Then<u128>) -> Result<(), SplitError> {
    let (mut block, mut done) = (Vec::new(), Ok(()));
    keys.visit(chunk, &mut |key| {
        if done.is_ok() {
            block.push(message::identity(key));
        }
        if block.len() == BLOCK {
            done = then(std::mem::take(&mut block));
        }
    })?;
    done?;
    then(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key for each row, which is its number.
    struct Numbers(Vec<u64>);

    impl Keys for Numbers {
        fn chunks(&self) -> usize {
            self.0.len()
        }

        fn rows(&self, chunk: usize) -> u64 {
            self.0[chunk]
        }

        fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
            let first: u64 = self.0[..chunk].iter().sum();
            (first..first + self.0[chunk]).for_each(|row| each(&row.to_le_bytes()));
            Ok(())
        }
    }

    #[test]
    fn identities_that_are_on_their_way_do_not_weigh_more_than_their_share() {
        let keys = Numbers(vec![10, 3, 50_000, 0, 7]);
        let total: u64 = keys.0.iter().sum();
        let wanted: Vec<u128> = (0..total).map(|row| message::identity(&row.to_le_bytes())).collect();
        for (memory, most) in [(1 << 30, 50_000), (1 << 20, BLOCK), (0, BLOCK)] {
            for threads in [1, 3] {
                let (mut found, mut largest) = (Vec::new(), 0);
                let gathered = keys.all((memory, threads), &mut |block| {
                    largest = block.len().max(largest);
                    found.extend(block);
                    Ok(())
                });
                gathered.unwrap();
                assert!(found == wanted && largest == most, "{memory} {largest}");
            }
        }
        let mut calls = 0;
        let failed = keys.all((0, 1), &mut |_| {
            calls += 1;
            Err(SplitError::usage("enough", "stop"))
        });
        assert_eq!((failed.is_err(), calls), (true, 1));
    }
}
