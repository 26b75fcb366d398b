//! [`RaisedException`]: a Python exception as plain data.
//!
//! Invariants:
//! - A description holds no Python object, so it outlives the interpreter.
//! - Describing an exception never fails, and never panics: whatever raises or panics on the way is
//!   left out.
//! - A description consists of at most [`MAX_EXCEPTIONS`] exceptions. One that is part of it in
//!   several places counts in each, since whoever prints the description visits it in each. This
//!   also bounds the recursion of creating, comparing and dropping a description.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyBaseException, PyBaseExceptionGroup, PyRuntimeError};
use crate::interpreter::{Python, attach};
use crate::object::Bound;
use crate::panic;
use crate::types::{
    PyAny, PyAnyMethods, PyDict, PyDictMethods, PyList, PyString, PyStringMethods, PyTuple,
    PyTypeMethods,
};

/// Maximum number of exceptions in one description: causes, contexts and members of groups.
const MAX_EXCEPTIONS: usize = 100;

/// Maximum number of notes of one exception: their list may be of a class without an end.
const MAX_NOTES: usize = 1000;

/// A Python exception as plain data: class, text, notes, traceback, and what led to it.
///
/// A [`PyErr`] belongs to an interpreter. A `RaisedException` belongs to none: it can be cloned,
/// compared and sent, and outlives the interpreter. As an [`Error`](std::error::Error), its source
/// is the exception's cause or context.
///
/// `RaisedException::from(error)` enters the interpreter of the error to describe it. With a token,
/// [`RaisedException::new`] does not have to.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{RaisedException, SubInterpreter};
///
/// # Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let code = c"
/// try:
///     {}['port']
/// except KeyError as error:
///     raise ValueError('no port') from error
/// ";
/// let error: RaisedException = sub.attach(|py| py.run(code, None, None))?.unwrap_err().into();
/// sub.close()?;
/// assert_eq!((error.type_name(), error.message()), ("ValueError", "no port"));
/// assert_eq!(error.cause().unwrap().to_string(), "KeyError: 'port'");
/// assert!(error.traceback().ends_with("ValueError: no port\n"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RaisedException(Arc<Description>);

#[derive(PartialEq, Eq)]
struct Description {
    type_name: String,
    message: String,
    notes: Vec<String>,
    traceback: String,
    origin: Option<Origin>,
    exceptions: Vec<RaisedException>,
}

/// The exception that led to another one.
#[derive(PartialEq, Eq, Debug)]
enum Origin {
    /// `__cause__`
    Cause(RaisedException),
    /// `__context__`
    Context(RaisedException),
}

impl RaisedException {
    /// Describes `error`. An exception object of another interpreter is described there, while this
    /// thread is detached.
    ///
    /// The conversion cannot fail. What raises an exception itself, such as a class's `__str__`, is
    /// replaced by a text like `<exception str() failed>` or left out. An exception whose
    /// interpreter has ended is described as a `BaseException` with the reason. The first hundred
    /// exceptions of a chain or group are described, and none of them twice in a cycle.
    ///
    /// ```
    /// use pyatoll::RaisedException;
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let error = py.run(c"int('x')", None, None).unwrap_err();
    ///     let raised = RaisedException::new(py, &error);
    ///     assert_eq!(raised.type_name(), "ValueError");
    ///     assert!(raised.traceback().contains("line 1"));
    /// });
    /// ```
    pub fn new(py: Python<'_>, error: &PyErr) -> Self {
        match error.interpreter() {
            Some(owner) if owner != py.interpreter() => Self::from_elsewhere(error),
            _ => describe(py, error),
        }
    }

    /// Describes an error whose interpreter this thread may not be attached to.
    fn from_elsewhere(error: &PyErr) -> Self {
        if attach::is_in_traverse() {
            return Self::placeholder("the garbage collector is running");
        }
        let describe = || error.state.attach(|py| describe(py, error));
        let described = match error.interpreter() {
            Some(owner) if !owner.local().is_current() => attach::waiting(describe),
            _ => describe(),
        };
        described.unwrap_or_else(|why| Self::placeholder(&why))
    }

    /// Returns the description of an exception that cannot be described.
    fn placeholder(why: &str) -> Self {
        Self(Arc::new(Description {
            type_name: "BaseException".into(),
            message: format!("an exception that cannot be shown: {why}"),
            notes: Vec::new(),
            traceback: String::new(),
            origin: None,
            exceptions: Vec::new(),
        }))
    }

