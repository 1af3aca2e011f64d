"""The bytes of a stored file, for use without copying; writing to them does not change the file.

A large file is mapped privately: all who load the same file share its pages in memory, and writing to a page makes a
private copy of it. The caller says whether mapping is allowed: a file system shared between machines may take pages
away.
"""

from __future__ import annotations

import mmap
from typing import Optional

#: Smaller files are read instead: a page fault costs as much as copying a few pages.
_SMALLEST = 1 << 20


def view(path: str) -> Optional[mmap.mmap]:
    """A private map of the file `path`; None if it is small."""
    with open(path, "rb") as file:
        if file.seek(0, 2) < _SMALLEST:
            return None
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
