//! Noticing that an interpreter ends, while its Python code and its threads can still run: when it
//! begins to call its exit functions (`atexit`), and when the last of them has returned.
//!
//! CPython calls the exit functions, newest first, and then releases all of them; nothing of the
//! end is irreversible until then. So this file registers two functions, each with a capsule whose
//! destructor tells that CPython has released it:
//!
//! - The *exit function*, when the interpreter is first seen. Older exit functions run after it and
//!   may use threads that attach, so its call does not close the gate. It only runs the functions
//!   of [`at_end`] and registers the sentinel.
//! - The *sentinel*, which is never called. CPython releases it after the last exit function, and
//!   its destructor closes the gate.
//!
//! Python code can take either out (`atexit._clear`; `atexit.unregister` with an object that
//! equals everything). Without the exit function, nobody would wait for the threads inside, and
//! CPython or a thread would crash. So the exit function is put back when the thread next runs
//! Python code, and at the next entry of a thread, whichever is first: `_clear` itself releases
//! whatever is registered while it runs. A sentinel that is taken out closes the gate early, as
//! does `atexit._run_exitfuncs`.
//!
//! The functions are hidden from the garbage collector, through which Python code finds objects
//! that it was not given. If Python code still gets hold of the sentinel, for which it has to
//! search while exit functions run, the gate closes when the interpreter's dict is cleared, without
//! waiting.
//!
//! A main interpreter that this binary has not seen is watched as well, as soon as it has seen a
//! sub-interpreter: below 3.14 the end of the runtime stops the threads of all interpreters.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::at_end;
use super::compat;
use super::end::Callback;
use super::entry;
use super::local::{self, LocalInternals, Phase};
use super::lookup;
use super::method_def::MethodDef;
use super::teardown;
use crate::capi as ffi;

/// The name of this file's capsules.
const CAPSULE: &CStr = c"pyatoll.exit_hook";

static EXIT_FUNCTION: MethodDef = MethodDef::no_args(c"_pyatoll_interpreter_ends", called);
static SENTINEL: MethodDef = MethodDef::no_args(c"_pyatoll_interpreter_has_ended", sentinel_called);
static RESTORER: MethodDef =
    MethodDef::no_args(c"_pyatoll_restores_exit_function", restorer_called);

/// Makes sure that the end of `local`'s interpreter is noticed: by an exit function, and at the
/// latest when the interpreter's dict is cleared.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn watch(local: &'static LocalInternals) {
    unsafe extern "C" fn cleared(local: *mut c_void) {
        // SAFETY: the state that is passed below, which is never freed. CPython calls this
        // attached, in an interpreter that no other thread can enter.
        unsafe {
            let local = &*local.cast::<LocalInternals>();
            if local.phase() != Phase::Emptied {
                local.tear_down();
            }
        }
    }
    let data = std::ptr::from_ref(local).cast_mut().cast();
    // SAFETY: attached, without an exception (upheld by the caller); `cleared` does not unwind.
    unsafe {
        Watched::Known(local).register_exit_function();
        compat::at_interpreter_clear(local.interpreter(), cleared, data);
    }
    if !local.is_main() && lookup::main_live().is_none() {
        watch_unseen_main();
    }
}

/// What an [`EndClaim`](super::end::EndClaim) needs.
pub(super) const FOR_END: Callback = Callback {
    wait: teardown::wait_unless_called_off,
    register,
};

/// Registers the exit function again, of an interpreter that goes on after its exit functions have
/// been called.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
unsafe fn register(local: &'static LocalInternals) {
    // SAFETY: attached, without an exception (upheld by the caller).
    unsafe { Watched::Known(local).register_exit_function() };
}

