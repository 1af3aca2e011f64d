"""Notices in a child that something has changed what the import of a library depends on, before it was imported.

The library has read that already, in the worker: a warm start would differ from a cold one. Code of the project that may
do so has nothing imported before it (`src/script/fork.rs`); what an installed package does for it is only seen when it
has happened. The child then ends with all that it has started, and the instance starts anew in an interpreter of its own.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import signal
import sys
import warnings
from typing import Any, Dict, List, Sequence

from expops_build._loaded import modules_in

# polars sets it for the allocator inside it, whose functions have names of their own: nobody else reads it.
_OF_POLARS = b"_RJEM_MALLOC_CONF"


class Guard:
    """What imports depend on, as it was when nothing but the worker and the runtime had run."""

    def __init__(self, ahead: Any) -> None:
        self._ahead, self._leader = ahead, os.getpid()
        self._locale = ahead.find("locale")
        self._place = ""
        self._before: Dict[str, Any] = {}

    def enter(self, request: str) -> None:
        """Get ready for a request, before its environment is complete."""
        self._place, self._before = place(request), {}

    def note(self) -> None:
        """From now on changes count."""
        self._before = self._now()
        self._path = list(sys.path)

    def check(self, warned: Sequence[Any]) -> None:
        """End the child if a library that is about to be put back, with these warnings, would have been another one."""
        if self._before and (self._is_changed() or any(map(_is_error, warned))):
            self._leave()

    def _now(self) -> Dict[str, Any]:
        folder = None
        with contextlib.suppress(OSError):  # it has been removed
            folder = os.getcwd()
        return {
            "environment": {**getattr(os.environ, "_data", {}), _OF_POLARS: b""},
            "folder": folder,
            "finders": [list(sys.meta_path), list(sys.path_hooks), builtins.__import__],
            "locale": self._locale.setlocale(self._locale.LC_ALL),
        }

    def _is_changed(self) -> bool:
        now = self._now()
        # Finders that come after Python's own only find what it does not.
        finders = now["finders"][0]
        del finders[len(self._before["finders"][0]) :]
        return now != self._before or self._ahead.is_covered() or self._finds_others()

    def _finds_others(self) -> bool:
        """Whether a library, or what it looks for, could come from another folder now."""
        return sys.path != self._path and self._sources(sys.path) != self._sources(self._path)

    def _sources(self, path: Sequence[str]) -> List[str]:
        """The folders that have such modules, in order."""
        names = self._ahead.names()
        return [folder for folder in dict.fromkeys(path) if modules_in(folder or ".") & names]

    def _leave(self) -> None:
        with contextlib.suppress(OSError):  # without this nobody would know why it ended
            os.close(os.open(self._place, os.O_WRONLY | os.O_CREAT, 0o600))
            for end in (os.killpg, os.kill):  # a fork may have left the group
                end(self._leader, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)


def place(request: str) -> str:
    """The file by which a child says that it has ended for this reason."""
    return f"{request}.steered"


def _is_error(warned: Any) -> bool:
    """Whether a warning of a library's import would have been an exception."""
    text, kind = str(warned.message), warned.category
    for action, message, category, _module, line in warnings.filters:
        is_meant = (message is None or message.match(text)) and issubclass(kind, category)
        if is_meant and line in (0, warned.lineno):
            return action == "error"
    return False
