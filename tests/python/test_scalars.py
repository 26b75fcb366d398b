"""Functions of many numbers: values, the order of conversions, and the first error."""

import sys

import pytest

import pyatoll_tests as t

COMMON = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0.5, 1.5, True)
NAMES = "abcdefghijklm"
EXTREMES = (
    -(2**7), -(2**15), -(2**31), -(2**63), -sys.maxsize - 1, 2**8 - 1, 2**16 - 1, 2**32 - 1,
    2**64 - 1, 2 * sys.maxsize + 1, 0.25, 1e300, False,
)  # fmt: skip


class Logged:
    """A number that notes when it is converted."""

    def __init__(self, value, log):
        self.value, self.log = value, log

    def __index__(self):
        self.log.append(self.value)
        return self.value

    def __float__(self):
        self.log.append(self.value)
        return float(self.value)


def shown(values):
    return " ".join(str(value).lower() for value in values)


def test_common_values_are_passed():
    assert t.every_scalar(*COMMON) == shown(COMMON)
    assert t.every_scalar(**dict(zip(NAMES, COMMON))) == shown(COMMON)


@pytest.mark.parametrize("index", range(len(COMMON)))
def test_one_rare_value_changes_no_other(index):
    values = list(COMMON)
    values[index] = EXTREMES[index]
    text = t.every_scalar(*values).split()
    expected = shown(values).split()
    if index == NAMES.index("l"):
        assert float(text[index]) == 1e300
        del text[index], expected[index]
    assert text == expected


def test_objects_are_converted_once_and_in_order():
    log = []
    values = [Logged(number, log) for number in range(1, 13)]
    assert t.every_scalar(*values, True) == "1 2 3 4 5 6 7 8 9 10 11 12 true"
    assert log == list(range(1, 13))


@pytest.mark.parametrize("index", range(len(COMMON)))
def test_an_error_names_its_parameter_and_later_ones_are_not_converted(index):
    log = []
    values = list(COMMON)
    values[index] = "no number"
    values[index + 1 :] = [Logged(1, log) for _ in values[index + 1 :]]
    with pytest.raises(TypeError) as caught:
        t.every_scalar(*values)
    assert caught.value.__notes__ == [f"while processing '{NAMES[index]}'"]
    assert log == []


@pytest.mark.parametrize("index", range(10))
def test_a_number_out_of_range_is_an_overflow(index):
    for value in (2**64, -(2**63) - 1):
        values = list(COMMON)
        values[index] = value
        with pytest.raises(OverflowError) as caught:
            t.every_scalar(*values)
        assert caught.value.__notes__ == [f"while processing '{NAMES[index]}'"]


def test_the_first_of_several_errors_is_raised():
    good = ["x", 1, 2, 3.5, False, 4, 5, 6, "y"]
    assert t.scalars_between_texts(*good) == "x 1 2 3.5 false 4 5 6 y"
    names = ["first", "a", "b", "c", "d", "e", "f", "g", "last"]
    for index, name in enumerate(names):
        values = good[:index] + [object() for _ in good[index:]]
        with pytest.raises(TypeError) as caught:
            t.scalars_between_texts(*values)
        assert caught.value.__notes__ == [f"while processing '{name}'"]


def test_keywords_and_defaults_are_matched():
    assert t.scalars_by_keyword(1, 2, c=3, e=5, d=4) == "1 2 3 4 5 6 7"
    assert t.scalars_by_keyword(1, 2, 3, d=4, e=5.5, g=9) == "1 2 3 4 5.5 6 9"
    with pytest.raises(OverflowError) as caught:
        t.scalars_by_keyword(1, 2, 3, d=256, e=5)
    assert caught.value.__notes__ == ["while processing 'd'"]
    with pytest.raises(TypeError, match="missing 2 required keyword arguments: 'd' and 'e'"):
        t.scalars_by_keyword(1, 2, 3)
    with pytest.raises(TypeError, match="missing 1 required keyword argument: 'e'"):
        t.scalars_by_keyword(1, 2, 3, d=4)
    message = r"scalars_by_keyword\(\) got an unexpected keyword argument 'scalars_by_keyword'"
    with pytest.raises(TypeError, match=message):
        t.scalars_by_keyword(1, 2, 3, d=4, e=5, scalars_by_keyword=6)
    assert t.scalars_and_rest(1, 2, 3, 4) == 10
    assert t.scalars_and_rest(1, 2, 3, 2**30, 5, 6) == 17 + 2**30


def test_any_number_of_scalars_is_converted():
    values = list(range(40))
    assert t.forty_scalars(*values) == values
    for index in (0, 15, 16, 31, 32, 39):
        values = list(range(40))
        values[index] = True
        assert t.forty_scalars(*values)[index] == 1
        values[index] = 256
        with pytest.raises(OverflowError) as caught:
            t.forty_scalars(*values)
        assert caught.value.__notes__ == [f"while processing '{'abcd'[index // 10]}{index % 10}'"]


def test_a_type_with_the_name_of_a_scalar_is_not_one():
    class Text:
        real = "text"

    assert t.scalar_namesake(1, 2, Text(), 4) == "1 2 text 4"
    with pytest.raises(TypeError):
        t.scalar_namesake(1, 2, 3.0, 4)


def test_classes_take_numbers():
    assert t.Numbers(1, -2, 0.5, 2**40, True).add(1, 2, 3.5, 4) == 2**40 + 11
    assert t.Numbers(d=4, c=3, b=2, a=1, e=False).add(d=0, c=0, b=0, a=0) == 10
    assert t.Numbers.total(1, 2, 3, 2**50) == 2**50 + 6
    with pytest.raises(TypeError, match=r"Numbers\.add\(\) missing 1 required positional"):
        t.Numbers(1, 2, 3, 4, True).add(1, 2, 3)
    with pytest.raises(OverflowError) as caught:
        t.Numbers(1, 2**31, 3, 4, True)
    assert caught.value.__notes__ == ["while processing 'b'"]
