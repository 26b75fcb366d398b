"""Counts the instructions of the rows. Runs under callgrind, started by `cargo xtask bench`.

Each row runs for two different repeat counts, and callgrind writes the count of each run to a file
identified by its text, `ROW PEER ALIVE TRY TIMES`. The difference excludes everything but the row:
the start, the timer, the dump itself.

Each row is tried more than once, and the minimum counts: if the one block that a call allocates and
frees happens to be the last of its pool, the allocator moves the pool between two lists at each
call.
"""

import sys

import common
import rows

# Rows that process a hundred or a thousand items.
LONG = {"vec-from-list", "list-of-floats", "map-from-dict", "iterate"}
TIMES = 1000
TIMES_LONG = 10
TRIES = 2

# The allocator's size classes, 16, 32, … bytes, which include the header of a `bytes` object.
SIZES = range(16, 513, 16)
HEADER = sys.getsizeof(b"")


def count(probe, timer, times, text):
    """Dumps the counts of `times` and `2 * times` runs of a row, once for each try."""
    # Lets the interpreter specialize the code, and fills free lists.
    timer(50)
    blocks = []
    for attempt in range(TRIES):
        for factor in (1, 2):
            probe.zero()
            timer(times * factor)
            probe.dump(f"{text} {attempt} {times * factor}")
        # Three blocks of each size, so that the next try uses other pools.
        blocks += [bytes(max(size - HEADER, 2)) for size in SIZES for _ in range(3)]


def measure(modules, wanted, alive):
    """Counts the rows with each module. `alive` is only for the name of the dumps."""
    import bench_probe as probe

    probe.start()
    count(probe, rows.make_timer("pass", {}), TIMES, f"empty loop {alive}")
    for row in wanted:
        times = TIMES_LONG if row.name in LONG else TIMES
        for name, module in row.of(modules).items():
            count(probe, row.timer(module), times, f"{row.id} {name} {alive}")
    probe.stop()


def run(modules, wanted, alive, source):
    """Counts with one interpreter, and with `alive` of them; the others have run `source`."""
    measure(modules, wanted, 1)
    if alive > 1:
        others = common.make_interpreters(alive - 1, source)
        common.settle()
        measure(modules, wanted, alive)
        common.end_interpreters(others)
    return [{"id": row.id, "peers": row.peers} for row in wanted]
