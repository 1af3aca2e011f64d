"""What a function is given, and what it is told when something is not there."""

from __future__ import annotations

import unittest
from typing import Any

from harness import ProjectTest

UNREADABLE = {"file": "/nowhere", "format": "pickle"}


class Injection(ProjectTest):
    def call(self, signature: str, body: str = "locals()", head: str = "", **fields):
        script = f"{head}\ndef f({signature}):\n    return {{'got': {body}}}\n"
        return self.passes(script, "f", **fields).value("got")

    def test_by_name(self) -> None:
        inputs = [["df", self.stored("df", [1, 2])], ["model", self.stored("model", {"w": 1})], ["unread", UNREADABLE]]
        got = self.call("df, model, rate=0.1, size=5", inputs=inputs, parameters={"rate": 0.001, "unused": 1})
        self.assertEqual(got, {"df": [1, 2], "model": {"w": 1}, "rate": 0.001, "size": 5})

    def test_all_kinds_of_arguments(self) -> None:
        given: Any = {"parameters": {"a": 1, "d": 4, "x": 7}, "random_seed": 41}
        got = self.call("a, b=2, /, c=3, *args, d, e=5, **rest", **given)
        self.assertEqual(got, {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "args": (), "rest": {"x": 7}})
        got = self.call("a, b=2, /, c=3, *args, d, e=5, **rest", seed_layer=True, **given)
        self.assertEqual(got, {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "args": (), "rest": {"x": 7, "random_seed": 41}})
        got = self.call("**rest", inputs=[["df", self.stored("df", 1)]], parameters={"a": 2})
        self.assertEqual(got, {"rest": {"df": 1, "a": 2}})

    def test_an_aggregation(self) -> None:
        part = [self.stored("df", {"rows": number}) for number in range(3)]
        nested = {"gather": [["data1", {"gather": [["seed41", part[0]], ["seed42", part[1]]]}], ["data3", part[2]]]}
        got = self.call("df", body="df", inputs=[["df", nested]])
        self.assertEqual(got, {"data1": {"seed41": {"rows": 0}, "seed42": {"rows": 1}}, "data3": {"rows": 2}})

    def test_seeds(self) -> None:
        self.assertEqual(self.call("random_seed", random_seed=41), {"random_seed": 41})
        self.assertEqual(self.call("random_seed=7"), {"random_seed": 7})
        self.assertEqual(self.call("random_seed", random_seed=41, parameters={"random_seed": 1}), {"random_seed": 1})
        self.assertEqual(self.call("seeds", seeds=[41, 42]), {"seeds": [41, 42]})

    def test_special_numbers_in_parameters(self) -> None:
        got = self.call("a, b", parameters={"a": {"$float": "inf"}, "b": [{"$int": str(2**80)}]})
        self.assertEqual(got, {"a": float("inf"), "b": [2**80]})

    def test_context(self) -> None:
        body = "[context.project_id, context['parameters'], context.get('data_paths'), 'x' in context, context.log_metric('m', 1)]"
        got = self.call("context", body=body, parameters={"a": 1}, data_paths={"path": "/d.csv"})
        self.assertEqual(got, ["wine", {"a": 1}, {"path": "/d.csv"}, False, None])

    def test_a_decorated_function(self) -> None:
        head = (
            "import functools\nfrom expops.core import process\n"
            "def plus(g):\n    @functools.wraps(g)\n    def h(*args, **kwargs):\n        return g(*args, **kwargs)\n    return h\n"
            "@process\n@plus"
        )
        self.assertEqual(self.call("a, b=2", head=head, parameters={"a": 1}), {"a": 1, "b": 2})

    def test_a_name_that_the_decorator_gave(self) -> None:
        script = """
            from expops.core import process
            @process(name="given")
            def own():
                return {"a": 1}
        """
        self.assertEqual(self.passes(script, "given").value("a"), 1)

    def test_a_class_of_the_script_is_read_downstream(self) -> None:
        self.write("src/producer.py", "class Model:\n    weight = 5\n")
        upstream = """
            import producer
            class Own:
                size = 6
            def f():
                return {"model": producer.Model(), "own": Own()}
        """
        made = self.passes(upstream, "f")
        inputs = [[key, made.output(key)] for key in ("model", "own")]
        self.write(
            "src/other.py", "def g(model, own):\n    return {'got': [model.weight, own.size, type(own).__module__]}\n"
        )
        done = self.passes(None, "g", inputs=inputs, script_file=str(self.root / "src/other.py"))
        self.assertEqual(done.value("got"), [5, 6, "model"])


class Missing(ProjectTest):
    def test_a_required_argument(self) -> None:
        inputs = [["df", UNREADABLE]]
        failed = self.fails("def f(df, learning_rte):\n    pass\n", "f", inputs=inputs, parameters={"learning_rate": 1})
        expected = (
            "`f` asks for `learning_rte`, which nothing provides "
            "(available: `df`, `learning_rate`, `context`); did you mean `learning_rate`?"
        )
        self.assertEqual((failed.message, failed.text, failed.log), (expected, expected + "\n", expected + "\n"))

    def test_several_and_a_seed(self) -> None:
        failed = self.fails("def f(random_seed, zz, *, yy): pass\n", "f")
        self.assertEqual(
            failed.message,
            "`f` asks for `random_seed` and `zz` and `yy`, which nothing provides (available: `context`)",
        )

    def test_two_sources(self) -> None:
        first, second = {**UNREADABLE, "from": "load"}, {**UNREADABLE, "from": "clean"}
        failed = self.fails("def f(): return {}\n", "f", inputs=[["df", first], ["df", second]])
        self.assertEqual(
            failed.message, "`df` has two sources, the output of `load` and the output of `clean`; rename one of them"
        )
        failed = self.fails("def f(): return {}\n", "f", inputs=[["df", UNREADABLE]], parameters={"df": 1})
        self.assertEqual(
            failed.message, "`df` has two sources, an output of an upstream process and a parameter; rename one of them"
        )

    def test_an_input_that_cannot_be_read(self) -> None:
        path = self.root / "bad.pickle"
        path.write_bytes(b"cmissing_module\nThing\n.")
        failed = self.fails("def f(m): return {}\n", "f", inputs=[["m", {"file": str(path), "format": "pickle"}]])
        self.assertEqual(
            failed.message, "the input `m` cannot be read: ModuleNotFoundError: No module named 'missing_module'"
        )


if __name__ == "__main__":
    unittest.main()
