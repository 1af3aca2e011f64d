"""Palmer penguins: body mass against flipper length, fitted in each part of the data."""

import csv
from pathlib import Path

from expops.core import log_metric, process


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@process()
def clean(mass):
    rows = rows_of("data/penguins.csv")
    complete = [row for row in rows if "NA" not in row.values() and float(row[mass]) > 0]
    path = Path("penguins.csv")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(complete)
    log_metric("rows", len(complete))
    return {"penguins": path}


@process()
def fit(penguins, length, mass):
    rows = rows_of(penguins)
    x = [float(row[length]) for row in rows]
    y = [float(row[mass]) for row in rows]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / spread
    log_metric("grams_per_mm", slope)
    return {"line": {"slope": slope, "intercept": mean_y - slope * mean_x}}


@process()
def write_report(line, species):
    path = Path("report.txt")
    with path.open("w") as file:
        for part in line:
            counts = " ".join(species[part].read_text().split())
            print(f"{part}: {line[part]['slope']:.1f} g/mm   ({counts})", file=file)
    return {"report": path}
