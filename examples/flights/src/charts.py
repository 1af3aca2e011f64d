"""The charts of the flights."""

import re

from expops.reporting import chart


@chart()
def skill(metrics):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    points = {}
    for path, logged in metrics.items():
        if not path.startswith("/"):  # the same again, as `train`, `train__2`
            continue
        part = int(re.search(r"partition='p(\d+)'", path).group(1))
        seed = re.search(r"seed='(\d+)'", path).group(1)
        points.setdefault(seed, {})[part] = last(logged["auc"])
    figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    for seed, by_part in sorted(points.items()):
        axes.plot(sorted(by_part), [by_part[part] for part in sorted(by_part)], "o-", label=f"seed {seed}")
    axes.set_title("Late arrivals of 2013, predicted at departure")
    axes.set_xlabel("part of the year (about a month each)")
    axes.set_xticks(range(1, 13))
    axes.set_ylabel("area under the ROC curve")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig("skill.png", dpi=150)


def last(series):
    """The newest value of a metric: a number is a series of one."""
    return list(series.values())[-1] if isinstance(series, dict) else series
