"""expops-split against the Python runtime, which cuts values that only Python understands: the same rows go to the
same partitions, in every format and by every strategy; and what an edit, an inserted and an appended row touch is
what docs/splitting.md says.

    python tests/split/strategies.py path/to/expops-split

Needs numpy, pandas and pyarrow. `expops` is the runtime in `src/python`.
"""

import csv
import io
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "src" / "python"))
import functools
import operator

from expops_build import _split

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
EQUAL = [
    "round_robin", "hash", "hash:k", "hash:t,k", "group:k", "group:t", "group:t,k", "stratify:k", "stratify:t,k",
    "shuffle:7", "shuffle:18446744073709551615", "shuffle:7,group:k", "range:n", "range:t", "range:k", "range:f",
    "hash:h", "hash:s,h", "group:s", "range:h", "range:d",
]  # fmt: skip
SHARES = ["rows", "shuffle:7", "group:k", "stratify:k", "shuffle:7,group:t", "range:n"]
SIZES = {"3": {"equal": 3}, "7": {"equal": 7}, "60%,20%,rest": {"shares": ["60%", "20%", "rest"]}}
#: Partitions when there are 64 file handles; 10,000 in long runs.
HANDLES = int(os.environ.get("EXPOPS_SPLIT_PARTITIONS", "100"))
checks = 0


def check(fact, *about):
    global checks
    checks += 1
    if not fact:
        sys.exit(f"FAILED: {about}")


def strategy(by):
    """The strategy as the runtime is told it."""
    if by in ("rows", "round_robin", "hash"):
        return by
    kind, _, rest = by.partition(":")
    if kind == "shuffle":
        seed, _, group = rest.partition(",group:")
        return {"shuffle": int(seed), "group": group.split(",") if group else []}
    return {kind: rest if kind == "range" else rest.split(",")}


def split(path, size, by, *flags):
    out = tempfile.mkdtemp(dir=path.parent)
    command = [PROGRAM, str(path), *(["--size", size] if size else []), "--by", by, "--out", out, "--json", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    check(done.returncode == 0, path.name, size, by, done.stderr)
    return [pathlib.Path(one["path"]) for one in json.loads(done.stdout)["partitions"]]


def rows(count):
    chance = random.Random(count)
    texts = ["a", "b", "", "True", "1.0", "ä€", 'q"uo', "2026-01-02", "1e3"]
    return [
        {"id": i, "k": chance.choice([1, 2, 3, 50, -4]), "t": chance.choice(texts), "f": chance.choice([0.5, 1e20, -2.0, 1.25e-7]),
         "n": chance.randrange(10**6), "b": chance.random() < 0.5, "h": chance.randrange(40) / 10,
         "s": chance.randrange(400) / 100, "d": moment(np.datetime64(chance.randrange(-10**12, 10**12), "s"))}
        for i in range(count)
    ]  # fmt: skip


def moment(time):
    return str(time).replace("T", " ")


def typed(data):
    """The rows as a table in which `h` and `s` are of half and single precision, and `d` is a time of any year."""
    table = pa.Table.from_pylist(data)
    arrays = {
        "h": pa.array(np.array([row["h"] for row in data], "f2")),
        "s": pa.array(np.array([row["s"] for row in data], "f4")),
        "d": pa.array(np.array([row["d"] for row in data], "M8[s]")),
    }
    for name, array in arrays.items():
        table = table.set_column(table.column_names.index(name), name, array)
    return table


def files(data, folder):
    """The same rows in every format: a path, and how the ids of its rows are read."""
    table = typed(data)
    path = folder / "d.csv"
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(data[0]))
        writer.writeheader()
        writer.writerows(data)
    yield path, lambda p: [int(row["id"]) for row in csv.DictReader(io.StringIO(p.read_text()))]
    path = folder / "d.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in data))
    yield path, lambda p: [json.loads(line)["id"] for line in p.read_text().splitlines()]
    path = folder / "d.json"
    path.write_text(json.dumps(data))
    yield path, lambda p: [row["id"] for row in json.loads(p.read_text())]
    path = folder / "d.parquet"
    pq.write_table(table, path, row_group_size=97)
    yield path, lambda p: pq.read_table(p)["id"].to_pylist()
    path = folder / "d.arrow"
    pyarrow.feather.write_feather(table, path, chunksize=53, compression="uncompressed")
    yield path, lambda p: pyarrow.feather.read_table(p)["id"].to_pylist()
    kinds = [("id", "i8"), ("k", "i8"), ("t", "U12"), ("f", "f8"), ("n", "i8"), ("b", "?")]
    kinds += [("h", "f2"), ("s", "f4"), ("d", "M8[s]")]
    path = folder / "d.npy"
    np.save(path, np.array([tuple(row.values()) for row in data], kinds))
    yield path, lambda p: np.load(p)["id"].tolist()


