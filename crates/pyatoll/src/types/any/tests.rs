//! Tests of the operations common to all objects.

use std::cmp::Ordering;

use super::CompareOp;
use crate::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use crate::types::{PyAny, PyAnyMethods, PyBool, PyDict, PyDictMethods, PyInt, PyList, PyTuple};
use crate::{Bound, IntoPyObjectExt, PyErr, PyResult, Python};

/// Runs Python code and returns the value of its variable `result`.
fn result<'py>(py: Python<'py>, code: &std::ffi::CStr) -> Bound<'py, PyAny> {
    let names = PyDict::new(py);
    py.run(code, Some(&names), None).unwrap();
    names.get_item("result").unwrap().unwrap()
}

#[test]
fn a_missing_attribute_is_an_error_false_or_none() {
    Python::attach(|py| {
        let none = py.None();
        let none = none.bind(py);
        let error = none.getattr("nothing").unwrap_err();
        assert!(error.is_instance_of::<PyAttributeError>(py));
        assert!(none.getattr_opt("nothing").unwrap().is_none());
        assert!(none.getattr_opt("__class__").unwrap().is_some());
        assert!(!none.hasattr("nothing").unwrap());
        assert!(none.hasattr("__class__").unwrap());
        assert!(none.setattr("nothing", 1).is_err() && none.delattr("nothing").is_err());
        assert!(!PyErr::occurred(py));
    });
}

#[test]
fn only_an_attribute_error_means_that_the_attribute_is_missing() {
    Python::attach(|py| {
        let object = result(
            py,
            c"
class Missing(AttributeError): pass
class Class:
    @property
    def broken(self): raise ValueError('broken')
    @property
    def missing(self): raise Missing
result = Class()
",
        );
        for error in [
            object.hasattr("broken").unwrap_err(),
            object.getattr_opt("broken").unwrap_err(),
        ] {
            assert!(error.is_instance_of::<PyValueError>(py));
        }
        assert!(!object.hasattr("missing").unwrap());
        assert!(object.getattr_opt("missing").unwrap().is_none());
    });
}

#[test]
fn every_form_of_arguments_reaches_the_callee() {
    Python::attach(|py| {
        let spy = result(py, c"def result(*args, **kwargs): return (args, kwargs)");
        let kwargs = PyDict::new(py);
        kwargs.set_item("key", "value").unwrap();
        let tuple = PyTuple::new(py, [1, 2]).unwrap();
        let kept = tuple.clone().unbind();
        let check = |called: PyResult<Bound<'_, PyAny>>, expected: &str| {
            assert_eq!(called.unwrap().to_string(), expected);
        };
        check(spy.call0(), "((), {})");
        check(spy.call1(()), "((), {})");
        check(spy.call1((1, "a")), "((1, 'a'), {})");
        check(spy.call1(tuple.clone()), "((1, 2), {})");
        check(spy.call1(&tuple), "((1, 2), {})");
        check(spy.call1(tuple.as_borrowed()), "((1, 2), {})");
        check(spy.call1(&kept), "((1, 2), {})");
        let twelve = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        check(
            spy.call1(twelve),
            "((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), {})",
        );
        check(spy.call((), Some(&kwargs)), "((), {'key': 'value'})");
        check(spy.call((1,), Some(&kwargs)), "((1,), {'key': 'value'})");
        check(spy.call(kept, Some(&kwargs)), "((1, 2), {'key': 'value'})");
        check(spy.call((1,), None), "((1,), {})");
    });
}

#[test]
fn methods_receive_self_and_their_arguments() {
    Python::attach(|py| {
        let object = result(
            py,
            c"
class Class:
    def method(self, *args, **kwargs): return (self is result, args, kwargs)
result = Class()
result.function = lambda *args: args
",
        );
        let kwargs = PyDict::new(py);
        kwargs.set_item("key", 1).unwrap();
        let check = |called: PyResult<Bound<'_, PyAny>>, expected: &str| {
            assert_eq!(called.unwrap().to_string(), expected);
        };
        check(object.call_method0("method"), "(True, (), {})");
        check(object.call_method1("method", ()), "(True, (), {})");
        check(object.call_method1("method", (1, 2)), "(True, (1, 2), {})");
        let tuple = PyTuple::new(py, [3]).unwrap();
        check(object.call_method1("method", tuple), "(True, (3,), {})");
        check(
            object.call_method("method", (1,), Some(&kwargs)),
            "(True, (1,), {'key': 1})",
        );
        check(object.call_method("method", (), None), "(True, (), {})");
        // A function stored on the instance does not receive `self`.
        check(object.call_method0("function"), "()");
        check(object.call_method1("function", (5,)), "(5,)");
        let error = object.call_method0("nothing").unwrap_err();
        assert!(error.is_instance_of::<PyAttributeError>(py));
    });
}

