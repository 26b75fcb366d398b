"""The ways between interpreters that Python 3.14 has."""

import threading

import pytest

import interpshare
from other_interpreters import LIMIT, run_script

interpreters = pytest.importorskip("concurrent.interpreters")


def work(jobs, results, totals):
    for job in jobs:
        totals.add("jobs")
        results.put((job, job * job))


def same(value):
    return value


def wait(event, waiting):
    waiting.add()
    event.wait()


def test_a_pool_of_interpreters_works_through_a_queue():
    from concurrent.futures import InterpreterPoolExecutor

    jobs, results, totals = interpshare.Queue(5), interpshare.Queue(), interpshare.Map()
    with InterpreterPoolExecutor(3) as executor:
        futures = [executor.submit(work, jobs, results, totals) for _ in range(3)]
        for n in range(100):
            jobs.put(n)
        jobs.close()
        for future in futures:
            future.result(LIMIT)
    results.close()
    assert sorted(results) == [(n, n * n) for n in range(100)] and totals["jobs"] == 100


def test_calls_and_queues_of_the_standard_library():
    counter = interpshare.Counter(5)
    entries = interpshare.Map({"counter": counter})
    other = interpreters.create()
    for value in counter, [counter, {"a": entries}], (entries,):
        assert other.call(same, value) == value
    items = interpreters.create_queue()
    items.put((counter, 1))
    received, _ = items.get()
    received.add()
    assert counter.value == 6
    other.close()


def test_a_call_that_waits_ends_when_another_interpreter_sets_the_event():
    event, waiting = interpshare.Event(), interpshare.Counter()
    others = [interpreters.create() for _ in range(2)]
    threads = [
        threading.Thread(target=other.call, args=(wait, event, waiting)) for other in others
    ]
    for thread in threads:
        thread.start()
    setter = interpreters.create()
    setter.call(set_once_both_wait, event, waiting)
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    for other in [*others, setter]:
        other.close()


def set_once_both_wait(event, waiting):
    import time

    while waiting.value < 2:
        time.sleep(0.001)
    event.set()


@pytest.mark.parametrize(
    "imports",
    [
        "import interpshare\nfrom concurrent.futures import InterpreterPoolExecutor",
        "from concurrent.futures import InterpreterPoolExecutor\nimport interpshare",
    ],
    ids=["before", "after"],
)
def test_a_process_ends_while_the_workers_of_a_pool_wait(imports):
    out = run_script(
        f"""
{imports}

def work(items, waiting):
    waiting.add()
    items.get()

items, waiting = interpshare.Queue(), interpshare.Counter()
executor = InterpreterPoolExecutor(2)
futures = [executor.submit(work, items, waiting) for _ in range(2)]
while waiting.value < 2:
    pass
for future in futures:
    future.add_done_callback(lambda future: print(type(future.exception()).__name__))
"""
    )
    # Both threads print at once.
    assert out.count("InterpreterEnding") == 2, out
