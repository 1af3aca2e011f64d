"""A pandas column as Arrow and back, guided by what its dtype promises.

The *kind* says what an Arrow array is to be turned back into. It is JSON:

| kind                                          | column |
| --------------------------------------------- | ------ |
| a dtype's text: `"float64"`, `"Int8"`, `"period[M]"`, ... | of that dtype |
| `{"string": STORAGE, "na": "nan" or "NA"}`    | text |
| `{"category": KIND}`, `{"category": {"range": [...]}}` | categories of that kind; `name`, if their index has one |
| `{"object": TYPE, "null": "None", "nan" or "NA"}` | objects of one of Python's types |
| `{"arrow": true}`                             | `pandas.ArrowDtype` |

Missing values in NumPy floats stay NaN: null and NaN are different, in Arrow and in a digest.
"""

from __future__ import annotations

import datetime
import decimal
from itertools import chain
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

Kind = Any
#: Makes a NumPy array with a given dtype from an Arrow column without copying, or None where that is impossible.
View = Callable[[Any, Any], Any]


class Unfit(Exception):
    """Arrow would not keep the value as it is."""


def dtype_text(pandas: Any, dtype: Any) -> Any:
    """JSON from which `dtype_of` recreates exactly this dtype; `Unfit` if there is none."""
    if isinstance(dtype, pandas.StringDtype):
        text: Any = {"string": dtype.storage, "na": "nan" if dtype.na_value is not pandas.NA else "NA"}
    else:
        text = str(dtype)
    try:
        again = dtype_of(pandas, text)
    except (TypeError, ValueError, KeyError):
        raise Unfit from None
    zones = type(getattr(dtype, "tz", None)) is type(getattr(again, "tz", None))
    if again != dtype or type(again) is not type(dtype) or repr(again) != repr(dtype) or not zones:
        raise Unfit
    return text


def dtype_of(pandas: Any, text: Any) -> Any:
    """The inverse of `dtype_text`."""
    if isinstance(text, dict):
        if text["na"] == "NA":
            return pandas.StringDtype(text["string"])
        return pandas.StringDtype(text["string"], na_value=float("nan"))
    return pandas.api.types.pandas_dtype(text)


def to_arrow(pandas: Any, pyarrow: Any, array: Any) -> Tuple[Kind, Any]:
    """The kind and the Arrow form of `array`, from a column or an index; `Unfit` if Arrow would change it."""
    dtype = array.dtype
    if type(array).__name__ in ("NumpyExtensionArray", "PandasArray"):
        return _numpy_to_arrow(pandas, pyarrow, array.to_numpy())
    if isinstance(dtype, pandas.CategoricalDtype):
        return _categories_to_arrow(pandas, pyarrow, array)
    if isinstance(dtype, getattr(pandas, "ArrowDtype", ())):
        values = array.__arrow_array__()
        check_type(pyarrow, values.type)
        return {"arrow": True}, values
    return dtype_text(pandas, dtype), _extension_to_arrow(pandas, pyarrow, array)


def from_arrow(pandas: Any, pyarrow: Any, kind: Kind, values: Any, view: Optional[View] = None) -> Any:
    """The inverse of `to_arrow`; `view` makes a NumPy array without copying, where it can."""
    if isinstance(kind, dict) and "category" in kind:
        return _categories_from_arrow(pandas, pyarrow, kind, values)
    if isinstance(kind, dict) and "object" in kind:
        return _objects_from_arrow(pandas, kind, values)
    if isinstance(kind, dict) and "arrow" in kind:
        return pandas.arrays.ArrowExtensionArray(values)
    dtype = dtype_of(pandas, kind)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        utc = values.cast(pyarrow.timestamp(dtype.unit)).to_numpy()
        return pandas.DatetimeIndex(utc).tz_localize("UTC").tz_convert(dtype.tz).array
    if not hasattr(dtype, "__from_arrow__"):
        seen = view(values, dtype) if view else None
        return _owned(values.to_numpy(), dtype) if seen is None else seen
    return dtype.__from_arrow__(values)


