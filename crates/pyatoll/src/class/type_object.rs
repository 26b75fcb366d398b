//! The type object of a class in each interpreter: a heap type, made at first use.
//!
//! Two steps, since a class attribute may be an instance of the class itself: the type is made,
//! then its attributes are worked out and set. Until that is done the type is only seen by the
//! threads that are doing it. If it fails, the type is forgotten again and the next use starts
//! anew.

use std::ffi::{CStr, CString};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::ThreadId;

use pyo3_ffi as ffi;

use super::PyClass;
use super::freelist::Freelist;
use super::items::VectorCall;
use super::spec::ClassStatics;
use super::type_tables::TypeTables;
use crate::call::token;
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::exceptions::PyRuntimeError;
use crate::interpreter::Python;
use crate::interpreter::sync::lock;
use crate::object::{Borrowed, Bound, Py};
use crate::types::{PyAny, PyModule, PyType};

/// A class in one interpreter.
pub struct TypeObject {
    /// The class's: see [`ClassStatics`].
    first: &'static AtomicPtr<ffi::PyTypeObject>,
    /// The type, complete, kept alive by `state`; null before.
    ready: AtomicPtr<ffi::PyTypeObject>,
    state: Mutex<State>,
    pub(super) freelist: Freelist,
}

struct State {
    /// The type, perhaps still without its attributes.
    object: Option<Py<PyType>>,
    /// The threads that are working the attributes out.
    filling: Vec<ThreadId>,
    /// Whether one of them sets the attributes, or has: the others wait for it, and drop theirs.
    setting: bool,
}

impl TypeObject {
    fn new(limit: usize, first: &'static AtomicPtr<ffi::PyTypeObject>) -> Self {
        Self {
            first,
            ready: AtomicPtr::new(null_mut()),
            state: Mutex::new(State {
                object: None,
                filling: Vec::new(),
                setting: false,
            }),
            freelist: Freelist::new(limit),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Not held while Python runs.
        lock(&self.state)
    }
}

impl Drop for TypeObject {
    /// The interpreter ends. Where instances are not known to the garbage collector, those that
    /// their own class leads to would keep each other alive: the class lets go of its attributes,
    /// as CPython lets modules do.
    fn drop(&mut self) {
        let ready = self.ready();
        if ready.is_null() {
            return;
        }
        // Before the type is let go of, and its address can be another's.
        let (set, seen) = (Ordering::AcqRel, Ordering::Relaxed);
        let _ = self.first.compare_exchange(ready, null_mut(), set, seen);
        // SAFETY: attached, since values are dropped attached; the type is kept by `state`.
        let is_collected =
            |class| unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0 };
        if !is_collected(ready) {
            // SAFETY: as above.
            unsafe { forget_attributes(ready) };
        }
    }
}

/// Takes everything out of a type's own dict that may lead to an instance: all but what the type was
/// made with, and plain values.
///
/// # Safety
/// Attached; a live heap type whose interpreter ends.
unsafe fn forget_attributes(class: *mut ffi::PyTypeObject) {
    // SAFETY: attached; the dict is a live type's own. Its items are taken first: dropping a value
    // may run any code.
    unsafe {
        let dict = (*class).tp_dict;
        let items = ffi::PyDict_Items(dict);
        if items.is_null() {
            return ffi::PyErr_Clear();
        }
        let mut found = false;
        for place in 0..ffi::PyList_Size(items) {
            // Kept by a reference of its own: that code can find the list, with `gc.get_objects`.
            let pair = ffi::compat::PyList_GetItemRef(items, place);
            if pair.is_null() {
                ffi::PyErr_Clear();
                break;
            }
            let (name, value) = (ffi::PyTuple_GetItem(pair, 0), ffi::PyTuple_GetItem(pair, 1));
            if !cannot_refer_to_instances(value) {
                found = true;
                if ffi::PyDict_DelItem(dict, name) != 0 {
                    ffi::PyErr_Clear();
                }
            }
            ffi::Py_DECREF(pair);
        }
        if found {
            ffi::PyType_Modified(class);
        }
        ffi::Py_DECREF(items);
    }
}

/// Whether a type's attribute is one that refers to nothing but the type itself, if that: what
/// CPython makes of methods and properties, texts and numbers.
///
/// # Safety
/// Attached; a live object.
unsafe fn cannot_refer_to_instances(value: *mut ffi::PyObject) -> bool {
    // SAFETY: passed on to the caller; CPython's own types.
    unsafe {
        let class = ffi::Py_TYPE(value);
        value == ffi::Py_None()
            || [
                &raw mut ffi::PyMethodDescr_Type,
                &raw mut ffi::PyClassMethodDescr_Type,
                &raw mut ffi::PyGetSetDescr_Type,
                &raw mut ffi::PyMemberDescr_Type,
                &raw mut ffi::PyWrapperDescr_Type,
                // `__new__`.
                &raw mut ffi::PyCFunction_Type,
                &raw mut ffi::PyUnicode_Type,
                &raw mut ffi::PyBytes_Type,
                &raw mut ffi::PyLong_Type,
                &raw mut ffi::PyFloat_Type,
                &raw mut ffi::PyBool_Type,
            ]
            .contains(&class)
    }
}

