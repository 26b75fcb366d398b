//! [`PyBackedStr`]: the text of a `str`, without a token.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;

use super::compare_like;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};
use crate::types::{PyAny, PyString, PyStringMethods};

/// The text of a Python `str`, with the object. It can be read without a token, on any thread, and
/// after the end of the object's interpreter.
///
/// The text is a copy. A reference does not keep a `str` in memory beyond the end of its
/// interpreter: CPython (3.12 and later) makes names immortal, and frees them at the end even if
/// references to them remain. Any `str` may become a name while it is in use, through `setattr` or
/// the creation of a code object. A text of up to 22 bytes is stored inside the value, and moves
/// with it; clones of a longer one share the copy.
///
/// In the object's interpreter, conversion to Python returns the object itself; in another one, it
/// returns a new `str`. If the value outlives the interpreter, the object stays in memory, as for a
/// [`Py`](crate::Py#after-the-end).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::SubInterpreter;
/// use pyatoll::pybacked::PyBackedStr;
///
/// let sub = SubInterpreter::builder().build()?;
/// let name: PyBackedStr = sub.attach(|py| py.eval(c"'coral'", None, None)?.extract())??;
/// let length = std::thread::scope(|scope| scope.spawn(|| name.len()).join()).unwrap();
/// assert_eq!((length, &*name), (5, "coral"));
///
/// // Other interpreters get a `str` of their own.
/// Python::attach(|py| assert_eq!((&name).into_pyobject(py).unwrap(), "coral"));
/// sub.close()?;
/// assert_eq!(name, "coral");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[cfg_attr(feature = "py-clone", derive(Clone))]
pub struct PyBackedStr {
    object: Py<PyString>,
    text: Text,
}

/// The number of bytes of text that fit into the space of an `Arc<str>` and a tag.
const SHORT: usize = 3 * size_of::<u64>() - 2;

/// A text. Most are short: allocating memory for one would cost more than the rest of its
/// conversion.
enum Text {
    Short {
        len: u8,
        /// The first `len` bytes are UTF-8.
        bytes: [u8; SHORT],
    },
    Long(Arc<str>),
}

const _: () = assert!(size_of::<Text>() == 3 * size_of::<u64>());

impl Text {
    #[inline]
    fn new(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..text.len()) {
            Some(start) => {
                start.copy_from_slice(text.as_bytes());
                let len = text.len() as u8; // at most `SHORT`
                Self::Short { len, bytes }
            }
            None => Self::Long(Arc::from(text)),
        }
    }

    #[inline]
    fn as_str(&self) -> &str {
        match self {
            // SAFETY: a `Short` is only made of `len` bytes of a `str`, and never changed.
            Self::Short { len, bytes } => unsafe {
                std::str::from_utf8_unchecked(bytes.get_unchecked(..usize::from(*len)))
            },
            Self::Long(text) => text,
        }
    }
}

impl Clone for Text {
    /// Copies the value as a whole: a clone of the variant's fields would be stored in pieces, and
    /// the move that follows would wait for them: see `interpreter/stored.rs`.
    #[inline]
    fn clone(&self) -> Self {
        if let Self::Long(text) = self {
            mem::forget(Arc::clone(text));
        }
        // SAFETY: plain bytes, or a pointer whose additional reference was just created.
        unsafe { ptr::read(self) }
    }
}

impl PyBackedStr {
    /// Creates another reference to the same text. If the token belongs to another interpreter than
    /// the object, it comes with a new object of that interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::pybacked::PyBackedStr;
    ///
    /// Python::attach(|py| {
    ///     let text: PyBackedStr = py.eval(c"'atoll'", None, None)?.extract()?;
    ///     let same = text.clone_ref(py);
    ///     assert!(same.as_py_str().is(text.as_py_str()));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            object: self.to_object(py).unbind(),
            text: self.text.clone(),
        }
    }

    /// Returns the text.
    #[inline]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Returns the object.
    #[inline]
    pub fn as_py_str(&self) -> &Py<PyString> {
        &self.object
    }

    /// Returns the object, or an equal one in another interpreter.
    #[inline]
    fn to_object<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        match self.object.try_bind(py) {
            Ok(object) => object.clone(),
            Err(_) => PyString::new(py, self),
        }
    }
}

impl Deref for PyBackedStr {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for PyBackedStr {
    #[inline]
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for PyBackedStr {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<str> for PyBackedStr {
    #[inline]
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Display for PyBackedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

compare_like!(PyBackedStr, str);

/// Fails with a `UnicodeEncodeError` if the text contains a surrogate.
impl TryFrom<Bound<'_, PyString>> for PyBackedStr {
    type Error = PyErr;

    fn try_from(object: Bound<'_, PyString>) -> PyResult<Self> {
        let text = Text::new(object.to_str()?);
        Ok(Self {
            object: object.unbind(),
            text,
        })
    }
}

impl FromPyObject<'_, '_> for PyBackedStr {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        object.cast::<PyString>()?.to_owned().try_into()
    }
}

/// Converts to the object itself, or to an equal one in another interpreter.
impl<'py> IntoPyObject<'py> for PyBackedStr {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyString>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Infallible> {
        (&self).into_pyobject(py)
    }
}

/// Converts to the object itself, or to an equal one in another interpreter.
impl<'py> IntoPyObject<'py> for &PyBackedStr {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyString>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Infallible> {
        Ok(self.to_object(py))
    }
}
