"""The key of a row as `expops-split` defines it, and the partitions that follow from keys.

The same rows go to the same partitions whether they are split here, as a value that only Python understands, or by the
build tool, as a file. `src/split/value.rs` defines the texts and hashes, `src/split/strategy/` and `src/split/assign.rs`
the strategies; docs/splitting.md explains both.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
import json
import math
import re
import sys
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from expops_build import _digest, _moments

_WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_FAR_DATE = re.compile(rb"(?:(?P<below>-)(?=[0-9]{3})|(?=[1-9][0-9]{4}))(?P<year>[0-9]+)-[0-9]{2}-[0-9]{2}(?:\Z| )")


# The text of a value.


class Moment:
    """A date, a time, or both, that may be one that no type of Python holds; what counts is its text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text.encode()


_MOMENTS = (Moment, datetime.date, datetime.time)


def text(value: Any) -> bytes:
    """The text of a value: the same for values that mean the same, whatever their type."""
    if value is None:
        return b""
    if isinstance(value, str):
        return of_text(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (list, tuple, dict)):
        return _nested(value)
    return value.text if isinstance(value, Moment) else _scalar(value)


def of_text(raw: bytes) -> bytes:
    """The text of a string: one that is a number in JSON's grammar becomes that number."""
    if raw in (b"True", b"TRUE"):
        return b"true"
    if raw in (b"False", b"FALSE"):
        return b"false"
    found = _NUMBER.fullmatch(raw)
    if not found:
        return raw
    if raw.lstrip(b"-").isdigit():
        return b"0" if raw == b"-0" else raw
    number = float(raw)
    if _is_beyond(number, raw):
        return raw
    return _exact(raw.decode()) or _of_float(number)


def _is_beyond(number: float, raw: bytes) -> bool:
    """Whether the text is that of a number that is too large or too small to be this one, which is read from it."""
    mantissa = raw.lower().partition(b"e")[0]
    return math.isinf(number) or (number == 0 and mantissa.strip(b"-0.") != b"")


def _exact(raw: str) -> Optional[bytes]:
    """The text of a number that is written without an exponent and has more figures than a double may need."""
    sign, digits = ("-", raw[1:]) if raw.startswith("-") else ("", raw)
    whole, point, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    figures = (whole + fraction).lstrip("0")
    if "e" in raw.lower() or not point or len(figures.rstrip("0")) <= 17:
        return None
    if not fraction:
        return (sign + whole).encode()
    place = len(whole) - 1 - (len(whole + fraction) - len(figures))
    return f"{sign}{figures[0]}.{figures[1:]}e{place}".encode()


