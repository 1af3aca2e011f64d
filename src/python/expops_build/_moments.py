"""Dates and times as text, as in `src/split/time.rs`. The calendar is the proleptic Gregorian, of any year."""

from __future__ import annotations

import datetime
from typing import Any, Optional

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def date(days: int) -> str:
    """`2026-11-22`, from a count of days since 1970."""
    # Howard Hinnant's "chrono-compatible low-level date algorithms": eras of 400 years from 0000-03-01.
    era, day = divmod(days + 719_468, 146_097)
    year_of_era = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year_of_era + year_of_era // 4 - year_of_era // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    return f"{year_of_era + era * 400 + (month <= 2):04}-{month:02}-{day:02}"


def time(count: int, per_second: int) -> str:
    """`13:58:04.5`, from a count of units since midnight, `per_second` of which make a second."""
    seconds, fraction = divmod(count, per_second)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    digits = len(str(per_second)) - 1
    return clock + f".{fraction:0{digits}}".rstrip("0") if fraction else clock


def timestamp(count: int, per_second: int) -> str:
    """`2026-11-22 13:58:04.5`, from a count of such units since 1970."""
    days, rest = divmod(count, 86_400 * per_second)
    return f"{date(days)} {time(rest, per_second)}"


def of(value: Any) -> Optional[str]:
    """The text of a date, a time, or both, of Python's types, in UTC if it has a zone; None for anything else."""
    if isinstance(value, datetime.datetime):
        offset = value.utcoffset()
        shift = datetime.timedelta(0) if offset is None else offset
        days = value.toordinal() - _EPOCH - shift.days
        seconds = days * 86_400 + value.hour * 3600 + value.minute * 60 + value.second - shift.seconds
        microseconds = seconds * 1_000_000 + value.microsecond - shift.microseconds
        return timestamp(microseconds, 1_000_000) + ("" if offset is None else "+00:00")
    if isinstance(value, datetime.date):
        return date(value.toordinal() - _EPOCH)
    if isinstance(value, datetime.time):
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return time(seconds * 1_000_000 + value.microsecond, 1_000_000)
    return None
