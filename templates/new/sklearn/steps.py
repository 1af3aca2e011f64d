"""The processes of the pipeline: each is a function, called with the keys and parameters that it names."""

from pathlib import Path

import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

from expops.core import log_metric, process

DATA = "{{ data }}"


@process()
def load():
    return {"rows": pd.read_csv(DATA{% if delimiter != "," %}, sep={{ delimiter | tojson }}{% endif %})}


@process()
def train(rows, target, trees):
    # Seeded before each process runs: random states that are left out come out the same again.
    numbers = rows.select_dtypes("number").dropna()
    past, future = train_test_split(numbers, test_size=0.25)
    model = RandomForestRegressor(trees).fit(past.drop(columns=target), past[target])
    score = model.score(future.drop(columns=target), future[target])
    log_metric("r2", score)
    return {"model": model, "score": score}


@process()
def report(score):
    # Behind the aggregations, a key holds what each partition returned under each seed.
    path = Path("report.txt")
    with path.open("w") as file:
        for part, seeds in score.items():
            print(part, *(f"{seed}: {value:.3f}" for seed, value in seeds.items()), file=file)
    return {"report": path}
