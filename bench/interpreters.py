"""What interpreters cost with the modules loaded, and how calls in two of them add up.

The times are the thread's own, as in timing.py, but for the throughput: what counts there is that
two interpreters run at the same time. It is measured with a high priority where that is allowed.
"""

import json
import os
import subprocess
import sys
import threading
import time

import _interpreters

import common

# In how many interpreters the memory is measured.
ALIVE = 64
# How many calls a throughput measurement makes, and how often it is repeated.
CALLS = 500_000
REPEATS = 40


def make():
    return _interpreters.create("isolated", reqrefs=False)


def value_from(interpreter, source):
    """Runs code that writes JSON to the descriptor `out`; returns what it wrote."""
    read, write = os.pipe()
    try:
        common.run_in(interpreter, f"out = {write}\n{source}")
    finally:
        os.close(write)
    with os.fdopen(read) as pipe:
        return json.loads(pipe.read())


def refusal(folder, peer):
    """Why the module does not load in an interpreter that is not the main one; or None."""
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


def life(folder, peer):
    """Milliseconds to make an interpreter, import the module in it, and end it."""
    start = time.thread_time()
    interpreter = make()
    common.run_in(interpreter, common.imports(folder, [peer] if peer else []))
    _interpreters.destroy(interpreter)
    return (time.thread_time() - start) * 1e3


def import_time(folder, peer):
    """Microseconds to import the module in an interpreter that has not got it."""
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
    """This process's memory in KiB."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def memory_here(folder, peer):
    """KiB per interpreter, in this process."""
    source = common.imports(folder, [peer] if peer else [])
    exec(source)
    # The first one brings in what all share.
    others = common.make_interpreters(1, source)
    before = resident()
    others += common.make_interpreters(ALIVE, source)
    grown = resident() - before
    common.end_interpreters(others)
    return grown / ALIVE


def memory(folder, peer):
    """The same in a process of its own."""
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
    """Calls per second: the best of one interpreter, and of two at once, in million."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    made = [make(), make()]
    for interpreter in made:
        common.run_in(interpreter, WORK.format(folder=folder, peer=peer))

    def run(count):
        rates = [0.0] * count
        # Late enough for all to have started.
        source = MEASURED.format(start=time.monotonic() + 0.005, calls=CALLS)

        def work(index):
            os.sched_setaffinity(0, {cores[index]})
            rates[index] = value_from(made[index], source)

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
    common.end_interpreters(made)
    return [best[1], best[2]]


def run(folder, peers, rounds):
    refusals = {peer: refusal(folder, peer) for peer in peers}
    fit = [peer for peer, error in refusals.items() if error is None]
    lives = {peer: [] for peer in ["", *fit]}
    imports = {peer: [] for peer in fit}
    for _ in range(rounds):
        for peer, samples in lives.items():
            samples.append(life(folder, peer))
        for peer, samples in imports.items():
            samples.append(import_time(folder, peer))
    result = {
        "refusals": {peer: error for peer, error in refusals.items() if error is not None},
        "life": lives,
        "import": imports,
        "memory": {peer: memory(folder, peer) for peer in ["", *fit]},
    }
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    except PermissionError:
        pass
    result["throughput"] = {peer: throughput(folder, peer) for peer in fit}
    return result
