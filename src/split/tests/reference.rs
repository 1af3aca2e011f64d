//! Splitting as a person would explain it: all in memory, one character at a time.

use crate::size::Size;
use crate::split::partition_rows;

/// The rows, and what surrounds them in every partition.
pub(super) struct Rows {
    pub(super) header: Vec<u8>,
    pub(super) rows: Vec<Vec<u8>>,
    /// What precedes the first row, in the first partition only.
    pub(super) gap: Vec<u8>,
}

/// The partitions of contiguous rows.
pub(super) fn contiguous(rows: &Rows, size: &Size) -> Option<Vec<Vec<u8>>> {
    let counts = partition_rows(size, rows.rows.len() as u64).ok()?;
    let mut left = rows.rows.iter();
    let parts = counts.iter().enumerate().map(|(i, count)| {
        let mut part = rows.header.clone();
        if i == 0 {
            part.extend(&rows.gap);
        }
        left.by_ref().take(*count as usize).for_each(|row| part.extend(row));
        part
    });
    Some(parts.collect())
}

/// The rows of a CSV text; `None` if it is malformed.
pub(super) fn csv(text: &[u8], delimiter: u8) -> Option<Rows> {
    if text.contains(&0) {
        return None;
    }
    let mut at = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut lines: Vec<(usize, usize, usize)> = Vec::new();
    while at < text.len() {
        // In a file with one column, it is a row whose value is missing.
        let blank_is_row = lines.first().is_some_and(|(_, _, columns)| *columns == 1);
        if let Some(blank) = line_end(&text[at..]).filter(|_| !blank_is_row) {
            at += blank;
        } else {
            let (end, fields) = csv_row(text, at, delimiter)?;
            lines.push((at, end, fields));
            at = end;
        }
    }
    let (_, header, columns) = *lines.first()?;
    if lines.iter().any(|(_, _, fields)| *fields != columns) {
        return None;
    }
    // A row extends to where the next begins: blank lines belong to the row that they follow.
    let starts: Vec<usize> = lines[1..].iter().map(|line| line.0).chain([text.len()]).collect();
    let rows = starts.windows(2).map(|pair| text[pair[0]..pair[1]].to_vec()).collect();
    Some(Rows { header: text[..header].to_vec(), rows, gap: text[header..starts[0]].to_vec() })
}

/// The length of the line end that `text` begins with.
fn line_end(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// The end of the row at `at`, and its number of fields.
fn csv_row(text: &[u8], mut at: usize, delimiter: u8) -> Option<(usize, usize)> {
    let mut fields = 1;
    loop {
        if text.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match (text.get(at)?, text.get(at + 1)) {
                    (b'"', Some(b'"')) => at += 2,
                    (b'"', _) => break at += 1,
                    _ => at += 1,
                }
            }
        } else {
            while at < text.len() && text[at] != delimiter && text[at] != b'\n' && text[at] != b'\r' {
                at += 1;
            }
        }
        if at == text.len() {
            return Some((at, fields));
        }
        if let Some(len) = line_end(&text[at..]) {
            return Some((at + len, fields));
        }
        if text[at] != delimiter {
            return None;
        }
        at += 1;
        fields += 1;
    }
}

/// The lines of a text, each with its line feed.
pub(super) fn lines(text: &[u8]) -> Rows {
    let rows = text.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    Rows { header: Vec::new(), rows, gap: Vec::new() }
}

/// The rows of JSON Lines; `None` if one is not JSON.
pub(super) fn json_lines(text: &[u8]) -> Option<Rows> {
    let bom = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut rows = Rows { header: text[..bom].to_vec(), rows: Vec::new(), gap: Vec::new() };
    for line in text[bom..].split_inclusive(|b| *b == b'\n') {
        let line_text = std::str::from_utf8(line).ok()?;
        if line_text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            rows.rows.last_mut().unwrap_or(&mut rows.gap).extend(line);
            continue;
        }
        serde_json::from_str::<serde::de::IgnoredAny>(line_text).ok()?;
        rows.rows.push(line.to_vec());
    }
    Some(rows)
}

/// The elements of a JSON array; `None` if the text is not one.
pub(super) fn json_array(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let elements: Vec<&serde_json::value::RawValue> = serde_json::from_slice(text).ok()?;
    Some(elements.into_iter().map(|element| element.get().as_bytes().to_vec()).collect())
}
