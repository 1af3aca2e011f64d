"""A pandas DataFrame or Series as an Arrow table and back.

The table's columns are those of the frame, followed by those of its index unless that is a range. Everything that is
not rows is JSON in the schema's metadata, under `expops.frame`:

| field     | what |
| --------- | ---- |
| `columns` | the labels of the columns (`_labels`) |
| `types`   | the kinds of the columns (`_columns`) |
| `index`   | `names`, and unless it is a range `types`, `freq` (of each level), and whether it has `levels`, or what these are |
| `attrs`, `unique` | the attributes, and whether labels must not repeat, where there is something to say |

pandas' own metadata is stored as well, for other readers; an index that is a range is recorded only there.
"""

from __future__ import annotations

from json import dumps, loads
from typing import Any, Dict, List, Optional, Tuple

from expops_build import _columns, _labels, _plain
from expops_build._columns import Unfit

#: Key in the schema's metadata.
_DESCRIPTION = b"expops.frame"
_PANDAS = b"pandas"
#: With more columns than this in separate blocks, pandas warns when one is added.
_MOST_VIEWS = 50
#: More values of levels than this are not for a schema.
_MOST_LEVELS = 10_000


def to_table(pandas: Any, pyarrow: Any, frame: Any) -> Any:
    """`frame` as an Arrow table; `Unfit` if that would lose something."""
    if not frame.columns.size and len(frame):
        raise Unfit
    arrays = [frame.iloc[:, i].array for i in range(frame.shape[1])]
    columns = [_columns.to_arrow(pandas, pyarrow, array) for array in arrays]
    index, levels = _index_to_arrow(pandas, pyarrow, frame.index)
    names = [_field_name(label) for label in frame.columns]
    index_names = [f"__index_level_{i}__" for i in range(len(levels))]
    description = {
        "columns": _labels.encode(pandas, frame.columns),
        "types": [kind for kind, _ in columns],
        "index": index,
    }
    description.update(_extras(frame))
    fields = [
        pyarrow.field(name, values.type) for name, (_, values) in zip([*names, *index_names], [*columns, *levels])
    ]
    metadata = {
        _DESCRIPTION: dumps(description, allow_nan=False),
        _PANDAS: dumps(_for_others(pandas, frame, names, index_names)),
    }
    values = [_whole(pyarrow, values) for _, values in [*columns, *levels]]
    return pyarrow.Table.from_arrays(values, schema=pyarrow.schema(fields, metadata))


def from_table(pandas: Any, pyarrow: Any, table: Any, view: Optional[_columns.View]) -> Any:
    """The inverse of `to_table`, also for a subset of its rows."""
    metadata = table.schema.metadata
    description = loads(metadata[_DESCRIPTION])
    types = description["types"]
    if len(types) > _MOST_VIEWS:
        view = None
    arrays = [
        _columns.from_arrow(pandas, pyarrow, kind, values, view) for kind, values in zip(types, table.itercolumns())
    ]
    index = _index_from_arrow(pandas, pyarrow, description["index"], table, len(types))
    columns = {i: _kept(pandas, array, index) for i, array in enumerate(arrays)}
    frame = pandas.DataFrame(columns, index=index, copy=view is None)
    frame.columns = _labels.decode(pandas, description["columns"])
    frame.attrs.update(description.get("attrs", {}))
    return frame.set_flags(allows_duplicate_labels=False) if "unique" in description else frame


def series_to_table(pandas: Any, pyarrow: Any, series: Any) -> Any:
    """`series` as an Arrow table; `Unfit` if that would lose something."""
    name = _labels.name(series.name)
    frame = series.to_frame(name=name if type(name) is str else "values")
    frame.attrs = {"name": name, "attrs": series.attrs}
    return to_table(pandas, pyarrow, frame)


def series_from_table(pandas: Any, pyarrow: Any, table: Any, view: Optional[_columns.View]) -> Any:
    """The inverse of `series_to_table`, also for a subset of its rows."""
    frame = from_table(pandas, pyarrow, table, view)
    series = frame.iloc[:, 0]
    series.name, series.attrs = _plain.decode(frame.attrs["name"]), frame.attrs["attrs"]
    return series


def _kept(pandas: Any, array: Any, index: Any) -> Any:
    """A column that pandas takes as it is: plain objects it would search for texts."""
    return pandas.Series(array, index=index, dtype=object, copy=False) if array.dtype == object else array


def _extras(frame: Any) -> Dict[str, Any]:
    extras: Dict[str, Any] = {}
    if frame.attrs:
        if not _plain.is_plain(frame.attrs):
            raise Unfit
        extras["attrs"] = frame.attrs
    if not frame.flags.allows_duplicate_labels:
        extras["unique"] = True
    return extras


def _whole(pyarrow: Any, values: Any) -> Any:
    """A column in one chunk, so that it can be used in place."""
    return values.combine_chunks() if isinstance(values, pyarrow.ChunkedArray) and values.num_chunks > 1 else values


