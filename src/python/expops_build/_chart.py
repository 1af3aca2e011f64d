"""Calls a chart function with its metrics and, if it asks for one, its context."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict

from expops_build import _inputs, _signature
from expops_build._inputs import Source
from expops_build._plain import decode
from expops_build._protocol import Request
from expops_build.reporting import ChartContext

_CONTEXT_NAMES = ("ctx", "context", "chart_context")


def draw(name: str, function: Callable[..., Any], request: Request) -> None:
    """Run the chart, which writes its files into the current folder."""
    chart = request.get("chart") or {}
    metrics = decode(chart.get("metrics") or {})
    metrics.update({alias: metrics[key] for alias, key in (chart.get("aliases") or {}).items()})
    context = ChartContext(
        output_dir=Path(request["work"]),
        project_id=request.get("project_id"),
        run_id=chart.get("run_id"),
        chart_name=chart.get("name"),
        theme=chart.get("theme"),
        metrics=metrics,
    )
    given = _inputs.sources(request)
    more = {**_inputs.extras(request), **_roles(name, function, metrics, context, given)}
    args, kwargs = _inputs.bind(name, function, given, more)
    function(*args, **kwargs)


def _roles(name: str, function: Any, metrics: Any, context: Any, given: Dict[str, Source]) -> Dict[str, Source]:
    """Pass `metrics` and the context by name; otherwise as the first free positional arguments."""
    values = {"metrics": Source("the metrics", lambda: metrics)}
    values.update((one, Source("the context", lambda: context)) for one in _CONTEXT_NAMES)
    by_position = (_signature.POSITIONAL_ONLY, _signature.NAMED)
    parameters = _signature.parameters(name, function)
    asked = [one.name for one in parameters if one.kind in by_position and _inputs.is_required(one)]
    free = [one for one in asked if one not in values and one not in given]
    roles = [["metrics"], list(_CONTEXT_NAMES)]
    open_roles = [names[0] for names in roles if not any(one in asked for one in names)]
    values.update((one, values[role]) for one, role in zip(free, open_roles))
    return values
