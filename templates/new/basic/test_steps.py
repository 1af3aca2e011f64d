"""Outside of a build a process is the function that it was: pytest calls it as any other."""

from steps import summary


def test_missing_values_do_not_count():
    found = summary([{"x": "1"}, {"x": ""}, {"x": "3"}], "x")["summary"]
    assert found == {"rows": 2, "mean": 2.0, "least": 1.0, "most": 3.0}
