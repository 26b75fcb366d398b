"""The rows of the group `sharing` about large values: what it costs to hand one to a worker.

A value goes to the workers of an executor, one task each, all at once. The time of a worker is that
from the first `submit` until all tasks run, divided by their number; the memory is the growth of the
resident memory of all processes.
"""

import gc
import json
import os
import sys
import threading
import time
from concurrent.futures import (
    InterpreterPoolExecutor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import get_context, shared_memory

# The size of the value in bytes, and of the one that is pickled: each worker has a copy of that.
SIZE = 1 << 30
PICKLED = 1 << 28
# The number of workers.
WORKERS = 8

inherited = ()


def prepare(*objects):
    """Keeps the objects with which a process tells that it runs, and waits: it inherits them."""
    global inherited
    inherited = objects


def use_in_process(value):
    """Runs in a process, with the name of the memory."""
    if isinstance(value, str):
        memory = shared_memory.SharedMemory(value, track=False)
        value = bytes(memory.buf[-1:])
        memory.close()
    return use(value, *inherited)


def use(value, ready, go):
    """Runs in a worker, with the value."""
    last = value if isinstance(value, int) else value[len(value) - 1]
    ready.release() if hasattr(ready, "release") else ready.add()
    go.wait()
    return last


def resident(pids):
    """Returns the resident memory of processes in KiB."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm") as statm:
            total += int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
    return total


def hand_over(executor, submitted, ready, go, pids):
    """Returns the microseconds and the KiB for each worker."""
    before = resident(pids())
    start = time.perf_counter()
    tasks = [executor.submit(*submitted) for _ in range(WORKERS)]
    if hasattr(ready, "acquire"):
        for _ in range(WORKERS):
            ready.acquire()
    else:
        while ready.value < WORKERS:
            for task in tasks:
                if task.done():
                    task.result()
            time.sleep(0)
        ready.exchange(0)
    taken = time.perf_counter() - start
    grown = resident(pids()) - before
    go.set()
    results = [task.result() for task in tasks]
    assert len(set(results)) == 1, results
    go.clear()
    return taken * 1e6 / WORKERS, grown / WORKERS


def best(measurements):
    """Returns the least of the times, and the median of the memory but for the first."""
    times, memory = zip(*measurements)
    memory = sorted(memory[1:])
    return [min(times), memory[len(memory) // 2]]


def in_interpreters(repeats):
    """Measures an integer, a shared value and a pickled one with `InterpreterPoolExecutor`."""
    import interpshare

    objects = interpshare.Counter(), interpshare.Event()
    value = interpshare.Array("B", SIZE)
    value[SIZE - 1] = 7
    copied = bytes(PICKLED)
    own = lambda: [os.getpid()]
    with InterpreterPoolExecutor(WORKERS) as executor:
        found = {}
        for name, what, number in [
            ("int", 7, repeats),
            ("shareable", value, repeats),
            ("pickle", copied, 3),
        ]:
            task = use, what, *objects
            runs = [hand_over(executor, task, *objects, own) for _ in range(number)]
            found[name] = best(runs)
            gc.collect()
    # As if it were as large.
    found["pickle"] = [number * (SIZE / PICKLED) for number in found["pickle"]]
    return found


def in_threads(repeats):
    """Measures the same value in threads of one interpreter."""
    objects = threading.Semaphore(0), threading.Event()
    task = use, bytearray(SIZE), *objects
    own = lambda: [os.getpid()]
    with ThreadPoolExecutor(WORKERS) as executor:
        return best([hand_over(executor, task, *objects, own) for _ in range(repeats)])


def in_processes(repeats):
    """Measures memory that processes share. None: this system has not enough of it."""
    context = get_context("spawn")
    objects = context.Semaphore(0), context.Event()
    try:
        memory = shared_memory.SharedMemory(create=True, size=SIZE)
        memory.buf[SIZE - 1] = 7
    except (OSError, ValueError):
        return None
    executor = ProcessPoolExecutor(WORKERS, context, initializer=prepare, initargs=objects)
    pids = lambda: [os.getpid(), *(executor._processes or ())]
    try:
        with executor:
            # Starts the processes.
            hand_over(executor, (use_in_process, 7), *objects, lambda: [os.getpid()])
            task = use_in_process, memory.name
            return best([hand_over(executor, task, *objects, pids) for _ in range(repeats)])
    finally:
        memory.close()
        memory.unlink()


def run(repeats):
    """Returns the microseconds and the KiB for each worker, by the way of handing over."""
    found = {}
    # First, while this process is small.
    found["shared_memory"] = in_processes(repeats)
    found |= in_interpreters(repeats)
    found["threads"] = in_threads(repeats)
    return found


if __name__ == "__main__":
    # In a free-threaded Python, for which no other way is measured.
    assert not sys._is_gil_enabled(), "this Python has a GIL"
    print(json.dumps(in_threads(int(sys.argv[1]))))
