//! What `#[pymethods]` promises of ordinary members: methods, receivers, constructors, accessors,
//! class attributes. Everything is checked in the main interpreter and in a sub-interpreter.

use pyatoll::exceptions::{PyValueError, PyZeroDivisionError};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyTuple, PyType};
use pyatoll::{Borrowed, py_run};

/// Runs `check` in the main interpreter, and in one with a GIL of its own where Python has that.
fn everywhere(check: impl for<'py> Fn(Python<'py>) + Send + Sync) {
    Python::attach(|py| check(py));
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| check(py)).unwrap();
    sub.close().unwrap();
}

/// A counter.
#[pyclass(subclass)]
struct Counter {
    count: i64,
}

#[pymethods]
impl Counter {
    /// How many bits a count has.
    #[classattr]
    const BITS: u32 = 64;

    #[classattr]
    #[pyo3(name = "unit")]
    fn unit_of_counting() -> &'static str {
        "piece"
    }

    #[classattr]
    fn origin(py: Python<'_>) -> PyResult<Py<Counter>> {
        Py::new(py, Counter { count: 0 })
    }

    #[new]
    #[pyo3(signature = (count = 0))]
    fn new(count: i64) -> PyResult<Self> {
        if count < 0 {
            return Err(PyValueError::new_err("a count is not negative"));
        }
        Ok(Self { count })
    }

    /// Counts on.
    fn add(&mut self, more: i64) -> i64 {
        self.count += more;
        self.count
    }

    fn peek(&self) -> i64 {
        self.count
    }

    fn with_token(&self, py: Python<'_>, text: &str) -> PyResult<usize> {
        Ok(py
            .eval(c"len", None, None)?
            .call1((text,))?
            .extract::<usize>()?
            + self.count as usize)
    }

    #[pyo3(name = "renamed", signature = (a, /, b = 2, *rest, c, d = None, **named))]
    #[allow(clippy::too_many_arguments)]
    fn everything<'py>(
        &self,
        a: i64,
        b: i64,
        rest: &Bound<'py, PyTuple>,
        c: i64,
        d: Option<&str>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> String {
        let named = named.map_or(0, |named| named.len());
        format!("{a} {b} {} {c} {d:?} {named}", rest.len())
    }

    fn borrowed_text(&self) -> &str {
        "text of the value"
    }

    fn failing(&self) -> Result<i64, std::num::ParseIntError> {
        "x".parse()
    }

    fn panicking(&self) {
        panic!("out of order")
    }

    fn r#match(&self) -> i64 {
        1
    }

    #[staticmethod]
    fn double(number: i64) -> i64 {
        2 * number
    }

    #[staticmethod]
    fn nothing(_py: Python<'_>) {}

    #[classmethod]
    fn name_of(cls: &Bound<'_, PyType>, suffix: &str) -> PyResult<String> {
        Ok(format!("{}{suffix}", cls.name()?))
    }

    #[classmethod]
    fn make(cls: Py<PyType>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(cls.bind(py).call1((7,))?.unbind())
    }

    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, PyType>, item: &Bound<'_, PyAny>) -> PyResult<String> {
        Ok(format!("{}[{}]", cls.name()?, item.repr()?))
    }

    fn by_ref(slf: PyRef<'_, Self>) -> i64 {
        slf.count
    }

    fn by_ref_mut(mut slf: PyRefMut<'_, Self>) -> i64 {
        slf.count += 1;
        slf.count
    }

    fn by_bound<'a, 'py>(slf: &'a Bound<'py, Self>) -> &'a Bound<'py, Self> {
        slf
    }

    fn by_owned(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn by_borrowed<'a, 'py>(slf: Borrowed<'a, 'py, Self>) -> Borrowed<'a, 'py, Self> {
        slf
    }

    fn by_py(slf: Py<Self>, py: Python<'_>) -> i64 {
        slf.borrow(py).count
    }

    fn token_first(_py: Python<'_>, slf: PyRef<'_, Self>, more: i64) -> i64 {
        slf.count + more
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
    }

    fn swap(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.count, &mut other.count);
    }

    fn maybe(&self, other: Option<&Self>) -> Option<i64> {
        other.map(|other| other.count)
    }

    fn chain(mut slf: PyRefMut<'_, Self>) -> PyRefMut<'_, Self> {
        slf.count += 10;
        slf
    }

    #[cfg(any())]
    fn never_there(&self, no_such: TypeAtAll) {}

    #[cfg(not(any()))]
    fn there_if_configured(&self) -> bool {
        true
    }

    fn not_in_python_since_private(&self) {}
}

