use proptest::prelude::*;

use super::*;
use crate::arm::Arm;
use crate::exec::key::ingredient::{InputPath, Root, Rooted, SplitField};
use crate::exec::state::record::Record;

/// Words that look like parts of other words.
pub(in crate::exec) fn word() -> impl Strategy<Value = String> {
    let alike =
        ["", "x", "x data1", "x p1", "data1", "p1", "p1 p2", "input", "text", "digest", "\0", "\u{1}\0\0"];
    prop_oneof![3 => prop::sample::select(alike.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

fn arm() -> impl Strategy<Value = Arm> {
    prop_oneof![(1..3u64).prop_map(Arm::Partition), (0..3u64).prop_map(Arm::Seed)]
}

fn arms() -> impl Strategy<Value = Vec<Arm>> {
    prop::collection::vec(arm(), 0..3)
}

fn rooted() -> impl Strategy<Value = Rooted> {
    let root = [Root::Project, Root::Input, Root::Environment, Root::Home, Root::Other];
    (prop::sample::select(root.to_vec()), word()).prop_map(|(root, path)| Rooted { root, path: path.into() })
}

fn ingredient() -> impl Strategy<Value = Ingredient> {
    let input = || (word(), arms()).prop_map(|(key, arms)| InputPath { key, arms });
    let field = [SplitField::Size, SplitField::By, SplitField::DataName, SplitField::Seeds];
    let single = [
        Ingredient::Format,
        Ingredient::Instance,
        Ingredient::Seed,
        Ingredient::Project,
        Ingredient::Command,
        Ingredient::Outputs,
        Ingredient::Python,
        Ingredient::Packages,
    ];
    prop_oneof![
        prop::sample::select(single.to_vec()),
        word().prop_map(Ingredient::Parameter),
        word().prop_map(Ingredient::DataPath),
        prop::sample::select(field.to_vec()).prop_map(Ingredient::Split),
        input().prop_map(Ingredient::Input),
        input().prop_map(Ingredient::InputName),
        word().prop_map(|path| Ingredient::File(path.into())),
        word().prop_map(|path| Ingredient::Data(path.into())),
        word().prop_map(|path| Ingredient::ChartScript(path.into())),
        (word(), word()).prop_map(|(script, function)| Ingredient::Code { script: script.into(), function }),
        (word(), word(), prop::option::of(word())).prop_map(|(key, instance, step)| Ingredient::Metrics {
            key,
            instance,
            step
        }),
        rooted().prop_map(Ingredient::ReadFile),
        rooted().prop_map(Ingredient::ReadFolder),
        rooted().prop_map(Ingredient::Absent),
        word().prop_map(Ingredient::Alias),
        word().prop_map(|path| Ingredient::Written(path.into())),
        word().prop_map(Ingredient::Variable),
        (word(), arms()).prop_map(|(process, arms)| Ingredient::Failed { process, arms }),
    ]
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    let digest = || word().prop_map(Digest::of);
    prop_oneof![
        word().prop_map(Fingerprint::Text),
        digest().prop_map(Fingerprint::Digest),
        digest().prop_map(|digest| Fingerprint::Text(digest.to_string())),
    ]
}

fn key() -> impl Strategy<Value = ActionKey> {
    prop::collection::vec((ingredient(), fingerprint()), 0..4).prop_map(ActionKey)
}

/// Decodes an encoded list: the words of each ingredient, and the two of its fingerprint.
fn decode(mut bytes: &[u8]) -> Vec<Vec<String>> {
    fn number(bytes: &mut &[u8]) -> usize {
        let (first, rest) = bytes.split_first_chunk().expect("a number");
        *bytes = rest;
        usize::try_from(u64::from_le_bytes(*first)).unwrap()
    }
    fn word(bytes: &mut &[u8]) -> String {
        let length = number(bytes);
        let (word, rest) = bytes.split_at(length);
        *bytes = rest;
        String::from_utf8(word.to_vec()).unwrap()
    }
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let count = number(&mut bytes) + 2;
        all.push((0..count).map(|_| word(&mut bytes)).collect());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// What can be decoded is not the encoding of two different lists.
    #[test]
    fn an_encoded_list_can_be_taken_apart(key in key()) {
        let parts = key.0.iter().map(|(ingredient, fingerprint)| {
            let [kind, text] = match fingerprint {
                Fingerprint::Digest(digest) => ["digest".to_owned(), digest.to_string()],
                Fingerprint::Text(text) => ["text".to_owned(), text.clone()],
            };
            [ingredient.words(), vec![kind, text]].concat()
        });
        prop_assert_eq!(decode(&key.encode()), parts.collect::<Vec<_>>());
    }

    #[test]
    fn two_ingredients_never_have_the_same_words(a in ingredient(), b in ingredient()) {
        prop_assert_eq!(a.words() == b.words(), a == b);
    }

    #[test]
    fn two_lists_never_have_one_digest(a in key(), b in key()) {
        prop_assert_eq!(a.digest() == b.digest(), a == b);
    }

    #[test]
    fn a_record_comes_back(key in key()) {
        let record = Record::new(key, ActionKey::default());
        let text = serde_json::to_string_pretty(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }

    #[test]
    fn changes_lead_from_one_list_to_the_other(a in key(), b in key()) {
        // Each ingredient is listed once.
        let once = |key: ActionKey| {
            let mut all = ActionKey::default();
            for (ingredient, fingerprint) in key.0 {
                if all.get(&ingredient).is_none() {
                    all.add(ingredient, fingerprint);
                }
            }
            all
        };
        let (old, new) = (once(a), once(b));
        let changes = new.changes(&old);
        for change in &changes {
            prop_assert_eq!(old.get(&change.ingredient), change.was.as_ref());
            prop_assert_eq!(new.get(&change.ingredient), change.is.as_ref());
            prop_assert_ne!(&change.was, &change.is);
        }
        for (ingredient, _) in old.0.iter().chain(&new.0) {
            let is_told = changes.iter().any(|change| change.ingredient == *ingredient);
            prop_assert_eq!(is_told, old.get(ingredient) != new.get(ingredient));
        }
    }
}

#[test]
fn a_record_of_another_version_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = crate::layout::Folder(camino::Utf8PathBuf::try_from(folder.path().to_owned()).unwrap());
    let record = Record::new(ActionKey::default(), ActionKey::default());
    record.write(&folder).unwrap();
    assert_eq!(Record::read(&folder), Some(record));
    let text = std::fs::read_to_string(folder.record()).unwrap();
    std::fs::write(folder.record(), text.replace("\"version\": 2", "\"version\": 3")).unwrap();
    assert_eq!(Record::read(&folder), None);
    // As version 0.1 wrote it.
    let digest = Digest::of("");
    std::fs::write(folder.record(), format!(r#"{{"key": "{digest}", "observed": {{"format": "1"}}}}"#))
        .unwrap();
    assert_eq!(Record::read(&folder), None);
}
