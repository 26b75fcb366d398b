//! The items of tuples and lists, the value of a `float`, the text of a `str`: CPython's macros,
//! which the stable ABI does not have.

#[cfg(not(Py_LIMITED_API))]
pub(crate) use fixed::*;
#[cfg(Py_LIMITED_API)]
pub(crate) use running::*;

#[cfg(not(Py_LIMITED_API))]
mod fixed {
    use std::ffi::{c_uint, c_void};

    use pyo3_ffi::*;

    /// Returns the address of the items of a tuple.
    ///
    /// # Safety
    /// Attached; `tuple` must be a live tuple.
    #[inline(always)]
    pub(crate) unsafe fn tuple_items(tuple: *mut PyObject) -> Option<*const *mut PyObject> {
        // SAFETY: a live tuple (upheld by the caller).
        Some(unsafe { (&raw const (*tuple.cast::<PyTupleObject>()).ob_item).cast() })
    }

    /// Returns the length of a `bytes`.
    ///
    /// # Safety
    /// `bytes` must be a live `bytes`.
    #[inline(always)]
    pub(crate) unsafe fn bytes_len(bytes: *mut PyObject) -> Py_ssize_t {
        // SAFETY: a live `bytes` (upheld by the caller).
        unsafe { Py_SIZE(bytes) }
    }

    /// Returns the width of the characters of a `str`, in bytes, and their address.
    ///
    /// # Safety
    /// Attached; `text` must be a live `str` in canonical form.
    pub(crate) unsafe fn text_data(text: *mut PyObject) -> Option<(c_uint, *const c_void)> {
        // SAFETY: a live `str` in canonical form (upheld by the caller).
        unsafe { Some((PyUnicode_KIND(text), PyUnicode_DATA(text))) }
    }
}

#[cfg(Py_LIMITED_API)]
mod running {
    use std::ffi::{c_int, c_uint, c_void};

    use pyo3_ffi::*;

    use crate::capi::memory::reads_memory;
    #[allow(unused_imports, reason = "declared by `pyo3-ffi` from 3.10 on")]
    use crate::capi::{Py_NewRef, at_least};

    /// The beginning of a `tuple` or a `list`.
    #[repr(C)]
    struct Sequence {
        head: [usize; 2],
        len: Py_ssize_t,
        /// The items of a list. Those of a tuple begin here, or from 3.14 on behind its hash.
        items: *mut *mut PyObject,
    }

    #[repr(C)]
    struct Float {
        head: [usize; 2],
        value: f64,
    }

    /// The beginning of a `str`, as it was laid out by 3.11, and by later versions.
    #[repr(C)]
    struct Text {
        head: [usize; 2],
        len: Py_ssize_t,
        hash: Py_hash_t,
        /// Bit fields: `interned` (2), `kind` (3), `compact`, `ascii`.
        state: u32,
    }

    /// # Safety
    /// `tuple` must be a live tuple, in a Python whose memory is read.
    #[inline(always)]
    unsafe fn items_of_tuple(tuple: *mut PyObject) -> *mut *mut PyObject {
        // SAFETY: a live tuple (upheld by the caller).
        unsafe {
            let items: *mut *mut PyObject = (&raw mut (*tuple.cast::<Sequence>()).items).cast();
            items.add(usize::from(at_least(14)))
        }
    }

    /// # Safety
    /// `list` must be a live list, in a Python whose memory is read.
    #[inline(always)]
    unsafe fn items_of_list(list: *mut PyObject) -> *mut *mut PyObject {
        // SAFETY: a live list (upheld by the caller).
        unsafe { (*list.cast::<Sequence>()).items }
    }

    /// # Safety
    /// `sequence` must be a live tuple or list, in a Python whose memory is read.
    #[inline(always)]
    unsafe fn len_of(sequence: *mut PyObject) -> Py_ssize_t {
        // SAFETY: a live tuple or list (upheld by the caller).
        unsafe { (*sequence.cast::<Sequence>()).len }
    }

