//! `Array`: numbers in memory that all interpreters read and write.

use std::ffi::{CStr, c_int, c_long, c_ulong};
use std::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering,
};

use pyatoll::exceptions::{
    PyBufferError, PyIndexError, PyOverflowError, PyTypeError, PyValueError,
};
use pyatoll::prelude::*;
use pyatoll::types::{PyIterator, PyList, PySlice, PyString};
use pyatoll::{IntoPyObjectExt, ffi};

/// The type of an element.
///
/// # Safety
/// `Atomic` must have the size of the type, and every bit pattern must be valid.
unsafe trait Element: Copy + PartialEq {
    /// What an element is in memory.
    type Atomic: Sync;

    fn load(atomic: &Self::Atomic) -> Self;
    fn store(atomic: &Self::Atomic, value: Self);
    /// Replaces `old` by `new`. Returns what is there instead if it is not `old`.
    fn exchange(atomic: &Self::Atomic, old: Self, new: Self) -> Result<(), Self>;
    fn plus(self, other: Self) -> Option<Self>;
    fn from_object(object: &Bound<'_, PyAny>) -> PyResult<Self>;
    fn to_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>>;
}

macro_rules! integers {
    ($($type:ty, $atomic:ty;)*) => {$(
        // SAFETY: an atomic integer has the size of the integer, and every bit pattern is valid.
        unsafe impl Element for $type {
            type Atomic = $atomic;

            fn load(atomic: &$atomic) -> Self {
                atomic.load(Ordering::SeqCst)
            }

            fn store(atomic: &$atomic, value: Self) {
                atomic.store(value, Ordering::SeqCst);
            }

            fn exchange(atomic: &$atomic, old: Self, new: Self) -> Result<(), Self> {
                let order = Ordering::SeqCst;
                atomic.compare_exchange(old, new, order, order).map(drop)
            }

            fn plus(self, other: Self) -> Option<Self> {
                self.checked_add(other)
            }

            fn from_object(object: &Bound<'_, PyAny>) -> PyResult<Self> {
                object.extract()
            }

            fn to_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
                self.into_bound_py_any(py)
            }
        }
    )*};
}

integers! {
    i8, AtomicI8;
    u8, AtomicU8;
    i16, AtomicI16;
    u16, AtomicU16;
    i32, AtomicI32;
    u32, AtomicU32;
    i64, AtomicI64;
    u64, AtomicU64;
}

macro_rules! floats {
    ($($type:ty, $bits:ty, $atomic:ty, $from:expr;)*) => {$(
        // SAFETY: the bits of a float, which may be any, in an atomic integer of the same size.
        unsafe impl Element for $type {
            type Atomic = $atomic;

            fn load(atomic: &$atomic) -> Self {
                Self::from_bits(<$bits as Element>::load(atomic))
            }

            fn store(atomic: &$atomic, value: Self) {
                <$bits as Element>::store(atomic, value.to_bits());
            }

            fn exchange(atomic: &$atomic, old: Self, new: Self) -> Result<(), Self> {
                <$bits as Element>::exchange(atomic, old.to_bits(), new.to_bits())
                    .map_err(Self::from_bits)
            }

            fn plus(self, other: Self) -> Option<Self> {
                Some(self + other)
            }

            fn from_object(object: &Bound<'_, PyAny>) -> PyResult<Self> {
                object.extract::<f64>().and_then($from)
            }

            fn to_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
                self.into_bound_py_any(py)
            }
        }
    )*};
}

floats! {
    f32, u32, AtomicU32, single;
    f64, u64, AtomicU64, Ok;
}

fn single(value: f64) -> PyResult<f32> {
    let single = value as f32;
    if single.is_infinite() && value.is_finite() {
        return Err(PyOverflowError::new_err("float too large for typecode 'f'"));
    }
    Ok(single)
}

/// A `?`.
#[derive(Clone, Copy, PartialEq)]
struct Flag(bool);

