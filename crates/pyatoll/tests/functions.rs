//! `#[pyfunction]`: accepted arguments, return values and error messages, as Python sees them.

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict, PyModule, PyTuple};
use pyatoll::wrap_pyfunction;
use std::ffi::CString;

/// Evaluates a Python expression with `f` bound to the function; returns its `repr` or the error.
fn call(py: Python<'_>, function: &Bound<'_, PyCFunction>, expression: &str) -> String {
    let names = PyDict::new(py);
    names.set_item("f", function).unwrap();
    let expression = CString::new(expression).unwrap();
    match py.eval(&expression, Some(&names), None) {
        Ok(value) => value.repr().unwrap().to_string(),
        Err(error) => error.to_string(),
    }
}

macro_rules! check {
    ($py:expr, $function:path, $($expression:literal => $result:expr),+ $(,)?) => {
        let function = wrap_pyfunction!($function, $py).unwrap();
        $(assert_eq!(call($py, &function, $expression), $result, "{}", $expression);)+
    };
}

#[pyfunction]
fn nothing() {}

#[pyfunction]
fn two(x: i64, y: i64) -> i64 {
    x - y
}

#[pyfunction(signature = (x, /))]
fn one(x: &str) -> usize {
    x.len()
}

#[pyfunction]
#[pyo3(signature = (a, b = 2, /, c = 3, *rest, d, e = None, **others))]
fn everything(
    a: i64,
    b: i64,
    c: i64,
    rest: &Bound<'_, PyTuple>,
    d: String,
    e: Option<i64>,
    others: Option<&Bound<'_, PyDict>>,
) -> String {
    let others = others.map(|others| others.to_string());
    format!("{a} {b} {c} {rest} {d} {e:?} {others:?}")
}

#[test]
fn arguments_arrive_by_position_and_by_name() {
    Python::attach(|py| {
        check!(py, nothing, "f()" => "None", "f(*())" => "None");
        check!(py, two,
            "f(5, 3)" => "2",
            "f(5, y=3)" => "2",
            "f(y=5, x=3)" => "-2",
            "f(**{'x': 1, 'y': 1})" => "0",
        );
        check!(py, one, "f('ab')" => "2");
        check!(py, everything,
            "f(1, d='x')" => "'1 2 3 () x None None'",
            "f(1, 9, 8, 7, 6, d='x', e=5)" => "'1 9 8 (7, 6) x Some(5) None'",
            "f(1, c=8, d='x', a=4)" => "'1 2 8 () x None Some(\"{\\'a\\': 4}\")'",
        );
    });
}

#[test]
fn a_wrong_call_raises_the_message_of_pyo3_or_cpython() {
    Python::attach(|py| {
        check!(py, nothing, "f(1)" => "TypeError: functions.nothing() takes no arguments (1 given)"
            .replace("functions.", ""));
        check!(py, one,
            "f()" => "TypeError: one() takes exactly one argument (0 given)",
            "f(x='')" => "TypeError: one() takes no keyword arguments",
        );
        check!(py, two,
            "f()" => "TypeError: two() missing 2 required positional arguments: 'x' and 'y'",
            "f(1)" => "TypeError: two() missing 1 required positional argument: 'y'",
            "f(1, 2, 3)" => "TypeError: two() takes 2 positional arguments but 3 were given",
            "f(1, x=2)" => "TypeError: two() got multiple values for argument 'x'",
            "f(1, 2, z=3)" => "TypeError: two() got an unexpected keyword argument 'z'",
        );
        check!(py, everything,
            "f(1)" => "TypeError: everything() missing 1 required keyword argument: 'd'",
            "f(d='x')" => "TypeError: everything() missing 1 required positional argument: 'a'",
        );
    });
}

