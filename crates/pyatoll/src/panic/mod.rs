//! Panics at the boundary to Python.
//!
//! A Rust panic never unwinds into C: it becomes a [`PanicException`], a class derived from
//! `BaseException` so that `except Exception` does not catch it. When that exception returns to
//! Rust, the panic resumes.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::panic::PanicException;
//! use pyatoll::exceptions::PyException;
//! use std::panic::{AssertUnwindSafe, catch_unwind};
//!
//! #[pyfunction]
//! fn fail() {
//!     panic!("oh no")
//! }
//!
//! Python::attach(|py| {
//!     let class = py.get_type::<PanicException>();
//!     assert!(!class.is_subclass_of::<PyException>()?);
//!     let fail = wrap_pyfunction!(fail, py)?;
//!     let resumed = catch_unwind(AssertUnwindSafe(|| fail.call0().is_err()));
//!     assert!(resumed.is_err(), "the call does not return: the panic resumes");
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

// | file | concern |
// |---|---|
// | `runtime` | the module that has the class |
// | `hook` | a panic hook that names the interpreter |

mod hook;
pub(crate) mod runtime;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;

pub use hook::install_hook;

use crate::error::PyErr;
use crate::exceptions::PyBaseException;
use crate::interpreter::Python;
use crate::interpreter::internals::Internals;
use crate::object::{Bound, WrongInterpreter};

/// The exception that a Rust panic becomes. There is one class per interpreter, shared by all
/// Pyatoll modules.
///
/// Its text is the panic's. In a sub-interpreter it has a note (`__notes__`) with the interpreter's
/// id and the name that Rust gave the thread.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::panic::PanicException;
/// use pyatoll::types::PyCFunction;
///
/// Python::attach(|py| {
///     let function = PyCFunction::new_closure(py, None, None, |_, _| -> () { panic!("oh no") })?;
///     let globals = pyatoll::types::PyDict::new(py);
///     globals.set_item("function", function)?;
///     py.run(
///         c"
/// try:
///     function()
/// except BaseException as error:
///     caught = type(error).__name__, str(error)
/// ",
///         Some(&globals),
///         None,
///     )?;
///     let caught: (String, String) = globals.get_item("caught")?.unwrap().extract()?;
///     assert_eq!(caught, ("PanicException".into(), "oh no".into()));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PanicException(crate::types::PyAny);

impl PanicException {
    /// Returns the class in the token's interpreter, borrowed; `None` if it cannot be created.
    fn class(py: Python<'_>) -> Option<NonNull<ffi::PyObject>> {
        // SAFETY: attached; the internals live as long as the interpreter. If the class cannot be
        // created, an exception is set, which the caller handles.
        unsafe {
            let internals = Internals::of(py.local())?;
            if let Some(class) = NonNull::new(internals.panic_exception()) {
                return Some(class);
            }
            let class = NonNull::new(ffi::PyErr_NewExceptionWithDoc(
                c"pyo3_runtime.PanicException".as_ptr(),
                c"A Rust function panicked.\n\n\
                Not an Exception, so that code which handles those lets it pass."
                    .as_ptr(),
                ffi::PyExc_BaseException,
                null_mut(),
            ))?;
            if runtime::complete(class.as_ptr()).is_none() {
                ffi::Py_DECREF(class.as_ptr());
                return None;
            }
            NonNull::new(internals.set_panic_exception(class))
        }
    }
}

crate::impl_exception_boilerplate!(PanicException);

// SAFETY: the interpreter's `Internals` keep the class alive; its instances are `PanicException`s.
unsafe impl crate::object::PyTypeInfo for PanicException {
    crate::object::hint! { TYPE_HINT = type_hint_identifier!("pyo3_runtime", "PanicException") }

    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject {
        match Self::class(py) {
            Some(class) => class.as_ptr().cast(),
            None => panic!("{}", PyErr::fetch(py)),
        }
    }
}

/// Returns the text of a panic.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else {
        "panic from Rust code".to_owned()
    }
}

/// Writes a line to the standard error output. Unlike `eprintln!` it does not panic where nobody
/// reads that (a closed pipe), since its callers are called by C.
#[cold]
#[inline(never)]
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Drops the payload of a caught panic where unwinding would reach C. If that panics, the new
/// payload is leaked.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
}

/// Runs foreign code whose panic must go no further, and discards that.
pub(crate) fn discarding(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        discard(payload);
    }
}

