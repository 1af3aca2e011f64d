"""The decorators of a pipeline's functions, and `log_metric`.

Decorated functions stay plain functions: called from a script, a test or a notebook, they do just what they say.
Metrics are then printed, or collected.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Dict, Iterator

from expops_build import _metrics
from expops_build._decorate import registering, stepping

if TYPE_CHECKING:
    from expops_build._decorate import Decorator

__all__ = ["ModelData", "SerializableData", "collect_metrics", "log_metric", "process", "step"]


class SerializableData(Dict[str, Any]):
    """The dict that a process returns: each key is an output. A plain dict will do."""


class ModelData(Dict[str, Any]):
    """The dict of a process that returns a model; just a name for annotations."""


process: Decorator = registering("process")
process.__doc__ = """Mark a function as the code of a process: `@process`, `@process()`, `@process(name="fit")`."""

step: Decorator = stepping
step.__doc__ = """Mark a function as a step: metrics that are logged while it runs belong to it."""


def log_metric(name: str, value: Any, step: Any = None) -> None:
    """Record a metric of the current process or step.

    A number is a point of a series, at `step` or else at the next free one; of any other value, the last one logged is
    kept. Outside of a build it is printed, or collected by `collect_metrics`.
    """
    _metrics.log(name, value, step)


@contextlib.contextmanager
def collect_metrics() -> Iterator[Dict[str, Any]]:
    """For tests and notebooks: `with collect_metrics() as metrics: fit(df)` fills `metrics` at its end.

    A series is `{step: number}`; what a step logged is under `steps`, by the step's name.
    """
    found: Dict[str, Any] = {}
    with _metrics.collecting() as recorder:
        yield found
        found.update(recorder.collected())
