//! The action key: everything that an instance can observe, and nothing else. The same list is hashed and used to
//! explain a re-run, so the two cannot drift apart.

use std::collections::HashMap;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::ingredient::{Fingerprint, Ingredient};
use crate::digest::Digest;

/// Ingredients with their fingerprints, in a fixed order; each ingredient is listed once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ActionKey(Vec<(Ingredient, Fingerprint)>);

impl ActionKey {
    /// Adds an ingredient.
    pub(in crate::exec) fn add(&mut self, ingredient: Ingredient, fingerprint: Fingerprint) {
        self.0.push((ingredient, fingerprint));
    }

    /// Adds an ingredient whose fingerprint is a text.
    pub(in crate::exec) fn add_text(&mut self, ingredient: Ingredient, text: impl Into<String>) {
        self.add(ingredient, Fingerprint::Text(text.into()));
    }

    /// Adds an ingredient whose fingerprint is a digest.
    pub(in crate::exec) fn add_digest(&mut self, ingredient: Ingredient, digest: Digest) {
        self.add(ingredient, Fingerprint::Digest(digest));
    }

    /// The ingredients, in their order.
    pub(crate) fn ingredients(&self) -> &[(Ingredient, Fingerprint)] {
        &self.0
    }

    /// Whether any of its ingredients is meaningless on another machine.
    pub(in crate::exec) fn is_bound_to_this_machine(&self) -> bool {
        self.0.iter().any(|(ingredient, _)| ingredient.is_elsewhere())
    }

    /// The fingerprint of `ingredient`.
    pub(crate) fn get(&self, ingredient: &Ingredient) -> Option<&Fingerprint> {
        self.0.iter().find(|(other, _)| other == ingredient).map(|(_, fingerprint)| fingerprint)
    }

    /// The declared files and folders, and the data file, with their digests.
    pub(in crate::exec) fn files(&self) -> impl Iterator<Item = (&Utf8Path, Digest)> {
        self.0.iter().filter_map(|(ingredient, fingerprint)| match ingredient {
            Ingredient::File(path) | Ingredient::Data(path) => Some((path.as_path(), fingerprint.digest()?)),
            _ => None,
        })
    }

    /// Whether there are no ingredients.
    pub(in crate::exec) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The digest of this key and of what a run with it read; of the key alone if it read nothing.
    pub(in crate::exec) fn digest_with(&self, reads: &Self) -> Digest {
        if reads.is_empty() { self.digest() } else { Digest::of([self.encode(), reads.encode()].concat()) }
    }

    /// The digest of the canonical encoding.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.encode())
    }

    /// The canonical encoding: for each ingredient the number of its words, the words, the kind of the fingerprint and
    /// the fingerprint. Every word is preceded by its length in bytes, and all numbers have 8 bytes, so no two lists
    /// are encoded alike.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (ingredient, fingerprint) in &self.0 {
            let words = ingredient.words();
            bytes.extend((words.len() as u64).to_le_bytes());
            words.iter().for_each(|word| put(&mut bytes, word));
            match fingerprint {
                Fingerprint::Digest(digest) => {
                    put(&mut bytes, "digest");
                    put(&mut bytes, &digest.to_string());
                }
                Fingerprint::Text(text) => {
                    put(&mut bytes, "text");
                    put(&mut bytes, text);
                }
            }
        }
        bytes
    }

    /// What differs from `old`, in the order of the ingredients.
    pub(crate) fn changes(&self, old: &Self) -> Vec<Change> {
        // Who gathers a layer has an ingredient for each of its instances.
        let [before, present] =
            [old, self].map(|key| key.0.iter().map(|(i, f)| (i, f)).collect::<HashMap<_, _>>());
        let now = self.0.iter().map(|(ingredient, is)| Change {
            ingredient: ingredient.clone(),
            was: before.get(ingredient).copied().cloned(),
            is: Some(is.clone()),
        });
        let gone = old.0.iter().filter(|(ingredient, _)| !present.contains_key(ingredient));
        let gone = gone.map(|(ingredient, was)| Change {
            ingredient: ingredient.clone(),
            was: Some(was.clone()),
            is: None,
        });
        now.filter(|change| change.was != change.is).chain(gone).collect()
    }
}

fn put(bytes: &mut Vec<u8>, word: &str) {
    bytes.extend((word.len() as u64).to_le_bytes());
    bytes.extend(word.as_bytes());
}

/// One ingredient that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The ingredient.
    pub ingredient: Ingredient,
    /// What it was; `None` if it is new.
    pub was: Option<Fingerprint>,
    /// What it is; `None` if it is gone.
    pub is: Option<Fingerprint>,
}

#[cfg(test)]
pub(in crate::exec) mod tests;
