//! What `#[pymethods]` promises of special methods. Everything is checked in the main interpreter
//! and in a sub-interpreter.

use std::ffi::{CString, c_int};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::exceptions::{PyAttributeError, PyIndexError, PyKeyError, PyValueError};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::pyclass::CompareOp;
use pyatoll::types::{PyDict, PyList, PyTuple, PyType};
use pyatoll::{PyTraverseError, PyVisit, ffi};

/// Runs `check` in the main interpreter, and in one with a GIL of its own where Python has that.
fn everywhere(check: impl for<'py> Fn(Python<'py>) + Send + Sync) {
    Python::attach(|py| check(py));
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| check(py)).unwrap();
    sub.close().unwrap();
}

/// Defines `raises(function, *args)`, which gives the text of what a call raises.
fn names(py: Python<'_>) -> Bound<'_, PyDict> {
    let names = PyDict::new(py);
    py.run(
        c"
def raises(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return 'nothing'
",
        Some(&names),
        None,
    )
    .unwrap();
    names
}

/// Runs Python code that knows `raises`, and `T` as `cls`.
fn run<T: pyatoll::PyTypeInfo>(py: Python<'_>, code: &str) {
    let names = names(py);
    names.set_item("cls", py.get_type::<T>()).unwrap();
    run_with(py, &names, code);
}

/// Runs Python code, indented like the Rust code around it, in a module of these names.
fn run_with(py: Python<'_>, names: &Bound<'_, PyDict>, code: &str) {
    let dedent = py.import("textwrap").unwrap().getattr("dedent").unwrap();
    let code: String = dedent.call1((code,)).unwrap().extract().unwrap();
    let code = CString::new(code).unwrap();
    if let Err(error) = py.run(&code, Some(names), None) {
        error.print(py);
        panic!("{error}");
    }
}

#[pyclass]
struct Plain {
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
fn an_object_has_text_hash_truth_and_number() {
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

/// Compares by one method for all operators.
#[pyclass]
struct ByOperator(i64);

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

/// Compares by some of the six.
#[pyclass]
struct BySome(i64);

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

/// Has equality from the class's options and order from a method.
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
fn comparisons_go_to_their_methods() {
    everywhere(|py| {
        run::<ByOperator>(
            py,
            "
            a, b = cls(1), cls(2)
            assert a < b and a <= b and a != b and a == cls(1) and b >= a
            # `>` is asked of the other side as `<`.
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
            assert a.__le__(5) is NotImplemented and a.__ne__(1) is NotImplemented
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

/// Does sums in every way.
#[pyclass(subclass)]
struct Number(i64);

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
fn operators_go_to_the_side_that_has_them() {
    everywhere(|py| {
        run::<Number>(
            py,
            "
            n = cls(6)
            assert n + 1 == '6+1' and 1 + n == '1r+6'
            assert raises(lambda: n + 'x').startswith('TypeError: unsupported operand')
            assert raises(lambda: 'x' + n).startswith('TypeError')
            assert n.__add__('x') is NotImplemented and n.__radd__('x') is NotImplemented
            # Neither takes the other: both sides were asked.
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
            # One that returns something gives another object.
            n ^= 1
            assert n is not m and n.value == 649
            n = m
            # Without a method in place: the operator, which gives something else.
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

/// A list of numbers, with a length for negative indices.
#[pyclass(sequence)]
struct Sequence(Vec<i64>);

#[pymethods]
impl Sequence {
    #[new]
    fn new(items: Vec<i64>) -> Self {
        Self(items)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<i64> {
        let place = usize::try_from(index).ok();
        place
            .and_then(|place| self.0.get(place).copied())
            .ok_or_else(|| PyIndexError::new_err(format!("no {index}")))
    }

    fn __setitem__(&mut self, index: usize, value: i64) {
        self.0[index] = value;
    }

    fn __delitem__(&mut self, index: usize) -> PyResult<()> {
        if index >= self.0.len() {
            return Err(PyIndexError::new_err("no such place"));
        }
        self.0.remove(index);
        Ok(())
    }

    fn __contains__(&self, item: i64) -> bool {
        self.0.contains(&item)
    }

    fn __concat__(&self, other: &Self) -> Self {
        Self([&self.0[..], &other.0[..]].concat())
    }

    fn __repeat__(&self, count: usize) -> Self {
        Self(self.0.repeat(count))
    }

    fn __inplace_concat__(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    fn __inplace_repeat__(&mut self, count: isize) -> PyResult<()> {
        if count < 0 {
            return Err(PyValueError::new_err("negative"));
        }
        self.0 = self.0.repeat(count as usize);
        Ok(())
    }

    fn __reversed__(&self) -> Vec<i64> {
        self.0.iter().rev().copied().collect()
    }
}

#[pyclass(mapping)]
struct Mapping {
    values: std::collections::BTreeMap<String, i64>,
}

#[pymethods]
impl Mapping {
    #[new]
    fn new() -> Self {
        Self {
            values: Default::default(),
        }
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.values.len())
    }

    fn __getitem__(&self, key: &str) -> PyResult<i64> {
        let value = self.values.get(key).copied();
        value.ok_or_else(|| PyKeyError::new_err(key.to_owned()))
    }

    fn __setitem__(&mut self, key: String, value: i64) {
        self.values.insert(key, value);
    }
}

#[test]
fn sequences_and_mappings_have_items() {
    everywhere(|py| {
        run::<Sequence>(
            py,
            "
            s = cls([1, 2, 3])
            assert len(s) == 3 and s[0] == 1 and list(s) == [1, 2, 3] and list(reversed(s)) == [3, 2, 1]
            assert raises(lambda: s[3]) == 'IndexError: no 3' and raises(lambda: s['x']).startswith('TypeError')
            s[1] = 7
            del s[0]
            assert list(s) == [7, 3] and raises(s.__delitem__, 5) == 'IndexError: no such place'
            assert 7 in s and 8 not in s and raises(lambda: 'x' in s).startswith('TypeError')
            assert list(s + cls([1])) == [7, 3, 1] and list(s * 2) == [7, 3, 7, 3] == list(2 * s)
            assert raises(lambda: s * -1).startswith('ValueError')
            assert raises(lambda: s + [1]).startswith('TypeError')
            t = s
            t += cls([5])
            t *= 2
            assert t is s and list(s) == [7, 3, 5] * 2
            assert raises(s.__imul__, -1) == 'ValueError: negative'
            ",
        );
        run::<Mapping>(
            py,
            "
            m = cls()
            m['a'] = 1
            assert m['a'] == 1 and len(m) == 1
            assert raises(lambda: m['b']) == \"KeyError: 'b'\"
            assert raises(m.__delitem__, 'a') == \"NotImplementedError: can't delete item\"
            assert raises(m.__setitem__, 'a', 'x').startswith('TypeError')
            ",
        );
    });
}

#[test]
fn a_mapping_is_no_sequence_to_c() {
    everywhere(|py| {
        let mapping = Bound::new(py, Mapping::new()).unwrap();
        let sequence = Bound::new(py, Sequence::new(vec![4, 5])).unwrap();
        // SAFETY: attached, live objects.
        unsafe {
            assert_eq!(ffi::PySequence_Check(mapping.as_ptr()), 0);
            assert_eq!(ffi::PySequence_Check(sequence.as_ptr()), 1);
            let item = ffi::PySequence_GetItem(sequence.as_ptr(), -1);
            let item = Bound::from_owned_ptr(py, item);
            assert_eq!(item.extract::<i64>().unwrap(), 5);
        }
    });
}

/// Answers for attributes that are not there.
#[pyclass(dict, subclass)]
struct Attributes {
    log: Vec<String>,
}

#[pymethods]
impl Attributes {
    #[new]
    fn new() -> Self {
        Self { log: Vec::new() }
    }

    #[getter]
    fn log(&self) -> Vec<String> {
        self.log.clone()
    }

    fn __getattr__(&self, name: &str) -> PyResult<String> {
        match name.strip_prefix("made_") {
            Some(rest) => Ok(rest.to_owned()),
            None => Err(PyAttributeError::new_err(format!("no {name}"))),
        }
    }

    fn __setattr__(slf: &Bound<'_, Self>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        slf.borrow_mut().log.push(format!("{name}={value}"));
        Ok(())
    }
}

/// Hides some attributes.
#[pyclass]
struct Hiding;

#[pymethods]
impl Hiding {
    #[new]
    fn new() -> Self {
        Self
    }

    fn visible(&self) -> i64 {
        1
    }

    fn __getattribute__(slf: &Bound<'_, Self>, name: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if name.to_string() == "hidden" {
            return Err(PyAttributeError::new_err("hidden"));
        }
        // SAFETY: attached, live objects; a new reference or null comes back.
        unsafe {
            let found = ffi::PyObject_GenericGetAttr(slf.as_ptr(), name.as_ptr());
            Ok(Bound::from_owned_ptr_or_err(slf.py(), found)?.unbind())
        }
    }

    fn __delattr__(&self, name: &str) -> PyResult<()> {
        Err(PyValueError::new_err(format!("{name} stays")))
    }
}

/// Both: the second is asked when the first raises.
#[pyclass]
struct TwoStage;

#[pymethods]
impl TwoStage {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __getattribute__(&self, name: &str) -> PyResult<&'static str> {
        match name {
            "first" => Ok("one"),
            "broken" => Err(PyValueError::new_err("broken")),
            _ => Err(PyAttributeError::new_err("not the first")),
        }
    }

    fn __getattr__(&self, name: &str) -> PyResult<&'static str> {
        match name {
            "second" => Ok("two"),
            _ => Err(PyAttributeError::new_err("neither")),
        }
    }
}

#[test]
fn attribute_access_goes_to_its_methods() {
    everywhere(|py| {
        run::<Attributes>(
            py,
            "
            a = cls()
            assert a.made_up == 'up' and raises(lambda: a.other) == 'AttributeError: no other'
            a.x = 5
            assert a.log == ['x=5'] and not hasattr(a, 'x')
            # Deleting is left to the class below.
            a.__dict__['y'] = 1
            del a.y
            assert raises(delattr, a, 'y').startswith('AttributeError')
            class Sub(cls):
                def __setattr__(self, name, value):
                    super().__setattr__('sub_' + name, value)
            s = Sub()
            s.x = 1
            assert s.log == ['sub_x=1']
            ",
        );
        run::<Hiding>(
            py,
            "
            h = cls()
            assert h.visible() == 1 and raises(lambda: h.hidden) == 'AttributeError: hidden'
            assert raises(delattr, h, 'x') == 'ValueError: x stays'
            assert raises(setattr, h, 'x', 1).startswith('AttributeError')
            ",
        );
        run::<TwoStage>(
            py,
            "
            t = cls()
            assert t.first == 'one' and t.second == 'two'
            assert raises(lambda: t.third) == 'AttributeError: neither'
            assert raises(lambda: t.broken) == 'ValueError: broken'
            ",
        );
    });
}

/// A descriptor that remembers what it was asked.
#[pyclass]
struct Descriptor {
    value: i64,
}

#[pymethods]
impl Descriptor {
    #[new]
    fn new() -> Self {
        Self { value: 0 }
    }

    fn __get__(
        slf: PyRef<'_, Self>,
        instance: Option<&Bound<'_, PyAny>>,
        owner: Option<&Bound<'_, PyAny>>,
    ) -> (bool, bool, i64) {
        (instance.is_some(), owner.is_some(), slf.value)
    }

    fn __set__(&mut self, _instance: &Bound<'_, PyAny>, value: i64) {
        self.value = value;
    }

    fn __delete__(&mut self, _instance: &Bound<'_, PyAny>) {
        self.value = -1;
    }
}

#[pyclass]
struct SetOnly(Vec<i64>);

#[pymethods]
impl SetOnly {
    #[new]
    fn new() -> Self {
        Self(Vec::new())
    }

    fn __set__(&mut self, _instance: &Bound<'_, PyAny>, value: i64) {
        self.0.push(value);
    }
}

#[test]
fn descriptors_are_read_set_and_deleted() {
    everywhere(|py| {
        run::<Descriptor>(
            py,
            "
            class Holder:
                d = cls()
            h = Holder()
            assert h.d == (True, True, 0) and Holder.d == (False, True, 0)
            h.d = 5
            assert h.d == (True, True, 5)
            del h.d
            assert h.d == (True, True, -1)
            assert raises(setattr, h, 'd', 'x').startswith('TypeError')
            ",
        );
        run::<SetOnly>(
            py,
            "
            class Holder:
                d = cls()
            h = Holder()
            h.d = 1
            assert raises(delattr, h, 'd') == \"NotImplementedError: can't delete descriptor\"
            ",
        );
    });
}

/// Counts to a limit.
#[pyclass]
struct Iterator {
    next: u32,
    limit: u32,
}

#[pymethods]
impl Iterator {
    #[new]
    fn new(limit: u32) -> Self {
        Self { next: 0, limit }
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> Option<u32> {
        if self.next == self.limit {
            return None;
        }
        self.next += 1;
        Some(self.next)
    }
}

/// Fails at three.
#[pyclass]
struct FailingIterator(u32);

#[pymethods]
impl FailingIterator {
    #[new]
    fn new() -> Self {
        Self(0)
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> PyResult<Option<u32>> {
        self.0 += 1;
        match self.0 {
            3 => Err(PyValueError::new_err("three")),
            4.. => Ok(None),
            number => Ok(Some(number)),
        }
    }
}

/// Never ends by itself; a `StopIteration` carries a value.
#[pyclass]
struct Endless(u32);

#[pymethods]
impl Endless {
    #[new]
    fn new() -> Self {
        Self(0)
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> PyResult<u32> {
        self.0 += 1;
        if self.0 > 2 {
            return Err(pyatoll::exceptions::PyStopIteration::new_err("result"));
        }
        Ok(self.0)
    }
}

#[pyclass]
struct Awaitable;

#[pymethods]
impl Awaitable {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __await__(&self, py: Python<'_>) -> PyResult<Py<Endless>> {
        Py::new(py, Endless(1))
    }
}

#[pyclass]
struct AsyncIterator(u32);

#[pymethods]
impl AsyncIterator {
    #[new]
    fn new() -> Self {
        Self(0)
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__(&mut self) -> Option<Awaitable> {
        self.0 += 1;
        (self.0 < 3).then_some(Awaitable)
    }
}

#[test]
fn iterators_end_where_they_say() {
    everywhere(|py| {
        run::<Iterator>(
            py,
            "assert list(cls(3)) == [1, 2, 3] and list(cls(0)) == []",
        );
        run::<FailingIterator>(
            py,
            "
            i = cls()
            assert [next(i), next(i)] == [1, 2] and raises(next, i) == 'ValueError: three'
            assert raises(next, i) == 'StopIteration: '
            ",
        );
        run::<Endless>(
            py,
            "
            def generator():
                return (yield from cls())
            g = generator()
            assert [next(g), next(g)] == [1, 2]
            try:
                next(g)
            except StopIteration as stop:
                assert stop.value == 'result'
            else:
                assert False
            ",
        );
    });
}

#[test]
fn awaitables_and_asynchronous_iterators_work() {
    everywhere(|py| {
        let names = names(py);
        names
            .set_item("awaitable", py.get_type::<Awaitable>())
            .unwrap();
        names
            .set_item("iterator", py.get_type::<AsyncIterator>())
            .unwrap();
        run_with(
            py,
            &names,
            "
            async def once():
                return await awaitable()

            async def all():
                return [item async for item in iterator()]

            def drive(coroutine):
                yielded = []
                try:
                    while True:
                        yielded.append(coroutine.send(None))
                except StopIteration as stop:
                    return yielded, stop.value

            assert drive(once()) == ([2], 'result')
            assert drive(all()) == ([2, 2], ['result', 'result'])
            ",
        );
    });
}

/// Lends bytes.
#[pyclass]
struct Bytes {
    data: Box<[u8]>,
    lent: usize,
}

#[pymethods]
impl Bytes {
    #[new]
    fn new() -> Self {
        Self {
            data: Box::new(*b"lent bytes"),
            lent: 0,
        }
    }

    #[getter]
    fn lent(&self) -> usize {
        self.lent
    }

    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let mut this = slf.borrow_mut();
        // SAFETY: the bytes do not move while the instance lives, which the view keeps alive.
        let status = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                this.data.as_mut_ptr().cast(),
                this.data.len() as ffi::Py_ssize_t,
                1,
                flags,
            )
        };
        if status != 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        this.lent += 1;
        Ok(())
    }

    unsafe fn __releasebuffer__(&mut self, _view: *mut ffi::Py_buffer) {
        self.lent -= 1;
    }
}

#[test]
fn a_buffer_is_lent_and_given_back() {
    everywhere(|py| {
        run::<Bytes>(
            py,
            "
            b = cls()
            with memoryview(b) as view:
                assert bytes(view) == b'lent bytes' and view.readonly and b.lent == 1
                assert bytes(b) == b'lent bytes'
            assert b.lent == 0
            ",
        );
    });
}

/// How many values of [`Node`] were dropped; two tests must not mix.
static DROPPED: AtomicUsize = AtomicUsize::new(0);
static ALONE: Mutex<()> = Mutex::new(());

/// May refer to itself.
#[pyclass(weakref)]
struct Node {
    others: Vec<Py<PyAny>>,
    panics: bool,
}

impl Drop for Node {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

#[pymethods]
impl Node {
    #[new]
    #[pyo3(signature = (panics = false))]
    fn new(panics: bool) -> Self {
        Self {
            others: Vec::new(),
            panics,
        }
    }

    fn refer(&mut self, other: Py<PyAny>) {
        self.others.push(other);
    }

    fn collect_while_borrowed(&mut self, py: Python<'_>) -> PyResult<()> {
        py.import("gc")?.call_method0("collect")?;
        Ok(())
    }

    fn calm(&mut self) {
        self.panics = false;
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        assert!(!self.panics, "the collector sees this");
        for other in &self.others {
            visit.call(other)?;
        }
        Ok(())
    }

    fn __clear__(&mut self) {
        self.others.clear();
    }
}

#[test]
fn cycles_are_collected() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    everywhere(|py| {
        let before = DROPPED.load(Ordering::Relaxed);
        run::<Node>(
            py,
            "
            import gc, weakref
            a, b = cls(), cls()
            a.refer(b)
            b.refer(a)
            gone = weakref.ref(a)
            a.collect_while_borrowed()
            del a, b
            gc.collect()
            assert gone() is None
            ",
        );
        assert_eq!(DROPPED.load(Ordering::Relaxed), before + 2);
    });
}

#[test]
fn a_panic_in_traverse_does_not_end_the_process() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    everywhere(|py| {
        run::<Node>(
            py,
            "
            import gc, weakref
            a = cls(panics=True)
            a.refer(a)
            seen = weakref.ref(a)
            del a
            gc.collect()
            assert seen() is not None
            seen().calm()
            gc.collect()
            assert seen() is None
            ",
        );
    });
}

#[test]
fn what_belongs_to_another_interpreter_is_not_visited() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let foreign = Python::attach(|py| PyList::empty(py).into_any().unbind());
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let node = Bound::new(py, Node::new(false)).unwrap();
        node.borrow_mut().others.push(foreign);
        node.borrow_mut()
            .others
            .push(node.clone().into_any().unbind());
        drop(node);
        py.import("gc").unwrap().call_method0("collect").unwrap();
    })
    .unwrap();
    sub.close().unwrap();
}

/// Tells when it is finalised.
#[pyclass(subclass)]
struct Finalized {
    log: Py<PyList>,
    fails: bool,
}

#[pymethods]
impl Finalized {
    #[new]
    #[pyo3(signature = (log, fails = false))]
    fn new(log: Py<PyList>, fails: bool) -> Self {
        Self { log, fails }
    }

    fn __del__(&self, py: Python<'_>) -> PyResult<()> {
        self.log.bind(py).append("finalized")?;
        if self.fails {
            return Err(PyValueError::new_err("too late"));
        }
        Ok(())
    }
}

#[test]
fn a_finalizer_runs_once_and_may_fail() {
    everywhere(|py| {
        run::<Finalized>(
            py,
            "
            import sys
            log = []
            f = cls(log)
            assert log == []
            del f
            assert log == ['finalized']

            class Sub(cls):
                pass
            Sub(log)
            assert log == ['finalized'] * 2

            unraisable = []
            before, sys.unraisablehook = sys.unraisablehook, lambda args: unraisable.append(str(args.exc_value))
            try:
                raise KeyError('kept')
            except KeyError as error:
                cls(log, fails=True)
                assert error.args == ('kept',)
            sys.unraisablehook = before
            assert unraisable == ['too late'] and log == ['finalized'] * 3
            ",
        );
    });
}

/// A base class with special methods of its own.
#[pyclass(subclass)]
struct Below;

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
}

#[pyclass(extends = Below)]
struct Above;

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
}

#[test]
fn what_a_class_leaves_out_is_done_by_the_class_below() {
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
            ",
        );
    });
}

/// Special methods that need no instance.
#[pyclass]
struct Static;

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
fn special_methods_may_be_static_or_of_the_class() {
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

/// Special methods that are configured in and out.
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
fn special_methods_can_be_configured_out() {
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

#[test]
fn references_and_memory_stay_level() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let names = names(py);
        names.set_item("plain", py.get_type::<Plain>()).unwrap();
        names.set_item("by_operator", py.get_type::<ByOperator>()).unwrap();
        names.set_item("by_some", py.get_type::<BySome>()).unwrap();
        names.set_item("number", py.get_type::<Number>()).unwrap();
        names.set_item("sequence", py.get_type::<Sequence>()).unwrap();
        names.set_item("attributes", py.get_type::<TwoStage>()).unwrap();
        names.set_item("descriptor", py.get_type::<Descriptor>()).unwrap();
        names.set_item("iterator", py.get_type::<Iterator>()).unwrap();
        names.set_item("buffer", py.get_type::<Bytes>()).unwrap();
        names.set_item("node", py.get_type::<Node>()).unwrap();
        names.set_item("above", py.get_type::<Above>()).unwrap();
        names.set_item("static", py.get_type::<Static>()).unwrap();
        run_with(
            py,
            &names,
            "
            import gc, sys

            class Holder:
                d = descriptor()

            def in_place():
                n = number(5)
                n += 1
                n -= number(1)
                n *= 2
                n ^= 1

            def cycle():
                n = node()
                n.refer(n)

            def set_and_delete():
                h = Holder()
                h.d = 5
                del h.d
                return h.d, Holder.d

            def items():
                s = sequence([1, 2])
                s[0] = 5
                del s[1]
                s += sequence([3])
                s *= 2
                return s[0], 3 in s, len(s), list(s), s + s, s * 2, raises(lambda: s[9])

            p, n, s, a = plain(1), number(6), by_some(1), attributes()
            calls = [
                lambda: (str(p), repr(p), hash(p), bool(p), int(p), float(p), f'{p:x}', plain(1)('a', x=1)),
                lambda: (raises(bool, plain(13)), raises(p, 1), raises(plain, 1, 2), raises(plain, 'x')),
                lambda: (by_operator(1) < by_operator(2), by_operator(1) == 5, raises(lambda: by_operator(13) == by_operator(1))),
                lambda: (s == s, s != s, s < 5, 5 > s, s == 'x'),
                lambda: (n + 1, 1 + n, n - n, n ** 2, pow(n, 2, 3), 2 ** n, -n, +n, divmod(n, 4)),
                lambda: (raises(lambda: n + 'x'), raises(lambda: 'x' + n), raises(lambda: n + n), raises(lambda: n / 0)),
                in_place, cycle, set_and_delete, items,
                lambda: (a.first, a.second, raises(lambda: a.third), raises(lambda: a.broken)),
                lambda: list(iterator(3)),
                lambda: bytes(buffer()),
                lambda: (above() == 5, raises(setattr, above(), 'x', 1), raises(above().__setitem__, 2, 3)),
                lambda: (len(static()), static()[1], repr(static()), static()(1)),
            ]

            def level():
                gc.collect()
                count = getattr(sys, 'gettotalrefcount', sys.getallocatedblocks)
                return count()

            # Other interpreters may share the count, and caches fill up: a leak shows every time.
            for number_of_call, call in enumerate(calls):
                growths = []
                for _ in range(5):
                    before = level()
                    for _ in range(300):
                        call()
                    growths.append(level() - before)
                assert min(growths) < 100, (number_of_call, growths)
            ",
        );
    })
    .unwrap();
    sub.close().unwrap();
}
