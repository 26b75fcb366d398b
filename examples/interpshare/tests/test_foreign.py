"""Shareable classes of another extension module, which was built separately."""

import gc

import pytest

import interpshare
from other_interpreters import KINDS, Other

pyatoll_tests = pytest.importorskip("pyatoll_tests")
Tally = pyatoll_tests.Tally


@pytest.fixture(autouse=True)
def all_values_are_dropped():
    """Each value is dropped once: none is left, and the count is never too low."""
    gc.collect()
    before = Tally.live()
    yield
    gc.collect()
    assert Tally.live() == before


@KINDS
def test_its_values_are_shared(own_gil):
    tally, entries, items = Tally(1), interpshare.Map(), interpshare.Queue()
    entries["tally"] = tally
    entries[tally] = (tally, "pair")
    assert entries["tally"] == tally and entries["tally"].add(1) == 2
    assert tally in entries and Tally() not in entries
    with Other(own_gil) as other:
        # It has not imported the module.
        items.put((tally, 5))
        code = """
            import sys
            assert "pyatoll_tests" not in sys.modules
            received, n = items.get()
            result = [received.add(n), entries["tally"].add(1), entries[received][0].add(1)]
            result.append(type(received).__module__)
            import pyatoll_tests
            entries["made"] = pyatoll_tests.Tally(40)
            del received
        """
        assert other.run(code, items=items, entries=entries) == [7, 8, 9, Tally.__module__]
    assert entries["made"].add(2) == 42 and tally.add(0) == 9


def test_what_is_removed_is_dropped():
    before = Tally.live()
    entries, items = interpshare.Map(), interpshare.Queue()
    for n in range(100):
        entries[n] = Tally()
        items.put((Tally(), Tally()))
        assert Tally.live() == before + 3
        entries[n] = None
        items.get()
        assert Tally.live() == before
    for n in range(100):
        entries[n] = (n, Tally())
        items.put(Tally())
    del entries[5], entries[6]
    entries.pop(7)
    assert Tally.live() == before + 197
    entries.clear()
    assert Tally.live() == before + 100
    entries[Tally()] = Tally()
    inner = interpshare.Map({1: Tally()})
    items.put(inner)
    entries["inner"] = inner
    assert Tally.live() == before + 103
    del entries, items, inner
    assert Tally.live() == before


def test_a_class_of_python_that_lies_is_refused():
    class Lying:
        __class__ = property(lambda self: Tally)
        __pyatoll_shared__ = Tally.__dict__["__pyatoll_shared__"]

    items = interpshare.Queue()
    for value in Lying(), Lying, Tally:
        with pytest.raises(TypeError, match="cannot share"):
            items.put(value)
    with pytest.raises(AttributeError):
        Tally().__pyatoll_shared__
