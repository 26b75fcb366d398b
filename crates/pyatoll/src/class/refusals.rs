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
