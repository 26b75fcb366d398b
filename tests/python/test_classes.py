"""Classes of all kinds and special methods."""

import asyncio
import ctypes
import operator
import pickle
import threading
import weakref

import pytest

import pyatoll_tests as t


def test_fields_methods_and_attributes():
    point = t.Point(1, y=2.5)
    assert (point.x, point.y) == (1.0, 2.5)
    point.x = 3
    point.move_by(1, 1)
    assert repr(point) == "Point(4, 3.5)"
    assert str(point) == "(4, 3.5)"
    assert point == t.Point(4, 3.5) != t.Point()
    assert t.Point.DIMENSIONS == 2
    assert t.Point.class_name() == "Point"
    assert t.Point.polar(2, 0) == t.Point(2, 0)
    assert point.moved(point) == t.Point(8, 7)
    with pytest.raises(TypeError):
        hash(point)
    with pytest.raises(TypeError):
        point.x = "a"
    with pytest.raises(TypeError):
        t.Point.move_by(1, 2, 3)


def test_a_value_that_is_borrowed_cannot_be_borrowed_mutably():
    class Evil:
        def __index__(self):
            return 0

        def __float__(self):
            raise KeyError("evil")

    with pytest.raises(KeyError):
        t.Point().move_by(1, Evil())
    # The failed call released its borrow.
    t.Point().move_by(1, 1)


def test_frozen_classes_compare_and_hash():
    one, other = t.Frozen(1, "a"), t.Frozen(1, "b")
    assert one == t.Frozen(1, "a") and hash(one) == hash(t.Frozen(1, "a"))
    assert one < other and one != other and max(one, other) is other
    assert one != 1
    assert len({one, other, t.Frozen(1, "a")}) == 2
    with pytest.raises(AttributeError):
        one.number = 2


def test_properties_are_read_set_and_deleted():
    properties = t.Properties()
    with pytest.raises(AttributeError, match="value"):
        properties.value
    properties.value = 3
    assert properties.value == 3
    properties.plain = 1
    assert properties.both() == (1, 3)
    del properties.value
    with pytest.raises(AttributeError):
        properties.value
    with pytest.raises((AttributeError, TypeError)):
        del properties.plain


def test_accessors_may_be_in_several_places_or_incomplete():
    accessors = t.Accessors()
    accessors.clamped = 12
    assert accessors.clamped == 10
    accessors.field = 5
    accessors.secret = "abc"
    assert accessors.sum() == 18
    for name in ("field", "secret"):
        with pytest.raises(AttributeError):
            getattr(accessors, name)
    del accessors.secret
    assert accessors.sum() == 15
    del accessors.all
    assert accessors.sum() == 0


def test_a_number_may_be_a_sequence_too():
    assert (t.Sum(1) + 2).value == 3
    assert (t.Sum(1) + t.Sum(2)).value == 102


def test_rust_classes_extend_rust_classes():
    dog = t.Dog("Rex", "sits", "rolls")
    assert dog.speak() == "Rex barks; sits, rolls"
    assert dog.name == "Rex"
    assert t.Animal.speak(dog) == "Rex is silent"
    assert t.Dog.__mro__ == (t.Dog, t.Animal, object)


def test_python_classes_extend_rust_classes():
    class Puppy(t.Dog):
        def __new__(cls, name):
            return super().__new__(cls, name, "plays")

        def speak(self):
            return super().speak() + "!"

    puppy = Puppy("Bo")
    puppy.age = 1
    assert puppy.speak() == "Bo barks; plays!"
    assert isinstance(puppy, t.Animal)
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Sub", (t.Point,), {})


def test_rust_classes_extend_builtin_classes():
    ours = t.DictOfOurs(a=1)
    ours.update(b=2)
    assert ours == {"a": 1, "b": 2} and ours.tag == 5 and isinstance(ours, dict)
    assert sorted(ours) == ["a", "b"]


def test_a_class_may_have_a_dict_and_weak_references():
    thing = t.Open()
    thing.anything = 1
    assert thing.__dict__ == {"anything": 1}
    reference = weakref.ref(thing)
    assert reference() is thing
    del thing
    assert reference() is None
    with pytest.raises(AttributeError):
        t.Point().anything = 1
    with pytest.raises(TypeError):
        weakref.ref(t.Point())


