"""What is written on both sides, in Rust and in Python, is the same."""

import re
import unittest
from pathlib import Path

import harness  # noqa: F401  (arranges the path)
from expops_build import _protocol, _watch

SOURCES = Path(__file__).parents[2] / "src" / "exec" / "runners"


def fields(file, struct):
    """The names of a struct's fields, in their order."""
    text = (SOURCES / file).read_text(encoding="utf-8")
    body = re.findall(rf"struct {struct}(?:<'a>)? {{\n(.*?)\n}}", text, re.DOTALL)
    return re.findall(r"^    (?:pub(?:\([a-z:\ ]*\))? )?([a-z_]+): ", body[0], re.MULTILINE)


def words(constant):
    """The texts in an array of variables that never count."""
    text = (SOURCES.parent / "uncounted.rs").read_text(encoding="utf-8")
    body = re.findall(rf"const {constant}: \[&str; \d+\] =\s*\[(.*?)\];", text, re.DOTALL)
    return set(re.findall(r'"(\w+)"', body[0]))


class Names(unittest.TestCase):
    def test_the_same_variables_never_count(self):
        self.assertEqual(set(_watch._NEVER_NAMES), words("THREADS") | words("NEVER") | words("OF_THE_NODE"))
        self.assertEqual(set(_watch._NEVER), words("NEVER_PREFIXES") | words("OF_THE_JOB"))
        for name in ("_", "PATH", "LC_ALL", "LD_PRELOAD", "PYTHONPATH", "EXPOPS_X", "MAKEFLAGS", ""):
            self.assertFalse(_watch._may_count(name), name)
        for name in ("_MODE", "LD_SCALE", "PYTHON_ENV", "PYTHON", "PYTHON3", "RATE", "rate"):
            self.assertTrue(_watch._may_count(name), name)

    def test_both_halves_have_the_same_fields(self):
        for kind, file, struct in (
            (_protocol.Request, "request.rs", "Request"),
            (_protocol.Split, "request.rs", "Split"),
            (_protocol.Result, "python.rs", "Answer"),
            (_protocol.Error, "python.rs", "Error"),
        ):
            with self.subTest(struct):
                self.assertEqual(sorted(kind.__annotations__), sorted(fields(file, struct)))
                self.assertGreater(len(kind.__annotations__), 3)


if __name__ == "__main__":
    unittest.main()
