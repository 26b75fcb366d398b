"""Sub-interpreters for tests on every Python: creating one, running code in it, and ending it."""

import json
import os
import sys
import sysconfig
import threading
import time
import types

import pytest

# Seconds after which a test hangs. A busy machine may need minutes for what takes milliseconds.
LIMIT = 600

# Whether the values of an interpreter stay at its end: no public function tells whether other
# threads may still use them.
VALUES_STAY = "PYATOLL_STABLE_ABI_ONLY" in os.environ and bool(
    sysconfig.get_config_var("Py_GIL_DISABLED")
)

# Python 3.12 crashes when two threads create or end interpreters at once.
_one_at_a_time = threading.Lock()

# Runs in the sub-interpreter. Names set by the code are kept for the next run.
_WRAPPER = """
def _run(code, names, descriptor):
    import json, os
    names["result"] = None
    try:
        exec(compile(code, "<sub-interpreter>", "exec"), names)
        found = {"result": names["result"]}
    except BaseException as error:
        found = {"error": [type(error).__name__, str(error)]}
    # Leave nothing of the run behind, so that tests see only the objects that the library keeps.
    del names["result"]
    found = json.dumps(found).encode()
    assert len(found) < 4096, found
    os.write(descriptor, found)
"""


class Raised(Exception):
    """Code in a sub-interpreter raised an exception."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def _when_alone(function, *arguments):
    """Calls a function of CPython's module, again and again if another thread is in the interpreter:
    Python 3.11 then refuses, and the thread of a timer that has woken a coroutine leaves only a
    moment later.
    """
    end = time.monotonic() + LIMIT
    while True:
        try:
            return function(*arguments)
        except RuntimeError as error:
            refused = str(error) == "interpreter has more than one thread"
            if sys.version_info >= (3, 12) or not refused or time.monotonic() > end:
                raise
        time.sleep(0.001)


class _PyodideInterpreters:
    """What the tests need of `_interpreters`, by the functions that CPython's own tests use: Pyodide
    has left the module out, and not them.
    """

    _LEGACY = {
        "use_main_obmalloc": True,
        "allow_fork": True,
        "allow_exec": True,
        "allow_threads": True,
        "allow_daemon_threads": True,
        "check_multi_interp_extensions": False,
        "gil": "shared",
    }

    def __init__(self):
        import _testinternalcapi as module

        self._module = module
        self.destroy = module.destroy_interpreter

    def create(self, kind):
        if kind == "isolated":
            return self._module.create_interpreter()
        return self._module.create_interpreter(types.SimpleNamespace(**self._LEGACY))

    def exec(self, number, code):
        if self._module.exec_interpreter(number, code) == 0:
            return None
        return types.SimpleNamespace(formatted="an exception, which was printed")


class SubInterpreter:
    """An interpreter in this process, with its own GIL or the main interpreter's."""

    def __init__(self, own_gil):
        if own_gil and sys.version_info < (3, 12):
            pytest.skip("Python 3.11 has no interpreters with a GIL of their own")
        with _one_at_a_time:
            if sys.version_info >= (3, 13):
                if sys.platform == "emscripten":
                    module = _PyodideInterpreters()
                else:
                    import _interpreters as module

                self.id = module.create("isolated" if own_gil else "legacy")
            else:
                import _xxsubinterpreters as module

                self.id = module.create(isolated=own_gil)
        self._module = module
        self._exec(_WRAPPER)

    def _exec(self, code):
        if sys.version_info >= (3, 13):
            error = self._module.exec(self.id, code)
            assert error is None, error.formatted
        else:
            _when_alone(self._module.run_string, self.id, code)

    def run(self, code):
        """Runs code and returns its variable `result`. Raises `Raised` if the code raises."""
        read, write = os.pipe()
        try:
            self._exec(f"_run({code!r}, globals(), {write})")
            found = json.loads(os.read(read, 4096))
        finally:
            os.close(read)
            os.close(write)
        if "error" in found:
            raise Raised(*found["error"])
        return found["result"]

    def close(self):
        """Ends the interpreter."""
        with _one_at_a_time:
            _when_alone(self._module.destroy, self.id)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Several:
    """Several sub-interpreters that run code at the same time."""

    def __init__(self, own_gil):
        self.all = []
        try:
            for own in own_gil:
                self.all.append(SubInterpreter(own))
        except BaseException:
            self.close()
            raise

    def run(self, code):
        """Runs code in all of them at once, each in its own thread, and returns the results."""
        found = [None] * len(self.all)
        start = threading.Barrier(len(self.all))

        def work(index):
            try:
                start.wait(LIMIT)
                found[index] = self.all[index].run(code)
            except BaseException as error:
                found[index] = error

        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(self.all))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
            assert not thread.is_alive()
        errors = [error for error in found if isinstance(error, BaseException)]
        assert not errors, errors
        return found

    def close(self):
        """Ends all interpreters."""
        while self.all:
            self.all.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
