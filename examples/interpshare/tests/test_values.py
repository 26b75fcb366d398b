"""What can be shared, and how it compares."""

import enum
import gc
import math
import pickle
import struct

import pytest

import interpshare
from other_interpreters import KINDS, Other

NAN = float("nan")

VALUES = [
    None,
    True,
    False,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**63,
    -(2**63) - 1,
    3**500,
    -(7**300),
    0.0,
    -0.0,
    1.5,
    1e300,
    float("inf"),
    "",
    "text",
    "é€😀",
    "\ud800 alone",
    "nul \0",
    b"",
    b"bytes\0\xff",
    (),
    (1, (2.0, ("x", b"y", None)), True),
    "long " * 10_000,
]


def is_same(a, b):
    if isinstance(a, tuple):
        return type(b) is tuple and len(a) == len(b) and all(map(is_same, a, b))
    if isinstance(a, float):
        return type(b) is float and struct.pack("d", a) == struct.pack("d", b)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_a_value_comes_out_as_it_went_in(value):
    queue, array_of_one = interpshare.Queue(), interpshare.Map()
    queue.put(value)
    assert is_same(queue.get(), value)
    array_of_one["key"] = value
    assert is_same(array_of_one["key"], value)
    array_of_one[value] = 1
    assert any(is_same(key, value) for key in array_of_one.keys()) and array_of_one[value] == 1


def test_values_of_every_size_go_through_a_queue():
    """They are kept in the queue, in a block, or in parts."""
    queue = interpshare.Queue()
    values = []
    for size in [*range(30), *range(240, 270), 70_000]:
        values += ["x" * size, b"y" * size, ("é" * size, 1), (None,) * size, ((1.5, size),) * size]
    for value in values:
        queue.put(value)
    for value in values:
        assert is_same(queue.get(), value)


@KINDS
def test_a_value_is_the_same_in_another_interpreter(own_gil):
    queue = interpshare.Queue()
    values = [value for value in VALUES if len(repr(value)) < 1000]
    with Other(own_gil) as other:
        for value in values:
            queue.put(value)
        found = other.run(
            "result = [ascii(queue.get()) for _ in range(queue.qsize())]", queue=queue
        )
        assert found == [ascii(value) for value in values]


def test_nan_is_a_key_that_is_found():
    entries = interpshare.Map({NAN: 1, (NAN, 1): 2})
    assert entries[math.nan] == 1 and entries[-math.nan] == 1 and entries[(math.nan, 1.0)] == 2
    assert len(entries) == 2 and math.isnan([key for key in entries if type(key) is float][0])


NUMBERS = [0, 1, True, False, 1.0, 0.0, -0.0, 2**53, 2.0**53, 2**53 + 1, 2**63, 2.0**63, -(2**63)]
NUMBERS += [-(2.0**63), 2**64, 2.0**64, 10**300, 1e300, int(1e300), 0.5, float("inf"), -1, -1.0]


def test_numbers_are_equal_as_in_a_dict():
    for a in NUMBERS:
        for b in NUMBERS:
            assert (b in interpshare.Map({a: 1})) == (b in {a: 1}), (a, b)
            nested = interpshare.Map({("x", a): 1})
            assert (("x", b) in nested) == (a == b), (a, b)
    for number in NUMBERS:
        assert str(number) not in interpshare.Map({number: 1})
    assert b"a" not in interpshare.Map({"a": 1})


class Color(enum.IntEnum):
    RED = 1


class Text(str):
    pass


class Pair(tuple):
    pass


