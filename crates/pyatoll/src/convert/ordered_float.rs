//! `OrderedFloat` and `NotNan`: to and from a `float`.

use std::convert::Infallible;

use ordered_float::{NotNan, OrderedFloat};

use super::by_reference::by_reference;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyFloat};

macro_rules! float {
    ($($wrapper:ident<$float:ident>: |$value:ident| $wrapped:expr;)*) => {$(
        impl<'py> IntoPyObject<'py> for $wrapper<$float> {
            type Target = PyFloat;
            type Output = Bound<'py, PyFloat>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyFloat>() }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                self.into_inner().into_pyobject(py)
            }
        }

        by_reference!($wrapper<$float> => PyFloat, Bound<'py, PyFloat>, Infallible);

        impl<'a, 'py> FromPyObject<'a, 'py> for $wrapper<$float> {
            type Error = <$float as FromPyObject<'a, 'py>>::Error;

            crate::object::hint! { INPUT_TYPE = <$float as FromPyObject>::INPUT_TYPE }

            #[inline]
            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let $value = $float::extract(object)?;
                $wrapped
            }
        }
    )*};
}

float! {
    OrderedFloat<f32>: |value| Ok(OrderedFloat(value));
    OrderedFloat<f64>: |value| Ok(OrderedFloat(value));
    NotNan<f32>: |value| NotNan::new(value).map_err(is_nan);
    NotNan<f64>: |value| NotNan::new(value).map_err(is_nan);
}

#[cold]
fn is_nan(error: ordered_float::FloatIsNan) -> PyErr {
    PyValueError::new_err(error.to_string())
}

#[cfg(test)]
mod tests {
    use ordered_float::{NotNan, OrderedFloat};
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyFloat};

    proptest! {
        #[test]
        fn every_float_survives(wide in any::<f64>(), narrow in any::<f32>()) {
            Python::attach(|py| {
                let (wide, narrow) = (OrderedFloat(wide), OrderedFloat(narrow));
                for object in [wide.into_bound_py_any(py)?, (&wide).into_bound_py_any(py)?] {
                    assert!(object.is_exact_instance_of::<PyFloat>());
                    assert_eq!(object.extract::<OrderedFloat<f64>>()?, wide);
                    assert_eq!(object.extract::<NotNan<f64>>().is_ok(), !wide.is_nan());
                }
                for object in [narrow.into_bound_py_any(py)?, (&narrow).into_bound_py_any(py)?] {
                    assert_eq!(object.extract::<OrderedFloat<f32>>()?, narrow);
                }
                if let (Ok(wide), Ok(narrow)) = (NotNan::new(*wide), NotNan::new(*narrow)) {
                    for object in [wide.into_bound_py_any(py)?, (&wide).into_bound_py_any(py)?] {
                        assert_eq!(object.extract::<NotNan<f64>>()?, wide);
                    }
                    let object = (&narrow).into_bound_py_any(py)?;
                    assert_eq!(object.extract::<NotNan<f32>>()?, narrow);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn nan_infinity_and_other_types() {
        Python::attach(|py| {
            let nan = py.eval(c"float('nan')", None, None)?;
            assert!(nan.extract::<OrderedFloat<f64>>()?.is_nan());
            for error in [
                nan.extract::<NotNan<f64>>().unwrap_err(),
                nan.extract::<NotNan<f32>>().unwrap_err(),
            ] {
                assert_eq!(error.to_string(), "ValueError: NotNan constructed with NaN");
            }
            let infinite = py.eval(c"float('-inf')", None, None)?;
            assert_eq!(*infinite.extract::<NotNan<f64>>()?, f64::NEG_INFINITY);
            let text = py.eval(c"'1.0'", None, None)?;
            assert_eq!(
                text.extract::<NotNan<f64>>().unwrap_err().to_string(),
                text.extract::<f64>().unwrap_err().to_string()
            );
            let sub = py.eval(c"type('F', (float,), {})(2.5)", None, None)?;
            assert_eq!(*sub.extract::<OrderedFloat<f32>>()?, 2.5);
            assert_eq!(*py.eval(c"7", None, None)?.extract::<NotNan<f32>>()?, 7.0);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
