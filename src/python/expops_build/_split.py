"""Splits a value into partitions, with nothing lost, duplicated or torn apart."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from expops_build import _keys, _rows, _values
from expops_build._failure import Failure, nearest
from expops_build._names import Names

#: A whole, in thousandths of a percent, the unit in which the build tool writes shares.
_WHOLE = 100_000


def split(value: Any, name: str, size: Dict[str, Any], by: Any) -> List[Tuple[Any, int]]:
    """The partitions of `value` in order, each with its number of rows."""
    total = _rows.count(value, name)
    assigned = _contiguous(total, size, name) if by in (None, "rows") else _scattered(value, total, name, size, by)
    parts = [(_rows.take(value, rows), len(rows)) for rows in assigned]
    _check(parts, total, name)
    return parts


def save(parts: Sequence[Tuple[Any, int]], key: str, out: str, there: Sequence[Any] = ()) -> List[Dict[str, Any]]:
    """Store the partitions as `p1/KEY`, `p2/KEY`, ... in the folder `out`, except those that are already `there`."""
    stored: List[Dict[str, Any]] = []
    for number, (part, rows) in enumerate(parts, 1):
        old = there[number - 1] if number <= len(there) else None
        if old is not None and _values.is_stored(part, old):
            stored.append({"key": key, "file": None, "format": old["format"], "digest": old["digest"], "rows": rows})
            continue
        folder = f"p{number}"
        os.makedirs(os.path.join(out, folder), exist_ok=True)
        one = _values.save(key, part, os.path.join(out, folder), Names())
        stored.append({**one, "file": f"{folder}/{one['file']}", "rows": rows})
    return stored


def rows_of(returned: Any, data_name: Optional[str]) -> Tuple[str, Any, Dict[str, Any]]:
    """What a splitter returned: the key and the value to split, and the other outputs."""
    key = data_name or "data"
    if not isinstance(returned, dict):
        return key, returned, {}
    if key not in returned:
        keys = ", ".join(f"`{one}`" for one in returned) or "none"
        hint = "name the key to split with `data_name`" if data_name is None else f"`data_name` is `{key}`"
        near = nearest(key, [one for one in returned if isinstance(one, str)])
        raise Failure(f"the splitter returned a dict without the key `{key}` (its keys: {keys}); {hint}{near}")
    return key, returned[key], {name: value for name, value in returned.items() if name != key}


def counts(total: int, size: Dict[str, Any], name: str) -> List[int]:
    """The number of rows of each partition."""
    if "equal" in size:
        each, more = divmod(total, size["equal"])
        return [each + (number < more) for number in range(size["equal"])]
    if "counts" in size:
        if sum(size["counts"]) != total:
            told = f"`{name}` has {total} rows, and the sizes {size['counts']} sum to {sum(size['counts'])}"
            raise Failure(told)
        return list(size["counts"])
    return _share_counts(total, size["shares"])


def _share_counts(total: int, shares: Sequence[Any]) -> List[int]:
    """Round each share down; what is left goes to the rest, or else one row each to the largest fractions."""
    thousandths = [_thousandths(share) for share in shares]
    found = [total * (share or 0) // _WHOLE for share in thousandths]
    left = total - sum(found)
    if None in thousandths:
        found[thousandths.index(None)] = left
        return found
    by_fraction = sorted(range(len(found)), key=lambda number: -(total * (thousandths[number] or 0) % _WHOLE))
    for number in by_fraction[:left]:
        found[number] += 1
    return found


def _thousandths(share: Union[str, Dict[str, Any]]) -> Optional[int]:
    """`"60%"` and `{"percent": 60000}` as 60,000; None for `"rest"`."""
    if share == "rest":
        return None
    if isinstance(share, dict):
        return int(share["percent"])
    whole, _, decimals = share.rstrip("% ").strip().partition(".")
    return int(whole or 0) * 1000 + int((decimals + "000")[:3])


def _contiguous(total: int, size: Dict[str, Any], name: str) -> List[_rows.Rows]:
    ranges: List[_rows.Rows] = []
    start = 0
    for rows in counts(total, size, name):
        ranges.append(range(start, start + rows))
        start += rows
    return ranges


def _scattered(value: Any, total: int, name: str, size: Dict[str, Any], by: Any) -> List[_rows.Rows]:
    """The rows that the strategy gives to each partition; within one, they keep their order."""
    numbers = _numbers(value, total, name, size, by)
    partitions: List[List[int]] = [[] for _ in _weights(size)]
    for row, number in enumerate(numbers):
        partitions[number].append(row)
    return list(partitions)


def _numbers(value: Any, total: int, name: str, size: Dict[str, Any], by: Any) -> Sequence[int]:
    """The partition of each row, the same that `expops-split` gives these rows in a file."""
    kind = next(iter(by)) if isinstance(by, dict) else by
    columns = _columns(by)
    is_plain = kind in ("round_robin", "hash", "hash_row")
    if "equal" not in size and (is_plain or ("counts" in size and (kind != "shuffle" or columns))):
        wanted = "a number of partitions" if is_plain else "a number of partitions or shares"
        raise Failure(f"`{name}` is split by {_told(kind)}, which goes with {wanted}, not with a list")
    if kind == "round_robin":
        return [row % size["equal"] for row in range(total)]
    if kind == "shuffle" and not columns:
        return _keys.shuffled(by["shuffle"], counts(total, size, name))
    keys = _rows.keys(value, columns, name)
    if kind == "range":
        ends = _keys.range_ends(total, size["equal"]) if "equal" in size else _ends(counts(total, size, name))
        return _keys.ranges([_keys.text(key[0]) for key in keys], ends)
    messages = [_message(key, columns is None) for key in keys]
    if kind == "group":
        return _keys.grouped(messages, _weights(size), 0)
    if kind == "shuffle":
        return _keys.grouped(messages, _weights(size), by["shuffle"])
    if kind == "stratify":
        return _keys.stratified(messages, _weights(size))
    return _keys.by_hash(messages, size["equal"])


def _columns(by: Any) -> Optional[List[str]]:
    """The columns that a strategy names."""
    if not isinstance(by, dict):
        return None
    kind = next(iter(by))
    columns = by.get("group") if kind == "shuffle" else by[kind]
    return [columns] if isinstance(columns, str) else columns


def _message(key: Any, is_whole: bool) -> bytes:
    if not is_whole:
        return _keys.message(map(_keys.text, key))
    fields = key.fields if isinstance(key, _keys.Row) else key.items() if isinstance(key, dict) else None
    return _keys.message([_keys.text(key)]) if fields is None else _keys.row_message(fields)


def _ends(rows: Sequence[int]) -> List[int]:
    return [sum(rows[: number + 1]) for number in range(len(rows) - 1)]


def _weights(size: Dict[str, Any]) -> List[int]:
    """Each partition's part of the whole."""
    if "equal" in size:
        return [1] * size["equal"]
    if "counts" in size:
        return list(size["counts"])
    shares = [_thousandths(share) for share in size["shares"]]
    left = _WHOLE - sum(share or 0 for share in shares)
    return [left if share is None else share for share in shares]


def _told(kind: str) -> str:
    return {"round_robin": "turns (`round_robin`)", "hash_row": "hash"}.get(
        kind, kind if kind == "hash" else f"`{kind}`"
    )


def _check(parts: Sequence[Tuple[Any, int]], total: int, name: str) -> None:
    """Check that each partition has the size it should, and that together they have all rows."""
    wrong = [rows for part, rows in parts if _rows.count(part, name) != rows]
    if wrong or sum(rows for _, rows in parts) != total:
        told = f"the partitions of `{name}` do not add up to its {total} rows"
        raise Failure(f"{told}; its type does not slice as expected")
