//! Operators: forward, reflected, in place.

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;

use crate::{everywhere, run};

/// Implements the operators with every form of receiver and argument.
#[pyclass(subclass)]
pub(crate) struct Number(i64);

macro_rules! text {
    ($left:expr, $op:literal, $right:expr) => {
        format!("{}{}{}", $left, $op, $right)
    };
}

#[pymethods]
impl Number {
    #[new]
    fn new(value: i64) -> Self {
        Self(value)
    }

    #[getter]
    fn value(&self) -> i64 {
        self.0
    }

    fn __add__(&self, other: i64) -> String {
        text!(self.0, "+", other)
    }
    fn __radd__(&self, other: i64) -> String {
        text!(other, "r+", self.0)
    }
    fn __sub__(&self, other: &Self) -> i64 {
        self.0 - other.0
    }
    fn __rmul__(slf: PyRef<'_, Self>, other: &str) -> String {
        other.repeat(slf.0 as usize)
    }
    fn __truediv__(&self, other: f64) -> PyResult<f64> {
        if other == 0.0 {
            return Err(PyValueError::new_err("by zero"));
        }
        Ok(self.0 as f64 / other)
    }
    fn __floordiv__(&self, other: i64) -> String {
        text!(self.0, "//", other)
    }
    fn __rfloordiv__(&self, other: i64) -> String {
        text!(other, "r//", self.0)
    }
    fn __mod__(&self, other: i64) -> i64 {
        self.0 % other
    }
    fn __divmod__(&self, other: i64) -> (i64, i64) {
        (self.0 / other, self.0 % other)
    }
    fn __rdivmod__(&self, other: i64) -> (i64, i64) {
        (other / self.0, other % self.0)
    }
    fn __matmul__(&self, other: &Bound<'_, PyAny>) -> String {
        text!(self.0, "@", other)
    }
    fn __rmatmul__(&self, other: &Bound<'_, PyAny>) -> String {
        text!(other, "r@", self.0)
    }
    fn __pow__(&self, exponent: i64, modulus: Option<i64>) -> String {
        format!("{}**{exponent}%{modulus:?}", self.0)
    }
    fn __rpow__(&self, base: i64, modulus: Option<i64>) -> String {
        format!("{base}r**{}%{modulus:?}", self.0)
    }
    fn __lshift__(&self, other: i64) -> i64 {
        self.0 << other
    }
    fn __rrshift__(&self, other: i64) -> i64 {
        other >> self.0
    }
    fn __and__(&self, other: i64) -> i64 {
        self.0 & other
    }
    fn __rxor__(&self, other: i64) -> i64 {
        self.0 ^ other
    }
    fn __or__(&self, other: i64) -> i64 {
        self.0 | other
    }
    fn __neg__(&self) -> Self {
        Self(-self.0)
    }
    fn __pos__(slf: Py<Self>) -> Py<Self> {
        slf
    }
    fn __abs__(&self) -> i64 {
        self.0.abs()
    }
    fn __invert__(&self) -> i64 {
        !self.0
    }

    fn __iadd__(&mut self, other: i64) {
        self.0 += other;
    }
    fn __isub__(&mut self, other: &Self) -> PyResult<()> {
        if other.0 == 13 {
            return Err(PyValueError::new_err("unlucky"));
        }
        self.0 -= other.0;
        Ok(())
    }
    fn __imul__(slf: &Bound<'_, Self>, other: i64) {
        slf.borrow_mut().0 *= other;
    }
    fn __ipow__(&mut self, other: i64, _modulus: Option<i64>) {
        self.0 = self.0.pow(other as u32);
    }
    fn __ilshift__(&mut self, other: i64) {
        self.0 <<= other;
    }
    fn __ixor__(&self, other: i64) -> PyResult<Self> {
        Ok(Self(self.0 ^ other))
    }
}

#[test]
fn operators_call_the_operand_that_implements_them() {
    everywhere(|py| {
        run::<Number>(
            py,
            "
            n = cls(6)
            assert n + 1 == '6+1' and 1 + n == '1r+6'
            assert raises(lambda: n + 'x').startswith('TypeError: unsupported operand')
            assert raises(lambda: 'x' + n).startswith('TypeError')
            assert n.__add__('x') is NotImplemented and n.__radd__('x') is NotImplemented
            # Both operands return `NotImplemented`.
            assert raises(lambda: n + n).startswith('TypeError: unsupported operand')
            assert n - cls(2) == 4 and raises(lambda: n - 2).startswith('TypeError')
            assert 'a' * n == 'aaaaaa' and raises(lambda: n * 'a').startswith('TypeError')
            assert n / 4 == 1.5 and raises(lambda: n / 0) == 'ValueError: by zero'
            assert n // 2 == '6//2' and 2 // n == '2r//6'
            assert n % 4 == 2 and divmod(n, 4) == (1, 2) and divmod(13, n) == (2, 1)
            assert n @ 'x' == '6@x' and 'x' @ n == 'xr@6'
            assert n ** 2 == '6**2%None' and pow(n, 2, 5) == '6**2%Some(5)' and 2 ** n == '2r**6%None'
            assert n << 1 == 12 and 128 >> n == 2 and n & 2 == 2 and 1 ^ n == 7 and n | 1 == 7
            assert (-n).value == -6 and +n is n and abs(-n) == 6 and ~n == -7
            ",
        );
    });
}

#[test]
fn in_place_operators_change_the_instance() {
    everywhere(|py| {
        run::<Number>(
            py,
            "
            n = m = cls(6)
            n += 4
            assert n is m and m.value == 10
            n -= cls(1)
            n *= 2
            assert n is m and m.value == 18
            n **= 2
            n <<= 1
            assert n is m and m.value == 648

            def subtract(other):
                global n
                n -= other
            assert raises(subtract, cls(13)) == 'ValueError: unlucky'
            assert raises(subtract, 5).startswith('TypeError: unsupported operand')
            assert n is m and m.value == 648
            # The result replaces the object if the method returns one.
            n ^= 1
            assert n is not m and n.value == 649
            n = m
            # Without an in-place method, the ordinary operator is called.
            n //= 2
            assert n == '648//2'
            ",
        );
    });
}

#[test]
fn a_python_subclass_can_override_operators_and_call_super() {
    everywhere(|py| {
        run::<Number>(
            py,
            "
            class Sub(cls):
                def __add__(self, other):
                    return 'sub ' + str(super().__add__(other))
                def __radd__(self, other):
                    return 'rsub ' + str(super().__radd__(other))
                def __isub__(self, other):
                    super().__isub__(other)
                    return self
            s = Sub(1)
            assert s + 2 == 'sub 1+2' and 2 + s == 'rsub 2r+1'
            assert s + 'x' == 'sub NotImplemented'
            assert s // 3 == '1//3' and 3 // s == '3r//1'
            assert cls(5) - s == 4
            s -= cls(3)
            assert s.value == -2
            assert raises(cls.__add__, 1, 2).startswith('TypeError: descriptor')
            ",
        );
    });
}
