//! Converts one argument; errors name the parameter.
//!
//! A parameter taken by value is converted with [`FromPyObject`]. `&Y` uses [`RefArgument`] of `Y`,
//! and `&mut Y` uses [`RefMutArgument`]. A plain name uses [`NamedArgument`]: it may be an alias of
//! `&Bound<'_, T>`. These may store a borrow guard or a converted string in a
//! *holder*, which the caller declares and drops after the call. Argument objects are borrowed for
//! `'py`, the duration of the call: the caller keeps them alive.

use std::ffi::{CStr, OsString};
use std::path::PathBuf;

use crate::capi as ffi;
use crate::convert::FromPyObject;
use crate::convert::traits::private::Token;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, PyTypeCheck, PyTypeInfo};
use crate::types::PyAny;

/// A type that a parameter of type `&Self` can borrow from a Python object.
#[diagnostic::on_unimplemented(
    message = "`&{Self}` cannot be a parameter of a Python function",
    label = "not a Python class, and not a type that can be borrowed from a Python object",
    note = "take the value, a `Vec` for a slice; or `&Bound<'_, …>` if it is a Python type",
    note = "`#[pyclass]` on the definition of a type makes it a Python class"
)]
pub trait RefArgument<'a, 'holder, 'py> {
    /// Storage that outlives the reference.
    type Holder: Default;

    /// The type hint of the argument.
    #[cfg(feature = "experimental-inspect")]
    const INPUT_TYPE: crate::inspect::PyStaticExpr;

    /// Borrows the argument.
    ///
    /// # Errors
    /// If the object has no value of this type.
    fn extract_ref(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Self::Holder,
    ) -> PyResult<&'holder Self>;

    /// Borrows the other operand of an operator of the class `C`. Returns `None` if
    /// [`extract_ref`](RefArgument::extract_ref) would fail.
    ///
    /// # Safety
    /// `slf` must be an instance of the class `C`.
    #[inline]
    unsafe fn extract_operand<C: 'static>(
        slf: *mut ffi::PyObject,
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Self::Holder,
    ) -> Option<&'holder Self> {
        let _ = slf;
        Self::extract_ref(object, holder).ok()
    }
}

/// A type that a parameter of type `&mut Self` can borrow from a Python object.
#[diagnostic::on_unimplemented(
    message = "`&mut {Self}` cannot be a parameter of a Python function",
    label = "not a Python class that can be changed",
    note = "the value of a `#[pyclass]` can be changed, unless the class is `frozen`; any other \
            type is taken by value, and returned if the caller needs it, and a Python list or \
            dict is changed through `&Bound<'_, …>`"
)]
pub trait RefMutArgument<'a, 'holder, 'py> {
    /// Storage that outlives the reference.
    type Holder: Default;

    /// The type hint of the argument.
    #[cfg(feature = "experimental-inspect")]
    const INPUT_TYPE: crate::inspect::PyStaticExpr;

    /// Borrows the argument.
    ///
    /// # Errors
    /// If the object has no value of this type, or the value is already borrowed.
    fn extract_mut(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Self::Holder,
    ) -> PyResult<&'holder mut Self>;
}

/// The type of a parameter that is written as a plain name: a type with [`FromPyObject`], or an
/// alias of `&Bound<'_, T>` or `Option<&Bound<'_, T>>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a Python object",
    note = "`#[derive(FromPyObject)]` implements it; types of other crates have it with the \
            feature of that crate's name: `chrono`, `uuid`, …",
    note = "for a class, take `&{Self}` or `PyRef<'_, {Self}>`, or give it `Clone` and \
            `#[pyclass(from_py_object)]`; for a Python type, take `Bound<'_, {Self}>`"
)]
pub trait NamedArgument<'a, 'holder, 'py>: Sized {
    /// The type hint of the argument. Not called `INPUT_TYPE`, which types have from another trait.
    #[cfg(feature = "experimental-inspect")]
    const ARGUMENT_TYPE: crate::inspect::PyStaticExpr;

    /// Converts or borrows the argument.
    ///
    /// # Errors
    /// The error of the conversion, with a note that names the parameter.
    fn extract_named(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Option<Borrowed<'a, 'py, PyAny>>,
        name: &'static str,
    ) -> PyResult<Self>;
}

