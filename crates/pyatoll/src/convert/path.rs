//! `Path` and `PathBuf`: to a `pathlib.Path`; from a `str` or any object with `__fspath__`.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pyo3_ffi as ffi;

use super::imported::Imported;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

macro_rules! lends_path {
    ($($type:ty),*) => {$(
        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;

            crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("pathlib", "Path") }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                static PATH: Imported = Imported::new(c"pathlib", c"Path");
                let path: &Path = self.as_ref();
                PATH.call(py, (path.as_os_str(),))
            }
        }
    )*};
}

lends_path!(&Path, PathBuf, &PathBuf, Cow<'_, Path>, &Cow<'_, Path>);

impl<'a, 'py> FromPyObject<'a, 'py> for PathBuf {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(of::<crate::types::PyString>(), type_hint_subscript!(type_hint_identifier!("os", "PathLike"), of::<crate::types::PyString>()))
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // SAFETY: attached; a live object; the call returns a new reference, or null with an
        // exception set.
        let path = unsafe {
            Bound::from_owned_ptr_or_err(object.py(), ffi::PyOS_FSPath(object.as_ptr()))?
        };
        OsString::extract(path.as_borrowed()).map(PathBuf::from)
    }
}

/// Borrows from a `str`.
impl<'a, 'py: 'a> FromPyObject<'a, 'py> for Cow<'a, Path> {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(of::<crate::types::PyString>(), type_hint_subscript!(type_hint_identifier!("os", "PathLike"), of::<crate::types::PyString>()))
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<&str>() {
            Ok(path) => Ok(Cow::Borrowed(Path::new(path))),
            Err(_) => object.extract().map(Cow::Owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::path::{Path, PathBuf};

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    #[test]
    fn a_path_survives_as_a_pathlib_path() {
        Python::attach(|py| {
            let value = Path::new("some/file.txt");
            for object in [
                value.into_bound_py_any(py)?,
                value.to_owned().into_bound_py_any(py)?,
                (&value.to_owned()).into_bound_py_any(py)?,
                Cow::Borrowed(value).into_bound_py_any(py)?,
                (&Cow::Borrowed(value)).into_bound_py_any(py)?,
                "some/file.txt".into_bound_py_any(py)?,
            ] {
                let object = object.as_borrowed();
                assert_eq!(object.extract::<PathBuf>()?, value);
                assert_eq!(object.extract::<Cow<'_, Path>>()?, value);
            }
            let object = value.into_bound_py_any(py)?;
            assert!(format!("{object:?}").contains("Path('some/file.txt')"));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf_8_survives() {
        use std::os::unix::ffi::OsStrExt;
        Python::attach(|py| {
            let value = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9"));
            let object = value.into_bound_py_any(py)?;
            assert_eq!(object.as_borrowed().extract::<PathBuf>()?, value);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn bytes_and_numbers_are_refused() {
        Python::attach(|py| {
            for code in [c"b'a'", c"1"] {
                let object = py.eval(code, None, None)?;
                let error = object.as_borrowed().extract::<PathBuf>().unwrap_err();
                assert!(error.to_string().starts_with("TypeError: "));
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
