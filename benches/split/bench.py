"""expops-split beside other programs that cut the same files into 8 partitions, by rows and by value.

    python benches/split/bench.py [--size 100] [--rounds 3] [--only numbers.csv d.parquet]

Builds what it needs (`--program` and `--bound` name other builds). Every round runs every program once, one after the
other, on files in the page cache; the table gives the median of each program's times and its ratios in the same round:
to the bound (text formats) or to copy plus hash (binary ones), and to expops-split by rows. Programs and Python packages
that are not installed are left out.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PARTS = 8


def numbers(path, size):
    random.seed(1)
    rows = [
        f"{random.randint(0, 10**6)},{random.random():.6f},{random.random() * 1000:.3f},{random.randint(0, 99)},{random.randint(0, 10**9)}\n"
        for _ in range(20000)
    ]
    return repeat(path, "a,b,c,d,e\n", rows, size)


def quoted(path, size):
    random.seed(2)
    words = [
        "lorem",
        "ipsum",
        "dolor",
        "sit",
        "amet",
        "consectetur,",
        '""adipiscing""',
        "elit\nsed",
        "do",
        "eiusmod",
        "tempor",
    ]
    rows = [
        f'{random.randint(0, 10**6)},"{" ".join(random.choices(words, k=15))}",{random.random():.3f}\n'
        for _ in range(20000)
    ]
    return repeat(path, "a,t,c\n", rows, size)


def json_lines(path, size):
    random.seed(3)
    rows = [
        f'{{"id": {random.randint(0, 10**6)}, "name": "user {i}", "tags": ["a", "b\\n"], "score": {random.random():.6f}, "ok": true}}\n'
        for i in range(20000)
    ]
    return repeat(path, "", rows, size)


def wide(path, size):
    """Rows of 100 kB, as documents have."""
    random.seed(5)
    words = " ".join(random.choices(["lorem", "ipsum", "dolor", "sit"], k=20000))[:99_980]
    rows = [f'{i % 1000},"{i}, {words[i:] + words[:i]}"\n' for i in range(200)]
    return repeat(path, "k,t\n", rows, size)


def repeat(path, header, rows, size):
    """Writes `rows` again and again; returns how many rows there are in the end."""
    block, count = "".join(rows), 0
    with open(path, "w") as file:
        written = file.write(header)
        while written < size:
            written += file.write(block)
            count += len(rows)
    return count


def tables(folder, size):
    import numpy as np
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet as pq

    rng = np.random.default_rng(4)
    count = size // 40
    np.save(folder / "d.npy", rng.normal(size=(size // 80, 10)))
    table = pa.table(
        {
            "i": np.arange(count),
            "f": rng.normal(size=count),
            "k": rng.integers(0, 1000, count),
            "t": pa.array(np.char.add("name ", rng.integers(0, 10**6, count).astype(str))),
        }
    )
    pyarrow.feather.write_feather(table, folder / "d.arrow", compression="uncompressed")
    pq.write_table(table, folder / "d.parquet")
    texts = [rng.integers(97, 123, 100_000, dtype=np.uint8).tobytes().decode() for _ in range(50)]
    count = size // 100_000
    table = pa.table({"k": pa.array([i % 1000 for i in range(count)]), "t": [texts[i % 50] for i in range(count)]})
    pq.write_table(table, folder / "wide.parquet", use_dictionary=False, row_group_size=500)


def run(command, out):
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    # A small program starts the command: what it inherits from a large one would count as its memory.
    memory = out + ".memory"
    shell = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    start = time.perf_counter()
    child = subprocess.Popen(
        ["/usr/bin/time", "-o", memory, "-f", "%M", *shell], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{command}: {child.stderr.read().decode()}")
    child.stderr.close()
    child.returncode = 0
    return wall, usage.ru_utime + usage.ru_stime, int(pathlib.Path(memory).read_text()) / 1024


PYTHON = {
    "polars": """import polars as pl
