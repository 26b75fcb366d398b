//! [`ShareTable`]: how the value of a shareable class is held without knowing its type, also by
//! another binary.
//!
//! Invariants:
//! - The table of a class is found in the `tp_getset` of an object's exact type, which Python code
//!   can neither write nor copy to another type. A shareable class has no subclasses. The attribute
//!   has no getter, so Python code gets nothing from it.
//! - Values and functions of one table belong together: the address of a value is that of `T` in an
//!   `Arc<T>` of the binary that the functions are in.
//! - Nothing but this struct crosses between binaries, which different compilers may have built. An
//!   incompatible change takes another [`VERSION`]; a binary refuses the tables of others.

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;
use std::sync::Arc;

use super::crossing;
use super::layout::token_of_instance;
use super::shared::{ShareableClass, Shared};
use super::type_lookup;
use crate::call::trampoline::trampoline;
use crate::capi as ffi;
use crate::error::PyResult;
use crate::exceptions::PyTypeError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods};

/// The name of the attribute whose closure is the table.
const NAME: &CStr = c"__pyatoll_shared__";

/// The version of the struct.
const VERSION: u32 = 1;

/// The functions of a shareable class for a value whose type the caller does not know.
#[repr(C)]
pub struct ShareTable {
    version: u32,
    /// The length of `name`.
    name_len: u32,
    /// The Python name of the class, in UTF-8.
    name: *const c_char,
    /// Takes a reference to the value of an instance of the class. Called attached to the
    /// instance's interpreter. Null with an exception set, if it was never initialized.
    pub(super) take: unsafe extern "C" fn(instance: *mut ffi::PyObject) -> *mut c_void,
    /// Takes a further reference, on any thread.
    pub(super) clone: unsafe extern "C" fn(value: *mut c_void),
    /// Gives up a reference, on any thread.
    pub(super) drop: unsafe extern "C" fn(value: *mut c_void),
    /// Creates an instance in the attached interpreter, with a further reference to the value.
    /// Returns null with an exception set if that fails.
    pub(super) create: unsafe extern "C" fn(value: *mut c_void) -> *mut ffi::PyObject,
}

const _: () = assert!(size_of::<ShareTable>() == 8 + 5 * size_of::<usize>());

// SAFETY: immutable; the pointers in it point to functions and statics.
unsafe impl Send for ShareTable {}
// SAFETY: immutable; the pointers in it point to functions and statics.
unsafe impl Sync for ShareTable {}

impl ShareTable {
    /// Returns the table of a class.
    pub(super) const fn of<T: ShareableClass<BaseType = PyAny>>() -> Self {
        Self {
            version: VERSION,
            name_len: T::NAME.len() as u32,
            name: T::NAME.as_ptr().cast(),
            take: take::<T>,
            clone: clone::<T>,
            drop: drop_value::<T>,
            create: create::<T>,
        }
    }

    /// Returns the entry of `tp_getset` through which others find the table.
    pub(super) fn attribute(&'static self) -> ffi::PyGetSetDef {
        ffi::PyGetSetDef {
            name: NAME.as_ptr(),
            get: None,
            set: None,
            doc: null(),
            closure: std::ptr::from_ref(self).cast_mut().cast(),
        }
    }

    /// Returns the table of an object's class, which another binary may have made.
    ///
    /// # Errors
    /// A `TypeError`, if the class is not shareable.
    pub(super) fn of_object(object: Borrowed<'_, '_, PyAny>) -> PyResult<&'static Self> {
        // SAFETY: attached (the token in `object`); the object keeps its type alive, whose table of
        // attributes ends with an entry without a name. Only Pyatoll gives an attribute this name
        // there, and its closure is a table in a `static` of a binary, which is never unloaded.
        unsafe {
            let class = ffi::Py_TYPE(object.as_ptr());
            let mut entry =
                ffi::PyType_GetSlot(class, ffi::Py_tp_getset).cast::<ffi::PyGetSetDef>();
            while !entry.is_null() && !(*entry).name.is_null() {
                if CStr::from_ptr((*entry).name) == NAME {
                    let table = &*(*entry).closure.cast::<Self>();
                    if table.version == VERSION {
                        return Ok(table);
                    }
                    return Err(other_version(object));
                }
                entry = entry.add(1);
            }
        }
        Err(not_shareable(object))
    }

    /// Returns the Python name of the class.
    pub(super) fn class_name(&self) -> &str {
        // SAFETY: both are those of a `&'static str`.
        unsafe {
            let bytes = std::slice::from_raw_parts(self.name.cast(), self.name_len as usize);
            std::str::from_utf8_unchecked(bytes)
        }
    }
}

