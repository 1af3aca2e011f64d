#!/usr/bin/env python3
"""The page of a project with 10,000 instances: written beside `expops status`, opened and clicked on in a browser.

    cargo build --release && python3 benches/page.py target/release/expops

Builds a pipeline of load, split, 5,000 times fit, 5,000 times score, and one that gathers (some minutes; `--folder` keeps it
for the next time). Then `expops report` and `expops status` in turns: user and system time of each pair as a ratio. Where
`tests/browser/run` has fetched Playwright, Chromium tells when it first painted, and how long a click on a process took to be
painted (its own Event Timing).
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import adopt, environment, timed

HERE = Path(__file__).resolve().parent
PROJECT = """
scripts: {{main: model.py}}
pipeline:
  process_adjlist: |
    load cut
    cut fit
    fit score
    score end
  processes:
    - {{name: load}}
    - {{name: cut, data_parallelism: {{size: {partitions}, data_name: rows}}}}
    - {{name: fit, reuse: true}}
    - {{name: score, reuse: true}}
    - {{name: end, data_aggregation: true}}
"""
SCRIPT = """
from expops.core import log_metric

def load():
    return {"rows": [[i, i * 7 % 13] for i in range(20000)]}

def fit(rows):
    for step in range(5):
        log_metric("loss", rows[0][1] / (step + 1))
    return {"model": sum(row[1] for row in rows)}

def score(model):
    log_metric("score", model / 4)
    return {"score": model}

def end(score):
    return {"all": len(score)}
"""


def build(expops, folder, partitions, env):
    if (folder / "build/end/stamp").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expops.yaml").write_text(PROJECT.format(partitions=partitions))
    (folder / "model.py").write_text(SCRIPT)
    wall, cpu = timed([expops, "run", "--quiet"], folder, env)
    print(f"built in {wall:.0f} s, {cpu:.0f} s of CPU")


def browse(page):
    node, chromium = shutil.which("node"), shutil.which("chromium") or shutil.which("chromium-browser")
    if not (node and chromium and (HERE.parent / "tests/browser/node_modules").is_dir()):
        print("no browser: tests/browser/run fetches what it takes")
        return
    subprocess.run([node, HERE / "page.mjs", chromium, page], check=True, timeout=120)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("expops", nargs="?", default="target/release/expops")
    parser.add_argument("--partitions", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    adopt()
    expops = str(Path(args.expops).resolve())
    env = environment(expops)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.folder or Path(temporary) / "project").resolve()
        build(expops, folder, args.partitions, env)
        pairs = [[timed([expops, word], folder, env)[1] for word in ("report", "status")] for _ in range(args.rounds)]
        report, status = (statistics.median(column) for column in zip(*pairs))
        ratio = statistics.median(one / other for one, other in pairs)
        page = folder / "report.html"
        size = page.stat().st_size / 1e6
        print(f"report {report:.2f} s, status {status:.2f} s of CPU; ratio of pairs {ratio:.2f}; page {size:.1f} MB")
        browse(page)


if __name__ == "__main__":
    sys.exit(main())
