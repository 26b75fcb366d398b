//! Tests of exception classes.

use super::*;
use crate::interpreter::SubInterpreter;
use crate::types::{PyDict, PyModule, PyModuleMethods};
use crate::{PyErr, PyTypeInfo, Python};

create_exception!(test_module, Made, PyException, "A made exception.");
create_exception!(test_module, Derived, Made);
import_exception!(email.errors, MessageError);

#[test]
fn a_created_class_has_its_module_name_doc_and_base() {
    Python::attach(|py| {
        let class = py.get_type::<Derived>();
        assert_eq!(class.to_string(), "<class 'test_module.Derived'>");
        let error = Derived::new_err("text");
        assert!(error.is_instance_of::<Made>(py));
        assert!(error.is_instance_of::<PyException>(py));
        assert!(!Made::new_err("text").is_instance_of::<Derived>(py));
        // SAFETY: attached; returns a new reference or null.
        let doc = unsafe {
            let class = py.get_type::<Made>();
            let doc = pyo3_ffi::PyObject_GetAttrString(class.as_ptr(), c"__doc__".as_ptr());
            crate::Bound::from_owned_ptr(py, doc)
        };
        assert_eq!(doc.to_string(), "A made exception.");
    });
}

/// Classes from modules whose `Base` has a metaclass that returns something else.
mod bases {
    import_exception!(pyatoll_number_base, Base);
    create_exception!(test_module, Derived, Base);

    pub(super) mod of_class {
        import_exception!(pyatoll_class_base, Base);
        create_exception!(test_module, Derived, Base);
    }
}

#[test]
fn only_an_exception_class_is_accepted_from_a_metaclass() {
    fn message(load: impl FnOnce()) -> String {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(load));
        let payload = result.expect_err("the class was accepted");
        *payload.downcast::<String>().unwrap()
    }
    Python::attach(|py| {
        for (module, code) in [
            (c"pyatoll_number_base", c"result = 7"),
            (c"pyatoll_class_base", c"result = dict"),
        ] {
            let module = PyModule::from_code(py, code, c"base.py", module).unwrap();
            let code = c"
class Meta(type):
    def __new__(cls, name, *rest):
        return super().__new__(cls, name, *rest) if name == 'Base' else result
class Base(Exception, metaclass=Meta): pass
";
            py.run(code, Some(&module.dict()), None).unwrap();
        }
        let number = "TypeError: 'int' object is not an instance of 'type'";
        let class = "TypeError: not a class derived from BaseException";
        for (base, expected) in [
            (py.get_type::<bases::Base>(), number),
            (py.get_type::<bases::of_class::Base>(), class),
            (py.get_type::<PyDict>(), class),
        ] {
            let error = PyErr::new_type(py, c"a.B", None, Some(&base), None).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let of_number = message(|| drop(py.get_type::<bases::Derived>()));
        let of_class = message(|| drop(py.get_type::<bases::of_class::Derived>()));
        let start = "cannot load the exception class \"test_module.Derived\": ";
        assert_eq!(of_number, format!("{start}{number}"));
        assert_eq!(of_class, format!("{start}{class}"));
    });
}

#[test]
fn each_interpreter_has_its_own_created_class() {
    let main = Python::attach(|py| py.get_type::<Made>().unbind());
    let subs = [0, 1].map(|_| SubInterpreter::builder().build().unwrap());
    let classes = subs.each_ref().map(|sub| {
        sub.attach(|py| {
            assert!(main.try_bind(py).is_err());
            let error = Made::new_err("text");
            assert!(error.is_instance_of::<Made>(py));
            let class = py.get_type::<Made>();
            assert!(class.as_unbound().is(py.get_type::<Made>()));
            class.as_ptr() as usize
        })
        .unwrap()
    });
    assert_ne!(classes[0], classes[1]);
    assert_ne!(classes[0], main.as_ptr() as usize);
    for sub in subs {
        sub.close().unwrap();
    }
    // Ending the other interpreters does not affect the class of this one.
    Python::attach(|py| assert!(main.is(py.get_type::<Made>())));
}

#[test]
fn interpreters_that_run_at_once_create_a_class_each() {
    Python::initialize();
    let barrier = std::sync::Barrier::new(8);
    let raise_and_catch = || {
        let sub = SubInterpreter::builder().build().unwrap();
        let seen = sub.attach(|py| {
            py.detach(|| barrier.wait());
            for _ in 0..100 {
                Derived::new_err("text").restore(py);
                let error = crate::PyErr::fetch(py);
                assert!(error.is_instance_of::<Made>(py));
                assert!(!error.is_instance_of::<MessageError>(py));
            }
            [Made::type_object_raw, Derived::type_object_raw].map(|class| class(py) as usize)
        });
        // No interpreter may end before all addresses are recorded: they could be reused.
        barrier.wait();
        seen.unwrap()
    };
    let mut seen = std::thread::scope(|scope| {
        let threads = [0; 8].map(|_| scope.spawn(raise_and_catch));
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 16, "two interpreters have the same class");
}

#[test]
fn an_imported_class_is_the_one_of_its_module() {
    let check = |py: Python<'_>| {
        let class = py
            .eval(
                c"__import__('email.errors').errors.MessageError",
                None,
                None,
            )
            .unwrap();
        assert!(py.get_type::<MessageError>().as_unbound().is(&class));
        assert!(
            py.get_type::<socket::timeout>()
                .as_unbound()
                .is(py.get_type::<PyTimeoutError>())
        );
    };
    Python::attach(check);
    SubInterpreter::builder()
        .build()
        .unwrap()
        .attach(check)
        .unwrap();
}

#[test]
fn an_imported_name_must_be_an_exception_class() {
    import_exception!(builtins, int);
    import_exception!(no_such_module, Missing);
    let caught = std::panic::catch_unwind(|| {
        Python::attach(|py| int::type_object(py).unbind());
    });
    assert!(caught.is_err());
    let caught = std::panic::catch_unwind(|| {
        Python::attach(|py| Missing::type_object(py).unbind());
    });
    assert!(caught.is_err());
    Python::attach(|py| assert!(!crate::PyErr::occurred(py)));
}

#[test]
fn the_aliases_are_os_error() {
    Python::attach(|py| {
        assert!(
            py.get_type::<PyIOError>()
                .as_unbound()
                .is(py.get_type::<PyOSError>())
        );
        assert!(PyEnvironmentError::new_err("x").is_instance_of::<PyOSError>(py));
    });
}

#[test]
fn an_incomplete_utf8_sequence_reaches_to_the_end() {
    let bytes = b"ab\xe2\x82".to_vec();
    let error = std::str::from_utf8(&bytes).unwrap_err();
    assert_eq!(unicode::undecoded(bytes.len(), error), 2..4);
    Python::attach(|py| {
        let error = PyUnicodeDecodeError::new_err_from_utf8(py, &bytes, error);
        assert_eq!(
            error.to_string(),
            "UnicodeDecodeError: 'utf-8' codec can't decode bytes in position 2-3: invalid utf-8"
        );
    });
}