    /// Returns the address of the items of a tuple; `None` where memory is not read.
    ///
    /// # Safety
    /// Attached; `tuple` must be a live tuple.
    #[inline(always)]
    pub(crate) unsafe fn tuple_items(tuple: *mut PyObject) -> Option<*const *mut PyObject> {
        // SAFETY: a live tuple (upheld by the caller).
        reads_memory().then(|| unsafe { items_of_tuple(tuple).cast_const() })
    }

    /// Returns the length of a `bytes`.
    ///
    /// # Safety
    /// `bytes` must be a live `bytes`.
    #[inline]
    pub(crate) unsafe fn bytes_len(bytes: *mut PyObject) -> Py_ssize_t {
        // SAFETY: a live `bytes` (upheld by the caller).
        unsafe { PyBytes_Size(bytes) }
    }

    /// # Safety
    /// As for CPython's macro.
    #[inline(always)]
    pub(crate) unsafe fn PyTuple_GET_SIZE(tuple: *mut PyObject) -> Py_ssize_t {
        // SAFETY: attached; a live tuple (upheld by the caller).
        unsafe {
            if reads_memory() {
                len_of(tuple)
            } else {
                PyTuple_Size(tuple)
            }
        }
    }

    /// # Safety
    /// As for CPython's macro.
    #[inline(always)]
    pub(crate) unsafe fn PyTuple_GET_ITEM(
        tuple: *mut PyObject,
        index: Py_ssize_t,
    ) -> *mut PyObject {
        // SAFETY: attached; a live tuple, `index` in bounds (upheld by the caller).
        unsafe {
            if reads_memory() {
                items_of_tuple(tuple).offset(index).read()
            } else {
                PyTuple_GetItem(tuple, index)
            }
        }
    }

    /// # Safety
    /// As for CPython's macro.
    #[inline(always)]
    pub(crate) unsafe fn PyTuple_SET_ITEM(
        tuple: *mut PyObject,
        index: Py_ssize_t,
        item: *mut PyObject,
    ) {
        // SAFETY: attached; a new tuple, `index` in bounds (upheld by the caller).
        unsafe {
            if reads_memory() {
                items_of_tuple(tuple).offset(index).write(item);
            } else {
                PyTuple_SetItem(tuple, index, item);
            }
        }
    }

    /// # Safety
    /// As for CPython's macro.
    #[inline(always)]
    pub(crate) unsafe fn PyList_GET_SIZE(list: *mut PyObject) -> Py_ssize_t {
        // SAFETY: attached; a live list (upheld by the caller).
        unsafe {
            if reads_memory() {
                len_of(list)
            } else {
                PyList_Size(list)
            }
        }
    }

    /// # Safety
    /// As for CPython's macro.
    #[inline(always)]
    pub(crate) unsafe fn PyList_GET_ITEM(list: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
        // SAFETY: attached; a live list, `index` in bounds (upheld by the caller).
        unsafe {
            if reads_memory() {
                items_of_list(list).offset(index).read()
            } else {
                PyList_GetItem(list, index)
            }
        }
    }

    /// # Safety
    /// As for CPython's macro.
    #[inline(always)]
    pub(crate) unsafe fn PyList_SET_ITEM(
        list: *mut PyObject,
        index: Py_ssize_t,
        item: *mut PyObject,
    ) {
        // SAFETY: attached; a new list, `index` in bounds (upheld by the caller).
        unsafe {
            if reads_memory() {
                items_of_list(list).offset(index).write(item);
            } else {
                PyList_SetItem(list, index, item);
            }
        }
    }

    /// # Safety
    /// As for CPython's macro.
    #[inline(always)]
    pub(crate) unsafe fn PyFloat_AS_DOUBLE(float: *mut PyObject) -> f64 {
        // SAFETY: attached; a live `float` (upheld by the caller).
        unsafe {
            if reads_memory() {
                (*float.cast::<Float>()).value
            } else {
                PyFloat_AsDouble(float)
            }
        }
    }

    /// Converts a `str` of 3.11 to its canonical form.
    ///
    /// # Safety
    /// As for CPython's macro.
    pub(crate) unsafe fn PyUnicode_READY(text: *mut PyObject) -> c_int {
        // SAFETY: attached; a live `str` (upheld by the caller). The function converts it, if need
        // be.
        match unsafe { PyUnicode_GetLength(text) } {
            ..0 => -1,
            _ => 0,
        }
    }

