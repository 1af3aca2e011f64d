"""Notes which modules the code of each module imports while it runs, to bring back the same ones with it."""

from __future__ import annotations

import builtins
import sys
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set

# Frames of files with such a name are passed over when Python looks for the code that a warning is about.
_OUT_OF_SIGHT = "<frozen importlib._bootstrap of expops>"


class Imported:
    """The imports of each module. What a function imports is of the module whose code was running when it was called."""

    def __init__(self) -> None:
        self._of: Dict[str, Set[str]] = {}
        self._import = builtins.__import__

    def of(self, name: str) -> Set[str]:
        return self._of.get(name, set())

    def __enter__(self) -> None:
        self._import = builtins.__import__
        builtins.__import__ = self._noting

    def __exit__(self, *_error: Any) -> None:
        builtins.__import__ = self._import

    def _noting(
        self,
        name: str,
        globals: Optional[Mapping[str, Any]] = None,
        locals: Optional[Mapping[str, Any]] = None,
        fromlist: Optional[Sequence[str]] = (),
        level: int = 0,
    ) -> Any:
        module = self._import(name, globals, locals, fromlist or (), level)
        frame: Any = sys._getframe(1)
        while frame is not None and frame.f_code.co_name != "<module>":
            frame = frame.f_back
        if frame is not None:
            meant = _absolute(name, globals or {}, level)
            inside = [f"{meant}.{one}" for one in fromlist or () if f"{meant}.{one}" in sys.modules]
            self._of.setdefault(str(frame.f_globals.get("__name__")), set()).update([meant, *inside])
        return module

    _noting.__code__ = _noting.__code__.replace(co_filename=_OUT_OF_SIGHT)


def _absolute(name: str, names: Mapping[str, Any], level: int) -> str:
    """The name of a module that is imported `level` packages above where `names` are the globals."""
    if level == 0:
        return name
    package = str(names.get("__package__") or names.get("__name__"))
    above = package.rsplit(".", level - 1)[0]
    return f"{above}.{name}" if name else above


def with_parents(name: str) -> List[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]
