"""The floor: what Python tells by itself of files, lists and programs, where no library is preloaded."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from typing import List, Set, Tuple

_RUNTIME = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "src", "python")


def _has(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


class Told(unittest.TestCase):
    """A child runs some code in a folder; what it tells has names relative to that."""

    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.work = os.path.realpath(os.path.join(self._folder.name, "work"))
        os.makedirs(os.path.join(self.work, "sub", "deep"))
        for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt"):
            with open(os.path.join(self.work, name), "w") as file:
                file.write("1\n")

    def told(self, code: str) -> List[Tuple[str, str]]:
        log = os.path.join(self._folder.name, "log")
        with contextlib.suppress(FileNotFoundError):
            os.remove(log)
        roots = f"-/\n+{self.work}"
        begin = f"import sys\nsys.path.insert(0, {_RUNTIME!r})\nfrom expops_build import _hook\n"
        begin += f"_hook.begin({log!r}, {roots!r})\n"
        subprocess.run([sys.executable, "-c", begin + textwrap.dedent(code)], cwd=self.work, check=True, timeout=120)
        with open(log, "rb") as file:
            records = [record.split(b" ", 5) for record in file.read().split(b"\0") if record]
        pairs = [(os.fsdecode(one[0]), os.path.normpath(os.fsdecode(one[5]))) for one in records]
        return [(operation, os.path.relpath(path, self.work)) for operation, path in pairs]

    def paths(self, code: str, operation: str) -> Set[str]:
        return {path for found, path in self.told(code) if found == operation}


class Files(Told):
    def test_what_is_opened_listed_and_looked_up(self) -> None:
        for code, operation, path in (
            ("open('a.txt').read()", "r", "a.txt"),
            ("open(b'sub/b.txt').read()", "r", "sub/b.txt"),
            ("import os; os.close(os.open('a.txt', os.O_RDONLY))", "r", "a.txt"),
            ("import pathlib; pathlib.Path('sub/deep/c.txt').read_text()", "r", "sub/deep/c.txt"),
            ("import os; os.chdir('sub'); open('b.txt').read()", "r", "sub/b.txt"),
            ("import os; os.listdir('sub')", "l", "sub"),
            ("import os; os.listdir()", "l", "."),
            ("import pathlib; list(pathlib.Path('.').glob('sub/*'))", "l", "sub"),
            ("import os; list(os.walk('.'))", "l", "sub/deep"),
            ("import os; os.path.exists('none')", "-", "none"),
            ("import os; os.path.getsize('a.txt')", "s", "a.txt"),
            ("import pathlib; pathlib.Path('none').exists()", "-", "none"),
            ("import os; os.access('a.txt', os.R_OK)", "s", "a.txt"),
            ("try:\n    open('none')\nexcept OSError:\n    pass", "-", "none"),
            ("open('new', 'w').write('1')", "c", "new"),
            ("open('a.txt', 'w').write('1')", "t", "a.txt"),
            ("open('a.txt', 'a').write('1')", "a", "a.txt"),
            ("open('a.txt', 'r+').read()", "u", "a.txt"),
            ("import os; os.rename('a.txt', 'z')", "n", "z"),
            (
                "import threading\nt = threading.Thread(target=lambda: open('a.txt').read())\nt.start(); t.join()",
                "r",
                "a.txt",
            ),
            ("import os\nif os.fork() == 0:\n    open('a.txt').read()\n    os._exit(0)\nos.wait()", "r", "a.txt"),
            (
                "import sys\nsys.path.insert(0, 'sub')\nopen('sub/fast.so', 'w').write('1')\n"
                "try:\n    import fast\nexcept ImportError:\n    pass",
                "r",
                "sub/fast.so",
            ),
            ("import sqlite3; sqlite3.connect('file:a.txt?mode=ro', uri=True)", "r", "a.txt"),
        ):
            with self.subTest(code):
                self.setUp()
                self.assertIn(path, self.paths(code, operation))

    def test_what_is_looked_at_without_a_path_is_no_read(self) -> None:
        self.assertEqual(self.paths("import os; os.fstat(0); os.stat(0); id(1)", "s"), set())

    def test_functions_that_are_wrapped_do_what_they_did(self) -> None:
        code = """
            import os, pathlib, shutil
            assert os.stat in os.supports_follow_symlinks and os.stat in os.supports_dir_fd
            folder = os.open("sub", os.O_RDONLY)
            assert os.stat("b.txt", dir_fd=folder).st_size == 2
            assert os.stat("a.txt", follow_symlinks=False).st_size == 2
            assert pathlib.Path("a.txt").is_file() and not os.path.islink("a.txt")
            shutil.copytree("sub", "copy")
            shutil.rmtree("copy")
        """
        self.told(code)


class Programs(Told):
    def test_programs_are_told_with_what_their_words_name(self) -> None:
        for code in (
            "import subprocess; subprocess.run(['cat', 'sub/b.txt'])",
            "import subprocess; subprocess.run('cat sub/b.txt', shell=True)",
            "import subprocess; subprocess.run(['cat', 'b.txt'], cwd='sub')",
            "import os; os.system('cat sub/b.txt')",
            "import os; os.popen('cat sub/b.txt').read()",
            "import os; os.waitpid(os.posix_spawn('/bin/cat', ['cat', 'sub/b.txt'], os.environ), 0)",
            "import subprocess; subprocess.run(['true', '--in=sub/b.txt'])",
        ):
            with self.subTest(code):
                self.setUp()
                told = self.told(code)
                self.assertIn("S", [operation for operation, _ in told])
                self.assertIn(("w", "sub/b.txt"), told)

    def test_variables_that_their_words_name_are_told(self) -> None:
        for code in (
            "import subprocess; subprocess.run('echo $RATE', shell=True)",
            "import os; os.system('echo ${RATE:-1}')",
            "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import os; os.environ.get( \\'RATE\\')'])",
        ):
            with self.subTest(code):
                self.setUp()
                names = {os.path.basename(path) for operation, path in self.told(code) if operation == "$"}
                self.assertEqual(names, {"RATE"})

    def test_other_interpreters_of_multiprocessing_are_told(self) -> None:
        code = """
            import multiprocessing
            if __name__ == "__main__":
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    assert pool.map(abs, [-1]) == [1]
        """
        self.assertTrue(self.paths(code, "S"))


class Readers(Told):
    def check(self, library: str, imports: str, code: str) -> None:
        if not _has(library):
            self.skipTest(f"{library} is not installed")
        self.assertEqual(self.paths(imports, "S"), set(), "an import is no read")
        told = self.told(f"{imports}\ntry:\n    {code}\nexcept Exception:\n    pass")
        self.assertIn("S", [operation for operation, _ in told])

    def test_pandas(self) -> None:
        self.check("pandas", "import pandas", "pandas.read_parquet('a.txt')")

    def test_pyarrow(self) -> None:
        self.check("pyarrow", "import pyarrow.parquet", "pyarrow.parquet.read_table('a.txt')")
        self.check("pyarrow", "import pyarrow", "pyarrow.memory_map('a.txt')")
        self.check("pyarrow", "from pyarrow.csv import read_csv", "read_csv('a.txt')")

    def test_polars(self) -> None:
        self.check("polars", "import polars", "polars.scan_csv('a.txt').collect()")
        self.check("polars", "import polars as pl", "pl.read_csv('a.txt')")

    def test_duckdb(self) -> None:
        self.check("duckdb", "import duckdb", "duckdb.sql('select 1')")

    def test_a_wrapped_reader_can_be_pickled(self) -> None:
        if not _has("pandas"):
            self.skipTest("pandas is not installed")
        code = """
            import pandas, pickle
            assert pickle.loads(pickle.dumps(pandas.read_parquet)) is pandas.read_parquet
        """
        self.told(code)


if __name__ == "__main__":
    unittest.main()
