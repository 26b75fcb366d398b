//! What `#[pymodule_export]` can name: functions, modules, classes, exceptions.

use std::marker::PhantomData;

use crate::call::function::FunctionDefinition;
use crate::class::PyClass;
use crate::error::PyResult;
use crate::intern;
use crate::object::{Bound, PyTypeInfo};
use crate::types::{PyAnyMethods, PyModule, PyModuleMethods, PyString};

use super::definition::ModuleDefinition;

/// Something that can be put into a module under a name of its own.
pub trait AddToModule {
    /// Puts it there.
    ///
    /// # Errors
    /// What Python raises.
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()>;
}

/// A function that Python can call.
pub trait FunctionExport {
    /// What CPython is told of it.
    const DEFINITION: FunctionDefinition;
}

impl<T: FunctionExport> AddToModule for T {
    #[inline]
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        add_function(const { &T::DEFINITION }, module)
    }
}

/// A function, in the module.
fn add_function(
    definition: &'static FunctionDefinition,
    module: &Bound<'_, PyModule>,
) -> PyResult<()> {
    module.add_function(definition.create(module.py(), Some(module))?)
}

/// A submodule, made now.
///
/// # Errors
/// What making it raises.
pub fn add_submodule(
    definition: &'static ModuleDefinition,
    module: &Bound<'_, PyModule>,
) -> PyResult<()> {
    let py = module.py();
    module.add_submodule(definition.make_module(py)?.bind(py))
}

/// A class, as a value. See [`ExportType`].
pub struct ClassExport<T>(PhantomData<fn() -> T>);

/// For a `#[pyclass]`; for any other class the trait's method below is what a call finds.
impl<T: PyClass> ClassExport<T> {
    /// Puts the class into the module, which it is then made from.
    ///
    /// # Errors
    /// What Python raises.
    pub fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add_class::<T>()
    }
}

impl<T: PyTypeInfo> AddToModule for ClassExport<T> {
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let class = T::type_object(module.py());
        let name = class.getattr(intern!(module.py(), "__name__"))?;
        module.add(name.cast_into::<PyString>()?, class)
    }
}

/// Gives each class the constant that functions and modules have in their hidden `mod`: so
/// `Name::_PYATOLL_DEF` is what to export, whatever `Name` is.
pub trait ExportType: Sized {
    /// What to export.
    const _PYATOLL_DEF: ClassExport<Self>;
}

impl<T: PyTypeInfo> ExportType for T {
    const _PYATOLL_DEF: ClassExport<T> = ClassExport(PhantomData);
}
