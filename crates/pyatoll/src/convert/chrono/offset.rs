//! `FixedOffset`, `Utc` and, with the feature `chrono-local`, `Local`.

use ::chrono::{FixedOffset, Utc};

use crate::convert::by_reference::by_reference;
use crate::convert::datetime::fixed_offset;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods, PyDelta, PyTzInfo};

impl<'py> IntoPyObject<'py> for FixedOffset {
    type Target = PyTzInfo;
    type Output = Bound<'py, PyTzInfo>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("datetime", "timezone") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let offset = PyDelta::new(py, 0, self.local_minus_utc(), 0, true)?;
        PyTzInfo::fixed_offset(py, offset)
    }
}

/// Microseconds of the offset are truncated.
impl FromPyObject<'_, '_> for FixedOffset {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyTzInfo>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        i32::try_from(fixed_offset(object)?)
            .ok()
            .and_then(FixedOffset::east_opt)
            .ok_or_else(|| PyValueError::new_err("fixed offset out of bounds"))
    }
}

impl<'py> IntoPyObject<'py> for Utc {
    type Target = PyTzInfo;
    type Output = Borrowed<'static, 'py, PyTzInfo>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("datetime", "timezone") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyTzInfo::utc(py)
    }
}

impl FromPyObject<'_, '_> for Utc {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_identifier!("datetime", "timezone") }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if object.eq(PyTzInfo::utc(object.py())?)? {
            Ok(Utc)
        } else {
            Err(PyValueError::new_err("expected datetime.timezone.utc"))
        }
    }
}

by_reference!(FixedOffset => PyTzInfo, Bound<'py, PyTzInfo>, PyErr);
by_reference!(Utc => PyTzInfo, Borrowed<'static, 'py, PyTzInfo>, PyErr);

#[cfg(feature = "chrono-local")]
mod local {
    use ::chrono::Local;

    use super::*;
    use crate::exceptions::PyRuntimeError;
    use crate::intern;
    use crate::object::Py;
    use crate::sync::InterpreterLocal;
    use crate::types::{PyString, PyStringMethods};

    impl<'py> IntoPyObject<'py> for Local {
        type Target = PyTzInfo;
        type Output = Borrowed<'static, 'py, PyTzInfo>;
        type Error = PyErr;

        crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("zoneinfo", "ZoneInfo") }

        fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
            static LOCAL: InterpreterLocal<Py<PyTzInfo>> = InterpreterLocal::lasting();
            let tzinfo = LOCAL.get_or_try_init(py, || {
                let name = iana_time_zone::get_timezone().map_err(|error| {
                    PyRuntimeError::new_err(format!("Could not get local timezone: {error}"))
                })?;
                PyTzInfo::timezone(py, name).map(Bound::unbind)
            })?;
            // SAFETY: the interpreter's slot keeps the object as long as the token is valid, and
            // nothing that is borrowed from a `Borrowed` outlives its token.
            unsafe { Ok(Borrowed::from_ptr(py, tzinfo.as_ptr()).cast_unchecked()) }
        }
    }

    impl FromPyObject<'_, '_> for Local {
        type Error = PyErr;

        crate::object::hint! { INPUT_TYPE = type_hint_identifier!("zoneinfo", "ZoneInfo") }

        fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
            let py = object.py();
            let local = Local.into_pyobject(py)?;
            if object.eq(local)? {
                return Ok(Local);
            }
            let name = local.getattr(intern!(py, "key"))?.cast_into::<PyString>()?;
            Err(PyValueError::new_err(format!(
                "expected local timezone {}",
                name.to_cow()?
            )))
        }

        #[inline]
        fn as_local_tz(_: crate::convert::traits::private::Token) -> Option<Self> {
            Some(Local)
        }
    }

    by_reference!(Local => PyTzInfo, Borrowed<'static, 'py, PyTzInfo>, PyErr);
}
