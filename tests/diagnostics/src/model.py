from expops.core import process


@process()
def load():
    return {"df": [1, 2, 3]}


@process()
def train(df, learning_rate=0.1):
    return {"model": df}


@process()
def seeded(random_seed=0):
    return {"seed": random_seed}


def helper():
    return {}


def generate(rows=1):
    yield {"df": rows}


async def wait():
    return {"df": 1}
