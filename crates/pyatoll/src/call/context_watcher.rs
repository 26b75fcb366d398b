//! Watching switches of the current context. From Python 3.14, on builds with a GIL.
//!
//! CPython has room for eight watchers in an interpreter, and calls through a null pointer if a
//! watcher clears a later one while they are being notified. So each binary registers one watcher
//! in an interpreter, on first use, and never clears it: the interpreter forgets it at its end. It
//! calls the Rust functions, of which there may be any number. Removing one only clears its flag,
//! for which a thread need not be attached.
//!
//! Invariant: the list of functions is only locked by attached threads, never while Python code or
//! a function runs.

use std::ffi::c_int;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pyo3_ffi as ffi;

use super::token::token_of_call;
use super::trampoline::trampoline_unraisable;
use crate::error::{PyErr, PyResult};
use crate::interpreter::sync::lock;
use crate::interpreter::{Interpreter, LocalInternals, Python};
use crate::object::{Borrowed, WrongInterpreter};
use crate::sync::InterpreterLocal;
use crate::types::returned::status;
use crate::types::{PyAny, PyContext};

/// A function that is called with events.
type Callback = for<'a, 'py> fn(Python<'py>, ContextEvent<'a, 'py>) -> PyResult<()>;

/// An event that a context watcher is called with.
#[derive(Debug)]
#[non_exhaustive]
pub enum ContextEvent<'a, 'py> {
    /// The current context has changed to this one, or to none.
    Switched(Option<Borrowed<'a, 'py, PyContext>>),
    /// An event that this version of the library does not know.
    Unknown {
        /// CPython's number for the event.
        raw_event: ffi::PyContextEvent,
        /// The object that CPython passes with it.
        object: Option<Borrowed<'a, 'py, PyAny>>,
    },
}

/// A function for [`PyContext::add_watcher`], from [`watch_callback!`](crate::watch_callback).
pub struct WatchCallback(Callback);

impl WatchCallback {
    #[doc(hidden)]
    pub const fn new(callback: Callback) -> Self {
        Self(callback)
    }
}

/// Makes a function a callback for [`PyContext::add_watcher`].
///
/// [`PyContext::add_watcher`]: crate::types::PyContext::add_watcher
///
/// The function is given by its path, and has the signature
/// `fn(Python<'_>, ContextEvent<'_, '_>) -> PyResult<()>`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyContext;
/// use pyatoll::types::context::{ContextEvent, watch_callback};
///
/// fn switched(_py: Python<'_>, event: ContextEvent<'_, '_>) -> PyResult<()> {
///     if let ContextEvent::Switched(Some(context)) = event {
///         println!("the current context is {context}");
///     }
///     Ok(())
/// }
///
/// Python::attach(|py| {
///     let _guard = PyContext::add_watcher(py, watch_callback!(switched))?;
///     py.run(c"import contextvars; contextvars.Context().run(print)", None, None)
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[macro_export]
macro_rules! watch_callback {
    ($callback:path) => {
        $crate::types::context::WatchCallback::new($callback)
    };
}

impl PyContext {
    /// Calls a function whenever the current context of a thread of this interpreter changes, until
    /// the guard is dropped. Functions are called in the order in which they were added.
    ///
    /// An error or a panic of the function goes to `sys.unraisablehook`.
    ///
    /// # Errors
    /// `RuntimeError` if other libraries have registered as many watchers as CPython has room for.
    ///
    /// # Panics
    /// If the interpreter is being finalized.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyContext;
    /// use pyatoll::types::context::{ContextEvent, watch_callback};
    ///
    /// static SWITCHES: AtomicUsize = AtomicUsize::new(0);
    ///
    /// fn count(_py: Python<'_>, _event: ContextEvent<'_, '_>) -> PyResult<()> {
    ///     SWITCHES.fetch_add(1, Ordering::Relaxed);
    ///     Ok(())
    /// }
    ///
    /// Python::attach(|py| {
    ///     let guard = PyContext::add_watcher(py, watch_callback!(count))?;
    ///     py.run(c"import contextvars; contextvars.Context().run(int)", None, None)?;
    ///     assert_eq!(SWITCHES.load(Ordering::Relaxed), 2);
    ///     guard.clear()
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyContext_AddWatcher`.
    #[track_caller]
    pub fn add_watcher(
        py: Python<'_>,
        callback: WatchCallback,
    ) -> PyResult<BoundContextWatcherGuard<'_>> {
        let watchers = WATCHERS.get_or_try_init(py, || {
            // SAFETY: attached. The function is never unloaded, and the interpreter calls it with
            // its events only.
            let id = unsafe { ffi::PyContext_AddWatcher(notify) };
            status(py, id.min(0))?;
            Ok::<_, PyErr>(Watchers::default())
        })?;
        let active = watchers.add(callback.0);
        Ok(BoundContextWatcherGuard { active, py })
    }
}

/// Keeps a context watcher registered until it is dropped, while this thread is attached.
///
/// See [`PyContext::add_watcher`] for an example.
#[must_use = "the watcher is removed when the guard is dropped"]
pub struct BoundContextWatcherGuard<'py> {
    /// The watcher's flag.
    active: Arc<AtomicBool>,
    py: Python<'py>,
}

impl BoundContextWatcherGuard<'_> {
    /// Removes the watcher, as dropping the guard does.
    ///
    /// # Errors
    /// None; the result is there for compatibility with PyO3.
    ///
    /// C API: `PyContext_ClearWatcher`.
    pub fn clear(self) -> PyResult<()> {
        Ok(())
    }

    /// Converts the guard to one that does not depend on an attachment.
    pub fn unbind(mut self) -> ContextWatcherGuard {
        ContextWatcherGuard {
            active: std::mem::take(&mut self.active),
            owner: self.py.owner(),
        }
    }
}

/// Keeps a context watcher registered until it is dropped, by any thread, or its interpreter ends.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyContext;
/// use pyatoll::types::context::{ContextEvent, watch_callback};
///
/// fn switched(_py: Python<'_>, _event: ContextEvent<'_, '_>) -> PyResult<()> {
///     Ok(())
/// }
///
/// let guard = Python::attach(|py| {
///     Ok::<_, PyErr>(PyContext::add_watcher(py, watch_callback!(switched))?.unbind())
/// })?;
/// std::thread::spawn(move || drop(guard)).join().unwrap();
/// # Ok::<_, PyErr>(())
/// ```
#[must_use = "the watcher is removed when the guard is dropped"]
pub struct ContextWatcherGuard {
    /// The watcher's flag.
    active: Arc<AtomicBool>,
    owner: &'static LocalInternals,
}

impl ContextWatcherGuard {
    /// Removes the watcher, as dropping the guard does. The token may be of any interpreter.
    ///
    /// # Errors
    /// None; the result is there for compatibility with PyO3.
    ///
    /// C API: `PyContext_ClearWatcher`.
    pub fn clear(self, _py: Python<'_>) -> PyResult<()> {
        Ok(())
    }

    /// Converts the guard to one that lives as long as the token at most.
    ///
    /// # Panics
    /// If the token is of another interpreter than the watcher.
    #[track_caller]
    pub fn into_bound(mut self, py: Python<'_>) -> BoundContextWatcherGuard<'_> {
        if !std::ptr::eq(self.owner, py.owner()) {
            WrongInterpreter::new(Interpreter::new(self.owner), py).panic();
        }
        BoundContextWatcherGuard {
            active: std::mem::take(&mut self.active),
            py,
        }
    }
}

impl fmt::Debug for BoundContextWatcherGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundContextWatcherGuard")
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ContextWatcherGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextWatcherGuard")
            .finish_non_exhaustive()
    }
}

impl Drop for BoundContextWatcherGuard<'_> {
    fn drop(&mut self) {
        self.active.store(false, Ordering::Release);
    }
}

