"""The decorators of a pipeline's functions, and `log_metric`."""

from expops_build.core import ModelData, SerializableData, collect_metrics, log_metric, process, step

__all__ = ["ModelData", "SerializableData", "collect_metrics", "log_metric", "process", "step"]
