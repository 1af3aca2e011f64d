"""The implementation of `@process`, `@chart` and `@step`, which work with and without parentheses."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from expops_build import _metrics

Function = Callable[..., Any]

if TYPE_CHECKING:
    from typing import Protocol, TypeVar, overload

    Decorated = TypeVar("Decorated", bound=Function)

    class Decorator(Protocol):
        """What type checkers see: a decorated function keeps its type."""

        @overload
        def __call__(self, function: Decorated) -> Decorated: ...
        @overload
        def __call__(
            self, function: Optional[str] = None, *, name: Optional[str] = None, **options: Any
        ) -> Callable[[Decorated], Decorated]: ...


#: Functions by kind and by the `name=` given to their decorator.
_registered: Dict[Tuple[str, str], Function] = {}

#: What the decorators take besides a name, and do nothing with: projects that were written for ExpOps give it.
_OPTIONS = {"description", "parameters", "logging", "step_type"}

# Flags of a code object, as in `inspect`, which takes longer to import than our whole package.
_GENERATOR = 0x20
_COROUTINE = 0x80


def registered(name: str) -> Optional[Function]:
    """The process or chart registered under `name`, for when no function has that name."""
    return _registered.get(("process", name)) or _registered.get(("chart", name))


def forget() -> None:
    """Forget all decorated functions."""
    _registered.clear()


def registering(kind: str) -> Decorator:
    """A decorator that returns the function unchanged and registers it under its `name`."""

    def decorator(function: Any = None, *, name: Optional[str] = None, **options: Any) -> Any:
        """Replaced by the docstring of the actual decorator."""
        _insist_on_known(kind, *options)
        if callable(function):
            _registered[kind, str(name or getattr(function, "__name__", ""))] = function
            return function
        return lambda wrapped: decorator(wrapped, name=name or function)

    decorator.__name__ = decorator.__qualname__ = kind
    return decorator


def stepping(function: Any = None, *, name: Optional[str] = None, **options: Any) -> Any:
    """The decorator `@step`."""
    _insist_on_known("step", *options)
    if not callable(function):
        return lambda wrapped: stepping(wrapped, name=name or function)
    return _inside(name or function.__name__, function)


def _insist_on_known(kind: str, *options: str) -> None:
    """Raise a TypeError for an option that means nothing, such as `retry=3`."""
    for option in sorted(set(options) - _OPTIONS):
        raise TypeError(
            f"`@{kind}` has no option `{option}`; how a process runs (`retries`, `resources`) is said in the project file"
        )


def _inside(name: str, function: Function) -> Function:
    """Wrap `function` so that it runs inside the step `name`, even if it is a coroutine or a generator."""
    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)

    async def waiting(*args: Any, **kwargs: Any) -> Any:
        with _metrics.inside(name):
            return await function(*args, **kwargs)

    def generating(*args: Any, **kwargs: Any) -> Any:
        return _generate(name, function(*args, **kwargs))

    def calling(*args: Any, **kwargs: Any) -> Any:
        with _metrics.inside(name):
            return function(*args, **kwargs)

    wrapper = waiting if flags & _COROUTINE else generating if flags & _GENERATOR else calling
    return functools.wraps(function)(wrapper)


def _generate(name: str, generator: Any) -> Any:
    """Run `generator` inside the step, but only while its own code runs."""
    sent = None
    while True:
        with _metrics.inside(name):
            try:
                item = generator.send(sent)
            except StopIteration as stop:
                return stop.value
        sent = yield item