def test_an_unsendable_object_is_refused_in_other_threads():
    thing = t.Unsendable(3)
    assert thing.value() == 3
    found = []

    def use():
        try:
            thing.value()
        except BaseException as error:
            found.append(type(error).__name__)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert found and found[0] in ("PanicException", "RuntimeError")
    assert thing.value() == 3


def test_simple_enums():
    assert t.Color.Red == 1 and int(t.Color.Blue) == 10
    assert t.Color.Red.next() == t.Color.Green != t.Color.Blue
    assert repr(t.Color.Red) == "Color.Red"
    assert hash(t.Color.Red) == hash(t.Color.Blue.next())
    assert t.Planet.Mercury < t.Planet.Earth
    with pytest.raises(TypeError):
        t.Planet.Mercury < 1


def test_complex_enums_can_be_matched():
    def describe(shape):
        match shape:
            case t.Shape.Circle(radius=radius):
                return f"circle {radius}"
            case t.Shape.Rectangle(width, height):
                return f"{width} by {height}"
            case t.Shape.Dot():
                return "dot"

    assert describe(t.Shape.Circle(2)) == "circle 2.0"
    assert describe(t.Shape.Rectangle(2, 3)) == "2.0 by 3.0"
    assert describe(t.Shape.Dot()) == "dot"
    assert t.Shape.Rectangle(2, 3).area() == 6
    assert isinstance(t.Shape.Dot(1), t.Shape)


def test_numbers():
    number = t.Number(7)
    assert int(number + 1) == int(1 + number) == 8
    assert int(number - t.Number(2)) == 5
    assert int(number * 2) == 14
    assert number / 2 == 3.5
    assert number**2 == 49 and pow(number, 2, 10) == 9
    assert int(-number) == -7
    assert [0] * number == [0] * 7 and operator.index(number) == 7
    assert bool(number) and not t.Number(0)
    same = number
    same += 3
    assert same is number and int(number) == 10
    with pytest.raises(ZeroDivisionError):
        number / 0
    for wrong in (lambda: number + "a", lambda: number * 1.5, lambda: "a" - number):
        with pytest.raises(TypeError, match="unsupported operand|can't multiply"):
            wrong()


def test_rich_comparison():
    one, two = t.Ordered(1), t.Ordered(2)
    assert one < two and one <= one and two > one and one != two and one == t.Ordered(1)
    assert sorted([two, one]) == [one, two]
    assert hash(one) == 1
    assert one != "a" and not one == "a"
    with pytest.raises(TypeError):
        one < "a"


def test_sequences():
    sequence = t.Sequence([1, 2, 3])
    assert len(sequence) == 3 and sequence[0] == 1 and sequence[2] == 3
    assert list(sequence) == [1, 2, 3] and 2 in sequence and 9 not in sequence
    sequence[0] = 5
    del sequence[1]
    assert list(sequence + sequence) == [5, 3, 5, 3]
    with pytest.raises(IndexError):
        sequence[2]


def test_mappings():
    mapping = t.Mapping({"a": 1})
    assert len(mapping) == 1 and mapping["a"] == 1 and list(mapping) == ["a"]
    with pytest.raises(KeyError):
        mapping["b"]


def test_iteration():
    assert list(t.Steps(3)) == [0, 1, 2]
    steps = t.Steps(1)
    assert next(steps) == 0 and next(steps, None) is None


def test_async_iteration():
    async def run():
        return [step async for step in t.AsyncSteps(3)]

    assert asyncio.run(run()) == [0, 1, 2]


def test_calls_context_managers_and_descriptors():
    assert t.Callable()(1, 2, a=3) == (2, 1)
    guard = t.Guard()
    with guard as entered:
        assert entered is guard and guard.depth == 1
        raise ValueError
    assert guard.depth == 0
    with pytest.raises(KeyError):
        with guard:
            raise KeyError

    class Holder:
        attribute = t.Descriptor()

    holder = Holder()
    assert holder.attribute == (1, None)
    holder.attribute = "set"
    assert holder.attribute == (2, "set")
    assert Holder.attribute == (3, "set")


def test_buffers():
    buffer = t.Buffer(b"abc")
    view = memoryview(buffer)
    assert bytes(view) == b"abc" and view.readonly
    del buffer
    assert view[1] == ord("b")
    with pytest.raises((BufferError, TypeError)):
        (ctypes.c_char * 3).from_buffer(t.Buffer(b"abc"))


def test_objects_can_be_pickled_by_their_new_arguments():
    frozen = t.Frozen(1, "a")
    assert pickle.loads(pickle.dumps(frozen)) == frozen
