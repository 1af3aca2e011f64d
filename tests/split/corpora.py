"""The data files that packages of the Python index bring along, split by every strategy and read back by two other
programs each: what these see of the partitions together is what they see of the whole file (by `rows` in its order), or
the split is refused and says of which file and why.

    python tests/split/corpora.py path/to/expops-split [PACKAGE or its archive …]

Needs pyarrow, duckdb, polars and numpy, and pip with an index. Downloads some 60 MB to a temporary folder, which is removed.
"""

import collections
import csv
import gzip
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
#: Those whose wheels have data, and one whose source has.
WHEELS = ["bokeh_sampledata", "palmerpenguins", "plotly", "scikit-learn", "statsmodels", "vega_datasets"]
SOURCES = ["awkward"]
#: What is installed has some, too.
INSTALLED = [pathlib.Path(module.__file__).parent for module in (pa, np)]
#: No file is larger, and no package brings more of one format than FILES.
BYTES, FILES = 2_000_000, 300
WHOLE_ROW = ["rows", "round_robin", "hash", "shuffle:7"]
BY_KEY = ["hash", "group", "stratify", "range"]
csv.field_size_limit(BYTES)
facts, failed, refused, left_out = 0, [], collections.Counter(), collections.Counter()


def check(fact, *about):
    global facts
    facts += 1
    if not fact:
        failed.append(" | ".join(map(str, about)))


def canonical(values):
    return [json.dumps(value, sort_keys=True, default=repr) for value in values]


def text_of(path):
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def python_csv(path, delimiter):
    rows = list(csv.reader(text_of(path).splitlines(keepends=True), delimiter=delimiter, strict=True))
    # A blank line is a row where there is one column.
    return [row or [""] for row in rows if len(rows[0]) == 1 or any(row)]


def polars_csv(path, delimiter):
    frame = pl.read_csv(path, separator=delimiter, infer_schema=False, has_header=False)
    rows = [["" if value is None else value.encode().decode("latin-1") for value in row] for row in frame.rows()]
    # Unlike others it takes a blank line for a row of several columns.
    return [row for row in rows if len(row) == 1 or any(row)]


def without_header(read):
    def rows(path, delimiter):
        header, *rows = read(path, delimiter)
        return [header], rows

    rows.__name__ = read.__name__
    return rows


def python_json(path, _):
    rows = json.loads(text_of(path))
    if not isinstance(rows, list):
        raise TypeError("no array")
    return [], rows


def python_lines(path, _):
    return [], [json.loads(line) for line in text_of(path).splitlines() if line.strip()]


def duckdb_json(path, _):
    found = duckdb.sql(f"select json from read_json_objects('{path}', maximum_object_size={BYTES})").fetchall()
    return [], [json.loads(one) for (one,) in found]


def pyarrow_parquet(path, _):
    table = pq.read_table(path)
    return [str(table.schema)], table.to_pylist()


def duckdb_parquet(path, _):
    relation = duckdb.sql(f"from read_parquet('{path}', hive_partitioning=false)")
    return [str(relation.types), *relation.columns], list(map(repr, relation.fetchall()))


def pyarrow_arrow(path, _):
    table = pa.ipc.open_file(str(path)).read_all()
    return [str(table.schema)], table.to_pylist()


def polars_arrow(path, _):
    frame = pl.read_ipc(path, memory_map=False)
    return [str(frame.schema)], list(map(repr, frame.rows()))


def numpy_npy(path, _):
    array = np.load(path)
    return [str(array.dtype), str(array.shape[1:])], [row.tobytes().hex() for row in array]


