"""The partitions of expops-split, read by pandas, pyarrow, polars and duckdb, against the slices that
these make of the whole file themselves.

    python tests/split/readers.py path/to/expops-split

Needs pandas, pyarrow, polars, duckdb and numpy.
"""

import base64
import gzip
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROWS = 1003
SIZES = {"3": [335, 334, 334], "1000,2,1": [1000, 2, 1], "60%,20%,rest": [601, 200, 202]}
checks = 0


def check(fact, *about):
    global checks
    checks += 1
    if not fact:
        sys.exit(f"FAILED: {about}")


def split(path, size, *flags):
    """The report of a split into a fresh folder."""
    out = tempfile.mkdtemp(dir=path.parent)
    command = [PROGRAM, str(path), "--size", size, "--out", out, "--json", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    check(done.returncode == 0, path, size, flags, done.stderr)
    return json.loads(done.stdout)["partitions"]


def frame():
    """A frame with every kind of column that the formats can hold."""
    rng = np.random.default_rng(1)
    texts = ["plain", 'quo"ted', "two\nlines", "comma, here", "ä€😀", "", " blank "]
    return pd.DataFrame(
        {
            "i": np.arange(ROWS),
            "f": rng.normal(size=ROWS),
            "t": [texts[i % len(texts)] for i in range(ROWS)],
            "b": rng.integers(0, 2, ROWS).astype(bool),
            "n": [None if i % 5 == 0 else i / 4 for i in range(ROWS)],
        }
    )


def table():
    """A table with nested types, dictionaries and nulls."""
    f = frame()
    return pa.table(
        {
            "i": pa.array(f.i),
            "f32": pa.array(f.f, pa.float32()),
            "t": pa.array([None if i % 7 == 0 else t for i, t in enumerate(f.t)]),
            "d": pa.array(f.t).dictionary_encode(),
            "when": pa.array(np.arange(ROWS) * 10**9, pa.timestamp("us", "UTC")),
            "list": pa.array([None if i % 11 == 0 else list(range(i % 4)) for i in range(ROWS)]),
            "map": pa.array([[("k", i)] for i in range(ROWS)], pa.map_(pa.string(), pa.int64())),
            "struct": pa.array([None if i % 3 == 0 else {"x": i, "y": str(i)} for i in range(ROWS)]),
            "dec": pa.array(range(ROWS), pa.int64()).cast(pa.decimal128(20, 0)),
            "bin": pa.array([bytes([i % 256]) for i in range(ROWS)]),
            "nul": pa.nulls(ROWS),
        }
    )


def slices(counts):
    start = 0
    for count in counts:
        yield slice(start, start + count)
        start += count


def csv(folder):
    f = frame()
    for name, end in [("a.csv", "\n"), ("b.csv", "\r\n")]:
        path = folder / name
        f.to_csv(path, index=False, lineterminator=end)
        whole = pd.read_csv(path)
        pls, arrow = (
            pl.read_csv(path),
            pa.csv.read_csv(path, parse_options=pa.csv.ParseOptions(newlines_in_values=True)),
        )
        for size, counts in SIZES.items():
            for part, rows in zip(split(path, size), slices(counts)):
                data = pathlib.Path(part["path"]).read_bytes()
                check(hashlib.sha256(data).hexdigest() == part["sha256"], path)
                check(
                    pd.read_csv(part["path"]).equals(whole.iloc[rows].reset_index(drop=True))
                    or pd.read_csv(part["path"], dtype=whole.dtypes.to_dict()).equals(
                        whole.iloc[rows].reset_index(drop=True)
                    ),
                    path,
                    size,
                )
                check(pl.read_csv(part["path"], schema=pls.schema).equals(pls[rows]), path, size, "polars")
                options = pa.csv.ConvertOptions(column_types=arrow.schema)
                parse = pa.csv.ParseOptions(newlines_in_values=True)
                check(
                    pa.csv.read_csv(part["path"], convert_options=options, parse_options=parse).equals(arrow[rows]),
                    path,
                    size,
                    "arrow",
                )
                count = duckdb.sql(
                    f"select count(*) from read_csv('{part['path']}', header=true, quote='\"', escape='\"', delim=',', strict_mode=true)"
                ).fetchall()[0]
                check(count[0] == rows.stop - rows.start, path, size, "duckdb", count)


def json_lines(folder):
    f = frame()
    path = folder / "a.jsonl"
    f.to_json(path, orient="records", lines=True)
    packed = folder / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    whole = [json.loads(line) for line in path.read_text().splitlines()]
    array = folder / "c.json"
    array.write_text(json.dumps(whole, indent=1))
    for size, counts in SIZES.items():
        for source, flags in [(path, []), (packed, []), (packed, ["--compress", "zst"]), (path, ["--compress", "gz"])]:
            for part, rows in zip(split(source, size, *flags), slices(counts)):
                if "zst" in flags:
                    text = subprocess.run(["zstd", "-dc", part["path"]], capture_output=True, check=True).stdout
                    lines = [json.loads(line) for line in text.splitlines()]
                    check(hashlib.sha256(text).hexdigest() == part["sha256"], source, flags)
                elif "gz" in flags:
                    lines = pd.read_json(part["path"], lines=True).to_dict("records")
                else:
                    lines = pl.read_ndjson(part["path"]).to_dicts()
                check([row["i"] for row in lines] == [row["i"] for row in whole[rows]], source, size)
        for part, rows in zip(split(array, size), slices(counts)):
            check(json.loads(pathlib.Path(part["path"]).read_text()) == whole[rows], array, size)


def npy(folder):
    rng = np.random.default_rng(2)
    structure = np.dtype([("a", "<i4"), ("b", ">f8", (2, 2)), ("c", "U5"), ("d", [("x", "u1")])])
    structured = np.zeros(ROWS, structure)
    structured["a"], structured["c"] = np.arange(ROWS), [f"é{i}" for i in range(ROWS)]
    aligned = np.zeros(ROWS, np.dtype([("a", "i1"), ("b", "f8")], align=True))
    arrays = [
        rng.normal(size=(ROWS, 3, 4)),
        np.asfortranarray(rng.normal(size=(ROWS, 5))),
        structured,
        aligned,
        np.asfortranarray(rng.integers(0, 9, (ROWS, 2, 3))),
        np.zeros((ROWS, 0)),
        np.array(["ab", "c"] * 501 + ["x"]),
    ]
    arrays += [
        np.arange(ROWS).astype(kind)
        for kind in ["?", "i1", "u2", ">i4", "<u8", "f2", ">f4", "c8", "c16", "S3", "U4", "M8[s]", "m8[ms]"]
    ]
    for i, array in enumerate(arrays):
        path = folder / f"{i}.npy"
        np.save(path, array)
        for size, counts in SIZES.items():
            for part, rows in zip(split(path, size), slices(counts)):
                read = np.load(part["path"])
                check(read.dtype == array.dtype and np.array_equal(read, array[rows]), array.dtype, size)
                check(
                    read.flags.f_contiguous == array.flags.f_contiguous or 0 in array.shape or len(array.shape) == 1,
                    array.dtype,
                    "order",
                )
        for n, part in enumerate(split(path, "3", "--by", "round_robin")):
            check(np.array_equal(np.load(part["path"]), array[n::3]), array.dtype, "round_robin")
        parts = [np.load(part["path"]) for part in split(path, "3", "--by", "hash")]
        check(sum(map(len, parts)) == ROWS, array.dtype, "hash")


def plain(t):
    """The table with its dictionary decoded: in Parquet, its order is that of the values."""
    return t.set_column(t.column_names.index("d"), "d", t["d"].cast(pa.string()))


def columnar(folder):
    t = table()
    files = []
    for codec in ["uncompressed", "lz4", "zstd"]:
        path = folder / f"{codec}.feather"
        pyarrow.feather.write_feather(t, path, compression=codec, chunksize=100)
        files.append((path, pyarrow.feather.read_table))
    with pyarrow.ipc.new_stream(folder / "a.arrows", t.schema) as writer:
        for batch in t.to_batches(77):
            writer.write_batch(batch)
    files.append((folder / "a.arrows", lambda path: pyarrow.ipc.open_stream(path).read_all()))
    for codec, size in [("none", 90), ("snappy", 400), ("zstd", 5000), ("gzip", 5000), ("lz4", 50), ("brotli", 5000)]:
        path = folder / f"{codec}.parquet"
        pq.write_table(t, path, compression=codec, row_group_size=size)
        files.append((path, pq.read_table))
    digests = {}
    for path, read in files:
        whole = read(path)
        for size, counts in SIZES.items():
            parts = split(path, size)
            for part, rows in zip(parts, slices(counts)):
                got = read(part["path"])
                check(got.schema.equals(whole.schema, check_metadata=False), path, got.schema, whole.schema)
                check(plain(got).equals(plain(whole[rows])), path, size)
            family = "parquet" if path.suffix == ".parquet" else "arrow"
            hashes = [part["sha256"] for part in parts]
            check(digests.setdefault((family, size), hashes) == hashes, path, size, "digest")
        for n, part in enumerate(split(path, "3", "--by", "round_robin")):
            check(plain(read(part["path"])).equals(plain(whole.take(list(range(n, ROWS, 3))))), path, "round_robin")
        parts = [read(part["path"]) for part in split(path, "4", "--by", "hash:i")]
        check(sorted(pa.concat_tables(parts)["i"].to_pylist()) == list(range(ROWS)), path, "hash")
        check(all(p["i"].to_pylist() == sorted(p["i"].to_pylist()) for p in parts), path, "order")


def indexes(folder):
    frames = {
        "range": frame(),
        "odd": frame().set_index(pd.RangeIndex(100, 100 - 2 * ROWS, -2, name="count")),
        "text": frame().set_index(pd.Index([f"r{i}" for i in range(ROWS)])),
        "multi": frame().set_index(["i", "t"]),
        "category": frame().assign(t=lambda f: f.t.astype("category")),
    }
    for name, f in frames.items():
        for path, write, read in [
            (folder / f"{name}.parquet", f.to_parquet, pd.read_parquet),
            (
                folder / f"{name}.arrow",
                lambda p, f=f: pyarrow.feather.write_feather(pa.Table.from_pandas(f), p),
                lambda p: pyarrow.ipc.open_file(p).read_all().to_pandas(),
            ),
        ]:
            write(path)
            for size, counts in SIZES.items():
                for part, rows in zip(split(path, size), slices(counts)):
                    got = read(part["path"])
                    pd.testing.assert_frame_equal(got, f.iloc[rows], check_categorical=path.suffix == ".arrow")
                    check(got.index.equals(f.iloc[rows].index), path, size)
                    check(type(got.index) is type(f.index), path, size, type(got.index))
            for n, part in enumerate(split(path, "3", "--by", "round_robin")):
                pd.testing.assert_frame_equal(
                    read(part["path"]), f.iloc[n::3], check_categorical=path.suffix == ".arrow"
                )
            parts = pd.concat([read(part["path"]) for part in split(path, "3", "--by", "hash")])
            got = parts if name in ("multi", "text") else parts.sort_index(ascending=name != "odd")
            check(sorted(map(str, parts.index)) == sorted(map(str, f.index)), path, "hash index")
            if name in ("range", "odd"):
                pd.testing.assert_frame_equal(got, f, check_index_type=False)


def ordered_categories(folder):
    """An order of categories survives, in Arrow and in Parquet."""
    f = frame().assign(t=pd.Categorical(["high", "mid", "low"] * 334 + ["low"], ["low", "mid", "high"], ordered=True))
    f.to_parquet(folder / "a.parquet")
    for part, rows in zip(split(folder / "a.parquet", "3"), slices(SIZES["3"])):
        pd.testing.assert_frame_equal(pd.read_parquet(part["path"]), f.iloc[rows], check_index_type=False)
    pyarrow.feather.write_feather(f, folder / "a.feather")
    for part, rows in zip(split(folder / "a.feather", "3"), slices(SIZES["3"])):
        read = pyarrow.ipc.open_file(part["path"]).read_all().to_pandas()
        pd.testing.assert_frame_equal(read, f.iloc[rows], check_index_type=False)


def arrow_metadata(folder):
    """Metadata of the footer of an Arrow file are kept, those of a batch refused; the versions of messages differ."""
    t = table()
    path = folder / "old.arrow"
    with pyarrow.ipc.new_file(
        path, t.schema, options=pyarrow.ipc.IpcWriteOptions(metadata_version=pyarrow.ipc.MetadataVersion.V4)
    ) as writer:
        writer.write_table(t, 100)
    for part, rows in zip(split(path, "3"), slices(SIZES["3"])):
        check(pyarrow.ipc.open_file(part["path"]).read_all().equals(t[rows]), path)
    for name, new in (("batch.arrow", pyarrow.ipc.new_file), ("batch.arrows", pyarrow.ipc.new_stream)):
        with new(folder / name, t.schema) as writer:
            writer.write_batch(t.to_batches()[0], custom_metadata={"of": "the batch"})
        command = [PROGRAM, str(folder / name), "--size", "2", "--out", str(folder / "out")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        check(done.returncode == 1 and "a batch has metadata of its own" in done.stderr, name, done.stderr)
    try:
        with pyarrow.ipc.new_file(folder / "footer.arrow", t.schema, metadata={"of": "the footer"}) as writer:
            writer.write_table(t)
    except TypeError:
        return  # (older versions of pyarrow)
    for by in ("rows", "shuffle:1"):
        for part in split(folder / "footer.arrow", "3", "--by", by):
            check(pyarrow.ipc.open_file(part["path"]).metadata == {b"of": b"the footer"}, by)


def same_hash_everywhere(folder):
    """Every format sends a row to the same partition."""
    f = frame().assign(when=pd.date_range("2020-01-01", periods=ROWS, freq="7h").as_unit("ms"))
    f["u"] = f.i.astype("uint8")
    f["small"] = f.f.astype("float32")
    f.to_csv(folder / "h.csv", index=False)
    f.to_json(folder / "h.jsonl", orient="records", lines=True, double_precision=15, date_format="iso")
    f.to_parquet(folder / "h.parquet")
    pyarrow.feather.write_feather(f, folder / "h.feather")
    np.save(folder / "h.npy", f[["i", "f", "b", "u"]].to_records(index=False))
    readers = {
        "csv": pd.read_csv,
        "jsonl": lambda p: pd.read_json(p, lines=True),
        "parquet": pd.read_parquet,
        "feather": pd.read_feather,
        "npy": np.load,
    }
    for key, skipped in [
        ("i", ()),
        ("t", ("npy",)),
        ("b,i", ()),
        ("n", ("npy",)),
        ("when", ("npy", "jsonl")),
        ("u,i", ()),
        ("f", ("jsonl",)),
        ("small", ("npy", "jsonl")),
    ]:
        expected = None
        for kind, read in readers.items():
            if kind in skipped:
                continue
            parts = split(folder / f"h.{kind}", "7", "--by", f"hash:{key}")
            got = [list(map(int, read(part["path"])["i"])) if part["rows"] else [] for part in parts]
            expected = expected or got
            check(got == expected, key, kind)
    whole = [
        [p["rows"] for p in split(folder / f"h.{kind}", "7", "--by", "hash")] for kind in ("csv", "parquet", "feather")
    ]
    check(whole[0] == whole[1] == whole[2], whole)

    def text(value):
        return f"{len(value)}:".encode() + value

    for i, t in enumerate(f.t[:50]):
        want = int.from_bytes(hashlib.sha256(text(t.encode()) + text(str(i).encode())).digest()[:8], "big") % 7
        if i == 0:
            parts = [set(pd.read_csv(p["path"])["i"]) for p in split(folder / "h.csv", "7", "--by", "hash:t,i")]
        check(i in parts[want], "documented hash", i)


class KeyStore(encryption.KmsClient):
    """Keys that anybody can unwrap."""

    def __init__(self, _):
        super().__init__()

    def wrap_key(self, key_bytes, _):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, _):
        return base64.b64decode(wrapped_key)


def encrypted(folder):
    """What is encrypted is called so, with the column."""
    table = pa.table({"a": [1, 2, 3], "secret": ["x", "y", "z"]})
    factory = encryption.CryptoFactory(KeyStore)
    for plaintext_footer in (True, False):
        settings = encryption.EncryptionConfiguration(
            footer_key="footer", column_keys={"own": ["secret"]}, plaintext_footer=plaintext_footer
        )
        properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), settings)
        path = folder / f"{plaintext_footer}.parquet"
        with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
            writer.write_table(table)
        for by in ["rows", "hash", "group:a", "group:secret"]:
            command = [PROGRAM, str(path), "--size", "2", "--by", by, "--out", str(folder / "out")]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            said = "the column `secret` is encrypted" if plaintext_footer else "encrypted footer"
            check(done.returncode == 1 and said in done.stderr and "without encryption" in done.stderr, by, done.stderr)


import pyarrow.csv  # noqa: E402

with tempfile.TemporaryDirectory() as temporary:
    for test in [
        csv,
        json_lines,
        npy,
        columnar,
        indexes,
        ordered_categories,
        arrow_metadata,
        encrypted,
        same_hash_everywhere,
    ]:
        folder = pathlib.Path(temporary) / test.__name__
        folder.mkdir()
        test(folder)
        print(f"{test.__name__}: ok ({checks} checks so far)", flush=True)
