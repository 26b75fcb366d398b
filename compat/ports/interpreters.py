"""Runs pytest in two sub-interpreters at once, each on its own thread.

Usage: interpreters.py {own-gil|shared-gil} OUTCOMES ARGUMENT…

The arguments are pytest's. Each interpreter writes its outcomes to a file of its own, OUTCOMES
followed by its number. For Python 3.14 and later: 3.12 and 3.13 may crash or hang with any tests.
"""

import sys
import threading

COUNT = 2

CODE = """
import sys
sys.argv = ["pytest"]
sys.path[:] = {path!r}
import pytest
status = int(pytest.main({arguments!r}))
"""


def create(own_gil):
    """Creates an interpreter. Returns a function that runs code in it, and one that ends it."""
    if sys.version_info >= (3, 13):
        import _interpreters as module

        changes = {"gil": "shared"}
        if own_gil:
            # "isolated" would also forbid daemon threads, `fork` and `exec`, which tests use.
            changes = {"gil": "own", "use_main_obmalloc": False, "check_multi_interp_extensions": True}
        number = module.create(module.new_config("legacy", **changes))

        def run(code):
            error = module.exec(number, code)
            if error is not None:
                raise RuntimeError(error.errdisplay or error.formatted)

        return run, lambda: module.destroy(number)
    import _xxsubinterpreters as module

    number = module.create(isolated=own_gil) if sys.version_info >= (3, 12) else module.create()
    return lambda code: module.run_string(number, code), lambda: module.destroy(number)


def main(kind, outcomes, *arguments):
    interpreters = [create(kind == "own-gil") for _ in range(COUNT)]
    start = threading.Barrier(COUNT)
    errors = []

    def work(number):
        own = [*arguments, f"--outcomes={outcomes}{number}", f"--basetemp={outcomes}{number}.tmp"]
        code = CODE.format(path=sys.path, arguments=own)
        start.wait()
        try:
            interpreters[number][0](code)
        except BaseException as error:
            errors.append(f"interpreter {number}: {error}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(COUNT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _, end in interpreters:
        end()
    sys.exit("\n".join(errors) or 0)


main(*sys.argv[1:])
