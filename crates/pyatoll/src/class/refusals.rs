//! What the compiler refuses of classes by their traits, as examples that must not compile. (Not
//! with the other compile errors under `tests/ui`: the compiler words these after paths in this
//! library that it prints one way or another.)

/// A class is shared between threads, so it must be `Send` and `Sync`, or `unsendable`.
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

/// A class is extended only if it says so.
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

/// A frozen class is not borrowed mutably.
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

/// Only a frozen class is read without a borrow.
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
