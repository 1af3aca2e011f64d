//! A project of the kind that ExpOps users have, compiled and run unchanged.

use crate::space::{Space, TOOLS};

const CONFIG: &str = "
metadata:
  name: my-project
  description: Existing project
  version: 1.0.0

scripts:
  main: project/models/model.py
  charts: project/charts/plots.py

environment:
  my-project-env:
    venv: [requirements.txt]

reproducibility:
  random_seed: 7

data:
  sources:
    training: {path: data/train.csv}
  path: data/train.csv

execution:
  workspace: {base_dir: /tmp}

experiment:
  name: baseline
  framework: custom
  parameters:
    epochs: 3
    test_size: 0.25
    cache:
      backend: {type: gcs, bucket: nowhere}
    pipeline:
      process_adjlist: |
        # data
        define_features nn_data_parallel
        nn_data_parallel seed_parallel

        seed_parallel preprocess_linear
        seed_parallel preprocess_nn
        preprocess_linear train
        preprocess_nn train_nn
        train evaluate
        train_nn evaluate
        preprocess_nn evaluate
        evaluate aggregate_seeds
        aggregate_seeds aggregate_results
      processes:
        - name: define_features
          description: \"Load and prepare data\"
          code_function: define_features
          environment: my-project-env
        - name: nn_data_parallel
          description: \"Split upstream data into 2 partitions\"
          data_parallelism:
            - size: 2
            - data_name: df
        - name: seed_parallel
          seed_parallelism:
            seeds: [41, 42]
        - name: preprocess_linear
          code: \"main.preprocess\"
          hyperparameters: {branch: linear}
        - name: preprocess_nn
          code: preprocess
          parameters: {branch: nn}
        - name: train
        - name: train_nn
          code: main.train_nn
          parameters: {epochs: 5}
        - name: evaluate
        - name: aggregate_seeds
          seed_aggregation: true
          code: aggregate_seeds
        - name: aggregate_results
          data_aggregation: true
          code: define_aggregate_results
        - name: plot_metrics
          type: chart
          code: charts.plot_metrics
          probe_paths:
            all: \"//*[@name='train']/step[@name='fit']\"
            nn: \"//*[@partition='p1']/*[@seed='42']/*[@name='train_nn']\"
";

const MODEL: &str = "
import random
from expops.core import ModelData, SerializableData, log_metric, process, step

@step(name='fit')
def fit_step(values, epochs):
    for epoch in range(epochs):
        log_metric('loss', 1.0 / (epoch + 1), step=epoch + 1)
    return sum(values)

@process()
def define_features(context):
    path = context.data_paths['path']
    assert context.parameters['test_size'] == 0.25, context.parameters
    with open(path) as file:
        rows = [int(line) for line in list(file)[1:]]
    return {'df': {'x': rows, 'y': [row * 2 for row in rows]}, 'columns': ['x', 'y']}

def nn_data_parallel(rows):
    raise AssertionError('this is no process, so it does not split')

@process(name='preprocess')
def preprocess(df, branch, columns=None, **kwargs):
    assert 'epochs' in kwargs, kwargs
    return {branch: [x + y for x, y in zip(df['x'], df['y'])], 'records_' + branch: [{'x': x} for x in df['x']]}

@process
def train(linear, random_seed, epochs=1, unused=None):
    return {'model': fit_step(linear, epochs) + random_seed, 'draw': random.random()}

@process(description='A net', parameters=None)
def train_nn(nn, epochs):
    log_metric('size', len(nn))
    return {'net': fit_step(nn, epochs)}

@process()
def evaluate(model, net, records_nn):
    return {'metrics': {'model': model, 'net': net, 'rows': len(records_nn)}}

@process()
def aggregate_seeds(metrics):
    assert list(metrics) == ['seed41', 'seed42'], metrics
    return {'metrics': {key: value['model'] for key, value in metrics.items()}}

@process()
def define_aggregate_results(metrics):
    return {'result': metrics}
";

const PLOTS: &str = "
from typing import Any, Dict
from expops.reporting import ChartContext, chart

