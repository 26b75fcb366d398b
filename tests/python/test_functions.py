"""Functions: correct and wrong calls, errors, panics, closures."""

import inspect
import pickle

import pytest

import pyatoll_tests as t


def test_arguments_are_passed_according_to_the_signature():
    assert t.no_arguments() == 1
    assert t.one_argument(1) == 2
    assert t.positional(1, "a") == t.positional(second="a", first=1) == "1 a"
    assert t.defaults(1) == (1, 2, None)
    assert t.defaults(1, third="c") == (1, 2, "c")
    assert t.positional_only(1) == 10
    assert t.positional_only(1, second=2) == 12
    assert t.keyword_only(first=1, second=2) == 12
    assert t.all_kinds(1, 2) == (1, 2, (), 3, None)
    assert t.all_kinds(1, 2, 3, 4, third=5, first=6) == (1, 2, (3, 4), 5, 1)
    assert t.with_module() == t.with_module.__module__


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: t.no_arguments(1), r"no_arguments\(\) takes no arguments \(1 given\)"),
        (
            lambda: t.positional(1),
            r"positional\(\) missing 1 required positional argument: 'second'",
        ),
        (
            lambda: t.positional(),
            r"positional\(\) missing 2 required positional arguments: 'first' and 'second'",
        ),
        (
            lambda: t.positional(1, "a", 2),
            r"positional\(\) takes 2 positional arguments but 3 were given",
        ),
        (
            lambda: t.positional(1, first=2),
            r"positional\(\) got multiple values for argument 'first'",
        ),
        (
            lambda: t.positional(1, third=2),
            r"positional\(\) got an unexpected keyword argument 'third'",
        ),
        (
            lambda: t.keyword_only(),
            r"keyword_only\(\) missing 1 required keyword argument: 'first'",
        ),
        (
            lambda: t.positional_only(first=1),
            r"positional_only\(\) got some positional-only arguments passed as keyword "
            r"arguments: 'first'",
        ),
    ],
)
def test_wrong_calls_raise_pyo3s_messages(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_a_conversion_error_names_the_argument():
    with pytest.raises(TypeError, match="'int' object") as caught:
        t.positional(1, 2)
    assert caught.value.__notes__ == ["while processing 'second'"]
    with pytest.raises(OverflowError):
        t.one_argument(2**63)


def test_values_survive_the_round_trip():
    values = ("ä€😀", [1.5, -0.0], {"a": (1, True)}, b"\0\xff")
    assert t.round_trip(*values) == values
    marker = object()
    assert t.same(marker) is marker


@pytest.mark.parametrize(
    "kind, error, args",
    [
        ("base", t.BaseError, ("base",)),
        ("leaf", t.LeafError, ("leaf", 1)),
        ("refused", t.RefusedValue, ()),
        ("key", KeyError, ("key",)),
        ("io", FileNotFoundError, None),
        ("parse", ValueError, None),
        ("?", TypeError, ("no such kind: ?",)),
    ],
)
def test_errors_become_exceptions_of_their_class(kind, error, args):
    with pytest.raises(error) as caught:
        t.raise_error(kind)
    assert type(caught.value) is error
    assert args is None or caught.value.args == args


def test_exception_classes_have_their_bases_and_docs():
    assert t.LeafError.__mro__[1:3] == (t.BaseError, Exception)
    assert issubclass(t.RefusedValue, ValueError)
    assert t.BaseError.__doc__ == "The base of this module's errors."
    assert t.BaseError.__module__ == "pyatoll_tests"
    assert t.swallow_error() == ("LeafError: swallowed", True)


def test_a_panic_is_an_exception_that_except_exception_does_not_catch():
    with pytest.raises(BaseException) as caught:
        t.panics("oh no")
    assert not isinstance(caught.value, Exception)
    assert type(caught.value).__name__ == "PanicException"
    assert str(caught.value) == "oh no"


def test_exceptions_pass_through_rust():
    def fail(argument):
        raise KeyError(argument)

    with pytest.raises(KeyError, match="7"):
        t.call_back(fail, 7)
    assert t.call_back(lambda argument: t.call_back(abs, argument), -7) == 7


def test_closures_become_functions():
    add = t.make_adder(5)
    assert add(1) == 6
    assert (add.__name__, add.__doc__) == ("adder", "Adds.")
    with pytest.raises(TypeError):
        add("a")
    marker = object()
    count = t.make_counter(marker)
    assert (count(), count()) == ((1, marker), (2, marker))


@pytest.mark.parametrize(
    "function, signature",
    [
        (t.no_arguments, "()"),
        (t.one_argument, "(number)"),
        (t.defaults, "(first, second=2, third=None)"),
        (t.positional_only, "(first, /, second=0)"),
        (t.keyword_only, "(*, first, second=0)"),
        (t.all_kinds, "(first, /, second, *rest, third=3, **others)"),
        (t.Point, "(x=0.0, y=0.0)"),
        (t.Point.move_by, "(self, /, x, y)"),
        (t.Point.polar, "(distance, angle)"),
    ],
)
def test_signatures_can_be_inspected(function, signature):
    assert str(inspect.signature(function)) == signature


def test_docs_are_available():
    assert t.no_arguments.__doc__ == "Takes nothing."
    assert t.Point.polar.__doc__ == "A point by its angle and distance."


def test_functions_are_pickled_by_name():
    for function in (t.no_arguments, t.one_argument, t.all_kinds):
        assert pickle.loads(pickle.dumps(function)) is function
