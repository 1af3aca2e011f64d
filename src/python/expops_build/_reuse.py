"""A worker's child that runs several instances of a process in turn, where the project asks for that.

Between two instances it restores all process state that an instance could notice: the project's modules are forgotten,
and streams, working folder, environment, arguments, import machinery and warning filters are reset. Where that is
impossible (a thread is still running, a file is open, a signal handler is set), the child ends, as one that runs a
single instance does. What an instance leaves in a library's memory stays there.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import itertools
import os
import sys
import warnings
from json import dumps, loads
from typing import Any, Callable, Dict, Iterator, List, Optional

from expops_build import _decorate, _end, _script
from expops_build._ahead import Ahead, set_filters, state_of_process

Request = Dict[str, Any]


def requests(first: Request, control: int, ahead: Ahead, enter: Callable[[Request], None]) -> Iterator[str]:
    """The requests of this child: `first`, for which it was started, then those that the worker sends down `control`.

    `enter` sets the process up for a further request.
    """
    before = _Before(ahead)
    yield first["request"]
    while True:
        status = _end.status()
        if status is None or not before.comes_back() or not _end.begin_again():
            return
        request = _next(status, control, ahead)
        if request is None:
            os._exit(0)
        enter(request)
        yield request["request"]


def usage(used: Any) -> Dict[str, float]:
    """What a process has used since it started, in seconds and KiB."""
    return {"user": used.ru_utime, "system": used.ru_stime, "peak_kb": used.ru_maxrss}


def _next(status: int, control: int, ahead: Ahead) -> Optional[Request]:
    """Tell the worker how the last instance ended and wait for the next request; None if there are no more."""
    _leave()
    used = usage(ahead.find("resource").getrusage(0))
    with contextlib.suppress(OSError):
        os.write(control, dumps({"ended": status << 8, "usage": used}).encode() + b"\n")
        text = b""
        while not text.endswith(b"\n"):
            part = os.read(control, 1 << 20)
            if not part:
                return None
            text += part
        return dict(loads(text))
    return None


def _leave() -> None:
    """Hold on to nothing of the instance's while idle."""
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def _flush(*streams: Any) -> None:
    for stream in streams:
        with contextlib.suppress(Exception):
            stream.flush()


def _is_library(names: Dict[str, Any]) -> bool:
    """Whether the globals of some code are those of a library or of this package, which puts libraries back."""
    name = str(names.get("__name__", ""))
    module = sys.modules.get(name)
    is_own = name.startswith(f"{__package__}.")
    return is_own or (module is not None and _script.is_installed(module))


def _comes_from_library(finder: Any) -> bool:
    """Whether the finder came with a library, whose module stays as well."""
    return _is_library({"__name__": getattr(finder, "__module__", "")})


class _Before:
    """The state of the process before its first instance."""

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self._modules = set(sys.modules)
        self._import: List[List[Any]] = [list(sys.path), list(sys.path_hooks), list(sys.meta_path)]
        self._streams = (sys.stdin, sys.stdout, sys.stderr)
        self._filters, self._exits = list(warnings.filters), 0
        self._of_libraries: List[Any] = []
        self._register = atexit.register
        atexit.register = self._note_exit  # type: ignore[assignment]
        for name in ("filterwarnings", "simplefilter"):
            setattr(warnings, name, self._noting_filters(getattr(warnings, name)))
        logging = ahead.find("logging")
        self._handlers: List[Any] = [] if logging is None else list(logging.root.handlers)
        self._level: int = 30 if logging is None else logging.root.level
        self._state = state_of_process(ahead)
        self._environment = os.environ
        self._unknown = self._variables_unknown()

    def _variables_unknown(self) -> Any:
        """How the environment of the process differs from what Python takes it for: `os.putenv` and C change only that."""
        ctypes = self._ahead.find("ctypes")
        entries = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
        real = set(itertools.takewhile(lambda entry: entry is not None, (entries[i] for i in itertools.count())))
        data: Dict[bytes, bytes] = getattr(self._environment, "_data", {})
        return real ^ {name + b"=" + value for name, value in data.items()}

    def _note_exit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """A library registers its functions once, for all instances; those of the project are to be called."""
        self._exits += not _is_library(sys._getframe(1).f_globals)
        return self._register(function, *args, **kwargs)

    def _noting_filters(self, function: Callable[..., None]) -> Callable[..., None]:
        """Wrap `function` to record the filters that libraries set when they are imported: those stay."""

        def noting(*args: Any, **kwargs: Any) -> None:
            before = list(warnings.filters)
            function(*args, **kwargs)
            if _is_library(sys._getframe(1).f_globals):
                self._of_libraries[:0] = [entry for entry in warnings.filters if entry not in before]

        return noting

    def comes_back(self) -> bool:
        """Restore the process; False if that is impossible."""
        set_filters(self._ahead.filters([*self._of_libraries, *self._filters]))
        _flush(sys.stdout, sys.stderr, *self._streams[1:])
        sys.stdin, sys.stdout, sys.stderr = self._streams
        _decorate.forget()
        is_forgotten = _script.forget(self._modules)
        sys.path[:], sys.path_hooks[:], finders = self._import
        sys.meta_path[:] = [
            *finders,
            *(one for one in sys.meta_path if one not in finders and _comes_from_library(one)),
        ]
        sys.last_type = sys.last_value = sys.last_traceback = None
        logging = self._ahead.find("logging")
        if logging is not None:
            logging.root.handlers[:] = self._handlers
            logging.root.setLevel(self._level)
        gc.collect()
        is_same = state_of_process(self._ahead) == self._state
        is_same &= os.environ is self._environment and self._variables_unknown() == self._unknown
        return is_forgotten and is_same and not self._exits
