"""What a function takes. `inspect` is imported only where the code object is not enough."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple

from expops_build._failure import Failure

POSITIONAL_ONLY, NAMED, KEYWORD_ONLY, REST = "positional only", "by name or position", "by name", "**"

#: The default of a parameter that has none.
REQUIRED: Any = object()

_VARARGS, _VARKEYWORDS = 0x04, 0x08


class Parameter(NamedTuple):
    """One parameter of a function. `*args` is not listed: it never receives anything."""

    name: str
    kind: str
    default: Any = REQUIRED


def parameters(name: str, function: Callable[..., Any]) -> List[Parameter]:
    """The parameters of `function`; if it is decorated, of the innermost one."""
    if type(function).__name__ != "function" or hasattr(function, "__wrapped__") or hasattr(function, "__signature__"):
        return _inspected(name, function)
    return _of_code(function)


def _of_code(function: Any) -> List[Parameter]:
    code = function.__code__
    names, count, only = code.co_varnames, code.co_argcount, code.co_posonlyargcount
    keywords = names[count : count + code.co_kwonlyargcount]
    defaults = function.__defaults__ or ()
    padded = (REQUIRED,) * (count - len(defaults)) + defaults
    found = [
        Parameter(one, POSITIONAL_ONLY if place < only else NAMED, default)
        for place, (one, default) in enumerate(zip(names, padded))
    ]
    found += [Parameter(one, KEYWORD_ONLY, (function.__kwdefaults__ or {}).get(one, REQUIRED)) for one in keywords]
    if code.co_flags & _VARKEYWORDS:
        found.append(Parameter(names[count + len(keywords) + bool(code.co_flags & _VARARGS)], REST))
    return found


def _inspected(name: str, function: Callable[..., Any]) -> List[Parameter]:
    import inspect

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise Failure(f"`{name}` does not tell what it takes; write a Python function that calls it") from None
    kinds = {
        inspect.Parameter.POSITIONAL_ONLY: POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD: NAMED,
        inspect.Parameter.KEYWORD_ONLY: KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD: REST,
    }
    return [
        Parameter(one.name, kinds[one.kind], REQUIRED if one.default is one.empty else one.default)
        for one in signature.parameters.values()
        if one.kind in kinds
    ]
