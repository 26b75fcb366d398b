//! Constructors: `tp_new`, and `tp_vectorcall` of the type.
//!
//! The body of a constructor is in its `tp_vectorcall`, which CPython uses to call the type itself,
//! with an array of arguments. `tp_new`, used for subclasses and for explicit calls, delegates to
//! it.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::null_mut;

use super::result::raised_if_null;
use crate::call::arguments::{self, Arguments};
use crate::call::output::IntoOutput;
use crate::call::token::{token_of_call, token_of_class};
use crate::call::trampoline::{call_fast_with_keywords, trampoline};
use crate::capi::{self as ffi, type_fields};
use crate::class::initializer::{PyClassInitializer, construct};
use crate::class::items::VectorCall;
use crate::class::pyclass::PyClass;
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::interpreter::{Python, layout};
use crate::object::Bound;

/// A type that a `#[new]` function may return for an instance: the value, `(value, base)`, a
/// [`PyClassInitializer`], an existing instance, or a `Result` of one of these.
pub trait NewOutput<T: PyClass> {
    /// Converts to an initializer.
    ///
    /// # Errors
    /// The error of a `Result`.
    fn into_initializer(self) -> PyResult<PyClassInitializer<T>>;
}

impl<T: PyClass, I: Into<PyClassInitializer<T>>> NewOutput<T> for I {
    #[inline]
    fn into_initializer(self) -> PyResult<PyClassInitializer<T>> {
        Ok(self.into())
    }
}

