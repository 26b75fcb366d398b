//! `type`.

use super::compat;
use super::returned::{new_reference, truth};
use crate::capi as ffi;
use crate::error::PyResult;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Bound, PyTypeInfo};
use crate::types::{PyAny, PyAnyMethods, PyString, PyTuple};

pub use crate::object::PyType;

native_type!(PyType: ("builtins", "type"), PyType_Type, PyType_Check);

impl PyType {
    /// Returns the class of `T` in the token's interpreter, like [`Python::get_type`].
    #[inline]
    pub fn new<T: PyTypeInfo>(py: Python<'_>) -> Bound<'_, PyType> {
        T::type_object(py)
    }

    /// Creates a new reference to a class from a borrowed pointer.
    ///
    /// # Safety
    /// `p` must point to a live class of the token's interpreter.
    ///
    /// # Panics
    /// If `p` is null.
    ///
    /// C API: `Py_NewRef`.
    #[inline]
    #[track_caller]
    pub unsafe fn from_borrowed_type_ptr(
        py: Python<'_>,
        p: *mut ffi::PyTypeObject,
    ) -> Bound<'_, PyType> {
        // SAFETY: upheld by the caller: a live class of the token's interpreter.
        unsafe { Bound::from_borrowed_ptr(py, p.cast()).cast_into_unchecked() }
    }
}

/// The methods of [`PyType`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyBool, PyInt, PyString};
///
/// Python::attach(|py| {
///     let bool = py.get_type::<PyBool>();
///     assert_eq!(bool.qualname()?.to_string(), "bool");
///     assert_eq!(bool.module()?.to_string(), "builtins");
///     assert_eq!(bool.fully_qualified_name()?.to_string(), "bool");
///     assert!(bool.is_subclass_of::<PyInt>()?);
///     assert!(!bool.is_subclass(&py.get_type::<PyString>())?);
///     assert_eq!(bool.bases().to_string(), "(<class 'int'>,)");
///     assert_eq!(bool.mro().len(), 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyType")]
pub trait PyTypeMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the address of the class, borrowed from `self`.
    ///
    /// C API: `PyTypeObject`.
    fn as_type_ptr(&self) -> *mut ffi::PyTypeObject;

    /// Returns the `__name__` of the class.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// C API: `PyType_GetName`.
    fn name(&self) -> PyResult<Bound<'py, PyString>>;

    /// Returns the `__qualname__` of the class, which includes the enclosing classes and functions.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// C API: `PyType_GetQualName`.
    fn qualname(&self) -> PyResult<Bound<'py, PyString>>;

    /// Returns the `__module__` of the class.
    ///
    /// # Errors
    /// If it is missing or not a `str`.
    ///
    /// C API: `PyType_GetModuleName`, since 3.13.
    fn module(&self) -> PyResult<Bound<'py, PyString>>;

    /// Returns module and qualified name; only the latter for `builtins` and `__main__`.
    ///
    /// # Errors
    /// If the class has no module.
    ///
    /// C API: `PyType_GetFullyQualifiedName`, since 3.13.
    fn fully_qualified_name(&self) -> PyResult<Bound<'py, PyString>>;

    /// Returns `issubclass(class, other)`, where `other` is a class or a tuple of classes.
    ///
    /// # Errors
    /// `TypeError` if `other` is neither; any error of `__subclasscheck__`.
    ///
    /// C API: `PyObject_IsSubclass`.
    fn is_subclass(&self, other: &Bound<'_, PyAny>) -> PyResult<bool>;

    /// Returns whether the class is `T`'s or derives from it; see
    /// [`is_subclass`](PyTypeMethods::is_subclass).
    ///
    /// # Errors
    /// If `__subclasscheck__` raises.
    ///
    /// C API: `PyObject_IsSubclass`.
    fn is_subclass_of<T>(&self) -> PyResult<bool>
    where
        T: PyTypeInfo;

    /// Returns the method resolution order, starting with the class itself: its `__mro__`.
    ///
    /// C API: `PyTypeObject.tp_mro`.
    #[track_caller]
    fn mro(&self) -> Bound<'py, PyTuple>;

    /// Returns the base classes: its `__bases__`.
    ///
    /// C API: `PyTypeObject.tp_bases`.
    #[track_caller]
    fn bases(&self) -> Bound<'py, PyTuple>;
}

