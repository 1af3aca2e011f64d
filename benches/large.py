#!/usr/bin/env python3
"""Large values: a frame that is made, stored, cut and handed on, and one that is handed to instances that hardly look.

    cargo build --release && python3 benches/large.py target/release/expops

`frame`: a frame of two floats, an integer and a text is made, cut into 20 by a split without code, and 20 functions fit
each a part. Beside it a plain script that writes, hashes and reads the same Arrow files. `array` and `bytes`: 10
instances that are handed an array of 0.8 GB, or bytes of 0.3 GB, and look at one number of it, beside 10 that are
handed neither; all after what comes before them has been built.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import adopt, environment, timed

FRAME = """
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    load cut
    cut fit
    fit total
  processes:
    - {name: load, code: load}
    - {name: cut, data_parallelism: {size: 20, data_name: df}}
    - {name: fit, code: fit}
    - {name: total, code: total, data_aggregation: true}
"""

FRAME_SCRIPT = """
import numpy as np
import pandas as pd


def load():
    rng = np.random.default_rng(1)
    text = rng.choice(np.array(["red", "green", "blue", "a longer word"]), ROWS)
    columns = {"x": rng.random(ROWS), "y": rng.random(ROWS), "n": rng.integers(0, 99, ROWS), "t": text}
    return {"df": pd.DataFrame(columns)}


def fit(df):
    return {"mean": float(df.groupby("n")["y"].mean().std() + df["x"].mean()), "reds": int((df["t"] == "red").sum())}


def total(mean, reds):
    return {"total": sum(mean.values()) + sum(reds.values())}
"""

FRAME_PEER = """
import hashlib
import json
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, "src")
import model

out = Path("peer")
out.mkdir()


def write(frame, path):
    frame.to_feather(path, compression="uncompressed")
    hashed(path)


def hashed(path):
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


write(model.load()["df"], out / "df.arrow")
frame = pd.read_feather(out / "df.arrow")
size = -(-len(frame) // 20)
for i in range(20):
    write(frame.iloc[i * size : (i + 1) * size], out / f"{i}.arrow")
del frame
made = {}
for i in range(20):
    made[i] = model.fit(pd.read_feather(out / f"{i}.arrow"))
    (out / f"{i}.json").write_text(json.dumps(made[i]))
    hashed(out / f"{i}.json")
print(model.total(*({i: made[i][key] for i in made} for key in ("mean", "reds"))))
"""

BROADCAST = """
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    big array
    big bytes
    parts array
    parts bytes
    parts none
  processes:
    - {name: big, code: big}
    - {name: parts, code: parts, data_parallelism: {size: 10, data_name: part}}
    - {name: array, code: array}
    - {name: bytes, code: look}
    - {name: none, code: none}
"""

BROADCAST_SCRIPT = """
import numpy as np


def big():
    return {"numbers": np.arange(100_000_000, dtype="float64"), "text": bytes(300_000_000)}


def parts():
    return {"part": list(range(10))}


def array(numbers, part):
    return {"seen": float(numbers[part[0]])}


def look(text, part):
    return {"seen": float(text[part[0]])}


def none(part):
    return {"seen": float(part[0])}
"""


def project(folder, text, script):
    (folder / "src").mkdir(parents=True)
    (folder / "expops.yaml").write_text(text)
    (folder / "src/model.py").write_text(script)
    return folder


def compiled(program, folder, env):
    subprocess.run([program, "compile", "-q", "--python", sys.executable], cwd=folder, check=True, env=env)


def ninja(args, *targets):
    return ["ninja", f"-j{args.cores}", "--quiet", *targets]


def frame(args, folder, env):
    """Wall and CPU seconds of the build, and of the plain script."""
    project(folder, FRAME, FRAME_SCRIPT.replace("ROWS", str(args.rows)))
    (folder / "peer.py").write_text(FRAME_PEER)
    compiled(args.program, folder, env)
    return {"frame": (timed(ninja(args), folder, env), timed([sys.executable, "peer.py"], folder, env))}


def broadcast(args, folder, env):
    """Wall and CPU seconds of the instances that look, and of those that are handed nothing."""
    project(folder, BROADCAST, BROADCAST_SCRIPT)
    compiled(args.program, folder, env)
    timed(ninja(args, "big", "parts"), folder, env)
    array, text, none = (timed(ninja(args, name), folder, env) for name in ("array", "bytes", "none"))
    return {"array": (array, none), "bytes": (text, none)}


def report(name, rounds):
    mine, theirs = ([statistics.median(one[i][j] for one in rounds) for j in (0, 1)] for i in (0, 1))
    ratio = statistics.median(ours[0] / others[0] for ours, others in rounds)
    more = "" if name == "frame" else f", CPU of one {(mine[1] - theirs[1]) * 100:.0f} ms more"
    told = f"wall {mine[0]:.2f} s beside {theirs[0]:.2f} s, CPU {mine[1]:.2f} s beside {theirs[1]:.2f} s"
    print(f"{name:>6}: {told}, wall {ratio:.2f} times{more}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=lambda path: Path(path).resolve())
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    args = parser.parse_args()
    adopt()
    env = environment(args.program)
    print(
        f"{args.rows:,} rows, {args.cores} at once, {args.rounds} rounds; EXPOPS_FSYNC={env.get('EXPOPS_FSYNC', '1')}"
    )
    results = {}
    for _ in range(args.rounds):
        for run in (frame, broadcast):
            with tempfile.TemporaryDirectory() as temporary:
                for name, pair in run(args, Path(temporary) / "project", env).items():
                    results.setdefault(name, []).append(pair)
    for name, rounds in results.items():
        report(name, rounds)


main()