impl Drop for ContextWatcherGuard {
    fn drop(&mut self) {
        self.active.store(false, Ordering::Release);
    }
}

/// A function that was added.
struct Watcher {
    /// The position among all that were ever added to the interpreter.
    number: u64,
    callback: Callback,
    /// False once the guard is dropped, which has this flag, too.
    active: Arc<AtomicBool>,
}

/// The functions of an interpreter, in the order in which they were added, and their number so far.
#[derive(Default)]
struct Watchers(Mutex<(Vec<Watcher>, u64)>);

/// Lasting, since contexts are entered until the interpreter's end.
static WATCHERS: InterpreterLocal<Watchers> = InterpreterLocal::lasting();

impl Watchers {
    fn add(&self, callback: Callback) -> Arc<AtomicBool> {
        let active = Arc::new(AtomicBool::new(true));
        let (watchers, count) = &mut *lock(&self.0);
        watchers.retain(Watcher::is_active);
        *count += 1;
        watchers.push(Watcher {
            number: *count,
            callback,
            active: active.clone(),
        });
        active
    }

    /// Returns the first function after `after` and up to `last` that has not been removed.
    fn next(&self, after: u64, last: u64) -> Option<(u64, Callback)> {
        let watchers = &lock(&self.0).0;
        let first = watchers.partition_point(|watcher| watcher.number <= after);
        let rest = watchers[first..].iter();
        rest.take_while(|watcher| watcher.number <= last)
            .find(|watcher| watcher.is_active())
            .map(|watcher| (watcher.number, watcher.callback))
    }

