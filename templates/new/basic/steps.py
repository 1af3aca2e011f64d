"""The processes of the pipeline: each is a function, called with the keys and parameters that it names."""

import csv
from pathlib import Path

from expops.core import log_metric, process

DATA = "{{ data }}"


@process()
def load():
    with open(DATA, newline="") as file:
        return {"rows": list(csv.DictReader(file{% if delimiter != "," %}, delimiter={{ delimiter | tojson }}{% endif %}))}


@process()
def summary(rows, column):
    numbers = [float(row[column]) for row in rows if row[column]]
    log_metric("rows", len(numbers))
    if not numbers:
        return {"summary": {"rows": 0}}
    return {
        "summary": {
            "rows": len(numbers),
            "mean": sum(numbers) / len(numbers),
            "least": min(numbers),
            "most": max(numbers),
        }
    }


@process()
def report(summary, column):
    # Behind `data_aggregation`, a key holds what each partition returned: {"data1": …, "data2": …}.
    path = Path("report.txt")
    with path.open("w") as file:
        print(f"{column}: rows, mean, least, most", file=file)
        for part, found in summary.items():
            print(part, *(round(number, 3) for number in found.values()), file=file)
    return {"report": path}
