"""Libraries that a worker imports ahead of time, before it forks, and how a child gets them.

Once imported, a library is put aside together with everything its import brought in: in a child, `sys.modules` looks as
it does after a cold start until the user's code asks for the library. Then its modules come back, and so do the side
effects of its import: warning filters, environment variables, atexit functions, warnings, and finders placed behind
Python's own (`six` has one, and dateutil, hence pandas, imports `six`). A library whose import does more than that is
left to the children. The build tool chooses which libraries are tried at all.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib.machinery
import os
import sys
import types
import warnings
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from expops_build._imported import Imported, with_parents

# What the worker itself needs, and what only some instances need of our modules.
_OWN = (
    *("ctypes", "locale", "random", "resource", "select", "signal", "socket", "time"),
    *("datetime", "decimal", "mmap", "pathlib", "shutil"),
)

_HEAP_TYPE = 1 << 9

# Threads that survive a fork: jemalloc takes its locks around a fork and restarts its own thread.
_HARMLESS_THREADS = {"jemalloc_bg_thd"}

# Modules whose atexit functions may run in every child: none of them removes what the others still need.
_HARMLESS_EXITS = {
    "PIL._imaging",
    "concurrent.futures.process",
    "concurrent.futures.thread",
    "logging",
    "matplotlib._pylab_helpers",
    "multiprocessing.util",
}

# Names that the import of a module of Python's gives to other modules.
_ALIASES = {"multiprocessing": ("__mp_main__",)}

Statement = Tuple[str, Sequence[str]]  # a module, and the names imported from it
Library = Tuple[str, Sequence[Statement]]
Restored = Callable[[Dict[str, Any]], None]


class _Book:
    """One library and what its import left behind."""

    def __init__(self) -> None:
        self.modules: List[str] = []
        self.is_harmless = True
        self.needs: List[str] = []  # books that its import opened
        self.filters: List[Any] = []
        self.environment: Dict[str, Tuple[Optional[str], Optional[str]]] = {}
        self.exits: List[Tuple[Callable[..., Any], Any, Any]] = []
        self.warned: List[Any] = []
        self.finders: List[Any] = []
        self.is_library = False


class Ahead:
    """The libraries that are put aside."""

    def __init__(self, base: Iterable[str]) -> None:
        self._shelf: Dict[str, Any] = {}
        self._books: Dict[str, _Book] = {}
        self._open: Optional[_Book] = None
        self._missed: Set[str] = set()
        self._imported = Imported()
        self._detached: Set[str] = set()  # modules that are attributes of their packages only while imported
        self._filters: List[Any] = []  # of the libraries that have been put back
        self._base = frozenset(base)
        self.guard: Any = None  # in a child
        self.put_aside()

    def load_worker(self, name: str) -> Any:
        """Load the worker's own module, then put it and what it needs aside."""
        for own in _OWN:
            self._read(_Book(), own, [(own, ())])
        return self.load(name)

    def load(self, name: str, use: Callable[[Any], None] = lambda _module: None) -> Any:
        """Load one of our modules and call `use` on it, then put it aside with everything that needed."""
        book = _Book()
        with _Recording(book, dict(self._books)):
            self._read(book, name, [(name, ())], use)
        return self._shelf[name]

    def put_aside(self, base: Optional[Iterable[str]] = None) -> List[str]:
        """Take every module out of `sys.modules` that is not in `base` (by default, those present from the start)."""
        keep = self._base if base is None else set(base)
        names = [name for name in sys.modules if name not in keep]
        self._shelf.update({name: sys.modules.pop(name) for name in names})
        self._detach(name for name in names if name in self._detached)
        return names

    def _detach(self, names: Iterable[str]) -> None:
        """Remove modules from the namespaces of their packages, which may be imported without them."""
        for name in names:
            package, _, attribute = name.rpartition(".")
            inside = vars(self.find(package)) if self.find(package) is not None else {}
            if inside.get(attribute) is self._shelf[name]:
                del inside[attribute]
                self._detached.add(name)

    def pack(self) -> None:
        """Move the names close together: putting modules back touches, and so copies, every page they lie on."""
        names = {name: name.encode().decode() for name in self._shelf}
        self._shelf = {names[name]: module for name, module in self._shelf.items()}
        for book in self._books.values():
            book.modules = [names.get(name, name) for name in book.modules]

    def modules(self) -> List[Any]:
        return [*sys.modules.values(), *self._shelf.values()]

    def names(self) -> Set[str]:
        """Top-level names that no module of the project may have: those loaded here, and those looked for in vain."""
        return {name.partition(".")[0] for name in self._shelf if not name.startswith("expops_build.")} | self._missed

    def all_names(self) -> Set[str]:
        """The names of the modules that are put aside."""
        return set(self._shelf)

    def has(self, name: str) -> bool:
        return name in self._shelf

    def spec(self, name: str, restored: Restored) -> Any:
        """For the import system: a spec whose loader gives back the module that was put aside."""
        own = getattr(self._shelf[name], "__spec__", None)
        loader: Any = _GiveBack(self, name, restored)
        spec = importlib.machinery.ModuleSpec(name, loader, origin=getattr(own, "origin", None))
        spec.submodule_search_locations = getattr(own, "submodule_search_locations", None)
        return spec

    def check(self, name: str) -> bool:
        """In a child: end it if a library would be another one if it were imported now; False if there is no library."""
        books = self._libraries(name)
        if self.guard is None or books is None:
            return False
        self.guard.check([warned for book in books for warned in book.warned])
        return True

    def _libraries(self, name: str) -> Optional[List[_Book]]:
        """The books of the libraries that come back with a module; None if it belongs to Python, or to us alone."""
        title = self._title(name)
        if title is None:
            return None if name.partition(".")[0] in getattr(sys, "stdlib_module_names", ()) else []
        books, waiting = {}, [title]
        while waiting:
            title = waiting.pop()
            if title in self._books and title not in books:
                books[title] = self._books[title]
                waiting += books[title].needs
        return [book for book in books.values() if book.is_library] or None

    def is_covered(self) -> bool:
        """Whether somebody has put other modules in the place of those that are put aside."""
        return not self._shelf.keys().isdisjoint(sys.modules)

    def take(self, name: str, restored: Restored) -> None:
        """Put a library's modules back and repeat the side effects of its import."""
        title = self._title(name)
        if title is None:
            found = self._with_imports(name)
            for library in filter(None, map(self._title, found)):
                if library in self._books and self._books[library].is_library:
                    self.take(library, restored)
            self._put_back(found, restored)
            return
        book = self._books.pop(title)
        if self._open is not None:
            self._open.needs.append(title)
        for needed in book.needs:
            if needed in self._books:
                self.take(needed, restored)
        self._put_back(book.modules, restored)
        if self._open is None:
            self._filters[:0] = book.filters
            for function, args, kwargs in book.exits:
                atexit.register(function, *args, **kwargs)
        _redo(book)

    def filters(self, before: Sequence[Any]) -> List[Any]:
        """The warning filters, given that they were `before` and that only libraries have added any."""
        return [*self._filters, *(entry for entry in before if entry not in self._filters)]

    def _with_imports(self, name: str) -> List[str]:
        """This module, and those that its import brings in."""
        found: Set[str] = set()
        waiting = [name]
        while waiting:
            for one in with_parents(waiting.pop()):
                if one not in found and one in self._shelf:
                    found.add(one)
                    waiting += [*self._imported.of(one), *_ALIASES.get(one, ()), *self._shown_by(one)]
        made_with_others = [
            one for one in self._shelf if one.rpartition(".")[0] in found and _spec(self._shelf[one]) is None
        ]
        return [*found, *made_with_others]

    def _shown_by(self, name: str) -> List[str]:
        """What a module made in C may have imported: not all of them call what notes imports. Those of Python do."""
        top, module = name.partition(".")[0], self._shelf[name]
        is_in_c = isinstance(getattr(_spec(module), "loader", None), importlib.machinery.ExtensionFileLoader)
        if not is_in_c or top in getattr(sys, "stdlib_module_names", ()):
            return []
        found = [one for one in self._shelf if one.partition(".")[0] == top]
        for value in list(vars(module).values()):
            if isinstance(value, types.ModuleType):
                found.append(value.__name__)
            elif _says_where_it_is_from(value):
                found.append(str(value.__module__))
        return found

    def _title(self, name: str) -> Optional[str]:
        """The title of the book of this module, or of the nearest enclosing package that has one."""
        while name not in self._books:
            name = name.rpartition(".")[0]
            if not name:
                return None
        return name

    def _put_back(self, names: Iterable[str], restored: Restored) -> None:
        found = {name: self._shelf.pop(name) for name in names if name in self._shelf}
        sys.modules.update(found)
        for name in self._detached.intersection(found):
            package, _, attribute = name.rpartition(".")
            setattr(self.find(package), attribute, found[name])
        restored(found)

    def import_all(self, libraries: Sequence[Library], excluded: Sequence[str]) -> Optional[str]:
        """Import libraries. Returns the first one that turns out to be unfit for that, if any."""
        for name, statements in libraries:
            if name in excluded:
                continue
            if not self._import(name, statements):
                return name
            # NumPy imports it lazily: it must be here before anybody draws a number.
            is_late = name == "numpy" and self.find("numpy.random") is None
            if is_late and not self._import("numpy.random", [("numpy.random", ())]):
                return name
        return None

    def _import(self, top: str, statements: Sequence[Statement]) -> bool:
        book, before = _Book(), _State(self)
        with _Recording(book, dict(self._books)):
            self._read(book, top, statements)
        book.is_library = True
        is_harmless = before.is_as_before(book) and book.is_harmless
        before.undo()
        return is_harmless

    def _read(
        self,
        book: _Book,
        top: str,
        statements: Sequence[Statement],
        use: Callable[[Any], None] = lambda _module: None,
    ) -> None:
        """Import into a new book; the modules put aside can be imported."""
        base, books, present = list(sys.modules), dict(self._books), list(sys.meta_path)
        finders: List[Any] = [_Opener(self), *present, _Missed(self._missed)]
        sys.meta_path[:] = finders
        self._open = book
        try:
            with self._imported:
                for module, names in statements:
                    __import__(module, None, None, list(names))
                use(sys.modules[top])
        except BaseException:  # it fails in the child, too, where the user sees it
            book.is_harmless = False
        finally:
            brought = [finder for needed in book.needs for finder in books[needed].finders]
            book.finders = [finder for finder in sys.meta_path if finder not in [*finders, *brought]]
            book.is_harmless &= sys.meta_path[: len(finders)] == finders
            sys.meta_path[:] = present
            self._open = None
        self._books = {**books, top: book}  # what was opened on the way is put aside again
        others = {name for needed in book.needs for name in books[needed].modules}
        book.modules = [name for name in self.put_aside(base) if name not in others]
        self._detach([name for name in book.modules if self._comes_without_its_package(name, book)])

    def _comes_without_its_package(self, name: str, book: _Book) -> bool:
        """Whether the package may be there without this module, which would be an attribute of it."""
        # Those without a file may be attributes without having been imported.
        has_file = _own(self._shelf[name], "__file__") is not None
        return name.rpartition(".")[0] not in book.modules or (has_file and self._title(name) is None)

    @contextlib.contextmanager
    def out(self, name: str) -> Iterator[None]:
        """While it lasts, whoever imports this module gets it, and nobody afterwards."""
        sys.modules[name] = self._shelf[name]
        try:
            yield
        finally:
            del sys.modules[name]

    def find(self, name: str) -> Any:
        """A module that has been imported, put aside or not."""
        return self._shelf.get(name) or sys.modules.get(name)


