//! `Uuid` and `NonNilUuid`: to and from a `uuid.UUID`.

use uuid::{NonNilUuid, Uuid};

use super::by_reference::by_reference;
use super::imported::Imported;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyTypeError, PyValueError};
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods};

static CLASS: Imported = Imported::new(c"uuid", c"UUID");

impl<'py> IntoPyObject<'py> for Uuid {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("uuid", "UUID") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        // The other notations: hex, bytes, bytes_le, fields.
        let none = || None::<u128>;
        CLASS.call(py, (none(), none(), none(), none(), self.as_u128()))
    }
}

impl<'py> IntoPyObject<'py> for NonNilUuid {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("uuid", "UUID") }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.get().into_pyobject(py)
    }
}

by_reference!(Uuid => PyAny, Bound<'py, PyAny>, PyErr);
by_reference!(NonNilUuid => PyAny, Bound<'py, PyAny>, PyErr);

impl<'a, 'py> FromPyObject<'a, 'py> for Uuid {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_identifier!("uuid", "UUID") }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if !object.is_instance(CLASS.get(object.py())?)? {
            return Err(PyTypeError::new_err("Expected a `uuid.UUID` instance."));
        }
        let number = object.getattr(intern!(object.py(), "int"))?.extract()?;
        Ok(Uuid::from_u128(number))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for NonNilUuid {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_identifier!("uuid", "UUID") }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let uuid = Uuid::extract(object)?;
        NonNilUuid::new(uuid).ok_or_else(|| PyValueError::new_err("UUID is nil"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::{NonNilUuid, Uuid};

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyTypeMethods};

    fn check(value: Uuid) {
        Python::attach(|py| {
            for object in [
                value.into_bound_py_any(py)?,
                (&value).into_bound_py_any(py)?,
            ] {
                assert_eq!(object.get_type().name()?.to_string(), "UUID");
                assert_eq!(object.to_string(), value.to_string());
                assert_eq!(object.extract::<Uuid>()?, value);
                let non_nil = object.extract::<NonNilUuid>();
                match NonNilUuid::new(value) {
                    Some(value) => {
                        assert_eq!(non_nil?, value);
                        assert!(value.into_bound_py_any(py)?.eq(&object)?);
                        assert!((&value).into_bound_py_any(py)?.eq(&object)?);
                    }
                    None => {
                        let error = non_nil.unwrap_err().to_string();
                        assert_eq!(error, "ValueError: UUID is nil");
                    }
                }
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    proptest! {
        #[test]
        fn every_uuid_survives(value: u128) {
            check(Uuid::from_u128(value));
        }
    }

    #[test]
    fn limits_survive() {
        check(Uuid::nil());
        check(Uuid::max());
    }

    #[test]
    fn only_instances_of_the_class_are_accepted() {
        Python::attach(|py| {
            let code = c"type('U', (__import__('uuid').UUID,), {})(int=7)";
            let sub = py.eval(code, None, None)?;
            assert_eq!(sub.extract::<Uuid>()?, Uuid::from_u128(7));
            for code in [
                c"'00000000-0000-0000-0000-000000000007'",
                c"7",
                c"type('U', (), {'int': 7})()",
            ] {
                let object = py.eval(code, None, None)?;
                for error in [
                    object.extract::<Uuid>().unwrap_err(),
                    object.extract::<NonNilUuid>().unwrap_err(),
                ] {
                    assert_eq!(
                        error.to_string(),
                        "TypeError: Expected a `uuid.UUID` instance."
                    );
                }
            }
            let code = c"type('U', (__import__('uuid').UUID,), \
                {'int': 1 << 128, '__init__': lambda self: None})()";
            let error = py.eval(code, None, None)?.extract::<Uuid>().unwrap_err();
            assert!(error.to_string().starts_with("OverflowError: "), "{error}");
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
