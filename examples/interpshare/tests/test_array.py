"""Arrays."""

import array
import platform
import struct

import pytest

import interpshare
from other_interpreters import KINDS, Other

INTEGERS = "bBhHiIlLqQ"


@pytest.mark.parametrize("typecode", INTEGERS)
def test_integers_of_every_size(typecode):
    size = struct.calcsize(typecode)
    is_signed = typecode.islower()
    low = -(2 ** (8 * size - 1)) if is_signed else 0
    high = 2 ** (8 * size - is_signed) - 1
    numbers = interpshare.Array(typecode, [low, high, 1, 0])
    assert numbers.typecode == typecode and numbers.itemsize == size and len(numbers) == 4
    assert numbers.tolist() == list(numbers) == [low, high, 1, 0]
    assert bytes(memoryview(numbers)) == array.array(typecode, [low, high, 1, 0]).tobytes()
    for wrong in low - 1, high + 1:
        with pytest.raises(OverflowError):
            numbers[0] = wrong
        with pytest.raises(OverflowError):
            interpshare.Array(typecode, [wrong])
    with pytest.raises(TypeError):
        numbers[0] = 1.5
    assert numbers.fetch_add(2) == 1 and numbers.fetch_add(2, 3) == 2 and numbers[2] == 5
    with pytest.raises(OverflowError, match=f"'{typecode}'"):
        numbers.fetch_add(1)
    assert numbers[1] == high
    assert numbers.compare_and_set(3, 0, 7) and not numbers.compare_and_set(3, 0, 8)
    assert numbers[-1] == 7


@pytest.mark.parametrize("typecode", "fd")
def test_floats(typecode):
    numbers = interpshare.Array(typecode, [1.5, -2, float("inf")])
    assert list(numbers) == [1.5, -2.0, float("inf")]
    assert numbers.fetch_add(0, 0.25) == 1.5 and numbers[0] == 1.75
    assert numbers.compare_and_set(0, 1.75, 2) and numbers[0] == 2.0
    with pytest.raises(TypeError):
        numbers[0] = "x"
    if typecode == "f":
        with pytest.raises(OverflowError):
            numbers[0] = 1e300
    assert memoryview(numbers).format == typecode


def test_flags():
    flags = interpshare.Array("?", [True, 0, "x"])
    assert flags.tolist() == [True, False, True] and flags.typecode == "?"
    assert flags.compare_and_set(0, True, False) and flags[0] is False


def test_indices_and_slices():
    numbers = interpshare.Array("i", range(10))
    assert numbers[0] == 0 and numbers[-1] == 9 and numbers[2:8:2] == [2, 4, 6]
    assert numbers[::-1] == list(range(9, -1, -1)) and numbers[20:] == []
    numbers[:3] = [7, 8, 9]
    numbers[-2:] = (1, 2)
    assert numbers.tolist() == [7, 8, 9, 3, 4, 5, 6, 7, 1, 2]
    with pytest.raises(ValueError, match="2 values to 3 elements"):
        numbers[:3] = [1, 2]
    for index in 10, -11, 2**70:
        with pytest.raises(IndexError):
            numbers[index]
        with pytest.raises(IndexError):
            numbers[index] = 1
    with pytest.raises(IndexError):
        numbers.fetch_add(10)
    with pytest.raises(TypeError):
        numbers["x"]
    assert 7 in numbers and 100 not in numbers
    assert repr(numbers) == "<interpshare.Array of 10 elements, 'i'>"


def test_what_it_is_made_of():
    assert interpshare.Array("q", 3).tolist() == [0, 0, 0]
    assert interpshare.Array("d", 0).tolist() == interpshare.Array("b", []).tolist() == []
    for wrong in ("x", 1), ("", 1), ("qq", 1), ("b", -1):
        with pytest.raises(ValueError):
            interpshare.Array(*wrong)
    with pytest.raises(TypeError):
        interpshare.Array("b", 1.5)
    with pytest.raises((MemoryError, OverflowError)):
        interpshare.Array("q", 2**62)


def test_a_view_is_the_memory():
    numbers = interpshare.Array("h", [1, 2, 3])
    view = memoryview(numbers)
    assert (view.format, view.shape, view.strides, view.itemsize) == ("h", (3,), (2,), 2)
    assert not view.readonly and view.tolist() == [1, 2, 3]
    view[1] = -5
    numbers[2] = 9
    assert numbers.tolist() == view.tolist() == [1, -5, 9]
    assert view.cast("B").nbytes == 6
    del numbers
    assert view[1] == -5


@KINDS
def test_interpreters_share_the_memory(own_gil):
    numbers = interpshare.Array("q", 4)
    with Other(own_gil) as other:
        code = """
            for _ in range(500):
                numbers.fetch_add(0)
            memoryview(numbers)[1] = 5
            result = numbers[2]
        """
        numbers[2] = 8
        finish = other.start(code, numbers=numbers)
        for _ in range(500):
            numbers.fetch_add(0)
        assert finish() == 8
        made = interpshare.Queue()
        other.run("import interpshare; made.put(interpshare.Array('d', [0.5]))", made=made)
    assert numbers.tolist() == [1000, 5, 8, 0]
    # Its interpreter has ended.
    assert memoryview(made.get()).tolist() == [0.5]


@pytest.mark.skipif(platform.machine() in ("i686", "s390x"), reason="numpy has no wheels for it")
@KINDS
def test_numpy_uses_the_memory_of_every_interpreter(own_gil):
    import numpy

    numbers = interpshare.Array("d", [1, 2, 3])
    found = numpy.frombuffer(numbers, dtype=float)
    with Other(own_gil) as other:
        other.run("numbers[0] = 5", numbers=numbers)
        assert found.tolist() == [5.0, 2.0, 3.0]
        found *= 2
        code = "result = numbers.tolist(), memoryview(numbers).tolist()"
        assert other.run(code, numbers=numbers) == [[10.0, 4.0, 6.0]] * 2
    # The memory stays for as long as numpy uses it.
    del numbers
    found += 1
    assert found.tolist() == [11.0, 5.0, 7.0]
