"""The metrics of one run: which value belongs to which step.

The current step is a context variable, so that each thread and coroutine has its own. A new thread starts outside of
all steps: its metrics belong to the process.
"""

from __future__ import annotations

import _thread
import contextlib
import math
import operator
import os
import sys
from contextvars import ContextVar
from typing import Any, Dict, Iterator, Optional, Set, Tuple, Union

from expops_build._plain import encode

_step: ContextVar[Optional[str]] = ContextVar("expops_step", default=None)
_recorder: Optional[Recorder] = None

Scope = Dict[str, Union["_Series", "_Snapshot"]]


class _Series:
    """Numbers by step."""

    def __init__(self) -> None:
        self.points: Dict[int, Any] = {}

    def json(self) -> Any:
        return {str(step): encode(self.points[step]) for step in sorted(self.points)}


class _Snapshot:
    """The last logged value that is not a number, already in its JSON form."""

    def __init__(self) -> None:
        self.value: Any = None

    def json(self) -> Any:
        return self.value


class Recorder:
    """Collects what is logged in one run; made active with `start`."""

    def __init__(self) -> None:
        self._scopes: Dict[Optional[str], Scope] = {}
        self._lock = _thread.allocate_lock()
        self._process = os.getpid()
        self._has_warned = False
        self._mixed: Set[str] = set()

    def log(self, name: str, value: Any, step: Optional[int]) -> None:
        if os.getpid() != self._process:
            self._warn_of_child()
            return
        kind = _Series if _is_number(value) else _Snapshot
        with self._lock:
            metric = self._scopes.setdefault(_step.get(), {}).setdefault(name, kind())
            if not isinstance(metric, kind):
                self._warn_of_mixture(name, value)
                metric = self._scopes[_step.get()][name] = kind()
            if isinstance(metric, _Series):
                following = max(metric.points, default=0) + 1
                metric.points[following if step is None else step] = value
            else:
                metric.value = encode(value)

    def json(self) -> Tuple[Dict[str, Any], Dict[Any, Any]]:
        """Those of the process, and those of its steps by name, as the result file has them."""
        scopes = {
            scope: {name: metric.json() for name, metric in metrics.items()} for scope, metrics in self._scopes.items()
        }
        return scopes.pop(None, {}), scopes

    def collected(self) -> Dict[str, Any]:
        """The metrics for a person: the values as they were logged."""
        scopes = {
            scope: {
                name: dict(metric.points) if isinstance(metric, _Series) else metric.value
                for name, metric in all_of.items()
            }
            for scope, all_of in self._scopes.items()
        }
        metrics = scopes.pop(None, {})
        return {**metrics, "steps": scopes} if scopes else metrics

    def _warn_of_mixture(self, name: str, value: Any) -> None:
        if name not in self._mixed:
            self._mixed.add(name)
            now, before = (
                ("a number", "another value") if _is_number(value) else (f"a {type(value).__name__}", "numbers")
            )
            text = f"warning: log_metric({name!r}): {before} and now {now}; the last is kept: give them two names"
            print(text, file=sys.stderr)

    def _warn_of_child(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            text = "warning: log_metric in a child process records nothing; return the value and log it in the parent"
            print(text, file=sys.stderr)


def start() -> Recorder:
    """Make a new recorder active, which `log` fills from now on."""
    global _recorder
    _recorder = Recorder()
    return _recorder


def log(name: str, value: Any, step: Any = None) -> None:
    """Implements `log_metric`. Wrong arguments are errors outside of a run, too."""
    if not isinstance(name, str):
        raise TypeError(f"log_metric: the name of a metric is a str, not {type(name).__name__}")
    try:
        value = _number_or_itself(value)
        if not _is_number(value):
            encode(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise type(error)(f"log_metric({name!r}): {error}") from None
    if step is not None:
        step = _index(name, step)
    if _recorder is not None:
        _recorder.log(name, value, step)
    else:
        scope = "" if _step.get() is None else f"{_step.get()}: "
        print(f"{scope}{name}{'' if step is None else f'[{step}]'} = {value}")


@contextlib.contextmanager
def collecting() -> Iterator[Recorder]:
    """Collect what is logged inside the `with` block in a recorder of its own."""
    global _recorder
    outer, _recorder = _recorder, Recorder()
    try:
        yield _recorder
    finally:
        _recorder = outer


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """Run inside the step `name`; afterwards, however it ends, the outer step is current again."""
    token = _step.set(name)
    try:
        yield
    finally:
        _step.reset(token)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _number_or_itself(value: Any) -> Any:
    """Turn NumPy and torch scalars, fractions and subclasses of numbers into plain int or float."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (bool, complex)):
        return value
    if isinstance(value, int):
        return int(value)
    if hasattr(value, "__float__") and not hasattr(value, "__len__"):
        return _nearest(value)
    return value


def _nearest(value: Any) -> Any:
    """A number of another type as a float or, if it is whole and no float is the same, as an int."""
    number = float(value)
    if number == value or math.isnan(number):
        return number
    if math.isinf(number):
        raise OverflowError(f"{value!s} is larger than any float")
    return int(value) if value == value // 1 else number


def _index(name: str, step: Any) -> int:
    try:
        return operator.index(step)
    except TypeError:
        if isinstance(step, float) and step.is_integer():
            return int(step)
        raise TypeError(f"log_metric({name!r}): step is a whole number, not {step!r}") from None
