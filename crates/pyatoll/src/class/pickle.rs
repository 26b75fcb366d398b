//! `#[pyclass(pickle)]`: `__reduce__`, and the class method that it refers to.
//!
//! An instance is pickled as the call of that method with the values of the fields, those of the
//! base class first. No constructor runs, neither `#[new]` nor an `__init__`. What a Python
//! subclass adds, its `__dict__` and slots, is the state, as for any Python class.

use super::base::{ClassBase, NativeInitializer};
use super::fields::FieldRef;
use super::guard::PyClassGuard;
use super::initializer::PyClassInitializer;
use super::items::MethodItem;
use super::layout;
use super::pyclass::PyClass;
use crate::call::argument;
use crate::call::function::{EntryPoint, method_definition};
use crate::call::token::token_of_call;
use crate::call::trampoline::trampoline;
use crate::capi::{self as ffi, type_fields};
use crate::convert::{FromPyObject, IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::exceptions::{PyTypeError, PyValueError};
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, PyTypeInfo};
use crate::panic::PanicException;
use crate::types::{PyAny, PyAnyMethods, PyTuple, PyType, PyTypeMethods};

/// A class with `pickle`.
pub trait Pickle: PyClass {
    /// Whether the class is that of an enum, whose variants may have classes that extend it.
    const IS_ENUM: bool;

    /// Adds what an instance consists of, the base class's part first.
    ///
    /// # Errors
    /// The error of a conversion; if the object is not an instance, or mutably borrowed.
    fn save(object: &Bound<'_, PyAny>, saved: &mut Saved<'_>) -> PyResult<()>;

    /// Creates an instance of `class`, which is `Self`'s or derives from it.
    ///
    /// # Errors
    /// The error of a conversion; if the values are not those of an instance.
    fn create<'py>(
        class: &Bound<'py, PyType>,
        loaded: &mut Loaded<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

/// A struct with `pickle`.
pub trait PickleStruct: Pickle {
    /// Returns an initializer with the values, those of the base class first.
    ///
    /// # Errors
    /// As for [`Pickle::create`].
    fn load(loaded: &mut Loaded<'_, '_>) -> PyResult<PyClassInitializer<Self>>;
}

/// A type that a class with `pickle` can extend.
#[diagnostic::on_unimplemented(
    message = "`pickle` does not know what is in the base class `{Self}`",
    label = "required for `#[pyclass(pickle)]` of a class that extends it",
    note = "add `pickle` to the base class; if it is a built-in one, write `__reduce__` instead"
)]
pub trait PickleBase: ClassBase {
    /// Adds what this part of an instance consists of.
    ///
    /// # Errors
    /// As for [`Pickle::save`].
    fn save_part(object: &Bound<'_, PyAny>, saved: &mut Saved<'_>) -> PyResult<()>;

    /// Returns the initializer of this part of an instance.
    ///
    /// # Errors
    /// As for [`Pickle::create`].
    fn load_part(loaded: &mut Loaded<'_, '_>) -> PyResult<Self::Initializer>;
}

impl PickleBase for PyAny {
    fn save_part(_: &Bound<'_, PyAny>, _: &mut Saved<'_>) -> PyResult<()> {
        Ok(())
    }

    fn load_part(_: &mut Loaded<'_, '_>) -> PyResult<Self::Initializer> {
        Ok(NativeInitializer::new())
    }
}

impl<T> PickleBase for T
where
    T: PickleStruct + ClassBase<Initializer = PyClassInitializer<T>>,
{
    fn save_part(object: &Bound<'_, PyAny>, saved: &mut Saved<'_>) -> PyResult<()> {
        T::save(object, saved)
    }

    fn load_part(loaded: &mut Loaded<'_, '_>) -> PyResult<Self::Initializer> {
        T::load(loaded)
    }
}

/// The values of an instance that is being pickled.
pub struct Saved<'py> {
    py: Python<'py>,
    values: Vec<Bound<'py, PyAny>>,
}