#[test]
fn an_argument_that_does_not_convert_stops_the_call() {
    struct Refused;
    impl<'py> crate::IntoPyObject<'py> for Refused {
        type Target = PyAny;
        type Output = Bound<'py, PyAny>;
        type Error = PyErr;
        fn into_pyobject(self, _py: Python<'py>) -> PyResult<Self::Output> {
            Err(PyValueError::new_err("refused"))
        }
    }
    Python::attach(|py| {
        let list = PyList::empty(py).into_any();
        let error = list.call_method1("append", (Refused,)).unwrap_err();
        assert_eq!(error.to_string(), "ValueError: refused");
        assert!(list.eq(Refused).is_err() && list.set_item(0, Refused).is_err());
        assert!(list.is_empty().unwrap());
    });
}

#[test]
fn calls_do_not_leak_references() {
    Python::attach(|py| {
        let argument = result(py, c"result = object()");
        let list = PyList::empty(py);
        let before = argument.get_refcnt();
        for _ in 0..10 {
            list.call_method1("append", (&argument,)).unwrap();
            list.call_method1("remove", (&argument,)).unwrap();
            assert!(list.call_method1("remove", (&argument,)).is_err());
            assert!(!list.contains(argument.clone()).unwrap());
            assert!(argument.add(&argument).is_err());
        }
        assert_eq!(argument.get_refcnt(), before);
    });
}

#[test]
fn comparison_follows_python() {
    Python::attach(|py| {
        let two = 2i32.into_bound_py_any(py).unwrap();
        assert_eq!(two.compare(3).unwrap(), Ordering::Less);
        assert_eq!(two.compare(2.0).unwrap(), Ordering::Equal);
        assert_eq!(two.compare(1).unwrap(), Ordering::Greater);
        let nan = f64::NAN.into_bound_py_any(py).unwrap();
        assert!(!nan.eq(&nan).unwrap() && nan.ne(&nan).unwrap());
        let error = nan.compare(&nan).unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        let error = two.lt("text").unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        assert!(two.eq("text").is_ok_and(|equal| !equal));
    });
}

#[test]
fn a_rich_comparison_may_return_any_object() {
    Python::attach(|py| {
        let object = result(
            py,
            c"
class Class:
    def __lt__(self, other): return ['less', other]
    def __eq__(self, other): raise ValueError
result = Class()
",
        );
        let less = object.rich_compare(1, CompareOp::Lt).unwrap();
        assert_eq!(less.to_string(), "['less', 1]");
        assert!(object.lt(1).unwrap());
        assert!(object.eq(1).unwrap_err().is_instance_of::<PyValueError>(py));
    });
}

#[test]
fn every_comparison_has_cpythons_number() {
    let all = [
        (CompareOp::Lt, [true, false, false]),
        (CompareOp::Le, [true, true, false]),
        (CompareOp::Eq, [false, true, false]),
        (CompareOp::Ne, [true, false, true]),
        (CompareOp::Gt, [false, false, true]),
        (CompareOp::Ge, [false, true, true]),
    ];
    for (number, (op, expected)) in all.into_iter().enumerate() {
        assert_eq!(CompareOp::from_raw(number as std::ffi::c_int), Some(op));
        let orders = [Ordering::Less, Ordering::Equal, Ordering::Greater];
        assert_eq!(orders.map(|order| op.matches(order)), expected);
    }
    assert_eq!(CompareOp::from_raw(6), None);
}

#[test]
fn every_operator_calls_its_own_method() {
    Python::attach(|py| {
        let object = result(
            py,
            c"
class Class:
    def __getattr__(self, name): raise AttributeError(name)
for name in ('add sub mul matmul truediv floordiv mod divmod lshift rshift and or xor '
             'pow neg pos abs invert').split():
    setattr(Class, f'__{name}__', lambda self, *args, name=name: (name, *args))
result = Class()
",
        );
        let check = |given: PyResult<Bound<'_, PyAny>>, expected: &str| {
            assert_eq!(given.unwrap().to_string(), expected);
        };
        check(object.add(1), "('add', 1)");
        check(object.sub(1), "('sub', 1)");
        check(object.mul(1), "('mul', 1)");
        check(object.matmul(1), "('matmul', 1)");
        check(object.div(1), "('truediv', 1)");
        check(object.floor_div(1), "('floordiv', 1)");
        check(object.rem(1), "('mod', 1)");
        check(object.divmod(1), "('divmod', 1)");
        check(object.lshift(1), "('lshift', 1)");
        check(object.rshift(1), "('rshift', 1)");
        check(object.bitand(1), "('and', 1)");
        check(object.bitor(1), "('or', 1)");
        check(object.bitxor(1), "('xor', 1)");
        check(object.pow(1, 2), "('pow', 1, 2)");
        check(object.pow(1, py.None()), "('pow', 1)");
        check(object.neg(), "('neg',)");
        check(object.pos(), "('pos',)");
        check(object.abs(), "('abs',)");
        check(object.bitnot(), "('invert',)");
    });
}

