"""Values of many kinds, each made anew at every call, and a strict comparison of two values."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import math
import uuid
from pathlib import PurePosixPath
from typing import Any, Callable, Dict

from harness import has

Zoo = Dict[str, Callable[[], Any]]


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Model:
    """An object with attributes, and one of them a set."""

    def __init__(self, weights: Any) -> None:
        self.weights = weights
        self.names = {"b", "a", "c"}

    def __eq__(self, other: object) -> bool:
        return type(other) is Model and vars(self) == vars(other)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a, self.b = 1, [2]

    def __eq__(self, other: object) -> bool:
        return type(other) is Slotted and (self.a, self.b) == (other.a, other.b)


Point = collections.namedtuple("Point", "x y")

PLAIN: Zoo = {
    "none": lambda: None,
    "true": lambda: True,
    "one": lambda: 1,
    "one as float": lambda: 1.0,
    "zero": lambda: 0,
    "false": lambda: False,
    "minus zero": lambda: -0.0,
    "zero as float": lambda: 0.0,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "tiny": lambda: 5e-324,
    "third": lambda: 1 / 3,
    "big int": lambda: 2**100,
    "int 64": lambda: 2**63,
    "huge int": lambda: 10**5000,
    "complex": lambda: complex(1, -0.0),
    "empty text": lambda: "",
    "text": lambda: "h\u00e9llo \u0000 \u2028 \U0001f600",
    "lone surrogate": lambda: "\ud800",
    "bytes": lambda: b"\x00\xff",
    "bytearray": lambda: bytearray(b"ab"),
    "empty list": list,
    "empty tuple": lambda: (),
    "empty dict": dict,
    "empty set": lambda: set(),
    "list": lambda: [1, "a", None, 2.5, True],
    "tuple": lambda: (1, "a", None, 2.5, True),
    "mixed rows": lambda: [[1, "a", None], [2.5, "nan", float("nan")], [True, "", -1]],
    "list of dicts": lambda: [{"a": 1, "b": None}, {"a": 2.0, "b": "x"}],
    "tuple in list": lambda: [(1, 2), [1, 2]],
    "dict": lambda: {"b": 1, "a": [2, {"c": None}]},
    "dict reordered": lambda: {"a": [2, {"c": None}], "b": 1},
    "int keys": lambda: {1: "a", 2: "b"},
    "text keys": lambda: {"1": "a", "2": "b"},
    "mixed keys": lambda: {1: "a", "1": "b", None: "c", (1, 2): "d"},
    "set": lambda: {"x", "y", "z", "\u00e9"},
    "mixed set": lambda: {1, "a", None, (1, 2), 2.5},
    "frozenset": lambda: frozenset({"x", "y", "z", "\u00e9"}),
    "nested sets": lambda: {frozenset({1, 2}), frozenset({"a", "b"})},
    "deep": lambda: [[[[[[1]]]]]],
    "deeper than JSON": lambda: _nested(200),
    "large list": lambda: list(range(300_000)),
    "large text": lambda: "x" * 2_000_000,
    "datetime": lambda: datetime.datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=datetime.timezone.utc),
    "date": lambda: datetime.date(2026, 11, 22),
    "timedelta": lambda: datetime.timedelta(1, 2, 3),
    "decimal": lambda: decimal.Decimal("1.10"),
    "fraction": lambda: fractions.Fraction(1, 3),
    "uuid": lambda: uuid.UUID(int=5),
    "enum": lambda: Colour.RED,
    "int enum": lambda: Level.LOW,
    "pure path": lambda: PurePosixPath("a/b"),
    "ordered dict": lambda: collections.OrderedDict(b=1, a=2),
    "default dict": lambda: collections.defaultdict(list, a=[1]),
    "counter": lambda: collections.Counter("abca"),
    "deque": lambda: collections.deque([1, 2], maxlen=5),
    "namedtuple": lambda: Point(1, 2),
    "object": lambda: Model([1.0, 2.0]),
    "slots": lambda: Slotted(),
    "class": lambda: Model,
    "function": lambda: math.sqrt,
    "range": lambda: range(5),
    "ellipsis": lambda: ...,
}


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def numpy_zoo() -> Zoo:
    if not has("numpy"):
        return {}
    import numpy as np

    aligned = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    return {
        "np float64": lambda: np.float64(1.0),
        "np float32": lambda: np.float32(1.0),
        "np int64": lambda: np.int64(1),
        "np bool": lambda: np.bool_(True),
        "np str": lambda: np.str_("a"),
        "np datetime": lambda: np.datetime64("2026-11-22"),
        "np nan": lambda: np.float64("nan"),
        "array": lambda: np.arange(6.0),
        "array 2d": lambda: np.arange(6).reshape(2, 3),
        "array fortran": lambda: np.asfortranarray(np.arange(6).reshape(2, 3)),
        "array 0d": lambda: np.array(3.5),
        "array empty": lambda: np.zeros((0, 3), "f4"),
        "array strided": lambda: np.arange(20)[::-3],
        "array transposed": lambda: np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
        "array big endian": lambda: np.arange(3, dtype=">i4"),
        "array float16": lambda: np.array([1, np.nan, -0.0], "f2"),
        "array complex": lambda: np.array([1 + 2j, np.nan]),
        "array bool": lambda: np.array([True, False]),
        "array str": lambda: np.array(["a", "\u00e9\u00e9"]),
        "array bytes": lambda: np.array([b"a", b"bc"]),
        "array datetime": lambda: np.array(["2026-11-22", "NaT"], "M8[ns]"),
        "array timedelta": lambda: np.array([1, 2], "m8[3D]"),
        "array structured": lambda: np.array([(1, "a", 2.5)], [("i", "i4"), ("s", "U3"), ("f", "f8")]),
        "array aligned": lambda: np.array([(1, 2.5)], aligned),
        "array nested": lambda: np.array([((1, 2), [1, 2])], [("p", [("x", "i4"), ("y", "i2")]), ("v", "f4", (2,))]),
        "array titled": lambda: np.array([(1,)], [(("title", "a"), "i4")]),
        "array metadata": lambda: np.array([1], np.dtype("i4", metadata={"a": 1})),
        "array void": lambda: np.array([b"ab"], "V2"),
        "array object": lambda: np.array([1, "a", None, [2]], object),
        "array masked": lambda: np.ma.array([1, 2, 3], mask=[False, True, False]),
        "array record": lambda: np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "array in dict": lambda: {"w": np.arange(3, dtype=">i4"), "b": [np.float32(1)]},
        "dtype": lambda: np.dtype("f4"),
    }


def table_zoo() -> Zoo:
    if not has("pandas", "pyarrow"):
        return {}
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    def frame(**changes: Any) -> Any:
        made = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, np.nan, -0.0], "c": ["x", "y", "z"]})
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    def with_attrs() -> Any:
        made = frame()
        made.attrs = {"unit": "m", "pair": (1, 2)}
        return made

    def column(values: Any, dtype: Any = None) -> Callable[[], Any]:
        return lambda: pd.DataFrame({"a": pd.Series(values, dtype=dtype)})

    days = pd.date_range("2026-01-01", periods=3)
    return {
        "frame": frame,
        "frame simple": lambda: pd.DataFrame({"a": np.arange(4), "b": np.linspace(0, 1, 4), "t": [True] * 4}),
        "frame one column": lambda: pd.DataFrame({"a": np.arange(4.0)}),
        "frame sliced": lambda: pd.DataFrame({"a": np.arange(9), "b": list("abcdefghi")}).iloc[3:6],
        "frame filtered": lambda: pd.DataFrame({"a": np.arange(9)})[lambda d: d.a % 2 == 1],
        "frame empty rows": lambda: frame().iloc[:0],
        "frame empty": lambda: pd.DataFrame(),
        "frame no columns": lambda: pd.DataFrame(index=[1, 2]),
        "frame index": lambda: frame(index=[5, 3, 5]),
        "frame index name": lambda: frame(index=pd.Index(["p", "q", "r"], name="key")),
        "frame range name": lambda: frame(index=pd.RangeIndex(0, 6, 2, name="key")),
        "frame multiindex": lambda: frame(
            index=pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["x", None])
        ),
        "frame days": lambda: frame(index=days),
        "frame days without freq": lambda: frame(index=pd.DatetimeIndex(list(days))),
        "frame periods": lambda: frame(index=pd.period_range("2026-01", periods=3, freq="M")),
        "frame int columns": lambda: pd.DataFrame([[1, 2], [3, 4]]),
        "frame mixed columns": lambda: frame(columns=[1, "1", None]),
        "frame duplicate columns": lambda: frame(columns=["a", "a", "b"]),
        "frame object columns": lambda: pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], dtype=object)),
        "frame no rows": lambda: pd.DataFrame({"a": np.zeros(0), "b": np.zeros(0, "int8")}),
        "frame column name": lambda: frame(columns=pd.Index(["a", "b", "c"], name="cols")),
        "frame multi columns": lambda: frame(columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)])),
        "frame attrs": with_attrs,
        "frame flags": lambda: frame().set_flags(allows_duplicate_labels=False),
        "column categorical": column(["a", "b", "a"], pd.CategoricalDtype(["b", "a", "unused"], ordered=True)),
        "column categorical plain": column(["a", None, "a"], "category"),
        "column categorical ints": column([3, 1, 3], "category"),
        "column Int64": column([1, None, 3], "Int64"),
        "column boolean": column([True, None, False], "boolean"),
        "column Float64": column([1.5, None], "Float64"),
        "column string": column(["a", None], "string"),
        "column object text": column(["a", "b"], object),
        "column object none": column(["a", None], object),
        "column object nan": column(["a", np.nan], object),
        "column object both": column(["a", np.nan, None, pd.NA, pd.NaT], object),
        "column object mixed": column([1, "1", 1.0, True, (1, 2), [1], {"a": 1}], object),
        "column object ints": column([1, 2], object),
        "column object bytes": column([b"a", b"b"], object),
        "column object big ints": column([2**70, 1], object),
        "column float16": column([1, 2], "float16"),
        "column float32": column([1, np.nan], "float32"),
        "column uint8": column([1, 2], "uint8"),
        "column days": column(["2026-01-01", None], "datetime64[ns]"),
        "column seconds": column(["2026-01-01", None], "datetime64[s]") if pd.__version__ >= "2" else column([1]),
        "column zone": lambda: pd.DataFrame({"a": pd.to_datetime(["2026-01-01"]).tz_localize("Europe/Berlin")}),
        "column offset": lambda: pd.DataFrame({"a": pd.to_datetime(["2026-01-01 00:00:00+05:30"])}),
        "column timedelta": column([1, 2], "timedelta64[ns]"),
        "column period": lambda: pd.DataFrame({"a": pd.period_range("2026-01", periods=3, freq="M")}),
        "column interval": lambda: pd.DataFrame({"a": pd.interval_range(0, 3)}),
        "column complex": column([1 + 2j, 3]),
        "column sparse": column([0, 0, 1], pd.SparseDtype("int64", 0)),
        "column arrow": column([1, None], pd.ArrowDtype(pa.int8())),
        "column arrow text": column(["a", None], pd.ArrowDtype(pa.string())),
        "column dates": column([datetime.date(2026, 1, 1)], object),
        "column decimals": column([decimal.Decimal("1.10")], object),
        "column arrays": lambda: pd.DataFrame({"a": [np.arange(2), np.arange(3)]}),
        "series": lambda: pd.Series([1, 2], name="s", index=["a", "b"]),
        "series text": lambda: pd.Series(["a", None], name=5),
        "index": lambda: pd.Index(["a", "b"], name="n"),
        "frames in dict": lambda: {"data1": frame(), "data2": frame().iloc[1:]},
        "timestamp": lambda: pd.Timestamp("2026-01-01", tz="UTC"),
        "pandas NA": lambda: pd.NA,
        "table": lambda: pa.table({"a": [1, None, 3], "b": ["x", "y", None], "t": [True, None, False]}),
        "table sliced": lambda: pa.table({"a": list(range(9)), "b": [True] * 9}).slice(3, 4),
        "table chunked": lambda: pa.concat_tables([pa.table({"a": [1]}), pa.table({"a": [2]})]),
        "table metadata": lambda: pa.table({"a": [1]}).replace_schema_metadata({"k": "v"}),
        "table pandas metadata": lambda: pa.Table.from_pandas(frame()),
        "table nested": lambda: pa.table({"a": [[1, 2], None, []], "s": [{"x": 1}, None, {"x": None}]}),
        "table dictionary": lambda: pa.table({"a": pa.array(["a", "b", None, "a"]).dictionary_encode()}),
        "table empty": lambda: pa.table({"a": pa.array([], pa.int8())}),
        "table no columns": lambda: pa.table({}),
        "arrow array": lambda: pa.array([1, None, 3]).slice(1),
        "arrow chunks": lambda: pa.chunked_array([[1, None], [3]]).slice(1),
    }


def zoo() -> Zoo:
    return {**PLAIN, **numpy_zoo(), **table_zoo()}


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, types and all; written without the digest on purpose."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other) or (one != one and other != other)
    if type(one) in (list, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(map(same, one.values(), other.values()))
    module = type(one).__module__.partition(".")[0]
    if module == "numpy":
        return _same_numpy(one, other)
    if module == "pandas":
        return _same_pandas(one, other)
    if module == "polars":
        return bool(one.dtypes == other.dtypes if hasattr(one, "dtypes") else one.dtype == other.dtype) and bool(
            one.equals(other)
        )
    return bool(one == other or one is other)


def _same_numpy(one: Any, other: Any) -> bool:
    import numpy as np

    if not isinstance(one, np.ndarray):
        return bool(one == other) or (one != one and other != other)
    if (repr(one.dtype), one.dtype.metadata, one.shape, one.flags.fnc) != (
        repr(other.dtype),
        other.dtype.metadata,
        other.shape,
        other.flags.fnc,
    ):
        return False
    if isinstance(one, np.ma.MaskedArray):
        return one.tolist() == other.tolist()
    if one.dtype.hasobject:
        return same(one.tolist(), other.tolist())
    if one.dtype.names:
        return repr(one.tolist()) == repr(other.tolist())
    return one.tobytes() == other.tobytes()


def _same_pandas(one: Any, other: Any) -> bool:
    import pandas as pd

    if isinstance(one, pd.DataFrame):
        return (
            same(one.attrs, other.attrs)
            and one.flags == other.flags
            and _same_pandas(one.columns, other.columns)
            and _same_pandas(one.index, other.index)
            and all(_same_pandas(one.iloc[:, i], other.iloc[:, i]) for i in range(one.shape[1]))
        )
    if isinstance(one, pd.Series):
        return (
            same(one.name, other.name)
            and repr(one.dtype) == repr(other.dtype)
            and _same_pandas(one.index, other.index)
            and same(one.astype(object).tolist(), other.astype(object).tolist())
        )
    if isinstance(one, pd.Index):
        return (
            list(one.names) == list(other.names)
            and repr(one.dtype) == repr(other.dtype)
            and getattr(one, "freq", None) == getattr(other, "freq", None)
            and same(one.tolist(), other.tolist())
        )
    return one is other or bool(one == other)
