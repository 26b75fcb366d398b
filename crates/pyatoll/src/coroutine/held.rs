//! Borrowed arguments of an `async fn`: `&T` and `&mut T` of a class, `&str` and the like.
//!
//! The Rust reference lives as long as the future, across `.await`. It borrows from a *holder* in
//! the future, which owns a reference to the object.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use super::token::CoroutineToken;
use crate::class::boolean_struct::False;
use crate::class::guard::{PyClassGuard, PyClassGuardMut};
use crate::class::pyclass::PyClass;
use crate::error::{CastError, PyResult};
use crate::object::{Borrowed, Py};
use crate::types::PyAny;

/// A type that a parameter of type `&Self` of an `async fn` can borrow from a Python object.
#[diagnostic::on_unimplemented(
    message = "`&{Self}` cannot be a parameter of an `async fn`",
    label = "not a Python class, `str`, `[u8]`, `Path` or `OsStr`",
    note = "the future keeps its arguments while it is suspended: take a `Py<T>` instead of a \
            `&Bound<'_, T>`"
)]
pub trait HeldArgument {
    /// Storage that outlives the reference.
    type Holder: Default;

    /// Borrows the argument.
    ///
    /// # Errors
    /// If the object has no value of this type.
    fn extract_held<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        holder: &'h mut Self::Holder,
    ) -> PyResult<&'h Self>;
}

/// A type that a parameter of type `&mut Self` of an `async fn` can borrow from a Python object.
#[diagnostic::on_unimplemented(
    message = "`&mut {Self}` cannot be a parameter of an `async fn`",
    label = "not a Python class that can be changed",
    note = "`#[pyclass]` implements what is needed, unless it is `frozen`"
)]
pub trait HeldMutArgument {
    /// Storage that outlives the reference.
    type Holder: Default;

    /// Borrows the argument.
    ///
    /// # Errors
    /// If the object has no value of this type, or the value is already borrowed.
    fn extract_held_mut<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        holder: &'h mut Self::Holder,
    ) -> PyResult<&'h mut Self>;
}

/// A borrow of an instance's value in the future of a coroutine.
pub struct HeldRef<T: PyClass> {
    /// Dropped before the reference.
    guard: PyClassGuard<'static, T>,
    _object: Py<PyAny>,
}

/// A mutable borrow of an instance's value in the future of a coroutine.
pub struct HeldRefMut<T: PyClass<Frozen = False>> {
    /// Dropped before the reference.
    guard: PyClassGuardMut<'static, T>,
    _object: Py<PyAny>,
}

// SAFETY: the borrow flag, which need not be atomic, is changed in `of` and in the drop only. A
// `CoroutineToken` shows that both run attached to the instance's interpreter, as it is used by the
// future of a coroutine only. The value is shared, which needs a `Sync` type.
unsafe impl<T: PyClass + Sync> Send for HeldRef<T> {}
// SAFETY: the borrow flag is accessed as that of a `HeldRef` is. The value is not shared, which
// needs a `Send` type.
unsafe impl<T: PyClass<Frozen = False> + Send> Send for HeldRefMut<T> {}

/// Returns an instance without the lifetimes of the poll.
///
/// # Safety
/// The object must be an instance of `T`. The result must not be used after the object's last
/// reference is released.
unsafe fn instance<T>(token: CoroutineToken, object: &Py<PyAny>) -> Borrowed<'static, 'static, T> {
    // SAFETY: not null, and an instance of `T` (upheld by the caller).
    unsafe {
        let pointer = NonNull::new_unchecked(object.as_ptr());
        Borrowed::<'static, 'static, PyAny>::from_non_null(token.py(), pointer).cast_unchecked()
    }
}

impl<T: PyClass> HeldRef<T> {
    /// Borrows the value of an instance.
    ///
    /// # Safety
    /// The object must be an instance of `T`.
    pub(super) unsafe fn of(token: CoroutineToken, object: &Py<PyAny>) -> PyResult<Self> {
        // SAFETY: an instance (upheld by the caller), which the reference below keeps alive.
        let guard = PyClassGuard::try_borrow(unsafe { instance(token, object) })?;
        Ok(Self {
            guard,
            _object: object.clone_ref(token.py()),
        })
    }

    pub(super) fn value(&self) -> &T {
        &self.guard
    }
}

impl<T: PyClass<Frozen = False>> HeldRefMut<T> {
    /// Borrows the value of an instance mutably.
    ///
    /// # Safety
    /// The object must be an instance of `T`.
    pub(super) unsafe fn of(token: CoroutineToken, object: &Py<PyAny>) -> PyResult<Self> {
        // SAFETY: an instance (upheld by the caller), which the reference below keeps alive.
        let guard = PyClassGuardMut::try_borrow_mut(unsafe { instance(token, object) })?;
        Ok(Self {
            guard,
            _object: object.clone_ref(token.py()),
        })
    }

    pub(super) fn value(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Checks that the object is an instance of `T`.
fn check_instance<T: PyClass>(token: CoroutineToken, object: &Py<PyAny>) -> PyResult<()> {
    let py = token.py();
    let object = object.bind(py);
    if T::is_type_of(object) {
        return Ok(());
    }
    Err(CastError::new(object.as_borrowed(), T::type_object(py).into_any()).into())
}

impl<T: PyClass> HeldArgument for T {
    type Holder = Option<HeldRef<T>>;

    fn extract_held<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        holder: &'h mut Self::Holder,
    ) -> PyResult<&'h Self> {
        check_instance::<T>(token, object)?;
        // SAFETY: an instance of `T`, as just checked.
        let held = unsafe { HeldRef::of(token, object) }?;
        Ok(holder.insert(held).value())
    }
}

impl<T: PyClass<Frozen = False>> HeldMutArgument for T {
    type Holder = Option<HeldRefMut<T>>;

    fn extract_held_mut<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        holder: &'h mut Self::Holder,
    ) -> PyResult<&'h mut Self> {
        check_instance::<T>(token, object)?;
        // SAFETY: an instance of `T`, as just checked.
        let held = unsafe { HeldRefMut::of(token, object) }?;
        Ok(holder.insert(held).value())
    }
}

impl HeldArgument for str {
    type Holder = ();

    fn extract_held<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        _: &'h mut (),
    ) -> PyResult<&'h Self> {
        // SAFETY: the text is the object's, which `object` keeps alive for `'h`.
        let text: &str = unsafe { instance::<PyAny>(token, object) }.extract()?;
        Ok(text)
    }
}

impl HeldArgument for [u8] {
    type Holder = ();

    fn extract_held<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        _: &'h mut (),
    ) -> PyResult<&'h Self> {
        // SAFETY: the bytes are the object's, which `object` keeps alive for `'h`.
        let bytes: &[u8] = unsafe { instance::<PyAny>(token, object) }.extract()?;
        Ok(bytes)
    }
}

impl HeldArgument for Path {
    type Holder = Option<PathBuf>;

    fn extract_held<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        holder: &'h mut Self::Holder,
    ) -> PyResult<&'h Self> {
        Ok(holder.insert(object.extract(token.py())?))
    }
}

impl HeldArgument for OsStr {
    type Holder = Option<OsString>;

    fn extract_held<'h>(
        token: CoroutineToken,
        object: &'h Py<PyAny>,
        holder: &'h mut Self::Holder,
    ) -> PyResult<&'h Self> {
        Ok(holder.insert(object.extract(token.py())?))
    }
}
