"""Random frames and series of pandas, with columns and labels of every kind that it has."""

from __future__ import annotations

import datetime
import decimal
import random
from typing import Any, Callable, List

TEXTS = ["", "a", "b", "\u00e9\u00e9", "long " * 9, "\U0001f600", "nan", "None", "1"]
UNITS = ["s", "ms", "us", "ns"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", datetime.timezone(datetime.timedelta(hours=5, minutes=30))]


class Frames:
    """Makes frames from a generator: the same ones each time."""

    def __init__(self, chance: random.Random) -> None:
        import numpy
        import pandas

        self.chance = chance
        self.np: Any = numpy
        self.pd: Any = pandas
        # An attribute of the list is a function that makes an array of that many rows.
        self.columns: List[Callable[[int], Any]] = [
            self.numbers,
            self.floats,
            self.masked,
            self.truth,
            self.texts,
            self.times,
            self.spans,
            self.categories,
            self.periods,
            self.intervals,
            self.objects,
            self.arrows,
        ]
        self.indexable = [
            self.numbers,
            self.floats,
            self.texts,
            self.times,
            self.categories,
            self.periods,
            self.intervals,
        ]

    def frame(self) -> Any:
        rows = self.chance.choice([0, 1, 2, 3, 8, 40])
        made = self.pd.DataFrame(index=self.index(rows))
        arrays = [self.column(rows) for _ in range(self.chance.choice([0, 1, 1, 2, 3, 6]))]
        parts = [self.pd.Series(array, index=made.index, dtype=array.dtype) for array in arrays]
        made = self.pd.concat(parts, axis=1) if parts else made
        made.columns = self.labels(len(parts))
        if self.chance.random() < 0.2:
            made.attrs = {"unit": "m", "scale": [1, 2.5, None], "deep": {"a": True}}
        if self.chance.random() < 0.2 and rows:
            first = self.chance.randrange(rows)
            made = made.iloc[first : first + self.chance.randrange(rows)]
        return made

    def series(self) -> Any:
        array = self.column(rows := self.chance.choice([0, 1, 5]))
        name = self.chance.choice([None, "s", 5, 2.5, True])
        return self.pd.Series(array, index=self.index(rows), name=name, dtype=array.dtype)

    def column(self, rows: int) -> Any:
        return self.chance.choice(self.columns)(rows)

    def some(self, rows: int, pool: List[Any]) -> List[Any]:
        return [self.chance.choice(pool) for _ in range(rows)]

    def numbers(self, rows: int) -> Any:
        kind = self.chance.choice(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
        info = self.np.iinfo(kind)
        return self.np.array(self.some(rows, [0, 1, 7, int(info.min), int(info.max)]), kind)

    def floats(self, rows: int) -> Any:
        kind = self.chance.choice(["float16", "float32", "float64", "float64"])
        kind = "float64" if rows and self.chance.random() < 0.5 else kind
        pool = [0.0, -0.0, 1.5, self.np.nan, self.np.inf, -self.np.inf, self.chance.random()]
        return self.np.array(self.some(rows, pool), kind)

    def masked(self, rows: int) -> Any:
        kind = self.chance.choice(["Int8", "Int32", "Int64", "UInt8", "UInt64", "Float32", "Float64", "boolean"])
        pool = [True, False, None] if kind == "boolean" else [0, 1, 100, None]
        return self.pd.array(self.some(rows, pool), dtype=kind)

    def truth(self, rows: int) -> Any:
        return self.np.array(self.some(rows, [True, False]), bool)

    def texts(self, rows: int) -> Any:
        kind = self.chance.choice(["str", "str", "string[python]", "string[pyarrow]", "object"])
        pool = [*TEXTS, None] if kind in ("str", "string[python]", "string[pyarrow]") else TEXTS
        return self.pd.array(self.some(rows, pool), dtype=kind)

    def times(self, rows: int) -> Any:
        unit = self.chance.choice(UNITS)
        days = self.np.array(self.some(rows, [0, 1, 10**6, -(10**6), "NaT"]), f"M8[{unit}]")
        if self.chance.random() < 0.5:
            return days
        return self.pd.DatetimeIndex(days).tz_localize("UTC").tz_convert(self.chance.choice(ZONES)).array

    def spans(self, rows: int) -> Any:
        return self.np.array(self.some(rows, [0, -1, 10**6, "NaT"]), f"m8[{self.chance.choice(UNITS)}]")

    def categories(self, rows: int) -> Any:
        pools: List[List[Any]] = [["b", "a", "unused"], [3, 1, 2], [0.5, -1.5], [True, False]]
        pool: Any = self.chance.choice(pools)
        if self.chance.random() < 0.3:
            pool = self.chance.choice(
                [
                    self.pd.interval_range(0, 3),
                    self.pd.period_range("2020", periods=3, freq="Q"),
                    self.pd.DatetimeIndex(["2020-01-02", "2020-01-01"]),
                    self.pd.RangeIndex(4),
                ]
            )
        dtype = self.pd.CategoricalDtype(pool, ordered=self.chance.random() < 0.5)
        return self.pd.Categorical(self.some(rows, [*list(pool)[:2], None]), dtype=dtype)

    def periods(self, rows: int) -> Any:
        freq = self.chance.choice(["D", "M", "Q-NOV", "2h", "W-SUN"])
        return self.pd.PeriodIndex(self.some(rows, ["2020-01-05", "2021-02-07", None]), freq=freq).array

    def intervals(self, rows: int) -> Any:
        breaks = self.chance.choice(
            [
                [0, 1, 5, 9],
                [0.5, 1.5, 7.25],
                self.pd.date_range("2020", periods=4),
                self.pd.timedelta_range("1h", periods=4),
            ]
        )
        whole = self.pd.IntervalIndex.from_breaks(
            breaks, closed=self.chance.choice(["left", "right", "both", "neither"])
        )
        return whole.take(self.some(rows, [0, 1])).array

    def objects(self, rows: int) -> Any:
        date = datetime.date(2020, 1, 2)
        pool: List[Any] = self.chance.choice(
            [
                TEXTS,
                [b"", b"a", b"\x00\xff"],
                [decimal.Decimal("1.10"), decimal.Decimal("-200.00")],
                [decimal.Decimal("1.1"), decimal.Decimal("1.10")],
                [[], [1, 2], [None, 3]],
                [["a"], ["b", None], []],
                [[[1.5], []], [[0.5], None]],
                [[1, "a"], [2.5]],
                [self.np.arange(3), self.np.zeros(0, "int64")],
                [date],
                [1, 2, 2**62],
                [True, False],
                [1, "a", (1, 2), {"x": 1}],
                [2**70, 1],
                [0.5, float("nan")],
            ]
        )
        null: Any = self.chance.choice([[], [None], [float("nan")], [self.pd.NA], [self.pd.NaT], [None, self.pd.NA]])
        made = self.np.empty(rows, object)
        for row, cell in enumerate(self.some(rows, [*pool, *null])):
            made[row] = cell
        return self.pd.arrays.NumpyExtensionArray(made) if hasattr(self.pd.arrays, "NumpyExtensionArray") else made

    def arrows(self, rows: int) -> Any:
        import pyarrow as pa

        kinds: List[Any] = [
            (pa.int8(), [1, None]),
            (pa.string(), ["a", None, ""]),
            (pa.list_(pa.int32()), [[1], None, []]),
            (pa.struct([("x", pa.int8()), ("y", pa.string())]), [{"x": 1, "y": None}, None]),
            (pa.decimal128(9, 2), [decimal.Decimal("1.50"), None]),
            (pa.date32(), [datetime.date(2020, 1, 1), None]),
            (pa.map_(pa.string(), pa.int8()), [[("a", 1)], []]),
        ]
        kind, pool = self.chance.choice(kinds)
        return self.pd.array(self.some(rows, pool), dtype=self.pd.ArrowDtype(kind))

    def index(self, rows: int) -> Any:
        kind = self.chance.randrange(6)
        name = self.chance.choice([None, "key", 3])
        if kind == 0:
            start, step = self.chance.randrange(-3, 9), self.chance.choice([1, 2, -1])
            return self.pd.RangeIndex(start, start + step * rows, step, name=name)
        if kind == 1:
            return self.pd.date_range("2020-01-01", periods=rows, freq=self.chance.choice(["D", "2h", "ME"]), name=name)
        if kind == 2:
            levels = [self.indexed(rows) for _ in range(self.chance.choice([1, 2, 3]))]
            return self.pd.MultiIndex.from_arrays(levels, names=[name, *[None] * (len(levels) - 1)])
        return self.indexed(rows).rename(name)

    def indexed(self, rows: int) -> Any:
        array = self.chance.choice(self.indexable)(rows)
        array = array.astype("float64") if array.dtype == "float16" else array
        return self.pd.Index(array, dtype=array.dtype)

    def labels(self, count: int) -> Any:
        kind = self.chance.randrange(7)
        if kind == 0:
            return self.pd.RangeIndex(count)
        if kind == 1:
            return self.pd.Index([f"c{i}" for i in range(count)], name=self.chance.choice([None, "cols"]))
        if kind == 2:
            return self.pd.MultiIndex.from_arrays([["b", "a", "b", "a", "c", "c"][:count], list(range(count))])
        if kind == 3:
            return self.pd.Index([self.chance.choice([1, "a", None, True, 0.5]) for _ in range(count)], dtype=object)
        return self.indexed(count)
