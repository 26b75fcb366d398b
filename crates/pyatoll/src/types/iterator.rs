//! Iterators.

use crate::types::PyAny;

/// A Python iterator: any object whose class has `__next__`.
#[repr(transparent)]
pub struct PyIterator(PyAny);

impl crate::object::DerefToPyAny for PyIterator {}
