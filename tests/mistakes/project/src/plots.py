from expops.reporting import chart


@chart()
def picture(metrics):
    print(sorted(metrics))