impl Counter {
    // The block above does not take an `impl` of its own away.
    fn count_of(&self) -> i64 {
        self.not_in_python_since_private();
        self.count
    }
}

#[test]
fn methods_take_their_arguments_as_declared() {
    everywhere(|py| {
        let counter = py.get_type::<Counter>();
        py_run!(
            py,
            counter,
            r#"
            c = counter(5)
            assert c.add(2) == 7 and c.add(more=1) == 8
            assert c.peek() == 8
            assert c.with_token("abc") == 11
            assert c.renamed(1, c=3) == "1 2 0 3 None 0"
            assert c.renamed(1, 5, 6, 7, c=3, d="x", e=1) == '1 5 2 3 Some("x") 1'
            assert c.borrowed_text() == "text of the value"
            assert getattr(c, "match")() == 1
            assert counter.double(4) == 8 and c.double(number=5) == 10
            assert c.nothing() is None
            assert counter.name_of("!") == "Counter!" and c.name_of("?") == "Counter?"
            assert counter.make().peek() == 7
            assert counter["x"] == "Counter['x']"
            assert c.there_if_configured()
            assert not hasattr(c, "never_there")
            assert counter.add.__doc__ == "Counts on."
            assert counter.add.__text_signature__ == "($self, more)"
            assert counter.double.__text_signature__ == "(number)"
            "#
        );
    });
}

#[test]
fn wrong_calls_are_told_in_cpythons_words() {
    everywhere(|py| {
        let counter = py.get_type::<Counter>();
        py_run!(
            py,
            counter,
            r#"
            def error(function, *args, **kwargs):
                try:
                    function(*args, **kwargs)
                except Exception as error:
                    return f"{type(error).__name__}: {error}"

            c = counter()
            assert error(c.add) == "TypeError: Counter.add() missing 1 required positional argument: 'more'", error(c.add)
            assert error(c.peek, 1) == "TypeError: Counter.peek() takes no arguments (1 given)", error(c.peek, 1)
            assert "'no'" in error(c.add, no=1)
            assert error(c.add, "x").startswith("TypeError: "), error(c.add, "x")
            assert error(c.failing) == "ValueError: invalid digit found in string"
            assert error(counter, -1) == "ValueError: a count is not negative"
            assert "descriptor 'add'" in error(counter.add, 1, 2)
            "#
        );
    });
}

#[test]
fn every_form_of_receiver_works() {
    everywhere(|py| {
        let counter = py.get_type::<Counter>();
        py_run!(
            py,
            counter,
            r#"
            c = counter(1)
            assert c.by_ref() == 1 and c.by_ref_mut() == 2 and c.by_py() == 2
            assert c.by_bound() is c and c.by_owned() is c and c.by_borrowed() is c
            assert c.token_first(3) == 5
            assert c.chain().chain() is c and c.peek() == 22
            assert c.maybe(None) is None and c.maybe(counter(4)) == 4
            d = counter(100)
            c.merge(d)
            assert c.peek() == 122
            c.swap(d)
            assert (c.peek(), d.peek()) == (100, 122)
            "#
        );
    });
}