#[test]
fn items_length_and_truth_follow_python() {
    Python::attach(|py| {
        let dict = py.eval(c"{1: 'one'}", None, None).unwrap();
        assert_eq!(dict.get_item(1).unwrap().to_string(), "one");
        dict.set_item(2, "two").unwrap();
        assert_eq!((dict.len().unwrap(), dict.is_empty().unwrap()), (2, false));
        dict.del_item(1).unwrap();
        assert!(dict.get_item(1).is_err() && dict.del_item(1).is_err());
        assert!(dict.contains(2).unwrap() && !dict.contains(1).unwrap());
        assert!(dict.is_truthy().unwrap());
        let number = py.eval(c"0", None, None).unwrap();
        assert!(!number.is_truthy().unwrap());
        assert!(number.len().is_err() && number.is_empty().is_err());
        assert!(number.contains(0).is_err() && number.try_iter().is_err());
        assert!(!PyErr::occurred(py));
    });
}

#[test]
fn errors_of_python_methods_are_returned() {
    Python::attach(|py| {
        let object = result(
            py,
            c"
class Class:
    def fail(self, *args): raise ValueError('failed')
    __bool__ = __len__ = __hash__ = __repr__ = __str__ = __dir__ = __contains__ = fail
    __iter__ = __setitem__ = __delitem__ = fail
result = Class()
",
        );
        let errors = [
            object.is_truthy().map(drop),
            object.len().map(drop),
            object.hash().map(drop),
            object.repr().map(drop),
            object.str().map(drop),
            object.dir().map(drop),
            object.contains(1).map(drop),
            object.try_iter().map(drop),
            object.set_item(1, 1),
            object.del_item(1),
        ];
        for error in errors {
            assert_eq!(error.unwrap_err().to_string(), "ValueError: failed");
        }
    });
}

#[test]
fn instance_checks_distinguish_classes() {
    Python::attach(|py| {
        let flag = py.eval(c"True", None, None).unwrap();
        let int = py.get_type::<PyInt>();
        assert!(flag.is_instance(&int).unwrap() && !flag.is_exact_instance(&int));
        assert!(flag.is_instance_of::<PyInt>() && !flag.is_exact_instance_of::<PyInt>());
        assert!(flag.is_exact_instance_of::<PyBool>() && flag.is_instance_of::<PyAny>());
        assert!(!flag.is_instance_of::<PyList>());
        assert!(flag.get_type().is(py.get_type::<PyBool>()));
        assert_eq!(flag.get_type_ptr().cast(), flag.get_type().as_ptr());
        let union = py.eval(c"int | str", None, None).unwrap();
        assert!(flag.is_instance(&union).unwrap());
        let error = flag.is_instance(&flag).unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        assert!(int.is_callable() && !flag.is_callable());
    });
}

#[test]
fn text_hash_and_names_follow_python() {
    Python::attach(|py| {
        let text = py.eval(c"'it\\'s'", None, None).unwrap();
        assert_eq!(text.str().unwrap(), "it's");
        assert_eq!(text.repr().unwrap(), "\"it's\"");
        let minus_one = py.eval(c"-1", None, None).unwrap();
        assert_eq!(minus_one.hash().unwrap(), -2);
        assert!(PyList::empty(py).hash().is_err());
        let names = text.dir().unwrap();
        assert!(names.contains("upper").unwrap());
        assert!(py.None().bind(py).is_none() && !text.is_none());
        assert!(text.is(&text) && !text.is(py.None()));
    });
}

#[test]
fn py_has_the_common_methods_too() {
    let list = Python::attach(|py| PyList::new(py, [1]).unwrap().unbind());
    Python::attach(|py| {
        list.call_method1(py, "append", (2,)).unwrap();
        assert!(list.is_truthy(py).unwrap());
        let len = list.call_method0(py, "__len__").unwrap();
        assert_eq!(len.extract::<usize>(py).unwrap(), 2);
        assert!(list.setattr(py, "nothing", 1).is_err());
        let append = list.getattr(py, "append").unwrap();
        append.call1(py, (3,)).unwrap();
        append.call(py, (4,), None).unwrap();
        assert!(append.call0(py).is_err());
        list.call_method(py, "reverse", (), None).unwrap();
        assert_eq!(list.bind(py).to_string(), "[4, 3, 2, 1]");
    });
}