@pytest.mark.parametrize(
    "value, text",
    [
        ([], "'list'.*pickle"),
        ({}, "'dict'"),
        (bytearray(), "'bytearray'"),
        (object(), "'object'"),
        (1j, "'complex'"),
        (Color.RED, r"'Color'.*plain int: convert it to one \(`int\(…\)`\)"),
        (Text("x"), "'Text'.*plain str"),
        (Pair((1,)), "'Pair'.*plain tuple"),
        ((1, (2, [])), "'list'"),
        (interpshare.Map, "'type'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_types_are_refused(value, text):
    entries, queue = interpshare.Map(), interpshare.Queue()
    for refuse in [
        lambda: entries.__setitem__(1, value),
        lambda: entries.__setitem__(value, 1),
        lambda: entries.get(value),
        lambda: queue.put(value),
        lambda: queue.put_nowait(value),
    ]:
        with pytest.raises(TypeError, match=text):
            refuse()
    assert len(entries) == len(queue) == 0


def test_tuples_are_nested_to_a_limit():
    value = ()
    for _ in range(99):
        value = (value,)
    queue = interpshare.Queue()
    queue.put(value)
    assert queue.get() == value
    with pytest.raises(RecursionError, match="100 deep"):
        queue.put((value,))


def test_the_collector_finds_no_unfinished_tuples():
    def look(phase, info):
        for item in gc.get_objects():
            if type(item) is tuple and len(gc.get_referents(item)) != len(item):
                found.append(len(item))

    found = []
    # Too long for the free lists, so that creating one may run the collector.
    value = (tuple(range(30)), tuple(range(31)), (), tuple(range(32)))
    items, threshold = interpshare.Queue(), gc.get_threshold()
    gc.callbacks.append(look)
    try:
        gc.set_threshold(1)
        for _ in range(5):
            items.put(value)
            assert items.get() == value
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(look)
    assert not found


def test_instances_are_shared_inside_each_other():
    outer, inner, counter = interpshare.Map(), interpshare.Queue(), interpshare.Counter()
    outer["queue"] = inner
    outer[counter] = (counter, ("nested", inner))
    outer["queue"].put(5)
    assert inner.get() == 5
    assert outer["queue"] == inner and outer["queue"] is not inner
    found = outer[counter]
    found[0].add(3)
    assert counter.value == 3 and found[1][1] == inner
    assert outer[pickle.loads(pickle.dumps(counter))][0] == counter
    assert interpshare.Counter() not in outer


def test_a_chain_of_instances_is_freed_without_recursion():
    # The last one would need a stack as deep as the chain.
    for make, length in [(lambda chain: interpshare.Map({1: chain}), 20_000), (of_queue, 50_000)]:
        chain = interpshare.Queue()
        for _ in range(length):
            chain = make(chain)
        del chain


def of_queue(item):
    queue = interpshare.Queue()
    queue.put((item,))
    return queue


CLASSES = [
    interpshare.Array("b", 1),
    interpshare.Counter(),
    interpshare.Event(),
    interpshare.Lock(),
    interpshare.Map(),
    interpshare.Once(),
    interpshare.Queue(),
    interpshare.RWLock(),
    interpshare.RWLock().read(),
    interpshare.RWLock().write(),
]


@pytest.mark.parametrize("value", CLASSES, ids=lambda value: type(value).__name__)
@KINDS
def test_every_class_goes_to_another_interpreter(value, own_gil):
    with Other(own_gil) as other:
        code = "result = [type(value).__module__, type(value).__qualname__, repr(value)]"
        module, name, text = other.run(code, value=value)
        assert (module, name) == (type(value).__module__, type(value).__name__)
        assert "ReadLock" in name or "WriteLock" in name or text == repr(value)
        queue = interpshare.Queue()
        other.run("queue.put(value); del value", queue=queue, value=value)
    received = queue.get()
    assert received == value and type(received) is type(value)
    assert hash(received) == hash(value)


def test_generic_classes_take_an_argument():
    for generic in interpshare.Queue, interpshare.Map, interpshare.Once:
        assert generic[int].__origin__ is generic


@pytest.mark.parametrize("value", CLASSES, ids=lambda value: type(value).__name__)
def test_classes_have_no_subclasses(value):
    with pytest.raises(TypeError):
        type("Derived", (type(value),), {})
