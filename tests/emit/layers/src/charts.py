def skill(metrics):
    pass
