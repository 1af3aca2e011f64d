//! A project that uses every field, and the mutations.

use super::Outcome::{Refused, Runs};
use super::{Mutation, NOTHING};

pub const PROJECT: &str = r#"
name: top1
description: top2
version: top3
project: top4
logging: {level: top5}
execution: {mode: top6}
reporting: {mode: top7}
model: {mode: top8}
cache: {backend: {type: local}}
metadata: {name: fields, description: meta2, version: meta3}
scripts: {main: src/model.py, page: src/page.js}
environment:
  main: {type: venv, requirements: [needs.txt], name: env1, path: env2, description: env5}
  spare: {manager: uv, files: [needs.txt]}
  by-venv: {venv: [needs.txt]}
  in-venv: {venv: {requirements: [needs.txt], python: 3.13, name: venv1, path: venv2}}
  in-venv-2: {venv: {files: [needs.txt], python_version: 3.14}}
  by-uv: {uv: [needs.txt], python: 3.11}
  old: {manager: venv, requirements: [needs.txt], python_version: "3.12"}
reproducibility: {random_seed: 1}
data:
  path: data/rows.csv
  inputs: {one: {path: data/same.csv, description: data1}}
  datasets: [{name: two, path: extra.txt}]
  sources: {three: other.txt}
pipeline: {name: second1}
process_adjlist: second2
processes: [second2]
experiment:
  name: exp1
  description: exp2
  version: exp3
  metadata: {name: exp4}
  framework: exp6
  cache: {backend: }
  parameters: {base: 5, cache: {backend: {type: filesystem}}, pipeline: {name: exp5}}
  pipeline:
    name: pipe1
    description: pipe2
    process_adjlist: |
      load cut fan shell
      cut part
      part total
      fan fit
      fit best
      old
    processes:
      - {name: old, code_function: first, hyperparameters: {deep: 6}}
      - {name: load, description: loads}
      - name: shell
        command: 'echo shell >> .ran.log; cat {{ inputs.whole }} > {{ outputs.out }}'
        environment: main
        inputs: {whole: rows}
        outputs: {out: out.txt}
        export: {out: results/out.txt}
      - name: cut
        data_parallelism: {size: 2, data_name: rows, by: rows}
      - name: part
        parameters: {rate: 7}
        files: [extra.txt]
        resources: {cpus: 1, memory: 1GB, time: "1:00:00", gpus: 1}
        retries: {times: 1, on: [lost, timeout], wait: 1s}
        on_failure: drop
        batch: 5
        cache: true
        cache_log: true
        always: false
        reuse: true
      - {name: total, data_aggregation: true, code: total, at_least: 1, script_path: src/model.py}
      - name: fan
        seed_parallelism: {seeds: [1, 2]}
      - name: fit
        resources: {cpus: 2}
        retries: 3
      - {name: best, seed_aggregation: true}
      - name: plot
        type: chart
        chart_type: static
        probe_paths: {one: "//*[@name='total']"}
      - {name: page, chart_type: dynamic, code: page, probe_paths: {one: best}}
"#;

/// What processes return does not depend on what is mutated: what runs is what observes it.
const MODEL: &str = "
from counted import ran
from expops.core import log_metric

def load(base):
    ran('load')
    return {'rows': [0, 10, 20, 30], 'twin': [0, 10, 20, 40]}

def part(rows, rate):
    ran('part %s' % rows[0])
    return {'score': 1}

def total(score, more=0):
    ran('total')
    log_metric('total', 1)
    return {'total': 1}

def again(score):
    ran('total')
    return {'total': 1}

def fit(random_seed):
    ran('fit %s' % random_seed)
    return {'fit': random_seed}

def best(fit):
    ran('best')
    return {'best': 1}

def first(deep):
    ran('old')
    return {'more': 1}

def second(deep):
    ran('old')
    return {'more': 1}

def extra():
    ran('extra')
    return {}

def plot(metrics):
    ran('plot')
";

pub const FILES: [(&str, &str); 9] = [
    ("src/model.py", MODEL),
    ("src/other.py", MODEL),
    ("src/page.js", "draw()"),
    ("needs.txt", ""),
    ("more.txt", "./tiny-1.0-py3-none-any.whl\n"),
    ("data/rows.csv", "id\n1\n"),
    ("data/same.csv", "id\n1\n"),
    ("extra.txt", ""),
    ("other.txt", ""),
];

