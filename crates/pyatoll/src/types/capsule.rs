//! `capsule`: a Rust value or a C pointer in a Python object.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null};

use pyo3_ffi as ffi;

use super::returned::{new_reference, status};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PySystemError;
use crate::interpreter::{Python, compat};
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `capsule`: an object that hands a pointer from one extension module to another. Its
/// methods are in [`PyCapsuleMethods`].
///
/// Nothing but the name says what the pointer points to, so reading it is `unsafe`: producer and
/// consumer must agree on a name, and on a layout that does not depend on the compiler
/// (`#[repr(C)]`, `extern "C"`). Within one extension a `#[pyclass]` does the same safely.
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
///     // SAFETY: what has this name is an `Api`, and never changes.
///     let api: &Api = unsafe { PyCapsule::import(py, c"builtins.my_api")? };
///     assert_eq!(api.version, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyCapsule(PyAny);

native_type!(PyCapsule, PyCapsule_Type, PyCapsule_CheckExact);

/// What [`PyCapsule::new_with_destructor`] and the like put into a capsule.
#[repr(C)]
struct Contents<T, F> {
    /// First: the capsule's pointer is the value's address too.
    value: T,
    destructor: F,
    /// The capsule points to its text. Its own allocation, which does not move with the struct.
    name: Option<CString>,
}

impl PyCapsule {
    /// A capsule that owns `value`, which is dropped with the capsule, by whichever thread drops
    /// that. Its pointer is the value's address.
    ///
    /// For a capsule that is a module's attribute, the name is `"module.attribute"`.
    ///
    /// # Errors
    /// If Python has no memory for it.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 123_u32, c"my.number")?;
    ///     let number = capsule.pointer_checked(Some(c"my.number"))?.cast::<u32>();
    ///     // SAFETY: what has this name is a `u32`, and the capsule is alive.
    ///     assert_eq!(unsafe { *number.as_ref() }, 123);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_New`.
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

