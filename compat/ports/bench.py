"""Times a package's benchmarks, `bench/NAME.py`, and prints the seconds of each as JSON.

Usage: bench.py NAME

The file has a dictionary `BENCHMARKS` from names to statements, which see the file's globals.
"""

import json
import runpy
import sys
import timeit
from pathlib import Path

LOOP = 0.005  # seconds of one loop: long beside the clock's resolution, short beside a time slice
LOOPS = 20


def best(statement, names):
    """Returns the least time of one execution, in seconds."""
    timer = timeit.Timer(statement, globals=names)
    count = 1
    while (time := timer.timeit(count)) < LOOP:
        count = max(2 * count, int(count * LOOP / max(time, 1e-9)))
    return min(timer.repeat(LOOPS, count)) / count


names = runpy.run_path(str(Path(__file__).parent / "bench" / f"{sys.argv[1]}.py"))
print(json.dumps({name: best(code, names) for name, code in names["BENCHMARKS"].items()}))
