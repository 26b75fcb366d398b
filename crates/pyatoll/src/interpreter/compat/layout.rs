//! Fields of CPython's own objects that are read where they lie, since the function for it costs
//! more than all the rest of a call.
//!
//! Invariant: a field is read directly only if its place is known for the version this is built
//! for, and was found to be right in the running Python: [`check`] does that when an interpreter is
//! first seen, [`has_module_state`] for each module. (A thread state is read before that, to see
//! which interpreter it is of; nothing but the check is done in one that was not seen before.)
//! Versions that are not known, and the limited API, take the function.

use std::ffi::{c_long, c_void};
use std::sync::atomic::{AtomicIsize, AtomicU32, Ordering};

use pyo3_ffi as ffi;

/// The state of a module (`PyModule_GetState`).
///
/// # Safety
/// Attached; `module` must be a live module for which [`has_module_state`] held.
#[inline(always)]
pub(crate) unsafe fn module_state(module: *mut ffi::PyObject) -> *mut c_void {
    /// Words between the object's head and the state: the dict, and the definition until 3.14.
    const WORDS: usize = if cfg!(Py_3_15) { 1 } else { 2 };
    const OFFSET: usize = size_of::<ffi::PyObject>() + WORDS * size_of::<*mut c_void>();
    // SAFETY: a live module whose field was found there, as the caller promises.
    unsafe { module.byte_add(OFFSET).cast::<*mut c_void>().read() }
}

/// Whether [`module_state`] gives the module's state, and it has one.
///
/// # Safety
/// Attached; `module` must be a live module.
pub(crate) unsafe fn has_module_state(module: *mut ffi::PyObject) -> bool {
    // SAFETY: passed on to the caller. A module is larger than what is read. No other field of it
    // can hold the address of its state, which is memory of its own.
    unsafe {
        let state = ffi::PyModule_GetState(module);
        !state.is_null() && module_state(module) == state
    }
}

/// The module of a class (`PyType_GetModule`); null if it has none.
///
/// # Safety
/// Attached; `class` must be a live heap type for which the function was found to say the same.
#[inline(always)]
pub(crate) unsafe fn module_of_class(class: *mut ffi::PyTypeObject) -> *mut ffi::PyObject {
    // SAFETY: passed on to the caller.
    unsafe { (*class.cast::<ffi::PyHeapTypeObject>()).ht_module }
}

/// The number of items of a dict (`PyDict_GET_SIZE`, which reads the same field: it is in a public
/// header).
///
/// # Safety
/// Attached; `dict` must be a live instance of `dict`.
#[inline(always)]
pub(crate) unsafe fn size_of_dict(dict: *mut ffi::PyObject) -> usize {
    // SAFETY: passed on to the caller. On free-threaded builds another thread may be changing it.
    unsafe {
        let used = &raw mut (*dict.cast::<ffi::PyDictObject>()).ma_used;
        AtomicIsize::from_ptr(used).load(Ordering::Relaxed) as usize
    }
}

/// The interpreter of a thread state (`PyThreadState_GetInterpreter`).
///
/// # Safety
/// `thread_state` must be valid.
#[inline(always)]
pub(crate) unsafe fn interpreter_of(
    thread_state: *mut ffi::PyThreadState,
) -> *mut ffi::PyInterpreterState {
    /// The beginning of the struct, in a public header. `interp` is its documented public member.
    #[repr(C)]
    struct ThreadState {
        prev: *mut ffi::PyThreadState,
        next: *mut ffi::PyThreadState,
        interp: *mut ffi::PyInterpreterState,
    }
    // SAFETY: passed on to the caller. The field is set when a thread state is made and stays.
    unsafe {
        if KNOWN {
            (&raw const (*thread_state.cast::<ThreadState>()).interp).read()
        } else {
            ffi::PyThreadState_GetInterpreter(thread_state)
        }
    }
}

/// The value of an `int` that CPython keeps in one digit (`PyUnstable_Long_CompactValue`); `None`
/// for a larger one, and where the layout is not known.
///
/// # Safety
/// `int` must be a live `int`, in an interpreter that was checked.
#[inline(always)]
pub(crate) unsafe fn compact_int(int: *mut ffi::PyObject) -> Option<c_long> {
    if !KNOWN {
        return None;
    }
    // SAFETY: passed on to the caller.
    let (value, is_compact) = unsafe { digit_of(int) };
    // SAFETY: `check` found 30 bits to a digit.
    unsafe { std::hint::assert_unchecked((-MAX_DIGIT..=MAX_DIGIT).contains(&value)) };
    is_compact.then_some(value)
}

