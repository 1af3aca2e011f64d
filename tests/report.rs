//! The page and its data: its numbers are those of the other commands, what users wrote stays text, and ten thousand
//! instances fit.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::space::{Space, Tool};

/// Two data layers, a seed layer, metrics, a step, a chart, and a process that fails on request.
const PROJECT: &str = "
metadata: {name: layers}
scripts: {main: src/model.py, page: src/page.js}
pipeline:
  process_adjlist: |
    load outer
    outer inner
    inner seeds
    seeds train
    train gather
    gather seed_gather
    seed_gather summary
  processes:
    - {name: load, parameters: {secret: nobodys-business}}
    - name: outer
      data_parallelism: {size: 2, data_name: rows}
    - name: inner
      data_parallelism: {size: 2, data_name: rows}
    - name: seeds
      seed_parallelism: {seeds: [41, 42]}
    - name: train
    - {name: gather, data_aggregation: true}
    - {name: seed_gather, seed_aggregation: true}
    - {name: summary, data_aggregation: true}
    - name: page
      chart_type: dynamic
      code: page.draw
      probe_paths: {all: train, one: \"//*[@name='summary']\"}
";

const MODEL: &str = "
import os
from expops.core import log_metric, process, step

@process()
def load(secret):
    print('the log has nobodys-business', flush=True)
    return {'rows': [[i, i * i % 17] for i in range(8)]}

@step()
def epoch(rows, seed):
    for i, row in enumerate(rows):
        log_metric('loss', row[1] / (i + 1 + seed))

@process()
def train(rows, random_seed):
    epoch(rows, random_seed)
    log_metric('score', rows[0][1] + random_seed)
    log_metric('odd', float('nan'))
    return {'model': rows}

@process()
def gather(model):
    return {'inner': model}

@process()
def seed_gather(inner):
    return {'all': inner}

@process()
def summary(all):
    if os.path.exists(os.environ['EXPOPS_PROJECT_ROOT'] + '/fail'):
        raise ValueError('the value is nobodys-business')
    log_metric('parts', len(all))
    return {'parts': len(all)}
";

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", MODEL);
    space.write("src/page.js", "import { chart } from '/mlops-charts.js';\nchart('page', () => {});\n");
    space
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn document(space: &Space) -> Json {
    json(&space.expops(&["report", "--json"]).success().out)
}

/// The names of an instance, put together as `docs/page.md` says: label, target, canonical path, folder.
fn names(document: &Json, index: usize) -> [String; 4] {
    let instance = &document["instances"][index];
    let process = &document["processes"][usize::try_from(instance["process"].as_u64().unwrap()).unwrap()];
    let of = |key: &str| process[key].as_str().unwrap();
    let arms: Vec<&str> = instance["arms"].as_str().map(|arms| arms.split('/').collect()).unwrap_or_default();
    let kind =
        |kind: char| arms.iter().filter(|arm| arm.starts_with(kind)).copied().collect::<Vec<_>>().join(".");
    let label = [of("name").to_owned(), kind('p'), kind('s')].into_iter().filter(|part| !part.is_empty());
    let step = |arm: &&str| match arm.strip_prefix('s') {
        Some(seed) => format!("*[@seed='{seed}']/"),
        None => format!("*[@partition='{arm}']/"),
    };
    let at = if arms.is_empty() { "" } else { "@" };
    [
        label.collect::<Vec<_>>().join(" "),
        format!("{}{at}{}", of("target"), arms.join(".")),
        format!("//{}{}", arms.iter().map(step).collect::<String>(), of("path")),
        [&[of("folder")], arms.as_slice()].concat().join("/"),
    ]
}

/// Insists that the document says what `status`, `query`, `metrics` and `explain` say.
#[track_caller]
fn agrees(space: &Space) {
    let document = document(space);
    let status = json(&space.expops(&["status", "--json"]).success().out);
    let processes = document["processes"].as_array().unwrap();
    assert_eq!(processes.len(), status.as_array().unwrap().len());
    for (process, status) in processes.iter().zip(status.as_array().unwrap()) {
        assert_eq!(process["name"], status["process"]);
        for key in
            ["up_to_date", "would_run", "from_cache", "may_run", "unknown", "failed_last_time", "dropped"]
        {
            assert_eq!(process["counts"][key], status[key], "{key} of {}", process["name"]);
        }
    }
    let instances = document["instances"].as_array().unwrap().len();
    let all: Vec<[String; 4]> = (0..instances).map(|index| names(&document, index)).collect();
    for (flag, column) in [("--labels", 0), ("--targets", 1), ("--paths", 2)] {
        // The elements of layers stand for splits, which have elements of their own, too.
        let own = "//process[not(@partition) and not(@seed)]";
        let printed = space.expops(&["query", flag, own]).success().out;
        let told: Vec<&str> = all.iter().map(|names| names[column].as_str()).collect();
        assert_eq!(told, printed.lines().collect::<Vec<_>>(), "{flag}");
    }
    let metrics = json(&space.expops(&["metrics", "--json"]).success().out);
    let mut told = BTreeMap::new();
    for (index, instance) in document["instances"].as_array().unwrap().iter().enumerate() {
        let path = &all[index][2];
        told.extend(instance.get("metrics").map(|metrics| (path.clone(), metrics.clone())));
        for (step, metrics) in instance.get("steps").and_then(Json::as_object).into_iter().flatten() {
            told.insert(format!("{path}/step[@name='{step}']"), metrics.clone());
        }
    }
    let printed: BTreeMap<String, Json> = metrics.as_object().unwrap().clone().into_iter().collect();
    assert_eq!(told, printed);
    for (index, detail) in document["details"].as_object().unwrap() {
        let index: usize = index.parse().unwrap();
        let explained = json(&space.expops(&["explain", "--json", &all[index][1]]).success().out);
        assert_eq!(texts(&detail["because"]), texts(&explained[0]["because"]), "{:?}", all[index]);
        assert_eq!(texts(&detail["last_run"]["because"]), texts(&explained[0]["last_run"]["because"]));
        assert_eq!(document["instances"][index]["state"], explained[0]["state"]);
        let said = space.expops(&["explain", &all[index][1]]).success().out;
        let headline = format!("{}: {}\n", all[index][0], detail["headline"].as_str().unwrap());
        assert!(said.starts_with(&headline), "{said} does not begin with {headline}");
    }
}

/// The sentences of reasons, and of what is behind them.
fn texts(reasons: &Json) -> Vec<String> {
    let all = reasons.as_array().into_iter().flatten();
    all.flat_map(|one| [vec![one["text"].as_str().unwrap().to_owned()], texts(&one["because"])].concat())
        .collect()
}

#[test]
fn the_page_says_what_status_query_metrics_and_explain_say() {
    let space = project();
    agrees(&space);
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    agrees(&space);
    let built = document(&space);
    assert_eq!(built["layers"][0]["partitions"]["1"][0]["rows"], 4);
    assert_eq!(built["charts"][0]["probes"].as_array().unwrap().len(), 9);
    assert_eq!(built["charts"][0]["script"]["problem"], Json::Null);
    space.edit("src/model.py", "rows[0][1] + random_seed", "rows[0][1] - random_seed");
    agrees(&space);
    space.write("fail", "");
    space.edit("src/model.py", "'parts', len(all)", "'parts', 1 + len(all)");
    space.build(Tool::Ninja, &[]).failure();
    agrees(&space);
    let failed = document(&space);
    assert_eq!(failed["instances"].as_array().unwrap().iter().filter(|one| one["failed"] == true).count(), 1);
}

#[test]
fn without_values_there_are_no_data_parameters_messages_and_logs() {
    let space = project();
    space.write("fail", "");
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).failure();
    space.edit("expops.yaml", "secret: nobodys-business", "secret: nobodys-business-either");
    let whole = space.expops(&["report", "--json"]).success().out;
    assert!(whole.matches("nobodys-business").count() > 4, "{whole}");
    space.expops(&["report", "--no-values", "-o", "shared.html"]).success();
    let shared = space.read("shared.html");
    assert!(
        !shared.contains("nobodys-business"),
        "{:?}",
        shared.split("nobodys-business").next().map(|before| &before[before.len() - 300..])
    );
    // Nothing but `--json` is printed, and nothing is changed.
    assert!(!space.exists("report.html"));
}

