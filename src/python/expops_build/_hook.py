"""Tells what Python itself opens, lists and looks up, where no library can be preloaded: the floor.

It writes the records that `watch.c` writes. What goes round Python (readers in C and Rust, other programs) is told as a
program that nobody watched, if it was called: then whole folders count.
"""

import contextlib
import functools
import os
import re
import shlex
import stat
import sys
import threading
import types
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Optional, Set, Tuple

_state = threading.local()
_log = ""
_known: Set[Tuple[str, str]] = set()
# What is of interest and what is not: the longest that contains a path decides.
_roots: List[Tuple[str, bool]] = []
_is_installed = False

# The names of variables in a program's text, as `watch.c` finds them.
_NAMES = re.compile(r"""(?:\$\{?[#!]?|(?:environ|getenv|ENV)[A-Za-z._]*[\[({]\s*(?:b?["'])?)([A-Za-z_]\w*)""", re.ASCII)

# Functions that read files by their paths without Python's help, by module.
_READERS: Dict[str, FrozenSet[str]] = {
    "pandas": frozenset(["read_parquet", "read_hdf", "read_sql"]),
    "pyarrow": frozenset(["memory_map", "input_stream"]),
    "pyarrow.csv": frozenset(["read_csv", "open_csv"]),
    "pyarrow.json": frozenset(["read_json", "open_json"]),
    "pyarrow.feather": frozenset(["read_feather", "read_table"]),
    "pyarrow.orc": frozenset(["read_table"]),
    "pyarrow.parquet": frozenset(["read_table", "read_pandas", "read_metadata", "read_schema"]),
    "pyarrow.dataset": frozenset(["dataset", "parquet_dataset"]),
    "pyarrow.fs": frozenset(["copy_files"]),
    "lxml.etree": frozenset(["parse", "iterparse"]),
    "torch": frozenset(["load"]),
}
# Modules whose functions with these beginnings do.
_BEGINNINGS: Dict[str, Tuple[str, ...]] = {
    "polars": ("read_", "scan_", "sql"),
    "duckdb": ("connect", "execute", "from_", "query", "read_", "sql", "table"),
}
# Classes that read: who asks a module for one reads with it, but for the library itself.
_CLASSES: Dict[str, FrozenSet[str]] = {
    "pyarrow": frozenset(["MemoryMappedFile", "OSFile"]),
    "pyarrow.fs": frozenset(["FileSystem", "LocalFileSystem", "SubTreeFileSystem"]),
    "pyarrow.dataset": frozenset(["FileSystemDataset", "FileSystemDatasetFactory"]),
    "pyarrow.orc": frozenset(["ORCFile"]),
    "pyarrow.parquet": frozenset(["ParquetDataset", "ParquetFile"]),
    "polars": frozenset(["SQLContext"]),
}
# Modules whose classes do: who imports one reads with it.
_IMPORTED = frozenset(
    ["h5py", "netCDF4", "tables", "zarr", "rasterio", "pyogrio", "cv2", "soundfile", "lightgbm", "xgboost"]
)
_LIBRARIES = frozenset([*_READERS, *_BEGINNINGS, *_CLASSES, *_IMPORTED])


def begin(log: str, roots: str) -> None:
    """Tell from now on, in the file `log`."""
    global _log, _is_installed
    _known.clear()
    _roots[:] = [(line[1:].rstrip("/"), line[0] == "+") for line in roots.splitlines() if line[1:]]
    with contextlib.suppress(OSError), open(log, "ab"):
        _log = log
    if not _is_installed:
        _is_installed = True
        _watch_lookups()
        _watch_readers()
        _watch_forks()
        sys.addaudithook(_heard)


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """What this thread does meanwhile is not told."""
    before = getattr(_state, "quiet", False)
    _state.quiet = True
    try:
        yield
    finally:
        _state.quiet = before


def _is_of_interest(path: str) -> bool:
    longest, counts = -1, True
    for root, is_of_interest in _roots:
        if len(root) > longest and (path == root or path.startswith(root + "/")):
            longest, counts = len(root), is_of_interest
    return counts