impl<'py> Saved<'py> {
    /// Adds the name of an enum's variant.
    ///
    /// # Errors
    /// If Python runs out of memory.
    pub fn variant(&mut self, name: &'static str) -> PyResult<()> {
        self.values.push(name.into_bound_py_any(self.py)?);
        Ok(())
    }
}

/// Borrows the value of an instance and saves it with `save`.
///
/// # Errors
/// The error of `save`; if the object is not an instance, or mutably borrowed.
pub fn save_value<T: PyClass>(
    object: &Bound<'_, PyAny>,
    saved: &mut Saved<'_>,
    save: impl FnOnce(&T, &mut Saved<'_>) -> PyResult<()>,
) -> PyResult<()> {
    let value: PyClassGuard<'_, T> = PyClassGuard::try_borrow(object.cast::<T>()?.as_borrowed())?;
    save(&value, saved)
}

/// A field that is pickled by reference: `(&FieldRef(&value.field)).save_to(saved)`, with
/// [`SaveByClone`] in scope as well (autoref specialization).
pub trait SaveByReference<'py> {
    /// Adds the field.
    ///
    /// # Errors
    /// The error of the conversion.
    fn save_to(&self, saved: &mut Saved<'py>) -> PyResult<()>;
}

impl<'a, 'py, F> SaveByReference<'py> for FieldRef<'a, F>
where
    &'a F: IntoPyObject<'py>,
{
    fn save_to(&self, saved: &mut Saved<'py>) -> PyResult<()> {
        saved.values.push(self.0.into_bound_py_any(saved.py)?);
        Ok(())
    }
}

/// A field that is pickled by cloning it.
pub trait SaveByClone<F> {
    /// Adds the field.
    ///
    /// # Errors
    /// The error of the conversion.
    fn save_to<'py>(&self, saved: &mut Saved<'py>) -> PyResult<()>
    where
        F: Clone + IntoPyObject<'py>;
}

impl<F> SaveByClone<F> for &FieldRef<'_, F> {
    fn save_to<'py>(&self, saved: &mut Saved<'py>) -> PyResult<()>
    where
        F: Clone + IntoPyObject<'py>,
    {
        saved
            .values
            .push(self.0.clone().into_bound_py_any(saved.py)?);
        Ok(())
    }
}

/// The values that are left of an instance that is being unpickled.
pub struct Loaded<'a, 'py> {
    py: Python<'py>,
    values: &'a [*mut ffi::PyObject],
}

impl<'py> Loaded<'_, 'py> {
    fn next(&mut self) -> PyResult<Bound<'py, PyAny>> {
        let Some((first, rest)) = self.values.split_first() else {
            return Err(other_version("few"));
        };
        self.values = rest;
        // SAFETY: attached (`py`); CPython keeps the arguments alive during the call.
        Ok(unsafe { Bound::from_borrowed_ptr(self.py, *first) })
    }

    /// Takes the value of a field.
    ///
    /// # Errors
    /// The error of the conversion; if no value is left.
    pub fn field<F>(&mut self, name: &'static str) -> PyResult<F>
    where
        F: for<'a> FromPyObject<'a, 'py>,
    {
        argument::extract(self.next()?.as_borrowed(), name)
    }

    /// Takes the name of an enum's variant.
    ///
    /// # Errors
    /// If it is not a string, or no value is left.
    pub fn variant(&mut self) -> PyResult<String> {
        self.next()?.extract()
    }
}

fn other_version(amount: &str) -> crate::PyErr {
    PyValueError::new_err(format!(
        "too {amount} fields: the object was pickled by another version of its class"
    ))
}

/// Returns the error of unpickling an enum's value of an unknown variant.
pub fn unknown_variant(name: &str) -> crate::PyErr {
    PyValueError::new_err(format!(
        "no variant {name}: the object was pickled by another version of its class"
    ))
}

/// Creates an instance of a class, without calling a constructor.
///
/// # Errors
/// If `class` is not `T`'s, or a Python class that derives from it.
pub fn instance<'py, T: PickleStruct>(
    class: &Bound<'py, PyType>,
    loaded: &mut Loaded<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    check_class::<T>(class)?;
    let initializer = T::load(loaded)?;
    let py = class.py();
    // SAFETY: attached (`py`); the class is `T`'s or derives from it, as just checked.
    unsafe {
        let object = initializer.into_new_object(py, class.as_type_ptr())?;
        Ok(Bound::from_owned_ptr(py, object))
    }
}

