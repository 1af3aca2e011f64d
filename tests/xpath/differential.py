"""Asks lxml the questions of a file of cases and compares its answers with those in the file."""

import json
import struct
import sys

from lxml import etree

XML = "{http://www.w3.org/XML/1998/namespace}"


def number_nodes(root):
    """The place in document order of every element, comment and instruction, and of every text."""
    places, texts, contexts = {}, {}, {}
    count = 0

    def visit(node):
        nonlocal count
        count += 1
        places[node], contexts[count] = count, node
        if isinstance(node.tag, str):
            if node.text:
                count += 1
                texts[node, False] = count
            for child in node:
                visit(child)
                if child.tail:
                    count += 1
                    texts[child, True] = count

    before = list(root.itersiblings(preceding=True))
    for node in [*reversed(before), root, *root.itersiblings()]:
        visit(node)
    return places, texts, contexts


def place(node, places, texts):
    if isinstance(node, etree._Element):
        return places[node]
    owner = node.getparent()
    if node.is_attribute:
        return [places[owner], node.attrname.replace(XML, "xml:")]
    return texts[owner, bool(node.is_tail)]


def ask(context, expression, places, texts):
    try:
        answer = context.xpath(expression)
        if isinstance(answer, bool):
            return answer
        if isinstance(answer, float):
            is_nan = answer != answer
            return {"number": "nan" if is_nan else str(struct.unpack(">Q", struct.pack(">d", answer))[0])}
        if isinstance(answer, str):
            return {"string": str(answer)}
        found = [place(node, places, texts) for node in answer]
        # lxml leaves the root node out of its lists, but counts it.
        if context.xpath(f"count({expression})") == len(found) + 1:
            found.insert(0, 0)
        return found
    except etree.XPathError:
        return "error"


def main(path):
    asked, different, kinds = 0, 0, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            case = json.loads(line)
            root = etree.fromstring(case["xml"].encode("utf-8"))
            places, texts, contexts = number_nodes(root)
            for index, expression, ours in case["questions"]:
                theirs = ask(contexts[index], expression, places, texts)
                asked += 1
                kind = {dict: "scalars", bool: "booleans", str: "errors", list: "node sets"}[type(ours)]
                kind = "empty node sets" if ours == [] else kind
                kinds[kind] = kinds.get(kind, 0) + 1
                if theirs != ours or type(theirs) is not type(ours):
                    different += 1
                    if different <= 20:
                        print(f"seed {case['seed']}, at node {index} of {case['xml']!r}")
                        print(f"  {expression!r}\n  ours   {ours}\n  theirs {theirs}")
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{asked} answers compared ({counts}), {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
