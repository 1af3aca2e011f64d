"""How values are stored on disk. What is read back equals what was stored, types included.

| value                                         | format   | name        |
| --------------------------------------------- | -------- | ----------- |
| pathlib.Path                                  | `file`   | `KEY/NAME`  |
| small, of dict, list, str, int, float, bool, None | `json` | `KEY.json`  |
| numpy.ndarray without objects                 | `npy`    | `KEY.npy`   |
| DataFrame and Series of pandas and polars, pyarrow.Table, if Arrow loses nothing | `arrow` | `KEY.arrow` |
| anything else                                 | `pickle` | `KEY.pickle` |
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import pickle
import sys
from json import dumps, loads
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from expops_build import _digest, _plain, _watch
from expops_build._failure import Failure
from expops_build._names import Names

#: Larger plain values are pickled: JSON is for what a person may want to read.
_LARGEST_JSON = 1 << 20
_DEEPEST_JSON = 50
_SAMPLE = 100
#: Every Python since 3.8 reads it; protocol 4 would change the byte order of arrays.
_PROTOCOL = 5

Stored = Dict[str, Any]


def save(key: str, value: Any, out: str, names: Names) -> Stored:
    """Store `value` in the folder `out`; returns where and how, and for a pickle also what only Python can know."""
    if is_path(value):
        from expops_build import _files

        return _files.save(key, value, out, names)
    for extension, write in _writers(value):
        name = names.claim(key, "." + extension)
        if write(value, os.path.join(out, name)):
            return _stored(key, value, name, extension)
    text = _plain_json(value)
    if text is not None:
        name = names.claim(key, ".json")
        _write(os.path.join(out, name), text)
        return _stored(key, value, name, "json")
    name = names.claim(key, ".pickle")
    _write_pickle(key, value, os.path.join(out, name))
    return {**_stored(key, value, name, "pickle"), **_seen(value, os.path.join(out, name))}


def is_stored(value: Any, stored: Dict[str, Any]) -> bool:
    """Whether storing `value` would produce `stored`, which has `file`, `format` and `digest`."""
    if stored["format"] == "json":
        text = _plain_json(value)
        return text is not None and hashlib.sha256(text).hexdigest() == stored["digest"]
    if stored["format"] != "pickle":  # only the build tool knows these digests
        return False
    try:
        return bool(_digest.of(value, os.path.getsize(stored["file"])) == stored["digest"])
    except Exception:  # as in `_seen`: it cannot be walked
        return False


def load(value: Dict[str, Any]) -> Any:
    """Load the value that a request names by `file` and `format`; the file may be mapped if `map` is set."""
    return _READERS[value["format"]](value["file"], bool(value.get("map")))


def row_count(value: Any) -> Optional[int]:
    """The number of rows of a value that obviously has rows: a list, an array, a table."""
    if isinstance(value, (list, tuple)):
        return len(value)
    shape = getattr(value, "shape", None)
    return int(shape[0]) if isinstance(shape, tuple) and shape and isinstance(shape[0], int) else None


def is_path(value: Any) -> bool:
    """Whether it is a `pathlib.Path`. As long as nobody has imported `pathlib`, nothing is."""
    pathlib = sys.modules.get("pathlib")
    return pathlib is not None and isinstance(value, pathlib.Path)


def _stored(key: str, value: Any, name: str, form: str) -> Stored:
    return {"key": key, "file": name, "format": form, "rows": row_count(value)}


def _seen(value: Any, path: str) -> Stored:
    """What a reader of a pickle observes: the digest of the value, the project's code in it, and paths."""
    parts = _digest.Parts()
    try:
        digest = _digest.of(value, os.path.getsize(path), parts)
    except Exception:  # it cannot be walked: use its bytes, which may differ between equal values
        digest = _digest.of_file(path)
    seen: Stored = {"digest": digest}
    if parts.code:
        seen["code"] = sorted(parts.code)
    if parts.paths:
        seen["paths"] = sorted(parts.paths)
    return seen


