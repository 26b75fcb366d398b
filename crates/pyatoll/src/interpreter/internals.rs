//! [`Internals`]: the state that all Pyatoll binaries in one interpreter share, and the hook into
//! the interpreter's end.
//!
//! It sits in a capsule in the interpreter's own dict (`PyInterpreterState_GetDict`), under a key
//! that names the layout's version: a binary built with another version creates its own. CPython
//! clears that dict when the interpreter ends, attached and with no other thread inside; the
//! capsule's destructor then tears down the states of the binaries, last registered first. If the
//! interpreter has not begun to end, Python code took the capsule out, and it puts itself back.

use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use pyo3_ffi as ffi;

use super::compat;
use super::entry;
use super::local::{LocalInternals, Phase, binary};
use super::lookup;
use super::shared_classes::SharedClasses;

/// The key in the interpreter's dict and the name of the capsule. The number is the version of the
/// layout of [`Internals`], [`Registration`] and the records of [`SharedClasses`]: change them
/// together.
const KEY: &CStr = c"pyatoll.internals.v1";

/// The state of one binary in this interpreter.
#[repr(C)]
struct Registration {
    /// The next older one.
    next: *mut Registration,
    /// An address that only this binary has.
    binary: *const c_void,
    /// The binary's own [`LocalInternals`].
    local: *const c_void,
    /// Tears `local` down and frees this registration, with the allocator it came from. The
    /// code is the binary's; CPython never unloads an extension module.
    tear_down: unsafe extern "C" fn(registration: *mut Registration),
}

/// The state that every Pyatoll binary in one interpreter shares. Its layout is an ABI.
#[repr(C)]
pub(crate) struct Internals {
    /// Bytes of this struct as its creator knows it; fields may be added at the end.
    size: u32,
    reserved: AtomicU32,
    /// The newest registration.
    newest: AtomicPtr<Registration>,
    /// `PanicException`, a strong reference, or null: one class for all binaries, so that each
    /// recognizes the others' panics.
    panic_exception: AtomicPtr<ffi::PyObject>,
    /// The classes that binaries share.
    classes: SharedClasses,
}

const _: () = assert!(size_of::<Internals>() == 8 + 3 * size_of::<usize>());
const _: () = assert!(size_of::<Registration>() == 4 * size_of::<usize>());

/// A reference to the [`Internals`] of an interpreter, through their capsule: Python code may take
/// that out of the interpreter's dict at any time, also in another thread.
pub(crate) struct InternalsRef {
    capsule: NonNull<ffi::PyObject>,
    internals: NonNull<Internals>,
}

impl InternalsRef {
    /// Returns `None` for null, and for an object that is not such a capsule (an exception is set).
    ///
    /// # Safety
    /// The thread must be attached while the result lives. `capsule` must be a new reference, which
    /// is taken, or null.
    unsafe fn new(capsule: *mut ffi::PyObject) -> Option<Self> {
        let capsule = NonNull::new(capsule)?;
        // SAFETY: attached; a new reference (upheld by the caller).
        unsafe {
            let pointer = ffi::PyCapsule_GetPointer(capsule.as_ptr(), KEY.as_ptr());
            match NonNull::new(pointer.cast()) {
                Some(internals) => Some(Self { capsule, internals }),
                None => {
                    ffi::Py_DECREF(capsule.as_ptr());
                    None
                }
            }
        }
    }
}

impl std::ops::Deref for InternalsRef {
    type Target = Internals;

    fn deref(&self) -> &Internals {
        // SAFETY: the capsule frees them when it is deallocated, and this holds a reference to it.
        unsafe { self.internals.as_ref() }
    }
}

impl Drop for InternalsRef {
    fn drop(&mut self) {
        // SAFETY: attached, as the caller of `new` promised; the reference is owned.
        unsafe { ffi::Py_DECREF(self.capsule.as_ptr()) };
    }
}

impl Internals {
    /// Returns the internals of `local`'s interpreter, creating them on first use. `None`: the
    /// interpreter has dropped them, or Python could not create them (an exception is set).
    ///
    /// # Safety
    /// The thread must be attached to `local`'s interpreter while the result lives.
    pub(crate) unsafe fn of(local: &LocalInternals) -> Option<InternalsRef> {
        if !local.is_usable() {
            // The dict is gone, and asking for it would create one that is never released.
            return None;
        }
        let interpreter = local.interpreter();
        // SAFETY: attached; the dict is borrowed from the interpreter, which keeps it to its end.
        unsafe {
            let dict = NonNull::new(ffi::PyInterpreterState_GetDict(interpreter))?.as_ptr();
            let key = NonNull::new(ffi::PyUnicode_FromString(KEY.as_ptr()))?.as_ptr();
            let mut capsule = compat::item_of_dict(dict, key);
            if capsule.is_null() && ffi::PyErr_Occurred().is_null() {
                capsule = Self::insert_new(dict, key);
            }
            ffi::Py_DECREF(key);
            InternalsRef::new(capsule)
        }
    }

