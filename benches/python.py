#!/usr/bin/env python3
"""The Python path beside what people would use instead: wall and CPU time of a cold run, as ratios.

    cargo build --release && python3 benches/python.py target/release/expops

A pipeline of load, split, N times fit, N times score, and one that gathers, over small pandas partitions; N is
`--partitions`. The peers run the same functions and write the same files between the stages (Arrow, JSON): a plain
script, one after another; `concurrent.futures.ProcessPoolExecutor`; joblib (`pip install joblib`). All in turns, in
one run; the peers flush nothing to the disk, a build does unless EXPOPS_FSYNC=0. The workers' time is counted.
`--expops PROGRAM` adds ExpOps (`pip install expops` into an environment of its own), with its two workers; that it makes
an environment for the project first is not counted.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import adopt, environment, timed

# What both read: ExpOps and ours.
PROJECT = """
scripts: {{main: src/model.py}}
experiment:
  pipeline:
    process_adjlist: |
      load cut
      cut fit
      fit score
      score total
    processes:
      - name: load
      - {{name: cut, data_parallelism: {{size: {partitions}, data_name: df}}}}
      - {{name: fit{reuse}}}
      - {{name: score{reuse}}}
      - {{name: total, data_aggregation: true}}
"""

SCRIPT = """
import numpy as np
import pandas as pd

ROWS = {rows}


def load():
    rng = np.random.default_rng(1)
    columns = {{"g": rng.integers(0, 9, ROWS), "x": rng.random(ROWS), "y": rng.random(ROWS)}}
    return {{"df": pd.DataFrame(columns)}}


def fit(df):
    means = df.groupby("g").mean()
    slope, offset = np.polyfit(df["x"], df["y"], 1)
    return {{"model": [float(slope), float(offset)], "spread": float(means["y"].std())}}


def score(model, spread):
    return {{"score": model[0] + model[1] - spread}}


def total(score):
    return {{"total": sum(score.values())}}
"""

PEER = """
import json
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, "src")
import model

how, partitions, cores = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
out = Path("peer")


def fit(i):
    made = model.fit(pd.read_feather(out / f"{i}.arrow"))
    for key, value in made.items():
        (out / f"{i}.{key}.json").write_text(json.dumps(value))


def score(i):
    given = {key: json.loads((out / f"{i}.{key}.json").read_text()) for key in ("model", "spread")}
    (out / f"{i}.score.json").write_text(json.dumps(model.score(**given)["score"]))


