"""Tells all that it can see of the process that it runs in: after a warm start it is what it is after a cold one."""

import sys

AT_FIRST = sorted(sys.modules)

import atexit
import locale
import logging
import os
import random
import resource
import signal
import threading
import traceback
import warnings

warnings.simplefilter("ignore")

LIBRARIES = {}  # the test writes others here

from expops.core import log_metric, process


OPEN = open("left_open.txt", "w")
OPEN.write("never closed")
atexit.register(print, "at exit")


def look():
    yield "modules before", AT_FIRST
    yield "modules", sorted(sys.modules)
    yield "argv", sys.argv
    yield "orig_argv", sys.orig_argv[1:]
    yield "path", sys.path
    yield "flags", sys.flags
    yield "executable", sys.executable
    yield "finders", [type(finder).__name__ for finder in sys.meta_path]
    yield "hooks", [getattr(hook, "__name__", hook) for hook in sys.path_hooks]
    yield "warnings", warnings.filters
    yield "root logger", (logging.root, logging.root.handlers)
    yield "umask", oct(os.umask(os.umask(0o22)))
    yield "limits", [resource.getrlimit(limit) for limit in range(16)]
    yield "niceness", os.getpriority(os.PRIO_PROCESS, 0)
    yield "processors", os.sched_getaffinity(0)
    yield "folder", (os.getcwd(), sorted(os.listdir(".")))
    yield "environment", dict(os.environ)
    yield "signals", [signal.getsignal(number) for number in signal.valid_signals()]
    yield "mask", signal.pthread_sigmask(signal.SIG_BLOCK, [])
    yield "descriptors", sorted(int(name) for name in os.listdir("/proc/self/fd"))
    yield "standard", [(stream.encoding, stream.errors, stream.line_buffering) for stream in (sys.stdin, sys.stdout)]
    yield "locale", locale.setlocale(locale.LC_ALL)
    yield "random", random.random()
    yield "threads", threading.active_count()
    yield "main", sorted(vars(sys.modules["__main__"]))
    yield "main loader", type(sys.modules["__main__"].__loader__).__name__
    yield "package", sorted(vars(sys.modules["expops_build"]))
    yield "set", list({"a", "b", "c", "d"})
    for name, module in LIBRARIES.items():
        yield name, (module.__spec__.origin, type(module.__loader__).__name__, sorted(vars(module)))
        if name == "numpy":
            yield "numpy.random", module.random.rand()


@process()
def tell(name="x"):
    for what, value in look():
        print(what, value)
    traceback.print_stack()
    thread = threading.Timer(0.1, print, ["from a thread"])
    thread.start()
    log_metric("seen", len(AT_FIRST))
    sys.stdout.write("no end of line")
    return {"seen": len(AT_FIRST), "text": str(random.random())}
