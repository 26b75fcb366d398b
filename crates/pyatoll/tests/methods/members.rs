//! Methods, receivers, class attributes.

use pyatoll::exceptions::PyValueError;
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::py_run;
use pyatoll::types::{PyDict, PyTuple, PyType};

use crate::everywhere;

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
    // A plain `impl` block beside `#[pymethods]`.
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
fn wrong_calls_raise_cpythons_messages() {
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
fn an_instance_is_not_mutably_borrowed_twice() {
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
            # The borrow has been released.
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
fn class_attributes_are_created_once_per_interpreter() {
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

#[pyclass(frozen)]
struct Frozen(i64);

#[pymethods]
impl Frozen {
    #[new]
    fn new(number: i64) -> Self {
        Self(number)
    }

    /// Calls `function`, which may use the same object.
    fn call_back(&self, function: &Bound<'_, PyAny>) -> PyResult<i64> {
        function.call0()?.extract::<i64>().map(|more| self.0 + more)
    }
}

#[test]
fn a_frozen_instance_can_be_used_reentrantly() {
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
