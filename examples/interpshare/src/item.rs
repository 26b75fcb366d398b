//! [`Item`]: what is in a queue. Small values are packed into it, so that they take no memory that
//! one thread would allocate and another one free.

use pyatoll::ffi;
use pyatoll::prelude::*;
use pyatoll::types::{PyBool, PyBytes, PyFloat, PyInt, PyString, PyTuple};

use crate::value::{DEPTH, Held};

/// The room for a packed value, such that an item and its mark in the queue take 32 bytes: two
/// items are in a cache line, which goes from one processor to the other.
const ROOM: usize = 22;

/// The room for a packed value in memory of its own: one block instead of one for each part.
const LARGE_ROOM: usize = 255;

/// A value in a queue.
pub(crate) enum Item {
    Packed(Packed<ROOM>),
    Large(Box<[u8]>),
    Held(Held),
}

const _: () = assert!(size_of::<Item>() == 24);

impl Item {
    /// Converts an object.
    ///
    /// # Errors
    /// A `TypeError` for an object that cannot be shared.
    #[inline]
    pub(crate) fn from_object(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut packed = Packed::<ROOM>::NEW;
        match packed.add(object.as_borrowed(), 0) {
            Some(()) => Ok(Self::Packed(packed)),
            None => Self::large(object),
        }
    }

    #[cold]
    fn large(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut packed = Packed::<LARGE_ROOM>::NEW;
        match packed.add(object.as_borrowed(), 0) {
            Some(()) => Ok(Self::Large(packed.content().into())),
            None => Ok(Self::Held(Held::from_object(object)?)),
        }
    }

    /// Creates the object in the token's interpreter.
    ///
    /// # Errors
    /// Any exception of Python.
    #[inline]
    pub(crate) fn to_object<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut content = match self {
            Self::Packed(packed) => packed.content(),
            Self::Large(content) => content,
            Self::Held(value) => return value.get().to_object(py),
        };
        // SAFETY: attached (`py`). The result is a new reference, or null with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(py, next(&mut content)) }
    }
}

/// The kinds of packed values: a byte each, before the content.
mod kind {
    pub(super) const NONE: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    /// Followed by 1 byte.
    pub(super) const SHORT: u8 = 3;
    /// Followed by 8 bytes.
    pub(super) const INT: u8 = 4;
    /// Followed by 8 bytes.
    pub(super) const FLOAT: u8 = 5;
    /// Followed by the length, a byte, and UTF-8.
    pub(super) const STR: u8 = 6;
    /// Followed by the length, a byte, and the bytes.
    pub(super) const BYTES: u8 = 7;
    /// Followed by the number of items, a byte, and the items.
    pub(super) const TUPLE: u8 = 8;
}

/// A small value.
pub(crate) struct Packed<const ROOM: usize> {
    len: u8,
    bytes: [u8; ROOM],
}

impl<const ROOM: usize> Packed<ROOM> {
    const NEW: Self = Self {
        len: 0,
        bytes: [0; ROOM],
    };

    #[inline]
    fn content(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    #[inline(always)]
    fn push<const N: usize>(&mut self, bytes: [u8; N]) -> Option<()> {
        let start = usize::from(self.len);
        self.bytes
            .get_mut(start..start + N)?
            .copy_from_slice(&bytes);
        self.len += N as u8;
        Some(())
    }

    #[inline]
    fn push_slice(&mut self, kind: u8, bytes: &[u8]) -> Option<()> {
        self.push([kind, u8::try_from(bytes.len()).ok()?])?;
        let start = usize::from(self.len);
        let room = self.bytes.get_mut(start..start + bytes.len())?;
        room.copy_from_slice(bytes);
        self.len += bytes.len() as u8;
        Some(())
    }

    /// Adds an object; `None` if it has no room or another type, or is nested too deep.
    fn add(&mut self, object: Borrowed<'_, '_, PyAny>, depth: usize) -> Option<()> {
        if object.is_exact_instance_of::<PyInt>() {
            let value = object.extract::<i64>().ok()?;
            return match i8::try_from(value) {
                Ok(short) => self.push([kind::SHORT, short as u8]),
                Err(_) => {
                    self.push([kind::INT])?;
                    self.push(value.to_ne_bytes())
                }
            };
        }
        if let Ok(text) = object.cast_exact::<PyString>() {
            return self.push_slice(kind::STR, text.to_str().ok()?.as_bytes());
        }
        if object.is_exact_instance_of::<PyFloat>() {
            self.push([kind::FLOAT])?;
            return self.push(object.extract::<f64>().ok()?.to_ne_bytes());
        }
        if let Ok(tuple) = object.cast_exact::<PyTuple>() {
            if depth == DEPTH {
                return None;
            }
            self.push([kind::TUPLE, u8::try_from(tuple.len()).ok()?])?;
            let mut items = tuple.iter_borrowed();
            return items.try_for_each(|item| self.add(item, depth + 1));
        }
        if object.is_none() {
            return self.push([kind::NONE]);
        }
        if object.is_exact_instance_of::<PyBool>() {
            let is_true = object.extract::<bool>().ok()?;
            return self.push([if is_true { kind::TRUE } else { kind::FALSE }]);
        }
        let bytes = object.cast_exact::<PyBytes>().ok()?;
        self.push_slice(kind::BYTES, bytes.as_bytes())
    }
}

/// Takes a number of bytes.
#[inline(always)]
fn take<'a>(rest: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, others) = rest.split_at(len);
    *rest = others;
    taken
}

