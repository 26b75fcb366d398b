//! CPython's registry of classes whose instances cross from one interpreter to another
//! (`concurrent.interpreters`, channels, queues).
//!
//! Its functions are private, so they are looked up by name, in known versions only, and used only
//! if the struct that they fill in is as declared here ([`is_usable`]). Without them, instances are
//! pickled.
//!
//! | version | registers | a class's function is called with |
//! |---|---|---|
//! | 3.12, 3.13 | `_PyCrossInterpreterData_RegisterClass` | thread state, object, data |
//! | 3.14, 3.15 | `_PyXIData_RegisterClass` | thread state, object, data |
//!
//! Invariants of CPython: an interpreter's registry holds heap types by weak references, is guarded
//! by that interpreter's GIL (so it is not used without one), and matches an object's exact type.
//! `new_object` is called in the receiving interpreter, `free` in the sending one, or not at all if
//! that one has ended or too many calls are pending there.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

use pyo3_ffi::{
    PyErr_Clear, PyInterpreterState, PyObject, PyThreadState, PyThreadState_Get, PyTypeObject,
};

use super::lookup::Symbol;
use super::version::LATEST_KNOWN;
use super::{at_least, is_free_threaded, running_minor};

/// `_PyXIData_t`; `_PyCrossInterpreterData` before 3.14.
#[repr(C)]
pub(crate) struct CrossingData {
    /// The argument of `free`.
    pub(crate) data: *mut c_void,
    /// An object of the sender that is released with the data, or null.
    pub(crate) object: *mut PyObject,
    /// The sending interpreter, set by CPython.
    interpreter: i64,
    pub(crate) new_object: Option<NewObject>,
    pub(crate) free: Option<Free>,
}

/// Creates the object in the receiving interpreter.
pub(crate) type NewObject = unsafe extern "C" fn(*mut CrossingData) -> *mut PyObject;

/// Frees the data if it is set, and not null.
pub(crate) type Free = unsafe extern "C" fn(*mut c_void);

/// Fills in zeroed data for an object. Returns 0, or -1 with an exception set.
pub(crate) type GetData =
    unsafe extern "C" fn(*mut PyThreadState, *mut PyObject, *mut CrossingData) -> c_int;

/// `_PyXIData_getdata_t`: one of the two is set.
#[repr(C)]
#[derive(Clone, Copy)]
struct GetDataFunctions {
    basic: Option<GetData>,
    fallback: *mut c_void,
}

type Init = unsafe extern "C" fn(
    *mut CrossingData,
    *mut PyInterpreterState,
    *mut c_void,
    *mut PyObject,
    NewObject,
);

/// The functions of one API.
struct Functions {
    init: Symbol,
    register: Symbol,
    unregister: Symbol,
}

/// Those of 3.12 and 3.13.
static OLDER: Functions = Functions {
    init: Symbol::of("_PyCrossInterpreterData_Init\0"),
    register: Symbol::of("_PyCrossInterpreterData_RegisterClass\0"),
    unregister: Symbol::of("_PyCrossInterpreterData_UnregisterClass\0"),
};

/// Those of 3.14 and 3.15.
static NEWER: Functions = Functions {
    init: Symbol::of("_PyXIData_Init\0"),
    register: Symbol::of("_PyXIData_RegisterClass\0"),
    unregister: Symbol::of("_PyXIData_UnregisterClass\0"),
};

fn functions() -> &'static Functions {
    if at_least(14) { &NEWER } else { &OLDER }
}

/// Returns whether the running Python has the registry, as this file declares it.
pub(crate) fn is_usable() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let functions = functions();
        (12..=LATEST_KNOWN).contains(&running_minor())
            && is_allowed()
            && !is_free_threaded()
            && functions.init.is_found()
            && functions.register.is_found()
            && functions.unregister.is_found()
            && has_declared_layout(functions.init.address())
    })
}

/// Returns whether private functions may be used.
fn is_allowed() -> bool {
    #[cfg(Py_LIMITED_API)]
    return !super::memory::is_stable_abi_only();
    #[cfg(not(Py_LIMITED_API))]
    return true;
}

/// Returns whether `Init` sets the fields that [`CrossingData`] declares, and no more.
fn has_declared_layout(init: *mut c_void) -> bool {
    const PATTERN: usize = 0x5a5a_5a5a;

    #[repr(C)]
    struct Probe {
        data: CrossingData,
        rest: [usize; 8],
    }

    unsafe extern "C" fn no_object(_: *mut CrossingData) -> *mut PyObject {
        null_mut()
    }

    let mut probe = Probe {
        data: CrossingData {
            data: null_mut(),
            object: null_mut(),
            interpreter: 0,
            new_object: None,
            free: None,
        },
        rest: [PATTERN; 8],
    };
    let marker: *mut c_void = (&raw mut probe.rest).cast();
    // SAFETY: the function of a known version has this signature. It writes the struct, for which
    // there is more than enough room; without an interpreter and an object it reads nothing.
    unsafe {
        let init = std::mem::transmute::<*mut c_void, Init>(init);
        let data = (&raw mut probe).cast();
        init(data, null_mut(), marker, null_mut(), no_object);
    }
    let found = &probe.data;
    found.data == marker
        && found.object.is_null()
        && found.interpreter == -1
        && found
            .new_object
            .is_some_and(|found| std::ptr::fn_addr_eq(found, no_object as NewObject))
        && found.free.is_none()
        && probe.rest == [PATTERN; 8]
}

/// Registers a class. Returns 0, or -1 with an exception set.
///
/// # Safety
/// Attached; the registry must be usable, and `class` a live heap type.
pub(crate) unsafe fn register_class(class: *mut PyTypeObject, get_data: GetData) -> c_int {
    type Older = unsafe extern "C" fn(*mut PyTypeObject, GetData) -> c_int;
    type Newer =
        unsafe extern "C" fn(*mut PyThreadState, *mut PyTypeObject, GetDataFunctions) -> c_int;
    let address = functions().register.address();
    // SAFETY: the function of this version has this signature. The rest is upheld by the caller:
    // attached; a live heap type.
    unsafe {
        if at_least(14) {
            let register = std::mem::transmute::<*mut c_void, Newer>(address);
            let functions = GetDataFunctions {
                basic: Some(get_data),
                fallback: null_mut(),
            };
            register(PyThreadState_Get(), class, functions)
        } else {
            std::mem::transmute::<*mut c_void, Older>(address)(class, get_data)
        }
    }
}

/// Removes a class that is registered.
///
/// # Safety
/// As for [`register_class`].
pub(crate) unsafe fn unregister_class(class: *mut PyTypeObject) {
    type Older = unsafe extern "C" fn(*mut PyTypeObject) -> c_int;
    type Newer = unsafe extern "C" fn(*mut PyThreadState, *mut PyTypeObject) -> c_int;
    let address = functions().unregister.address();
    // SAFETY: the function of this version has this signature. The rest is upheld by the caller:
    // attached; a live heap type.
    unsafe {
        let status = if at_least(14) {
            let unregister = std::mem::transmute::<*mut c_void, Newer>(address);
            unregister(PyThreadState_Get(), class)
        } else {
            std::mem::transmute::<*mut c_void, Older>(address)(class)
        };
        if status != 0 {
            // It was not there.
            PyErr_Clear();
        }
    }
}