    /// Returns the name of the exception's class, prefixed by the module unless that is `builtins`.
    ///
    /// ```
    /// # use pyatoll::{InterpreterPool, pool::PoolError};
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let done = pool.submit(|py| py.run(c"import sys; sys.exit(3)", None, None)).join();
    /// let Err(PoolError::Raised(exception)) = done else { panic!() };
    /// assert_eq!((exception.type_name(), exception.message()), ("SystemExit", "3"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn type_name(&self) -> &str {
        &self.0.type_name
    }

    /// Returns `str(exception)`.
    ///
    /// ```
    /// # use pyatoll::{InterpreterPool, pool::PoolError};
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let done = pool.submit(|py| py.run(c"raise ValueError('bad')", None, None)).join();
    /// let Err(PoolError::Raised(exception)) = done else { panic!() };
    /// assert_eq!(exception.message(), "bad");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the exception's notes (`__notes__`).
    ///
    /// ```
    /// use pyatoll::RaisedException;
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad value");
    ///     error.add_note(py, "in line 3")?;
    ///     assert_eq!(RaisedException::new(py, &error).notes(), ["in line 3"]);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// See: PEP 678.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// Returns the text that Python would print for the exception: the calls, causes and notes.
    /// Empty if formatting it raised an exception. The text of a [`cause`](RaisedException::cause),
    /// [`context`](RaisedException::context) or [member](RaisedException::exceptions) is without
    /// its own causes.
    ///
    /// ```
    /// # use pyatoll::{InterpreterPool, pool::PoolError};
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let code = c"
    /// def half(n):
    ///     raise TypeError('odd')
    /// half(3)
    /// ";
    /// let done = pool.submit(|py| py.run(code, None, None)).join();
    /// let Err(PoolError::Raised(exception)) = done else { panic!() };
    /// assert!(exception.traceback().contains("line 3, in half"));
    /// assert!(exception.traceback().ends_with("TypeError: odd\n"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// See: `traceback.format_exception`.
    pub fn traceback(&self) -> &str {
        &self.0.traceback
    }

    /// Returns the exception that this one was raised from (`__cause__`).
    ///
    /// ```
    /// use pyatoll::RaisedException;
    /// use pyatoll::prelude::*;
    ///
    /// let code = c"raise KeyError('a') from ValueError('b')";
    /// let error = Python::attach(|py| py.run(code, None, None)).unwrap_err();
    /// let error = RaisedException::from(error);
    /// assert_eq!(error.cause().unwrap().to_string(), "ValueError: b");
    /// assert_eq!(error.context(), None);
    /// ```
    pub fn cause(&self) -> Option<&RaisedException> {
        match &self.0.origin {
            Some(Origin::Cause(cause)) => Some(cause),
            _ => None,
        }
    }

    /// Returns the exception that was being handled when this one was raised (`__context__`), if
    /// Python would print it: there is no cause, and no `raise … from None`.
    ///
    /// ```
    /// use pyatoll::RaisedException;
    /// use pyatoll::prelude::*;
    ///
    /// let code = c"try: 1 / 0\nexcept ZeroDivisionError: raise KeyError('a')";
    /// let error = Python::attach(|py| py.run(code, None, None)).unwrap_err();
    /// let error = RaisedException::from(error);
    /// assert_eq!(error.context().unwrap().type_name(), "ZeroDivisionError");
    /// ```
    pub fn context(&self) -> Option<&RaisedException> {
        match &self.0.origin {
            Some(Origin::Context(context)) => Some(context),
            _ => None,
        }
    }

    /// Returns the members of an exception group; nothing for any other exception.
    ///
    /// ```
    /// use pyatoll::RaisedException;
    /// use pyatoll::prelude::*;
    ///
    /// let code = c"raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])";
    /// let error = Python::attach(|py| py.run(code, None, None)).unwrap_err();
    /// let error = RaisedException::from(error);
    /// let members: Vec<&str> = error.exceptions().map(RaisedException::type_name).collect();
    /// assert_eq!(members, ["ValueError", "KeyError"]);
    /// ```
    ///
    /// See: PEP 654.
    pub fn exceptions(&self) -> impl ExactSizeIterator<Item = &RaisedException> {
        self.0.exceptions.iter()
    }
}

/// Describes the exception in its own interpreter. An error that was created in Rust and not used
/// yet is described in the interpreter that this thread is attached to, or the default one.
///
/// If the thread is attached to another interpreter, it is detached during the call.
///
/// ```
/// use pyatoll::RaisedException;
/// use pyatoll::exceptions::PyValueError;
///
/// # pyatoll::Python::initialize();
/// let raised = RaisedException::from(PyValueError::new_err("from Rust"));
/// assert_eq!(raised.to_string(), "ValueError: from Rust");
/// ```
impl From<PyErr> for RaisedException {
    fn from(error: PyErr) -> Self {
        Self::from_elsewhere(&error)
    }
}

