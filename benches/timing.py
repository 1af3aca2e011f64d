"""Wall and CPU time of a command, with the workers that it leaves behind: this process adopts them, and waits."""

import contextlib
import ctypes
import os
import resource
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """Become the parent of whoever is left behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def environment(program):
    """For builds and peers alike: one thread each, workers that end soon, no cache of the user's."""
    base = dict(os.environ, EXPOPS=str(program), EXPOPS_WORKER_IDLE="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    for name in ("EXPOPS_CACHE_DIR", "PYTHONDONTWRITEBYTECODE"):
        base.pop(name, None)
    return base


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def reap():
    """Wait for the workers, too, which come to be our children when their parents end."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def timed(command, folder, environment):
    before, start = spent(), time.perf_counter()
    ended = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, env=environment)
    wall = time.perf_counter() - start
    if ended.returncode:
        sys.exit(f"{command}: {ended.stdout}{ended.stderr}")
    reap()
    return wall, spent() - before
