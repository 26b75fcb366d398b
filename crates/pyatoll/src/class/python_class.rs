//! Classes with a Python class among their bases, or with a metaclass.
//!
//! Python classes cannot be bases of a heap type that is created from a spec: CPython's functions
//! for their instances start at the type of the instance and would call ours again, and creation
//! fails if the metaclass has a `__new__` of its own, as `ABCMeta` does. So two classes are
//! created. The heap type with the Rust parts extends the built-in base only. The class itself is
//! what `class Name(HeapType, *bases, metaclass=…)` creates: a Python class in every respect, with
//! the rules that Python has for layouts, method resolution, `__init_subclass__` and abstract
//! methods. It adds nothing to the memory of an instance but what its bases require.

use super::base::ClassBase;
use super::pyclass::{ClassImpl, PyClass};
use super::spec::ClassSpec;
use crate::capi::{self as ffi, type_fields};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyTypeError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods, PyTuple, PyType, PyTypeMethods};

/// Returns whether the class is created by its metaclass.
pub(super) const fn is_python_class<T: PyClass>() -> bool {
    <T as ClassImpl>::OPTIONS.python.is_some() || <T::BaseType as ClassBase>::IS_PYTHON_CLASS
}

/// Creates the class from the heap type with its Rust parts.
///
/// # Errors
/// If a base or the metaclass cannot be imported, or any of them refuses, for example because the
/// layouts of the bases conflict.
pub(super) fn create<'py>(
    py: Python<'py>,
    spec: &ClassSpec,
    heap_type: Bound<'py, PyType>,
) -> PyResult<Bound<'py, PyType>> {
    let bases = bases(py, spec, &heap_type)?;
    let types = py.import("types")?;
    let resolved = types
        .getattr(intern!(py, "resolve_bases"))?
        .call1((&bases,))?;
    let keywords = PyDict::new(py);
    if let Some(metaclass) = spec.options.python.and_then(|python| python.metaclass) {
        keywords.set_item(intern!(py, "metaclass"), import(py, metaclass)?)?;
    }
    let (metaclass, namespace, keywords): (Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyDict>) =
        types
            .getattr(intern!(py, "prepare_class"))?
            .call1((spec.name, &resolved, keywords))?
            .extract()?;
    for name in [
        intern!(py, "__module__"),
        intern!(py, "__qualname__"),
        intern!(py, "__doc__"),
    ] {
        namespace.set_item(name, heap_type.getattr(name)?)?;
    }
    namespace.set_item(intern!(py, "__slots__"), PyTuple::empty(py))?;
    if !resolved.is(&bases) {
        namespace.set_item(intern!(py, "__orig_bases__"), &bases)?;
    }
    let class = metaclass
        .call((spec.name, resolved, namespace), Some(&keywords))?
        .cast_into::<PyType>()
        .map_err(PyErr::from)?;
    complete(spec, &class, &heap_type)?;
    Ok(class)
}

/// Returns the bases of the class: the heap type, the class that it extends in Rust if that is not
/// a base of the heap type, and those of the option `bases`.
fn bases<'py>(
    py: Python<'py>,
    spec: &ClassSpec,
    heap_type: &Bound<'py, PyType>,
) -> PyResult<Bound<'py, PyTuple>> {
    let mut bases = vec![heap_type.clone().into_any()];
    if let Some(python_class) = spec.base.python_class {
        let class = python_class(py)?;
        // SAFETY: attached (`py`); the class lives as long as the interpreter.
        bases.push(unsafe { Bound::from_borrowed_ptr(py, class.cast()) });
    }
    for name in spec.options.python.map_or(&[][..], |python| python.bases) {
        bases.push(import(py, name)?);
    }
    PyTuple::new(py, bases)
}

/// Imports what `module:qualname` names.
fn import<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    // The macro has checked the form.
    let (module, qualname) = name.split_once(':').unwrap_or(("builtins", name));
    let mut object = py.import(module)?.into_any();
    for attribute in qualname.split('.') {
        object = object.getattr(attribute)?;
    }
    Ok(object)
}

/// Checks what the metaclass has returned, and sets the flags that a class statement cannot set.
fn complete(
    spec: &ClassSpec,
    class: &Bound<'_, PyType>,
    heap_type: &Bound<'_, PyType>,
) -> PyResult<()> {
    let raw = class.as_ptr().cast::<ffi::PyTypeObject>();
    // SAFETY: attached; both types are alive. No code depends on the flags of the class yet, and
    // CPython has cached nothing that depends on these two.
    unsafe {
        if type_fields::tp_base(raw).cast() != heap_type.as_ptr()
            || raw.cast() == heap_type.as_ptr()
        {
            return Err(PyTypeError::new_err(format!(
                "the metaclass of '{}' returned another class: {}",
                spec.name,
                class.fully_qualified_name()?,
            )));
        }
        let cleared = match spec.options.subclass {
            true => 0,
            false => ffi::Py_TPFLAGS_BASETYPE,
        };
        let set = match spec.options.immutable_type {
            true => ffi::Py_TPFLAGS_IMMUTABLETYPE,
            false => 0,
        };
        type_fields::change_flags(raw, set, cleared);
    }
    Ok(())
}

/// Returns the heap type from which a class was created: its nearest base with this `tp_dealloc`.
/// Python code may have put its own classes in between, by assigning `__bases__`.
///
/// # Safety
/// `class` must be a live type object that derives from such a type.
pub(super) unsafe fn heap_type(
    mut class: *mut ffi::PyTypeObject,
    deallocate: ffi::destructor,
) -> *mut ffi::PyTypeObject {
    // SAFETY: a live type object that derives from such a type (upheld by the caller); each type
    // keeps its base alive.
    unsafe {
        while !type_fields::tp_dealloc(class)
            .is_some_and(|own| std::ptr::fn_addr_eq(own, deallocate))
        {
            class = type_fields::tp_base(class);
        }
    }
    class
}
