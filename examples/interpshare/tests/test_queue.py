"""Queues."""

import os
import queue
import signal
import sys
import textwrap
import threading
import time

import pytest

import interpshare
from other_interpreters import KINDS, LIMIT, Other, run_script


def test_items_come_out_in_order():
    items = interpshare.Queue()
    assert items.empty() and not items.full() and items.maxsize == 0 and not items.closed
    for n in range(1000):
        items.put(n)
    assert items.qsize() == len(items) == 1000
    assert [items.get() for _ in range(1000)] == list(range(1000))
    assert repr(items) == "<interpshare.Queue of 0 items>"
    assert repr(interpshare.Queue(3)) == "<interpshare.Queue of 0 items of at most 3>"


def test_an_empty_and_a_full_queue_raise_the_exceptions_of_the_standard_library():
    items = interpshare.Queue(2)
    for get in [
        lambda: items.get(False),
        lambda: items.get(timeout=0.01),
        lambda: items.get(timeout=0),
        items.get_nowait,
    ]:
        with pytest.raises(interpshare.Empty) as raised:
            get()
        assert isinstance(raised.value, queue.Empty)
    items.put(1)
    items.put_nowait(2)
    assert items.full()
    for put in [
        lambda: items.put(3, False),
        lambda: items.put(3, True, 0.01),
        lambda: items.put_nowait(3),
    ]:
        with pytest.raises(interpshare.Full, match="2 items") as raised:
            put()
        assert isinstance(raised.value, queue.Full)
    assert [items.get(), items.get()] == [1, 2]
    for timeout in -1, float("nan"):
        with pytest.raises(ValueError):
            items.get(timeout=timeout)
    items.put(1, timeout=1e300)
    assert items.get(timeout=float("inf")) == 1


def test_a_closed_queue_is_drained_and_takes_nothing():
    items = interpshare.Queue()
    items.put(1)
    items.put(2)
    items.close()
    items.close()
    assert items.closed
    with pytest.raises(interpshare.Closed):
        items.put(3)
    assert list(items) == [1, 2]
    for get in items.get, items.get_nowait, lambda: items.get(timeout=1):
        with pytest.raises(interpshare.Closed):
            get()
    assert not isinstance(interpshare.Closed(), (queue.Empty, queue.Full))


@KINDS
def test_many_producers_and_consumers(own_gil):
    items, results = interpshare.Queue(7), interpshare.Queue()
    others = [Other(own_gil) for _ in range(2)]
    consume = """
        count = 0
        last = {}
        for name, n in items:
            assert last.get(name, -1) < n
            last[name] = n
            count += 1
        results.put(count)
    """
    consumers = [other.start(consume, items=items, results=results) for other in others]
    producers = [
        threading.Thread(target=lambda name: [items.put((name, n)) for n in range(500)], args=[i])
        for i in range(2)
    ]
    for thread in producers:
        thread.start()
    third = Other(own_gil)
    third.run("for n in range(500): items.put(('third', n))", items=items)
    for thread in producers:
        thread.join(LIMIT)
    items.close()
    for finish in consumers:
        finish()
    assert results.get() + results.get() == 1500
    for other in [*others, third]:
        other.close()


@KINDS
def test_a_get_waits_for_another_interpreter(own_gil):
    items, ready = interpshare.Queue(), interpshare.Event()
    with Other(own_gil) as other:
        finish = other.start("ready.set(); result = items.get()", items=items, ready=ready)
        assert ready.wait(LIMIT)
        items.put(5)
        assert finish() == 5
        full = interpshare.Queue(1)
        full.put(1)
        finish = other.start("ready.set(); items.put(2)", items=full, ready=ready)
        assert full.get() == 1
        assert full.get(timeout=LIMIT) == 2
        finish()


@KINDS
def test_closing_wakes_all_that_wait(own_gil):
    items, full, waiting = interpshare.Queue(), interpshare.Queue(1), interpshare.Counter()
    full.put(1)
    code = """
        import interpshare
        waiting.add()
        try:
            {}
        except interpshare.Closed:
            result = "closed"
    """
    others = [Other(own_gil) for _ in range(2)]
    finish = [
        others[0].start(code.format("items.get()"), items=items, waiting=waiting),
        others[1].start(code.format("items.put(2)"), items=full, waiting=waiting),
    ]
    while waiting.value < 2:
        time.sleep(0.001)
    items.close()
    full.close()
    assert [f() for f in finish] == ["closed", "closed"]
    for other in others:
        other.close()


