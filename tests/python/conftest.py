"""Fixtures and the report header of all Python tests."""

import sys

import pytest


def pytest_report_header():
    """Shows the Python and its kind, which explain the skipped tests."""
    kinds = []
    if hasattr(sys, "gettotalrefcount"):
        kinds.append("debug build")
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        kinds.append("no GIL")
    return f"this Python: {sys.version.split()[0]} {', '.join(kinds) or 'ordinary build'}"


@pytest.fixture(autouse=True)
def gil_stays_off():
    """Importing the extension must not switch a free-threaded Python's GIL on."""
    before = getattr(sys, "_is_gil_enabled", lambda: True)()
    yield
    after = getattr(sys, "_is_gil_enabled", lambda: True)()
    if before != after:
        pytest.fail("the GIL was switched on")
