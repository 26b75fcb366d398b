"""Times the rows of all modules side by side, in this process.

Each round times every row with every module once, in turn, so that a temporary disturbance of the
machine affects all of them. The garbage collector is off, the process is pinned to one core, each
timing lasts some milliseconds, and the clock is the thread's CPU time, which excludes other
processes on the core.
"""

import common
import rows

# The minimum duration of a timing.
SECONDS = 0.005


def calibrated(timer):
    """Returns how often to run the statement in one timing."""
    count = 1
    while (took := timer(count)) < SECONDS / 10:
        count *= 2
    return max(1, int(count * SECONDS / took))


class Case:
    """The samples of a row with one module, or of the empty loop."""

    def __init__(self, timer):
        self.timer = timer
        self.count = calibrated(timer)
        self.samples = []

    def sample(self):
        """Adds a sample: the nanoseconds of one run."""
        self.samples.append(self.timer(self.count) / self.count * 1e9)


def measure(modules, wanted, rounds):
    """Returns the nanoseconds of each round, for each row and module; `empty` is the loop alone."""
    cases = [
        (row, {name: Case(row.timer(module)) for name, module in row.of(modules).items()})
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
    """Times with one interpreter, and with `alive` of them; the others have run `source`."""
    result = {"one": measure(modules, wanted, rounds)}
    others = common.make_interpreters(alive - 1, source)
    common.settle()
    result["many"] = measure(modules, wanted, rounds)
    common.end_interpreters(others)
    return result
