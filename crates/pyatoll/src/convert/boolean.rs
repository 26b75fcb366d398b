//! `bool`: only from Python's own, and NumPy's.

use std::convert::Infallible;

use pyo3_ffi as ffi;

use super::by_reference::by_reference;
use super::traits::private::{Scalar, Token};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, constant};
use crate::types::{PyAny, PyAnyMethods, PyBool};

impl<'py> IntoPyObject<'py> for bool {
    type Target = PyBool;
    type Output = Borrowed<'py, 'py, PyBool>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyBool>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        // SAFETY: attached; `True` and `False` are always alive.
        unsafe {
            let object = if self {
                ffi::Py_True()
            } else {
                ffi::Py_False()
            };
            Ok(Borrowed::from_ptr(py, object).cast_unchecked())
        }
    }

    #[inline]
    fn into_return_value(self, _py: Python<'py>, _: Token) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached; `True` and `False` are constants of CPython.
        Ok(unsafe {
            constant(if self {
                ffi::Py_True()
            } else {
                ffi::Py_False()
            })
        })
    }
}

by_reference!(bool => PyBool, Borrowed<'py, 'py, PyBool>, Infallible);

impl<'a, 'py> FromPyObject<'a, 'py> for bool {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyBool>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let pointer = object.as_ptr();
        // SAFETY: only takes the addresses of `True` and `False`.
        let (yes, no) = unsafe { (ffi::Py_True(), ffi::Py_False()) };
        if pointer == yes {
            Ok(true)
        } else if pointer == no {
            Ok(false)
        } else {
            extract_numpy(object)
        }
    }

    const PLAIN: bool = true;

    const SCALAR: Scalar = Scalar::Bool;

    #[inline]
    fn extract_plain(object: Borrowed<'_, '_, PyAny>, _: Token) -> Option<Self> {
        // SAFETY: only takes the addresses of `True` and `False`.
        let (yes, no) = unsafe { (ffi::Py_True(), ffi::Py_False()) };
        let pointer = object.as_ptr();
        (pointer == yes || pointer == no).then_some(pointer == yes)
    }
}

/// Extracts NumPy's own boolean scalar; refuses any other object.
#[cold]
fn extract_numpy(object: Borrowed<'_, '_, PyAny>) -> PyResult<bool> {
    let refused = match object.cast::<PyBool>() {
        // `bool` has two instances, and the caller ruled them out.
        Ok(_) => return Ok(false),
        Err(error) => error,
    };
    if !is_numpy_bool(object) {
        return Err(refused.into());
    }
    // SAFETY: attached; a live object.
    match unsafe { ffi::PyObject_IsTrue(object.as_ptr()) } {
        -1 => Err(PyErr::fetch(object.py())),
        truth => Ok(truth != 0),
    }
}

fn is_numpy_bool(object: Borrowed<'_, '_, PyAny>) -> bool {
    let py = object.py();
    let class = crate::types::typeobject::type_of(&object);
    let has = |attribute: PyResult<Bound<'_, PyAny>>, values: &[&str]| {
        attribute.is_ok_and(|value| {
            let value = value.as_borrowed().extract::<&str>();
            value.is_ok_and(|value| values.contains(&value))
        })
    };
    has(class.getattr(intern!(py, "__module__")), &["numpy"])
        && has(class.getattr(intern!(py, "__name__")), &["bool", "bool_"])
}

#[cfg(test)]
mod tests {
    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    #[test]
    fn only_booleans_are_booleans() {
        Python::attach(|py| {
            for value in [true, false] {
                let object = value.into_bound_py_any(py)?;
                assert_eq!(object.as_borrowed().extract::<bool>()?, value);
                assert!(object.as_ptr() == (&value).into_bound_py_any(py)?.as_ptr());
            }
            let one = py.eval(c"1", None, None)?;
            let error = one.as_borrowed().extract::<bool>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "TypeError: 'int' object is not an instance of 'bool'"
            );
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn numpys_boolean_is_a_boolean() {
        Python::attach(|py| {
            let object = py.eval(
                c"type('bool_', (), {'__module__': 'numpy', '__bool__': lambda self: True})()",
                None,
                None,
            )?;
            assert!(object.as_borrowed().extract::<bool>()?);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
