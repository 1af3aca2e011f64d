//! Strategies that decide row by row, in order, and remember each key.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::split::assign::Listed;
use crate::split::error::SplitError;
use crate::split::keys::{Keys, waves};
use crate::split::request::Request;

/// Decides row by row, in order, so that later rows never change what happens to earlier ones.
pub(super) trait Dealer {
    /// The partition of the next row, given the hash of its key.
    fn deal(&mut self, key: u128) -> usize;

    /// How many keys are held in memory.
    fn known(&self) -> usize;
}

/// About how many bytes a key takes in memory.
const KEY: u64 = 48;

pub(super) fn listed(
    request: &Request,
    keys: &dyn Keys,
    mut dealer: impl Dealer,
) -> Result<Listed, SplitError> {
    let mut list = Listed::new(request.size.partitions());
    let most = (request.memory() / KEY) as usize;
    waves(
        request,
        keys,
        |chunk| keys.identities(chunk),
        |found| {
            found.into_iter().for_each(|key| list.push(dealer.deal(key)));
            if dealer.known() > most {
                let message =
                    format!("more than {most} different keys do not fit into the memory that is allowed");
                return Err(SplitError::usage(message, "allow more with `--memory`, or use `hash:COLUMN`"));
            }
            Ok(())
        },
    )?;
    Ok(list)
}

/// What is held in memory for each key.
pub(super) type Remembered<T> = HashMap<u128, T, BuildHasherDefault<First>>;

/// Uses the first bytes of what is a hash already.
#[derive(Default)]
pub(super) struct First(u64);

impl Hasher for First {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
