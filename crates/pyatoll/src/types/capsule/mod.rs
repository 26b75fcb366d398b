//! `capsule`, a Rust value or a C pointer in a Python object: the type and its constructors.

// | file | concern |
// |---|---|
// | `methods.rs` | `PyCapsuleMethods` and its implementation |
// | `name.rs` | `CapsuleName` |

mod methods;
mod name;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null};

use pyo3_ffi as ffi;

pub use methods::PyCapsuleMethods;
pub use name::CapsuleName;

use super::returned::new_reference;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PySystemError;
use crate::interpreter::{Python, compat};
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `capsule`: an object that passes a pointer from one extension module to another. Its
/// methods are in [`PyCapsuleMethods`].
///
/// Only the name identifies the type of the pointer, so reading it is `unsafe`: producer and
/// consumer must agree on a name and on a layout that does not depend on the compiler
/// (`#[repr(C)]`, `extern "C"`). Within one extension, a `#[pyclass]` does the same safely.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyCapsule;
///
/// #[repr(C)]
/// struct Api {
///     version: u32,
/// }
///
/// Python::attach(|py| {
///     let capsule = PyCapsule::new_with_value(py, Api { version: 3 }, c"builtins.my_api")?;
///     py.import("builtins")?.setattr("my_api", capsule)?;
///
///     // SAFETY: the capsule of this name holds an `Api` that never changes.
///     let api: &Api = unsafe { PyCapsule::import(py, c"builtins.my_api")? };
///     assert_eq!(api.version, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyCapsule_Type`.
#[repr(transparent)]
pub struct PyCapsule(PyAny);

native_type!(PyCapsule: (crate::types::compat::CAPSULE_MODULE, "CapsuleType"), PyCapsule_Type, PyCapsule_CheckExact);

/// The allocation behind a capsule that owns a value.
#[repr(C)]
struct Contents<T, F> {
    /// The first field, so that the capsule's pointer is the address of the value.
    value: T,
    destructor: F,
    /// The name that the capsule points to; its text does not move with the struct.
    name: Option<CString>,
}

