"""What a function receives: inputs and parameters by name, loaded only if it takes them."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from expops_build import _metrics, _signature, _values
from expops_build._failure import Failure, nearest
from expops_build._plain import decode
from expops_build._protocol import Request

Sources = Dict[str, "Source"]


#: The source of an instance's own seed, for messages.
_SEED_LAYER = "the seed layer"


class Source(NamedTuple):
    """A named value that a function may take."""

    told: str
    load: Callable[[], Any]


class Context:
    """What a function that asks for `context` gets; `context["parameters"]` works too."""

    def __init__(self, request: Request) -> None:
        self.project_id = request.get("project_id")
        self.parameters = decode(request.get("parameters") or {})
        self.data_paths = dict(request.get("data_paths") or {})
        self.log_metric = _metrics.log

    def __getitem__(self, name: str) -> Any:
        return vars(self)[name]

    def __contains__(self, name: object) -> bool:
        return name in vars(self)

    def get(self, name: str, default: Any = None) -> Any:
        return vars(self).get(name, default)


def sources(request: Request) -> Sources:
    """The inputs and parameters of a request. Two with the same name are an error."""
    found: Sources = {}
    for key, node in request.get("inputs") or []:
        _add(found, key, Source(_told(node), lambda key=key, node=node: _load(key, node)))  # type: ignore[misc]
    for name, value in (request.get("parameters") or {}).items():
        _add(found, name, Source("a parameter", lambda value=value: decode(value)))  # type: ignore[misc]
    return found


def extras(request: Request) -> Sources:
    """What else a function may ask for; an input or parameter of the same name wins."""
    values = {name: request.get(name) for name in ("random_seed", "seeds")}
    told = {"random_seed": _SEED_LAYER} if request.get("seed_layer") else {}
    found = {
        name: Source(told.get(name, name), lambda value=value: value)  # type: ignore[misc]
        for name, value in values.items()
        if value is not None
    }
    if request.get("failed") is not None:
        found["failed"] = Source("what failed", lambda: request["failed"])
    found["context"] = Source("the context", lambda: Context(request))
    return found


def bind(
    name: str, function: Callable[..., Any], given: Sources, more: Sources, not_taken: Sequence[str] = ()
) -> Tuple[List[Any], Dict[str, Any]]:
    """The arguments to call `function` with. A required one that nothing provides is an error.

    `not_taken` are further names that the error lists as available.
    """
    both = {**more, **given}
    asked = _signature.parameters(name, function)
    _check_required(name, asked, both, [*given, *not_taken, *more])
    args: List[Any] = []
    kwargs: Dict[str, Any] = {}
    for one in asked:
        if one.kind == _signature.REST:
            named = {other.name for other in asked if other is not one}
            kwargs.update((key, source.load()) for key, source in _everything(given, more).items() if key not in named)
        elif one.kind == _signature.POSITIONAL_ONLY:
            args.append(both[one.name].load() if one.name in both else one.default)
        elif one.name in both:
            kwargs[one.name] = both[one.name].load()
    return args, kwargs


def _everything(given: Sources, more: Sources) -> Sources:
    """What `**kwargs` receives: the inputs, the parameters and, below a seed split, the seed."""
    seed = {name: source for name, source in more.items() if source.told == _SEED_LAYER}
    return {**seed, **given}


def without_seed(name: str, function: Callable[..., Any], more: Sources, returned: Any) -> Any:
    """What a function returned, minus the seed that came in by `**kwargs`: passing everything on should not pass that
    on.
    """
    seed = more.get("random_seed")
    asked = _signature.parameters(name, function)
    has_rest = any(one.kind == _signature.REST for one in asked)
    if seed is None or seed.told != _SEED_LAYER or not has_rest or any(one.name == "random_seed" for one in asked):
        return returned
    if type(returned) is not dict or returned.get("random_seed") != seed.load():
        return returned
    return {key: value for key, value in returned.items() if key != "random_seed"}


def _check_required(name: str, asked: List[_signature.Parameter], both: Sources, names: List[str]) -> None:
    missing = [one.name for one in asked if is_required(one) and one.name not in both]
    if missing:
        told = " and ".join(f"`{one}`" for one in missing)
        available = ", ".join(f"`{one}`" for one in dict.fromkeys(names))
        hint = nearest(missing[0], names)
        raise Failure(f"`{name}` asks for {told}, which nothing provides (available: {available}){hint}")


def is_required(one: _signature.Parameter) -> bool:
    """Whether a call without this argument fails."""
    return one.kind != _signature.REST and one.default is _signature.REQUIRED


def _add(found: Sources, name: str, source: Source) -> None:
    if name in found:
        told = f"{found[name].told} and {source.told}"
        raise Failure(f"`{name}` has two sources, {told}; rename one of them")
    found[name] = source


def _told(node: Dict[str, Any]) -> str:
    origin = node.get("from")
    return f"the output of `{origin}`" if origin else "an output of an upstream process"


def _load(key: str, node: Dict[str, Any]) -> Any:
    """Load a value, or the dict of an aggregation at any depth."""
    if "gather" in node:
        return {label: _load(key, inner) for label, inner in node["gather"]}
    try:
        return _values.load(node)
    except Failure:
        raise
    except Exception as error:
        raise Failure(f"the input `{key}` cannot be read: {type(error).__name__}: {error}") from error