/// Makes sure, just before this thread finalizes the runtime, that the end of its interpreter waits
/// for the threads inside, whatever Python code did to the exit functions: before 3.14 CPython
/// forgets a function that is registered while two calls of `atexit._clear` are under way.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, with the thread state that ends it; no
/// exception may be set.
pub(super) unsafe fn before_finalizing(local: &'static LocalInternals) {
    local.set_ender(compat::current_thread_state());
    if local.phase() == Phase::Live {
        // SAFETY: attached, without an exception (upheld by the caller).
        unsafe { register(local) };
    }
}

/// Makes sure that the end of a main interpreter that this binary has not seen is noticed.
fn watch_unseen_main() {
    static LAST: AtomicU32 = AtomicU32::new(u32::MAX);
    if local::is_first_in_run(&LAST) {
        // From the main interpreter: this thread is attached to another one.
        LOST_IN_UNSEEN_MAIN.store(true, Ordering::Release);
        Watched::UnseenMain.restore_soon();
    }
}

/// Whether the exit function is to be put back into a main interpreter that this binary has not
/// seen.
static LOST_IN_UNSEEN_MAIN: AtomicBool = AtomicBool::new(false);
/// The run of the runtime in which such a main interpreter has begun to call its exit functions.
static UNSEEN_MAIN_EXITS: AtomicU32 = AtomicU32::new(u32::MAX);

/// The interpreter that an exit function belongs to.
#[derive(Clone, Copy)]
enum Watched {
    Known(&'static LocalInternals),
    UnseenMain,
}

impl Watched {
    /// Returns the pointer to store in a capsule or a pending call.
    fn as_ptr(self) -> *mut c_void {
        static UNSEEN_MAIN: u8 = 0;
        match self {
            Self::Known(local) => std::ptr::from_ref(local).cast_mut().cast(),
            Self::UnseenMain => (&raw const UNSEEN_MAIN).cast_mut().cast(),
        }
    }

    /// Undoes [`as_ptr`](Self::as_ptr).
    ///
    /// # Safety
    /// `pointer` must be its result.
    unsafe fn from_ptr(pointer: *mut c_void) -> Self {
        if pointer == Self::UnseenMain.as_ptr() {
            return Self::UnseenMain;
        }
        // SAFETY: a state (upheld by the caller), which is never freed.
        Self::Known(unsafe { &*pointer.cast::<LocalInternals>() })
    }

    /// Returns what a capsule of this file belongs to. `None`: it is another object.
    ///
    /// # Safety
    /// The thread must be attached.
    unsafe fn of(capsule: *mut ffi::PyObject) -> Option<Self> {
        // SAFETY: attached (upheld by the caller). Only this file creates capsules of this name.
        unsafe {
            let pointer = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr());
            (!pointer.is_null()).then(|| Self::from_ptr(pointer))
        }
    }

    /// Returns whether the interpreter's exit functions have been called, or are being called.
    fn exits(self) -> bool {
        match self {
            Self::Known(local) => local.phase() != Phase::Live,
            Self::UnseenMain => UNSEEN_MAIN_EXITS.load(Ordering::Acquire) == local::current_run(),
        }
    }

    /// Records that this thread calls the exit functions. Returns whether nobody has closed the
    /// gate for it: that is new, or another thread ends the interpreter with an `EndClaim`, which
    /// gives way to this one.
    fn mark_exiting(self) -> bool {
        match self {
            Self::Known(local) => {
                local.set_ender(compat::current_thread_state());
                local.mark_exiting() || local.is_being_ended()
            }
            Self::UnseenMain => local::is_first_in_run(&UNSEEN_MAIN_EXITS),
        }
    }

    /// Closes the gate and waits for the other threads.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter; no exception may be set.
    unsafe fn close(self) {
        // SAFETY: attached, without an exception (upheld by the caller).
        unsafe {
            match self {
                Self::Known(local) => {
                    // Again, where Python code took the exit function out.
                    at_end::run(local);
                    teardown::close(local, FOR_END);
                }
                Self::UnseenMain => teardown::close_without_main(),
            }
        }
    }