def values(data):
    """The same rows as values of Python."""
    yield data
    yield {name: [row[name] for row in data] for name in data[0]}
    days = np.array([row["d"] for row in data], "M8[s]")
    yield pd.DataFrame(data).astype({"h": "float16", "s": "float32"}).assign(d=days)
    yield pd.DataFrame(data).astype({"h": "halffloat[pyarrow]", "s": "float[pyarrow]"})
    yield pa.Table.from_pylist(data)


def ids(value):
    if isinstance(value, list):
        return [row["id"] for row in value]
    column = value["id"]
    return list(column.to_pylist() if hasattr(column, "to_pylist") else column)


def agree(data, folder):
    for size, told in SIZES.items():
        for by in EQUAL if "equal" in told else SHARES:
            found = [[ids(part) for part, _ in _split.split(v, "v", told, strategy(by))] for v in values(data)]
            check(all(one == found[0] for one in found), size, by, "values of Python differ")
            check(sorted(functools.reduce(operator.iadd, found[0], [])) == list(range(len(data))), size, by)
            for path, read in files(data, folder):
                check([read(part) for part in split(path, size, by)] == found[0], path.name, size, by)


def shares_hold(data, folder):
    (path, read), *_ = files(data, folder)
    cells = {row["id"]: row for row in data}
    for size in ("4", "60%,20%,rest"):
        weights = [1 / 4] * 4 if size == "4" else [0.6, 0.2, 0.2]
        for part, weight in zip(split(path, size, "stratify:k"), weights):
            found = [cells[i]["k"] for i in read(part)]
            for k in {row["k"] for row in data}:
                whole = sum(row["k"] == k for row in data)
                check(abs(found.count(k) - weight * whole) < (1 if size == "4" else 2), size, k, found.count(k), whole)
        for by in ("group:id", "shuffle:3,group:id"):
            for part, weight in zip(split(path, size, by), weights):
                check(abs(len(read(part)) - weight * len(data)) <= 2 + weight * len(data) / 4, size, by)
        parts = [{cells[i]["t"] for i in read(part)} for part in split(path, size, "group:t")]
        check(sum(map(len, parts)) == len(set.union(*parts)), "a key is in two partitions")
        parts = [[cells[i]["n"] for i in read(part)] for part in split(path, size, "range:n")]
        check(all(max(a) < min(b) for a, b in zip(parts, parts[1:])), size, "ranges overlap")