def bytes_npy(path, _):
    """The rows by the format's definition."""
    data = path.read_bytes()
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    head = eval(data[8 + width : start].decode("latin-1"), {})
    rows, size = head["shape"][0], len(data) - start
    if head["fortran_order"] and len(head["shape"]) > 1:
        raise ValueError("rows do not lie together")
    return [head["descr"]], [data[start + i * size // rows : start + (i + 1) * size // rows].hex() for i in range(rows)]


#: By ending: two readers, and what stands between fields.
FORMATS = {
    ".csv": ([without_header(python_csv), without_header(polars_csv)], ","),
    ".csv.gz": ([without_header(python_csv), without_header(polars_csv)], ","),
    ".tsv": ([without_header(python_csv), without_header(polars_csv)], "\t"),
    ".json": ([python_json, duckdb_json], None),
    ".jsonl": ([python_lines, duckdb_json], None),
    ".parquet": ([pyarrow_parquet, duckdb_parquet], None),
    ".feather": ([pyarrow_arrow, polars_arrow], None),
    ".arrow": ([pyarrow_arrow, polars_arrow], None),
    ".npy": ([numpy_npy, bytes_npy], None),
}


def format_of(name):
    return next((end for end in sorted(FORMATS, key=len, reverse=True) if name.endswith(end)), None)


def download(folder):
    """The packages' archives."""
    wanted = sys.argv[2:] or WHEELS + SOURCES
    for package in (one for one in wanted if not pathlib.Path(one).is_file()):
        kind = ["--no-binary", package] if package in SOURCES else ["--only-binary", ":all:"]
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            *kind,
            "--dest",
            str(folder),
            package,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            sys.exit(f"{package} cannot be downloaded: {done.stderr.strip()}")
    return [pathlib.Path(one) for one in wanted if pathlib.Path(one).is_file()] + sorted(folder.iterdir())


def members(archive):
    """Name, length and content of each file of an archive."""
    if archive.is_dir():
        for path in sorted(archive.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(archive)), path.stat().st_size, path.read_bytes
    elif archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            for one in opened.infolist():
                yield one.filename, one.file_size, lambda one=one: opened.read(one)
    else:
        with tarfile.open(archive) as opened:
            for one in opened:
                if one.isfile():
                    yield one.name, one.size, lambda one=one: opened.extractfile(one).read()


def files(archives, folder):
    """The data files, each laid in a folder of its own."""
    found = collections.Counter()
    for archive in archives:
        for name, size, content in members(archive):
            ending = format_of(name)
            if ending is None or ".dist-info/" in name:
                continue
            found[archive, ending] += 1
            if not 0 < size <= BYTES or found[archive, ending] > FILES:
                left_out["too large, empty, or one of too many"] += 1
                continue
            own = pathlib.Path(tempfile.mkdtemp(dir=folder))
            path = own / pathlib.PurePosixPath(name).name
            path.write_bytes(content())
            yield f"{archive.name}: {name}", path


def key_of(path, ending, readers, delimiter):
    """The name of a column, if there is one that can be written on the command line."""
    try:
        header, rows = readers[0](path, delimiter)
    except Exception:
        return None
    if ending in (".json", ".jsonl"):
        return next(iter(rows[0]), None) if rows and isinstance(rows[0], dict) else None
    if ending in (".parquet", ".feather", ".arrow"):
        return next(iter(rows[0]), None) if rows else None
    return header[0][-1].encode("latin-1").decode(errors="ignore") if delimiter else None


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def split(path, by, out):
    command = [PROGRAM, str(path), "--size", "3", "--by", by, "--out", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode == 0:
        return [pathlib.Path(part["path"]) for part in json.loads(done.stdout)["partitions"]]
    said = done.stderr.strip()
    check(done.returncode == 1 or "has no rows" in said or "--by" in said or path.name in said, path, by, said)
    check("panicked" not in said and (path.name in said or "`" in said), path, by, said)
    refused[said.splitlines()[0].replace(path.name, "…").replace(str(path.parent), "")[:90]] += 1
    return None


def compare(about, path, read, delimiter, parts, by):
    try:
        header, rows = read(path, delimiter)
    except BaseException as e:  # (polars panics) what it cannot read whole, it need not read in parts
        left_out[f"{read.__name__}: {type(e).__name__}"] += 1
        return
    try:
        seen = [read(part, delimiter) for part in parts]
    except BaseException as e:
        check(False, about, by, read.__name__, repr(e)[:200])
        return
    check(all(own == header for own, _ in seen), about, by, "header", header)
    got, wanted = canonical(row for _, rows in seen for row in rows), canonical(rows)
    is_equal = got == wanted if by == "rows" else sorted(got) == sorted(wanted)
    check(is_equal, about, by, read.__name__, f"{len(got)} of {len(wanted)} rows")


def try_file(about, path):
    ending = format_of(path.name)
    readers, delimiter = FORMATS[ending]
    key = key_of(path, ending, readers, delimiter)
    keyed = [f"{by}:{quoted(key)}" for by in BY_KEY] if key else []
    for i, by in enumerate(WHOLE_ROW + keyed):
        parts = split(path, by, path.parent / f"out{i}")
        for read in readers if parts else []:
            compare(about, path, read, delimiter, parts, by)


def main():
    count = collections.Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        archives, laid = folder / "archives", folder / "files"
        archives.mkdir()
        laid.mkdir()
        for about, path in files(download(archives) + ([] if sys.argv[2:] else INSTALLED), laid):
            count[format_of(path.name)] += 1
            try_file(about, path)
    for what, times in refused.most_common():
        print(f"refused {times} times: {what}")
    for what, times in left_out.most_common():
        print(f"left out {times} times: {what}")
    if failed:
        sys.exit("\n".join(f"FAILED: {one}" for one in failed[:50]) + f"\n{len(failed)} of {facts} facts do not hold")
    print(f"{dict(count)}: {facts} facts hold")


main()
