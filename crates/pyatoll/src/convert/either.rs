//! `Either`: converted like its contents.

use either::Either;

use crate::convert::{FromPyObject, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyTypeError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

impl<'py, L, R> IntoPyObject<'py> for Either<L, R>
where
    L: IntoPyObject<'py>,
    R: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_union!(L::OUTPUT_TYPE, R::OUTPUT_TYPE) }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        match self {
            Either::Left(value) => value.into_bound_py_any(py),
            Either::Right(value) => value.into_bound_py_any(py),
        }
    }
}

impl<'a, 'py, L, R> IntoPyObject<'py> for &'a Either<L, R>
where
    &'a L: IntoPyObject<'py>,
    &'a R: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_union!(<&'a L>::OUTPUT_TYPE, <&'a R>::OUTPUT_TYPE)
    }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.as_ref().into_pyobject(py)
    }
}

/// The left type is tried first.
impl<'a, 'py, L, R> FromPyObject<'a, 'py> for Either<L, R>
where
    L: FromPyObject<'a, 'py>,
    R: FromPyObject<'a, 'py>,
{
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_union!(L::INPUT_TYPE, R::INPUT_TYPE) }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match L::extract(object) {
            Ok(value) => return Ok(Either::Left(value)),
            Err(error) => pass_recursion_error(object.py(), error.into())?,
        }
        match R::extract(object) {
            Ok(value) => Ok(Either::Right(value)),
            Err(error) => {
                pass_recursion_error(object.py(), error.into())?;
                Err(neither::<L, R>())
            }
        }
    }
}

/// Returns a `RecursionError` as it is: otherwise every level would try the other type, which takes
/// time exponential in the depth.
#[cold]
fn pass_recursion_error(py: Python<'_>, error: PyErr) -> PyResult<()> {
    if error.is_recursion_error(py) {
        return Err(error);
    }
    Ok(())
}

#[cold]
fn neither<L, R>() -> PyErr {
    PyTypeError::new_err(format!(
        "failed to convert the value to 'Union[{}, {}]'",
        std::any::type_name::<L>(),
        std::any::type_name::<R>()
    ))
}

#[cfg(test)]
mod tests {
    use either::Either;
    use proptest::prelude::*;

    use crate::convert::{FromPyObject, IntoPyObjectExt};
    use crate::error::{PyErr, PyResult};
    use crate::exceptions::PyRecursionError;
    use crate::interpreter::Python;
    use crate::object::Borrowed;
    use crate::types::{PyAny, PyAnyMethods, PyList, PyListMethods};

    type Number = Either<i64, String>;

    /// A list of itself, on either side.
    struct Tree(#[allow(dead_code)] Box<Either<Vec<Tree>, Vec<Tree>>>);

    impl<'py> FromPyObject<'_, 'py> for Tree {
        type Error = PyErr;

        #[cfg(feature = "experimental-inspect")]
        const INPUT_TYPE: crate::inspect::PyStaticExpr = crate::object::inspect::INCOMPLETE;

        fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
            Ok(Self(Box::new(object.extract()?)))
        }
    }

    #[test]
    fn a_recursion_error_is_not_tried_again() {
        Python::attach(|py| {
            let items = PyList::empty(py);
            items.append(&items).unwrap();
            let error = items.extract::<Tree>().err().unwrap();
            assert!(error.is_instance_of::<PyRecursionError>(py), "{error}");
        });
    }

    proptest! {
        #[test]
        fn every_value_survives(number: i64, text: String) {
            Python::attach(|py| {
                for value in [Number::Left(number), Number::Right(text.clone())] {
                    for object in [
                        (&value).into_bound_py_any(py)?,
                        value.clone().into_bound_py_any(py)?,
                    ] {
                        assert_eq!(object.extract::<Number>()?, value);
                        assert_eq!(object.extract::<i64>().is_ok(), value.is_left());
                    }
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn the_left_type_is_tried_first_and_may_borrow() {
        Python::attach(|py| {
            let object = py.eval(c"True", None, None)?;
            assert_eq!(object.extract::<Either<bool, i64>>()?, Either::Left(true));
            assert_eq!(object.extract::<Either<i64, bool>>()?, Either::Left(1));
            let text = py.eval(c"'text'", None, None)?;
            let text = text.as_borrowed();
            assert_eq!(text.extract::<Either<i64, &str>>()?, Either::Right("text"));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn another_type_is_refused_with_both_names() {
        Python::attach(|py| {
            for code in [c"None", c"1.5", c"1 << 64"] {
                let error = py.eval(code, None, None)?.extract::<Either<i64, String>>();
                assert_eq!(
                    error.unwrap_err().to_string(),
                    "TypeError: failed to convert the value to 'Union[i64, alloc::string::String]'"
                );
            }
            assert!(PyErr::take(py).is_none());
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
