"""The bytes of a stored file, to look at without copying and to write to without changing the file.

A large file is mapped privately: those who are given the same file share its pages in memory, and what one writes to is
its own. Whoever asks says whether it may be: a file system that is shared by machines may take pages away.
"""

from __future__ import annotations

import mmap
from typing import Optional

#: Smaller files are read: a page fault costs as much as copying some pages.
_SMALLEST = 1 << 20


def view(path: str) -> Optional[mmap.mmap]:
    """A private map of the file `path`; None if it is small."""
    with open(path, "rb") as file:
        if file.seek(0, 2) < _SMALLEST:
            return None
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
