"""Per-interpreter values."""

import pytest

import pyatoll_tests as t
from subinterpreters import VALUES_STAY, Several, SubInterpreter

KINDS = pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])

USE = """
import pyatoll_tests as t
from string import Template

assert t.singleton() is t.singleton()
assert t.interned() is t.interned() and t.interned() == "interned by pyatoll_tests"
assert type(t.template("a")) is Template and t.template("$a b").substitute(a=1) == "1 b"
t.singleton().append(t.count())
result = [id(t.singleton()), list(t.singleton())]
"""


def use_here():
    names = {}
    exec(USE, names)
    return names["result"]


@KINDS
def test_each_interpreter_has_its_singletons(own_gil):
    t.singleton().clear()
    use_here()
    with SubInterpreter(own_gil) as first, SubInterpreter(own_gil) as second:
        found = [first.run(USE), second.run(USE), first.run(USE)]
        assert found[0][0] == found[2][0] != found[1][0]
        assert id(t.singleton()) not in {address for address, _ in found}
        # Each interpreter has its own list and counter.
        assert [items for _, items in found] == [[1], [1], [1, 2]]
    assert len(t.singleton()) == 1


@KINDS
def test_values_are_dropped_with_their_interpreter_and_recreated_in_the_next(own_gil):
    t.count()
    before = t.counters()
    for _ in range(3):
        with SubInterpreter(own_gil) as interpreter:
            assert interpreter.run(USE)[1] == [1]
            assert t.counters() == before + 1
        before += 1 if VALUES_STAY else 0
        assert t.counters() == before


def test_values_are_created_at_once_in_interpreters_of_both_kinds():
    before = t.counters()
    with Several([True, False] * 4) as interpreters:
        found = interpreters.run(USE)
        assert len({address for address, _ in found}) == 8
        assert all(items == [1] for _, items in found)
        # All interpreters keep their values.
        again = interpreters.run(USE)
        assert [address for address, _ in again] == [address for address, _ in found]
    assert t.counters() == before + (8 if VALUES_STAY else 0)


def test_a_class_of_one_interpreter_does_not_match_in_another():
    with SubInterpreter(False) as interpreter:
        code = """
import pyatoll_tests as t
class Child(t.Animal):
    pass
made = Child("a")
result = (isinstance(made, t.Animal), t.Animal.__subclasses__() == [t.Dog, Child],
          t.is_own(t.Point()), id(t.Animal))
"""
        is_instance, has_children, own, address = interpreter.run(code)
        assert is_instance and has_children and own
        assert address != id(t.Animal)
        assert not any(child.__name__ == "Child" for child in t.Animal.__subclasses__())
    assert t.Animal("a").name == "a"
