//! Prepares the JavaScript modules of charts for a frame without an origin: nothing can be imported there, so the
//! import of `/mlops-charts.js` becomes a constant.

/// What charts import.
const LIBRARY: &str = "/mlops-charts.js";

/// What replaces it in a frame.
const GLOBAL: &str = "globalThis.expopsCharts";

/// Whether a script mentions a global.
pub(super) fn uses(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(|c| is_word(c) || c == '.');
        let after = text[at + name.len()..].chars().next().is_some_and(is_word);
        !before && !after
    })
}

/// A module as the text of an inline `<script type="module">`.
///
/// # Errors
/// If it imports anything else; one sentence.
pub(super) fn for_frame(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, clause, name, after)) = next_import(rest) {
        out += before;
        if name != LIBRARY {
            return Err(format!("it imports `{name}`, and a chart can import `{LIBRARY}` alone"));
        }
        out += &constant(clause);
        rest = after;
    }
    Ok(inline(&(out + rest)))
}

/// A script between tags: what would end it there is respelled with the same meaning in strings and regular
/// expressions.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        out += before;
        let tag = from.get(..8).map(str::to_ascii_lowercase).unwrap_or_default();
        let (written, length) = match () {
            () if from.starts_with("<!--") => ("<\\!--", 4),
            () if tag == "</script" => ("<\\/", 2),
            () if tag.starts_with("<script") => ("<\\x73", 2),
            () => ("<", 1),
        };
        out += written;
        rest = &from[length..];
    }
    out + rest
}

/// The next import statement: what comes before it, what it imports, from where, and what comes after it. A statement
/// starts at the beginning of a line.
fn next_import(text: &str) -> Option<(&str, &str, &str, &str)> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset + line.len() - line.trim_start().len();
        offset += line.len();
        let Some(behind) = text[start..].strip_prefix("import").filter(|behind| begins_clause(behind)) else {
            continue;
        };
        let quote = behind.find(['\'', '"'])?;
        let mark = &behind[quote..=quote];
        let inside = &behind[quote + 1..];
        let end = inside.find(mark)?;
        let clause = behind[..quote].trim().trim_end_matches("from").trim();
        return Some((&text[..start], clause, &inside[..end], &inside[end + 1..]));
    }
    None
}

fn begins_clause(behind: &str) -> bool {
    behind.starts_with(|c: char| c.is_whitespace() || matches!(c, '{' | '*' | '\'' | '"'))
}

/// `{ chart as draw }` as a destructuring constant, `* as charts` or `charts` as a constant for the whole.
fn constant(clause: &str) -> String {
    if clause.is_empty() {
        return String::new();
    }
    match clause.strip_prefix('*').and_then(|rest| rest.trim().strip_prefix("as ")) {
        Some(name) => format!("const {} = {GLOBAL}", name.trim()),
        None => format!("const {} = {GLOBAL}", clause.replace(" as ", ": ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_import_of_the_library_becomes_a_constant() {
        let written = |text: &str| for_frame(text).unwrap();
        assert_eq!(
            written("import { chart } from '/mlops-charts.js';\nchart('a', f);\n"),
            "const { chart } = globalThis.expopsCharts;\nchart('a', f);\n"
        );
        assert_eq!(
            written("import{chart as c,\n  other} from \"/mlops-charts.js\"\r\n"),
            "const {chart: c,\n  other} = globalThis.expopsCharts\n"
        );
        assert_eq!(written("import * as m from '/mlops-charts.js';"), "const m = globalThis.expopsCharts;");
        assert_eq!(
            written("const important = 'import x from y';\n"),
            "const important = 'import x from y';\n"
        );
        assert!(for_frame("import x from 'https://example.org/x.js'").unwrap_err().contains("example.org"));
    }

    #[test]
    fn nothing_in_a_script_ends_it() {
        let text = inline("a = '</script><SCRIPT><!-- <b> </ScRiPt >'");
        assert!(!text.to_lowercase().contains("</script") && !text.to_lowercase().contains("<script"));
        assert!(!text.contains("<!--") && text.contains("<b>"));
    }

    #[test]
    fn a_global_is_a_word_of_its_own() {
        assert!(uses("new Chart(x)", "Chart"));
        assert!(!uses("chart(x); MyChart(x); ctx.Chart; Charts", "Chart"));
    }
}
