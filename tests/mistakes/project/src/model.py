import csv

from expops.core import log_metric, process, step


@process()
def load():
    with open("data/table.csv") as file:
        return {"rows": list(csv.DictReader(file))}


@step()
def solve(rows, rate):
    return len(rows) * rate


@process()
def fit(rows, rate=0.1, test_size=0.5):
    log_metric("rows", len(rows))
    return {"model": solve(rows, rate) * test_size}


@process()
def best(model):
    return {"model": max(model.values())}


@process()
def report(model):
    return {"total": sum(model.values())}
