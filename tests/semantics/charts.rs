//! Charts of processes that are named plainly.

use serde_json::json;

use super::{built, configured, json};
use crate::space::Tool;

#[test]
fn a_chart_gets_metrics_and_keeps_every_file_that_it_writes() {
    let space = configured(
        "",
        "rows fit\nfit total",
        "
- {name: rows, data_parallelism: {size: 11}}
- {name: fit}
- {name: total, data_aggregation: true}
- {name: plot, type: chart, chart_type: static, code: main.plot, probe_paths: {each: fit, sum: total}}
- {name: pages, type: chart, chart_type: dynamic, probe_paths: {sum: total}}
",
        "
from expops.reporting import ChartContext, chart
import json

@process()
def rows():
    return list(range(11))

def fit(data):
    log_metric('value', data[0])
    return {'x': data[0]}

def total(x):
    log_metric('sum', sum(x.values()))
    return {}

@chart()
def plot(metrics, ctx: ChartContext):
    assert ctx.metrics == metrics
    (ctx.output_dir / 'seen.json').write_text(json.dumps(metrics))
    Path('about.json').write_text(json.dumps([ctx.chart_name, ctx.project_id, ctx.theme, os.getcwd() == str(ctx.output_dir)]))
",
    );
    space.write("src/pages.js", "draw()\n");
    space.edit("expops.yaml", "{main: src/main.py}", "{main: src/main.py, page: src/pages.js}");
    space.compile(Tool::Ninja).success();
    let ran = space.build(Tool::Ninja, &[]).success();
    assert!(ran.says("pages: recorded; a dynamic chart is drawn by the page that shows it"), "{}", ran.out);
    let seen = json(&space, "build/plot/files/seen.json");
    let path = |n: usize| format!("//*[@partition='p{n}']/process[@name='fit']");
    let alias = |n: usize| if n == 1 { "fit".to_owned() } else { format!("fit__{n}") };
    let expected: Vec<_> = (1..=11).map(path).chain(["sum".to_owned()]).chain((1..=11).map(alias)).collect();
    assert_eq!(seen.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(seen[path(3)], json!({"value": {"1": 2}}));
    assert_eq!(seen["fit__3"], seen[path(3)]);
    assert_eq!(seen["sum"], json!({"sum": {"1": 55}}));
    assert_eq!(json(&space, "build/plot/files/about.json"), json!(["plot", "test", "light", true]));
    let recorded = json(&space, "build/pages/files/chart.json");
    assert_eq!(recorded, json!({"script": "src/pages.js", "metrics": {"sum": {"sum": {"1": 55}}}}));
    space.nothing_to_do(Tool::Ninja);
}

#[test]
fn a_chart_in_the_adjacency_list_plots_its_upstreams() {
    let space = built(configured(
        "",
        "fit plot",
        "[{name: fit}, {name: plot, type: chart}]",
        "
import json

def fit():
    log_metric('value', 1)
    return {}

def plot(metrics):
    Path('seen.json').write_text(json.dumps(metrics))
",
    ));
    assert_eq!(json(&space, "build/plot/files/seen.json"), json!({"fit": {"value": {"1": 1}}}));
}
