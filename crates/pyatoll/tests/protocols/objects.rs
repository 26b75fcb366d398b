//! `str`, `repr`, hash, truth, numeric conversions and comparisons.

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;
use pyatoll::pyclass::CompareOp;
use pyatoll::types::PyDict;

use crate::{everywhere, run};

#[pyclass]
pub(crate) struct Plain {
    number: i64,
}

#[pymethods]
impl Plain {
    #[new]
    #[pyo3(signature = (number = 0))]
    fn new(number: i64) -> Self {
        Self { number }
    }

    fn __str__(&self) -> String {
        format!("text {}", self.number)
    }

    fn __repr__(slf: PyRef<'_, Self>, py: Python<'_>) -> PyResult<String> {
        let class = slf.into_pyobject(py)?.get_type();
        Ok(format!("<{}>", class.name()?))
    }

    fn __hash__(&self) -> i64 {
        self.number
    }

    fn __bool__(&self) -> PyResult<bool> {
        match self.number {
            13 => Err(PyValueError::new_err("unlucky")),
            number => Ok(number != 0),
        }
    }

    fn __int__(&self) -> i64 {
        self.number
    }

    fn __float__(&self) -> f64 {
        self.number as f64 / 2.0
    }

    fn __index__(&self) -> i64 {
        self.number
    }

    fn __complex__(&self) -> (f64,) {
        (1.0,)
    }

    #[pyo3(signature = (digits = None))]
    fn __round__(&self, digits: Option<i64>) -> i64 {
        digits.unwrap_or(self.number)
    }

    fn __format__(&self, spec: &str) -> String {
        format!("{spec}:{}", self.number)
    }

    fn __dir__(&self) -> Vec<&'static str> {
        vec!["b", "a"]
    }

    fn __bytes__(&self) -> &[u8] {
        b"bytes"
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __exit__(
        &mut self,
        _class: Option<&Bound<'_, PyAny>>,
        error: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> bool {
        self.number = 99;
        error.is_some_and(|error| error.is_instance_of::<pyatoll::exceptions::PyKeyError>())
    }

    fn __copy__(&self) -> Self {
        Self {
            number: self.number,
        }
    }

    #[pyo3(signature = (*args, sep = "-", **kwargs))]
    fn __call__(
        &mut self,
        args: Vec<String>,
        sep: &str,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> String {
        self.number += 1;
        format!(
            "{}{}",
            args.join(sep),
            kwargs.map_or(0, |kwargs| kwargs.len())
        )
    }
}

#[test]
fn an_object_has_str_repr_hash_truth_and_numeric_values() {
    everywhere(|py| {
        run::<Plain>(
            py,
            "
            import copy
            p = cls(5)
            assert str(p) == 'text 5' and repr(p) == '<Plain>'
            assert hash(p) == 5 and hash(cls(-1)) == -2
            assert p and not cls() and raises(bool, cls(13)) == 'ValueError: unlucky'
            assert int(p) == 5 and float(p) == 2.5 and [0] * p == [0] * 5
            assert raises(complex, p).startswith('TypeError')
            assert round(p) == 5 and round(p, 2) == 2
            assert f'{p:x}' == 'x:5' and dir(p) == ['a', 'b'] and bytes(p) == b'bytes'
            with p as q:
                assert p is q
                raise KeyError('swallowed')
            assert int(p) == 99
            assert int(copy.copy(p)) == 99
            assert p('a', 'b', sep='+', x=1) == 'a+b1' and p() == '0' and int(p) == 101
            assert raises(p, 1).startswith('TypeError')
            ",
        );
    });
}

/// Implements `__richcmp__`.
#[pyclass]
pub(crate) struct ByOperator(i64);

#[pymethods]
impl ByOperator {
    #[new]
    fn new(value: i64) -> Self {
        Self(value)
    }

    fn __richcmp__(
        &self,
        other: PyRef<'_, Self>,
        op: CompareOp,
        py: Python<'_>,
    ) -> PyResult<Py<PyAny>> {
        if self.0 == 13 {
            return Err(PyValueError::new_err("unlucky"));
        }
        match op {
            CompareOp::Gt => Ok(py.NotImplemented()),
            op => Ok(op
                .matches(self.0.cmp(&other.0))
                .into_pyobject(py)?
                .to_owned()
                .into_any()
                .unbind()),
        }
    }
}

/// Implements some of the six comparison methods.
#[pyclass]
pub(crate) struct BySome(i64);

#[pymethods]
impl BySome {
    #[new]
    fn new(value: i64) -> Self {
        Self(value)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __lt__(&self, other: i64) -> bool {
        self.0 < other
    }

    fn __hash__(&self) -> u64 {
        7
    }
}

/// Has equality from a class option and order from a method.
#[pyclass(eq)]
#[derive(PartialEq)]
struct Mixed(i64);

#[pymethods]
impl Mixed {
    #[new]
    fn new(value: i64) -> Self {
        Self(value)
    }

    fn __lt__(&self, other: &Self) -> bool {
        self.0 < other.0
    }
}

#[test]
fn comparisons_call_their_methods() {
    everywhere(|py| {
        run::<ByOperator>(
            py,
            "
            a, b = cls(1), cls(2)
            assert a < b and a <= b and a != b and a == cls(1) and b >= a
            # `>` is reflected to `<` of the other operand.
            assert b.__gt__(a) is NotImplemented and b > a and not a > b
            assert a != 1 and not a == 'x' and a.__eq__('x') is NotImplemented
            assert raises(lambda: a < 1).startswith('TypeError')
            assert raises(lambda: cls(13) == a) == 'ValueError: unlucky'
            assert raises(hash, a).startswith('TypeError: unhashable')
            ",
        );
        run::<BySome>(
            py,
            "
            a = cls(1)
            assert a == cls(1) and a != cls(2) and not a != cls(1) and a != 1
            assert a < 5 and not a < 0 and 5 > a and raises(lambda: a > 5).startswith('TypeError')
            assert a.__le__(5) is NotImplemented and a.__ne__(1) is True
            assert hash(a) == 7 and {a: 1}[cls(1)] == 1
            ",
        );
        run::<Mixed>(
            py,
            "
            assert cls(1) < cls(2) and cls(2) > cls(1) and cls(1) == cls(1) and cls(1) != cls(2)
            assert raises(lambda: cls(1) <= cls(2)).startswith('TypeError')
            ",
        );
    });
}