#[test]
fn of_two_mismatches_the_one_that_pyo3_finds_first_is_raised() {
    #[pyfunction(signature = (a, b = 2, /, c = 3, *, d = 4))]
    fn mixed(a: i64, b: i64, c: i64, d: i64) -> i64 {
        a + b + c + d
    }

    #[pyfunction(signature = (a, *, key = 0, **others))]
    fn open(a: i64, key: i64, others: Option<&Bound<'_, PyDict>>) -> i64 {
        let _ = others;
        a + key
    }

    Python::attach(|py| {
        check!(py, two,
            "f(1, 2, 3, z=1)" => "TypeError: two() takes 2 positional arguments but 3 were given",
            "f(1, 2, 3, x=1)" => "TypeError: two() takes 2 positional arguments but 3 were given",
            "f(1, z=1)" => "TypeError: two() got an unexpected keyword argument 'z'",
            "f(1, z=1, x=1)" => "TypeError: two() got an unexpected keyword argument 'z'",
            "f(1, x=1, z=1)" => "TypeError: two() got multiple values for argument 'x'",
        );
        check!(py, open,
            "f(1, 2, a=1)" => "TypeError: open() takes 1 positional arguments but 2 were given",
            "f(1, a=1)" => "TypeError: open() got multiple values for argument 'a'",
            "f(1, 2, x=1)" => "TypeError: open() takes 1 positional arguments but 2 were given",
        );
        check!(py, mixed,
            "f(1, 2, 3, 4, a=1)" =>
                "TypeError: mixed() takes from 1 to 3 positional arguments but 4 were given",
            "f(1, a=1, z=2)" => "TypeError: mixed() got an unexpected keyword argument 'z'",
            "f(1, 2, 3, a=1, c=2)" => "TypeError: mixed() got multiple values for argument 'c'",
            "f(b=1, a=2)" => "TypeError: mixed() got some positional-only arguments passed as \
                keyword arguments: 'b' and 'a'",
        );
    });
}

#[test]
fn a_conversion_error_names_the_parameter() {
    Python::attach(|py| {
        let function = wrap_pyfunction!(two, py).unwrap();
        let error = function.call1((1, "2")).unwrap_err();
        assert!(error.to_string().starts_with("TypeError: "), "{error}");
        let notes = error.value(py).getattr("__notes__").unwrap();
        assert_eq!(notes.to_string(), "[\"while processing 'y'\"]");
    });
}

#[test]
fn a_conversion_error_says_which_item_it_is_about() {
    #[pyfunction]
    fn nested(_table: Vec<Vec<i32>>, _pair: [String; 2]) {}

    Python::attach(|py| {
        let function = wrap_pyfunction!(nested, py).unwrap();
        let notes = |code: &std::ffi::CStr| {
            let arguments = py.eval(code, None, None).unwrap();
            let arguments = arguments.cast_into::<pyatoll::types::PyTuple>().unwrap();
            let error = function.call1(arguments).unwrap_err();
            let text = error.value(py).to_string();
            assert!(!text.contains("index"), "{text}");
            let notes = error.value(py).getattr("__notes__").unwrap();
            notes.extract::<Vec<String>>().unwrap()
        };
        let table = ["at index 2", "at index 1", "while processing '_table'"];
        // A list, an iterable, and both.
        assert_eq!(notes(c"([[1], [2, 3, 'x']], ('a', 'b'))"), table);
        assert_eq!(notes(c"(((1,), (2, 3, 'x')), ('a', 'b'))"), table);
        assert_eq!(notes(c"([(1,), (2, 3, 'x')], ('a', 'b'))"), table);
        assert_eq!(notes(c"([[1], 2], ('a', 'b'))"), table[1..]);
        assert_eq!(
            notes(c"([], ('a', 2))"),
            ["at index 1", "while processing '_pair'"]
        );
        assert_eq!(notes(c"(1, ('a', 'b'))"), table[2..]);
    });
}

#[test]
fn a_default_may_be_written_without_some() {
    const NONE: Option<i64> = None;

    #[pyfunction(signature = (a = 1, b = Some(2), c = None, d = NONE, e = "e"))]
    fn defaults(
        a: Option<i64>,
        b: Option<i64>,
        c: Option<i64>,
        d: Option<i64>,
        e: Option<&str>,
    ) -> String {
        format!("{a:?} {b:?} {c:?} {d:?} {e:?}")
    }

    Python::attach(|py| {
        check!(py, defaults,
            "f()" => "'Some(1) Some(2) None None Some(\"e\")'",
            "f(None, None, 3, 4, None)" => "'None None Some(3) Some(4) None'",
        );
    });
}