#[test]
fn an_instance_is_not_borrowed_twice() {
    everywhere(|py| {
        let counter = py.get_type::<Counter>();
        py_run!(
            py,
            counter,
            r#"
            c = counter(1)
            for call in (c.merge, c.swap):
                try:
                    call(c)
                except RuntimeError as error:
                    assert "lready" in str(error), error
                else:
                    assert False
            # Nothing stays borrowed.
            assert c.add(1) == 2
            "#
        );
        let held = Bound::new(py, Counter { count: 3 }).unwrap();
        {
            let shared = held.borrow();
            assert!(held.call_method1("add", (1,)).is_err());
            assert_eq!(
                held.call_method0("peek").unwrap().extract::<i64>().unwrap(),
                3
            );
            assert_eq!(shared.count_of(), 3);
        }
        assert_eq!(
            held.call_method1("add", (1,))
                .unwrap()
                .extract::<i64>()
                .unwrap(),
            4
        );
    });
}

#[test]
fn a_panic_in_a_method_becomes_an_exception() {
    everywhere(|py| {
        let counter = py.get_type::<Counter>();
        py_run!(
            py,
            counter,
            r#"
            c = counter(1)
            try:
                c.panicking()
            except BaseException as error:
                assert type(error).__name__ == "PanicException" and str(error) == "out of order"
            else:
                assert False
            assert c.add(1) == 2
            "#
        );
    });
}

#[test]
fn class_attributes_are_made_once_per_interpreter() {
    everywhere(|py| {
        let counter = py.get_type::<Counter>();
        py_run!(
            py,
            counter,
            r#"
            assert counter.BITS == 64 and counter.unit == "piece"
            assert type(counter.origin) is counter and counter.origin is counter.origin
            assert not hasattr(counter, "unit_of_counting")
            "#
        );
    });
}

#[test]
fn python_classes_extend_rust_classes() {
    everywhere(|py| {
        let counter = py.get_type::<Counter>();
        py_run!(
            py,
            counter,
            r#"
            class Loud(counter):
                def __new__(cls, count, word):
                    return super().__new__(cls, count)
                def __init__(self, count, word):
                    self.word = word
                def add(self, more):
                    return f"{super().add(more)}{self.word}"

            loud = Loud(1, "!")
            assert type(loud) is Loud and loud.add(2) == "3!"
            assert Loud.name_of("") == "Loud"
            assert isinstance(loud, counter) and loud.by_bound() is loud

            class Quiet(counter):
                pass
            assert Quiet(4).peek() == 4 and type(Quiet.make()) is Quiet
            "#
        );
    });
}

#[pyclass]
struct Properties {
    number: i64,
    text: Option<String>,
}

#[pymethods]
impl Properties {
    #[new]
    fn new() -> Self {
        Self {
            number: 1,
            text: None,
        }
    }

    /// The number.
    #[getter]
    fn get_number(&self) -> i64 {
        self.number
    }

    #[setter]
    fn set_number(&mut self, value: i64) -> PyResult<()> {
        if value == 0 {
            return Err(PyZeroDivisionError::new_err("zero"));
        }
        self.number = value;
        Ok(())
    }

    #[getter(words)]
    fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    #[setter("words")]
    fn put_text(slf: &Bound<'_, Self>, py: Python<'_>, value: Option<String>) {
        let _ = py;
        slf.borrow_mut().text = value;
    }

    #[deleter(words)]
    fn forget_text(&mut self) {
        self.text = None;
    }

