# COMMENT
from expops.core import log_metric, process
from helper import mix, scale


@process()
def load():
    """Reads the rows. COMMENT"""
    with open("data/rows.csv") as file:
        lines = [line.strip().split(",") for line in file]
    return {"rows": [int(line[1]) for line in lines[1:]], "columns": lines[0]}


@process()
def names(columns):
    with open("extra.txt") as file:
        return {"names": [columns, file.read()]}


@process()
def train(rows, factor, random_seed):
    log_metric("rows", len(rows))
    return {"score": [sum(scale(row, factor) for row in rows) + BODY, random_seed]}


@process()
def gather(score):
    # COMMENT
    return {"score": score}


@process()
def total(score):
    FAIL
    return {"score": score}
