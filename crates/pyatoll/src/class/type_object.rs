//! [`TypeObject`]: a class in one interpreter, a heap type created on first use.
//!
//! Creation takes two steps, since a class attribute may be an instance of the class itself: the
//! type is created, then its attributes are computed and set. Until both are done, only the threads
//! that are doing it can see the type. If a step fails, the type is dropped and the next use starts
//! over.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::ThreadId;

use super::cross_module::CrossModuleSpec;
use super::freelist::Freelist;
use super::items::VectorCall;
use super::spec::ClassSpec;
use super::type_tables::TypeTables;
use crate::call::token;
use crate::capi::module_def::ModuleTable;
use crate::capi::{self as ffi, crossing, type_fields};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::exceptions::{PyRuntimeError, PyValueError};
use crate::intern;
use crate::interpreter::Python;
use crate::interpreter::sync::lock;
use crate::object::{Bound, Py};
use crate::types::string::to_string_lossy;
use crate::types::{PyAny, PyAnyMethods, PyString, PyType};

/// A class in one interpreter.
pub struct TypeObject {
    /// The class's [`ClassStatics::first`](super::statics::ClassStatics::first).
    first: &'static AtomicPtr<ffi::PyTypeObject>,
    /// The complete type, kept alive by `fill`; null before.
    ready: AtomicPtr<ffi::PyTypeObject>,
    /// Whether CPython's registry of shareable classes has it.
    is_registered: AtomicBool,
    /// Whether another binary has created the type.
    is_adopted: AtomicBool,
    /// Dropped before the type: freeing an instance's memory reads its type.
    pub(super) freelist: Freelist,
    fill: Mutex<FillState>,
}

/// The progress of a type's creation.
struct FillState {
    /// The type, possibly without its attributes.
    object: Option<Py<PyType>>,
    /// The threads that are creating the class with its metaclass.
    creating: Vec<ThreadId>,
    /// The threads that are computing the attributes.
    filling: Vec<ThreadId>,
    /// Whether one of them is setting its attributes, or has set them. The others wait for it, and
    /// drop theirs.
    setting: bool,
}

/// A thread that computes the attributes. Dropped after an error or a panic: the thread gives the
/// type up.
struct Filling<'a> {
    class: &'a TypeObject,
    thread: ThreadId,
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        self.class.give_up(self.thread);
    }
}

/// The thread that sets the attributes. Dropped after an error or a panic: another thread may set
/// its own.
struct Setting<'a>(&'a TypeObject);

impl Drop for Setting<'_> {
    fn drop(&mut self) {
        self.0.state().setting = false;
    }
}

/// A call that creates a Python class, in which the metaclass and the bases run any code.
struct Creating<'a>(&'a TypeObject);

impl<'a> Creating<'a> {
    /// # Errors
    /// If this thread is creating the class already: the code that it runs uses the class. That
    /// would create another one, and run the same code for it, and so on.
    fn begin(class: &'a TypeObject) -> PyResult<Self> {
        let this_thread = std::thread::current().id();
        let mut state = class.state();
        if state.creating.contains(&this_thread) {
            return Err(PyRuntimeError::new_err(
                "the class was used by its metaclass or a base while being created",
            ));
        }
        state.creating.push(this_thread);
        Ok(Self(class))
    }
}

impl Drop for Creating<'_> {
    fn drop(&mut self) {
        let this_thread = std::thread::current().id();
        let mut state = self.0.state();
        state.creating.retain(|creating| *creating != this_thread);
    }
}

impl TypeObject {
    pub(super) fn new(limit: usize, first: &'static AtomicPtr<ffi::PyTypeObject>) -> Self {
        Self {
            first,
            ready: AtomicPtr::new(null_mut()),
            is_registered: AtomicBool::new(false),
            is_adopted: AtomicBool::new(false),
            fill: Mutex::new(FillState {
                object: None,
                creating: Vec::new(),
                filling: Vec::new(),
                setting: false,
            }),
            freelist: Freelist::new(limit),
        }
    }

