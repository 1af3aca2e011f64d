#!/usr/bin/env python3
"""One row of 1,000 partitions edited: what runs, and what it costs beside the same processes alone.

    cargo build --release && python3 benches/one_row.py target/release/expops

Builds a pipeline of load, split, 1,000 times fit, and one that gathers. Then, in every round, one row is
changed and two things are timed in turns: `ninja`, and the functions that it has to run, each called by
a bare Python that reads its input from a file and writes what it returns to one. The executions are
counted by the functions themselves and must be exactly those.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

PROJECT = """
scripts: {{main: src/model.py}}
data: {{path: data/rows.csv}}
pipeline:
  process_adjlist: |
    load cut
    cut fit
    fit total
  processes:
    - name: load
    - {{name: cut, data_parallelism: {{size: {partitions}, data_name: rows}}}}
    - name: fit
    - {{name: total, data_aggregation: true}}
"""

SCRIPT = """
from expops.core import process
from counted import ran

def read(path):
    with open(path) as file:
        return [[float(cell) for cell in line.split(',')] for line in file.readlines()[1:]]

def mean(rows):
    return sum(row[1] for row in rows) / len(rows)

@process()
def load():
    ran('load')
    return {'rows': read('data/rows.csv')}

@process()
def fit(rows):
    ran('fit')
    return {'mean': mean(rows)}

@process()
def total(mean):
    ran('total')
    return {'total': sum(mean.values())}
"""

COUNTED = """
import os

def ran(name):
    with open(os.environ['RAN'], 'a') as log:
        log.write(name + '\\n')
"""

# The same functions, each in a process of its own, with the least that hands values on.
ALONE = [
    "import json, model; json.dump(model.read('data/rows.csv'), open('alone/rows.json', 'w'))",
    "import json, model; json.dump(model.mean(json.load(open('alone/part.json'))), open('alone/mean.json', 'w'))",
    "import json; json.dump(sum(json.load(open('alone/means.json')).values()), open('alone/total.json', 'w'))",
]


def write_rows(path, count, changed):
    random.seed(1)
    rows = [f"{i},{random.random():.6f}\n" for i in range(count)]
    rows[count // 2] = f"{count // 2},{changed}\n"
    path.write_text("id,value\n" + "".join(rows))


def prepare(folder, args):
    for name, text in [
        ("expops.yaml", PROJECT.format(partitions=args.partitions)),
        ("src/model.py", SCRIPT),
        ("counted/counted.py", COUNTED),
        ("stub/expops/core.py", "def process():\n    return lambda function: function\n"),
    ]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "data").mkdir()
    (folder / "alone").mkdir()
    write_rows(folder / "data/rows.csv", args.rows, 0)
    part = json.dumps([[i, 0.5] for i in range(args.rows // args.partitions)])
    (folder / "alone/part.json").write_text(part)
    means = json.dumps({f"data{i}": 0.5 for i in range(args.partitions)})
    (folder / "alone/means.json").write_text(means)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--partitions", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder, args)
        ran = folder / "ran.log"
        path = f"{args.program.resolve().parent}{os.pathsep}{os.environ['PATH']}"
        environment = dict(os.environ, PATH=path, RAN=str(ran), PYTHONPATH=str(folder / "counted"))
        bare = dict(
            environment, PYTHONPATH=os.pathsep.join(map(str, [folder / "src", folder / "counted", folder / "stub"]))
        )

        def timed(*command, env=environment):
            start = time.perf_counter()
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=env)
            return time.perf_counter() - start

        timed("expops", "compile")
        first = timed("ninja")
        executed = len(ran.read_text().splitlines())
        print(f"from nothing: {executed} executions, {first:.1f} s")
        ours, alone = [], []
        for number in range(args.rounds):
            write_rows(folder / "data/rows.csv", args.rows, number + 1)
            ran.write_text("")
            ours.append(timed("ninja"))
            executed = sorted(ran.read_text().split())
            assert executed == ["fit", "load", "total"], executed
            alone.append(sum(timed("python3", "-c", code, env=bare) for code in ALONE))
        ratios = [mine / theirs for mine, theirs in zip(ours, alone)]
        nothing = statistics.median(timed("ninja") for _ in range(args.rounds))
        print(f"one row edited: executed {', '.join(executed)}, and the split, in each of {args.rounds} rounds")
        print(
            f"ninja {statistics.median(ours):.2f} s, the functions alone {statistics.median(alone):.2f} s: "
            f"{statistics.median(ratios):.1f} times; nothing to do: {nothing * 1000:.0f} ms"
        )


main()
