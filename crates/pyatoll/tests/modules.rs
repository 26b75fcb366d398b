//! `#[pymodule]`: contents of modules, supported interpreters, failed imports, cleanup.

use pyatoll::exceptions::{PyException, PyTypeError};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;
use pyatoll::{create_exception, wrap_pymodule};
use std::ffi::CString;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

create_exception!(tests, Trouble, PyException, "There is trouble.");

#[pyfunction]
fn double(number: i64) -> i64 {
    number * 2
}

#[pyfunction]
fn triple(number: i64) -> i64 {
    number * 3
}

/// A module made by a function.
#[pymodule]
fn by_function(py: Python<'_>, m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(double, m)?)?;
    m.add_function(wrap_pyfunction!(double_of_module, m)?)?;
    m.add_wrapped(wrap_pyfunction!(triple))?;
    m.add_wrapped(wrap_pymodule!(elsewhere))?;
    m.add("Trouble", py.get_type::<Trouble>())?;
    m.add("answer", 42)?;
    let inner = PyModule::new(py, "by_function.inner")?;
    inner.add_function(wrap_pyfunction!(double, &inner)?)?;
    m.add_submodule(&inner)
}

#[pyfunction(pass_module)]
fn double_of_module(module: &Bound<'_, PyModule>, number: i64) -> PyResult<i64> {
    module.getattr("double")?.call1((number,))?.extract()
}

/// A module made of items.
#[pymodule]
mod by_items {
    use super::*;

    #[pymodule_export]
    use super::{Trouble, double as twice};

    #[pymodule_export]
    use super::elsewhere;

    #[pymodule_export]
    const ANSWER: u32 = 42;

    #[pymodule_export]
    #[cfg(any())]
    const ABSENT: u32 = 0;

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const r#type: char = '!';

    #[pyfunction]
    fn triple(number: i64) -> i64 {
        number * 3
    }

    #[pymodule]
    mod nested {
        use super::*;

        #[pyfunction]
        fn quadruple(number: i64) -> i64 {
            number * 4
        }
    }

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("also_triple", m.getattr("triple")?)
    }
}

/// A module with a class, whose `__module__` is `with_class`, after the package that it is imported
/// from.
#[pymodule]
mod with_class {
    use super::*;

    #[pyclass]
    pub(super) struct Kind;
}

#[pymodule(submodule, module = "by_items")]
mod elsewhere {
    #[pymodule_export]
    use super::double;
}

#[pymodule(name = "renamed")]
mod original {
    use pyatoll::prelude::*;

    #[pymodule_init]
    fn init(py: Python<'_>, m: Bound<'_, PyModule>) {
        m.setattr("id", py.interpreter().id()).unwrap();
    }
}

#[pymodule(multiple_interpreters = not_supported)]
fn main_only(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}

#[pymodule(multiple_interpreters = shared_gil, gil_used = true)]
fn shared_gil(_m: &Bound<'_, PyModule>) {}

static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);

#[pymodule]
fn fails_once(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(double, m)?)?;
    if ATTEMPTS.fetch_add(1, Ordering::SeqCst) == 0 {
        return Err(Trouble::new_err("the first time"));
    }
    m.add("attempt", 2)
}

#[pymodule]
fn panics(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    panic!("no module")
}

/// Starts Python with all the modules above as built-in modules.
fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        pyatoll::append_to_inittab!(by_function);
        pyatoll::append_to_inittab!(by_items);
        pyatoll::append_to_inittab!(original);
        pyatoll::append_to_inittab!(main_only);
        pyatoll::append_to_inittab!(shared_gil);
        pyatoll::append_to_inittab!(fails_once);
        pyatoll::append_to_inittab!(panics);
    });
    Python::initialize();
}

/// Runs code and returns its variable `result`, or the exception, as text.
fn run(py: Python<'_>, code: &str) -> String {
    let names = PyDict::new(py);
    let code = CString::new(code).unwrap();
    match py.run(&code, Some(&names), None) {
        Ok(()) => names.get_item("result").unwrap().unwrap().to_string(),
        Err(error) => error.to_string(),
    }
}

