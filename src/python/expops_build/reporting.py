"""The decorator of chart functions, and the context that they may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional

from expops_build._decorate import registering

if TYPE_CHECKING:
    from expops_build._decorate import Decorator

__all__ = ["ChartContext", "chart"]

chart: Decorator = registering("chart")
chart.__doc__ = """Mark a function as the code of a chart: `@chart`, `@chart()`, `@chart(name="accuracy")`."""


class ChartContext:
    """What a chart function may ask for as `ctx`: where to write, and for which chart."""

    def __init__(
        self,
        output_dir: Path,
        project_id: Optional[str] = None,
        run_id: Optional[str] = None,
        chart_name: Optional[str] = None,
        theme: Optional[str] = None,
        metrics: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.project_id = project_id
        self.run_id = run_id
        self.chart_name = chart_name
        self.theme = theme
        self.metrics = {} if metrics is None else metrics

    def __repr__(self) -> str:
        return f"ChartContext(chart_name={self.chart_name!r}, output_dir={str(self.output_dir)!r})"
