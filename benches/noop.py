#!/usr/bin/env python3
"""How long compiling takes, and what a build with nothing to do costs beside bare Ninja.

    cargo build --release && python3 benches/noop.py target/release/expops

Compiles a chain of two processes behind a split into 1,000, 20,000 and 100,000 partitions. For the smallest it
builds everything (with a stand-in that only writes stamps: Ninja is what is measured), and times `ninja`
with nothing to do against a bare file of as many edges, in turns.

Last, 100,000 and 1,000,000 instances: how long `expops compile` takes and how much memory at most, the first time and
again, divided by what `ninja -t query` of one target needs to load the file, in turns.

With `--reads 50000`: 50,000 partitions instead, each instance of which has read three files, beside the same build without
dependency files.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

PROJECT = """
scripts: {{main: src/model.py}}
pipeline:
  process_adjlist: |
    load split
    split train
    train score
  processes:
    - name: load
    - {{name: split, data_parallelism: {{size: {partitions}, data_name: rows}}}}
    - name: train
    - name: score
"""
SCRIPT = """
def load():
    return {"rows": list(range(100))}

def train(rows):
    return {"model": len(rows)}

def score(model):
    return {"score": model}
"""


def seconds(command, folder, **more):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **more)
    return time.perf_counter() - start


def project(folder, partitions):
    (folder / "src").mkdir(parents=True)
    (folder / "src/model.py").write_text(SCRIPT)
    (folder / "expops.yaml").write_text(PROJECT.format(partitions=partitions))


def compile_times(expops, partitions):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        project(folder, partitions)
        first = seconds([expops, "compile", "--quiet"], folder)
        again = min(seconds([expops, "compile", "--quiet"], folder) for _ in range(5))
        size = (folder / "build.ninja").stat().st_size / 1e6
        print(
            f"{partitions:>7} partitions, {2 * partitions + 2:>7} instances: "
            f"compile {first:.2f} s, again {again:.2f} s, build.ninja {size:.1f} MB"
        )


def statements(text):
    """The statements of a file, continued lines joined: outputs, rule, inputs."""
    lines = re.sub(r" \$\n +", " ", text).splitlines()
    found = []
    for line in lines:
        if line.startswith("build "):
            outputs, rest = line[len("build ") :].split(":", 1)
            rule, _, inputs = rest.strip().partition(" ")
            found.append((outputs.split(), rule, inputs.replace("| ", "").split()))
    return found


def is_edge(rule):
    return rule not in ("phony", "expops_compile")


def stand_in(folder):
    """A program that does nothing: what an edge has to make is written here."""
    path = folder / "touch.sh"
    path.write_text("#!/bin/sh\necho expops-build\n")
    path.chmod(0o755)
    for outputs, rule, _ in statements((folder / "build.ninja").read_text()):
        if is_edge(rule):
            for output in outputs:
                if output != "|":
                    (folder / output).parent.mkdir(parents=True, exist_ok=True)
                    (folder / output).write_text("")
    return str(path)


def bare(folder, ours):
    """A file with as many edges, inputs and outputs, and no more than that."""
    folder.mkdir()
    edges = sum(is_edge(rule) for _, rule, _ in statements(ours))
    lines = ["rule touch", "  command = touch $out", "build o0: touch"]
    lines += [f"build o{i}: touch o{max(0, i - 2)}" for i in range(1, edges)]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")
    return edges


def noop(expops, partitions):
    with tempfile.TemporaryDirectory() as name:
        ours, other = Path(name) / "ours", Path(name) / "bare"
        project(ours, partitions)
        seconds([expops, "compile", "--quiet"], ours)
        environment = {**os.environ, "EXPOPS": stand_in(ours)}
        seconds(["ninja"], ours, env=environment)
        edges = bare(other, (ours / "build.ninja").read_text())
        seconds(["ninja"], other)
        times = [(seconds(["ninja"], ours, env=environment), seconds(["ninja"], other)) for _ in range(15)]
        mine, theirs = (sorted(column)[len(times) // 2] for column in zip(*times))
        print(
            f"{partitions:>7} partitions: no-op ninja {1000 * mine:.0f} ms; bare file with {edges} edges "
            f"{1000 * theirs:.0f} ms; ratio {mine / theirs:.1f}"
        )


def measured(command, folder):
    """Seconds and peak memory in MB of a command that ends well."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def beside_ninja(expops, instances, times):
    command = [expops, "compile", "--quiet", "--max-instances", str(2 * instances)]
    first, again, loaded = [], [], []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "project"
            project(folder, instances // 2)
            first.append(measured(command, folder))
            loaded.append(measured(["ninja", "-t", "query", "score@p1"], folder))
            again.append(measured(command, folder))
    (first, memory), (again, memory_again), (loaded, memory_loaded) = map(sorted_middle, (first, again, loaded))
    print(
        f"{instances:>9} instances: compile {first:.2f} s, {memory:.0f} MB; again {again:.2f} s, {memory_again:.0f} MB; "
        f"ninja -t query {loaded:.2f} s, {memory_loaded:.0f} MB; ratio {first / loaded:.2f}, again {again / loaded:.2f}"
    )


def sorted_middle(runs):
    """The run with the median time."""
    return sorted(runs)[len(runs) // 2]


def reads(expops, partitions):
    """Nothing to do, with what each instance has read in Ninja's log, and without."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "ours"
        project(folder, partitions)
        seconds([expops, "compile", "--quiet"], folder)
        environment = {**os.environ, "EXPOPS": stand_in(folder)}
        read = ["src/query.sql", "data/one.csv", "data/two.csv"]
        for file in read:
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).touch()
        for record in (folder / "build").rglob("record.json"):
            output = record.relative_to(folder)
            record.with_name("reads.d").write_text(f"{output}: {' '.join(read)}\n")
        text = (folder / "build.ninja").read_text()
        without = re.sub(r"\n  deps = gcc\n  depfile = .*", "", text)
        (folder / "without.ninja").write_text(without)
        seconds(["ninja"], folder, env=environment)
        ways = [["ninja"], ["ninja", "-f", "without.ninja"]]
        assert text.count("deps = gcc") == 1 and without.count("deps = gcc") == 0
        times = [[seconds(way, folder, env=environment) for way in ways] for _ in range(7)]
        mine, theirs = (sorted(column)[len(times) // 2] for column in zip(*times))
        print(
            f"{partitions:>7} partitions, {2 * partitions + 2:>7} instances that read three files each: no-op ninja "
            f"{mine:.2f} s; without dependency files {theirs:.2f} s; ratio {mine / theirs:.2f}"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", type=Path, default="target/release/expops")
    parser.add_argument("--reads", type=int, metavar="PARTITIONS")
    arguments = parser.parse_args()
    expops = str(arguments.program.resolve())
    if arguments.reads:
        reads(expops, arguments.reads)
        return
    for partitions in (1_000, 20_000, 100_000):
        compile_times(expops, partitions)
    noop(expops, 1_000)
    beside_ninja(expops, 100_000, 5)
    beside_ninja(expops, 1_000_000, 1)


if __name__ == "__main__":
    main()
