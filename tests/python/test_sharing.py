"""Classes whose values all interpreters share, on every way between interpreters.

The Rust side is `sharing.rs`. The functions that other interpreters run use no globals, so that
CPython passes their code.
"""

import copy
import gc
import os
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyatoll_tests import Block, Tally
from subinterpreters import LIMIT, VALUES_STAY, SubInterpreter

KINDS = pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])

try:
    from concurrent import interpreters
except ImportError:
    interpreters = None

NEW = pytest.mark.skipif(interpreters is None, reason="concurrent.interpreters is new in 3.14")

# CPython's registry of shareable classes is not safe without a GIL, and not part of the stable ABI.
IS_REGISTERED = (
    sys.version_info >= (3, 12)
    and getattr(sys, "_is_gil_enabled", lambda: True)()
    and "PYATOLL_STABLE_ABI_ONLY" not in os.environ
)


@pytest.fixture(autouse=True)
def all_values_are_dropped():
    """Each value is dropped once: none is left, and the count is never too low."""
    gc.collect()
    before = Tally.live()
    yield
    gc.collect()
    assert Tally.live() == before


def add(tally, by):
    return tally.add(by)


def same(value):
    return value


def total(values):
    todo, found = [values], []
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo.extend(value.values())
        elif isinstance(value, (list, tuple)):
            todo.extend(value)
        else:
            found.append(value.add(1))
    return found


def keep(tally):
    import sys

    sys.kept_tally = tally


def add_to_kept(by):
    import sys

    return sys.kept_tally.add(by)


def containers(tally):
    return [
        [tally, tally],
        (tally,),
        {"a": tally, "b": [tally]},
        [(tally, [tally])],
    ]


def test_equal_and_hashed_by_value():
    tally = Tally()
    copies = [tally, copy.copy(tally), pickle.loads(pickle.dumps(tally))]
    assert len(set(copies)) == 1 and copies[0] is not copies[1]
    assert tally != Tally() and tally != 1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@KINDS
def test_a_pickle_carries_the_value(own_gil, protocol):
    tally = Tally(1)
    with SubInterpreter(own_gil) as other:
        data = pickle.dumps({"tallies": [tally, (tally,)]}, protocol)
        result = other.run(
            f"""
import pickle
received = pickle.loads({data!r})["tallies"]
result = [received[0].add(2), received[1][0].add(3), received[0] == received[1][0]]
"""
        )
        assert result == [3, 6, True]
        assert tally.add(0) == 6
        # What nobody receives is dropped with its sender.
        if not VALUES_STAY:
            other.run("import pickle, pyatoll_tests; pickle.dumps(pyatoll_tests.Tally())")


@pytest.fixture
def main_forgets():
    """A pickle of the main interpreter, which does not end, keeps its value until it is loaded."""
    sent = []
    yield sent
    for data in sent:
        pickle.loads(data)


def test_a_pickle_for_another_process_is_refused(main_forgets):
    data = pickle.dumps(Tally())
    main_forgets.append(data)
    code = f"""
import pickle
try:
    pickle.loads({data!r})
except pickle.UnpicklingError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "in the memory of the process that wrote it" in done.stdout, done
    assert "__reduce__" in done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks")
def test_a_pickle_of_a_forked_sibling_is_refused():
    """Neither the number nor the process of a sibling's ticket is mistaken for one's own."""
    code = textwrap.dedent(
        """
        import os, pickle
        from pyatoll_tests import Tally

        pickle.dumps(Tally())  # there is a table to inherit
        pickles, write = os.pipe()
        first = os.fork()
        if first == 0:
            os.write(write, pickle.dumps(Tally()))
            os._exit(0)
        os.waitpid(first, 0)
        second = os.fork()
        if second == 0:
            own = [pickle.dumps(Tally()) for _ in range(3)]
            try:
                pickle.loads(os.read(pickles, 1000))
                print("redeemed", flush=True)
            except pickle.UnpicklingError as error:
                print(error, len([pickle.loads(item) for item in own]), flush=True)
            os._exit(0)
        os.waitpid(second, 0)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "in the memory of the process that wrote it" in done.stdout, done
    assert done.stdout.strip().endswith(" 3"), done


@pytest.mark.skipif(not IS_REGISTERED, reason="needs CPython's registry")
@KINDS
def test_names_of_another_interpreter(own_gil):
    """`run_string(…, shared)` and `exec(…, shared)` take only what CPython calls shareable."""
    tally = Tally()
    with SubInterpreter(own_gil) as other:
        names = {"tally": tally}
        code = "assert tally.add(2) == 2; kept = tally"
        if sys.version_info >= (3, 13):
            import _interpreters

            assert _interpreters.is_shareable(tally)
            error = _interpreters.exec(other.id, code, names)
            assert error is None, error.formatted
        else:
            import _xxsubinterpreters

            assert _xxsubinterpreters.is_shareable(tally)
            _xxsubinterpreters.run_string(other.id, code, names)
        assert tally.add(0) == 2


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 12) or not IS_REGISTERED, reason="this API is that of 3.12"
)
def test_a_channel_carries_the_value_to_an_interpreter_that_has_not_imported_the_module():
    import _xxinterpchannels as channels

    channel = channels.create()
    with SubInterpreter(True) as other:
        for _ in range(100):
            # More than the calls that CPython keeps for an interpreter that is busy.
            channels.send(channel, Tally(5))
        receive = f"""
import _xxinterpchannels as channels
received = [channels.recv({int(channel)}) for _ in range(100)]
result = [sum(tally.add(1) for tally in received), type(received[0]).__module__]
del received
"""
        live = Tally.live()
        assert other.run(receive) == [600, Tally.__module__]
        assert Tally.live() <= live - 99
    # One that nobody receives.
    channels.send(channel, Tally())
    channels.destroy(channel)


