"""Runs one request and writes its result. The protocol is described in `../README.md`.

Whatever happens, the result is written last; it holds either an error or all outputs.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
from json import dumps, loads
from typing import Any, Callable, Dict, FrozenSet, Optional, Tuple

from expops_build import _failure, _inputs, _metrics, _script, _seed, _values, _watch
from expops_build._failure import Failure, kind_of
from expops_build._names import Names
from expops_build._protocol import VERSION, Error, Request, Result


def run(path: str, before: Optional[FrozenSet[str]] = None) -> int:
    """Run the request in the file `path`. Returns the exit status: 0, or 1 for a failure of the user's code.

    `before` are the modules that were loaded before this package was imported.
    """
    with open(path, "rb") as file:
        request = loads(file.read())
    recorder = _metrics.start()
    spare = os.open(os.devnull, os.O_RDONLY)  # the user's code may leave none for the result
    result: Result = {"version": VERSION, "nonce": request.get("nonce"), "outputs": [], "partitions": [], "error": None}
    try:
        try:
            _prepare(request, frozenset(sys.modules) if before is None else before)
            result.update(_MODES[request["mode"]](request))
        finally:
            with contextlib.suppress(OSError):
                os.close(spare)
    except BaseException as error:  # SystemExit and KeyboardInterrupt also end a run without outputs
        result["error"] = _told(error, request)
        if os.environ.get("EXPOPS_DEBUGGER") and isinstance(error, Exception) and not isinstance(error, Failure):
            import pdb

            with contextlib.suppress(OSError):  # nobody can be shown anything: the failure itself is still told
                pdb.post_mortem(error.__traceback__)
    result["metrics"], result["steps"] = recorder.json()
    result["watch"] = _watch.told()
    _write(request["result"], result)
    return 0 if result["error"] is None else 1


def _told(error: BaseException, request: Request) -> Error:
    """The error for the result. The log gets it, too, with the libraries' frames."""
    try:
        with contextlib.suppress(OSError, ValueError):  # the user's code may have closed the stream
            print(_failure.full_text(error), file=sys.__stderr__, end="", flush=True)
        return {**_failure.describe(error), "help": _help(error, request)}
    except Exception:  # the user's own exception may fail even when inspected
        name = type(error).__name__
        return {"kind": "raised", "message": name, "text": f"{name}\n"}


def _help(error: BaseException, request: Request) -> Optional[str]:
    with contextlib.suppress(Exception):  # advice that cannot be given must not hide the failure itself
        from expops_build import _hints

        return _hints.hint(error, request)
    return None


def _prepare(request: Request, before: FrozenSet[str]) -> None:
    if request["version"] != VERSION:
        raise Failure(f"the request has version {request['version']}, and this runtime knows version {VERSION}")
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # a crash then says less
        faulthandler.enable(sys.__stderr__ or 2)
    os.chdir(request["work"])
    sys.argv[:] = [request.get("script") or ""]
    _watch.begin(request["project_root"])
    _script.prepare(request["project_root"], request.get("script_folders") or [], before)
    _seed.prepare(request.get("rng_seed"), request.get("cpus") or 1)


def _process(request: Request) -> Result:
    name, returned = _call(request)
    return {"outputs": _save(returned, request["out"], Names(), name)}


def _split_mode(request: Request) -> Result:
    from expops_build import _split

    plan = request["split"]
    names = Names(f"p{number}" for number in range(1, _partitions(plan["size"]) + 1))
    if request.get("function"):
        name, returned = _call(request)
        key, value, others = _split.rows_of(returned, plan.get("data_name"))
        if _values.is_path(value):
            return {"outputs": _save({key: value, **others}, request["out"], names, name), "native": key}
    else:
        key, value, others, name = *_named_input(request, plan.get("data_name") or "data"), {}, request["label"]
    parts = _split.split(value, key, plan["size"], plan.get("by"))
    outputs = _save(others, request["out"], names, name)
    return {"outputs": outputs, "partitions": _split.save(parts, key, request["out"], plan.get("there") or ())}


def _chart_mode(request: Request) -> Result:
    from expops_build import _chart

    _chart.draw(request["function"], _function(request), request)
    return {}


_MODES: Dict[str, Callable[[Request], Result]] = {"process": _process, "split": _split_mode, "chart": _chart_mode}


def _function(request: Request) -> Callable[..., Any]:
    return _script.find(_script.load(request["script"]), request["function"])


def _call(request: Request) -> Tuple[str, Any]:
    """The name of the request's function, and what it returned."""
    name = request["function"]
    function = _function(request)
    given, more = _inputs.sources(request), _inputs.extras(request)
    args, kwargs = _inputs.bind(name, function, given, more, request.get("not_taken") or [])
    return name, _inputs.without_seed(name, function, more, function(*args, **kwargs))


def _named_input(request: Request, key: str) -> Tuple[str, Any]:
    sources = _inputs.sources({"inputs": request["inputs"]})
    if key not in sources:
        available = ", ".join(f"`{one}`" for one in sources) or "nothing"
        near = _failure.nearest(key, sources)
        raise Failure(f"no upstream process returned `{key}`, which is to be split (available: {available}){near}")
    return key, sources[key].load()


def _save(returned: Any, out: str, names: Names, function: str) -> Any:
    """Store each key of what a function returned."""
    if not isinstance(returned, dict):
        raise Failure(f'`{function}` returned {kind_of(returned)}; return a dict such as {{"result": ...}}')
    for key in returned:
        _check_key(key, function)
    return [_values.save(str.__str__(key), value, out, names) for key, value in returned.items()]


def _check_key(key: Any, function: str) -> None:
    if not isinstance(key, str):
        told = f"`{function}` returned a dict with the key {key!r}, {kind_of(key)}"
        raise Failure(f"{told}; keys are names of outputs: text")
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        raise Failure(f"`{function}` returned a dict with the key {key!r}, which is not valid Unicode") from None


def _partitions(size: Dict[str, Any]) -> int:
    return size["equal"] if "equal" in size else len(size.get("counts") or size["shares"])


def _write(path: str, result: Result) -> None:
    """Write the result under a temporary name and rename it, so that it appears whole or not at all."""
    with contextlib.suppress(Exception):  # the user's code may have closed or replaced the stream
        sys.stdout.flush()
    text = dumps(result, ensure_ascii=False, allow_nan=False)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(text.encode("utf-8", "replace"))
    os.replace(temporary, path)
