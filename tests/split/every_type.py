"""Every type that pyarrow, duckdb and polars can write to Parquet and Arrow, split by every strategy and read back by
pyarrow, duckdb, polars and pandas: what they see of the partitions together is what they see of the whole file,
types and metadata included, or the split is refused and names the column. What Python splits goes where it goes as a file.

    python tests/split/every_type.py path/to/expops-split

Needs pyarrow, duckdb, polars and pandas.
"""

import datetime as dt
import decimal
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "src" / "python"))

from expops_build import _arrow, _split
from expops_build._failure import Failure

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROWS = 37
EVERY_STRATEGY = ["rows", "hash:k", "round_robin", "shuffle:7", "stratify:k", "group:k", "range:k"]
#: EXPOPS_TEST_STRATEGIES=7 tries all with each file, which takes some minutes.
MOST = int(os.environ.get("EXPOPS_TEST_STRATEGIES", "2"))
TURN = itertools.count()
checks, refused, failed, tried = 0, [], [], set()


def strategies():
    """`rows`, and of the others those whose turn it is: each file has the next ones."""
    others = EVERY_STRATEGY[1:]
    first = next(TURN) * (MOST - 1)
    found = EVERY_STRATEGY[:1] + [others[(first + i) % len(others)] for i in range(min(MOST - 1, len(others)))]
    tried.update(found)
    return found


def check(fact, *about):
    global checks
    checks += 1
    if not fact:
        failed.append(" | ".join(map(str, about)))


