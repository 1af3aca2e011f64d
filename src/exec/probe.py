# Prints the version, the path of the interpreter, and the installed packages, one per line. It runs with `-I`, so no
# folder of the project is on the path. What is in PYTHONPATH and in the user's site is installed nevertheless, and is
# listed without being imported. A package that cannot be read, left by a broken installation, must not hide the others.
#
# With the word `whole`, packages are told by their files, wherever they came from; with the word `own`, only what is in the
# interpreter's own folder is told, and of that everything by which it shows that somebody has changed it.
import binascii
import csv
import hashlib
import importlib.metadata
import json
import os
import platform
import site
import sys
import urllib.parse
import urllib.request

# Leftovers of tools, unless there is a package with that name.
SKIPPED = {"__pycache__", "node_modules", "build", "dist", ".git", ".hg", ".tox", ".venv", "venv", "env"}

# The digests in lists of files are in the base64 of URLs.
OF_URLS = bytes.maketrans(b"+/", b"-_")

# What is there as a whole; of files of packages only those are told that are edited.
THERE = "there "


def places():
    found = list(sys.path)
    found += [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    if not os.environ.get("PYTHONNOUSERSITE"):
        found.append(site.getusersitepackages())
    return found


def is_left(above, name):
    is_package = os.path.exists(os.path.join(above, name, "__init__.py"))
    return name.endswith(".egg-info") or (name in SKIPPED and not is_package)


def content(folder):
    """The digest of the folder of an editable package."""
    digest = hashlib.sha256()
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_left(above, name))
        for name in sorted(names):
            path = os.path.join(above, name)
            if name.endswith((".pyc", "~")) or not os.path.isfile(path):
                continue
            digest.update(os.path.relpath(path, folder).encode(errors="surrogateescape") + b"\0")
            digest.update(digest_of(path))
    return digest.hexdigest()


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()


def links(place):
    """The packages and modules of a folder of packages that are links to somewhere else, as `flit install --symlink` makes them."""
    try:
        found = [entry for entry in os.scandir(place) if entry.is_symlink()]
    except OSError:
        return
    for entry in found:
        target = os.path.realpath(entry.path)
        if not os.path.realpath(".").startswith(os.path.join(target, "")):
            if os.path.isdir(target):
                yield entry.name, content(target)
            elif entry.name.endswith(".py") and os.path.isfile(target):
                yield entry.name, digest_of(target).hex()


def strays(place, owned):
    """The packages and modules of a folder of packages that no installed distribution lists: somebody copied them there."""
    try:
        found = [entry for entry in os.scandir(place) if not entry.is_symlink() and entry.name not in owned]
    except OSError:
        return
    for entry in found:
        if entry.is_dir():
            if entry.name.isidentifier() and entry.name != "__pycache__":
                yield entry.name, content(entry.path)
        # Tools that make environments leave the last one.
        elif entry.name.endswith((".py", ".so", ".pyd")) and entry.name != "_virtualenv.py":
            yield entry.name, digest_of(entry.path).hex()


def listed(package):
    """The files of a package, and their digests, as they were installed. Not programs, nor notes about the installation, which
    contain its path, nor what Python compiles.
    """
    lines = [line[:2] for line in csv.reader((package.read_text("RECORD") or "").splitlines()) if len(line) > 1]
    return [line for line in lines if not (line[0].startswith("..") or line[0].endswith(".pyc"))]


def digest_or_nothing(path):
    try:
        return digest_of(path)
    except OSError:
        return b""


def may_differ(path, size, installed):
    """Whether a file was written after that time, has another size than was noted, or is gone."""
    try:
        seen = os.stat(path)
        return seen.st_mtime_ns > installed or size not in ("", str(seen.st_size))
    except OSError:
        return True


def edited(at, files, installed):
    """Those of the files, with their digests, that are not as noted; nothing is the digest of one that is gone."""
    for path, told, size in files:
        if may_differ(at + path, size, installed):
            now = digest_or_nothing(at + path)
            if (
                binascii.b2a_base64(now, newline=False).translate(OF_URLS).rstrip(b"=").decode()
                != told.partition("=")[2]
            ):
                yield path, now.hex()


def edits(package, files):
    """What identifies the edits of a package's files since it was installed: who installs writes the list of the files last."""
    at = os.path.join(str(package.locate_file("")), "")
    lists = [path for path, _ in files if path.endswith(".dist-info/RECORD")]
    if not lists:
        return ""
    own = [(path, told, "") for path, told in files if ".dist-info/" not in path]
    found = [path + "," + now for path, now in edited(at, own, os.stat(at + lists[0]).st_mtime_ns)]
    return (
        " edited " + hashlib.sha256("\n".join(found).encode(errors="surrogateescape")).hexdigest()[:16] if found else ""
    )


