//! Panics of the library name the line of user code that called it.

use std::cell::RefCell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::sync::PyOnceLock;
use pyatoll::types::{IntoPyDict, PyBytes, PyComplex, PyComplexMethods, PyList, PySet, PyTuple};
use pyatoll::{PyTraverseError, PyVisit, import_exception};

thread_local! {
    /// The file and line of this thread's last panic.
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// Runs `f`, which must panic, and returns the file and line that the panic reports.
fn place_of_panic(f: impl FnOnce()) -> (String, u32) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        set_hook(Box::new(|info| {
            let place = info.location().unwrap();
            PLACE.set(Some((place.file().to_owned(), place.line())));
            eprintln!("{info}");
        }));
    });
    PLACE.set(None);
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err(), "no panic");
    PLACE.take().unwrap()
}

/// Asserts that the expression panics, and that the report names its line. It must be on one line,
/// with the macro: `line!` is that of the macro's call.
macro_rules! panics_here {
    ($expression:expr) => {
        assert_eq!(
            place_of_panic(|| {
                let _ = $expression;
            }),
            (file!().to_owned(), line!()),
            stringify!($expression)
        )
    };
}

/// Runs `f` with an object and an exception of another interpreter.
fn with_foreign(f: impl FnOnce(Python<'_>, Py<PyAny>, PyErr)) {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let (list, error) = sub
        .attach(|py| {
            let error = py.eval(c"1 / 0", None, None).unwrap_err();
            (PyList::empty(py).into_any().unbind(), error)
        })
        .unwrap();
    Python::attach(|py| f(py, list, error));
}

#[test]
#[rustfmt::skip]
fn a_handle_in_the_wrong_interpreter() {
    with_foreign(|py, list, _| {
        panics_here!(list.bind(py));
        panics_here!(list.bind_borrowed(py));
        panics_here!(list.clone_ref(py));
        panics_here!(list.extract::<i32>(py));
        panics_here!(list.get_refcnt(py));
        panics_here!(list.is_none(py));
        panics_here!(list.cast_bound::<PyList>(py));
        panics_here!(list.into_bound(py));
    });
}

#[test]
#[rustfmt::skip]
fn an_exception_in_the_wrong_interpreter() {
    with_foreign(|py, list, error| {
        let class = py.get_type::<PyList>();
        panics_here!(error.is_instance_of::<pyatoll::exceptions::PyValueError>(py));
        panics_here!(error.is_instance(py, &class));
        panics_here!(error.matches(py, &class));
        panics_here!(error.value(py));
        panics_here!(error.get_type(py));
        panics_here!(error.traceback(py));
        panics_here!(error.set_traceback(py, None));
        panics_here!(error.cause(py));
        panics_here!(error.set_cause(py, None));
        panics_here!(error.context(py));
        panics_here!(error.set_context(py, None));
        panics_here!(error.clone_ref(py));
        panics_here!(error.add_note(py, "a note"));
        panics_here!(error.display(py));
        panics_here!(error.print(py));
        panics_here!(error.print_and_set_sys_last_vars(py));
        let own = pyatoll::exceptions::PyValueError::new_err("own");
        panics_here!(own.set_cause(py, Some(error)));
        drop(list);
    });
}

#[pyclass]
struct Word(String);

#[pyclass(frozen)]
struct Frozen;

#[pyclass(unsendable)]
struct HereOnly;

/// A class that cannot be created.
#[pyclass]
struct Broken;

#[pymethods]
impl Broken {
    #[classattr]
    fn broken() -> PyResult<i32> {
        Err(pyatoll::exceptions::PyValueError::new_err("broken"))
    }
}

#[test]
#[rustfmt::skip]
fn a_value_that_is_borrowed() {
    Python::attach(|py| {
        let word = Py::new(py, Word("tide".into())).unwrap();
        let bound = word.bind(py);
        let value = bound.borrow();
        assert_eq!(value.0, "tide");
        panics_here!(bound.borrow_mut());
        panics_here!(word.borrow_mut(py));
        drop(value);
        let value = bound.borrow_mut();
        panics_here!(bound.borrow());
        panics_here!(word.borrow(py));
        drop(value);
    });
}

#[test]
#[rustfmt::skip]
fn an_instance_of_another_thread() {
    let object = Python::attach(|py| Py::new(py, HereOnly).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| Python::attach(|py| {
            let bound = object.bind(py);
            panics_here!(bound.borrow());
            panics_here!(bound.borrow_mut());
            panics_here!(bound.try_borrow());
            panics_here!(bound.try_borrow_mut());
            panics_here!(pyatoll::PyClassGuard::try_borrow(bound.as_borrowed()));
        })).join().unwrap();
    });
    Python::attach(|_| drop(object));
}

