//! [`ErrorState`]: the lazy or normalized exception in a [`PyErr`](super::PyErr).
//!
//! Invariants:
//! - A lazy exception becomes one exception object, whichever thread asks for it first.
//! - The lock is not held while Python code runs.

use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::{self, ThreadId};

use pyo3_ffi as ffi;

use crate::exceptions::PyBaseException;
use crate::interpreter::sync::lock;
use crate::interpreter::{Interpreter, Python, compat};
use crate::object::{Bound, Py};
use crate::types::{PyAny, PyString};

/// The class and the arguments of a lazy exception.
enum Make {
    /// From the class and the text in [`ErrorState::text`].
    Text,
    /// From a class and one owned text.
    OwnedText(ClassOf, String),
    /// From a class and one object.
    #[cfg(feature = "experimental-async")]
    Object(ClassOf, Py<PyAny>),
    /// From the class and the arguments that the closure returns.
    Boxed(Arguments),
}

/// A function that returns an exception class of the token's interpreter, borrowed.
pub(super) type ClassOf = fn(Python<'_>) -> *mut ffi::PyTypeObject;

type Arguments = Box<dyn FnOnce(Python<'_>) -> (Py<PyAny>, Py<PyAny>) + Send + Sync>;

pub(super) struct ErrorState {
    exception: OnceLock<Py<PyBaseException>>,
    /// The class and the text of the most frequent kind of error. They are outside the lock, so
    /// that they are written in place: a copy of what was just written in parts stalls the
    /// processor.
    text: Option<(ClassOf, &'static str)>,
    lazy: Mutex<Lazy>,
}

enum Lazy {
    Pending(Make),
    /// The thread that creates the exception.
    InProgress(ThreadId),
    Done,
}

impl ErrorState {
    pub(super) fn lazy(
        make: impl FnOnce(Python<'_>) -> (Py<PyAny>, Py<PyAny>) + Send + Sync + 'static,
    ) -> Box<Self> {
        Self::made_by(Make::Boxed(Box::new(make)))
    }

    /// Creates a [`lazy`](ErrorState::lazy) error with a text as the only argument.
    pub(super) fn text(class: ClassOf, text: &'static str) -> Box<Self> {
        // A constant is copied from its memory, where nothing has just been written.
        #[expect(
            clippy::declare_interior_mutable_const,
            reason = "each error has its own copy"
        )]
        const LAZY: Mutex<Lazy> = Mutex::new(Lazy::Pending(Make::Text));
        Self::pending(Some((class, text)), LAZY)
    }

    /// Creates an error with an owned [`text`](ErrorState::text).
    pub(super) fn owned_text(class: ClassOf, text: String) -> Box<Self> {
        Self::made_by(Make::OwnedText(class, text))
    }

    /// Creates a [`lazy`](ErrorState::lazy) error with an object as the only argument.
    #[cfg(feature = "experimental-async")]
    pub(super) fn object(class: ClassOf, object: Py<PyAny>) -> Box<Self> {
        Self::made_by(Make::Object(class, object))
    }

    fn made_by(make: Make) -> Box<Self> {
        Self::pending(None, Mutex::new(Lazy::Pending(make)))
    }

    #[inline(always)]
    fn pending(text: Option<(ClassOf, &'static str)>, lazy: Mutex<Lazy>) -> Box<Self> {
        // Allocated first, so that the value is constructed in place.
        let uninit = Box::new_uninit();
        Box::write(
            uninit,
            Self {
                exception: OnceLock::new(),
                text,
                lazy,
            },
        )
    }

    pub(super) fn normalized(exception: Py<PyBaseException>) -> Box<Self> {
        Box::new(Self {
            exception: OnceLock::from(exception),
            text: None,
            lazy: Mutex::new(Lazy::Done),
        })
    }

    fn locked(&self) -> MutexGuard<'_, Lazy> {
        lock(&self.lazy)
    }

    /// Runs `f` in the exception's interpreter; for a lazy exception, in the one the thread is
    /// attached to, or the default. Returns the reason if it cannot be entered.
    pub(super) fn attach<R>(&self, f: impl FnOnce(Python<'_>) -> R) -> Result<R, String> {
        match self.exception.get() {
            Some(exception) => {
                let entered = exception.interpreter().attach(f);
                entered.map_err(|error| error.to_string())
            }
            None => Python::try_attach(f).ok_or_else(|| "no interpreter to make it in".into()),
        }
    }

    /// Returns the interpreter of the exception object, if that was created.
    pub(super) fn interpreter(&self) -> Option<Interpreter> {
        self.exception.get().map(Py::interpreter)
    }

    /// Returns whether this is a `RecursionError` of the token's interpreter: one that was raised,
    /// or that has a text as its only argument. Creates no exception object.
    pub(super) fn is_recursion_error(&self, py: Python<'_>) -> bool {
        let class = match self.exception.get() {
            Some(exception) => match exception.try_bind(py) {
                Ok(exception) => exception.as_ptr(),
                Err(_) => return false,
            },
            None => match (&self.text, &*self.locked()) {
                (Some((class, _)), _) | (None, Lazy::Pending(Make::OwnedText(class, _))) => {
                    class(py).cast()
                }
                _ => return false,
            },
        };
        // SAFETY: attached; an exception or an exception class of this interpreter, and a class of
        // CPython.
        unsafe { ffi::PyErr_GivenExceptionMatches(class, ffi::PyExc_RecursionError) != 0 }
    }

    /// Returns the exception object, creating it if necessary.
    #[track_caller]
    pub(super) fn normalize(&self, py: Python<'_>) -> &Py<PyBaseException> {
        match self.exception.get() {
            Some(exception) => exception,
            None => self.make(py),
        }
    }

    #[cold]
    #[track_caller]
    fn make(&self, py: Python<'_>) -> &Py<PyBaseException> {
        loop {
            let mut lazy = self.locked();
            if let Some(exception) = self.exception.get() {
                return exception;
            }
            match &*lazy {
                Lazy::InProgress(thread) => {
                    assert!(
                        *thread != thread::current().id(),
                        "the arguments of a Python exception use the exception itself"
                    );
                    // Another thread creates the exception, and may need this interpreter's GIL.
                    drop(lazy);
                    py.detach(thread::yield_now);
                }
                Lazy::Pending(_) | Lazy::Done => {
                    let in_progress = Lazy::InProgress(thread::current().id());
                    let was = std::mem::replace(&mut *lazy, in_progress);
                    // Python code, which may wait for other threads, must not run under the lock.
                    drop(lazy);
                    let _done = DoneOnDrop(self);
                    match was {
                        Lazy::Pending(make) => raise_lazy(py, self.text, make),
                        // The thread that began to create it panicked.
                        _ => raise_abandoned(py),
                    }
                    let exception = take_raised(py).expect("an exception was just set");
                    let _ = self.exception.set(exception.unbind());
                }
            }
        }
    }

    /// Makes this the current exception.
    pub(super) fn raise(mut self: Box<Self>, py: Python<'_>) {
        if let Some((class, text)) = self.text
            && let Ok(Lazy::Pending(Make::Text)) = self.lazy.get_mut()
        {
            drop(self);
            return raise_text(py, class, text);
        }
        let Self {
            exception,
            text,
            lazy,
        } = *self;
        if let Some(exception) = exception.into_inner() {
            return match exception.try_into_bound(py) {
                Ok(exception) => set_raised(exception),
                Err(error) => crate::PyErr::from(error).restore(py),
            };
        }
        match lazy
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
        {
            Lazy::Pending(make) => raise_lazy(py, text, make),
            // `self` is not shared: the thread that began to create the exception panicked.
            Lazy::InProgress(_) | Lazy::Done => raise_abandoned(py),
        }
    }
}

/// A guard that marks the creation as done, even if it panics.
struct DoneOnDrop<'a>(&'a ErrorState);

impl Drop for DoneOnDrop<'_> {
    fn drop(&mut self) {
        *self.0.locked() = Lazy::Done;
    }
}

/// Raises the exception that replaces one whose arguments panicked.
#[cold]
fn raise_abandoned(py: Python<'_>) {
    crate::exceptions::PySystemError::new_err("the arguments of this exception panicked")
        .restore(py);
}

/// Creates the exception and makes it the current one.
fn raise_lazy(py: Python<'_>, text: Option<(ClassOf, &'static str)>, make: Make) {
    match make {
        Make::Text => {
            let (class, text) = text.expect("an error from a text has it");
            raise_text(py, class, text);
        }
        Make::OwnedText(class, text) => raise_text(py, class, &text),
        #[cfg(feature = "experimental-async")]
        Make::Object(class, object) => raise_object(py, class, object),
        Make::Boxed(make) => raise_with(py, make),
    }
}