    pub(crate) const PyUnicode_1BYTE_KIND: c_uint = 1;
    pub(crate) const PyUnicode_2BYTE_KIND: c_uint = 2;
    pub(crate) const PyUnicode_4BYTE_KIND: c_uint = 4;

    /// Returns the width of the characters of a `str`, in bytes, and their address; `None` where
    /// memory is not read.
    ///
    /// # Safety
    /// Attached; `text` must be a live `str` in canonical form.
    pub(crate) unsafe fn text_data(text: *mut PyObject) -> Option<(c_uint, *const c_void)> {
        if !reads_memory() {
            return None;
        }
        // SAFETY: a live `str` in canonical form (upheld by the caller).
        Some(unsafe { data_of(text) })
    }

    /// # Safety
    /// `text` must be a live `str` in canonical form, laid out as assumed.
    unsafe fn data_of(text: *mut PyObject) -> (c_uint, *const c_void) {
        // Behind the state: `wstr` (3.11), then `utf8_length`, `utf8` and `wstr_length` (3.11).
        let (ascii, other) = if at_least(12) { (40, 56) } else { (48, 72) };
        // SAFETY: a live `str` (upheld by the caller).
        unsafe {
            let state = (*text.cast::<Text>()).state;
            let kind = state >> 2 & 7;
            let (is_compact, is_ascii) = (state >> 5 & 1 != 0, state >> 6 & 1 != 0);
            let data = match (is_compact, is_ascii) {
                (true, true) => text.byte_add(ascii).cast(),
                (true, false) => text.byte_add(other).cast(),
                (false, _) => text.byte_add(other).cast::<*mut c_void>().read(),
            };
            (kind, data.cast_const())
        }
    }

    /// Returns whether the running Python lays out its objects as this file assumes.
    ///
    /// # Safety
    /// Attached; no exception may be set. One may be set afterwards, if Python has no memory.
    pub(crate) unsafe fn items_are_as_expected() -> bool {
        // SAFETY: attached (upheld by the caller); the new references are released.
        unsafe {
            let float = PyFloat_FromDouble(2.5);
            let (tuple, list) = (PyTuple_New(2), PyList_New(2));
            if float.is_null() || tuple.is_null() || list.is_null() {
                return false;
            }
            let mut as_expected = (*float.cast::<Float>()).value == 2.5;
            as_expected &= !at_least(12) || crate::capi::counts_are_as_expected(tuple);
            for index in 0..2 {
                let item = if index == 0 { float } else { Py_None() };
                PyTuple_SetItem(tuple, index, Py_NewRef(item));
                PyList_SetItem(list, index, Py_NewRef(item));
                as_expected &= items_of_tuple(tuple).offset(index).read() == item
                    && items_of_list(list).offset(index).read() == item;
            }
            as_expected &= len_of(tuple) == 2 && len_of(list) == 2;
            for (text, kind) in [("a", 1), ("\u{e9}", 1), ("\u{20ac}", 2), ("\u{1f40d}", 4)] {
                as_expected &= is_text_as_expected(text, kind);
            }
            for object in [float, tuple, list] {
                Py_DECREF(object);
            }
            as_expected
        }
    }

    /// # Safety
    /// Attached. An exception may be set afterwards.
    unsafe fn is_text_as_expected(text: &str, kind: c_uint) -> bool {
        // SAFETY: attached (upheld by the caller); the new reference is released.
        unsafe {
            let len = text.len() as Py_ssize_t;
            let object = PyUnicode_FromStringAndSize(text.as_ptr().cast(), len);
            if object.is_null() {
                return false;
            }
            let (found, data) = data_of(object);
            let mut buffer = [0_u32; 2];
            let copied = !PyUnicode_AsUCS4(object, buffer.as_mut_ptr(), 2, 0).is_null();
            let first = match kind {
                1 => u32::from(data.cast::<u8>().read()),
                2 => u32::from(data.cast::<u16>().read()),
                _ => data.cast::<u32>().read(),
            };
            Py_DECREF(object);
            copied && found == kind && first == buffer[0]
        }
    }
}
