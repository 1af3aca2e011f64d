"""Detects changes of the files that a worker has loaded."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from typing import Any, List, Set

from expops_build import _watch

_SUFFIXES = tuple(importlib.machinery.all_suffixes())


class Loaded:
    """The files that have been loaded or read, and the folders where new files might shadow them.

    `events` is what the library that watches has seen (`src/watch/mod.rs`); the worker's own files are in `own`.
    """

    def __init__(self, modules: List[Any], names: Set[str], events: bytes, own: str) -> None:
        files = {getattr(module, "__file__", None) for module in modules} | {sys.executable} | _read(events, own)
        self._files = [path for path in files if isinstance(path, str)]
        self._names, self._folders = names, [folder for folder in sys.path if os.path.isdir(folder)]
        self._seen = self._look()

    def _look(self) -> Any:
        return [identity(path) for path in self._files], [modules_in(folder) & self._names for folder in self._folders]

    def are_as_before(self) -> bool:
        return bool(self._look() == self._seen)


def _read(events: bytes, own: str) -> Set[str]:
    """The paths that were read or missed: settings, for example."""
    kinds = (b"r", b"p", b"o", b"e", b"-")
    records = [record.split(b" ", 5) for record in events.split(b"\0")]
    paths = {os.fsdecode(fields[5]) for fields in records if len(fields) == 6 and fields[0] in kinds}
    return {path for path in paths if not path.startswith(own + os.sep)}


def identity(path: str) -> Any:
    """What tells a file from an earlier version of it."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def modules_in(folder: str) -> Set[str]:
    """The names of the modules in a folder, and of all folders there. That is not the user's looking."""
    try:
        with _watch.unwatched():
            names = os.listdir(folder)
        return {name.partition(".")[0] for name in names if "." not in name or name.endswith(_SUFFIXES)}
    except OSError:
        return set()
