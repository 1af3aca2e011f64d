//! Some partitions after others, where all at once would hold on to too much.

use crate::split::error::SplitError;
use crate::split::produce::{Order, Product, Want};

/// Produces what is wanted: at once, or reading the file anew for some partitions after others, where all of them, which
/// hold on to `held` bytes each besides rows, would take more than half of `memory`.
pub(super) fn in_rounds(
    order: &Order,
    (held, memory): (u64, u64),
    produce: impl Fn(&Order) -> Result<Vec<Option<Product>>, SplitError>,
) -> Result<Vec<Option<Product>>, SplitError> {
    let wanted: Vec<usize> = (0..order.wants.len()).filter(|i| order.wants[*i] != Want::Skip).collect();
    let most = memory / 2 / held.max(1);
    let rounds: Vec<_> = wanted.chunks(most.max(1) as usize).collect();
    if rounds.len() <= 1 {
        return produce(order);
    }
    let progress = |bytes| (order.progress)(bytes / rounds.len() as u64);
    let mut products: Vec<_> = order.wants.iter().map(|_| None).collect();
    for round in &rounds {
        let mut wants = vec![Want::Skip; order.wants.len()];
        round.iter().for_each(|i| wants[*i] = order.wants[*i]);
        let made = produce(&Order { wants: &wants, progress: &progress, ..*order })?;
        products.iter_mut().zip(made).for_each(|(product, made)| *product = product.take().or(made));
    }
    Ok(products)
}
