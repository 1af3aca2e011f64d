"""One run from request to result: what the user sees when something fails, and isolation."""

from __future__ import annotations

import json
import re
import sys
import unittest

from harness import PACKAGE_PARENT, ProjectTest


class Failures(ProjectTest):
    """Golden texts; carets, which only some versions of Python draw, are left out."""

    def expect(self, script: str, message: str, text: str = "", function: str = "f", **fields) -> None:
        failed = self.fails(script, function, **fields)
        self.assertEqual(failed.message, message)
        if text:
            lines = re.sub(r"(?m)^ +[\^~]+\n", "", failed.text).replace(str(self.root), "ROOT")
            self.assertEqual(lines.strip("\n"), text.strip("\n"))
        self.assertEqual(list((self.root / "build").rglob("*.tmp")), [])

    def test_an_exception(self) -> None:
        self.write("src/helper.py", "def check(value):\n    raise ValueError(f'bad {value}\\nsecond line')\n")
        script = """
            import helper
            from expops.core import process, step

            @step()
            def inner():
                helper.check(5)

            @process()
            def f():
                inner()
        """
        text = """
Traceback (most recent call last):
  File "ROOT/src/model.py", line 10, in f
    inner()
  File "ROOT/src/model.py", line 6, in inner
    helper.check(5)
  File "ROOT/src/helper.py", line 2, in check
    raise ValueError(f'bad {value}\\nsecond line')
ValueError: bad 5
second line
"""
        self.expect(script, "ValueError: bad 5", text)

    def test_chained_exceptions(self) -> None:
        script = """
            def f():
                try:
                    {}["k"]
                except KeyError as error:
                    raise RuntimeError("outer") from error
        """
        text = """
Traceback (most recent call last):
  File "ROOT/src/model.py", line 3, in f
    {}["k"]
KeyError: 'k'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "ROOT/src/model.py", line 5, in f
    raise RuntimeError("outer") from error
RuntimeError: outer
"""
        self.expect(script, "RuntimeError: outer", text)

    def test_frames_of_libraries_are_in_the_log_only(self) -> None:
        script = "import json\ndef f():\n    json.loads('{')\n"
        text = """
Traceback (most recent call last):
  File "ROOT/src/model.py", line 3, in f
    json.loads('{')
json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
"""
        message = "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        self.expect(script, message, text)
        self.assertIn("decoder.py", self.fails(script, "f").log)

    @unittest.skipIf(sys.version_info < (3, 11), "notes and groups are of Python 3.11")
    def test_notes_and_groups(self) -> None:
        script = """
            def f():
                error = ValueError("inner")
                error.add_note("a note")
                raise ExceptionGroup("several", [error])
        """
        failed = self.fails(script, "f")
        self.assertEqual(failed.message, "ExceptionGroup: several (1 sub-exception)")
        self.assertIn("| a note", failed.text)

    def test_a_syntax_error(self) -> None:
        text = """
  File "ROOT/src/model.py", line 2
    return (
SyntaxError: '(' was never closed
"""
        if sys.version_info >= (3, 10):
            self.expect("def f():\n    return (\n", "SyntaxError in model.py, line 2: '(' was never closed", text)
        failed = self.fails("def f():\nreturn 1\n", "f")
        self.assertTrue(failed.message.startswith("IndentationError in model.py, line 2: expected an indented block"))

    def test_an_import_that_fails(self) -> None:
        text = """
Traceback (most recent call last):
  File "ROOT/src/model.py", line 1, in <module>
    import core
ModuleNotFoundError: No module named 'core'
"""
        self.expect("import core\n", "ModuleNotFoundError: No module named 'core'", text)

    def test_the_function(self) -> None:
        script = "value = 5\ndef define_training(): pass\n"
        message = "the script `model.py` has no function `define_trainig`; did you mean `define_training`?"
        self.expect(script, message, message, function="define_trainig")
        self.expect(script, "`value` in the script `model.py` is an int, not a function", function="value")
        failed = self.fails(None, "f", script_file=str(self.root / "gone.py"))
        self.assertEqual(failed.message, f"there is no script `{self.root}/gone.py`")

    def test_what_it_returns(self) -> None:
        for returned, told in [
            ("[1]", "a list"),
            ("None", "None"),
            ("5", "an int"),
            ("(i for i in ())", "a generator"),
            ("set()", "a set"),
        ]:
            message = f'`f` returned {told}; return a dict such as {{"result": ...}}'
            self.expect(f"def f(): return {returned}\n", message, message)
        message = "`f` returned a dict with the key 1, an int; keys are names of outputs: text"
        self.expect("def f(): return {'a': 1, 1: 2}\n", message, message)
        message = "`f` returned a dict with the key '\\ud800', which is not valid Unicode"
        self.expect("def f(): return {'\\ud800': 2}\n", message)

    def test_a_value_that_cannot_be_pickled(self) -> None:
        script = """
            class Stubborn:
                def __getstate__(self):
                    raise TypeError("I stay here")
            def f():
                return {"fine": 1, "model": {"inner": Stubborn()}}
        """
        text = """
Traceback (most recent call last):
  File "ROOT/src/model.py", line 3, in __getstate__
    raise TypeError("I stay here")
TypeError: I stay here

the output `model` cannot be stored: I stay here (`model`['inner'] is of type Stubborn)
"""
        message = "the output `model` cannot be stored: I stay here (`model`['inner'] is of type Stubborn)"
        self.expect(script, message, text)

    def test_ways_to_leave(self) -> None:
        self.expect("import sys\ndef f(): sys.exit(0)\n", "the code called sys.exit(0) before it returned")
        self.expect("raise SystemExit('no data')\n", "the code called sys.exit('no data') before it returned")
        self.expect("def f(): raise KeyboardInterrupt\n", "interrupted")
        self.expect("def f(): raise MemoryError\n", "MemoryError")
        message = "RecursionError: maximum recursion depth exceeded"
        self.assertTrue(self.fails("def f(): f()\n", "f").message.startswith(message))
        left = self.run_request("import os\ndef f():\n    print('seen', flush=False)\n    os._exit(0)\n", "f")
        self.assertEqual((left.status, left.result, left.log), (0, None, "seen\n"))

    def test_an_exception_that_cannot_be_shown(self) -> None:
        script = """
            class Odd(Exception):
                def __str__(self):
                    raise ValueError
            def f():
                raise Odd
        """
        self.expect(script, "Odd: (its message cannot be shown)")

    def test_streams_that_the_code_closed(self) -> None:
        self.passes("import sys\ndef f():\n    sys.stdout.close()\n    return {}\n", "f")
        self.passes("import sys\ndef f():\n    sys.stdout = None\n    return {}\n", "f")
        script = "import sys\ndef f():\n    sys.stderr.close()\n    raise ValueError('x')\n"
        self.expect(script, "ValueError: x")

    def test_an_exception_that_cannot_be_looked_at(self) -> None:
        script = """
            class Odd(BaseException):
                @property
                def __class__(self):
                    raise ValueError
                def __getattribute__(self, name):
                    raise ValueError
            def f():
                raise Odd
        """
        self.assertTrue(self.fails(script, "f").message.startswith("Odd"))

    def test_another_version_of_the_protocol(self) -> None:
        self.expect("", "the request has version 1, and this runtime knows version 2", version=1)