@chart()
def plot_metrics(metrics: Dict[str, Any], ctx: ChartContext) -> None:
    with open('plot.txt', 'w') as file:
        for key, value in metrics.items():
            print(key, sorted(value), file=file)
";

#[test]
fn an_existing_project_runs_unchanged() {
    for tool in TOOLS {
        let space = Space::new();
        space.write("my-project/configs/project_config.yaml", CONFIG);
        space.write("my-project/project/models/model.py", MODEL);
        space.write("my-project/project/charts/plots.py", PLOTS);
        space.write("my-project/data/train.csv", "value\n1\n2\n3\n4\n5\n");
        // Older projects name requirement files relative to the folder above.
        space.write("requirements.txt", "# nothing beyond the standard library\n");
        let tool = if tool == TOOLS[0] { "ninja" } else { "make" };
        let ran = space.expops(&["run", "my-project", "--with", tool]).success();
        assert!(ran.says("W002") && ran.says("local"), "a remote cache is named: {}", ran.err);
        let result = space.read("my-project/build/aggregate_results/out/result.json");
        assert_eq!(result, r#"{"data1":{"seed41":59,"seed42":60},"data2":{"seed41":68,"seed42":69}}"#);
        let plot = space.read("my-project/build/plot_metrics/files/plot.txt");
        assert_eq!(plot.lines().count(), 5 + 4, "{plot}");
        assert!(plot.contains("/step[@name='fit'] ['loss']") && plot.contains("nn ['size']\n"), "{plot}");
        assert!(plot.ends_with("train__3 ['loss']\ntrain__4 ['loss']\n"), "{plot}");
        assert!(space.exists("my-project/build/.expops/environment/my-project-env/venv"));
    }
}

/// As in the folder above, where the framework runs.
#[test]
fn files_can_be_opened_by_the_paths_that_are_declared() {
    let space = Space::new();
    let project = "scripts: {main: model.py}\ndata: {path: my-project/data/rows.csv}\nprocess_adjlist: load\n\
                   processes:\n  - {name: load, files: [my-project/conf.txt, my-project/more]}\n";
    space.write("my-project/expops.yaml", project);
    space.write(
        "my-project/model.py",
        "def load():\n    names = ['my-project/data/rows.csv', 'my-project/conf.txt', 'conf.txt', 'my-project/more/a']\n    \
         return {'x': [open(name).read() for name in names]}\n",
    );
    space.write("my-project/data/rows.csv", "1");
    space.write("my-project/conf.txt", "2");
    space.write("my-project/more/a", "3");
    for (edited, expected) in [("", r#"["1","2","2","3"]"#), ("data/rows.csv", r#"["5","2","2","3"]"#)] {
        if !edited.is_empty() {
            space.tick();
            space.write(&format!("my-project/{edited}"), "5");
        }
        space.expops(&["run", "my-project"]).success();
        assert_eq!(space.read("my-project/build/load/out/x.json"), expected);
        assert!(!space.exists("my-project/build/load/files/my-project"), "the links are removed");
    }
    // By another spelling, which its code does not open, it is another action.
    space.edit("my-project/expops.yaml", "my-project/data", "data");
    let ran = space.expops(&["run", "my-project"]).failure();
    assert!(ran.says("FileNotFoundError"), "{}", ran.err);
    space.edit("my-project/expops.yaml", "data/rows.csv", "my-project/data/rowz.csv");
    let ran = space.expops(&["run", "my-project"]).failure();
    assert!(ran.says("did you mean `data/rows.csv`?"), "{}", ran.err);
}

#[test]
fn a_component_is_refused_with_advice() {
    let space = Space::new();
    let process = "  - {name: scale, component: sklearn.StandardScaler}\n";
    space.write("expops.yaml", format!("process_adjlist: scale\nprocesses:\n{process}"));
    let ran = space.expops(&["compile"]);
    assert_eq!(ran.status, 2);
    assert!(ran.says("error[E504]") && ran.says("code"), "{}", ran.err);
}
