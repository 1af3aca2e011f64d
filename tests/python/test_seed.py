"""Runs repeat: generators are seeded when their library is there, and thread pools are limited."""

from __future__ import annotations

import unittest

from harness import ProjectTest, needs_numpy


class Seeds(ProjectTest):
    def drawn(self, head: str, draw: str, **fields):
        return self.passes(f"{head}\ndef f(): return {{'drawn': {draw}}}\n", "f", **fields).value("drawn")

    def check(self, head: str, draw: str) -> None:
        first, again, other = (self.drawn(head, draw, rng_seed=seed) for seed in (5, 5, 6))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_random(self) -> None:
        self.check("import random", "random.random()")
        self.check("", "__import__('random').random()")

    @needs_numpy
    def test_numpy(self) -> None:
        self.check("import numpy", "float(numpy.random.rand())")
        self.check("from numpy.random import rand", "float(rand())")
        self.check("", "float(__import__('numpy').random.rand())")
        big = {"rng_seed": 2**64 - 1}
        self.assertEqual(
            self.drawn("import numpy", "float(numpy.random.rand())", **big),
            self.drawn("import numpy", "float(numpy.random.rand())", **big),
        )

    def test_no_seed_is_no_seeding(self) -> None:
        draws = [self.drawn("import random", "random.random()", rng_seed=None) for _ in range(2)]
        self.assertNotEqual(*draws)

    def test_torch_is_seeded_when_it_is_imported(self) -> None:
        self.write(
            "src/torch.py", "seen = []\ndef manual_seed(s): seen.append(s)\ndef set_num_threads(n): seen.append(n)\n"
        )
        self.assertEqual(
            self.drawn("import torch", "torch.seen + [type(torch.__loader__).__name__]", rng_seed=9, cpus=3)[:2], [3, 9]
        )

    def test_a_module_that_is_not_the_library(self) -> None:
        self.write("src/torch.py", "")
        self.write("src/tensorflow.py", "x = 1")
        self.assertEqual(self.drawn("import torch, tensorflow", "tensorflow.x"), 1)
        self.assertEqual(self.drawn("try:\n    import matplotlib.nowhere\nexcept ImportError: pass", "1"), 1)

    @needs_numpy
    def test_what_is_imported_has_its_own_loader(self) -> None:
        self.assertEqual(
            self.drawn("import numpy.random as r", "type(r.__spec__.loader).__module__"),
            self.drawn("import numpy.linalg as r", "type(r.__spec__.loader).__module__"),
        )

    def test_threads(self) -> None:
        names = "['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'MPLBACKEND']"
        got = self.drawn("import os", f"[os.environ[name] for name in {names}]", cpus=2, env={"OMP_NUM_THREADS": "64"})
        self.assertEqual(got, ["2", "2", "2", "Agg"])


if __name__ == "__main__":
    unittest.main()