    /// As [`new_with_value`](PyCapsule::new_with_value), with an owned name or none.
    ///
    /// # Errors
    /// If Python has no memory for it.
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
    pub fn new<T: 'static + Send>(
        py: Python<'_>,
        value: T,
        name: Option<CString>,
    ) -> PyResult<Bound<'_, Self>> {
        Self::new_with_destructor(py, value, name, |value, _| drop(value))
    }

    /// As [`new_with_value`](PyCapsule::new_with_value), where `destructor` gets the value, and the
    /// [context](PyCapsuleMethods::set_context), when the capsule dies.
    ///
    /// A panic of `destructor` goes no further than to the panic hook.
    ///
    /// # Errors
    /// If Python has no memory for it.
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
        // SAFETY: a static name.
        unsafe { Self::with_contents(py, contents, name.as_ptr()) }
    }

    /// As [`new_with_value_and_destructor`](PyCapsule::new_with_value_and_destructor), with an
    /// owned name or none.
    ///
    /// # Errors
    /// If Python has no memory for it.
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
        // SAFETY: the contents own the name's text.
        unsafe { Self::with_contents(py, contents, name) }
    }

    /// # Safety
    /// `name` is null, or lives as long as the contents.
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
        // SAFETY: attached; a pointer that is not null; the destructor is the one for it.
        let capsule = unsafe {
            let capsule = ffi::PyCapsule_New(contents.cast(), name, Some(destroy::<T, F>));
            new_reference(py, capsule)
        };
        if capsule.is_err() {
            // SAFETY: no capsule took it over. The destructor is for capsules: it is not run.
            drop(unsafe { Box::from_raw(contents) });
        }
        capsule
    }

    /// A capsule of a pointer, which it does not own.
    ///
    /// # Safety
    /// The pointer must be what consumers of the name expect, for as long as the capsule lives.
    ///
    /// # Errors
    /// If Python has no memory for it.
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
    ///     // SAFETY: a function lives for ever.
    ///     let capsule = unsafe { PyCapsule::new_with_pointer(py, pointer, c"my.double")? };
    ///     assert_eq!(capsule.pointer_checked(Some(c"my.double"))?, pointer);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_New`.
    pub unsafe fn new_with_pointer<'py>(
        py: Python<'py>,
        pointer: NonNull<c_void>,
        name: &'static CStr,
    ) -> PyResult<Bound<'py, Self>> {
        // SAFETY: passed on to the caller.
        unsafe { Self::new_with_pointer_and_destructor(py, pointer, name, None) }
    }

    /// As [`new_with_pointer`](PyCapsule::new_with_pointer), with a C function that gets the
    /// capsule when it dies.
    ///
    /// # Safety
    /// As there; and the destructor must be right for the pointer, from any thread that is
    /// attached to the interpreter, and must not unwind.
    ///
    /// # Errors
    /// If Python has no memory for it. Then the destructor is not called.
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
    /// unsafe extern "C" fn dies(_capsule: *mut ffi::PyObject) {
    ///     LIVING.fetch_sub(1, Ordering::Relaxed);
    /// }
    ///
    /// Python::attach(|py| {
    ///     let pointer = NonNull::from(&LIVING).cast();
    ///     // SAFETY: the static lives for ever; the destructor only counts, and does not unwind.
    ///     let capsule = unsafe {
    ///         PyCapsule::new_with_pointer_and_destructor(py, pointer, c"my.count", Some(dies))?
    ///     };
    ///     drop(capsule);
    ///     assert_eq!(LIVING.load(Ordering::Relaxed), 0);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_New`.
    pub unsafe fn new_with_pointer_and_destructor<'py>(
        py: Python<'py>,
        pointer: NonNull<c_void>,
        name: &'static CStr,
        destructor: Option<ffi::PyCapsule_Destructor>,
    ) -> PyResult<Bound<'py, Self>> {
        // SAFETY: attached; a pointer that is not null and a static name; what they are for is
        // passed on to the caller.
        unsafe {
            let capsule = ffi::PyCapsule_New(pointer.as_ptr(), name.as_ptr(), destructor);
            new_reference(py, capsule)
        }
    }

    /// The value in the capsule that is a module's attribute, by its name: `"module.attribute"`.
    /// Imports the module.
    ///
    /// # Safety
    /// The capsule of that name must hold a `T`, which stays there unchanged for `'py`.
    ///
    /// # Errors
    /// If there is no such capsule; `SystemError`, if the pointer is not aligned for `T`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 7_u64, c"builtins.my_seven")?;
    ///     py.import("builtins")?.setattr("my_seven", capsule)?;
    ///     // SAFETY: the capsule of this name holds a `u64`, and stays where it is.
    ///     let seven: &u64 = unsafe { PyCapsule::import(py, c"builtins.my_seven")? };
    ///     assert_eq!(*seven, 7);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_Import`.
    pub unsafe fn import<'py, T>(py: Python<'py>, name: &CStr) -> PyResult<&'py T> {
        let pointer = Self::import_pointer(py, name)?.cast::<T>();
        if !pointer.is_aligned() {
            return Err(PySystemError::new_err(format!(
                "The pointer from the `{}` capsule is not aligned to rust type {}",
                name.to_string_lossy(),
                std::any::type_name::<T>()
            )));
        }
        // SAFETY: aligned; what it points to is passed on to the caller.
        Ok(unsafe { pointer.as_ref() })
    }

    /// As [`import`](PyCapsule::import), the pointer itself. Using that is up to the caller.
    ///
    /// # Errors
    /// If there is no such capsule.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| assert!(PyCapsule::import_pointer(py, c"builtins.nothing").is_err()));
    /// ```
    ///
    /// Source: `PyCapsule_Import`.
    pub fn import_pointer(py: Python<'_>, name: &CStr) -> PyResult<NonNull<c_void>> {
        // SAFETY: attached; a valid name.
        let pointer = unsafe { ffi::PyCapsule_Import(name.as_ptr(), 0) };
        NonNull::new(pointer).ok_or_else(|| PyErr::fetch(py))
    }
}

