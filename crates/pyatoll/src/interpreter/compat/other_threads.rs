//! Which threads the thread states of an interpreter belong to.

use super::thread_ids::{self, PyThread_get_thread_ident};
use super::thread_state::{current_thread_state, interpreter_of};
use crate::capi as ffi;

/// Returns whether other threads have thread states of the interpreter that this thread is attached
/// to; `true` where that cannot be determined. `own` is an unused thread state that was created for
/// this thread.
///
/// # Safety
/// The thread must be attached to the interpreter, and `own` alive.
pub(crate) unsafe fn has_other_threads(own: *mut ffi::PyThreadState) -> bool {
    // SAFETY: attached, and `own` is alive (upheld by the caller). A thread takes its thread state
    // out of the list while it is attached, which no other thread is during the walk; new ones are
    // inserted at the head, complete.
    unsafe {
        let Some(place) = place_of_thread_id(own) else {
            return true;
        };
        let this = thread_ids::field(own, place);
        let current = current_thread_state();
        let stopped = Stopped::stop(interpreter_of(own));
        let mut has_others = stopped.is_none();
        let mut next = match has_others {
            false => ffi::PyInterpreterState_ThreadHead(interpreter_of(own)),
            true => std::ptr::null_mut(),
        };
        while !next.is_null() {
            // The current one may have been created by another thread. One without an id is that of
            // a thread that has not started yet, or is not in use.
            let is_others = next != current && ![0, this].contains(&thread_ids::field(next, place));
            has_others |= is_others;
            next = ffi::PyThreadState_Next(next);
        }
        has_others
    }
}

/// Returns whether an interpreter has this thread state, with this id, of which the lower half is
/// compared.
///
/// # Safety
/// The thread must be attached to the interpreter, which must have a GIL.
pub(crate) unsafe fn has_thread_state(
    interpreter: *mut ffi::PyInterpreterState,
    thread_state: *mut ffi::PyThreadState,
    id: u32,
) -> bool {
    // SAFETY: attached (upheld by the caller), so the list can be walked as above. Only a thread
    // state in it is asked for its id.
    unsafe {
        let mut next = ffi::PyInterpreterState_ThreadHead(interpreter);
        while !next.is_null() && next != thread_state {
            next = ffi::PyThreadState_Next(next);
        }
        !next.is_null() && ffi::PyThreadState_GetID(next) as u32 == id
    }
}

/// Returns the place of the field `thread_id` in thread states.
///
/// # Safety
/// `own` must be a thread state that was created for this thread.
unsafe fn place_of_thread_id(own: *mut ffi::PyThreadState) -> Option<usize> {
    // SAFETY: the function has no requirements; `own` is alive.
    unsafe {
        let this = PyThread_get_thread_ident();
        // Behind it is the kernel's id of the thread; on Windows the two are the same, and small.
        match cfg!(windows) {
            true => thread_ids::place_of(own, &[this, this]),
            false => thread_ids::place_of(own, &[this]),
        }
    }
}

/// Keeps the other threads of an interpreter from running Python until it is dropped. On builds
/// with a GIL, holding the GIL is enough: there is no interpreter to start again.
pub(super) struct Stopped(#[cfg(Py_GIL_DISABLED)] Option<*mut ffi::PyInterpreterState>);

impl Stopped {
    /// Stops the other threads. Returns `None` where Python offers no way to do so.
    ///
    /// # Safety
    /// The thread must be attached to `interpreter`, and must not let others run while the result
    /// exists.
    pub(super) unsafe fn stop(interpreter: *mut ffi::PyInterpreterState) -> Option<Self> {
        #[cfg(not(Py_GIL_DISABLED))]
        {
            let _ = interpreter;
            Some(Self())
        }
        #[cfg(Py_GIL_DISABLED)]
        {
            if !ffi::is_free_threaded() {
                return Some(Self(None));
            }
            // SAFETY: attached (upheld by the caller); dropping the result lets the threads go on.
            ffi::has::stop_the_world().then(|| unsafe {
                ffi::_PyEval_StopTheWorld(interpreter);
                Self(Some(interpreter))
            })
        }
    }
}

#[cfg(Py_GIL_DISABLED)]
impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(interpreter) = self.0 {
            // SAFETY: this thread has stopped the others.
            unsafe { ffi::_PyEval_StartTheWorld(interpreter) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpreter::SubInterpreter;
    use crate::prelude::*;

    #[test]
    fn thread_states_of_other_threads_are_told_from_those_of_this_one() {
        Python::initialize();
        let sub = SubInterpreter::builder().build().unwrap();
        // SAFETY: attached; each thread state is deleted by the thread that created it.
        let with_new = |f: &dyn Fn(*mut ffi::PyThreadState)| unsafe {
            let new = ffi::PyThreadState_New(ffi::PyInterpreterState_Get());
            f(new);
            ffi::PyThreadState_Clear(new);
            ffi::PyThreadState_Delete(new);
        };
        // SAFETY: attached to the interpreter of each.
        let has_others = |own: *mut ffi::PyThreadState| unsafe { has_other_threads(own) };
        sub.attach(|py| {
            with_new(&|own| {
                // SAFETY: created for this thread.
                assert!(unsafe { place_of_thread_id(own) }.is_some());
                // The interpreter's first thread state, where it is kept, is this thread's, too.
                with_new(&|_| assert!(!has_others(own)));
            });
            py.detach(|| {
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        sub.attach(|_| with_new(&|own| assert!(has_others(own))))
                            .unwrap();
                    });
                });
            });
        })
        .unwrap();
        sub.close().unwrap();
    }
}
