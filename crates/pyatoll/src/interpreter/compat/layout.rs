//! Fields of CPython's objects that are read directly, where calling the function would cost more
//! than the rest of a call.
//!
//! Invariant: a field is read directly only if its offset is known for the version that this is
//! built for, or that runs, and was verified in the running Python: by [`check`] when an
//! interpreter is first seen, by [`has_module_state`] for each module. (A build for one version
//! reads a thread state before that, to find its interpreter; in one not seen before, nothing but
//! the check runs.)
//! Unknown versions call the function, and so does a build for the stable ABI until `check` has
//! found the fields where they are expected.

use std::ffi::{c_long, c_void};
use std::sync::atomic::{AtomicIsize, AtomicU32, Ordering};

use crate::capi::memory::{reads_memory, reads_memory_from};
use crate::capi::{self as ffi, at_least, type_fields};

/// The head of an object.
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
type Head = ffi::PyObject;

/// The head of an object where there is a GIL: otherwise, a build for `abi3t` reads no object this
/// way.
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
type Head = [usize; 2];

/// Returns the state of a module (`PyModule_GetState`).
///
/// # Safety
/// The thread must be attached; `module` must be a live module for which [`has_module_state`] held.
#[inline(always)]
pub(crate) unsafe fn module_state(module: *mut ffi::PyObject) -> *mut c_void {
    if !reads_memory() {
        // SAFETY: attached; a live module (upheld by the caller).
        return unsafe { ffi::PyModule_GetState(module) };
    }
    // Words between the object's head and the state: the dict, and the definition until 3.14.
    let words = if at_least(15) { 1 } else { 2 };
    let offset = size_of::<Head>() + words * size_of::<*mut c_void>();
    // SAFETY: a live module whose field was found there (upheld by the caller).
    unsafe { module.byte_add(offset).cast::<*mut c_void>().read() }
}

/// Returns whether [`module_state`] returns the module's state, and it has one.
///
/// # Safety
/// The thread must be attached; `module` must be a live module.
pub(crate) unsafe fn has_module_state(module: *mut ffi::PyObject) -> bool {
    // SAFETY: a live module, which is larger than what is read. No other field of it can hold the
    // address of its state, which is a separate allocation.
    unsafe {
        let state = ffi::PyModule_GetState(module);
        !state.is_null() && module_state(module) == state
    }
}

/// Returns the module of a class (`PyType_GetModule`), or null if it has none.
///
/// # Safety
/// The thread must be attached; `class` must be a live heap type for which `PyType_GetModule` was
/// found to return the same.
#[inline(always)]
pub(crate) unsafe fn module_of_class(class: *mut ffi::PyTypeObject) -> *mut ffi::PyObject {
    // SAFETY: attached; a live heap type that has a module, or had one (upheld by the caller): the
    // exception of one that is cleared is dropped.
    unsafe {
        if !reads_memory() {
            let module = ffi::PyType_GetModule(class);
            if module.is_null() {
                ffi::PyErr_Clear();
            }
            return module;
        }
        type_fields::module_of_heap_type(class)
    }
}

/// Returns the number of items of a dict (`PyDict_GET_SIZE`, which reads the same field, in a
/// public header).
///
/// # Safety
/// The thread must be attached; `dict` must be a live instance of `dict`.
#[inline(always)]
pub(crate) unsafe fn size_of_dict(dict: *mut ffi::PyObject) -> usize {
    // SAFETY: a live dict (upheld by the caller).
    unsafe {
        if reads_memory() {
            used_of_dict(dict)
        } else {
            ffi::PyDict_Size(dict) as usize
        }
    }
}

/// # Safety
/// `dict` must be a live instance of `dict`, laid out as expected.
#[inline(always)]
unsafe fn used_of_dict(dict: *mut ffi::PyObject) -> usize {
    // SAFETY: a live dict, whose first field is the number of items. On free-threaded builds
    // another thread may change it: the read is atomic.
    unsafe {
        let used = dict.byte_add(size_of::<Head>()).cast::<isize>();
        AtomicIsize::from_ptr(used).load(Ordering::Relaxed) as usize
    }
}