    /// Returns whether the interpreter is known to be in the hands of this thread, which ends it.
    fn is_ended_by_this_thread(self) -> bool {
        match self {
            Self::Known(local) => local.is_ended_with(compat::current_thread_state()),
            Self::UnseenMain => false,
        }
    }

    /// Returns whether this thread ends the interpreter with an `EndClaim`, which closes the gate
    /// itself.
    fn is_claimed_by_this_thread(self) -> bool {
        matches!(self, Self::Known(local) if local.is_claimed_by_this_thread())
    }

    /// Returns whether another thread ends the interpreter, as far as this binary can tell, if any
    /// does. Without a GIL, a thread may be the one that releases what another has taken out of
    /// `atexit`: CPython hands an object over to the thread that created it, which releases it when
    /// it next can, or as it leaves.
    fn is_ended_by_another_thread(self) -> bool {
        let Self::Known(local) = self else {
            return false;
        };
        let is_claimed = local.is_being_ended() && !local.is_claimed_by_this_thread();
        is_claimed || entry::is_attached_with_guard(local)
    }

    /// Registers the exit function. If that fails, the gate is closed at once: Python refuses where
    /// its finalization has gone too far.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter; no exception may be set.
    unsafe fn register_exit_function(self) {
        // SAFETY: attached, without an exception (upheld by the caller).
        unsafe {
            match self.register(&EXIT_FUNCTION, exit_function_released) {
                Registered::Yes => (),
                Registered::Refused => self.close(),
                Registered::Dropped => self.restore_at_next_entry(),
            }
        }
    }

    /// Registers a function with the interpreter's `atexit` module. CPython calls `released` when
    /// it releases the function.
    ///
    /// # Safety
    /// As for [`Self::register_exit_function`].
    unsafe fn register(
        self,
        function: &'static MethodDef,
        released: ffi::PyCapsule_Destructor,
    ) -> Registered {
        // SAFETY: attached. Every new reference is released; null is passed only to functions that
        // accept it as "an exception is set".
        unsafe {
            let function = self.new_function(function);
            let module = ffi::PyImport_ImportModule(c"atexit".as_ptr());
            let mut done = null_mut();
            if !function.is_null() && !module.is_null() {
                let register = ffi::PyObject_GetAttrString(module, c"register".as_ptr());
                if !register.is_null() {
                    done = ffi::PyObject_CallFunctionObjArgs(
                        register,
                        function,
                        null_mut::<ffi::PyObject>(),
                    );
                    ffi::Py_DECREF(register);
                }
            }
            ffi::Py_XDECREF(module);
            let registered = !done.is_null();
            // `register` returns the function, so `done` is a second reference to it.
            ffi::Py_XDECREF(done);
            let is_kept = registered && ffi::Py_REFCNT(function) > 1;
            if is_kept {
                let capsule = ffi::PyCFunction_GetSelf(function);
                ffi::PyCapsule_SetDestructor(capsule, Some(released));
            }
            ffi::Py_XDECREF(function);
            ffi::PyErr_Clear();
            match (registered, is_kept) {
                (true, true) => Registered::Yes,
                (true, false) => Registered::Dropped,
                (false, _) => Registered::Refused,
            }
        }
    }

    /// Returns a new reference to a function that Python code cannot find through the garbage
    /// collector, or null with an exception set.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter.
    unsafe fn new_function(self, function: &'static MethodDef) -> *mut ffi::PyObject {
        // SAFETY: attached (upheld by the caller); the new capsule is given to the function.
        unsafe {
            let capsule = ffi::PyCapsule_New(self.as_ptr(), CAPSULE.as_ptr(), None);
            if capsule.is_null() {
                return null_mut();
            }
            let function = ffi::PyCFunction_NewEx(function.as_ptr(), capsule, null_mut());
            ffi::Py_DECREF(capsule);
            if !function.is_null() {
                ffi::PyObject_GC_UnTrack(function.cast());
            }
            function
        }
    }