def check_type(pyarrow: Any, kind: Any) -> None:
    """Raises `Unfit` for types that some readers of Arrow do not know, ours included."""
    types = pyarrow.types
    if isinstance(kind, pyarrow.BaseExtensionType):
        if not kind.extension_name.startswith(("arrow.", "pandas.")):
            raise Unfit
        check_type(pyarrow, kind.storage_type)
    elif types.is_struct(kind):
        for i in range(kind.num_fields):
            check_type(pyarrow, kind.field(i).type)
    elif types.is_map(kind):
        check_type(pyarrow, kind.key_type)
        check_type(pyarrow, kind.item_type)
    elif any(
        is_one(kind) for is_one in (types.is_dictionary, types.is_list, types.is_large_list, types.is_fixed_size_list)
    ):
        check_type(pyarrow, kind.value_type)
    elif types.is_nested(kind) or str(kind).startswith("run_end_encoded"):
        raise Unfit


def _numpy_to_arrow(pandas: Any, pyarrow: Any, values: Any) -> Tuple[Kind, Any]:
    dtype = values.dtype
    if dtype.kind == "O":
        return _objects_to_arrow(pandas, pyarrow, values)
    if dtype.kind not in "biufmM" or not dtype.isnative or dtype.itemsize > 8 or dtype.metadata:
        raise Unfit
    return dtype_text(pandas, dtype), pyarrow.array(values, from_pandas=False)


def _extension_to_arrow(pandas: Any, pyarrow: Any, array: Any) -> Any:
    dtype = array.dtype
    if isinstance(dtype, pandas.StringDtype):
        values, text = pyarrow.array(array), pyarrow.large_string()
        return values if values.type == text else values.cast(text)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        zone = pyarrow.timestamp(dtype.unit, tz=pyarrow.lib.tzinfo_to_string(dtype.tz))
        return pyarrow.array(array.asi8.view(f"M8[{dtype.unit}]")).cast(zone)
    if dtype.kind in "mM":
        return pyarrow.array(array.to_numpy(), from_pandas=False)
    if isinstance(dtype, (pandas.PeriodDtype, pandas.IntervalDtype)) or hasattr(array, "_mask"):
        return pyarrow.array(array)
    raise Unfit


def _owned(values: Any, dtype: Any) -> Any:
    values = values.astype(dtype, copy=False)
    return values if values.flags.writeable else values.copy()


def _categories_to_arrow(pandas: Any, pyarrow: Any, array: Any) -> Tuple[Kind, Any]:
    categories = array.categories
    if type(categories) is pandas.RangeIndex:
        kind: Kind = {"range": [categories.start, categories.stop, categories.step]}
        values = pyarrow.array(categories.to_numpy())
    else:
        if getattr(categories, "freq", None) is not None and not isinstance(categories, pandas.PeriodIndex):
            raise Unfit
        kind, values = to_arrow(pandas, pyarrow, categories.array)
        if isinstance(values, pyarrow.ChunkedArray):
            values = values.combine_chunks()
        if isinstance(values, pyarrow.ExtensionArray):  # no reader supports a dictionary of these
            values = values.storage
    codes = array.codes
    indices = pyarrow.array(codes, mask=codes < 0)
    described = {"category": kind}
    if categories.name is not None:
        if type(categories.name) not in (str, int, bool):
            raise Unfit
        described["name"] = categories.name
    return described, pyarrow.DictionaryArray.from_arrays(indices, values, ordered=bool(array.ordered))


def _categories_from_arrow(pandas: Any, pyarrow: Any, kind: Kind, values: Any) -> Any:
    import numpy

    name, kind = kind.get("name"), kind["category"]
    values = values.unify_dictionaries()
    if isinstance(kind, dict) and "range" in kind:
        categories = pandas.RangeIndex(*kind["range"])
    else:
        stored = values.chunk(0).dictionary if values.num_chunks else pyarrow.array([], values.type.value_type)
        array = from_arrow(pandas, pyarrow, kind, pyarrow.chunked_array([stored]))
        categories = pandas.Index(array, dtype=array.dtype)
    codes = [chunk.indices.fill_null(-1).to_numpy() for chunk in values.chunks]
    whole = numpy.concatenate(codes) if codes else numpy.zeros(0, "int8")
    dtype = pandas.CategoricalDtype(categories.rename(name), ordered=values.type.ordered)
    return pandas.Categorical.from_codes(whole, dtype=dtype)


def _objects_to_arrow(pandas: Any, pyarrow: Any, values: Any) -> Tuple[Kind, Any]:
    types = set(map(type, values))
    null = _null_of(pandas, types, values)
    types.discard(_NULLS[null](pandas) if null else None)
    if null == "None":
        types.discard(type(None))
    if len(types) > 1:
        raise Unfit
    one = next(iter(types), type(None))
    kind = {"object": one.__name__, "null": null}
    arrow_type = _type_of(pyarrow, one, [value for value in values if type(value) is one])
    return kind, pyarrow.array(values, type=arrow_type, from_pandas=null in ("nan", "NA"))