def split(path, by, *flags, size="3"):
    out = tempfile.mkdtemp(dir=path.parent)
    done = subprocess.run(
        [PROGRAM, str(path), "--size", size, "--by", by, "--out", out, "--json", *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    return done, [
        pathlib.Path(p["path"]) for p in json.loads(done.stdout)["partitions"]
    ] if done.returncode == 0 else []


def arrow_types():
    """Name, array: with nulls, at least two values each."""
    n = range(ROWS)

    def some(f):
        return [None if i % 5 == 4 else f(i) for i in n]

    day = dt.date(2020, 2, 29)
    yield "null", pa.nulls(ROWS)
    yield "bool", pa.array(some(lambda i: i % 3 == 0))
    for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()):
        yield str(kind), pa.array(some(lambda i: i), kind)
    yield "uint64_big", pa.array(some(lambda i: 2**64 - 1 - i), pa.uint64())
    yield "half", pa.array(some(lambda i: i / 4), pa.float32()).cast(pa.float16())
    yield "float", pa.array(some(lambda i: i / 3), pa.float32())
    yield "double", pa.array([float("nan"), -0.0, float("inf"), 5e-324, *some(lambda i: i / 3)[4:]], pa.float64())

    def text(i):
        return ["a", "", "ä€😀", "long " * 9][i % 4]

    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        yield str(kind), pa.array(some(text), kind)
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        yield str(kind), pa.array(some(lambda i: bytes([i, 0, 255])), kind)
    yield "fixed", pa.array(some(lambda i: bytes([i] * 5)), pa.binary(5))
    for name, precision, scale in (("d4", 5, 2), ("d9", 9, 0), ("d18", 18, 3), ("d38", 38, 10)):
        values = some(lambda i: decimal.Decimal(i - 9).scaleb(-scale))  # noqa: B023 (called at once)
        yield name, pa.array(values, pa.decimal128(precision, scale))
    yield "d76", pa.array(some(lambda i: decimal.Decimal(10) ** 60 + i), pa.decimal256(76, 2))
    if hasattr(pa, "decimal32"):
        yield "dec32", pa.array(some(lambda i: decimal.Decimal(i)), pa.decimal32(5, 0))
        yield "dec64", pa.array(some(lambda i: decimal.Decimal(i)), pa.decimal64(15, 0))
    yield "date32", pa.array(some(lambda i: day + dt.timedelta(i)), pa.date32())
    yield "date64", pa.array(some(lambda i: day + dt.timedelta(i)), pa.date64())
    for unit in ("s", "ms"):
        yield f"time32_{unit}", pa.array(some(lambda i: i * 7), pa.int32()).cast(pa.time32(unit))
    for unit in ("us", "ns"):
        yield f"time64_{unit}", pa.array(some(lambda i: i * 7), pa.int64()).cast(pa.time64(unit))
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin", "+02:00"):
            yield (
                f"ts_{unit}_{zone}".replace("/", "_"),
                pa.array(some(lambda i: i * 10**6 - 5), pa.int64()).cast(pa.timestamp(unit, zone)),
            )
        yield f"duration_{unit}", pa.array(some(lambda i: i * 7), pa.int64()).cast(pa.duration(unit))
    yield "interval", pa.array(some(lambda i: (i, i * 2, i * 3)), pa.month_day_nano_interval())
    yield "list", pa.array(some(lambda i: [None, i, i + 1][: i % 4]), pa.list_(pa.int32()))
    # With small pages, pyarrow begins the column with a page that has no values.
    yield "long_list", pa.array(some(lambda i: [(i * j) % 5000 for j in range(1024)]), pa.list_(pa.int32()))
    yield "large_list", pa.array(some(lambda i: ["x"] * (i % 3)), pa.large_list(pa.string()))
    yield "fixed_list", pa.array(some(lambda i: [i, i + 1]), pa.list_(pa.int64(), 2))
    yield "list_view", pa.array(some(lambda i: [i] * (i % 3)), pa.list_view(pa.int64()))
    yield "large_list_view", pa.array(some(lambda i: [i] * (i % 3)), pa.large_list_view(pa.int64()))
    yield "nested", pa.array(some(lambda i: [[i], None, []][: i % 4]), pa.list_(pa.list_(pa.int64())))
    yield "struct", pa.array(some(lambda i: {"x": i, "y": None if i % 2 else str(i)}))
    yield "list_struct", pa.array(some(lambda i: [{"x": i}] * (i % 3)), pa.list_(pa.struct({"x": pa.int8()})))
    yield "map", pa.array(some(lambda i: [(str(i), i)] * (i % 2)), pa.map_(pa.string(), pa.int64()))
    yield "map_of_lists", pa.array(some(lambda i: [(i, [i])]), pa.map_(pa.int64(), pa.list_(pa.int64())))
    words = pa.array(some(lambda i: i % 3), pa.int8())
    labels = pa.array(["low", "never", "high", "unused"])
    for ordered in (False, True):
        categories = pa.DictionaryArray.from_arrays(words, labels, ordered=ordered)
        yield f"categories_{ordered}", categories
        offsets = pa.array([0, *range(1, ROWS), ROWS], pa.int32())
        yield f"categories_in_list_{ordered}", pa.ListArray.from_arrays(offsets, categories)
        yield f"categories_in_struct_{ordered}", pa.StructArray.from_arrays([categories], ["c"])
    yield "int_categories", pa.DictionaryArray.from_arrays(words, pa.array([7, 5, 3, 1]))
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([5, 20, ROWS], pa.int32()), pa.array(["a", None, "b"]))
    yield "runs", runs
    ids = pa.array([i % 2 for i in n], pa.int8())
    union = pa.UnionArray.from_sparse(ids, [pa.array(list(n)), pa.array([str(i) for i in n])])
    yield "sparse_union", union
    absent = pa.array([i % 5 == 0 for i in n])
    for inner, items in (("runs", runs), ("union", union), ("nothing", pa.nulls(ROWS))):
        yield f"struct_of_{inner}", pa.StructArray.from_arrays([items], ["u"], mask=absent)
    places = pa.array([i // 2 for i in n], pa.int32())
    yield "dense_union", pa.UnionArray.from_dense(ids, places, [pa.array(list(n)), pa.array([str(i) for i in n])])
    if hasattr(pa, "uuid"):
        yield (
            "uuid",
            pa.ExtensionArray.from_storage(pa.uuid(), pa.array(some(lambda i: uuid.UUID(int=i).bytes), pa.binary(16))),
        )
    if hasattr(pa, "json_"):
        yield "json", pa.ExtensionArray.from_storage(pa.json_(), pa.array(some(lambda i: json.dumps({"a": i}))))
    if hasattr(pa, "bool8"):
        yield "bool8", pa.ExtensionArray.from_storage(pa.bool8(), pa.array(some(lambda i: i % 2), pa.int8()))
    yield (
        "tensor",
        pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.int32(), [2]), pa.array([[i, i] for i in n], pa.list_(pa.int32(), 2))
        ),
    )


