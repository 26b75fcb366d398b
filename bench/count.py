"""Counts the instructions of the rows: runs under callgrind, started by `cargo xtask bench`.

Each row is run for two numbers of times, and callgrind writes what it counted for each to a file
that is called by its text, `ROW PEER ALIVE TRY TIMES`. The difference leaves out what is not the
row's: the start, the timer, the dump itself.

A row is tried more than once, and the least counts: where the one block that a call takes and gives
back happens to be the last of its pool, the allocator puts the pool from one list to another and
back, at each call.
"""

import sys

import common
import rows

# These work on a hundred or a thousand items.
LONG = {"vec-from-list", "list-of-floats", "map-from-dict", "iterate"}
TIMES = 1000
TIMES_LONG = 10
TRIES = 2

# What the allocator serves: sizes of 16, 32, … bytes with the head of a `bytes` object.
SIZES = range(16, 513, 16)
HEAD = sys.getsizeof(b"")


def count(probe, timer, times, text):
    # The interpreter learns what it works on, and free lists fill.
    timer(50)
    taken = []
    for attempt in range(TRIES):
        for factor in (1, 2):
            probe.zero()
            timer(times * factor)
            probe.dump(f"{text} {attempt} {times * factor}")
        # Three blocks of each size, so that the next try meets other pools.
        taken += [bytes(max(size - HEAD, 2)) for size in SIZES for _ in range(3)]


def measure(modules, wanted, alive):
    import bench_probe as probe

    probe.start()
    count(probe, rows.make_timer("pass", {}), TIMES, f"empty loop {alive}")
    for row in wanted:
        times = TIMES_LONG if row.name in LONG else TIMES
        for name, module in modules.items():
            count(probe, row.timer(module), times, f"{row.id} {name} {alive}")
    probe.stop()


def run(modules, wanted, alive, source):
    """With one interpreter, and with `alive`: the others have run `source`."""
    measure(modules, wanted, 1)
    if alive > 1:
        others = common.make_interpreters(alive - 1, source)
        common.settle()
        measure(modules, wanted, alive)
        common.end_interpreters(others)
    return [{"id": row.id, "title": row.title} for row in wanted]
