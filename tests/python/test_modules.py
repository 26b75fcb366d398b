"""Modules: contents, supported interpreters, failed imports."""

import ctypes
import gc
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

import pyatoll_tests
from subinterpreters import LIMIT, Raised, SubInterpreter

# The shared library that contains this module and the others.
LIBRARY = sys.modules[pyatoll_tests.no_arguments.__module__].__file__

LOAD = """
import importlib.machinery, importlib.util, sys

def load(name, library):
    loader = importlib.machinery.ExtensionFileLoader(name, library)
    spec = importlib.util.spec_from_file_location(name, library, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
"""
exec(LOAD)

SUB_LOAD = LOAD + f"""
library = {LIBRARY!r}
"""


def test_a_module_has_its_items():
    assert pyatoll_tests.ANSWER == 42
    assert pyatoll_tests.from_init.split(".")[-1] == "pyatoll_tests"
    assert pyatoll_tests.inner.double(4) == 8
    assert pyatoll_tests.inner.__doc__ == "A module in the module."
    assert sys.modules[pyatoll_tests.no_arguments.__module__].__doc__ == (
        "Every kind of entry point."
    )


@pytest.mark.parametrize("tag", ["not_supported", "shared_gil"])
def test_tagged_modules_load_in_the_main_interpreter(tag):
    assert load(f"pyatoll_tests_{tag}", LIBRARY).TAG == tag


def test_the_function_for_built_in_modules_returns_a_definition():
    # What `append_to_inittab!` registers.
    api = ctypes.pythonapi
    init = ctypes.PyDLL(LIBRARY).PyInit_pyatoll_tests_shared_gil
    # Not `py_object`, which would take a reference that the static definition does not give.
    init.restype = ctypes.c_void_p
    if ".abi3t" in LIBRARY and "PYATOLL_STABLE_ABI_ONLY" in os.environ:
        with pytest.raises(ImportError, match="cannot be built in"):
            init()
        return
    definition = init()
    assert definition == init()
    create = api.PyModule_FromDefAndSpec2
    create.restype = ctypes.py_object
    create.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_int]
    execute = api.PyModule_ExecDef
    execute.argtypes = [ctypes.py_object, ctypes.c_void_p]
    module = create(definition, SimpleNamespace(name="built_in"), sys.api_version)
    assert execute(module, definition) == 0
    assert (module.__name__, module.TAG) == ("built_in", "shared_gil")


def test_a_module_that_needs_the_gil_has_it():
    # In a process of its own, since a free-threaded Python enables its GIL for it.
    check = "getattr(sys, '_is_gil_enabled', lambda: True)()"
    code = f"""
{LOAD}
import warnings
warnings.simplefilter("ignore")
assert load("pyatoll_tests_gil_used", {LIBRARY!r}).TAG == "gil_used"
assert {check}
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.11 does not check modules' slots")
@pytest.mark.parametrize("tag", ["not_supported", "shared_gil"])
def test_an_unsupported_interpreter_gets_cpythons_import_error(tag):
    with SubInterpreter(True) as interpreter:
        interpreter.run(SUB_LOAD)
        with pytest.raises(Raised) as raised:
            interpreter.run(f"load('pyatoll_tests_{tag}', library)")
        assert raised.value.name == "ImportError"
        assert raised.value.message == (
            f"module pyatoll_tests_{tag} does not support loading in subinterpreters"
        )
        # The interpreter still works.
        assert interpreter.run("import pyatoll_tests; result = pyatoll_tests.ANSWER") == 42


def test_a_module_for_a_shared_gil_loads_in_an_interpreter_that_shares_it():
    with SubInterpreter(False) as interpreter:
        interpreter.run(SUB_LOAD)
        code = "result = load('pyatoll_tests_shared_gil', library).TAG"
        assert interpreter.run(code) == "shared_gil"


def test_a_module_for_one_interpreter_is_refused_in_a_legacy_one_too():
    with SubInterpreter(False) as interpreter:
        interpreter.run(SUB_LOAD)
        with pytest.raises(Raised, match="does not support loading in subinterpreters") as raised:
            interpreter.run("load('pyatoll_tests_not_supported', library)")
        assert raised.value.name == "ImportError"


def test_a_failed_import_leaves_nothing_behind_and_can_be_retried():
    name = "pyatoll_tests_flaky"
    gc.collect()
    with pytest.raises(RuntimeError, match="not this time"):
        load(name, LIBRARY)
    assert name not in sys.modules
    # The module's contents are gone. (Its class is kept and reused by the next attempt.)
    gc.collect()
    for item in gc.get_objects():
        if isinstance(item, ModuleType) and item.__name__ == name:
            assert not hasattr(item, "marker") and not hasattr(item, "Thing")
    module = load(name, LIBRARY)
    assert type(module.marker) is module.Thing
    assert module.things() == 1, "the failed attempt's object is still alive"
    del sys.modules[name]


@pytest.mark.parametrize("own_gil", [False, True], ids=["shared", "own"])
def test_an_import_may_fail_in_one_interpreter_and_work_in_another(own_gil):
    with SubInterpreter(own_gil) as first, SubInterpreter(own_gil) as second:
        load_it = "load('pyatoll_tests_flaky', library)"
        for interpreter in (first, second):
            interpreter.run(SUB_LOAD)
            with pytest.raises(Raised, match="not this time"):
                interpreter.run(load_it)
        first.run(load_it)
        second.run(load_it)
