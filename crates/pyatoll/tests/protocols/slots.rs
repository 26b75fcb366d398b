//! How methods combine into slots.

use pyatoll::exceptions::{PyAttributeError, PyKeyError};
use pyatoll::prelude::*;
use pyatoll::types::{PyTuple, PyType};

use crate::{everywhere, run};

/// A base class with special methods.
#[pyclass(subclass)]
pub(crate) struct Below;

#[pymethods]
impl Below {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __eq__(&self, _other: &Bound<'_, PyAny>) -> bool {
        true
    }

    fn __hash__(&self) -> u8 {
        1
    }

    fn __setattr__(&self, name: &str, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyAttributeError::new_err(format!("below refuses {name}")))
    }

    fn __setitem__(&self, key: i64, value: i64) -> PyResult<()> {
        Err(PyKeyError::new_err(key * value))
    }

    fn __add__(&self, other: i64) -> String {
        format!("below + {other}")
    }

    fn __rsub__(&self, other: i64) -> String {
        format!("{other} - below")
    }

    fn __pow__(&self, other: i64) -> String {
        format!("below ** {other}")
    }
}

#[pyclass(extends = Below)]
pub(crate) struct Above;

#[pymethods]
impl Above {
    #[new]
    fn new() -> (Self, Below) {
        (Self, Below)
    }

    fn __lt__(&self, _other: &Bound<'_, PyAny>) -> bool {
        true
    }

    fn __hash__(&self) -> u8 {
        2
    }

    fn __delattr__(&self, name: &str) -> PyResult<()> {
        Err(PyAttributeError::new_err(format!("above keeps {name}")))
    }

    fn __delitem__(&self, key: i64) -> PyResult<()> {
        Err(PyKeyError::new_err(-key))
    }

    fn __radd__(&self, other: i64) -> String {
        format!("{other} + above")
    }

    fn __sub__(&self, other: i64) -> String {
        format!("above - {other}")
    }

    fn __rpow__(&self, other: i64) -> String {
        format!("{other} ** above")
    }
}

#[test]
fn half_of_a_slot_that_a_class_omits_is_inherited() {
    everywhere(|py| {
        run::<Above>(
            py,
            "
            a = cls()
            assert a == 5 and not a != 5 and a < 5 and hash(a) == 2
            assert raises(setattr, a, 'x', 1) == 'AttributeError: below refuses x'
            assert raises(delattr, a, 'x') == 'AttributeError: above keeps x'
            assert raises(a.__setitem__, 2, 3) == 'KeyError: 6'
            assert raises(a.__delitem__, 2) == 'KeyError: -2'
            assert a + 1 == 'below + 1' and 1 + a == '1 + above'
            assert a - 1 == 'above - 1' and 1 - a == '1 - below'
            assert a ** 2 == 'below ** 2' and 2 ** a == '2 ** above'
            assert raises(pow, a, 2, 3).startswith('TypeError')
            assert raises(lambda: a + a).startswith('TypeError')
            assert raises(lambda: a - 'x').startswith('TypeError')
            ",
        );
    });
}

/// Special methods that need no instance.
#[pyclass]
pub(crate) struct Static;

#[pymethods]
impl Static {
    #[new]
    fn new() -> Self {
        Self
    }

    #[staticmethod]
    fn __len__() -> usize {
        5
    }

    #[staticmethod]
    fn __getitem__(index: i64) -> i64 {
        index + 1
    }

    #[classmethod]
    fn __repr__(cls: &Bound<'_, PyType>) -> PyResult<String> {
        Ok(format!("<some {}>", cls.name()?))
    }

    #[classmethod]
    #[pyo3(signature = (*args))]
    fn __call__(cls: &Bound<'_, PyType>, args: &Bound<'_, PyTuple>) -> PyResult<String> {
        Ok(format!("{} {}", cls.name()?, args.len()))
    }
}

#[test]
fn special_methods_may_be_static_or_class_methods() {
    everywhere(|py| {
        run::<Static>(
            py,
            "
            s = cls()
            assert len(s) == 5 and s[2] == 3 and repr(s) == '<some Static>' and s(1, 2) == 'Static 2'
            ",
        );
    });
}

/// Special methods with `cfg` attributes.
#[pyclass]
struct Configured;

#[pymethods]
impl Configured {
    #[new]
    fn new() -> Self {
        Self
    }

    #[cfg(not(any()))]
    fn __add__(&self, _other: i64) -> &'static str {
        "add"
    }

    #[cfg(any())]
    fn __radd__(&self, _other: NoSuchType) -> &'static str {
        "radd"
    }

    #[cfg(any())]
    fn __len__(&self) -> usize {
        0
    }

    #[cfg(any())]
    #[getter]
    fn absent(&self) -> NoSuchType {}

    #[cfg(any())]
    #[classattr]
    const ABSENT: NoSuchType = 0;
}

#[test]
fn special_methods_may_be_configured_out() {
    everywhere(|py| {
        run::<Configured>(
            py,
            "
            c = cls()
            assert c + 1 == 'add' and raises(lambda: 1 + c).startswith('TypeError')
            assert raises(len, c).startswith('TypeError')
            assert not hasattr(c, 'absent') and not hasattr(c, 'ABSENT')
            ",
        );
    });
}

#[pyclass]
struct Panicking;

#[pymethods]
impl Panicking {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __len__(&self) -> usize {
        panic!("no length")
    }

    fn __add__(&self, _other: &Bound<'_, PyTuple>) -> i64 {
        panic!("no sum")
    }

    fn __hash__(&self) -> i64 {
        panic!("no hash")
    }

    fn __setitem__(&self, _key: i64, _value: i64) {
        panic!("no items")
    }
}

#[test]
fn panics_in_special_methods_become_exceptions() {
    everywhere(|py| {
        run::<Panicking>(
            py,
            "
            p = cls()
            for call, text in [
                (lambda: len(p), 'no length'),
                (lambda: p + (), 'no sum'),
                (lambda: hash(p), 'no hash'),
                (lambda: p.__setitem__(1, 2), 'no items'),
            ]:
                try:
                    call()
                except BaseException as error:
                    assert type(error).__name__ == 'PanicException' and str(error) == text
                else:
                    assert False
            ",
        );
    });
}

#[test]
fn the_macros_use_no_names_of_the_users() {
    #[allow(non_camel_case_types, dead_code)]
    mod shadowed {
        struct Option;
        struct Result;
        struct Ok;
        struct Err;
        struct Some;
        struct None;
        struct Default;
        struct String;

        #[pyatoll::pyclass]
        pub struct Shadowed;

        #[pyatoll::pymethods]
        impl Shadowed {
            #[new]
            fn new() -> Self {
                Self
            }

            fn method(&self, py: pyatoll::Python<'_>, slf: i64, result: i64) -> i64 {
                let _ = py;
                slf + result
            }

            fn __add__(&self, value: i64) -> i64 {
                value
            }
        }
    }
    everywhere(|py| {
        run::<shadowed::Shadowed>(
            py,
            "assert cls().method(1, result=2) == 3 and cls() + 4 == 4",
        );
    });
}
