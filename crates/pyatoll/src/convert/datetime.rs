//! Functions shared by the conversions of chrono, jiff and time.

use crate::error::PyResult;
use crate::exceptions::PyTypeError;
use crate::intern;
use crate::object::{Borrowed, Bound};
use crate::types::{
    PyAny, PyAnyMethods, PyDateTime, PyDelta, PyDeltaAccess, PyNone, PyTzInfo, PyTzInfoAccess,
};

/// Returns an error if the `datetime` has a time zone.
pub(super) fn expect_naive(date_time: &Bound<'_, PyDateTime>) -> PyResult<()> {
    match date_time.get_tzinfo() {
        None => Ok(()),
        Some(_) => Err(PyTypeError::new_err("expected a datetime without tzinfo")),
    }
}

/// Returns the time zone of a `datetime`, or an error if it has none.
#[cfg(any(feature = "jiff-02", feature = "time"))]
pub(super) fn expect_tzinfo<'py>(
    date_time: &Bound<'py, PyDateTime>,
) -> PyResult<Bound<'py, PyTzInfo>> {
    date_time.get_tzinfo().ok_or_else(expected_tzinfo)
}

/// Returns the error for a `datetime` without a time zone.
#[cold]
pub(super) fn expected_tzinfo() -> crate::PyErr {
    PyTypeError::new_err("expected a datetime with non-None tzinfo")
}

/// Returns the whole seconds of a duration, rounded towards zero.
pub(super) fn whole_seconds(delta: &Bound<'_, PyDelta>) -> i64 {
    let seconds = i64::from(delta.get_days()) * 86_400 + i64::from(delta.get_seconds());
    let rounds_up = seconds < 0 && delta.get_microseconds() > 0;
    seconds + i64::from(rounds_up)
}

/// Returns the offset from UTC of a time zone with a fixed offset, in seconds. A class written in
/// Python may return any duration.
///
/// # Errors
/// `TypeError` if the object is no time zone, or one whose offset depends on the time.
pub(super) fn fixed_offset(object: Borrowed<'_, '_, PyAny>) -> PyResult<i64> {
    let py = object.py();
    let tzinfo = object.cast::<PyTzInfo>()?;
    let offset = tzinfo.call_method1(intern!(py, "utcoffset"), (PyNone::get(py),))?;
    if offset.is_none() {
        return Err(PyTypeError::new_err(format!(
            "{tzinfo:?} is not a fixed offset timezone"
        )));
    }
    Ok(whole_seconds(offset.cast::<PyDelta>()?))
}

/// What the tests of these conversions have in common.
#[cfg(test)]
pub(super) mod testing {
    use std::ffi::CStr;

    use crate::convert::{FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::object::Bound;
    use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods};

    /// Evaluates an expression in which `d` is the module `datetime`, and `Z` is `ZoneInfo`.
    pub(in crate::convert) fn eval<'py>(py: Python<'py>, code: &CStr) -> Bound<'py, PyAny> {
        let names = PyDict::new(py);
        names.set_item("d", py.import("datetime").unwrap()).unwrap();
        let zoneinfo = py.import("zoneinfo").unwrap();
        names
            .set_item("Z", zoneinfo.getattr("ZoneInfo").unwrap())
            .unwrap();
        py.eval(code, Some(&names), None).unwrap()
    }

    /// Extracts a value, or returns the text of the error.
    pub(in crate::convert) fn extract<T>(code: &CStr) -> Result<T, String>
    where
        T: for<'py> FromPyObjectOwned<'py>,
    {
        Python::attach(|py| {
            let object = eval(py, code);
            let value = object.extract::<T>();
            value.map_err(|error| Into::<PyErr>::into(error).to_string())
        })
    }

    /// Converts to Python and back, by value and by reference. As a function, it would need a bound
    /// on `&T` for every lifetime, which the compiler cannot resolve.
    macro_rules! round_trip {
        ($value:expr) => {{
            let value = $value;
            Python::attach(|py| {
                let objects = [
                    (&value).into_bound_py_any(py).unwrap(),
                    value.clone().into_bound_py_any(py).unwrap(),
                ];
                $crate::convert::datetime::testing::extract_as(&value, objects)
            })
        }};
    }
    pub(in crate::convert) use round_trip;

    /// Checks that the objects are equal, and extracts a value of the same type as `_like`.
    pub(in crate::convert) fn extract_as<T>(_like: &T, objects: [Bound<'_, PyAny>; 2]) -> T
    where
        T: for<'py> FromPyObjectOwned<'py>,
    {
        let [object, other] = objects;
        assert!(object.eq(other).unwrap());
        object.extract().map_err(Into::<PyErr>::into).unwrap()
    }

    /// Checks that the value converts to an object that equals the result of `code`, of the same
    /// class. Returns the object.
    pub(in crate::convert) fn converts_to<'py>(
        py: Python<'py>,
        value: impl IntoPyObject<'py>,
        code: &CStr,
    ) -> Bound<'py, PyAny> {
        let (object, expected) = (value.into_bound_py_any(py).unwrap(), eval(py, code));
        assert!(object.eq(&expected).unwrap(), "{object:?}");
        assert!(object.get_type().is(expected.get_type()), "{object:?}");
        object
    }

    /// Checks [`converts_to`], and that the object converts back.
    pub(in crate::convert) fn there_and_back<T>(value: T, code: &CStr)
    where
        T: for<'py> FromPyObjectOwned<'py> + for<'py> IntoPyObject<'py>,
        T: Clone + PartialEq + std::fmt::Debug,
    {
        Python::attach(|py| {
            let object = converts_to(py, value.clone(), code);
            let back: T = object.extract().map_err(Into::<PyErr>::into).unwrap();
            assert_eq!(back, value);
        });
    }
}
