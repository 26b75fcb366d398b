//! Examples that the traits of classes must reject at compile time. They are not under `tests/ui`,
//! since the compiler prints paths of this library in these errors, not always in the same form.

/// Instances are shared between threads, so a class must be `Send` and `Sync`, or `unsendable`.
///
/// ```compile_fail,E0277
/// # use pyatoll::prelude::*;
/// #[pyclass]
/// struct NotSend(std::rc::Rc<u8>);
/// ```
///
/// ```
/// # use pyatoll::prelude::*;
/// #[pyclass(unsendable)]
/// struct NotSend(std::rc::Rc<u8>);
/// ```
struct ClassesAreShared;

/// A class can be extended only if it has `subclass`.
///
/// ```compile_fail,E0277
/// # use pyatoll::prelude::*;
/// #[pyclass]
/// struct Final;
/// #[pyclass(extends = Final)]
/// struct ExtendsFinal;
/// ```
///
/// ```
/// # use pyatoll::prelude::*;
/// #[pyclass(subclass)]
/// struct Base;
/// #[pyclass(extends = Base)]
/// struct ExtendsBase;
/// ```
struct ClassesAreFinal;

/// A frozen class cannot be borrowed mutably.
///
/// ```compile_fail,E0271
/// # use pyatoll::prelude::*;
/// #[pyclass(frozen)]
/// struct Frozen(u8);
/// fn mutable(frozen: &Bound<'_, Frozen>) {
///     frozen.borrow_mut();
/// }
/// ```
struct FrozenStaysFrozen;

/// Only the value of a frozen class can be read without a borrow.
///
/// ```compile_fail,E0271
/// # use pyatoll::prelude::*;
/// #[pyclass]
/// struct NotFrozen(u8);
/// fn shared(value: &Bound<'_, NotFrozen>) -> u8 {
///     value.get().0
/// }
/// ```
struct OthersAreBorrowed;

/// A class can be pickled only if what is in its base class is known.
///
/// ```compile_fail,E0277
/// # use pyatoll::prelude::*;
/// #[pyclass(subclass)]
/// struct Base;
/// #[pyclass(pickle, extends = Base)]
/// struct Derived;
/// ```
///
/// ```compile_fail,E0277
/// # use pyatoll::prelude::*;
/// #[pyclass(pickle, extends = pyatoll::exceptions::PyException)]
/// struct Derived;
/// ```
///
/// ```
/// # use pyatoll::prelude::*;
/// #[pyclass(pickle, subclass)]
/// struct Base;
/// #[pyclass(pickle, extends = Base)]
/// struct Derived;
/// ```
struct BasesArePickled;

/// A class can be pickled only if its fields can be converted both ways.
///
/// ```compile_fail,E0277
/// # use pyatoll::prelude::*;
/// #[pyclass(pickle)]
/// struct Locked(std::sync::Mutex<u8>);
/// ```
///
/// ```
/// # use pyatoll::prelude::*;
/// #[pyclass(pickle)]
/// struct Open(u8);
/// ```
struct FieldsAreConverted;

/// A Python enum has no methods of Rust.
///
/// ```compile_fail,E0277
/// # use pyatoll::prelude::*;
/// #[pyclass(enum = "Enum")]
/// enum Color {
///     Red,
/// }
/// #[pymethods]
/// impl Color {
///     fn method(&self) {}
/// }
/// ```
///
/// ```
/// # use pyatoll::prelude::*;
/// #[pyclass]
/// enum Color {
///     Red,
/// }
/// #[pymethods]
/// impl Color {
///     fn method(&self) {}
/// }
/// ```
struct NativeEnumsHaveNoMethods;

/// A value that is outside of its instance, or used by several modules, holds no Python object.
///
/// ```compile_fail,E0080
/// # use pyatoll::prelude::*;
/// # use pyatoll::{PyTraverseError, PyVisit};
/// #[pyclass(frozen, shareable)]
/// struct Shared;
/// #[pymethods]
/// impl Shared {
///     fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
///         Ok(())
///     }
/// }
/// Python::attach(|py| drop(py.get_type::<Shared>()));
/// ```
///
/// ```compile_fail,E0080
/// # use pyatoll::prelude::*;
/// # use pyatoll::{PyTraverseError, PyVisit};
/// #[pyclass(cross_module)]
/// struct Common;
/// unsafe impl pyatoll::pyclass::CrossModule for Common {}
/// #[pymethods]
/// impl Common {
///     fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
///         Ok(())
///     }
/// }
/// Python::attach(|py| drop(py.get_type::<Common>()));
/// ```
///
/// ```
/// # use pyatoll::prelude::*;
/// # use pyatoll::{PyTraverseError, PyVisit};
/// #[pyclass]
/// struct Own;
/// #[pymethods]
/// impl Own {
///     fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
///         Ok(())
///     }
/// }
/// Python::attach(|py| drop(py.get_type::<Own>()));
/// ```
struct OutsideValuesAreNotTraversed;
