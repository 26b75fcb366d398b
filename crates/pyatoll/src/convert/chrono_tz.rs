//! The time zones of the crate `chrono-tz`: `zoneinfo.ZoneInfo`.

use std::borrow::Cow;
use std::str::FromStr;

use ::chrono_tz::Tz;

use super::by_reference::by_reference;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods, PyTzInfo};

impl<'py> IntoPyObject<'py> for Tz {
    type Target = PyTzInfo;
    type Output = Bound<'py, PyTzInfo>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("zoneinfo", "ZoneInfo") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyTzInfo::timezone(py, self.name())
    }
}

impl FromPyObject<'_, '_> for Tz {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_identifier!("zoneinfo", "ZoneInfo") }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let key = object.getattr(intern!(object.py(), "key"))?;
        let key = key.extract::<Cow<'_, str>>()?;
        Tz::from_str(&key).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

by_reference!(Tz => PyTzInfo, Bound<'py, PyTzInfo>, PyErr);
