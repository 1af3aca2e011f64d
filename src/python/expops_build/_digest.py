"""The digest of a value: SHA-256 over what a reader of the value can observe.

It does not depend on the identity of what cannot be changed (shared or merely equal texts), the order of a set, the
strides and slack of buffers, how the value is stored, or the process. It does depend on types, on the order of dicts, on
the sign of zero, and on which of the parts that can be changed are one object: who changes it in one place sees it in the
other. The project's classes and functions enter it by name only; the caller of `of` has to add their code.

The encoding is a pickle that is never read: the C pickler walks plain values fast, and its `fast` mode leaves out the
memo, and with it identity. Where pickle would write more than the value (sets, arrays, tables), and for an object that is
met again, `persistent_id` substitutes a canonical form.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from types import FunctionType
from typing import Any, Dict, FrozenSet, Iterator, Optional, Set, Tuple

from expops_build import _plain

_PROTOCOL = 4

#: Without a memo, a value with a lot of sharing blows up: beyond this size, the encoding uses the memo.
_UNFOLDED_LIMIT = 16 << 20
_UNFOLDED_FACTOR = 8

#: So many objects are looked at to see whether a value is plain. Where they are shared, there are more than in memory.
_MOST_PLAIN = 4 << 20


class Parts:
    """What a walk through a value finds besides the digest."""

    def __init__(self) -> None:
        #: Where the project's classes and functions in it are defined: file and top-level name.
        self.code: Set[Tuple[str, str]] = set()
        #: Absolute paths. Some Pythons pickle their components one by one.
        self.paths: Set[str] = set()


_PLAIN = frozenset((bool, int, float, complex, bytes, tuple, list, dict, type(None)))
_STR = str
_CHANGEABLE = frozenset((list, dict, set, bytearray))

#: Whose objects cannot be changed.
_CONSTANT = frozenset(("datetime", "decimal", "enum", "fractions", "pathlib", "pyarrow", "re", "uuid", "zoneinfo"))


class _Unfolds(Exception):
    """The encoding outgrew its limit."""


class _Hasher:
    """A file for the pickler to write to; keeps only the hash."""

    def __init__(self, limit: Optional[int]) -> None:
        self.hash = hashlib.sha256()
        self._left = limit

    def write(self, data: Any) -> int:
        self.hash.update(data)
        size = len(data)
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise _Unfolds
        return size


class _Canonical(pickle.Pickler):
    """Walks a value. `above` are the sets being walked, so that cycles through them end. Whether objects are met again
    is not looked at in a table: its columns are made for the walk.
    """

    def __init__(self, file: Any, has_memo: bool, above: FrozenSet[int], parts: Parts, in_table: bool = False) -> None:
        super().__init__(file, _PROTOCOL)
        self.fast = not has_memo
        self._has_memo = has_memo
        self._above = above
        self._parts = parts
        #: How many were met before, by the address of each object that can be changed; an object that is kept keeps that.
        self._met: Optional[Dict[int, Tuple[int, Any]]] = None if in_table else {}
        self._count = 0
        self._changeable: Dict[type, bool] = {}

    def persistent_id(self, value: Any) -> Any:
        kind = type(value)
        if self._met is not None and self._is_changeable(kind):
            before, _ = self._met.setdefault(id(value), (len(self._met), value))
            if before < self._count:
                return ("again", before)
            self._count += 1
        if kind in _PLAIN:
            return None
        if kind is _STR:
            # A fresh object is never in the memo: equal texts need not be the same object.
            return value.encode("utf-8", "surrogatepass") if self._has_memo else None
        if kind is set or kind is frozenset:
            return (kind.__name__, self._elements(value))
        if isinstance(value, type) or kind is FunctionType:
            self._parts.code.update(_project_code(value))
            return None
        package = str(kind.__module__).partition(".")[0]
        if package == "pathlib":
            self._parts.paths.update(_absolute(value))
            return None
        if package == "numpy":
            return _array(value)
        if package in ("pandas", "pyarrow", "polars"):
            from expops_build import _digest_tables

            form = _digest_tables.canonical(value)
            return form and _encode(form, self._has_memo, None, self._above, self._parts, True)
        return None

    def _is_changeable(self, kind: type) -> bool:
        if kind not in self._changeable:
            self._changeable[kind] = _is_changeable(kind)
        return self._changeable[kind]

    def _elements(self, value: Any) -> Any:
        kinds = set(map(type, value))
        if len(kinds) == 1 and kinds <= {str, int, bytes}:
            return sorted(value)
        if id(value) in self._above:
            return "cycle"
        above = self._above | {id(value)}
        return sorted(_encode(item, self._has_memo, None, above, self._parts) for item in value)


def of(value: Any, stored_size: int = 0, parts: Optional[Parts] = None) -> str:
    """The digest of any value that can be pickled; `stored_size` is the length of its pickle.

    What the walk finds is added to `parts`.
    """
    limit = _UNFOLDED_LIMIT + _UNFOLDED_FACTOR * stored_size
    parts = parts or Parts()
    try:
        if _plain.is_of(value, _PLAIN | {_STR}, _MOST_PLAIN):
            return _encode_plain(value, limit).hex()
        return _encode(value, False, limit, frozenset(), parts).hex()
    except Exception:  # ValueError or RecursionError for a cycle, or _Unfolds: the memo helps in each case
        return _encode(value, True, None, frozenset(), parts).hex()


def of_file(path: Any) -> str:
    """The digest of a file's content."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _encode(
    value: Any, has_memo: bool, limit: Optional[int], above: FrozenSet[int], parts: Parts, in_table: bool = False
) -> bytes:
    hasher = _Hasher(limit)
    _Canonical(hasher, has_memo, above, parts, in_table).dump(value)
    return hasher.hash.digest()