impl<'py> PyTypeMethods<'py> for Bound<'py, PyType> {
    #[inline]
    fn as_type_ptr(&self) -> *mut ffi::PyTypeObject {
        self.as_ptr().cast()
    }

    fn name(&self) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached; `self` is a class; returns a new `str` or null.
        unsafe { new_reference(self.py(), ffi::PyType_GetName(self.as_type_ptr())) }
    }

    fn qualname(&self) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached; `self` is a class; returns a new `str` or null.
        unsafe { new_reference(self.py(), ffi::PyType_GetQualName(self.as_type_ptr())) }
    }

    fn module(&self) -> PyResult<Bound<'py, PyString>> {
        Ok(compat::module_of_class(self)?.cast_into()?)
    }

    fn fully_qualified_name(&self) -> PyResult<Bound<'py, PyString>> {
        compat::fully_qualified_name(self)
    }

    fn is_subclass(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        // SAFETY: attached; `self` and `other` are valid objects.
        let result = unsafe { ffi::PyObject_IsSubclass(self.as_ptr(), other.as_ptr()) };
        truth(self.py(), result)
    }

    fn is_subclass_of<T>(&self) -> PyResult<bool>
    where
        T: PyTypeInfo,
    {
        self.is_subclass(&T::type_object(self.py()))
    }

    fn mro(&self) -> Bound<'py, PyTuple> {
        own_tuple(self, intern!(self.py(), "__mro__"))
    }

    fn bases(&self) -> Bound<'py, PyTuple> {
        own_tuple(self, intern!(self.py(), "__bases__"))
    }
}

/// Returns a tuple attribute as `type` defines it, ignoring overrides of the metaclass.
#[track_caller]
fn own_tuple<'py>(class: &Bound<'py, PyType>, name: &Bound<'py, PyString>) -> Bound<'py, PyTuple> {
    let py = class.py();
    let value = py
        .get_type::<PyType>()
        .getattr(intern!(py, "__dict__"))
        .and_then(|names| names.get_item(name))
        .and_then(|descriptor| descriptor.call_method1(intern!(py, "__get__"), (class,)));
    match value.map(Bound::cast_into) {
        Ok(Ok(tuple)) => tuple,
        // `None`: the class is still under construction.
        Ok(Err(_)) => PyTuple::empty(py),
        Err(error) => panic!("a class without {name}: {error}"),
    }
}

/// Returns the class of the object.
#[inline]
pub(crate) fn type_of<'py>(object: &Bound<'py, PyAny>) -> Bound<'py, PyType> {
    // SAFETY: attached; the object keeps its class alive.
    unsafe {
        let class = ffi::Py_TYPE(object.as_ptr()).cast();
        Bound::from_borrowed_ptr(object.py(), class).cast_into_unchecked()
    }
}

/// Returns an attribute of a class as text, for messages.
fn name_attribute(class: &Bound<'_, PyAny>, name: &std::ffi::CStr) -> String {
    // SAFETY: attached; `class` is valid; returns a new reference or null.
    unsafe {
        let name = ffi::PyObject_GetAttrString(class.as_ptr(), name.as_ptr());
        match Bound::from_owned_ptr_or_opt(class.py(), name) {
            Some(name) => crate::types::string::to_string_lossy(&name).into_owned(),
            None => {
                ffi::PyErr_Clear();
                "<unknown>".to_owned()
            }
        }
    }
}

/// Returns `type(object).__name__`, for messages.
pub(crate) fn name_of_type(object: &Bound<'_, PyAny>) -> String {
    name_attribute(&type_of(object), c"__name__")
}