def _spec(module: Any) -> Any:
    """How a module was found; None if another one made it, as `pyexpat` makes `pyexpat.errors`."""
    return _own(module, "__spec__")


def _own(module: Any, key: str) -> Any:
    """What a module has by itself: some make what they are asked for."""
    return getattr(module, "__dict__", {}).get(key)


def _says_where_it_is_from(value: Any) -> bool:
    """Whether `__module__` helps: it does for functions and classes; those made in C name their public module."""
    if isinstance(value, type):
        return bool(value.__flags__ & _HEAP_TYPE)
    return isinstance(value, (types.FunctionType, types.BuiltinFunctionType))


class _Opener:
    """Finds modules that are put aside, for a library that is being imported ahead."""

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return self._ahead.spec(name, lambda _modules: None) if self._ahead.has(name) else None


class _Missed:
    """The last finder: records the names that no other finder has found."""

    def __init__(self, missed: Set[str]) -> None:
        self._names = missed

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if path is None:
            self._names.add(name)


class SideBySide:
    """Within the `with` block, new modules lie side by side: putting one back counts a reference to it, which copies the
    page that it lies on.
    """

    _MANY = 2000

    def __init__(self) -> None:
        self._machinery: Any = sys.modules["_frozen_importlib"]
        self._new, self._made = self._machinery._new_module, [types.ModuleType("") for _ in range(self._MANY)]

    def __enter__(self) -> None:
        self._machinery._new_module = self._next

    def _next(self, name: str) -> types.ModuleType:
        if not self._made:
            return self._new(name)  # type: ignore[no-any-return]
        module = self._made.pop()  # the last ones: the first ones fill the gaps between older objects
        module.__init__(name)  # type: ignore[misc]
        return module

    def __exit__(self, *_error: Any) -> None:
        self._machinery._new_module = self._new