#[inline(always)]
fn take_array<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(take(rest, N));
    array
}

#[inline(always)]
fn take_slice<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let [len] = take_array(rest);
    take(rest, len.into())
}

/// Creates the next object of what [`Packed::add`] has written. Returns a new reference, or null
/// with an exception set. Pointers instead of `Bound`s, since this is most of the cost of a `get`.
///
/// # Safety
/// The thread must be attached.
#[inline(always)]
unsafe fn next(rest: &mut &[u8]) -> *mut ffi::PyObject {
    let [kind] = take_array(rest);
    // SAFETY: attached (upheld by the caller); each function returns a new reference, or null with
    // an exception set.
    unsafe {
        match kind {
            kind::SHORT => {
                let [short] = take_array(rest);
                ffi::PyLong_FromLong((short as i8).into())
            }
            kind::INT => ffi::PyLong_FromLongLong(i64::from_ne_bytes(take_array(rest))),
            kind::FLOAT => ffi::PyFloat_FromDouble(f64::from_ne_bytes(take_array(rest))),
            kind::STR => {
                let text = take_slice(rest);
                ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as isize)
            }
            kind::BYTES => {
                let bytes = take_slice(rest);
                ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len() as isize)
            }
            kind::FALSE => ffi::PyBool_FromLong(0),
            kind::TRUE => ffi::PyBool_FromLong(1),
            kind::TUPLE => next_tuple(rest),
            _ => {
                let none = ffi::Py_None();
                ffi::Py_INCREF(none);
                none
            }
        }
    }
}

/// Creates a tuple of the next objects, with a result like that of [`next`].
///
/// # Safety
/// The thread must be attached.
unsafe fn next_tuple(rest: &mut &[u8]) -> *mut ffi::PyObject {
    let [len] = take_array(rest);
    // SAFETY: attached (upheld by the caller). The tuple is new and this is its only reference.
    // Python code cannot find it through the collector: before 3.12 it is untracked until it is
    // complete; from 3.12 on the collector runs only between bytecode instructions. Each item's
    // reference is moved into its slot.
    unsafe {
        let tuple = ffi::PyTuple_New(len.into());
        if tuple.is_null() || len == 0 {
            return tuple;
        }
        // Before 3.12, creating an item may run the collector, and with it Python code that can
        // find every tracked object.
        #[cfg(not(Py_3_12))]
        ffi::PyObject_GC_UnTrack(tuple.cast());
        for index in 0..len.into() {
            let item = next(rest);
            if item.is_null() {
                ffi::Py_DECREF(tuple);
                return item;
            }
            #[cfg(not(Py_LIMITED_API))]
            ffi::PyTuple_SET_ITEM(tuple, index, item);
            // `PyTuple_SetItem` fails if the tuple has other references.
            #[cfg(Py_LIMITED_API)]
            if ffi::PyTuple_SetItem(tuple, index, item) != 0 {
                ffi::Py_DECREF(tuple);
                return std::ptr::null_mut();
            }
        }
        #[cfg(not(Py_3_12))]
        ffi::PyObject_GC_Track(tuple.cast());
        tuple
    }
}
