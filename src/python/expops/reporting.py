"""The decorator of chart functions, and the context that they may ask for."""

from expops_build.reporting import ChartContext, chart

__all__ = ["ChartContext", "chart"]
