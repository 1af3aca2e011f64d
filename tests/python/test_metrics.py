"""Which value belongs to which step, and what the result file says of it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import math
import threading
import unittest
from decimal import Decimal
from fractions import Fraction
from typing import Any, Dict, List

from expops.core import ModelData, SerializableData, log_metric, process, step
from expops.reporting import ChartContext, chart
from expops_build import _metrics, _plain
from harness import ProjectTest, needs_numpy


class Logged(unittest.TestCase):
    def setUp(self) -> None:
        self.recorder = _metrics.start()
        self.addCleanup(setattr, _metrics, "_recorder", None)

    def metrics(self):
        return self.recorder.json()[0]

    def steps(self):
        return self.recorder.json()[1]

    def test_numbers_of_other_types_lose_nothing(self) -> None:
        log_metric("whole", Decimal(2**53 + 1))
        log_metric("share", Fraction(2**53 + 1))
        log_metric("tenth", Decimal("0.1"))
        log_metric("two", Fraction(2))
        with self.assertRaisesRegex(OverflowError, "'far'.*larger than any float"):
            log_metric("far", Decimal("1e400"))
        found = {name: list(points.values()) for name, points in self.metrics().items()}
        self.assertEqual(found, {"whole": [2**53 + 1], "share": [2**53 + 1], "tenth": [0.1], "two": [2.0]})

    def test_numbers_are_series(self) -> None:
        log_metric("loss", 0.5)
        log_metric("loss", 1)
        log_metric("loss", 0.1, step=10)
        log_metric("loss", 0.2)
        log_metric("loss", 0.3, step=2)
        self.assertEqual(self.metrics(), {"loss": {"1": 0.5, "2": 0.3, "10": 0.1, "11": 0.2}})
        self.assertEqual(list(self.metrics()["loss"]), ["1", "2", "10", "11"])

    def test_other_values_are_snapshots(self) -> None:
        for value in ("a", [1, (2, None)], {"a": {"b": True}}, True, None):
            log_metric("best", "before")
            log_metric("best", value)
            self.assertEqual(self.metrics()["best"], json.loads(json.dumps(value)))

    def test_two_keys_of_one_text_are_an_error(self) -> None:
        log_metric("by_class", {0: 1, "1": 2})
        self.assertEqual(self.metrics()["by_class"], {"0": 1, "1": 2})
        told = "log_metric('by_class'): two of the keys 0, '0' are the same as text"
        for value in ({0: 1, "0": 2}, [{"a": {0: 1, "0": 2}}]):
            with self.assertRaises(ValueError) as raised:
                log_metric("by_class", value)
            self.assertEqual(str(raised.exception), told)

    def test_a_snapshot_is_of_its_moment(self) -> None:
        seen = [1]
        log_metric("seen", seen)
        seen.append(2)
        self.assertEqual(self.metrics()["seen"], [1])

    def test_of_a_series_and_a_snapshot_the_last_is_kept_with_a_warning(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            log_metric("m", 1)
            log_metric("m", {"a": 1})
            log_metric("n", {"a": 1})
            log_metric("n", 2)
            log_metric("n", 3)
        self.assertEqual(self.metrics(), {"m": {"a": 1}, "n": {"1": 2, "2": 3}})
        self.assertEqual(said.getvalue().count("warning"), 2)
        self.assertIn("log_metric('m'): numbers and now a dict; the last is kept", said.getvalue())

    def test_wrong_arguments(self) -> None:
        cases: List[Any] = [
            (("m", object()), "a value of type object cannot be recorded"),
            ((5, 1), "the name of a metric is a str, not int"),
            (("m", 1, "x"), "step is a whole number, not 'x'"),
        ]
        for args, message in cases:
            with self.assertRaisesRegex(TypeError, message):
                log_metric(*args)
        cycle: list = []
        cycle.append(cycle)
        with self.assertRaisesRegex(ValueError, "nested too deeply"):
            log_metric("m", cycle)
        self.assertEqual(self.metrics(), {})

    def test_special_numbers_survive(self) -> None:
        for value in (math.nan, math.inf, -math.inf, 2**80, -(2**70), -0.0):
            log_metric("m", value, step=1)
            encoded = self.metrics()["m"]["1"]
            json.dumps(encoded, allow_nan=False)
            self.assertEqual(repr(_plain.decode(encoded)), repr(value))

    @needs_numpy
    def test_numpy(self) -> None:
        import numpy as np

        for value in (np.float32(0.5), np.float64(0.5), np.array(0.5)):
            log_metric("half", value)
        log_metric("count", np.int8(3), step=np.int64(4))
        log_metric("flag", np.bool_(True))
        log_metric("many", np.array([1.5, np.nan]))
        self.assertEqual(self.metrics()["half"], {"1": 0.5, "2": 0.5, "3": 0.5})
        self.assertEqual(self.metrics()["count"], {"4": 3})
        self.assertIs(self.metrics()["flag"], True)
        self.assertEqual(self.metrics()["many"], [1.5, {"$float": "nan"}])

    def test_steps_nest_and_come_back(self) -> None:
        @step
        def inner():
            log_metric("m", 1)

        @step(name="renamed")
        def outer(depth):
            log_metric("m", 10)
            inner()
            log_metric("m", 11)
            if depth:
                outer(depth - 1)
            else:
                raise KeyError("out of all of them")

        inner()
        with self.assertRaises(KeyError):
            outer(2)
        log_metric("m", 0)
        self.assertEqual(self.metrics(), {"m": {"1": 0}})
        self.assertEqual(self.steps()["inner"], {"m": {"1": 1, "2": 1, "3": 1, "4": 1}})
        self.assertEqual([*self.steps()["renamed"]["m"].values()], [10, 11] * 3)

    def test_coroutines_and_generators_and_threads(self) -> None:
        @step
        async def waiting():
            await asyncio.sleep(0)
            log_metric("m", 1)

        @step()
        def yielding():
            log_metric("m", 1)
            sent = yield 1
            log_metric("m", sent)
            return "end"

        async def both():
            await asyncio.gather(waiting(), waiting())

        asyncio.run(both())
        generator = yielding()
        next(generator)
        log_metric("m", 100)
        with self.assertRaises(StopIteration) as stopped:
            generator.send(2)
        self.assertEqual(stopped.exception.value, "end")
        thread = threading.Thread(target=log_metric, args=("threaded", 1))
        thread.start()
        thread.join()
        self.assertEqual(self.metrics(), {"m": {"1": 100}, "threaded": {"1": 1}})
        self.assertEqual(self.steps(), {"waiting": {"m": {"1": 1, "2": 1}}, "yielding": {"m": {"1": 1, "2": 2}}})


class PlainPython(unittest.TestCase):
    """Decorated functions in a script of the user's, without any run."""

    def test_decorators_with_and_without_parentheses(self) -> None:
        options: Dict[str, Any] = {
            "name": "n",
            "description": "d",
            "parameters": {"a": 1},
            "logging": True,
            "step_type": "x",
        }
        for decorator in (process, step, chart):
            for applied in (decorator, decorator(), decorator(**options), decorator("n")):

                def function(a, b=2):
                    """Its docstring."""
                    return a + b

                decorated = applied(function)
                self.assertEqual((decorated(1), decorated(1, b=3)), (3, 4))
                self.assertEqual((decorated.__name__, decorated.__doc__), ("function", "Its docstring."))

    def test_an_unknown_option_is_an_error(self) -> None:
        for decorator in (process, step, chart):
            with self.assertRaisesRegex(TypeError, "has no option `retry`"):
                decorator(retry=3)

    def test_a_metric_outside_of_a_run_is_nothing(self) -> None:
        log_metric("m", 1)

    def test_types(self) -> None:
        self.assertEqual(SerializableData(a=1), {"a": 1})
        self.assertEqual(ModelData({"a": 1}), {"a": 1})
        context = ChartContext(output_dir="x", chart_name="c")  # type: ignore[arg-type]
        self.assertEqual((context.output_dir.name, context.metrics, context.theme), ("x", {}, None))


