"""The worker: a process that has imported libraries ahead of time and forks once for each instance.

It listens on a Unix socket. A request is one line of JSON, and so is each answer: `{"started": PID}`,
`{"ended": STATUS, "usage": ...}`, or `{"refused": WHY}`. The instance lives as long as the connection: closing it kills
the child and all that it has started. `_child` here and `_ahead` make a child what a process of its own would have
been.
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
from typing import Any, Callable, Dict, Iterator, List, NoReturn, Optional, Set, Tuple

from expops_build import _descent, _end, _reuse, _seed, _steered, _watch
from expops_build._ahead import Ahead, SideBySide, printed, threads
from expops_build._loaded import Loaded, identity, modules_in

_STALE = "a file that it has loaded has changed"
_ENDINGS = (_STALE, "it was told to end")
_STEERED = "its code sets what its libraries read when they are imported"
_PDEATHSIG = 1
_MOMENT = 1.0  # in seconds

# In a child: the worker's own objects. Freeing them would touch, and so copy, much of the memory.
_kept: Any = None

# Our modules that only some instances need, each after those that it needs itself, with the library that it is for.
_OWN = (
    ("_files", ""),
    ("_keys", ""),
    ("_rows", ""),
    ("_split", ""),
    ("reporting", ""),
    ("_chart", ""),
    ("_mapped", "numpy"),
    ("_npy", "numpy"),
    ("_columns", "pyarrow"),
    ("_labels", "pyarrow"),
    ("_frame", "pyarrow"),
)

_NOT_IN_A_COLD_START = ("_worker", "_ahead", "_descent", "_imported", "_end", "_loaded", "_reuse", "_steered")

# The variable that names the file of a watched process's reads, and the lookup by which a fork switches to another.
_WATCH, _WATCH_INTO = "EXPOPS_WATCH", "//expops-watch//"


def serve(text: str, ahead: Ahead, writes_none: bool) -> Tuple[Iterator[str], Callable[[int], int]]:
    """Serve as configured. Returns in each child: its requests, and the function to call at the end of each."""
    configuration = loads(text)
    refusal = _refusal()
    _detach()
    atexit.register(_end.at_exit)  # the first function registered is the last one called
    listener = _listen(configuration)
    server = _Server(configuration, listener)
    kernel = ctypes.CDLL(None)
    server.mark = _descent.Mark(kernel)
    _seed.set_environment(configuration["cpus"])
    _watch.ignore_listings_of_imports()
    sys.dont_write_bytecode = writes_none
    with SideBySide():
        bad = None if refusal else ahead.import_all(configuration["libraries"], configuration["excluded"])
        if bad is not None:
            _start_again(configuration, listener, bad)
        _load_own(ahead)
    ahead.pack()
    names = frozenset(sys.modules) | ahead.all_names()
    ahead.put_aside()  # here and not in each child, which would copy what it looks at
    os.chdir("/")  # so that the build's file system can be unmounted
    server.events = _events()
    gc.collect()
    gc.freeze()
    request = server.run(ahead, refusal)
    _child(request, server, ahead, kernel)
    _end.prepare(names)
    if server.control is None:
        return iter([request["request"]]), _end.ended
    return _reuse.requests(request, server.control, ahead, lambda request: _enter(request, server, ahead)), _end.ended


def _load_own(ahead: Ahead) -> None:
    """Import the modules of ours that an instance needs once it has such a value, is split, or is a chart."""
    for name, library in _OWN:
        if not library or ahead.has(library):
            ahead.load(f"expops_build.{name}")
    if ahead.has("pandas") and ahead.has("pyarrow"):
        ahead.load("expops_build._arrow", lambda arrow: arrow.try_out())


def _refusal() -> Optional[str]:
    """Why children of this process would differ from a cold start, if they would."""
    if printed() > 0:
        return "the interpreter prints when it starts"
    if threads():
        return "the interpreter has threads when it starts"
    if not hasattr(os, "pidfd_open"):
        return "the system cannot watch a process"
    return None


def _detach() -> None:
    """Leave the reach of the terminal and the build: Ctrl-C is for the build, which tells us."""
    with contextlib.suppress(PermissionError):  # after a restart it leads its session already
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
    """Restart without a library that is unfit to be imported ahead: an import cannot be undone."""
    os.ftruncate(1, 0)
    _forget_events()
    os.dup2(listener.fileno(), 0)  # descriptors above 2 are closed at startup
    again = dumps({**configuration, "excluded": [*configuration["excluded"], bad]})
    os.execve(sys.executable, [sys.executable, sys.argv[0], "--worker", again], _environment_at_start())


def _events() -> bytes:
    """What this process has been seen to read so far, which each child would have read by itself."""
    with contextlib.suppress(KeyError, OSError), open(os.environ[_WATCH], "rb") as file:
        return file.read()
    return b""


def _forget_events() -> None:
    with contextlib.suppress(KeyError, OSError):
        os.truncate(os.environ[_WATCH], 0)


def _watch_into(file: Optional[str], events: bytes) -> None:
    """Record reads in a file of the child's own, after what its libraries have read."""
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
    """The variables that the interpreter itself has put into the environment."""
    started = _environment_at_start()
    return {name: value for name, value in os.environ.items() if started.get(name) != value}


