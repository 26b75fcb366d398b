//! Unit tests of `PyErr`.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::convert::IntoPyObject;
use crate::exceptions::*;
use crate::interpreter::{SubInterpreter, alone};
use crate::object::Py;
use crate::types::{PyAny, PyInt, PyNone, PyString};

/// Arguments that count how often they are converted.
struct Counted(&'static AtomicUsize);

impl PyErrArguments for Counted {
    fn arguments(self, py: Python<'_>) -> Py<PyAny> {
        self.0.fetch_add(1, Ordering::Relaxed);
        PyString::new(py, "counted").into_any().unbind()
    }
}

#[test]
fn a_lazy_exception_is_created_once_and_only_on_demand() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    drop(PyValueError::new_err(Counted(&MADE)));
    assert_eq!(MADE.load(Ordering::Relaxed), 0);
    let error = PyValueError::new_err(Counted(&MADE));
    Python::attach(|py| {
        let first = error.value(py).as_ptr();
        assert_eq!(error.to_string(), "ValueError: counted");
        assert_eq!(error.value(py).as_ptr(), first);
        assert_eq!(error.clone_ref(py).value(py).as_ptr(), first);
    });
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
}

#[test]
fn concurrent_threads_see_one_exception_object() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let error = PyValueError::new_err(Counted(&MADE));
    let look = || Python::attach(|py| error.value(py).as_ptr() as usize);
    let seen = std::thread::scope(|scope| {
        let threads = [0; 8].map(|_| scope.spawn(look));
        threads.map(|thread| thread.join().unwrap())
    });
    assert!(seen.iter().all(|object| *object == seen[0]));
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
}

#[test]
fn arguments_that_panic_become_a_system_error() {
    struct Panics;
    impl PyErrArguments for Panics {
        fn arguments(self, _py: Python<'_>) -> Py<PyAny> {
            panic!("no arguments today")
        }
    }
    Python::attach(|py| {
        let error = PyValueError::new_err(Panics);
        assert!(catch_unwind(AssertUnwindSafe(|| error.value(py).as_ptr())).is_err());
        let text = "SystemError: the arguments of this exception panicked";
        assert_eq!(error.to_string(), text);
        error.restore(py);
        assert_eq!(PyErr::fetch(py).to_string(), text);
    });
}

#[test]
fn an_object_that_is_no_exception_class_becomes_a_type_error() {
    Python::attach(|py| {
        let not_an_exception = py.get_type::<PyString>();
        let error = PyErr::from_type(not_an_exception, "text");
        let text = "TypeError: exceptions must derive from BaseException";
        assert_eq!(error.to_string(), text);
        let error = PyErr::from_value(PyString::new(py, "text").into_any());
        assert_eq!(error.to_string(), text);
        let error = PyErr::from_value(py.get_type::<PyKeyError>().into_any());
        assert!(error.is_instance_of::<PyKeyError>(py));
    });
}

#[test]
fn a_tuple_is_several_arguments() {
    Python::attach(|py| {
        let arguments = py.eval(c"(2, 'no such file')", None, None).unwrap();
        let error = PyOSError::new_err(arguments.unbind());
        assert!(error.is_instance_of::<PyFileNotFoundError>(py));
        assert_eq!(PyValueError::new_err("one").value(py).to_string(), "one");
    });
}