    /// Returns the internals of `local`'s interpreter, if they exist. An exception that is set
    /// stays.
    ///
    /// # Safety
    /// The thread must be attached to `local`'s interpreter while the result lives.
    pub(crate) unsafe fn existing(local: &LocalInternals) -> Option<InternalsRef> {
        if !local.is_usable() {
            // The dict is gone, or the capsule may be gone from it already.
            return None;
        }
        let interpreter = local.interpreter();
        // SAFETY: attached; the dict is borrowed from the interpreter, which keeps it to its end.
        unsafe {
            let dict = NonNull::new(ffi::PyInterpreterState_GetDict(interpreter))?.as_ptr();
            let raised = compat::take_raised();
            let key = ffi::PyUnicode_FromString(KEY.as_ptr());
            let mut found = None;
            if !key.is_null() {
                found = InternalsRef::new(compat::item_of_dict(dict, key));
                ffi::Py_DECREF(key);
            }
            compat::restore_raised(raised);
            found
        }
    }

    /// Creates internals in the dict, unless another thread was first. Returns a new reference to
    /// the capsule that is in the dict, or null with an exception set.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter of `dict`; `dict` and `key` must be alive.
    unsafe fn insert_new(dict: *mut ffi::PyObject, key: *mut ffi::PyObject) -> *mut ffi::PyObject {
        let fresh = Box::into_raw(Box::new(Internals {
            size: size_of::<Internals>() as u32,
            reserved: AtomicU32::new(0),
            newest: AtomicPtr::new(null_mut()),
            panic_exception: AtomicPtr::new(null_mut()),
            classes: SharedClasses::new(),
        }));
        // SAFETY: attached. The dict keeps either this capsule, whose destructor frees `fresh` from
        // then on, or the one that was first; then no other thread has seen this one.
        unsafe {
            let capsule = ffi::PyCapsule_New(fresh.cast(), KEY.as_ptr(), Some(destroy));
            let mut kept = null_mut();
            if !capsule.is_null() {
                kept = compat::item_or_insert(dict, key, capsule);
                if kept != capsule {
                    ffi::PyCapsule_SetDestructor(capsule, None);
                }
                ffi::Py_DECREF(capsule);
            }
            if capsule.is_null() || kept != capsule {
                drop(Box::from_raw(fresh));
            }
            kept
        }
    }

    /// Registers `local` as this binary's, to be torn down with the interpreter. Returns the state
    /// that counts: `local`, or the one that another thread registered first.
    ///
    /// # Safety
    /// The thread must be attached to `local`'s interpreter, which `self` must belong to.
    pub(super) unsafe fn register(
        &self,
        local: &'static LocalInternals,
    ) -> &'static LocalInternals {
        unsafe extern "C" fn tear_down(registration: *mut Registration) {
            // SAFETY: allocated below, by this binary, and taken out of the list by `end`, which
            // the ending interpreter calls; `local` is what was registered, never freed.
            unsafe {
                let registration = Box::from_raw(registration);
                (*registration.local.cast::<LocalInternals>()).tear_down();
            }
        }
        let newest = &self.newest;
        let node = Box::into_raw(Box::new(Registration {
            next: newest.load(Ordering::Acquire),
            binary: binary(),
            local: std::ptr::from_ref(local).cast(),
            tear_down,
        }));
        loop {
            // SAFETY: `node` is not shared until the exchange succeeds; then `next` is only read.
            let next = unsafe { (*node).next };
            match newest.compare_exchange_weak(next, node, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                // SAFETY: the exchange failed, so `node` is still not shared.
                Err(other) => unsafe { (*node).next = other },
            }
        }
        // The oldest of this binary's registrations counts; there are several only where threads of
        // a free-threaded interpreter raced. A loser is torn down, empty, with the rest.
        let mut found = local;
        let mut node = node;
        while !node.is_null() {
            // SAFETY: registrations live as long as the internals.
            let registration = unsafe { &*node };
            if registration.binary == binary() {
                // SAFETY: this binary's registrations hold its own type, never freed.
                found = unsafe { &*registration.local.cast::<LocalInternals>() };
            }
            node = registration.next;
        }
        found
    }

    /// Returns whether another binary has registered a state.
    pub(super) fn has_other_binaries(&self) -> bool {
        let mut node = self.newest.load(Ordering::Acquire);
        // SAFETY: registrations live as long as the internals.
        while let Some(registration) = unsafe { node.as_ref() } {
            if registration.binary != binary() {
                return true;
            }
            node = registration.next;
        }
        false
    }

    /// Returns the classes that binaries share.
    pub(crate) fn classes(&self) -> &SharedClasses {
        &self.classes
    }

    /// Returns the interpreter's `PanicException`, borrowed, or null if none was created.
    pub(crate) fn panic_exception(&self) -> *mut ffi::PyObject {
        self.panic_exception.load(Ordering::Acquire)
    }

    /// Stores `class`, whose reference is taken, unless there is one. Returns the stored one,
    /// borrowed.
    pub(crate) fn set_panic_exception(&self, class: NonNull<ffi::PyObject>) -> *mut ffi::PyObject {
        let class = class.as_ptr();
        let cell = &self.panic_exception;
        match cell.compare_exchange(null_mut(), class, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => class,
            Err(first) => {
                // SAFETY: attached, as a class can only be created so; the reference was the
                // caller's.
                unsafe { ffi::Py_DECREF(class) };
                first
            }
        }
    }
}

