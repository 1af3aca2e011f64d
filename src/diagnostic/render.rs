//! Diagnostics as text (in rustc's layout, by annotate-snippets) and as JSON lines.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;

use super::message::{Diagnostic, Label, Severity};

/// Longest line that is shown, in bytes. Of a longer one (a data dump, a minified file) only the place is given: the
/// picture would not help and could be megabytes.
const LONGEST_LINE: usize = 400;

/// `diagnostic` for a person; with ANSI colours if `colour`.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (message, place) = (clean(&diagnostic.message), bare_place(&diagnostic.labels));
    let message = if place.is_empty() { message } else { format!("{place}: {message}") };
    let texts: Vec<String> = diagnostic.labels.iter().map(|label| clean(&label.text)).collect();
    let help: Vec<String> = diagnostic.help.iter().map(|text| clean(text)).collect();
    let mut group = Group::with_title(level.primary_title(&message).id(diagnostic.code.id));
    for (i, label) in diagnostic.labels.iter().enumerate().filter(|(_, label)| shown(label)) {
        let kind = if i == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = Some(texts[i].as_str()).filter(|text| !text.is_empty());
        // Only the line itself, because the renderer indexes every line it is given.
        let (start, end) = line_bounds(label);
        let text_here = label.source.text()[start..end].trim_end_matches('\r');
        let (span, last) = (inside(label), text_here.len());
        let span = (span.start - start).min(last)..(span.end - start).min(last);
        let annotation = kind.span(span).label(text);
        let (number, _) = label.source.line_column(start);
        let line = Snippet::source(text_here).line_start(number);
        group = group.element(line.path(label.source.name()).annotation(annotation));
    }
    for text in &help {
        group = group.element(Level::HELP.message(text));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// The label's span, cut to its first line: a caret under twenty lines points nowhere.
fn inside(label: &Label) -> std::ops::Range<usize> {
    let text = label.source.text();
    let start = label.span.start.min(text.len());
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    start..label.span.end.clamp(start, line_end)
}

/// The bytes of the line where the label begins.
fn line_bounds(label: &Label) -> (usize, usize) {
    let text = label.source.text();
    let start = label.span.start.min(text.len());
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    (line_start, text[start..].find('\n').map_or(text.len(), |i| start + i))
}

fn shown(label: &Label) -> bool {
    let text = label.source.text();
    let start = label.span.start.min(text.len());
    if !text.is_char_boundary(start) || !text.is_char_boundary(inside(label).end) {
        return false;
    }
    let (line_start, line_end) = line_bounds(label);
    line_end - line_start <= LONGEST_LINE
}

/// `file:line:column` if the first label's line cannot be shown; otherwise empty.
fn bare_place(labels: &[Label]) -> String {
    match labels.first() {
        Some(label) if !shown(label) => {
            let (line, column) = label.source.line_column(label.span.start);
            format!("{}:{line}:{column}", label.source.name())
        }
        _ => String::new(),
    }
}

/// Control characters of a hostile file must not reach the terminal.
fn clean(text: &str) -> String {
    let visible = |c: char| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c };
    text.chars().map(visible).collect()
}

/// `diagnostic` as one line of JSON: `code`, `severity`, `message`, `help`, and `labels`, each with
/// `file`, `line`, `column`, `end_line`, `end_column` (from 1, in characters) and `text`.
pub fn render_json(diagnostic: &Diagnostic) -> String {
    let label = |label: &Label| {
        let (line, column) = label.source.line_column(label.span.start);
        let (end_line, end_column) = label.source.line_column(label.span.end);
        json!({
            "file": label.source.name(), "line": line, "column": column,
            "end_line": end_line, "end_column": end_column, "text": label.text,
        })
    };
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "code": diagnostic.code.id, "severity": severity, "message": diagnostic.message,
        "labels": diagnostic.labels.iter().map(label).collect::<Vec<_>>(), "help": diagnostic.help,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::super::code::codes;
    use super::*;
    use crate::source::{Source, Span};

    #[test]
    fn shows_the_line_a_caret_and_the_help() {
        let source = Source::new("expops.yaml", "a: 1\n  train evl\n");
        let diagnostic = Diagnostic::new(&codes::UNKNOWN_PROCESS, "unknown process `evl`")
            .at(&source, Span::new(13, 16), "no process has this name")
            .help("did you mean `eval`?");
        let text = render(&diagnostic, false);
        assert!(text.starts_with("error[E101]: unknown process `evl`\n"), "{text}");
        assert!(text.contains("expops.yaml:2:9"), "{text}");
        assert!(text.contains("        ^^^ no process has this name"), "{text}");
        assert!(text.contains("help: did you mean `eval`?"), "{text}");
        let json = render_json(&diagnostic);
        assert!(json.contains(r#""line":2,"column":9"#), "{json}");
    }

    #[test]
    fn a_line_too_long_to_show_is_named_by_its_place() {
        let source = Source::new("x", format!("{}é", "y".repeat(5_000)));
        let diagnostic =
            Diagnostic::new(&codes::YAML, "odd\u{1b}[31m").at(&source, Span::new(5_001, 9_000), "here");
        let text = render(&diagnostic, false);
        assert_eq!(text, "error[E001]: x:1:5001: odd\u{FFFD}[31m");
    }
}
