"""A digest is of what can be observed: not of process, layout or storage, nor of the identity of constants."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import unittest
from datetime import date
from pathlib import Path
from typing import Any

from expops_build import _digest
from harness import has, needs_numpy, needs_tables
from zoo import Model, zoo


class Digests(unittest.TestCase):
    def same(self, *values) -> None:
        self.assertEqual(len({_digest.of(value) for value in values}), 1, values)

    def differ(self, *values) -> None:
        self.assertEqual(len({_digest.of(value) for value in values}), len(values), values)

    def test_equal_values_made_twice(self) -> None:
        for name, make in zoo().items():
            with self.subTest(name):
                self.same(make(), make(), pickle.loads(pickle.dumps(make(), 5)))

    def test_all_values_of_the_zoo_differ(self) -> None:
        digests: dict = {}
        for name, make in zoo().items():
            digests.setdefault(_digest.of(make()), []).append(name)
        shared = [names for names in digests.values() if len(names) > 1]
        self.assertEqual(shared, [])

    def test_the_process_does_not_matter(self) -> None:
        code = (
            "import json, sys; sys.path.insert(0, sys.argv[1]); import harness\n"
            "from zoo import zoo; from expops_build import _digest\n"
            "print(json.dumps({name: _digest.of(make()) for name, make in zoo().items()}))"
        )
        printed = []
        for seed in ("0", "1", "77"):
            env = {**os.environ, "PYTHONHASHSEED": seed}
            command = [sys.executable, "-W", "ignore", "-c", code, os.path.dirname(os.path.abspath(__file__))]
            printed.append(json.loads(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout))
        for name in printed[0]:
            with self.subTest(name):
                self.assertEqual(len({one[name] for one in printed}), 1)

    def test_shared_parts_are_equal_parts_where_nobody_can_change_them(self) -> None:
        part = (1, "long text that is not interned", date(2020, 1, 2))
        self.same([part, part], [(1, "".join(["long text", " that is not interned"]), date(2020, 1, 2)), part])

    def test_what_is_changed_in_one_place_is_seen_in_the_other(self) -> None:
        for make in (lambda: [1], lambda: Model([1]), lambda: {"a": 1}, lambda: {1}, lambda: bytearray(b"1")):
            part = make()
            self.differ((part, part), (make(), make()))
            self.differ({"a": part, "b": {"c": (part,)}}, {"a": part, "b": {"c": (make(),)}})
            self.same((part, part), (lambda other: (other, other))(make()))
            self.differ((part, make(), part), (part, part, make()), (part, part, part))

    def test_order_counts_in_dicts_and_not_in_sets(self) -> None:
        self.differ({"a": 1, "b": 2}, {"b": 2, "a": 1})
        self.same({8, 16, 0, "a"}, {"a", 0, 16, 8})
        self.same(frozenset([(1, "a"), (2, "b")]), frozenset([(2, "b"), (1, "a")]))
        self.differ({1}, {1.0}, {True}, frozenset({1}), {"1"})

    def test_cycles_end(self) -> None:
        def looped(last):
            value: list = [1]
            value.append(value)
            value.append({"self": value, "last": last})
            return value

        def model(names):
            made = Model([])
            made.weights.append(made)
            made.names = names
            return made

        self.same(looped("x" * 3), looped("".join(["x", "xx"])))
        self.differ(looped(1), looped(2))
        self.same(model({"a", "b"}), model({"b", "a"}))
        self.differ(model({"a", "b"}), model({"a", "c"}))

    def test_a_cycle_through_a_set_ends(self) -> None:
        class Node:
            seen: Any

            def __reduce__(self):
                return (list, (), {"seen": self.seen})

        def node():
            made = Node()
            made.seen = {made, 1}
            return made

        self.same(node(), node())

    def test_a_graph_with_many_paths_ends(self) -> None:
        value: list = ["leaf"]
        for _ in range(100):
            value = [value, value]
        self.assertEqual(len(_digest.of(value)), 64)

    @needs_numpy
    def test_layout_of_arrays(self) -> None:
        import numpy as np

        self.same(np.arange(10)[2:5], np.arange(2, 5), np.arange(4, 1, -1)[::-1])
        self.same(np.zeros((3, 4))[:, :2], np.zeros((3, 2)))
        self.differ(np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(6), np.asfortranarray(np.zeros((2, 3))))
        self.differ(np.zeros(2, "f4"), np.zeros(1, "f8"), np.zeros(2, "i4"), np.zeros(2, ">f4"))
        self.differ([np.zeros(2)] * 2, [np.zeros(2), np.zeros(2)])
        self.same([np.dtype("f8")] * 2, [np.dtype("f8"), np.dtype("float64")])
        big = np.dtype([("a", "i1"), ("b", "f8")], align=True)
        one, other = (np.frombuffer(bytes([fill]) * 16, big).copy() for fill in (0, 7))
        for array in (one, other):
            array["a"], array["b"] = 1, 2.5
        self.same(one, other)

    @needs_numpy
    def test_bytes_that_are_nobodys(self) -> None:
        import os
        import tempfile

        import numpy as np

        from expops_build import _values
        from expops_build._names import Names

        holes = np.dtype(
            {"names": ["a", "b"], "formats": ["i1", [("x", "f8"), ("y", "i1")]], "offsets": [0, 8], "itemsize": 24}
        )
        dtypes = [np.dtype(np.longdouble), np.dtype(np.clongdouble), holes, np.dtype([("p", np.longdouble)])]
        for dtype in dtypes:
            made = []
            for fill in (0, 7, 255):
                array = np.frombuffer(bytes([fill]) * dtype.itemsize * 4, dtype).copy().reshape(2, 2)
                if dtype.names == ("a", "b"):
                    array["a"], array["b"]["x"], array["b"]["y"] = 1, 0.5, 2
                elif dtype.names:
                    array["p"] = 0.1
                else:
                    array[...] = np.longdouble(1) / 3
                    array.reshape(-1).view("u1").reshape(-1, 16)[:, 10:] = fill
                made.append(array)
            self.same(*made)
            self.same(*([array] for array in made))
            if dtype.names is None:
                self.same(*([array.reshape(-1)[0]] for array in made))
            self.same(*(np.asfortranarray(array) for array in made))
            with tempfile.TemporaryDirectory() as out:
                stored = []
                for array in made:
                    one = _values.save("a", array, out, Names())
                    stored.append(
                        (one.get("digest"), Path(out, one["file"]).read_bytes() if one["format"] == "npy" else b"")
                    )
                    os.remove(os.path.join(out, one["file"]))
                self.assertEqual(len(set(stored)), 1, dtype)

    @needs_tables
    def test_layout_of_frames(self) -> None:
        import numpy as np
        import pandas as pd

        whole = pd.DataFrame({"a": range(9), "b": list("abcdefghi"), "c": [0.5] * 9, "d": pd.array([1, None, 3] * 3)})
        part = whole.iloc[3:6]
        made = pd.DataFrame(
            {"a": [3, 4, 5], "b": list("def"), "c": [0.5] * 3, "d": pd.array([1, None, 3])}, index=pd.RangeIndex(3, 6)
        )
        self.same(part, made, part.copy(), pd.concat([part[["a", "b"]], part[["c", "d"]]], axis=1))
        self.differ(part, part.reset_index(drop=True), part.rename(columns={"a": "A"}), part[["b", "a", "c", "d"]])
        levels = pd.MultiIndex.from_product([["x", "y"], [1, 2]])
        self.same(
            pd.Series([1, 2], index=levels[:2]), pd.Series([1, 2], index=pd.MultiIndex.from_product([["x"], [1, 2]]))
        )
        masked = pd.arrays.IntegerArray(np.array([1, 99]), np.array([False, True]))
        self.same(pd.Series(masked), pd.Series([1, None], dtype="Int64"))
        self.differ(
            pd.Series([1, 2]), pd.Series([1, 2], dtype="Int64"), pd.Series([1.0, 2.0]), pd.Series([1, 2], name="a")
        )

    @needs_tables
    def test_layout_of_arrow_tables(self) -> None:
        import numpy as np
        import pyarrow as pa

        def table(start, stop, junk):
            values = pa.array(np.arange(9) + junk * (np.arange(9) % 2), mask=np.arange(9) % 2 == 1)
            flags = pa.array([row % 3 == 0 for row in range(9)])
            texts = pa.array([None if row % 4 == 0 else "t" * row for row in range(9)])
            lists = pa.array([[row] * row if row % 3 else None for row in range(9)])
            return pa.table({"i": values, "f": flags, "s": texts, "l": lists}).slice(start, stop - start)

        self.same(
            table(3, 8, 0), table(3, 8, 50), pa.Table.from_pylist(table(3, 8, 0).to_pylist(), table(0, 1, 0).schema)
        )
        self.same(table(0, 8, 0), pa.concat_tables([table(0, 3, 0), table(3, 8, 1)]))
        self.differ(table(3, 8, 0), table(2, 7, 0), table(3, 7, 0), table(3, 3, 0))

    @unittest.skipUnless(has("polars", "pyarrow"), "polars or pyarrow is not installed")
    def test_layout_of_polars(self) -> None:
        import polars as pl

        whole = pl.DataFrame({"a": [1, None, 3, 4], "t": ["x", None, "", "long" * 9]})
        self.same([whole], [pl.concat([whole[:1], whole[1:]])], [pl.concat([whole, whole])[4:]])
        self.differ(
            [whole],
            [whole[1:]],
            [whole.rename({"a": "b"})],
            [whole["a"]],
            [whole.with_columns(pl.col("a").cast(pl.Int8))],
        )


if __name__ == "__main__":
    unittest.main()
