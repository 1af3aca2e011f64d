//! Wording shared by all messages: the nearest name, counts, lists.

/// The one of `names` that a person who wrote `word` most likely meant: at most a third of its characters differ
/// (insertions, deletions, replacements and swaps of neighbours count as one each).
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let word = folded(word);
    let by_distance = |name: &'a str| (strsim::osa_distance(&word, &folded(name)), name);
    let mut found: Vec<_> = names.into_iter().map(by_distance).collect();
    found.sort_by_key(|(distance, _)| *distance);
    let (distance, nearest) = *found.first()?;
    let shortened = || found.iter().find(|(_, name)| is_short_for(&word, &folded(name)));
    if distance <= limit { Some(nearest) } else { shortened().map(|(_, name)| *name) }
}

/// Whether `word` is `name` cut short (`desc`), or with letters left out between its first and its last (`params`, `cmd`).
fn is_short_for(word: &str, name: &str) -> bool {
    let mut rest = name.chars();
    let has_its_letters = word.chars().all(|letter| rest.any(|other| other == letter));
    let ends = |text: &str| (text.chars().next(), text.chars().last());
    word.chars().count() > 2 && (name.starts_with(word) || (has_its_letters && ends(word) == ends(name)))
}

/// The form in which names are compared: lower case, and cut to a length that a person would still read.
fn folded(name: &str) -> String {
    name.chars().take(200).flat_map(char::to_lowercase).collect()
}

/// "`a`, `b` and `c`"; the names in the given order, at most eight of them.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        many if many.len() > 8 => format!("{} and {} more", many[..8].join(", "), many.len() - 8),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// "1 row", "2 rows".
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_slips_and_not_strangers() {
        let names = ["train", "evaluate", "load"];
        assert_eq!(nearest("trian", names), Some("train"));
        assert_eq!(nearest("evalute", names), Some("evaluate"));
        assert_eq!(nearest("aggregate", names), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest("params", ["name", "parameters"]), Some("parameters"));
        assert_eq!(nearest("cmd", ["code", "command"]), Some("command"));
        assert_eq!(nearest("desc", ["description"]), Some("description"));
        assert_eq!(nearest("rot", ["report"]), Some("report"));
        assert_eq!(nearest("ro", ["report"]), None);
        assert_eq!(nearest("foo", ["following"]), None);
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(plural(1, "row"), "1 row");
    }
}