DUCKDB = """bool: i % 2 = 0; tinyint: i::TINYINT; smallint: i::SMALLINT; int: i::INT; bigint: i::BIGINT;
hugeint: i::HUGEINT; uhugeint: i::UHUGEINT; utinyint: i::UTINYINT; usmallint: i::USMALLINT; uint: i::UINTEGER;
ubigint: (i + 18446744073709551000)::UBIGINT; float: i::FLOAT; double: i / 3; decimal4: i::DECIMAL(4, 1);
decimal9: i::DECIMAL(9, 2); decimal18: i::DECIMAL(18, 3); decimal38: i::DECIMAL(38, 4); varchar: 'v' || i;
blob: ('b' || i)::BLOB; bit: '0101'::BIT; uuid: uuid(); json: ('{"a": ' || i || '}')::JSON; date: DATE '2020-01-01' + i::INT;
time: TIME '01:02:03.5' + to_seconds(i); timetz: ('01:02:' || (10 + i % 40) || '+02')::TIMETZ;
timestamp: TIMESTAMP '1970-01-01' + to_days(i::INT); timestamptz: TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_hours(i);
timestamp_s: TIMESTAMP_S '2020-01-01 00:00:00'; timestamp_ms: TIMESTAMP_MS '2020-01-01 00:00:00.001';
timestamp_ns: TIMESTAMP_NS '2020-01-01 00:00:00.000000001'; interval: to_months(i::INT) + to_days(3) + to_seconds(i);
list: [i, NULL]; array: [i, i + 1]::INT[2]; struct: {'x': i, 'u': uuid()}; map: MAP {'k': i}; listuuid: [uuid()];
enum: (CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END)::ENUM ('b', 'unused', 'a'); bignum: i::BIGNUM; variant: i::VARIANT;
timens: TIME_NS '01:02:03.000000001'; timestamptz_ns: TIMESTAMPTZ_NS '2020-01-01 00:00:00.000000001+00';
union: union_value(a := i)::UNION(a BIGINT, b VARCHAR); geometry: 'POINT(1 2)'::GEOMETRY; tuple: row(i, 'a'); nothing: NULL"""


