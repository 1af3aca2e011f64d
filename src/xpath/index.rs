//! Indexes of a document by name, each built once, when it is first needed. Knows nothing of expressions.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::document::{Document, NodeKind};

/// How many full scans it takes before an index is worth building.
const SCANS: u32 = 3;

/// The indexes of one document.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    by_name: OnceLock<Groups>,
    by_value: OnceLock<Groups>,
    /// How many times the attributes have been scanned.
    scans: AtomicU32,
    /// How many nodes have been visited one by one for lack of an index.
    looked: AtomicU64,
    ids: OnceLock<HashMap<u32, u32>>,
}

/// Numbers grouped by a key, in ascending order within each group.
#[derive(Debug)]
struct Groups {
    /// Where the group of each key begins; one entry more than there are keys.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Groups {
    /// A counting sort: linear in the number of keys and members.
    fn new(keys: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; keys + 1];
        for (key, _) in pairs.clone() {
            starts[key as usize + 1] += 1;
        }
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut members = vec![0; starts[keys] as usize];
        for (key, member) in pairs {
            members[next[key as usize] as usize] = member;
            next[key as usize] += 1;
        }
        Self { starts, members }
    }

    fn get(&self, key: u32) -> &[u32] {
        &self.members[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

impl Document {
    /// Makes the next query build the indexes.
    pub(super) fn expect_questions(&self) {
        self.indexes().scans.store(SCANS, Ordering::Relaxed);
        self.indexes().looked.store(u64::MAX / 2, Ordering::Relaxed);
    }

    /// Counts nodes that were visited one by one.
    pub(super) fn note_scan(&self, looked: u32) {
        self.indexes().looked.fetch_add(u64::from(looked), Ordering::Relaxed);
    }

    /// The elements called by the name with the number `name`, if the index of names has been built or enough
    /// nodes have been visited without it that it is time to build it; else `None`, and the caller visits
    /// `range` nodes.
    pub(super) fn elements_named(&self, name: u32, range: u32) -> Option<&[u32]> {
        let indexes = self.indexes();
        if indexes.by_name.get().is_none() {
            let looked = indexes.looked.fetch_add(u64::from(range), Ordering::Relaxed);
            if looked < u64::from(SCANS) * self.nodes.len() as u64 {
                return None;
            }
        }
        let groups = indexes.by_name.get_or_init(|| {
            let named = self.nodes.iter().zip(&self.kinds).enumerate();
            let pairs = named
                .filter(|(_, (_, kind))| **kind == NodeKind::Element)
                .map(|(index, (node, _))| (node.name, index as u32));
            Groups::new(self.names.len(), pairs)
        });
        Some(groups.get(name))
    }

    /// The elements between the nodes `from` and `to` whose attribute `name` has the value `value` (both by
    /// number), in document order.
    pub(super) fn elements_with(&self, name: u32, value: u32, from: u32, to: u32) -> Vec<u32> {
        let indexes = self.indexes();
        let is_wide = (to - from) as usize * 4 > self.nodes.len();
        let wants_index = is_wide && indexes.scans.fetch_add(1, Ordering::Relaxed) >= SCANS;
        if indexes.by_value.get().is_none() && !wants_index {
            let first = self.attributes.partition_point(|attribute| attribute.owner < from);
            return self.attributes[first..]
                .iter()
                .take_while(|attribute| attribute.owner < to)
                .filter(|attribute| attribute.name == name && attribute.value == value)
                .map(|attribute| attribute.owner)
                .collect();
        }
        let groups = indexes.by_value.get_or_init(|| {
            let numbered = self.attributes.iter().enumerate();
            Groups::new(self.values.len(), numbered.map(|(index, a)| (a.value, index as u32)))
        });
        let group = groups.get(value);
        let owner = |index: &u32| self.attributes[*index as usize].owner;
        let first = group.partition_point(|index| owner(index) < from);
        group[first..]
            .iter()
            .take_while(|index| owner(index) < to)
            .filter(|index| self.attributes[**index as usize].name == name)
            .map(owner)
            .collect()
    }

    /// The element with the ID `value`: the first one with this `xml:id`.
    pub(super) fn element_by_id(&self, value: &str) -> Option<u32> {
        let ids = self.indexes().ids.get_or_init(|| {
            let Some(name) = self.names.find("xml:id") else { return HashMap::new() };
            let mut ids = HashMap::new();
            for attribute in self.attributes.iter().filter(|attribute| attribute.name == name) {
                ids.entry(attribute.value).or_insert(attribute.owner);
            }
            ids
        });
        ids.get(&self.values.find(value)?).copied()
    }
}
