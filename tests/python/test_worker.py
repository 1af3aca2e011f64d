"""What a worker does for its children, without one."""

import importlib
import json
import random
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path

import expops_build
from expops_build._ahead import SideBySide

_PAGE = 4096


@unittest.skipUnless(sys.platform == "linux", "there are no workers elsewhere")
class WorkerTest(unittest.TestCase):
    def test_the_environment_is_what_was_asked_for_in_that_order(self):
        code = (
            "import json, os, sys; sys.path.insert(0, sys.argv[1]); from expops_build import _watch, _worker\n"
            "if sys.argv[2]: _watch._watch_variables()\n"
            "for line in sys.stdin:\n"
            "    _worker._set_environment(dict(json.loads(line)))\n"
            "    print(json.dumps([list(os.environ.items()), list(_worker._ADDED.items())]))\n"
        )
        random_ = random.Random(1)
        asked: list = [[]]
        for _ in range(200):
            before = [(name, str(random_.randrange(3))) for name, _ in asked[-1] if random_.random() < 0.9]
            if random_.random() < 0.3:
                random_.shuffle(before)
            added = [(f"N{random_.randrange(9)}", "new") for _ in range(random_.randrange(3))]
            asked.append(list(dict([*before, *added]).items()))
        lines = "".join(json.dumps(one) + "\n" for one in asked)
        source = str(Path(expops_build.__file__).parent.parent)
        for is_watched in ("", "1"):
            command = [sys.executable, "-c", code, source, is_watched]
            ran = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
            for wanted, line in zip(asked, ran.stdout.splitlines()):
                got, added = json.loads(line)
                self.assertEqual(got, [*map(list, wanted), *added], wanted)

    def test_modules_lie_side_by_side_and_are_like_others(self):
        names = [f"side_{number}" for number in range(100)]
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                Path(folder, f"{name}.py").write_text(
                    "'''about'''\nlitter = [object() for _ in range(1000)]\nNAME = __name__\n"
                )
            Path(folder, "beside.py").write_text("'''about'''\nNAME = __name__\n")
            sys.path.insert(0, folder)
            try:
                with SideBySide():
                    modules = [importlib.import_module(name) for name in names]
                usual = importlib.import_module("beside")
            finally:
                sys.path.remove(folder)
                for name in [*names, "beside"]:
                    sys.modules.pop(name, None)
        self.assertLess(len({id(module) // _PAGE for module in modules}), 10)
        for name, module in zip(names, modules):
            self.assertEqual(
                (module.NAME, module.__doc__, getattr(module.__spec__, "name", None), type(module)),
                (name, "about", name, types.ModuleType),
            )
            self.assertEqual([key for key in vars(module) if key != "litter"], list(vars(usual)))
            self.assertEqual(repr(module), repr(usual).replace("beside", name))

    def test_more_modules_than_were_expected_are_made_as_usual(self):
        with SideBySide():
            machinery = sys.modules["_frozen_importlib"]
            made = [machinery._new_module("one") for _ in range(SideBySide._MANY + 5)]
        self.assertEqual({module.__name__ for module in made}, {"one"})
        self.assertIs(type(machinery._new_module("another")), types.ModuleType)
        self.assertFalse(hasattr(machinery._new_module, "__self__"))


if __name__ == "__main__":
    unittest.main()
