//! `super`.

use crate::error::PyResult;
use crate::object::Bound;
use crate::types::{PyAny, PyAnyMethods, PyType};

/// Python's `super`: a view of an object through its base classes.
///
/// [`py_super`](PyAnyMethods::py_super) is the shorter form for the object's own class.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyBool, PySuper};
///
/// Python::attach(|py| {
///     let yes = py.eval(c"True", None, None)?;
///     let int = PySuper::new(&py.get_type::<PyBool>(), &yes)?;
///     assert_eq!(yes.call_method1("__and__", (true,))?.to_string(), "True");
///     assert_eq!(int.call_method1("__and__", (true,))?.to_string(), "1");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PySuper_Type`.
#[repr(transparent)]
pub struct PySuper(PyAny);

native_type!(PySuper: ("builtins", "super"), PySuper_Type);

impl PySuper {
    /// Creates `super(ty, obj)`, which looks attributes of `obj` up in the classes that follow `ty`
    /// in the method resolution order.
    ///
    /// # Errors
    /// `TypeError` if `obj` is neither an instance nor a subclass of `ty`.
    ///
    /// C API: `PySuper_Type`.
    pub fn new<'py>(
        ty: &Bound<'py, PyType>,
        obj: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PySuper>> {
        let class = ty.py().get_type::<PySuper>();
        // SAFETY: calling the class itself returns an instance of it.
        Ok(unsafe { class.call1((ty, obj))?.cast_into_unchecked() })
    }
}

#[cfg(test)]
mod tests {
    use super::PySuper;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDict, PyList};

    #[test]
    fn an_overridden_method_is_reached() {
        Python::attach(|py| {
            let names = PyDict::new(py);
            let code = c"
class Base:
    def name(self): return 'base'
class Derived(Base):
    def name(self): return 'derived'
";
            py.run(code, Some(&names), None).unwrap();
            let object = py.eval(c"Derived()", Some(&names), None).unwrap();
            let name = |object: &crate::Bound<'_, crate::PyAny>| {
                object.call_method0("name").unwrap().to_string()
            };
            assert_eq!(name(&object), "derived");
            assert_eq!(
                name(&PySuper::new(&object.get_type(), &object).unwrap()),
                "base"
            );
            assert_eq!(name(&object.py_super().unwrap()), "base");
            assert!(PySuper::new(&py.get_type::<PyList>(), &object).is_err());
        });
    }
}
