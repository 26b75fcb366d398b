"""The group `sharing`: objects that interpreters share, those of `examples/interpshare`.

Rates use the wall clock, since several threads or processes work together; each is the best of
several repetitions. All interpreters have their own GIL, and each has a thread and a core.
"""

import json
import multiprocessing
import os
import sys
import threading
import time
from concurrent import interpreters

import interpshare

import values

# What goes through the queues.
ITEM = (1, 2.5, "text")
# The items of one measurement, by the kind of measurement and what they go through. Queues of
# `concurrent.interpreters` look for room and for items every 10 ms, so few go through those.
ITEMS = {
    "unbounded": {"interpshare": 300_000, "interpreters": 100_000, "multiprocessing": 50_000},
    "bounded": {"interpshare": 100_000, "interpreters": 1_000, "multiprocessing": 20_000},
    "round trips": {"interpshare": 5_000, "interpreters": 10, "multiprocessing": 2_000},
}
# The maximum of a bounded queue.
BOUND = 100
# The reads of one measurement, in each interpreter.
READS = 500_000
# The entries of the map that is read.
ENTRIES = 1000
REPEATS = 15


def put(count, item, there, back):
    for _ in range(count):
        there.put(item)


def get(count, there, back):
    for _ in range(count):
        there.get()


def ask(count, item, there, back):
    for _ in range(count):
        there.put(item)
        back.get()


def answer(count, there, back):
    for _ in range(count):
        back.put(there.get())


def read(entries, count, ready, go, done, index):
    keys = [f"key {n}" for n in range(len(entries))] * (count // len(entries))
    get = entries.__getitem__
    ready.add()
    go.wait()
    start = time.monotonic()
    for key in keys:
        get(key)
    done[index] = (start, time.monotonic(), len(keys))


def cores():
    return sorted(os.sched_getaffinity(0))


def sides(kind):
    """Returns the functions of the side that sends and of the one that receives."""
    return (ask, answer) if kind == "round trips" else (put, get)


def maximum(kind):
    return BOUND if kind == "bounded" else 0


def through_interpreters(kind, make_queue, count, others):
    """Returns the seconds in which two interpreters pass items."""
    queues = [make_queue(maximum(kind)) for _ in range(2)]
    send, receive = sides(kind)
    available = cores()

    def work(index, function, *arguments):
        os.sched_setaffinity(0, {available[index % len(available)]})
        others[index].call(function, count, *arguments, *queues)

    threads = [
        threading.Thread(target=work, args=(0, send, ITEM)),
        threading.Thread(target=work, args=(1, receive)),
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def receive_and_tell(kind, count, queues, told):
    told.send(None)
    sides(kind)[1](count, *queues)
    told.send(None)


def through_processes(kind, count):
    """Returns the seconds in which this process and another one pass items."""
    context = multiprocessing.get_context("fork")
    queues = [context.Queue(maximum(kind)) for _ in range(2)]
    here, there = context.Pipe()
    other = context.Process(target=receive_and_tell, args=(kind, count, queues, there))
    other.start()
    here.recv()
    start = time.perf_counter()
    sides(kind)[0](count, ITEM, *queues)
    here.recv()
    taken = time.perf_counter() - start
    other.join()
    return taken


def queues(repeats):
    """Returns the items per second that go through each kind of queue."""
    rates = {kind: {} for kind in ITEMS}
    # First, while this process has one thread, so that it may fork.
    for kind, counts in ITEMS.items():
        count = counts["multiprocessing"]
        times = [through_processes(kind, count) for _ in range(repeats)]
        rates[kind]["multiprocessing"] = count / min(times)
    others = [interpreters.create() for _ in range(2)]
    for name, make in [
        ("interpshare", interpshare.Queue),
        ("interpreters", interpreters.create_queue),
    ]:
        for kind, counts in ITEMS.items():
            count = counts[name]
            times = [through_interpreters(kind, make, count, others) for _ in range(repeats)]
            rates[kind][name] = count / min(times)
    for other in others:
        other.close()
    return rates


def reads(repeats):
    """Returns the reads per second of a map by one interpreter, and by two at once."""
    entries = interpshare.Map({f"key {n}": n for n in range(ENTRIES)})
    others = [interpreters.create() for _ in range(2)]
    available = cores()

    def measure(number):
        ready, go, done = interpshare.Counter(), interpshare.Event(), interpshare.Map()

        def work(index):
            os.sched_setaffinity(0, {available[index % len(available)]})
            others[index].call(read, entries, READS, ready, go, done, index)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(number)]
        for thread in threads:
            thread.start()
        while ready.value < number:
            time.sleep(0.001)
        go.set()
        for thread in threads:
            thread.join()
        return sum(count / (end - start) for start, end, count in done.values())

    best = {1: 0.0, 2: 0.0}
    for _ in range(repeats):
        for number in best:
            best[number] = max(best[number], measure(number))
    for other in others:
        other.close()
    return [best[1], best[2]]


if __name__ == "__main__":
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    except PermissionError:
        pass
    count = REPEATS if len(sys.argv) < 2 else int(sys.argv[1])
    found = {"queues": queues(count), "reads": reads(count), "values": values.run(count)}
    print(json.dumps(found))
