"""The variables that a function may take from a list or a copy of the whole environment: those that it names itself."""

import re
from types import CodeType, FrameType
from typing import Any, Iterator, Set

_NAME = re.compile("[A-Z][A-Z0-9_]*")


def names(frame: FrameType) -> Set[str]:
    """The words in capitals among the constants and variables of a function; for a beginning of names (`APP_`) `APP_*`."""
    code = frame.f_code
    named = [frame.f_globals.get(name) for name in code.co_names] + list(frame.f_locals.values())
    found = [*_constants(code), *(word for value in named for word in _parts(value))]
    words = [word for word in found if isinstance(word, str) and _NAME.fullmatch(word)]
    return {word + "*" if word.endswith("_") else word for word in words}


def _constants(code: CodeType) -> Iterator[Any]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _constants(constant)
        else:
            yield from _parts(constant)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list, set, frozenset)):
        yield from value
    else:
        yield value
