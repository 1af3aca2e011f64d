"""The questions of the benchmark, asked to lxml: first and best time of each, and the count."""

import sys
import time

from lxml import etree


def main(path, rounds, questions):
    started = time.perf_counter()
    root = etree.parse(path, etree.XMLParser(huge_tree=True)).getroot()
    print(f"{etree.LIBXML_VERSION} parsed in {time.perf_counter() - started:.2f} s", flush=True)
    for question in questions:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            answer = etree.XPath(question)(root)
            times.append(time.perf_counter() - started)
            count = answer if isinstance(answer, float) else len(answer)
            # A list left alive would give the next round its nodes for nothing.
            del answer
        print(times[0], min(times), count, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
