import json
import generated_constants
from generated_package.inner import thing

try:
    import guarded_by_try
except ImportError:
    guarded_by_try = None


def one():
    import imported_in_a_function
    if __debug__:
        import guarded_by_if
    return {"a": imported_in_a_function.x, "b": json.dumps([thing])}


def other(a):
    return {"c": generated_constants.K}


def nothing_reaches_this():
    import of_no_interest
