//! Charts, metrics and queries over two data layers and a seed layer.

use std::fs;

use serde_json::Value as Json;

use crate::space::{Space, TOOLS, Tool};

const MODEL: &str = "
import os
import random
from expops.core import log_metric, process, step

def ran(name):
    root = os.environ.get('EXPOPS_PROJECT_ROOT')
    if root:
        with open(root + '/.ran.log', 'a') as log:
            log.write(name + '\\n')

@process()
def load():
    return {'rows': [[i, i * i % 17] for i in range(12)]}

@step()
def fit_line(rows, seed):
    for i, row in enumerate(rows):
        log_metric('loss', row[1] / (i + 1 + seed))
    return sum(row[1] for row in rows)

@process()
def train(rows, random_seed):
    ran('train')
    total = fit_line(rows, random_seed)
    log_metric('score', total + random_seed)
    log_metric('kind', 'linear')
    return {'model': total, 'noise': NOISE}

@process()
def inner_summary(model):
    return {'inner': model}

@process()
def seed_summary(inner):
    return {'seeds': inner}

@process()
def summary(seeds):
    log_metric('partitions', len(seeds))
    return {'all': seeds}

NOISE = 1
";

const CHARTS: &str = "
import os
from expops.reporting import ChartContext, chart

def ran(name):
    with open(os.environ['EXPOPS_PROJECT_ROOT'] + '/.ran.log', 'a') as log:
        log.write(name + '\\n')

@chart()
def one(metrics, ctx: ChartContext):
    ran('one')
    (ctx.output_dir / 'one.txt').write_text(repr(metrics))

@chart()
def many(metrics):
    import matplotlib.pyplot as plt
    ran('many')
    figure, axes = plt.subplots()
    axes.bar(range(len(metrics)), [list(m['score'].values())[-1] for m in metrics.values()])
    axes.set_title('%d instances' % len(metrics))
    plt.savefig('many.png')
    with open('many.txt', 'w') as file:
        file.write('\\n'.join(metrics))

@chart()
def steps(metrics, ctx):
    ran('steps')
    with open('steps.txt', 'w') as file:
        file.write(repr(metrics))
";

const PROJECT: &str = "
metadata: {name: charts}
scripts: {main: src/model.py, reporting: src/charts.py, page: src/page.js}
pipeline:
  process_adjlist: |
    load outer
    outer inner
    inner seeds
    seeds train
    train inner_summary
    inner_summary seed_summary
    seed_summary summary
  processes:
    - name: load
    - name: outer
      data_parallelism: {size: 2, data_name: rows}
    - name: inner
      data_parallelism: {size: 2, data_name: rows}
    - name: seeds
      seed_parallelism: {seeds: [41, 42]}
    - name: train
    - name: inner_summary
      data_aggregation: true
    - name: seed_summary
      seed_aggregation: true
    - name: summary
      data_aggregation: true
    - name: one
      type: chart
      code: reporting.one
      probe_paths: {summary: \"//*[@name='summary']\"}
    - name: many
      code: reporting.many
      probe_paths: {all: \"//*[@name='train']\"}
    - name: steps
      code: reporting.steps
      probe_paths:
        p1: \"//*[@partition='p1']/*[@partition='p2']/*[@seed='41']/*[@name='train']/step[@name='fit_line']\"
    - name: page
      chart_type: dynamic
      code: page.draw
      probe_paths: {all: train}
";

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", MODEL);
    space.write("src/charts.py", CHARTS);
    space.write("src/page.js", "export function draw() {}\n");
    space
}

#[test]
fn charts_get_what_they_probe_under_both_tools() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        let built = space.build(tool, &[]).success();
        assert!(built.says("page: recorded"), "{}", built.out);
        assert!(space.read("build/one/files/one.txt").starts_with("{'summary': {'partitions': {'1': 2"));
        let many = space.read("build/many/files/many.txt");
        let (paths, names): (Vec<_>, Vec<_>) = many.lines().partition(|key| key.starts_with('/'));
        let first = "//*[@partition='p1']/*[@partition='p1']/*[@seed='41']/process[@name='train']";
        assert_eq!((paths.len(), many.lines().next()), (8, Some(first)));
        assert_eq!(names[..2], ["train", "train__2"]);
        assert_eq!(names[2..], [3, 4, 5, 6, 7, 8].map(|n| format!("train__{n}")));
        assert!(space.read("build/steps/files/steps.txt").starts_with("{'p1': {'loss': {'1':"));
        assert!(fs::metadata(space.path("build/many/files/many.png")).unwrap().len() > 1_000);
        let recorded: Json = serde_json::from_str(&space.read("build/page/files/chart.json")).unwrap();
        assert_eq!(recorded["metrics"].as_object().unwrap().len(), 8);
        space.nothing_to_do(tool);
    }
}