fn raise_text(py: Python<'_>, class: ClassOf, text: &str) {
    let class = class(py);
    let text = PyString::new(py, text);
    // SAFETY: attached; a live type object and a live `str`.
    unsafe { set_object(class.cast(), text.as_ptr()) };
}

#[cfg(feature = "experimental-async")]
fn raise_object(py: Python<'_>, class: ClassOf, object: Py<PyAny>) {
    let object = match object.try_into_bound(py) {
        Ok(object) => object,
        Err(error) => return crate::PyErr::from(error).restore(py),
    };
    let (class, object) = (class(py), object.as_ptr());
    // SAFETY: attached; a live type object and a live object; a new reference is released.
    unsafe {
        // `PyErr_SetObject` would take these for the arguments, for none, or for the exception.
        let is_argument = ffi::PyTuple_Check(object) == 0
            && object != ffi::Py_None()
            && ffi::PyExceptionInstance_Check(object) == 0;
        if is_argument {
            return set_object(class.cast(), object);
        }
        let arguments = ffi::PyTuple_Pack(1, object);
        // If there is no memory, that is the current exception.
        if !arguments.is_null() {
            set_object(class.cast(), arguments);
            ffi::Py_DECREF(arguments);
        }
    }
}

fn raise_with(py: Python<'_>, make: Arguments) {
    let (class, arguments) = make(py);
    let (class, arguments) = match (class.try_into_bound(py), arguments.try_into_bound(py)) {
        (Ok(class), Ok(arguments)) => (class, arguments),
        (Err(error), _) | (_, Err(error)) => return crate::PyErr::from(error).restore(py),
    };
    // SAFETY: attached; both objects are alive.
    unsafe { set_object(class.as_ptr(), arguments.as_ptr()) };
}