def polars_types():
    """Name, series, in the same way."""
    n = range(ROWS)

    def some(f):
        return [None if i % 5 == 4 else f(i) for i in n]

    yield "null", pl.Series([None] * ROWS)
    yield "boolean", pl.Series(some(lambda i: i % 2 == 0))
    for name in ("Int8", "Int16", "Int32", "Int64", "Int128", "UInt8", "UInt16", "UInt32", "UInt64", "UInt128"):
        if hasattr(pl, name):
            yield name.lower(), pl.Series(some(lambda i: i), dtype=getattr(pl, name))
    for name in ("Float16", "Float32", "Float64"):
        if hasattr(pl, name):
            yield name.lower(), pl.Series(some(lambda i: i / 4), dtype=getattr(pl, name))
    for digits, scale in ((5, 2), (18, 0), (38, 10)):
        values = [None if v is None else decimal.Decimal(v).scaleb(-scale) for v in some(lambda i: i - 9)]
        yield f"decimal{digits}", pl.Series(values, dtype=pl.Decimal(digits, scale))
    yield "string", pl.Series(some(lambda i: ["a", "", "ä€😀", "long " * 9][i % 4]))
    yield "binary", pl.Series(some(lambda i: bytes([i, 0, 255])))
    yield "date", pl.Series(some(lambda i: dt.date(2020, 2, 29) + dt.timedelta(i)))
    yield "time", pl.Series(some(lambda i: dt.time(1, 2, i)))
    for unit in ("ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin"):
            values = pl.Series(some(lambda i: i * 10**9 - 5), dtype=pl.Int64)
            yield f"datetime_{unit}_{zone}".replace("/", "_"), values.cast(pl.Datetime(unit, zone))
        yield f"duration_{unit}", pl.Series(some(lambda i: i * 7), dtype=pl.Int64).cast(pl.Duration(unit))
    words = some(lambda i: ["low", "high"][i % 2])
    yield "categorical", pl.Series(words, dtype=pl.Categorical)
    yield "enum", pl.Series(words, dtype=pl.Enum(["low", "never", "high"]))
    yield "list", pl.Series(some(lambda i: [None, i, i + 1][: i % 4]), dtype=pl.List(pl.Int32))
    yield "list_of_lists", pl.Series(some(lambda i: [["a"], []][: i % 3]), dtype=pl.List(pl.List(pl.String)))
    yield "list_of_enums", pl.Series(some(lambda i: ["a"] * (i % 3)), dtype=pl.List(pl.Enum(["b", "a"])))
    yield "array", pl.Series(some(lambda i: [i, i + 1]), dtype=pl.Array(pl.Int16, 2))
    yield "array_of_arrays", pl.Series(some(lambda i: [[i], [1]]), dtype=pl.Array(pl.Array(pl.Float32, 1), 2))
    yield "struct", pl.Series([{"x": i, "y": None if i % 2 else str(i)} for i in n])
    yield "list_of_structs", pl.Series([[{"x": i, "y": [i]}] * (i % 3) for i in n])


def same(one, other):
    """Equal tables: types, field metadata and values."""
    return one.schema.equals(other.schema, check_metadata=True) and one.equals(other)


def parts_of(whole, by):
    """For strategies that a line of Python says: the rows of each partition."""
    n = len(whole)
    return {"rows": [range(13), range(13, 25), range(25, n)], "round_robin": [range(i, n, 3) for i in range(3)]}.get(by)


def key(row):
    return json.dumps(row, default=repr, sort_keys=True)


def compare(name, by, whole, parts):
    wanted = parts_of(whole, by)
    joined = pa.concat_tables([p.combine_chunks() for p in parts]) if by == "rows" else None
    for i, part in enumerate(parts):
        check(part.schema.equals(whole.schema, check_metadata=True), name, by, part.schema, whole.schema)
        if wanted is not None:
            rows = [whole.slice(r, 1).to_pylist()[0] for r in wanted[i]]
            check([key(r) for r in part.to_pylist()] == [key(r) for r in rows], name, by, i)
    rows = sorted(key(r) for p in parts for r in p.to_pylist())
    check(rows == sorted(key(r) for r in whole.to_pylist()), name, by, "rows are lost or doubled")
    del joined


def categories_of(column):
    """The categories that a reader sees, wherever they are nested."""
    if pa.types.is_dictionary(column.type):
        return [str(v) for v in column.combine_chunks().dictionary] if len(column) else None
    return None


def polars_of(path, read):
    try:
        return read(path)
    except BaseException:  # (it panics) what polars cannot read whole, it need not read in parts
        return None