impl PyCapsule {
    /// Creates a capsule that owns `value`, which is dropped with the capsule, on whichever thread
    /// deallocates it. The capsule's pointer is the address of the value.
    ///
    /// The name of a capsule that is a module's attribute must be `"module.attribute"`.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 123_u32, c"my.number")?;
    ///     let number = capsule.pointer_checked(Some(c"my.number"))?.cast::<u32>();
    ///     // SAFETY: a capsule of this name holds a `u32`, and the capsule is alive.
    ///     assert_eq!(unsafe { *number.as_ref() }, 123);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_New`.
    pub fn new_with_value<'py, T>(
        py: Python<'py>,
        value: T,
        name: &'static CStr,
    ) -> PyResult<Bound<'py, Self>>
    where
        T: 'static + Send,
    {
        Self::new_with_value_and_destructor(py, value, name, |value, _| drop(value))
    }

    /// Creates a capsule with an owned name or none; see
    /// [`new_with_value`](PyCapsule::new_with_value).
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::ffi::CString;
    ///
    /// Python::attach(|py| {
    ///     let name = CString::new("my.five").unwrap();
    ///     let capsule = PyCapsule::new(py, 5_u32, Some(name.clone()))?;
    ///     assert!(capsule.is_valid_checked(Some(&name)));
    ///     assert!(PyCapsule::new(py, 5_u32, None)?.name()?.is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_New`.
    pub fn new<T: 'static + Send>(
        py: Python<'_>,
        value: T,
        name: Option<CString>,
    ) -> PyResult<Bound<'_, Self>> {
        Self::new_with_destructor(py, value, name, |value, _| drop(value))
    }

    /// Creates a capsule that, when deallocated, calls `destructor` with the value and the
    /// [context](PyCapsuleMethods::set_context); see
    /// [`new_with_value`](PyCapsule::new_with_value).
    ///
    /// A panic in `destructor` is reported by the panic hook and does not propagate.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::sync::mpsc::channel;
    ///
    /// let (sender, receiver) = channel();
    /// Python::attach(|py| {
    ///     PyCapsule::new_with_value_and_destructor(py, 7, c"seven", move |seven, _context| {
    ///         sender.send(seven).unwrap();
    ///     })
    ///     .map(drop)
    /// })?;
    /// assert_eq!(receiver.recv(), Ok(7));
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_New`.
    pub fn new_with_value_and_destructor<'py, T, F>(
        py: Python<'py>,
        value: T,
        name: &'static CStr,
        destructor: F,
    ) -> PyResult<Bound<'py, Self>>
    where
        T: 'static + Send,
        F: FnOnce(T, *mut c_void) + Send + 'static,
    {
        let contents = Contents {
            value,
            destructor,
            name: None,
        };
        // SAFETY: the name is static.
        unsafe { Self::with_contents(py, contents, name.as_ptr()) }
    }

    /// Creates a capsule with a destructor, and with an owned name or none; see
    /// [`new_with_value_and_destructor`](PyCapsule::new_with_value_and_destructor).
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::sync::mpsc::channel;
    ///
    /// Python::attach(|py| {
    ///     let (sender, receiver) = channel();
    ///     let name = Some(c"seven".to_owned());
    ///     drop(PyCapsule::new_with_destructor(py, 7, name, move |seven, _context| {
    ///         sender.send(seven).unwrap();
    ///     })?);
    ///     assert_eq!(receiver.recv(), Ok(7));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_New`.
    pub fn new_with_destructor<T, F>(
        py: Python<'_>,
        value: T,
        name: Option<CString>,
        destructor: F,
    ) -> PyResult<Bound<'_, Self>>
    where
        T: 'static + Send,
        F: FnOnce(T, *mut c_void) + Send + 'static,
    {
        let contents = Contents {
            value,
            destructor,
            name,
        };
        let name = contents.name.as_deref().map_or(null(), CStr::as_ptr);
        // SAFETY: the contents own the name.
        unsafe { Self::with_contents(py, contents, name) }
    }

    /// Creates a capsule that owns the contents.
    ///
    /// # Safety
    /// `name` must be null or live as long as the contents.
    unsafe fn with_contents<T, F>(
        py: Python<'_>,
        contents: Contents<T, F>,
        name: *const c_char,
    ) -> PyResult<Bound<'_, Self>>
    where
        T: 'static + Send,
        F: FnOnce(T, *mut c_void) + Send + 'static,
    {
        let contents = Box::into_raw(Box::new(contents));
        // SAFETY: attached; the pointer is not null, and the destructor matches its type; returns a
        // new capsule or null.
        let capsule = unsafe {
            let capsule = ffi::PyCapsule_New(contents.cast(), name, Some(destroy::<T, F>));
            new_reference(py, capsule)
        };
        if capsule.is_err() {
            // SAFETY: no capsule owns the contents. Their destructor is not called.
            drop(unsafe { Box::from_raw(contents) });
        }
        capsule
    }

    /// Creates a capsule for a pointer that it does not own.
    ///
    /// # Safety
    /// The pointer must be what consumers of the name expect, for as long as the capsule lives.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::ffi::c_void;
    /// use std::ptr::NonNull;
    ///
    /// extern "C" fn double(number: i32) -> i32 {
    ///     2 * number
    /// }
    ///
    /// Python::attach(|py| {
    ///     let pointer = NonNull::new(double as *mut c_void).unwrap();
    ///     // SAFETY: a function is never deallocated.
    ///     let capsule = unsafe { PyCapsule::new_with_pointer(py, pointer, c"my.double")? };
    ///     assert_eq!(capsule.pointer_checked(Some(c"my.double"))?, pointer);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_New`.
    pub unsafe fn new_with_pointer<'py>(
        py: Python<'py>,
        pointer: NonNull<c_void>,
        name: &'static CStr,
    ) -> PyResult<Bound<'py, Self>> {
        // SAFETY: upheld by the caller: the pointer is what consumers of the name expect.
        unsafe { Self::new_with_pointer_and_destructor(py, pointer, name, None) }
    }

    /// Creates a capsule that, when deallocated, passes itself to a C function; see
    /// [`new_with_pointer`](PyCapsule::new_with_pointer).
    ///
    /// # Safety
    /// The pointer must be what consumers of the name expect, for as long as the capsule lives. The
    /// destructor must accept the pointer on any thread attached to the interpreter, and must not
    /// unwind.
    ///
    /// # Errors
    /// If Python runs out of memory. The destructor is not called in this case.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    /// use pyatoll::types::PyCapsule;
    /// use std::ptr::NonNull;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// static LIVING: AtomicU32 = AtomicU32::new(1);
    ///
    /// unsafe extern "C" fn release(_capsule: *mut ffi::PyObject) {
    ///     LIVING.fetch_sub(1, Ordering::Relaxed);
    /// }
    ///
    /// Python::attach(|py| {
    ///     let pointer = NonNull::from(&LIVING).cast();
    ///     // SAFETY: a static is never deallocated; the destructor does not unwind.
    ///     let capsule = unsafe {
    ///         PyCapsule::new_with_pointer_and_destructor(py, pointer, c"my.count", Some(release))?
    ///     };
    ///     drop(capsule);
    ///     assert_eq!(LIVING.load(Ordering::Relaxed), 0);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_New`.
    pub unsafe fn new_with_pointer_and_destructor<'py>(
        py: Python<'py>,
        pointer: NonNull<c_void>,
        name: &'static CStr,
        destructor: Option<ffi::PyCapsule_Destructor>,
    ) -> PyResult<Bound<'py, Self>> {
        // SAFETY: attached; the pointer is not null, and the name is static; the caller guarantees
        // that the pointer stays valid and that the destructor accepts it.
        unsafe {
            let capsule = ffi::PyCapsule_New(pointer.as_ptr(), name.as_ptr(), destructor);
            new_reference(py, capsule)
        }
    }

    /// Returns the value in a capsule that is a module's attribute, by its name
    /// `"module.attribute"`. Imports the module.
    ///
    /// # Safety
    /// The capsule of that name must hold a `T` that stays in place, unmodified, for `'py`.
    ///
    /// # Errors
    /// If the capsule does not exist; `SystemError` if the pointer is not aligned for `T`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 7_u64, c"builtins.my_seven")?;
    ///     py.import("builtins")?.setattr("my_seven", capsule)?;
    ///     // SAFETY: the capsule of this name holds a `u64`, and the module keeps it alive.
    ///     let seven: &u64 = unsafe { PyCapsule::import(py, c"builtins.my_seven")? };
    ///     assert_eq!(*seven, 7);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_Import`.
    pub unsafe fn import<'py, T>(py: Python<'py>, name: &CStr) -> PyResult<&'py T> {
        let pointer = Self::import_pointer(py, name)?.cast::<T>();
        if !pointer.is_aligned() {
            return Err(PySystemError::new_err(format!(
                "The pointer from the `{}` capsule is not aligned to rust type {}",
                name.to_string_lossy(),
                std::any::type_name::<T>()
            )));
        }
        // SAFETY: the pointer is aligned; the caller guarantees that it points to a `T` for `'py`.
        Ok(unsafe { pointer.as_ref() })
    }

    /// Returns the pointer of an imported capsule; see [`import`](PyCapsule::import).
    ///
    /// # Errors
    /// If the capsule does not exist.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| assert!(PyCapsule::import_pointer(py, c"builtins.nothing").is_err()));
    /// ```
    ///
    /// C API: `PyCapsule_Import`.
    pub fn import_pointer(py: Python<'_>, name: &CStr) -> PyResult<NonNull<c_void>> {
        // SAFETY: attached; `name` is a valid C string.
        let pointer = unsafe { ffi::PyCapsule_Import(name.as_ptr(), 0) };
        NonNull::new(pointer).ok_or_else(|| PyErr::fetch(py))
    }
}

/// Destroys a capsule that owns a value: passes the value to the user's destructor.
unsafe extern "C" fn destroy<T, F>(capsule: *mut ffi::PyObject)
where
    F: FnOnce(T, *mut c_void),
{
    // SAFETY: CPython calls this once, attached, with a capsule of `with_contents`. Its current
    // name is passed back, since other code may have replaced it.
    unsafe {
        // A capsule may be deallocated while an exception is set, which must be preserved.
        let raised = compat::take_raised();
        let name = ffi::PyCapsule_GetName(capsule);
        let context = ffi::PyCapsule_GetContext(capsule);
        let contents = ffi::PyCapsule_GetPointer(capsule, name).cast::<Contents<T, F>>();
        // Everything is dropped inside the closure, so that a panic in `drop` does not reach C.
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let Contents {
                value,
                destructor,
                name: _name,
            } = *Box::from_raw(contents);
            destructor(value, context);
        }));
        if let Err(payload) = panic {
            // The panic hook has reported it.
            crate::panic::discard(payload);
        }
        compat::restore_raised(raised);
    }
}