#[test]
fn a_chart_runs_again_for_its_metrics_and_for_nothing_else() {
    for tool in TOOLS {
        let space = project();
        space.compile(tool).success();
        space.build(tool, &[]).success();
        space.edit("src/model.py", "NOISE = 1", "NOISE = 2");
        let ran = space.ran(tool);
        assert_eq!(ran, ["train"; 8], "{tool:?}: another output of what is probed");
        space.edit("src/model.py", "total + random_seed)", "total + 2 * random_seed)");
        let ran = space.ran(tool);
        assert_eq!(ran.iter().filter(|line| *line != "train").collect::<Vec<_>>(), ["many"], "{tool:?}");
        space.edit("src/charts.py", "'%d instances'", "'%d instances of train'");
        assert_eq!(space.ran(tool), ["many"], "{tool:?}");
        space.nothing_to_do(tool);
    }
}

#[test]
fn metrics_are_those_of_a_plain_call() {
    let space = project();
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    let printed = space.expops(&["metrics", "//*[@name='train']", "--json"]).success();
    let metrics: Json = serde_json::from_str(&printed.out).unwrap();
    space.write("plain.py", "
import json, sys
sys.path[:0] = ['src', 'build/.expops/python']
import model
rows = model.load()['rows']
parts = [rows[:6], rows[6:]]
out = {}
for p, part in enumerate(parts, 1):
    for q, inner in enumerate([part[:3], part[3:]], 1):
        for seed in (41, 42):
            out[f\"//*[@partition='p{p}']/*[@partition='p{q}']/*[@seed='{seed}']/process[@name='train']\"] = model.train(inner, seed)['model'] + seed
print(json.dumps(out))
");
    // Outside of a build, what is logged is printed.
    let printed = space.run("python3", &["plain.py"]).success().out;
    let plain: Json = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    for (path, score) in plain.as_object().unwrap() {
        assert_eq!(metrics[path]["score"]["1"].as_f64(), score.as_f64(), "{path}");
    }
    assert_eq!(metrics.as_object().unwrap().len(), 8);
    let csv = space.expops(&["metrics", "train", "--csv"]).success().out;
    assert_eq!(csv.lines().next(), Some("process,partition,partition_2,seed,step,metric,index,value"));
    assert_eq!(csv.lines().count(), 1 + 8 * 2, "score and kind");
    for (path, score) in plain.as_object().unwrap() {
        let at: Vec<&str> =
            path.split('\'').skip(1).step_by(2).map(|arm| arm.trim_start_matches('p')).collect();
        let row = format!("train,{},{},{},,score,1,{score}", at[0], at[1], at[2]);
        assert!(csv.lines().any(|line| line == row), "{row}: {csv}");
    }
    let table = space.expops(&["metrics"]).success().out;
    assert!(
        table.contains("mean") && table.contains("spread") && table.contains("train p2.p2 s42 / fit_line"),
        "{table}"
    );
}

#[test]
fn a_chart_that_writes_no_file_is_told() {
    for tool in TOOLS {
        let space = Space::new();
        space.write(
            "expops.yaml",
            "scripts: {main: s.py, charts: c.py}\nprocess_adjlist: work\nprocesses:\n  - {name: work}\n  \
             - {name: empty, code: charts.empty, probe_paths: {m: work}}\n  \
             - {name: drawn, code: charts.drawn, probe_paths: {m: work}}\n",
        );
        space.write(
            "s.py",
            "from expops.core import process\n\n@process()\ndef work():\n    return {'x': 1}\n",
        );
        space.write(
            "c.py",
            "from expops.reporting import chart\n\n@chart()\ndef empty(metrics):\n    pass\n\n\
             @chart()\ndef drawn(metrics, ctx):\n    (ctx.output_dir / 'a.txt').write_text('')\n",
        );
        space.compile(tool).success();
        let ran = space.build(tool, &[]).success();
        assert!(ran.says("empty: the chart wrote no file"), "{}{}", ran.out, ran.err);
        assert!(!ran.says("drawn: the chart"), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn queries_print_what_a_script_wants() {
    let space = project();
    space.compile(Tool::Ninja).success();
    let slice = "//*[@partition='p2']/*[@partition='p1']//*[@name='train']";
    let targets = space.expops(&["query", "--targets", slice]).success().out;
    assert_eq!(targets, "train@p2.p1.s41\ntrain@p2.p1.s42\n");
    space.run("sh", &["-c", &format!("ninja $(expops query --targets \"{slice}\")")]).success();
    assert!(space.exists("build/train/p2/p1/s42/stamp") && !space.exists("build/train/p1/p1/s41/stamp"));
    let count = |path: &str| space.expops(&["query", "--count", path]).success().out;
    assert_eq!(count("//*[@name='train']"), "8\n");
    assert_eq!(count("//step"), "8\n");
    assert_eq!(count("//*[@name='nothing']"), "0\n");
    assert_eq!(count("//*[@name='outer']"), "1\n", "the elements of a layer are the split");
    // What has left the inner layer is under seeds that several splits have opened.
    let splits = space.expops(&["query", "--labels", "//*[@seed='41']"]).success().out;
    assert_eq!(splits, "seeds p1.p1\nseeds p1.p2\nseeds p2.p1\nseeds p2.p2\n");
    let labels = space.expops(&["query", "--labels", "--first", "train"]).success().out;
    assert_eq!(labels, "train p1.p1 s41\n");
    let wrong = space.expops(&["query", "//*[@name='trian']"]).failure();
    assert!(wrong.says("did you mean `train`?"), "{}", wrong.err);
    let wrong = space.expops(&["query", "//*[@name="]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.says("^"), "{}", wrong.err);
}

#[test]
fn the_tree_and_the_pictures() {
    let space = project();
    let xml = space.expops(&["graph", "--format", "xml"]).success().out;
    let element = "<process name=\"outer\" partition=\"p2\"><process name=\"inner\" partition=\"p1\">\
                   <process name=\"seeds\" seed=\"42\"><process name=\"train\"><step name=\"fit_line\"/></process>";
    assert!(xml.contains(element), "{xml}");
    let dot = space.expops(&["graph"]).success().out;
    assert!(dot.contains("\"train\" [label=\"train ×8\"]") && dot.contains("\"train\" -> \"many\""), "{dot}");
    let expanded: Json =
        serde_json::from_str(&space.expops(&["graph", "--format", "json", "--expand"]).success().out)
            .unwrap();
    let nodes = expanded["nodes"].as_array().unwrap().len();
    assert_eq!(nodes, 1 + 1 + 2 + 4 + 8 + 4 + 2 + 1 + 4);
    assert!(space.expops(&["graph", "--format", "mermaid"]).success().out.starts_with("flowchart LR\n"));
}

#[test]
fn a_bad_probe_path_is_pointed_at_in_the_project_file() {
    let space = project();
    let expect = |old: &str, new: &str, code: &str, text: &str| {
        space.write("expops.yaml", PROJECT.replacen(old, new, 1));
        let ran = space.expops(&["compile"]);
        assert_eq!(ran.status, 2);
        assert!(ran.says(code) && ran.says(text), "{}", ran.err);
    };
    expect(
        "{all: \"//*[@name='train']\"}",
        "{all: \"//*[@name='trian']\"}",
        "error[E402]",
        "did you mean `train`?",
    );
    expect(
        "{all: \"//*[@name='train']\"}",
        "{all: \"//*[@name='train'\"}",
        "error[E401]",
        "expops.yaml:34:30",
    );
    expect("{all: \"//*[@name='train']\"}", "{all: \"count(//*)\"}", "error[E403]", "the number");
}
