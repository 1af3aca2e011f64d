//! Charts: the metrics that they probe.

use super::built;
use crate::space::{TOOLS, Tool};
use crate::step::{Pair, hold, step};

const PROJECT: &str = "
metadata: {name: metrics}
scripts: {main: src/model.py, page: src/page.js}
data: {path: rows.csv}
pipeline:
  process_adjlist: |
    rows fit
    fit use
  processes:
    - {name: rows, data_parallelism: {size: 2}}
    - {name: fit}
    - {name: use}
    - {name: plot, probe_paths: {all: \"//*[@name='fit']\"}}
    - {name: first, code: main.plot_first, probe_paths: {one: \"//*[@partition='p1']/*[@name='fit']\"}}
    - {name: steps, probe_paths: {all: \"//step[@name='train']\"}}
    - {name: page, chart_type: dynamic, code: page, probe_paths: {all: \"//step[@name='train']\"}}
";

const MODEL: &str = "
from counted import ran
from expops.core import log_metric, process, step
from expops.reporting import chart

@process()
def rows():
    ran('rows')
    return [1, 2]

@step()
def train(x):
    log_metric('loss', x * 3)

@process()
def fit(data):
    ran('fit %s' % data[0])
    train(data[0])
    log_metric('score', 4 if data[0] == 1 else 5)
    return {'value': 6, 'rest': 7}

@process()
def use(value):
    ran('use')
    return {}

@chart()
def plot(metrics):
    ran('plot')

@chart()
def plot_first(metrics):
    ran('first')

@chart()
def steps(metrics):
    ran('steps')
";

const YAML: &str = "expops.yaml";
const MAIN: &str = "src/model.py";
const FILES: &[(&str, &str)] = &[(YAML, PROJECT), (MAIN, MODEL), ("src/page.js", "draw()"), ("rows.csv", "")];

const PAIRS: &[Pair<'_>] = &[
    // Of the process, in both partitions and in one; of its step. What takes only values sleeps.
    ((MAIN, "4 if", "8 if"), "first, fit 1, fit 2, plot", (MAIN, "4 if data[0] == 1", "(4) if data[0] == 1")),
    (
        (MAIN, "else 5", "else 8"),
        "fit 1, fit 2, plot",
        (MAIN, "@chart()\ndef steps", "# Steps.\n@chart()\ndef steps"),
    ),
    (
        (MAIN, "x * 3", "x * 8"),
        "fit 1, fit 2, steps",
        (
            YAML,
            "{name: steps, probe_paths: {all: \"//step",
            "{name: steps, probe_paths: {all: \"/descendant::step",
        ),
    ),
    // Values, without metrics.
    ((MAIN, "'value': 6", "'value': 8"), "fit 1, fit 2, use, use", (YAML, "- {name: use}", "- use")),
    ((MAIN, "'rest': 7", "'rest': 8"), "fit 1, fit 2", (YAML, "- {name: fit}", "- {name: fit, code: fit}")),
    // What is probed, and under which name.
    ((YAML, "'p1'", "'p2'"), "first", (YAML, "code: main.plot_first", "type: chart, code: plot_first")),
    ((YAML, "{one:", "{other:"), "first", (YAML, "'p1'", "concat('p', '1')")),
    // The other names of several matches, `fit` and `fit__2`: with a probe for each there are none.
    (
        (
            YAML,
            "{name: plot, probe_paths: {all: \"//*[@name='fit']\"}}",
            "{name: plot, probe_paths: {\"//*[@partition='p1']/process[@name='fit']\": \"//*[@partition='p1']/*[@name='fit']\", \
             \"//*[@partition='p2']/process[@name='fit']\": \"//*[@partition='p2']/*[@name='fit']\"}}",
        ),
        "plot",
        (YAML, "{all: \"//*[@name='fit']\"}", "{all: \"/descendant::*[@name='fit']\"}"),
    ),
    // A chart is told the names of the project and of its data.
    (
        (YAML, "name: metrics", "name: other"),
        "first, plot, steps",
        (YAML, "name: metrics", "name: metrics, version: a"),
    ),
    ((YAML, "path: rows.csv", "path: src/page.js"), "first, plot, rows, steps", ("rows.txt", "", "a")),
];

#[test]
fn metrics() {
    for tool in TOOLS {
        let space = built(tool, FILES);
        hold(&space, tool, PAIRS);
        // What a page draws runs no code: its record says whether it was made again.
        let record = space.read("build/page/record.json");
        space.edit(MAIN, "else 5", "else 9");
        step(&space, tool, "a metric that the page does not probe", &["fit 1", "fit 2", "plot"]);
        assert_eq!(space.read("build/page/record.json"), record);
        space.edit("src/page.js", "draw()", "draw(1)");
        step(&space, tool, "the script of the page", &[]);
        assert_ne!(space.read("build/page/record.json"), record);
    }
}

#[test]
fn explain_leads_from_a_chart_to_who_logged_and_why() {
    let space = built(Tool::Ninja, FILES);
    space.edit("src/model.py", "x * 3", "x * 4");
    space.ran(Tool::Ninja);
    let text = space.expops(&["explain", "steps"]).success().out;
    for part in ["it last ran because", "logged by fit p1, changed", "`train` changed (src/model.py:"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains(" was "), "no digests: {text}");
}