/// Creates an exception from a class and its arguments, and makes it the current one
/// (`PyErr_SetObject`).
///
/// # Safety
/// Attached; both objects must be alive.
unsafe fn set_object(class: *mut ffi::PyObject, arguments: *mut ffi::PyObject) {
    // SAFETY: attached; both objects are alive, and the functions take their own references.
    unsafe {
        if ffi::PyType_Check(class) != 0
            && ffi::PyType_HasFeature(class.cast(), ffi::Py_TPFLAGS_BASE_EXC_SUBCLASS) != 0
        {
            ffi::PyErr_SetObject(class, arguments);
        } else {
            ffi::PyErr_SetString(
                ffi::PyExc_TypeError,
                c"exceptions must derive from BaseException".as_ptr(),
            );
        }
    }
}

/// Takes the current exception as one normalized object with its traceback.
pub(super) fn take_raised(py: Python<'_>) -> Option<Bound<'_, PyBaseException>> {
    // SAFETY: attached; the call returns a new reference to an exception, or null.
    unsafe {
        let exception = Bound::from_owned_ptr_or_opt(py, compat::take_raised_value())?;
        Some(exception.cast_into_unchecked())
    }
}

fn set_raised(exception: Bound<'_, PyBaseException>) {
    // SAFETY: attached; the call takes over the reference to an exception.
    unsafe { compat::set_raised_value(exception.into_ptr()) };
}