#[test]
fn an_exception_of_another_interpreter_is_refused_by_name() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let make = || {
        sub.attach(|py| {
            py.run(c"raise ValueError('theirs')", None, None)
                .unwrap_err()
        })
    };
    let expect = |message: &str| {
        assert!(
            message.contains(&format!("interpreter {}", sub.id())),
            "{message}"
        );
        assert!(message.contains("interpreter 0"), "{message}");
    };
    let error = make().unwrap();
    Python::attach(|py| {
        let caught = catch_unwind(AssertUnwindSafe(|| error.value(py).as_ptr())).unwrap_err();
        expect(caught.downcast_ref::<String>().unwrap());
        expect(&(&error).into_pyobject(py).unwrap_err().to_string());
        // Cannot be shown while attached to another interpreter.
        assert!(error.to_string().contains("cannot be shown"), "{error}");
        assert!(
            format!("{error:?}").contains("cannot be shown"),
            "{error:?}"
        );
        assert_eq!(py.detach(|| error.to_string()), "ValueError: theirs");
        // Raised in another interpreter, it becomes a `RuntimeError`.
        error.restore(py);
        let refused = PyErr::fetch(py);
        assert!(refused.is_instance_of::<PyRuntimeError>(py));
        expect(&refused.to_string());
    });
    // So does a lazy exception whose class or arguments belong to another interpreter.
    let class = sub
        .attach(|py| py.get_type::<PyStopIteration>().unbind())
        .unwrap();
    let lazy = PyValueError::new_err(class);
    Python::attach(|py| expect(&lazy.value(py).to_string()));
    let late = make().unwrap();
    sub.close().unwrap();
    assert!(late.to_string().contains("has ended"), "{late}");
    assert_eq!(io::Error::from(late).kind(), io::ErrorKind::Other);
}

#[test]
fn an_exception_whose_str_fails_can_be_shown() {
    Python::attach(|py| {
        let error = py
            .run(
                c"
class Awkward(Exception):
    def __str__(self):
        raise ValueError('no text')
    __repr__ = __str__
raise Awkward
",
                None,
                None,
            )
            .unwrap_err();
        assert_eq!(error.to_string(), "Awkward: <exception str() failed>");
        assert!(format!("{error:?}").contains("Awkward"), "{error:?}");
        assert!(!PyErr::occurred(py));
    });
}

#[test]
fn debug_shows_class_value_and_traceback() {
    Python::attach(|py| {
        let error = py
            .run(c"raise KeyError('missing')", None, None)
            .unwrap_err();
        let expected = concat!(
            "PyErr { type: <class 'KeyError'>, value: KeyError('missing'), ",
            r#"traceback: Some("Traceback (most recent call last):\n  "#,
            r#"File \"<string>\", line 1, in <module>\n") }"#,
        );
        assert_eq!(format!("{error:?}"), expected);
    });
}

#[test]
fn a_panic_crosses_python_and_resumes() {
    Python::attach(|py| {
        crate::panic::raise_panic(py, Box::new("across"));
        let caught = catch_unwind(AssertUnwindSafe(|| drop(PyErr::take(py)))).unwrap_err();
        assert_eq!(caught.downcast_ref::<String>().unwrap(), "across");
        assert!(!PyErr::occurred(py));
    });
}

#[test]
fn a_wrong_interpreter_panic_is_recognized_by_its_error_and_not_by_its_text() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let theirs = sub
        .attach(|py| PyString::new(py, "theirs").unbind())
        .unwrap();
    Python::attach(|py| {
        let payload = catch_unwind(AssertUnwindSafe(|| theirs.bind(py).as_ptr())).unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap().clone();
        crate::panic::raise_panic(py, payload);
        let error = PyErr::fetch(py);
        assert!(error.is_instance_of::<PyRuntimeError>(py));
        assert_eq!(error.value(py).to_string(), text);
        // A panic with the same text but without the error stays a panic.
        crate::panic::raise_panic(py, Box::new(text));
        assert!(catch_unwind(AssertUnwindSafe(|| PyErr::take(py).is_some())).is_err());
    });
}

#[test]
fn a_wrong_interpreter_panic_is_recognized_on_another_thread() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let theirs = sub
        .attach(|py| PyString::new(py, "theirs").unbind())
        .unwrap();
    let thread = std::thread::spawn(move || Python::attach(|py| theirs.bind(py).as_ptr().addr()));
    let payload = thread.join().unwrap_err();
    Python::attach(|py| {
        crate::panic::raise_panic(py, payload);
        assert!(PyErr::fetch(py).is_instance_of::<PyRuntimeError>(py));
    });
}