    /// Calls each function. Functions that are added during the notification are not called;
    /// functions that are removed before their turn are not called either.
    ///
    /// # Safety
    /// `object` must be null or alive, and for `Py_CONTEXT_SWITCHED`, not null.
    unsafe fn notify(
        &self,
        py: Python<'_>,
        event: ffi::PyContextEvent,
        object: *mut ffi::PyObject,
    ) {
        let last = lock(&self.0).1;
        let mut number = 0;
        while let Some((next, callback)) = self.next(number, last) {
            number = next;
            // SAFETY: attached to the token's interpreter; the object is null or alive (upheld by
            // the caller), also during the call.
            unsafe {
                trampoline_unraisable(py, object, |py| {
                    callback(py, event_from_raw(py, event, object))?;
                    // A function that leaves an exception set has failed.
                    PyErr::take(py).map_or(Ok(()), Err)
                });
            }
        }
    }
}

impl Watcher {
    fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }
}

/// Returns the event that CPython describes.
///
/// # Safety
/// As for [`Watchers::notify`], for as long as `'a`.
unsafe fn event_from_raw<'a, 'py>(
    py: Python<'py>,
    raw_event: ffi::PyContextEvent,
    object: *mut ffi::PyObject,
) -> ContextEvent<'a, 'py> {
    // SAFETY: attached; null or alive for `'a` (upheld by the caller). Only a context is cast.
    unsafe {
        let object = Borrowed::from_ptr_or_opt(py, object);
        match object {
            Some(context)
                if raw_event == ffi::Py_CONTEXT_SWITCHED
                    && ffi::PyContext_CheckExact(context.as_ptr()) != 0 =>
            {
                ContextEvent::Switched(Some(context.cast_unchecked()))
            }
            Some(none)
                if raw_event == ffi::Py_CONTEXT_SWITCHED && none.as_ptr() == ffi::Py_None() =>
            {
                ContextEvent::Switched(None)
            }
            object => ContextEvent::Unknown { raw_event, object },
        }
    }
}

