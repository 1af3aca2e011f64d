from pathlib import Path


def sound():
    return {"report": Path("report.txt")}


def misspelt():
    return {"report": Path("report.txt"), "a b": Path("a.txt")}


def placed():
    return {"report": Path("report.txt")}