// SAFETY: a byte, of which each content is a truth value.
unsafe impl Element for Flag {
    type Atomic = AtomicU8;

    fn load(atomic: &AtomicU8) -> Self {
        Self(u8::load(atomic) != 0)
    }

    fn store(atomic: &AtomicU8, value: Self) {
        u8::store(atomic, value.0.into());
    }

    fn exchange(atomic: &AtomicU8, old: Self, new: Self) -> Result<(), Self> {
        // Code that writes to the memory may have stored any content.
        let mut found = u8::load(atomic);
        while (found != 0) == old.0 {
            match u8::exchange(atomic, found, new.0.into()) {
                Ok(()) => return Ok(()),
                Err(other) => found = other,
            }
        }
        Err(Self(found != 0))
    }

    fn plus(self, _: Self) -> Option<Self> {
        None
    }

    fn from_object(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(object.is_truthy()?))
    }

    fn to_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        self.0.into_bound_py_any(py)
    }
}

/// What the elements are.
#[derive(Clone, Copy)]
struct Kind {
    /// As in `struct` and `array`.
    typecode: &'static CStr,
    itemsize: usize,
    get: fn(&Array, Python<'_>, usize) -> PyResult<Py<PyAny>>,
    set: fn(&Array, usize, &Bound<'_, PyAny>) -> PyResult<()>,
    add: fn(&Array, usize, &Bound<'_, PyAny>) -> PyResult<Py<PyAny>>,
    compare_and_set: fn(&Array, usize, &Bound<'_, PyAny>, &Bound<'_, PyAny>) -> PyResult<bool>,
}

impl Kind {
    const fn of<E: Element>(typecode: &'static CStr) -> Self {
        Self {
            typecode,
            itemsize: size_of::<E::Atomic>(),
            get: Array::load::<E>,
            set: Array::store::<E>,
            add: Array::add::<E>,
            compare_and_set: Array::exchange::<E>,
        }
    }

    fn name(&self) -> &'static str {
        self.typecode.to_str().unwrap_or_default()
    }
}

const KINDS: &[Kind] = &[
    Kind::of::<i8>(c"b"),
    Kind::of::<u8>(c"B"),
    Kind::of::<i16>(c"h"),
    Kind::of::<u16>(c"H"),
    Kind::of::<i32>(c"i"),
    Kind::of::<u32>(c"I"),
    Kind::of::<c_long>(c"l"),
    Kind::of::<c_ulong>(c"L"),
    Kind::of::<i64>(c"q"),
    Kind::of::<u64>(c"Q"),
    Kind::of::<f32>(c"f"),
    Kind::of::<f64>(c"d"),
    Kind::of::<Flag>(c"?"),
];

/// Numbers of one type that all interpreters share, of a fixed length.
///
/// Each element is read and written atomically. A `memoryview` of it is the same memory, in every
/// interpreter.
#[pyclass(frozen, shareable, atomic_buffer, weakref, sequence)]
pub(crate) struct Array {
    kind: Kind,
    len: usize,
    /// The elements. `AtomicU64` has the alignment of the largest type.
    memory: Box<[AtomicU64]>,
    /// What a `Py_buffer` points to.
    shape: [ffi::Py_ssize_t; 1],
    strides: [ffi::Py_ssize_t; 1],
}

impl Array {
    fn with_len(kind: Kind, len: usize) -> PyResult<Self> {
        let bytes = len.checked_mul(kind.itemsize);
        let bytes = bytes.filter(|bytes| *bytes <= isize::MAX as usize);
        let words = bytes.map(|bytes| bytes.div_ceil(size_of::<u64>()));
        let mut memory = Vec::new();
        if words.is_none_or(|words| memory.try_reserve_exact(words).is_err()) {
            return Err(pyatoll::exceptions::PyMemoryError::new_err(()));
        }
        memory.resize_with(words.unwrap_or(0), || AtomicU64::new(0));
        Ok(Self {
            kind,
            len,
            memory: memory.into(),
            shape: [len as ffi::Py_ssize_t],
            strides: [kind.itemsize as ffi::Py_ssize_t],
        })
    }

    /// Returns the elements as those of the array's kind.
    fn atomics<E: Element>(&self) -> &[E::Atomic] {
        const { assert!(align_of::<E::Atomic>() <= align_of::<AtomicU64>()) };
        assert_eq!(size_of::<E::Atomic>(), self.kind.itemsize);
        // SAFETY: the memory has `len` elements of that size, is aligned for them, and every
        // content is valid. All accesses by Rust are atomic and of this size.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.len) }
    }

    fn load<E: Element>(&self, py: Python<'_>, index: usize) -> PyResult<Py<PyAny>> {
        let value = E::load(&self.atomics::<E>()[index]);
        Ok(value.to_object(py)?.unbind())
    }

    fn store<E: Element>(&self, index: usize, value: &Bound<'_, PyAny>) -> PyResult<()> {
        E::store(&self.atomics::<E>()[index], E::from_object(value)?);
        Ok(())
    }

    fn add<E: Element>(&self, index: usize, n: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let atomic = &self.atomics::<E>()[index];
        let n_value = E::from_object(n)?;
        let mut old = E::load(atomic);
        loop {
            let Some(sum) = old.plus(n_value) else {
                return Err(PyOverflowError::new_err(format!(
                    "the sum is no value of typecode '{}'",
                    self.kind.name()
                )));
            };
            match E::exchange(atomic, old, sum) {
                Ok(()) => return Ok(old.to_object(n.py())?.unbind()),
                Err(found) => old = found,
            }
        }
    }

    fn exchange<E: Element>(
        &self,
        index: usize,
        old: &Bound<'_, PyAny>,
        new: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let (old, new) = (E::from_object(old)?, E::from_object(new)?);
        Ok(E::exchange(&self.atomics::<E>()[index], old, new).is_ok())
    }

    fn index(&self, index: isize) -> PyResult<usize> {
        let from_start = if index < 0 {
            index.checked_add_unsigned(self.len)
        } else {
            Some(index)
        };
        from_start
            .and_then(|index| usize::try_from(index).ok())
            .filter(|index| *index < self.len)
            .ok_or_else(|| PyIndexError::new_err("array index out of range"))
    }

    /// Returns the indices of a slice.
    fn indices(
        &self,
        slice: &Bound<'_, PySlice>,
    ) -> PyResult<impl ExactSizeIterator<Item = usize>> {
        let found = slice.indices(self.len as isize)?;
        let (start, step) = (found.start, found.step);
        Ok((0..found.slicelength).map(move |n| (start + n as isize * step) as usize))
    }

    fn list<'py>(
        &self,
        py: Python<'py>,
        indices: impl ExactSizeIterator<Item = usize>,
    ) -> PyResult<Bound<'py, PyList>> {
        let items = indices.map(|index| (self.kind.get)(self, py, index));
        PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)
    }
}