#[test]
fn what_users_write_is_text_wherever_it_is_shown() {
    const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";
    let space = Space::new();
    let yaml = "
metadata: {name: 'NAME', description: 'NAME'}
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    a b
  processes:
    - {name: a, description: 'NAME', parameters: {p: 'NAME'}}
    - {name: b, description: größe 大小 قيمة}
";
    space.write("expops.yaml", yaml.replace("NAME", EVIL));
    space.write(
        "src/model.py",
        format!(
            "
from pathlib import Path
from expops.core import log_metric, process

@process()
def a(p):
    print({EVIL:?})
    log_metric({EVIL:?}, {EVIL:?})
    Path('t.csv').write_text({EVIL:?} + ',x\\n1,2\\n')
    return {{'t': Path('t.csv')}}

@process()
def b(t):
    raise ValueError({EVIL:?})
"
        ),
    );
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).failure();
    space.expops(&["report"]).success();
    let page = space.read("report.html");
    assert!(
        !page.contains("<script>alert") && !page.contains("<img src=x"),
        "markup of a user's in the page"
    );
    assert_eq!(page.matches("</script>").count(), 3, "the data, the assets and the script of the page");
    let head = page.split("<style>").next().unwrap();
    assert!(head.contains("default-src 'none'; script-src 'sha256-") && !head.contains("'unsafe"), "{head}");
    let svg = space.expops(&["graph", "--format", "svg"]).success().out;
    assert!(svg.starts_with("<svg ") && !svg.contains("<script"), "{svg}");
    let seen = document(&space);
    assert_eq!(seen["project"]["name"], EVIL, "and yet nothing is lost");
    assert!(seen["details"]["0"]["log"]["tail"].as_str().unwrap().contains(EVIL));
}

