//! Files: declared ones, and the project's data file.

use super::built;
use crate::space::TOOLS;
use crate::step::{Pair, hold};

/// `load` is a source. `peek`, `spy` and `seeded` open files by themselves, outside and inside of layers;
/// `names` cannot. `told` asks for the context.
const PROJECT: &str = "
data: {path: data/rows.csv}
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    load peek names count cut fan
    cut spy told each
    fan seeded
  processes:
    - {name: load}
    - {name: peek}
    - {name: names, files: [extra.txt, more]}
    - name: count
      command: 'echo count >> .ran.log; wc -l < data/rows.csv > {{ outputs.lines }}'
      outputs: {lines: lines.txt}
    - {name: cut, data_parallelism: {size: 2, data_name: rows}}
    - {name: spy}
    - {name: told}
    - name: each
      command: 'echo each {{ partition }} >> .ran.log; cat {{ inputs.rows }} > {{ outputs.copy }}'
      outputs: {copy: copy.json}
      files: [shell.txt]
    - {name: fan, seed_parallelism: {seeds: [7]}}
    - {name: seeded}
";

const MODEL: &str = "
from counted import ran
from expops.core import process

def read():
    with open('data/rows.csv') as file:
        return file.read()

@process()
def load():
    ran('load')
    return {'rows': [int(line.split(',')[1]) for line in read().split()[1:]]}

@process()
def peek(rows):
    ran('peek')
    return {'peek': [len(rows), read()]}

@process()
def names(rows):
    ran('names')
    return {'names': rows}

@process()
def spy(rows):
    ran('spy %s' % rows[0])
    return {'spy': read()}

@process()
def told(rows, context):
    ran('told %s' % rows[0])
    return {'told': sorted(context.data_paths)}

@process()
def seeded(rows, random_seed):
    ran('seeded %s' % random_seed)
    return {'seeded': read()}
";

const FILES: &[(&str, &str)] = &[
    ("expops.yaml", PROJECT),
    ("src/model.py", MODEL),
    ("data/rows.csv", "id,value\n1,10\n2,20\n3,30\n4,40\n"),
    ("data/same.csv", "id,value\n1,10\n2,20\n3,30\n4,40\n"),
    ("extra.txt", "x"),
    ("less.txt", "x"),
    ("more/deep/a.txt", "x"),
    ("less/deep/a.txt", "x"),
    ("shell.txt", "x"),
];

const YAML: &str = "expops.yaml";
const ROWS: &str = "data/rows.csv";

const PAIRS: &[Pair<'_>] = &[
    // The data file by its content: outside of data layers by what may open it, in them by what was seen to.
    ((ROWS, "id", "key"), "count, load, peek, seeded 7, spy 10, spy 30", ("data/same.csv", "id", "key")),
    // A row: the partition that it is in.
    (
        (ROWS, "30", "31"),
        "count, each 2, load, names, peek, seeded 7, spy 10, spy 31, told 31",
        ("data/new.csv", "", "1,2\n"),
    ),
    // Its name: by what is told the name, also in a layer.
    (
        (YAML, "path: data/rows.csv", "path: data/same.csv"),
        "count, load, peek, seeded 7, told 10, told 30",
        (YAML, "path: data/rows.csv", "path: ./data/rows.csv"),
    ),
    // Declared files.
    (("extra.txt", "x", "y"), "names", ("less.txt", "x", "y")),
    (("shell.txt", "x", "y"), "each 1, each 2", (YAML, "files: [shell.txt]", "files: shell.txt")),
    // A folder: a file in it, and a new one.
    (("more/deep/a.txt", "x", "y"), "names", ("less/deep/a.txt", "x", "y")),
    (("more/b.txt", "", "x"), "names", ("less/b.txt", "", "x")),
    ((YAML, "extra.txt, more", "extra.txt"), "names", (YAML, "extra.txt, more", "more, extra.txt")),
];

#[test]
fn files() {
    for tool in TOOLS {
        hold(&built(tool, FILES), tool, PAIRS);
    }
}