#[diagnostic::do_not_recommend]
impl<'a, 'holder, 'py, T: FromPyObject<'a, 'py>> NamedArgument<'a, 'holder, 'py> for T {
    crate::object::hint! { ARGUMENT_TYPE = T::INPUT_TYPE }

    #[inline]
    fn extract_named(
        object: Borrowed<'a, 'py, PyAny>,
        _: &'holder mut Option<Borrowed<'a, 'py, PyAny>>,
        name: &'static str,
    ) -> PyResult<Self> {
        extract(object, name)
    }
}

#[diagnostic::do_not_recommend]
impl<'a: 'holder, 'holder, 'py: 'a, T: PyTypeCheck + 'a> NamedArgument<'a, 'holder, 'py>
    for &'holder Bound<'py, T>
{
    crate::object::hint! { ARGUMENT_TYPE = of::<T>() }

    #[inline]
    fn extract_named(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Option<Borrowed<'a, 'py, PyAny>>,
        name: &'static str,
    ) -> PyResult<Self> {
        let object: &'holder Bound<'py, PyAny> = holder.insert(object);
        let cast = object.cast();
        cast.map_err(|error| named(object.py(), error.into(), name))
    }
}

#[diagnostic::do_not_recommend]
impl<'a: 'holder, 'holder, 'py: 'a, T: PyTypeCheck + 'a> NamedArgument<'a, 'holder, 'py>
    for Option<&'holder Bound<'py, T>>
{
    crate::object::hint! {
        ARGUMENT_TYPE = type_hint_union!(of::<T>(), crate::object::inspect::NONE)
    }

    #[inline]
    fn extract_named(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Option<Borrowed<'a, 'py, PyAny>>,
        name: &'static str,
    ) -> PyResult<Self> {
        extract_optional_named(object, holder, name)
    }
}

impl<'a: 'holder, 'holder, 'py: 'a, T: PyTypeCheck + 'a> RefArgument<'a, 'holder, 'py>
    for Bound<'py, T>
{
    type Holder = Option<Borrowed<'a, 'py, T>>;

    crate::object::hint! { INPUT_TYPE = of::<T>() }

    #[inline]
    fn extract_ref(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Self::Holder,
    ) -> PyResult<&'holder Self> {
        Ok(holder.insert(object.cast()?))
    }
}

impl<'a: 'holder, 'holder, 'py: 'a> RefArgument<'a, 'holder, 'py> for str
where
    &'a str: FromPyObject<'a, 'py>,
{
    type Holder = ();

    crate::object::hint! { INPUT_TYPE = <&'a str>::INPUT_TYPE }

    #[inline]
    fn extract_ref(object: Borrowed<'a, 'py, PyAny>, _: &'holder mut ()) -> PyResult<&'holder str> {
        <&'a str>::extract(object).map_err(Into::into)
    }
}

/// For an alias of `[u8]`; the macros pass slices that they recognize to [`extract_slice`].
impl<'a: 'holder, 'holder, 'py: 'a> RefArgument<'a, 'holder, 'py> for [u8] {
    type Holder = ();

    crate::object::hint! { INPUT_TYPE = <&'a [u8]>::INPUT_TYPE }

    #[inline]
    fn extract_ref(
        object: Borrowed<'a, 'py, PyAny>,
        _: &'holder mut (),
    ) -> PyResult<&'holder [u8]> {
        u8::extract_slice(object)
    }
}

/// The type of the items of a slice that a parameter can borrow: `u8`, from `bytes`.
#[diagnostic::on_unimplemented(
    message = "`&[{Self}]` cannot be a parameter of a Python function",
    label = "a Python object has no slice of such items in it",
    note = "take `Vec<{Self}>`"
)]
pub trait SliceItem: Sized {
    /// Borrows the slice.
    ///
    /// # Errors
    /// If the object has none.
    fn extract_slice<'a, 'py: 'a>(object: Borrowed<'a, 'py, PyAny>) -> PyResult<&'a [Self]>;
}

