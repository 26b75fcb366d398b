//! Calling a class: directly, through a subclass, through `__new__`, and after Python code has
//! replaced `__new__` or `__init__`.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::exceptions::PyRecursionError;
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyModule, PyTuple};

use crate::run;

#[pyclass(subclass, dict)]
struct Call {
    #[pyo3(get)]
    text: String,
}

#[pymethods]
impl Call {
    #[new]
    #[pyo3(signature = (first, /, second = 2, *rest, third = 3, **named))]
    fn new(
        first: i32,
        second: i32,
        rest: &Bound<'_, PyTuple>,
        third: i32,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        if first < 0 {
            return Err(pyatoll::exceptions::PyValueError::new_err("negative"));
        }
        let named = named.map_or_else(|| "{}".to_owned(), |named| named.to_string());
        Ok(Self {
            text: format!("{first} {second} {rest} {third} {named}"),
        })
    }
}

/// Creates a module of this binary with the class, which CPython then calls without `tp_new`.
fn module_with<'py, T: pyatoll::PyClass>(py: Python<'py>) -> Bound<'py, PyModule> {
    let module = PyModule::new(py, "construct").unwrap();
    module.add_class::<T>().unwrap();
    module
}

#[test]
fn each_way_to_construct_takes_the_same_arguments() {
    Python::attach(|py| {
        let module = module_with::<Call>(py);
        run(
            py,
            &[("m", module.as_any())],
            c"
class Sub(m.Call):
    pass

class Name(str):
    pass

def outcome(call, args, kwargs):
    try:
        return call(*args, **kwargs).text
    except Exception as error:
        return f'{type(error).__name__}: {error}'

for args, kwargs, expected in [
    ((1,), {}, '1 2 () 3 {}'),
    ((1, 5, 6, 7), {}, '1 5 (6, 7) 3 {}'),
    ((1,), {'third': 8, 'second': 9}, '1 9 () 8 {}'),
    ((1,), {Name('third'): 8}, '1 2 () 8 {}'),
    ((1,), {'x': 4, 'first': 0}, \"1 2 () 3 {'x': 4, 'first': 0}\"),
    ((), {}, \"TypeError: Call.__new__() missing 1 required positional argument: 'first'\"),
    ((1, 2), {'second': 3}, \"TypeError: Call.__new__() got multiple values for argument 'second'\"),
    ((-1,), {}, 'ValueError: negative'),
]:
    ways = [
        m.Call,
        Sub,
        lambda *args, **kwargs: m.Call.__new__(m.Call, *args, **kwargs),
        lambda *args, **kwargs: Sub.__new__(Sub, *args, **kwargs),
        lambda *args, **kwargs: type.__call__(m.Call, *args, **kwargs),
    ]
    for way in ways:
        assert outcome(way, args, kwargs) == expected, (outcome(way, args, kwargs), expected)
assert type(Sub(1)) is Sub and type(m.Call(1)) is m.Call
",
        );
    });
}

#[test]
fn new_and_init_that_python_code_assigns_are_called() {
    #[pyclass]
    struct Changed {
        #[pyo3(get)]
        number: i32,
    }
    #[pymethods]
    impl Changed {
        #[new]
        fn new(number: i32) -> Self {
            Self { number }
        }
    }

    Python::attach(|py| {
        let module = module_with::<Changed>(py);
        run(
            py,
            &[("m", module.as_any())],
            c"
seen = []
assert m.Changed(1).number == 1
m.Changed.__init__ = lambda self, *args, **kwargs: seen.append((self.number, args, kwargs))
assert m.Changed(2).number == 2
assert m.Changed(number=3).number == 3
assert seen == [(2, (2,), {}), (3, (), {'number': 3})], seen
del m.Changed.__init__
m.Changed.__new__ = lambda cls, number: number * 10
assert m.Changed(4) == 40
",
        );
    });
}

#[test]
fn a_class_with_init_gets_its_arguments() {
    #[pyclass]
    struct Initialized {
        #[pyo3(get)]
        seen: Vec<i32>,
    }
    #[pymethods]
    impl Initialized {
        #[new]
        fn new(number: i32) -> Self {
            Self { seen: vec![number] }
        }

        fn __init__(&mut self, number: i32) {
            self.seen.push(number);
        }
    }

    Python::attach(|py| {
        let module = module_with::<Initialized>(py);
        run(
            py,
            &[("m", module.as_any())],
            c"assert m.Initialized(5).seen == [5, 5]",
        );
    });
}

#[test]
fn instances_reachable_from_their_class_die_with_the_interpreter() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);

    #[pyclass]
    struct Plain;
    #[pymethods]
    impl Plain {
        #[new]
        fn new() -> Self {
            Self
        }
    }
    impl Drop for Plain {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }

    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let module = module_with::<Plain>(py);
        run(
            py,
            &[("m", module.as_any())],
            c"
import gc
assert not gc.is_tracked(m.Plain())
m.Plain.default = m.Plain()
m.Plain.several = [m.Plain(), {'a': m.Plain()}]
m.Plain.make = staticmethod(lambda made=m.Plain(): made)
m.Plain.number = 3
",
        );
    })
    .unwrap();
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
    sub.close().unwrap();
    assert_eq!(DROPS.load(Ordering::Relaxed), 5);
}

