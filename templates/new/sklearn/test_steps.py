"""Outside of a build a process is the function that it was: pytest calls it as any other."""

import pandas as pd

from steps import train


def test_a_line_is_learned():
    rows = pd.DataFrame({"x": range(200), "y": range(0, 400, 2)})
    assert train(rows, "y", 20)["score"] > 0.9
