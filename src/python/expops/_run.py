"""Runs one instance: `python _run.py REQUEST.json`. The other half is the build tool.

This file only arranges `sys.path`: started as a script, Python puts our own folder
there, and a user's `import core` must not find ours.
"""

import os
import sys


def _main() -> int:
    before = frozenset(sys.modules)
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.dirname(folder)] + [entry for entry in sys.path if os.path.abspath(entry or ".") != folder]
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    from expops._driver import run  # ours lies in the build's folder: its bytecode saves every run time

    sys.dont_write_bytecode = writes_none
    return run(sys.argv[1], before)


if __name__ == "__main__":
    sys.exit(_main())