#[test]
fn endless_recursion_through_a_constructor_is_a_recursion_error() {
    #[pyclass]
    struct Endless;
    #[pymethods]
    impl Endless {
        #[new]
        fn new(make: &Bound<'_, PyAny>) -> PyResult<Self> {
            make.call1((make,))?;
            Ok(Self)
        }
    }

    // 3.12 and 3.13 allow 10,000 nested calls whatever the size of the stack.
    let endless = || {
        Python::attach(|py| {
            let class = module_with::<Endless>(py).getattr("Endless").unwrap();
            let error = class.call1((&class,)).unwrap_err();
            assert!(error.is_instance_of::<PyRecursionError>(py), "{error}");
        });
    };
    std::thread::Builder::new()
        .stack_size(1 << 28)
        .spawn(endless)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn an_instance_that_was_never_constructed_says_so() {
    #[pyclass]
    struct Plain {
        #[pyo3(get, set)]
        value: i32,
    }

    #[pymethods]
    impl Plain {
        fn method(&self) -> i32 {
            self.value
        }
    }

    /// Allocates an instance, as CPython does before a constructor writes the value.
    fn allocate<T: pyatoll::PyTypeInfo>(py: Python<'_>) -> Bound<'_, T> {
        let class = py.get_type::<T>();
        // SAFETY: attached; a class of this library, whose zeroed instances are "not constructed".
        unsafe {
            let object = pyatoll::ffi::PyType_GenericAlloc(class.as_ptr().cast(), 0);
            Bound::from_owned_ptr(py, object).cast_into_unchecked()
        }
    }

    Python::attach(|py| {
        let text = "this instance has not been constructed: the `__new__` of its class has not \
                    returned";
        let object = allocate::<Plain>(py);
        assert_eq!(object.try_borrow().err().unwrap().to_string(), text);
        assert_eq!(object.try_borrow_mut().err().unwrap().to_string(), text);
        let extracted = object.extract::<PyRef<'_, Plain>>();
        assert_eq!(extracted.err().unwrap().to_string(), text);
        let guard = object.extract::<pyatoll::PyClassGuardMut<'_, Plain>>();
        assert_eq!(guard.err().unwrap().to_string(), text);
        for failed in [object.call_method0("method"), object.getattr("value")] {
            assert_eq!(
                failed.unwrap_err().to_string(),
                format!("RuntimeError: {text}")
            );
        }
        let failed = object.setattr("value", 1).unwrap_err();
        assert_eq!(failed.to_string(), format!("RuntimeError: {text}"));
        drop(object);
        let constructed = Bound::new(py, Plain { value: 1 }).unwrap();
        let _value = constructed.borrow_mut();
        let error = constructed.try_borrow().err().unwrap();
        assert_eq!(error.to_string(), "Already mutably borrowed");
    });
}
