"""Kills expops-split at random moments; whenever it dies, no stamp in force may be untrue, and the next
split must end with the right partitions.

    python tests/split/kill.py path/to/expops-split [rounds]
"""

import hashlib
import pathlib
import random
import subprocess
import sys
import tempfile
import time

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 100
PARTS = 20


def stamps_are_true(out):
    for stamp in out.glob("p*.stamp"):
        said = stamp.read_text().split()[0].removeprefix("sha256:")
        data = stamp.with_suffix(".csv").read_bytes()
        assert hashlib.sha256(data).hexdigest() == said, stamp


with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    out = folder / "out"
    rows = [f"{i},{i * i}\n" for i in range(20000)]
    command = [PROGRAM, str(folder / "d.csv"), "--size", str(PARTS), "--out", str(out), "-q"]
    longest = 0.05
    killed = 0
    for turn in range(ROUNDS):
        for _ in range(random.randint(1, 30)):
            rows[random.randrange(len(rows))] = f"{random.random()},{turn}\n"
        (folder / "d.csv").write_text("a,b\n" + "".join(rows))
        if turn % 4 == 0:
            start = time.time()
            subprocess.run(command, check=True)
            longest = time.time() - start
            data = [(out / f"p{i}.csv").read_text() for i in range(1, PARTS + 1)]
            assert "".join(text.removeprefix("a,b\n") for text in data) == "".join(rows)
            assert len(list(out.glob("*.stamp"))) == PARTS
            # A stamp that was being written when the process died leaves its temporary file, of one line. What was
            # learned of the rows has a file, too.
            names = [path.name for path in out.iterdir() if not path.name.startswith((".tmp-", ".expops-split"))]
            assert len(names) == 2 * PARTS, names
        else:
            process = subprocess.Popen(command)
            time.sleep(random.uniform(0, longest))
            process.kill()
            killed += process.wait() != 0
        stamps_are_true(out)
    print(f"killed {killed} times, and no stamp was untrue")
