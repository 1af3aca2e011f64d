"""The parts of what a process reads that only Python can see: variables, and listings made by its own imports.

Files are watched from outside, by the library `watch.c`. It cannot see why a folder is listed, and variables are read
from Python's own copy.
"""

import contextlib
import hashlib
import importlib.machinery
import os
import sys
import threading
from types import FrameType
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from expops_build import _quoted, _seed
from expops_build._seed import THREADS

# Set where no library sees what is read.
_HOOK = "EXPOPS_WATCH_HOOK"

# Asked by whoever starts programs, of the node or the job, or set for each run. `uncounted.rs` has the same list and says more.
_NEVER = ("LC_", "MAKE", "NINJA", "EXPOPS_", "SLURM", "SRUN_", "PMI_", "PMIX_", "HQ_", "PBS_", "LSB_")
_NEVER_NAMES = frozenset(
    [
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "TMPDIR",
        "TMP",
        "TEMP",
        "HOSTNAME",
        "SSH_AGENT_PID",
        "SSH_AUTH_SOCK",
        "SSH_CLIENT",
        "SSH_CONNECTION",
        "SSH_TTY",
        "XDG_RUNTIME_DIR",
        "XDG_SEAT",
        "XDG_SESSION_CLASS",
        "XDG_SESSION_ID",
        "XDG_SESSION_TYPE",
        "XDG_VTNR",
        "DBUS_SESSION_BUS_ADDRESS",
        "CUDA_VISIBLE_DEVICES",
        "GPU_DEVICE_ORDINAL",
        "HIP_VISIBLE_DEVICES",
        "NVIDIA_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES",
        "ZE_AFFINITY_MASK",
    ]
).union(THREADS)
# What asks in the name of its caller.
_BETWEEN = frozenset(
    ["os", "posixpath", "_collections_abc", "collections", "string", "functools", "threading", "importlib"]
)
_BETWEEN_PACKAGES = ("concurrent.futures.", "multiprocessing.")

# Who unpickles what the process pickled itself.
_POOLS = ("multiprocessing.", "concurrent.futures.", "joblib.externals.")

# The project's folder, with a trailing separator.
_project = ""
_variables: Dict[str, Optional[str]] = {}
# What variables held before the process first set or removed them: the rest is not read, but its own.
_before: Dict[str, Optional[str]] = {}
_hook: Any = None
# The file of records, and the process that tells of its variables in the result. Its forks tell there.
_log = ""
_teller = 0
# The modules of what pickles named.
_in_pickles: Set[str] = set()
# Who lists all folders of `sys.path` to find out what is installed, the folders that they listed, and those that others did.
_FINDERS = ("importlib.metadata", "importlib_metadata", "pkg_resources", "pkgutil")
# Whose listings the library does not see either.
_NOT_SEEN = ("importlib._bootstrap_external", "expops_build.")
# Who reads the text of a module to run it, or to show a line of it.
_FOR_ITSELF = ("importlib.", "linecache", "zipimport")
# What may list any folder without being heard here.
_UNHEARD = ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.system", "os.exec")
_ANY = "any"
_by_finders: Set[str] = set()
_by_others: Set[str] = set()
_state = threading.local()


# This package, which lies in the build folder, and the standard library, which may lie in the project.
_NOT_THE_PROJECTS = tuple(os.path.join(os.path.dirname(one), "") for one in (os.path.realpath(__file__), os.__file__))


def _is_of_the_project(path: str) -> bool:
    is_there = path.startswith(_project) and not path.startswith(_NOT_THE_PROJECTS)
    return is_there and f"{os.sep}site-packages{os.sep}" not in path


def _asks_for_its_caller(frame: FrameType) -> bool:
    """Whether it is of a module that passes questions on, or of a text without a file."""
    name = str(frame.f_globals.get("__name__"))
    is_between = name in _BETWEEN or name.startswith(_BETWEEN_PACKAGES)
    return is_between or frame.f_code.co_filename.startswith("<")


def _asker() -> Optional[FrameType]:
    """Who called the function that calls this, but for what asks in the name of its caller."""
    frame: Optional[FrameType] = sys._getframe(2)
    while frame is not None and _asks_for_its_caller(frame):
        frame = frame.f_back
    return frame


