"""Values as rows: how many there are, some of them by position, and their keys.

A part has the same type as the whole: a part of a frame is a frame with the same columns, dtypes and index labels, a
part of a tuple is a tuple, even if empty.
"""

from __future__ import annotations

import datetime
import sys
from typing import Any, List, Optional, Sequence, Tuple, Union

from expops_build import _cells, _keys, _values
from expops_build._cells import HasNoText
from expops_build._failure import Failure, kind_of

#: Which rows: a range of positions, or a list of them.
Rows = Union[range, List[int]]

SPLITTABLE = (
    "a list, a tuple, a NumPy array, a DataFrame or Series of pandas or polars, an Arrow table, or a dict of columns"
    " of equal length"
)

#: The types of columns whose values would become doubles, as pandas and polars name them.
_SINGLE = {"float32": "float32", "Float32": "float32", "float16": "float16", "Float16": "float16"}


def count(value: Any, name: str) -> int:
    """The number of rows of `value`; an error if it has none to split."""
    if isinstance(value, dict):
        return _columns_length(value, name)
    length = _length(value)
    if length is not None:
        return length
    if _values.is_path(value):
        raise Failure(f"`{name}` is a file (`{value.name}`), and a file of this kind cannot be split; load it first")
    raise Failure(f"`{name}` is {kind_of(value)}, which has no rows to split; splittable is {SPLITTABLE}")


def take(value: Any, rows: Rows) -> Any:
    """The rows of `value` at the positions `rows`, as a value of the same type."""
    if isinstance(value, dict):
        return {name: take(column, rows) for name, column in value.items()}
    if isinstance(value, (list, tuple)):
        part = value[rows.start : rows.stop] if isinstance(rows, range) else [value[row] for row in rows]
        return tuple(part) if isinstance(value, tuple) else part
    if _is_polars(value):
        return value[rows.start : rows.stop] if isinstance(rows, range) else value[rows]
    if _is_arrow(value):
        return value.slice(rows.start, len(rows)) if isinstance(rows, range) else _arrow_take(value, rows)
    part = value.iloc if _is_pandas(value, "DataFrame", "Series") else value
    return part[rows.start : rows.stop] if isinstance(rows, range) else part[rows]


def keys(value: Any, columns: Optional[Sequence[str]], name: str) -> List[Any]:
    """One key per row: its cells in `columns`, or the whole row (a `Row` or a dict if the cells have names)."""
    if columns is None:
        return _whole_rows(value, name)
    found = [_column(value, column, name) for column in columns]
    return list(zip(*found))


def _length(value: Any) -> Optional[int]:
    if isinstance(value, list) or (isinstance(value, tuple) and not hasattr(value, "_fields")):
        return len(value)
    if _is_pandas(value, "DataFrame", "Series") or _is_polars(value):
        return len(value)
    if _is_arrow(value):
        return int(value.num_rows)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray) and value.ndim > 0:
        return len(value)
    return None


def _columns_length(value: Any, name: str) -> int:
    first = None
    for column, cells in value.items():
        length = _length(cells)
        if length is None:
            told = f"`{name}` is a dict whose value `{column}` is {kind_of(cells)}"
            raise Failure(f"{told}; a dict can be split if all its values are columns of equal length")
        first = first or (column, length)
        if length != first[1]:
            told = f"`{first[0]}` has {first[1]} rows, `{column}` has {length}"
            raise Failure(f"`{name}` has columns of different lengths: {told}")
    if first is None:
        raise Failure(f"`{name}` is an empty dict, which has no rows to split")
    return first[1]


def _is_pandas(value: Any, *names: str) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, tuple(getattr(pandas, name) for name in names))


def _is_polars(value: Any) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(value, (polars.DataFrame, polars.Series))


def _is_series(value: Any) -> bool:
    return _is_pandas(value, "Series") or (_is_polars(value) and not hasattr(value, "rows"))


def _label(series: Any) -> str:
    """The name of the column that a series is in its file."""
    return series.name if isinstance(series.name, str) else "values"


def _is_arrow(value: Any) -> bool:
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(value, pyarrow.Table)


def _arrow_take(value: Any, rows: List[int]) -> Any:
    pyarrow = sys.modules["pyarrow"]
    try:
        return value.take(pyarrow.array(rows, type=pyarrow.int64()))
    except pyarrow.ArrowNotImplementedError:  # of views of texts, runs, and others
        return pyarrow.concat_tables([value.slice(0, 0), *(value.slice(row, 1) for row in rows)]).combine_chunks()


def _cells_of(column: Any) -> List[Any]:
    """A column as a list of values. An array yields its own scalars, which know their precision."""
    stored = _stored_cells(column)
    if stored is not None:
        return stored
    if _is_pandas(column, "Series"):
        # NaN in an array of floats is a number, as in the file of a table.
        has_nan = getattr(column.dtype, "kind", "") == "f" and type(column.dtype).__module__.startswith("numpy")
        missing = [False] * len(column) if has_nan else column.isna()
        return _precise(column, [None if gone else cell for cell, gone in zip(column, missing)])
    for method in ("to_pylist", "to_list"):
        if hasattr(column, method):
            return _precise(column, list(getattr(column, method)()))
    return list(column)