class _Client:
    """A connection, and the child that runs for it."""

    def __init__(self, peer: int) -> None:
        self.text, self.peer = b"", peer
        self.pid: Optional[int] = None
        self.marks: List[str] = []  # entries in the environment of what that starts
        self.process, self.steered = "", ""  # whose instance it is, and what is there once its child has given up


class _Reused:
    """A child that runs instances of one process, one after another."""

    def __init__(self, process: str, pid: int) -> None:
        self.process, self.pid = process, pid
        self.is_free = False


class _Server:
    """Waits for requests and for children to end.

    Descriptors are plain numbers here: an object that closes its own would, in a child, close some other file.
    """

    def __init__(self, configuration: Dict[str, Any], listener: socket.socket) -> None:
        self._socket, self._place = configuration["socket"], identity(configuration["socket"])
        self._idle, self._runtime = configuration["idle"], os.path.abspath(__file__)
        self._listener = listener
        self._clients: Dict[int, _Client] = {}
        self._ends: Dict[int, int] = {}  # by the descriptor that reports a child's end: the child
        self._controls: Dict[int, _Reused] = {}  # the children that may run more than one instance
        self._told: Dict[int, Dict[str, float]] = {}  # what children whose instances have ended had used by then
        self.mark: Any = None
        self.control: Optional[int] = None  # in such a child: where it receives the next request
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._is_ending = False
        self._steered: Set[str] = set()  # processes whose children have given up
        self.events = b""

    def run(self, ahead: Ahead, refusal: Optional[str]) -> Dict[str, Any]:
        """In the worker, serve until it is time to end. In a child, return the request."""
        self._names, self._refusal = ahead.names(), refusal
        self._ahead = ahead
        self._looked: Tuple[Any, float] = (None, 0.0)  # for which build all files were last looked at, and when
        self._files = Loaded(ahead.modules(), self._names, self.events, os.path.dirname(self._socket))
        self._used = time.monotonic()
        while True:
            # One at a time: handling one may close the descriptor of another.
            for descriptor, _event in self._poll.poll(500)[:1]:
                request = self._serve(descriptor)
                if request is not None:
                    return request
            if not self._clients and not self._is_busy() and self._is_time():
                self._retire()
                os._exit(0)

    def _is_busy(self) -> bool:
        """Whether any child is running an instance."""
        return len(self._ends) > sum(child.is_free for child in self._controls.values())

    def _is_time(self) -> bool:
        is_idle = time.monotonic() - self._used > self._idle
        return is_idle or self._is_ending or not os.path.exists(self._runtime)

    def _serve(self, descriptor: int) -> Optional[Dict[str, Any]]:
        if descriptor == self._listener.fileno():
            self._accept()
        elif descriptor in self._ends:
            self._reap(descriptor)
        elif descriptor in self._controls:
            self._hear_child(descriptor)
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
                self._clients[descriptor] = _Client(int.from_bytes(peer[:4], sys.byteorder))
                self._poll.register(descriptor, select.POLLIN)

    def _hear(self, descriptor: int) -> bool:
        """Whether a client has sent its whole request."""
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
        """The request of a client, if it asks for a child and is not refused."""
        self._used = time.monotonic()
        try:
            request = loads(self._clients[descriptor].text)
            refusal = "it was told to end" if request.get("end") else self._refusal_of(request)
        except (ValueError, AttributeError, KeyError):
            refusal = "it does not understand the request"
        if refusal is None:
            client = self._clients[descriptor]
            client.process, client.steered = request["process"], _steered.place(request["request"])
            client.marks = request["marks"]
            return {**request, "peer": client.peer}
        if refusal in _ENDINGS:
            self._retire()
        self._tell(descriptor, {"refused": refusal, "again": refusal in _ENDINGS})
        return None

    def _refusal_of(self, request: Dict[str, Any]) -> Optional[str]:
        if self._refusal is not None or self._is_ending:
            return self._refusal or _STALE
        if request["process"] in self._steered:
            return _STEERED
        if not self._is_under_way(request["build"]):
            if not self._files.are_as_before():
                return _STALE
            self._looked = request["build"], time.monotonic()
        hidden = {name for folder in request["folders"] for name in modules_in(folder)} & self._names
        return f"the project has modules of its own called {', '.join(sorted(hidden))}" if hidden else None

    def _is_under_way(self, build: Optional[Dict[str, Any]]) -> bool:
        """Whether a child runs, or this run of a build tool was served a moment ago: a file that has changed since has
        changed under a running build. A look at all files costs more than the rest of what is done here.
        """
        looked, when = self._looked
        is_same = build is not None and build == looked and time.monotonic() - when < _MOMENT
        return is_same or self._is_busy()

    def _start(self, descriptor: int, request: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        if self._hand_on(descriptor, request):
            return None
        # Done before the fork, so that each child pays only for what differs from the last one's.
        _set_environment(request["environment"])
        process = request.get("reuse")
        pair = socket.socketpair() if process else None
        try:
            pid = _fork()
        except OSError as error:
            self._tell(descriptor, {"refused": str(error), "again": False})
            return None
        if pid == 0:
            self.control = pair[1].detach() if pair else None
            return request
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        if process and pair:
            pair[1].close()
            control = pair[0].detach()
            self._controls[control] = _Reused(process, pid)
            self._poll.register(control, select.POLLIN)
        self._clients[descriptor].pid = pid
        end = os.pidfd_open(pid)
        self._ends[end] = pid
        self._poll.register(end, select.POLLIN)
        self._tell(descriptor, {"started": pid})
        return None

    def _hand_on(self, descriptor: int, request: Dict[str, Any]) -> bool:
        """Whether an existing child has been given the request."""
        for control, child in self._controls.items():
            if child.is_free and child.process == request.get("reuse") and not request["fresh"]:
                child.is_free = False
                self._clients[descriptor].pid = child.pid
                self._tell(descriptor, {"started": child.pid})
                with contextlib.suppress(OSError):  # it has just exited, which is noticed elsewhere
                    os.write(control, dumps(request).encode() + b"\n")
                return True
        return False

    def _hear_child(self, control: int) -> None:
        """A child has finished an instance and waits for another, or has exited."""
        child, text = self._controls[control], b""
        with contextlib.suppress(OSError):
            text = os.read(control, 1 << 16)
        if not text:
            self._poll.unregister(control)
            os.close(control)
            del self._controls[control]
            return
        self._used, child.is_free = time.monotonic(), True
        answer = loads(text)
        self._tell_end(child.pid, answer["ended"], answer["usage"])

    def _tell_end(self, pid: int, status: int, used: Dict[str, float]) -> None:
        """Tell the client whose instance a child has run. `used` is the usage of all that the child has run so far."""
        before = self._told.get(pid, {})
        times = {name: used[name] - before.get(name, 0.0) for name in ("user", "system")}
        self._told[pid] = used
        answer = {"ended": status, "usage": {**used, **times}}
        for descriptor, client in self._clients.items():
            if client.pid == pid:
                client.pid = None
                has_given_up = status & 0x7F == signal.SIGKILL and os.path.exists(client.steered)
                if has_given_up:
                    self._steered.add(client.process)
                self._tell(descriptor, {**answer, "steered": has_given_up})

    def _reap(self, end: int) -> None:
        pid = self._ends.pop(end)
        self._poll.unregister(end)
        os.close(end)
        with self._ahead.out("resource"):  # `os.wait4` imports it: later children would find it imported
            _, status, used = os.wait4(pid, 0)
        self._used = time.monotonic()
        self._tell_end(pid, status, _reuse.usage(used))
        del self._told[pid]

    def _tell(self, descriptor: int, answer: Dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            os.write(descriptor, dumps(answer).encode() + b"\n")

    def _forget(self, descriptor: int) -> None:
        """The client is gone: kill its child and all that the child started."""
        client = self._clients.pop(descriptor)
        self._poll.unregister(descriptor)  # before it is closed: children may also hold it
        os.close(descriptor)
        if client.pid is not None:
            _descent.end(client.pid, client.marks)

    def _retire(self) -> None:
        """Accept no new clients: the next one starts another worker."""
        self._is_ending = True
        if self._place is not None and identity(self._socket) == self._place:
            # Whoever is watched notes what it removes, in the file that it removes.
            _watch_into(os.devnull, b"")
            for path in (self._socket, f"{self._socket}.log", f"{self._socket}.events"):
                with contextlib.suppress(OSError):
                    os.unlink(path)

    def close(self) -> None:
        """In a child: close everything the worker has open."""
        highest = max([self._listener.fileno(), *self._clients, *self._ends, *self._controls, self.control or 0])
        self._listener.detach()
        if self.control is not None:
            self.control = os.dup2(self.control, 3, inheritable=False)
        os.closerange(3 if self.control is None else 4, highest + 1)


def _fork() -> int:
    with warnings.catch_warnings(module=warnings):  # newer Pythons warn of threads, which were checked
        warnings.simplefilter("ignore")
        return os.fork()


def _child(request: Dict[str, Any], server: _Server, ahead: Ahead, kernel: Any) -> None:
    """Turn this process into what a cold start of the request would be."""
    parent = os.getppid()
    os.setpgid(0, 0)
    server.close()
    kernel.prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent or parent == 1:
        os._exit(1)
    global _kept
    _kept = server
    ahead.guard = _steered.Guard(ahead)
    _enter(request, server, ahead)
    _seed.ahead = ahead
    for name in _NOT_IN_A_COLD_START:
        vars(sys.modules["expops_build"]).pop(name, None)


def _enter(request: Dict[str, Any], server: _Server, ahead: Ahead) -> None:
    """Set up the process for the request."""
    # First of all: what follows is no doing of the instance before.
    server.mark.write(request["mark"])
    _watch_into(request["environment"].get(_WATCH), server.events)
    log = os.open(request["log"], os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.chdir(request["folder"])
    _share_disk_as(request["peer"])
    if server.control is not None:
        _set_environment(request["environment"])
    ahead.guard.enter(request["request"])
    sys.argv[1:] = [request["request"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[-2:] = [request["request"]]
    _start_clocks(ahead)


def _set_environment(environment: Dict[str, str]) -> None:
    """Exactly these variables, in this order, plus those that the interpreter itself adds at startup."""
    wanted, present = {**environment, **_ADDED}, dict(os.environ)
    for name in [name for name in present if name not in wanted]:
        del os.environ[name]
    kept = [name for name in present if name in wanted]
    if kept != list(wanted)[: len(kept)]:  # what is added comes last
        for name in kept:
            del os.environ[name]
        present = {}
    os.environ.update({name: value for name, value in wanted.items() if present.get(name) != value})


_ADDED = _added()


def _share_disk_as(peer: int) -> None:
    """Take the input and output priority (`ionice`) of the client: nothing in `/proc` tells it, so it is in no key."""
    numbers = _IO_PRIORITY.get(os.uname().machine)
    if numbers is None:
        return
    get, put = numbers
    kernel, process = ctypes.CDLL(None), 1
    theirs = kernel.syscall(get, process, peer)
    if theirs >= 0 and theirs != kernel.syscall(get, process, 0):
        kernel.syscall(put, process, 0, theirs)


# The numbers of the system calls `ioprio_get` and `ioprio_set`.
_IO_PRIORITY = {"x86_64": (252, 251), "aarch64": (31, 30)}


def _start_clocks(ahead: Ahead) -> None:
    logging = ahead.find("logging")
    if logging is not None:
        is_whole = isinstance(logging._startTime, int)
        logging._startTime = time.time_ns() if is_whole else time.time()
