# COMMENT
import importlib
import os
import pydoc
import subprocess
import sys
from pathlib import Path

from expops.core import log_metric, process
from helper import mix, scale
from judge import Judge


ROOT = Path(__file__).resolve().parent.parent


def having():
    try:
        import optional  # noqa: F401
    except ImportError:
        return "nothing"
    return "something"


def tried(path):
    try:
        return path.read_text()
    except OSError as error:
        return type(error).__name__


@process()
def load():
    """Reads the rows. COMMENT"""
    with open("data/rows.csv") as file:
        lines = [line.strip().split(",") for line in file]
    judge = Judge()
    judge.least = len(lines)
    return {"rows": [int(line[1]) for line in lines[1:]], "columns": lines[0], "judge": judge}


@process()
def names(columns):
    texts = [path.read_text() for path in [Path("extra.txt"), *sorted(Path("conf/inner").iterdir())]]
    return {"names": [columns, texts]}


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
