"""What the user sees when something fails: one line, and a traceback without our frames."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Dict, Iterable, List, Optional

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Failure(Exception):
    """A failure that its message explains: no traceback is shown, but that of its cause."""


def describe(error: BaseException) -> Dict[str, str]:
    """`kind`, `message` in one line, and `text`: the traceback cut to the user's own frames."""
    return {"kind": _kind(error), "message": _message(error), "text": _text(error, _is_users)}


def full_text(error: BaseException) -> str:
    """The text for the log: the libraries' frames are in it, ours are not."""
    return _text(error, lambda name: True if os.environ.get("EXPOPS_DEBUG") else _is_foreign(name))


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean ...?`, or nothing if no name is near."""
    close = close_to(name, names)
    return f"; did you mean `{close}`?" if close is not None else ""


def close_to(name: str, names: Iterable[str]) -> Optional[str]:
    """The name that `name` may have been meant to be."""
    import difflib

    return next(iter(difflib.get_close_matches(name, list(names), n=1)), None)


def kind_of(value: Any) -> str:
    """A value's type with its article, for messages: `a list`, `an int`, `None`."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _kind(error: BaseException) -> str:
    """How it failed, by the names that the build tool has for it."""
    kinds = {SystemExit: "exit", KeyboardInterrupt: "signal", MemoryError: "out_of_memory"}
    return next((name for kind, name in kinds.items() if isinstance(error, kind)), "raised")


def _message(error: BaseException) -> str:
    if isinstance(error, Failure):
        return _first_line(error)
    if isinstance(error, SystemExit):
        return f"the code called sys.exit({error.code!r}) before it returned"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{os.path.basename(error.filename)}, line {error.lineno}"
        return f"{type(error).__name__} in {place}: {error.msg}"
    line = _first_line(error)
    name = type(error).__name__
    return f"{name}: {line}" if line else name


def _first_line(error: BaseException) -> str:
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # a __str__ of the user's that fails must not hide the failure itself
        return "(its message cannot be shown)"
    return lines[0] if lines else ""


def _text(error: BaseException, keep: Callable[[str], bool]) -> str:
    if not isinstance(error, Failure):
        return _traceback(error, keep)
    cause = error.__cause__
    return f"{error}\n" if cause is None else f"{_traceback(cause, keep)}\n{error}\n"


def _traceback(error: BaseException, keep: Callable[[str], bool]) -> str:
    import traceback

    shown = traceback.TracebackException.from_exception(error)
    _cut(shown, keep, traceback.StackSummary.from_list)
    return _without_empty_headers("".join(shown.format()))


def _cut(shown: Any, keep: Callable[[str], bool], summary: Callable[[List[Any]], Any]) -> None:
    """Drop the frames that are not kept, in all the exceptions that hang together."""
    waiting: List[Optional[Any]] = [shown]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        one.stack = summary([frame for frame in one.stack if keep(frame.filename)])
        waiting += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or [])]


def _without_empty_headers(text: str) -> str:
    """An exception that is left with no frames needs no announcement of them."""
    lines = text.splitlines(keepends=True)
    header = "Traceback (most recent call last):"
    kept = [
        line
        for line, following in zip(lines, [*lines[1:], ""])
        if line.rstrip("\n") != header or following.startswith("  ")
    ]
    return "".join(kept)


def _is_foreign(filename: str) -> bool:
    """Neither ours nor the import system's."""
    return not os.path.abspath(filename).startswith(_OURS) and not filename.startswith("<frozen ")


def _is_users(filename: str) -> bool:
    return _is_foreign(filename) and not os.path.abspath(filename).startswith(_libraries())


def _libraries() -> Any:
    """The folders of the standard library and of what is installed."""
    import sysconfig

    paths = sysconfig.get_paths()
    folders = {os.path.abspath(paths[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
    return tuple(folder + os.sep for folder in sorted(folders))