d = pl.{read}({path!r}); n = -(-len(d) // 8)
for i in range(8): d[i*n:(i+1)*n].{write}({out!r} + '/%d' % i)""",
    "polars, by hash": """import polars as pl
d = pl.{read}({path!r})
d = d.with_columns(p=pl.col({key!r}).hash() % 8).partition_by('p', include_key=False)
for i, part in enumerate(d): part.{write}({out!r} + '/%d' % i)""",
    "pyarrow": """import pyarrow as pa, pyarrow.csv as c, pyarrow.parquet as q, pyarrow.feather as f
d = {read}({path!r}); n = -(-len(d) // 8)
for i in range(8): {write}(d[i*n:(i+1)*n], {out!r} + '/%d' % i)""",
    "duckdb, by hash": """import duckdb
duckdb.sql("copy (select *, hash({key}) % 8 as p from {read}('{path}')) to '{out}/d' (format {write}, partition_by (p))")""",
}


NUMPY = """import numpy as np
d = np.load({path!r}); n = -(-len(d) // 8)
for i in range(8): np.save({out!r} + '/%d' % i, d[i*n:(i+1)*n])"""

#: How each package reads and writes a format.
CALLS = {
    "polars": {
        ".csv": ("read_csv", "write_csv"),
        ".jsonl": ("read_ndjson", "write_ndjson"),
        ".parquet": ("read_parquet", "write_parquet"),
        ".arrow": ("read_ipc", "write_ipc"),
    },
    "pyarrow": {
        ".csv": ("c.read_csv", "c.write_csv"),
        ".parquet": ("q.read_table", "q.write_table"),
        ".arrow": ("f.read_table", "f.write_feather"),
    },
    "duckdb": {".csv": ("read_csv", "csv"), ".parquet": ("read_parquet", "parquet"), ".jsonl": ("read_json", "json")},
}

#: The column that rows go by, where a file has one.
KEYS = {
    "numbers.csv": "d", "quoted.csv": "a", "lines.jsonl": "id", "wide.csv": "k",
    "d.arrow": "k", "d.parquet": "k", "wide.parquet": "k",
}  # fmt: skip


def commands(args, path, rows, out):
    """What to run on `path`, which has so many rows: name, command; the first is the measure."""
    kind, key = path.suffix, KEYS.get(path.name)
    text = kind in (".csv", ".jsonl")
    ours = [args.program, str(path), "--size", str(PARTS), "--out", out, "-q"]
    copy = f"cp {path} {out}/copy"
    found = {}
    if text:
        found["the bound"] = [args.bound, str(path), out]
    else:
        found["copy, then hash (bound)"] = f"{copy} && {args.bound} {path} {out} hash"
    found[ROWS] = ours
    for by in ["hash", *([f"hash:{key}", f"group:{key}", f"stratify:{key}"] if key else []), "shuffle:1"]:
        found[f"expops-split --by {by}"] = [*ours, "--by", by]
    found["cp"] = copy
    found["sha256sum"] = ["sha256sum", str(path)]
    found["openssl sha256"] = ["openssl", "sha256", str(path)]
    if text:
        found["split -n l/8 (cuts quoted rows)"] = ["split", "-n", "l/8", str(path), out + "/x"]
        if kind == ".csv":
            each = str(-(-rows // PARTS))
            found["xsv split"] = ["xsv", "split", "-s", each, out, str(path)]
            found["qsv split"] = ["qsv", "split", "-s", each, out, str(path)]
    if kind == ".npy":
        found["numpy"] = [sys.executable, "-c", NUMPY.format(path=str(path), out=out)]
    for name, code in PYTHON.items():
        package = name.split(",")[0]
        calls = CALLS[package].get(kind)
        # pyarrow does not write quoted line ends as it reads them.
        if calls and importlib.util.find_spec(package) and not (package == "pyarrow" and path.stem == "quoted"):
            filled = code.format(read=calls[0], write=calls[1], path=str(path), out=out, key=key)
            found[name] = [sys.executable, "-c", filled]
    return {name: c for name, c in found.items() if isinstance(c, str) or shutil.which(c[0])}


#: What the strategies are measured by.
ROWS = "expops-split, by rows"


def table_of(args, path, rows, out):
    times = {}
    for _ in range(args.rounds):
        for name, command in commands(args, path, rows, out).items():
            times.setdefault(name, []).append(run(command, out))
    measure = next(iter(times))
    print(f"\n### {path.name}, {path.stat().st_size / 1e6:.0f} MB\n")
    print(f"| what | wall, s | CPU, s | wall against {measure} | CPU against it | CPU against by rows | memory, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, runs in times.items():

        def ratio(other, what):
            pairs = zip(runs, times[other])  # noqa: B023 (called at once)
            return statistics.median(mine[what] / max(its[what], 0.01) for mine, its in pairs)

        wall, cpu, memory = (statistics.median(values) for values in zip(*runs))
        ratios = " | ".join(f"{r:.2f}" for r in (ratio(measure, 0), ratio(measure, 1), ratio(ROWS, 1)))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {ratios} | {memory:.0f} |", flush=True)


def one_row(args, path, out):
    """One changed row of 100 partitions: the time against reading and hashing the file."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    split = [args.program, str(path), "--size", "100", "--out", out, "--json"]
    subprocess.run(split, check=True, capture_output=True)
    ratios = []
    for _ in range(args.rounds):
        with open(path, "r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.readline()
            line = file.readline()
            place = file.tell() - len(line) + next(i for i, byte in enumerate(line) if byte in b"123456789")
            file.seek(place)
            digit = file.read(1)
            file.seek(place)
            file.write(b"7" if digit != b"7" else b"8")
        start = time.perf_counter()
        report = subprocess.run(split, check=True, capture_output=True, text=True).stdout
        wall = time.perf_counter() - start
        written = report.count('"written": true')
        start = time.perf_counter()
        subprocess.run([args.bound, str(path), out, "hash"], check=True)
        ratios.append(wall / (time.perf_counter() - start))
        assert written == 1, written
    print(
        f"\nOne row changed, 100 partitions: one is written; {statistics.median(ratios):.2f} times reading and hashing."
    )


def build():
    """Release builds of expops-split and of the bound."""
    root = pathlib.Path(__file__).parents[2]
    bound = ["cargo", "bench", "--locked", "--bench", "split_bound", "--no-run"]
    found = {}
    for command in (["cargo", "build", "--locked", "--release", "--bin", "expops-split"], bound):
        done = subprocess.run(
            [*command, "--message-format=json"], cwd=root, check=True, stdout=subprocess.PIPE, text=True
        )
        for message in map(json.loads, done.stdout.splitlines()):
            if message.get("executable"):
                found[message["target"]["name"]] = message["executable"]
    return found["expops-split"], found["split_bound"]


TEXTS = {"numbers.csv": numbers, "quoted.csv": quoted, "lines.jsonl": json_lines, "wide.csv": wide}
TABLES = ["d.npy", "d.arrow", "d.parquet", "wide.parquet"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", help="expops-split; built if not given")
    parser.add_argument("--bound", help="what bound.rs is built to; built if not given")
    parser.add_argument("--size", type=int, default=100, help="of each file, in MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=[*TEXTS, *TABLES])
    args = parser.parse_args()
    if not (args.program and args.bound):
        program, bound = build()
        args.program, args.bound = args.program or program, args.bound or bound
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        folder, out = pathlib.Path(temporary), temporary + "/out"
        os.makedirs(out)
        size = args.size * 10**6

        def wanted(name):
            return not args.only or name in args.only

        for name, make in TEXTS.items():
            if wanted(name):
                rows = make(folder / name, size)
                table_of(args, folder / name, rows, out)
                if name != "wide.csv":
                    one_row(args, folder / name, out)
                (folder / name).unlink()
        if importlib.util.find_spec("pyarrow") and any(map(wanted, TABLES)):
            tables(folder, size)
            for name in TABLES:
                if wanted(name):
                    table_of(args, folder / name, None, out)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


main()