/// Refuses a class of Rust that extends `T` without `pickle`: its own part would be missing.
fn check_class<T: PyClass>(class: &Bound<'_, PyType>) -> PyResult<()> {
    let py = class.py();
    let own = T::type_object(py);
    // A class that Python's `type` created, as it does for a `class` statement.
    let python_class = PanicException::type_object(py);
    // SAFETY: attached (`py`); types are alive as long as those that derive from them.
    unsafe {
        let deallocate = type_fields::tp_dealloc(python_class.as_type_ptr()).map(|f| f as usize);
        let is_of_python = |class| type_fields::tp_dealloc(class).map(|f| f as usize) == deallocate;
        let mut found = class.as_type_ptr();
        // `T`'s may be one, too: with `bases` or a `metaclass`.
        while !found.is_null() && found != own.as_type_ptr() && is_of_python(found) {
            found = type_fields::tp_base(found);
        }
        if found != own.as_type_ptr() {
            return Err(PyTypeError::new_err(format!(
                "cannot pickle '{}' object: its base class has `pickle`, but it does not",
                class.name()?
            )));
        }
    }
    Ok(())
}

const UNPICKLE: &std::ffi::CStr = c"__pyatoll_unpickle__";

/// Returns the item for `__reduce__`.
pub const fn reduce_method<T: Pickle>() -> MethodItem {
    MethodItem::Method(method_definition(
        c"__reduce__",
        c"Helper for pickle.",
        EntryPoint::NoArguments(reduce::<T>),
        0,
    ))
}

/// Returns the item for the class method that creates an instance from its values.
pub const fn unpickle_method<T: Pickle>() -> MethodItem {
    MethodItem::Method(method_definition(
        UNPICKLE,
        c"Creates an instance, for pickle.",
        EntryPoint::Fast(unpickle::<T>),
        ffi::METH_CLASS,
    ))
}

/// Implements `__reduce__`.
unsafe extern "C" fn reduce<T: Pickle>(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, with an instance of `T`, alive during the call.
    unsafe {
        trampoline(layout::token_of_instance::<T>(object), |py| {
            let object = Bound::from_borrowed_ptr(py, object);
            let class = if T::IS_ENUM {
                T::type_object(py)
            } else {
                check_class::<T>(&object.get_type())?;
                object.get_type()
            };
            let mut saved = Saved {
                py,
                values: Vec::new(),
            };
            T::save(&object, &mut saved)?;
            reduced(&class, &object, saved)
        })
    }
}

/// Returns the result of `__reduce__`: the class method, its arguments and the state.
fn reduced(
    class: &Bound<'_, PyType>,
    object: &Bound<'_, PyAny>,
    saved: Saved<'_>,
) -> PyResult<*mut ffi::PyObject> {
    let py = class.py();
    let unpickle = class.getattr(intern!(py, "__pyatoll_unpickle__"))?;
    let fields = PyTuple::new(py, saved.values)?;
    let state = object.call_method0(intern!(py, "__getstate__"))?;
    Ok((unpickle, fields, state).into_bound_py_any(py)?.into_ptr())
}

/// Implements the class method.
unsafe extern "C" fn unpickle<T: Pickle>(
    class: *mut ffi::PyObject,
    values: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, with a class, and an array of arguments that are alive
    // during the call.
    unsafe {
        trampoline(token_of_call(), |py| {
            let class = Borrowed::from_ptr(py, class).cast_unchecked::<PyType>();
            let values = match usize::try_from(count) {
                Ok(count) if count > 0 => std::slice::from_raw_parts(values, count),
                _ => &[],
            };
            let mut loaded = Loaded { py, values };
            let object = T::create(&class, &mut loaded)?;
            if !loaded.values.is_empty() {
                return Err(other_version("many"));
            }
            Ok(object.into_ptr())
        })
    }
}
