//! Examples that the types of this module must reject at compile time. They are not under
//! `tests/ui`, since not every Python has these types.

/// A lock is invariant: what is written through one reference is read through another.
///
/// ```compile_fail
/// # use pyatoll::sync::PyMutex;
/// fn shorter<'a, 's>(mutex: &'a PyMutex<&'static str>) -> &'a PyMutex<&'s str> {
///     mutex
/// }
/// ```
///
/// ```
/// # use pyatoll::sync::PyMutex;
/// fn same<'a, 's>(mutex: &'a PyMutex<&'s str>) -> &'a PyMutex<&'s str> {
///     mutex
/// }
/// ```
struct MutexesAreInvariant;

/// So is what unlocks it.
///
/// ```compile_fail
/// # use pyatoll::sync::PyMutexGuard;
/// fn shorter<'a, 's>(guard: PyMutexGuard<'a, &'static str>) -> PyMutexGuard<'a, &'s str> {
///     guard
/// }
/// ```
///
/// ```compile_fail
/// # use pyatoll::sync::nonpoison::PyMutexGuard;
/// fn shorter<'a, 's>(guard: PyMutexGuard<'a, &'static str>) -> PyMutexGuard<'a, &'s str> {
///     guard
/// }
/// ```
///
/// ```compile_fail
/// # use pyatoll::sync::critical_section::EnteredCriticalSection as Section;
/// fn shorter<'a, 's>(section: Section<'a, &'static str>) -> Section<'a, &'s str> {
///     section
/// }
/// ```
///
/// The lifetime of the borrow may become shorter:
///
/// ```
/// # use pyatoll::sync::critical_section::EnteredCriticalSection as Section;
/// # use pyatoll::sync::{PyMutexGuard, nonpoison};
/// fn guard<'l: 's, 's>(guard: PyMutexGuard<'l, u8>) -> PyMutexGuard<'s, u8> {
///     guard
/// }
/// fn plain<'l: 's, 's>(
///     guard: nonpoison::PyMutexGuard<'l, u8>,
/// ) -> nonpoison::PyMutexGuard<'s, u8> {
///     guard
/// }
/// fn section<'l: 's, 's>(section: Section<'l, u8>) -> Section<'s, u8> {
///     section
/// }
/// ```
struct GuardsAreInvariant;

/// A lock of `lock_api` is locked detached, so its own code can hold no reference to Python.
///
/// ```compile_fail
/// # use pyatoll::Python;
/// # use pyatoll::sync::MutexExt;
/// fn lock<'py, R: lock_api::RawMutex>(py: Python<'py>, mutex: lock_api::Mutex<R, u8>) {
///     drop(mutex.lock_py_attached(py));
/// }
/// ```
///
/// ```
/// # #[cfg(feature = "lock_api")] {
/// # use pyatoll::Python;
/// # use pyatoll::sync::MutexExt;
/// fn lock<'py, R: lock_api::RawMutex + 'static>(py: Python<'py>, mutex: lock_api::Mutex<R, u8>) {
///     drop(mutex.lock_py_attached(py));
/// }
/// # }
/// ```
#[cfg(feature = "lock_api")]
struct RawLocksAreStatic;
