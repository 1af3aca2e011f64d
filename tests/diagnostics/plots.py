def plot(metrics, ctx):
    pass
