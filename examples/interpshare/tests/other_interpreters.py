"""Sub-interpreters for the tests, on every Python."""

import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading

import pytest

# Seconds after which a test hangs. A busy machine may need minutes for what takes milliseconds.
LIMIT = 600

KINDS = pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])

# Python 3.12 crashes when two threads create or end interpreters at once.
_one_at_a_time = threading.Lock()

_CODE = """
def _run(code, names, descriptor, shared):
    import json, os, pickle
    names.update({name: pickle.loads(data) for name, data in shared.items()})
    names["result"] = None
    try:
        exec(compile(code, "<sub-interpreter>", "exec"), names)
        found = {"result": names["result"]}
    except BaseException as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    # Nothing that was shared is kept.
    for name in ["result", *shared]:
        names.pop(name, None)
    os.write(descriptor, json.dumps(found).encode())
"""


class Raised(Exception):
    """Code in a sub-interpreter raised an exception."""


class Other:
    """An interpreter in this process, with its own GIL or the main interpreter's."""

    def __init__(self, own_gil=True):
        if own_gil and sys.version_info < (3, 12):
            pytest.skip("Python 3.11 has no interpreters with a GIL of their own")
        with _one_at_a_time:
            if sys.version_info >= (3, 13):
                import _interpreters as module

                self.id = module.create("isolated" if own_gil else "legacy")
            else:
                import _xxsubinterpreters as module

                self.id = module.create(isolated=own_gil)
        self._module = module
        self.exec(_CODE)

    def exec(self, code):
        """Runs code."""
        if sys.version_info >= (3, 13):
            error = self._module.exec(self.id, code)
            assert error is None, error.formatted
        else:
            self._module.run_string(self.id, code)

    def run(self, code, **shared):
        """Runs code with shared objects as its variables, and returns its variable `result`."""
        read, write = os.pipe()
        pickled = {name: pickle.dumps(value) for name, value in shared.items()}
        try:
            self.exec(f"_run({textwrap.dedent(code)!r}, globals(), {write}, {pickled!r})")
            found = json.loads(os.read(read, 1 << 16))
        finally:
            os.close(read)
            os.close(write)
        if "error" in found:
            raise Raised(found["error"])
        return found["result"]

    def start(self, code, **shared):
        """Runs code in a thread. Returns a function that waits for its result."""
        found = []

        def work():
            try:
                found.append((self.run(code, **shared), None))
            except BaseException as error:
                found.append((None, error))

        thread = threading.Thread(target=work)
        thread.start()

        def finish():
            thread.join(LIMIT)
            assert not thread.is_alive(), "it hangs"
            result, error = found[0]
            if error is not None:
                raise error
            return result

        return finish

    def close(self):
        """Ends the interpreter."""
        with _one_at_a_time:
            self._module.destroy(self.id)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run_script(code, *options, expected=0):
    """Runs code in a process of its own, and returns what it prints."""
    code = textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == expected, done
    return done.stdout