/// Raises an `ImportError` with the text of a panic, where there is no token.
///
/// # Safety
/// The thread must be attached.
#[cold]
pub(crate) unsafe fn raise_import_error(payload: Box<dyn Any + Send>) {
    let message = message(&*payload);
    discard(payload);
    // SAFETY: attached (upheld by the caller); the reference to the text is released.
    unsafe {
        let text = ffi::PyUnicode_FromStringAndSize(message.as_ptr().cast(), message.len() as _);
        if !text.is_null() {
            ffi::PyErr_SetObject(ffi::PyExc_ImportError, text);
            ffi::Py_DECREF(text);
        }
    }
}

/// Raises the exception that a caught panic becomes.
#[cold]
pub(crate) fn raise_panic(py: Python<'_>, payload: Box<dyn Any + Send>) {
    if let Some(error) = WrongInterpreter::of_panic(&*payload) {
        discard(payload);
        return PyErr::from(error).restore(py);
    }
    let message = message(&*payload);
    discard(payload);
    // SAFETY: attached; the class is alive, and the reference to the text is released.
    unsafe {
        let class = match PanicException::class(py) {
            Some(class) => class.as_ptr(),
            None => ffi::PyExc_SystemError,
        };
        // One that the code before the panic has left, or why there is no class: the class is
        // called below, which must not be done with an exception set.
        ffi::PyErr_Clear();
        let text = ffi::PyUnicode_FromStringAndSize(message.as_ptr().cast(), message.len() as _);
        if text.is_null() {
            return;
        }
        let exception = ffi::PyObject_CallFunctionObjArgs(class, text, null_mut::<ffi::PyObject>());
        ffi::Py_DECREF(text);
        if !exception.is_null() {
            add_whereabouts(py, exception);
            ffi::PyErr_SetObject(class, exception);
            ffi::Py_DECREF(exception);
        }
    }
}

/// Adds a note with the interpreter and the thread to a new exception, except in the main
/// interpreter, which readers expect.
///
/// Out of line, since it reads one of std's thread-locals.
///
/// # Safety
/// `exception` must be a live exception of the token's interpreter.
#[cold]
#[inline(never)]
unsafe fn add_whereabouts(py: Python<'_>, exception: *mut ffi::PyObject) {
    let interpreter = py.interpreter();
    if interpreter.is_main() {
        return;
    }
    let mut note = format!("in interpreter {}", interpreter.id());
    if let Some(name) = std::thread::current().name() {
        note.push_str(&format!(", on the thread '{name}'"));
    }
    // SAFETY: attached (`py`), and a live exception (upheld by the caller); each reference is
    // released.
    unsafe {
        let note = ffi::PyUnicode_FromStringAndSize(note.as_ptr().cast(), note.len() as _);
        let name = ffi::PyUnicode_InternFromString(c"add_note".as_ptr());
        let mut added = null_mut();
        if !note.is_null() && !name.is_null() {
            let end = null_mut::<ffi::PyObject>();
            added = ffi::PyObject_CallMethodObjArgs(exception, name, note, end);
        }
        if added.is_null() {
            // Without memory, the panic itself is what matters.
            ffi::PyErr_Clear();
        }
        for object in [note, name, added] {
            ffi::Py_XDECREF(object);
        }
    }
}

/// Resumes the panic if `exception` is a [`PanicException`].
#[inline]
pub(crate) fn resume_if_panic(py: Python<'_>, exception: &Bound<'_, PyBaseException>) {
    // SAFETY: attached; the exception is alive. Only existing internals are read: without them
    // there is no such exception.
    let class = unsafe {
        // The class is a heap type; most exceptions are instances of static ones.
        let flags = ffi::PyType_GetFlags(ffi::Py_TYPE(exception.as_ptr()));
        if flags & ffi::Py_TPFLAGS_HEAPTYPE == 0 {
            return;
        }
        match Internals::existing(py.local()) {
            Some(internals) => internals.panic_exception(),
            None => return,
        }
    };
    // SAFETY: attached; the exception is alive.
    if class.is_null() || class != unsafe { ffi::Py_TYPE(exception.as_ptr()).cast() } {
        return;
    }
    resume(exception);
}

#[cold]
fn resume(exception: &Bound<'_, PyBaseException>) -> ! {
    let message = exception.to_string();
    say(format_args!(
        "a Rust panic that Python code let pass in interpreter {} goes on: {message}",
        exception.py().interpreter().id()
    ));
    std::panic::resume_unwind(Box::new(message))
}
