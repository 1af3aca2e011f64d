"""Runs one instance: `python _run.py REQUEST.json`. The build tool is its counterpart.

This file only sets up `sys.path`: when it starts a script, Python puts the script's folder there, and a user's
`import core` must not find ours. With `--worker CONFIGURATION` it does the same, and each child of the worker continues
here, so that a user's traceback shows the same frames.
"""

import os
import sys


def _main() -> int:
    before = frozenset(sys.modules)
    _close_inherited()
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.dirname(folder)] + [entry for entry in sys.path if os.path.abspath(entry or ".") != folder]
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    from expops_build._driver import run  # ours is in the build folder: its bytecode saves time in every run

    requests, ended = iter(sys.argv[1:2]), int
    if sys.argv[1] == "--worker":
        loaded = frozenset(sys.modules)
        from expops_build._ahead import Ahead

        ahead = Ahead(loaded)
        requests, ended = ahead.load_worker("expops_build._worker").serve(sys.argv[2], ahead, writes_none)
    sys.dont_write_bytecode = writes_none
    status = 0
    for request in requests:
        status = ended(run(request, before))
    return status


def _close_inherited() -> None:
    """Close the descriptors that the build tool left open, such as the pipes of make's job server."""
    if os.path.isdir("/proc/self/fd"):
        os.closerange(3, max(int(name) for name in os.listdir("/proc/self/fd")) + 1)


if __name__ == "__main__":
    sys.exit(_main())
