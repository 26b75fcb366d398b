//! [`PyBackedBytes`]: the bytes of a `bytes`, without a token.

use std::convert::Infallible;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use super::compare_like;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::CastError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py, PyTypeInfo};
use crate::sync::critical_section::with_critical_section;
use crate::types::{PyAny, PyByteArray, PyByteArrayMethods, PyBytes, PyTuple, compat};

/// The bytes of a Python `bytes`, or a copy of those of a `bytearray`. They can be read without a
/// token, on any thread, and after the end of the object's interpreter.
///
/// The bytes of a `bytes` are not copied: the object never changes, and a reference keeps it in
/// memory, even after the end of its interpreter. (CPython frees the memory of an interpreter as a
/// whole only if it is empty.) On free-threaded builds they are copied: there, CPython makes
/// constants immortal, and frees them at the interpreter's end even if references to them remain.
/// Clones share the copy.
///
/// In the object's interpreter, conversion to Python returns the object itself; in another one, or
/// if there is a copy, it returns a new `bytes`. If a value without a copy outlives the
/// interpreter, the object is never released, as for a [`Py`](crate::Py#after-the-end).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::SubInterpreter;
/// use pyatoll::pybacked::PyBackedBytes;
/// use pyatoll::types::PyBytes;
///
/// let sub = SubInterpreter::builder().build()?;
/// let data = sub.attach(|py| PyBackedBytes::from(PyBytes::new(py, &[10, 20, 6])))?;
/// let sum: u8 = std::thread::scope(|scope| scope.spawn(|| data.iter().sum()).join()).unwrap();
/// assert_eq!(sum, 36);
///
/// // Other interpreters get a `bytes` of their own.
/// Python::attach(|py| assert_eq!((&data).into_pyobject(py).unwrap().as_bytes(), &*data));
/// sub.close()?;
/// assert_eq!(data[2], 6);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[cfg_attr(feature = "py-clone", derive(Clone))]
pub struct PyBackedBytes {
    storage: Storage,
    /// Points into `storage`, which does not change.
    data: NonNull<[u8]>,
}

#[cfg_attr(feature = "py-clone", derive(Clone))]
enum Storage {
    Object(Py<PyBytes>),
    Copy(Arc<[u8]>),
}

// SAFETY: the bytes do not change, and the storage is `Send`.
unsafe impl Send for PyBackedBytes {}
// SAFETY: the bytes do not change, and the storage is `Sync`.
unsafe impl Sync for PyBackedBytes {}

impl PyBackedBytes {
    /// Creates another reference to the same bytes; a copy if the token belongs to another
    /// interpreter than the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::pybacked::PyBackedBytes;
    ///
    /// Python::attach(|py| {
    ///     let bytes: PyBackedBytes = py.eval(c"b'atoll'", None, None)?.extract()?;
    ///     let same = bytes.clone_ref(py);
    ///     assert_eq!((&bytes, same.as_ptr()), (&same, bytes.as_ptr()));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        match &self.storage {
            Storage::Object(object) => match object.try_bind(py) {
                Ok(object) => Self {
                    storage: Storage::Object(object.clone().unbind()),
                    data: self.data,
                },
                Err(_) => Self::from_copy(Arc::from(&**self)),
            },
            Storage::Copy(copy) => Self::from_copy(Arc::clone(copy)),
        }
    }

    fn from_copy(copy: Arc<[u8]>) -> Self {
        Self {
            data: NonNull::from(&*copy),
            storage: Storage::Copy(copy),
        }
    }
}

impl Deref for PyBackedBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes do not change, and `storage` keeps them in memory: by an `Arc`; or by
        // a reference that is released when `self` is dropped, if ever. Where such an object might
        // be freed in spite of it, there is a copy (`BYTES_OUTLIVE_INTERPRETERS`).
        unsafe { self.data.as_ref() }
    }
}

impl AsRef<[u8]> for PyBackedBytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

compare_like!(PyBackedBytes, [u8]);

macro_rules! compare_with_array {
    ($left:ty, $right:ty) => {
        impl<const N: usize> PartialEq<$right> for $left {
            #[inline]
            fn eq(&self, other: &$right) -> bool {
                self[..] == other[..]
            }
        }
    };
}

compare_with_array!(PyBackedBytes, [u8; N]);
compare_with_array!(PyBackedBytes, &[u8; N]);
compare_with_array!([u8; N], PyBackedBytes);
compare_with_array!(&[u8; N], PyBackedBytes);

impl From<Bound<'_, PyBytes>> for PyBackedBytes {
    fn from(object: Bound<'_, PyBytes>) -> Self {
        let bytes: &[u8] = object.as_ref();
        if compat::BYTES_OUTLIVE_INTERPRETERS {
            Self {
                data: NonNull::from(bytes),
                storage: Storage::Object(object.unbind()),
            }
        } else {
            Self::from_copy(Arc::from(bytes))
        }
    }
}

impl From<Bound<'_, PyByteArray>> for PyBackedBytes {
    fn from(object: Bound<'_, PyByteArray>) -> Self {
        // SAFETY: changing the array takes the GIL or its lock, both of which this thread holds.
        let copy = with_critical_section(&object, || Arc::from(unsafe { object.as_bytes() }));
        Self::from_copy(copy)
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for PyBackedBytes {
    type Error = CastError<'a, 'py>;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(of::<crate::types::PyBytes>(), of::<crate::types::PyByteArray>())
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            Ok(bytes.to_owned().into())
        } else if let Ok(array) = object.cast::<PyByteArray>() {
            Ok(array.to_owned().into())
        } else {
            Err(CastError::new(object, classes(object.py())))
        }
    }
}

/// Returns the classes that are accepted, for the error message.
#[cold]
fn classes(py: Python<'_>) -> Bound<'_, PyAny> {
    let classes = [PyBytes::type_object(py), PyByteArray::type_object(py)];
    match PyTuple::new(py, classes) {
        Ok(classes) => classes.into_any(),
        Err(error) => panic!("cannot create a tuple: {error}"),
    }
}

/// Converts to the object itself, or to an equal one if there is none in this interpreter.
impl<'py> IntoPyObject<'py> for PyBackedBytes {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyBytes>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Infallible> {
        (&self).into_pyobject(py)
    }
}

/// Converts to the object itself, or to an equal one if there is none in this interpreter.
impl<'py> IntoPyObject<'py> for &PyBackedBytes {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyBytes>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Infallible> {
        if let Storage::Object(object) = &self.storage
            && let Ok(object) = object.try_bind(py)
        {
            return Ok(object.clone());
        }
        Ok(PyBytes::new(py, self))
    }
}
