"""Values as JSON that any parser reads.

JSON has no NaN, no infinity and, for most parsers, no integer beyond 64 bits. They are written as `{"$float": "nan"}`,
`{"$float": "inf"}`, `{"$float": "-inf"}` and `{"$int": "123"}`, in requests and in results alike; a dict that merely
looks like one of these is written as `{"$dict": {...}}`.
"""

from __future__ import annotations

import math
from typing import Any, List

#: Deeper nesting is refused: parsers have limits, and a cycle never ends.
_DEEPEST = 50


def encode(value: Any, depth: int = 0) -> Any:
    """`value` as lists, dicts and scalars that are legal JSON; an error if it has no such form."""
    if depth > _DEEPEST:
        raise ValueError("the value is nested too deeply")
    if value is None or isinstance(value, (str, bool)):
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else {"$int": str(int(value))}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": str(float(value))}
    if isinstance(value, dict):
        encoded = {str(key): encode(item, depth + 1) for key, item in value.items()}
        return {"$dict": encoded} if _is_marked(encoded) else encoded
    if isinstance(value, (list, tuple)):
        return [encode(item, depth + 1) for item in value]
    if any(hasattr(value, name) for name in ("isoformat", "total_seconds", "__fspath__")):  # dates, times and paths
        return str(value)
    kinds = "a number, text, a bool, None, or lists and dicts of them"
    raise TypeError(f"a value of type {type(value).__name__} cannot be recorded; use {kinds}")


def decode(value: Any) -> Any:
    """The inverse of `encode`."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _is_marked(value):
        ((mark, inner),) = value.items()
        if mark == "$float" and inner in ("nan", "inf", "-inf"):
            return float(inner)
        if mark == "$int" and isinstance(inner, str):
            return int(inner)
        if mark == "$dict" and isinstance(inner, dict):
            value = inner
    return {key: decode(item) for key, item in value.items()}


def _is_marked(value: Any) -> bool:
    return len(value) == 1 and next(iter(value)) in ("$float", "$int", "$dict")


def is_plain(value: Any, size: int = 1 << 20, depth: int = 50) -> bool:
    """Whether JSON preserves `value`, types included, in about `size` bytes and at most this many levels."""
    return _is_plain(value, depth, [size])


def _is_plain(value: Any, depth: int, left: List[int]) -> bool:
    """`left` is how much more may come."""
    kind = type(value)
    left[0] -= len(value) if kind is str else 1
    if left[0] < 0 or depth < 0:
        return False
    if kind is int:
        return bool(-(2**63) <= value < 2**63)
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return all(_is_plain(item, depth - 1, left) for item in value)
    if kind is dict:
        return all(type(key) is str and _is_plain(item, depth - 1, left) for key, item in value.items())
    return kind is str or kind is bool or value is None