/// Returns the interpreter of a thread state (`PyThreadState_GetInterpreter`).
///
/// # Safety
/// `thread_state` must be valid.
#[inline(always)]
pub(crate) unsafe fn interpreter_of(
    thread_state: *mut ffi::PyThreadState,
) -> *mut ffi::PyInterpreterState {
    // SAFETY: valid (upheld by the caller).
    unsafe {
        if is_known() {
            interp_of(thread_state)
        } else {
            ffi::PyThreadState_GetInterpreter(thread_state)
        }
    }
}

/// # Safety
/// `thread_state` must be valid, and laid out as expected.
#[inline(always)]
unsafe fn interp_of(thread_state: *mut ffi::PyThreadState) -> *mut ffi::PyInterpreterState {
    /// The beginning of the struct, in a public header. `interp` is its documented public member.
    #[repr(C)]
    struct ThreadState {
        prev: *mut ffi::PyThreadState,
        next: *mut ffi::PyThreadState,
        interp: *mut ffi::PyInterpreterState,
    }
    // SAFETY: valid (upheld by the caller). The field is set when a thread state is created, and
    // stays.
    unsafe { (&raw const (*thread_state.cast::<ThreadState>()).interp).read() }
}

/// Returns whether a thread is attached with `thread_state` (`_status.active`). `false` where the
/// layout is not known.
///
/// # Safety
/// `thread_state` must be alive; the running Python must be 3.12 or later.
#[cfg(unix)]
pub(crate) unsafe fn is_active(thread_state: *mut ffi::PyThreadState) -> bool {
    // SAFETY: upheld by the caller. Behind `initialized`, `bound`, `unbound`, `bound_gilstate`.
    unsafe { status_bit(thread_state, 4) }
}

/// Returns whether a thread state was cleared (`_status.cleared`), which comes before it is
/// deleted. `false` where the layout is not known.
///
/// # Safety
/// `thread_state` must be allocated; the running Python must be 3.14 or later.
pub(crate) unsafe fn is_cleared(thread_state: *mut ffi::PyThreadState) -> bool {
    // SAFETY: upheld by the caller. Behind `active` and `finalizing` (3.13 has `holds_gil`, too).
    unsafe { status_bit(thread_state, 6) }
}

/// Returns a field of one bit in a thread state's `_status`; `bit` is its position, from 0 on.
///
/// # Safety
/// `thread_state` must be allocated; the running Python must be 3.12 or later.
unsafe fn status_bit(thread_state: *mut ffi::PyThreadState, bit: u32) -> bool {
    // Before the status: `prev`, `next`, `interp`, and from 3.13 on `eval_breaker`.
    let words = if at_least(13) { 4 } else { 3 };
    let mask = if cfg!(target_endian = "little") {
        1 << bit
    } else {
        1 << (31 - bit)
    };
    // SAFETY: allocated (upheld by the caller); the fields are in a public header. Another thread
    // may be changing them.
    reads_memory()
        && unsafe {
            let status = thread_state.cast::<usize>().add(words).cast();
            AtomicU32::from_ptr(status).load(Ordering::Relaxed) & mask != 0
        }
}

/// Returns the value of an `int` that CPython stores in one digit (`PyUnstable_Long_CompactValue`);
/// `None` for a larger one, and where the layout is not known.
///
/// # Safety
/// `int` must be a live `int`, in an interpreter that was checked.
#[inline(always)]
pub(crate) unsafe fn compact_int(int: *mut ffi::PyObject) -> Option<c_long> {
    if !is_known() {
        return None;
    }
    // SAFETY: a live `int`, in an interpreter that was checked.
    let (value, is_compact) = unsafe { digit_of(int) };
    // SAFETY: `check` found 30 bits to a digit.
    unsafe { std::hint::assert_unchecked((-MAX_DIGIT..=MAX_DIGIT).contains(&value)) };
    is_compact.then_some(value)
}

/// Returns the digits of an `int`, of 30 bits each, the lowest first, and whether it is negative;
/// `None` where the layout is not known.
///
/// # Safety
/// `int` must be a live `int`, in an interpreter that was checked. The digits are valid while it
/// lives.
#[cfg(feature = "num-bigint")]
#[inline]
pub(crate) unsafe fn digits_of_int<'a>(int: *mut ffi::PyObject) -> Option<(&'a [u32], bool)> {
    // SAFETY: an `int` (upheld by the caller).
    is_known().then(|| unsafe { digits_of(int) })
}