    #[getter]
    #[pyo3(name = "me")]
    fn itself(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[setter]
    fn set_write_only(&mut self, value: &str) {
        self.text = Some(value.to_uppercase());
    }

    #[setter]
    fn set_doubled(&mut self, #[pyo3(from_py_with = doubled)] value: i64) {
        self.number = value;
    }

    #[deleter]
    fn delete_only(&mut self) -> PyResult<()> {
        Err(PyValueError::new_err("not to be deleted"))
    }
}

fn doubled(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    Ok(2 * value.extract::<i64>()?)
}

#[test]
fn accessors_read_set_and_delete_attributes() {
    everywhere(|py| {
        let properties = py.get_type::<Properties>();
        py_run!(
            py,
            properties,
            r#"
            def error(function, *args):
                try:
                    function(*args)
                except Exception as error:
                    return f"{type(error).__name__}: {error}"

            p = properties()
            assert p.number == 1 and properties.number.__doc__ == "The number."
            p.number = 5
            assert p.number == 5
            assert error(setattr, p, "number", 0) == "ZeroDivisionError: zero"
            assert error(setattr, p, "number", "x").startswith("TypeError: ")
            assert error(delattr, p, "number") == "AttributeError: can't delete attribute"
            assert p.words is None
            p.words = "some"
            assert p.words == "some"
            del p.words
            assert p.words is None
            assert p.me is p
            assert error(setattr, p, "me", 1).startswith("AttributeError: ")
            p.write_only = "loud"
            assert p.words == "LOUD"
            assert error(getattr, p, "write_only").startswith("AttributeError: ")
            p.doubled = 4
            assert p.number == 8
            assert error(delattr, p, "only") == "ValueError: not to be deleted"
            "#
        );
    });
}

#[pyclass(subclass)]
struct Base {
    base: i64,
}

#[pymethods]
impl Base {
    #[new]
    fn new(base: i64) -> Self {
        Self { base }
    }

    fn base_value(&self) -> i64 {
        self.base
    }
}

#[pyclass(extends = Base)]
struct ByTuple {
    own: i64,
}

#[pymethods]
impl ByTuple {
    #[new]
    fn new(own: i64, base: i64) -> (Self, Base) {
        (Self { own }, Base { base })
    }

    fn sum(slf: PyRef<'_, Self>) -> i64 {
        slf.own + slf.as_super().base
    }
}

#[pyclass(extends = Base, subclass)]
struct ByInitializer {
    own: i64,
}

#[pymethods]
impl ByInitializer {
    #[new]
    fn new(own: i64) -> PyResult<PyClassInitializer<Self>> {
        if own == 0 {
            return Err(PyValueError::new_err("nothing"));
        }
        Ok(PyClassInitializer::from(Base { base: -own }).add_subclass(Self { own }))
    }

    fn sum(slf: PyRef<'_, Self>) -> i64 {
        slf.own + slf.as_super().base
    }
}

#[pyclass]
struct Existing;

#[pymethods]
impl Existing {
    #[new]
    #[classmethod]
    #[pyo3(signature = (other = None))]
    fn new<'py>(
        cls: &Bound<'py, PyType>,
        other: Option<Bound<'py, Self>>,
    ) -> PyResult<Bound<'py, Self>> {
        assert_eq!(cls.name()?, "Existing");
        match other {
            Some(other) => Ok(other),
            None => Bound::new(cls.py(), Self),
        }
    }
}

#[pyclass]
struct Other;

#[pymethods]
impl Other {
    #[new]
    fn new(number: i64) -> PyResult<String> {
        match number {
            0 => Err(PyValueError::new_err("nothing")),
            number => Ok(format!("no Other, but {number}")),
        }
    }
}

#[pyclass(subclass)]
struct Initialized {
    steps: Vec<String>,
}

#[pymethods]
impl Initialized {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn __new__(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            steps: vec!["new".into()],
        }
    }

    #[pyo3(signature = (step, *, fail = false))]
    fn __init__(&mut self, step: String, fail: bool) -> PyResult<()> {
        if fail {
            return Err(PyValueError::new_err("failed"));
        }
        self.steps.push(step);
        Ok(())
    }

    #[getter]
    fn steps(&self) -> Vec<String> {
        self.steps.clone()
    }
}