/// The first rows of a value, as the page has them.
fn head(document: &Json, key: &str) -> Json {
    let outputs = document["details"].as_object().unwrap().values().flat_map(|one| one["outputs"].as_array());
    let mut found = outputs.flatten().filter(|output| output["key"] == key);
    found.next().unwrap_or_else(|| panic!("no value `{key}`"))["head"].clone()
}

/// Frames, tables and a Parquet file.
const FRAMES: &str = "
metadata: {name: frames}
scripts: {main: model.py}
pipeline:
  process_adjlist: |
    make cut
    cut fit
  processes:
    - {name: make}
    - {name: cut, data_parallelism: {size: 2, data_name: df}}
    - {name: fit}
";

const FRAMES_MODEL: &str = "
import decimal
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
from pathlib import Path

def make():
    times = pd.to_datetime(['2026-01-02 03:04:05.0', None, '2026-11-22 00:00:00.5'])
    df = pd.DataFrame({
        'name': ['<b>größe</b>', 'x' * 100_000, None],
        'number': [1.5, np.nan, 3e300],
        'whole': pd.array([1, None, 3], dtype='Int64'),
        'sex': pd.Categorical(['f', None, 'm']),
        'at': times,
        'took': pd.to_timedelta([90_061, -1, 0], unit='s'),
        'all': [[1, 2], [], list(range(100))],
    }, index=pd.Index(['a', 'b', 'c'], name='key'))
    table = pa.table({'d': [decimal.Decimal('-1.50')], 's': [{'x': 1, 'y': None}], 'b': [b'\\x00\\xff']})
    pyarrow.parquet.write_table(table, 'table.parquet')
    # A batch that is larger than what is read of a file.
    many = pd.DataFrame({f'c{i}': np.arange(200_000) for i in range(30)})
    return {'df': df, 'table': Path('table.parquet'), 'many': many, 'wide': pl.DataFrame({'x': [1]})}

def fit(df):
    return {'rows': len(df)}
";

