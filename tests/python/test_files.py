"""Outputs that are files and folders."""

from __future__ import annotations

import os
import unittest

from harness import ProjectTest


class FileOutputs(ProjectTest):
    def test_a_file_is_copied_and_arrives_as_a_path(self) -> None:
        script = """
            from pathlib import Path
            def f():
                Path("report.txt").write_text("first")
                Path("run.sh").write_text("#!/bin/sh")
                Path("run.sh").chmod(0o755)
                return {"report": Path("report.txt"), "again": Path("report.txt").resolve(), "tool": Path("run.sh")}
        """
        done = self.passes(script, "f")
        self.assertEqual(
            [one["file"] for one in done.result["outputs"]], ["report/report.txt", "again/report.txt", "tool/run.sh"]
        )
        self.assertEqual((done.out / "report/report.txt").read_bytes(), b"first")
        self.assertEqual(done.result["outputs"][0]["format"], "file")
        self.assertTrue((done.out.parent / "work/report.txt").exists(), "it stays as an artifact")
        self.assertTrue(os.access(done.out / "tool/run.sh", os.X_OK))
        reader = "def g(report): return {'got': [report.name, report.read_text(), type(report).__name__]}\n"
        got = self.passes(reader, "g", inputs=[["report", done.output("report")]]).value("got")
        self.assertEqual(got, ["report.txt", "first", "PosixPath"])

    def test_a_folder(self) -> None:
        script = """
            import os
            from pathlib import Path
            def f(text):
                root = Path("model")
                (root / "inner" / "empty").mkdir(parents=True)
                (root / "b.txt").write_text(text)
                (root / "inner" / "a.txt").write_text("a")
                os.symlink("b.txt", root / "link")
                os.symlink(root, "model_link")
                return {"model": Path("model_link")}
        """
        first, second, third = (self.passes(script, "f", parameters={"text": text}) for text in ("x", "x", "y"))
        outputs = [one.result["outputs"][0] for one in (first, second, third)]
        self.assertEqual(outputs[0]["file"], "model/model_link")
        copied = first.out / "model/model_link"
        found = sorted(str(path.relative_to(copied)) for path in copied.rglob("*"))
        self.assertEqual(found, ["b.txt", "inner", "inner/a.txt", "inner/empty", "link"])
        self.assertFalse((copied / "link").is_symlink())
        texts = [(done.out / "model/model_link/link").read_text() for done in (first, second, third)]
        self.assertEqual(texts, ["x", "x", "y"])

    def test_what_is_refused(self) -> None:
        head = "import os\nfrom pathlib import Path\ndef f():\n"
        cases = [
            ("    return {'a': Path('gone.txt')}", "the output `a` is the path `gone.txt`, where there is no file"),
            (
                "    return {'a': Path('..')}",
                "the output `a` is the path `..`, a folder that holds the build's own output; "
                "return the path of something inside it",
            ),
        ]
        for body, message in cases:
            self.assertEqual(self.fails(f"{head}{body}\n", "f").message, message)
        for body, pattern in [
            ("    os.mkfifo('pipe')\n    return {'a': Path('pipe')}", "neither a file nor a folder"),
            (
                "    os.mkdir('d')\n    os.symlink('..', 'd/up')\n    return {'a': Path('d')}",
                "symbolic link to a folder around",
            ),
            (
                "    os.mkdir('d')\n    os.symlink('gone', 'd/up')\n    return {'a': Path('d')}",
                "neither a file nor a folder",
            ),
            ("    n = os.fsdecode(b'\\xff'); open(n, 'w').close()\n    return {'a': Path(n)}", "is not UTF-8"),
        ]:
            self.assertRegex(self.fails(f"{head}{body}\n", "f").message, pattern)

    def test_a_path_is_not_split_here(self) -> None:
        path = self.write("data.bin", "x")
        plan = {"data_name": "df", "size": {"equal": 2}, "by": "rows"}
        failed = self.fails(mode="split", inputs=[["df", {"file": str(path), "format": "file"}]], split=plan)
        self.assertRegex(failed.message, r"`df` is a file \(`data.bin`\)")


if __name__ == "__main__":
    unittest.main()
