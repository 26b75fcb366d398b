//! [`ModuleDefinition`]: the definition of a module with multi-phase initialization (PEP 489), for
//! `abi3t` as a table of slots (PEP 793).
//!
//! One definition per `#[pymodule]` and binary, shared by all interpreters. CPython reads it, and
//! writes to the header of a `PyModuleDef` in `PyModuleDef_Init`, which runs once. Per-interpreter
//! data is in the state of the module objects: the pointer that [`token`](crate::call::token)
//! reads.
//!
//! The slots are chosen at run time, on first use, from the version of the running Python.

use std::ffi::{CStr, CString, c_int};
use std::panic::catch_unwind;
use std::ptr::null_mut;

use super::pymodule::{PyModule, PyModuleMethods};
use super::submodules;
use crate::call::token::ModuleState;
use crate::call::trampoline::trampoline;
use crate::capi as ffi;
use crate::capi::module_def::{ModuleTable, SlotValues};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::exceptions::PyImportError;
use crate::interpreter::{Python, check_version, layout};
use crate::object::{Borrowed, Bound, Py};
use crate::types::{PyAnyMethods, PyDict, PyDictMethods, PyStringMethods};

/// The interpreters that a module may be loaded in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MultipleInterpreters {
    /// The main interpreter only.
    NotSupported,
    /// Interpreters that share the main interpreter's GIL.
    SharedGil,
    /// All interpreters.
    PerInterpreterGil,
}

/// The static definition of a module.
#[repr(C)]
pub struct ModuleDefinition {
    /// Comes first, so that a pointer to it can be cast back.
    pub(super) table: ModuleTable,
    name: &'static CStr,
    initialize: Initialize,
    multiple_interpreters: MultipleInterpreters,
    gil_used: bool,
}

/// A function that adds the items of a `#[pymodule]` to a new module.
pub type Initialize = for<'a, 'py> fn(&'a Bound<'py, PyModule>) -> PyResult<()>;

impl ModuleDefinition {
    /// Defines a module with the docstring `doc`. `name` is the name of a module that is created
    /// outside of an import.
    pub const fn new(
        name: &'static CStr,
        doc: &'static CStr,
        initialize: Initialize,
        multiple_interpreters: MultipleInterpreters,
        gil_used: bool,
    ) -> Self {
        Self::with_doc(
            name,
            doc.as_ptr(),
            initialize,
            multiple_interpreters,
            gil_used,
        )
    }

    const fn with_doc(
        name: &'static CStr,
        doc: *const std::ffi::c_char,
        initialize: Initialize,
        multiple_interpreters: MultipleInterpreters,
        gil_used: bool,
    ) -> Self {
        Self {
            table: ModuleTable::new(name, doc, size_of::<ModuleState>()),
            name,
            initialize,
            multiple_interpreters,
            gil_used,
        }
    }

    /// Returns the initialized `PyModuleDef`: the body of `PyInit_<name>`. Returns null with an
    /// `ImportError` set if the running Python is not one that this binary was built for.
    ///
    /// # Safety
    /// The thread must be attached to an interpreter.
    pub unsafe fn init(&'static self) -> *mut ffi::PyObject {
        // SAFETY: attached (upheld by the caller).
        unsafe {
            if !self.is_right_python() {
                return null_mut();
            }
            self.prepare();
            let definition = self.table.init();
            if definition.is_null() {
                self.raise("cannot be built in: `abi3t` hides how this Python defines modules");
            }
            definition
        }
    }

    /// Returns whether the running Python is one that this binary was built for. Else an
    /// `ImportError` is set.
    ///
    /// # Safety
    /// The thread must be attached to an interpreter.
    pub(super) unsafe fn is_right_python(&self) -> bool {
        match check_version() {
            Ok(()) => true,
            Err(error) => {
                // SAFETY: attached (upheld by the caller).
                unsafe { self.raise(&error.to_string()) };
                false
            }
        }
    }

    /// Sets an `ImportError`.
    ///
    /// # Safety
    /// The thread must be attached to an interpreter.
    unsafe fn raise(&self, problem: &str) {
        let message = format!("module {} {problem}", self.name.to_string_lossy());
        let message = CString::new(message).unwrap_or_default();
        // SAFETY: attached (upheld by the caller). Neither function depends on the layout of
        // objects.
        unsafe { ffi::PyErr_SetString(ffi::PyExc_ImportError, message.as_ptr()) };
    }

    /// Completes the definition on first use.
    ///
    /// # Safety
    /// The thread must be attached to an interpreter.
    pub(super) unsafe fn prepare(&'static self) {
        let values = || SlotValues {
            execute,
            multiple_interpreters: match self.multiple_interpreters {
                MultipleInterpreters::NotSupported => 0,
                MultipleInterpreters::SharedGil => 1,
                MultipleInterpreters::PerInterpreterGil => 2,
            },
            gil: usize::from(!self.gil_used),
        };
        // SAFETY: attached (upheld by the caller).
        unsafe { self.table.prepare(values) };
    }