class _GiveBack:
    """The loader of a module that is loaded already; it leaves no trace."""

    def __init__(self, ahead: Ahead, name: str, restored: Restored) -> None:
        self._ahead, self._name, self._restored = ahead, name, restored
        self._module, self._is_library = ahead._shelf[name], False
        self._own = {key: vars(self._module).get(key) for key in ("__spec__", "__loader__")}  # importing replaces these

    def create_module(self, _spec: Any) -> Any:
        self._is_library = self._ahead.check(self._name)
        return self._module

    def exec_module(self, module: Any) -> None:
        vars(module).update(self._own)
        self._ahead.take(self._name, self._restored)
        if self._is_library:
            self._ahead.guard.note()


class _Recording:
    """Records the warnings and atexit functions of an import, to be repeated in the child."""

    _ALL = ("always", None, Warning, None, 0)

    def __init__(self, book: _Book, others: Dict[str, _Book]) -> None:
        self._book, self._others = book, others
        self._filters = list(warnings.filters)
        self._show, self._register = warnings._showwarnmsg_impl, atexit.register  # type: ignore[attr-defined]

    def __enter__(self) -> None:
        set_filters([self._ALL])
        warnings._showwarnmsg_impl = self._book.warned.append  # type: ignore[attr-defined]
        atexit.register = self._note  # type: ignore[assignment]

    def _note(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
        self._book.exits.append((function, args, kwargs))
        return function

    def __exit__(self, *_error: Any) -> None:
        theirs = [entry for needed in self._book.needs for entry in self._others[needed].filters]
        if self._ALL in warnings.filters:
            own = [entry for entry in warnings.filters if entry not in theirs and entry != self._ALL]
            self._book.filters = own
        else:
            self._book.is_harmless = False  # it removed existing filters
        set_filters(self._filters)
        warnings._showwarnmsg_impl = self._show  # type: ignore[attr-defined]
        atexit.register = self._register


def set_filters(entries: Sequence[Any]) -> None:
    warnings.filters[:] = entries  # type: ignore[index]
    mutated = getattr(warnings, "_filters_mutated", None) or warnings._filters_mutated_lock_held  # type: ignore[attr-defined]
    mutated()


class _State:
    """The process state that importing a library may change."""

    def __init__(self, ahead: Ahead) -> None:
        self._generators = {name: ahead.find(name) for name in ("random", "numpy.random")}
        for generator in filter(None, self._generators.values()):
            generator.seed(20)
        self._ahead = ahead
        self._environment = dict(os.environ)
        self._rest = self._now()

    def is_as_before(self, book: _Book) -> bool:
        """Whether nothing has changed except what a book records."""
        now = dict(os.environ)
        changed = [name for name in {**self._environment, **now} if self._environment.get(name) != now.get(name)]
        book.environment = {name: (self._environment.get(name), now.get(name)) for name in changed}
        exits = {getattr(function, "__module__", None) for function, _, _ in book.exits}
        return self._now() == self._rest and exits <= _HARMLESS_EXITS

    def undo(self) -> None:
        """Put the environment back."""
        if dict(os.environ) != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)

    def _now(self) -> Dict[str, Any]:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return {
            **state_of_process(self._ahead),
            "printed": printed(),
            "drawn": [_drawn(generator) for generator in self._generators.values()],
            "folder": os.getcwd(),
            "imports": [list(sys.path), list(sys.path_hooks), list(sys.meta_path)],
        }


