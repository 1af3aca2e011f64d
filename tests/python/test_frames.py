"""Frames of every kind come back as they were stored, whatever they are stored as."""

from __future__ import annotations

import collections
import os
import random
import tempfile
import unittest
import unittest.mock
import warnings
from pathlib import Path

from expops_build import _arrow, _mapped, _values
from expops_build._names import Names
from frames import Frames
from harness import has, needs_tables
from zoo import same

SEEDS = range(int(os.environ.get("EXPOPS_TEST_FRAMES", "120")))


class Stored(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = folder.name
        self.saved = 0

    def through(self, value):
        """`value`, stored and read, and the format that it had."""
        self.saved += 1
        folder = os.path.join(self.out, str(self.saved))
        os.mkdir(folder)
        stored = _values.save("key", value, folder, Names())
        self.assertEqual(os.listdir(folder), [stored["file"]], "one file, and none from an attempt")
        return _values.load({**stored, "file": os.path.join(folder, stored["file"]), "map": True}), stored["format"]


@needs_tables
class Frame(Stored):
    def test_random_frames(self) -> None:
        import pandas as pd

        warnings.simplefilter("ignore")
        formats: collections.Counter = collections.Counter()
        for seed in SEEDS:
            for smallest in (_mapped._SMALLEST, 1):
                with (
                    self.subTest(seed=seed, smallest=smallest),
                    unittest.mock.patch.object(_mapped, "_SMALLEST", smallest),
                ):
                    value = Frames(random.Random(seed)).frame()
                    read, form = self.through(value)
                    formats[form] += 1
                    self.assertTrue(same(read, Frames(random.Random(seed)).frame()), (form, value, read))
                    pd.testing.assert_frame_equal(read, value, check_exact=True, check_column_type="exact")
                    again, _ = self.through(read)
                    self.assertTrue(same(again, value))
        self.assertGreater(formats["arrow"], 2 * formats["pickle"])

    def test_random_series(self) -> None:
        import pandas as pd

        for seed in SEEDS:
            with self.subTest(seed=seed):
                value = Frames(random.Random(seed)).series()
                read, form = self.through(value)
                self.assertTrue(same(read, value), (form, value, read))
                pd.testing.assert_series_equal(read, value, check_exact=True)

    def test_what_is_stored_as_arrow(self) -> None:
        import pandas as pd

        days = pd.date_range("2020", periods=3)
        for index in (
            None,
            days,
            days.to_period("M"),
            pd.interval_range(0, 3),
            pd.MultiIndex.from_product([[1], list("abc")]),
        ):
            frame = pd.DataFrame({"a": ["x", "y", None], "c": pd.Categorical(["u", "v", "u"])}, index=index)
            for value in (frame, frame["a"], frame.iloc[1:], frame.iloc[:0]):
                self.assertEqual(self.through(value)[1], "arrow")

    def test_unused_levels_and_the_names_of_categories_are_kept(self) -> None:
        import pandas as pd

        whole = pd.DataFrame({"a": range(4)}, index=pd.MultiIndex.from_product([["u", "v"], [1, 2]]))
        unsorted = whole.set_axis(pd.MultiIndex(levels=[["v", "u"], [2, 1]], codes=[[0, 0, 1, -1], [0, 1, 0, 1]]))
        for made in (whole, whole.loc[["v"]], whole.iloc[:0], whole["a"].iloc[:1], unsorted, unsorted.iloc[:1]):
            read, form = self.through(made)
            self.assertEqual(form, "arrow")
            self.assertEqual(read.index.dtypes.tolist(), made.index.dtypes.tolist())
            self.assertEqual([list(level) for level in read.index.levels], [list(level) for level in made.index.levels])
        for name in (None, "kind", 3, ("a", 1)):
            values = pd.Categorical(["x", None], categories=pd.Index(["x", "y"], name=name))
            for made in (
                pd.DataFrame({"c": values}),
                pd.DataFrame({"c": [1, 2]}, index=pd.CategoricalIndex(values)),
                pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(values)),
            ):
                read, _ = self.through(made)
                for one in (read, made):
                    kinds = [one.dtypes.iloc[0], one.index.dtype, one.columns.dtype]
                    found = [kind.categories.name for kind in kinds if isinstance(kind, pd.CategoricalDtype)]
                    self.assertEqual(found, [name])

    def test_the_type_of_categories_and_the_frequency_of_levels_are_kept(self) -> None:
        import pandas as pd

        for kind in (object, "str", "string", "int8", "float32", "M8[s]"):
            texts = pd.Index(["1", "2"], dtype=object) if kind in (object, "str", "string") else pd.Index([1, 2])
            values = pd.Categorical(["1", None] if texts.dtype == object else [1, None], texts).rename_categories(
                texts.astype(kind)
            )
            for made in (
                pd.DataFrame({"c": values}),
                pd.DataFrame({"c": [1, 2]}, index=pd.CategoricalIndex(values)),
                pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(values)),
            ):
                pd.testing.assert_frame_equal(self.through(made)[0], made)
        for days in (pd.date_range("2020", periods=3), pd.timedelta_range("1h", periods=3, freq="2h")):
            levels = pd.MultiIndex.from_product([days, ["a", "b"]], names=["day", None])
            whole = pd.DataFrame({"a": range(6)}, index=levels)
            for made in (whole, whole["a"], whole.iloc[2:], whole.iloc[::-1], whole.sort_index(level=1)):
                read, form = self.through(made)
                self.assertEqual(form, "arrow")
                self.assertEqual([level.freq for level in read.index.levels[:1]], [days.freq])
                self.assertEqual(read.index.names, ["day", None])

    def test_others_read_the_frame_too(self) -> None:
        import pandas as pd
        import pyarrow.feather

        frame = pd.DataFrame({"a": ["x", None], "b": [1, 2], "z": pd.to_datetime(["2020", "2021"], utc=True)})
        for made in (frame, frame.iloc[1:], frame.set_index("b"), frame.astype({"a": "category"})):
            stored = _values.save("key", made, self.out, Names())
            read = pyarrow.feather.read_feather(os.path.join(self.out, stored["file"]))
            pd.testing.assert_frame_equal(read, made, check_names=False, check_dtype=False, check_index_type=False)

    def test_a_mapped_frame_can_be_written_to_and_the_file_stays(self) -> None:
        import numpy as np
        import pandas as pd

        frame = pd.DataFrame({"a": np.zeros(200_000), "b": np.arange(200_000), "t": ["x"] * 200_000})
        stored = _values.save("key", frame, self.out, Names())
        path = os.path.join(self.out, stored["file"])
        before = Path(path).read_bytes()
        read = _values.load({**stored, "file": path, "map": True})
        self.assertFalse(read["a"].to_numpy().flags.owndata)
        read["a"] += 1
        read.iloc[0, 1] = 7
        read.loc[1, "t"] = "y"
        self.assertEqual((read["a"].sum(), read["b"][0], read["t"][1]), (200_000, 7, "y"))
        self.assertEqual(Path(path).read_bytes(), before)