def parquet(path, name, column="c"):
    whole = pq.read_table(path)

    def described(p):
        return duckdb.sql(f"describe from '{p}'").fetchall()

    try:
        duck = described(path)
    except Exception:
        duck = None
    frame = polars_of(path, pl.read_parquet)
    for by in strategies():
        done, parts = split(path, by)
        if done.returncode:
            check(f"`{column}" in done.stderr or "column" in done.stderr, name, by, done.stderr)
            check("row group" not in done.stderr, name, by, done.stderr)
            refused.append(f"{name} by {by}: {done.stderr.splitlines()[0]}")
            continue
        check(len(parts) == 3, name, by)
        compare(name, by, whole, [pq.read_table(p) for p in parts])

        def meta(p):
            return pq.ParquetFile(p).schema.to_arrow_schema().metadata or {}

        for part in parts:
            check(
                str(pq.ParquetFile(part).schema).split("\n", 1)[1]
                == str(pq.ParquetFile(path).schema).split("\n", 1)[1],
                name,
                by,
            )
            check(meta(part) == meta(path), name, by, "metadata")
            if pq.ParquetFile(part).metadata.num_rows:
                check(
                    categories_of(pq.read_table(part)[column]) == categories_of(whole[column]), name, by, "categories"
                )
            check(duck is None or described(part) == duck, name, by, "duckdb", duck)
        if duck is not None:

            def rows(paths):
                return sorted(map(repr, duckdb.sql(f"from read_parquet({[str(p) for p in paths]})").fetchall()))

            check(rows(parts) == rows([path]), name, by, "duckdb values")
        if frame is not None:
            read = [pl.read_parquet(p) for p in parts]
            check(
                all(p.schema == frame.schema for p in read), name, by, "polars", frame.schema, [p.schema for p in read]
            )
            check(
                sorted(map(repr, pl.concat(read).rows())) == sorted(map(repr, frame.rows())), name, by, "polars values"
            )


def arrow(path, name, opened, column="c"):
    def read(p):
        return opened(str(p)).read_all()

    whole = read(path)
    of_polars = pl.read_ipc if path.suffix == ".arrow" else pl.read_ipc_stream
    frame = polars_of(path, of_polars)
    for by in strategies():
        done, parts = split(path, by)
        if done.returncode:
            check(f"`{column}" in done.stderr or "column" in done.stderr, name, by, done.stderr)
            refused.append(f"{name} by {by}: {done.stderr.splitlines()[0]}")
            continue
        compare(name, by, whole, [read(p) for p in parts])
        if frame is not None:
            frames = [of_polars(p) for p in parts]
            check(all(p.schema == frame.schema for p in frames), name, by, "polars", frame.schema)
            rows = sorted(repr(row) for p in frames for row in p.rows())
            check(rows == sorted(map(repr, frame.rows())), name, by, "polars values")
        for part in map(read, parts):
            if len(part):
                check(categories_of(part[column]) == categories_of(whole[column]), name, by, "categories")


def by_python(value, by):
    """The ids of each partition; None if the column is no key."""
    try:
        numbers = _split._numbers(value, len(value), "t", {"equal": 3}, by)
    except Failure as failure:
        return check("`c`" in str(failure), failure)
    return [[i for i, number in enumerate(numbers) if number == partition] for partition in range(3)]


def agrees(folder, name, value):
    """A table goes where its file goes, by its column `c` and by whole rows, or neither goes anywhere."""
    path = folder / "agrees.arrow"
    if not _arrow.write(value, str(path)):
        return
    for told, by in (("hash:c", {"hash": "c"}), ("range:c", {"range": "c"}), ("hash", "hash")):
        done, parts = split(path, told)
        found = [pa.ipc.open_file(p).read_all()["id"].to_pylist() for p in parts] if done.returncode == 0 else None
        check(by_python(value, by) == found, name, type(value).__module__, told, "Python splits it otherwise")