def state_of_process(ahead: Ahead) -> Dict[str, Any]:
    """What code can change in its process that a later instance would notice and that cannot be undone easily."""
    umask = os.umask(0)
    os.umask(umask)
    locale, logging, signal = (ahead.find(name) for name in ("locale", "logging", "signal"))
    resource, time = (ahead.find(name) for name in ("resource", "time"))
    timers = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
    numbers = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    return {
        "threads": threads(),
        "children": _children(),
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "umask": umask,
        "signals": [signal.getsignal(number) for number in numbers],
        "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, []),
        "timers": [signal.getitimer(timer) for timer in timers],
        "zone": time.tzname,
        "resources": [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name[:7] == "RLIMIT_"],
        "cores": os.sched_getaffinity(0),
        "digits": getattr(sys, "get_int_max_str_digits", int)(),
        "locale": locale.setlocale(locale.LC_ALL),
        "hooks": [sys.excepthook, sys.displayhook, sys.unraisablehook],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.isenabled(), gc.get_threshold()],
        "root logger": [] if logging is None else [*logging.root.handlers, *logging.root.filters],
    }


def printed() -> int:
    """How many bytes have been written to stdout and stderr, which are one file."""
    return sum(os.fstat(stream).st_size for stream in (1, 2))


def threads() -> List[str]:
    """The names of the threads that a fork would lose. OpenBLAS stops and restarts its own around a fork."""
    own, found = _comm(os.getpid()), []
    for thread in os.listdir("/proc/self/task"):
        name = _comm(int(thread))
        if int(thread) != os.getpid() and name not in _HARMLESS_THREADS:
            found.append(name)
    if found and set(found) == {own} and len(found) <= _openblas_threads():
        return []
    return found


