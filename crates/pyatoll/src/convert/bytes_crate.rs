//! `Bytes`: to a `bytes`; from a `bytes`, which it shares as [`PyBackedBytes`] does, or a
//! `bytearray`, which it copies.

use bytes::Bytes;

use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{CastError, PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, PyTypeInfo};
use crate::types::pybacked::PyBackedBytes;
use crate::types::{PyAny, PyByteArray, PyByteArrayMethods, PyBytes, PyTuple};

impl<'a, 'py> FromPyObject<'a, 'py> for Bytes {
    type Error = CastError<'a, 'py>;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(of::<crate::types::PyBytes>(), of::<crate::types::PyByteArray>())
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Bytes::from_owner(PyBackedBytes::from(bytes.to_owned())));
        }
        match object.cast::<PyByteArray>() {
            Ok(bytes) => Ok(bytes.to_vec().into()),
            Err(_) => Err(refuse(object)),
        }
    }
}

#[cold]
fn refuse<'a, 'py>(object: Borrowed<'a, 'py, PyAny>) -> CastError<'a, 'py> {
    let py = object.py();
    let classes = [PyBytes::type_object(py), PyByteArray::type_object(py)];
    match PyTuple::new(py, classes) {
        Ok(classes) => CastError::new(object, classes.into_any()),
        Err(error) => panic!("{error}"),
    }
}

impl<'py> IntoPyObject<'py> for &Bytes {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyBytes>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        // SAFETY: created as a `bytes`.
        super::bytes::new(py, self).map(|bytes| unsafe { bytes.cast_into_unchecked() })
    }
}

impl<'py> IntoPyObject<'py> for Bytes {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyBytes>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (&self).into_pyobject(py)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use crate::convert::{IntoPyObject, IntoPyObjectExt};
    use crate::error::PyErr;
    use crate::interpreter::{Python, SubInterpreter};
    use crate::object::Bound;
    use crate::types::pybacked::PyBackedBytes;
    use crate::types::{PyAnyMethods, PyByteArray, PyBytes, PyBytesMethods};

    /// Returns whether `PyBackedBytes` refers to the object's own memory.
    fn shares(object: &Bound<'_, PyBytes>) -> bool {
        PyBackedBytes::from(object.clone()).as_ptr() == object.as_bytes().as_ptr()
    }

    proptest! {
        #[test]
        fn every_byte_string_survives(value: Vec<u8>) {
            Python::attach(|py| {
                let bytes = Bytes::from(value.clone());
                for object in [(&bytes).into_pyobject(py)?, bytes.clone().into_pyobject(py)?] {
                    assert_eq!(object.as_bytes(), value);
                    let shared = object.extract::<Bytes>()?;
                    let is_shared = shared.as_ptr() == object.as_bytes().as_ptr();
                    assert_eq!(is_shared, shares(&object));
                    assert_eq!(shared, bytes);
                }
                let array = PyByteArray::new(py, &value);
                let copied = array.extract::<Bytes>()?;
                array.call_method0("clear")?;
                assert_eq!(copied, bytes);
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn the_bytes_outlive_the_object_the_attachment_and_the_interpreter() {
        for _ in 0..2 {
            let sub = SubInterpreter::builder().build().unwrap();
            let bytes = sub
                .attach(|py| {
                    py.eval(c"bytes(range(200)) * 1000", None, None)?
                        .extract::<Bytes>()
                        .map_err(PyErr::from)
                })
                .unwrap()
                .unwrap();
            let part = bytes.slice(1000..1200);
            let expected: Vec<u8> = (0..200).collect();
            let read = std::thread::spawn(move || {
                assert_eq!(bytes[..200], expected);
                bytes
            });
            let bytes = read.join().unwrap();
            sub.close().unwrap();
            assert_eq!(bytes.len(), 200_000);
            drop(bytes);
            assert!(part.iter().copied().eq(0..200));
        }
    }

    #[test]
    fn a_dropped_slice_releases_the_object() {
        Python::attach(|py| {
            let object = PyBytes::new(py, b"some bytes of its own");
            let count = object.get_refcnt();
            let held = count + isize::from(shares(&object));
            let bytes = object.extract::<Bytes>()?;
            let part = bytes.slice(5..);
            assert_eq!(object.get_refcnt(), held);
            drop(bytes);
            assert_eq!(object.get_refcnt(), held);
            assert_eq!(part, b"bytes of its own"[..]);
            drop(part);
            assert_eq!(object.get_refcnt(), count);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn other_types_are_refused() {
        Python::attach(|py| {
            let sub = py.eval(c"type('B', (bytes,), {})(b'ab')", None, None)?;
            assert_eq!(sub.extract::<Bytes>()?, b"ab"[..]);
            for (object, name) in [
                ("text".into_bound_py_any(py)?, "str"),
                (vec![1].into_bound_py_any(py)?, "list"),
            ] {
                assert_eq!(
                    PyErr::from(object.extract::<Bytes>().unwrap_err()).to_string(),
                    format!("TypeError: '{name}' object is not an instance of 'bytes | bytearray'")
                );
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