impl SliceItem for u8 {
    #[inline]
    fn extract_slice<'a, 'py: 'a>(object: Borrowed<'a, 'py, PyAny>) -> PyResult<&'a [u8]> {
        <&'a [u8]>::extract(object).map_err(Into::into)
    }
}

impl<'a, 'holder, 'py> RefArgument<'a, 'holder, 'py> for std::path::Path
where
    PathBuf: FromPyObject<'a, 'py>,
{
    type Holder = Option<PathBuf>;

    crate::object::hint! { INPUT_TYPE = PathBuf::INPUT_TYPE }

    #[inline]
    fn extract_ref(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Option<PathBuf>,
    ) -> PyResult<&'holder Self> {
        Ok(holder.insert(PathBuf::extract(object).map_err(Into::into)?))
    }
}

impl<'a, 'holder, 'py> RefArgument<'a, 'holder, 'py> for std::ffi::OsStr
where
    OsString: FromPyObject<'a, 'py>,
{
    type Holder = Option<OsString>;

    crate::object::hint! { INPUT_TYPE = OsString::INPUT_TYPE }

    #[inline]
    fn extract_ref(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Option<OsString>,
    ) -> PyResult<&'holder Self> {
        Ok(holder.insert(OsString::extract(object).map_err(Into::into)?))
    }
}

/// Wraps an argument that is always given: a required one, `*args` or `**kwargs`.
///
/// # Safety
/// `value` must point to an object that the call keeps alive.
#[inline]
pub unsafe fn required<'py>(
    py: Python<'py>,
    value: *mut ffi::PyObject,
) -> Borrowed<'py, 'py, PyAny> {
    debug_assert!(!value.is_null());
    // SAFETY: not null and kept alive by the call (upheld by the caller).
    unsafe { Borrowed::from_non_null(py, std::ptr::NonNull::new_unchecked(value)) }
}

/// Wraps an argument that may be missing.
///
/// # Safety
/// `value` must be null or point to an object that the call keeps alive.
#[inline]
pub unsafe fn optional<'py>(
    py: Python<'py>,
    value: *mut ffi::PyObject,
) -> Option<Borrowed<'py, 'py, PyAny>> {
    // SAFETY: upheld by the caller: null, or an object that the call keeps alive.
    unsafe { Borrowed::from_ptr_or_opt(py, value) }
}

/// Converts an argument.
///
/// # Errors
/// The error of the conversion, with a note that names the parameter.
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub fn extract<'a, 'py, T: FromPyObject<'a, 'py>>(
    object: Borrowed<'a, 'py, PyAny>,
    name: &'static str,
) -> PyResult<T> {
    if T::PLAIN {
        return match T::extract_plain(object, Token) {
            Some(value) => Ok(value),
            None => extract_any(object, name),
        };
    }
    T::extract(object).map_err(|error| named(object.py(), error.into(), name))
}

/// Converts the required argument at `index`.
///
/// # Safety
/// `index` must be in bounds, and its value point to an object that the call keeps alive.
///
/// # Errors
/// As for [`extract`].
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub unsafe fn extract_at<'py, T: FromPyObject<'py, 'py>>(
    py: Python<'py>,
    values: &[*mut ffi::PyObject],
    index: usize,
    name: &'static str,
) -> PyResult<T> {
    // SAFETY: upheld by the caller: in bounds, and an object that the call keeps alive.
    unsafe { extract(required(py, *values.get_unchecked(index)), name) }
}

/// Implements [`extract`] without the fast path. Out of line: one instance for each type.
#[inline(never)]
fn extract_any<'a, 'py, T: FromPyObject<'a, 'py>>(
    object: Borrowed<'a, 'py, PyAny>,
    name: &'static str,
) -> PyResult<T> {
    T::extract(object).map_err(|error| named(object.py(), error.into(), name))
}

