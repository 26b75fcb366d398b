"""No entry point leaks references or memory.

Debug builds of Python count all references (`sys.gettotalrefcount`), others the blocks of their
object allocator (`sys.getallocatedblocks`). Neither is quite constant: Python has caches, the test
has a few objects of its own, and free-threaded builds free some memory late. So the tolerance is 100
over 1,000 calls, while a leak of one reference or block per call adds 1,000.

A wheel for the stable ABI is built for no debug build: what it counts inline, as C extensions do,
is missing from the total. There, too, blocks are counted.
"""

import copy
import gc
import pickle
import sys
import weakref

import pytest

import pyatoll_tests as t

CALLS = 1000
TOLERANCE = 100
ROUNDS = 4

MARKER = object()
BIG = 1 << 60
# The module may be a package that contains the library.
STABLE_ABI = ".abi3" in sys.modules[t.no_arguments.__module__].__file__


def raises(error, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except error:
        return
    raise AssertionError(f"{function} did not raise")


def set_and_delete():
    properties = t.Properties()
    properties.plain = BIG
    properties.value = BIG
    del properties.value
    raises(AttributeError, lambda: properties.value)


def sequence():
    items = t.Sequence([BIG, 2, 3])
    items[0] = BIG + 1
    del items[1]
    raises(IndexError, lambda: items[5])
    return list(items + items), BIG in items, len(items)


def mapping():
    items = t.Mapping({"a": MARKER})
    raises(KeyError, lambda: items["b"])
    return list(items), items["a"], len(items)


def numbers():
    number = t.Number(BIG)
    number += 1
    raises(TypeError, lambda: number + "a")
    raises(ZeroDivisionError, lambda: number / 0)
    return number + 1, 1 + number, number * 1, -number, number / 2, int(number), bool(number)


def guard():
    with t.Guard():
        raise ValueError("kept back")


class Holder:
    """For descriptors."""


def descriptor():
    Holder.attribute = t.Descriptor()
    holder = Holder()
    holder.attribute = MARKER
    return holder.attribute, Holder.attribute


def cycle():
    node = t.Node()
    node.next = [node, MARKER]


def weak():
    thing = t.Open()
    thing.marker = MARKER
    return weakref.ref(thing)()


class Child(t.Dog):
    """Created once: on free-threaded 3.14, every new class leaks a block, whatever its base."""


def run_subclass():
    child = Child("a", "b")
    child.marker = MARKER
    return child.speak()


async def steps():
    return [step async for step in t.AsyncSteps(2)]


def pattern():
    match t.Shape.Rectangle(1, 2):
        case t.Shape.Rectangle(width, height):
            return width, height


def kept():
    t.keep([MARKER])
    t.try_get_kept()
    t.kept_owner()
    return t.take_kept()


def dropped_in_thread():
    t.keep([MARKER])
    t.drop_in_thread()


ENTRY_POINTS = {
    "no arguments": t.no_arguments,
    "one argument": lambda: t.one_argument(BIG),
    "positional": lambda: t.positional(1, "a" * 50),
    "by keyword": lambda: t.positional(second="a" * 50, first=1),
    "defaults": lambda: t.defaults(BIG, third="c" * 50),
    "positional only": lambda: t.positional_only(1, second=2),
    "keyword only": lambda: t.keyword_only(first=BIG // 100),
    "all kinds": lambda: t.all_kinds(1, 2, MARKER, [3], third=4, other=MARKER),
    "unpacked": lambda: t.all_kinds(*(1, 2, MARKER), **{"third": 4, "other": [MARKER]}),
    "with module": t.with_module,
    "same": lambda: t.same(MARKER),
    "round trip": lambda: t.round_trip("ä" * 50, [1.5], {"a": (1, True)}, b"abc" * 20),
    "argument missing": lambda: raises(TypeError, t.positional, 1),
    "argument too many": lambda: raises(TypeError, t.positional, 1, "a", MARKER),
    "argument twice": lambda: raises(TypeError, t.positional, 1, first=MARKER),
    "argument unknown": lambda: raises(TypeError, t.positional, 1, other=MARKER),
    "argument of wrong type": lambda: raises(TypeError, t.positional, 1, [MARKER]),
    "argument out of range": lambda: raises(OverflowError, t.one_argument, 1 << 70),
    "error": lambda: raises(t.LeafError, t.raise_error, "leaf"),
    "error from std": lambda: raises(FileNotFoundError, t.raise_error, "io"),
    "error swallowed": t.swallow_error,
    "panic": lambda: raises(BaseException, t.panics, "expected"),
    "callback": lambda: t.call_back(lambda argument: [argument], MARKER),
    "callback that raises": lambda: raises(KeyError, t.call_back, {}.__getitem__, "key"),
    "closure": lambda: t.make_adder(5)(BIG),
    "closure with object": lambda: t.make_counter([MARKER])(),
    "function of inner module": lambda: t.inner.double(BIG // 2),
    "pickled function": lambda: pickle.loads(pickle.dumps(t.no_arguments)),
    "construct": lambda: t.Point(1.5, y=2.5),
    "construct wrongly": lambda: raises(TypeError, t.Point, "a"),
    "method": lambda: t.Point(1, 2).moved(t.Point(3, 4)),
    "method that mutates": lambda: t.Point(1, 2).move_by(1.5, 2.5),
    "static method": lambda: t.Point.polar(1.5, 2.5),
    "class method": t.Point.class_name,
    "class attribute": lambda: t.Point.DIMENSIONS,
    "repr and str": lambda: (repr(t.Point()), str(t.Point())),
    "equality": lambda: (t.Point() == t.Point(1), t.Point() != MARKER),
    "frozen": lambda: ({t.Frozen(1, "a")}, t.Frozen(1, "a") < t.Frozen(2, "b")),
    "frozen, copied": lambda: copy.copy(t.Frozen(BIG, "a" * 50)),
    "properties": set_and_delete,
    "inheritance": lambda: (t.Dog("a", "b").speak(), t.Dog("a").name),
    "python subclass": run_subclass,
    "extended dict": lambda: t.DictOfOurs(a=MARKER).update(key=MARKER),
    "dict and weak reference": weak,
    "unsendable": lambda: t.Unsendable(BIG >> 32).value(),
    "cycle": cycle,
    "simple enum": lambda: (t.Color.Red.next(), int(t.Color.Blue), t.Color.Red == 1, repr(t.Color.Red)),
    "complex enum": lambda: (t.Shape.Circle(2).area(), t.Shape.Dot(y=3).x),
    "complex enum matched": pattern,
    "number": numbers,
    "power": lambda: (t.Number(3) ** 2, pow(t.Number(3), 2, 5)),
    "rich comparison": lambda: (t.Ordered(1) < t.Ordered(2), t.Ordered(1) == MARKER),
    "sequence": sequence,
    "mapping": mapping,
    "iterator": lambda: list(t.Steps(3)),
    "async iterator": lambda: drive(steps()),
    "callable": lambda: t.Callable()(MARKER, [MARKER], key=MARKER),
    "context manager": guard,
    "descriptor": descriptor,
    "buffer": lambda: bytes(memoryview(t.Buffer(b"abc" * 20))),
    "handle kept": kept,
    "handle dropped in a thread": dropped_in_thread,
}


def drive(coroutine):
    """Runs a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def count():
    gc.collect()
    if hasattr(sys, "gettotalrefcount") and not STABLE_ABI:
        return sys.gettotalrefcount()
    return sys.getallocatedblocks()


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_1000_calls_leak_nothing(name):
    function = ENTRY_POINTS[name]
    for _ in range(100):
        function()
    grown = []
    gc.collect()
    marker = sys.getrefcount(MARKER)
    # A leak shows in every round, a cache that fills or empties does not.
    for _ in range(ROUNDS):
        before = count()
        for _ in range(CALLS):
            function()
        grown.append(count() - before)
        # Shrinking by one per call is an error, too: a reference was released that was not owned.
        # (Shrinking a little is not: new classes evict entries from Python's method cache.)
        if -CALLS / 2 < grown[-1] < TOLERANCE:
            break
    assert -CALLS / 2 < grown[-1] < TOLERANCE, f"grew by {grown} over {CALLS} calls each"
    assert sys.getrefcount(MARKER) == marker