#[test]
fn a_wrong_interpreter_panic_is_recognized_after_many_that_rust_has_caught() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let [late, caught] = sub
        .attach(|py| [(); 2].map(|()| PyString::new(py, "theirs").unbind()))
        .unwrap();
    Python::attach(|py| {
        let panic_of = |handle: &Py<PyString>| {
            catch_unwind(AssertUnwindSafe(|| handle.bind(py).as_ptr().addr())).unwrap_err()
        };
        let payload = panic_of(&late);
        for _ in 0..200 {
            drop(panic_of(&caught));
        }
        // The texts are equal: as many are recognized as are kept.
        for _ in 0..201 {
            let text = payload.downcast_ref::<String>().unwrap().clone();
            crate::panic::raise_panic(py, Box::new(text));
            assert!(PyErr::fetch(py).is_instance_of::<PyRuntimeError>(py));
        }
    });
}

#[test]
fn causes_and_contexts_are_kept_and_removed() {
    Python::attach(|py| {
        let error = py
            .run(
                c"
try:
    1 / 0
except ZeroDivisionError as error:
    raise KeyError('missing') from error
",
                None,
                None,
            )
            .unwrap_err();
        assert!(
            error
                .cause(py)
                .unwrap()
                .is_instance_of::<PyZeroDivisionError>(py)
        );
        assert!(
            error
                .context(py)
                .unwrap()
                .is_instance_of::<PyZeroDivisionError>(py)
        );
        assert!(error.traceback(py).is_some());
        error.set_cause(py, Some(PyTypeError::new_err("because")));
        assert_eq!(error.cause(py).unwrap().to_string(), "TypeError: because");
        error.set_cause(py, None);
        error.set_context(py, None);
        assert!(error.cause(py).is_none() && error.context(py).is_none());
        error.set_traceback(py, None);
        assert!(error.traceback(py).is_none());
    });
}

#[test]
fn a_warning_turned_error_is_returned() {
    // An interpreter has one list of filters, which other tests change in the main interpreter.
    alone(|py| {
        let user_warning = py.get_type::<PyUserWarning>();
        let names = py.eval(c"{}", None, None).unwrap();
        let names = names.cast::<crate::types::PyDict>().unwrap();
        let strict = c"
import warnings
caught = warnings.catch_warnings()
caught.__enter__()
warnings.simplefilter('error')
";
        py.run(strict, Some(names), None).unwrap();
        let plain = PyErr::warn(py, &user_warning, c"careful", 1);
        let placed = PyErr::warn_explicit(py, &user_warning, c"here", c"f.py", 7, None, None);
        py.run(c"caught.__exit__(None, None, None)", Some(names), None)
            .unwrap();
        assert_eq!(plain.unwrap_err().to_string(), "UserWarning: careful");
        assert_eq!(placed.unwrap_err().to_string(), "UserWarning: here");
    });
}

/// Returns the text of the exception that a standard error becomes.
fn converted(error: impl Into<PyErr>) -> String {
    error.into().to_string()
}

#[test]
fn standard_errors_become_exceptions_with_their_text() {
    let text = converted("x".parse::<i32>().unwrap_err());
    assert_eq!(text, "ValueError: invalid digit found in string");
    assert!(converted("x".parse::<f64>().unwrap_err()).starts_with("ValueError: "));
    assert!(converted("x".parse::<bool>().unwrap_err()).starts_with("ValueError: "));
    assert!(converted("".parse::<char>().unwrap_err()).starts_with("ValueError: "));
    assert!(converted(u8::try_from(300).unwrap_err()).starts_with("ValueError: "));
    assert!(converted(char::try_from(0xd800_u32).unwrap_err()).starts_with("ValueError: "));
    assert!(converted("x".parse::<std::net::IpAddr>().unwrap_err()).starts_with("ValueError: "));
    assert!(converted(std::ffi::CString::new("\0").unwrap_err()).starts_with("ValueError: "));
    assert!(converted(<[u8; 2]>::try_from(&[1][..]).unwrap_err()).starts_with("ValueError: "));
    let text = converted(String::from_utf16(&[0xd800]).unwrap_err());
    assert!(text.starts_with("UnicodeError: "), "{text}");
    let bad = b"a\xff".to_vec();
    let text = converted(std::str::from_utf8(&bad).unwrap_err());
    assert!(text.starts_with("UnicodeError: "), "{text}");
    let expected =
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 1: invalid utf-8";
    assert_eq!(
        converted(String::from_utf8(bad.clone()).unwrap_err()),
        expected
    );
    let c_string = std::ffi::CString::new(bad).unwrap();
    assert_eq!(converted(c_string.into_string().unwrap_err()), expected);
}