/// Converts or borrows an argument whose type is written as a name.
///
/// # Errors
/// As for [`extract`].
#[inline]
pub fn extract_named<'a, 'holder, 'py, T: NamedArgument<'a, 'holder, 'py>>(
    object: Borrowed<'a, 'py, PyAny>,
    holder: &'holder mut Option<Borrowed<'a, 'py, PyAny>>,
    name: &'static str,
) -> PyResult<T> {
    T::extract_named(object, holder, name)
}

/// Converts or borrows an argument, unless it is `None`.
///
/// # Errors
/// As for [`extract`].
#[inline]
pub fn extract_optional_named<'a, 'holder, 'py, T: NamedArgument<'a, 'holder, 'py>>(
    object: Borrowed<'a, 'py, PyAny>,
    holder: &'holder mut Option<Borrowed<'a, 'py, PyAny>>,
    name: &'static str,
) -> PyResult<Option<T>> {
    if is_none(object) {
        return Ok(None);
    }
    T::extract_named(object, holder, name).map(Some)
}

/// Borrows an argument.
///
/// # Errors
/// As for [`extract`].
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub fn extract_ref<'a, 'holder, 'py, T>(
    object: Borrowed<'a, 'py, PyAny>,
    holder: &'holder mut T::Holder,
    name: &'static str,
) -> PyResult<&'holder T>
where
    T: RefArgument<'a, 'holder, 'py> + ?Sized,
{
    T::extract_ref(object, holder).map_err(|error| named(object.py(), error, name))
}

/// Converts the other operand. Returns `None` on any error.
#[inline]
pub fn operand<'a, 'py, T: FromPyObject<'a, 'py>>(object: Borrowed<'a, 'py, PyAny>) -> Option<T> {
    T::extract(object).ok()
}

/// Borrows the other operand. Returns `None` on any error.
///
/// # Safety
/// `slf` must be an instance of the class `C`.
#[inline]
pub unsafe fn operand_ref<'a, 'holder, 'py, T, C: 'static>(
    slf: *mut ffi::PyObject,
    object: Borrowed<'a, 'py, PyAny>,
    holder: &'holder mut T::Holder,
) -> Option<&'holder T>
where
    T: RefArgument<'a, 'holder, 'py> + ?Sized,
{
    // SAFETY: upheld by the caller: `slf` is an instance of `C`.
    unsafe { T::extract_operand::<C>(slf, object, holder) }
}

/// Borrows an argument of type `&[T]`.
///
/// # Errors
/// As for [`extract`].
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub fn extract_slice<'a, 'py: 'a, T: SliceItem>(
    object: Borrowed<'a, 'py, PyAny>,
    name: &'static str,
) -> PyResult<&'a [T]> {
    T::extract_slice(object).map_err(|error| named(object.py(), error, name))
}

/// Borrows an argument of type `&[T]`, unless it is `None`.
///
/// # Errors
/// As for [`extract`].
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub fn extract_optional_slice<'a, 'py: 'a, T: SliceItem>(
    object: Borrowed<'a, 'py, PyAny>,
    name: &'static str,
) -> PyResult<Option<&'a [T]>> {
    if is_none(object) {
        return Ok(None);
    }
    extract_slice(object, name).map(Some)
}

/// Borrows an argument, unless it is `None`.
///
/// # Errors
/// As for [`extract`].
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub fn extract_optional_ref<'a, 'holder, 'py, T>(
    object: Borrowed<'a, 'py, PyAny>,
    holder: &'holder mut T::Holder,
    name: &'static str,
) -> PyResult<Option<&'holder T>>
where
    T: RefArgument<'a, 'holder, 'py> + ?Sized,
{
    if is_none(object) {
        return Ok(None);
    }
    extract_ref::<T>(object, holder, name).map(Some)
}

/// Borrows an argument mutably.
///
/// # Errors
/// As for [`extract`].
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub fn extract_mut<'a, 'holder, 'py, T>(
    object: Borrowed<'a, 'py, PyAny>,
    holder: &'holder mut T::Holder,
    name: &'static str,
) -> PyResult<&'holder mut T>
where
    T: RefMutArgument<'a, 'holder, 'py> + ?Sized,
{
    T::extract_mut(object, holder).map_err(|error| named(object.py(), error, name))
}