def tables(array):
    """A column by itself and in lists and structures, each in a table of pyarrow, of polars, and of pandas."""
    ids, n = pa.array(range(len(array))), len(array)
    yield pa.table({"id": ids, "c": array})
    yield pa.table({"id": ids, "c": pa.StructArray.from_arrays([array, array], ["z", 'ä"'])})
    try:
        yield pa.table(
            {"id": ids, "c": pa.ListArray.from_arrays(pa.array([0, 0, *range(2, n + 1)], pa.int32()), array)}
        )
        yield pa.table({"id": ids, "c": pa.FixedSizeListArray.from_arrays(pa.concat_arrays([array, array]), 2)})
    except pa.ArrowNotImplementedError:
        pass  # pyarrow cannot make it
    frame = polars_of(pa.table({"id": ids, "c": array}), pl.from_arrow)
    if frame is not None:
        yield frame
    for types in ({"types_mapper": pd.ArrowDtype}, {}):
        try:
            yield pa.table({"id": ids, "c": array}).to_pandas(**types)
        except (pa.ArrowNotImplementedError, ValueError, TypeError):
            continue  # pandas does not have it


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        k = pa.array([i % 7 for i in range(ROWS)])
        for name, array in arrow_types():
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            for table in tables(array):
                agrees(folder, name, table)
            metadata = {b"about": b"all", b"empty": b""}
            field = pa.field("c", array.type, metadata={b"of": b"c"})
            table = pa.table([k, array], schema=pa.schema([pa.field("k", pa.int64()), field], metadata))
            for ending, new, opened in (
                ("arrow", pa.ipc.new_file, pa.ipc.open_file),
                ("arrows", pa.ipc.new_stream, pa.ipc.open_stream),
            ):
                path = folder / f"{name}.{ending}"
                with new(str(path), table.schema) as writer:
                    writer.write_table(table, 11)
                arrow(path, f"{name}.{ending}", opened)
            for variant, options in {
                "plain": {},
                "groups": {"row_group_size": 10, "compression": "zstd", "use_dictionary": False},
                "v2": {"data_page_version": "2.0", "compression": "none", "store_schema": False},
                "old": {"version": "1.0", "use_compliant_nested_type": False, "data_page_size": 100},
            }.items():
                path = folder / f"{name}_{variant}.parquet"
                try:
                    pq.write_table(table, path, **options)
                except Exception:
                    continue  # pyarrow cannot write the type
                parquet(path, f"{name}_{variant}")
        for name, series in polars_types():
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            frame = pl.DataFrame({"id": range(ROWS), "c": series})
            for one in (frame, frame.group_by("id", maintain_order=True).agg("c")):
                agrees(folder, f"polars' {name}", one)
            frame = pl.DataFrame({"k": [i % 7 for i in range(ROWS)], "c": series})
            path = folder / f"polars_{name}.parquet"
            try:
                frame.write_parquet(path, row_group_size=10)
                pq.read_table(path)
            except Exception as e:
                print(f"left out: polars' {name} in Parquet: {str(e).splitlines()[0][:100]}")
            else:
                parquet(path, f"polars' {name}.parquet")
            for ending, write, opened in (
                ("arrow", frame.write_ipc, pa.ipc.open_file),
                ("arrows", frame.write_ipc_stream, pa.ipc.open_stream),
            ):
                path = folder / f"polars_{name}.{ending}"
                try:
                    write(path)
                    opened(str(path)).read_all()
                except Exception as e:
                    print(f"left out: polars' {name} in {ending}: {str(e).splitlines()[0][:100]}")
                else:
                    arrow(path, f"polars' {name}.{ending}", opened)
        for line in DUCKDB.replace("\n", " ").split("; "):
            name, expression = line.split(":", 1)
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            path = folder / f"duck_{name}.parquet"
            query = f"SELECT (i % 7)::INT AS k, CASE WHEN i % 5 = 4 THEN NULL ELSE {expression} END AS c FROM range({ROWS}) t(i)"
            try:
                duckdb.sql(f"COPY ({query}) TO '{path}' (ROW_GROUP_SIZE 2048)")
                pq.read_table(path)
            except Exception as e:
                print(f"left out: duckdb's {name}: {str(e).splitlines()[0][:100]}")
                continue
            parquet(path, f"duckdb's {name}")
    for one in refused:
        print("refused:", one)
    check(sys.argv[2:] or tried == set(EVERY_STRATEGY), "every strategy", tried)
    if failed:
        sys.exit("\n".join(f"FAILED: {one}" for one in failed) + f"\n{len(failed)} of {checks} facts do not hold")
    print(f"{checks} facts hold; {len(refused)} splits are refused by name")


main()
