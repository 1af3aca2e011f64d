"""The request and the result of one run: the same types as `Request` in `src/exec/runners/request.rs` and `Answer` in
`src/exec/runners/python.rs`. A field is added to both at once; `tests/python/test_protocol.py` compares the names.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple, TypedDict

VERSION = 2


class Split(TypedDict, total=False):
    """How the rows of a value are divided."""

    data_name: Optional[str]
    size: Dict[str, Any]
    by: Any
    there: List[Any]


class Request(TypedDict, total=False):
    """What is to be run; `../README.md` describes each field. A split without code has neither script nor function."""

    version: int
    nonce: str
    mode: str
    label: str
    path: str
    project_root: str
    project_id: str
    script: str
    function: str
    script_folders: List[str]
    work: str
    out: str
    result: str
    inputs: List[Tuple[str, Dict[str, Any]]]
    parameters: Dict[str, Any]
    not_taken: List[str]
    random_seed: Optional[int]
    seed_layer: bool
    rng_seed: int
    seeds: Optional[List[int]]
    failed: Optional[Any]
    cpus: int
    data_paths: Dict[str, str]
    split: Split
    chart: Dict[str, Any]


class Error(TypedDict, total=False):
    """Why there are no outputs."""

    kind: str
    message: str
    text: str
    help: Optional[str]


class Result(TypedDict, total=False):
    """What came of it."""

    version: int
    nonce: Optional[str]
    outputs: List[Dict[str, Any]]
    partitions: List[Dict[str, Any]]
    metrics: Dict[str, Any]
    steps: Dict[str, Any]
    native: str
    watch: Dict[str, Any]
    error: Optional[Error]
