//! Passing instances of a class with `shareable` to other interpreters: through CPython's registry
//! where it can be used, and otherwise inside a pickle. Either way a ticket is handed over, and the
//! receiver creates an instance of its own class around the value.

use std::any::Any;
use std::ffi::{CStr, c_int, c_void};
use std::panic::catch_unwind;
use std::ptr::without_provenance_mut;
use std::sync::Arc;

use super::guard::PyClassGuard;
use super::layout::token_of_instance;
use super::share_table::ShareTable;
use super::shared::{ShareableClass, Shared};
use super::tickets::{self, AnyValue, Parcel, Refusal};
use super::type_lookup;
use crate::call::function::{EntryPoint, method_definition};
use crate::call::token::token_of_call;
use crate::call::trampoline::trampoline;
use crate::capi::crossing::CrossingData;
use crate::capi::{self as ffi, crossing};
use crate::convert::IntoPyObjectExt;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyTypeError;
use crate::import_exception;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, constant};
use crate::types::any::CompareOp;
use crate::types::{PyAny, PyAnyMethods};

import_exception!(pickle, UnpicklingError);

/// The functions that a shareable class has in addition to those of any class.
pub struct ShareFunctions {
    /// `__reduce__`, and the class method that it refers to.
    pub(super) methods: [ffi::PyMethodDef; 2],
    /// `tp_richcompare` and `tp_hash`, for a class without either.
    pub(super) compare: ffi::richcmpfunc,
    pub(super) hash: ffi::hashfunc,
    pub(super) table: ShareTable,
    get_data: crossing::GetData,
}

// SAFETY: immutable; all pointers in it point to functions and statics.
unsafe impl Send for ShareFunctions {}
// SAFETY: immutable; all pointers in it point to functions and statics.
unsafe impl Sync for ShareFunctions {}

const REDEEM: &CStr = c"__pyatoll_redeem__";

impl ShareFunctions {
    /// Returns the functions of a class.
    pub const fn of<T: ShareableClass<BaseType = PyAny>>() -> Self {
        Self {
            methods: [
                method_definition(
                    c"__reduce__",
                    c"Helper for pickle.",
                    EntryPoint::NoArguments(reduce::<T>),
                    0,
                ),
                method_definition(
                    REDEEM,
                    c"Returns an instance around a value of this process, for pickle.",
                    EntryPoint::Fast(redeem::<T>),
                    ffi::METH_CLASS,
                ),
            ],
            compare: compare::<T>,
            hash: hash::<T>,
            table: ShareTable::of::<T>(),
            get_data: get_data::<T>,
        }
    }

    /// Registers the class with CPython, if it can. Returns whether it did: instances are pickled
    /// otherwise.
    ///
    /// # Safety
    /// Attached (`_py`); `class` must be the live heap type of this class.
    pub(super) unsafe fn register(&self, _py: Python<'_>, class: *mut ffi::PyTypeObject) -> bool {
        if !crossing::is_usable() {
            return false;
        }
        // SAFETY: attached; a live heap type (upheld by the caller); usable, as just checked.
        unsafe {
            let is_registered = crossing::register_class(class, self.get_data) == 0;
            if !is_registered {
                ffi::PyErr_Clear();
            }
            is_registered
        }
    }
}

/// Puts the value of an instance under a ticket.
fn issue<T: ShareableClass>(object: &Bound<'_, T>) -> PyResult<(u64, usize)> {
    let value: Arc<T> = Shared::of_instance(object.as_borrowed())?.into();
    let class = object.as_any().get_type();
    let module = class
        .getattr(intern!(class.py(), "__module__"))?
        .extract()
        .ok();
    Ok(tickets::issue(class.py(), Parcel { value, module }))
}