impl<T: PyClass, I: Into<PyClassInitializer<T>>, E: Into<PyErr>> NewOutput<T> for Result<I, E> {
    #[inline]
    fn into_initializer(self) -> PyResult<PyClassInitializer<T>> {
        match self {
            Ok(value) => Ok(value.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The return value of `#[new]` of `T`.
///
/// `New::of(value).object(py, class)` calls the inherent method if the value initializes an
/// instance of `T`, and that of [`NewObject`] if it is another object, which `__new__` may return
/// as well.
pub struct New<T, V>(V, PhantomData<T>);

impl<T, V> New<T, V> {
    /// Wraps a return value.
    #[inline]
    pub fn of(value: V) -> Self {
        Self(value, PhantomData)
    }
}

impl<T: PyClass, V: NewOutput<T>> New<T, V> {
    /// Creates the instance, of `T` or of the subclass that is being constructed.
    ///
    /// # Safety
    /// `class` must be `T`'s type object in the token's interpreter, or derive from it.
    ///
    /// # Errors
    /// The error of a `Result`, or of the allocation.
    #[inline(always)]
    pub unsafe fn object(
        self,
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        let initializer = self.0.into_initializer()?;
        // SAFETY: upheld by the caller: `class` is `T`'s type or derives from it.
        unsafe { construct::<T>(py, class, initializer) }
    }
}

/// A return value of `#[new]` that is any other object.
pub trait NewObject<T, V> {
    /// Converts the value to an object, regardless of `class`.
    ///
    /// # Safety
    /// No requirements; `unsafe` only to match the inherent method.
    ///
    /// # Errors
    /// The error of a `Result`, or of the conversion.
    unsafe fn object<'py>(
        self,
        py: Python<'py>,
        class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject>
    where
        V: OtherNewOutput<'py, T>;
}

impl<T, V> NewObject<T, V> for New<T, V> {
    #[inline]
    unsafe fn object<'py>(
        self,
        py: Python<'py>,
        _class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject>
    where
        V: OtherNewOutput<'py, T>,
    {
        self.0.into_output(py)
    }
}

/// A return value of `#[new]` that is any other object, with the message about the types allowed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `#[new]` of `{T}`",
    label = "not an instance of `{T}`",
    note = "expected `Self`, `(Self, BaseClass)` or `PyClassInitializer<Self>` for a class that \
            extends another one, `Py<Self>`, `Bound<'_, Self>`, or a `Result` of one of these, \
            whose error needs `impl From<…> for PyErr`"
)]
pub trait OtherNewOutput<'py, T>: IntoOutput<'py, *mut ffi::PyObject> {}

#[diagnostic::do_not_recommend]
impl<'py, T, V: IntoOutput<'py, *mut ffi::PyObject>> OtherNewOutput<'py, T> for V {}

/// Flag in the number of arguments: the caller is `tp_new`.
const FROM_NEW: usize = 1 << (usize::BITS - 2);

/// A function that matches a constructor's arguments and creates the instance.
pub type ConstructBody = for<'py> fn(
    Python<'py>,
    *mut ffi::PyObject,
    *const *mut ffi::PyObject,
    ffi::Py_ssize_t,
    *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject>;

/// Runs the constructor of a class with an array of arguments: `tp_vectorcall` of the type.
///
/// # Safety
/// Called by CPython with these arguments for the type that has it, or by [`new_from_tuple`];
/// `own_new` must be the class's `tp_new`.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub unsafe fn construct_call(
    own_new: ffi::newfunc,
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: usize,
    names: *mut ffi::PyObject,
    run: ConstructBody,
) -> *mut ffi::PyObject {
    // SAFETY: attached, since CPython calls this, to an interpreter in which the class exists.
    // Unless the caller is `tp_new`, `class` is the class itself: subclasses do not inherit
    // `tp_vectorcall`.
    unsafe {
        // A function instead of a second condition, for which the compiler would duplicate the call
        // of `run`, and then not inline it.
        let leave: unsafe extern "C" fn();
        let py = if nargs & FROM_NEW != 0 {
            leave = nothing;
            token_of_call()
        } else {
            if !type_fields::has_new_and_no_init(class.cast(), own_new) {
                return call_type_generic(class, args, nargs, names);
            }
            // `type.__call__` does this, but is bypassed for a type with a `tp_vectorcall`. A
            // constructor can recurse: it may call its own class.
            if ffi::Py_EnterRecursiveCall(c" while calling a Python object".as_ptr()) != 0 {
                return null_mut();
            }
            leave = ffi::Py_LeaveRecursiveCall;
            token_of_class(class.cast())
        };
        let nargs = (nargs & (FROM_NEW - 1)) as ffi::Py_ssize_t;
        let result = call_fast_with_keywords(py, class, args, nargs, names, run);
        leave();
        result
    }
}

extern "C" fn nothing() {}
/// Calls a type whose `__new__` or `__init__` was replaced, through its metatype's `tp_call`.
///
/// # Safety
/// As for [`construct_call`].
#[cold]
#[inline(never)]
unsafe fn call_type_generic(
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: attached; the array has `nargs` objects, and one more per name. New references are
    // owned by handles.
    unsafe {
        trampoline(token_of_call(), |py| {
            let nargs = nargs & (FROM_NEW - 1);
            let array = match nargs {
                // `args` may be null.
                0 => &[],
                _ => std::slice::from_raw_parts(args, nargs),
            };
            let tuple = arguments::tuple_of(py, array)?;
            let dict = Bound::from_owned_ptr_or_err(py, ffi::PyDict_New())?;
            let named = if names.is_null() {
                0
            } else {
                ffi::PyTuple_Size(names)
            };
            for keyword in 0..named {
                let name = ffi::PyTuple_GetItem(names, keyword);
                let value = args.add(nargs + keyword as usize).read();
                let status = ffi::PyDict_SetItem(dict.as_ptr(), name, value);
                error_on_minusone(py, status)?;
            }
            let slot = ffi::PyType_GetSlot(ffi::Py_TYPE(class), ffi::Py_tp_call);
            let call = std::mem::transmute::<*mut c_void, ffi::ternaryfunc>(slot);
            raised_if_null(py, call(class, tuple.as_ptr(), dict.as_ptr()))
        })
    }
}

/// Implements `tp_new`: passes the arguments of a tuple and a dict (or null) to the constructor as
/// an array.
///
/// # Safety
/// Called by CPython for the slot, with these arguments; `construct` must be the constructor of the
/// slot's class.
pub unsafe fn new_from_tuple(
    class: *mut ffi::PyTypeObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
    construct: VectorCall,
) -> *mut ffi::PyObject {
    // SAFETY: attached; the tuple lives during the call, and keeps its items alive.
    unsafe {
        let class = class.cast();
        if kwargs.is_null() || layout::size_of_dict(kwargs) == 0 {
            return arguments::with_items(args, |items| {
                construct(class, items.as_ptr(), items.len() | FROM_NEW, null_mut())
            });
        }
        trampoline(token_of_call(), |py| {
            let arguments = Arguments::of_tuple_and_dict(py, args, kwargs)?;
            let (array, nargs, names) = arguments.as_array();
            raised_if_null(py, construct(class, array, nargs | FROM_NEW, names))
        })
    }
}