#[test]
#[rustfmt::skip]
fn an_instance_that_has_not_been_constructed() {
    Python::attach(|py| {
        let class = py.get_type::<Frozen>();
        // SAFETY: attached; a class, whose allocated instance is complete but for its value.
        let frozen: Bound<'_, Frozen> = unsafe {
            let object = pyatoll::ffi::PyType_GenericAlloc(class.as_ptr().cast(), 0);
            Bound::from_owned_ptr(py, object).cast_into_unchecked()
        };
        panics_here!(frozen.get());
        panics_here!(frozen.as_unbound().get());
        panics_here!(frozen.as_borrowed().get());
        panics_here!(frozen.borrow());
    });
}

import_exception!(no.such.module, NoSuchError);

#[test]
#[rustfmt::skip]
fn a_class_that_cannot_be_created() {
    Python::attach(|py| {
        let object = py.None().into_bound(py);
        panics_here!(py.get_type::<Broken>());
        panics_here!(object.is_instance_of::<Broken>());
        panics_here!(object.is_exact_instance_of::<Broken>());
        panics_here!(object.cast::<Broken>());
        panics_here!(object.cast_exact::<Broken>());
        panics_here!(object.as_borrowed().cast::<Broken>());
        panics_here!(object.clone().cast_into::<Broken>());
        panics_here!(py.get_type::<NoSuchError>());
    });
}

#[test]
#[rustfmt::skip]
fn a_container_that_lies_or_changes() {
    struct Lies;
    impl Iterator for Lies {
        type Item = i32;
        fn next(&mut self) -> Option<i32> { None }
        fn size_hint(&self) -> (usize, Option<usize>) { (2, Some(2)) }
    }
    impl ExactSizeIterator for Lies {}

    Python::attach(|py| {
        panics_here!(PyList::new(py, Lies));
        panics_here!(PyTuple::new(py, Lies));
        let set = PySet::new(py, ["a", "b"]).unwrap();
        let mut items = set.iter();
        set.clear();
        panics_here!(items.next());
        let dict = [("a", 1), ("b", 2)].into_py_dict(py).unwrap();
        let mut entries = dict.iter();
        dict.clear();
        // A closure that holds the dict's lock is between the two on free-threaded builds.
        if cfg!(not(Py_GIL_DISABLED)) {
            panics_here!(entries.next());
        }
        let bytes = PyBytes::new(py, b"abc");
        panics_here!(bytes[3]);
        let zero = PyComplex::from_doubles(py, 0.0, 0.0);
        panics_here!(zero.pow(&PyComplex::from_doubles(py, -1.0, 0.0)));
    });
}

#[test]
#[rustfmt::skip]
fn a_cell_that_needs_itself() {
    static CELL: PyOnceLock<i32> = PyOnceLock::new();
    Python::attach(|py| {
        CELL.get_or_init(py, || {
            panics_here!(CELL.get_or_init(py, || 2));
            panics_here!(CELL.get_or_try_init(py, || Ok::<_, PyErr>(2)));
            1
        });
    });
}

/// Attaches in `__traverse__`, which must not panic itself: that would only be printed.
#[pyclass]
struct Attaches(AtomicBool);

#[pymethods]
impl Attaches {
    #[rustfmt::skip]
    fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let place = place_of_panic(|| Python::attach(|_| ())); let line = line!();
        self.0.store(place == (file!().to_owned(), line), Relaxed);
        Ok(())
    }
}

#[test]
fn an_attachment_in_traverse() {
    Python::attach(|py| {
        let object = Bound::new(py, Attaches(AtomicBool::new(false))).unwrap();
        let gc = py.import("gc").unwrap();
        gc.call_method1("get_referents", (&object,)).unwrap();
        assert!(object.borrow().0.load(Relaxed));
    });
}

/// Returns the `.rs` files below a folder.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_function_that_is_documented_to_panic_tracks_its_caller() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let (mut checked, mut missing) = (0, Vec::new());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // Doc comments and attributes since the last line that is neither.
        let (mut panics, mut tracks) = (false, false);
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("///") || line.starts_with('#') {
                panics |= line == "/// # Panics";
                tracks |= line.contains("track_caller");
                continue;
            }
            let is_function = line
                .split(['(', '<'])
                .next()
                .is_some_and(|start| start.split(' ').any(|word| word == "fn"));
            if is_function && panics {
                checked += 1;
                if !tracks {
                    missing.push(format!("{}:{}", file.display(), number + 1));
                }
            }
            // An attribute may have several lines.
            if is_function || line.is_empty() || line.ends_with(['{', '}', ';']) {
                (panics, tracks) = (false, false);
            }
        }
    }
    assert!(missing.is_empty(), "without #[track_caller]: {missing:#?}");
    assert!(checked > 80, "found {checked} functions only");
}
