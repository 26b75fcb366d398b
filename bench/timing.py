"""Times the rows of all modules side by side, in this process.

Each round times every row with every module once, in turn, so that what disturbs the machine for a
while disturbs all of them. The collector is off, the process stays on one core, each timing lasts
some milliseconds, and it is the thread's own time that counts, not that of other programs which
the core runs in between.
"""

import common
import rows

# A timing lasts at least so long.
SECONDS = 0.005


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


def run(modules, wanted, rounds, alive, source):
    """With one interpreter, and with `alive`: the others have run `source`."""
    result = {"one": measure(modules, wanted, rounds)}
    others = common.make_interpreters(alive - 1, source)
    common.settle()
    result["many"] = measure(modules, wanted, rounds)
    common.end_interpreters(others)
    return result
