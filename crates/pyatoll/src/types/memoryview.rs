//! `memoryview`.

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `memoryview`: a view of the memory of an object with the buffer protocol.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyByteArray, PyMemoryView};
///
/// Python::attach(|py| {
///     let array = PyByteArray::new(py, b"atoll");
///     let view = PyMemoryView::from(&array)?;
///     view.set_item(0, b'A')?;
///     assert_eq!(array.to_vec(), b"Atoll");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyMemoryView_Type`.
#[repr(transparent)]
pub struct PyMemoryView(PyAny);

native_type!(PyMemoryView: ("builtins", "memoryview"), PyMemoryView_Type, PyMemoryView_Check);

impl PyMemoryView {
    /// Creates Python's `memoryview(src)`.
    ///
    /// # Errors
    /// `TypeError` if the object has no buffer; any error of its buffer protocol.
    ///
    /// C API: `PyMemoryView_FromObject`.
    pub fn from<'py>(src: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        // SAFETY: attached; the object is valid; returns a `memoryview` or null.
        unsafe {
            let view = ffi::PyMemoryView_FromObject(src.as_ptr());
            Ok(Bound::from_owned_ptr_or_err(src.py(), view)?.cast_into_unchecked())
        }
    }
}

/// Like [`PyMemoryView::from`].
impl<'py> TryFrom<&Bound<'py, PyAny>> for Bound<'py, PyMemoryView> {
    type Error = PyErr;

    fn try_from(value: &Bound<'py, PyAny>) -> Result<Self, Self::Error> {
        PyMemoryView::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Python;
    use crate::types::{PyAnyMethods, PyBytes};

    #[test]
    fn a_view_shows_the_bytes_and_refuses_objects_without_a_buffer() {
        Python::attach(|py| {
            let bytes = PyBytes::new(py, b"ab");
            let view = Bound::<PyMemoryView>::try_from(bytes.as_any()).unwrap();
            assert_eq!(view.len().unwrap(), 2);
            assert!(view.get_item(1).unwrap().eq(b'b').unwrap());
            let error = PyMemoryView::from(py.None().bind(py)).unwrap_err();
            assert!(error.is_instance_of::<crate::exceptions::PyTypeError>(py));
        });
    }
}
