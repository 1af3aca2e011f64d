from expops.core import process


@process()
def load():
    return {"rows": [1, 2, 3]}


@process()
def fit(rows):
    return {"model": sum(rows)}


@process()
def over_seeds(model):
    return {"model": model}


@process()
def over_inner(model):
    return {"model": model}


@process()
def finish(model):
    return {"model": model}