def _absolute(path: Any) -> Optional[str]:
    if isinstance(path, int):
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/self/fd/{path}")
        return None
    text = os.fsdecode(path)
    return os.path.join(os.getcwd(), text) if text else None


def _record(operation: str, path: str, about: Optional[os.stat_result]) -> None:
    if (operation, path) in _known or not (operation == "S" or _is_of_interest(path)):
        return
    _known.add((operation, path))
    fields = (0, 0, 0, 0) if about is None else (about.st_size, about.st_mtime_ns, about.st_ino, about.st_mode)
    line = f"{operation} {fields[0]} {fields[1]} {fields[2]} {fields[3]:o} ".encode() + os.fsencode(path) + b"\0"
    file = os.open(_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def _tell(operation: str, path: Any) -> None:
    whole = _absolute(path)
    if whole is None or not _log:
        return
    about = None
    with contextlib.suppress(OSError, ValueError):
        about = _stat(whole)
    if operation in "rs" and about is None:
        operation = "-"
    if operation == "r" and about is not None and stat.S_ISDIR(about.st_mode):
        operation = "s"
    _record(operation, whole, about if operation in "rusl" else None)


def _opened(path: Any, mode: Any, flags: Any) -> None:
    whole = _absolute(path)
    is_there = whole is not None and os.path.lexists(whole)
    access = flags & os.O_ACCMODE
    if not is_there and flags & os.O_CREAT:
        _tell("c", path)
    elif access != os.O_RDONLY and flags & os.O_TRUNC:
        _tell("t", path)
    else:
        _tell({os.O_RDONLY: "r", os.O_WRONLY: "a"}.get(access, "u"), path)


def _renamed(old: Any, new: Any) -> None:
    _tell("d", old)
    _tell("n", new)


def _started(program: Any, words: Any, folder: Any = None) -> None:
    name = os.fsdecode(program or (words if isinstance(words, (str, bytes)) else words[0]))
    _record("S", os.path.join("/", name), None)
    for word in [words] if isinstance(words, (str, bytes, os.PathLike)) else list(words):
        _word(os.fsdecode(word), folder)
        for asked in _NAMES.findall(os.fsdecode(word)):
            _record("$", asked, None)
    _word(folder or ".", None)


def _word(word: Any, folder: Any) -> None:
    parts = [os.fsdecode(word)]
    with contextlib.suppress(ValueError):
        parts += [end for part in shlex.split(parts[0]) for end in (part, part.rpartition("=")[2])]
    for part in parts:
        whole = os.path.join(os.getcwd(), os.fsdecode(folder or ""), part)
        if part and os.path.lexists(whole):
            _tell("w", os.path.normpath(whole))


def _connected(path: Any) -> None:
    text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
    if text != ":memory:":
        _tell("r", text[5:].partition("?")[0] if text.startswith("file:") else text)
        _record("S", "/sqlite3", None)  # what it attaches, nobody tells


_EVENTS: Dict[str, Callable[..., None]] = {
    "open": _opened,
    "os.listdir": lambda path: _tell("l", "." if path is None else path),
    "os.scandir": lambda path: _tell("l", "." if path is None else path),
    "os.mkdir": lambda path, *_: _tell("m", path),
    "os.remove": lambda path, *_: _tell("d", path),
    "os.rename": lambda old, new, *_: _renamed(old, new),
    "os.link": lambda old, new, *_: _tell("n", new),
    "os.symlink": lambda old, new, *_: _tell("n", new),
    "sqlite3.connect": _connected,
    "import": lambda module, path, *_: _tell("r", path) if path else None,  # of an extension module
    "ctypes.dlopen": lambda path: _tell("r", path) if path and os.sep in os.fsdecode(path) else None,
    "subprocess.Popen": lambda program, words, folder, _: _started(program, words, folder),
    "os.system": lambda command: _started("sh", command),
    "os.posix_spawn": lambda program, words, _: _started(program, words),
    "os.exec": lambda program, words, _: _started(program, words),
}


def _heard(event: str, arguments: Tuple[Any, ...]) -> None:
    tell = _EVENTS.get(event) if _EVENTS else None  # the names of a module are gone when Python ends
    if tell is None or getattr(_state, "quiet", False):
        return
    with unheard(), contextlib.suppress(Exception):  # a fault of ours must not be the user's
        tell(*arguments)


_stat = os.stat


class _Lookup:
    """A function of `os` that looks a path up. An object: a function would become a method in `pathlib` of 3.9."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function

    def __call__(self, path: Any, *rest: Any, **named: Any) -> Any:
        if not getattr(_state, "quiet", False) and not isinstance(path, int) and named.get("dir_fd") is None:
            with unheard(), contextlib.suppress(Exception):
                _tell("s", path)
        return self._function(path, *rest, **named)


def _watch_lookups() -> None:
    for name in ("stat", "lstat", "access", "readlink"):
        function = getattr(os, name)
        lookup = _Lookup(function)
        for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if function in supported:
                supported.add(lookup)
        setattr(os, name, lookup)


def _watch_forks() -> None:
    """`multiprocessing` starts programs by a function that no event tells of."""
    with contextlib.suppress(ImportError):
        import _posixsubprocess as posix

        start = posix.fork_exec

        def fork_exec(words: Any, *rest: Any) -> Any:
            with unheard(), contextlib.suppress(Exception):
                _started(None, words)
            return start(words, *rest)

        posix.fork_exec = fork_exec


def _watch_readers() -> None:
    watch(sys.modules)
    sys.meta_path.insert(0, _Finder())


def watch(modules: Dict[str, Any]) -> None:
    """Tell of the readers of these modules."""
    for name in _LIBRARIES.intersection(modules):
        _wrap(modules[name])


def _wrap(module: Any) -> None:
    name = module.__name__
    if name in _IMPORTED:
        _record("S", f"/{name}", None)
        return
    beginnings = _BEGINNINGS.get(name, ())
    for one in [
        one for one in vars(module) if one in _READERS.get(name, ()) or (beginnings and one.startswith(beginnings))
    ]:
        function = getattr(module, one)
        if callable(function) and not isinstance(function, type):
            setattr(module, one, _wrapped(function, f"/{name}.{one}"))
    if name in _CLASSES:
        _tell_who_asks(module, _CLASSES[name])


def _tell_who_asks(module: Any, names: FrozenSet[str]) -> None:
    """Have these names of a module told when others than its own package ask for them."""
    package = module.__name__.partition(".")[0]

    class Asked(types.ModuleType):
        def __getattribute__(self, name: str) -> Any:
            if name in names and str(sys._getframe(1).f_globals.get("__name__")).partition(".")[0] != package:
                with unheard(), contextlib.suppress(Exception):
                    _started(f"/{module.__name__}.{name}", [])
            return super().__getattribute__(name)

    if type(module) is types.ModuleType:
        module.__class__ = Asked


def _wrapped(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    if hasattr(function, "__expops__"):
        return function

    @functools.wraps(function)
    def reader(*args: Any, **kwargs: Any) -> Any:
        with unheard(), contextlib.suppress(Exception):
            _started(name, [one for one in [*args, *kwargs.values()] if isinstance(one, (str, bytes, os.PathLike))])
        return function(*args, **kwargs)

    reader.__expops__ = True  # type: ignore[attr-defined]
    return reader


class _Finder:
    """Has the readers of a library wrapped as soon as it is imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _LIBRARIES:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    _wrap_loader(spec.loader)
                return spec
        return None


def _wrap_loader(loader: Any) -> None:
    run = loader.exec_module

    def exec_module(module: Any) -> None:
        run(module)
        with unheard(), contextlib.suppress(Exception):
            _wrap(module)

    with contextlib.suppress(AttributeError):
        loader.exec_module = exec_module
