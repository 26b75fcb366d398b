"""Times the benchmark modules, side by side in this process. Started by `cargo xtask bench`.

Each round times every row with every module once, in turn, so that what disturbs the machine for a
while disturbs all of them. The collector is off, the process stays on one core, each timing lasts
some milliseconds, and it is the thread's own time that counts, not that of other programs which
the core runs in between. Prints JSON.
"""

import argparse
import gc
import importlib
import json
import os
import sys

import _interpreters

import rows

# A timing lasts at least so long.
SECONDS = 0.005


def selected(patterns):
    from fnmatch import fnmatch

    for row in rows.ROWS:
        names = (row.group, row.name, row.id)
        if any(fnmatch(name, pattern) for name in names for pattern in patterns):
            yield row


def calibrated(timer):
    """How often to run the statement for one timing."""
    count = 1
    while (took := timer(count)) < SECONDS / 10:
        count *= 2
    return max(1, int(count * SECONDS / took))


class Case:
    """A row with a module, or the empty loop."""

    def __init__(self, timer):
        self.timer = timer
        self.count = calibrated(timer)
        self.samples = []

    def sample(self):
        self.samples.append(self.timer(self.count) / self.count * 1e9)


def measure(modules, wanted, rounds):
    """Nanoseconds of each round, for each row and module; `empty` is the loop alone."""
    cases = [
        (row, {name: Case(row.timer(module)) for name, module in modules.items()})
        for row in wanted
    ]
    empty = Case(rows.make_timer("pass", {}))
    for number in range(rounds):
        for _, by_module in cases:
            empty.sample()
            order = list(by_module.values())
            shift = number % len(order)
            for case in order[shift:] + order[:shift]:
                case.sample()
    return {
        "empty": empty.samples,
        "rows": [
            {
                "id": row.id,
                "title": row.title,
                "samples": {name: case.samples for name, case in by_module.items()},
            }
            for row, by_module in cases
        ],
    }


def more_interpreters(count, folder, names):
    """Makes `count` interpreters, each with the named modules imported."""
    source = f"import sys; sys.path[:0] = [{folder!r}]\n"
    source += "".join(f"import bench_{name}\n" for name in names)
    made = []
    for _ in range(count):
        interpreter = _interpreters.create("isolated", reqrefs=False)
        made.append(interpreter)
        error = _interpreters.exec(interpreter, source)
        if error is not None:
            raise RuntimeError(error.formatted)
    return made


def end_interpreters(interpreters):
    for interpreter in interpreters:
        _interpreters.destroy(interpreter)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--modules", required=True)
    parser.add_argument("--peers", required=True, help="names, with commas between")
    parser.add_argument("--multi", default="", help="those of them that other interpreters import")
    parser.add_argument("--rows", nargs="*")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--alive", type=int, default=1)
    options = parser.parse_args()

    sys.path.insert(0, options.modules)
    peers = options.peers.split(",")
    modules = {name: importlib.import_module(f"bench_{name}") for name in peers}
    wanted = list(selected(options.rows or ["*"]))
    if not wanted:
        sys.exit(f"no row fits {' '.join(options.rows)}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.collect()
    gc.disable()

    result = {"one": measure(modules, wanted, options.rounds)}
    if options.alive > 1:
        multi = [name for name in options.multi.split(",") if name]
        others = more_interpreters(options.alive - 1, options.modules, multi)
        gc.collect()
        gc.disable()
        result["many"] = measure(modules, wanted, options.rounds)
        end_interpreters(others)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
