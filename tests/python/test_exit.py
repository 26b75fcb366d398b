"""The end of the process and of interpreters that Python code created, with threads of Rust inside.

Each test is a process of its own.
"""

import os
import subprocess
import sys

import pytest

from subinterpreters import LIMIT

START = """
import sys, time
import pyatoll_tests

# Inside for a moment, and for so long that the end meets them inside.
for pause in .001, .02, .15:
    pyatoll_tests.keep_calling(lambda pause=pause: time.sleep(pause))
time.sleep(.05)
"""

HOSTILE = {
    "clear": "import atexit; atexit._clear()",
    "unregister": """
import atexit
from unittest import mock
atexit.unregister(mock.ANY)
""",
    "run": "import atexit; atexit._run_exitfuncs()",
    "nested": """
import atexit
@atexit.register
def clear(): atexit._clear()
""",
    "multiprocessing": """
import atexit, multiprocessing.util
# As in a child of `fork`, which then runs them.
atexit._clear()
atexit.register(multiprocessing.util._exit_function)
""",
}

OLDER = """
import atexit, weakref

class Thing: pass
thing = Thing()

def use(name):
    import pyatoll_tests
    print(name, pyatoll_tests.call_in_thread(lambda: 1), pyatoll_tests.call_attached(lambda: 2))
weakref.finalize(thing, use, "finalizer")
atexit.register(use, "function")
import pyatoll_tests
"""

# The functions of this Python that create, use and end an interpreter that shares the GIL.
INTERPRETERS = """
import sys
try:
    import _interpreters
    create = lambda: _interpreters.create("legacy")
    def run(id, code):
        error = _interpreters.exec(id, code)
        assert error is None, error.formatted
except ImportError:
    import _xxsubinterpreters as _interpreters
    create = lambda: _interpreters.create(isolated=False)
    run = _interpreters.run_string
"""


def output(*code):
    """Runs code in a process of its own, which must end well, and returns its output."""
    command = [sys.executable, "-c", "\n".join(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Fatal" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("how", HOSTILE)
def test_the_process_end_waits_for_threads_whatever_is_done_to_the_exit_functions(how):
    assert output(START, HOSTILE[how], "time.sleep(.05); print('end')") == "end\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 refuses while a thread is inside")
@pytest.mark.skipif(
    "PYATOLL_STABLE_ABI_ONLY" in os.environ, reason="needs a function that is not public"
)
@pytest.mark.parametrize("how", HOSTILE)
def test_the_end_of_an_interpreter_waits_whatever_is_done_to_its_exit_functions(how):
    code = START + HOSTILE[how]
    end = "_interpreters.destroy(made); print('end')"
    assert output(INTERPRETERS, "made = create()", f"run(made, {code!r})", end) == "end\n"


def test_exit_functions_that_are_older_than_the_module_can_use_threads():
    assert output(OLDER) == "function 1 2\nfinalizer 1 2\n"


def test_exit_functions_that_are_older_than_the_module_can_use_threads_in_a_sub_interpreter():
    run = "made = create(); run(made, OLDER)"
    end = "_interpreters.destroy(made)"
    found = output(INTERPRETERS, f"OLDER = {OLDER!r}", run, end)
    assert found == "function 1 2\nfinalizer 1 2\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 refuses while a thread is inside")
def test_exit_waits_for_threads_of_interpreters_if_only_they_have_imported_the_module():
    run = f"made = [create() for _ in range(3)]\nfor each in made: run(each, {START!r})"
    assert output(INTERPRETERS, run, "print('end')") == "end\n"