@NEW
def test_whether_it_is_shareable():
    assert interpreters.is_shareable(Tally()) is IS_REGISTERED


@NEW
def test_arguments_and_results_of_call():
    tally = Tally()
    other = interpreters.create()
    assert other.call(add, tally, 2) == 2
    assert other.call(add, tally, by=3) == 5
    assert other.call(same, tally) == tally
    for value in containers(tally):
        assert other.call(same, value) == value
    for count, value in enumerate(containers(tally)):
        assert len(other.call(total, value)) == [2, 1, 2, 2][count]
    # Made there, received here, and used after its interpreter has ended.
    received = other.call(make)
    other.call(keep, tally)
    other.close()
    assert received.add(1) == 8
    assert tally.add(0) == 12


def make():
    import pyatoll_tests

    return pyatoll_tests.Tally(7)


@NEW
def test_queues():
    tally = Tally()
    queue = interpreters.create_queue()
    other = interpreters.create()
    for value in [tally, *containers(tally)]:
        queue.put(value)
        assert queue.get() == value
        queue.put(value)
        assert other.call(get, queue) == value
    # Values that the sender has dropped, and that nobody gets.
    for _ in range(100):
        queue.put(Tally(3))
    assert sum(queue.get().add(1) for _ in range(100)) == 400
    other.call(put, queue)
    assert queue.get().add(1) == 8
    # What nobody receives is dropped with its sender.
    if not VALUES_STAY:
        other.call(put, queue)
    other.close()


def get(queue):
    return queue.get()


def put(queue):
    import pyatoll_tests

    queue.put(pyatoll_tests.Tally(7))


@NEW
def test_executors():
    from concurrent.futures import InterpreterPoolExecutor

    tally, kept = Tally(), Tally()
    with InterpreterPoolExecutor(3, initializer=keep, initargs=(kept,)) as executor:
        assert sorted(executor.map(add, [tally] * 20, [1] * 20)) == list(range(1, 21))
        for value in containers(tally):
            assert executor.submit(same, value).result(LIMIT) == value
            assert executor.submit(same, value=value).result(LIMIT) == value
        assert all(found == tally for found in executor.map(same, [tally] * 5))
        done = sorted(executor.map(add_to_kept, [1] * 30))
        assert done == list(range(1, 31))
    assert kept.add(0) == 30
    with InterpreterPoolExecutor(2, initializer=keep, initargs=(Tally(5),)) as executor:
        # Dropped by the sender, used by each worker.
        assert sorted(executor.map(add_to_kept, [1] * 4)) == [6, 7, 8, 9]


@NEW
def test_a_pickle_with_a_class_of_the_script(tmp_path):
    """CPython loads such a pickle a second time, after it has run the script there."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            from concurrent.futures import InterpreterPoolExecutor
            from pyatoll_tests import Tally

            class Settings:
                by = 3

            def work(tally, settings):
                return tally.add(settings.by)

            if __name__ == "__main__":
                with InterpreterPoolExecutor(1) as executor:
                    tally = Tally()
                    jobs = [
                        executor.submit(work, tally=tally, settings=Settings()) for _ in range(3)
                    ]
                    print([job.result() for job in jobs])
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.stdout.strip() == "[3, 6, 9]", done


@NEW
def test_many_threads_and_interpreters():
    tally = Tally()
    others = [interpreters.create() for _ in range(3)]

    def work(other):
        for _ in range(30):
            assert other.call(same, [tally, (tally,)]) == [tally, (tally,)]
            other.call(add, tally, 1)

    with ThreadPoolExecutor() as threads:
        list(threads.map(work, others))
    for other in others:
        other.close()
    assert tally.add(0) == 90


@KINDS
def test_a_buffer_is_the_same_memory(own_gil):
    block = Block(8 << 20)
    view = memoryview(block)
    view[5] = 42
    with SubInterpreter(own_gil) as other:
        data = pickle.dumps(block)
        assert len(data) < 1000
        code = f"""
import pickle
block = pickle.loads({data!r})
view = memoryview(block)
found = view[5]
view[6] = 43
result = [found, block.address(), len(view)]
"""
        assert other.run(code) == [42, block.address(), 8 << 20]
        assert view[6] == 43
        code = """
import pickle, pyatoll_tests
own = pyatoll_tests.Block(3)
memoryview(own)[0] = 9
result = pickle.dumps(own).hex()
"""
        received = pickle.loads(bytes.fromhex(other.run(code)))
        view = memoryview(received)
    # The other interpreter has ended.
    assert bytes(view) == b"\x09\0\0"
