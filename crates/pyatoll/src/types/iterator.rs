//! The iterator protocol: `collections.abc.Iterator`.

use std::ptr::null_mut;

use super::imported;
use super::returned::{new_reference, size, truth};
use crate::capi as ffi;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Bound, Py, PyTypeInfo};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyType};

/// A Python iterator: any object whose class has `__next__`. `Bound<'py, PyIterator>` is a Rust
/// [`Iterator`] over results.
///
/// `next` may be called again after an error; the result depends on the iterator.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyIterator;
///
/// Python::attach(|py| {
///     let items = PyIterator::from_object(&py.eval(c"['a', 'b']", None, None)?)?;
///     assert_eq!(items.size_hint().0, 2);
///     let texts: Vec<String> = items.map(|item| Ok(item?.to_string())).collect::<PyResult<_>>()?;
///     assert_eq!(texts, ["a", "b"]);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyIter_Check`, `PyIter_NextItem`.
#[repr(transparent)]
pub struct PyIterator(PyAny);

impl crate::object::DerefToPyAny for PyIterator {}

// SAFETY: the interpreter's slot keeps the class alive; any object with `tp_iternext` is
// acceptable, for which `is_type_of` checks.
unsafe impl PyTypeInfo for PyIterator {
    crate::object::hint! { TYPE_HINT = type_hint_identifier!("collections.abc", "Iterator") }

    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject {
        static CLASS: InterpreterLocal<Py<PyType>> = InterpreterLocal::lasting();
        imported::class(py, &CLASS, c"collections.abc", c"Iterator")
    }

    #[inline]
    fn is_type_of(object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: the object is valid.
        unsafe { ffi::PyIter_Check(object.as_ptr()) != 0 }
    }
}

impl PyIterator {
    /// Returns `iter(obj)`. [`try_iter`](crate::types::PyAnyMethods::try_iter) is the shorter form.
    ///
    /// # Errors
    /// `TypeError` if the object cannot be iterated over; any error of its `__iter__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyIterator;
    ///
    /// Python::attach(|py| {
    ///     let mut items = PyIterator::from_object(&py.eval(c"'ab'", None, None)?)?;
    ///     assert_eq!(items.next().unwrap()?.to_string(), "a");
    ///     assert!(PyIterator::from_object(&py.eval(c"5", None, None)?).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetIter`.
    pub fn from_object<'py>(obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
        // SAFETY: attached; returns a new reference to an iterator or null.
        unsafe { new_reference(obj.py(), ffi::PyObject_GetIter(obj.as_ptr())) }
    }
}

