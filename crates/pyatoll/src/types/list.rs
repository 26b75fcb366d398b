//! `list`.

use crate::types::PyAny;

/// Python's `list`.
#[repr(transparent)]
pub struct PyList(PyAny);

native_type!(PyList, "list", PyList_Type, PyList_Check);

impl PyList {
    /// A list of the values.
    ///
    /// # Errors
    /// What a conversion raises.
    #[track_caller]
    pub fn new<'py, T>(
        py: crate::Python<'py>,
        elements: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    ) -> crate::PyResult<crate::Bound<'py, PyList>>
    where
        T: crate::IntoPyObject<'py>,
    {
        use crate::IntoPyObjectExt;
        let elements = elements.into_iter();
        let len = elements.len();
        // SAFETY: attached; each item is set once, in bounds; a list with null items is not seen
        // by anyone if a conversion fails, only released.
        unsafe {
            let list = pyo3_ffi::PyList_New(len as pyo3_ffi::Py_ssize_t);
            let list = crate::Bound::from_owned_ptr_or_err(py, list)?;
            let mut count = 0;
            for element in elements.take(len) {
                let element = element.into_bound_py_any(py)?.into_ptr();
                pyo3_ffi::PyList_SetItem(list.as_ptr(), count, element);
                count += 1;
            }
            assert_eq!(count as usize, len, "the iterator was shorter than it said");
            Ok(list.cast_into_unchecked())
        }
    }
}
