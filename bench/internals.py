"""Times calls of each library's runtime, with loops in the modules themselves, in Rust and C++.

A module's `run(row, count)` returns seconds, or None if it does not have the row.
"""

import importlib

import common
from timing import Case

# The titles of the rows, by name.
ROWS = {
    "token": "token path: `InterpreterLocal::get` with a token",
    "fallback": "fallback path; pybind11's `get_internals()`",
    "attach-attached": "attach when attached",
    "bind": "`Py::bind`",
    "clone-and-drop": "a handle cloned, and dropped attached, in a function of its own",
    "drop-detached": "a handle dropped detached, and released at the next attach",
}
# Rows of foreign threads, measured last: some create an interpreter, and a process that has had
# several takes another `fallback` path.
FOREIGN_ROWS = {
    "attach-foreign": "attach and detach in a foreign thread",
    "attach-sub": "attach and detach in a foreign thread, to a sub-interpreter",
    "attach-kept": "attach and detach in `keep_thread_state`, in a foreign thread",
    "attach-keeper": "attach and detach in a foreign thread with a `ThreadStateKeeper`",
    "state-foreign": "a thread state created and deleted in a foreign thread, by the C API",
    "state-sub": "a thread state created and deleted in a foreign thread, of a sub-interpreter",
    "state-kept": "a thread state taken and released in a foreign thread, by the C API",
}


def timer(module, row):
    def run(count):
        return module.run(row, count)

    return run


def measure(modules, rows, rounds):
    """Returns the nanoseconds of each round without the loop, for each row and module."""
    empty = {name: Case(timer(module, "empty")) for name, module in modules.items()}
    cases = [
        (
            row,
            {
                name: Case(timer(module, row))
                for name, module in modules.items()
                if module.run(row, 1) is not None
            },
        )
        for row in rows
    ]
    for _ in range(rounds):
        for case in empty.values():
            case.sample()
        for _, by_module in cases:
            for case in by_module.values():
                case.sample()
    minimum = {name: min(case.samples) for name, case in empty.items()}
    return {
        row: {
            name: [sample - minimum[name] for sample in case.samples]
            for name, case in by_module.items()
        }
        for row, by_module in cases
    }


def run(folder, peers, multi, rounds):
    """Measures with 1, 2 and 64 interpreters alive; those in `multi` load in all of them.

    Before 3.13, which introduced `_interpreters`, measures with one only.
    """
    modules = {name: importlib.import_module(f"bench_internals_{name}") for name in peers}
    source = common.imports(folder, [f"internals_{name}" for name in multi])
    result = []
    others = []
    for alive in (1, 2, 64) if common.HAS_INTERPRETERS else (1,):
        others += common.make_interpreters(alive - 1 - len(others), source)
        common.settle()
        measured = [measure(modules, rows, rounds) for rows in (ROWS, FOREIGN_ROWS)]
        result.append({"alive": alive, "rows": measured[0] | measured[1]})
    common.end_interpreters(others)
    return {"titles": list((ROWS | FOREIGN_ROWS).items()), "phases": result}