/// The result of sending a value to a generator: see [`send`](Bound::<PyIterator>::send).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyIterator, iterator::PySendResult};
///
/// Python::attach(|py| {
///     let generator = py.eval(c"(x for x in 'a')", None, None)?.cast_into::<PyIterator>()?;
///     let none = py.None().into_bound(py);
///     assert!(matches!(generator.send(&none)?, PySendResult::Next(item) if item.eq("a")?));
///     assert!(matches!(generator.send(&none)?, PySendResult::Return(value) if value.is_none()));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PySendResult`.
#[derive(Debug)]
pub enum PySendResult<'py> {
    /// The generator yielded a value.
    Next(Bound<'py, PyAny>),
    /// The generator returned a value.
    Return(Bound<'py, PyAny>),
}

impl<'py> Bound<'py, PyIterator> {
    /// Sends a value to a generator or coroutine, which resumes it. Other iterators accept only
    /// `None`, which means `next`.
    ///
    /// # Errors
    /// If the generator raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyIterator, iterator::PySendResult};
    ///
    /// Python::attach(|py| {
    ///     py.run(c"def echo():\n    x = yield 'first'\n    return x", None, None)?;
    ///     let generator = py.eval(c"echo()", None, None)?.cast_into::<PyIterator>()?;
    ///     let none = py.None().into_bound(py);
    ///     let PySendResult::Next(first) = generator.send(&none)? else { unreachable!() };
    ///     assert_eq!(first.to_string(), "first");
    ///     let PySendResult::Return(last) = generator.send(&first)? else { unreachable!() };
    ///     assert_eq!(last.to_string(), "first");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyIter_Send`.
    pub fn send(&self, value: &Bound<'py, PyAny>) -> PyResult<PySendResult<'py>> {
        let py = self.py();
        let mut result = null_mut();
        // SAFETY: attached; `self` is an iterator, `value` a valid object. Unless the call fails,
        // `result` is a new reference.
        unsafe {
            match ffi::PyIter_Send(self.as_ptr(), value.as_ptr(), &raw mut result) {
                ffi::PySendResult::PYGEN_ERROR => Err(PyErr::fetch(py)),
                ffi::PySendResult::PYGEN_RETURN => {
                    Ok(PySendResult::Return(Bound::from_owned_ptr(py, result)))
                }
                ffi::PySendResult::PYGEN_NEXT => {
                    Ok(PySendResult::Next(Bound::from_owned_ptr(py, result)))
                }
            }
        }
    }
}

impl<'py> Iterator for Bound<'py, PyIterator> {
    type Item = PyResult<Bound<'py, PyAny>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let mut item = null_mut();
        // SAFETY: attached; `self` is an iterator; `item` is a new reference or null.
        unsafe {
            let found = ffi::compat::PyIter_NextItem(self.as_ptr(), &raw mut item);
            match truth(self.py(), found) {
                Ok(_) => Bound::from_owned_ptr_or_opt(self.py(), item).map(Ok),
                Err(error) => Some(Err(error)),
            }
        }
    }

    /// Returns the iterator's `__length_hint__`, which is only an estimate. If that raises, the
    /// exception is reported to `sys.unraisablehook`.
    fn size_hint(&self) -> (usize, Option<usize>) {
        // SAFETY: attached; the object is valid.
        let hint = unsafe { ffi::PyObject_LengthHint(self.as_ptr(), 0) };
        let hint = size(self.py(), hint).unwrap_or_else(|error| {
            error.write_unraisable(self.py(), Some(self));
            0
        });
        (hint, None)
    }
}

impl<'py> IntoIterator for &Bound<'py, PyIterator> {
    type Item = PyResult<Bound<'py, PyAny>>;
    type IntoIter = Bound<'py, PyIterator>;

    fn into_iter(self) -> Self::IntoIter {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::PyIterator;
    use crate::exceptions::PyValueError;
    use crate::interpreter::{Python, alone};
    use crate::types::PyDict;

    #[test]
    fn only_objects_with_next_are_iterators() {
        Python::attach(|py| {
            for code in [c"iter([])", c"(x for x in '')", c"map(id, [])"] {
                let object = py.eval(code, None, None).unwrap();
                assert!(object.cast::<PyIterator>().is_ok(), "{object:?}");
            }
            for code in [c"[]", c"1", c"range(3)", c"None"] {
                let object = py.eval(code, None, None).unwrap();
                let error = object.cast::<PyIterator>().unwrap_err().to_string();
                assert!(
                    error.ends_with("is not an instance of 'Iterator'"),
                    "{error}"
                );
            }
            let number = py.eval(c"1", None, None).unwrap();
            assert!(PyIterator::from_object(&number).is_err());
        });
    }

    #[test]
    fn a_generator_that_has_raised_is_exhausted() {
        Python::attach(|py| {
            let names = PyDict::new(py);
            let code = c"
def numbers():
    yield 1
    raise ValueError('no 2')
";
            py.run(code, Some(&names), None).unwrap();
            let numbers = py.eval(c"numbers()", Some(&names), None).unwrap();
            let mut numbers = PyIterator::from_object(&numbers).unwrap();
            assert_eq!(numbers.next().unwrap().unwrap().to_string(), "1");
            let error = numbers.next().unwrap().unwrap_err();
            assert!(error.is_instance_of::<PyValueError>(py));
            assert!(numbers.next().is_none());
        });
    }

    #[test]
    fn iterating_over_a_reference_advances_the_same_iterator() {
        Python::attach(|py| {
            let items = py.eval(c"iter('abc')", None, None).unwrap();
            let items = items.cast_into::<PyIterator>().unwrap();
            for _ in (&items).into_iter().take(2) {}
            assert_eq!(items.count(), 1);
        });
    }

    #[test]
    fn a_length_hint_that_raises_counts_as_zero() {
        alone(|py| {
            let names = PyDict::new(py);
            let code = c"
import sys
class Odd:
    def __iter__(self): return self
    def __next__(self): raise StopIteration
    def __length_hint__(self): raise ValueError('odd')
seen = []
before, sys.unraisablehook = sys.unraisablehook, lambda u: seen.append(str(u.exc_value))
";
            py.run(code, Some(&names), None).unwrap();
            let odd = py.eval(c"Odd()", Some(&names), None).unwrap();
            let hint = PyIterator::from_object(&odd).unwrap().size_hint();
            assert_eq!(hint, (0, None));
            let code = c"sys.unraisablehook = before; assert seen == ['odd'], seen";
            py.run(code, Some(&names), None).unwrap();
        });
    }
}