def test_closing_under_load_loses_nothing():
    items, taken, added = interpshare.Queue(3), interpshare.Counter(), interpshare.Counter()

    def put():
        try:
            while True:
                items.put(1)
                added.add()
        except interpshare.Closed:
            pass

    def get():
        for n in items:
            taken.add(n)

    threads = [threading.Thread(target=work) for work in [put, get] * 4]
    for thread in threads:
        thread.start()
    while taken.value < 200:
        time.sleep(0.001)
    items.close()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    assert taken.value == added.value and len(items) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to itself")
def test_a_signal_ends_the_wait_of_the_main_thread():
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            interpshare.Queue().get()
        timer.join()
        items = interpshare.Queue(1)
        items.put(1)
        timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            items.put(2)
        timer.join()
        assert items.get() == 1 and len(items) == 0
    finally:
        signal.signal(signal.SIGINT, previous)


ENDS_WITH_THREADS = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="the module of 3.11 ends no interpreter that has threads"
)


def end_with_threads(own_gil, number, work, items):
    """Runs `work` in threads of another interpreter, and ends that once all have begun. Returns a
    queue of what they had to say."""
    begun, outcome = interpshare.Counter(), interpshare.Queue()
    other = Other(own_gil)
    start = f"""
import threading, time, interpshare
for _ in range({number}):
    threading.Thread(target=work, args=(items, begun, outcome)).start()
"""
    other.run(textwrap.dedent(work) + start, items=items, begun=begun, outcome=outcome)
    while begun.value < number:
        time.sleep(0.001)
    other.close()
    return outcome


@ENDS_WITH_THREADS
@KINDS
def test_a_thread_that_waits_does_not_keep_its_interpreter_from_ending(own_gil):
    """The interpreter's own threads are waited for at its end, so they must be told."""
    items = interpshare.Queue()
    work = """
        def work(items, begun, outcome):
            begun.add()
            try:
                items.get()
            except interpshare.InterpreterEnding as error:
                outcome.put(str(error))
    """
    outcome = end_with_threads(own_gil, 2, work, items)
    assert "has begun to end" in outcome.get(False) and "begun to end" in outcome.get(False)
    # The queue itself goes on.
    items.put(1)
    assert items.get() == 1


@ENDS_WITH_THREADS
@KINDS
def test_a_thread_that_begins_to_wait_at_the_end_is_told(own_gil):
    """It is the first of its interpreter to wait, while `threading` waits for it already."""
    work = """
        def work(items, begun, outcome):
            begun.add()
            while not threading._SHUTTING_DOWN:
                time.sleep(0.001)
            for _ in range(2):
                try:
                    items.get()
                except interpshare.InterpreterEnding as error:
                    outcome.put(str(error))
    """
    outcome = end_with_threads(own_gil, 1, work, interpshare.Queue())
    assert "has begun to end" in outcome.get(False) and "has begun to end" in outcome.get(False)


def test_a_process_ends_while_threads_wait():
    out = run_script(
        """
        import threading, interpshare

        items, lock, full = interpshare.Queue(), interpshare.Lock(), interpshare.Queue(1)
        full.put(1)
        lock.acquire()
        waits = [items.get, lock.acquire, interpshare.Event().wait, lambda: full.put(2)]
        ready = threading.Barrier(2 * len(waits) + 1)

        def work(wait):
            ready.wait()
            try:
                wait()
            except interpshare.InterpreterEnding:
                print("told")

        for wait in waits:
            threading.Thread(target=work, args=(wait,)).start()
            threading.Thread(target=work, args=(wait,), daemon=True).start()
        ready.wait()
        """
    )
    # Daemon threads may be ended first.
    assert out.count("told") >= 4, out


@KINDS
def test_a_process_ends_while_a_thread_waits_in_another_interpreter(own_gil):
    Other(own_gil).close()
    out = run_script(
        f"""
        import sys, threading, time
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        import interpshare
        from other_interpreters import Other, Raised

        other, items, waiting = Other({own_gil}), interpshare.Queue(), interpshare.Counter()

        def work():
            try:
                other.run("waiting.add(); items.get()", items=items, waiting=waiting)
            except Raised as error:
                print(str(error).partition(":")[0])
            other.close()

        threading.Thread(target=work).start()
        while waiting.value < 1:
            time.sleep(0.001)
        """
    )
    assert out == "InterpreterEnding\n"


def test_a_process_exits_at_once_while_threads_wait():
    out = run_script(
        """
        import os, threading, interpshare

        for _ in range(4):
            threading.Thread(target=interpshare.Queue().get).start()
        print("exit", flush=True)
        os._exit(0)
        """
    )
    assert out == "exit\n"
