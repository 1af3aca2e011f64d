//! Wording that all messages share: the nearest name, counts, lists.

/// Of `names`, the one that a person who wrote `word` most likely meant: at most a third of its
/// characters differ (insertions, deletions, replacements and swaps of neighbours count one each).
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let by_distance = |name: &'a str| (distance(&word.to_lowercase(), &name.to_lowercase()), name);
    let (distance, name) = names.into_iter().map(by_distance).min_by_key(|(d, _)| *d)?;
    (distance <= limit).then_some(name)
}

/// Optimal string alignment distance (Damerau-Levenshtein without repeated edits of one substring).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(200).collect(), b.chars().take(200).collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// "`a`, `b` and `c`"; the names in the order given, at most eight of them.
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
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(plural(1, "row"), "1 row");
    }
}
