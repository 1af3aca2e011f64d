"""Outputs that are files or folders: a process returned a `pathlib.Path`.

They are copied to `KEY/NAME`, keeping their name and who may read them. Symbolic links are followed.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterator, Tuple

from expops_build._failure import Failure
from expops_build._names import Names


def save(key: str, path: Path, out: str, names: Names) -> Dict[str, Any]:
    """Copy the file or folder at `path` into the folder `out`."""
    source = os.path.abspath(path)
    name = os.path.basename(source)
    _check(key, path, source, name, out)
    folder = names.claim(key)
    os.makedirs(os.path.join(out, folder))
    target = os.path.join(out, folder, name)
    (_copy_tree if os.path.isdir(source) else _copy)(key, source, target)
    return {"key": key, "file": f"{folder}/{name}", "format": "file", "rows": None}


def _check(key: str, path: Path, source: str, name: str, out: str) -> None:
    told = f"the output `{key}` is the path `{path}`"
    if not os.path.exists(source):
        raise Failure(f"{told}, where there is no file")
    if (os.path.realpath(out) + os.sep).startswith(os.path.join(os.path.realpath(source), "")):
        raise Failure(f"{told}, a folder that holds the build's own output; return the path of something inside it")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise Failure(f"{told!r}, whose name is not UTF-8") from None


def _copy(key: str, source: str, target: str) -> None:
    if not os.path.isfile(source):
        raise Failure(f"the output `{key}` has `{source}`, which is neither a file nor a folder")
    mode = stat.S_IMODE(os.stat(source).st_mode) & 0o777 | 0o600
    if os.access(source, os.X_OK):
        mode |= 0o100
    # Nobody who may not read the source can read the copy, not even while it is made.
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    shutil.copyfile(source, target)


def _copy_tree(key: str, source: str, target: str) -> None:
    _make_folder(source, target)
    for relative, is_folder in sorted(_entries(key, source, "", frozenset())):
        path = os.path.join(target, relative)
        if is_folder:
            _make_folder(os.path.join(source, relative), path)
        else:
            _copy(key, os.path.join(source, relative), path)


def _make_folder(source: str, target: str) -> None:
    os.mkdir(target, stat.S_IMODE(os.stat(source).st_mode) & 0o777 | 0o700)


def _entries(key: str, root: str, inner: str, above: FrozenSet[str]) -> Iterator[Tuple[str, bool]]:
    """Everything below `root/inner`: relative paths, and whether each is a folder."""
    folder = os.path.join(root, inner)
    real = os.path.realpath(folder)
    if real in above:
        raise Failure(f"the output `{key}` has a symbolic link to a folder around it, `{folder}`")
    for entry in os.scandir(folder):
        relative = f"{inner}/{entry.name}" if inner else entry.name
        yield relative, entry.is_dir()
        if entry.is_dir():
            yield from _entries(key, root, relative, above | {real})
