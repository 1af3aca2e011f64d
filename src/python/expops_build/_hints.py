"""Advice on an exception, where its type is enough to tell: loaded only after a failure."""

from __future__ import annotations

import os
import sys
from typing import Iterable, List, Optional

from expops_build import _watch
from expops_build._failure import Failure, close_to
from expops_build._protocol import Request

# What the user's code imports from us, and from where.
_OURS = {
    **dict.fromkeys(("process", "step", "log_metric", "SerializableData", "ModelData"), "expops.core"),
    **dict.fromkeys(("chart", "ChartContext"), "expops.reporting"),
}
# What everybody imports under another name, or out of a module.
_IMPORTS = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "pl": "import polars as pl",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "Path": "from pathlib import Path",
}
# Distributions whose modules are named differently.
_DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def hint(error: BaseException, request: Request) -> Optional[str]:
    """One sentence of advice; None if there is nothing to add to the exception."""
    with _watch.unwatched():
        return _hint(error, request)


def _hint(error: BaseException, request: Request) -> Optional[str]:
    if isinstance(error, Failure):
        return error.advice
    if isinstance(error, ModuleNotFoundError):
        return _module(str(error.name), request)
    if isinstance(error, ImportError):
        return _imported_name(error)
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return _name(error)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)) and isinstance(error.filename, (str, bytes)):
        return _file(os.fsdecode(error.filename), request)
    if isinstance(error, EOFError) and "reading a line" in str(error):
        return "nobody can answer `input()` in a build: make what it asks for a parameter"
    return None


def _module(name: str, request: Request) -> str:
    top = name.partition(".")[0]
    folders = [folder for folder in request.get("script_folders") or [] if os.path.isdir(folder)]
    near = close_to(top, _modules(folders))
    if near is not None:
        return f"did you mean `{near}`, a module of the project?"
    if top in map(os.path.basename, folders):
        return f"leave `{top}.` out: what is in a script's own folder is imported by its name alone"
    if close_to(top, ["expops"]) is not None:
        return "did you mean `expops`?"
    near = _installed(top)
    return _install(top) if near is None else f"did you mean `{near}`? Otherwise {_install(top)}"


def _installed(name: str) -> Optional[str]:
    """The module that can be imported and is so near that `name` is most likely a slip."""
    import difflib
    import pkgutil

    there = [one.name for one in pkgutil.iter_modules() if not one.name.startswith("_")]
    return next(iter(difflib.get_close_matches(name, [*there, *sys.builtin_module_names], n=1, cutoff=0.78)), None)


def _install(top: str) -> str:
    distribution = _DISTRIBUTIONS.get(top, top)
    if sys.prefix != sys.base_prefix and os.path.join(".expops", "environment") in sys.prefix:
        return f"add `{distribution}` to the requirement files of its `environment`"
    return f"install it (`python3 -m pip install {distribution}`), or declare an `environment` that has it"


def _modules(folders: Iterable[str]) -> List[str]:
    entries = [(folder, entry) for folder in folders for entry in os.listdir(folder)]
    files = [entry[:-3] for _, entry in entries if entry.endswith(".py")]
    return files + [entry for folder, entry in entries if os.path.isfile(os.path.join(folder, entry, "__init__.py"))]


def _imported_name(error: ImportError) -> Optional[str]:
    module = sys.modules.get(error.name or "")
    words = str(error).split("'")
    if module is None or not str(error).startswith("cannot import name") or len(words) < 3:
        return None
    near = close_to(words[1], vars(module))
    return None if near is None else f"did you mean `{near}`?"


def _name(error: NameError) -> Optional[str]:
    words = str(error).split("'")
    name = words[1] if len(words) > 2 else ""
    missing = f"from {_OURS[name]} import {name}" if name in _OURS else _IMPORTS.get(name)
    if missing is not None:
        return f"add `{missing}` to the script"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return None
    near = close_to(name, [*trace.tb_frame.f_locals, *trace.tb_frame.f_globals])
    if near is not None:
        return f"did you mean `{near}`?"
    # Python 3.9 does not list its modules.
    return f"add `import {name}` to the script" if name in getattr(sys, "stdlib_module_names", ()) else None


def _file(name: str, request: Request) -> Optional[str]:
    root = request["project_root"]
    inside = _inside(name, root, request) or _elsewhere(name, root)
    if inside is not None and os.path.exists(inside):  # in the folder of the run, where declared files are
        return f"`{inside}` is declared: open it as `{inside}`, for the folder of the run has no other way to it"
    if inside is not None:
        return (
            f"`{inside}` is in the project, and the process does not declare it: write `files: [{inside}]`, "
            f"and open it as `{inside}`"
        )
    relative = os.path.normpath(name)
    if os.path.isabs(relative):
        return None
    if relative.startswith(os.pardir):
        outside = os.path.normpath(os.path.join(root, relative))
        return f"a path begins in the folder of the run: open it as `{outside}`" if os.path.exists(outside) else None
    folder, base = os.path.split(relative)
    place = os.path.join(root, folder)
    near = close_to(base, os.listdir(place)) if os.path.isdir(place) else None
    return None if near is None else f"did you mean `{os.path.join(folder, near)}`?"


def _inside(name: str, root: str, request: Request) -> Optional[str]:
    """The path from the project's folder to what the user may mean, if it exists there or relative to a script."""
    if os.path.isabs(name):
        return None
    for folder in [root, *(request.get("script_folders") or [])]:
        path = os.path.relpath(os.path.join(folder, name), root)
        if not path.startswith(os.pardir) and os.path.exists(os.path.join(root, path)):
            return path
    return None


def _elsewhere(name: str, root: str) -> Optional[str]:
    """A file of this name alone in one of the project's folders."""
    if os.path.basename(name) != name:
        return None
    folders = sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith("."))
    paths = (os.path.join(folder, name) for folder in folders)
    return next((path for path in paths if os.path.isfile(os.path.join(root, path))), None)
