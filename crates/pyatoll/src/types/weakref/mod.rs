//! Weak references: the type [`PyWeakref`] for either kind, and the methods of both.
//!
//! | file | concern |
//! |---|---|
//! | `reference.rs` | [`PyWeakrefReference`] |
//! | `proxy.rs` | [`PyWeakrefProxy`] |

mod proxy;
mod reference;

use std::ptr::null_mut;

use pyo3_ffi as ffi;

pub use proxy::PyWeakrefProxy;
pub use reference::PyWeakrefReference;

use super::returned::truth;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, PyTypeCheck, PyTypeInfo};
use crate::types::{PyAny, PyTuple};

/// A weak reference of either kind: a [`PyWeakrefReference`] or a [`PyWeakrefProxy`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyWeakref, PyWeakrefReference};
///
/// Python::attach(|py| {
///     let class = py.eval(c"type('Class', (), {})", None, None)?;
///     let object = class.call0()?;
///     let weak = PyWeakrefReference::new(&object)?;
///     let weak: &Bound<'_, PyWeakref> = weak.cast()?;
///     assert!(weak.upgrade().unwrap().is(&object));
///     drop(object);
///     assert!(weak.upgrade().is_none());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyWeakref_Check`.
#[repr(transparent)]
pub struct PyWeakref(PyAny);

impl crate::object::DerefToPyAny for PyWeakref {}

// SAFETY: the check is CPython's own.
unsafe impl PyTypeCheck for PyWeakref {
    crate::object::hint! {
        TYPE_HINT = type_hint_union!(of::<PyWeakrefProxy>(), of::<PyWeakrefReference>())
    }

    #[inline]
    fn type_check(object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: the object is valid.
        unsafe { ffi::PyWeakref_Check(object.as_ptr()) != 0 }
    }

    fn classinfo_object(py: Python<'_>) -> Bound<'_, PyAny> {
        let classes = PyTuple::new(
            py,
            [
                PyWeakrefProxy::classinfo_object(py),
                <PyWeakrefReference as PyTypeCheck>::classinfo_object(py),
            ],
        );
        match classes {
            Ok(classes) => classes.into_any(),
            Err(error) => panic!("cannot create a tuple: {error}"),
        }
    }
}

/// The methods of [`PyWeakref`], [`PyWeakrefReference`] and [`PyWeakrefProxy`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDict, PySet, PyWeakrefReference};
///
/// Python::attach(|py| {
///     let set = PySet::new(py, ["a"])?;
///     let weak = PyWeakrefReference::new(&set)?;
///     assert_eq!(weak.upgrade_as::<PySet>()?.unwrap().len(), 1);
///     assert!(weak.upgrade_as_exact::<PySet>()?.is_some());
///     assert!(weak.upgrade_as::<PyDict>().is_err());
///     drop(set);
///     assert!(weak.upgrade().is_none());
///     assert!(weak.upgrade_as::<PyDict>()?.is_none());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyWeakref")]
pub trait PyWeakrefMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the object, or `None` if it has been deallocated.
    ///
    /// C API: `PyWeakref_GetRef`.
    #[track_caller]
    fn upgrade(&self) -> Option<Bound<'py, PyAny>>;

    /// Upgrades the reference and casts the object to `T`; see
    /// [`upgrade`](PyWeakrefMethods::upgrade).
    ///
    /// # Errors
    /// `TypeError` if the object is not a `T`.
    ///
    /// C API: `PyWeakref_GetRef`.
    fn upgrade_as<T>(&self) -> PyResult<Option<Bound<'py, T>>>
    where
        T: PyTypeCheck,
    {
        Ok(self.upgrade().map(Bound::cast_into).transpose()?)
    }

    /// Upgrades the reference and casts the object to exactly `T`, not a subclass; see
    /// [`upgrade_as`](PyWeakrefMethods::upgrade_as).
    ///
    /// # Errors
    /// `TypeError` if the class of the object is not `T`.
    ///
    /// C API: `PyWeakref_GetRef`.
    fn upgrade_as_exact<T>(&self) -> PyResult<Option<Bound<'py, T>>>
    where
        T: PyTypeInfo,
    {
        Ok(self.upgrade().map(Bound::cast_into_exact).transpose()?)
    }

