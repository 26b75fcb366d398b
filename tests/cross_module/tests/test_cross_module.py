"""Classes that several extension modules share: `#[pyclass(cross_module)]`."""

import gc
import sys
import threading
import weakref

import cross_one
import cross_other
import cross_two
import pytest
from subinterpreters import SubInterpreter

ONE, TWO, OTHER = cross_one, cross_two, cross_other


# What the modules keep for each interpreter, before points are counted.
for _module in (ONE, TWO):
    _module.make(0, 0, "").visit()
    _module.Named("").visit()


def alive():
    """Returns the number of points of all modules: each counts those that it creates and drops."""
    gc.collect()
    return ONE.alive() + TWO.alive()


@pytest.fixture(autouse=True)
def all_points_are_dropped():
    before = alive()
    yield
    assert alive() == before


both_ways = pytest.mark.parametrize("maker, user", [(ONE, TWO), (TWO, ONE), (ONE, ONE)])


@pytest.mark.parametrize("name", ["Point", "Pixel", "Side"])
def test_there_is_one_class(name):
    assert getattr(ONE, name) is getattr(TWO, name)
    assert getattr(OTHER, name) is not getattr(ONE, name)
    assert ONE.Named is not TWO.Named


def test_the_class_belongs_to_the_module_that_created_it():
    assert ONE.Point.__module__.startswith("cross_one") and ONE.Point.DIMENSIONS == 2


@both_ways
def test_instances_are_accepted_by_value_reference_and_mutable_reference(maker, user):
    point = maker.make(1.5, 2, "tide")
    assert isinstance(point, user.Point) and type(point) is user.Point
    assert user.by_value(point) == (1.5, "tide")
    assert user.by_reference(point) == (1.5, "tide")
    for module in (user, maker, user):
        module.by_mutable_reference(point, "!" * 1000)
    assert point.x == 4.5 and point.label.endswith("!" * 1000)
    point.label = "ebb" * 5000
    assert maker.by_value(point)[1] == "ebb" * 5000
    assert repr(user.make(1, 2, "")) == "Point(1, 2)"


@both_ways
def test_borrows_are_checked(maker, user):
    point = maker.make(1, 1, "")
    with pytest.raises(RuntimeError, match="Already mutably borrowed"):
        user.borrowed_twice(point, point)
    user.borrowed_twice(point, user.make(5, 0, ""))
    assert point.x == 6


@both_ways
def test_methods_run_on_instances_of_any_module(maker, user):
    point = maker.make(1, 2, "oh no")
    point.scale(2)
    assert (point.x, point.y) == (2, 4)
    assert (point + user.make(1, 1, "")).x == 3 and point.plus(user.Point(y=1)).y == 5
    assert user.Point.origin().label == "origin"
    assert point.visit() == 1
    with pytest.raises(ValueError, match="oh no"):
        point.fail()
    with pytest.raises(BaseException, match="oh no") as caught:
        point.panic()
    assert type(caught.value).__name__ == "PanicException"
    del caught


@both_ways
def test_attributes_weak_references_and_cycles(maker, user):
    point = maker.make(1, 2, "")
    point.extra = [point, user.make(0, 0, "")]
    seen = weakref.ref(point)
    assert user.by_reference(point)[0] == 1
    del point
    gc.collect()
    assert seen() is None


@both_ways
def test_a_shared_class_extends_a_shared_class(maker, user):
    pixel = maker.pixel(7)
    assert isinstance(pixel, user.Pixel) and isinstance(pixel, user.Point)
    assert user.color(pixel) == (7, 1.0)
    user.by_mutable_reference(pixel, "")
    assert user.color(pixel) == (7, 2.0)
    assert pixel.brighter() == (8, "pixel" * 10)
    assert pixel.visit() == 1
    assert user.color(maker.Pixel(3)) == (3, 0.0)


@both_ways
def test_a_module_extends_the_class_of_another(maker, user):
    named = maker.Named("Ada")
    assert isinstance(named, user.Point) and not isinstance(named, TWO.Named if maker is ONE else ONE.Named)
    assert named.full_name() == "Ada named" and named.plus(named).x == 6
    assert user.by_value(named) == (3.0, "named")
    user.by_mutable_reference(named, "?")
    assert named.full_name() == "Ada " + "named" * 10 + "?"
    assert named.visit() == 1

    class Deeper(maker.Named):
        pass

    deeper = Deeper("Eve")
    deeper.cycle = deeper
    assert user.by_reference(deeper)[1] == "named" and deeper.visit() == 1
    with pytest.raises(ValueError, match="named"):
        deeper.fail()


