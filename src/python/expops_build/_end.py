"""Ends a worker's child as an interpreter ends, but without tearing down what the worker loaded.

Doing so would touch all of the worker's memory and cost more than the rest of a small instance.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
import weakref
from typing import Any, Dict, FrozenSet, List, Optional

_status: Optional[int] = None
_keep: FrozenSet[str] = frozenset()


def prepare(keep: FrozenSet[str]) -> None:
    """Get ready; `keep` are the modules loaded before the user's code."""
    global _keep
    _keep = keep


def ended(status: int) -> int:
    """Record the exit status with which the instance has ended."""
    global _status
    _status = status
    return status


def status() -> Optional[int]:
    """The exit status of the instance, if it has ended."""
    return _status


def begin_again() -> bool:
    """Prepare for another instance; False if the last one's output cannot be written."""
    global _status
    is_written = _flush_standard()
    _status = None if is_written else _status
    return is_written


def at_exit() -> None:
    """The last atexit function: the threads have ended, and the user's own functions have been called."""
    if _status is None:
        return  # it did not run to its end: let the interpreter tear down everything
    status = _status if _flush_standard() else 120
    _take_apart([name for name in sys.modules if name not in _keep])
    _flush_files()
    os._exit(status if _flush_standard() else 120)


def _flush_standard() -> bool:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            return False
    return True


def _take_apart(names: List[str]) -> None:
    """Remove modules: first all at once, for objects that refer to each other, then the contents of those still
    referenced.
    """
    gc.collect()
    sys.last_type = sys.last_value = sys.last_traceback = None
    held = []
    for name in names:
        with contextlib.suppress(TypeError):  # anything can be put into `sys.modules`
            held.append(weakref.ref(sys.modules.pop(name)))
    gc.collect()
    for module in reversed([module for module in (one() for one in held) if module is not None]):
        _clear(vars(module))
    gc.collect()


def _clear(names: Dict[str, Any]) -> None:
    for is_private in (True, False):
        for name in list(names):
            if name != "__builtins__" and (not is_private or (name[:1] == "_" and name[:2] != "__")):
                names[name] = None


def _flush_files() -> None:
    """Flush the files that a library still holds open, as its own teardown would have done."""
    objects = gc.get_objects()
    kinds = {kind for kind in set(map(type, objects)) if issubclass(kind, io.IOBase)}
    files = [one for one in objects if type(one) in kinds]
    for file in sorted(files, key=lambda one: not isinstance(one, io.TextIOBase)):
        with contextlib.suppress(Exception):
            if not file.closed and file.writable():
                file.flush()