def main():
    out.mkdir()
    model.load()["df"].to_feather(out / "df.arrow")
    frame = pd.read_feather(out / "df.arrow")
    size = -(-len(frame) // partitions)
    for i in range(partitions):
        frame.iloc[i * size : (i + 1) * size].to_feather(out / f"{i}.arrow")
    for stage in (fit, score):
        if how == "sequential":
            for i in range(partitions):
                stage(i)
        elif how == "pool":
            from concurrent.futures import ProcessPoolExecutor

            with ProcessPoolExecutor(cores) as pool:
                list(pool.map(stage, range(partitions)))
        else:
            from joblib import Parallel, delayed

            Parallel(n_jobs=cores)(delayed(stage)(i) for i in range(partitions))
    scores = {i: json.loads((out / f"{i}.score.json").read_text()) for i in range(partitions)}
    (out / "total.json").write_text(json.dumps(model.total(scores)["total"]))


main()
"""


# What ExpOps asks for besides.
EXPOPS_HEAD = """
metadata: {name: pool, description: a benchmark, version: "1.0.0"}
environment: {bench: {venv: [requirements.txt]}}
"""


def prepare_expops(expops, folder, args, base):
    """A project of ExpOps whose environment is there, and none of whose results are."""
    folder.mkdir()
    subprocess.run([expops, "create", "pool"], cwd=folder, check=True, env=base, capture_output=True)
    script = SCRIPT.format(rows=args.rows)
    for name in ("load", "fit", "score", "total"):
        script = script.replace(f"def {name}(", f"@process()\ndef {name}(")
    script = "from expops.core import process\n" + script
    project = folder / "pool"
    (project / "requirements.txt").write_text("numpy\npandas\npyarrow\n")
    configuration = project / "configs/project_config.yaml"
    configuration.write_text(EXPOPS_HEAD + PROJECT.format(partitions=2, reuse=""))
    (project / "src/model.py").write_text(script)
    subprocess.run([expops, "run", "pool"], cwd=folder, check=True, env=base, capture_output=True)
    configuration.write_text(EXPOPS_HEAD + PROJECT.format(partitions=args.partitions, reuse=""))
    (project / "src/model.py").write_text(script.replace("default_rng(1)", "default_rng(2)"))


def prepare(folder, args, reuse=""):
    (folder / "src").mkdir(parents=True)
    (folder / "expops.yaml").write_text(PROJECT.format(partitions=args.partitions, reuse=reuse))
    (folder / "src/model.py").write_text(SCRIPT.format(rows=args.rows))
    (folder / "peer.py").write_text(PEER)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--partitions", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--only", help="names of ways, with commas between them; also: unflushed, unwatched")
    parser.add_argument("--expops", type=Path, help="the program of ExpOps")
    args = parser.parse_args()
    adopt()
    program = args.program.resolve()
    base = environment(program)
    ninja = ["ninja", f"-j{args.cores}", "--quiet"]
    peer = [sys.executable, "peer.py"]
    size = [str(args.partitions), str(args.cores)]
    ways = {
        "workers": (ninja, {"EXPOPS_WORKERS": "1"}),
        "reuse": (ninja, {"EXPOPS_WORKERS": "1"}),
        "cold": (ninja, {"EXPOPS_WORKERS": "0"}),
        "sequential": ([*peer, "sequential", *size], {}),
        "pool": ([*peer, "pool", *size], {}),
        "joblib": ([*peer, "joblib", *size], {}),
    }
    default = [*ways]
    # What a part of the work costs; only debug builds can leave the watching out.
    ways["unflushed"] = (ninja, {"EXPOPS_WORKERS": "1", "EXPOPS_FSYNC": "0"})
    ways["unwatched"] = (ninja, {"EXPOPS_WORKERS": "1", "EXPOPS_BLIND": "1"})
    if args.expops:
        ways["expops"] = ([args.expops.absolute(), "run", "pool"], {})
    chosen = args.only.split(",") if args.only else default + ["expops"] * bool(args.expops)
    results = {name: [] for name in chosen}
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(args.rounds):
            for name in chosen:
                folder = Path(temporary) / f"{name}{number}"
                command, more = ways[name]
                if name == "expops":
                    prepare_expops(args.expops.absolute(), folder, args, base)
                else:
                    prepare(folder, args, ", reuse: true" if name == "reuse" else "")
                if command is ninja:
                    subprocess.run(
                        [program, "compile", "-q", "--python", sys.executable], cwd=folder, check=True, env=base
                    )
                results[name].append(timed(command, folder, {**base, **more}))
    report(results, args)


def report(results, args):
    instances = 2 * args.partitions + 3
    print(
        f"{instances} instances, {args.rows:,} rows, {args.cores} at once, {args.rounds} rounds; EXPOPS_FSYNC={os.environ.get('EXPOPS_FSYNC', '1')}"
    )
    pool = results.get("pool")
    for name, rounds in results.items():
        walls, cpus = zip(*rounds)
        line = f"{name:>10}: wall {statistics.median(walls):7.2f} s, CPU {statistics.median(cpus):7.2f} s"
        line += f", CPU per instance {statistics.median(cpus) / instances * 1000:6.1f} ms"
        if pool:
            ratios = [mine[0] / theirs[0] for mine, theirs in zip(rounds, pool)]
            line += f", wall {statistics.median(ratios):5.1f} times the pool"
        print(line)


main()
