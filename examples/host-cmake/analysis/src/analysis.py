"""The slope of y over x in each part of the simulated rows."""

import csv
import os
from pathlib import Path

from expops.core import process


@process()
def load():
    with Path(os.environ["ANALYSIS_DATA"]).open() as file:
        return {"rows": [[float(row["x"]), float(row["y"])] for row in csv.DictReader(file)]}


@process()
def slope(rows):
    (x0, y0), (x1, y1) = rows[0], rows[-1]
    return {"slope": (y1 - y0) / (x1 - x0)}


@process()
def report(slope):
    path = Path("report.txt")
    path.write_text("".join(f"{part}: {value:.3f}\n" for part, value in slope.items()))
    return {"report": path}