def _field_name(label: Any) -> str:
    return label if type(label) is str else str(label)


def _index_to_arrow(pandas: Any, pyarrow: Any, index: Any) -> Tuple[Dict[str, Any], List[Tuple[Any, Any]]]:
    description: Dict[str, Any] = {"names": [_labels.name(one) for one in index.names]}
    if type(index) is pandas.RangeIndex:
        return description, []
    if type(index) is pandas.MultiIndex:
        # Levels come back sorted and without what no row has.
        as_they_come = all(
            level.is_monotonic_increasing and not _has_unused(level, codes)
            for level, codes in zip(index.levels, index.codes)
        )
        description["levels"] = True if as_they_come else _levels(pandas, index)
        arrays = [index.get_level_values(i).array for i in range(index.nlevels)]
    else:
        if type(index) is not type(pandas.Index(index.array[:0])):
            raise Unfit
        arrays = [index.array]
    levels = [_columns.to_arrow(pandas, pyarrow, array) for array in arrays]
    description["types"] = [kind for kind, _ in levels]
    freq: Any = _labels.frequency(pandas, index)
    if description.get("levels") is True:
        freqs = [_labels.frequency(pandas, level) for level in index.levels]
        freq = freqs if any(freqs) else None
    return ({**description, "freq": freq} if freq else description), levels


def _has_unused(level: Any, codes: Any) -> bool:
    """Whether a level has values that no row has, as it has where rows were taken away."""
    import numpy

    is_used = numpy.zeros(len(level) + 1, bool)  # the last one is for those that miss it
    is_used[codes] = True
    return not is_used[:-1].all()


def _levels(pandas: Any, index: Any) -> List[Any]:
    """The levels of `index` themselves; `Unfit` if they are many, or do not lead back to its codes."""
    if sum(map(len, index.levels)) > _MOST_LEVELS:
        raise Unfit
    for i, level in enumerate(index.levels):
        codes = () if isinstance(level, pandas.IntervalIndex) else level.get_indexer(index.get_level_values(i))
        if list(codes) != list(index.codes[i]) or len(codes) != len(index):
            raise Unfit
    return [_labels.encode(pandas, level.rename(None)) for level in index.levels]


def _index_from_arrow(pandas: Any, pyarrow: Any, description: Dict[str, Any], table: Any, first: int) -> Any:
    names = [_plain.decode(name) for name in description["names"]]
    types = description.get("types")
    if types is None:
        (stored,) = loads(table.schema.metadata[_PANDAS])["index_columns"]
        if isinstance(stored, dict):
            return pandas.RangeIndex(stored["start"], stored["stop"], stored["step"], name=names[0])
        types = ["int64"]  # rows of a range, but not contiguous: whoever took them stored their numbers
    columns = [table.column(first + i) for i in range(len(types))]
    arrays = [_columns.from_arrow(pandas, pyarrow, kind, values) for kind, values in zip(types, columns)]
    levels = [pandas.Index(array, dtype=object if array.dtype == object else None) for array in arrays]
    if isinstance(description.get("levels"), list):
        whole = [_labels.decode(pandas, labels) for labels in description["levels"]]
        codes = [one.get_indexer(values) for one, values in zip(whole, levels)]
        return pandas.MultiIndex(whole, codes, names=names)
    if description.get("levels"):
        made = pandas.MultiIndex.from_arrays(levels, names=names)
        if "freq" not in description:
            return made
        dated = [_labels.with_frequency(level, freq) for level, freq in zip(made.levels, description["freq"])]
        return pandas.MultiIndex(dated, made.codes, names=names, verify_integrity=False)
    return _labels.with_frequency(levels[0].rename(names[0]), description.get("freq"))


def _for_others(pandas: Any, frame: Any, names: List[str], index_names: List[str]) -> Dict[str, Any]:
    """The metadata that pandas itself would write, as far as other readers need it."""
    index = frame.index
    if type(index) is pandas.RangeIndex:
        name = index.name if type(index.name) is str else None
        levels: List[Any] = [
            {"kind": "range", "name": name, "start": index.start, "stop": index.stop, "step": index.step}
        ]
        stored = []
    else:
        levels = list(index_names)
        arrays = [index.get_level_values(i) for i in range(index.nlevels)]
        stored = [_column(name, level.name, level.dtype) for name, level in zip(index_names, arrays)]
    columns = [_column(name, name, dtype) for name, dtype in zip(names, frame.dtypes)]
    return {
        "index_columns": levels,
        "column_indexes": [],
        "columns": columns + stored,
        "pandas_version": pandas.__version__,
    }


def _column(field: str, name: Any, dtype: Any) -> Dict[str, Any]:
    kind = "categorical" if str(dtype) == "category" else "unicode" if str(dtype) in ("str", "string") else str(dtype)
    name = name if type(name) is str else None
    return {"name": name, "field_name": field, "pandas_type": kind, "numpy_type": str(dtype), "metadata": None}
