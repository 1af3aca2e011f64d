"""A project in a temporary folder, and one request run in it as the build tool does."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any, Dict, Optional

PACKAGE_PARENT = Path(__file__).resolve().parents[2] / "src" / "python"
if str(PACKAGE_PARENT) not in sys.path:
    sys.path.insert(0, str(PACKAGE_PARENT))
sys.dont_write_bytecode = True

from expops_build import _values
from expops_build._names import Names


def has(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) is not None for module in modules)


needs_numpy = unittest.skipUnless(has("numpy"), "NumPy is not installed")
needs_tables = unittest.skipUnless(has("pandas", "pyarrow"), "pandas or pyarrow is not installed")


class Outcome:
    """What one run left: its status, its result file and its log."""

    def __init__(self, status: int, result: Any, log: str, out: Path) -> None:
        self.status = status
        self.result = result
        self.log = log
        self.out = out

    @property
    def message(self) -> str:
        return self.result["error"]["message"]

    @property
    def text(self) -> str:
        return self.result["error"]["text"]

    def output(self, key: str) -> Dict[str, Any]:
        """The stored output `key`, as an input of the next request."""
        one = next(one for one in self.result["outputs"] if one["key"] == key)
        return {"file": str(self.out / one["file"]), "format": one["format"]}

    def value(self, key: str) -> Any:
        return _values.load(self.output(key))

    def partitions(self) -> list:
        return [
            _values.load({"file": str(self.out / one["file"]), "format": one["format"]})
            for one in self.result["partitions"]
        ]


class ProjectTest(unittest.TestCase):
    """A test with a project of its own."""

    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(os.path.realpath(folder.name))
        self.runs = 0

    def write(self, path: str, text: str) -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return full

    def stored(self, key: str, value: Any) -> Dict[str, Any]:
        """`value` stored as an upstream process would have."""
        folder = self.root / "upstream" / str(len(list((self.root).glob("upstream/*"))))
        folder.mkdir(parents=True)
        one = _values.save(key, value, str(folder), Names())
        return {"file": str(folder / one["file"]), "format": one["format"]}

    def run_request(self, script: Optional[str] = None, function: Optional[str] = None, **fields: Any) -> Outcome:
        self.runs += 1
        folder = self.root / "build" / str(self.runs)
        work, out = folder / "work", folder / "out"
        work.mkdir(parents=True)
        out.mkdir()
        path = fields.pop("script_file", None)
        if script is not None:
            path = str(self.write("src/model.py", script))
        env = {**os.environ, "PYTHONHASHSEED": "0", **fields.pop("env", {})}
        request = {
            "version": 2,
            "mode": "process",
            "label": function or "split",
            "path": f"//process[@name='{function}']",
            "project_root": str(self.root),
            "project_id": "wine",
            "script": path,
            "function": function,
            "script_folders": [str(self.root / "src")],
            "work": str(work),
            "out": str(out),
            "result": str(folder / "result.json"),
            "inputs": [],
            "parameters": {},
            "random_seed": None,
            "rng_seed": 123456789,
            "seeds": None,
            "cpus": 1,
            "data_paths": {},
            "split": None,
            "chart": None,
            **fields,
        }
        (folder / "request.json").write_text(json.dumps(request))
        command = [sys.executable, str(PACKAGE_PARENT / "expops_build" / "_run.py"), str(folder / "request.json")]
        done = subprocess.run(
            command, cwd=work, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False
        )
        result = folder / "result.json"
        loaded = json.loads(result.read_text(encoding="utf-8"), parse_constant=_refuse) if result.exists() else None
        return Outcome(done.returncode, loaded, done.stdout.decode("utf-8"), out)

    def passes(self, *args: Any, **fields: Any) -> Outcome:
        outcome = self.run_request(*args, **fields)
        self.assertEqual((outcome.status, outcome.result and outcome.result["error"]), (0, None), outcome.log)
        return outcome

    def fails(self, *args: Any, **fields: Any) -> Outcome:
        outcome = self.run_request(*args, **fields)
        self.assertEqual(outcome.status, 1, outcome.log)
        self.assertIsNotNone(outcome.result, outcome.log)
        self.assertNotIn(str(PACKAGE_PARENT), outcome.log)
        self.assertNotIn(str(PACKAGE_PARENT), outcome.text)
        self.assertNotIn("\n", outcome.message)
        self.assertEqual(outcome.result["outputs"], [])
        return outcome


def _refuse(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")
