//! The page: one file with the document, our script, and the scripts of dynamic charts. Its policy lists each script by
//! digest, so that nothing else runs, and forbids it to load anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::document::Document;
use super::module;
use crate::diagnostic::plural;

const TEMPLATE: &str = include_str!("../../templates/report.html.j2");
const STYLE: &str = include_str!("../../templates/report/page.css");
/// The script of the page, in parts that share a scope.
const SCRIPT: [&str; 11] = [
    include_str!("../../templates/report/dom.js"),
    include_str!("../../templates/report/model.js"),
    include_str!("../../templates/report/plot.js"),
    include_str!("../../templates/report/graph.js"),
    include_str!("../../templates/report/grid.js"),
    include_str!("../../templates/report/panel.js"),
    include_str!("../../templates/report/build.js"),
    include_str!("../../templates/report/metrics.js"),
    include_str!("../../templates/report/charts.js"),
    include_str!("../../templates/report/live.js"),
    include_str!("../../templates/report/main.js"),
];
/// The script that a dynamic chart finds in its frame.
const FRAME: &str = include_str!("../../templates/report/frame.js");

/// Third-party libraries that a page may need; expops includes none of them.
#[derive(Debug, Default)]
pub(crate) struct Libraries {
    /// Chart.js, in the form that defines a global `Chart`.
    pub chart_js: Option<String>,
}

/// What is in the page besides the document.
#[derive(Serialize)]
struct Assets<'a> {
    frame: &'a str,
    chart_js: Option<&'a str>,
    is_live: bool,
}

/// The page for `document`; if `is_live`, it polls its server for news.
pub(crate) fn page(document: &Document, libraries: &Libraries, is_live: bool) -> String {
    let script = format!("(() => {{\n\"use strict\";\n{}}})();\n", SCRIPT.concat());
    let frame = module::inline(FRAME);
    let modules = document.charts.iter().filter_map(|chart| chart.script.as_ref());
    let needs_chart_js = modules.clone().any(|script| script.needs_chart_js);
    let chart_js = libraries.chart_js.as_deref().filter(|_| needs_chart_js);
    let chart_js = chart_js.map(|text| module::inline(&text.replace("\r\n", "\n").replace('\r', "\n")));
    let mut allowed = vec![script.as_str()];
    let modules: Vec<&str> = modules.filter_map(|script| script.module.as_deref()).collect();
    if !modules.is_empty() {
        allowed.push(&frame);
        allowed.extend(&modules);
        allowed.extend(chart_js.as_deref());
    }
    let assets = Assets { frame: &frame, chart_js: chart_js.as_deref(), is_live };
    render(context! {
        policy => policy(&allowed, modules.is_empty(), is_live),
        title => text(&format!("{} – expops", document.project.name)),
        // What is seen while a large document is read.
        name => text(&document.project.name),
        size => plural(document.instances.len(), "instance"),
        style => STYLE,
        document => data(document),
        assets => data(&assets),
        script => script,
    })
}

fn render(context: minijinja::Value) -> String {
    // The values are already escaped for their places, by `text` and `data`.
    let rendered = Environment::new().render_str(TEMPLATE, context);
    rendered.unwrap_or_else(|error| panic!("a template of expops is faulty: {error:#}"))
}

/// The page's policy. Charts may set styles freely; without charts, only our own style is allowed.
fn policy(scripts: &[&str], is_strict: bool, is_live: bool) -> String {
    let hash = |text: &&str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let scripts: Vec<String> = scripts.iter().map(hash).collect();
    let style = if is_strict { hash(&STYLE) } else { "'unsafe-inline'".to_owned() };
    let connect = if is_live { "'self'" } else { "'none'" };
    let images = if is_live { "data: 'self'" } else { "data:" };
    format!(
        "default-src 'none'; script-src {}; style-src {style}; img-src {images}; connect-src {connect}; \
         base-uri 'none'; form-action 'none'",
        scripts.join(" ")
    )
}

/// Data between `<script>` tags: nothing in it can look like a tag.
fn data(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c")
}

/// Text in an element.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_ours_ends_a_script_and_every_script_is_allowed() {
        let all = SCRIPT.concat() + FRAME;
        assert!(!all.to_lowercase().contains("</script") && !all.contains("<!--"));
        assert!(policy(&["a", "b"], true, false).matches("'sha256-").count() == 3);
        assert!(policy(&["a"], false, true).contains("connect-src 'self'"));
    }
}