/// What the token's interpreter keeps for `T`, if it exists.
#[inline]
pub(super) fn existing<T: PyClass>(py: Python<'_>) -> Option<&TypeObject> {
    T::statics().types.get(py)
}

impl TypeObject {
    /// The type, if it is complete.
    #[inline]
    pub(super) fn ready(&self) -> *mut ffi::PyTypeObject {
        self.ready.load(Ordering::Acquire)
    }
}

/// The type object of `T` in the token's interpreter, borrowed; made at need, with `module` as the
/// module it belongs to.
///
/// # Errors
/// If Python refuses the class, or a class attribute fails.
#[inline]
pub(crate) fn get_or_create<T: PyClass>(
    py: Python<'_>,
    module: Option<&Bound<'_, PyAny>>,
) -> PyResult<*mut ffi::PyTypeObject> {
    match complete_type::<T>(py) {
        Some(ready) => Ok(ready),
        None => create_type(py, T::statics(), module),
    }
}

/// The type object of `T`, if it is complete: what all but the first uses find.
#[inline(always)]
fn complete_type<T: PyClass>(py: Python<'_>) -> Option<*mut ffi::PyTypeObject> {
    let ready = existing::<T>(py)?.ready();
    (!ready.is_null()).then_some(ready)
}

/// Makes the type of `T`, if need be, and puts it into a module.
///
/// # Errors
/// As for [`get_or_create`], and if the module refuses it.
pub(crate) fn add_to_module<T: PyClass>(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_class(module, T::statics())
}

#[inline(never)]
fn add_class(module: &Bound<'_, PyModule>, statics: &'static ClassStatics) -> PyResult<()> {
    let py = module.py();
    let class = create_type(py, statics, Some(module.as_any()))?;
    // SAFETY: the class stays alive while the interpreter does.
    let class = unsafe { Borrowed::from_ptr(py, class.cast()) };
    crate::types::module::add_object(module, statics.spec.name, class)
}

/// As [`get_or_create`], whether or not the type is complete.
#[cold]
#[inline(never)]
fn create_type(
    py: Python<'_>,
    statics: &'static ClassStatics,
    module: Option<&Bound<'_, PyAny>>,
) -> PyResult<*mut ffi::PyTypeObject> {
    let base = (statics.spec.base.type_object)(py, module);
    let cell = statics.types.get_or_init(py, || {
        TypeObject::new(statics.spec.options.freelist, &statics.first)
    });
    complete(py, cell, statics, base, module)
}

/// Whether an object is an instance of `T`, or of a subclass.
#[inline]
pub fn is_instance<T: PyClass>(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: a live object.
    let class = unsafe { ffi::Py_TYPE(object.as_ptr()) };
    // The type that is `first` is cleared from there before it dies: what has the same address
    // while an object refers to it is that type.
    class == T::statics().first.load(Ordering::Relaxed) || derives::<T>(object.py(), class)
}

/// Whether a type is that of `T` in the token's interpreter, or derives from it.
#[inline(never)]
fn derives<T: PyClass>(py: Python<'_>, class: *mut ffi::PyTypeObject) -> bool {
    let own = type_object_raw::<T>(py);
    // SAFETY: both are alive.
    class == own || unsafe { ffi::PyType_IsSubtype(class, own) != 0 }
}

/// As `get_or_create`, where the signature leaves no room for an error.
///
/// # Panics
/// If the class cannot be made.
#[inline]
pub fn type_object_raw<T: PyClass>(py: Python<'_>) -> *mut ffi::PyTypeObject {
    match complete_type::<T>(py) {
        Some(ready) => ready,
        None => must_create_type(py, T::statics()),
    }
}

#[cold]
#[inline(never)]
fn must_create_type(py: Python<'_>, statics: &'static ClassStatics) -> *mut ffi::PyTypeObject {
    match create_type(py, statics, None) {
        Ok(class) => class,
        Err(error) => creation_failed(py, statics.spec.name, error),
    }
}

#[cold]
fn creation_failed(py: Python<'_>, name: &str, error: PyErr) -> ! {
    error.write_unraisable(py, None);
    panic!("failed to create type object for `{name}`")
}