/// Implements the watcher that CPython calls. It always succeeds, and leaves the same exception set
/// as before.
unsafe extern "C" fn notify(event: ffi::PyContextEvent, object: *mut ffi::PyObject) -> c_int {
    // SAFETY: attached, because CPython called a function of this binary, which was registered in
    // this interpreter.
    let py = unsafe { token_of_call() };
    // At the interpreter's end there are none any more.
    if let Some(watchers) = WATCHERS.get(py) {
        // SAFETY: the object is alive during the call.
        unsafe { watchers.notify(py, event, object) };
    }
    0
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use super::*;
    use crate::exceptions::{PyRuntimeError, PyValueError};
    use crate::interpreter::{Gil, SubInterpreter, alone};
    use crate::types::PyAnyMethods;

    /// The threads that were notified, and in which interpreters. Watchers of the main interpreter
    /// see the threads of all tests.
    static CALLS: Mutex<Vec<(ThreadId, i64)>> = Mutex::new(Vec::new());

    /// The guard of [`a_watcher_may_add_and_remove_others`].
    static LATER: Mutex<Option<ContextWatcherGuard>> = Mutex::new(None);

    /// Returns the interpreters in which this thread was notified, and forgets them.
    fn take_calls() -> Vec<i64> {
        let this_thread = thread::current().id();
        let mut calls = lock(&CALLS);
        let own = calls.extract_if(.., |(thread, _)| *thread == this_thread);
        own.map(|(_, interpreter)| interpreter).collect()
    }

    fn record(py: Python<'_>, event: ContextEvent<'_, '_>) -> PyResult<()> {
        assert!(matches!(event, ContextEvent::Switched(_)), "{event:?}");
        lock(&CALLS).push((thread::current().id(), py.interpreter().id()));
        Ok(())
    }

    fn remove_later(_py: Python<'_>, _event: ContextEvent<'_, '_>) -> PyResult<()> {
        drop(lock(&LATER).take());
        Ok(())
    }

    fn add_later(py: Python<'_>, _event: ContextEvent<'_, '_>) -> PyResult<()> {
        let guard = PyContext::add_watcher(py, watch_callback!(record))?.unbind();
        let replaced = lock(&LATER).replace(guard);
        drop(replaced);
        Ok(())
    }

    fn fail(_py: Python<'_>, _event: ContextEvent<'_, '_>) -> PyResult<()> {
        Err(PyRuntimeError::new_err("refused"))
    }

    fn set_exception(py: Python<'_>, _event: ContextEvent<'_, '_>) -> PyResult<()> {
        PyRuntimeError::new_err("left").restore(py);
        Ok(())
    }

    fn panicking(_py: Python<'_>, _event: ContextEvent<'_, '_>) -> PyResult<()> {
        panic!("in a watcher")
    }

    /// Enters and leaves a context, and returns the interpreters in which this thread was notified.
    fn switches(py: Python<'_>) -> Vec<i64> {
        take_calls();
        let code = c"import contextvars; contextvars.Context().run(int)";
        py.run(code, None, None).unwrap();
        take_calls()
    }

    /// Enters and leaves a context, and returns how often this thread was notified.
    fn switch(py: Python<'_>) -> usize {
        switches(py).len()
    }

    #[test]
    fn a_watcher_is_called_until_its_guard_is_dropped() {
        alone(|py| {
            let add = || PyContext::add_watcher(py, watch_callback!(record)).unwrap();
            let guard = add();
            assert_eq!(switch(py), 2);
            drop(guard);
            assert_eq!(switch(py), 0);
            let guard = add().unbind();
            assert_eq!(switch(py), 2);
            py.detach(|| thread::spawn(move || drop(guard)).join().unwrap());
            assert_eq!(switch(py), 0);
            add().clear().unwrap();
            add().unbind().clear(py).unwrap();
            assert_eq!(switch(py), 0);
            let guard = add().unbind().into_bound(py);
            assert_eq!(switch(py), 2);
            drop(guard);
            assert_eq!(switch(py), 0);
        });
    }

    #[test]
    fn there_may_be_more_watchers_than_cpython_has_room_for() {
        alone(|py| {
            let mut guards: Vec<_> = (0..100)
                .map(|_| PyContext::add_watcher(py, watch_callback!(record)).unwrap())
                .collect();
            assert_eq!(switch(py), 200);
            guards.truncate(30);
            assert_eq!(switch(py), 60);
        });
    }

    #[test]
    fn a_watcher_may_add_and_remove_others() {
        alone(|py| {
            let first = PyContext::add_watcher(py, watch_callback!(remove_later)).unwrap();
            let later = PyContext::add_watcher(py, watch_callback!(record)).unwrap();
            *lock(&LATER) = Some(later.unbind());
            assert_eq!(switch(py), 0);
            drop(first);
            let first = PyContext::add_watcher(py, watch_callback!(add_later)).unwrap();
            // The one added at the first switch is replaced at the second, before it is called.
            assert_eq!(switch(py), 0);
            drop(first);
            assert_eq!(switch(py), 2);
            drop(lock(&LATER).take());
        });
    }

    #[test]
    fn each_interpreter_has_watchers_of_its_own() {
        Python::initialize();
        let main = Python::attach(|py| {
            let guard = PyContext::add_watcher(py, watch_callback!(record)).unwrap();
            guard.unbind()
        });
        // More than there is room for: an ended interpreter leaves nothing behind.
        for round in 0..10 {
            for gil in [Gil::Own, Gil::Shared] {
                let sub = SubInterpreter::builder().gil(gil).build().unwrap();
                let id = sub.interpreter().id();
                let guard = sub
                    .attach(|py| {
                        assert_eq!(switch(py), 0);
                        let guard = PyContext::add_watcher(py, watch_callback!(record)).unwrap();
                        assert_eq!(switches(py), [id, id]);
                        guard.unbind()
                    })
                    .unwrap();
                Python::attach(|py| {
                    assert_eq!(switches(py), [0, 0]);
                });
                if round % 2 == 0 {
                    // From a thread that is attached to no interpreter.
                    drop(guard);
                    assert_eq!(sub.attach(switch).unwrap(), 0);
                    sub.close().unwrap();
                } else {
                    sub.close().unwrap();
                    drop(guard);
                }
            }
        }
        drop(main);
    }

    #[test]
    fn a_guard_cannot_be_bound_in_another_interpreter() {
        Python::initialize();
        let [owner, sub] = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
        let guard = owner
            .attach(|py| {
                PyContext::add_watcher(py, watch_callback!(record))
                    .unwrap()
                    .unbind()
            })
            .unwrap();
        let bound = std::panic::AssertUnwindSafe(|| {
            sub.attach(|py| drop(guard.into_bound(py))).unwrap();
        });
        let payload = std::panic::catch_unwind(bound).unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        let expected = format!("belongs to interpreter {}", owner.interpreter().id());
        assert!(text.contains(&expected), "{text}");
    }

    #[test]
    fn a_failure_is_unraisable_and_keeps_the_current_exception() {
        alone(|py| {
            let code = c"
import contextvars, sys
caught = []
sys.unraisablehook = lambda it: caught.append((type(it.exc_value).__name__, str(it.exc_value)))
def switch():
    try:
        raise KeyError('own')
    except KeyError:
        contextvars.Context().run(int)
        return str(sys.exception())
";
            py.run(code, None, None).unwrap();
            let add = |callback| PyContext::add_watcher(py, callback).unwrap();
            let guards = [
                add(watch_callback!(fail)),
                add(watch_callback!(set_exception)),
                add(watch_callback!(panicking)),
                add(watch_callback!(record)),
            ];
            take_calls();
            let own: String = py.eval(c"switch()", None, None).unwrap().extract().unwrap();
            assert_eq!(own, "'own'");
            assert_eq!(take_calls().len(), 2);
            let caught: Vec<(String, String)> =
                py.eval(c"caught", None, None).unwrap().extract().unwrap();
            let expected = [
                ("RuntimeError", "refused"),
                ("RuntimeError", "left"),
                ("PanicException", "in a watcher"),
            ]
            .map(|(class, text)| (class.to_owned(), text.to_owned()));
            assert_eq!(caught[..3], expected);
            assert_eq!(caught[3..], expected);

            // With an exception set, as when an error leaves a context.
            PyValueError::new_err("pending").restore(py);
            // SAFETY: attached; `None` is alive.
            let result = unsafe { notify(ffi::Py_CONTEXT_SWITCHED, ffi::Py_None()) };
            assert_eq!(result, 0);
            assert_eq!(PyErr::take(py).unwrap().to_string(), "ValueError: pending");
            drop(guards);
        });
    }

    #[test]
    fn an_unknown_event_is_passed_on() {
        Python::attach(|py| {
            // SAFETY: attached; null.
            let event = unsafe { event_from_raw(py, 123, std::ptr::null_mut()) };
            assert!(matches!(
                event,
                ContextEvent::Unknown {
                    raw_event: 123,
                    object: None
                }
            ));
        });
    }
}