    /// Locks the creation state. The lock is never held while Python code runs.
    fn state(&self) -> MutexGuard<'_, FillState> {
        lock(&self.fill)
    }

    /// Returns the type if it is complete, else null.
    #[inline]
    pub(super) fn ready(&self) -> *mut ffi::PyTypeObject {
        self.ready.load(Ordering::Acquire)
    }

    /// Returns whether another binary has created the type.
    pub(super) fn is_adopted(&self) -> bool {
        self.is_adopted.load(Ordering::Relaxed)
    }

    /// Creates the type and its attributes, or adopts that of another binary. If this thread is
    /// already computing the attributes, returns the type without them.
    #[cold]
    #[inline(never)]
    pub(super) fn complete(
        &self,
        py: Python<'_>,
        spec: &ClassSpec,
        tables: &TypeTables,
        base: *mut ffi::PyTypeObject,
        module: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject> {
        let known = self
            .state()
            .object
            .as_ref()
            .map(|known| known.clone_ref(py));
        let cross_module = spec.options.cross_module;
        let object = match known {
            Some(object) => object.into_bound(py),
            None => {
                if let Some(class) = cross_module.and_then(|class| class.find(py, base))
                    && let Some(class) = self.adopt(class)
                {
                    return Ok(class);
                }
                let class = create_heap_type(py, spec, tables, base, module)?;
                match spec.python_class {
                    Some(create) => {
                        let _creating = Creating::begin(self)?;
                        create(py, spec, class)?
                    }
                    None => class,
                }
            }
        };
        let this_thread = std::thread::current().id();
        {
            let mut state = self.state();
            // Another thread may have stored its type first.
            let kept = state
                .object
                .get_or_insert_with(|| object.clone().unbind())
                .as_ptr();
            let ready = self.ready();
            if !ready.is_null() {
                return Ok(ready);
            }
            if tables.class_attributes.is_empty() && cross_module.is_none() && spec.share.is_none()
            {
                // Nothing to compute, share or register, so no thread can be doing that.
                self.publish(kept.cast());
                return Ok(kept.cast());
            }
            if state.filling.contains(&this_thread) {
                // A class attribute of this class uses the class.
                return Ok(kept.cast());
            }
            state.filling.push(this_thread);
        }
        let filling = Filling {
            class: self,
            thread: this_thread,
        };
        self.fill(py, tables)?;
        if let Some(cross_module) = cross_module {
            self.share(py, cross_module, base);
        }
        std::mem::forget(filling);
        let class = self.finish(this_thread);
        if let Some(share) = spec.share
            && !self.is_adopted()
            && !self.is_registered.swap(true, Ordering::Relaxed)
        {
            // SAFETY: attached (`py`); the complete type.
            let is_registered = unsafe { share.register(py, class) };
            self.is_registered.store(is_registered, Ordering::Relaxed);
        }
        Ok(class)
    }

    /// Uses the type of another binary. `None`: a thread of this one is creating a type.
    fn adopt(&self, class: Bound<'_, PyType>) -> Option<*mut ffi::PyTypeObject> {
        let address = class.as_ptr().cast();
        let mut state = self.state();
        match &state.object {
            Some(known) => (known.as_ptr().cast() == address).then_some(address),
            None => {
                state.object = Some(class.unbind());
                self.is_adopted.store(true, Ordering::Relaxed);
                // Under the lock: another thread that finds the type need not complete it.
                self.publish(address);
                Some(address)
            }
        }
    }

    /// Makes the complete type visible to all threads.
    fn publish(&self, class: *mut ffi::PyTypeObject) {
        self.ready.store(class, Ordering::Release);
        let (success, failure) = (Ordering::Release, Ordering::Relaxed);
        let _ = self
            .first
            .compare_exchange(null_mut(), class, success, failure);
    }

    /// Shares the type with other binaries, or replaces it by the one that another binary has
    /// shared since this one was created.
    fn share(&self, py: Python<'_>, cross_module: &CrossModuleSpec, base: *mut ffi::PyTypeObject) {
        let class = match &self.state().object {
            // Unless another thread has done so.
            Some(class) if self.ready().is_null() => class.clone_ref(py).into_bound(py),
            _ => return,
        };
        let kept = cross_module.share(&class, base);
        if !kept.is(&class) {
            let replaced = self.state().object.replace(kept.unbind());
            self.is_adopted.store(true, Ordering::Relaxed);
            drop(replaced);
            let address: *mut ffi::PyTypeObject = class.as_ptr().cast();
            // SAFETY: attached (`py`); `class` keeps the type alive, which nothing else uses.
            unsafe { clear_attributes_unless_collected(address) };
        }
    }

    /// Computes the class attributes and sets them.
    fn fill(&self, py: Python<'_>, tables: &TypeTables) -> PyResult<()> {
        let class = match &self.state().object {
            Some(object) => object.clone_ref(py).into_bound(py).into_any(),
            None => return Ok(()),
        };
        // All values are computed before any is set, so that a failure sets none.
        let mut values = Vec::with_capacity(tables.class_attributes.len());
        for (name, value) in &tables.class_attributes {
            let value = value(py).map_err(|error| {
                let class = crate::types::typeobject::qualname_of_class(&class);
                let message = format!(
                    "An error occurred while initializing `{class}.{}`",
                    name.to_string_lossy()
                );
                initialization_error(py, message, error)
            })?;
            values.push((*name, value));
        }
        // If another thread is setting its attributes, the class is incomplete until it is done.
        while std::mem::replace(&mut self.state().setting, true) {
            if !self.ready().is_null() {
                return Ok(());
            }
            py.detach(std::thread::yield_now);
        }
        // After an error or a panic, a waiting thread tries with its own attributes.
        let setting = Setting(self);
        set_attributes(py, &class, values)?;
        std::mem::forget(setting);
        Ok(())
    }

    /// Publishes the type, which `thread` has completed.
    fn finish(&self, thread: ThreadId) -> *mut ffi::PyTypeObject {
        let mut state = self.state();
        state.filling.retain(|filling| *filling != thread);
        let class = state.object.as_ref().map_or(null_mut(), Py::as_ptr).cast();
        self.publish(class);
        class
    }

    /// Drops the type, which `thread` could not complete, unless another thread is filling it.
    fn give_up(&self, thread: ThreadId) {
        let dropped = {
            let mut state = self.state();
            state.filling.retain(|filling| *filling != thread);
            match state.filling.is_empty() && self.ready().is_null() {
                true => {
                    state.setting = false;
                    state.object.take()
                }
                false => None,
            }
        };
        // Outside of the lock, since it may run Python code.
        drop(dropped);
    }
}

