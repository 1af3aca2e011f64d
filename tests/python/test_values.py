"""What is stored and read back equals what was there, types included."""

from __future__ import annotations

import json
import os
import random
import tempfile
import unittest

from expops_build import _digest, _values
from expops_build._failure import Failure
from expops_build._names import Names
from harness import has, needs_numpy, needs_tables
from zoo import same, zoo


def anything(chance: random.Random, depth: int):
    """A random value of nested containers and scalars, with parts that are shared."""
    if depth == 0 or chance.random() < 0.3:
        choices = [None, True, 0, -1, 2**70, 0.5, -0.0, float("nan"), "", "a", "\ud800", "1", b"x", (), chance.random()]
        return chance.choice(choices)
    parts = [anything(chance, depth - 1) for _ in range(chance.randrange(4))]
    parts += parts[: chance.randrange(2)]
    kind = chance.randrange(4)
    if kind == 0:
        return tuple(parts)
    if kind == 1:
        return {chance.choice(["a", "b", 1, None, (1,)]): part for part in parts}
    return parts


class RoundTrip(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = folder.name

    def save(self, value, key="key"):
        return _values.save(key, value, self.out, Names())

    def load(self, stored):
        return _values.load({"file": os.path.join(self.out, stored["file"]), "format": stored["format"]})

    def test_every_value_of_the_zoo(self) -> None:
        for name, make in zoo().items():
            with self.subTest(name):
                stored = self.save(make())
                read = self.load(stored)
                self.assertTrue(same(read, make()), f"read from {stored['format']}")
                self.assertEqual(_digest.of(read), _digest.of(make()), "the digest changes on the way")
                self.assertEqual("digest" in stored, stored["format"] == "pickle", "of others exec takes it")
                self.assertEqual(os.listdir(self.out), [stored["file"]], "one file, and none from an attempt")
                os.remove(os.path.join(self.out, stored["file"]))

    def test_random_values(self) -> None:
        chance = random.Random(11)
        for _ in range(300):
            value = anything(chance, 5)
            stored = self.save(value)
            read = self.load(stored)
            self.assertTrue(same(read, value), value)
            # JSON does not keep which lists are one.
            wanted = stored["digest"] if "digest" in stored else _digest.of(json.loads(json.dumps(value)))
            self.assertEqual(_digest.of(read), wanted, value)
            os.remove(os.path.join(self.out, stored["file"]))

    def test_formats(self) -> None:
        expected = {
            "dict": "json",
            "mixed rows": "pickle",
            "list of dicts": "json",
            "tuple": "pickle",
            "large list": "pickle",
            "nan": "pickle",
        }
        if has("numpy"):
            expected.update(
                {"array": "npy", "array structured": "npy", "array object": "pickle", "np float64": "pickle"}
            )
        if has("pandas", "pyarrow"):
            arrow = [
                "frame",
                "frame simple",
                "frame sliced",
                "column Int64",
                "column zone",
                "frame multiindex",
                "table",
                "frame days",
                "series",
                "column categorical",
                "column period",
                "column interval",
                "column object text",
                "column decimals",
                "column arrays",
            ]
            expected.update(dict.fromkeys(arrow, "arrow"))
            expected.update({"column object mixed": "pickle", "column complex": "pickle", "index": "pickle"})
        made = zoo()
        for name, form in expected.items():
            with self.subTest(name):
                stored = self.save(made[name](), key=name)
                self.assertEqual(stored["format"], form)

    def test_rows_are_counted(self) -> None:
        self.assertEqual(self.save([1, 2, 3])["rows"], 3)
        self.assertEqual(self.save({"a": [1]})["rows"], None)
        self.assertEqual(self.save("text")["rows"], None)

    @needs_tables
    def test_a_frame_that_was_read_can_be_changed(self) -> None:
        import pandas as pd

        for frame in (pd.DataFrame({"a": [1.0, 2.0]}), pd.DataFrame({"a": [1.0, 2.0], "b": [1, 2]})):
            read = self.load(self.save(frame))
            read.iloc[0, 0] = 5.0
            read["a"] += 1
            self.assertEqual(read["a"].tolist(), [6.0, 3.0])
            was_writable = frame.to_numpy().flags.writeable
            self.assertEqual(read.to_numpy().flags.writeable, was_writable)

    @needs_numpy
    def test_an_array_that_was_read_can_be_changed(self) -> None:
        import numpy as np

        read = self.load(self.save(np.zeros(3)))
        read[0] = 1

    def test_what_cannot_be_pickled_is_named(self) -> None:
        cases = {
            "the output `m` cannot be stored: .* \\(`m`\\['b'\\]\\[1\\] is of type .*function.*\\)": {
                "b": [1, lambda: 0]
            },
            "the output `m` cannot be stored: cannot pickle 'generator' object \\(`m` is of type generator\\)": (
                item for item in ""
            ),
        }
        for message, value in cases.items():
            with self.assertRaisesRegex(Failure, message.replace(".*function.*", "function")):
                self.save(value, key="m")

    def test_nothing_nested_too_deeply(self) -> None:
        value: list = []
        for _ in range(100_000):
            value = [value]
        with self.assertRaisesRegex(Failure, "nested too deeply"):
            self.save(value)


class KeyNames(unittest.TestCase):
    def test_names_are_safe_short_and_distinct(self) -> None:
        keys = ["df", "DF", "Df", "..", ".", "", "a/b", "a\\b", "a b", "%", "\u00e9" * 300, "x" * 300, "x" * 301]
        keys += ["a.json", "a\nb", "-rf", "\x00", "X_train"]
        names = Names()
        claimed = [names.claim(key, ".json") for key in keys]
        self.assertEqual(len({name.casefold() for name in claimed}), len(keys))
        for name in claimed:
            self.assertRegex(name, r"^[A-Za-z0-9_%-][A-Za-z0-9_.%-]*$")
            self.assertLessEqual(len(name), 110)
        self.assertEqual(claimed[0], "df.json")
        self.assertEqual(claimed[-1], "X_train.json")

    def test_a_file_and_a_folder_do_not_meet(self) -> None:
        names = Names(["p1"])
        self.assertEqual(names.claim("a", ".json"), "a.json")
        self.assertNotEqual(names.claim("a.json"), "a.json")
        self.assertNotEqual(names.claim("P1"), "P1")


if __name__ == "__main__":
    unittest.main()