def _is_of_the_projects_code(frame: Optional[FrameType]) -> bool:
    """Whether it is of a file of the project. A thread that only runs a function of `os` was given it by somebody."""
    return frame is None or _is_of_the_project(frame.f_code.co_filename)


def _may_count(name: str) -> bool:
    return bool(name) and name not in _NEVER_NAMES and not name.startswith(_NEVER) and not _is_of_python(name)


def _is_of_python(name: str) -> bool:
    """Whether it is the interpreter's own, as `PYTHONPATH` is, and not `PYTHON_ENV`."""
    rest = name[6:]
    return name.startswith("PYTHON") and rest.isascii() and rest.isalpha() and rest.isupper()


def _note(name: str, value: Optional[str]) -> None:
    _variables[name] = value
    if _log and os.getpid() != _teller:
        _record(f"v 0 0 0 0 {value or '-'} ", name)


def _record(fields: str, name: str) -> None:
    """Add to the list of what was seen."""
    with contextlib.suppress(OSError):
        file = os.open(_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, fields.encode() + os.fsencode(name) + b"\0")
        finally:
            os.close(file)


def _digest(environment: Any, key: Any) -> Optional[str]:
    found = environment._data.get(environment.encodekey(key))
    found = os.fsencode(found) if isinstance(found, str) else found
    return None if found is None else hashlib.sha256(found).hexdigest()


def _watch_variables() -> None:
    environment: Any = type(os.environ)
    get, names = environment.__getitem__, environment.__iter__
    put, remove = environment.__setitem__, environment.__delitem__
    # Asking for all names and then for each value, in order, is making a copy: that does not count as reading.
    copied: List[str] = []

    def __getitem__(self: Any, key: Any) -> Any:
        name = os.fsdecode(key) if isinstance(key, (str, bytes)) else ""
        if copied and copied[-1] == name:
            copied.pop()
            return get(self, key)
        copied.clear()
        if name not in _variables and _may_count(name) and _is_of_the_projects_code(_asker()):
            _note(name, _before[name] if name in _before else _digest(self, key))
        return get(self, key)

    def __setitem__(self: Any, key: Any, value: Any) -> None:
        keep(self, key)
        put(self, key, value)

    def __delitem__(self: Any, key: Any) -> None:
        keep(self, key)
        remove(self, key)

    def keep(self: Any, key: Any) -> None:
        if isinstance(key, (str, bytes)):
            _before.setdefault(os.fsdecode(key), _digest(self, key))

    def __iter__(self: Any) -> Iterator[Any]:
        keys = list(names(self))
        copied[:] = [os.fsdecode(key) for key in reversed(keys)]
        frame = _asker() if _log else None
        if frame is not None and _is_of_the_projects_code(frame):
            for name in _quoted.names(frame):
                _record("$ 0 0 0 0 ", name)
        return iter(keys)

    environment.__getitem__, environment.__setitem__ = __getitem__, __setitem__
    environment.__delitem__, environment.__iter__ = __delitem__, __iter__


def _say(path: str) -> None:
    """Look up a path that has a meaning to the library that watches."""
    with contextlib.suppress(OSError):
        os.stat(path)


