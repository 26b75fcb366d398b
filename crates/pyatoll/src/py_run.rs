//! [`py_run!`](crate::py_run): runs Python code that uses Rust variables, for tests.

use std::borrow::Cow;
use std::ffi::CString;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyDict, PyString};

/// Runs Python code that uses Rust variables, and panics if it raises: for assertions in tests.
///
/// `py_run!(py, a b, "…")` converts the variables `a` and `b` for the code; `py_run!(py, *dict,
/// "…")` uses the names in a `dict`. The code may be indented like the surrounding Rust code.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::py_run;
///
/// Python::attach(|py| {
///     let (numbers, name) = (vec![1, 2, 3], "Pyatoll");
///     py_run!(
///         py,
///         numbers name,
///         r#"
///         assert sum(numbers) == 6
///         for letter in "atoll":
///             assert letter in name
///         "#
///     );
/// });
/// ```
///
/// # Panics
/// If a variable does not convert, or the code raises; the traceback is printed.
#[macro_export]
macro_rules! py_run {
    ($py:expr, *$names:expr, $code:expr) => {
        $crate::py_run::run($py, &$names, $code)
    };
    ($py:expr, $($name:ident)+, $code:expr) => {{
        let py = $py;
        let names = $crate::py_run::Names::new(py);
        $(
            // A method call, so that a `Copy` value without a conversion by reference is copied.
            #[allow(unused_imports)]
            use $crate::IntoPyObjectExt as _;
            match (&$name).into_bound_py_any(py) {
                ::core::result::Result::Ok(value) => names.set(::core::stringify!($name), value),
                ::core::result::Result::Err(error) => $crate::py_run::fail(py, error, ""),
            }
        )+
        $crate::py_run::run(py, names.dict(), $code)
    }};
}

/// The names that the code can use.
pub struct Names<'py>(Bound<'py, PyDict>);

impl<'py> Names<'py> {
    pub fn new(py: Python<'py>) -> Self {
        Self(PyDict::new(py))
    }

    pub fn set(&self, name: &str, value: Bound<'py, PyAny>) {
        let py = value.py();
        let name = PyString::new(py, name);
        // SAFETY: attached; a dict and live objects.
        let set = unsafe { ffi::PyDict_SetItem(self.0.as_ptr(), name.as_ptr(), value.as_ptr()) };
        if set != 0 {
            fail(py, PyErr::fetch(py), "");
        }
    }

    pub fn dict(&self) -> &Bound<'py, PyDict> {
        &self.0
    }
}

/// Runs the code.
#[track_caller]
pub fn run<'py>(py: Python<'py>, names: &Bound<'py, PyDict>, code: &str) {
    let code = unindent(code);
    let run = || -> PyResult<()> { py.run(&CString::new(code.as_ref())?, None, Some(names)) };
    if let Err(error) = run() {
        fail(py, error, &code);
    }
}

/// Prints the exception and panics.
#[track_caller]
#[cold]
pub fn fail(py: Python<'_>, error: PyErr, code: &str) -> ! {
    error.print(py);
    // The process may end with the panic, without Python flushing its own buffer.
    let _ = py.run(c"__import__('sys').stderr.flush()", None, None);
    panic!("{error}\n{code}")
}

/// Removes the indentation that all lines share. The first line does not count, and is removed if
/// it is blank.
pub fn unindent(code: &str) -> Cow<'_, str> {
    let Some((first, rest)) = code.split_once('\n') else {
        return Cow::Borrowed(code);
    };
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines = || rest.split('\n').filter(|line| !line.trim().is_empty());
    let shared = lines().map(indentation).min().unwrap_or(0);
    let mut unindented = String::with_capacity(code.len());
    if !first.trim().is_empty() {
        unindented.push_str(first);
        unindented.push('\n');
    }
    for line in rest.split_inclusive('\n') {
        let blank = line.trim().is_empty();
        unindented.push_str(if blank { "\n" } else { &line[shared..] });
    }
    Cow::Owned(unindented)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn only_shared_indentation_is_removed() {
        assert_eq!(unindent("a = 1"), "a = 1");
        assert_eq!(
            unindent("\n    if a:\n\n        b\n    c\n"),
            "if a:\n\n    b\nc\n"
        );
        assert_eq!(
            unindent("first\n  second\n    third"),
            "first\nsecond\n  third"
        );
        assert_eq!(unindent("\r\n  a\r\n  b\r\n"), "a\r\nb\r\n");
        assert_eq!(unindent("\n\tif a:\n\t\tb\n"), "if a:\n\tb\n");
        assert_eq!(unindent("\n    \n  "), "\n\n");
    }

    #[test]
    fn the_code_sees_the_variables() {
        Python::attach(|py| {
            let (text, number) = ("text", 7);
            py_run!(py, text number, "assert (text, number) == ('text', 7)");
            let names = PyDict::new(py);
            py_run!(py, *names, "x = 5\ny = x + 1");
            py_run!(
                py,
                *names,
                "
                assert x == 5
                if y != 6:
                    raise AssertionError(y)
                "
            );
        });
    }

    #[test]
    fn a_failed_assertion_panics_with_the_code() {
        Python::attach(|py| {
            let number = 7;
            let caught = catch_unwind(AssertUnwindSafe(|| {
                py_run!(py, number, "assert number == 8");
            }));
            let message = caught.unwrap_err();
            let message = message.downcast_ref::<String>().unwrap();
            assert!(message.contains("AssertionError"), "{message}");
            assert!(message.contains("number == 8"), "{message}");
            assert!(!PyErr::occurred(py));
        });
    }
}
