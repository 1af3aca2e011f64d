//! The table of what runs again: one step for each row, under Ninja and under Make. Before each build,
//! `expops status` says what it would do, and is held to it.

mod cache;
mod explain;
mod rows;

use crate::space::{Space, Tool};

const PROJECT: &str = "
metadata: {name: table, description: a}
scripts: {main: src/model.py}
data: {path: data/rows.csv}
reproducibility: {random_seed: 1}
pipeline:
  process_adjlist: |
    load cut
    load names
    cut train
    train total
  processes:
    - name: load
    - name: names
      files: [extra.txt]
    - name: cut
      data_parallelism: {size: 3, data_name: rows}
    - name: train
      parameters: {factor: 2}
    - name: total
      data_aggregation: true
";

const SCRIPT: &str = "
from counted import ran
from expops.core import process
from helper import scale

@process()
def load():
    ran('load')
    with open('data/rows.csv') as file:
        lines = [line.strip().split(',') for line in file]
    return {'rows': [int(line[1]) for line in lines[1:]], 'columns': lines[0]}

@process()
def names(columns):
    '''Says the names.'''
    ran('names')
    return {'names': columns}

@process()
def train(rows, factor):
    ran('train %s' % rows[0])
    return {'score': sum(scale(row, factor) for row in rows)}

@process()
def total(score):
    ran('total')
    return {'total': sum(score.values())}
";

const HELPER: &str = "
LIMIT = 1000000

def scale(row, factor):
    return min(row * factor, LIMIT)

def unused():
    return 1
";

fn rows(count: usize, change: impl Fn(usize) -> usize) -> String {
    let row = |i| format!("{i},{}\n", 10 * i + change(i));
    "id,value\n".to_owned() + &(0..count).map(row).collect::<String>()
}

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", SCRIPT);
    space.write("src/helper.py", HELPER);
    space.write("extra.txt", "x");
    space.write("data/rows.csv", rows(30, |_| 0));
    space
}

const ALL: [&str; 6] = ["load", "names", "total", "train 0", "train 100", "train 200"];

fn built(tool: Tool) -> Space {
    let space = project();
    space.compile(tool).success();
    assert_eq!(space.ran(tool), ALL);
    space
}
