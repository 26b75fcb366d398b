//! Construction: `tp_new`, and `tp_vectorcall` of the type.
//!
//! The code of a constructor is in the function that CPython calls for the type itself, with an
//! array of arguments. `tp_new`, which is called for a subclass or by name, calls it too.

use std::marker::PhantomData;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use std::ffi::c_void;
#[cfg(not(Py_LIMITED_API))]
use std::sync::atomic::{AtomicPtr, Ordering};

use super::compare::raised_if_null;
use crate::call::arguments::{self, Arguments};
use crate::call::output::IntoOutput;
use crate::call::token::{token_of_call, token_of_class};
use crate::call::trampoline::{call_fast_with_keywords, trampoline};
use crate::class::PyClass;
use crate::class::initializer::{PyClassInitializer, construct};
use crate::class::items::VectorCall;
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::interpreter::{Python, layout};
use crate::object::Bound;

/// What a `#[new]` function may return for an instance: the value, `(value, base)`, a [`PyClassInitializer`], an
/// instance that exists, or a `Result` of one of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `#[new]` of `{T}`",
    note = "expected `Self`, `(Self, BaseClass)`, `PyClassInitializer<Self>`, `Py<Self>`, \
            `Bound<'_, Self>`, or a `Result` of one of these"
)]
pub trait NewOutput<T: PyClass> {
    /// The initialiser.
    ///
    /// # Errors
    /// The function's own.
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

/// What `#[new]` of `T` returned.
///
/// `New::of(value).object(py, class)` takes the inherent method if the value makes an instance of
/// `T`, and that of [`NewObject`] if it is some other object, which Python's `__new__` may also
/// return.
pub struct New<T, V>(V, PhantomData<T>);

impl<T, V> New<T, V> {
    /// From the value.
    #[inline]
    pub fn of(value: V) -> Self {
        Self(value, PhantomData)
    }
}

impl<T: PyClass, V: NewOutput<T>> New<T, V> {
    /// The new instance, of `T` or of the subclass that is being constructed.
    ///
    /// # Safety
    /// `class` must be `T`'s type object in the token's interpreter, or derive from it.
    ///
    /// # Errors
    /// The function's own, or the allocation's.
    #[inline(always)]
    pub unsafe fn object(
        self,
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        let initializer = self.0.into_initializer()?;
        // SAFETY: passed on to the caller.
        unsafe { construct::<T>(py, class, initializer) }
    }
}

/// The values that are objects of another kind.
pub trait NewObject<'py> {
    /// The object, whatever the class.
    ///
    /// # Safety
    /// None; as for the inherent method.
    ///
    /// # Errors
    /// The function's own, or the conversion's.
    unsafe fn object(
        self,
        py: Python<'py>,
        class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject>;
}

impl<'py, T, V: IntoOutput<'py, *mut ffi::PyObject>> NewObject<'py> for New<T, V> {
    #[inline]
    unsafe fn object(
        self,
        py: Python<'py>,
        _class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        self.0.into_output(py)
    }
}

/// In the number of arguments: `tp_new` is calling.
const FROM_NEW: usize = 1 << (usize::BITS - 2);

/// Matches a constructor's arguments and makes the instance.
pub type ConstructBody = for<'py> fn(
    Python<'py>,
    *mut ffi::PyObject,
    *const *mut ffi::PyObject,
    ffi::Py_ssize_t,
    *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject>;

/// The constructor of a class, with an array of arguments: `tp_vectorcall` of the type.
///
/// # Safety
/// CPython calls the type that has it with these arguments, or [`new_from_tuple`] does; `own_new`
/// is the class's `tp_new`.
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
    // SAFETY: attached, since CPython calls. A class of this binary exists in the interpreter; the
    // type itself, and no subclass, is what CPython calls.
    unsafe {
        let is_from_new = nargs & FROM_NEW != 0;
        let py = if is_from_new {
            token_of_call()
        } else {
            if !has_own_new_and_init(class.cast(), own_new) {
                return call_type_generic(class, args, nargs, names);
            }
            // As `type.__call__` does. Nobody else does it for a type with a function of its own,
            // and a constructor may be given its own class to call.
            if ffi::Py_EnterRecursiveCall(c" while calling a Python object".as_ptr()) != 0 {
                return null_mut();
            }
            token_of_class(class.cast())
        };
        let nargs = (nargs & (FROM_NEW - 1)) as ffi::Py_ssize_t;
        let made = call_fast_with_keywords(py, class, args, nargs, names, run);
        if !is_from_new {
            ffi::Py_LeaveRecursiveCall();
        }
        made
    }
}

/// Whether Python code has left `__new__` and `__init__` of the type alone.
///
/// # Safety
/// Attached; a live type.
#[inline(always)]
unsafe fn has_own_new_and_init(class: *mut ffi::PyTypeObject, own_new: ffi::newfunc) -> bool {
    #[cfg(not(Py_LIMITED_API))]
    // SAFETY: passed on to the caller. Another thread of a free-threaded Python may be changing
    // them: words, of which either value will do.
    unsafe {
        let field = |field: *mut *mut ()| AtomicPtr::from_ptr(field).load(Ordering::Relaxed);
        let object = &raw mut ffi::PyBaseObject_Type;
        field((&raw mut (*class).tp_new).cast()) == own_new as *mut ()
            && field((&raw mut (*class).tp_init).cast())
                == field((&raw mut (*object).tp_init).cast())
    }
    #[cfg(Py_LIMITED_API)]
    {
        let _ = (class, own_new);
        true
    }
}

/// Calls a type whose `__new__` or `__init__` was replaced, as `type.__call__` does.
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
    // SAFETY: attached; the array has as many objects as is said, and one for each name. New
    // references are owned by handles.
    unsafe {
        trampoline(token_of_call(), |py| {
            let nargs = nargs & (FROM_NEW - 1);
            let array = match nargs {
                // There may be no array then.
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
            for place in 0..named {
                let name = ffi::PyTuple_GetItem(names, place);
                let value = args.add(nargs + place as usize).read();
                let set = ffi::PyDict_SetItem(dict.as_ptr(), name, value);
                error_on_minusone(py, set)?;
            }
            let slot = ffi::PyType_GetSlot(ffi::Py_TYPE(class), ffi::Py_tp_call);
            let call = std::mem::transmute::<*mut c_void, ffi::ternaryfunc>(slot);
            raised_if_null(py, call(class, tuple.as_ptr(), dict.as_ptr()))
        })
    }
}

/// `tp_new`: calls the constructor with an array made of a tuple and a dict, or null.
///
/// # Safety
/// CPython calls the slot with these; `construct` is the constructor of the class it is of.
pub unsafe fn new_from_tuple(
    class: *mut ffi::PyTypeObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
    construct: VectorCall,
) -> *mut ffi::PyObject {
    // SAFETY: attached; the tuple keeps its items while it lives, which is during the call.
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