/// Borrows an argument mutably, unless it is `None`.
///
/// # Errors
/// As for [`extract`].
#[cfg_attr(optimize_for_size, inline(never))]
#[cfg_attr(not(optimize_for_size), inline)]
pub fn extract_optional_mut<'a, 'holder, 'py, T>(
    object: Borrowed<'a, 'py, PyAny>,
    holder: &'holder mut T::Holder,
    name: &'static str,
) -> PyResult<Option<&'holder mut T>>
where
    T: RefMutArgument<'a, 'holder, 'py> + ?Sized,
{
    if is_none(object) {
        return Ok(None);
    }
    extract_mut::<T>(object, holder, name).map(Some)
}

/// Converts an argument with the function given by `from_py_with`.
///
/// # Errors
/// As for [`extract`].
#[inline]
pub fn extract_with<'a, 'py, T, E: Into<PyErr>>(
    object: &'a Bound<'py, PyAny>,
    function: fn(&'a Bound<'py, PyAny>) -> Result<T, E>,
    name: &'static str,
) -> PyResult<T> {
    function(object).map_err(|error| named(object.py(), error.into(), name))
}

#[inline]
fn is_none(object: Borrowed<'_, '_, PyAny>) -> bool {
    // SAFETY: a static of CPython.
    object.as_ptr() == unsafe { ffi::Py_None() }
}

/// Adds a note that names the parameter (`BaseException.add_note`).
#[cold]
#[inline(never)]
pub(crate) fn named(py: Python<'_>, error: PyErr, name: &str) -> PyErr {
    let note = crate::types::PyString::new(py, &format!("while processing '{name}'"));
    // SAFETY: attached (`py`); `error` and `note` are alive, and new references are owned by
    // handles. The note is best effort: failures are ignored.
    unsafe {
        let method = ffi::PyObject_GetAttrString(error.value(py).as_ptr(), c"add_note".as_ptr());
        let result = match Bound::from_owned_ptr_or_opt(py, method) {
            Some(method) => ffi::PyObject_CallOneArg(method.as_ptr(), note.as_ptr()),
            None => std::ptr::null_mut(),
        };
        if Bound::from_owned_ptr_or_opt(py, result).is_none() {
            ffi::PyErr_Clear();
        }
    }
    error
}

/// The default `None` of a parameter.
#[diagnostic::on_unimplemented(
    message = "`None` is not a value of `{Self}`",
    label = "expected a value of `{Self}`",
    note = "give another default, or make the parameter an `Option<{Self}>`"
)]
pub trait NoneDefault {
    /// `None`.
    const NONE: Self;
}

impl<T> NoneDefault for Option<T> {
    const NONE: Self = None;
}

/// A default for a parameter of type `Option<T>`: a `T` or an `Option<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a default of a parameter of type `Option<{T}>`",
    label = "expected a `{T}`, or an `Option<{T}>`"
)]
pub trait OptionalDefault<T> {
    /// Converts the default to the parameter's type.
    fn into_option(self) -> Option<T>;
}

impl<T> OptionalDefault<T> for T {
    #[inline]
    fn into_option(self) -> Option<T> {
        Some(self)
    }
}

impl<T> OptionalDefault<T> for Option<T> {
    #[inline]
    fn into_option(self) -> Option<T> {
        self
    }
}

/// Issues the warning of a function with `warn(…)`.
///
/// # Errors
/// The warning, if a filter turns it into an exception.
#[cold]
pub fn warn<C: PyTypeInfo>(py: Python<'_>, message: &CStr) -> PyResult<()> {
    let category = C::type_object_raw(py).cast();
    // SAFETY: attached (`py`); `category` is a type object of this interpreter.
    let status = unsafe { ffi::PyErr_WarnEx(category, message.as_ptr(), 1) };
    crate::error::error_on_minusone(py, status)
}
