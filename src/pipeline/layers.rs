//! Which layers each process lives in, which split opens them and which aggregation closes them. Works on
//! stacks alone: the same rules serve data layers and seed layers.

use super::model::{Closes, LayerId, ProcessId, Stacks};

/// Two upstreams whose stacks do not nest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unrelated {
    /// The upstreams.
    pub(super) upstreams: [ProcessId; 2],
    /// The first layers in which they differ.
    pub(super) layers: [LayerId; 2],
}

/// The deepest of `stacks`, if the others are prefixes of it.
fn join(stacks: &[(ProcessId, &[LayerId])]) -> Result<Vec<LayerId>, Unrelated> {
    let mut deepest: Option<(ProcessId, &[LayerId])> = None;
    for &(upstream, stack) in stacks {
        let Some((other, most)) = deepest else {
            deepest = Some((upstream, stack));
            continue;
        };
        if let Some(i) = (0..stack.len().min(most.len())).find(|i| stack[*i] != most[*i]) {
            return Err(Unrelated { upstreams: [other, upstream], layers: [most[i], stack[i]] });
        }
        if stack.len() > most.len() {
            deepest = Some((upstream, stack));
        }
    }
    Ok(deepest.map_or_else(Vec::new, |(_, stack)| stack.to_vec()))
}

/// The place of a process whose upstreams have the given outlets, and the layers that it closes. `close` says
/// whether it is a data aggregation and whether it is a seed aggregation.
pub(super) fn place(
    outlets: &[(ProcessId, Stacks)],
    close: (bool, bool),
) -> Result<(Stacks, Closes), Vec<Unrelated>> {
    let of = |stack: fn(&Stacks) -> &[LayerId]| {
        join(&outlets.iter().map(|(id, place)| (*id, stack(place))).collect::<Vec<_>>())
    };
    match (of(|place| &place.data), of(|place| &place.seed)) {
        (Ok(data), Ok(seed)) => {
            let mut place = Stacks { data, seed };
            let closes = Closes {
                data: if close.0 { place.data.pop() } else { None },
                seed: if close.1 { place.seed.pop() } else { None },
            };
            Ok((place, closes))
        }
        (data, seed) => Err([data.err(), seed.err()].into_iter().flatten().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlet(id: usize, data: &[usize], seed: &[usize]) -> (ProcessId, Stacks) {
        let layers = |list: &[usize]| list.iter().map(|i| LayerId(*i)).collect();
        (ProcessId(id), Stacks { data: layers(data), seed: layers(seed) })
    }

    #[test]
    fn the_shallower_upstream_is_broadcast() {
        let (place, closes) =
            place(&[outlet(0, &[1, 2], &[]), outlet(1, &[1], &[7])], (false, false)).unwrap();
        assert_eq!(place, outlet(0, &[1, 2], &[7]).1);
        assert_eq!(closes, Closes::default());
    }

    #[test]
    fn an_aggregation_pops_the_latest_of_each_kind_it_names() {
        let (found, closes) = place(&[outlet(0, &[1, 2], &[7])], (true, true)).unwrap();
        assert_eq!(found, outlet(0, &[1], &[]).1);
        assert_eq!(closes, Closes { data: Some(LayerId(2)), seed: Some(LayerId(7)) });
    }

    #[test]
    fn branches_of_one_layer_do_not_join() {
        let found = place(&[outlet(0, &[1, 2], &[]), outlet(1, &[1, 3], &[])], (true, false)).unwrap_err();
        let expected = Unrelated { upstreams: [0, 1].map(ProcessId), layers: [2, 3].map(LayerId) };
        assert_eq!(found, [expected]);
    }
}
