//! Fingerprints in words: what an ingredient was, and what it is now.

use serde_json::Value as Json;

use crate::exec::{Change, Fingerprint, Ingredient};
use crate::numbers::Plain;

/// The longest value that is shown in full, in characters.
const SHOWN: usize = 60;

/// The ingredient, what it was, and what it is now.
pub(super) fn plain(change: &Change) -> String {
    match (&change.was, &change.is) {
        (None, Some(is)) => format!("{} is new: {}", change.ingredient, shown(is, 0)),
        (Some(_), Some(_)) => format!("{} {}", change.ingredient, was_is(change)),
        (_, None) => format!("{} is gone", change.ingredient),
    }
}

/// `was 12ab…, is 34cd…`; for something new or gone, only the half that exists.
pub(super) fn was_is(change: &Change) -> String {
    match (&change.was, &change.is) {
        (Some(was), Some(is)) => {
            let from = clear(was, is);
            format!("was {}, is {}", shown(was, from), shown(is, from))
        }
        (None, Some(is)) => format!("is new: {}", shown(is, 0)),
        (_, None) => "is gone".to_owned(),
    }
}

/// The character from which two values are shown: for long ones, a little before they differ.
fn clear(was: &Fingerprint, is: &Fingerprint) -> usize {
    let (Some(was), Some(is)) = (was.text(), is.text()) else { return 0 };
    let same = was.chars().zip(is.chars()).take_while(|(a, b)| a == b).count();
    if same + SHOWN / 3 < SHOWN { 0 } else { same - SHOWN / 3 }
}

/// A fingerprint for a message: digests are cut to 12 digits, texts start at the character `from`.
fn shown(value: &Fingerprint, from: usize) -> String {
    let text = match value {
        Fingerprint::Digest(digest) => return digest.short(),
        Fingerprint::Text(text) if text.chars().count() <= SHOWN => return text.clone(),
        Fingerprint::Text(text) => text,
    };
    let rest = text.chars().skip(from);
    let cut = if rest.clone().count() > SHOWN { "…" } else { "" };
    let dots = if from > 0 { "…" } else { "" };
    format!("{dots}{}{cut}", rest.take(SHOWN).collect::<String>())
}

/// A change whose numbers are not as they are kept, but as people write them, where it is one of a parameter.
pub(super) fn with_plain_numbers(change: Change) -> Change {
    let plain = |end: &Option<Fingerprint>| {
        let json = end.as_ref().and_then(Fingerprint::text).and_then(|text| serde_json::from_str(text).ok());
        let text = json.and_then(|json: Json| serde_json::to_string(&Plain(&json)).ok());
        text.map(Fingerprint::Text).or_else(|| end.clone())
    };
    match change.ingredient {
        Ingredient::Parameter(_) => Change { was: plain(&change.was), is: plain(&change.is), ..change },
        _ => change,
    }
}

/// A setting of a split as written in the project file: `3` for `{"equal":3}`.
pub(super) fn setting(value: &Fingerprint) -> Fingerprint {
    let json: Option<Json> = value.text().and_then(|text| serde_json::from_str(text).ok());
    let only = json.as_ref().and_then(|json| json.as_object()?.values().next());
    only.map_or_else(|| value.clone(), |only| Fingerprint::Text(only.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_short_and_where_they_differ() {
        let text = |text: &str| Some(Fingerprint::Text(text.to_owned()));
        let say = |was, is| plain(&Change { ingredient: Ingredient::Parameter("rate".to_owned()), was, is });
        assert_eq!(say(text("1"), text("2")), "parameter rate was 1, is 2");
        assert_eq!(say(None, text("2")), "parameter rate is new: 2");
        assert_eq!(say(text("1"), None), "parameter rate is gone");
        let kept = Change {
            ingredient: Ingredient::Parameter("rate".to_owned()),
            was: text(r#"[{"$float":"nan"}]"#),
            is: text(r#"{"$int":"18446744073709551617"}"#),
        };
        let said = plain(&with_plain_numbers(kept));
        assert_eq!(said, r#"parameter rate was ["NaN"], is 18446744073709551617"#);
        let long = "x".repeat(100);
        let said = say(text(&format!("{long}1")), text(&format!("{long}2")));
        assert_eq!(said, format!("parameter rate was …{0}1, is …{0}2", "x".repeat(20)));
    }
}