@unittest.skipUnless(has("numpy"), "NumPy is not installed")
class Mapped(Stored):
    def test_arrays_are_plain_and_writable(self) -> None:
        import numpy as np

        kinds: list = ["f8", "c16", "?", ">i4", "U3", "M8[s]", [("a", "i4"), ("b", "f8", (2,))]]
        for kind in kinds:
            for made in (np.zeros((100, 3), kind), np.asfortranarray(np.zeros((100, 3), kind)), np.zeros((), kind)):
                with unittest.mock.patch.object(_mapped, "_SMALLEST", 1):
                    read, form = self.through(made)
                self.assertEqual(form, "npy")
                self.assertIs(type(read), np.ndarray)
                self.assertTrue(same(read, made), kind)
                self.assertTrue(read.flags.writeable)
                read[...] = read

    def test_one_is_not_seen_by_the_next(self) -> None:
        import numpy as np

        stored = _values.save("key", np.zeros(1 << 18), self.out, Names())
        node = {**stored, "file": os.path.join(self.out, stored["file"]), "map": True}
        one, other = _values.load(node), _values.load(node)
        one += 1
        self.assertEqual((one.sum(), other.sum(), _values.load(node).sum()), (1 << 18, 0, 0))

    def test_nothing_is_mapped_where_that_is_not_allowed(self) -> None:
        import numpy as np

        stored = _values.save("key", np.zeros(1 << 18), self.out, Names())
        path = os.path.join(self.out, stored["file"])
        for maps in (True, False):
            read = _values.load({**stored, "file": path, "map": maps})
            own = Path("/proc/self/maps")
            seen = path in own.read_text() if own.exists() else maps
            self.assertEqual((seen, read.sum()), (maps, 0))
            del read


@unittest.skipUnless(has("polars", "pyarrow"), "polars or pyarrow is not installed")
class Polars(Stored):
    def frame(self):
        import polars as pl

        return pl.DataFrame(
            {
                "e": pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a", "z"])),
                "c": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
                "t": ["x", None, ""],
                "i": pl.Series([1, None, 3], dtype=pl.UInt8),
                "f": [0.5, float("nan"), None],
                "b": [True, None, False],
                "l": [[1], None, []],
                "arr": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int8, 2)),
                "s": [{"q": 1, "r": "x"}, {"q": None, "r": None}, None],
                "d": pl.Series(["1.10", "2.2", None]).cast(pl.Decimal(10, 2)),
                "n": [None] * 3,
                "z": pl.Series([0, 1, None]).cast(pl.Datetime("ns", "Europe/Berlin")),
                "day": pl.Series([0, 1, None]).cast(pl.Date),
                "time": pl.Series([0, 1, None]).cast(pl.Time),
                "span": pl.Series([0, 1, None]).cast(pl.Duration("ms")),
                "bin": [b"a", b"", None],
            }
        )

    def test_objects_do_not_become_their_addresses(self) -> None:
        import polars as pl

        objects = pl.Series("a", [object()], dtype=pl.Object)
        for value in (objects, objects.to_frame()):
            self.assertFalse(_arrow.write(value, "unused"))

    def test_frames(self) -> None:
        import polars as pl
        from polars.testing import assert_frame_equal

        whole = self.frame()
        nameless = pl.DataFrame({"column_0": [1], "": [2]})
        for made in (
            whole,
            whole[1:],
            whole[:0],
            pl.concat([whole, whole]),
            pl.DataFrame(),
            pl.DataFrame({"x": [1]}),
            nameless,
        ):
            read, form = self.through(made)
            self.assertEqual(form, "arrow")
            assert_frame_equal(read, made, check_exact=True)
            self.assertEqual(read.schema, made.schema)

    def test_series(self) -> None:
        import polars as pl
        from polars.testing import assert_series_equal

        for made in [*self.frame(), pl.Series([3, 4])]:
            read, form = self.through(made)
            self.assertEqual(form, "arrow")
            assert_series_equal(read, made, check_exact=True)

    def test_what_arrow_does_not_have_is_pickled(self) -> None:
        import polars as pl
        from polars.testing import assert_frame_equal

        for made in (pl.DataFrame({"i": pl.Series([2**100], dtype=pl.Int128)}),):
            read, form = self.through(made)
            self.assertEqual(form, "pickle")
            assert_frame_equal(read, made)


if __name__ == "__main__":
    unittest.main()