def _type_of(pyarrow: Any, one: type, values: List[Any]) -> Any:
    """The Arrow type of objects that all have the Python type `one`."""
    if one in _ITEMS:
        return _ITEMS[one](pyarrow)
    make = _arrays if one.__name__ == "ndarray" else _OBJECTS.get(one)
    if make is None:
        raise Unfit
    return make(pyarrow, values)


_NULLS: Dict[str, Callable[[Any], Any]] = {
    "None": lambda pandas: type(None),
    "nan": lambda pandas: float,
    "NA": lambda pandas: type(pandas.NA),
}


def _null_of(pandas: Any, types: Any, values: Any) -> Optional[str]:
    """Which object represents a missing value, if any does."""
    for name, kind in _NULLS.items():
        is_one = kind(pandas) in types and (name != "nan" or len(types) > 1)
        if is_one and (name != "nan" or all(value != value for value in values if type(value) is float)):
            return name
    return None


def _decimals(pyarrow: Any, values: Any) -> Any:
    scales = {value.as_tuple().exponent for value in values}
    scale = scales.pop() if len(scales) == 1 else None
    if not isinstance(scale, int) or scale > 0 or any(value.is_signed() and not value for value in values):
        raise Unfit
    digits = max(-scale, *(len(value.as_tuple().digits) for value in values), 1)
    if digits > 76:
        raise Unfit
    return (pyarrow.decimal128 if digits <= 38 else pyarrow.decimal256)(digits, -scale)


def _lists(pyarrow: Any, values: Any) -> Any:
    return pyarrow.large_list(_items(pyarrow, list(chain.from_iterable(values)), 0))


def _arrays(pyarrow: Any, values: List[Any]) -> Any:
    """A column whose cells are numeric arrays, all of one dtype."""
    dtypes = {(value.dtype, value.ndim) for value in values}
    dtype, axes = dtypes.pop()
    if dtypes or axes != 1 or dtype.kind not in "biuf" or not dtype.isnative or dtype.itemsize > 8 or dtype.metadata:
        raise Unfit
    return pyarrow.large_list(pyarrow.from_numpy_dtype(dtype))


def _items(pyarrow: Any, values: List[Any], depth: int) -> Any:
    types = set(map(type, values)) - {type(None)}
    if len(types) > 1 or depth > 20:
        raise Unfit
    one = next(iter(types), None)
    if one is None:
        return pyarrow.null()
    if one is list:
        inner = list(chain.from_iterable(value for value in values if value is not None))
        return pyarrow.large_list(_items(pyarrow, inner, depth + 1))
    if one not in _ITEMS:
        raise Unfit
    return _ITEMS[one](pyarrow)


_ITEMS: Dict[type, Callable[[Any], Any]] = {
    str: lambda pyarrow: pyarrow.large_string(),
    bytes: lambda pyarrow: pyarrow.large_binary(),
    int: lambda pyarrow: pyarrow.int64(),
    float: lambda pyarrow: pyarrow.float64(),
    bool: lambda pyarrow: pyarrow.bool_(),
    datetime.date: lambda pyarrow: pyarrow.date32(),
}

_OBJECTS: Dict[type, Callable[[Any, Any], Any]] = {
    type(None): lambda pyarrow, values: pyarrow.null(),
    decimal.Decimal: _decimals,
    list: _lists,
}


def _cells(chunk: Any) -> Iterable[Any]:
    return chunk.to_pylist()  # type: ignore[no-any-return]


def _cells_of_arrays(chunk: Any) -> Iterator[Any]:
    flat, at = chunk.flatten().to_numpy(zero_copy_only=False), 0
    for length in chunk.value_lengths().to_pylist():
        yield None if length is None else flat[at : at + length].copy()
        at += length or 0


def _objects_from_arrow(pandas: Any, kind: Kind, values: Any) -> Any:
    import numpy

    null = {"nan": float("nan"), "NA": pandas.NA}.get(kind["null"])
    found = numpy.empty(len(values), object)
    cells = _cells_of_arrays if kind["object"] == "ndarray" else _cells
    for row, value in enumerate(chain.from_iterable(map(cells, values.chunks))):
        found[row] = value
    if null is not None:
        found[numpy.array([value is None for value in found], bool)] = null
    return found