/// Whether thread states, `int` and `str` objects are read directly: their layout of 3.12 to 3.15.
const KNOWN: bool = cfg!(all(
    Py_3_12,
    target_pointer_width = "64",
    target_endian = "little",
    not(all(Py_GIL_DISABLED, windows))
));

const MAX_DIGIT: c_long = (1 << 30) - 1;

/// The lowest digit of an `int` with its sign, and whether that is all of it.
///
/// # Safety
/// `int` must be a live `int`, of the layout that is [`KNOWN`].
#[inline(always)]
unsafe fn digit_of(int: *mut ffi::PyObject) -> (c_long, bool) {
    #[repr(C)]
    struct Int {
        head: ffi::PyObject,
        /// The sign in the lowest two bits: 0 positive, 1 zero, 2 negative. The number of digits
        /// from bit 3 on.
        tag: usize,
        digit: u32,
    }
    // SAFETY: an `int` has these fields, which never change.
    unsafe {
        let int = int.cast::<Int>();
        let tag = (&raw const (*int).tag).read();
        let digit = (&raw const (*int).digit).read();
        ((1 - (tag & 3) as c_long) * digit as c_long, tag < 2 << 3)
    }
}

/// The text of a `str` that is all ASCII, as its object keeps it, with a null byte behind; `None`
/// for any other, and where the layout is not known.
///
/// # Safety
/// `string` must be a live `str`, in an interpreter that was checked. The text is valid while it
/// lives.
#[inline(always)]
pub(crate) unsafe fn ascii_text<'a>(string: *mut ffi::PyObject) -> Option<&'a [u8]> {
    #[repr(C)]
    struct Text {
        head: ffi::PyObject,
        len: ffi::Py_ssize_t,
        hash: ffi::Py_hash_t,
        /// Bit fields.
        state: u32,
    }
    /// "The characters follow this struct", and "all are ASCII". On a free-threaded build the field
    /// before them is a byte.
    const COMPACT_ASCII: u32 = if cfg!(Py_GIL_DISABLED) {
        3 << 11
    } else {
        3 << 5
    };
    if !KNOWN {
        return None;
    }
    // SAFETY: a `str` has these fields; those bits never change. The other bits may, under a reader
    // on a free-threaded build, so the read is atomic.
    unsafe {
        let text = string.cast::<Text>();
        let state = AtomicU32::from_ptr(&raw mut (*text).state).load(Ordering::Relaxed);
        if state & COMPACT_ASCII != COMPACT_ASCII {
            return None;
        }
        let len = (&raw const (*text).len).read() as usize;
        Some(std::slice::from_raw_parts(text.add(1).cast(), len))
    }
}

/// Finds out whether the running Python's objects are as this file takes them to be.
///
/// # Safety
/// Attached; no exception set.
///
/// # Panics
/// If they are not: the Python was built with an option that its version does not tell.
pub(crate) unsafe fn check() {
    if !KNOWN {
        return;
    }
    let ints = [
        0,
        1,
        -1,
        MAX_DIGIT,
        -MAX_DIGIT,
        MAX_DIGIT - 12345,
        MAX_DIGIT + 1,
        -MAX_DIGIT - 1,
    ];
    // SAFETY: attached.
    let mut as_expected = unsafe {
        let thread_state = ffi::PyThreadState_Get();
        interpreter_of(thread_state) == ffi::PyThreadState_GetInterpreter(thread_state)
    };
    for value in ints {
        // SAFETY: attached; an `int` of ours, with a digit at least. The reference is released.
        unsafe {
            let int = ffi::PyLong_FromLong(value);
            if !int.is_null() {
                let found = digit_of(int);
                ffi::Py_DECREF(int);
                let is_compact = value.abs() <= MAX_DIGIT;
                as_expected &= found.1 == is_compact && (!is_compact || found.0 == value);
            }
        }
    }
    for (text, is_ascii) in [
        ("", true),
        ("ascii", true),
        ("\u{e9}", false),
        ("\u{20ac}", false),
    ] {
        // SAFETY: attached; a `str` of ours. The reference is released.
        unsafe {
            let len = text.len() as ffi::Py_ssize_t;
            let string = ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), len);
            if !string.is_null() {
                let found = ascii_text(string);
                as_expected &= found == is_ascii.then_some(text.as_bytes());
                ffi::Py_DECREF(string);
            }
        }
    }
    // SAFETY: attached. Python may have had no memory.
    unsafe { ffi::PyErr_Clear() };
    assert!(
        as_expected,
        "this Python keeps its objects otherwise than others of its version"
    );
}

#[cfg(test)]
mod tests {
    use crate::Python;

    #[test]
    fn this_pythons_objects_are_as_expected() {
        // SAFETY: attached.
        Python::attach(|_| unsafe { super::check() });
    }
}
