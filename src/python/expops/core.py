"""The decorators of a pipeline's functions, and `log_metric`.

Decorated functions stay plain functions: called from a script or a test, they do
what they say, and metrics go nowhere.
"""

from __future__ import annotations

from typing import Any, Dict

from expops import _metrics
from expops._decorate import registering, stepping

__all__ = ["ModelData", "SerializableData", "log_metric", "process", "step"]


class SerializableData(Dict[str, Any]):
    """The dict that a process returns: each key is an output. A plain dict will do."""


class ModelData(Dict[str, Any]):
    """The dict of a process that returns a model; a name for annotations."""


process = registering("process")
process.__doc__ = """Mark a function as the code of a process: `@process`, `@process()`, `@process(name="fit")`."""

step = stepping
step.__doc__ = """Mark a function as a step: metrics that are logged while it runs belong to it."""


def log_metric(name: str, value: Any, step: Any = None) -> None:
    """Record a metric of the process, or of the step, that runs.

    A number is a point of a series, at `step` or else at the next free one; any other
    value is a snapshot, of which the last stays. Outside of a run this does nothing.
    """
    _metrics.log(name, value, step)