    /// Has the exit function, which was taken out, put back: as soon as this code returns to
    /// Python, and at the latest before the exit functions are called.
    fn restore_soon(self) {
        // SAFETY: the interpreter is alive: this thread is attached to it, or to a
        // sub-interpreter, and the main one lives longer. `pending` does not unwind.
        let is_pending = unsafe {
            let interpreter = match self {
                Self::Known(local) => local.interpreter(),
                Self::UnseenMain => ffi::PyInterpreterState_Main(),
            };
            compat::add_pending_call(interpreter, pending, self.as_ptr())
        };
        if !is_pending && let Self::UnseenMain = self {
            // Without room, only the next loss tries again.
            LOST_IN_UNSEEN_MAIN.store(false, Ordering::Release);
        }
    }

    /// Has the exit function, which was taken out, put back by the next thread that enters.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter; no exception may be set.
    unsafe fn restore_at_next_entry(self) {
        let Self::Known(local) = self else { return };
        // SAFETY: attached (upheld by the caller). The drop queue takes the reference, and its
        // release at the next entry calls the destructor.
        unsafe {
            let capsule =
                ffi::PyCapsule_New(self.as_ptr(), CAPSULE.as_ptr(), Some(restorer_released));
            local.mark_exit_function_lost();
            match NonNull::new(capsule) {
                Some(capsule) => local.release_later(capsule),
                None => ffi::PyErr_Clear(),
            }
        }
    }

    /// Has the exit function, which was taken out, put back by `threading`, which calls functions
    /// of its own before the exit functions.
    ///
    /// # Safety
    /// As for [`Self::restore_at_next_entry`].
    unsafe fn restore_with_threading(self) {
        // SAFETY: attached; the new references are released. Without `threading`, and where it is
        // shut down already, this does nothing.
        unsafe {
            let name = ffi::PyUnicode_FromString(c"threading".as_ptr());
            if !name.is_null() {
                let threading = ffi::PyImport_GetModule(name);
                let function = self.new_function(&RESTORER);
                if !threading.is_null() && !function.is_null() {
                    let register = c"_register_atexit".as_ptr();
                    let register = ffi::PyObject_GetAttrString(threading, register);
                    if !register.is_null() {
                        let done = ffi::PyObject_CallFunctionObjArgs(
                            register,
                            function,
                            null_mut::<ffi::PyObject>(),
                        );
                        ffi::Py_XDECREF(done);
                        ffi::Py_DECREF(register);
                    }
                }
                ffi::Py_XDECREF(function);
                ffi::Py_XDECREF(threading);
                ffi::Py_DECREF(name);
            }
            ffi::PyErr_Clear();
        }
    }

    /// Acts on the loss of the exit function, which was not called.
    ///
    /// # Safety
    /// As for [`Self::restore_at_next_entry`].
    unsafe fn lost(self) {
        // SAFETY: attached, without an exception (upheld by the caller).
        unsafe {
            // Outside Python code, CPython has released it after the exit functions, one of which
            // was the first to import this binary. So it was never called.
            let is_ending = !compat::is_in_python() && !self.is_ended_by_another_thread();
            if self.is_ended_by_this_thread() || is_ending {
                return self.close();
            }
            // Comes first, since it runs Python code, which would make the pending call.
            // `atexit._clear`, which is releasing this function, would release the new one as well.
            if !compat::pending_calls_precede_exit() {
                self.restore_with_threading();
            }
            match self {
                Self::Known(_) => self.restore_at_next_entry(),
                Self::UnseenMain => LOST_IN_UNSEEN_MAIN.store(true, Ordering::Release),
            }
            self.restore_soon();
        }
    }

    /// Puts the exit function back, if it is lost.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter.
    unsafe fn restore(self) {
        let is_lost = match self {
            Self::Known(local) => local.take_exit_function_lost(),
            Self::UnseenMain => LOST_IN_UNSEEN_MAIN.swap(false, Ordering::AcqRel),
        };
        if is_lost && !self.exits() {
            // SAFETY: attached (upheld by the caller); the exception is put aside.
            unsafe {
                let raised = compat::take_raised();
                self.register_exit_function();
                compat::restore_raised(raised);
            }
        }
    }
}

