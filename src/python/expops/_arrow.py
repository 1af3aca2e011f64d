"""Data frames and Arrow tables as uncompressed Arrow IPC files.

Arrow does not hold every frame: mixed objects, NaN beside None, frequencies of an index and
more are lost. Only where the dtypes tell that nothing can be is a frame stored without
reading it back; otherwise what was read back must have the digest of the original.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from expops import _digest
from expops._failure import Failure

#: In the schema's metadata: which type the file's reader gets.
_MARK = b"expops"
_SIMPLE = frozenset(
    ["bool", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    + [f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")]
)


def write(value: Any, path: str) -> bool:
    """Store a frame or a table; False, and no file, where Arrow would change it."""
    if not _is_table(value):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what pyarrow would warn of is found by comparing
            _write(value, path)
            if _is_simple(value) or _digest.of(read(path)) == _digest.of(value):
                return True
    except OSError:
        raise
    except Exception:  # pyarrow is missing, or refuses the value in one of its many ways
        pass
    if os.path.exists(path):
        os.remove(path)
    return False


def read(path: str) -> Any:
    """The frame or the table in the file `path`."""
    try:
        import pyarrow
    except ImportError:
        raise Failure("a table is stored as Arrow, and pyarrow is not installed in this environment") from None
    with pyarrow.memory_map(path) as file:
        table = pyarrow.ipc.open_file(file).read_all()
    metadata = dict(table.schema.metadata or {})
    mark = metadata.pop(_MARK, b"frame" if b"pandas" in metadata else b"table")
    table = table.replace_schema_metadata(metadata or None)
    return table.to_pandas() if mark == b"frame" else table


def _is_table(value: Any) -> bool:
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    is_frame = pandas is not None and type(value) is getattr(pandas, "DataFrame", None)
    return is_frame or (pyarrow is not None and type(value) is getattr(pyarrow, "Table", None))


def _write(value: Any, path: str) -> None:
    import pyarrow

    if isinstance(value, pyarrow.Table):
        mark, table = b"table", value.unify_dictionaries()
    else:
        mark, table = b"frame", pyarrow.Table.from_pandas(value)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _MARK: mark})
    with pyarrow.OSFile(path, "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _is_simple(value: Any) -> bool:
    """Whether Arrow is known to keep all of this frame."""
    pandas = sys.modules.get("pandas")
    if pandas is None or type(value) is not pandas.DataFrame:
        return False
    columns = value.columns
    return (
        all(str(dtype) in _SIMPLE for dtype in value.dtypes)
        and all(type(name) is str for name in columns)
        and columns.is_unique
        and columns.name is None
        and columns.dtype == pandas.Index(["a"]).dtype
        and type(value.index) is pandas.RangeIndex
        and value.index.name is None
        and not value.attrs
        and value.flags.allows_duplicate_labels
    )
