"""Finds and ends all that a child of a worker has started, also what has left its parent and its session.

What a child starts as a program has the file of its reads in its environment; what it only forks has the environment that
the worker was started with, in which the child writes whose it is. A new parent for orphans would find them, too, but
only the child could be that, and whoever waits for all of its children there would wait for them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from typing import Any, Dict, List, Set, Tuple

_NAME = b"EXPOPS_CHILD="


class Mark:
    """Where a child writes whose it is. `/proc/PID/environ` shows that memory of the process."""

    def __init__(self, kernel: Any) -> None:
        """To be called before anybody changes the environment."""
        self._place, self._room = _find(kernel)

    def write(self, text: str) -> None:
        if len(text) == self._room:
            ctypes.memmove(self._place, text.encode(), self._room)


def _find(kernel: Any) -> Tuple[int, int]:
    # No pointer type, which ctypes would keep, and which would be of this module.
    entry = ctypes.c_void_p.in_dll(kernel, "environ").value or 0
    while True:
        place = ctypes.c_void_p.from_address(entry).value
        if place is None:
            return 0, 0
        text = ctypes.string_at(place)
        if text.startswith(_NAME):
            return place + len(_NAME), len(text) - len(_NAME)
        entry += ctypes.sizeof(ctypes.c_void_p)


def end(child: int, marks: List[str]) -> None:
    """Kill a child and all that descends from it; `marks` are entries in the environment of that."""
    wanted = {mark.encode() for mark in marks}
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGSTOP)
        for _ in range(200):  # one that waits for a disk ends when the kernel lets it
            found = _descendants(child, wanted)
            if not found:
                break
            for one in found:
                with contextlib.suppress(OSError):
                    os.kill(one, signal.SIGKILL)
            time.sleep(0.001)
        os.killpg(child, signal.SIGKILL)


def _descendants(child: int, wanted: Set[bytes]) -> List[int]:
    """The processes below the child, and those that are marked with what is below them, which have not ended."""
    children: Dict[int, List[int]] = {}
    waiting = [child]
    for number in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{number}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
            if state in (b"Z", b"X"):
                continue
            children.setdefault(int(parent), []).append(number)
            with open(f"/proc/{number}/environ", "rb") as file:
                if wanted.intersection(file.read().split(b"\0")):
                    waiting.append(number)
    found: Set[int] = set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += children.get(one, [])
    return sorted(found - {child})
