"""What the ways to measure have in common: choosing rows, importing modules, interpreters."""

import gc
import importlib
import os
import sys
from fnmatch import fnmatch

import _interpreters

import rows


def selected(patterns):
    """The rows whose group, name or both together fit one of the patterns; all without any."""
    patterns = patterns or ["*"]
    found = [
        row
        for row in rows.ROWS
        if any(
            fnmatch(name, pattern)
            for name in (row.group, row.name, row.id)
            for pattern in patterns
        )
    ]
    if not found:
        sys.exit(f"no row fits {' '.join(patterns)}")
    return found


def names(text):
    return [name for name in text.split(",") if name]


def import_modules(peers):
    return {name: importlib.import_module(f"bench_{name}") for name in peers}


def settle():
    """On one core, and without the collector."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.collect()
    gc.disable()


def run_in(interpreter, source):
    """Runs code in another interpreter, and waits for its end."""
    error = _interpreters.exec(interpreter, source)
    if error is not None:
        raise RuntimeError(error.formatted)


def imports(folder, peers):
    """Code that imports the modules of these peers."""
    lines = [f"import sys; sys.path[:0] = [{folder!r}]"]
    lines += [f"import bench_{name}" for name in peers]
    return "\n".join(lines)


def make_interpreters(count, source):
    """Makes `count` interpreters with GILs of their own, and runs `source` in each."""
    made = []
    for _ in range(count):
        made.append(_interpreters.create("isolated", reqrefs=False))
        run_in(made[-1], source)
    return made


def end_interpreters(interpreters):
    for interpreter in interpreters:
        _interpreters.destroy(interpreter)