def scripts():
    return os.path.dirname(sys.executable)


def counts(place, path):
    """Whether a file of a package is looked at: not what Python compiles, nor data outside the folders of packages and of
    programs, which other tools share.
    """
    is_inside = not path.startswith("..") or os.path.dirname(os.path.normpath(os.path.join(place, path))) == scripts()
    return is_inside and not path.endswith(".pyc")


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError:
        return ""


def state(place, name, owned):
    """What shows that somebody has changed the package that a folder `name` is about. What it owns is added to `owned`."""
    at, list_of_files = os.path.join(place, ""), name + "/RECORD"
    text = text_of(at + list_of_files)
    files = [line[:3] for line in csv.reader(text.splitlines()) if len(line) > 2]
    owned.update(path.partition("/")[0] for path, _, _ in files)
    owned.update(text_of(os.path.join(at, name, "top_level.txt")).split())
    yield list_of_files, THERE + hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    if text:
        files = [line for line in files if line[0] != list_of_files and counts(place, line[0])]
        for path, now in edited(at, files, os.stat(at + list_of_files).st_mtime_ns):
            yield path, now or "lost"


def names():
    """Where the names of the interpreter lead, and what says which packages it has."""
    yield "pyvenv.cfg", THERE + digest_or_nothing(os.path.join(sys.prefix, "pyvenv.cfg")).hex()
    for entry in os.scandir(scripts()):
        if entry.name.startswith("python"):
            yield entry.name, THERE + (os.readlink(entry.path) if entry.is_symlink() else str(entry.stat().st_size))


def own():
    """The state of all that is installed, one thing per line: its path, a tab, what it is."""
    found, owned = set(names()), set()
    for place in sys.path:
        if place.startswith(os.path.join(sys.prefix, "")) and os.path.isdir(place):
            for name in os.listdir(place):
                if name.endswith((".dist-info", ".egg-info")):
                    found.update(state(place, name, owned))
            found.update((name, THERE + digest) for name, digest in strays(place, owned))
    return sorted(path + "\t" + what for path, what in found)


def source(package, files):
    """What identifies a package beside its version, which says little unless it came from an index."""
    told = json.loads(package.read_text("direct_url.json") or "{}")
    if not told and "whole" not in sys.argv:
        return ""
    url = urllib.parse.urlsplit(told.get("url", ""))
    if url.scheme == "file" and told.get("dir_info", {}).get("editable"):
        folder = urllib.request.url2pathname(url.path)
        # The project's own code counts by what each process reaches.
        is_own = os.path.commonpath([os.path.realpath(folder), os.path.realpath(".")]) == os.path.realpath(folder)
        return "" if is_own else " " + content(folder)[:16]
    digest = hashlib.sha256()
    for path, known in files:
        if ".dist-info/" not in path:
            # Not every tool that builds packages notes digests.
            told_or_seen = known or digest_or_nothing(str(package.locate_file(path))).hex()
            digest.update(f"{path},{told_or_seen}\n".encode(errors="surrogateescape"))
    return " " + digest.hexdigest()[:16]


def installed():
    found, owned = set(), set()
    for package in importlib.metadata.distributions(path=places()):
        try:
            told = package.metadata
            name, version = told["Name"], told["Version"]
        except Exception:
            continue
        try:
            files = listed(package)
            owned.update(path.partition("/")[0] for path, _ in files)
            owned.update((package.read_text("top_level.txt") or "").split())
            version = str(version) + source(package, files) + edits(package, files)
        except Exception as error:
            version = str(version) + " (" + type(error).__name__ + ")"
        # Builds have their own copy of our package.
        if name and name.lower().replace("_", "-") != "expops-build":
            found.add(name.lower().replace("_", "-") + "==" + version)
    for place in places():
        if os.path.basename(place) in ("site-packages", "dist-packages"):
            found.update(name + "==link " + digest[:16] for name, digest in links(place))
            # What the system's own installer brings has no lists, and nobody edits it.
            if not place.startswith("/usr/") or place.startswith("/usr/local/"):
                found.update(name + "==copy " + digest[:16] for name, digest in strays(place, owned))
    return sorted(found)


# Not every name of a file is text.
sys.stdout.reconfigure(errors="backslashreplace")
print(platform.python_implementation(), platform.python_version())
print(sys.executable)
print("\n".join(own() if "own" in sys.argv else installed()))
