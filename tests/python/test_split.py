"""Partitions add up to the whole, keep its type, and are cut where the size says."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import random
import sys
import unittest
from pathlib import Path
from unittest import mock

from expops_build import _keys, _rows, _split
from expops_build._failure import Failure
from harness import ProjectTest, has, needs_tables
from zoo import same

STRATEGIES = ["rows", "round_robin", "hash"]


def splittable(rows: int) -> dict:
    """One value of each kind with `rows` rows, and how the parts are put together again."""

    def chain(parts, kind):
        return kind(item for part in parts for item in part)

    made: dict = {
        "list": ([[row, str(row)] for row in range(rows)], lambda parts: chain(parts, list)),
        "tuple": (tuple(range(rows)), lambda parts: chain(parts, tuple)),
        "list of dicts": ([{"row": row, "none": None} for row in range(rows)], lambda parts: chain(parts, list)),
        "columns": (
            {"a": list(range(rows)), "b": tuple("x" * rows)},
            lambda parts: {name: chain([p[name] for p in parts], kind) for name, kind in (("a", list), ("b", tuple))},
        ),
    }
    if has("numpy"):
        import numpy as np

        made["array"] = (np.arange(rows * 2.0).reshape(rows, 2), lambda parts: np.concatenate(parts))
        made["records"] = (np.zeros(rows, [("a", "i4"), ("s", "U3")]), lambda parts: np.concatenate(parts))
    if has("pandas", "pyarrow"):
        import pandas as pd
        import pyarrow as pa

        frame = pd.DataFrame({"a": range(rows), "c": pd.Categorical(["x"] * rows), "i": pd.array([1] * rows)})
        frame.index = pd.Index([row * row % 7 for row in range(rows)], dtype="int64", name="key")
        made["frame"] = (frame, pd.concat)
        made["series"] = (frame["a"], pd.concat)
        made["table"] = (pa.table({"a": pa.array(range(rows), pa.int32())}), pa.concat_tables)
    if has("polars", "pyarrow"):
        import polars as pl

        made["polars"] = (pl.DataFrame({"a": range(rows), "t": ["x"] * rows}), pl.concat)
        made["polars series"] = (pl.Series("a", range(rows), dtype=pl.Int8), pl.concat)
    return made


class Parts(unittest.TestCase):
    def test_they_add_up_for_any_size(self) -> None:
        chance = random.Random(7)
        for _ in range(30):
            rows, partitions = chance.randrange(0, 40), chance.randrange(1, 12)
            for name, (value, join) in splittable(rows).items():
                with self.subTest(name, rows=rows, partitions=partitions):
                    parts = _split.split(value, name, {"equal": partitions}, "rows")
                    self.assertEqual(len(parts), partitions)
                    self.assertTrue(all(type(part) is type(value) for part, _ in parts))
                    self.assertTrue(same(join([part for part, _ in parts]), value))
                    for by in STRATEGIES[1:]:
                        counts = [count for _, count in _split.split(value, name, {"equal": partitions}, by)]
                        self.assertEqual(sum(counts), rows)

    def test_scattered_rows_are_the_same_rows(self) -> None:
        rows = [[row, str(row)] for row in range(50)]
        for by in STRATEGIES:
            parts = [part for part, _ in _split.split(rows, "rows", {"equal": 4}, by)]
            self.assertEqual(sorted(row for part in parts for row in part), rows)
            self.assertTrue(all(part == sorted(part) for part in parts), "the order is kept")

    def test_equal_sizes(self) -> None:
        for rows, partitions, expected in [(9, 3, [3, 3, 3]), (8, 3, [3, 3, 2]), (2, 4, [1, 1, 0, 0]), (0, 2, [0, 0])]:
            self.assertEqual(_split.counts(rows, {"equal": partitions}, "df"), expected)

    def test_counts(self) -> None:
        self.assertEqual(_split.counts(90, {"counts": [50, 20, 20]}, "df"), [50, 20, 20])
        with self.assertRaises(Failure) as caught:
            _split.counts(91, {"counts": [50, 20, 20]}, "df")
        self.assertEqual(str(caught.exception), "`df` has 91 rows, and the sizes [50, 20, 20] sum to 90")

    def test_shares(self) -> None:
        cases = [
            (10, ["60%", "20%", "rest"], [6, 2, 2]),
            (11, ["60%", "20%", "rest"], [6, 2, 3]),
            (7, ["50%", "50%"], [4, 3]),
            (1000, ["12.5%", "rest", "0.1%"], [125, 874, 1]),
            (10, [{"percent": 60000}, "rest"], [6, 4]),
            (3, ["80%", "20%"], [2, 1]),
            (0, ["60%", "rest"], [0, 0]),
        ]
        for rows, shares, expected in cases:
            self.assertEqual(_split.counts(rows, {"shares": shares}, "df"), expected)

    def test_equal_keys_meet_whatever_holds_them(self) -> None:
        keys = [row % 5 for row in range(40)]
        holders = {"columns": {"k": keys, "v": list(range(40))}, "dicts": [{"k": key} for key in keys]}
        if has("pandas", "pyarrow"):
            import numpy as np
            import pandas as pd
            import pyarrow as pa

            holders["frame"] = pd.DataFrame({"k": keys})
            holders["table"] = pa.table({"k": keys})
            holders["records"] = np.array([(key,) for key in keys], [("k", "i8")])
        found = set()
        for value in holders.values():
            for by in ({"hash": ["k"]}, {"hash": "k"}):
                parts = [part for part, _ in _split.split(value, "df", {"equal": 3}, by)]
                cells = [_rows.keys(part, ["k"], "df") for part in parts]
                found.add(repr([[_keys.text(key[0]) for key in part] for part in cells]))
                self.assertEqual(sum(len(set(part)) for part in cells), 5, "no key is in two partitions")
        self.assertEqual(len(found), 1)

    def test_the_texts_of_values_are_those_of_the_splitter(self) -> None:
        day = datetime.date(2020, 2, 29)
        for value, expected in [
            (decimal.Decimal("-1.50"), b"-1.5e0"),
            (decimal.Decimal("12345678901234567890.12"), b"1.234567890123456789012e19"),
            (decimal.Decimal("12345678901234567891.00"), b"12345678901234567891"),
            (decimal.Decimal("0.00012345678901234567890123"), b"1.2345678901234567890123e-4"),
            ("12345678901234567890.12", b"1.234567890123456789012e19"),
            ("1.2345678901234567890123e-4", b"1.2345678901234567e-4"),
            ("0.10000000000000001", b"1e-1"),
            ("1e400", b"1e400"),
            ("-1e-400", b"-1e-400"),
            ("0e-400", b"0"),
            (1125899906842624.25, b"1.1258999068426243e15"),
            (-1125899906842624.75, b"-1.1258999068426248e15"),
            (0.1, b"1e-1"),
            ([day, datetime.time(1, 2), None], b'["2020-02-29","01:02:00",null]'),
            ({"a": [b'\xff"']}, b'{"a":["\xff\\""]}'),
        ]:
            self.assertEqual(_keys.text(value), expected)
        self.assertLess(_keys.order(b"inf"), _keys.order(b"1e400"))
        dates = [b"-12345-01-01", b"-9999-12-31", b"-100-01-02 03:04:05", b"-002-06-01", b"-001-01-01", b"0000-01-01"]
        dates += [b"1e400", b"9999-12-31 23:59:59", b"20000-01-01", b"20000-01-01 00:00:01", b"100000-01-01", b"a"]
        self.assertEqual(sorted(set(dates), key=_keys.order), dates)

    @needs_tables
    def test_the_values_of_a_frame_are_those_of_its_file(self) -> None:
        import pandas as pd

        def texts(column) -> list:
            frame = pd.DataFrame({"v": column})
            whole = [row.fields[0][1] for row in _rows.keys(frame, None, "df")]
            keys = [_keys.text(key[0]) for key in _rows.keys(frame, ["v"], "df")]
            self.assertEqual(list(map(_keys.text, whole)), keys)
            return keys

        for kind in ("float32", "float16", "Float32", "float[pyarrow]", "halffloat[pyarrow]"):
            with self.subTest(kind):
                column = pd.Series([0.1, 2, None], dtype=kind)
                # An array of NumPy's has no missing numbers.
                last = b"NaN" if kind in ("float32", "float16") else b""
                self.assertEqual(texts(column), [b"1e-1", b"2", last])
                if "half" not in kind and kind != "float16":
                    self.assertEqual(texts(column.astype("category")), [b"1e-1", b"2", b""])
        # Where two are as near, the digit is the larger one, but for halves the even one, as in src/split.
        self.assertEqual(texts(pd.Series([58104.3125], dtype="float32")), [b"5.8104313e4"])
        self.assertEqual(texts(pd.Series([4.3125], dtype="float16")), [b"4.312e0"])
        objects = pd.Series(["a", float("nan"), None, pd.NA], dtype=object)
        self.assertEqual(texts(objects), [b"a", b"", b"", b""])
        self.assertEqual(texts(pd.period_range("2020-01", periods=2, freq="M")), [b"600", b"601"])
        self.assertEqual(texts(pd.interval_range(0, 1)), [b'{"left":0,"right":1}'])
        second = pd.Timedelta(1, "s")
        durations = [
            pd.Series([second]), pd.Series([second]).astype("category"), pd.Series([second], dtype=object),
            pd.Series([[second]]), pd.Series([{"a": second}]), pd.Series([], dtype="timedelta64[ns]"),
            pd.Series([1], dtype="duration[s][pyarrow]"), pd.Series(pd.interval_range(second, periods=1)),
        ]  # fmt: skip
        for column in durations:
            with self.subTest(column.dtype), self.assertRaises(Failure) as caught:
                texts(column)
            told = "the values of the column `v` of `df` have no text to go by: they are durations"
            self.assertEqual(str(caught.exception), f"{told}; name other columns in `by`")

    @needs_tables
    def test_a_value_has_one_text_wherever_it_is(self) -> None:
        """By itself, in a slice, in lists and structures, in a table of Arrow and in those of pandas and polars.

        `tests/split/every_type.py` compares with the splitter.
        """
        import pandas as pd
        import pyarrow as pa

        def texts(value, column="v") -> list:
            return [_keys.text(key[0]) for key in _rows.keys(value, [column], "t")]

        chance = random.Random(7)
        ns = [chance.randrange(-(2**62), 2**62) for _ in range(9)]
        day = 86_400 * 10**9
        moments = [*ns, None]
        columns = [
            (pa.array([0.1, float("nan"), 1 / 3, None], pa.float32()), False),
            (pa.array([0.1, 2, None], pa.float16()), False),
            (pa.array([decimal.Decimal("1.50"), None]), False),
            (pa.array([2**64 - 1, None], pa.uint64()), False),
            (pa.array([one % day for one in ns]).cast(pa.time64("ns")), True),
            (pa.array([one % 86_400_000 for one in ns], pa.int32()).cast(pa.time32("ms")), True),
            (pa.array([one % 10**6 for one in ns], pa.int32()).cast(pa.date32()), True),
            *((pa.array(moments).cast(pa.timestamp(unit, zone)), True) for unit in ("s", "ms", "ns") for zone in (None, "UTC")),
        ]  # fmt: skip
        for array, is_quoted in columns:
            with self.subTest(array.type):
                size, found = len(array), texts(pa.table({"v": array}))
                inner = [one or b"null" for one in found]
                inner = [b'"' + one + b'"' if is_quoted and one != b"null" else one for one in inner]
                self.assertEqual(texts(pa.table({"v": array}).slice(1)), found[1:])
                lists = pa.ListArray.from_arrays(pa.array(range(size + 1), pa.int32()), array)
                pairs = pa.FixedSizeListArray.from_arrays(pa.concat_arrays([array, array]), 2)
                table = pa.table({"v": lists, "s": pa.StructArray.from_arrays([array], ["x"])})
                for start in (0, 1):
                    self.assertEqual(texts(table.slice(start)), [b"[" + one + b"]" for one in inner[start:]])
                    self.assertEqual(texts(table.slice(start), "s"), [b'{"x":' + one + b"}" for one in inner[start:]])
                    twice = [b"[%s,%s]" % pair for pair in zip((inner * 2)[::2], (inner * 2)[1::2])]
                    self.assertEqual(texts(pa.table({"v": pairs}).slice(start)), twice[start:])
                frame = pd.DataFrame({"v": pd.Series(pd.array(array, dtype=pd.ArrowDtype(array.type)))})
                self.assertEqual(texts(frame), found)
                # Of years and precisions that polars has.
                if has("polars") and str(array.type) not in ("timestamp[s]", "timestamp[s, tz=UTC]", "time32[ms]"):
                    import polars as pl

                    for one, expected in ((array, found), (lists, [b"[" + text + b"]" for text in inner])):
                        self.assertEqual(texts(pl.DataFrame({"v": pl.from_arrow(one)})), expected)

    def test_moments_are_those_of_python(self) -> None:
        chance = random.Random(7)
        zones = [None, *(datetime.timezone(datetime.timedelta(minutes=minutes)) for minutes in (0, -300, 345))]
        first = datetime.datetime(1, 1, 2)
        for _ in range(500):
            moment = first + datetime.timedelta(
                chance.randrange(3_652_055), chance.randrange(86_400), chance.choice([0, 500_000, 7])
            )
            moment = moment.replace(tzinfo=chance.choice(zones))
            in_utc = moment.astimezone(datetime.timezone.utc) if moment.tzinfo else moment
            expected = str(in_utc)
            if in_utc.microsecond:
                expected = expected.replace(".500000", ".5")
            self.assertEqual(_keys.text(moment).decode(), expected)
            self.assertEqual(_keys.text(moment.date()).decode(), str(moment.date()))
        for moment, expected in (
            (datetime.datetime(9999, 12, 31, 23, tzinfo=zones[2]), "10000-01-01 04:00:00+00:00"),
            (datetime.datetime(1, 1, 1, tzinfo=zones[3]), "0000-12-31 18:15:00+00:00"),
        ):
            self.assertEqual(_keys.text(moment).decode(), expected)

    @needs_tables
    def test_a_series_is_a_table_of_one_column(self) -> None:
        import pandas as pd

        for label, column in (("v", "v"), (None, "values"), (7, "values")):
            series, frame = pd.Series(range(99), name=label), pd.DataFrame({column: range(99)})
            for columns in (None, [column]):
                by = "hash" if columns is None else {"hash": columns}
                of_series, of_frame = (_split._numbers(one, 99, "t", {"equal": 3}, by) for one in (series, frame))
                self.assertEqual(of_series, of_frame)
        with self.assertRaises(Failure):
            _rows.keys(pd.Series([1], index=["a"]), ["a"], "t")

    @needs_tables
    def test_columns_are_called_as_in_the_file(self) -> None:
        import pandas as pd
        import pyarrow as pa

        def numbers(value, by) -> list:
            return list(_split._numbers(value, 99, "t", {"equal": 3}, by))

        numbered = pd.DataFrame({0: range(99), 1: ["x"] * 99})
        self.assertEqual(numbers(numbered, {"hash": "0"}), numbers(numbered.rename(columns=str), {"hash": "0"}))
        self.assertEqual(numbers(numbered, "hash"), numbers(numbered.rename(columns=str), "hash"))
        columns = [["x"] * 99, list(range(99))]
        twice = [
            pd.DataFrame(dict(enumerate(order))).set_axis(["a", "a"], axis=1) for order in (columns, columns[::-1])
        ]
        twice.append(pa.table(list(map(pa.array, columns)), ["a", "a"]))
        self.assertEqual(len({tuple(numbers(one, "hash")) for one in twice}), 1)
        self.assertGreater(len(set(numbers(twice[1], "hash"))), 1, "both columns count")
        for one in twice:
            with self.assertRaises(Failure) as caught:
                numbers(one, {"hash": "a"})
            self.assertEqual(str(caught.exception), "`t` has several columns `a`")

    @needs_tables
    def test_rows_that_arrow_cannot_pick_are_picked(self) -> None:
        import pyarrow as pa

        table = pa.table({"id": range(20), "v": pa.array(map(str, range(20)), pa.string_view())})
        parts = [part for part, _ in _split.split(table, "t", {"equal": 3}, {"hash": "v"})]
        self.assertEqual(sorted(row for part in parts for row in part["id"].to_pylist()), list(range(20)))
        self.assertTrue(all(part.schema == table.schema for part in parts))
        for part in parts:
            self.assertEqual(list(map(int, part["v"].to_pylist())), part["id"].to_pylist())

    def test_an_inserted_row_touches_one_partition(self) -> None:
        rows = [[row] for row in range(100)]
        before = [part for part, _ in _split.split(rows, "df", {"equal": 5}, "hash")]
        after = [part for part, _ in _split.split([["new"], *rows], "df", {"equal": 5}, "hash")]
        self.assertEqual(sum(one != other for one, other in zip(before, after)), 1)

    def test_what_cannot_be_split(self) -> None:
        splittable_text = _rows.SPLITTABLE
        cases = [
            ("text", f"`df` is a str, which has no rows to split; splittable is {splittable_text}"),
            (5, f"`df` is an int, which has no rows to split; splittable is {splittable_text}"),
            (None, f"`df` is None, which has no rows to split; splittable is {splittable_text}"),
            ({1, 2}, f"`df` is a set, which has no rows to split; splittable is {splittable_text}"),
            (
                (item for item in ""),
                f"`df` is a generator, which has no rows to split; splittable is {splittable_text}",
            ),
            ({}, "`df` is an empty dict, which has no rows to split"),
            ({"a": [1, 2], "b": [1]}, "`df` has columns of different lengths: `a` has 2 rows, `b` has 1"),
            (
                {"a": [1, 2], "b": 5},
                "`df` is a dict whose value `b` is an int; a dict can be split if all its values are columns of equal length",
            ),
            (Path("x.bin"), "`df` is a file (`x.bin`), and a file of this kind cannot be split; load it first"),
        ]
        for value, message in cases:
            with self.subTest(message), self.assertRaises(Failure) as caught:
                _split.split(value, "df", {"equal": 2}, "rows")
            self.assertEqual(str(caught.exception), message)
        for by, told in (("round_robin", "turns (`round_robin`)"), ("hash", "hash")):
            with self.assertRaises(Failure) as caught:
                _split.split([1], "df", {"counts": [1]}, by)
            message = f"`df` is split by {told}, which goes with a number of partitions, not with a list"
            self.assertEqual(str(caught.exception), message)
        for is_imported in (True, False):
            with mock.patch.dict(sys.modules), self.assertRaises(Failure) as caught:
                if not is_imported:
                    sys.modules.pop("polars", None)
                _split.split({"a": [1]}, "df", {"equal": 2}, {"hash": ["b"]})
            self.assertEqual(str(caught.exception), "`df` has no column `b` to split by")


class SplitRequests(ProjectTest):
    def plan(self, data_name="df", size=None, by="rows"):
        return {"data_name": data_name, "size": size or {"equal": 3}, "by": by}

    def test_an_upstream_key(self) -> None:
        rows = [[1, "a"], [2, None], [3, "nan"], [4, 0.5]]
        inputs = [["df", self.stored("df", rows)], ["other", {"file": "/nowhere", "format": "pickle"}]]
        done = self.passes(mode="split", inputs=inputs, split=self.plan())
        self.assertEqual(done.partitions(), [rows[:2], rows[2:3], rows[3:]])
        self.assertEqual([one["rows"] for one in done.result["partitions"]], [2, 1, 1])
        self.assertEqual([one["file"] for one in done.result["partitions"]], ["p1/df.json", "p2/df.json", "p3/df.json"])
        self.assertEqual(done.result["outputs"], [])

    def test_only_the_changed_partition_has_another_digest(self) -> None:
        rows = [[row, str(row)] for row in range(9)]
        digests = []
        for last in ("8", "changed"):
            rows[4][1] = last
            done = self.passes(mode="split", inputs=[["df", self.stored("df", tuple(rows))]], split=self.plan())
            digests.append([one["digest"] for one in done.result["partitions"]])
        self.assertEqual([one == other for one, other in zip(*digests)], [True, False, True])

    def test_a_splitter_that_returns_rows(self) -> None:
        script = """
            from expops.core import process

            @process()
            def define_split(count):
                return [[i] for i in range(count)]
        """
        for data_name in (None, "df"):
            done = self.passes(
                script, "define_split", mode="split", parameters={"count": 5}, split=self.plan(data_name)
            )
            self.assertEqual(done.partitions(), [[[0], [1]], [[2], [3]], [[4]]])
            self.assertEqual({one["key"] for one in done.result["partitions"]}, {data_name or "data"})

    def test_a_splitter_that_returns_a_dict(self) -> None:
        script = """
            def define_split():
                return {"df": {"a": [1, 2], "b": [3, 4]}, "p1": "beside", "columns": ["a", "b"]}
        """
        done = self.passes(script, "define_split", mode="split", split=self.plan(size={"equal": 2}))
        self.assertEqual(done.partitions(), [{"a": [1], "b": [3]}, {"a": [2], "b": [4]}])
        self.assertEqual((done.value("p1"), done.value("columns")), ("beside", ["a", "b"]))
        failed = self.fails(script, "define_split", mode="split", split=self.plan(None))
        expected = (
            "the splitter returned a dict without the key `data` (its keys: `df`, `p1`, `columns`); "
            "name the key to split with `data_name`"
        )
        self.assertEqual(failed.message, expected)

    def test_a_splitter_that_returns_a_file(self) -> None:
        script = """
            from pathlib import Path
            def define_split():
                Path("rows.csv").write_text("a\\n1\\n")
                return {"df": Path("rows.csv"), "other": 1}
        """
        done = self.passes(script, "define_split", mode="split", split=self.plan())
        self.assertEqual((done.result["native"], done.result["partitions"]), ("df", []))
        self.assertEqual(done.value("df").read_text(), "a\n1\n")
        self.assertEqual(done.value("other"), 1)

    def test_a_wrong_sum_leaves_nothing(self) -> None:
        plan = self.plan(size={"counts": [2, 2]})
        failed = self.fails(mode="split", inputs=[["df", self.stored("df", [1, 2, 3])]], split=plan)
        self.assertEqual(failed.message, "`df` has 3 rows, and the sizes [2, 2] sum to 4")
        self.assertEqual(failed.result["partitions"], [])

    def test_what_is_there_is_not_stored_again(self) -> None:
        first = self.passes(
            mode="split", inputs=[["df", self.stored("df", (1, 2, 3, 4))]], split=self.plan(size={"equal": 2})
        )
        there = [{**one, "file": str(first.out / one["file"])} for one in first.result["partitions"]]
        Path(there[1]["file"]).rename(self.write("kept", ""))
        for value, there_now, stored in [
            ((1, 2, 9, 4), there, [False, True]),
            ((1, 2, 3, 4), [None, there[1]], [True, True]),
            ((1, 2, 3, 4), there, [False, True]),
            ((1, 2, 3.0, True), [there[0], {**there[1], "file": there[0]["file"]}], [False, True]),
        ]:
            plan = {**self.plan(size={"equal": 2}), "there": there_now}
            done = self.passes(mode="split", inputs=[["df", self.stored("df", value)]], split=plan)
            files = [one["file"] for one in done.result["partitions"]]
            self.assertEqual([file is not None for file in files], stored)
            self.assertEqual([(done.out / file).exists() for file in files if file], [True] * sum(stored))

    def test_json_that_is_there_is_not_stored_again(self) -> None:
        rows = [[1, 0.5], [2, 0.1], [3, "x"], [4, None]]
        plan = self.plan(size={"equal": 4})
        first = self.passes(mode="split", inputs=[["df", self.stored("df", rows)]], split=plan)
        there = []
        for one in first.result["partitions"]:
            file = first.out / one["file"]
            there.append({"file": str(file), "format": "json", "digest": hashlib.sha256(file.read_bytes()).hexdigest()})
        for value, stored in [
            (rows, []),
            ([[1, 0.5], [2, 0.2], [3, "x"], [4, None]], ["p2"]),
            ([[1, 0.5], [2, 0.1], [3.0, "x"], (4, None)], ["p3", "p4"]),
        ]:
            again = self.passes(mode="split", inputs=[["df", self.stored("df", value)]], split={**plan, "there": there})
            files = [one["file"] for one in again.result["partitions"]]
            self.assertEqual([file.split("/")[0] for file in files if file], stored)
            self.assertEqual(
                [one["digest"] for one in again.result["partitions"] if not one["file"]],
                [one["digest"] for one, file in zip(there, files) if not file],
            )

    def test_a_missing_key(self) -> None:
        inputs = [["data_frame", self.stored("x", [1])], ["dff", self.stored("x", [1])]]
        failed = self.fails(mode="split", inputs=inputs, split=self.plan())
        expected = "no upstream process returned `df`, which is to be split (available: `data_frame`, `dff`); did you mean `dff`?"
        self.assertEqual(failed.message, expected)

    @needs_tables
    def test_a_frame_twice(self) -> None:
        import pandas as pd

        frame = pd.DataFrame({"a": range(12), "b": list("abcdefghijkl")})
        outer = self.passes(mode="split", inputs=[["df", self.stored("df", frame)]], split=self.plan(size={"equal": 2}))
        inner = []
        for one in outer.result["partitions"]:
            value = {"file": str(outer.out / one["file"]), "format": one["format"]}
            inner += self.passes(mode="split", inputs=[["df", value]], split=self.plan()).partitions()
        self.assertTrue(same(pd.concat(inner), pd.concat([frame.iloc[:6], frame.iloc[6:]])))
        self.assertEqual([len(part) for part in inner], [2] * 6)


if __name__ == "__main__":
    unittest.main()