/// Makes the type and its attributes, or as much of it as this thread is not doing already.
#[cold]
fn complete(
    py: Python<'_>,
    cell: &TypeObject,
    statics: &'static ClassStatics,
    base: PyResult<*mut ffi::PyTypeObject>,
    module: Option<&Bound<'_, PyAny>>,
) -> PyResult<*mut ffi::PyTypeObject> {
    let (name, module_name) = (statics.spec.name, statics.spec.module_name);
    let attempt = || {
        let base = base?;
        let tables = statics.tables();
        let this_thread = std::thread::current().id();

        let known = cell
            .state()
            .object
            .as_ref()
            .map(|known| known.clone_ref(py));
        let object = match known {
            Some(object) => object.into_bound(py),
            None => create(py, tables, name, module_name, base, module)?,
        };
        {
            let mut state = cell.state();
            // Another thread may have been first, meanwhile.
            let kept = state
                .object
                .get_or_insert_with(|| object.clone().unbind())
                .as_ptr();
            let ready = cell.ready();
            if !ready.is_null() {
                return Ok(ready);
            }
            if state.filling.contains(&this_thread) {
                // A class attribute of this very class uses it.
                return Ok(kept.cast());
            }
            state.filling.push(this_thread);
        }
        let filled = fill(py, cell, tables);
        let dropped;
        {
            let mut state = cell.state();
            state.filling.retain(|thread| *thread != this_thread);
            match &filled {
                Ok(()) => {
                    let class = state.object.as_ref().map_or(null_mut(), Py::as_ptr);
                    cell.ready.store(class.cast(), Ordering::Release);
                    let (set, seen) = (Ordering::Release, Ordering::Relaxed);
                    let _ = cell
                        .first
                        .compare_exchange(null_mut(), class.cast(), set, seen);
                    return Ok(class.cast());
                }
                Err(_) if state.filling.is_empty() && cell.ready().is_null() => {
                    state.setting = false;
                    dropped = state.object.take();
                }
                Err(_) => dropped = None,
            }
        }
        drop(dropped);
        filled.map(|()| cell.ready())
    };
    attempt().map_err(|error| {
        let message = format!("An error occurred while initializing class {name}");
        let outer = PyRuntimeError::new_err(message);
        outer.set_cause(py, Some(error));
        outer
    })
}

/// Works the class attributes out and sets them.
fn fill(py: Python<'_>, cell: &TypeObject, tables: &TypeTables) -> PyResult<()> {
    let class = match &cell.state().object {
        Some(object) => object.clone_ref(py).into_bound(py).into_any(),
        None => return Ok(()),
    };
    // All before any is set: a failure leaves none.
    let mut values = Vec::with_capacity(tables.class_attributes.len());
    for (name, value) in &tables.class_attributes {
        let value = value(py).map_err(|error| {
            let class = crate::types::typeobject::qualname_of_class(&class);
            let message = format!(
                "An error occurred while initializing `{class}.{}`",
                name.to_string_lossy()
            );
            let outer = PyRuntimeError::new_err(message);
            outer.set_cause(py, Some(error));
            outer
        })?;
        values.push((*name, value));
    }
    // Where another thread is setting its own, the class is not complete before that is through.
    while std::mem::replace(&mut cell.state().setting, true) {
        if !cell.ready().is_null() {
            return Ok(());
        }
        py.detach(std::thread::yield_now);
    }
    let set = set_attributes(py, &class, values);
    if set.is_err() {
        // Whoever waits tries with its own.
        cell.state().setting = false;
    }
    set
}

