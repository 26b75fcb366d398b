//! [`CastError`] and [`CastIntoError`]: the errors of `cast` and `cast_into`.

use std::fmt;

use crate::error::PyErr;
use crate::interpreter::internals::Internals;
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

/// The error of casting an object to a class it is not an instance of. Becomes a `TypeError` that
/// names both types.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let number = py.eval(c"1", None, None).unwrap();
///     let error = number.cast::<PyList>().unwrap_err();
///     assert_eq!(error.to_string(), "'int' object is not an instance of 'list'");
/// });
/// ```
#[doc(alias = "DowncastError")]
pub struct CastError<'a, 'py> {
    object: Borrowed<'a, 'py, PyAny>,
    class: Bound<'py, PyAny>,
}

impl<'a, 'py> CastError<'a, 'py> {
    /// Creates the error of casting `object` to `class`: a class or a tuple of classes.
    #[cold]
    pub fn new(object: Borrowed<'a, 'py, PyAny>, class: Bound<'py, PyAny>) -> Self {
        Self { object, class }
    }

    pub(crate) fn object(&self) -> Borrowed<'a, 'py, PyAny> {
        self.object
    }

    pub(crate) fn class(&self) -> &Bound<'py, PyAny> {
        &self.class
    }
}

/// A [`CastError`] that owns the object.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let number = py.eval(c"1", None, None).unwrap();
///     let error = number.cast_into::<PyList>().unwrap_err();
///     assert_eq!(error.to_string(), "'int' object is not an instance of 'list'");
///     let number: Bound<'_, PyAny> = error.into_inner();
///     assert_eq!(number.to_string(), "1");
/// });
/// ```
#[doc(alias = "DowncastIntoError")]
pub struct CastIntoError<'py> {
    object: Bound<'py, PyAny>,
    class: Bound<'py, PyAny>,
}

impl<'py> CastIntoError<'py> {
    /// Creates the error of casting `object` to `class`: a class or a tuple of classes.
    #[cold]
    pub fn new(object: Bound<'py, PyAny>, class: Bound<'py, PyAny>) -> Self {
        Self { object, class }
    }

    /// Returns the object that was not cast.
    pub fn into_inner(self) -> Bound<'py, PyAny> {
        self.object
    }

    pub(crate) fn class(&self) -> &Bound<'py, PyAny> {
        &self.class
    }
}

fn describe(
    f: &mut fmt::Formatter<'_>,
    object: &Bound<'_, PyAny>,
    class: &Bound<'_, PyAny>,
) -> fmt::Result {
    let from = crate::types::typeobject::type_of(object).into_any();
    f.write_str(&text(&from, class))
}

/// Returns the message for an object of type `from` and the class.
fn text(from: &Bound<'_, PyAny>, class: &Bound<'_, PyAny>) -> String {
    let to = crate::types::typeobject::describe_classinfo(class);
    // SAFETY: attached; `None` is always alive.
    let none_type = unsafe { pyo3_ffi::Py_TYPE(pyo3_ffi::Py_None()) };
    if from.as_ptr() == none_type.cast() {
        return format!("'None' is not an instance of '{to}'");
    }
    // SAFETY: attached; `from` is the type of an object.
    let builds = unsafe {
        let (from, to) = (from.as_ptr().cast(), class.as_ptr().cast());
        Internals::existing(class.py().local())
            .and_then(|internals| internals.classes().builds_of(from, to))
    };
    let from = crate::types::typeobject::qualname_of_class(from);
    match builds {
        None => format!("'{from}' object is not an instance of '{to}'"),
        Some([found, expected]) => format!(
            "'{from}' object is not an instance of '{to}' of this module, since the modules share \
             the class only if they are built from the same packages, with the same features, \
             compiler and profile: the object is of {found}, this module has {expected}"
        ),
    }
}

impl fmt::Display for CastError<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, &self.object, &self.class)
    }
}

impl fmt::Debug for CastError<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CastError({self})")
    }
}

impl std::error::Error for CastError<'_, '_> {}

impl fmt::Display for CastIntoError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, &self.object, &self.class)
    }
}

impl fmt::Debug for CastIntoError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CastIntoError({self})")
    }
}

impl std::error::Error for CastIntoError<'_> {}

/// Creates the `TypeError`. Its text is created on demand.
#[cold]
pub(super) fn into_type_error(object: Borrowed<'_, '_, PyAny>, class: &Bound<'_, PyAny>) -> PyErr {
    struct Arguments {
        object_type: Py<PyAny>,
        class: Py<PyAny>,
    }
    impl super::PyErrArguments for Arguments {
        fn arguments(self, py: crate::Python<'_>) -> Py<PyAny> {
            let text = text(self.object_type.bind(py), self.class.bind(py));
            crate::types::PyString::new(py, &text).into_any().unbind()
        }
    }
    let object_type = crate::types::typeobject::type_of(&object)
        .into_any()
        .unbind();
    let class = class.clone().unbind();
    crate::exceptions::PyTypeError::new_err(Arguments { object_type, class })
}