#[pymethods]
impl Array {
    /// Creates an array of a length, with zeros, or of the numbers of an iterable.
    ///
    /// `typecode` is one of `b B h H i I l L q Q f d ?`, as in the modules `array` and `struct`.
    #[new]
    fn new(typecode: &Bound<'_, PyString>, init: &Bound<'_, PyAny>) -> PyResult<Self> {
        let typecode = typecode.to_cow()?;
        let kind = KINDS.iter().find(|kind| kind.name() == typecode);
        let kind = *kind.ok_or_else(|| {
            let known: Vec<_> = KINDS.iter().map(Kind::name).collect();
            PyValueError::new_err(format!(
                "bad typecode '{typecode}': it must be one of {}",
                known.join(", ")
            ))
        })?;
        if init.is_instance_of::<pyatoll::types::PyInt>() {
            let len = init.extract::<isize>()?;
            let len = usize::try_from(len)
                .map_err(|_| PyValueError::new_err("the length must not be negative"))?;
            return Self::with_len(kind, len);
        }
        let items = init.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        let array = Self::with_len(kind, items.len())?;
        for (index, item) in items.iter().enumerate() {
            (kind.set)(&array, index, item)?;
        }
        Ok(array)
    }

    /// The type of the elements.
    #[getter]
    fn typecode(&self) -> &'static str {
        self.kind.name()
    }

    /// The size of an element, in bytes.
    #[getter]
    fn itemsize(&self) -> usize {
        self.kind.itemsize
    }

    fn __len__(&self) -> usize {
        self.len
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = key.py();
        if let Ok(slice) = key.cast::<PySlice>() {
            return Ok(self.list(py, self.indices(slice)?)?.into_any());
        }
        let index = self.index(of_key(key)?)?;
        Ok((self.kind.get)(self, py, index)?.into_bound(py))
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(slice) = key.cast::<PySlice>() {
            let indices = self.indices(slice)?;
            let values = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
            if values.len() != indices.len() {
                return Err(PyValueError::new_err(format!(
                    "cannot assign {} values to {} elements: the length of an array is fixed",
                    values.len(),
                    indices.len()
                )));
            }
            return indices
                .zip(&values)
                .try_for_each(|(index, value)| (self.kind.set)(self, index, value));
        }
        (self.kind.set)(self, self.index(of_key(key)?)?, value)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.tolist(py)?.try_iter()
    }

    /// Returns a list of the elements.
    fn tolist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.list(py, 0..self.len)
    }

    /// Adds a number to an element, atomically. Returns the value before.
    ///
    /// Raises `OverflowError`, and changes nothing, if the sum has no room.
    #[pyo3(signature = (index, n = None))]
    fn fetch_add(
        &self,
        py: Python<'_>,
        index: isize,
        n: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let one = 1.into_bound_py_any(py)?;
        (self.kind.add)(self, self.index(index)?, n.unwrap_or(&one))
    }

    /// Sets an element to `new` if it is `old`, atomically. Returns whether it was.
    fn compare_and_set(
        &self,
        index: isize,
        old: &Bound<'_, PyAny>,
        new: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        (self.kind.compare_and_set)(self, self.index(index)?, old, new)
    }

    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("no view"));
        }
        let array = slf.get();
        let has = |flag: c_int| flags & flag == flag;
        let pointer_or_null = |is_wanted: bool, pointer: *const ffi::Py_ssize_t| match is_wanted {
            true => pointer.cast_mut(),
            false => std::ptr::null_mut(),
        };
        // SAFETY: the view is the caller's to fill in (contract of `bf_getbuffer`). It keeps the
        // instance alive, and with it the memory, the shape and the strides, which do not move. The
        // format is a static string.
        unsafe {
            view.write(ffi::Py_buffer {
                buf: array.memory.as_ptr().cast_mut().cast(),
                obj: slf.clone().into_ptr(),
                len: (array.len * array.kind.itemsize) as ffi::Py_ssize_t,
                itemsize: array.kind.itemsize as ffi::Py_ssize_t,
                readonly: 0,
                ndim: 1,
                format: match has(ffi::PyBUF_FORMAT) {
                    true => array.kind.typecode.as_ptr().cast_mut(),
                    false => std::ptr::null_mut(),
                },
                shape: pointer_or_null(has(ffi::PyBUF_ND), array.shape.as_ptr()),
                strides: pointer_or_null(has(ffi::PyBUF_STRIDES), array.strides.as_ptr()),
                suboffsets: std::ptr::null_mut(),
                internal: std::ptr::null_mut(),
            });
        }
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!(
            "<interpshare.Array of {} elements, '{}'>",
            self.len,
            self.kind.name()
        )
    }
}

fn of_key(key: &Bound<'_, PyAny>) -> PyResult<isize> {
    key.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyTypeError>(key.py()) {
            PyTypeError::new_err("array indices must be integers or slices")
        } else {
            PyIndexError::new_err("array index out of range")
        }
    })
}