def missed(*paths: str) -> None:
    """These were looked for, and are not there."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.stat(path)


def _heard(event: str, arguments: Tuple[Any, ...]) -> None:
    if not _log:  # also when Python ends, and the names of this module are gone
        return
    if event in ("os.listdir", "os.scandir"):
        _heard_listing(arguments[0])
    elif event in _UNHEARD:
        _by_others.add(_ANY)
    elif event == "open" and not isinstance(arguments[0], int) and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
        _heard_open(arguments[0])
    # What a pickle names is found in no text of the project, so nobody knows yet that it is used.
    elif event == "pickle.find_class" and not getattr(_state, "is_ours", False):
        name = str(arguments[0])
        if name not in _in_pickles and os.getpid() == _teller and not _is_in_a_pool():
            _in_pickles.add(name)


def _heard_listing(path: Any) -> None:
    with contextlib.suppress(Exception):
        folder = os.path.abspath(os.fsdecode("." if path is None else path))
        name = str(sys._getframe(2).f_globals.get("__name__"))
        if not name.startswith(_NOT_SEEN):
            (_by_finders if name.startswith(_FINDERS) else _by_others).add(folder)


def _heard_open(path: Any) -> None:
    """A module counts by the code of it that is reached, but by its text for whoever opens it as a file."""
    with contextlib.suppress(Exception):
        name = os.fsdecode(path)
        if not name.endswith(".py"):
            return
        place = os.path.realpath(name)
        frame: Optional[FrameType] = sys._getframe(2)
        while frame is not None and not str(frame.f_globals.get("__name__")).startswith(_FOR_ITSELF):
            if _is_of_the_project(frame.f_code.co_filename):
                if _is_of_the_project(place):
                    _tell_of_text(place)
                return
            frame = frame.f_back


def _is_in_a_pool() -> bool:
    frame: Optional[FrameType] = sys._getframe(2)
    while frame is not None and not str(frame.f_globals.get("__name__")).startswith(_POOLS):
        frame = frame.f_back
    return frame is not None


@contextlib.contextmanager
def unpickling_an_input() -> Iterator[None]:
    """What an input names inside the `with` block counts with the code of whoever made it."""
    before = getattr(_state, "is_ours", False)
    _state.is_ours = True
    try:
        yield
    finally:
        _state.is_ours = before


def _file(module: Any) -> str:
    return str(getattr(module, "__file__", None))


def _tell_of_modules() -> None:
    """All modules of the project are read, each as a text."""
    for path in [path for path in map(_file, list(sys.modules.values())) if _is_of_the_project(path)]:
        _tell_of_text(path)


def _tell_of_text(path: str) -> None:
    with contextlib.suppress(OSError):
        about = os.stat(path)
        _record(f"p {about.st_size} {about.st_mtime_ns} {about.st_ino} {about.st_mode:o} ", path)


@contextlib.contextmanager
def unwatched() -> Iterator[None]:
    """What this thread reads inside the `with` block does not count as read by the user's code."""
    _say("//expops-pause//")
    try:
        with _hook.unheard() if _hook is not None else contextlib.nullcontext():
            yield
    finally:
        _say("//expops-resume//")


def ignore_listings_of_imports() -> None:
    """From now on, folders listed by imports to find modules do not count as read by the user's code."""
    finder: Any = importlib.machinery.FileFinder
    fill = finder._fill_cache
    if fill.__module__ == __name__:
        return

    def _fill_cache(self: Any) -> None:
        with unwatched():
            fill(self)

    finder._fill_cache = _fill_cache


class _Last:
    """The last one to be asked for a module: it is not there. What code of the project looked for in its folders counts."""

    @staticmethod
    def find_spec(name: str, path: Optional[Iterable[str]] = None, _target: Any = None) -> None:
        if not _log or not _is_of_the_projects_code(_asker()):
            return
        for folder in sys.path if path is None else path:
            if isinstance(folder, str) and _is_of_the_project(os.path.join(os.path.abspath(folder), "")):
                place = os.path.join(folder, name.rpartition(".")[2])
                missed(place, *(place + suffix for suffix in importlib.machinery.all_suffixes()))


def begin(project: str) -> None:
    """Begin to watch for the project in the folder `project`."""
    global _hook, _project, _log, _teller
    if not _project:
        _watch_variables()
        ignore_listings_of_imports()
        sys.addaudithook(_heard)
        sys.meta_path.append(_Last)
    _project = os.path.join(os.path.realpath(project), "")
    _variables.clear()
    _before.clear()
    _in_pickles.clear()
    _by_finders.clear()
    _by_others.clear()
    _log, _teller = os.environ.get("EXPOPS_WATCH", ""), os.getpid()
    _say("//expops-roots//")
    if _HOOK in os.environ and "EXPOPS_WATCH" in os.environ:
        from expops_build import _hook

        _seed.restored = _hook.watch
        _hook.begin(os.environ["EXPOPS_WATCH"], os.environ.get("EXPOPS_WATCH_ROOTS", ""))


def told() -> Dict[str, Any]:
    """What to report with the result."""
    _say("//expops-loaded//")
    if _log and any(_is_of_the_project(_file(sys.modules.get(name))) for name in _in_pickles):
        _tell_of_modules()
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.dirname(os.__file__))}
    only = set() if _ANY in _by_others else _by_finders - _by_others
    # Somebody who has them look elsewhere looks for something of the project.
    only &= {os.path.abspath(one) for one in sys.path if isinstance(one, str)}
    searched = [folder for folder in only if _is_of_the_project(os.path.join(folder, ""))]
    return {"variables": dict(_variables), "prefixes": sorted(folders), "searched": sorted(searched)}
