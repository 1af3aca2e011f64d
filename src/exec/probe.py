# Prints the version, the path of the interpreter, and the installed packages, one per line. It runs with `-I`, so no
# folder of the project is on the path. What is in PYTHONPATH and in the user's site is installed nevertheless, and is
# listed without being imported. A package that cannot be read, left by a broken installation, must not hide the others.
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


def is_later(path, installed):
    """Whether a file was written after that time, or is gone."""
    try:
        return os.stat(path).st_mtime_ns > installed
    except OSError:
        return True


def edits(package, files):
    """What identifies the edits of a package's files since it was installed: who installs writes the list of the files last."""
    at = os.path.join(str(package.locate_file("")), "")
    lists = [path for path, _ in files if path.endswith(".dist-info/RECORD")]
    if not lists:
        return ""
    installed = os.stat(at + lists[0]).st_mtime_ns
    edited = []
    for path, told in files:
        if ".dist-info/" not in path and is_later(at + path, installed):
            now = digest_or_nothing(at + path)
            if (
                binascii.b2a_base64(now, newline=False).translate(OF_URLS).rstrip(b"=").decode()
                != told.partition("=")[2]
            ):
                edited.append(path + "," + now.hex())
    return (
        " edited " + hashlib.sha256("\n".join(edited).encode(errors="surrogateescape")).hexdigest()[:16]
        if edited
        else ""
    )


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


print(platform.python_implementation(), platform.python_version())
print(sys.executable)
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
print("\n".join(sorted(found)))
