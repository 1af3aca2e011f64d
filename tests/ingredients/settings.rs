//! What a project file says of a process: parameters, seeds, its place, how a split cuts.

use super::built;
use crate::space::TOOLS;
use crate::step::{Pair, hold};

/// `some` names what it takes, `every` takes everything, `told` asks for the context.
const PROJECT: &str = "
metadata: {name: settings, description: a}
scripts: {main: src/model.py}
reproducibility: {random_seed: 1}
experiment: {parameters: {base: 1, over: 2, free: 3}}
pipeline:
  process_adjlist: |
    load some every told shell cut fan
    other both
    load both
    deal dealt
    cut part
    fan fit
    fit best
    calm
  processes:
    - {name: calm, command: 'echo calm >> .ran.log; echo 1 > {{ outputs.one }}', outputs: {one: one}}
    - {name: load}
    - {name: other}
    - {name: both, inputs: {right: other.rows, left: load.rows}}
    - {name: some, parameters: {own: 4, over: 5, spare: 6}}
    - {name: every, parameters: {over: 0}}
    - {name: told, parameters: {over: 0}}
    - name: shell
      command: |
        echo shell >> .ran.log
        echo {{ parameters.own }} > {{ outputs.a }}
        echo {{ seed }} > {{ outputs.b }}
      parameters: {own: 7, spare: 8}
      outputs: {a: a.txt, b: b.txt}
    - {name: cut, data_parallelism: {size: 2, data_name: rows}}
    - {name: part}
    - {name: deal, data_parallelism: {size: 1}}
    - {name: dealt}
    - {name: fan, seed_parallelism: {seeds: [1, 2]}}
    - {name: fit, resources: {cpus: 1}}
    - {name: best, seed_aggregation: true}
";

const MODEL: &str = "
from counted import ran
from expops.core import process

@process()
def load():
    ran('load')
    return {'rows': [0, 10, 20, 30], 'twin': [0, 10, 20, 40]}

@process()
def other():
    ran('other')
    return {'rows': [1]}

@process()
def both(left, right):
    ran('both')
    return {'both': [left, right]}

@process()
def some(own, over, base=1):
    ran('some')
    return {'some': [own, over, base]}

@process()
def every(**kwargs):
    ran('every')
    return {'every': sorted(kwargs)}

@process()
def told(context):
    ran('told')
    return {'told': [context.project_id, sorted(context.parameters.items())]}

@process()
def part(rows):
    ran('part %s' % rows[0])
    return {'part': len(rows)}

@process()
def deal():
    ran('deal')
    return [1, 2]

@process()
def dealt(data):
    ran('dealt %s' % data[0])
    return {'dealt': data}

@process()
def fit(random_seed):
    ran('fit %s' % random_seed)
    return {'fit': random_seed}

@process()
def best(fit):
    ran('best')
    return {'best': fit}
";

const YAML: &str = "expops.yaml";
const MAIN: &str = "src/model.py";

const PAIRS: &[Pair<'_>] = &[
    // Parameters: of the process, of the experiment; taken, covered by its own, not taken.
    ((YAML, "own: 4", "own: 40"), "some", (YAML, "spare: 6", "spare: 60")),
    ((YAML, "own: 7", "own: 70"), "shell", (YAML, "spare: 8", "spare: 80")),
    ((YAML, "base: 1", "base: 10"), "every, some, told", (YAML, "over: 2", "over: 20")),
    ((YAML, "free: 3", "free: 30"), "every, told", (YAML, "base: 1, over: 2", "over: 2, base: 1")),
    ((YAML, "free: 3", "free: '3'"), "every, told", (YAML, "free: 3", "free:   3")),
    ((YAML, ", free: 3", ""), "every, told", (YAML, "own: 4, over: 5", "over: 5, own: 4")),
    ((MAIN, "own, over, base=1", "own, over, free, base=1"), "some", (YAML, "spare: 6", "more: 6")),
    // Keys: `every` takes all of them, and in whatever order they were returned.
    (
        (MAIN, "'twin': [0, 10, 20, 40]", "'twin': [0, 10, 20, 50]"),
        "every, load",
        (YAML, "    other both\n    load both\n", "    load both\n    other both\n"),
    ),
    (
        (
            MAIN,
            "{'rows': [0, 10, 20, 30], 'twin': [0, 10, 20, 40]}",
            "{'twin': [0, 10, 20, 40], 'rows': [0, 10, 20, 30]}",
        ),
        "load",
        (YAML, "{right: other.rows, left: load.rows}", "{left: load.rows, right: other.rows}"),
    ),
    (
        (YAML, "{right: other.rows, left: load.rows}", "{right: load.rows, left: other.rows}"),
        "both",
        (YAML, "{name: fit, ", "{name: fit, inputs: [rows], "),
    ),
    // Seeds: the project's, and those of a layer.
    (
        (YAML, "random_seed: 1", "random_seed: 5"),
        "best, both, deal, dealt 1, every, load, other, part 0, part 20, shell, some, told",
        (YAML, "random_seed: 1", "random_seed:   1"),
    ),
    ((YAML, "seeds: [1, 2]", "seeds: [1, 3]"), "best, fit 3", (YAML, "{seeds: [1, 2]}", "[{seeds: [1, 2]}]")),
    // Its own path: the process's name.
    (
        (YAML, "    calm\n  processes:\n    - {name: calm", "    rest\n  processes:\n    - {name: rest"),
        "calm",
        (YAML, "- {name: load}", "- {name: load, description: loads, code: main.load}"),
    ),
    // How a split cuts; with code of its own, that runs too.
    ((YAML, "size: 2", "size: 3"), "part 20, part 30", (YAML, "size: 2", "size: [2, 2]")),
    (
        (YAML, "size: 2", "size: 2, by: round_robin"),
        "part 0, part 10",
        (YAML, "size: 2", "size: 2, by: rows"),
    ),
    (
        (YAML, "data_name: rows", "data_name: twin"),
        "part 0, part 0",
        (YAML, "{size: 2, data_name: rows}", "[{data_name: rows}, {size: 2}]"),
    ),
    ((YAML, "size: 1", "size: 2"), "deal, dealt 1, dealt 2", (YAML, "size: 1", "size: 1, by: rows")),
    ((YAML, "size: 1", "size: 1, data_name: data"), "deal", (YAML, "{size: 1}", "[{size: 1}]")),
    ((YAML, "size: 1", "size: 1, by: round_robin"), "deal", (YAML, "- {name: dealt}", "- dealt")),
    // A command and its outputs.
    ((YAML, "echo 1 >", "echo 2 >"), "calm", (YAML, "cpus: 1", "cpus: 2, memory: 1GB, time: '1:00:00'")),
    (
        (YAML, "{a: a.txt, b: b.txt}", "{a: b.txt, b: a.txt}"),
        "shell",
        (YAML, "{a: a.txt, b: b.txt}", "{b: b.txt, a: a.txt}"),
    ),
    // The project's name: told with the context, and to what takes everything.
    ((YAML, "name: settings", "name: chairs"), "every, told", (YAML, "description: a", "description: b")),
];

#[test]
fn what_the_project_file_says() {
    for tool in TOOLS {
        hold(&built(tool, &[(YAML, PROJECT), (MAIN, MODEL)]), tool, PAIRS);
    }
}