    /// Returns the definition of a module of this binary.
    ///
    /// # Safety
    /// The thread must be attached; `module` must be a live module.
    unsafe fn of(module: *mut ffi::PyObject) -> Option<&'static Self> {
        // SAFETY: attached; a live module (upheld by the caller). All tables of this binary are in
        // a definition, at its start.
        unsafe {
            let table = ModuleTable::of(module)?;
            Some(&*std::ptr::from_ref(table).cast::<Self>())
        }
    }

    /// Creates the module in this interpreter, outside of an import.
    ///
    /// # Errors
    /// Any exception raised by the module's code; `ImportError` if the module does not support this
    /// interpreter.
    ///
    /// C API: `PyModule_FromDefAndSpec`, `PyModule_ExecDef`.
    pub fn make_module(&'static self, py: Python<'_>) -> PyResult<Py<PyModule>> {
        self.make(py, self.name).map(Bound::unbind)
    }

    /// Does what [`make_module`](Self::make_module) does, with the name of a submodule of `parent`.
    pub(super) fn make_submodule<'py>(
        &'static self,
        parent: &Bound<'py, PyModule>,
    ) -> PyResult<Bound<'py, PyModule>> {
        let name = submodules::name_in(parent, &self.name.to_string_lossy());
        let name = CString::new(name).map_err(PyErr::from)?;
        self.make(parent.py(), &name)
    }

    fn make<'py>(&'static self, py: Python<'py>, name: &CStr) -> PyResult<Bound<'py, PyModule>> {
        // SAFETY: attached (`py`); new references are owned by handles. CPython only reads the
        // attribute `name` of a spec, so an empty module can serve as one.
        unsafe {
            self.prepare();
            let spec = Bound::from_owned_ptr_or_err(py, ffi::PyModule_New(name.as_ptr()))?;
            spec.setattr("name", spec.getattr("__name__")?)?;
            let module = self.table.create(spec.as_ptr());
            let module = Bound::from_owned_ptr_or_err(py, module)?;
            error_on_minusone(py, self.table.execute(module.as_ptr()))?;
            Ok(module.cast_into_unchecked())
        }
    }

    /// Returns an `ImportError` if the module does not support this interpreter. CPython has the
    /// same check, but only from 3.12 on, and not in every kind of sub-interpreter.
    fn check_interpreter(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let is_main = module.py().local().is_main();
        if self.multiple_interpreters == MultipleInterpreters::NotSupported && !is_main {
            let name = module.name()?;
            return Err(PyImportError::new_err(format!(
                "module {} does not support loading in subinterpreters",
                name.to_string_lossy()
            )));
        }
        Ok(())
    }
}

/// Implements the `Py_mod_exec` slot of every module. Runs once per interpreter, and again after a
/// failure.
unsafe extern "C" fn execute(module: *mut ffi::PyObject) -> c_int {
    // SAFETY: called by CPython, attached, with a new module of one of our definitions, whose state
    // is a zeroed `ModuleState`.
    unsafe {
        let Some(definition) = ModuleDefinition::of(module) else {
            let message = c"not a module of this binary";
            ffi::PyErr_SetString(ffi::PyExc_SystemError, message.as_ptr());
            return -1;
        };
        let state: *mut ModuleState = ffi::PyModule_GetState(module).cast();
        let py = match catch_unwind(|| Python::assume_importing()) {
            Ok(py) => py,
            Err(payload) => {
                crate::panic::raise_import_error(payload);
                return -1;
            }
        };
        trampoline(py, |py| {
            let module = Borrowed::from_ptr(py, module).cast_unchecked::<PyModule>();
            definition.check_interpreter(&module)?;
            if !layout::has_module_state(module.as_ptr()) {
                return Err(PyImportError::new_err(
                    "this build of Python lays out its modules differently from the one that this \
                     module was built for: build the module for this Python",
                ));
            }
            // From here on, functions in the module take their token from its state.
            (*state).local = py.owner();
            let rollback = Rollback::new(&module)?;
            (definition.initialize)(&module)?;
            submodules::enter_runtime(&module)?;
            rollback.disarm();
            Ok(0)
        })
    }
}

/// A guard that restores the `__dict__` of a module whose initialization fails, and `sys.modules`.
/// The module itself may live on: a class created for it is kept for the next attempt, and refers
/// to it.
struct Rollback<'a, 'py> {
    module: &'a Bound<'py, PyModule>,
    dict: Bound<'py, PyDict>,
    /// A copy of the original contents; `None` once disarmed.
    before: Option<Bound<'py, PyDict>>,
}

impl<'a, 'py> Rollback<'a, 'py> {
    fn new(module: &'a Bound<'py, PyModule>) -> PyResult<Self> {
        let dict = module.dict();
        let before = Some(dict.copy()?);
        Ok(Self {
            module,
            dict,
            before,
        })
    }

    fn disarm(mut self) {
        self.before = None;
    }
}

impl Drop for Rollback<'_, '_> {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            submodules::withdraw(self.module);
            self.dict.clear();
            if let Err(error) = self.dict.update(before.as_mapping()) {
                error.write_unraisable(before.py(), Some(self.dict.as_any()));
            }
        }
    }
}

/// Creates an empty module of this binary, for `PyModule::new`.
pub(crate) fn plain<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    static PLAIN: ModuleDefinition = ModuleDefinition::with_doc(
        c"",
        std::ptr::null(),
        |_| Ok(()),
        MultipleInterpreters::PerInterpreterGil,
        false,
    );
    let name = CString::new(name).map_err(PyErr::from)?;
    PLAIN.make(py, &name)
}
