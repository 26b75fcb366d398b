"""The cost of interpreters with the modules loaded, and the throughput of calls in two of them.

Times are thread CPU times, as in timing.py. Throughput uses the wall clock, since it measures
whether two interpreters run in parallel; the process raises its priority for it if permitted.
"""

import json
import os
import subprocess
import sys
import threading
import time

import _interpreters

import common

# The number of interpreters over which memory is averaged.
ALIVE = 64
# The calls of one throughput measurement, and its repetitions.
CALLS = 500_000
REPEATS = 40


def make():
    """Creates an interpreter with its own GIL."""
    return _interpreters.create("isolated", reqrefs=False)


def value_from(interpreter, source):
    """Runs code that writes JSON to the descriptor `out`, and returns the value."""
    read, write = os.pipe()
    try:
        common.run_in(interpreter, f"out = {write}\n{source}")
    finally:
        os.close(write)
    with os.fdopen(read) as pipe:
        return json.loads(pipe.read())


def refusal(folder, peer):
    """Returns the error with which the module fails to load in a sub-interpreter, or None."""
    source = f"""\
import json, os, sys
sys.path[:0] = [{folder!r}]
try:
    import bench_{peer}
    error = None
except ImportError as caught:
    error = f"{{type(caught).__name__}}: {{caught}}"
os.write(out, json.dumps(error).encode())
"""
    interpreter = make()
    try:
        return value_from(interpreter, source)
    finally:
        _interpreters.destroy(interpreter)


def lifetime(folder, peer):
    """Returns the milliseconds to create an interpreter, import the module in it, and end it."""
    start = time.thread_time()
    interpreter = make()
    common.run_in(interpreter, common.imports(folder, [peer] if peer else []))
    _interpreters.destroy(interpreter)
    return (time.thread_time() - start) * 1e3


def import_time(folder, peer):
    """Returns the microseconds to import the module in a new interpreter."""
    source = f"""\
import json, os, sys, time
sys.path[:0] = [{folder!r}]
start = time.thread_time()
import bench_{peer}
os.write(out, json.dumps((time.thread_time() - start) * 1e6).encode())
"""
    interpreter = make()
    try:
        return value_from(interpreter, source)
    finally:
        _interpreters.destroy(interpreter)


def resident():
    """Returns the resident memory of this process in KiB."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def memory_here(folder, peer):
    """Returns the KiB per interpreter, measured in this process."""
    source = common.imports(folder, [peer] if peer else [])
    exec(source)
    # The first interpreter adds the memory that all of them share.
    others = common.make_interpreters(1, source)
    before = resident()
    others += common.make_interpreters(ALIVE, source)
    grown = resident() - before
    common.end_interpreters(others)
    return grown / ALIVE


def memory(folder, peer):
    """Returns the KiB per interpreter, measured in a new process."""
    source = "import interpreters, sys; print(interpreters.memory_here(*sys.argv[1:]))"
    command = [sys.executable, "-c", source, folder, peer]
    here = os.path.dirname(os.path.abspath(__file__))
    return float(subprocess.check_output(command, env=dict(os.environ, PYTHONPATH=here)))


WORK = """\
import json, os, sys, time
sys.path[:0] = [{folder!r}]
from bench_{peer} import add
def work(count, add=add):
    for _ in range(count):
        add(1, 2)
work(10_000)
"""
MEASURED = """\
while time.monotonic() < {start!r}:
    pass
begin = time.perf_counter()
work({calls})
os.write(out, json.dumps({calls} / (time.perf_counter() - begin)).encode())
"""


def throughput(folder, peer):
    """Returns the best rates of one interpreter and of two in parallel, in 10⁶ calls per second."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    interpreters = [make(), make()]
    for interpreter in interpreters:
        common.run_in(interpreter, WORK.format(folder=folder, peer=peer))

    def run(count):
        rates = [0.0] * count
        # Late enough for all threads to have started.
        source = MEASURED.format(start=time.monotonic() + 0.005, calls=CALLS)

        def work(index):
            os.sched_setaffinity(0, {cores[index]})
            rates[index] = value_from(interpreters[index], source)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(rates) / 1e6

    best = {1: 0.0, 2: 0.0}
    for _ in range(REPEATS):
        for count in best:
            best[count] = max(best[count], run(count))
    common.end_interpreters(interpreters)
    return [best[1], best[2]]


def run(folder, peers, rounds):
    """Measures the peers whose modules load in sub-interpreters; the name "" means no module."""
    refusals = {peer: refusal(folder, peer) for peer in peers}
    loadable = [peer for peer, error in refusals.items() if error is None]
    lifetimes = {peer: [] for peer in ["", *loadable]}
    imports = {peer: [] for peer in loadable}
    for _ in range(rounds):
        for peer, samples in lifetimes.items():
            samples.append(lifetime(folder, peer))
        for peer, samples in imports.items():
            samples.append(import_time(folder, peer))
    result = {
        "refusals": {peer: error for peer, error in refusals.items() if error is not None},
        "life": lifetimes,
        "import": imports,
        "memory": {peer: memory(folder, peer) for peer in ["", *loadable]},
    }
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    except PermissionError:
        pass
    result["throughput"] = {peer: throughput(folder, peer) for peer in loadable}
    return result
