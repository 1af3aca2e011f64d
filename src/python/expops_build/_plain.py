"""Values as JSON that any parser reads.

JSON has no NaN, no infinity and, for most parsers, no integer beyond 64 bits. They are written as `{"$float": "nan"}`,
`{"$float": "inf"}`, `{"$float": "-inf"}` and `{"$int": "123"}`, in requests and in results alike; a dict that merely
looks like one of these is written as `{"$dict": {...}}`.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import AbstractSet, Any, Dict, List, Set

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
        if len(encoded) < len(value):
            raise ValueError(f"two of the keys {', '.join(map(repr, value))} are the same as text")
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


_KINDS = frozenset((int, float, str, bool, type(None), list, dict))


def is_plain(value: Any, size: int = 1 << 20, depth: int = 50) -> bool:
    """Whether JSON preserves `value`, types included, perhaps in `size` bytes, and in at most this many levels."""
    level, left = [value], size
    for _ in range(depth + 1):
        of = _by_type(level)
        if not of.keys() <= _KINDS:
            return False
        lists, dicts, numbers = of.get(list, []), of.get(dict, []), of.get(int, [0])
        left -= 2 * len(level) + sum(map(len, of.get(str, [])))  # so many bytes at least
        if left < 2 * sum(map(len, [*lists, *dicts])):
            return False
        if not all(map(math.isfinite, of.get(float, []))) or min(numbers) < -(2**63) or max(numbers) >= 2**63:
            return False
        if not set(map(type, chain.from_iterable(dicts))) <= {str}:
            return False
        level = [*chain.from_iterable(lists), *chain.from_iterable(map(dict.values, dicts))]
        if not level:
            return True
    return False


def _by_type(values: List[Any]) -> Dict[type, List[Any]]:
    kinds = set(map(type, values))
    return {kind: values if len(kinds) == 1 else [one for one in values if type(one) is kind] for kind in kinds}


def is_of(value: Any, kinds: AbstractSet[type], most: int, depth: int = 50) -> bool:
    """Whether `value` and all that is in it, in lists, tuples and dicts, is of exactly one of these types. False, too, if
    there are more than `most` objects in it, or more levels than `depth`, or if a list or dict is in it twice.
    """
    level = [value]
    met: Set[int] = set()
    for _ in range(depth + 1):
        found = set(map(type, level))
        if not found <= kinds:
            return False
        lists = level if found <= {list, tuple} else [one for one in level if type(one) in (list, tuple)]
        dicts = [one for one in level if type(one) is dict] if dict in found else []
        changeable = [*dicts, *(one for one in lists if type(one) is list)]
        before = len(met)
        met.update(map(id, changeable))
        if len(met) - before < len(changeable):
            return False
        most -= sum(map(len, lists)) + 2 * sum(map(len, dicts))
        if most < 0:
            return False
        of_dicts = chain(chain.from_iterable(dicts), chain.from_iterable(map(dict.values, dicts)))
        level = [*chain.from_iterable(lists), *of_dicts]
        if not level:
            return True
    return False
