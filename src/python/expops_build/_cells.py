"""The cells of a column of Arrow: values of Python whose texts (`_keys.text`) are those that the splitter finds in the
file of the table. `src/split/columnar/values.rs` defines them.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Callable, List, Optional

from expops_build import _moments
from expops_build._columns import Unfit
from expops_build._keys import Moment

_MILLISECONDS_OF_A_DAY = 86_400_000


class HasNoText(Exception):
    """The values of a column are what the argument says, which is no key."""


def of_column(pyarrow: Any, column: Any) -> Optional[List[Any]]:
    """The cells of an array, chunked or not; None if no file of ours has its type."""
    try:
        _check(pyarrow, column.type)
    except Unfit:
        return None
    chunks = column.chunks if isinstance(column, pyarrow.ChunkedArray) else [column]
    return list(chain.from_iterable(_cells(pyarrow, chunk) for chunk in chunks))


def _check(pyarrow: Any, kind: Any) -> None:
    types = pyarrow.types
    if isinstance(kind, pyarrow.BaseExtensionType):
        _check(pyarrow, kind.storage_type)
    elif types.is_struct(kind):
        for i in range(kind.num_fields):
            _check(pyarrow, kind.field(i).type)
    elif _is_list(pyarrow, kind) or types.is_dictionary(kind):
        _check(pyarrow, kind.value_type)
    elif types.is_duration(kind):
        raise HasNoText("durations")
    elif types.is_map(kind) or str(kind).startswith(_WITHOUT_TEXT):
        raise HasNoText(f"of the type {kind}")
    elif types.is_nested(kind) or str(kind).startswith("run_end_encoded"):
        raise Unfit


_WITHOUT_TEXT = ("month_day_nano_interval", "decimal32", "decimal64")


def _is_list(pyarrow: Any, kind: Any) -> bool:
    types = pyarrow.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _cells(pyarrow: Any, array: Any) -> List[Any]:
    kind, types = array.type, pyarrow.types
    if isinstance(kind, pyarrow.BaseExtensionType):
        return _cells(pyarrow, array.storage)
    if types.is_dictionary(kind):
        categories = _cells(pyarrow, array.dictionary)
        return [None if code is None else categories[code] for code in array.indices.to_pylist()]
    if types.is_struct(kind):
        names = [kind.field(i).name for i in range(kind.num_fields)]
        fields = [_cells(pyarrow, field) for field in array.flatten()]
        there = array.is_valid().to_pylist()
        return [{name: field[i] for name, field in zip(names, fields)} if there[i] else None for i in range(len(there))]
    if _is_list(pyarrow, kind):
        return _lists(pyarrow, array)
    if types.is_float16(kind) or types.is_float32(kind):
        return _singles(array)
    spell = _temporal(pyarrow, kind)
    if spell is None:
        return array.to_pylist()  # type: ignore[no-any-return]
    counts = array.view(pyarrow.int32() if kind.bit_width == 32 else pyarrow.int64()).to_pylist()
    return [None if count is None else Moment(spell(count)) for count in counts]


def _lists(pyarrow: Any, array: Any) -> List[Any]:
    """Without Arrow's own selections, which do not know all types (views of texts)."""
    if pyarrow.types.is_fixed_size_list(array.type):
        size = array.type.list_size
        bounds = [(array.offset + i) * size for i in range(len(array) + 1)]
    else:
        bounds = array.offsets.to_pylist()
    first = bounds[0]
    items = _cells(pyarrow, array.values.slice(first, bounds[-1] - first))
    there = array.is_valid().to_pylist()
    return [items[bounds[i] - first : bounds[i + 1] - first] if is_there else None for i, is_there in enumerate(there)]


def _singles(array: Any) -> List[Any]:
    """Numbers of single and half precision as NumPy's scalars, which know it."""
    try:
        import numpy
    except ImportError:
        return array.to_pylist()  # type: ignore[no-any-return]
    scalar = numpy.float16 if array.type.bit_width == 16 else numpy.float32
    return [None if cell is None else scalar(cell) for cell in array.to_pylist()]


def _temporal(pyarrow: Any, kind: Any) -> Optional[Callable[[int], str]]:
    """What makes the text of the count that a date, a time or both are stored as; None for other types."""
    types = pyarrow.types
    if types.is_date32(kind):
        return _moments.date
    if types.is_date64(kind):
        return lambda count: _moments.date(count // _MILLISECONDS_OF_A_DAY)
    if types.is_time(kind):
        return lambda count: _moments.time(count, _moments.PER_SECOND[kind.unit])
    if types.is_timestamp(kind):
        zone = "+00:00" if kind.tz else ""
        return lambda count: _moments.timestamp(count, _moments.PER_SECOND[kind.unit]) + zone
    return None
