"""The group `threads`: calls of one thread, and of two at once, in a Python without a GIL.

Times are by the wall clock, since the threads may wait for each other: from the moment when both
begin until the last one has finished.
"""

import os
import sys
import threading
import time

import common
import timing
from rows import Row, make_timer


def _row(name, title, statement, setup, peers=()):
    return Row("threads", name, title, statement, setup, peers=peers)


_RUST = ("pyo3", "pyatoll")

# Rows whose objects both threads use.
SHARED = [
    _row("function", "two ints: one function", "f(1, 2)", "f = m.add"),
    _row("frozen", "method: one object of a frozen class", "a.value()", "a = m.Frozen(3)", _RUST),
    _row("plain", "method: one object", "a.value()", "a = m.Num(3)"),
]
# Rows of which each thread has objects of its own.
OWN = [
    _row("own", "method: an object of each thread", "a.value()", "a = m.Num(3)"),
    _row("construct", "construct: one class", "Num(7)", "Num = m.Num"),
]


class Team:
    """Threads that run a timer at the same time."""

    def __init__(self, timers):
        self.timers = timers
        self.count = max(timing.calibrated(timer) for timer in timers)
        self.samples = []

    def sample(self):
        """Adds a sample: the nanoseconds of one run of a thread."""
        ready = threading.Barrier(len(self.timers))
        spans = [None] * len(self.timers)

        def work(index, core):
            os.sched_setaffinity(0, {core})
            ready.wait()
            start = time.monotonic()
            self.timers[index](self.count)
            spans[index] = (start, time.monotonic())

        threads = [
            threading.Thread(target=work, args=(index, core))
            for index, core in zip(range(len(self.timers)), sorted(os.sched_getaffinity(0)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        start = min(start for start, _ in spans)
        end = max(end for _, end in spans)
        self.samples.append((end - start) / self.count * 1e9)


def teams(row, module):
    """Returns a team of one thread, and one of two."""
    if row in SHARED:
        names = row.namespace(module)
        timers = [make_timer(row.statement, names) for _ in range(2)]
    else:
        timers = [row.timer(module) for _ in range(2)]
    return [Team(timers[:1]), Team(timers)]


def run(peers, rounds):
    """Returns the nanoseconds of each round, with one thread and with two, for each row and module."""
    modules = common.import_modules(peers)
    if sys._is_gil_enabled():
        sys.exit("the group `threads` needs a Python without a GIL, and modules that allow it")
    result = []
    for row in SHARED + OWN:
        by_module = {name: teams(row, module) for name, module in row.of(modules).items()}
        for _ in range(rounds):
            for pair in by_module.values():
                for team in pair:
                    team.sample()
        samples = {name: [team.samples for team in pair] for name, pair in by_module.items()}
        result.append({"id": row.id, "title": row.title, "samples": samples})
    return result
