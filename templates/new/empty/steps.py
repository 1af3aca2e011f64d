"""The processes of the pipeline: each is a function, called with the keys and parameters that it names."""

from expops.core import process


@process()
def hello():
    return {"greeting": "hello"}
