//! Promises of `RaisedException`.

use std::error::Error;
use std::ffi::CStr;
use std::thread;

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict};
use pyatoll::{PyErrArguments, RaisedException, SubInterpreter};

const _: () = {
    const fn is_plain<T: Send + Sync + Clone + Error + 'static>() {}
    is_plain::<RaisedException>();
};

/// Returns the description of the exception that the code raises.
fn raised(code: &CStr) -> RaisedException {
    Python::attach(|py| {
        let names = PyDict::new(py);
        let error = py.run(code, Some(&names), None).unwrap_err();
        RaisedException::new(py, &error)
    })
}

/// Returns the texts of an error and its sources.
fn sources(error: &RaisedException) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    texts
}

#[test]
fn causes_and_contexts_are_the_sources_that_python_would_print() {
    let code = c"
try:
    try:
        {}['a']
    except KeyError as error:
        raise ValueError('b') from error
except ValueError:
    raise TypeError('c')
";
    let error = raised(code);
    assert_eq!(
        sources(&error),
        ["TypeError: c", "ValueError: b", "KeyError: 'a'"]
    );
    let context = error.context().unwrap();
    assert_eq!(error.cause(), None);
    assert!(context.cause().is_some() && context.context().is_none());
    // The text of the first one has all, the others have their own calls.
    assert!(error.traceback().contains("KeyError: 'a'"));
    assert!(context.traceback().contains("line 6"), "{context:?}");
    assert!(!context.traceback().contains("KeyError: 'a'"));

    let code = c"
try:
    1 / 0
except ZeroDivisionError:
    raise TypeError('c') from None
";
    assert_eq!(sources(&raised(code)), ["TypeError: c"]);
}

#[test]
fn notes_are_described_whatever_they_are() {
    let error = raised(
        c"
error = ValueError('a')
error.add_note('first')
error.add_note('second')
raise error
",
    );
    assert_eq!(error.notes(), ["first", "second"]);
    assert!(
        error
            .traceback()
            .ends_with("ValueError: a\nfirst\nsecond\n")
    );
    let code = c"
class Odd:
    def __str__(self):
        raise RuntimeError
error = ValueError('a')
error.__notes__ = ['first', 2, Odd()]
raise error
";
    assert_eq!(raised(code).notes(), ["first", "2", "<note str() failed>"]);
    let code = c"error = ValueError('a')\nerror.__notes__ = 7\nraise error";
    assert_eq!(raised(code).notes(), ["7"]);
    let code = c"
class Odd(Exception):
    @property
    def __notes__(self):
        raise RuntimeError
raise Odd('a')
";
    let odd = raised(code);
    assert_eq!(odd.message(), "a");
    assert!(odd.notes().is_empty());
}

#[test]
fn groups_have_their_members() {
    let code = c"
inner = BaseExceptionGroup('inner', [KeyboardInterrupt('b'), SystemExit(3)])
raise BaseExceptionGroup('outer', [ValueError('a'), inner]) from inner
";
    let group = raised(code);
    let members: Vec<_> = group.exceptions().map(ToString::to_string).collect();
    assert_eq!(members[0], "ValueError: a");
    assert!(
        members[1].starts_with("BaseExceptionGroup: inner"),
        "{members:?}"
    );
    // The cause is also a member: both are described.
    let cause = group.cause().unwrap();
    assert_eq!(cause.exceptions().len(), 2);
    assert_eq!(group.exceptions().nth(1), Some(cause));
}

#[test]
fn a_cycle_ends_where_it_closes() {
    let code = c"
a, b = ValueError('a'), KeyError('b')
a.__context__ = b
b.__context__ = a
raise a
";
    assert_eq!(sources(&raised(code)), ["ValueError: a", "KeyError: 'b'"]);
    let code = c"
a = ValueError('a')
a.__cause__ = ExceptionGroup('group', [a])
raise a
";
    let error = raised(code);
    assert_eq!(error.cause().unwrap().exceptions().len(), 0);
}

#[test]
fn long_chains_and_large_groups_are_cut() {
    let code = c"
error = None
for n in range(2_000):
    next = ValueError(n)
    next.__cause__ = error
    error = next
error.__traceback__ = None
raise error
";
    let error = raised(code);
    let sources = sources(&error);
    assert_eq!(sources.len(), 100);
    assert_eq!(sources[99], "ValueError: 1900");
    assert_eq!(error.clone(), error);
    let group = raised(c"raise ExceptionGroup('many', [ValueError(n) for n in range(5000)])");
    assert_eq!(group.exceptions().len(), 99);
}

