"""Tables of pandas, pyarrow and polars as uncompressed Arrow IPC files.

Whether a value fits is decided from its types; nothing is read back to check. The schema's metadata says under `expops`
what to return to the reader. All rows are in one batch, so that a column can be used in place in the mapped file.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any, Optional

from expops_build import _columns, _frame, _mapped
from expops_build._columns import Unfit, check_type
from expops_build._failure import Failure

#: Key in the schema's metadata: which type to return to the reader.
_MARK = b"expops"


def write(value: Any, path: str) -> bool:
    """Store a frame, a series or a table; False, and no file, where Arrow would change it."""
    mark = _mark_of(value)
    if mark is None:
        return False
    try:
        import pyarrow
    except ImportError:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyarrow's opinion of pandas' objects
            table = _table(pyarrow, value, mark)
            _write(pyarrow, table.replace_schema_metadata({**(table.schema.metadata or {}), _MARK: mark}), path)
        return True
    except (OSError, MemoryError):
        raise
    except Exception:  # it does not fit, or pyarrow refuses it in one of its many ways
        if os.path.exists(path):
            os.remove(path)
        return False


def read(path: str, may_map: bool) -> Any:
    """Read the value stored in the file `path`."""
    try:
        import pyarrow
    except ImportError:
        raise Failure("a table is stored as Arrow, and pyarrow is not installed in this environment") from None
    data = _mapped.view(path) if may_map else None
    buffer = _content(pyarrow, path) if data is None else pyarrow.py_buffer(data)
    table = _open(pyarrow, buffer)
    metadata = dict(table.schema.metadata or {})
    mark = metadata.pop(_MARK, b"table")
    if mark in (b"frame", b"series"):
        import pandas

        view = _viewer(data, buffer.address) if data is not None else None
        return (_frame.from_table if mark == b"frame" else _frame.series_from_table)(pandas, pyarrow, table, view)
    table = table.replace_schema_metadata(metadata or None)
    if mark in (b"polars", b"polars series"):
        import polars

        frame = polars.DataFrame(table)
        frame.columns = table.column_names  # it makes up names for empty ones
        return frame if mark == b"polars" else frame.to_series()
    return table


def try_out() -> None:
    """Convert a small frame, because the first one is slow: pandas and pyarrow load parts of each other."""
    import pandas
    import pyarrow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = _frame.to_table(pandas, pyarrow, pandas.DataFrame({"a": [1.5], "b": ["c"]}))
        _frame.from_table(pandas, pyarrow, table, None)


def _mark_of(value: Any) -> Optional[bytes]:
    """The mark of the type to return to the reader; None if it is no table."""
    kind = type(value)
    for module, name, mark in (
        ("pandas", "DataFrame", b"frame"),
        ("pandas", "Series", b"series"),
        ("pyarrow", "Table", b"table"),
        ("polars", "DataFrame", b"polars"),
        ("polars", "Series", b"polars series"),
    ):
        if kind is getattr(sys.modules.get(module), name, None):
            return mark
    return None


def _table(pyarrow: Any, value: Any, mark: bytes) -> Any:
    if mark in (b"frame", b"series"):
        import pandas

        return (_frame.to_table if mark == b"frame" else _frame.series_to_table)(pandas, pyarrow, value)
    table = value.unify_dictionaries() if mark == b"table" else _of_polars(pyarrow, value, mark)
    for field in table.schema:
        check_type(pyarrow, field.type)
    if not table.num_columns and table.num_rows:
        raise Unfit
    return table.combine_chunks() if mark == b"table" else table


def of_column(pyarrow: Any, series: Any) -> Any:
    """A series of pandas or polars as it is in the file of a table; an exception where Arrow would change it."""
    if type(series).__module__.startswith("polars"):
        return _of_polars(pyarrow, series, b"polars series").column(0)
    import pandas

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyarrow's opinion of pandas' objects
        return _columns.to_arrow(pandas, pyarrow, series.array)[1]


def _of_polars(pyarrow: Any, value: Any, mark: bytes) -> Any:
    frame = value if mark == b"polars" else value.to_frame()
    if any(map(_has_objects, frame.dtypes)):
        raise Unfit  # Arrow would get their addresses in memory
    return pyarrow.table(frame.rechunk())


def _has_objects(kind: Any) -> bool:
    """Whether a column of polars has Python's objects in it, at any depth."""
    inner = [getattr(kind, "inner", None), *(field.dtype for field in getattr(kind, "fields", ()))]
    return type(kind).__name__ == "Object" or any(_has_objects(one) for one in inner if one is not None)


def _write(pyarrow: Any, table: Any, path: str) -> None:
    with pyarrow.OSFile(path, "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
        if table.num_rows:
            writer.write_table(table)
        else:  # a batch without rows still has categories
            columns = [column.combine_chunks() for column in table.columns]
            writer.write_batch(pyarrow.RecordBatch.from_arrays(columns, schema=table.schema))


def _content(pyarrow: Any, path: str) -> Any:
    with pyarrow.OSFile(path) as file:
        return file.read_buffer()


def _open(pyarrow: Any, buffer: Any) -> Any:
    """The table in `buffer`. Types that pandas adds to Arrow are registered when it is imported."""
    table = pyarrow.ipc.open_file(pyarrow.BufferReader(buffer)).read_all()
    if any((field.metadata or {}).get(b"ARROW:extension:name", b"").startswith(b"pandas.") for field in table.schema):
        import pandas.core.arrays.arrow.extension_types  # noqa: F401

        table = pyarrow.ipc.open_file(pyarrow.BufferReader(buffer)).read_all()
    return table


def _viewer(data: Any, base: int) -> Any:
    """Returns a function that makes a writable NumPy array of a column in place in `data`, which starts at address
    `base`.
    """
    import numpy

    def view(column: Any, dtype: Any) -> Any:
        if column.num_chunks != 1 or not len(column) or column.null_count or dtype.kind == "b":
            return None
        chunk = column.chunk(0)
        start = chunk.buffers()[1].address - base + chunk.offset * dtype.itemsize
        # Packed data lies elsewhere.
        is_inside = start >= 0 and start + len(chunk) * dtype.itemsize <= len(data)
        return numpy.frombuffer(data, dtype, len(chunk), start) if is_inside else None

    return view
