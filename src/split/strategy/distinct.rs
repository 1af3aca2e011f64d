//! A partition for each value of a column.

use std::collections::HashSet;

use super::dealer::{Dealer, Remembered};
use crate::split::error::SplitError;
use crate::split::keys::{Keys, waves};
use crate::split::request::Request;

/// A partition for each key, in the order in which they come first.
#[derive(Default)]
pub(super) struct Firsts(Remembered<u32>);

impl Dealer for Firsts {
    fn deal(&mut self, key: u128) -> usize {
        let next = self.0.len() as u32;
        *self.0.entry(key, next) as usize
    }

    fn known(&self) -> usize {
        self.0.len()
    }
}

/// The values of the one column that `keys` are the plain texts of, in the order in which they come first; `None` if
/// there are more than `most`.
pub(in crate::split) fn values(
    request: &Request,
    keys: &dyn Keys,
    most: usize,
) -> Result<Option<Vec<Vec<u8>>>, SplitError> {
    let (mut known, mut values) = (HashSet::new(), Vec::new());
    let of_chunk = |chunk: usize| {
        let (mut own, mut found) = (HashSet::<Vec<u8>>::new(), Vec::new());
        keys.visit(chunk, &mut |key| {
            if own.len() <= most && !own.contains(key) {
                own.insert(key.to_vec());
                found.push(key.to_vec());
            }
        })?;
        Ok(found)
    };
    let mut is_over = false;
    waves(request, keys, of_chunk, |found: Vec<Vec<u8>>| {
        if !is_over {
            values.extend(found.into_iter().filter(|value| known.insert(value.clone())));
            is_over = values.len() > most;
        }
        Ok(())
    })?;
    if is_over {
        return Ok(None);
    }
    Ok(Some(values))
}