/// A `RuntimeError` with the exception's class and text, as an exception of another interpreter
/// cannot be raised.
///
/// ```
/// use pyatoll::RaisedException;
/// use pyatoll::prelude::*;
/// use pyatoll::exceptions::PyKeyError;
///
/// Python::attach(|py| {
///     let raised = RaisedException::new(py, &PyKeyError::new_err("a"));
///     assert_eq!(PyErr::from(raised).to_string(), "RuntimeError: KeyError: 'a'");
/// });
/// ```
impl From<RaisedException> for PyErr {
    fn from(exception: RaisedException) -> Self {
        PyRuntimeError::new_err(exception.to_string())
    }
}

impl fmt::Display for RaisedException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Description {
            type_name, message, ..
        } = &*self.0;
        if message.is_empty() {
            f.write_str(type_name)
        } else {
            write!(f, "{type_name}: {message}")
        }
    }
}

impl fmt::Debug for RaisedException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaisedException")
            .field("type_name", &self.0.type_name)
            .field("message", &self.0.message)
            .field("notes", &self.0.notes)
            .field("traceback", &self.0.traceback)
            .field("origin", &self.0.origin)
            .field("exceptions", &self.0.exceptions)
            .finish()
    }
}

impl std::error::Error for RaisedException {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.origin {
            Some(Origin::Cause(origin) | Origin::Context(origin)) => Some(origin),
            None => None,
        }
    }
}

/// Describes an error in the interpreter of `py`, which must be the exception object's.
fn describe(py: Python<'_>, error: &PyErr) -> RaisedException {
    let mut describer = Describer {
        left: MAX_EXCEPTIONS,
        begun: Vec::new(),
    };
    let described = guarded(|| {
        // Runs the arguments of a lazy error.
        let exception = error.value(py);
        Ok(describer.describe(exception, None, true))
    });
    match described.flatten() {
        Some(described) => described,
        None => RaisedException::placeholder("its arguments panicked"),
    }
}

/// Describes the exceptions of one chain.
struct Describer<'py> {
    /// Number of exceptions that may still be described.
    left: usize,
    /// The exceptions seen so far, with their descriptions; `None` while one is in progress.
    begun: Vec<(Bound<'py, PyBaseException>, Option<Described>)>,
}

/// A description, and the number of exceptions that it consists of.
struct Described {
    exception: RaisedException,
    size: usize,
}

impl<'py> Describer<'py> {
    /// Returns the description of an exception; `None` if that would be a cycle, or one too many.
    /// `formatter` is its `TracebackException`, if there is one.
    fn describe(
        &mut self,
        exception: &Bound<'py, PyBaseException>,
        formatter: Option<Bound<'py, PyAny>>,
        with_chain: bool,
    ) -> Option<RaisedException> {
        let known = self.begun.iter().find(|(known, _)| known.is(exception));
        if let Some((_, described)) = known {
            let described = described.as_ref()?;
            self.left = self.left.checked_sub(described.size)?;
            return Some(described.exception.clone());
        }
        let left = self.left;
        self.left = left.checked_sub(1)?;
        let index = self.begun.len();
        self.begun.push((exception.clone(), None));
        let formatter = formatter.or_else(|| guarded(|| new_formatter(exception)));
        let traceback = formatter.as_ref();
        let traceback = traceback.and_then(|made| guarded(|| format(made, with_chain)));
        let described = RaisedException(Arc::new(Description {
            type_name: type_name(exception),
            message: guarded(|| text(exception.as_any()))
                .unwrap_or_else(|| "<exception str() failed>".into()),
            notes: guarded(|| notes(exception)).unwrap_or_default(),
            traceback: traceback.unwrap_or_default(),
            origin: self.origin(exception, formatter.as_ref()),
            exceptions: self.members(exception, formatter.as_ref()),
        }));
        self.begun[index].1 = Some(Described {
            exception: described.clone(),
            size: left - self.left,
        });
        Some(described)
    }

