"""Shared by all kinds of measurement: selecting rows, importing modules, interpreters."""

import gc
import importlib
import os
import sys
from fnmatch import fnmatch

try:
    import _interpreters
except ImportError:  # before 3.13
    _interpreters = None

import rows

# Whether this Python has the module to make interpreters with.
HAS_INTERPRETERS = _interpreters is not None


def selected(patterns, modules):
    """Returns the rows of these modules whose group, name or id matches a pattern, if there are any."""
    patterns = patterns or ["*"]
    found = [
        row
        for row in rows.ROWS
        if row.of(modules)
        and any(
            fnmatch(name, pattern)
            for name in (row.group, row.name, row.id)
            for pattern in patterns
        )
    ]
    if not found:
        sys.exit(f"no row matches {' '.join(patterns)}")
    return found


def names(text):
    """Splits a list of names separated by commas."""
    return [name for name in text.split(",") if name]


def import_modules(peers):
    """Imports the modules of these peers. Returns them by the peer's name."""
    return {name: importlib.import_module(f"bench_{name}") for name in peers}


def settle():
    """Pins the process to one core, and turns the garbage collector off."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.collect()
    gc.disable()


def run_in(interpreter, source):
    """Runs code in another interpreter and waits until it has finished."""
    error = _interpreters.exec(interpreter, source)
    if error is not None:
        raise RuntimeError(error.formatted)


def imports(folder, peers):
    """Returns code that imports the modules of these peers."""
    lines = [f"import sys; sys.path[:0] = [{folder!r}]"]
    lines += [f"import bench_{name}" for name in peers]
    return "\n".join(lines)


def make_interpreters(count, source):
    """Creates `count` interpreters with their own GIL and runs `source` in each."""
    interpreters = []
    for _ in range(count):
        interpreters.append(_interpreters.create("isolated", reqrefs=False))
        run_in(interpreters[-1], source)
    return interpreters


def end_interpreters(interpreters):
    """Ends these interpreters."""
    for interpreter in interpreters:
        _interpreters.destroy(interpreter)