#[test]
fn errors_of_any_kind_become_exceptions() {
    #[pyfunction]
    fn parse(text: &str) -> Result<i64, std::num::ParseIntError> {
        text.parse()
    }

    #[pyfunction]
    fn raise() -> PyResult<()> {
        Err(PyValueError::new_err("no"))
    }

    #[pyfunction]
    fn fine() -> PyResult<()> {
        Ok(())
    }

    Python::attach(|py| {
        check!(py, parse,
            "f('12')" => "12",
            "f('x')" => "ValueError: invalid digit found in string",
        );
        check!(py, raise, "f()" => "ValueError: no");
        check!(py, fine, "f()" => "None");
    });
}

#[test]
fn a_panic_becomes_a_panic_exception() {
    #[pyfunction]
    fn panics() {
        panic!("stop")
    }

    Python::attach(|py| {
        let names = PyDict::new(py);
        names
            .set_item("f", wrap_pyfunction!(panics, py).unwrap())
            .unwrap();
        py.run(
            c"
try:
    f()
except BaseException as error:
    caught = f'{type(error).__name__}: {error}'
",
            Some(&names),
            None,
        )
        .unwrap();
        let caught = names.get_item("caught").unwrap().unwrap();
        assert_eq!(caught.to_string(), "PanicException: stop");
    });
}

#[test]
fn tokens_and_borrowed_objects_are_passed() {
    #[pyfunction]
    fn second<'py>(
        list: &Bound<'py, PyAny>,
        py: Python<'py>,
        other: Borrowed<'_, 'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, [list.get_item(1)?, other.to_owned()])
    }

    #[pyfunction]
    fn total(data: &[u8], text: Option<&str>) -> usize {
        data.len() + text.map_or(0, str::len)
    }

    Python::attach(|py| {
        check!(py, second, "f([1, 2], 'x')" => "(2, 'x')", "f(other=3, list=[1, 2])" => "(2, 3)");
        check!(py, total, "f(b'abc', 'de')" => "5", "f(b'abc', None)" => "3");
    });
}

#[test]
fn a_type_may_be_an_alias_of_a_reference() {
    type Arguments<'a> = &'a Bound<'a, PyTuple>;
    type Keywords<'a> = &'a Bound<'a, PyDict>;
    type Object<'py> = Bound<'py, PyAny>;
    type MaybeObject<'a, 'py> = Option<&'a Bound<'py, PyAny>>;
    type Key<'a, 'py> = &'a Bound<'py, PyAny>;
    type Count = usize;

    #[pyfunction(signature = (*args, **kwargs))]
    #[allow(elided_lifetimes_in_paths, reason = "PyO3's users write them so")]
    fn counted(args: Arguments, kwargs: Option<Keywords>) -> (usize, Option<usize>) {
        (args.len(), kwargs.map(|kwargs| kwargs.len()))
    }

    #[pyfunction(signature = (first, second = None, times = 1))]
    fn chosen<'py>(first: Object<'py>, second: MaybeObject<'_, 'py>, times: Count) -> Object<'py> {
        let chosen = second.cloned().unwrap_or(first);
        chosen.mul(times).unwrap()
    }

    #[pyclass(frozen)]
    struct Echo;

    #[pymethods]
    impl Echo {
        fn __getitem__<'py>(&self, key: Key<'_, 'py>) -> Object<'py> {
            key.clone()
        }

        fn __call__(&self, key: Key<'_, '_>) -> PyResult<usize> {
            key.len()
        }
    }

    Python::attach(|py| {
        let echo = Bound::new(py, Echo).unwrap();
        assert_eq!(echo.get_item("tide").unwrap().to_string(), "tide");
        assert_eq!(echo.call1(("tide",)).unwrap().to_string(), "4");
        check!(py, counted,
            "f()" => "(0, None)",
            "f(1, 2, a=3)" => "(2, 1)",
        );
        check!(py, chosen,
            "f('a')" => "'a'",
            "f('a', 'b', 2)" => "'bb'",
            "f('a', None)" => "'a'",
            "f('a', times='b')" =>
                "TypeError: 'str' object cannot be interpreted as an integer",
        );
    });
}

#[test]
fn from_py_with_replaces_the_conversion() {
    fn length(object: &Bound<'_, PyAny>) -> PyResult<usize> {
        object.len()
    }

    #[pyfunction(signature = (a, b = 7))]
    fn lengths(
        #[pyo3(from_py_with = length)] a: usize,
        #[pyo3(from_py_with = <Bound<'_, _> as PyAnyMethods>::len)] b: usize,
    ) -> (usize, usize) {
        (a, b)
    }

    Python::attach(|py| {
        check!(py, lengths,
            "f('abc')" => "(3, 7)",
            "f([], b=(1,))" => "(0, 1)",
            "f(1)" => "TypeError: object of type 'int' has no len()",
        );
    });
}