/// Returns `type(object).__qualname__`, for messages.
pub(crate) fn qualname_of_type(object: &Bound<'_, PyAny>) -> String {
    qualname_of_class(&type_of(object))
}

/// Returns `class.__qualname__`, for messages.
pub(crate) fn qualname_of_class(class: &Bound<'_, PyAny>) -> String {
    name_attribute(class, c"__qualname__")
}

/// Returns the name of a class, the names of a tuple of classes joined by `|`, or the text of what
/// is neither (a `typing.Union`), for messages.
pub(crate) fn describe_classinfo(class: &Bound<'_, PyAny>) -> String {
    // SAFETY: attached; the indices are in bounds; the tuple keeps its items alive; `None` is
    // always alive.
    unsafe {
        if class.as_ptr() == ffi::Py_TYPE(ffi::Py_None()).cast() {
            return "None".to_owned();
        }
        if ffi::PyType_Check(class.as_ptr()) != 0 {
            return qualname_of_class(class);
        }
        if ffi::PyTuple_Check(class.as_ptr()) == 0 {
            return class.to_string();
        }
        let names: Vec<String> = (0..ffi::PyTuple_Size(class.as_ptr()))
            .map(|index| {
                let item = ffi::PyTuple_GetItem(class.as_ptr(), index);
                describe_classinfo(&Bound::from_borrowed_ptr(class.py(), item))
            })
            .collect();
        names.join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::PyTypeMethods;
    use crate::interpreter::Python;
    use crate::object::Bound;
    use crate::types::{PyAnyMethods, PyDict, PyInt, PyType};

    fn classes(py: Python<'_>) -> Bound<'_, PyDict> {
        let names = PyDict::new(py);
        let code = c"
class Meta(type):
    __mro__ = 'not this'
    __bases__ = 'nor this'
class Outer:
    class Inner(int, metaclass=Meta):
        pass
class Odd:
    pass
Odd.__module__ = 7
";
        py.run(code, Some(&names), None).unwrap();
        names
    }

    fn class<'py>(names: &Bound<'py, PyDict>, code: &std::ffi::CStr) -> Bound<'py, PyType> {
        let class = names.py().eval(code, Some(names), None).unwrap();
        class.cast_into().unwrap()
    }

    #[test]
    fn a_nested_class_has_a_qualified_name() {
        Python::attach(|py| {
            let names = classes(py);
            py.run(c"Outer.Inner.__module__ = 'a.b'", Some(&names), None)
                .unwrap();
            let inner = class(&names, c"Outer.Inner");
            assert_eq!(inner.name().unwrap().to_string(), "Inner");
            assert_eq!(inner.qualname().unwrap().to_string(), "Outer.Inner");
            assert_eq!(inner.module().unwrap().to_string(), "a.b");
            let full = inner.fully_qualified_name().unwrap();
            assert_eq!(full.to_string(), "a.b.Outer.Inner");
        });
    }

    #[test]
    fn the_full_name_of_a_builtin_omits_the_module() {
        Python::attach(|py| {
            let int = py.get_type::<PyInt>();
            assert_eq!(int.fully_qualified_name().unwrap().to_string(), "int");
        });
    }

    #[test]
    fn a_module_that_is_not_a_str_is_an_error_or_omitted() {
        Python::attach(|py| {
            let odd = class(&classes(py), c"Odd");
            assert!(odd.module().is_err());
            assert_eq!(odd.fully_qualified_name().unwrap().to_string(), "Odd");
        });
    }

    #[test]
    fn a_metaclass_cannot_hide_the_bases() {
        Python::attach(|py| {
            let inner = class(&classes(py), c"Outer.Inner");
            assert_eq!(inner.bases().to_string(), "(<class 'int'>,)");
            let mro = inner.mro();
            assert!(
                mro.to_string()
                    .ends_with("<class 'int'>, <class 'object'>)")
            );
            assert!(inner.is_subclass_of::<PyInt>().unwrap());
            assert!(
                inner
                    .is_subclass(inner.getattr("real").unwrap().as_any())
                    .is_err()
            );
        });
    }
}
