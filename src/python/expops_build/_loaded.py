"""Detects changes of the files that a worker has loaded."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from typing import Any, List, Set

_SUFFIXES = tuple(importlib.machinery.all_suffixes())


class Loaded:
    """The files that have been loaded, and the folders where new files might shadow them."""

    def __init__(self, modules: List[Any], names: Set[str]) -> None:
        files = {getattr(module, "__file__", None) for module in modules} | {sys.executable}
        self._files = [path for path in files if isinstance(path, str)]
        self._names, self._folders = names, [folder for folder in sys.path if os.path.isdir(folder)]
        self._seen = self._look()

    def _look(self) -> Any:
        return [identity(path) for path in self._files], [modules_in(folder) & self._names for folder in self._folders]

    def are_as_before(self) -> bool:
        return bool(self._look() == self._seen)


def identity(path: str) -> Any:
    """What tells a file from an earlier version of it."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def modules_in(folder: str) -> Set[str]:
    """The names of the modules in a folder, and of all folders there."""
    try:
        names = os.listdir(folder)
        return {name.partition(".")[0] for name in names if "." not in name or name.endswith(_SUFFIXES)}
    except OSError:
        return set()
