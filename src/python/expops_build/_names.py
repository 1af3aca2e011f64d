"""File names for keys: readable, safe, short, and distinct on any file system."""

from __future__ import annotations

import hashlib
from typing import Iterable, Set

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_LONGEST = 100
_SUFFIX = 9


class Names:
    """The names that are taken in one folder."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken: Set[str] = {name.casefold() for name in taken}

    def claim(self, key: str, extension: str = "") -> str:
        """Claim a name for `key` that ends in `extension`."""
        name = _shortened(_encoded(key), key) + extension
        attempt = 0
        while name.casefold() in self._taken:
            name = f"{_encoded(key)[: _LONGEST - 2 * _SUFFIX]}-{_mark(key, attempt)}{extension}"
            attempt += 1
        self._taken.add(name.casefold())
        return name


def _encoded(key: str) -> str:
    """`key` with everything but letters, digits and `_-.` percent-encoded; no leading dot, never empty."""
    data = key.encode("utf-8", "surrogatepass")
    text = "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in data)
    return "%2E" + text[1:] if text.startswith(".") else text or "%"


def _shortened(name: str, key: str) -> str:
    return name if len(name) <= _LONGEST - _SUFFIX else f"{name[: _LONGEST - 2 * _SUFFIX]}-{_mark(key, 0)}"


def _mark(key: str, attempt: int) -> str:
    text = f"{attempt}:{key}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[: _SUFFIX - 1]
