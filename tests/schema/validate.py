"""Validates project files against a schema, as an editor does: `validate.py SCHEMA FILE...`.

For each file, one line of JSON: what the schema refuses, each as the message and the places that it
may be about, `[line, column, last line, last column]` from 1; or `null`, if the file is no YAML.
"""

import json
import re
import sys

import jsonschema
import yaml

# The core schema of YAML 1.2, as the parser has it.
NULL = re.compile(r"~|null|Null|NULL|")
TRUTH = re.compile(r"true|True|TRUE|false|False|FALSE")
WHOLE = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def scalar(node):
    text = node.value
    if node.style is not None or (node.tag or "").startswith("!"):
        return text
    if NULL.fullmatch(text):
        return None
    if TRUTH.fullmatch(text):
        return text.lower() == "true"
    if WHOLE.fullmatch(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    return text


def span(start, end):
    return [start.line + 1, start.column + 1, end.line + 1, end.column + 1]


def read(node, path, places):
    """The value of `node`; `places` gets the places of all values and keys in it, by their paths."""
    places.setdefault(path, []).append((node, span(node.start_mark, node.end_mark)))
    if isinstance(node, yaml.SequenceNode):
        return [read(item, (*path, i), places) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return scalar(node)
    found, merged = {}, {}
    for key, value in node.value:
        if key.value == "<<":
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                inner = read(source, path, {})
                merged = {**inner, **merged} if isinstance(inner, dict) else merged
            continue
        name = key.value if isinstance(key, yaml.ScalarNode) else str(key.start_mark)
        places.setdefault((*path, name), []).append((None, span(key.start_mark, key.end_mark)))
        found[name] = read(value, (*path, name), places)
    return {**merged, **found}


def below(value, path):
    for key in path:
        value = value[key]
    return value


def names_of(error, whole):
    """The keys that `error` does not want where they are."""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        patterns = error.schema.get("patternProperties", {})
        return [name for name in error.instance if name not in known and not any(re.search(p, name) for p in patterns)]
    # Of a schema that is `false`, the path ends above.
    parent = below(whole, error.absolute_path)
    items = parent.items() if isinstance(parent, dict) else []
    return [name for name, value in items if value is error.instance]


def around(error, whole, places):
    """The places that `error` may be about: its value and the key of it, or the keys that are not wanted."""
    path = tuple(error.absolute_path)
    if error.validator in ("additionalProperties", None):
        return [place for name in names_of(error, whole) for _, place in places.get((*path, name), [])]
    # The parser points at the list where a validator points into it.
    paths = [path, path[:-1]] if path and isinstance(path[-1], int) else [path]
    found = []
    for node, place in (place for path in paths for place in places.get(path, [])):
        # In a text, any part of it may be pointed at, as in a list of which the whole is wrong; else only the start.
        in_it = isinstance(node, yaml.ScalarNode) or error.validator in ("contains", "maxContains", "uniqueItems")
        found.append(place if in_it else [*place[:2], *place[:2]])
    return found


def outcome(validator, name):
    try:
        with open(name, encoding="utf-8") as file:
            node = yaml.compose(file.read(), yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    places = {}
    value = read(node, (), places) if node else None
    errors = validator.iter_errors(value)
    return [(error.message[:200], around(error, value, places) or [[1, 1, 1, 1]]) for error in errors]


with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
for name in sys.argv[2:]:
    print(json.dumps(outcome(jsonschema.Draft202012Validator(schema), name)))
