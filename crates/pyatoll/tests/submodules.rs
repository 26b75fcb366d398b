//! Submodules: importable, with names by which `pickle` finds what is in them, in every
//! interpreter.

mod everywhere;

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use pyatoll::exceptions::PyRuntimeError;
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;
use pyatoll::wrap_pymodule;

/// Items with a module inside a module.
#[pymodule]
mod tree {
    use pyatoll::prelude::*;

    #[pyclass(pickle)]
    #[derive(Default)]
    struct Apple(i32);

    #[pymodule]
    mod branch {
        use pyatoll::prelude::*;

        #[pyclass(pickle, subclass, eq)]
        #[derive(Default, PartialEq, Clone)]
        struct Leaf {
            size: i32,
        }

        #[pymethods]
        impl Leaf {
            #[new]
            fn new(size: i32) -> Self {
                Self { size }
            }

            fn double(&self) -> i32 {
                self.size * 2
            }

            #[staticmethod]
            fn smallest() -> i32 {
                1
            }
        }

        #[pyclass(pickle, eq, frozen)]
        #[derive(PartialEq, Clone)]
        enum Fruit {
            Pear { weight: f64 },
            Nut(u8),
        }

        #[pyclass(enum = "Enum")]
        enum Season {
            Summer,
            Winter,
        }

        #[pyfunction]
        fn count() -> i32 {
            3
        }

        #[pymodule]
        mod twig {
            use pyatoll::prelude::*;

            #[pyclass(pickle, eq, immutable_type)]
            #[derive(PartialEq)]
            struct Bud;

            #[pymethods]
            impl Bud {
                #[new]
                fn new() -> Self {
                    Self
                }
            }

            #[pyfunction]
            fn deep() -> i32 {
                4
            }
        }
    }
}

#[pyclass(pickle, eq)]
#[derive(PartialEq)]
struct Thing;

#[pymethods]
impl Thing {
    #[new]
    fn new() -> Self {
        Self
    }
}

#[pyfunction]
fn answer() -> i32 {
    42
}

/// Makes submodules as with PyO3, the inner one first, and with undotted names.
#[pymodule]
fn by_hand(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    let inner = PyModule::new(py, "inner")?;
    inner.add_function(wrap_pyfunction!(answer, &inner)?)?;
    let outer = PyModule::new(py, "outer")?;
    outer.add_class::<Thing>()?;
    outer.add_submodule(&inner)?;
    m.add_submodule(&outer)?;
    // A module of someone else's, and one that has a name of its own.
    m.add_submodule(&py.import("colorsys")?)?;
    let own = PyModule::new(py, "elsewhere.own")?;
    own.add_function(wrap_pyfunction!(answer, &own)?)?;
    m.add_submodule(&own)?;
    // As PyO3's documentation advises.
    let registered = PyModule::new(py, "by_hand.registered")?;
    m.add_submodule(&registered)?;
    let modules = py.import("sys")?.getattr("modules")?;
    modules.set_item("by_hand.registered", &registered)?;
    let shim = PyModule::new(py, "by_hand.shim")?;
    m.add_submodule(&PyModule::new(py, "shim")?)?;
    modules.set_item("by_hand.shim", &shim)?;
    m.add_wrapped(wrap_pymodule!(wrapped))
}

#[pymodule(submodule)]
fn wrapped(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(answer, m)?)
}

#[pyfunction(pass_module)]
fn grow(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let late = PyModule::new(m.py(), "late")?;
    late.add_function(wrap_pyfunction!(answer, &late)?)?;
    m.add_submodule(&late)
}

#[pymodule]
fn grows(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(grow, m)?)
}

static FAILS: AtomicBool = AtomicBool::new(true);

#[pymodule]
mod failing {
    use super::*;

    #[pymodule]
    mod part {
        use super::*;

        #[pymodule]
        mod of_part {}
    }

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add_submodule(&PyModule::new(m.py(), "other")?)?;
        if FAILS.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err("not this time"));
        }
        Ok(())
    }
}