    fn origin(
        &mut self,
        exception: &Bound<'py, PyBaseException>,
        formatter: Option<&Bound<'py, PyAny>>,
    ) -> Option<Origin> {
        let py = exception.py();
        let formatter_of = |name: &Bound<'py, PyString>| {
            let of_origin = formatter.and_then(|made| guarded(|| made.getattr(name)));
            of_origin.filter(|formatter| !formatter.is_none())
        };
        let error = PyErr::from_value(exception.clone().into_any());
        if let Some(cause) = error.cause(py) {
            let formatter = formatter_of(crate::intern!(py, "__cause__"));
            let cause = self.describe(cause.value(py), formatter, false);
            return cause.map(Origin::Cause);
        }
        let is_suppressed = || {
            let flag = exception.getattr(crate::intern!(py, "__suppress_context__"))?;
            flag.is_truthy()
        };
        if guarded(is_suppressed) != Some(false) {
            return None;
        }
        let context = error.context(py)?;
        let formatter = formatter_of(crate::intern!(py, "__context__"));
        let context = self.describe(context.value(py), formatter, false);
        context.map(Origin::Context)
    }

    fn members(
        &mut self,
        exception: &Bound<'py, PyBaseException>,
        formatter: Option<&Bound<'py, PyAny>>,
    ) -> Vec<RaisedException> {
        if !exception.is_instance_of::<PyBaseExceptionGroup>() {
            return Vec::new();
        }
        // One more would not be described anyway.
        let list = |object: &Bound<'py, PyAny>| {
            let members = object.getattr(crate::intern!(object.py(), "exceptions"))?;
            let members = members.try_iter()?.take(MAX_EXCEPTIONS);
            members.collect::<PyResult<Vec<_>>>()
        };
        let members = guarded(|| list(exception)).unwrap_or_default();
        let formatters = formatter.and_then(|formatter| guarded(|| list(formatter)));
        let formatters = formatters.filter(|formatters| formatters.len() == members.len());
        let mut formatters = formatters.unwrap_or_default().into_iter();
        let described = members.into_iter().filter_map(|member| {
            let formatter = formatters.next();
            let member = member.cast_into::<PyBaseException>().ok()?;
            self.describe(&member, formatter, false)
        });
        described.collect()
    }
}

/// Returns the result of `f`, which runs Python code; `None` if it raises or panics.
fn guarded<R>(f: impl FnOnce() -> PyResult<R>) -> Option<R> {
    let result: Result<_, Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(f));
    match result {
        Ok(result) => result.ok(),
        Err(payload) => {
            panic::discard(payload);
            None
        }
    }
}

fn type_name(exception: &Bound<'_, PyBaseException>) -> String {
    let class = crate::types::typeobject::type_of(exception.as_any());
    let name = guarded(|| Ok(class.fully_qualified_name()?.to_string()));
    name.unwrap_or_else(|| crate::types::typeobject::qualname_of_type(exception.as_any()))
}

fn text(object: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(object.str()?.to_string_lossy().into_owned())
}

/// Returns the notes as Python prints them.
fn notes(exception: &Bound<'_, PyBaseException>) -> PyResult<Vec<String>> {
    let notes = exception.getattr(crate::intern!(exception.py(), "__notes__"))?;
    if notes.is_none() {
        return Ok(Vec::new());
    }
    if !notes.is_instance_of::<PyList>() && !notes.is_instance_of::<PyTuple>() {
        let shown = guarded(|| text(notes.repr()?.as_any()));
        return Ok(vec![
            shown.unwrap_or_else(|| "<__notes__ repr() failed>".into()),
        ]);
    }
    let shown = notes.try_iter()?.take(MAX_NOTES).map(|note| {
        let note = note?;
        Ok(guarded(|| text(&note)).unwrap_or_else(|| "<note str() failed>".into()))
    });
    shown.collect()
}

/// Returns a `TracebackException`. It has others for the exception's cause, context and members, so
/// that all are formatted in a time that is linear in the length of the chain.
fn new_formatter<'py>(exception: &Bound<'py, PyBaseException>) -> PyResult<Bound<'py, PyAny>> {
    let py = exception.py();
    let options = PyDict::new(py);
    // As `format_exception`: without contexts that are not printed.
    options.set_item(crate::intern!(py, "compact"), true)?;
    let class = py
        .import(crate::intern!(py, "traceback"))?
        .getattr(crate::intern!(py, "TracebackException"))?;
    class.call_method("from_exception", (exception,), Some(&options))
}

/// Returns the text that Python prints for an exception.
fn format(formatter: &Bound<'_, PyAny>, with_chain: bool) -> PyResult<String> {
    let py = formatter.py();
    let options = PyDict::new(py);
    options.set_item(crate::intern!(py, "chain"), with_chain)?;
    let lines = formatter.call_method("format", (), Some(&options))?;
    lines.try_iter()?.map(|line| text(&line?)).collect()
}
