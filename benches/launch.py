#!/usr/bin/env python3
"""What an instance costs under a launcher beside a bare step of Slurm, and what it costs when there is nothing to do.

    cargo build --release && salloc --nodes=4 --ntasks=8 --no-kill python3 benches/launch.py target/release/expops

Runs in an allocation. In turns, Ninja builds 40 instances of one shell command through `EXPOPS_LAUNCHER=slurm`, and a bare
file with as many edges that call `srun` with the same words for the same command. Then `ninja` with nothing to do, with
the launcher and without.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS, ROUNDS, JOBS = 40, 5, 8
PROJECT = f"""
pipeline:
  process_adjlist: |
    load split
    split work
  processes:
    - name: load
      command: seq {TASKS + 1} > {{{{ outputs.rows }}}}
      outputs: {{rows: rows.csv}}
    - name: split
      data_parallelism: {{size: {TASKS}, data_name: rows}}
    - name: work
      cache: false
      command: cp {{{{ inputs.rows }}}} {{{{ outputs.copy }}}}
      outputs: {{copy: copy.csv}}
"""
STEP = "srun --quiet --quit-on-interrupt --kill-on-bad-exit=1 --input=none --nodes=1 --ntasks=1 --cpus-per-task=1 --exact --mem=100M"


def seconds(command, folder, **more):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **more)
    return time.perf_counter() - start


def main():
    expops = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as made:
        ours, bare = Path(made, "ours"), Path(made, "bare")
        for folder in (ours, bare):
            folder.mkdir()
        (ours / "expops.yaml").write_text(PROJECT)
        edges = "".join(f"build out/{i}: step in.csv\n" for i in range(TASKS))
        (bare / "build.ninja").write_text(f"rule step\n  command = {STEP} -- sh -c 'cp $in $out'\n{edges}")
        (bare / "in.csv").write_text("1\n2\n")
        here = {**os.environ, "EXPOPS": expops, "EXPOPS_LAUNCHER": ""}
        there = {**here, "EXPOPS_LAUNCHER": "slurm --mem=100M"}
        subprocess.run([expops, "compile"], cwd=ours, check=True, stdout=subprocess.DEVNULL)
        seconds(["ninja"], ours, env=here)
        launched, steps = [], []
        for _ in range(ROUNDS):
            shutil.rmtree(ours / "build" / "work")
            launched.append(seconds(["ninja", f"-j{JOBS}"], ours, env=there))
            shutil.rmtree(bare / "out", ignore_errors=True)
            steps.append(seconds(["ninja", f"-j{JOBS}"], bare))
        ours_ms, bare_ms = (statistics.median(all) / TASKS * 1000 for all in (launched, steps))
        print(f"a launched instance {ours_ms:.1f} ms, a bare step {bare_ms:.1f} ms: a ratio of {ours_ms / bare_ms:.2f}")
        idle = [[seconds(["ninja"], ours, env=env) for _ in range(ROUNDS)] for env in (there, here)]
        with_ms, without_ms = (statistics.median(all) * 1000 for all in idle)
        print(f"nothing to do: {with_ms:.0f} ms with the launcher, {without_ms:.0f} ms without")


main()
