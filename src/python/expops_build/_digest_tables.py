"""Canonical forms of pandas, Arrow and polars values inside a pickle, for `_digest`.

A frame is its labels, its columns by dtype and values, and its attributes. It is not its blocks, index levels that no
row uses, or the bytes under a missing value.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any, Optional, Tuple


def canonical(value: Any) -> Optional[Tuple[Any, ...]]:
    """A tuple to pickle in place of `value`; None where its own pickle is good enough."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and type(value).__module__.startswith("pandas"):
        return _of_pandas(pandas, value)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(value, (polars.DataFrame, polars.Series)):
        return _of_polars(value)
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        return _of_arrow(pyarrow, value)
    return None


def _of_polars(value: Any) -> Optional[Tuple[Any, ...]]:
    """By type and rows, regardless of how they are chunked."""
    frame = value.to_frame() if hasattr(value, "to_frame") else value
    try:
        import pyarrow

        oldest = sys.modules["polars"].CompatLevel.oldest()  # texts without views into a buffer shared with other texts
        table = frame.rechunk().to_arrow(compat_level=oldest)
        return (type(value).__name__, str(frame.schema), _stream_digest(pyarrow, table))
    except Exception:  # no pyarrow, or a type that it does not know
        return None


def _of_pandas(pandas: Any, value: Any) -> Optional[Tuple[Any, ...]]:
    if type(value) is pandas.DataFrame:
        columns = [_values(value.iloc[:, i]) for i in range(value.shape[1])]
        return ("frame", value.columns, value.index, columns, *_extras(value))
    if type(value) is pandas.Series:
        return ("series", value.name, value.index, _values(value), *_extras(value))
    if isinstance(value, pandas.Index):
        return _index(pandas, value)
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return _extension(value)
    return None


def _extras(value: Any) -> Tuple[Any, ...]:
    return (value.attrs, value.flags.allows_duplicate_labels)


def _index(pandas: Any, index: Any) -> Tuple[Any, ...]:
    kind = ("index", type(index).__name__, list(index.names))
    if isinstance(index, pandas.RangeIndex):
        return (*kind, index.start, index.stop, index.step)
    if isinstance(index, pandas.MultiIndex):
        freqs = [getattr(level, "freqstr", None) for level in index.levels]
        return (*kind, freqs, [index.get_level_values(level) for level in range(index.nlevels)])
    return (*kind, getattr(index, "freqstr", None), _values(index))


def _values(column: Any) -> Any:
    """The values of a column or index: a NumPy array, or the canonical form of an extension array."""
    array = column.array
    is_numpy = type(array).__name__ in ("NumpyExtensionArray", "PandasArray")
    return array.to_numpy() if is_numpy else _extension(array)


def _extension(array: Any) -> Tuple[Any, ...]:
    dtype = array.dtype
    kind = (type(array).__name__, str(dtype))
    if hasattr(array, "categories"):
        return (*kind, array.codes, array.categories, array.ordered)
    if hasattr(array, "asi8"):
        zone = type(getattr(dtype, "tz", None))
        return (*kind, zone.__module__, zone.__name__, array.asi8)
    return (*kind, array.astype(object).tolist())


def _of_arrow(pyarrow: Any, value: Any) -> Optional[Tuple[Any, ...]]:
    kind = type(value).__name__
    if isinstance(value, pyarrow.RecordBatch):
        value = pyarrow.Table.from_batches([value])
    elif isinstance(value, (pyarrow.Array, pyarrow.ChunkedArray)):
        value = pyarrow.table({"": value})
    if not isinstance(value, pyarrow.Table):
        return None
    return (kind, _stream_digest(pyarrow, value))


def _stream_digest(pyarrow: Any, table: Any) -> bytes:
    """SHA-256 of the IPC stream of `table` as one batch with fresh buffers.

    Taking all rows drops offsets, slack, and bytes under nulls.
    """
    rows = pyarrow.array(range(table.num_rows), type=pyarrow.int64())
    rebuilt = table.unify_dictionaries().combine_chunks().take(rows).combine_chunks()
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, rebuilt.schema) as writer:
        writer.write_table(rebuilt)
    return hashlib.sha256(sink.getvalue()).digest()
