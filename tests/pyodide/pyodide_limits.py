"""A pytest plugin: skips the tests that need what Pyodide lacks.

It has no threads, no processes, and not all of the standard library, and says so with errors of its
own. A test that such an error ends is skipped, with what is missing as the reason.
"""

import gc
import sys

import pytest

REASONS = {
    "can't start new thread": "threads",
    "failed to spawn thread": "threads",
    "emscripten does not support processes": "processes",
    "lacks multiprocessing": "processes",
    "No module named '_interpreters'": "the module _interpreters",
    "cannot import name 'InterpreterPoolExecutor'": "the module _interpreters",
}


def lacking(error):
    """Returns what Pyodide lacks, if the error or one that led to it says so."""
    while error is not None:
        for text, what in REASONS.items():
            if text in str(error):
                return what
        error = error.__cause__ or error.__context__
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    try:
        return (yield)
    # A panic is not an `Exception`.
    except BaseException as error:
        what = lacking(error)
        if what is None:
            raise
    # The error goes, and with it what the test's variables referred to.
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        sys.__dict__.pop(name, None)
    gc.collect()
    pytest.skip(f"Pyodide lacks {what}")


def pytest_terminal_summary(terminalreporter):
    """Fails if more tests were skipped than passed: then the skipped ones say nothing about Pyodide."""
    passed, skipped = (len(terminalreporter.getreports(kind)) for kind in ("passed", "skipped"))
    if skipped > passed:
        pytest.exit(f"{skipped} of {skipped + passed} tests were skipped", 1)
