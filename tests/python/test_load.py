"""What a notebook gets of a build: `expops.load`."""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

import expops


class Loads(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "expops.yaml").write_text("")

    def made(self, process: str, folder: str, value, build: str = "build", **plan) -> None:
        """Makes what a build leaves of an instance that returned `value` as `x`."""
        out = self.root / build / folder
        out.mkdir(parents=True)
        (out / "x").write_bytes(pickle.dumps(value))
        (out / "values.json").write_text(
            json.dumps({"values": [{"key": "x", "file": f"{folder}/x", "format": "pickle"}]})
        )
        plans = self.root / build / ".expops" / "plan"
        plans.mkdir(parents=True, exist_ok=True)
        (plans / f"{folder.partition('/')[0]}.json").write_text(json.dumps({"process": process, **plan}))

    def load(self, label: str, **options):
        return expops.load(label, "x", project=str(self.root), **options)

    def test_labels(self) -> None:
        self.made("load it", "load,20it", 1)
        self.made("cut it", "cut,20it/p2/s41", 2)
        self.made("a@p2", "a@p2", 3)
        self.made("a", "a/p2", 4)
        self.made("b@p2", "b@p2/s1", 5)
        labels = ["load it", "load,20it", "cut it@p2.s41", "cut,20it@p2.s41", "cut it p2.s41", "cut it/p2/s41"]
        self.assertEqual([self.load(label) for label in labels], [1, 1, 2, 2, 2, 2])
        self.assertEqual([self.load(label) for label in ["a@p2", "a,40p2", "a p2", "b,40p2@s1"]], [3, 3, 4, 5])

    def test_the_build_folder_is_that_of_expops(self) -> None:
        self.made("fit", "fit", 1)
        self.made("fit", "fit", 2, build="other")
        with mock.patch.dict(os.environ, EXPOPS_BUILD_DIR="other"):
            self.assertEqual([self.load("fit"), self.load("fit", build="build")], [2, 1])

    def test_a_missing_module_is_told_who_has_it(self) -> None:
        module = types.ModuleType("only_there")
        exec("class Model: pass", module.__dict__)
        with mock.patch.dict(sys.modules, only_there=module):
            self.made("fit", "fit", module.Model(), environment="science")
            self.made("eval", "eval", module.Model())
        python = self.root / "build" / ".expops" / "environment" / "science" / "venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text("")
        with self.assertRaises(ModuleNotFoundError) as raised:
            self.load("fit")
        said = f"No module named 'only_there', which `x` of `fit` needs: the environment `science` has it: run this with {python}"
        self.assertEqual((str(raised.exception), raised.exception.name), (said, "only_there"))
        (self.root / "build" / ".expops" / "interpreter").write_text('{"python": "/usr/bin/python3"}')
        with self.assertRaisesRegex(
            ModuleNotFoundError, "the Python of the build has it: run this with /usr/bin/python3"
        ):
            self.load("eval")


if __name__ == "__main__":
    unittest.main()
