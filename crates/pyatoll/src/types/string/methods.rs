//! [`PyStringMethods`]: the methods of a `str`.

use std::borrow::Cow;

use super::PyStringData;
use crate::error::PyResult;
use crate::object::Bound;
use crate::types::PyBytes;
use crate::types::sealed::Sealed;

/// The methods of `str`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyString;
///
/// Python::attach(|py| {
///     let text = py.eval(c"'ab\\ud800'", None, None)?.cast_into::<PyString>()?;
///     assert_eq!(text.code_point_len()?, 3);
///     assert!(text.to_str().is_err());
///     assert!(text.to_string_lossy().starts_with("ab\u{fffd}"));
///
///     let text = PyString::new(py, "né");
///     assert_eq!(text.to_str()?, "né");
///     assert_eq!(text.encode_utf8()?, "né".as_bytes());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyStringMethods<'py>: Sealed {
    /// Returns the number of code points. The `__len__` of a subclass is not called.
    ///
    /// # Errors
    /// `MemoryError`, for a string that Python 3.11 stores in the legacy form.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "né");
    ///     assert_eq!((text.code_point_len()?, text.to_str()?.len()), (2, 3));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_GetLength`.
    fn code_point_len(&self) -> PyResult<usize>;

    /// Returns the text without a copy: Python caches the UTF-8 in the object.
    ///
    /// # Errors
    /// `UnicodeEncodeError` if the text contains a surrogate.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyString::new(py, "né").to_str()?, "né");
    ///     assert!(py.eval(c"'\\ud800'", None, None)?.cast::<PyString>()?.to_str().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`.
    fn to_str(&self) -> PyResult<&str>;

    /// Returns the text as a [`Cow`]; see [`to_str`](PyStringMethods::to_str).
    ///
    /// # Errors
    /// `UnicodeEncodeError` if the text contains a surrogate.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    /// use std::borrow::Cow;
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "né");
    ///     assert!(matches!(text.to_cow()?, Cow::Borrowed("né")));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`.
    fn to_cow(&self) -> PyResult<Cow<'_, str>>;

    /// Returns the text with each surrogate replaced by three `U+FFFD`; without a copy if there are
    /// none.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'a\\ud800'", None, None)?.cast_into::<PyString>()?;
    ///     assert_eq!(text.to_string_lossy(), "a\u{fffd}\u{fffd}\u{fffd}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`, `PyUnicode_AsEncodedString`.
    fn to_string_lossy(&self) -> Cow<'_, str>;

    /// Returns the text encoded as UTF-8.
    ///
    /// # Errors
    /// `UnicodeEncodeError` if the text contains a surrogate.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyString::new(py, "né").encode_utf8()?.as_bytes(), b"n\xc3\xa9");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_AsUTF8String`.
    fn encode_utf8(&self) -> PyResult<Bound<'py, PyBytes>>;

    /// Returns the code points as CPython stores them.
    ///
    /// # Safety
    /// Before Python 3.14 this reads C bit fields of the object, whose layout the C standard leaves
    /// to the compiler. The layout is verified on the platforms that this library is tested on;
    /// test it on others.
    ///
    /// # Errors
    /// `MemoryError`, for a string that Python 3.11 stores in the legacy form.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyString, string::PyStringData};
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "né");
    ///     // SAFETY: this test runs only on platforms where the layout is known.
    ///     assert_eq!(unsafe { text.data()? }, PyStringData::Ucs1(b"n\xe9"));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_KIND`, `PyUnicode_DATA`.
    unsafe fn data(&self) -> PyResult<PyStringData<'_>>;
}