def _of_float(number: float, shortest: Optional[decimal.Decimal] = None) -> bytes:
    if math.isnan(number):
        return b"NaN"
    if math.isinf(number):
        return b"inf" if number > 0 else b"-inf"
    if number == int(number) and abs(number) < 2**53:
        return str(int(number)).encode()
    sign, figures, exponent = (shortest or _half_up(number, repr(number))).as_tuple()
    whole = "".join(map(str, figures)).rstrip("0")
    place = len(figures) + int(exponent) - 1
    mantissa = whole[0] + ("." + whole[1:] if len(whole) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{place}".encode()


def _half_up(number: float, digits: str) -> decimal.Decimal:
    """The shortest digits of a number, as Rust finds them: of two that are equally near, the larger ones.

    Python and NumPy take those that end in an even one. Two are equally near if the number has one digit more, a 5.
    """
    shortest, exact = decimal.Decimal(digits), decimal.Decimal(number)
    _, figures, exponent = shortest.as_tuple()
    if len(exact.as_tuple().digits) != len(figures) + 1 or abs(exact) < abs(shortest):
        return shortest
    return exact.quantize(decimal.Decimal((0, (1,), int(exponent))), decimal.ROUND_HALF_UP)


def _scalar(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        return str(value).encode()
    package = str(type(value).__module__).partition(".")[0]
    if package == "numpy":
        return _numpy(value)
    if isinstance(value, float):
        return _of_float(value)
    if isinstance(value, (bytes, bytearray)):
        return of_text(bytes(value))
    if isinstance(value, decimal.Decimal):
        return of_text(format(value, "f").encode()) if value.is_finite() else _of_float(float(value))
    return _pandas(value) if package == "pandas" else _moment(value)


def _pandas(value: Any) -> bytes:
    """The text of a value that only pandas has: of what it is stored as in a table."""
    kind = type(value).__name__
    if kind in ("NAType", "NaTType"):
        return b""
    if kind == "Period":
        return str(value.ordinal).encode()
    if kind == "Interval":
        return _nested({"left": value.left, "right": value.right})
    if kind == "Timestamp":  # whose years may be beyond those of Python
        return _numpy_moment(value.to_datetime64()) + (b"" if value.tzinfo is None else b"+00:00")
    return _moment(value)


def _moment(value: Any) -> bytes:
    """The text of a date, a time, or both; for anything else, its digest."""
    return (_moments.of(value) or _digest.of(value)).encode()


def _numpy(value: Any) -> bytes:
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.bool_):
        return b"true" if value else b"false"
    if isinstance(value, numpy.integer):
        return str(int(value)).encode()
    if isinstance(value, numpy.floating):
        if not numpy.isfinite(value):
            return _of_float(float(value))
        digits = numpy.format_float_scientific(value, unique=True)
        # Halves are spelled by `src/split/half.rs`, where an even digit is last.
        is_half_up = isinstance(value, (numpy.float32, numpy.float64))
        return _of_float(float(value), _half_up(float(value), digits) if is_half_up else decimal.Decimal(digits))
    if isinstance(value, numpy.datetime64):
        if numpy.isnat(value):
            return b""
        return _numpy_moment(value)
    if isinstance(value, numpy.timedelta64):
        return str(value.astype("int64")).encode()
    if isinstance(value, numpy.ndarray):
        return _nested(list(value))
    if isinstance(value, numpy.void) and value.dtype.names:
        return _nested(list(value))
    return text(value.item())


def _numpy_moment(value: Any) -> bytes:
    numpy = sys.modules["numpy"]
    unit, each = numpy.datetime_data(value.dtype)
    if each == 1 and unit in _moments.PER_SECOND:
        return _moments.timestamp(int(value.astype("int64")), _moments.PER_SECOND[unit]).encode()
    if each == 1 and unit == "D":
        return _moments.date(int(value.astype("int64"))).encode()
    moment = str(value).replace("T", " ")
    return (moment.rstrip("0").rstrip(".") if "." in moment else moment).encode()


def _nested(value: Any) -> bytes:
    """The text of a value inside a list or a structure."""
    if value is None:
        return b"null"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(map(_nested, value)) + b"]"
    if isinstance(value, dict):
        fields = sorted((str(name).encode("utf-8", "surrogatepass"), item) for name, item in value.items())
        texts = (_nested(name.decode("utf-8", "surrogatepass")) + b":" + _nested(item) for name, item in fields)
        return b"{" + b",".join(texts) + b"}"
    if isinstance(value, (bytes, bytearray)):
        return json.dumps(bytes(value).decode("utf-8", "surrogateescape"), ensure_ascii=False).encode(
            "utf-8", "surrogateescape"
        )
    found = text(value)
    is_moment = isinstance(value, _MOMENTS) or type(value).__name__ == "datetime64"
    return b'"' + found + b'"' if is_moment and found else found or b"null"


# The message of a row, and what follows from it.


def message(texts: Iterable[bytes]) -> bytes:
    """The bytes of a row that are hashed: each text preceded by its length."""
    return b"".join(b"%d:%s" % (len(one), one) for one in texts)


class Row:
    """The names and values of a row of a table, in which two columns may have one name."""

    __slots__ = ("fields",)

    def __init__(self, fields: List[Tuple[Any, Any]]) -> None:
        self.fields = fields


def row_message(fields: Iterable[Tuple[Any, Any]]) -> bytes:
    """The message of a whole row: names and texts, sorted by name, without the empty ones."""
    named = sorted((str(name).encode("utf-8", "surrogatepass"), text(value)) for name, value in fields)
    return message(part for name, value in named if value for part in (name, value))


def identity(key: bytes) -> int:
    """The first 16 bytes of the hash of a message."""
    return int.from_bytes(hashlib.sha256(key).digest()[:16], "big")


def order(key: bytes) -> bytes:
    """Bytes that sort as the values do: missing values, numbers (NaN last), other texts."""
    special = {b"": b"", b"-inf": b"\1\0", b"0": b"\1\2", b"inf": b"\1\4", b"NaN": b"\1\5"}
    if key in special:
        return special[key]
    # What no double is, is a text.
    if not _NUMBER.fullmatch(key) or (b"e" in key.lower() and _is_beyond(float(key), key)):
        return b"\2" + (_order_of_far_date(key) or key)
    sign, figures, exponent = decimal.Decimal(key.decode()).as_tuple()
    whole = "".join(map(str, figures))
    place = len(whole) + int(exponent)
    found = (place + (1 << 31)).to_bytes(4, "big") + (whole.rstrip("0") or "0").encode() + b"\0"
    return b"\1\1" + bytes(255 - byte for byte in found) if sign else b"\1\3" + found


def _order_of_far_date(key: bytes) -> Optional[bytes]:
    """Likewise for a date whose year has more than four digits or is below 0: around texts that begin with a digit."""
    found = _FAR_DATE.match(key)
    if not found:
        return None
    year = found["year"].lstrip(b"0")
    place = len(year).to_bytes(8, "big") + year
    if found["below"]:
        return b"/" + bytes(255 - byte for byte in place) + key[found.end("year") :]
    return b":" + place + key[found.end("year") :]


# Partitions.


def _scramble(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)


def mix(seed: int, number: int) -> int:
    """Element `number` of the SplitMix64 sequence of a seed."""
    return _scramble((_scramble((seed + _STEP) & _WORD) + (number + 1) * _STEP) & _WORD)


def by_hash(keys: Sequence[bytes], count: int) -> List[int]:
    return [(identity(key) >> 64) % count for key in keys]


def shuffled(seed: int, counts: Sequence[int]) -> List[int]:
    """A seeded permutation: rows are dealt out in the order of their mixes."""
    mixes = [mix(seed, row) for row in range(sum(counts))]
    found = [0] * len(mixes)
    ranked = iter(sorted(range(len(mixes)), key=mixes.__getitem__))
    for partition, rows in enumerate(counts):
        for _ in range(rows):
            found[next(ranked)] = partition
    return found


def grouped(keys: Sequence[bytes], weights: Sequence[int], seed: int) -> List[int]:
    """Equal keys stay together: the first row of a key decides where all of them go."""
    known: Dict[int, int] = {}
    loads = [0] * len(weights)
    found = []
    for row, key in enumerate(map(identity, keys)):
        if key not in known:
            known[key] = _place(key, weights, (loads, row), seed)
        loads[known[key]] += 1
        found.append(known[key])
    return found


def _place(key: int, weights: Sequence[int], so_far: Tuple[List[int], int], seed: int) -> int:
    loads, rows = so_far
    start, total = (key >> 64) ^ mix(seed, 0), sum(weights)
    for number in range(8):
        point = mix(start, number) * total >> 64
        partition = 0
        while point >= weights[partition]:
            point -= weights[partition]
            partition += 1
        if loads[partition] * total * 8 <= rows * weights[partition] * 9:
            return partition
    least = -1
    for partition, weight in enumerate(weights):
        if weight and (least < 0 or loads[partition] * weights[least] < loads[least] * weight):
            least = partition
    return max(least, 0)


def stratified(keys: Sequence[bytes], weights: Sequence[int]) -> List[int]:
    """Deals out the rows of each key to the partitions in turn, by their shares."""
    turns = _turns(weights)
    next_turn: Dict[int, int] = {}
    found = []
    for key in map(identity, keys):
        turn = next_turn.setdefault(key, len(next_turn))
        next_turn[key] = turn + 1
        found.append(turns[turn % len(turns)])
    return found


def _turns(weights: Sequence[int]) -> List[int]:
    """The quota method of Balinski and Young: in every prefix, each partition has its share rounded down or up."""
    total = sum(weights)
    common = total
    for weight in weights:
        common = math.gcd(common, weight)
    given, turns = [0] * len(weights), []
    for turn in range(1, total // common + 1):
        best = -1
        for i, weight in enumerate(weights):
            is_due = given[i] * total < weight * turn
            if is_due and (best < 0 or weight * (given[best] + 1) > weights[best] * (given[i] + 1)):
                best = i
        given[best] += 1
        turns.append(best)
    return turns


def ranges(keys: Sequence[bytes], ends: Sequence[int]) -> List[int]:
    """Ranges of values; `ends` are the rows, in the order of the values, at which they end."""
    ordered = [order(key) for key in keys]
    ranked = sorted(ordered)
    lasts: List[Optional[bytes]] = [
        ranked[min(end, len(ranked)) - 1] if min(end, len(ranked)) else None for end in ends
    ]
    return [sum(last is None or last < one for last in lasts) for one in ordered]


def range_ends(rows: int, count: int) -> List[int]:
    """The ends of equal ranges: a round number of rows each, the last takes the remainder."""
    figures = max((count - 1).bit_length() - 1, 2)
    each = rows // count
    cut = max(each.bit_length() - figures, 0)
    each = max(each >> cut << cut, 1)
    return [min(number * each, rows) for number in range(1, count)]