/// The result of a registration.
enum Registered {
    Yes,
    /// Python raised an exception.
    Refused,
    /// `atexit.register` is another function for now (`unittest.mock.patch`), which did not keep
    /// the exit function.
    Dropped,
}

/// Implements the exit function, which CPython calls with the other exit functions.
unsafe extern "C" fn called(
    capsule: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the contract of `at_call`.
    unsafe {
        at_call(capsule, |watched| {
            if let Watched::Known(local) = watched {
                at_end::run(local);
            }
            if !watched.is_claimed_by_this_thread()
                && watched.mark_exiting()
                && !matches!(
                    watched.register(&SENTINEL, sentinel_released),
                    Registered::Yes
                )
            {
                watched.close();
            }
        })
    }
}

/// Implements the sentinel, which is called only by `atexit._run_exitfuncs` in an exit function.
unsafe extern "C" fn sentinel_called(
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached.
    unsafe { ffi::Py_NewRef(ffi::Py_None()) }
}

/// Implements the function that `threading` calls before the exit functions.
unsafe extern "C" fn restorer_called(
    capsule: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the contract of `at_call`.
    unsafe { at_call(capsule, |watched| watched.restore()) }
}

/// Calls `act` in a function of this file and returns `None`, or null with an exception set if the
/// capsule is of other code.
///
/// # Safety
/// CPython must have called the function, attached, with the capsule that it was created with.
unsafe fn at_call(capsule: *mut ffi::PyObject, act: impl FnOnce(Watched)) -> *mut ffi::PyObject {
    // SAFETY: attached (upheld by the caller).
    unsafe {
        let Some(watched) = Watched::of(capsule) else {
            return null_mut();
        };
        act(watched);
        ffi::Py_NewRef(ffi::Py_None())
    }
}

/// Handles the release of the exit function by CPython.
unsafe extern "C" fn exit_function_released(capsule: *mut ffi::PyObject) {
    // SAFETY: the contract of `at_release`.
    unsafe {
        at_release(capsule, |watched| {
            if !watched.exits() && !watched.is_claimed_by_this_thread() {
                watched.lost();
            }
        });
    }
}

/// Closes the gate: CPython has called all exit functions and released the sentinel.
unsafe extern "C" fn sentinel_released(capsule: *mut ffi::PyObject) {
    // SAFETY: the contract of `at_release`.
    unsafe { at_release(capsule, |watched| watched.close()) };
}

/// Restores the exit function: a thread has entered, and the drop queue has released its capsule.
unsafe extern "C" fn restorer_released(capsule: *mut ffi::PyObject) {
    // SAFETY: the contract of `at_release`.
    unsafe { at_release(capsule, |watched| watched.restore()) };
}

/// Calls `act` in a capsule's destructor, with the exception that is set put aside.
///
/// # Safety
/// CPython must have called the destructor, attached, with a capsule of this file.
unsafe fn at_release(capsule: *mut ffi::PyObject, act: impl FnOnce(Watched)) {
    // SAFETY: attached, with the exception put aside. A capsule that is kept beyond its
    // interpreter's dict is released when nothing can be done any more.
    unsafe {
        let raised = compat::take_raised();
        match Watched::of(capsule) {
            Some(Watched::Known(local)) if !local.is_usable() => (),
            Some(watched) => act(watched),
            None => ffi::PyErr_Clear(),
        }
        compat::restore_raised(raised);
    }
}

/// Restores the exit function, as a pending call of CPython.
unsafe extern "C" fn pending(watched: *mut c_void) -> c_int {
    // SAFETY: CPython calls this attached to the interpreter that it was added to, with the pointer
    // that was given.
    unsafe { Watched::from_ptr(watched).restore() };
    0
}