/// # Safety
/// `int` must be a live `int`, laid out as expected. The digits are valid while it lives.
#[cfg(feature = "num-bigint")]
#[inline]
unsafe fn digits_of<'a>(int: *mut ffi::PyObject) -> (&'a [u32], bool) {
    // SAFETY: an `int` has these fields, which never change, and as many digits as its tag says.
    unsafe {
        let int = int.cast::<Int>();
        let tag = (&raw const (*int).tag).read();
        let digits = std::slice::from_raw_parts(&raw const (*int).digit, tag >> 3);
        (digits, tag & 3 == 2)
    }
}

/// Verifies [`digits_of_int`] with an `int` of two digits, and its negative.
///
/// # Safety
/// The thread must be attached.
#[cfg(feature = "num-bigint")]
unsafe fn digits_are_as_expected() -> bool {
    let value: i64 = (12345 << 30) + 54321;
    [value, -value].into_iter().all(|value| {
        // SAFETY: attached (upheld by the caller); a new `int`, released after the last use.
        unsafe {
            let int = ffi::PyLong_FromLongLong(value);
            if int.is_null() {
                return true;
            }
            let as_expected = digits_of(int) == (&[54321, 12345][..], value < 0);
            ffi::Py_DECREF(int);
            as_expected
        }
    })
}

/// Returns whether thread states, `int` and `str` objects are read directly: their layout of 3.12
/// to 3.15.
#[inline(always)]
fn is_known() -> bool {
    IS_KNOWN_PLATFORM && reads_memory_from(12)
}

const IS_KNOWN_PLATFORM: bool = cfg!(all(
    target_pointer_width = "64",
    target_endian = "little",
    not(all(Py_GIL_DISABLED, not(Py_LIMITED_API), windows))
));

const MAX_DIGIT: c_long = (1 << 30) - 1;

/// An `int`.
#[repr(C)]
struct Int {
    head: Head,
    /// The sign in the lowest two bits (0 positive, 1 zero, 2 negative), the number of digits from
    /// bit 3 on.
    tag: usize,
    /// The first digit.
    digit: u32,
}

/// Returns the lowest digit of an `int` with its sign, and whether it is the only one.
///
/// # Safety
/// `int` must be a live `int`, laid out as expected.
#[inline(always)]
unsafe fn digit_of(int: *mut ffi::PyObject) -> (c_long, bool) {
    // SAFETY: an `int` has these fields, which never change.
    unsafe {
        let int = int.cast::<Int>();
        let tag = (&raw const (*int).tag).read();
        let digit = (&raw const (*int).digit).read();
        ((1 - (tag & 3) as c_long) * digit as c_long, tag < 2 << 3)
    }
}

/// Returns the text of a `str` that is all ASCII, as its object stores it, followed by a null byte;
/// `None` for any other, and where the layout is not known.
///
/// # Safety
/// `string` must be a live `str`, in an interpreter that was checked. The text is valid while it
/// lives.
#[inline(always)]
pub(crate) unsafe fn ascii_text<'a>(string: *mut ffi::PyObject) -> Option<&'a [u8]> {
    if !is_known() {
        return None;
    }
    // SAFETY: a live `str` (upheld by the caller).
    unsafe { text_of(string) }
}

