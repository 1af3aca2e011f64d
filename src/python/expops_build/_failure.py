"""What the user sees when something fails: one line, and a traceback without our own frames."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Iterable, List, Optional

from expops_build._protocol import Error

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Failure(Exception):
    """A failure whose message explains it: no traceback is shown except that of its cause."""

    #: What to do instead, where its message does not say that.
    advice: Optional[str] = None


def describe(error: BaseException) -> Error:
    """`kind`, a one-line `message`, and `text`: the traceback reduced to the user's own frames."""
    return {"kind": _kind(error), "message": _message(error), "text": _text(error, _is_users)}


def full_text(error: BaseException) -> str:
    """The text for the log: includes the libraries' frames, but not ours."""
    return _text(error, lambda name: True if os.environ.get("EXPOPS_DEBUG") else _is_foreign(name))


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean ...?`, or nothing if no name is close."""
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
    """The kind of failure, in the build tool's terms."""
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
    except Exception:  # a failing __str__ of the user's must not hide the failure itself
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
    """Drop the frames not to keep, in all chained exceptions."""
    waiting: List[Optional[Any]] = [shown]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        one.stack = summary([frame for frame in one.stack if keep(frame.filename)])
        waiting += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or [])]


def _without_empty_headers(text: str) -> str:
    """Removes the traceback header of exceptions that are left without frames."""
    lines = text.splitlines(keepends=True)
    header = "Traceback (most recent call last):"
    kept = [
        line
        for line, following in zip(lines, [*lines[1:], ""])
        if line.rstrip("\n") != header or following.startswith("  ")
    ]
    return "".join(kept)


def _is_foreign(filename: str) -> bool:
    """Whether the file is neither ours nor the import system's."""
    return not os.path.abspath(filename).startswith(_OURS) and not filename.startswith("<frozen ")


def _is_users(filename: str) -> bool:
    return _is_foreign(filename) and not os.path.abspath(filename).startswith(_libraries())


def _libraries() -> Any:
    """The folders of the standard library and of installed packages."""
    import sysconfig

    paths = sysconfig.get_paths()
    folders = {os.path.abspath(paths[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
    return tuple(folder + os.sep for folder in sorted(folders))
