//! Python's `marshal` format.

use std::ffi::c_int;

use super::returned::{new_reference, to_ssize};
use crate::capi as ffi;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyBytes};

/// The newest version of the format that all supported versions of Python read and write. Python
/// 3.14 added version 5, which [`dumps`] takes there, too.
pub const VERSION: i32 = 4;

/// Serializes an object: Python's `marshal.dumps(object, version)`.
///
/// # Errors
/// `ValueError` if the object, or one that it contains, is of a type that the format does not
/// support.
///
/// ```
/// use pyatoll::marshal;
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyDict;
///
/// Python::attach(|py| {
///     let dict = PyDict::new(py);
///     dict.set_item("depth", 3)?;
///     let bytes = marshal::dumps(&dict, marshal::VERSION)?;
///     assert!(marshal::loads(py, &bytes)?.eq(&dict)?);
///     assert!(marshal::dumps(&py.get_type::<PyDict>(), marshal::VERSION).is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyMarshal_WriteObjectToString`.
pub fn dumps<'py>(object: &Bound<'py, PyAny>, version: i32) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: attached; the object is valid; returns a new `bytes` or null.
    unsafe {
        let bytes = ffi::PyMarshal_WriteObjectToString(object.as_ptr(), version as c_int);
        new_reference(object.py(), bytes)
    }
}

/// Creates an object from serialized data: Python's `marshal.loads(data)`. The data must be
/// trustworthy: the format is made for `.pyc` files, and Python does not check code in it.
///
/// # Errors
/// `EOFError`, `ValueError` or `TypeError` if the data is not valid.
///
/// ```
/// use pyatoll::marshal;
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let object = marshal::loads(py, b"i\x2a\0\0\0")?;
///     assert_eq!(object.extract::<i32>()?, 42);
///     assert!(marshal::loads(py, b"").is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyMarshal_ReadObjectFromString`.
pub fn loads<'py, B>(py: Python<'py>, data: &B) -> PyResult<Bound<'py, PyAny>>
where
    B: AsRef<[u8]> + ?Sized,
{
    let data = data.as_ref();
    // SAFETY: attached; the data is valid for its length; returns a new reference or null.
    unsafe {
        let data_len = to_ssize(data.len());
        let object = ffi::PyMarshal_ReadObjectFromString(data.as_ptr().cast(), data_len);
        new_reference(py, object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::IntoPyObjectExt;
    use crate::exceptions::{PyEOFError, PyValueError};
    use crate::types::{PyAnyMethods, PyBytesMethods};

    proptest! {
        #[test]
        fn every_value_round_trips(
            number: i128,
            float in prop::num::f64::NORMAL,
            text: String,
            bytes: Vec<u8>,
            version in 0..=VERSION,
        ) {
            Python::attach(|py| {
                let bytes = PyBytes::new(py, &bytes);
                let object = (number, float, text, bytes).into_bound_py_any(py)?;
                let serialized = dumps(&object, version)?;
                assert!(loads(py, &serialized)?.eq(&object)?);
                // What is cut off is an error.
                let cut = serialized.as_bytes().split_last().unwrap().1;
                assert!(loads(py, cut).is_err());
                Ok::<_, crate::PyErr>(())
            })
            .unwrap();
        }
    }

    #[test]
    fn every_version_round_trips() {
        Python::attach(|py| {
            let code = c"[1, -2 ** 99, 2.5, 'n\xc3\xa9', b'\\0', (None, True, ...), {'a': {1}}]";
            let object = py.eval(code, None, None)?;
            for version in 0..=VERSION {
                let bytes = dumps(&object, version)?;
                let method = py.import("marshal")?.getattr("dumps")?;
                assert!(method.call1((&object, version))?.eq(&bytes)?);
                assert!(loads(py, &bytes)?.eq(&object)?);
                assert!(loads(py, bytes.as_bytes())?.eq(&object)?);
            }
            Ok::<_, crate::PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn what_cannot_be_serialized_is_an_error() {
        Python::attach(|py| {
            let object = py.eval(c"[object()]", None, None).unwrap();
            let error = dumps(&object, VERSION).unwrap_err();
            assert!(error.is_instance_of::<PyValueError>(py));
            let bytes = dumps(&py.eval(c"'text'", None, None).unwrap(), VERSION).unwrap();
            let error = loads(py, &bytes.as_bytes()[..3]).unwrap_err();
            assert!(error.is_instance_of::<PyEOFError>(py));
            assert!(loads(py, "\u{1}").is_err());
        });
    }
}