#[test]
fn a_member_of_several_groups_counts_in_each() {
    // In an interpreter of its own: Python's own formatter visits each member of each group.
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let code = c"
import sys
sys.modules['traceback'] = None
error = ValueError()
for _ in range(60):
    error = ExceptionGroup('', [error, error])
raise error
";
    let error = sub.attach(|py| py.run(code, None, None)).unwrap();
    let group = RaisedException::from(error.unwrap_err());
    sub.close().unwrap();
    assert!(format!("{group:?}").matches("type_name").count() <= 100);
}

#[test]
fn a_list_of_notes_without_an_end_is_cut() {
    let code = c"
class Endless(list):
    def __iter__(self):
        while True:
            yield 'again'
error = ValueError()
error.__notes__ = Endless()
__import__('sys').modules['traceback'] = None
raise error
";
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let error = sub.attach(|py| py.run(code, None, None)).unwrap();
    let error = RaisedException::from(error.unwrap_err());
    sub.close().unwrap();
    assert_eq!(error.notes().len(), 1000);
}

#[test]
fn exceptions_and_panics_while_formatting_are_left_out() {
    let code = c"
class Bad(Exception):
    def __str__(self):
        raise KeyboardInterrupt
    @property
    def __suppress_context__(self):
        raise RuntimeError
raise Bad from ValueError('a')
";
    let bad = raised(code);
    assert!(bad.type_name().ends_with("Bad"), "{bad:?}");
    assert_eq!(bad.message(), "<exception str() failed>");
    assert_eq!(bad.cause().unwrap().message(), "a");

    let bad = Python::attach(|py| {
        let panics = PyCFunction::new_closure(py, None, None, |_, _| -> () { panic!("oh no") });
        let names = PyDict::new(py);
        names.set_item("panics", panics?)?;
        let code = c"
class Bad(Exception):
    def __str__(self):
        panics()
raise Bad
";
        let error = py.run(code, Some(&names), None).unwrap_err();
        PyResult::Ok(RaisedException::new(py, &error))
    });
    assert_eq!(bad.unwrap().message(), "<exception str() failed>");

    struct Panics;
    impl PyErrArguments for Panics {
        fn arguments(self, _py: Python<'_>) -> Py<PyAny> {
            panic!("oh no")
        }
    }
    let lazy = RaisedException::from(PyValueError::new_err(Panics));
    assert!(lazy.message().contains("cannot be shown"), "{lazy}");
    Python::attach(|py| assert!(!PyErr::occurred(py)));
}

#[test]
fn an_exception_is_described_in_its_own_interpreter_wherever_the_thread_is() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let raise = || {
        let code = c"raise ValueError(__import__('sys').marker)";
        let run = |py: Python<'_>| {
            py.run(c"import sys; sys.marker = 'of sub'", None, None)?;
            py.run(code, None, None)
        };
        sub.attach(run).unwrap().unwrap_err()
    };
    let of_sub = "ValueError: of sub";
    assert_eq!(RaisedException::from(raise()).to_string(), of_sub);
    let error = raise();
    Python::attach(|py| {
        assert_eq!(RaisedException::new(py, &error).to_string(), of_sub);
        assert_eq!(RaisedException::from(error).to_string(), of_sub);
        py.run(c"len([])", None, None).unwrap();
    });
    // Also on a thread that has never used Python, and inside the interpreter itself.
    let error = raise();
    let other = thread::spawn(|| RaisedException::from(error));
    assert_eq!(other.join().unwrap().to_string(), of_sub);
    let error = raise();
    let inside = sub.attach(|_py| RaisedException::from(error)).unwrap();
    assert_eq!(inside.to_string(), of_sub);

    let (late, lazy) = (raise(), PyValueError::new_err("lazy"));
    sub.close().unwrap();
    assert_eq!(inside.to_string(), of_sub);
    let late = RaisedException::from(late);
    assert_eq!(late.type_name(), "BaseException");
    assert!(late.message().contains("cannot be shown"), "{late}");
    assert_eq!(RaisedException::from(lazy).to_string(), "ValueError: lazy");
}

#[test]
fn it_converts_to_an_exception_and_to_a_boxed_error() {
    let error = raised(c"raise KeyError('a') from ValueError('b')");
    let boxed: Box<dyn Error + Send + Sync> = error.clone().into();
    assert_eq!(boxed.source().unwrap().to_string(), "ValueError: b");
    let text = Python::attach(|_py| PyErr::from(error).to_string());
    assert_eq!(text, "RuntimeError: KeyError: 'a'");
}
