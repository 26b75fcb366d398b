//! `#[pyclass(enum = "…")]`: a Rust enum whose class is one of Python's `enum` module.
//!
//! Its members belong to Python: an object has no Rust value in it, but is one of the members that
//! the record of its interpreter lists, in the order of the variants.

use std::ffi::CStr;
use std::mem::discriminant;

use pyo3_ffi as ffi;

use super::type_object::{initialization_error, module_name, rename_module};
use crate::convert::IntoPyObjectExt;
use crate::error::{CastError, PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py, PyTypeInfo};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods, PyString, PyType};

/// A member's name and value.
pub type NativeEnumMember<'py> = (&'static str, Bound<'py, PyAny>);

/// The static description of an enum.
pub struct NativeEnumSpec {
    /// The class's name in Python.
    pub name: &'static str,
    /// The value of `module = "…"`, or the module around the enum, as it is declared.
    pub module: Option<&'static str>,
    /// Whether `module` is the one around the enum.
    pub inherits_module: bool,
    /// The docstring.
    pub doc: Option<&'static CStr>,
    /// The class in Python's `enum` module.
    pub base: &'static str,
    /// Returns the names and values of the members.
    pub members: for<'py> fn(Python<'py>) -> PyResult<Vec<NativeEnumMember<'py>>>,
}

/// The `static` of an enum.
pub struct NativeEnumStatics {
    spec: NativeEnumSpec,
    classes: InterpreterLocal<NativeEnumClass>,
}

/// The class in one interpreter.
struct NativeEnumClass {
    class: Py<PyType>,
    /// The members, in the order of the variants.
    members: Box<[Py<PyAny>]>,
}

/// An enum with `enum = "…"`.
pub trait NativeEnum: PyTypeInfo + 'static {
    /// Returns the enum's statics.
    fn statics() -> &'static NativeEnumStatics;

    /// Returns a value of each variant.
    fn variants() -> impl Iterator<Item = Self>;
}

impl NativeEnumStatics {
    /// Creates the initial statics.
    pub const fn new(spec: NativeEnumSpec) -> Self {
        Self {
            spec,
            classes: InterpreterLocal::new(),
        }
    }

    /// Returns the class, creating it on first use, as a class of `module`.
    fn class<'py>(
        &'static self,
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<&'py NativeEnumClass> {
        self.classes.get_or_try_init(py, || {
            self.create(py, module).map_err(|error| {
                let name = self.spec.name;
                let message = format!("An error occurred while initializing class {name}");
                initialization_error(py, message, error)
            })
        })
    }

    fn create<'py>(
        &self,
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<NativeEnumClass> {
        let spec = &self.spec;
        let members = (spec.members)(py)?;
        let names: Vec<&'static str> = members.iter().map(|(name, _)| *name).collect();
        let options = PyDict::new(py);
        let module = module_name(py, spec.module, spec.inherits_module, module)?;
        options.set_item(intern!(py, "module"), module)?;
        options.set_item(intern!(py, "qualname"), spec.name)?;
        let base = py.import(intern!(py, "enum"))?.getattr(spec.base)?;
        let class = base.call((spec.name, members), Some(&options))?;
        if let Some(doc) = spec.doc {
            class.setattr(intern!(py, "__doc__"), doc.to_string_lossy())?;
        }
        let known = class.getattr(intern!(py, "__members__"))?;
        let members = names
            .into_iter()
            .map(|name| Ok(known.get_item(name)?.unbind()))
            .collect::<PyResult<_>>()?;
        Ok(NativeEnumClass {
            class: class.cast_into()?.unbind(),
            members,
        })
    }

    /// Returns the class and its name, for a module that it is added to.
    pub(crate) fn class_in<'py>(
        &'static self,
        module: &Bound<'py, PyAny>,
    ) -> PyResult<(&'static str, Bound<'py, PyType>)> {
        let py = module.py();
        let class = self.class(py, Some(module))?.class.bind(py);
        let NativeEnumSpec {
            name,
            module: declared,
            inherits_module,
            ..
        } = self.spec;
        // The class may be older than the module.
        let before = module_name(py, declared, inherits_module, None)?;
        let after = module_name(py, declared, inherits_module, Some(module))?;
        rename_module(class, &before, &after)?;
        Ok((name, class.clone()))
    }
}

/// Returns the class of an enum, borrowed: `PyTypeInfo`.
///
/// # Panics
/// If the class cannot be created.
#[track_caller]
pub fn native_enum_type<T: NativeEnum>(py: Python<'_>) -> *mut ffi::PyTypeObject {
    match T::statics().class(py, None) {
        Ok(class) => class.class.as_ptr().cast(),
        Err(error) => {
            error.write_unraisable(py, None);
            panic!(
                "failed to create type object for `{}`",
                T::statics().spec.name
            )
        }
    }
}

/// Returns the member for a value: `IntoPyObject`.
///
/// # Errors
/// If the class cannot be created.
pub fn native_enum_member<'py, T: NativeEnum>(
    py: Python<'py>,
    value: &T,
) -> PyResult<Bound<'py, T>> {
    let class = T::statics().class(py, None)?;
    let index = T::variants().position(|variant| discriminant(&variant) == discriminant(value));
    let member = index.and_then(|index| class.members.get(index));
    let member = member.expect("each variant has a member").bind(py);
    // SAFETY: a member of `T`'s class.
    Ok(unsafe { member.clone().cast_into_unchecked() })
}

/// Returns the value for a member: `FromPyObject`.
///
/// # Errors
/// If the object is not a member, or is a combination of flags that is not a variant.
pub fn native_enum_value<T: NativeEnum>(object: Borrowed<'_, '_, PyAny>) -> PyResult<T> {
    let py = object.py();
    let class = T::statics().class(py, None)?;
    let mut members = class.members.iter();
    let index = members.position(|member| member.as_ptr() == object.as_ptr());
    match index.and_then(|index| T::variants().nth(index)) {
        Some(value) => Ok(value),
        None => Err(not_a_member(object, class.class.bind(py))),
    }
}

#[cold]
fn not_a_member(object: Borrowed<'_, '_, PyAny>, class: &Bound<'_, PyType>) -> PyErr {
    match object.is_instance(class) {
        Ok(true) => {
            let text = object.repr().map(|text| text.to_string());
            let text = text.unwrap_or_else(|_| "the object".to_owned());
            PyValueError::new_err(format!("{text} is not one of the enum's variants"))
        }
        _ => CastError::new(object, class.clone().into_any()).into(),
    }
}

/// Returns a member's name and value, for an enum of integers.
///
/// # Errors
/// If Python runs out of memory.
pub fn native_enum_number<'py>(
    py: Python<'py>,
    name: &'static str,
    value: impl IntoPyObjectExt<'py>,
) -> PyResult<NativeEnumMember<'py>> {
    Ok((name, value.into_bound_py_any(py)?))
}

/// Returns a member's name and value, for an enum of strings: what `enum.auto()` stands for in it.
///
/// # Errors
/// If Python runs out of memory.
pub fn native_enum_text<'py>(
    py: Python<'py>,
    name: &'static str,
) -> PyResult<NativeEnumMember<'py>> {
    Ok((name, PyString::new(py, &name.to_lowercase()).into_any()))
}