/// Sets the attributes of a new type.
fn set_attributes(
    py: Python<'_>,
    class: &Bound<'_, PyAny>,
    values: Vec<(&'static CStr, Py<PyAny>)>,
) -> PyResult<()> {
    for (name, value) in values {
        // SAFETY: attached, all alive. A type that cannot be changed from outside is changed in
        // its own dict, before anyone else has seen it.
        let set = unsafe {
            if ffi::PyType_HasFeature(class.as_ptr().cast(), ffi::Py_TPFLAGS_IMMUTABLETYPE) != 0 {
                let dict = (*class.as_ptr().cast::<ffi::PyTypeObject>()).tp_dict;
                let set = ffi::PyDict_SetItemString(dict, name.as_ptr(), value.bind(py).as_ptr());
                ffi::PyType_Modified(class.as_ptr().cast());
                set
            } else {
                ffi::PyObject_SetAttrString(class.as_ptr(), name.as_ptr(), value.bind(py).as_ptr())
            }
        };
        error_on_minusone(py, set)?;
    }
    Ok(())
}

/// Makes the heap type (`PyType_FromModuleAndSpec`).
fn create<'py>(
    py: Python<'py>,
    tables: &TypeTables,
    name: &str,
    module_name: Option<&str>,
    base: *mut ffi::PyTypeObject,
    module: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyType>> {
    let module_of_enum = tables.variant.and_then(|_| {
        // SAFETY: a live type; the new reference is owned by the handle.
        unsafe { Bound::from_owned_ptr_or_opt(py, module_of(base)) }
    });
    let module = module.or(module_of_enum.as_ref());
    let module_name = match (module_name, module) {
        (Some(module_name), _) => module_name.to_owned(),
        (None, Some(module)) => {
            // SAFETY: attached; a new reference or null comes back.
            let name = unsafe {
                let name = ffi::PyModule_GetNameObject(module.as_ptr());
                Bound::from_owned_ptr_or_err(py, name)?
            };
            crate::types::string::to_string_lossy(&name).into_owned()
        }
        (None, None) => "builtins".to_owned(),
    };
    let name = CString::new(format!("{module_name}.{name}"))
        .map_err(|_| crate::exceptions::PyValueError::new_err("a class name with a NUL byte"))?;

    let mut slots: Vec<ffi::PyType_Slot> = Vec::with_capacity(tables.slots.len() + 2);
    slots.push(ffi::PyType_Slot {
        slot: ffi::Py_tp_base,
        pfunc: base.cast(),
    });
    for &(slot, pfunc) in &tables.slots {
        slots.push(ffi::PyType_Slot { slot, pfunc });
    }
    slots.push(ffi::PyType_Slot {
        slot: 0,
        pfunc: null_mut(),
    });
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: tables.basicsize as std::ffi::c_int,
        itemsize: 0,
        flags: tables.flags,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: attached. CPython copies the name, the doc and the members; the other tables are the
    // definition's, which lives as long as the process. The base is alive.
    unsafe {
        let module = module.map_or(null_mut(), Bound::as_ptr);
        let class = ffi::PyType_FromModuleAndSpec(module, &raw mut spec, null_mut());
        let class = NonNull::new(class).ok_or_else(|| PyErr::fetch(py))?;
        let class = Bound::from_owned_ptr(py, class.as_ptr());
        if let Some(constructor) = tables.constructor
            && token::is_class_of_this_binary(class.as_ptr().cast())
        {
            call_directly(class.as_ptr().cast(), constructor);
        }
        if let Some(qualname) = tables.variant {
            let qualname = crate::types::PyString::new(py, qualname);
            let name = c"__qualname__".as_ptr();
            let set = ffi::PyObject_SetAttrString(class.as_ptr(), name, qualname.as_ptr());
            error_on_minusone(py, set)?;
        }
        Ok(class.cast_into_unchecked())
    }
}

/// Has CPython call a new type's constructor without going through a tuple, `tp_new` and `tp_init`,
/// where that is all the same. Types that derive from this one do not inherit it.
///
/// # Safety
/// Attached; a new type, seen by nobody else, with `constructor` behind its `tp_new`, for which
/// [`token::is_class_of_this_binary`].
#[cfg_attr(Py_LIMITED_API, allow(unused_variables))]
unsafe fn call_directly(class: *mut ffi::PyTypeObject, constructor: VectorCall) {
    // SAFETY: as promised. `vectorcallfunc` is the same type, with C's name for the size.
    #[cfg(not(Py_LIMITED_API))]
    unsafe {
        let is_of_type = ffi::Py_TYPE(class.cast()) == &raw mut ffi::PyType_Type;
        let init = |class: *mut ffi::PyTypeObject| (*class).tp_init.map(|init| init as usize);
        if is_of_type && init(class) == init(&raw mut ffi::PyBaseObject_Type) {
            (*class).tp_vectorcall = Some(constructor);
        }
    }
}

/// The module that a heap type was made for, a new reference; or null without an exception.
///
/// # Safety
/// The thread must be attached, the type alive.
unsafe fn module_of(class: *mut ffi::PyTypeObject) -> *mut ffi::PyObject {
    // SAFETY: passed on to the caller.
    unsafe {
        let module = ffi::PyType_GetModule(class);
        if module.is_null() {
            ffi::PyErr_Clear();
            return null_mut();
        }
        ffi::Py_NewRef(module)
    }
}

/// The type object of `T` as a value: of an enum's class attribute for a variant.
///
/// # Errors
/// If the class cannot be made.
pub fn class_object<T: PyClass>(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let class = get_or_create::<T>(py, None)?;
    // SAFETY: a live type object of this interpreter.
    Ok(unsafe { Bound::from_borrowed_ptr(py, class.cast()) }.unbind())
}
