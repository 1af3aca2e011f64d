"""Loads the user's script and finds the function in it.

The project's sources are always compiled anew: Python matches a cached `.pyc` to its source by time and size only, and
an edit may change neither. Nothing is written next to them.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from typing import Any, Callable, FrozenSet, List, Sequence, Set

from expops_build import _watch
from expops_build._decorate import registered
from expops_build._failure import Failure, kind_of, nearest

_INSTALLED = (f"{os.sep}site-packages", f"{os.sep}dist-packages")


class _FreshLoader(importlib.machinery.SourceFileLoader):
    """A loader that neither reads nor writes bytecode."""

    def path_stats(self, path: Any) -> Any:
        raise OSError("bytecode is not used")


class _Finder(importlib.machinery.FileFinder):
    """Finds modules in a folder of the project that is none of the scripts' folders: what is not there counts."""

    def find_spec(self, fullname: str, target: Any = None) -> Any:
        spec = super().find_spec(fullname, target)
        if spec is None:
            path = os.path.join(self.path, fullname.rpartition(".")[2])
            _watch.missed(path, *(path + suffix for suffix in importlib.machinery.SOURCE_SUFFIXES))
        return spec


def prepare(root: str, folders: Sequence[str], before: FrozenSet[str]) -> None:
    """Make the scripts' folders importable, before everything except our packages.

    This must not happen earlier: neither this package nor Python at startup may import a module of the user's. `before`
    are the modules that were loaded before this package was imported.
    """
    _uncover(folders, before)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # for the processes that this one starts
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([sys.path[0], *folders, *([inherited] if inherited else [])])
    sys.path[1:1] = [folder for folder in folders if folder not in sys.path]
    sys.path_hooks.insert(0, _finder_below(root, folders))
    for folder in folders:
        sys.path_importer_cache.pop(folder, None)


def _uncover(folders: Sequence[str], before: FrozenSet[str]) -> None:
    """Forget modules of Python's own that shadow the user's but would not in a plain Python."""
    with _watch.unwatched():
        there = [os.listdir(folder) for folder in folders if os.path.isdir(folder)]
    own = {entry.partition(".")[0] for entries in there for entry in entries}
    hidden = (own & getattr(sys, "stdlib_module_names", own)) - before
    if not hidden:
        return
    for name in ("_arrow", "_chart", "_digest_tables", "_files", "_npy", "_plain", "_rows", "_signature", "_split"):
        importlib.import_module(f"expops_build.{name}")  # together with what they need, while that can still be found
    for name in [name for name in sys.modules if name.partition(".")[0] in hidden]:
        del sys.modules[name]


def forget(known: Set[str]) -> bool:
    """Forget the modules that are not installed; False if one of them cannot be loaded again.

    `known` are the names to keep; those that turn out to be installed are added to it.
    """
    modules = {name: module for name, module in sys.modules.items() if name not in known}
    own = {name: module for name, module in modules.items() if not is_installed(module)}
    known.update(name for name in modules if name not in own)
    for name in own:
        del sys.modules[name]
    importlib.invalidate_caches()
    extensions = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    return not any((getattr(module, "__file__", None) or "").endswith(extensions) for module in own.values())


def is_installed(module: Any) -> bool:
    """Whether the module came with Python, an environment or this package."""
    spec = getattr(module, "__spec__", None)
    if spec is None or isinstance(spec.loader, _FreshLoader):
        return False
    places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or [])
    return all(_is_of_installed(place) for place in places)


def _is_of_installed(place: str) -> bool:
    prefixes = tuple(os.path.join(prefix, "") for prefix in (sys.prefix, sys.base_prefix, sys.path[0]))
    if place.startswith(prefixes) or any(installed in place for installed in _INSTALLED):
        return True
    real = tuple(os.path.join(os.path.realpath(prefix), "") for prefix in prefixes)
    return os.path.realpath(place).startswith(real)


def load(path: str) -> Any:
    """The module of the script at `path`, importable under the script's stem."""
    stem, _ = os.path.splitext(os.path.basename(path))
    if stem in ("expops", "expops_build"):
        raise Failure(f"the script `{path}` hides the package `{stem}`; give it another name")
    if not os.path.isfile(path):
        raise Failure(f"there is no script `{path}`")
    spec = importlib.util.spec_from_file_location(stem, path, loader=_FreshLoader(stem, path))
    if spec is None or spec.loader is None:
        raise Failure(f"the script `{path}` cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[stem] = module
    spec.loader.exec_module(module)
    return sys.modules.get(stem, module)


def find(module: Any, name: str) -> Callable[..., Any]:
    """The function `name` of a script, or the one that a decorator registered under this name."""
    function = getattr(module, name, None)
    if function is None:
        function = registered(name)
    where = f"the script `{os.path.basename(module.__file__)}`"
    if function is None:
        raise Failure(f"{where} has no function `{name}`{nearest(name, _functions(module))}")
    if not callable(function):
        raise Failure(f"`{name}` in {where} is {kind_of(function)}, not a function")
    return function


def _functions(module: Any) -> List[str]:
    return [name for name, value in vars(module).items() if callable(value) and not name.startswith("__")]


def _finder_below(root: str, folders: Sequence[str]) -> Callable[[str], Any]:
    """A path hook for the project's folders, except what is installed inside them."""
    scripts = [os.path.realpath(folder) for folder in folders]
    below = tuple(os.path.join(folder, "") for folder in (os.path.realpath(root), *scripts))
    prefixes = (os.path.realpath(prefix) + os.sep for prefix in (sys.prefix, sys.base_prefix))
    environments = tuple(prefix for prefix in prefixes if prefix.startswith(below))
    loaders = (
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (_FreshLoader, importlib.machinery.SOURCE_SUFFIXES),
        (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
    )

    def hook(folder: str) -> Any:
        real = os.path.realpath(folder)
        if not os.path.isdir(real) or not (real + os.sep).startswith(below):
            raise ImportError("not a folder of the project", path=folder)
        if (real + os.sep).startswith(environments) or any(installed in real for installed in _INSTALLED):
            raise ImportError("not a folder of the project's own", path=folder)
        is_known = any(real == script or real.startswith(script + os.sep) for script in scripts)
        return (importlib.machinery.FileFinder if is_known else _Finder)(folder, *loaders)

    return hook
