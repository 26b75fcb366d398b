//! Buffers, garbage collection, finalizers.

use pyatoll::exceptions::PyValueError;
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyList;
use pyatoll::{PyTraverseError, PyVisit, ffi};
use std::ffi::c_int;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::collector::collector;
use crate::{everywhere, names, run, run_with};

/// Exports its bytes as a buffer.
#[pyclass]
pub(crate) struct Bytes {
    data: Box<[u8]>,
    lent: usize,
}

#[pymethods]
impl Bytes {
    #[new]
    fn new() -> Self {
        Self {
            data: Box::new(*b"lent bytes"),
            lent: 0,
        }
    }

    #[getter]
    fn lent(&self) -> usize {
        self.lent
    }

    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let mut this = slf.borrow_mut();
        // SAFETY: the bytes do not move while the instance is alive, and the view keeps it alive.
        let status = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                this.data.as_mut_ptr().cast(),
                this.data.len() as ffi::Py_ssize_t,
                1,
                flags,
            )
        };
        if status != 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        this.lent += 1;
        Ok(())
    }

    unsafe fn __releasebuffer__(&mut self, _view: *mut ffi::Py_buffer) {
        self.lent -= 1;
    }
}

#[test]
fn a_buffer_is_exported_and_released() {
    everywhere(|py| {
        run::<Bytes>(
            py,
            "
            b = cls()
            with memoryview(b) as view:
                assert bytes(view) == b'lent bytes' and view.readonly and b.lent == 1
                assert bytes(b) == b'lent bytes'
            assert b.lent == 0
            ",
        );
    });
}

/// Number of dropped [`Node`] values; [`ALONE`] serializes the tests that use it.
static DROPPED: AtomicUsize = AtomicUsize::new(0);
static ALONE: Mutex<()> = Mutex::new(());

/// Can refer to itself.
#[pyclass(weakref)]
pub(crate) struct Node {
    others: Vec<Py<PyAny>>,
    panics: bool,
}

impl Drop for Node {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

#[pymethods]
impl Node {
    #[new]
    #[pyo3(signature = (panics = false))]
    fn new(panics: bool) -> Self {
        Self {
            others: Vec::new(),
            panics,
        }
    }

    fn refer(&mut self, other: Py<PyAny>) {
        self.others.push(other);
    }

    fn collect_while_borrowed(&mut self, py: Python<'_>) -> PyResult<()> {
        collector(py).call0()?;
        Ok(())
    }

    fn calm(&mut self) {
        self.panics = false;
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        assert!(!self.panics, "the collector sees this");
        for other in &self.others {
            visit.call(other)?;
        }
        Ok(())
    }

    fn __clear__(&mut self) {
        self.others.clear();
    }
}

/// As [`run`], with a [`collector`] as `collect`.
fn run_with_collector<T: pyatoll::PyTypeInfo>(py: Python<'_>, code: &str) {
    let names = names(py);
    names.set_item("cls", py.get_type::<T>()).unwrap();
    names.set_item("collect", collector(py)).unwrap();
    run_with(py, &names, code);
}

#[test]
fn cycles_are_collected() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    everywhere(|py| {
        let before = DROPPED.load(Ordering::Relaxed);
        run_with_collector::<Node>(
            py,
            "
            import weakref
            a, b = cls(), cls()
            a.refer(b)
            b.refer(a)
            gone = weakref.ref(a)
            a.collect_while_borrowed()
            del a, b
            collect()
            assert gone() is None
            ",
        );
        assert_eq!(DROPPED.load(Ordering::Relaxed), before + 2);
    });
}

#[test]
fn a_panic_in_traverse_does_not_end_the_process() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    everywhere(|py| {
        run_with_collector::<Node>(
            py,
            "
            import weakref
            a = cls(panics=True)
            a.refer(a)
            seen = weakref.ref(a)
            del a
            collect()
            assert seen() is not None
            seen().calm()
            collect()
            assert seen() is None
            ",
        );
    });
}

#[test]
fn objects_of_another_interpreter_are_not_visited() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let foreign = Python::attach(|py| PyList::empty(py).into_any().unbind());
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let node = Bound::new(py, Node::new(false)).unwrap();
        node.borrow_mut().others.push(foreign);
        node.borrow_mut()
            .others
            .push(node.clone().into_any().unbind());
        drop(node);
        py.import("gc").unwrap().call_method0("collect").unwrap();
    })
    .unwrap();
    sub.close().unwrap();
}

/// Records its finalization.
#[pyclass(subclass)]
struct Finalized {
    log: Py<PyList>,
    fails: bool,
}

#[pymethods]
impl Finalized {
    #[new]
    #[pyo3(signature = (log, fails = false))]
    fn new(log: Py<PyList>, fails: bool) -> Self {
        Self { log, fails }
    }

    fn __del__(&self, py: Python<'_>) -> PyResult<()> {
        self.log.bind(py).append("finalized")?;
        if self.fails {
            return Err(PyValueError::new_err("too late"));
        }
        Ok(())
    }
}

#[test]
fn a_finalizer_runs_once_and_may_fail() {
    everywhere(|py| {
        run::<Finalized>(
            py,
            "
            import sys
            log = []
            f = cls(log)
            assert log == []
            del f
            assert log == ['finalized']

            class Sub(cls):
                pass
            Sub(log)
            assert log == ['finalized'] * 2

            unraisable = []
            before, sys.unraisablehook = sys.unraisablehook, lambda args: unraisable.append(str(args.exc_value))
            try:
                raise KeyError('kept')
            except KeyError as error:
                cls(log, fails=True)
                assert error.args == ('kept',)
            sys.unraisablehook = before
            assert unraisable == ['too late'] and log == ['finalized'] * 3
            ",
        );
    });
}