def _encode_plain(value: Any, limit: int) -> bytes:
    """What `_encode` returns without a memo, for a value for whose parts `persistent_id` would return None."""
    hasher = _Hasher(limit)
    pickler = pickle.Pickler(hasher, _PROTOCOL)
    pickler.fast = True
    pickler.dump(value)
    return hasher.hash.digest()


def _is_changeable(kind: type) -> bool:
    """Whether the objects of a type can be changed, as far as is known."""
    package = str(kind.__module__).partition(".")[0]
    if package == "builtins":
        return kind in _CHANGEABLE
    if package in ("pandas", "polars"):
        return kind.__name__ in ("DataFrame", "Series")
    if package == "numpy":
        numpy = sys.modules["numpy"]
        return not issubclass(kind, (numpy.generic, numpy.dtype))
    if issubclass(kind, (type, tuple, str, bytes, int, float, frozenset)) or type(kind).__module__ == "enum":
        return False
    is_frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    return package not in _CONSTANT and not is_frozen


def _project_code(value: Any) -> Iterator[Tuple[str, str]]:
    """Where a class or function is defined, if within the project."""
    module = sys.modules.get(str(value.__module__))
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    if type(loader).__module__ == "expops_build._script":
        yield os.path.realpath(str(getattr(module, "__file__", ""))), value.__qualname__.partition(".")[0]


def _absolute(value: Any) -> Iterator[str]:
    """`value` as text, if it is an absolute path."""
    text = str(value)
    if not isinstance(value, type) and hasattr(value, "__fspath__") and os.path.isabs(text):
        with contextlib.suppress(UnicodeEncodeError):
            text.encode("utf-8")
            yield text


def _array(value: Any) -> Any:
    """The canonical form of a plain NumPy array; None for other NumPy types, which pickle well."""
    numpy = sys.modules["numpy"]
    if type(value).__name__ == "MaskedArray":  # its pickle reveals whether its fill value was ever accessed
        return ("masked", value.data, numpy.ma.getmask(value), value.fill_value, value.hardmask)
    if isinstance(value, numpy.generic) and value.dtype.itemsize > 8 and value.dtype.kind in "fc":
        return ("scalar", type(value).__name__, numpy.asarray(value))
    if type(value) is not numpy.ndarray or value.dtype.hasobject:
        return None
    if value.dtype.names is not None:  # by field: the padding between fields is not part of the value
        return ("fields", value.dtype, value.shape, [value[name] for name in value.dtype.names])
    from expops_build import _npy

    is_fortran = value.flags.fnc
    clean = _npy.without_padding(numpy, value)
    flat = numpy.ascontiguousarray(clean.T if is_fortran else clean).reshape(-1)
    data = hashlib.sha256(flat.view("u1") if flat.nbytes else b"").digest()
    return ("array", value.dtype, value.shape, is_fortran, data)
