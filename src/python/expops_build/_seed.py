"""Makes the runs of an instance repeatable: seeds generators, limits thread pools.

Libraries are not imported for this, which would cost every run their import time: each is set up right after the user's
code imports it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from typing import Any, Callable, Dict, Optional

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

Action = Callable[[Any], None]

ahead: Any = None  # the libraries that this process imported before it knew what to run


def restored(_modules: Dict[str, Any]) -> None:
    """Whoever wants to know which of these come back puts a function here."""


def prepare(seed: Optional[int], cpus: int) -> None:
    """Set the environment now, and each generator as soon as its module is imported."""
    set_environment(cpus)
    actions = _actions(seed, cpus)
    for name in [name for name in actions if name in sys.modules]:
        actions.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _AfterImport(actions))
    if ahead is not None:
        ahead.guard.note()


def set_environment(cpus: int) -> None:
    """Set the variables that libraries read while they are imported."""
    os.environ.update({name: str(cpus) for name in THREADS})
    os.environ["MPLBACKEND"] = "Agg"  # not the backend of a notebook that started the build
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")


def _actions(seed: Optional[int], cpus: int) -> Dict[str, Action]:
    """What to do to each module once it is imported."""

    def torch(module: Any) -> None:
        module.set_num_threads(cpus)
        if seed is not None:
            module.manual_seed(seed)

    def matplotlib(module: Any) -> None:
        for parameters in (module.rcParams, module.rcParamsDefault, module.rcParamsOrig):
            parameters["svg.hashsalt"] = "expops"  # ids in an SVG are random otherwise

    actions: Dict[str, Action] = {"torch": torch, "matplotlib": matplotlib}
    if seed is not None:
        actions["random"] = lambda module: module.seed(seed)
        actions["numpy.random"] = lambda module: module.seed(seed % 2**32)
        actions["tensorflow"] = lambda module: module.random.set_seed(seed)
    elif ahead is not None:  # otherwise all children of one worker would draw the same
        actions["numpy.random"] = lambda module: module.seed()
    return actions


class _AfterImport:
    """A finder that finds nothing itself, but intercepts what the others find."""

    def __init__(self, actions: Dict[str, Action]) -> None:
        self._actions = actions

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if ahead is not None and ahead.has(name):
            return ahead.spec(name, self._act)
        action = self._actions.pop(name, None)  # each only once; also keeps the search below from recursing
        if action is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, action)  # type: ignore[assignment]
        return spec

    def _act(self, modules: Dict[str, Any]) -> None:
        restored(modules)
        for name in [name for name in self._actions if name in modules]:
            with contextlib.suppress(Exception):
                self._actions.pop(name)(modules[name])


class _Loader:
    """A loader that acts after the actual one has loaded, and then leaves no trace."""

    def __init__(self, loader: Any, action: Action) -> None:
        self._loader = loader
        self._action = action

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        with contextlib.suppress(Exception):  # a module with the name of the library that is another
            self._action(module)