class Isolation(ProjectTest):
    def test_our_modules_are_not_found_and_theirs_are(self) -> None:
        self.write("src/core.py", "NAME = 'theirs'\n")
        script = """
            import core, sys, os
            def f():
                return {"name": core.NAME, "path": sys.path, "argv": sys.argv, "cwd": os.getcwd(), "main": __name__}
        """
        done = self.passes(script, "f")
        self.assertEqual(done.value("name"), "theirs")
        self.assertNotIn(str(PACKAGE_PARENT / "expops_build"), done.value("path"))
        self.assertEqual(done.value("argv"), [str(self.root / "src/model.py")])
        self.assertTrue(done.value("cwd").endswith("/work"))
        self.assertEqual(done.value("main"), "model")

    def test_no_bytecode_is_written_or_believed(self) -> None:
        import os
        import py_compile

        helper = self.write("src/helper.py", "VALUE = 1\n")
        py_compile.compile(str(helper))
        status = os.stat(helper)
        helper.write_text("VALUE = 2\n")
        os.utime(helper, ns=(status.st_atime_ns, status.st_mtime_ns))
        self.write("src/package/__init__.py", "from package.inner import VALUE\n")
        self.write("src/package/inner.py", "VALUE = 3\n")
        cached = sorted(self.root.rglob("*.pyc"))
        script = "import helper, package\ndef f(): return {'values': [helper.VALUE, package.VALUE]}\n"
        self.assertEqual(self.passes(script, "f").value("values"), [2, 3])
        self.assertEqual(sorted(self.root.rglob("*.pyc")), cached)

    def test_the_main_block_does_not_run(self) -> None:
        script = "def f(): return {}\nif __name__ == '__main__':\n    raise SystemExit\n"
        self.passes(script, "f")

    def test_a_script_named_like_a_module(self) -> None:
        for stem in ("json", "types_", "my-model", "random", "numpy_"):
            self.write(f"src/{stem}.py", "class C:\n    a = 1\ndef f():\n    return {'a': 1}\n")
            done = self.passes(None, "f", script_file=str(self.root / f"src/{stem}.py"))
            self.assertEqual(done.value("a"), 1)
            (self.root / f"src/{stem}.py").unlink()
        self.write("src/expops.py", "def f(): pass\n")
        failed = self.fails(None, "f", script_file=str(self.root / "src/expops.py"))
        self.assertTrue(failed.message.endswith("hides the package `expops`; give it another name"))

    def test_dataclasses_and_source_work(self) -> None:
        script = """
            from __future__ import annotations
            import dataclasses, inspect
            @dataclasses.dataclass
            class Config:
                a: int = 1
            def f():
                return {"config": Config(), "source": inspect.getsource(f)[:7]}
        """
        done = self.passes(script, "f")
        self.assertEqual(done.value("source"), "def f()")

    def test_other_processes(self) -> None:
        script = """
            import multiprocessing
            def double(x):
                return 2 * x
            def f():
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    return {"doubled": pool.map(double, [1, 2])}
        """
        self.assertEqual(self.passes(script, "f").value("doubled"), [2, 4])

    def test_output_of_any_kind_is_logged(self) -> None:
        done = self.passes("def f():\n    print('\\ud800 \\u00e9')\n    return {}\n", "f", env={"LC_ALL": "C"})
        self.assertEqual(done.log, "\\ud800 \u00e9\n")


class Start(ProjectTest):
    def test_no_library_is_imported_to_store_a_number(self) -> None:
        script = """
            import sys
            def f():
                heavy = ("numpy", "pandas", "pyarrow", "torch", "matplotlib", "random", "traceback", "sysconfig", "difflib")
                return {"loaded": [name for name in heavy if name in sys.modules and name != "random"]}
        """
        self.assertEqual(self.passes(script, "f").value("loaded"), [])

    def test_the_result_is_as_documented(self) -> None:
        done = self.passes("def f(): return {'a': [1], 'b': (1,)}\n", "f")
        self.assertEqual(
            sorted(done.result), ["error", "metrics", "nonce", "outputs", "partitions", "steps", "version", "watch"]
        )
        self.assertEqual(done.result["watch"]["variables"], {})
        first, second = done.result["outputs"]
        self.assertEqual(first, {"key": "a", "file": "a.json", "format": "json", "rows": 1})
        digest = second.pop("digest")
        self.assertRegex(digest, "^[0-9a-f]{64}$")
        self.assertEqual(second, {"key": "b", "file": "b.pickle", "format": "pickle", "rows": 1})
        self.assertEqual(json.loads((done.out / "a.json").read_text()), [1])


if __name__ == "__main__":
    unittest.main()
