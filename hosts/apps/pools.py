"""The standard library's interpreters: `executor` or `interpreters`.

pools.py MODE REQUESTS WARM_UP INTERPRETERS PARALLEL
"""

import sys
import threading
import traceback
from concurrent import interpreters
from concurrent.futures import InterpreterPoolExecutor

import events
import exercise


def failure():
    """Returns the text of the current exception."""
    return traceback.format_exc(limit=-3)


def executor(workers):
    """Returns an executor whose workers are applications."""
    return InterpreterPoolExecutor(
        workers, initializer=exercise.describe, initargs=("one", False)
    )


def compare(panic):
    """Two applications at the same time, in interpreters that then end."""
    one, two = interpreters.create(), interpreters.create()
    try:
        state = one.call(exercise.describe, "one", panic)
        events.pair(state, two.call(exercise.describe, "two", panic))
    finally:
        one.close()
        two.close()


def load_executor(pool, requests):
    """Submits tasks and counts those that fail."""
    failures = []
    for future in [pool.submit(exercise.exercise, "one") for _ in range(requests)]:
        try:
            future.result()
        except Exception:
            failures.append(failure())
    events.load(requests, failures)


def run_executor(requests, warm_up, count, parallel):
    with executor(parallel) as pool:
        load_executor(pool, warm_up)
        events.memory()
        load_executor(pool, requests - warm_up)
        events.memory()
    failures = []
    for _ in range(count // parallel):
        with executor(parallel) as pool:
            try:
                list(pool.map(exercise.exercise, ["one"] * parallel))
            except Exception:
                failures.append(failure())
    done = count // parallel * parallel
    events.restarts(done, done, failures)


def use_interpreters(count, parallel):
    """Creates and ends interpreters in several threads at once."""
    failures = []

    def work():
        for _ in range(count // parallel):
            try:
                interpreter = interpreters.create()
                interpreter.call(exercise.describe, "one", False)
                interpreter.close()
            except Exception:
                failures.append(failure())

    threads = [threading.Thread(target=work) for _ in range(parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = count // parallel * parallel
    events.restarts(done, done, failures)


def run_interpreters(requests, warm_up, count, parallel):
    interpreter = interpreters.create()
    interpreter.call(exercise.describe, "one", False)
    failures = []
    for _ in range(requests):
        try:
            interpreter.call(exercise.exercise, "one")
        except Exception:
            failures.append(failure())
    events.load(requests, failures)
    interpreter.close()
    use_interpreters(count // 2, parallel)
    events.memory()
    use_interpreters(count - count // 2, parallel)
    events.memory()


if __name__ == "__main__":
    mode, amounts = sys.argv[1], [int(word) for word in sys.argv[2:]]
    compare(panic=True)
    {"executor": run_executor, "interpreters": run_interpreters}[mode](*amounts)
    compare(panic=False)