def _writers(value: Any) -> Iterator[Tuple[str, Callable[[Any, str], bool]]]:
    """Open formats that may hold `value`; a writer that would lose something returns False."""
    module = str(type(value).__module__).partition(".")[0]
    if module == "numpy":
        from expops_build import _npy

        yield "npy", _npy.write
    elif module in ("pandas", "pyarrow", "polars"):
        from expops_build import _arrow

        yield "arrow", _arrow.write


def _plain_json(value: Any) -> Optional[bytes]:
    """`value` as compact JSON, if that is small and lossless."""
    if _looks_large(value) or not _plain.is_plain(value, _LARGEST_JSON, _DEEPEST_JSON):
        return None
    text = dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate
        return None
    return data if len(data) <= _LARGEST_JSON else None


def _looks_large(value: Any) -> bool:
    """Whether a long list begins like one whose JSON is too large, which would be made in vain."""
    if type(value) is not list or len(value) < 10 * _SAMPLE:
        return False
    some = value[:_SAMPLE]
    return _plain.is_plain(some, _LARGEST_JSON) and 4 * len(dumps(some)) * (len(value) // _SAMPLE) > 5 * _LARGEST_JSON


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def _write_pickle(key: str, value: Any, path: str) -> None:
    try:
        with open(path, "wb") as file:
            pickle.dump(value, file, _PROTOCOL)
    except OSError:
        raise
    except Exception as error:
        path, part = _culprit(value, f"`{key}`")
        where = f"{path} is of type {type(part).__name__}"
        failure = Failure(f"the output `{key}` cannot be stored: {_why(error)} ({where})")
        failure.advice = _instead(part)
        raise failure from error


def _why(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"{error}" or type(error).__name__


def _instead(value: Any) -> str:
    """What to return for a value that cannot be pickled."""
    import io
    import types

    if isinstance(value, io.IOBase):
        return "return the file's path, a `pathlib.Path`: what it names is stored with the other outputs"
    if isinstance(value, types.GeneratorType):
        return "return `list(...)` of it"
    if isinstance(value, types.FunctionType):
        return "return what it computes, or define it by `def` at the top of the script"
    return "return what it holds: plain values, arrays, tables, or the `pathlib.Path` of a file that is written here"


def _culprit(value: Any, path: str) -> Tuple[str, Any]:
    """The part of `value` that cannot be pickled, as far as dicts, lists and attributes lead to it."""
    for _ in range(20):
        part = next((part for part in _parts(value) if not _can_pickle(part[1])), None)
        if part is None:
            break
        path, value = path + part[0], part[1]
    return path, value


def _parts(value: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{i}]", item) for i, item in enumerate(value))
    elif not isinstance(value, type) and hasattr(value, "__dict__"):
        yield from ((f".{name}", item) for name, item in vars(value).items())


def _can_pickle(value: Any) -> bool:
    try:
        pickle.dumps(value, _PROTOCOL)
    except Exception:
        return False
    return True


def _read_json(path: str, may_map: bool) -> Any:
    with open(path, "rb") as file, _uncollected():
        return loads(file.read())


def _read_pickle(path: str, may_map: bool) -> Any:
    with open(path, "rb") as file, _uncollected(), _watch.unpickling_an_input():
        return pickle.load(file)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that is read is garbage, and looking for garbage takes longer than reading."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read_npy(path: str, may_map: bool) -> Any:
    from expops_build import _npy

    return _npy.read(path, may_map)


def _read_arrow(path: str, may_map: bool) -> Any:
    from expops_build import _arrow

    return _arrow.read(path, may_map)


def _path(path: str, may_map: bool) -> Any:
    from pathlib import Path

    return Path(path)


_READERS: Dict[str, Callable[[str, bool], Any]] = {
    "json": _read_json,
    "pickle": _read_pickle,
    "npy": _read_npy,
    "arrow": _read_arrow,
    "file": _path,
}
