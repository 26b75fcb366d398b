//! [`intern!`](crate::intern): names as `str` objects, created once in each interpreter.

use super::InterpreterLocal;
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
}
