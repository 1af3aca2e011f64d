"""The labels of a frame's columns as JSON, losslessly: they belong to the schema, not to the rows.

| what                                     | JSON |
| ---------------------------------------- | ---- |
| a range                                  | `{"range": [START, STOP, STEP]}` |
| several levels                           | `{"levels": [LABELS, ...], "codes": [[INT, ...], ...]}` |
| categories                               | `{"categories": LABELS, "codes": [INT, ...], "ordered": BOOL}` |
| intervals                                | `{"left": LABELS, "right": LABELS, "closed": TEXT}` |
| dates, times, periods                    | `{"type": DTYPE, "counts": [INT, ...], "freq": TEXT or null}` |
| text, numbers, truth values, plain objects | `{"type": DTYPE, "values": [...]}` |

Each may also have `names`.
"""

from __future__ import annotations

import contextlib
from typing import Any, Dict, List

from expops_build import _columns, _plain
from expops_build._columns import Unfit

Labels = Dict[str, Any]

_PLAIN_TYPES = frozenset((str, int, float, bool, type(None)))


def encode(pandas: Any, index: Any) -> Labels:
    """`index` as JSON; `Unfit` where that would lose something."""
    names = [name(one) for one in index.names]
    labels = _encoded(pandas, index)
    return labels if names == [None] * len(names) else {**labels, "names": names}


def decode(pandas: Any, labels: Labels) -> Any:
    """The inverse of `encode`."""
    index = _decoded(pandas, labels)
    if "names" in labels:
        index.names = [_plain.decode(one) for one in labels["names"]]
    return index


def name(value: Any) -> Any:
    """The name of an index as JSON."""
    if type(value) not in _PLAIN_TYPES:
        raise Unfit
    return _plain.encode(value)


def frequency(pandas: Any, index: Any) -> Any:
    """`index.freq` as text from which it can be recreated; None if it has none."""
    freq = getattr(index, "freq", None)
    if freq is None or isinstance(index, pandas.PeriodIndex):
        return None
    if pandas.tseries.frequencies.to_offset(index.freqstr) != freq:
        raise Unfit
    return index.freqstr


def with_frequency(index: Any, freq: Any) -> Any:
    """Set the frequency of `index`, unless its values (a subset of the original ones) no longer have it."""
    if freq is not None:
        with contextlib.suppress(ValueError):
            index.freq = freq
    return index


def _encoded(pandas: Any, index: Any) -> Labels:
    if type(index) is pandas.RangeIndex:
        return {"range": [index.start, index.stop, index.step]}
    if type(index) is pandas.MultiIndex:
        levels = [_encoded(pandas, level) for level in index.levels]
        return {"levels": levels, "codes": [codes.tolist() for codes in index.codes]}
    if type(index) is pandas.CategoricalIndex:
        categories = encode(pandas, index.categories)
        return {"categories": categories, "codes": index.codes.tolist(), "ordered": bool(index.ordered)}
    if type(index) is pandas.IntervalIndex:
        left, right = _encoded(pandas, index.left), _encoded(pandas, index.right)
        return {"left": left, "right": right, "closed": index.closed}
    kind = _columns.dtype_text(pandas, index.dtype)
    if type(index) is not type(pandas.Index(index.array[:0])):
        raise Unfit
    if hasattr(index, "asi8"):
        return {"type": kind, "counts": index.asi8.tolist(), "freq": frequency(pandas, index)}
    return {"type": kind, "values": _values(index)}


def _values(index: Any) -> List[Any]:
    values: List[Any] = index.tolist()
    if not set(map(type, values)) <= _PLAIN_TYPES:
        raise Unfit
    return [_plain.encode(value) for value in values]


def _decoded(pandas: Any, labels: Labels) -> Any:
    if "range" in labels:
        return pandas.RangeIndex(*labels["range"])
    if "levels" in labels:
        levels = [_decoded(pandas, level) for level in labels["levels"]]
        return pandas.MultiIndex(levels, labels["codes"], verify_integrity=False)
    if "categories" in labels:
        categories = decode(pandas, labels["categories"])
        values = pandas.Categorical.from_codes(labels["codes"], categories, labels["ordered"])
        return pandas.CategoricalIndex(values)
    if "closed" in labels:
        left, right = _decoded(pandas, labels["left"]), _decoded(pandas, labels["right"])
        return pandas.IntervalIndex.from_arrays(left, right, labels["closed"])
    dtype = _columns.dtype_of(pandas, labels["type"])
    if "counts" in labels:
        return with_frequency(pandas.Index(_dated(pandas, labels["counts"], dtype)), labels["freq"])
    return pandas.Index([_plain.decode(value) for value in labels["values"]], dtype=dtype)


def _dated(pandas: Any, counts: List[int], dtype: Any) -> Any:
    import numpy

    numbers = numpy.array(counts, "int64")
    if isinstance(dtype, pandas.PeriodDtype):
        return pandas.PeriodIndex.from_ordinals(numbers, freq=dtype.freq)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return pandas.DatetimeIndex(numbers.view(f"M8[{dtype.unit}]")).tz_localize("UTC").tz_convert(dtype.tz)
    return pandas.Index(numbers.view(dtype))
