# Prints the version, the path of the interpreter, and the installed packages, one per line. It runs with `-I`, so no
# folder of the project is on the path. What is in PYTHONPATH and in the user's site is installed nevertheless, and is
# listed without being imported. A package that cannot be read, left by a broken installation, must not hide the others.
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
            with open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


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
                with open(target, "rb") as file:
                    yield entry.name, hashlib.sha256(file.read()).hexdigest()


def source(package):
    """What identifies a package beside its version, which says little unless it came from an index."""
    told = package.read_text("direct_url.json")
    if not told:
        return ""
    told = json.loads(told)
    url = urllib.parse.urlsplit(told.get("url", ""))
    if url.scheme == "file" and told.get("dir_info", {}).get("editable"):
        folder = urllib.request.url2pathname(url.path)
        # The project's own code counts by what each process reaches.
        is_own = os.path.commonpath([os.path.realpath(folder), os.path.realpath(".")]) == os.path.realpath(folder)
        return "" if is_own else " " + content(folder)[:16]
    lines = (package.read_text("RECORD") or "").splitlines()
    # Programs and notes about the installation contain its path.
    own = [line for line in lines if not line.startswith("..") and ".dist-info/" not in line]
    return " " + hashlib.sha256("\n".join(own).encode()).hexdigest()[:16]


print(platform.python_implementation(), platform.python_version())
print(sys.executable)
found = set()
for package in importlib.metadata.distributions(path=places()):
    try:
        name, version = package.metadata["Name"], package.version
    except Exception:
        continue
    try:
        version = str(version) + source(package)
    except Exception as error:
        version = str(version) + " (" + type(error).__name__ + ")"
    # Builds have their own copy of our package.
    if name and name.lower().replace("_", "-") != "expops-build":
        found.add(name.lower().replace("_", "-") + "==" + version)
for place in places():
    if os.path.basename(place) in ("site-packages", "dist-packages"):
        found.update(name + "==link " + digest[:16] for name, digest in links(place))
print("\n".join(sorted(found)))
