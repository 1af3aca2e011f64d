"""What counts as plain, and the digest of plain values, beside definitions that go through a value object by object."""

import json
import math
import random
import unittest

from expops_build import _digest, _plain

_SCALARS: tuple = (
    *(0, 1, -1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30),
    *(0.0, -0.0, 1.5, math.inf, -math.inf, math.nan, True, False, None),
    *("", "a", "text" * 9, "\ud800", b"", b"bytes", 1j, (), (1, "a"), {}, [], {1: 2}, {"a": {"b": []}}, {2, 3}),
)


def _any_value(random_, depth):
    kind = random_.choice(["list", "dict", "tuple"] if depth else ["scalar"])
    inside = [
        _any_value(random_, depth - 1)
        if random_.random() < 0.5
        else random_.choice(_SCALARS[: random_.randrange(2, 99)])
        for _ in range(random_.randrange(4))
    ]
    if kind == "scalar":
        return random_.choice(_SCALARS)
    if kind == "dict":
        return {random_.choice(["a", "b", "cc", 5 if random_.random() < 0.1 else "d"]): one for one in inside}
    return tuple(inside) if kind == "tuple" and random_.random() < 0.3 else inside


def _is_plain(value, depth):
    kind = type(value)
    if depth < 0:
        return False
    if kind is int:
        return -(2**63) <= value < 2**63
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return all(_is_plain(one, depth - 1) for one in value)
    if kind is dict:
        return all(type(key) is str and _is_plain(one, depth - 1) for key, one in value.items())
    return kind is str or kind is bool or value is None


def _least(value):
    """What a plain value takes at least: two bytes for each object, and the texts."""
    inside = value if type(value) is list else value.values() if type(value) is dict else ()
    return 2 + (len(value) if type(value) is str else 0) + sum(map(_least, inside))


def _is_of(value, kinds, met=None):
    """Whether a value consists of these types, and no list or dict is in it twice."""
    met = set() if met is None else met
    if type(value) not in kinds or id(value) in met:
        return False
    if isinstance(value, (list, dict)):
        met.add(id(value))
    inside = list(value) if isinstance(value, (list, tuple, dict)) else []
    inside += list(value.values()) if isinstance(value, dict) else []
    return all(_is_of(one, kinds, met) for one in inside)


class PlainTest(unittest.TestCase):
    def test_it_is_what_json_preserves(self):
        random_, plain = random.Random(1), 0
        for _ in range(20_000):
            value, depth = _any_value(random_, random_.randrange(4)), random_.randrange(5)
            self.assertEqual(_plain.is_plain(value, 1000, depth), _is_plain(value, depth), (value, depth))
            plain += _is_plain(value, depth)
        self.assertGreater(plain, 1000)

    def test_no_more_than_the_size_is_looked_at(self):
        random_ = random.Random(2)
        for _ in range(5000):
            value = _any_value(random_, 3)
            if _is_plain(value, 50):
                size = _least(value)
                self.assertLessEqual(size, len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) + 1)
                self.assertEqual([_plain.is_plain(value, size - 1), _plain.is_plain(value, size)], [False, True], value)
        endless: list = []
        endless.append(endless)
        self.assertFalse(_plain.is_plain(endless))
        self.assertFalse(_plain.is_of(endless, {list}, 1 << 30))
        wide: list = [0]
        for _ in range(40):
            wide = [wide, wide]  # a few objects, 2 ** 40 of them if each is counted where it is
        self.assertFalse(_plain.is_plain(wide))
        self.assertFalse(_plain.is_of(wide, {list, int}, 1 << 16))

    def test_all_that_is_in_a_value_is_of_the_kinds(self):
        random_, kinds = random.Random(3), _digest._PLAIN | {str}
        for _ in range(20_000):
            value = _any_value(random_, random_.randrange(4))
            self.assertEqual(_plain.is_of(value, kinds, 1000), _is_of(value, kinds), value)

    def test_the_digest_of_a_plain_value_is_that_of_any_other(self):
        random_, kinds = random.Random(4), _digest._PLAIN | {str}
        for _ in range(5000):
            value = _any_value(random_, random_.randrange(4))
            if _is_of(value, kinds):
                walked = _digest._encode(value, False, None, frozenset(), _digest.Parts())
                self.assertEqual(_digest._encode_plain(value, 1 << 20), walked, value)


if __name__ == "__main__":
    unittest.main()