/// Takes the contents out of a dying capsule and gives them to their destructor.
unsafe extern "C" fn destroy<T, F>(capsule: *mut ffi::PyObject)
where
    F: FnOnce(T, *mut c_void),
{
    // SAFETY: CPython calls it once, attached, with a capsule that `with_contents` made. Its name
    // is asked for, as somebody may have set another.
    unsafe {
        // Objects also die while an exception is on its way: that must not be lost.
        let raised = compat::take_raised();
        let name = ffi::PyCapsule_GetName(capsule);
        let context = ffi::PyCapsule_GetContext(capsule);
        let contents = ffi::PyCapsule_GetPointer(capsule, name).cast::<Contents<T, F>>();
        // All of it is dropped in here, so that a panic of a `drop` does not reach C either.
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

/// The methods of [`PyCapsule`].
///
/// A name is compared with the capsule's; `None` stands for having none.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyCapsule;
///
/// Python::attach(|py| {
///     let mut context = 5;
///     let capsule = PyCapsule::new_with_value(py, "value", c"name")?;
///     assert!(capsule.context()?.is_null());
///     capsule.set_context((&raw mut context).cast())?;
///     assert_eq!(capsule.context()?, (&raw mut context).cast());
///
///     assert!(capsule.is_valid_checked(Some(c"name")));
///     assert!(!capsule.is_valid_checked(None));
///     assert!(capsule.pointer_checked(Some(c"other")).is_err());
///     // SAFETY: the name is a static text, and nobody sets another.
///     assert_eq!(unsafe { capsule.name()?.unwrap().as_cstr() }, c"name");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyCapsule")]
pub trait PyCapsuleMethods<'py>: crate::types::sealed::Sealed {
    /// Sets a second pointer, which the capsule's destructor gets.
    ///
    /// # Errors
    /// None for a capsule made here.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::ptr::null_mut;
    /// use std::sync::mpsc::channel;
    ///
    /// Python::attach(|py| {
    ///     let (sender, receiver) = channel();
    ///     let report = move |_value, context: *mut _| sender.send(context as usize).unwrap();
    ///     let capsule = PyCapsule::new_with_value_and_destructor(py, 7, c"seven", report)?;
    ///     capsule.set_context(null_mut::<u8>().wrapping_add(64).cast())?;
    ///     drop(capsule);
    ///     assert_eq!(receiver.recv(), Ok(64));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_SetContext`.
    fn set_context(&self, context: *mut c_void) -> PyResult<()>;

    /// The second pointer; null if none was set.
    ///
    /// # Errors
    /// None for a capsule made here.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let mut number = 5;
    ///     let capsule = PyCapsule::new_with_value(py, (), c"name")?;
    ///     assert!(capsule.context()?.is_null());
    ///     capsule.set_context((&raw mut number).cast())?;
    ///     assert_eq!(capsule.context()?, (&raw mut number).cast());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_GetContext`.
    fn context(&self) -> PyResult<*mut c_void>;

    /// The pointer, if the capsule has this name. What it points to, and for how long, is not
    /// known: other code may set another pointer.
    ///
    /// # Errors
    /// `ValueError`, if it has another name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 5_u32, c"five")?;
    ///     let five = capsule.pointer_checked(Some(c"five"))?.cast::<u32>();
    ///     // SAFETY: what has this name is a `u32`, and the capsule is alive.
    ///     assert_eq!(unsafe { five.read() }, 5);
    ///     assert!(capsule.pointer_checked(None).unwrap_err().is_instance_of::<PyValueError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_GetPointer`.
    fn pointer_checked(&self, name: Option<&CStr>) -> PyResult<NonNull<c_void>>;

    /// Whether the capsule has this name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 5, c"five")?;
    ///     assert!(capsule.is_valid_checked(Some(c"five")));
    ///     assert!(!capsule.is_valid_checked(Some(c"six")));
    ///     assert!(!capsule.is_valid_checked(None));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_IsValid`.
    fn is_valid_checked(&self, name: Option<&CStr>) -> bool;

    /// The capsule's name.
    ///
    /// # Errors
    /// None for a capsule made here.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 5, c"five")?;
    ///     // SAFETY: a static text, and nobody gives the capsule another name.
    ///     assert_eq!(unsafe { capsule.name()?.unwrap().as_cstr() }, c"five");
    ///     assert!(PyCapsule::new(py, 5, None)?.name()?.is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyCapsule_GetName`.
    fn name(&self) -> PyResult<Option<CapsuleName>>;
}

impl<'py> PyCapsuleMethods<'py> for Bound<'py, PyCapsule> {
    #[allow(
        clippy::not_unsafe_ptr_arg_deref,
        reason = "the pointer is stored, not read"
    )]
    fn set_context(&self, context: *mut c_void) -> PyResult<()> {
        // SAFETY: attached; a capsule.
        let result = unsafe { ffi::PyCapsule_SetContext(self.as_ptr(), context) };
        status(self.py(), result)
    }

    fn context(&self) -> PyResult<*mut c_void> {
        // SAFETY: attached; a capsule.
        let context = unsafe { ffi::PyCapsule_GetContext(self.as_ptr()) };
        if context.is_null() {
            no_error(self.py())?;
        }
        Ok(context)
    }

    fn pointer_checked(&self, name: Option<&CStr>) -> PyResult<NonNull<c_void>> {
        let name = name.map_or(null(), CStr::as_ptr);
        // SAFETY: attached; a capsule; a valid name or null.
        let pointer = unsafe { ffi::PyCapsule_GetPointer(self.as_ptr(), name) };
        NonNull::new(pointer).ok_or_else(|| PyErr::fetch(self.py()))
    }

    fn is_valid_checked(&self, name: Option<&CStr>) -> bool {
        let name = name.map_or(null(), CStr::as_ptr);
        // SAFETY: attached; a capsule; a valid name or null.
        unsafe { ffi::PyCapsule_IsValid(self.as_ptr(), name) != 0 }
    }

    fn name(&self) -> PyResult<Option<CapsuleName>> {
        // SAFETY: attached; a capsule.
        let name = unsafe { ffi::PyCapsule_GetName(self.as_ptr()) };
        match NonNull::new(name.cast_mut()) {
            Some(name) => Ok(Some(CapsuleName(name))),
            None => no_error(self.py()).map(|()| None),
        }
    }
}