impl Drop for TypeObject {
    /// Runs when the interpreter ends. If instances are not tracked by the garbage collector, those
    /// reachable from their own class would keep each other alive: so the attributes of the class
    /// are cleared, as CPython clears modules.
    fn drop(&mut self) {
        let ready = self.ready();
        if ready.is_null() {
            return;
        }
        // Before the type is released, since its address can be reused after that.
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        let _ = self
            .first
            .compare_exchange(ready, null_mut(), success, failure);
        // SAFETY: attached, since slot values are dropped attached; `fill` keeps the type alive.
        unsafe {
            if self.is_registered.load(Ordering::Relaxed) {
                crossing::unregister_class(ready);
            }
            if !self.is_adopted() {
                clear_attributes_unless_collected(ready);
            }
        }
    }
}

/// Removes the attributes of a type that goes out of use, if the garbage collector does not track
/// its instances: those that are reachable from it would keep it alive.
///
/// # Safety
/// As for [`clear_attributes`].
unsafe fn clear_attributes_unless_collected(class: *mut ffi::PyTypeObject) {
    // SAFETY: upheld by the caller: attached; a live heap type.
    unsafe {
        if ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) == 0 {
            clear_attributes(class);
        }
    }
}

/// Removes every attribute of a type that may refer to an instance: all except those that the type
/// was created with, and plain values.
///
/// # Safety
/// Attached; `class` must be a live heap type that is used no more.
unsafe fn clear_attributes(class: *mut ffi::PyTypeObject) {
    // SAFETY: attached, and the dict belongs to a live type (upheld by the caller). The items are
    // copied first, since dropping a value may run any code.
    unsafe {
        let dict = type_fields::dict_of_heap_type(class);
        if dict.is_null() {
            return;
        }
        let items = ffi::PyDict_Items(dict);
        if items.is_null() {
            return ffi::PyErr_Clear();
        }
        let mut found = false;
        for index in 0..ffi::PyList_Size(items) {
            // A strong reference, since that code can find and change the list through
            // `gc.get_objects`.
            let pair = ffi::compat::PyList_GetItemRef(items, index);
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

/// Returns whether an attribute of a type can refer to nothing but the type: the descriptors that
/// CPython creates for methods and properties, strings, and numbers.
///
/// # Safety
/// Attached; `value` must be alive.
unsafe fn cannot_refer_to_instances(value: *mut ffi::PyObject) -> bool {
    // SAFETY: upheld by the caller; of CPython's types, only the addresses are taken.
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

/// Returns a `RuntimeError` with `cause` as its cause.
pub(super) fn initialization_error(py: Python<'_>, message: String, cause: PyErr) -> PyErr {
    let error = PyRuntimeError::new_err(message);
    error.set_cause(py, Some(cause));
    error
}

/// Sets the attributes of a new type.
fn set_attributes(
    py: Python<'_>,
    class: &Bound<'_, PyAny>,
    values: Vec<(&'static CStr, Py<PyAny>)>,
) -> PyResult<()> {
    for (name, value) in values {
        // SAFETY: attached (`py`); all objects are alive. An immutable type is changed through its
        // dict, before other code has seen it.
        let status = unsafe {
            if ffi::PyType_HasFeature(class.as_ptr().cast(), ffi::Py_TPFLAGS_IMMUTABLETYPE) != 0 {
                let dict = type_fields::dict_of_heap_type(class.as_ptr().cast());
                let value = value.bind(py).as_ptr();
                let status = ffi::PyDict_SetItemString(dict, name.as_ptr(), value);
                ffi::PyType_Modified(class.as_ptr().cast());
                status
            } else {
                ffi::PyObject_SetAttrString(class.as_ptr(), name.as_ptr(), value.bind(py).as_ptr())
            }
        };
        error_on_minusone(py, status)?;
    }
    Ok(())
}

/// Creates the heap type.
fn create_heap_type<'py>(
    py: Python<'py>,
    class_spec: &ClassSpec,
    tables: &TypeTables,
    base: *mut ffi::PyTypeObject,
    module: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyType>> {
    let module_of_enum = tables.variant.and_then(|_| {
        // SAFETY: attached (`py`); `base` is alive, and keeps its module alive.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, module_of(base)) }
    });
    let module = module.or(module_of_enum.as_ref());
    let name = dotted_name(py, class_spec, module)?;

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
    // SAFETY: attached (`py`); `base` is alive. CPython copies the name, the doc and the members;
    // the other tables live as long as the process.
    unsafe {
        let module = module.map_or(null_mut(), Bound::as_ptr);
        let class = ffi::PyType_FromModuleAndSpec(module, &raw mut spec, null_mut());
        let class = NonNull::new(class).ok_or_else(|| PyErr::fetch(py))?;
        let class = Bound::from_owned_ptr(py, class.as_ptr());
        if let Some(constructor) = tables.constructor
            && token::is_class_of_this_binary(class.as_ptr().cast())
        {
            set_vectorcall(class.as_ptr().cast(), constructor);
        }
        if let Some(qualname) = tables.variant {
            let qualname = PyString::new(py, qualname);
            let name = c"__qualname__".as_ptr();
            let status = ffi::PyObject_SetAttrString(class.as_ptr(), name, qualname.as_ptr());
            error_on_minusone(py, status)?;
        }
        Ok(class.cast_into_unchecked())
    }
}

/// Returns the name of the type for `PyType_Spec`: `module.name`.
fn dotted_name(
    py: Python<'_>,
    spec: &ClassSpec,
    module: Option<&Bound<'_, PyAny>>,
) -> PyResult<CString> {
    let inherits = spec.options.inherits_module;
    let module_name = module_name(py, spec.module_name, inherits, module)?;
    let mut name = String::with_capacity(module_name.len() + spec.name.len() + 2);
    name.push_str(&module_name);
    name.push('.');
    name.push_str(spec.name);
    CString::new(name).map_err(|_| PyValueError::new_err("a class name with a NUL byte"))
}

/// Returns the `__module__` of a class: the one that it `declared`, or inherits from a `mod`, or
/// else the `module` that it is created in.
pub(super) fn module_name<'a>(
    py: Python<'_>,
    declared: Option<&'a str>,
    inherits: bool,
    module: Option<&Bound<'_, PyAny>>,
) -> PyResult<Cow<'a, str>> {
    match (declared, module) {
        (Some(declared), Some(module)) if inherits => imported_name(py, declared, module),
        (Some(declared), _) => Ok(declared.into()),
        (None, Some(module)) => {
            let name = name_of_module(py, module)?;
            Ok(to_string_lossy(&name).into_owned().into())
        }
        (None, None) => Ok("builtins".into()),
    }
}

fn name_of_module<'py>(py: Python<'py>, module: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached (`py`); `module` is alive; returns a new reference or null.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyModule_GetNameObject(module.as_ptr())) }
}