#[test]
fn names_docs_and_signatures_are_visible_to_python() {
    /// Says so.
    ///
    /// At length.
    #[pyfunction(name = "renamed")]
    fn original(#[allow(unused)] a: i64) {}

    #[pyfunction]
    fn r#match() -> bool {
        true
    }

    // Takes arguments: CPython itself supplies a signature for a function that takes none.
    #[pyfunction(text_signature = None)]
    fn plain(_a: i64, _b: i64) {}

    #[pyfunction(text_signature = "(x, y=...)", signature = (*_args))]
    fn given(_args: &Bound<'_, PyTuple>) {}

    Python::attach(|py| {
        check!(py, original,
            "f.__name__" => "'renamed'",
            "f.__doc__" => "'Says so.\\n\\nAt length.'",
            "f.__text_signature__" => "'(a)'",
            "f()" => "TypeError: renamed() missing 1 required positional argument: 'a'",
        );
        check!(py, r#match, "f.__name__" => "'match'", "f()" => "True");
        check!(py, plain, "f.__text_signature__" => "None");
        check!(py, given, "f.__text_signature__" => "'(x, y=...)'");
        check!(py, everything,
            "f.__text_signature__" => "'(a, b=2, /, c=3, *rest, d, e=None, **others)'");
    });
}

#[test]
fn defaults_show_as_python_in_the_signature() {
    #[pyfunction(signature = (a = -1, b = 1.5, c = "it's", d = 'x', e = true, *, f = Vec::new()))]
    #[allow(unused)]
    fn literals(a: i64, b: f64, c: &str, d: char, e: bool, f: Vec<i64>) {}

    Python::attach(|py| {
        check!(py, literals,
            "f.__text_signature__" =>
                "'(a=-1, b=1.5, c=\"it\\'s\", d=\\'x\\', e=True, *, f=...)'",
            "f()" => "None",
        );
    });
}

#[test]
fn a_function_may_take_its_module() {
    #[pyfunction]
    #[pyo3(pass_module, signature = (suffix = ""))]
    fn name_of(module: &Bound<'_, PyModule>, suffix: &str) -> PyResult<String> {
        Ok(format!("{}{suffix}", module.getattr("__name__")?))
    }

    #[pyfunction(pass_module)]
    fn owned(module: Py<PyModule>, py: Python<'_>) -> bool {
        module.bind(py).hasattr("__name__").unwrap()
    }

    Python::attach(|py| {
        // A module that this library did not create.
        let json = py.import("json").unwrap();
        let function = wrap_pyfunction!(name_of, &json).unwrap();
        assert_eq!(call(py, &function, "f('!')"), "'json!'");
        assert_eq!(call(py, &function, "f.__module__"), "'json'");
        assert_eq!(
            call(py, &function, "f.__text_signature__"),
            "'($module, suffix=\"\")'"
        );
        let function = wrap_pyfunction!(owned, &json).unwrap();
        assert_eq!(call(py, &function, "f()"), "True");
        let function = wrap_pyfunction!(owned, py).unwrap();
        assert!(call(py, &function, "f()").starts_with("TypeError"));
    });
}

#[test]
fn warnings_are_issued_before_the_call() {
    #[pyfunction]
    #[pyo3(warn(message = "old", category = pyatoll::exceptions::PyFutureWarning))]
    #[pyo3(warn(message = "very old"))]
    fn old() -> i64 {
        1
    }

    Python::attach(|py| {
        let names = PyDict::new(py);
        names
            .set_item("f", wrap_pyfunction!(old, py).unwrap())
            .unwrap();
        py.run(
            c"
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    value = f()
issued = [(w.category.__name__, str(w.message)) for w in caught]
",
            Some(&names),
            None,
        )
        .unwrap();
        let issued = names.get_item("issued").unwrap().unwrap();
        assert_eq!(
            issued.to_string(),
            "[('FutureWarning', 'old'), ('UserWarning', 'very old')]"
        );
    });
}

#[test]
fn warnings_are_issued_after_matching_and_before_conversion() {
    #[pyfunction]
    #[pyo3(warn(message = "old"))]
    fn old(a: i64, b: i64) -> i64 {
        a + b
    }

    Python::attach(|py| {
        let names = PyDict::new(py);
        names
            .set_item("f", wrap_pyfunction!(old, py).unwrap())
            .unwrap();
        py.run(
            c"
import warnings
def issued(*args):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            f(*args)
        except TypeError:
            pass
    return len(caught)
counts = issued(1), issued(1, 2), issued(1, 'x')
",
            Some(&names),
            None,
        )
        .unwrap();
        let counts = names.get_item("counts").unwrap().unwrap();
        assert_eq!(counts.to_string(), "(0, 1, 1)");
    });
}

#[test]
fn a_closure_becomes_a_function_and_is_dropped_with_it() {
    use std::sync::Arc;
    let kept = Arc::new(());
    Python::attach(|py| {
        let inside = kept.clone();
        let closure = move |args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>| {
            let _ = &inside;
            PyResult::Ok((args.len(), kwargs.map_or(0, |kwargs| kwargs.len())))
        };
        let function =
            PyCFunction::new_closure(py, Some(c"count"), Some(c"Counts."), closure).unwrap();
        assert_eq!(call(py, &function, "f(1, 2, x=3)"), "(2, 1)");
        assert_eq!(
            call(py, &function, "f.__name__, f.__doc__"),
            "('count', 'Counts.')"
        );
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(function);
        assert_eq!(Arc::strong_count(&kept), 1);
        let unit = PyCFunction::new_closure(py, None, None, |_, _| ()).unwrap();
        assert_eq!(call(py, &unit, "f()"), "None");
    });
}

#[test]
fn functions_work_in_every_interpreter_and_leave_nothing_behind() {
    use pyatoll::interpreter::SubInterpreter;
    Python::initialize();
    let subs: Vec<_> = (0..3)
        .map(|_| SubInterpreter::builder().build().unwrap())
        .collect();
    std::thread::scope(|scope| {
        for sub in &subs {
            scope.spawn(|| {
                sub.attach(|py| {
                    check!(py, two, "f(5, y=3)" => "2", "f()" =>
                        "TypeError: two() missing 2 required positional arguments: 'x' and 'y'");
                    let id = py.interpreter().id();
                    let closure = PyCFunction::new_closure(py, None, None, move |_, _| id).unwrap();
                    assert_eq!(call(py, &closure, "f()"), id.to_string());
                })
                .unwrap();
            });
        }
    });
}

#[test]
fn reference_counts_are_unchanged_after_many_calls() {
    Python::attach(|py| {
        let value = py.eval(c"object()", None, None).unwrap();
        #[pyfunction(signature = (a, *rest, **others))]
        fn take(
            a: &Bound<'_, PyAny>,
            rest: &Bound<'_, PyTuple>,
            others: Option<&Bound<'_, PyDict>>,
        ) -> Py<PyAny> {
            let _ = (rest, others);
            a.clone().unbind()
        }
        let function = wrap_pyfunction!(take, py).unwrap();
        let names = PyDict::new(py);
        names.set_item("f", &function).unwrap();
        names.set_item("o", &value).unwrap();
        let before = value.get_refcnt();
        for _ in 0..100 {
            py.run(
                c"f(o, o, x=o)\nf(o)\nf(*[o, o], **{'x': o})",
                Some(&names),
                None,
            )
            .unwrap();
            let wrong = py.run(c"f(x=o)", Some(&names), None);
            drop(wrong.unwrap_err());
        }
        assert_eq!(value.get_refcnt(), before);
    });
}

#[test]
fn a_panic_with_a_value_whose_drop_panics_is_an_exception() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("no drop");
        }
    }
    Python::attach(|py| {
        let function = pyatoll::types::PyCFunction::new_closure(py, None, None, |_, _| {
            if true {
                std::panic::panic_any(Panics);
            }
        });
        let names = pyatoll::types::PyDict::new(py);
        names.set_item("function", function.unwrap()).unwrap();
        let code = c"
try:
    function()
except BaseException as error:
    text = str(error)
";
        py.run(code, Some(&names), None).unwrap();
        let text = names.get_item("text").unwrap().unwrap().to_string();
        assert_eq!(text, "panic from Rust code");
    });
}