def _stored_cells(column: Any) -> Optional[List[Any]]:
    """The cells of a table's column as they are in the table's file; None if Arrow would not keep it there."""
    is_arrow = type(column).__module__.partition(".")[0] == "pyarrow"
    if not (is_arrow or _is_pandas(column, "Series") or _is_polars(column)):
        return None
    try:
        import pyarrow

        from expops_build import _arrow
    except ImportError:
        return None
    try:
        stored = column if is_arrow else _arrow.of_column(pyarrow, column)
    except MemoryError:
        raise
    except Exception:  # it does not fit, or pyarrow refuses it in one of its many ways
        return None
    return _cells.of_column(pyarrow, stored)


def _precise(column: Any, cells: List[Any]) -> List[Any]:
    """Single-precision numbers as NumPy scalars, which know it; those of tables would become doubles."""
    single = _SINGLE.get(_kind(column))
    numpy = sys.modules.get("numpy")
    if single is None or numpy is None:
        return cells
    scalar = getattr(numpy, single)
    return [None if cell is None else scalar(cell) for cell in cells]


def _kind(column: Any) -> str:
    """The name of the type of a table's column; where it has categories, of theirs."""
    kind = getattr(column, "dtype", None) or getattr(column, "type", "")
    categories = getattr(kind, "categories", None)
    return str(getattr(categories, "dtype", None) or kind)


def _with_text(column: Any, label: Any, name: str) -> List[Any]:
    """The cells of a column of a table. What is no key in the table's file, such as durations, is none here."""
    is_of_table = _is_pandas(column, "Series") or _is_polars(column) or hasattr(column, "to_pylist")
    try:
        if is_of_table and _kind(column).lower().startswith(("timedelta", "duration")):
            raise HasNoText("durations")
        cells = _cells_of(column)
        if is_of_table and any(map(_is_duration, cells)):
            raise HasNoText("durations")
    except HasNoText as error:
        told = f"the values of the column `{label}` of `{name}` have no text to go by: they are {error}"
        raise Failure(f"{told}; name other columns in `by`") from None
    return cells


def _is_duration(cell: Any) -> bool:
    """Whether a cell is a duration, or holds one."""
    if isinstance(cell, dict):
        return any(map(_is_duration, cell.values()))
    if isinstance(cell, (list, tuple)):
        return any(map(_is_duration, cell))
    if _is_pandas(cell, "Interval"):
        return _is_duration(cell.left)
    return isinstance(cell, datetime.timedelta) or getattr(getattr(cell, "dtype", None), "kind", "") == "m"


def _whole_rows(value: Any, name: str) -> List[Any]:
    if isinstance(value, dict):
        return _named(list(value), list(value.values()), (count(value, name), name))
    if _is_series(value):
        return _named([_label(value)], [value], (len(value), name))
    if _is_pandas(value, "DataFrame"):
        return _named(list(value.columns), [value.iloc[:, i] for i in range(value.shape[1])], (len(value), name))
    if _is_polars(value):
        return _named(list(value.columns), [value[one] for one in value.columns], (len(value), name))
    if _is_arrow(value):
        return _named(value.column_names, value.columns, (value.num_rows, name))
    names = getattr(getattr(value, "dtype", None), "names", None)
    if names and value.ndim == 1:
        return _named(list(names), [value[one] for one in names], (len(value), name))
    return _cells_of(value)


def _named(names: List[Any], columns: Sequence[Any], whole: Tuple[int, str]) -> List[Any]:
    """The rows of a table (how many it has, and its name), without an index that pandas made up."""
    rows, name = whole
    shown = [(label, column) for label, column in zip(names, columns) if not str(label).startswith("__index_level_")]
    kept = [(label, _with_text(column, label, name)) for label, column in shown]
    return [_keys.Row([(label, cells[row]) for label, cells in kept]) for row in range(rows)]


def _column(value: Any, column: str, name: str) -> List[Any]:
    """The cells of one column of a table or a list of dicts."""
    are_dicts = isinstance(value, (list, tuple)) and value and all(isinstance(row, dict) for row in value)
    if are_dicts and not any(column in row for row in value):
        raise Failure(f"`{name}` has no column `{column}` to split by")
    try:
        if isinstance(value, (list, tuple)):
            return [row.get(column) if isinstance(row, dict) else row[column] for row in value]
        found = {_label(value): value}[column] if _is_series(value) else _of_table(value, column, name)
    except (KeyError, IndexError, TypeError, ValueError, *_missing_column()):
        raise Failure(f"`{name}` has no column `{column}` to split by") from None
    return _with_text(found, column, name)


def _of_table(value: Any, column: str, name: str) -> Any:
    """A column by its name in the table's file, where a label of pandas is a text."""
    is_pandas = _is_pandas(value, "DataFrame")
    if not is_pandas and not _is_arrow(value):
        return value[column]
    labels = value.columns if is_pandas else value.column_names
    places = [place for place, label in enumerate(labels) if str(label) == column]
    if len(places) > 1:
        raise Failure(f"`{name}` has several columns `{column}`")
    return value.iloc[:, places[0]] if is_pandas else value.column(places[0])


def _missing_column() -> Any:
    """The exceptions that polars raises for an unknown column."""
    polars = sys.modules.get("polars")
    return (polars.exceptions.PolarsError,) if polars is not None else ()
