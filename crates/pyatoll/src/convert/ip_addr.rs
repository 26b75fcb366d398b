//! IP addresses: to and from the classes of `ipaddress`; also from text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pyo3_ffi as ffi;

use super::by_reference::by_reference;
use super::imported::Imported;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods};

macro_rules! to_python {
    ($($type:ty, $hint:expr, |$value:ident, $py:ident| $body:expr;)*) => {$(
        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;

            crate::object::hint! { OUTPUT_TYPE = $hint }

            fn into_pyobject(self, $py: Python<'py>) -> PyResult<Self::Output> {
                let $value = self;
                $body
            }
        }

        by_reference!($type => PyAny, Bound<'py, PyAny>, PyErr);
    )*};
}

to_python! {
    Ipv4Addr, type_hint_identifier!("ipaddress", "IPv4Address"), |address, py| {
        static CLASS: Imported = Imported::new(c"ipaddress", c"IPv4Address");
        CLASS.call(py, (address.to_bits(),))
    };
    Ipv6Addr, type_hint_identifier!("ipaddress", "IPv6Address"), |address, py| {
        static CLASS: Imported = Imported::new(c"ipaddress", c"IPv6Address");
        CLASS.call(py, (address.to_bits(),))
    };
    IpAddr, type_hint_union!(Ipv4Addr::OUTPUT_TYPE, Ipv6Addr::OUTPUT_TYPE), |address, py| match address {
        IpAddr::V4(address) => address.into_pyobject(py),
        IpAddr::V6(address) => address.into_pyobject(py),
    };
}

impl<'a, 'py> FromPyObject<'a, 'py> for IpAddr {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(of::<crate::types::PyString>(), type_hint_identifier!("ipaddress", "IPv4Address"), type_hint_identifier!("ipaddress", "IPv6Address"))
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let Ok(packed) = object.getattr(intern!(object.py(), "packed")) else {
            return parse(object);
        };
        let packed = packed.as_borrowed();
        if let Ok(packed) = packed.extract::<[u8; 4]>() {
            Ok(IpAddr::from(packed))
        } else if let Ok(packed) = packed.extract::<[u8; 16]>() {
            Ok(IpAddr::from(packed))
        } else {
            Err(PyValueError::new_err("invalid packed length"))
        }
    }
}

/// Parses `str(object)`.
fn parse(object: Borrowed<'_, '_, PyAny>) -> PyResult<IpAddr> {
    // SAFETY: attached; a live object; the call returns a new reference, or null with an exception.
    let text =
        unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyObject_Str(object.as_ptr()))? };
    let text: &str = text.as_borrowed().extract()?;
    text.parse()
        .map_err(|error: std::net::AddrParseError| PyValueError::new_err(error.to_string()))
}

macro_rules! one_family {
    ($type:ident, $variant:ident, $expected:literal) => {
        impl<'a, 'py> FromPyObject<'a, 'py> for $type {
            type Error = PyErr;

            crate::object::hint! {
                INPUT_TYPE =
                    type_hint_union!(of::<crate::types::PyString>(), type_hint_identifier!("ipaddress", concat!($expected, "Address")))
            }

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                match IpAddr::extract(object)? {
                    IpAddr::$variant(address) => Ok(address),
                    other => Err(PyValueError::new_err(format!(
                        concat!("expected an ", $expected, " address, got {}"),
                        other
                    ))),
                }
            }
        }
    };
}

one_family!(Ipv4Addr, V4, "IPv4");
one_family!(Ipv6Addr, V6, "IPv6");

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    proptest! {
        #[test]
        fn every_address_survives(value: IpAddr) {
            Python::attach(|py| {
                for object in [
                    value.into_bound_py_any(py)?,
                    (&value).into_bound_py_any(py)?,
                    value.to_string().into_bound_py_any(py)?,
                ] {
                    let object = object.as_borrowed();
                    assert_eq!(object.extract::<IpAddr>()?, value);
                    assert_eq!(object.extract::<Ipv4Addr>().is_ok(), value.is_ipv4());
                    assert_eq!(object.extract::<Ipv6Addr>().is_ok(), value.is_ipv6());
                }
                let object = value.into_bound_py_any(py)?;
                let class = if value.is_ipv4() { "IPv4Address" } else { "IPv6Address" };
                assert!(format!("{object:?}").starts_with(class));
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn other_text_is_refused() {
        Python::attach(|py| {
            let text = "300.0.0.1".into_bound_py_any(py)?;
            let error = text.as_borrowed().extract::<IpAddr>().unwrap_err();
            assert_eq!(error.to_string(), "ValueError: invalid IP address syntax");
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
