"""Submodules, and what pickle carries: within an interpreter, to others, and to processes."""

import copy
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest

import pyatoll_tests
from pyatoll_tests import post
from pyatoll_tests.post import office
from pyatoll_tests.post.office import interpreter
from subinterpreters import LIMIT, SubInterpreter
from test_modules import LIBRARY, LOAD, load

KINDS = pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])
PROTOCOLS = pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))


class Letter(post.Parcel):
    """A Python class that extends one of Rust."""

    def __init__(self, *contents):
        self.sender = "here"


def items():
    parcel = post.Parcel("book", "pen")
    parcel.note = ["fragile"]
    return [
        parcel,
        post.Route.Direct(),
        post.Route.Via(stops=[1, 2]),
        *post.Priority,
        post.Stamp.Red,
        post.Stamp.Black,
        post.Parcel,
        post.Route,
        post.Route.Via,
        post.Priority,
        post.Stamp,
        post.deliver,
        post.Parcel.unit,
        office.interpreter,
        pyatoll_tests.no_arguments,
        pyatoll_tests.Point,
        pyatoll_tests.Color,
        pyatoll_tests.LeafError,
    ]


# A wheel has a package around the module; under the address sanitizer there is only the module.
MODULE = "pyatoll_tests.pyatoll_tests" if hasattr(pyatoll_tests, "__path__") else "pyatoll_tests"


def test_submodules_are_importable_from_the_package_and_from_its_module():
    assert sys.modules[MODULE].no_arguments is pyatoll_tests.no_arguments
    assert pyatoll_tests.post is post is sys.modules["pyatoll_tests.post"]
    assert post is sys.modules[f"{MODULE}.post"]
    assert post.__name__ == post.deliver.__module__ == post.Parcel.__module__
    assert post.__name__ == post.Priority.__module__ == post.Route.Via.__module__
    assert post.__name__ == "pyatoll_tests.post"
    assert office is post.office and interpreter.__module__ == "pyatoll_tests.post.office"


def test_a_process_may_begin_with_a_submodule():
    code = "from pyatoll_tests.post.office import interpreter; assert interpreter() == 0"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT)


@PROTOCOLS
def test_everything_is_pickled(protocol):
    for item in items():
        assert pickle.loads(pickle.dumps(item, protocol)) == item
        assert copy.copy(item) == item == copy.deepcopy(item)
    parcel = items()[0]
    assert pickle.loads(pickle.dumps(parcel, protocol)).note == ["fragile"]
    assert pickle.loads(pickle.dumps(parcel.count, protocol))() == 2
    letter = pickle.loads(pickle.dumps(Letter("text"), protocol))
    assert type(letter) is Letter and letter.sender == "here" and letter.contents == ["text"]


@KINDS
def test_pickled_items_are_unpickled_in_another_interpreter_and_back(own_gil):
    data = pickle.dumps(items(), protocol=2)
    with SubInterpreter(own_gil) as sub:
        code = f"""
import pickle
items = pickle.loads({data!r})
parcel, _, via, low, high, red, *_ = items
from pyatoll_tests import post
assert parcel.contents == ["book", "pen"] and parcel.note == ["fragile"]
assert via == post.Route.Via(stops=[1, 2]) and type(via) is post.Route.Via
assert low is post.Priority.Low and high is post.Priority.High and red is post.Stamp.Red
assert items[-5]() == post.office.interpreter() != 0
result = pickle.dumps(items[:11], protocol=2).hex()
"""
        back = pickle.loads(bytes.fromhex(sub.run(code)))
        assert back == items()[:11] and back[3] is post.Priority.Low


@KINDS
def test_each_interpreter_has_its_own_submodules(own_gil):
    with SubInterpreter(own_gil) as sub:
        assert sub.run("""
from pyatoll_tests.post.office import interpreter
import pyatoll_tests.post, sys
assert sys.modules["pyatoll_tests.post"] is pyatoll_tests.post
result = [interpreter(), pyatoll_tests.post.__name__, pyatoll_tests.post.Priority.__module__]
""") == [sub.id, "pyatoll_tests.post", "pyatoll_tests.post"]


