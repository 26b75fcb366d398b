"""Errors in awkward moments: signals, memory, recursion, and exceptions between interpreters.

Tests that may end the process, or must not run beside another test, run in a process of their own.
"""

import signal
import subprocess
import sys
import threading

import pytest

import pyatoll_tests as t
from subinterpreters import LIMIT, Raised, SubInterpreter

KINDS = pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])


def in_process(code):
    """Runs code in a process of its own, with this one's `sys.path`; returns its output."""
    setup = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", setup + code],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals are handled on the main thread",
)
def test_ctrl_c_ends_a_rust_function_that_checks_for_signals():
    def wait():
        lock = threading.Lock()
        lock.acquire()

        def interrupt():
            lock.acquire()
            signal.raise_signal(signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            # The function lets the thread raise the signal, by a call that runs no Python code.
            t.wait_for_signal(lock.release)
        finally:
            thread.join()

    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait()
        # An exception raised by a signal handler is propagated.
        signal.signal(signal.SIGINT, lambda *_: {}["no such key"])
        with pytest.raises(KeyError):
            wait()
    finally:
        signal.signal(signal.SIGINT, old)


def test_recursion_through_rust_raises_recursion_error():
    depths = []

    def down(depth):
        depths.append(depth)
        return t.call_back(down, depth + 1)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        for _ in range(3):
            with pytest.raises(RecursionError):
                down(0)
    finally:
        sys.setrecursionlimit(limit)
    assert max(depths) > 50
    assert t.one_argument(1) == 2


@KINDS
def test_recursion_in_a_sub_interpreter_raises_recursion_error(own_gil):
    with SubInterpreter(own_gil) as interpreter:
        code = """
import sys
import pyatoll_tests as t
def down(depth):
    return t.call_back(down, depth + 1)
limit = sys.getrecursionlimit()
sys.setrecursionlimit(400)
try:
    down(0)
except RecursionError:
    result = "RecursionError"
finally:
    sys.setrecursionlimit(limit)
"""
        assert interpreter.run(code) == "RecursionError"
        assert interpreter.run("result = t.one_argument(1)") == 2


LONG = """
import gc, threading
import pyatoll_tests as t
before = t.Node.alive()

def chain(length, between):
    last = None
    for _ in range(length):
        last = t.Node(between(last))
    return last

class Child(t.Open):
    pass

for between in (lambda node: node, lambda node: [node], lambda node: {"next": node}):
    first = chain(100_000, between)
    del first
    assert t.Node.alive() == before
# In a cycle, which the collector breaks.
first = chain(100_000, lambda node: node)
last = first
while last.next is not None:
    last = last.next
last.next = first
del first, last
gc.collect()
assert t.Node.alive() == before
# Through the objects' dicts.
first = None
for _ in range(100_000):
    made = t.Open()
    made.next = first
    first = made
del first, made
# In a thread, which has a smaller stack.
def work():
    first = chain(100_000, lambda node: node)
    del first
    assert t.Node.alive() == before
thread = threading.Thread(target=work)
thread.start()
thread.join()
# With a finalizer in the middle that creates another chain.
class Last:
    def __del__(self):
        first = chain(100_000, lambda node: node)
        del first
first = t.Node(Last())
for _ in range(100_000):
    first = t.Node(first)
del first
assert t.Node.alive() == before
result = True
print("done")
"""


def test_a_long_chain_is_freed_without_overflowing_the_stack():
    assert in_process(LONG) == "done\n"


def test_running_out_of_memory_anywhere_raises_an_error():
    pytest.importorskip("_testcapi", reason="this Python has no _testcapi")
    code = """
import _testcapi
import pyatoll_tests as t

def use(point=t.Point(1, 2)):
    t.round_trip("a" * 50, [1.5, 2.5], {"a": (1, True)}, b"abc" * 20)
    t.all_kinds(1, 2, 3, [3], third=4, other=5)
    t.Point(1, 2).moved(point)
    repr(point), t.Dog("a", "b").speak(), t.Frozen(1, "a") < t.Frozen(2, "b")
    list(t.Steps(3)), t.make_adder(2)(3), t.Node(t.Node())
    t.Mapping({"a": 1})["a"], t.Shape.Circle(2).area()
    try:
        t.raise_error("leaf")
    except t.LeafError:
        pass
    t.singleton(), t.count(), t.template("a"), t.interned()

use()
failures = 0
for number in range(500):
    # Only this one allocation fails.
    _testcapi.set_nomemory(number, number + 1)
    try:
        use()
    except BaseException as error:
        _testcapi.remove_mem_hooks()
        # A panic if the Rust function cannot return an error.
        if not isinstance(error, MemoryError):
            assert type(error).__name__ == "PanicException" and "MemoryError" in str(error), error
        failures += 1
    finally:
        _testcapi.remove_mem_hooks()
use()
print(failures > 20)
"""
    assert in_process(code) == "True\n"


@KINDS
def test_an_exception_reaches_another_interpreter_as_type_and_text(own_gil):
    with SubInterpreter(own_gil) as interpreter:
        with pytest.raises(Raised) as raised:
            interpreter.run("import pyatoll_tests as t; t.raise_error('leaf')")
        assert raised.value.name == "LeafError"
        with pytest.raises(Raised) as raised:
            interpreter.run("t.panics('oh no')")
        assert (raised.value.name, raised.value.message) == ("PanicException", "oh no")
        # The interpreter still works.
        assert interpreter.run("result = t.one_argument(1)") == 2


@pytest.mark.skipif(sys.version_info < (3, 14), reason="InterpreterPoolExecutor is from 3.14 on")
def test_an_exception_is_returned_from_an_interpreter_pool():
    from concurrent.futures import InterpreterPoolExecutor

    with InterpreterPoolExecutor(max_workers=2) as pool:
        # Pickled there and recreated here as an instance of this interpreter's class.
        with pytest.raises(t.LeafError):
            pool.submit(t.raise_error, "leaf").result()
        # A panic's class cannot be imported by name, so only the text is transferred.
        with pytest.raises(BaseException, match="oh no"):
            pool.submit(t.panics, "oh no").result()
        assert pool.submit(t.one_argument, 1).result() == 2


ORDERS = {
    "a sub-interpreter first": "sub(); here()",
    "a sub-interpreter first, which has ended": "sub().close(); here()",
    "two sub-interpreters and never the main one": "sub(); sub()",
    "the main one between two": "sub(); here(); sub()",
    "ended ones before and after": "sub().close(); here(); sub().close(); sub()",
}


@pytest.mark.parametrize("order", ORDERS)
@KINDS
def test_interpreters_may_import_it_in_any_order(own_gil, order):
    if own_gil and sys.version_info < (3, 12):
        pytest.skip("Python 3.11 has no interpreters with a GIL of their own")
    code = f"""
from subinterpreters import SubInterpreter
USE = '''
import pyatoll_tests as t
assert repr(t.Point(1, 2).moved(t.Point(1, 1))) == "Point(2, 3)"
assert t.count() == 1 and t.call_back(lambda value: value + 1, 1) == 2
try:
    t.raise_error("leaf")
except t.BaseError as error:
    assert type(error) is t.LeafError
'''
alive = []
def sub():
    interpreter = SubInterpreter({own_gil})
    interpreter.run(USE)
    alive.append(interpreter)
    return interpreter
def here():
    exec(USE, {{}})
close = SubInterpreter.close
SubInterpreter.close = lambda self: (alive.remove(self) if self in alive else None, close(self))
{ORDERS[order]}
for interpreter in list(alive):
    interpreter.run("import pyatoll_tests as t; t.no_arguments()")
    interpreter.close()
print("done")
"""
    assert in_process(code) == "done\n"
