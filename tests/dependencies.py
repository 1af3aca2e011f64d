"""What the crates that expops is made of may be: under which licences, from where, in how many versions.

Reads `cargo tree` instead of asking cargo-deny, which would take longer to compile than expops itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from typing import DefaultDict, List, Set

#: Licences that let us hand on a program under MIT or Apache-2.0.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    # Of a list of certificates: data.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
}

#: Crates that are there in more than one version, and who wants the older one.
TWICE = {
    "getrandom": "the build of ruff's table of Unicode names; proptest",
    "rand": "the build of ruff's table of Unicode names",
    "rand_core": "the build of ruff's table of Unicode names",
    "syn": "derives of ruff's syntax tree",
}

#: Crates that are long to compile and that an older version, which Cargo.lock keeps, does without.
UNWANTED = {"object": "psm since 0.1.28 compiles it to write one archive: cargo update -p psm --precise 0.1.27"}


def may_be_used(licence: str) -> bool:
    """Whether an SPDX expression (or the older `MIT/Apache-2.0`) can be met with what is allowed."""
    words = re.findall(r"\(|\)|\bAND\b|\bOR\b|[\w.-]+(?: WITH [\w.-]+)?", licence.replace("/", " OR "))
    told = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    return bool(eval(" ".join(told.get(word, str(word in ALLOWED)) for word in words), {}))


def problems(tree: str) -> List[str]:
    """What is wrong in the lines `name version (source)|licence`."""
    found = []
    versions: DefaultDict[str, Set[str]] = defaultdict(set)
    for line in sorted(set(tree.splitlines()) - {""}):
        crate, licence = line.removesuffix(" (*)").split("|")
        name, version, *more = crate.split(" ")
        if name != "expops" and any(word not in ("(proc-macro)", "(*)") for word in more):
            found.append(f"{crate} does not come from crates.io")
        if not licence or not may_be_used(licence):
            found.append(f"{crate} has the licence `{licence}`")
        if name in UNWANTED:
            found.append(f"{name} is long to compile: {UNWANTED[name]}")
        versions[name].add(version)
    twice = {name for name, all_of_them in versions.items() if len(all_of_them) > 1}
    found += [f"{name} is there in {' and '.join(sorted(versions[name]))}" for name in sorted(twice - set(TWICE))]
    return found + [f"{name} is there once: take it off the list" for name in sorted(set(TWICE) - twice)]


def main() -> int:
    # What these have to say has to be right before it is believed.
    assert may_be_used("(MIT OR GPL-3.0) AND Unicode-3.0")
    assert not may_be_used("MIT AND GPL-3.0")
    assert len(problems("a v1|GPL-3.0\nb v1 (/there)|MIT\nsyn v1|MIT\nc v1|MIT\nc v2|MIT\nobject v1|MIT")) >= 5
    command = ["cargo", "tree", "--locked", "--all-features", "--prefix", "none", "--format", "{p}|{l}"]
    tree = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = problems(tree)
    print("\n".join(found) if found else f"{len(set(tree.splitlines()))} crates may be used")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
