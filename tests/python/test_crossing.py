"""Handles that are used and dropped in interpreters that do not own them.

The Rust side is `crossing.rs`, which contains no `unsafe`.
"""

import gc
import sys
import weakref

import pytest

import pyatoll_tests
from subinterpreters import Raised, SubInterpreter

KINDS = pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])

# In the owner: keeps an object, with a weak reference to it.
KEEP = """
import gc, weakref
import pyatoll_tests

class Thing:
    def __repr__(self):
        return "<a thing>"

thing = Thing()
alive = weakref.ref(thing)
pyatoll_tests.keep(thing)
del thing
result = alive() is not None
"""

# In the owner: whether the object is still alive after the library has been entered again.
LEFT = """
pyatoll_tests.no_arguments()
gc.collect()
result = alive() is not None
"""


def named(message, *ids):
    return all(f"interpreter {number}" in message for number in ids)


@pytest.mark.parametrize("use", ["get_kept", "try_get_kept", "take_kept"])
@KINDS
def test_an_object_of_another_interpreter_is_refused_with_an_error_that_names_both(own_gil, use):
    with SubInterpreter(own_gil) as a, SubInterpreter(own_gil) as b:
        a.run(KEEP)
        with pytest.raises(Raised) as raised:
            b.run(f"import pyatoll_tests; pyatoll_tests.{use}()")
        assert raised.value.name == "RuntimeError"
        assert named(raised.value.message, a.id, b.id), raised.value.message
        if use == "try_get_kept":
            # It is still kept, and its owner can use it.
            assert a.run(f"result = pyatoll_tests.{use}()") == "<a thing>"
            assert b.run("result = pyatoll_tests.use_kept_in_owner()") == "<a thing>"
            assert b.run("result = pyatoll_tests.kept_owner()") == [a.id, True]
            a.run("pyatoll_tests.drop_kept()")
        assert a.run(LEFT) is False


@KINDS
def test_the_main_interpreter_and_another_do_not_share_objects(own_gil):
    with SubInterpreter(own_gil) as interpreter:
        pyatoll_tests.keep([1])
        with pytest.raises(Raised) as raised:
            interpreter.run("import pyatoll_tests; pyatoll_tests.get_kept()")
        assert named(raised.value.message, 0, interpreter.id), raised.value.message
        interpreter.run(KEEP)
        with pytest.raises(RuntimeError) as caught:
            pyatoll_tests.get_kept()
        assert named(str(caught.value), 0, interpreter.id)


@pytest.mark.parametrize("drop", ["drop_kept", "drop_in_thread"])
@KINDS
def test_an_object_dropped_elsewhere_is_freed_when_its_interpreter_is_entered(own_gil, drop):
    with SubInterpreter(own_gil) as a, SubInterpreter(own_gil) as b:
        assert a.run(KEEP) is True
        b.run(f"import pyatoll_tests; pyatoll_tests.{drop}()")
        assert a.run(LEFT) is False


def test_an_object_dropped_by_a_detached_thread_is_freed_in_the_main_interpreter():
    class Thing:
        pass

    thing = Thing()
    alive = weakref.ref(thing)
    pyatoll_tests.keep(thing)
    del thing
    pyatoll_tests.drop_in_thread()
    pyatoll_tests.no_arguments()
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("drop", ["drop_kept", "drop_in_thread"])
@KINDS
def test_an_object_of_an_ended_interpreter_is_refused_and_can_be_dropped(own_gil, drop):
    interpreter = SubInterpreter(own_gil)
    ended = interpreter.id
    interpreter.run(KEEP)
    interpreter.close()
    # A new interpreter may reuse the old one's memory, but must not get its objects.
    with SubInterpreter(own_gil) as other:
        assert other.run("import pyatoll_tests; result = pyatoll_tests.kept_owner()") == [
            ended,
            False,
        ]
        with pytest.raises(Raised) as raised:
            other.run("pyatoll_tests.try_get_kept()")
        assert named(raised.value.message, ended, other.id)
        assert "has ended" in raised.value.message
        with pytest.raises(Raised, match="ended"):
            other.run("pyatoll_tests.use_kept_in_owner()")
        other.run(f"pyatoll_tests.{drop}()")
    with pytest.raises(LookupError):
        pyatoll_tests.drop_kept()


@pytest.mark.skipif(
    not hasattr(sys, "gettotalrefcount"),
    reason="only a debug build of Python counts all references",
)
def test_handles_dropped_elsewhere_leak_no_references():
    """Counts are constant over 1,000 handles; see test_leaks.py for the tolerance."""
    with SubInterpreter(False) as other:
        other.run("import pyatoll_tests")

        def keep_and_drop(times):
            for _ in range(times):
                pyatoll_tests.keep([])
            other.run(f"for _ in range({times}): pyatoll_tests.drop_kept()")
            pyatoll_tests.no_arguments()
            gc.collect()

        keep_and_drop(100)
        keep_and_drop(100)
        before = sys.gettotalrefcount()
        keep_and_drop(1000)
        assert sys.gettotalrefcount() - before < 100