/// Runs code in the main interpreter, and in a new sub-interpreter of each kind.
fn everywhere(code: &std::ffi::CStr) {
    static START: Once = Once::new();
    START.call_once(|| {
        pyatoll::append_to_inittab!(tree);
        pyatoll::append_to_inittab!(by_hand);
        pyatoll::append_to_inittab!(grows);
        pyatoll::append_to_inittab!(failing);
    });
    everywhere::everywhere(c"", code);
}

#[test]
fn nested_modules_are_importable() {
    everywhere(
        c"
import tree.branch.twig
from tree.branch import count, Leaf
from tree.branch.twig import deep, Bud
import tree.branch as alias
import sys
assert alias is tree.branch is sys.modules['tree.branch']
assert (count(), deep(), Leaf(2).double()) == (3, 4, 4)
assert alias.__name__ == 'tree.branch', alias.__name__
assert alias.twig.__name__ == 'tree.branch.twig'
for item, name in [(count, 'count'), (Leaf, 'Leaf'), (alias.Season, 'Season'),
                   (alias.Fruit, 'Fruit'), (alias.Fruit.Nut, 'Fruit.Nut')]:
    assert item.__module__ == 'tree.branch', (item, item.__module__)
    assert item.__qualname__ == name, item.__qualname__
for item in deep, Bud:
    assert item.__module__ == 'tree.branch.twig', item.__module__
",
    );
}

#[test]
fn what_is_in_nested_modules_can_be_pickled() {
    everywhere(
        c"
import copy, pickle, tree
branch = tree.branch
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for item in (branch.count, branch.Leaf, branch.Leaf.smallest, branch.Fruit, branch.Fruit.Nut,
                 branch.Season, branch.Season.Winter, branch.twig.deep, branch.twig.Bud):
        assert pickle.loads(pickle.dumps(item, protocol)) == item, item
        assert pickle._loads(pickle._dumps(item, protocol)) == item, item
    leaf = branch.Leaf(7)
    for item in leaf, branch.Fruit.Nut(3), branch.Fruit.Pear(weight=0.5), branch.twig.Bud():
        assert pickle.loads(pickle.dumps(item, protocol)) == item == copy.deepcopy(item), item
    assert pickle.loads(pickle.dumps(leaf.double, protocol))() == 14
",
    );
}

#[test]
fn what_is_pickled_in_one_interpreter_is_unpickled_in_another() {
    everywhere(c"import tree");
    let code = c"import pickle, tree; data = pickle.dumps([
    tree.branch.Leaf(5), tree.branch.Fruit.Nut(2), tree.branch.Season.Summer,
    tree.branch.twig.deep, tree.branch.twig.Bud])";
    let data: Vec<u8> = Python::attach(|py| {
        let names = PyDict::new(py);
        py.run(code, Some(&names), None).unwrap();
        names.get_item("data").unwrap().unwrap().extract().unwrap()
    });
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let names = PyDict::new(py);
        names.set_item("data", data).unwrap();
        // Unpickling imports the module.
        let code = c"
import pickle, sys
assert 'tree' not in sys.modules
leaf, fruit, season, deep, bud = pickle.loads(bytes(data))
from tree import branch
assert leaf == branch.Leaf(5) and fruit == branch.Fruit.Nut(2)
assert season is branch.Season.Summer and deep() == 4 and bud is branch.twig.Bud
";
        py.run(code, Some(&names), None)
            .inspect_err(|error| error.print(py))
            .unwrap();
    })
    .unwrap();
    sub.close().unwrap();
}

#[test]
fn modules_made_by_hand_get_their_full_names() {
    everywhere(
        c"
import pickle, sys
import by_hand.outer.inner
from by_hand.outer import Thing
from by_hand.outer.inner import answer
import by_hand.wrapped
outer = by_hand.outer
assert (outer.__name__, outer.inner.__name__) == ('by_hand.outer', 'by_hand.outer.inner')
assert (Thing.__module__, answer.__module__) == ('by_hand.outer', 'by_hand.outer.inner')
assert by_hand.wrapped.answer.__module__ == 'by_hand.wrapped'
for item in Thing, Thing(), answer, by_hand.wrapped.answer:
    assert pickle.loads(pickle.dumps(item)) == item
",
    );
}