def touched(folder, by, change, size="5"):
    """How many of the partitions are written again after `change`."""
    data = [{**row, "n": i} for i, row in enumerate(rows(400))]
    path, out = folder / "touched.csv", folder / f"touched-{by.replace(':', '-').replace(',', '-')}-{change.__name__}"
    for step in (lambda d: d, change):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(data[0]))
        writer.writeheader()
        writer.writerows(step(data))
        path.write_text(text.getvalue())
        done = subprocess.run(
            [PROGRAM, str(path), "--size", size, "--by", by, "--out", str(out), "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        check(done.returncode == 0, done.stderr)
    return sum(one["written"] for one in json.loads(done.stdout)["partitions"])


def edited(data):
    return [{**row, "b": "edited"} if row["id"] == 200 else row for row in data]


def inserted(data):
    return [*data[:200], {**data[0], "id": 4711, "n": 200.5}, *data[200:]]


def appended(data):
    return [*data, {**data[0], "id": 4711, "n": 10**6}]


#: Strategy: the most partitions that an edit of another column, an inserted and an appended row touch.
TOUCH = {
    "rows": (1, 5, 5),
    "round_robin": (1, 5, 1),
    "hash:id": (1, 1, 1),
    "group:k": (1, 5, 1),
    "stratify:k": (1, 5, 1),
    "shuffle:7": (1, 5, 5),
    "shuffle:7,group:k": (1, 5, 1),
    "range:n": (1, 4, 1),
}


def few_handles(data, folder):
    """More partitions than file handles, in every format."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))  # noqa: E731
    for path, read in files(data, folder):
        for by in ("rows", "round_robin", "hash:id"):
            out = tempfile.mkdtemp(dir=folder)
            command = [PROGRAM, str(path), "--size", str(HANDLES), "--by", by, "--out", out, "--json"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
            check(done.returncode == 0, path.name, by, done.stderr)
            parts = [one["path"] for one in json.loads(done.stdout)["partitions"]]
            check(len(parts) == HANDLES, path.name, by)
            found = sorted(row for part in parts[:: max(1, HANDLES // 200)] for row in read(pathlib.Path(part)))
            check(len(found) == len(set(found)) and (HANDLES > 200 or found == list(range(len(data)))), path.name, by)


def by_value(data, folder):
    """One file for each value: names, what an edit, an inserted and an appended row touch, and what is refused."""

    def run(rows, name, *flags):
        path = folder / f"value{pathlib.Path(name).suffix}"
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=97)
        else:
            with open(path, "w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        command = [
            PROGRAM,
            str(path),
            "--by-value",
            "t",
            "--name",
            name,
            "--out",
            str(folder / "values"),
            "--json",
            *flags,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done, json.loads(done.stdout)["partitions"] if done.returncode == 0 else []

    for name in ("{value}.csv", "t={value}/d.parquet"):
        done, parts = run(data, name)
        check(done.returncode == 0, done.stderr)
        wanted = {"a", "b", "", "true", "1", "ä€", 'q"uo', "2026-01-02", "1000"}
        check({one["value"] for one in parts} == wanted, parts)
        texts = {"": "(missing)", 'q"uo': "q%22uo", "ä€": "ä%E2%82%AC"}
        for one in parts:
            place = folder / "values" / name.replace("{value}", texts.get(one["value"], one["value"]))
            check(pathlib.Path(one["path"]) == place and pathlib.Path(f"{place}.stamp").exists(), one, place)
        check(sum(one["rows"] for one in parts) == len(data), parts)
        other = [{**row, "b": not row["b"]} if row["id"] == 50 else row for row in data]
        moved = [{**row, "t": "a" if row["t"] != "a" else "b"} if row["id"] == 50 else row for row in other]
        for rows, touched in (
            (other, 1),
            (moved, 2),
            ([*moved[:9], {**moved[0], "id": -1}, *moved[9:]], 1),
            ([*moved, {**moved[0], "id": -2, "t": "new"}], 2),
        ):
            _, parts = run(rows, name)
            check(sum(one["written"] for one in parts) == touched, name, touched, parts)
        done, _ = run(moved, name)
        check("new" in done.stderr and "left from an earlier split" in done.stderr, done.stderr)
        for flags, word in ((["--most", "3"], "more than 3"), (["--by", "hash"], "cannot be used with")):
            done, _ = run(data, name, *flags)
            check(done.returncode == 2 and word in done.stderr, done.stderr)
    done, _ = run([*data, {**data[0], "t": "(missing)"}], "{value}.csv")
    check(done.returncode == 2 and "would both be" in done.stderr, done.stderr)


def piped(folder):
    """What has magic bytes needs no name."""
    for path, read in [*files(rows(300), folder)][2:]:
        out = tempfile.mkdtemp(dir=folder)
        command = [PROGRAM, "-", "--size", "3", "--out", out, "--json"]
        with open(path, "rb") as file:
            done = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
        check(done.returncode == 0, path.name, done.stderr)
        parts = [pathlib.Path(one["path"]) for one in json.loads(done.stdout)["partitions"]]
        check([row for part in parts for row in read(part)] == list(range(300)), path.name)


def little_memory(folder):
    """With many partitions of many columns the file is read anew for some of them after others."""
    table = pa.table({f"c{i}": range(i, i + 900) for i in range(40)})
    table = table.append_column("t", pa.array([f"text {i % 90}" for i in range(900)]).dictionary_encode())
    pq.write_table(table, folder / "wide.parquet")
    pyarrow.feather.write_feather(table, folder / "wide.arrow")
    for name, read in (("wide.parquet", pq.read_table), ("wide.arrow", pyarrow.feather.read_table)):
        for by in ("shuffle:1", "round_robin", "hash:c0"):
            parts = [list(map(read, split(folder / name, "300", by, "--memory", memory))) for memory in ("16MB", "1GB")]
            check(parts[0] == parts[1] and sum(map(len, parts[0])) == 900, by, name)


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for count in (1, 2, 300):
            agree(rows(count), folder)
        shares_hold(rows(700), folder)
        few_handles(rows(300), folder)
        by_value(rows(300), folder)
        little_memory(folder)
        for by, most in TOUCH.items():
            for change, limit in zip((edited, inserted, appended), most):
                check(touched(folder, by, change) <= limit, by, change.__name__, touched(folder, by, change))
        (path, read), *_ = files(rows(300), folder)
        check([len(read(part)) for part in split(path, None, "rows", "--rows", "70")] == [70, 70, 70, 70, 20])
        check([len(read(part)) for part in split(path, None, "shuffle:1", "--rows", "70")] == [70, 70, 70, 70, 20])
        piped(folder)
        for path, read in [*list(files(rows(300), folder))[:3], *list(files(rows(300), folder))[5:]]:
            parts = split(path, None, "rows", "--max-bytes", "3000")
            check([row for part in parts for row in read(part)] == list(range(300)), path.name)
            check(all(part.stat().st_size <= 3000 for part in parts), path.name, [p.stat().st_size for p in parts])
            check(all(part.stat().st_size > 2500 for part in parts[:-1]), path.name, [p.stat().st_size for p in parts])
    print(f"{checks} facts hold")


main()
