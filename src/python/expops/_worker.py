"""The worker: a process that has imported libraries ahead and forks once for each instance.

It listens at a Unix socket, one line of JSON to a request, and lines of JSON back:
`{"started": PID}`, `{"ended": STATUS, "usage": ...}`, or `{"refused": WHY}`. The connection is the
instance's life: who closes it kills the child and all in its process group. What makes a child what a
process of its own would have been is in `_child` here, and in `_ahead`.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time
import warnings
from json import dumps, loads
from typing import Any, Callable, Dict, List, NoReturn, Optional, Set, Tuple

from expops import _end, _seed
from expops._ahead import Ahead, printed, threads

_STALE = "a file that it has loaded has changed"
_ENDINGS = (_STALE, "it was told to end")
_PDEATHSIG = 1

# The variable that names the file of what a watched process reads, and the lookup by which a fork gets another one.
_WATCH, _WATCH_INTO = "EXPOPS_WATCH", "//expops-watch//"


def serve(text: str, ahead: Ahead, writes_none: bool) -> Tuple[str, Callable[[int], int]]:
    """Serve as the configuration says; returns in each child: its request, and what is to be called at the end."""
    configuration = loads(text)
    refusal = _refusal()
    _detach()
    atexit.register(_end.at_exit)  # the first one to be registered is the last one to be called
    listener = _listen(configuration)
    server = _Server(configuration, listener)
    _seed.set_environment(configuration["cpus"])
    kernel = ctypes.CDLL(None)
    sys.dont_write_bytecode = writes_none
    bad = None if refusal else ahead.import_all(configuration["libraries"], configuration["excluded"])
    if bad is not None:
        _start_again(configuration, listener, bad)
    os.chdir("/")  # the build's file system can be unmounted
    server.events = _events()
    gc.collect()
    gc.freeze()
    request = server.run(ahead, refusal)
    _child(request, server, ahead, kernel)
    return request["request"], _end.ended


def _refusal() -> Optional[str]:
    """Why children of this process would not be what a cold start is."""
    if printed() > 0:
        return "the interpreter prints when it starts"
    if threads():
        return "the interpreter has threads when it starts"
    if not hasattr(os, "pidfd_open"):
        return "the system cannot watch a process"
    return None


def _detach() -> None:
    """Out of the terminal's and the build's reach: Ctrl-C is for the build, which tells us."""
    with contextlib.suppress(PermissionError):  # it has been started again: it leads its session already
        os.setsid()


def _listen(configuration: Dict[str, Any]) -> socket.socket:
    if configuration["excluded"]:
        listener = socket.socket(fileno=os.dup(0))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        return listener
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(configuration["socket"])
    listener.listen(1024)
    return listener


def _start_again(configuration: Dict[str, Any], listener: socket.socket, bad: str) -> NoReturn:
    """Start anew without a library that is not fit to be imported ahead: an import cannot be undone."""
    os.ftruncate(1, 0)
    _forget_events()
    os.dup2(listener.fileno(), 0)  # what is above 2 is closed at the start
    again = dumps({**configuration, "excluded": [*configuration["excluded"], bad]})
    os.execve(sys.executable, [sys.executable, sys.argv[0], "--worker", again], _environment_at_start())


def _events() -> bytes:
    """What this process was seen to read until now, which each child would have read by itself."""
    with contextlib.suppress(KeyError, OSError), open(os.environ[_WATCH], "rb") as file:
        return file.read()
    return b""


def _forget_events() -> None:
    with contextlib.suppress(KeyError, OSError):
        os.truncate(os.environ[_WATCH], 0)


def _watch(file: Optional[str], events: bytes) -> None:
    """Note what is read in a file of the child's own, behind what its libraries have read."""
    if file is None:
        return
    with contextlib.suppress(OSError):
        os.stat(_WATCH_INTO + file)
    with open(file, "ab") as own:
        own.write(events)


def _environment_at_start() -> Dict[str, str]:
    with open("/proc/self/environ", "rb") as file:
        entries = [entry.partition(b"=") for entry in file.read().split(b"\0") if entry]
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in entries}