IN_A_PACKAGE = f"""
import types
package = types.ModuleType("some_package")
package.__path__ = []
sys.modules["some_package"] = package
tree = load("some_package.pyatoll_tests_tree", {LIBRARY!r})

import pickle
import some_package.pyatoll_tests_tree.branch
from some_package.pyatoll_tests_tree.branch import grow, Leaf, Season
from some_package.pyatoll_tests_tree.by_hand import from_hand
name = "some_package.pyatoll_tests_tree"
assert tree.__name__ == tree.Trunk.__module__ == name
for item in grow, Leaf, Leaf.Green, Season:
    assert item.__module__ == name + ".branch", (item, item.__module__)
assert from_hand.__module__ == tree.by_hand.__name__ == name + ".by_hand"
for item in tree.Trunk, tree.Trunk(), grow, Leaf, Leaf.Green, Leaf.Green(1), Season.Summer, from_hand:
    assert pickle.loads(pickle.dumps(item)) == item
# Where the package wraps the module, a module of the package itself goes first.
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pyatoll_tests_tree.branch":
            return importlib.machinery.ModuleSpec(name, Finder)
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        module.is_python = True

sys.meta_path.insert(0, Finder)
package = types.ModuleType("pyatoll_tests_tree")
package.__path__ = []
sys.modules["pyatoll_tests_tree"] = package
tree = load("pyatoll_tests_tree.pyatoll_tests_tree", {LIBRARY!r})
import pyatoll_tests_tree.branch
from pyatoll_tests_tree import by_hand
assert pyatoll_tests_tree.branch.is_python
assert tree.branch.__name__ == "pyatoll_tests_tree.pyatoll_tests_tree.branch"
assert by_hand is tree.by_hand and by_hand.__name__ == "pyatoll_tests_tree.by_hand"
sys.meta_path.remove(Finder)
"""


def test_a_module_in_a_package_has_the_packages_name():
    code = f"import importlib.util, sys\n{LOAD}\n{IN_A_PACKAGE}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT)


@KINDS
def test_a_module_in_a_package_of_a_sub_interpreter_has_the_packages_name(own_gil):
    with SubInterpreter(own_gil) as sub:
        sub.run(LOAD)
        sub.run(IN_A_PACKAGE)


def panic():
    try:
        pyatoll_tests.panics("oh no")
    except BaseException as error:
        return error
    raise AssertionError


@PROTOCOLS
def test_a_panic_is_pickled_as_itself(protocol):
    error = panic()
    error.__dict__["tag"] = 1
    copied = pickle.loads(pickle.dumps(error, protocol))
    assert type(copied) is type(error) and copied.args == error.args and copied.tag == 1
    assert type(copy.copy(error)) is type(error)


def test_the_class_of_panics_is_importable():
    code = f"""
import importlib
runtime = importlib.import_module("{MODULE}.pyo3_runtime")
from pyo3_runtime import PanicException
assert runtime.PanicException is PanicException
import pyatoll_tests
try:
    pyatoll_tests.panics('oh no')
except PanicException as error:
    assert type(error) is PanicException
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT)


@KINDS
def test_a_panic_arrives_where_the_module_is_not_loaded_yet(own_gil):
    with SubInterpreter(own_gil) as sub:
        assert sub.run(f"""
import pickle, sys
assert "pyatoll_tests" not in sys.modules
error = pickle.loads({pickle.dumps(panic())!r})
result = [type(error).__module__, type(error).__name__, str(error)]
""") == ["pyo3_runtime", "PanicException", str(panic())]


def test_processes_exchange_instances_enums_and_panics():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        arguments = (post.Parcel("a"), post.Route.Via(stops=[3]), post.Priority.High)
        found = pool.submit(post.deliver, *arguments).result(LIMIT)
        assert found == (1, post.Route.Via(stops=[3]), post.Priority.High)
        assert found[2] is post.Priority.High
        assert type(pool.submit(pyatoll_tests.panics, "oh no").exception(LIMIT)) is type(panic())


@pytest.mark.skipif(sys.version_info < (3, 14), reason="new in Python 3.14")
def test_interpreters_of_an_executor_exchange_functions_instances_enums_and_panics():
    from concurrent.futures import InterpreterPoolExecutor

    with InterpreterPoolExecutor(2) as pool:
        arguments = (post.Parcel("a", "b"), post.Route.Direct(), post.Priority.Low)
        found = pool.submit(post.deliver, *arguments).result(LIMIT)
        assert found == (2, post.Route.Direct(), post.Priority.Low)
        assert found[2] is post.Priority.Low
        assert pool.submit(office.interpreter).result(LIMIT) != 0
        assert pool.submit(post.Parcel, "c").result(LIMIT) == post.Parcel("c")
        assert pool.submit(post.Parcel("c").count).result(LIMIT) == 1
        assert pool.submit(post.Parcel.unit).result(LIMIT) == "kg"
        assert pool.submit(post.Parcel.empty).result(LIMIT) == post.Parcel()
        assert pool.submit(post.Priority, 10).result(LIMIT) is post.Priority.High
        error = pool.submit(pyatoll_tests.panics, "oh no").exception(LIMIT)
        assert type(error) is type(panic()) and str(error) == str(panic())
        assert isinstance(
            pool.submit(pyatoll_tests.raise_error, "leaf").exception(LIMIT), Exception
        )