#[test]
fn modules_with_a_place_of_their_own_keep_it() {
    everywhere(
        c"
import by_hand, sys
import colorsys
assert by_hand.colorsys is colorsys and colorsys.__name__ == 'colorsys'
assert 'by_hand.colorsys' not in sys.modules
assert by_hand.own.__name__ == by_hand.own.answer.__module__ == 'elsewhere.own'
# Other tests import meanwhile.
assert not [name for name in list(sys.modules) if name.endswith('.own')]
import by_hand.registered
assert by_hand.registered is sys.modules['by_hand.registered']
import by_hand.shim as shim
assert sys.modules['by_hand.shim'] is not by_hand.shim
",
    );
}

#[test]
fn a_module_added_later_is_importable_too() {
    everywhere(
        c"
import grows
grows.grow()
import grows.late
from grows.late import answer
assert answer.__module__ == 'grows.late' and answer() == 42
",
    );
}

#[test]
fn a_failed_import_leaves_no_submodules_behind() {
    FAILS.store(true, Ordering::Relaxed);
    everywhere(
        c"
import sys
before = set(sys.modules)
for attempt in range(2):
    try:
        import failing
    except RuntimeError as error:
        assert str(error) == 'not this time'
    else:
        raise AssertionError
    left = {name for name in set(sys.modules) - before if name.startswith('failing')}
    assert not left, left
try:
    import failing.part
except RuntimeError:
    pass
",
    );
    FAILS.store(false, Ordering::Relaxed);
    everywhere(
        c"
import failing.part.of_part, failing.other, sys
old = failing
# Another import after the module was removed has submodules of its own.
del sys.modules['failing']
import failing.part.of_part
assert failing is not old and failing.part is sys.modules['failing.part'] is not old.part
assert failing.part.of_part is sys.modules['failing.part.of_part'] is not old.part.of_part
",
    );
}

#[test]
fn a_module_that_is_not_imported_stays_out_of_sys_modules() {
    everywhere(c"pass");
    Python::attach(|py| {
        let module = PyModule::new(py, "free").unwrap();
        let inner = PyModule::new(py, "inner").unwrap();
        module.add_submodule(&inner).unwrap();
        assert_eq!(inner.name().unwrap(), "free.inner");
        let modules = py.import("sys").unwrap().getattr("modules").unwrap();
        assert!(!modules.contains("free.inner").unwrap());
        // Nor does one whose parent only has the name of an imported module.
        let impostor = PyModule::new(py, "json").unwrap();
        let inner = PyModule::new(py, "inner").unwrap();
        impostor.add_submodule(&inner).unwrap();
        assert!(!modules.contains("json.inner").unwrap());
    });
}

#[test]
fn a_module_may_be_added_to_itself_and_under_a_shorter_name() {
    everywhere(
        c"
import types, sys, grows
# As in a package that wraps a module of its name.
package = types.ModuleType('wrapped')
package.__path__ = []
sys.modules['wrapped'] = package
",
    );
    Python::attach(|py| {
        let outer = PyModule::new(py, "wrapped.wrapped").unwrap();
        let inner = PyModule::new(py, "w").unwrap();
        let modules = py.import("sys").unwrap().getattr("modules").unwrap();
        modules.set_item("wrapped.wrapped", &outer).unwrap();
        outer.add_submodule(&outer).unwrap();
        inner
            .add_submodule(&PyModule::new(py, "v").unwrap())
            .unwrap();
        outer.add_submodule(&inner).unwrap();
        outer.add_submodule(&outer).unwrap();
        assert!(outer.getattr("w").unwrap().is(&inner));
    });
}
