//! From the keys of rows to their partitions, the same for every format. docs/splitting.md explains which partitions are
//! affected when rows are edited, inserted or appended.

mod dealer;
mod distinct;
mod groups;
mod ranges;
mod strata;

use super::assign::{Assignment, Listed};
use super::error::SplitError;
use super::keys::{KeyRequest, KeySource, Keys};
use super::request::Request;
use super::rows::cuts;
use super::source::Source;
use crate::size::By;
use dealer::listed;
use distinct::Firsts;
pub(super) use distinct::values;
use groups::Groups;
use ranges::ranges;
use strata::Strata;

/// Tells the number of rows.
pub(super) type RowCount<'a> = &'a dyn Fn() -> Result<u64, SplitError>;

/// The partition of each of the rows of `source`. How many there are is known only by looking for them, and is asked
/// for first by strategies that need it.
pub(super) fn assign(
    request: &Request,
    source: &Source,
    rows: RowCount,
    keys: KeySource,
) -> Result<Assignment, SplitError> {
    let of = request.size.partitions();
    let hashed = |columns: Option<&[String]>| keys(KeyRequest { columns, plain: false });
    let list = match request.by {
        By::Rows => return Ok(Assignment::Cuts(cuts(&request.sizes(source, rows()?)?))),
        By::RoundRobin => return Ok(Assignment::Turns(of)),
        By::Shuffle { seed, group } if group.is_empty() => {
            let rows = rows()?;
            if rows.saturating_mul(8) > request.memory() {
                let message =
                    format!("a permutation of {rows} rows does not fit into the memory that is allowed");
                return Err(SplitError::usage(
                    message,
                    "allow 8 bytes per row with `--memory`, or use `hash`",
                ));
            }
            return Ok(Assignment::shuffled(*seed, &request.sizes(source, rows)?));
        }
        By::HashRow => hash(request, hashed(None)?.as_ref())?,
        By::Hash(columns) => hash(request, hashed(Some(columns))?.as_ref())?,
        By::Group(columns) => {
            let groups = Groups::new(request.size, 0);
            listed(request, hashed(Some(columns))?.as_ref(), groups)?
        }
        By::Shuffle { seed, group } => {
            let groups = Groups::new(request.size, *seed);
            listed(request, hashed(Some(group))?.as_ref(), groups)?
        }
        By::Value(column) => {
            let columns = Some(std::slice::from_ref(column));
            listed(request, hashed(columns)?.as_ref(), Firsts::default())?
        }
        By::Stratify(columns) => listed(request, hashed(Some(columns))?.as_ref(), Strata::new(request.size))?,
        By::Range(column) => {
            let wanted = KeyRequest { columns: Some(std::slice::from_ref(column)), plain: true };
            ranges(request, source, keys(wanted)?.as_ref(), rows()?)?
        }
    };
    if list.len() as u64 == rows()? { Ok(Assignment::Listed(list)) } else { Err(source.changed()) }
}

fn hash(request: &Request, keys: &dyn Keys) -> Result<Listed, SplitError> {
    let of = request.size.partitions();
    let mut list = Listed::new(of);
    keys.partitions(of, (request.memory(), request.threads()), &mut |found| {
        list.extend(found.into_iter());
        Ok(())
    })?;
    Ok(list)
}
