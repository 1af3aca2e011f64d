"""Chart functions: what they are given, and that equal charts are equal files."""

from __future__ import annotations

import json
import unittest

from harness import ProjectTest, has

METRICS = {"p1": {"accuracy": {"1": 0.5, "2": {"$float": "nan"}}}}


class Charts(ProjectTest):
    def draw(self, script: str, function: str = "f", **fields):
        chart = {"name": "accuracy", "metrics": METRICS, "theme": "light", "run_id": "r1"}
        return self.passes(script, function, mode="chart", chart=chart, **fields)

    def written(self, done, name="seen.json"):
        return (done.out.parent / "work" / name).read_text()

    def test_arguments_by_name_and_by_position(self) -> None:
        body = """
    import json
    assert metrics["p1"]["accuracy"]["2"] != metrics["p1"]["accuracy"]["2"]
    seen = [metrics["p1"]["accuracy"]["1"]]
    if ctx is not None:
        seen += [ctx.project_id, ctx.run_id, ctx.chart_name, ctx.theme, ctx.output_dir.name, ctx.metrics is metrics]
    json.dump(seen, open("seen.json", "w"))
    return 5
"""
        full = [0.5, "wine", "r1", "accuracy", "light", "work", True]
        cases = [
            ("metrics, ctx", "", full),
            ("ctx, metrics", "", full),
            ("ctx, *, metrics", "", full),
            ("data, context", "    metrics, ctx = data, context\n", full),
            ("data, other", "    metrics, ctx = data, other\n", full),
            ("ctx, data", "    metrics = data\n", full),
            ("metrics, chart_context", "    ctx = chart_context\n", full),
            ("m", "    metrics, ctx = m, None\n", [0.5]),
            ("metrics, size=3", "    ctx = None\n", [0.5]),
            ("metrics, ctx=None", "", full),
        ]
        for signature, bound, expected in cases:
            with self.subTest(signature):
                head = "from expops.reporting import chart, ChartContext\n@chart()\n"
                done = self.draw(f"{head}def f({signature}):\n{bound}{body}")
                self.assertEqual(json.loads(self.written(done)), expected)
                self.assertEqual(done.result["outputs"], [])

    def test_other_names_are_keys_behind_the_others(self) -> None:
        script = """
            import json
            def f(metrics):
                seen = [list(metrics), dict(**metrics) == metrics, metrics.pop("fit"), json.loads(json.dumps(metrics))]
                json.dump(seen, open("seen.json", "w"))
        """
        metrics = {"//p10": {"m": {"1": 10}}, "//p2": {"m": {"1": 2}}}
        chart = {"name": "a", "metrics": metrics, "aliases": {"fit__10": "//p10", "fit": "//p2"}}
        done = self.passes(script, "f", mode="chart", chart=chart)
        left = {**metrics, "fit__10": metrics["//p10"]}
        keys = ["//p10", "//p2", "fit__10", "fit"]
        self.assertEqual(json.loads(self.written(done)), [keys, True, metrics["//p2"], left])

    def test_parameters(self) -> None:
        script = "def f(metrics, width):\n    open('seen.json', 'w').write(str(width))\n"
        self.assertEqual(self.written(self.draw(script, parameters={"width": 7})), "7")

    def test_registered_under_the_charts_name(self) -> None:
        script = """
            from expops.reporting import chart
            @chart(name="accuracy_by_partition")
            def own(metrics):
                open("seen.json", "w").write("own")
        """
        self.assertEqual(self.written(self.draw(script, "accuracy_by_partition")), "own")

    def test_a_failure(self) -> None:
        chart = {"name": "a", "metrics": {}, "theme": "light", "run_id": "r"}
        failed = self.fails("def f(metrics):\n    metrics['p9']\n", "f", mode="chart", chart=chart)
        self.assertEqual(failed.message, "KeyError: 'p9'")

    @unittest.skipUnless(has("matplotlib"), "matplotlib is not installed")
    def test_figures_repeat(self) -> None:
        script = """
            def f(metrics):
                import matplotlib.pyplot as plt
                plt.rcdefaults()
                plt.style.use("default")
                plt.plot([1, 2, 3], label="a")
                plt.legend()
                for form in ("svg", "pdf", "png", "eps"):
                    plt.savefig("figure." + form)
        """
        runs = [self.draw(script, env={"MPLBACKEND": ""}).out.parent / "work" for _ in range(2)]
        for form in ("svg", "pdf", "png", "eps"):
            one, other = ((run / f"figure.{form}").read_bytes() for run in runs)
            self.assertEqual(one, other, form)


if __name__ == "__main__":
    unittest.main()