const BY_FUNCTION: &str = "
import by_function as m
try:
    raise m.Trouble('x')
except Exception as error:
    text = str(error)
result = (m.double(2), m.double_of_module(3), m.answer, text, m.inner.double(5), m.inner.__name__,
          m.__doc__, m.double.__module__, m.triple(1), m.__all__)
";

const BY_FUNCTION_RESULT: &str = "(4, 6, 42, 'x', 10, 'by_function.inner', \
    'A module made by a function.', 'by_function', 3, \
    ['double', 'double_of_module', 'triple', 'elsewhere', 'Trouble', 'answer', 'inner'])";

#[test]
fn a_function_fills_a_module() {
    start();
    Python::attach(|py| assert_eq!(run(py, BY_FUNCTION), BY_FUNCTION_RESULT));
}

#[test]
fn items_fill_a_module() {
    start();
    let code = "
import by_items as m
result = (m.double(1), m.triple(1), m.also_triple(2), m.nested.quadruple(1), m.elsewhere.double(3),
          m.ANSWER, m.type, hasattr(m, 'ABSENT'), m.__doc__)
";
    let names = "
import by_items as m
result = (m.__name__, m.nested.__name__, m.elsewhere.__name__, m.Trouble.__name__,
          m.nested.quadruple.__module__)
";
    Python::attach(|py| {
        assert_eq!(
            run(py, code),
            "(2, 3, 6, 4, 6, 42, '!', False, 'A module made of items.')"
        );
        assert_eq!(
            run(py, names),
            "('by_items', 'by_items.nested', 'by_items.elsewhere', 'Trouble', 'by_items.nested')"
        );
    });
}

#[test]
fn a_name_may_be_given() {
    start();
    let code = "import renamed; result = renamed.__name__, renamed.id, renamed.__doc__";
    Python::attach(|py| assert_eq!(run(py, code), "('renamed', 0, '')"));
}

#[test]
fn a_module_can_be_created_without_an_import() {
    start();
    Python::attach(|py| {
        let module = wrap_pymodule!(by_items)(py);
        let module = module.bind(py);
        assert_eq!(module.name().unwrap(), "by_items");
        let triple = module.getattr("triple").unwrap();
        assert_eq!(triple.call1((2,)).unwrap().extract::<i64>().unwrap(), 6);
        // Its functions keep working after the module object is gone.
        assert_eq!(triple.call1((3,)).unwrap().extract::<i64>().unwrap(), 9);
    });
}

#[test]
fn an_empty_module_has_its_name_and_no_doc() {
    start();
    Python::attach(|py| {
        let module = PyModule::new(py, "package.empty").unwrap();
        assert_eq!(module.name().unwrap(), "package.empty");
        assert!(module.getattr("__doc__").unwrap().is_none());
        assert!(module.index().unwrap().is_empty());
        assert!(module.filename().is_err());
        let function = wrap_pyfunction!(double, &module).unwrap();
        assert_eq!(
            function.getattr("__module__").unwrap().to_string(),
            "package.empty"
        );
        assert_eq!(function.call1((4,)).unwrap().extract::<i64>().unwrap(), 8);
        assert!(PyModule::new(py, "a\0b").is_err());
    });
}

