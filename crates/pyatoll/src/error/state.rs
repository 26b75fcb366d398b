//! What a [`PyErr`](super::PyErr) holds: how to make the exception, or the exception.

use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::{self, ThreadId};

use pyo3_ffi as ffi;

use crate::exceptions::PyBaseException;
use crate::interpreter::sync::lock;
use crate::interpreter::{Interpreter, Python, compat};
use crate::object::{Bound, Py};
use crate::types::{PyAny, PyString};

/// Makes a lazy exception.
enum Make {
    /// Of a class, with one text: most are, and so need no closure.
    Text(ClassOf, &'static str),
    /// The same with a text of its own.
    OwnText(ClassOf, String),
    /// Its class and its arguments.
    Boxed(Arguments),
}

/// The class of an exception in the token's interpreter, borrowed.
pub(super) type ClassOf = fn(Python<'_>) -> *mut ffi::PyTypeObject;

type Arguments = Box<dyn FnOnce(Python<'_>) -> (Py<PyAny>, Py<PyAny>) + Send + Sync>;

pub(super) struct State {
    exception: OnceLock<Py<PyBaseException>>,
    lazy: Mutex<Lazy>,
}

enum Lazy {
    Unmade(Make),
    /// This thread is making it.
    Making(ThreadId),
    Made,
}

impl State {
    pub(super) fn lazy(
        make: impl FnOnce(Python<'_>) -> (Py<PyAny>, Py<PyAny>) + Send + Sync + 'static,
    ) -> Box<Self> {
        Self::unmade(Make::Boxed(Box::new(make)))
    }

    /// As [`lazy`](State::lazy), with a text for the only argument.
    pub(super) fn text(class: ClassOf, text: &'static str) -> Box<Self> {
        Self::unmade(Make::Text(class, text))
    }

    /// As [`text`](State::text).
    pub(super) fn own_text(class: ClassOf, text: String) -> Box<Self> {
        Self::unmade(Make::OwnText(class, text))
    }

    #[inline(always)]
    fn unmade(make: Make) -> Box<Self> {
        // Room first, so that the parts are written to where they stay.
        let room = Box::new_uninit();
        Box::write(
            room,
            Self {
                exception: OnceLock::new(),
                lazy: Mutex::new(Lazy::Unmade(make)),
            },
        )
    }

    pub(super) fn normalized(exception: Py<PyBaseException>) -> Box<Self> {
        Box::new(Self {
            exception: OnceLock::from(exception),
            lazy: Mutex::new(Lazy::Made),
        })
    }

    fn locked(&self) -> MutexGuard<'_, Lazy> {
        lock(&self.lazy)
    }

    /// Runs `f` in the exception's interpreter; a lazy one's is whichever the thread is in, or the
    /// default. Says why where that cannot be entered.
    pub(super) fn attach<R>(&self, f: impl FnOnce(Python<'_>) -> R) -> Result<R, String> {
        match self.exception.get() {
            Some(exception) => {
                let entered = exception.interpreter().attach(f);
                entered.map_err(|error| error.to_string())
            }
            None => Python::try_attach(f).ok_or_else(|| "no interpreter to make it in".into()),
        }
    }

    /// The interpreter the exception was made in, if it was.
    pub(super) fn interpreter(&self) -> Option<Interpreter> {
        self.exception.get().map(Py::interpreter)
    }

    /// The exception object, made now if it was not.
    pub(super) fn normalize(&self, py: Python<'_>) -> &Py<PyBaseException> {
        match self.exception.get() {
            Some(exception) => exception,
            None => self.make(py),
        }
    }

    #[cold]
    fn make(&self, py: Python<'_>) -> &Py<PyBaseException> {
        loop {
            let mut lazy = self.locked();
            if let Some(exception) = self.exception.get() {
                return exception;
            }
            match &*lazy {
                Lazy::Making(thread) => {
                    assert!(
                        *thread != thread::current().id(),
                        "the arguments of a Python exception looked at the exception itself"
                    );
                    // Another thread is making it, and may need this interpreter.
                    drop(lazy);
                    py.detach(thread::yield_now);
                }
                Lazy::Unmade(_) | Lazy::Made => {
                    let making = Lazy::Making(thread::current().id());
                    let was = std::mem::replace(&mut *lazy, making);
                    // Not held while Python runs, which may wait for other threads.
                    drop(lazy);
                    let _made = Made(self);
                    match was {
                        Lazy::Unmade(make) => raise_lazy(py, make),
                        // A panic stopped whoever began to make it.
                        _ => raise_unmade(py),
                    }
                    let exception = take_raised(py).expect("an exception was just set");
                    let _ = self.exception.set(exception.unbind());
                }
            }
        }
    }

    /// Sets the exception as the current one.
    pub(super) fn raise(mut self: Box<Self>, py: Python<'_>) {
        if let Ok(Lazy::Unmade(Make::Text(class, text))) = self.lazy.get_mut() {
            let (class, text) = (*class, *text);
            drop(self);
            return raise_text(py, class, text);
        }
        let Self { exception, lazy } = *self;
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
            Lazy::Unmade(make) => raise_lazy(py, make),
            // By value, so nobody else has it: a panic stopped whoever began to make it.
            Lazy::Making(_) | Lazy::Made => raise_unmade(py),
        }
    }
}

/// Ends the making, also when it panics.
struct Made<'a>(&'a State);

impl Drop for Made<'_> {
    fn drop(&mut self) {
        *self.0.locked() = Lazy::Made;
    }
}

/// Sets the exception that stands for one whose arguments panicked.
#[cold]
fn raise_unmade(py: Python<'_>) {
    crate::exceptions::PySystemError::new_err("the arguments of this exception panicked")
        .restore(py);
}

/// Makes the exception and sets it.
fn raise_lazy(py: Python<'_>, make: Make) {
    match make {
        Make::Text(class, text) => raise_text(py, class, text),
        Make::OwnText(class, text) => raise_text(py, class, &text),
        Make::Boxed(make) => raise_with(py, make),
    }
}

fn raise_text(py: Python<'_>, class: ClassOf, text: &str) {
    let class = class(py);
    let text = PyString::new(py, text);
    // SAFETY: attached; a live type object and a string.
    unsafe { set_object(class.cast(), text.as_ptr()) };
}

fn raise_with(py: Python<'_>, make: Arguments) {
    let (class, arguments) = make(py);
    let (class, arguments) = match (class.try_into_bound(py), arguments.try_into_bound(py)) {
        (Ok(class), Ok(arguments)) => (class, arguments),
        (Err(error), _) | (_, Err(error)) => return crate::PyErr::from(error).restore(py),
    };
    // SAFETY: attached, all valid.
    unsafe { set_object(class.as_ptr(), arguments.as_ptr()) };
}

/// Makes an exception of a class and its arguments, and sets it (`PyErr_SetObject`).
///
/// # Safety
/// Attached; both are valid objects.
unsafe fn set_object(class: *mut ffi::PyObject, arguments: *mut ffi::PyObject) {
    // SAFETY: the functions take their own references.
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

/// Takes the exception that is set, as one normalised object with its traceback.
pub(super) fn take_raised(py: Python<'_>) -> Option<Bound<'_, PyBaseException>> {
    // SAFETY: attached; what comes back is a new reference to an exception, or null.
    unsafe {
        let exception = Bound::from_owned_ptr_or_opt(py, compat::take_raised_value())?;
        Some(exception.cast_into_unchecked())
    }
}

fn set_raised(exception: Bound<'_, PyBaseException>) {
    // SAFETY: attached; the reference is given up, to an exception.
    unsafe { compat::set_raised_value(exception.into_ptr()) };
}