class InARun(ProjectTest):
    def test_the_result_has_them(self) -> None:
        script = """
            from expops.core import process, step, log_metric
            import os

            @step(name="train_nn")
            def train():
                log_metric("loss", float("nan"))

            @process()
            def fit():
                @step
                def nested():
                    log_metric("text", "\\ud800 and \\u00e9")
                train(); train(); nested()
                log_metric("accuracy", 0.93)
                if os.fork() == 0:
                    log_metric("accuracy", 0.5)
                    os._exit(0)
                os.wait()
                return {}
        """
        done = self.passes(script, "fit")
        self.assertEqual(done.result["metrics"], {"accuracy": {"1": 0.93}})
        nan = {"$float": "nan"}
        self.assertEqual(
            done.result["steps"], {"train_nn": {"loss": {"1": nan, "2": nan}}, "nested": {"text": "? and \u00e9"}}
        )
        self.assertIn("log_metric in a child process records nothing", done.log)

    def test_a_failed_run_keeps_what_was_logged(self) -> None:
        script = """
            from expops.core import log_metric
            def fit():
                log_metric("accuracy", 0.93)
                raise ValueError
        """
        self.assertEqual(self.fails(script, "fit").result["metrics"], {"accuracy": {"1": 0.93}})


if __name__ == "__main__":
    unittest.main()