/// Null may be an answer or an error.
fn no_error(py: Python<'_>) -> PyResult<()> {
    PyErr::take(py).map_or(Ok(()), Err)
}

/// A capsule's name: a pointer to a text which lives as long as whoever set the name promised,
/// usually for ever, at least as long as the capsule has that name.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyCapsule;
/// use pyatoll::types::capsule::CapsuleName;
///
/// Python::attach(|py| {
///     let name: Option<CapsuleName> = PyCapsule::new_with_value(py, 5, c"five")?.name()?;
///     // SAFETY: the text is static, so it outlives the capsule.
///     assert_eq!(unsafe { name.unwrap().as_cstr() }.to_bytes(), b"five");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[derive(Clone, Copy)]
pub struct CapsuleName(NonNull<c_char>);

impl CapsuleName {
    /// The text.
    ///
    /// # Safety
    /// The text must live for `'a`: the capsule may die, and C code may give it another name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new(py, 5, Some(c"owned".to_owned()))?;
    ///     let name = capsule.name()?.unwrap();
    ///     // SAFETY: the capsule owns the text, and lives until after the comparison.
    ///     assert_eq!(unsafe { name.as_cstr() }, c"owned");
    ///     drop(capsule);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub unsafe fn as_cstr<'a>(self) -> &'a CStr {
        // SAFETY: a C string; how long it lives is passed on to the caller.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }

