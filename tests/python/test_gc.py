"""Garbage collection of cycles through Rust classes."""

import gc
import weakref

import pyatoll_tests as t
from subinterpreters import SubInterpreter

CYCLES = """
import gc, weakref
import pyatoll_tests as t

class Probe:
    pass

before = t.Node.alive()
probe = Probe()
gone = weakref.ref(probe)
first = t.Node()
first.next = [t.Node(first), probe]
made = t.Node.alive() - before
del first, probe
gc.collect()
result = [made, t.Node.alive() - before, gone() is None]
"""


def test_a_cycle_through_rust_objects_is_collected():
    names = {}
    exec(CYCLES, names)
    assert names["result"] == [2, 0, True]


def test_a_cycle_in_a_sub_interpreter_is_collected():
    with SubInterpreter(False) as interpreter:
        assert interpreter.run(CYCLES) == [2, 0, True]


def test_rust_objects_are_dropped_at_their_interpreters_end():
    before = t.Node.alive()
    with SubInterpreter(False) as interpreter:
        interpreter.run("import pyatoll_tests; node = pyatoll_tests.Node()")
        interpreter.run("cycle = pyatoll_tests.Node(); cycle.next = [cycle]")
        assert t.Node.alive() == before + 2
    assert t.Node.alive() == before


def test_objects_report_their_referents():
    held = []
    node = t.Node(held)
    assert gc.is_tracked(node)
    assert any(item is held for item in gc.get_referents(node))


def test_a_subclass_in_a_cycle_is_collected():
    class Child(t.Animal):
        pass

    child = Child("a")
    child.self = child
    gone = weakref.ref(child)
    del child, Child
    gc.collect()
    assert gone() is None