#[test]
fn a_failed_import_leaves_nothing_behind() {
    start();
    let first = "
import sys
try:
    import fails_once
except Exception as error:
    result = type(error).__name__, str(error), 'fails_once' in sys.modules
";
    let second = "import fails_once as m; result = m.attempt, m.double(4)";
    Python::attach(|py| {
        assert_eq!(run(py, first), "('Trouble', 'the first time', False)");
        assert_eq!(run(py, second), "(2, 8)");
        // Once per interpreter.
        assert_eq!(run(py, second), "(2, 8)");
        assert_eq!(ATTEMPTS.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn add_class_supports_module_subclasses_and_refuses_other_objects() {
    start();
    let code = c"
import sys, types
class Watched(types.ModuleType):
    order = []
    def __setattr__(self, name, value):
        self.order.append(name)
        super().__setattr__(name, value)
sys.modules['watched'] = Watched('watched')
sys.modules['no_module'] = types.SimpleNamespace(__all__=[])
";
    Python::attach(|py| {
        py.run(code, None, None)?;
        for name in ["plain", "watched"] {
            let module = match name {
                "plain" => PyModule::new(py, name)?,
                _ => PyModule::import(py, name)?,
            };
            module.add_class::<with_class::Kind>()?;
            let class = module.getattr("Kind")?;
            assert!(class.is(py.get_type::<with_class::Kind>()), "{name}");
            assert_eq!(class.getattr("__module__")?.to_string(), "with_class");
            assert_eq!(module.index()?.to_string(), "['Kind']", "{name}");
        }
        let order = PyModule::import(py, "watched")?.getattr("order")?;
        assert_eq!(order.to_string(), "['__all__', 'Kind']");

        let other = PyModule::import(py, "no_module")?;
        let error = other.add_class::<with_class::Kind>().unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py), "{error}");
        assert!(PyErr::take(py).is_none());
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn a_panic_in_a_module_is_an_exception_of_the_import() {
    start();
    let code = "
try:
    import panics
except BaseException as error:
    result = type(error).__name__, str(error)
";
    Python::attach(|py| assert_eq!(run(py, code), "('PanicException', 'no module')"));
}

#[test]
fn many_interpreters_import_one_binary_at_once() {
    start();
    let subs: Vec<_> = (0..8)
        .map(|_| SubInterpreter::builder().build().unwrap())
        .collect();
    let classes: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = subs
            .iter()
            .map(|sub| {
                scope.spawn(|| {
                    sub.attach(|py| {
                        assert_eq!(run(py, BY_FUNCTION), BY_FUNCTION_RESULT);
                        let code = "import by_items as m; result = m.nested.quadruple(2)";
                        assert_eq!(run(py, code), "8");
                        let code = "import renamed; result = renamed.id";
                        assert_eq!(run(py, code), py.interpreter().id().to_string());
                        py.get_type::<Trouble>().as_ptr() as usize
                    })
                    .unwrap()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let different: std::collections::HashSet<_> = classes.iter().collect();
    assert_eq!(
        different.len(),
        subs.len(),
        "one exception class per interpreter"
    );
}

#[test]
fn a_module_is_refused_in_unsupported_interpreters() {
    start();
    Python::attach(|py| {
        assert_eq!(run(py, "import main_only; result = 1"), "1");
        assert_eq!(run(py, "import shared_gil; result = 1"), "1");
    });
    let refusal =
        |name| format!("ImportError: module {name} does not support loading in subinterpreters");
    let own = SubInterpreter::builder().build().unwrap();
    own.attach(|py| {
        assert_eq!(
            run(py, "import main_only; result = 1"),
            refusal("main_only")
        );
        let shared = run(py, "import shared_gil; result = 1");
        if py.version_info() >= (3, 12) {
            assert_eq!(shared, refusal("shared_gil"));
        } else {
            // 3.11 has a single GIL.
            assert_eq!(shared, "1");
        }
    })
    .unwrap();
    let legacy = SubInterpreter::builder().legacy().build().unwrap();
    legacy
        .attach(|py| {
            assert_eq!(
                run(py, "import main_only; result = 1"),
                refusal("main_only")
            );
            assert_eq!(run(py, "import shared_gil; result = 1"), "1");
        })
        .unwrap();
}

#[test]
fn a_module_ends_with_its_interpreter() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::SeqCst);
        }
    }
    start();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let module = py.import("by_function").unwrap();
        let counted = Counted;
        let closure = pyatoll::types::PyCFunction::new_closure(py, None, None, move |_, _| {
            let _ = &counted;
        })
        .unwrap();
        module.add("closure", closure).unwrap();
    })
    .unwrap();
    assert_eq!(DROPS.load(Ordering::SeqCst), 0);
    sub.close().unwrap();
    assert_eq!(DROPS.load(Ordering::SeqCst), 1);
}
