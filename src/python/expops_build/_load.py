"""Access to a build's values for people: `expops.load` returns one to a notebook, `expops show` prints its head."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from typing import Any, Dict, List, Optional

from expops_build import _values
from expops_build._failure import Failure, kind_of, nearest

_PROJECT_FILES = ("expops.yaml", os.path.join("configs", "project_config.yaml"))
_LINES = 20
_CHARACTERS = 2000


def load(label: str, key: str, project: Optional[str] = None, build: str = "build") -> Any:
    """The value that the instance `label` (`fit`, `fit@p2`, `fit@p2.s41`) handed on under `key`.

    The project is found from the working folder, as `expops` finds it. A pickle needs the packages of the environment
    that made it, and the project's scripts, which this makes importable.
    """
    root = _root(project)
    folder = os.path.join(root, build)
    name = re.sub(r"@((?:[ps]\d+)(?:\.[ps]\d+)*)$", lambda found: "/" + found[1].replace(".", "/"), label)
    _add_scripts(root, folder, name)
    return _find(folder, name, label, key)


def show(root: str, folder: str, name: str, key: str) -> int:
    """Print the head of a value or a metric of the instance `name`, in the build folder `folder`."""
    try:
        _add_scripts(root, folder, name)
        text = _head(_find(folder, name, name, key))
    except (Failure, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return _print(text)


def _print(text: str) -> int:
    """The status: 0, or 1 if the standard output cannot be written. A reader may have read enough."""
    try:
        print(text, flush=True)
    except OSError as error:
        # Or Python tries once more at its end, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0
        why = os.strerror(error.errno or errno.EIO).lower()
        print(f"error: cannot write to standard output: {why}", file=sys.stderr)
        return 1
    return 0


def _root(project: Optional[str]) -> str:
    here = os.path.abspath(project or ".")
    for folder in [here] if project else _with_parents(here):
        if any(os.path.isfile(os.path.join(folder, name)) for name in _PROJECT_FILES):
            return folder
    raise Failure(f"there is no project in {here!r}{'' if project else ', nor in any folder above'}")


def _with_parents(folder: str) -> List[str]:
    above = os.path.dirname(folder)
    return [folder] if above == folder else [folder, *_with_parents(above)]


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def _add_scripts(root: str, folder: str, name: str) -> None:
    plan = _read(os.path.join(folder, ".expops", "plan", name.partition("/")[0] + ".json")) or {}
    for scripts in plan.get("folders", []):
        path = os.path.join(root, scripts)
        if path not in sys.path:
            sys.path.append(path)


def _find(folder: str, name: str, label: str, key: str) -> Any:
    listed = _read(os.path.join(folder, name, "values.json"))
    if listed is None:
        raise Failure(f"`{label}` has not been built: `expops run` builds it, `expops query --targets` names instances")
    values: Dict[str, Any] = {value["key"]: value for value in listed["values"]}
    if key in values:
        value = values[key]
        return _values.load({"file": os.path.join(folder, value["file"]), "format": value["format"]})
    metrics = (_read(os.path.join(folder, name, "metrics.json")) or {}).get("metrics", {})
    if key in metrics:
        return metrics[key]
    there = ", ".join(f"`{one}`" for one in [*values, *metrics]) or "nothing"
    raise Failure(f"`{label}` has no key or metric `{key}`{nearest(key, [*values, *metrics])}; it has {there}")


def _head(value: Any) -> str:
    if _values.is_path(value):
        return f"{value}\n{_head_of_file(os.fspath(value))}".rstrip("\n")
    shape = getattr(value, "shape", None)
    if hasattr(value, "head") and shape is not None:
        return f"{value.head(_LINES)}\n{kind_of(value)}, {' x '.join(map(str, shape))}"
    if hasattr(value, "dtype") and shape is not None:
        return f"{value}\n{kind_of(value)} of {value.dtype}, {' x '.join(map(str, shape)) or 'one number'}"
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError):
        text = f"{value!r}\n{kind_of(value)}"
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}\n... {len(text) - _CHARACTERS} more characters"


def _head_of_file(path: str) -> str:
    if os.path.isdir(path):
        return "\n".join(sorted(os.listdir(path))[:_LINES])
    with open(path, "rb") as file:
        start = file.read(_CHARACTERS)
    if b"\0" in start:
        return f"{os.path.getsize(path)} bytes"
    return "\n".join(start.decode("utf-8", "replace").splitlines()[:_LINES])