#[test]
fn frames_begin_with_their_index_and_their_types() {
    let space = Space::new();
    space.write("expops.yaml", FRAMES);
    space.write("model.py", FRAMES_MODEL);
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    let document = document(&space);
    let df = head(&document, "df");
    assert_eq!(
        df["columns"],
        serde_json::json!(["key", "name", "number", "whole", "sex", "at", "took", "all"])
    );
    assert_eq!(df["index"], 1);
    assert_eq!(df["size"], serde_json::json!([3, 7]), "an index is no column");
    let types: Vec<&str> = df["types"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(
        types[2..5] == ["float64", "Int64", "category"] && types[5].starts_with("datetime64"),
        "{types:?}"
    );
    let numbers = format!("[{}, …]", (0..12).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let cut = format!("{}…", "x".repeat(120));
    assert_eq!(
        df["rows"],
        serde_json::json!([
            ["a", "<b>größe</b>", "1.5", "1", "f", "2026-01-02 03:04:05", "25:01:01", "[1, 2]"],
            ["b", cut, "NaN", null, null, null, "-00:00:01", "[]"],
            ["c", null, "3e300", "3", "m", "2026-11-22 00:00:00.5", "00:00:00", numbers],
        ])
    );
    let many = head(&document, "many");
    assert_eq!(many["columns"].as_array().unwrap().len(), 24);
    assert_eq!((&many["columns"][0], &many["columns"][1]), (&Json::from(""), &Json::from("c0")), "{many}");
    assert_eq!((&many["rows"][7][0], &many["size"]), (&Json::from("7"), &serde_json::json!([200_000, 30])));
    let table = head(&document, "table");
    assert_eq!(table["rows"], serde_json::json!([["-1.50", "{x: 1, y: null}", "0x00ff"]]));
    assert_eq!(head(&document, "wide")["types"], serde_json::json!(["Int64"]));
    let part = document["layers"][0]["partitions"]["1"][1]["rows"].clone();
    assert_eq!(part, 1, "and a partition has the head of its rows");
    space.edit("model.py", "'whole'", "'hole'");
    let shared = space.expops(&["report", "--json", "--no-values"]).success().out;
    assert!(!shared.contains("größe"));
}

#[test]
fn what_was_left_out_is_counted_and_has_its_kind() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        r#"
metadata: {name: dropped}
pipeline:
  process_adjlist: |
    load cut
    cut fit
    fit use
    use end
  processes:
    - {name: load, command: 'cp rows.txt {{ outputs.rows }}', files: [rows.txt], outputs: {rows: rows.txt}}
    - {name: cut, data_parallelism: {size: 3, data_name: rows}, on_failure: drop}
    - name: fit
      command: 'test ! -e "$EXPOPS_PROJECT_ROOT/fail" || ! grep b {{ inputs.rows }} || exit 3; cp {{ inputs.rows }} {{ outputs.x }}'
      outputs: {x: x.txt}
    - {name: use, command: 'cp {{ inputs.x }} {{ outputs.y }}', outputs: {y: y.txt}}
    - {name: end, data_aggregation: true, command: 'cat {{ inputs.y }} > {{ outputs.z }}', outputs: {z: z.txt}}
"#,
    );
    space.write("rows.txt", "a\nb\nc\n");
    space.write("fail", "");
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).failure();
    agrees(&space);
    let document = document(&space);
    let dropped: Vec<(String, &Json)> = (0..document["instances"].as_array().unwrap().len())
        .filter(|index| !document["instances"][*index]["dropped"].is_null())
        .map(|index| (names(&document, index)[0].clone(), &document["instances"][index]["dropped"]))
        .collect();
    assert_eq!(
        dropped,
        [("fit p2".to_owned(), &Json::from("exit")), ("use p2".to_owned(), &Json::from("exit"))]
    );
    let failure = &document["timeline"]["failures"][0];
    assert_eq!((&failure["kind"], &failure["dropped"]), (&Json::from("exit"), &Json::from(true)));
    assert!(space.expops(&["status"]).success().says("1 left out"));
    std::fs::remove_file(space.path("fail")).unwrap();
    space.build(Tool::Ninja, &[]).success();
    agrees(&space);
    assert!(!space.expops(&["status"]).success().says("left out"));
}

/// Ten thousand instances that nobody built, and metrics as if somebody had.
#[test]
fn ten_thousand_instances_fit_into_five_megabytes() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "
metadata: {name: large}
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    load cut
    cut fit
    fit end
  processes:
    - {name: load}
    - {name: cut, data_parallelism: {size: 10000, data_name: rows}}
    - {name: fit}
    - {name: end, data_aggregation: true}
",
    );
    let names: Vec<String> = ["load", "fit", "end"]
        .iter()
        .map(|name| format!("def {name}(rows=None, x=None):\n    return {{'x': 1}}\n"))
        .collect();
    space.write("src/model.py", names.join("\n").replacen("'x': 1", "'rows': [1]", 1));
    for number in 1..=10_000 {
        let folder = space.path(&format!("build/fit/p{number}"));
        std::fs::create_dir_all(&folder).unwrap();
        let series: Vec<String> = (1..=20).map(|step| format!("\"{step}\": 0.123456789{step}")).collect();
        let text = format!("{{\"metrics\": {{\"loss\": {{{}}}}}, \"steps\": {{}}}}", series.join(", "));
        std::fs::write(folder.join("metrics.json"), text).unwrap();
    }
    space.expops(&["report"]).success();
    let page = space.read("report.html");
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    let data = page.split("id=\"document\">").nth(1).unwrap().split("</script>").next().unwrap();
    let seen = json(data);
    assert_eq!(seen["instances"].as_array().unwrap().len(), 10_003);
    assert!(!seen["left_out"].as_array().unwrap().is_empty(), "long series are thinned, and that is said");
}

#[test]
fn the_pipeline_is_drawn_with_its_layers() {
    let space = project();
    let svg = space.expops(&["graph", "--format", "svg"]).success().out;
    for text in ["2 partitions of rows", "2 seeds", "8 instances"] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
    assert_eq!(svg.matches("class=\"box\"").count(), 9);
    assert_eq!(svg.matches("edge plots").count(), 2, "from what the chart plots");
    let expanded = space.expops(&["graph", "--format", "svg", "--expand"]).success().out;
    assert_eq!(expanded.matches("class=\"box\"").count(), 1 + 1 + 2 + 4 + 8 + 4 + 2 + 1 + 1);
    let dot = space.expops(&["graph", "--expand"]).success().out;
    assert_eq!(dot.matches("subgraph").count(), dot.matches("  }\n").count(), "{dot}");
    assert!(dot.contains("label=\"p2.p1.s42\""), "{dot}");
}
