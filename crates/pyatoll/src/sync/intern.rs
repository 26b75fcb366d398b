//! [`intern!`](crate::intern): names as `str` objects, created once in each interpreter; also for
//! [`py_format!`](crate::py_format).

use std::fmt;

use super::InterpreterLocal;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, Py};
use crate::types::PyString;

/// Returns an interned `str` for a literal text, borrowed for `'py`. It is created at first use in
/// each interpreter, and released when the interpreter ends.
///
/// Use it for names of attributes, methods and keys: the object is created only once, and interning
/// lets Python compare it by address.
///
/// ```
/// use pyatoll::{intern, prelude::*};
///
/// fn name<'py>(class: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
///     class.getattr(intern!(class.py(), "__name__"))
/// }
///
/// Python::attach(|py| {
///     assert_eq!(name(&py.eval(c"int", None, None)?)?.to_string(), "int");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[macro_export]
macro_rules! intern {
    ($py:expr, $text:expr) => {{
        static NAME: $crate::sync::InternedName = $crate::sync::InternedName::of($text);
        NAME.lend($py)
    }};
}

/// The `static` that [`intern!`](crate::intern) creates.
#[doc(hidden)]
pub struct InternedName {
    text: &'static str,
    objects: InterpreterLocal<Py<PyString>>,
}

impl InternedName {
    pub const fn of(text: &'static str) -> Self {
        Self {
            text,
            objects: InterpreterLocal::lasting(),
        }
    }

    #[inline]
    pub fn lend<'py>(&'static self, py: Python<'py>) -> &'py Bound<'py, PyString> {
        let object = match self.objects.get(py) {
            Some(object) => object,
            None => self.create(py),
        };
        // SAFETY: the slot of the token's interpreter has an object of that interpreter.
        unsafe { object.bind_unchecked(py) }
    }

    #[cold]
    #[inline(never)]
    fn create<'py>(&'static self, py: Python<'py>) -> &'py Py<PyString> {
        self.objects
            .get_or_init(py, || PyString::intern(py, self.text).unbind())
    }
}

/// The `static` that [`py_format!`](crate::py_format) creates.
#[doc(hidden)]
pub struct InternedFormat(InterpreterLocal<Py<PyString>>);

impl InternedFormat {
    #[allow(clippy::new_without_default, reason = "for a `static`")]
    pub const fn new() -> Self {
        Self(InterpreterLocal::lasting())
    }

    /// Formats `args`, which must be those of the one `format_args!` that belongs to this.
    #[inline]
    pub fn format<'py>(
        &'static self,
        py: Python<'py>,
        args: fmt::Arguments<'_>,
    ) -> PyResult<Bound<'py, PyString>> {
        match args.as_str() {
            // The compiler has joined the literals, so it is the same text each time.
            Some(text) => Ok(self.intern(py, text)),
            None => PyString::from_fmt(py, args),
        }
    }

    #[inline(never)]
    fn intern<'py>(&'static self, py: Python<'py>, text: &'static str) -> Bound<'py, PyString> {
        let create = || PyString::intern(py, text).unbind();
        self.0.get_or_init(py, create).bind(py).clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::interpreter::{Python, SubInterpreter};

    #[test]
    fn each_interpreter_has_its_own_interned_str() {
        fn of(py: Python<'_>) -> crate::Py<crate::types::PyString> {
            intern!(py, "a name that only this test interns")
                .clone()
                .unbind()
        }
        let (main, again) = Python::attach(|py| (of(py), of(py)));
        assert!(main.is(&again));
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| {
            assert_eq!(of(py).interpreter(), py.interpreter());
            assert!(of(py).try_bind(py).is_ok());
            assert!(main.try_bind(py).is_err());
        })
        .unwrap();
    }

    #[test]
    fn a_format_without_values_is_interned_in_each_interpreter() {
        fn constant(py: Python<'_>) -> crate::Py<crate::types::PyString> {
            let text = crate::py_format!(py, "a format {{that}} only this test interns");
            text.unwrap().unbind()
        }
        fn number(py: Python<'_>, number: i32) -> String {
            crate::py_format!(py, "{number}").unwrap().to_string()
        }
        /// The name of the macro's own static.
        const CONSTANT: i32 = 7;
        fn constants(py: Python<'_>) -> [String; 2] {
            let texts = [
                crate::py_format!(py, "{CONSTANT}"),
                crate::py_format!(py, "{}", CONSTANT),
            ];
            texts.map(|text| text.unwrap().to_string())
        }
        let check = |py: Python<'_>| {
            assert_eq!(constants(py), ["7", "7"]);
            let (first, second) = (constant(py), constant(py));
            assert!(first.is(&second));
            assert_eq!(first.bind(py), "a format {that} only this test interns");
            assert!(first.is(intern!(py, "a format {that} only this test interns")));
            assert_eq!((number(py, 1), number(py, 2)), ("1".into(), "2".into()));
            first
        };
        let main = Python::attach(check);
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| assert!(check(py).try_bind(py).is_ok() && main.try_bind(py).is_err()))
            .unwrap();
    }
}