#[cold]
fn not_shareable(object: Borrowed<'_, '_, PyAny>) -> crate::PyErr {
    let class = crossing::type_name(object);
    PyTypeError::new_err(format!(
        "interpreters cannot share a '{class}': only the instances of classes that are made for \
         it (in Rust, by `#[pyclass(frozen, shareable)]`)"
    ))
}

#[cold]
fn other_version(object: Borrowed<'_, '_, PyAny>) -> crate::PyErr {
    let class = crossing::type_name(object);
    PyTypeError::new_err(format!(
        "the module of '{class}' was built with another version of Pyatoll, whose values this \
         module cannot hold; build both with the same version"
    ))
}

/// Implements [`ShareTable::take`].
unsafe extern "C" fn take<T>(instance: *mut ffi::PyObject) -> *mut c_void
where
    T: ShareableClass<BaseType = PyAny>,
{
    // SAFETY: called attached, with an instance of `T`, alive during the call.
    unsafe {
        trampoline(token_of_instance::<T>(instance), |py| {
            let instance = Borrowed::from_ptr(py, instance);
            let value = Shared::of_instance(instance.cast_unchecked::<T>())?;
            remember_module::<T>(instance);
            Ok(Arc::into_raw(Arc::<T>::from(value)).cast_mut().cast())
        })
    }
}

/// Records the module that the class is in, for interpreters that have not imported it.
fn remember_module<T: ShareableClass>(instance: Borrowed<'_, '_, PyAny>) {
    let module = &T::statics().tables().module;
    if module.get().is_none() {
        let class = instance.get_type();
        let name = class.getattr(intern!(class.py(), "__module__"));
        if let Ok(name) = name.and_then(|name| name.extract::<String>()) {
            // Another thread may have been faster.
            let _ = module.set(name);
        }
    }
}

/// Implements [`ShareTable::clone`].
unsafe extern "C" fn clone<T: ShareableClass>(value: *mut c_void) {
    // SAFETY: the caller holds a reference to this class's value.
    unsafe { Arc::increment_strong_count(value.cast::<T>().cast_const()) }
}

/// Implements [`ShareTable::drop`].
unsafe extern "C" fn drop_value<T: ShareableClass>(value: *mut c_void) {
    // SAFETY: the caller gives up a reference to this class's value.
    let value = unsafe { Arc::from_raw(value.cast::<T>().cast_const()) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        crossing::report_panic_of_drop(payload);
    }
}

/// Implements [`ShareTable::create`].
unsafe extern "C" fn create<T>(value: *mut c_void) -> *mut ffi::PyObject
where
    T: ShareableClass<BaseType = PyAny>,
{
    let value = value.cast::<T>().cast_const();
    // SAFETY: called attached, by a holder of a reference to this class's value.
    unsafe {
        trampoline(Python::assume_attached(), |py| {
            if type_lookup::existing::<T>(py).is_none() {
                crossing::import(py, T::statics().tables().module.get().map(String::as_str))?;
            }
            Arc::increment_strong_count(value);
            let shared = Shared::from(Arc::from_raw(value));
            Ok(Bound::new(py, shared)?.into_ptr())
        })
    }
}

/// Returns the table of `T`, at the address at which it is found in instances.
pub(super) fn of_class<T: ShareableClass>() -> &'static ShareTable {
    let Some(share) = T::statics().spec.share else {
        unreachable!("the macro gives every shareable class its functions")
    };
    &share.table
}
