"""What imports do where no build is near: `outside_a_build.py SCRIPTS`, a folder of an example. `tests/wheel` runs it."""

from __future__ import annotations

import contextlib
import importlib
import importlib.resources
import io
import sys

import expops.reporting
import expops_build.core
from expops.core import collect_metrics, log_metric, process, step


@process()
def twice(x: int) -> dict:
    log_metric("x", x)
    return {"x": 2 * x}


@step
def logged() -> None:
    log_metric("loss", 0.5, step=3)


def main() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert twice(4) == {"x": 8}
        logged()
    assert printed.getvalue() == "x = 4\nlogged: loss[3] = 0.5\n", printed.getvalue()
    with contextlib.redirect_stdout(printed), collect_metrics() as metrics:
        twice(5)
        logged()
    assert metrics == {"x": {1: 5}, "steps": {"logged": {"loss": {3: 0.5}}}}, metrics
    assert printed.getvalue().count("\n") == 2
    assert process is expops_build.core.process and callable(expops.reporting.chart)
    for package in ("expops", "expops_build"):
        assert (importlib.resources.files(package) / "py.typed").is_file()
    sys.path.insert(0, sys.argv[1])
    penguins = importlib.import_module("penguins")
    assert callable(penguins.fit) and penguins.fit.__name__ == "fit"


if __name__ == "__main__":
    main()