/// Runs when the capsule is deallocated: the interpreter ends, or Python code removed the capsule
/// from its dict.
unsafe extern "C" fn destroy(capsule: *mut ffi::PyObject) {
    // SAFETY: called by CPython, attached, with a capsule that `insert_new` or `put_back` created.
    // An exception that is set is kept across, since drops run any code.
    unsafe {
        let internals: *mut Internals = ffi::PyCapsule_GetPointer(capsule, KEY.as_ptr()).cast();
        if internals.is_null() {
            return ffi::PyErr_Clear();
        }
        let raised = compat::take_raised();
        match (*internals).running_interpreter() {
            Some(local) => put_back(internals, local),
            None => end(internals),
        }
        compat::restore_raised(raised);
    }
}

impl Internals {
    /// Returns the interpreter, if code that runs in it may still use references lent to it. Python
    /// code can reach the dict (`gc.get_objects`), and so remove the capsule from it.
    fn running_interpreter(&self) -> Option<&'static LocalInternals> {
        let mut node = self.newest.load(Ordering::Acquire);
        while !node.is_null() {
            // SAFETY: registrations live as long as the internals.
            let registration = unsafe { &*node };
            if registration.binary == binary() {
                // SAFETY: this binary's registrations hold its own type, never freed.
                let local = unsafe { &*registration.local.cast::<LocalInternals>() };
                return is_still_running(local).then_some(local);
            }
            node = registration.next;
        }
        // Created after others were taken out, whose values may be in use, too.
        let local = lookup::find_live(compat::current_interpreter())?;
        is_still_running(local).then_some(local)
    }
}

/// Returns whether code runs in the interpreter that this thread is attached to, which is
/// `local`'s.
fn is_still_running(local: &LocalInternals) -> bool {
    match local.phase() {
        Phase::Live => compat::is_running(),
        // Exit functions and finalizers run until the end, but none of them clears the dict. Nor do
        // threads that are still inside, whatever code of Rust they run.
        Phase::Exiting => {
            compat::is_in_python() || !local.is_ended_with(compat::current_thread_state())
        }
        Phase::Closing => compat::is_in_python() || entry::keeps_from_ending(local),
        Phase::Ending | Phase::Emptied => false,
    }
}

/// Puts a capsule for `internals` into the interpreter's dict again. If that fails, they stay in
/// memory, and the interpreter's values with them.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, which must not be torn down.
unsafe fn put_back(internals: *mut Internals, local: &LocalInternals) {
    // SAFETY: attached; all new references are released.
    unsafe {
        let capsule = ffi::PyCapsule_New(internals.cast(), KEY.as_ptr(), Some(destroy));
        let dict = ffi::PyInterpreterState_GetDict(local.interpreter());
        let mut kept = false;
        if !dict.is_null() && !capsule.is_null() {
            // Internals that were created in between stay under the key. These ones still run the
            // teardown.
            let names = [
                ffi::PyUnicode_FromString(KEY.as_ptr()),
                ffi::PyLong_FromVoidPtr(internals.cast()),
            ];
            for key in names {
                if !kept && !key.is_null() {
                    let there = compat::item_or_insert(dict, key, capsule);
                    kept = there == capsule;
                    ffi::Py_XDECREF(there);
                }
                ffi::Py_XDECREF(key);
            }
        }
        if !kept && !capsule.is_null() {
            ffi::PyCapsule_SetDestructor(capsule, None);
        }
        ffi::Py_XDECREF(capsule);
        ffi::PyErr_Clear();
    }
}

/// Tears down the states of all binaries in the interpreter, which is ending.
///
/// # Safety
/// The thread must be attached to it; `internals` must not be used afterwards.
unsafe fn end(internals: *mut Internals) {
    // SAFETY: attached and alone (upheld by the caller); each registration is taken out once.
    unsafe {
        loop {
            let newest = (*internals).newest.load(Ordering::Acquire);
            if newest.is_null() {
                break;
            }
            // Taken out first: a drop that creates a new state registers on top.
            (*internals).newest.store((*newest).next, Ordering::Release);
            ((*newest).tear_down)(newest);
        }
        let panic_exception = (*internals)
            .panic_exception
            .swap(null_mut(), Ordering::AcqRel);
        ffi::Py_XDECREF(panic_exception);
        (*internals).classes.clear();
        drop(Box::from_raw(internals));
    }
}
