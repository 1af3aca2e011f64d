//! Sorts processes after their upstreams, or finds a cycle that prevents it.

use super::model::ProcessId;

/// The processes `0..upstreams.len()`, each after all of its upstreams and otherwise in their own order; or a
/// cycle, each process before the one that it feeds.
pub(super) fn order(upstreams: &[Vec<ProcessId>]) -> Result<Vec<ProcessId>, Vec<ProcessId>> {
    let mut downstreams = vec![Vec::new(); upstreams.len()];
    let mut waiting: Vec<usize> = upstreams.iter().map(Vec::len).collect();
    for (i, list) in upstreams.iter().enumerate() {
        list.iter().for_each(|up| downstreams[up.0].push(i));
    }
    let mut ready: std::collections::BTreeSet<usize> =
        (0..upstreams.len()).filter(|i| waiting[*i] == 0).collect();
    let mut order = Vec::new();
    while let Some(next) = ready.pop_first() {
        order.push(ProcessId(next));
        for &down in &downstreams[next] {
            waiting[down] -= 1;
            if waiting[down] == 0 {
                ready.insert(down);
            }
        }
    }
    match waiting.iter().position(|count| *count > 0) {
        None => Ok(order),
        Some(_) => Err(cycle(upstreams, &waiting)),
    }
}

/// A cycle among the processes that are still waiting. Each has an upstream that is waiting as well, so walking
/// upstream must come back to a process that was visited.
fn cycle(upstreams: &[Vec<ProcessId>], waiting: &[usize]) -> Vec<ProcessId> {
    let blocked = |id: &&ProcessId| waiting[id.0] > 0;
    let mut at = ProcessId(waiting.iter().position(|count| *count > 0).unwrap_or(0));
    let mut walked: Vec<ProcessId> = Vec::new();
    loop {
        if let Some(start) = walked.iter().position(|id| *id == at) {
            let mut cycle = walked.split_off(start);
            cycle.reverse();
            let first = (0..cycle.len()).min_by_key(|i| cycle[*i]).unwrap_or(0);
            cycle.rotate_left(first);
            return cycle;
        }
        walked.push(at);
        match upstreams[at.0].iter().find(blocked) {
            Some(up) => at = *up,
            None => return walked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(lists: &[&[usize]]) -> Vec<Vec<ProcessId>> {
        lists.iter().map(|list| list.iter().map(|i| ProcessId(*i)).collect()).collect()
    }

    #[test]
    fn keeps_the_written_order_where_it_can() {
        let found = order(&ids(&[&[2], &[], &[1]])).unwrap();
        assert_eq!(found, [1, 2, 0].map(ProcessId));
    }

    #[test]
    fn names_the_cycle_and_not_what_hangs_on_it() {
        // 0 -> 1 -> 2 -> 1, with 3 downstream.
        let found = order(&ids(&[&[], &[0, 2], &[1], &[2]])).unwrap_err();
        assert_eq!(found, [1, 2].map(ProcessId));
    }
}