pub const MUTATIONS: &[Mutation] = &[
    // What nothing observes.
    ("name", "name: top1", "name: x", NOTHING),
    ("description", "description: top2", "description: x", NOTHING),
    ("version", "version: top3", "version: x", NOTHING),
    ("project", "project: top4", "project: x", NOTHING),
    ("logging", "logging: {level: top5}", "logging: {level: x}", NOTHING),
    ("execution", "execution: {mode: top6}", "execution: {mode: x}", NOTHING),
    ("reporting", "reporting: {mode: top7}", "reporting: {mode: x}", NOTHING),
    ("model", "model: {mode: top8}", "model: {mode: x}", NOTHING),
    ("cache", "cache: {backend: {type: local}}", "cache: {}", NOTHING),
    ("metadata.description", "description: meta2", "description: x", NOTHING),
    ("metadata.version", "version: meta3", "version: x", NOTHING),
    ("environment.type", "{type: venv", "{type: uv", NOTHING),
    ("environment.name", "name: env1", "name: x", NOTHING),
    ("environment.path", "path: env2", "path: x", NOTHING),
    ("environment.description", "description: env5", "description: x", NOTHING),
    ("environment.manager", "manager: venv", "manager: uv", NOTHING),
    // Of environments that nobody uses.
    ("environment.files", "uv, files: [needs.txt]", "uv, files: [more.txt]", NOTHING),
    ("environment.venv", "{venv: [needs.txt]}", "{venv: [more.txt]}", NOTHING),
    ("environment.uv", "{uv: [needs.txt]", "{uv: [more.txt]", NOTHING),
    ("environment.python", "python: 3.11", "python: 3.12", NOTHING),
    ("environment.python_version", "python_version: \"3.12\"", "python_version: \"3.11\"", NOTHING),
    ("venv.requirements", "{venv: {requirements: [needs.txt]", "{venv: {requirements: [more.txt]", NOTHING),
    ("venv.files", "{venv: {files: [needs.txt]", "{venv: {files: [more.txt]", NOTHING),
    ("venv.python", "python: 3.13", "python: 3.12", NOTHING),
    ("venv.python_version", "python_version: 3.14", "python_version: 3.12", NOTHING),
    ("venv.name", "name: venv1", "name: x", NOTHING),
    ("venv.path", "path: venv2", "path: x", NOTHING),
    // Places where another pipeline could stand.
    ("pipeline", "pipeline: {name: second1}", "pipeline: {name: x}", NOTHING),
    ("process_adjlist", "process_adjlist: second2", "process_adjlist: x", NOTHING),
    ("processes", "processes: [second2]", "processes: [x]", NOTHING),
    ("experiment.parameters.pipeline", "pipeline: {name: exp5}", "pipeline: {name: x}", NOTHING),
    ("experiment.name", "name: exp1", "name: x", NOTHING),
    ("experiment.description", "description: exp2", "description: x", NOTHING),
    ("experiment.version", "version: exp3", "version: x", NOTHING),
    ("experiment.framework", "framework: exp6", "framework: x", NOTHING),
    ("experiment.cache", "cache: {backend: }", "cache: {}", NOTHING),
    ("experiment.metadata", "metadata: {name: exp4}", "metadata: {}", NOTHING),
    (
        "experiment.parameters.cache.backend.type",
        "backend: {type: filesystem}",
        "backend: {type: local}",
        NOTHING,
    ),
    ("pipeline.name", "name: pipe1", "name: x", NOTHING),
    ("pipeline.description", "description: pipe2", "description: x", NOTHING),
    ("process.description", "description: loads", "description: x", NOTHING),
    ("resources.cpus", "{cpus: 1", "{cpus: 3", NOTHING),
    ("resources.memory", "memory: 1GB", "memory: 2GB", NOTHING),
    ("resources.time", "time: \"1:00:00\"", "time: 2h", NOTHING),
    ("resources.gpus", "gpus: 1", "gpus: [1, 2]", NOTHING),
    ("process.retries", "retries: 3", "retries: 4", NOTHING),
    ("retries.times", "times: 1", "times: 2", NOTHING),
    ("retries.on", "on: [lost, timeout]", "on: lost", NOTHING),
    ("retries.wait", "wait: 1s", "wait: 1m", NOTHING),
    ("process.on_failure", "on_failure: drop", "on_failure: fail", NOTHING),
    ("process.batch", "batch: 5", "batch: 6", NOTHING),
    ("process.cache", "cache: true", "cache: ", NOTHING),
    ("process.cache_log", "cache_log: true", "cache_log: ", NOTHING),
    ("process.always", "always: false", "always: ", NOTHING),
    ("process.reuse", "reuse: true", "reuse: false", NOTHING),
    ("process.at_least", "at_least: 1", "at_least: 50%", NOTHING),
    ("process.script_path", "script_path: src/model.py", "script_path: ./src/model.py", NOTHING),
    ("process.resources", "resources: {cpus: 2}", "resources: {}", NOTHING),
    // It is a chart by its probe paths.
    ("process.type", "type: chart", "type: process", NOTHING),
    ("process.chart_type", "chart_type: static", "chart_type: ~", NOTHING),
    // Other ways to say the same.
    ("process.seed_parallelism", "seed_parallelism: {seeds: [1, 2]}", "seed_parallelism: [1, 2]", NOTHING),
    (
        "process.data_parallelism",
        "data_parallelism: {size: 2, data_name: rows, by: rows}",
        "data_parallelism: [{data_name: rows}, {size: [2, 2]}]",
        NOTHING,
    ),
    // What is observed.
    ("metadata.name", "metadata: {name: fields", "metadata: {name: x", Runs("plot")),
    // An environment with the same packages.
    ("process.environment", "environment: main\n", "environment: spare\n", NOTHING),
    ("experiment", "experiment:\n  name: exp1", "experiment:\n  name: x", NOTHING),
    ("metadata", "metadata: {name: fields", "metadata: {note: x, name: fields", NOTHING),
    (
        "scripts",
        "scripts: {main: src/model.py",
        "scripts: {main: src/other.py",
        Runs("best, fit 1, fit 2, load, old, part 0, part 20, plot"),
    ),
    (
        "environment.requirements",
        "environment:\n  main: {type: venv, requirements: [needs.txt]",
        "environment:\n  main: {type: venv, requirements: [more.txt]",
        Runs("best, fit 1, fit 2, load, old, part 0, part 20, plot, shell, total"),
    ),
    ("environment", "environment:\n  main:", "environment:\n  tiny: {venv: [more.txt]}\n  main:", NOTHING),
    (
        "reproducibility.random_seed",
        "reproducibility: {random_seed: 1}",
        "reproducibility: {random_seed: 2}",
        Runs("best, load, old, part 0, part 20, plot, total"),
    ),
    ("data", "data:\n", "data: # x\n", NOTHING),
    ("data.inputs", "inputs: {one", "inputs: {five: extra.txt, one", Runs("plot")),
    ("data.inputs.path", "{path: data/same.csv", "{path: ./data/same.csv", NOTHING),
    ("data.inputs.description", "description: data1", "description: x", NOTHING),
    ("data.inputs.name", "name: two", "name: second", Runs("plot")),
    ("data.datasets", "datasets: [", "datasets: [{path: other.txt, name: six}, ", Runs("plot")),
    ("data.sources", "sources: {three: other.txt}", "sources: {three: {path: other.txt}}", NOTHING),
    ("data.path", "path: data/rows.csv", "path: data/same.csv", Runs("load, old, plot, shell")),
    ("experiment.parameters", "parameters: {base: 5", "parameters: {base: 50", Runs("load")),
    (
        "pipeline.process_adjlist",
        "process_adjlist: |\n      load",
        "process_adjlist: |\n      old total\n      load",
        Runs("total"),
    ),
    (
        "pipeline.processes",
        "      old\n    processes:\n",
        "      old\n      extra\n    processes:\n      - extra\n",
        Runs("extra"),
    ),
    (
        "process.name",
        "      old\n    processes:\n      - {name: old",
        "      rest\n    processes:\n      - {name: rest",
        Runs("old"),
    ),
    ("process.code", "code: total", "code: main.again", Runs("plot, total")),
    ("process.code_function", "code_function: first", "code_function: second", Runs("old")),
    ("process.hyperparameters", "hyperparameters: {deep: 6}", "hyperparameters: {deep: 60}", Runs("old")),
    ("process.command", "command: 'echo shell", "command: 'true; echo shell", Runs("shell")),
    ("process.inputs", "inputs: {whole: rows}", "inputs: {whole: twin}", Runs("shell")),
    ("process.outputs", "outputs: {out: out.txt}", "outputs: {out: x.txt}", Runs("shell")),
    ("process.export", "export: {out: results/out.txt}", "export: {out: other/out.txt}", NOTHING),
    ("process.parameters", "parameters: {rate: 7}", "parameters: {rate: 70}", Runs("part 0, part 20")),
    ("process.files", "files: [extra.txt]", "files: [other.txt]", Runs("part 0, part 20")),
    (
        "process.probe_paths",
        "probe_paths: {one: \"//*[@name='total']\"}",
        "probe_paths: {x: total}",
        Runs("plot"),
    ),
    ("data_parallelism.size", "size: 2", "size: 3", Runs("part 20, part 30, total")),
    ("data_parallelism.data_name", "data_name: rows", "data_name: twin", Runs("part 0, part 0")),
    ("data_parallelism.by", "by: rows", "by: round_robin", Runs("part 0, part 10")),
    ("seed_parallelism.seeds", "seeds: [1, 2]", "seeds: [1, 3]", Runs("best, fit 3")),
    (
        "process.data_aggregation",
        "data_aggregation: true, code: total, at_least: 1",
        "data_aggregation: false, code: total",
        Runs("plot, total, total"),
    ),
    ("process.seed_aggregation", "seed_aggregation: true", "seed_aggregation: false", Runs("best, best")),
    // What is no field.
    (
        "reproducibility",
        "reproducibility: {random_seed: 1}",
        "reproducibility: {note: x}",
        Refused("unknown field `note`"),
    ),
    (
        "experiment.pipeline",
        "  pipeline:\n    name: pipe1",
        "  pipeline:\n    note: x",
        Refused("unknown field `note`"),
    ),
    ("environment.conda", "manager: uv", "conda: x", Refused("cannot make an environment with `conda`")),
    ("data.pth", "  path: data/rows.csv", "  pth: data/rows.csv", Refused("did you mean `path`?")),
    ("process.component", "description: loads", "component: x", Refused("components are not supported")),
    ("process.script", "description: loads", "script: x", Refused("write `code: script_key.function`")),
    ("process.function", "description: loads", "function: x", Refused("write `code: script_key.function`")),
    (
        "process.entrypoint",
        "description: loads",
        "entrypoint: x",
        Refused("write `code: script_key.function`"),
    ),
    (
        "process.script_key",
        "description: loads",
        "script_key: x",
        Refused("write the key before the function"),
    ),
    ("process.colour", "description: loads", "colour: x", Refused("unknown field `colour` of a process")),
    ("process.size", "description: loads", "size: 3", Refused("write it under `data_parallelism`")),
    ("process.type", "type: chart", "type: Chart", Refused("`type` cannot be `Chart`")),
    ("process.chart_type", "chart_type: static", "chart_type: x", Refused("`chart_type` cannot be `x`")),
    ("process.seeds", "description: loads", "seeds: [3]", Refused("write it under `seed_parallelism`")),
    ("process.cpus", "description: loads", "cpus: 3", Refused("write it under `resources`")),
    (
        "data_parallelism.count",
        "by: rows",
        "count: 2",
        Refused("unknown field `count` of `data_parallelism`"),
    ),
    ("data_parallelism.by.hash", "by: rows", "by: {hash: []}", Refused("`hash` names no column")),
    (
        "seed_parallelism.count",
        "seeds: [1, 2]",
        "count: 2",
        Refused("unknown field `count` of `seed_parallelism`"),
    ),
    ("resources.disk", "{cpus: 1", "{disk: 1", Refused("unknown field `disk` of `resources`")),
    ("environment.colour", "{type: venv", "{colour: x", Refused("unknown field `colour` of an environment")),
];