/// Returns the name that the module which was declared as `declared` is imported by: it is in the
/// same package as `module`, a module of this binary. A package that consists of a module of its
/// own name passes on what is in it, so it is not counted.
pub(super) fn imported_name<'a>(
    py: Python<'_>,
    declared: &'a str,
    module: &Bound<'_, PyAny>,
) -> PyResult<Cow<'a, str>> {
    // Before `ModuleTable::of`, which needs a module: raises a `TypeError` for any other object.
    let name = name_of_module(py, module)?;
    let name = to_string_lossy(&name);
    // SAFETY: attached (`py`); a live module.
    let root = match unsafe { ModuleTable::of(module.as_ptr()) } {
        Some(table) => table.name(),
        None => return Ok(declared.into()),
    };
    if name.as_bytes() == root.to_bytes() {
        // The common case, without formatting: imported under its own name, so in no package.
        return Ok(declared.into());
    }
    let root = root.to_string_lossy();
    let packages = name
        .strip_suffix(&*root)
        .filter(|packages| !root.is_empty() && packages.ends_with('.'));
    Ok(match packages {
        Some(packages) if !format!(".{packages}").ends_with(&format!(".{root}.")) => {
            format!("{packages}{declared}").into()
        }
        _ => declared.into(),
    })
}

/// Changes the `__module__` of a class from `old` to `new`, and that of the classes of its
/// variants. Static types, which all interpreters share, stay as they are.
pub(crate) fn rename_module(class: &Bound<'_, PyType>, old: &str, new: &str) -> PyResult<()> {
    let py = class.py();
    // SAFETY: attached (`py`); a live type.
    let is_heap_type =
        unsafe { ffi::PyType_HasFeature(class.as_ptr().cast(), ffi::Py_TPFLAGS_HEAPTYPE) != 0 };
    let attribute = intern!(py, "__module__");
    if old == new || !is_heap_type || !class.getattr(attribute)?.eq(old)? {
        return Ok(());
    }
    let name = PyString::new(py, new).into_any().unbind();
    set_attributes(py, class.as_any(), vec![(c"__module__", name)])?;
    let inner_name = format!("{}.", crate::types::typeobject::qualname_of_class(class));
    let attributes = class.getattr(intern!(py, "__dict__"))?;
    for value in attributes.call_method0(intern!(py, "values"))?.try_iter()? {
        if let Ok(inner) = value?.cast_into::<PyType>()
            && crate::types::typeobject::qualname_of_class(&inner).starts_with(&inner_name)
        {
            rename_module(&inner, old, new)?;
        }
    }
    Ok(())
}