/// # Safety
/// `string` must be a live `str`, laid out as expected. The text is valid while it lives.
#[inline(always)]
unsafe fn text_of<'a>(string: *mut ffi::PyObject) -> Option<&'a [u8]> {
    #[repr(C)]
    struct Text {
        head: Head,
        len: ffi::Py_ssize_t,
        hash: ffi::Py_hash_t,
        /// Bit fields.
        state: u32,
    }
    /// "The characters follow this struct" and "all are ASCII". On a free-threaded build the field
    /// before them is a byte.
    const COMPACT_ASCII: u32 = if cfg!(all(Py_GIL_DISABLED, not(Py_LIMITED_API))) {
        3 << 11
    } else {
        3 << 5
    };
    // SAFETY: a `str` has these fields; those bits never change. Other bits may, under a reader on
    // a free-threaded build, so the read is atomic.
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

/// Verifies that the running Python's objects have the layout that this library assumes. A build
/// for the stable ABI reads them from then on; otherwise it calls functions.
///
/// # Safety
/// The thread must be attached; no exception may be set.
///
/// # Panics
/// In a build for one version, if the layout differs: Python was built with an option that changes
/// it.
#[cfg(Py_LIMITED_API)]
pub(crate) unsafe fn check() {
    use crate::capi::memory;
    if reads_memory() || !memory::is_known_version() {
        return;
    }
    // SAFETY: attached (upheld by the caller). The types come first, since they are read by the
    // others. An exception is cleared: Python may have had no memory.
    unsafe {
        if type_fields::are_as_expected() {
            memory::allow_types();
        }
        // The other structs begin with the head that objects have with a GIL.
        let as_expected = !ffi::is_free_threaded()
            && memory::knows_types()
            && ffi::items_are_as_expected()
            && is_dict_as_expected()
            && is_interpreter_as_expected()
            && (!at_least(12) || are_values_as_expected());
        ffi::PyErr_Clear();
        if as_expected {
            memory::allow();
        }
    }
}

/// Verifies that the running Python's objects have the layout that this file assumes.
///
/// # Safety
/// The thread must be attached; no exception may be set.
///
/// # Panics
/// If the layout differs: Python was built with an option that changes it.
#[cfg(not(Py_LIMITED_API))]
pub(crate) unsafe fn check() {
    if !is_known() {
        return;
    }
    // SAFETY: attached (upheld by the caller). Python may have had no memory.
    let as_expected = unsafe {
        let as_expected = is_interpreter_as_expected() && are_values_as_expected();
        ffi::PyErr_Clear();
        as_expected
    };
    assert!(
        as_expected,
        "this build of Python lays out its objects differently from the one that this binary was \
         built for: build it for this Python"
    );
}

/// # Safety
/// The thread must be attached.
unsafe fn is_interpreter_as_expected() -> bool {
    // SAFETY: attached (upheld by the caller), so there is a current thread state.
    unsafe {
        let thread_state = ffi::PyThreadState_Get();
        interp_of(thread_state) == ffi::PyThreadState_GetInterpreter(thread_state)
    }
}

/// # Safety
/// The thread must be attached.
#[cfg(Py_LIMITED_API)]
unsafe fn is_dict_as_expected() -> bool {
    // SAFETY: attached (upheld by the caller); a new `dict`, released.
    unsafe {
        let dict = ffi::PyDict_New();
        if dict.is_null() {
            return false;
        }
        let mut as_expected = used_of_dict(dict) == 0;
        for name in [c"one", c"two", c"three"] {
            as_expected &= ffi::PyDict_SetItemString(dict, name.as_ptr(), dict) == 0;
        }
        as_expected &= used_of_dict(dict) == 3;
        ffi::PyDict_Clear(dict);
        ffi::Py_DECREF(dict);
        as_expected
    }
}

/// Returns whether `int` and `str` objects are laid out as this file assumes.
///
/// # Safety
/// The thread must be attached. An exception may be set afterwards.
unsafe fn are_values_as_expected() -> bool {
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
    let mut as_expected = true;
    for value in ints {
        // SAFETY: attached; a new `int` with a digit at least, released.
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
    #[cfg(feature = "num-bigint")]
    {
        // SAFETY: attached (upheld by the caller).
        as_expected &= unsafe { digits_are_as_expected() };
    }
    for (text, is_ascii) in [
        ("", true),
        ("ascii", true),
        ("\u{e9}", false),
        ("\u{20ac}", false),
    ] {
        // SAFETY: attached; a new `str`, released.
        unsafe {
            let len = text.len() as ffi::Py_ssize_t;
            let string = ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), len);
            if !string.is_null() {
                let found = text_of(string);
                as_expected &= found == is_ascii.then_some(text.as_bytes());
                ffi::Py_DECREF(string);
            }
        }
    }
    as_expected
}

#[cfg(test)]
mod tests {
    use crate::Python;

    #[test]
    fn this_pythons_objects_are_as_expected() {
        // SAFETY: attached by `Python::attach`.
        Python::attach(|_| unsafe { super::check() });
    }
}