def _comm(thread: int) -> str:
    try:
        with open(f"/proc/self/task/{thread}/comm") as file:
            return file.read().strip()
    except OSError:  # it has just exited
        return ""


def _openblas_threads() -> int:
    with open("/proc/self/maps") as file:
        copies = {line.split(None, 5)[5].strip() for line in file if "openblas" in line}
    return len(copies) * (int(os.environ.get("OPENBLAS_NUM_THREADS", "1")) - 1)


def _children() -> List[str]:
    found = []
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/children") as file:
                found += file.read().split()
        except OSError:
            continue
    return found


def _drawn(generator: Any) -> List[Any]:
    """The state of a global generator."""
    if generator is None:
        return []
    state = generator.getstate() if hasattr(generator, "getstate") else generator.get_state()
    return [part.tobytes() if hasattr(part, "tobytes") else part for part in state]


def _redo(book: _Book) -> None:
    """Repeat the side effects of a library's import, except where the user's code has since made other choices."""
    sys.meta_path.extend(finder for finder in book.finders if finder not in sys.meta_path)
    if book.filters:
        set_filters([*book.filters, *(entry for entry in warnings.filters if entry not in book.filters)])
    for variable, (before, after) in book.environment.items():
        if os.environ.get(variable) == before and after is not None:
            os.environ[variable] = after
    for warned in book.warned:
        files = {getattr(module, "__file__", None): module for module in list(sys.modules.values())}
        module = files.get(warned.filename)
        known = vars(module) if module is not None else {}
        name, registry = known.get("__name__"), known.setdefault("__warningregistry__", {})
        about = (warned.message, warned.category, warned.filename, warned.lineno, name, registry)
        warnings.warn_explicit(*about, source=warned.source)