/// Creates an instance around the value of a ticket.
fn receive<T>(py: Python<'_>, value: AnyValue) -> PyResult<Bound<'_, T>>
where
    T: ShareableClass<BaseType = PyAny>,
{
    match Arc::downcast::<T>(value) {
        Ok(value) => Bound::new(py, Shared::from(value)),
        Err(_) => Err(PyTypeError::new_err(format!(
            "the value is not that of a '{}'",
            T::NAME
        ))),
    }
}

#[cold]
fn refused(refusal: &Refusal, class: &str) -> PyErr {
    UnpicklingError::new_err(match refusal {
        Refusal::OtherProcess => format!(
            "this pickle refers to a '{class}' in the memory of the process that wrote it, and \
             can be loaded there only; to send the class to other processes or to files, give it a \
             `__reduce__` of its own"
        ),
        Refusal::Gone => format!(
            "this pickle of a '{class}' was loaded before, or the interpreter that wrote it has \
             ended; write a pickle for each receiver, and end the interpreter when all have \
             loaded theirs"
        ),
    })
}

/// Implements `__reduce__`.
unsafe extern "C" fn reduce<T: ShareableClass>(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, with an instance of `T`, alive during the call.
    unsafe {
        trampoline(token_of_instance::<T>(object), |py| {
            let object = Bound::from_borrowed_ptr(py, object).cast_into_unchecked::<T>();
            let redeem = object
                .as_any()
                .get_type()
                .getattr(intern!(py, "__pyatoll_redeem__"))?;
            let ticket = issue(&object)?;
            Ok((redeem, ticket).into_bound_py_any(py)?.into_ptr())
        })
    }
}

/// Implements `__pyatoll_redeem__`: creates the instance of a pickle's ticket.
unsafe extern "C" fn redeem<T>(
    _class: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject
where
    T: ShareableClass<BaseType = PyAny>,
{
    // SAFETY: called by CPython, attached, with an array of arguments that are alive during the
    // call.
    unsafe {
        trampoline(token_of_call(), |py| {
            if count != 2 {
                return Err(PyTypeError::new_err(format!(
                    "__pyatoll_redeem__() takes 2 arguments ({count} given)"
                )));
            }
            let argument = |index| Borrowed::from_ptr(py, *arguments.add(index));
            let nonce: u64 = argument(0).extract()?;
            let number: usize = argument(1).extract()?;
            let parcel =
                tickets::redeem(py, nonce, number).map_err(|refusal| refused(&refusal, T::NAME))?;
            Ok(receive::<T>(py, parcel.value)?.into_ptr())
        })
    }
}

/// Hands an instance to CPython, for another interpreter.
unsafe extern "C" fn get_data<T>(
    _: *mut ffi::PyThreadState,
    object: *mut ffi::PyObject,
    data: *mut CrossingData,
) -> c_int
where
    T: ShareableClass<BaseType = PyAny>,
{
    // SAFETY: called by CPython, attached, with an instance of exactly `T`'s class, and data that
    // it has zeroed and this function fills in.
    unsafe {
        trampoline(token_of_instance::<T>(object), |py| {
            let object = Bound::from_borrowed_ptr(py, object).cast_into_unchecked::<T>();
            let (_, number) = issue(&object)?;
            (*data).data = without_provenance_mut(number);
            (*data).new_object = Some(new_object::<T>);
            (*data).free = Some(cancel);
            Ok(0)
        })
    }
}

/// Creates the instance in the receiving interpreter.
unsafe extern "C" fn new_object<T>(data: *mut CrossingData) -> *mut ffi::PyObject
where
    T: ShareableClass<BaseType = PyAny>,
{
    // SAFETY: called by CPython, attached to the receiving interpreter, with the data that
    // `get_data` has filled in.
    unsafe {
        trampoline(Python::assume_attached(), |py| {
            let number = (*data).data.addr();
            let parcel = tickets::redeem(py, tickets::nonce(), number)
                .map_err(|refusal| refused(&refusal, T::NAME))?;
            // Nothing is left to free: CPython need not call the sender, which may have ended.
            (*data).free = None;
            if type_lookup::existing::<T>(py).is_none() {
                import(py, parcel.module.as_deref())?;
            }
            Ok(receive::<T>(py, parcel.value)?.into_ptr())
        })
    }
}

/// Imports the module of a class, so that the class is created as a member of it. A program's class
/// may have no module.
pub(super) fn import(py: Python<'_>, module: Option<&str>) -> PyResult<()> {
    match module {
        None | Some("builtins" | "__main__") => Ok(()),
        Some(module) => py.import(module).map(drop),
    }
}

/// Cancels a ticket that was not redeemed: CPython's `free`.
unsafe extern "C" fn cancel(data: *mut c_void) {
    if let Err(payload) = catch_unwind(|| tickets::cancel(data.addr())) {
        report_panic_of_drop(payload);
    }
}

/// Reports that a value's drop has panicked where no exception can be raised.
#[cold]
pub(super) fn report_panic_of_drop(payload: Box<dyn Any + Send>) {
    let message = crate::panic::message(&*payload);
    crate::panic::discard(payload);
    crate::panic::say(format_args!(
        "the drop of a shared value panicked: {message}"
    ));
}

/// Returns the name of an object's class, for messages.
pub(super) fn type_name(object: Borrowed<'_, '_, PyAny>) -> String {
    let class = object.get_type();
    let name = class.getattr(intern!(class.py(), "__qualname__"));
    name.and_then(|name| name.extract())
        .unwrap_or_else(|_| "object".into())
}

/// Implements `tp_richcompare`: whether two instances have the same value.
unsafe extern "C" fn compare<T: ShareableClass>(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operator: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, with an instance of `T` and any object, both alive
    // during the call.
    unsafe {
        trampoline(token_of_instance::<T>(object), |py| {
            let other = Borrowed::from_ptr(py, other).cast::<T>();
            let (Ok(other), Some(operator @ (CompareOp::Eq | CompareOp::Ne))) =
                (other, CompareOp::from_raw(operator))
            else {
                return Ok(constant(ffi::Py_NotImplemented()));
            };
            let is_same =
                address(Borrowed::from_ptr(py, object).cast_unchecked::<T>())? == address(other)?;
            let result = is_same == matches!(operator, CompareOp::Eq);
            Ok(ffi::PyBool_FromLong(result.into()))
        })
    }
}

/// Implements `tp_hash`.
unsafe extern "C" fn hash<T: ShareableClass>(object: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: called by CPython, attached, with an instance of `T`, alive during the call.
    unsafe {
        trampoline(token_of_instance::<T>(object), |py| {
            let address = address(Borrowed::from_ptr(py, object).cast_unchecked::<T>())?;
            // As for other objects: the lowest bits are the same for all. Never -1, the error.
            Ok((address >> 4) as ffi::Py_hash_t)
        })
    }
}

/// Returns the address of an instance's value.
fn address<T: ShareableClass>(object: Borrowed<'_, '_, T>) -> PyResult<usize> {
    let guard: PyClassGuard<'_, T> = PyClassGuard::try_borrow(object)?;
    Ok(std::ptr::from_ref::<T>(&guard).addr())
}