@both_ways
def test_enums(maker, user):
    assert maker.Side.Left == user.Side.Left and maker.Side.Left is user.Side.Left
    assert user.other_side(maker.Side.Left) is maker.Side.Right
    assert maker.other_side(user.other_side(maker.Side.Left)) == user.Side.Left


@both_ways
def test_long_chains_of_instances_of_all_modules(maker, user):
    chain = None
    for number in range(50_000):
        point = (maker, user)[number % 2].make(number, 0, "")
        point.next = chain
        chain = point
    del point, chain


def test_another_build_has_a_class_of_its_own():
    point = OTHER.make(1, 2, "")
    assert OTHER.by_reference(point)[0] == 1 and not isinstance(point, ONE.Point)
    for function in (ONE.by_value, TWO.by_reference):
        with pytest.raises(TypeError) as caught:
            function(point)
        text = str(caught.value)
        assert "'Point' object is not an instance of 'Point' of this module" in text
        assert "built from the same packages, with the same features, compiler and profile" in text
        found, expected = text.rsplit("the object is of ", 1)[1].split(", this module has ")
        assert found != expected
        for build in (found, expected):
            assert build.startswith("pyatoll-tests-classes ") and "rustc " in build
    with pytest.raises(TypeError, match="'Pixel' object is not an instance of 'Point' of this"):
        ONE.by_reference(OTHER.pixel(1))
    with pytest.raises(TypeError) as caught:
        ONE.by_reference(1)
    assert str(caught.value) == "'int' object is not an instance of 'Point'"
    assert OTHER.alive() > 0
    del point, caught


def test_threads_use_instances_of_all_modules():
    points = [module.make(0, 0, "") for module in (ONE, TWO)]
    lock = threading.Lock()

    def work(module):
        for number in range(500):
            made = module.make(number, 0, "made")
            assert ONE.by_value(made) == TWO.by_value(made)
            with lock:
                for point in points:
                    module.by_mutable_reference(point, "")
                    point.label = ""

    threads = [threading.Thread(target=work, args=(module,)) for module in (ONE, TWO) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [point.x for point in points] == [2000, 2000]


IN_INTERPRETER = """
import sys
sys.path[:] = {path!r}
import {first} as first
import {second} as second
import cross_other as other

assert first.Point is second.Point and first.Pixel is second.Pixel and other.Point is not first.Point
assert first.Point.__module__.startswith("{first}")
points = []
for module, user in ((first, second), (second, first)):
    point = module.make(1, 2, "tide")
    user.by_mutable_reference(point, "!")
    assert module.by_value(point) == (2, "tide" * 10 + "!")
    assert user.color(module.pixel(3)) == (3, 1)
    assert point.visit() == 1 and module.Named("a").visit() == 1
    assert user.other_side(module.Side.Left) is user.Side.Right
    point.cycle = [point, module.Named("b")]
    points.append(point)
try:
    first.by_reference(other.make(1, 2, ""))
except TypeError as error:
    assert "pyatoll-tests-classes" in str(error)
# At the end, modules are cleared in some order, with instances in them.
first.kept, second.kept = second.make(1, 1, ""), first.Named("c")
"""


@pytest.mark.parametrize("own_gil", [True, False])
def test_each_interpreter_has_classes_and_ends_in_any_order(own_gil):
    orders = [("cross_one", "cross_two"), ("cross_two", "cross_one")]
    interpreters = [SubInterpreter(own_gil) for _ in range(4)]
    for number, interpreter in enumerate(interpreters):
        first, second = orders[number % 2]
        interpreter.run(IN_INTERPRETER.format(path=sys.path, first=first, second=second))
    for index in (1, 2, 0, 3):
        interpreters[index].close()
    assert ONE.by_value(TWO.make(1, 2, "here"))[1] == "here"


AT_ONCE = """
import sys, threading
sys.path[:] = {path!r}
begin = threading.Barrier(2)
points = {{}}

def work(name):
    begin.wait()
    module = __import__(name)
    points[name] = module.make(1, 2, name)

threads = [threading.Thread(target=work, args=(name,)) for name in ("cross_one", "cross_two")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
import cross_one, cross_two
assert cross_one.Point is cross_two.Point and cross_one.Pixel is cross_two.Pixel
for point in points.values():
    assert cross_one.by_value(point) == cross_two.by_value(point)
"""


@pytest.mark.parametrize("own_gil", [True, False])
def test_modules_that_are_imported_at_once_have_one_class(own_gil):
    for _ in range(10):
        with SubInterpreter(own_gil) as interpreter:
            interpreter.run(AT_ONCE.format(path=sys.path))