/// Sets the `tp_vectorcall` of a new type, which bypasses the tuple, `tp_new` and `tp_init`, if
/// that makes no difference. Derived types do not inherit it.
///
/// # Safety
/// Attached; `class` must be a new type that no other code has seen, for which
/// [`token::is_class_of_this_binary`] holds and whose `tp_new` calls `constructor`.
unsafe fn set_vectorcall(class: *mut ffi::PyTypeObject, constructor: VectorCall) {
    // SAFETY: upheld by the caller. `vectorcallfunc` is the same type as `VectorCall`.
    unsafe {
        let is_of_type = ffi::Py_TYPE(class.cast()) == &raw mut ffi::PyType_Type;
        let init =
            |class: *mut ffi::PyTypeObject| type_fields::tp_init(class).map(|init| init as usize);
        if is_of_type && init(class) == init(&raw mut ffi::PyBaseObject_Type) {
            type_fields::set_vectorcall(class, constructor);
        }
    }
}

/// Returns whether `module` is the module that a type was created with. False for static types.
///
/// # Safety
/// Attached; both must be alive.
pub(super) unsafe fn has_module(class: *mut ffi::PyTypeObject, module: *mut ffi::PyObject) -> bool {
    // SAFETY: upheld by the caller: attached, and both are alive. `module_of` gets heap types only.
    unsafe {
        ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HEAPTYPE) != 0 && module_of(class) == module
    }
}

/// Returns the module of a heap type, borrowed, or null without an exception.
///
/// # Safety
/// Attached; `class` must be a live heap type.
unsafe fn module_of(class: *mut ffi::PyTypeObject) -> *mut ffi::PyObject {
    // SAFETY: upheld by the caller: attached; a live heap type.
    unsafe {
        let module = ffi::PyType_GetModule(class);
        if module.is_null() {
            ffi::PyErr_Clear();
        }
        module
    }
}
