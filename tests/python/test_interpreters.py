"""One library in many interpreters at once."""

import sys

import pytest

import pyatoll_tests
from subinterpreters import Several, SubInterpreter

# Classes of which each interpreter must have its own.
CLASSES = [
    "Animal",
    "BaseError",
    "Color",
    "DictOfOurs",
    "Dog",
    "LeafError",
    "Node",
    "Point",
    "RefusedValue",
    "Shape",
]

IMPORT = f"""
import pyatoll_tests

classes = [getattr(pyatoll_tests, name) for name in {CLASSES}]
result = [id(item) for item in classes]
"""

USE = """
assert pyatoll_tests.positional(1, "a") == "1 a"
assert repr(pyatoll_tests.Point(1, 2).moved(pyatoll_tests.Point(1, 1))) == "Point(2, 3)"
assert pyatoll_tests.Dog("Rex", "sits").speak() == "Rex barks; sits"
assert pyatoll_tests.is_own(pyatoll_tests.Point())
assert not pyatoll_tests.is_own(object())
assert pyatoll_tests.make_adder(2)(3) == 5
try:
    pyatoll_tests.raise_error("leaf")
except pyatoll_tests.BaseError as error:
    assert type(error) is pyatoll_tests.LeafError
else:
    assert False, "nothing was raised"
try:
    pyatoll_tests.panics("oh no")
except BaseException as error:
    assert type(error).__name__ == "PanicException" and str(error) == "oh no"
else:
    assert False, "no panic"
result = [id(type(pyatoll_tests.make_adder)), id(pyatoll_tests.make_adder)]
"""


def test_16_threads_import_it_in_16_interpreters_at_once():
    with Several([True] * 16) as interpreters:
        found = interpreters.run(IMPORT)
        # All interpreters are alive, so every address is unique.
        own = [id(getattr(pyatoll_tests, name)) for name in CLASSES]
        addresses = {address for ids in [*found, own] for address in ids}
        assert len(addresses) == 17 * len(CLASSES)
        interpreters.run(USE)


def test_interpreters_of_both_kinds_import_it_at_once():
    with Several([True, False] * 4) as interpreters:
        found = interpreters.run(IMPORT)
        assert len({address for ids in found for address in ids}) == 8 * len(CLASSES)
        interpreters.run(USE)


@pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])
def test_interpreters_can_import_it_one_after_the_other(own_gil):
    for _ in range(5):
        with SubInterpreter(own_gil) as interpreter:
            assert len(interpreter.run(IMPORT)) == len(CLASSES)
            interpreter.run(USE)


def test_a_module_is_executed_once_per_interpreter():
    pyatoll_tests.ANSWER = 43
    try:
        with SubInterpreter(False) as interpreter:
            code = "import pyatoll_tests; result = pyatoll_tests.ANSWER"
            assert interpreter.run(code) == 42
            interpreter.run("pyatoll_tests.ANSWER = 44")
            assert pyatoll_tests.ANSWER == 43
    finally:
        pyatoll_tests.ANSWER = 42


@pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])
def test_a_function_in_rust_creates_an_interpreter_and_ends_it(own_gil):
    if own_gil and sys.version_info < (3, 12):
        pytest.skip("Python 3.11 has no interpreters with a GIL of their own")
    code = """
import pyatoll_tests
assert pyatoll_tests.Dog("Rex", "sits").speak() == "Rex barks; sits"
result = str(pyatoll_tests.interpreter_id())
"""
    for _ in range(3):
        number, inside = pyatoll_tests.run_in_new_interpreter(code, own_gil)
        assert str(number) == inside != str(pyatoll_tests.interpreter_id())
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        pyatoll_tests.run_in_new_interpreter("1 / 0", own_gil)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="InterpreterPoolExecutor is from 3.14 on")
def test_functions_run_in_an_interpreter_pool():
    from concurrent.futures import InterpreterPoolExecutor

    with InterpreterPoolExecutor(max_workers=2) as pool:
        # Functions are pickled by name.
        assert list(pool.map(pyatoll_tests.one_argument, range(20))) == list(range(1, 21))
        assert pool.submit(pyatoll_tests.defaults, 1, third="c").result() == (1, 2, "c")
