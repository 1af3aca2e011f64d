"""Which variables a function names that copies or lists the environment."""

import sys
import unittest

from expops_build import _quoted

PREFIX = "APP_"
WORDS = ("ONE", "Two", "three")


def named():
    return _quoted.names(sys._getframe(1))


class Quoted(unittest.TestCase):
    def test_words_in_capitals_are_names_and_beginnings_of_names(self):
        def constants():
            return named(), "RATE", "no word", "lower", [name for name in ["a"] if name.startswith("MY_")]

        def variables(prefix):
            return named(), PREFIX, WORDS

        self.assertEqual(constants()[0], {"RATE", "MY_*"})
        self.assertEqual(variables("GIVEN_")[0], {"APP_*", "ONE", "GIVEN_*"})


if __name__ == "__main__":
    unittest.main()