def _added() -> Dict[str, str]:
    """What the interpreter itself has put into the environment."""
    started = _environment_at_start()
    return {name: value for name, value in os.environ.items() if started.get(name) != value}


class _Files:
    """The files that have been loaded, as they were, and the places where others may come to be found before them."""

    def __init__(self, modules: List[Any], names: Set[str]) -> None:
        files = {getattr(module, "__file__", None) for module in modules} | {sys.executable}
        self._files = [path for path in files if isinstance(path, str)]
        self._names, self._folders = names, [folder for folder in sys.path if os.path.isdir(folder)]
        self._seen = self._look()

    def _look(self) -> Any:
        return [identity(path) for path in self._files], [modules_in(folder) & self._names for folder in self._folders]

    def are_as_before(self) -> bool:
        return bool(self._look() == self._seen)


def identity(path: str) -> Any:
    """What tells a file from the one that it was."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def modules_in(folder: str) -> Set[str]:
    """The names of what can be imported from a folder, and some more."""
    try:
        return {name.partition(".")[0] for name in os.listdir(folder)}
    except OSError:
        return set()


class _Client:
    """A connection, and the child that runs for it."""

    def __init__(self) -> None:
        self.text = b""
        self.pid: Optional[int] = None


class _Server:
    """Waits for requests and for the ends of children. Descriptors are numbers here: no object may close one
    in a child, where the number is another file's."""

    def __init__(self, configuration: Dict[str, Any], listener: socket.socket) -> None:
        self._socket, self._place = configuration["socket"], identity(configuration["socket"])
        self._idle, self._runtime = configuration["idle"], os.path.abspath(__file__)
        self._listener = listener
        self._clients: Dict[int, _Client] = {}
        self._ends: Dict[int, int] = {}  # the descriptor that tells of a child's end: the child
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._is_ending = False
        self.events = b""

    def run(self, ahead: Ahead, refusal: Optional[str]) -> Dict[str, Any]:
        """Serve until it is time to end, in the worker; the request, in a child."""
        self._names, self._refusal = ahead.names(), refusal
        self._files = _Files(ahead.modules(), self._names)
        self._used = time.monotonic()
        while True:
            # One at a time: what is done about one may close the descriptor of another.
            for descriptor, _event in self._poll.poll(500)[:1]:
                request = self._serve(descriptor)
                if request is not None:
                    return request
            if not self._clients and not self._ends and self._is_time():
                self._retire()
                os._exit(0)

    def _is_time(self) -> bool:
        is_idle = time.monotonic() - self._used > self._idle
        return is_idle or self._is_ending or not os.path.exists(self._runtime)

    def _serve(self, descriptor: int) -> Optional[Dict[str, Any]]:
        if descriptor == self._listener.fileno():
            self._accept()
        elif descriptor in self._ends:
            self._reap(descriptor)
        elif self._hear(descriptor):
            request = self._request_of(descriptor)
            return None if request is None else self._start(descriptor, request)
        return None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            if int.from_bytes(peer[4:8], sys.byteorder) == os.getuid():
                descriptor = connection.detach()
                self._clients[descriptor] = _Client()
                self._poll.register(descriptor, select.POLLIN)

    def _hear(self, descriptor: int) -> bool:
        """Whether a client has said all that it has to say."""
        client = self._clients[descriptor]
        try:
            text = os.read(descriptor, 1 << 20)
        except OSError:
            text = b""
        if not text:
            self._forget(descriptor)
        client.text += text
        return text.endswith(b"\n") and client.pid is None

    def _request_of(self, descriptor: int) -> Optional[Dict[str, Any]]:
        """A request to start a child."""
        self._used = time.monotonic()
        try:
            request = loads(self._clients[descriptor].text)
            refusal = "it was told to end" if request.get("end") else self._refusal_of(request)
        except (ValueError, AttributeError, KeyError):
            refusal = "it does not understand the request"
        if refusal is None:
            return dict(request)
        if refusal in _ENDINGS:
            self._retire()
        self._tell(descriptor, {"refused": refusal, "again": refusal in _ENDINGS})
        return None

    def _refusal_of(self, request: Dict[str, Any]) -> Optional[str]:
        if self._refusal is not None or self._is_ending:
            return self._refusal or _STALE
        # While children run, a file that changes is one that changes under a running build.
        if not self._ends and not self._files.are_as_before():
            return _STALE
        hidden = {name for folder in request["folders"] for name in modules_in(folder)} & self._names
        return f"the project has modules of its own called {', '.join(sorted(hidden))}" if hidden else None

    def _start(self, descriptor: int, request: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        try:
            pid = _fork()
        except OSError as error:
            self._tell(descriptor, {"refused": str(error), "again": False})
            return None
        if pid == 0:
            return request
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self._clients[descriptor].pid = pid
        end = os.pidfd_open(pid)
        self._ends[end] = pid
        self._poll.register(end, select.POLLIN)
        self._tell(descriptor, {"started": pid})
        return None

    def _reap(self, end: int) -> None:
        pid = self._ends.pop(end)
        self._poll.unregister(end)
        os.close(end)
        _, status, usage = os.wait4(pid, 0)
        self._used = time.monotonic()
        spent = {"user": usage.ru_utime, "system": usage.ru_stime, "peak_kb": usage.ru_maxrss}
        for descriptor, client in self._clients.items():
            if client.pid == pid:
                client.pid = None
                self._tell(descriptor, {"ended": status, "usage": spent})

    def _tell(self, descriptor: int, answer: Dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            os.write(descriptor, dumps(answer).encode() + b"\n")

    def _forget(self, descriptor: int) -> None:
        """The client has gone: so does its child, with all that it started."""
        client = self._clients.pop(descriptor)
        self._poll.unregister(descriptor)  # before it is closed: children may hold it, too
        os.close(descriptor)
        if client.pid is not None:
            with contextlib.suppress(OSError):
                os.killpg(client.pid, signal.SIGKILL)

    def _retire(self) -> None:
        """No new clients: whoever comes next starts another worker."""
        self._is_ending = True
        if self._place is not None and identity(self._socket) == self._place:
            for path in (self._socket, f"{self._socket}.log", f"{self._socket}.events"):
                with contextlib.suppress(OSError):
                    os.unlink(path)

    def close(self) -> None:
        """In a child: close all that the worker has open."""
        highest = max([self._listener.fileno(), *self._clients, *self._ends])
        self._listener.detach()
        os.closerange(3, highest + 1)


def _fork() -> int:
    with warnings.catch_warnings():  # newer Pythons warn of threads, which have been looked at
        warnings.simplefilter("ignore")
        return os.fork()


def _child(request: Dict[str, Any], server: _Server, ahead: Ahead, kernel: Any) -> None:
    """Make this process what a cold start of the request would be."""
    parent = os.getppid()
    os.setpgid(0, 0)
    server.close()
    kernel.prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent or parent == 1:
        os._exit(1)
    log = os.open(request["log"], os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.chdir(request["folder"])
    _watch(request["environment"].get(_WATCH), server.events)
    _set_environment(request["environment"])
    ahead.put_aside()
    sys.argv[1:] = [request["request"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[-2:] = [request["request"]]
    _start_clocks(ahead)
    _end.prepare(frozenset(sys.modules) | ahead.all_names())
    _seed.ahead = ahead
    for name in ("_worker", "_ahead", "_end"):  # a cold start has none of them
        vars(sys.modules["expops"]).pop(name, None)


def _set_environment(environment: Dict[str, str]) -> None:
    """Exactly this, in this order, and what the interpreter itself adds when it starts."""
    os.environ.clear()
    os.environ.update({**environment, **_ADDED})


_ADDED = _added()


def _start_clocks(ahead: Ahead) -> None:
    logging = ahead.find("logging")
    if logging is not None:
        is_whole = isinstance(logging._startTime, int)
        logging._startTime = time.time_ns() if is_whole else time.time()
