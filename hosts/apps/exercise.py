"""What every application does with the module, whichever host it runs in.

An application has a name. Whatever it stores in the module must be there when it looks, and nothing
of another application.
"""

import gc
import os
import threading

import probe

TICK_MILLISECONDS = 5

_ticker = threading.Lock()


def install(name):
    """Stores the application's name, and how often it was loaded in this interpreter."""
    owner = probe.recall("owner")
    assert owner in (None, name), f"{name} found what {owner} had stored"
    probe.remember("owner", name)
    probe.remember("loads", (probe.recall("loads") or 0) + 1)


def start_ticker():
    """Starts a background thread of the module, once in this interpreter."""
    if _ticker.acquire(blocking=False):
        probe.start_ticker(lambda: None, TICK_MILLISECONDS)


def exercise(name, panic=False):
    """Uses everything in the module once."""
    sums = []
    counter = probe.Counter(100)
    counter.listener = sums.append
    counter.add(60)
    try:
        counter.add(60)
    except probe.LimitExceeded as error:
        assert str(error) == "120 is above 100", error
    else:
        raise AssertionError("no error above the limit")
    assert (counter.value, sums) == (60, [60])
    counter.listener = counter.add  # a cycle, which only the collector frees

    calls = []
    made = probe.call_from_threads(lambda number, turn: calls.append((number, turn)), 2, 3)
    assert made == 6 and sorted(calls) == [(n, t) for n in range(2) for t in range(3)], calls

    assert bytes(memoryview(probe.Block(b"bytes"))[1:3]) == b"yt"

    probe.remember("last", counter)
    assert isinstance(probe.recall("last"), probe.Counter)
    assert probe.recall("owner") == name, probe.recall("owner")

    if panic:
        try:
            probe.fail_hard()
        except BaseException as error:
            assert "on purpose" in str(error), error
        else:
            raise AssertionError("no panic")


def state(name):
    """Returns what tells this interpreter from another one of the process."""
    process, interpreter, ticks, tickers = probe.counts()
    return {
        "name": name,
        "pid": os.getpid(),
        "interpreter": probe.interpreter_id(),
        "owner": probe.recall("owner"),
        "loads": probe.recall("loads"),
        "class": id(probe.Counter),
        "exception": id(probe.LimitExceeded),
        "process_calls": process,
        "interpreter_calls": interpreter,
        "ticks": ticks,
        "tickers": tickers,
        "built_with": probe.BUILT_WITH,
    }


def describe(name, panic):
    """Becomes an application of that name, in an interpreter of its own; returns its state."""
    install(name)
    start_ticker()
    exercise(name, panic=panic)
    return state(name)


def resident_kb():
    """Returns the resident memory of the process in KB, after a collection."""
    gc.collect()
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise AssertionError("no VmRSS")