    /// Upgrades the reference and casts the object to `T` without a check; see
    /// [`upgrade`](PyWeakrefMethods::upgrade).
    ///
    /// # Safety
    /// The object must be a `T`.
    ///
    /// C API: `PyWeakref_GetRef`.
    unsafe fn upgrade_as_unchecked<T>(&self) -> Option<Bound<'py, T>> {
        // SAFETY: the caller guarantees that the object is a `T`.
        Some(unsafe { self.upgrade()?.cast_into_unchecked() })
    }
}

impl<'py> PyWeakrefMethods<'py> for Bound<'py, PyWeakref> {
    #[track_caller]
    fn upgrade(&self) -> Option<Bound<'py, PyAny>> {
        upgrade(self)
    }
}

/// Returns the referent of a weak reference of either kind.
#[track_caller]
fn upgrade<'py>(weak: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let mut object = null_mut();
    // SAFETY: attached; `weak` is a weak reference; `object` is a new reference or null.
    unsafe {
        let found = ffi::compat::PyWeakref_GetRef(weak.as_ptr(), &raw mut object);
        if let Err(error) = truth(weak.py(), found) {
            panic!("not a weak reference: {error}");
        }
        Bound::from_owned_ptr_or_opt(weak.py(), object)
    }
}

#[cfg(test)]
mod tests {
    use super::{PyWeakref, PyWeakrefMethods, PyWeakrefProxy, PyWeakrefReference};
    use crate::interpreter::Python;
    use crate::object::Bound;
    use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods};

    fn names(py: Python<'_>) -> Bound<'_, PyDict> {
        let names = PyDict::new(py);
        let code = c"
import weakref
class Class:
    attribute = 'value'
class Callable(Class):
    def __call__(self): return 'called'
class Ref(weakref.ref): pass
dead = []
";
        py.run(code, Some(&names), None).unwrap();
        names
    }

    fn eval<'py>(names: &Bound<'py, PyDict>, code: &std::ffi::CStr) -> Bound<'py, PyAny> {
        names.py().eval(code, Some(names), None).unwrap()
    }

    #[test]
    fn casts_distinguish_the_kinds() {
        Python::attach(|py| {
            let names = names(py);
            names
                .set_item("object", eval(&names, c"Callable()"))
                .unwrap();
            let reference = eval(&names, c"Ref(object)");
            let proxies = [
                eval(&names, c"weakref.proxy(object)"),
                eval(&names, c"weakref.proxy(Class)"),
            ];
            assert!(reference.cast::<PyWeakref>().is_ok());
            assert!(reference.cast::<PyWeakrefReference>().is_ok());
            assert!(reference.cast::<PyWeakrefProxy>().is_err());
            for proxy in proxies {
                assert!(proxy.cast::<PyWeakref>().is_ok());
                assert!(proxy.cast::<PyWeakrefProxy>().is_ok());
                assert!(proxy.cast::<PyWeakrefReference>().is_err());
            }
            let error = names.cast::<PyWeakref>().unwrap_err().to_string();
            assert!(error.contains("ProxyType"), "{error}");
        });
    }

    #[test]
    fn a_deallocated_object_upgrades_to_none_and_its_callback_is_called() {
        Python::attach(|py| {
            let names = names(py);
            let object = eval(&names, c"Class()");
            let callback = eval(&names, c"dead.append");
            let reference = PyWeakrefReference::new_with(&object, &callback).unwrap();
            let proxy = PyWeakrefProxy::new_with(&object, &callback).unwrap();
            assert!(reference.upgrade().unwrap().is(&object));
            assert!(proxy.upgrade().unwrap().is(&object));
            assert_eq!(proxy.getattr("attribute").unwrap().to_string(), "value");
            drop(object);
            assert!(reference.upgrade().is_none() && proxy.upgrade().is_none());
            assert!(proxy.getattr("attribute").is_err());
            assert_eq!(eval(&names, c"len(dead)").to_string(), "2");
        });
    }

    #[test]
    fn an_object_without_support_for_weak_references_is_refused() {
        Python::attach(|py| {
            let number = eval(&names(py), c"1");
            assert!(PyWeakrefReference::new(&number).is_err());
            assert!(PyWeakrefProxy::new(&number).is_err());
        });
    }
}