#[test]
fn the_question_mark_takes_any_error_that_converts() {
    fn parse(text: &str) -> PyResult<i32> {
        Ok(text.trim_end_matches('!').parse::<i32>()?)
    }
    assert_eq!(parse("7!").unwrap(), 7);
    assert!(parse("seven").is_err());
}

#[test]
fn io_errors_map_to_os_error_classes_and_back() {
    use io::ErrorKind::*;
    let kinds = [
        AlreadyExists,
        BrokenPipe,
        ConnectionAborted,
        ConnectionRefused,
        ConnectionReset,
        Interrupted,
        IsADirectory,
        NotADirectory,
        NotFound,
        OutOfMemory,
        PermissionDenied,
        TimedOut,
        WouldBlock,
    ];
    Python::attach(|py| {
        for kind in kinds {
            let error = PyErr::from(io::Error::new(kind, "text"));
            assert_eq!(error.value(py).to_string(), "text");
            let expected = if kind == OutOfMemory {
                "MemoryError"
            } else {
                "OSError"
            };
            let base = py
                .eval(&std::ffi::CString::new(expected).unwrap(), None, None)
                .unwrap();
            assert!(error.is_instance(py, &base), "{kind:?}");
            assert!(!error.get_type(py).as_unbound().is(&base) || kind == OutOfMemory);
            assert_eq!(io::Error::from(error).kind(), kind);
        }
        let other = PyErr::from(io::Error::other("text"));
        assert!(
            other
                .get_type(py)
                .as_unbound()
                .is(py.get_type::<PyOSError>())
        );
        assert_eq!(io::Error::from(other).kind(), Other);
    });
}

#[test]
fn an_exception_survives_a_round_trip_through_io_error() {
    Python::attach(|py| {
        let error = PyKeyError::new_err("missing");
        let object = error.value(py).as_ptr();
        let through = io::Error::from(error);
        assert_eq!(through.kind(), io::ErrorKind::Other);
        assert_eq!(PyErr::from(through).value(py).as_ptr(), object);
    });
}

#[test]
fn fetching_without_a_current_exception_is_a_system_error() {
    const TEXT: &str = "attempted to fetch exception but none was set";
    Python::attach(|py| {
        let fetched = catch_unwind(AssertUnwindSafe(|| PyErr::fetch(py)));
        if cfg!(debug_assertions) {
            assert_eq!(*fetched.unwrap_err().downcast::<String>().unwrap(), TEXT);
        } else {
            assert_eq!(fetched.unwrap().to_string(), format!("SystemError: {TEXT}"));
        }
    });
}

#[test]
fn the_error_of_a_cast_describes_the_class() {
    Python::attach(|py| {
        let number = PyInt::new(py, 1).into_any();
        let error = number.cast::<PyNone>().unwrap_err();
        let text = "'int' object is not an instance of 'None'";
        assert_eq!(error.to_string(), text);
        assert_eq!(PyErr::from(error).to_string(), format!("TypeError: {text}"));
        for (class, expected) in [
            (c"type(None)", "None"),
            (c"(str, (type(None), list))", "str | None | list"),
            (c"str | None", "str | None"),
            (c"(bytes, str | None)", "bytes | str | None"),
            (c"'no class'", "no class"),
        ] {
            let class = py.eval(class, None, None).unwrap();
            let text = format!("'int' object is not an instance of '{expected}'");
            let error = CastError::new(number.as_borrowed(), class.clone());
            assert_eq!(error.to_string(), text);
            assert_eq!(PyErr::from(error).to_string(), format!("TypeError: {text}"));
            let error = CastIntoError::new(number.clone(), class);
            assert_eq!(error.to_string(), text);
        }
    });
}
