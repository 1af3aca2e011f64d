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


def load(label: str, key: str, project: Optional[str] = None, build: Optional[str] = None) -> Any:
    """The value that the instance `label` (`fit`, `fit@p2`, `fit@p2.s41`) handed on under `key`.

    The project is found from the working folder, as `expops` finds it, and its build folder by `EXPOPS_BUILD_DIR`. A
    pickle needs the packages of the environment that made it, and the project's scripts, which this makes importable.
    """
    root = _root(project)
    folder = os.path.join(root, build or os.environ.get("EXPOPS_BUILD_DIR") or "build")
    name = _folder_of(folder, label)
    _add_scripts(root, folder, name)
    try:
        return _find(folder, name, label, key)
    except ModuleNotFoundError as error:
        said = f"{error}, which `{key}` of `{label}` needs: {_who_has_it(folder, name)}"
        raise ModuleNotFoundError(said, name=error.name, path=error.path) from error


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


def _folder_of(folder: str, label: str) -> str:
    """The folder of an instance, as seen from the build folder: `fit/p2` for `fit@p2`."""
    exact = _process_folder(folder, label)
    found = None if exact else re.search(r"[@/ ]((?:[ps]\d+)(?:[./][ps]\d+)*)$", label)
    if found is None:
        return exact or label
    process = label[: found.start()]
    arms = re.split("[./]", found[1])
    return "/".join([_process_folder(folder, process) or process, *arms])


def _process_folder(folder: str, process: str) -> Optional[str]:
    """Of a process with this name, or whose folder or target has it: a name may have signs that no folder has."""
    plans = os.path.join(folder, ".expops", "plan")
    if (_read(os.path.join(plans, process + ".json")) or {}).get("process") == process:
        return process
    names = [name[: -len(".json")] for name in sorted(os.listdir(plans) if os.path.isdir(plans) else [])]
    is_it = (name for name in names if (_read(os.path.join(plans, name + ".json")) or {}).get("process") == process)
    return next(is_it, None) or next((name for name in names if process in (name, name.replace("@", ",40"))), None)


def _plan(folder: str, name: str) -> Dict[str, Any]:
    plan: Dict[str, Any] = _read(os.path.join(folder, ".expops", "plan", name.partition("/")[0] + ".json")) or {}
    return plan


def _who_has_it(folder: str, name: str) -> str:
    """A sentence: the interpreter that made the values of `name`, and what to do with it."""
    environment = _plan(folder, name).get("environment")
    if environment:
        python = os.path.join(folder, ".expops", "environment", environment, "venv", "bin", "python")
        there = f": run this with {python}" if os.path.exists(python) else ""
        return f"the environment `{environment}` has it{there}"
    active = (_read(os.path.join(folder, ".expops", "interpreter")) or {}).get("python")
    return f"the Python of the build has it: run this with {active}" if active else "install it here, too"


def _add_scripts(root: str, folder: str, name: str) -> None:
    plan = _plan(folder, name)
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
