"""`async fn` awaited by `asyncio`, and by a loop like that of trio, in interpreters of every kind
at once.

The Rust side is `coroutines.rs`.
"""

# First: Python 3.12 crashes at its end if an interpreter with its own GIL was the first to import
# it.
import asyncio  # noqa: F401
import sys
import threading

import pytest

from subinterpreters import LIMIT, Several

# `_asyncio` of 3.11 caches the running loop in a static, which all interpreters share.
SETUP = f"""
LIMIT = {LIMIT}
import sys
if sys.version_info < (3, 12):
    sys.modules.setdefault("_asyncio", None)
import asyncio
import pyatoll_tests
"""

ASYNCIO = """
async def cancel(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    else:
        raise AssertionError

async def main():
    loop = asyncio.get_running_loop()
    objects = [object() for _ in range(20)]
    found = await asyncio.gather(*(pyatoll_tests.later(n % 7, o) for n, o in enumerate(objects)))
    assert all(a is b for a, b in zip(found, objects))

    slow = pyatoll_tests.Slow()
    assert await slow.add(2, 1) == 2
    task = asyncio.ensure_future(slow.add(3, 60_000))
    await asyncio.sleep(0)
    try:
        await slow.add(4, 1)
    except RuntimeError as error:
        assert str(error) == "Already borrowed", error
    else:
        raise AssertionError
    await cancel(task)
    assert await slow.add(3, 1) == 5 and slow.number == 5

    # Canceled: one that does not notice, and one that does.
    task = asyncio.create_task(pyatoll_tests.later(60_000, None))
    await asyncio.sleep(0)
    await cancel(task)
    task = asyncio.create_task(pyatoll_tests.cancelled())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "CancelledError()"
    try:
        await asyncio.wait_for(pyatoll_tests.later(60_000, None), 0.01)
    except asyncio.TimeoutError:
        pass
    else:
        raise AssertionError
    assert asyncio.get_running_loop() is loop
    return len(found)

result = asyncio.run(main())
"""

# A loop that is not of asyncio: it runs tasks from a queue, and steps those that a future wakes.
STYLE_OF_TRIO = """
import queue

class Loop:
    def __init__(self):
        self.ready = queue.Queue()

    def create_future(self):
        return Parked(self)

    def call_soon_threadsafe(self, callback, *args):
        self.ready.put((callback, args))

    def is_closed(self):
        return False

    def run(self, *coroutines):
        results = [None] * len(coroutines)
        left = len(coroutines)
        for index, coroutine in enumerate(coroutines):
            self.ready.put((self.step, (index, coroutine, results)))
        asyncio._set_running_loop(self)
        try:
            while left:
                callback, args = self.ready.get(timeout=LIMIT)
                left -= callback(*args) is True
        finally:
            asyncio._set_running_loop(None)
        return results

    def step(self, index, coroutine, results):
        try:
            parked = coroutine.send(None)
        except StopIteration as stop:
            results[index] = stop.value
            return True
        again = self.step, (index, coroutine, results)
        if parked is None:
            self.ready.put(again)
        else:
            parked.waits.append(again)

class Parked:
    def __init__(self, loop):
        self.loop, self.waits, self.is_done = loop, [], False

    def done(self):
        return self.is_done

    def set_result(self, result):
        self.is_done = True
        for callback, args in self.waits:
            self.loop.ready.put((callback, args))

    def __iter__(self):
        if not self.is_done:
            yield self

    __await__ = __iter__

async def main(n):
    slow = pyatoll_tests.Slow()
    return await pyatoll_tests.later(n % 5, n) + await slow.add(n, 1)

found = Loop().run(*(main(n) for n in range(20)))
assert found == [2 * n for n in range(20)], found
result = len(found)
"""


def several(own_gil):
    """Creates interpreters, in each of which this thread is the first to import `threading`.

    Otherwise 3.11 and 3.12 hang when this thread ends them, with or without the library.

    CPython lends the handlers of the main interpreter to the others, without its GIL, and
    `asyncio.run` asks for that of SIGINT.
    """
    subs = Several(own_gil)
    for sub in subs.all:
        sub.run("import threading, _signal\n_signal.getsignal = lambda number: None")
    return subs


def run_here(code):
    names = {}
    exec(code, names)
    return names["result"]


@pytest.mark.parametrize("code", [ASYNCIO, STYLE_OF_TRIO], ids=["asyncio", "style-of-trio"])
def test_every_interpreter_has_its_own_loop(code):
    own = sys.version_info >= (3, 12)
    here = []
    with several([own, False, own, False]) as subs:
        # The main interpreter and the others at once.
        work = lambda: here.append([run_here(SETUP + code) for _ in range(3)])
        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(3):
            assert subs.run(SETUP + code) == [20] * 4
        thread.join(LIMIT)
    assert here == [[20] * 3]


def test_a_coroutine_that_suspends_needs_a_running_loop():
    code = SETUP + "result = pyatoll_tests.later(60_000, None).send(None)"
    with pytest.raises(RuntimeError, match="no running event loop"):
        run_here(code)
    with several([False]) as subs:
        with pytest.raises(AssertionError) as raised:
            subs.run(code)
        assert "no running event loop" in str(raised.value)