    /// The text's address.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::ffi::CStr;
    ///
    /// Python::attach(|py| {
    ///     static NAME: &CStr = c"five";
    ///     let capsule = PyCapsule::new_with_value(py, 5, NAME)?;
    ///     assert_eq!(capsule.name()?.unwrap().as_ptr(), NAME.as_ptr());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{PyCapsule, PyCapsuleMethods};
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDict, PyDictMethods};

    /// Counts its drops.
    struct Counts(Arc<AtomicUsize>);

    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_value_is_dropped_once_by_any_thread() {
        let drops = Arc::new(AtomicUsize::new(0));
        let capsules = Python::attach(|py| {
            let value = || Counts(drops.clone());
            [
                PyCapsule::new_with_value(py, value(), c"name").unwrap(),
                PyCapsule::new(py, value(), Some(c"owned".to_owned())).unwrap(),
                PyCapsule::new(py, value(), None).unwrap(),
            ]
            .map(|capsule| capsule.unbind())
        });
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        std::thread::spawn(move || Python::attach(|_| drop(capsules)))
            .join()
            .unwrap();
        // Free-threaded builds leave the last step to the thread that made the objects.
        Python::attach(|py| py.run(c"import gc; gc.collect()", None, None).unwrap());
        assert_eq!(drops.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn an_owned_name_lives_with_the_capsule() {
        Python::attach(|py| {
            let name = CString::new("made at run time").unwrap();
            let capsule = PyCapsule::new(py, 5_u64, Some(name.clone())).unwrap();
            let pointer = capsule.pointer_checked(Some(&name)).unwrap();
            // SAFETY: a `u64` was put in; the capsule is alive, and so is its name.
            unsafe {
                assert_eq!(*pointer.cast::<u64>().as_ref(), 5);
                assert_eq!(capsule.name().unwrap().unwrap().as_cstr(), &*name);
            }
            let nameless = PyCapsule::new(py, (), None).unwrap();
            assert!(nameless.name().unwrap().is_none());
            assert!(nameless.is_valid_checked(None));
        });
    }

    #[test]
    fn a_panic_in_a_destructor_stays_there() {
        Python::attach(|py| {
            let drops = Arc::new(AtomicUsize::new(0));
            let value = Counts(drops.clone());
            let capsule =
                PyCapsule::new_with_value_and_destructor(py, value, c"name", |_value, _| {
                    panic!("expected: a destructor's panic")
                });
            drop(capsule.unwrap());
            assert_eq!(drops.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn an_exception_on_its_way_survives_a_destructor() {
        Python::attach(|py| {
            let names = PyDict::new(py);
            let capsule = PyCapsule::new_with_destructor(py, (), None, |(), _| {
                Python::attach(|py| assert!(py.eval(c"1 / 0", None, None).is_err()));
            });
            names.set_item("held", [capsule.unwrap()]).unwrap();
            // `list` lets go of what it has, the capsule, with the exception set.
            let code = c"
def items():
    yield held.pop()
    raise IndexError('kept')
try:
    list(items())
except IndexError as error:
    seen = str(error)
";
            py.run(code, Some(&names), None).unwrap();
            let seen = names.get_item("seen").unwrap().unwrap();
            assert_eq!(seen.to_string(), "kept");
        });
    }

    #[test]
    fn a_capsule_is_imported_by_its_name_only() {
        Python::attach(|py| {
            let capsule = PyCapsule::new_with_value(py, 7_u64, c"sys.pyatoll_seven").unwrap();
            let sys = py.import("sys").unwrap();
            sys.setattr("pyatoll_seven", &capsule).unwrap();
            sys.setattr("pyatoll_eight", &capsule).unwrap();
            // SAFETY: the capsule holds a `u64`.
            let seven = unsafe { PyCapsule::import::<u64>(py, c"sys.pyatoll_seven") };
            assert_eq!(*seven.unwrap(), 7);
            assert!(PyCapsule::import_pointer(py, c"sys.pyatoll_eight").is_err());
            assert!(PyCapsule::import_pointer(py, c"sys.nothing_here").is_err());
            sys.delattr("pyatoll_seven").unwrap();
            sys.delattr("pyatoll_eight").unwrap();
        });
    }

    #[test]
    fn an_unaligned_pointer_is_refused() {
        #[repr(C, align(8))]
        struct Bytes([u8; 16]);
        static BYTES: Bytes = Bytes([0; 16]);
        Python::attach(|py| {
            let pointer = std::ptr::NonNull::from(&BYTES.0[1]).cast();
            // SAFETY: a static; nobody reads through it.
            let capsule = unsafe { PyCapsule::new_with_pointer(py, pointer, c"sys.pyatoll_odd") };
            let sys = py.import("sys").unwrap();
            sys.setattr("pyatoll_odd", capsule.unwrap()).unwrap();
            // SAFETY: nothing is read, as the pointer is refused.
            let error = unsafe { PyCapsule::import::<u64>(py, c"sys.pyatoll_odd") };
            let error = error.unwrap_err().to_string();
            assert!(error.contains("is not aligned to rust type u64"), "{error}");
            sys.delattr("pyatoll_odd").unwrap();
        });
    }
}