#[test]
fn constructors_return_what_they_like() {
    everywhere(|py| {
        let by_tuple = py.get_type::<ByTuple>();
        let by_initializer = py.get_type::<ByInitializer>();
        let existing = py.get_type::<Existing>();
        let other = py.get_type::<Other>();
        py_run!(
            py,
            by_tuple by_initializer existing other,
            r#"
            t = by_tuple(1, base=2)
            assert t.sum() == 3 and t.base_value() == 2
            i = by_initializer(5)
            assert i.sum() == 0 and i.base_value() == -5
            try:
                by_initializer(0)
            except ValueError as error:
                assert str(error) == "nothing"
            else:
                assert False
            class Derived(by_initializer):
                pass
            assert type(Derived(3)) is Derived and Derived(3).base_value() == -3
            e = existing()
            assert existing(e) is e and existing() is not e
            try:
                by_tuple(1)
            except TypeError as error:
                assert str(error) == "ByTuple.__new__() missing 1 required positional argument: 'base'", error
            else:
                assert False
            assert by_tuple.__text_signature__ == "(own, base)"
            assert other(3) == "no Other, but 3"
            "#
        );
    });
}

#[test]
fn init_runs_after_new_and_again_when_called() {
    everywhere(|py| {
        let initialized = py.get_type::<Initialized>();
        py_run!(
            py,
            initialized,
            r#"
            i = initialized("one")
            assert i.steps == ["new", "one"]
            assert i.__init__(step="two") is None
            assert i.steps == ["new", "one", "two"]
            try:
                initialized("x", fail=True)
            except ValueError as error:
                assert str(error) == "failed"
            else:
                assert False

            class Sub(initialized):
                def __init__(self, a, b):
                    super().__init__(a + b)
            assert Sub("a", "b").steps == ["new", "ab"]
            "#
        );
    });
}

#[pyclass]
struct Blocks;

#[pymethods]
impl Blocks {
    #[new]
    fn new() -> Self {
        Self
    }

    fn first(&self) -> i64 {
        1
    }

    #[getter]
    fn shared(&self) -> i64 {
        10
    }
}

#[pymethods]
impl Blocks {
    fn second(&self) -> i64 {
        2
    }

    #[setter]
    fn set_shared(&self, _value: i64) -> PyResult<()> {
        Err(PyValueError::new_err("read only after all"))
    }

    fn __len__(&self) -> usize {
        2
    }
}

#[pymethods]
impl Blocks {
    #[classattr]
    const THIRD: i64 = 3;

    fn __call__(&self, number: i64) -> i64 {
        number + 1
    }
}

#[test]
fn several_blocks_make_one_class() {
    everywhere(|py| {
        let blocks = py.get_type::<Blocks>();
        py_run!(
            py,
            blocks,
            r#"
            b = blocks()
            assert (b.first(), b.second(), b.THIRD, len(b), b(4)) == (1, 2, 3, 2, 5)
            assert b.shared == 10
            try:
                b.shared = 5
            except ValueError as error:
                assert str(error) == "read only after all"
            else:
                assert False
            "#
        );
    });
}

#[pyclass(frozen)]
struct Frozen(i64);

#[pymethods]
impl Frozen {
    #[new]
    fn new(number: i64) -> Self {
        Self(number)
    }

    /// Runs Python code, which may call the same object.
    fn call_back(&self, function: &Bound<'_, PyAny>) -> PyResult<i64> {
        function.call0()?.extract::<i64>().map(|more| self.0 + more)
    }
}

#[test]
fn a_frozen_instance_is_used_from_within() {
    everywhere(|py| {
        let frozen = py.get_type::<Frozen>();
        py_run!(
            py,
            frozen,
            "
            f = frozen(1)
            assert f.call_back(lambda f=f: f.call_back(lambda: 5)) == 7
            "
        );
    });
}

#[test]
fn each_interpreter_has_its_own_class() {
    let main = Python::attach(|py| py.get_type::<Counter>().unbind());
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        assert!(main.try_bind(py).is_err());
        let other = py.get_type::<Counter>();
        assert_ne!(other.as_ptr(), main.as_ptr());
        assert_eq!(other.name().unwrap(), "Counter");
    })
    .unwrap();
}
