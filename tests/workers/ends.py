"""Ways to end."""

import os
import signal
import sys

from expops.core import process


class Last:
    def __del__(self):
        print("the last one is gone", KEPT)


KEPT = "and this is still there"
GLOBAL = Last()
CYCLE = [Last()]
CYCLE.append(CYCLE)


def undecorated():
    return {"a": len(CYCLE)}


@process()
def by_exception():
    print("before")
    raise ValueError("not today")


@process()
def by_exit():
    sys.exit(4)


@process()
def by_hard_exit():
    os._exit(3)


@process()
def by_signal():
    os.kill(os.getpid(), signal.SIGTERM)


@process()
def by_fault():
    os.kill(os.getpid(), signal.SIGSEGV)


@process()
def by_closing():
    sys.stdout.close()
    return {"a": 1}
