"""What an experiment's Python code imports: `expops.core` and `expops.reporting`.

The code is in `expops_build`, which is also the distribution's name: another project owns the name `expops` on PyPI,
and
pip silently overwrites files that two distributions share. Where that has happened, import `expops_build.core`.
"""

from __future__ import annotations

from typing import Any, Optional

__all__ = ["load"]


def load(label: str, key: str, project: Optional[str] = None, build: Optional[str] = None) -> Any:
    """The value that an instance handed on: `expops.load("fit@p2", "model")`. See `expops_build._load.load`."""
    from expops_build import _load

    return _load.load(label, key, project, build)
