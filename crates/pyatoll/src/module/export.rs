//! The items that `#[pymodule_export]` accepts: functions, modules, classes, exceptions.

use std::marker::PhantomData;

use crate::call::function::FunctionDefinition;
use crate::class::PyClass;
use crate::class::native_enum::NativeEnumStatics;
use crate::error::PyResult;
use crate::intern;
use crate::object::{Bound, PyTypeInfo};
use crate::types::{PyAnyMethods, PyString};

use super::definition::ModuleDefinition;
use super::pymodule::{PyModule, PyModuleMethods};

/// An item that can be added to a module under its own name.
pub trait AddToModule {
    /// Adds the item to `module`.
    ///
    /// # Errors
    /// Any exception raised by Python.
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()>;
}

/// A `#[pyfunction]`.
#[diagnostic::on_unimplemented(
    message = "this function is not a `#[pyfunction]`",
    label = "Python cannot call it",
    note = "put `#[pyfunction]` on its definition"
)]
pub trait FunctionExport {
    /// The function's static definition.
    const DEFINITION: FunctionDefinition;
}

impl<T: FunctionExport> AddToModule for T {
    #[inline]
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        add_function(const { &T::DEFINITION }, module)
    }
}

/// Creates a function in `module` and adds it.
fn add_function(
    definition: &'static FunctionDefinition,
    module: &Bound<'_, PyModule>,
) -> PyResult<()> {
    module.add_function(definition.create(module.py(), Some(module.as_any()))?)
}

/// Creates a submodule and adds it to `module`.
///
/// # Errors
/// As for [`ModuleDefinition::make_module`].
pub fn add_submodule(
    definition: &'static ModuleDefinition,
    module: &Bound<'_, PyModule>,
) -> PyResult<()> {
    module.add_submodule(&definition.make_submodule(module)?)
}

/// A class that [`PyModuleMethods::add_class`] accepts: a `#[pyclass]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Python class",
    note = "`#[pyclass]` on its definition makes it one"
)]
pub trait ModuleClass {
    /// Adds the class to `module` under its Python name.
    ///
    /// # Errors
    /// Any exception raised by Python.
    fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()>;
}

impl<T: PyClass> ModuleClass for T {
    fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::pymodule::add_class(module, T::statics())
    }
}

/// A `#[pyclass(enum = "…")]`.
pub struct NativeEnumExport(pub &'static NativeEnumStatics);

impl AddToModule for NativeEnumExport {
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        add_native_enum(self.0, module)
    }
}

/// Adds the class of an enum to `module`.
///
/// # Errors
/// Any exception raised by Python.
pub fn add_native_enum(
    statics: &'static NativeEnumStatics,
    module: &Bound<'_, PyModule>,
) -> PyResult<()> {
    let (name, class) = statics.class_in(module.as_any())?;
    module.add(name, class)
}

/// A class to export. See [`ExportType`].
pub struct ClassExport<T>(PhantomData<fn() -> T>);

/// For a `#[pyclass]`, this inherent method is chosen over the trait's.
impl<T: PyClass> ClassExport<T> {
    /// Adds the class to `module`, creating it there if it does not exist yet.
    ///
    /// # Errors
    /// Any exception raised by Python.
    pub fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add_class::<T>()
    }
}

/// The export of any other type. Its bound makes the compiler say what is missing.
pub trait AddType<T> {
    /// Adds the type to `module` under its Python name.
    ///
    /// # Errors
    /// Any exception raised by Python.
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()>
    where
        T: Exportable;
}

impl<T> AddType<T> for ClassExport<T> {
    fn add_to_module(&self, module: &Bound<'_, PyModule>) -> PyResult<()>
    where
        T: Exportable,
    {
        let class = T::type_object(module.py());
        let name = class.getattr(intern!(module.py(), "__name__"))?;
        module.add(name.cast_into::<PyString>()?, class)
    }
}

/// A type that `#[pymodule_export]` accepts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a `#[pyclass]`, `#[pyfunction]` or `#[pymodule]`, nor an \
               exception",
    label = "cannot be a member of a Python module",
    note = "put `#[pyclass]` on its definition, or take `#[pymodule_export]` away"
)]
pub trait Exportable: PyTypeInfo {}

#[diagnostic::do_not_recommend]
impl<T: PyTypeInfo> Exportable for T {}

/// The constant, for classes, that functions and modules have in their hidden `mod`, so that
/// `#[pymodule_export]` can use `Name::_PYATOLL_DEF` for any kind of item.
pub trait ExportType: Sized {
    /// The value to export.
    const _PYATOLL_DEF: ClassExport<Self> = ClassExport(PhantomData);
}

impl<T> ExportType for T {}

/// The constant with the id of the record, as above.
#[cfg(feature = "experimental-inspect")]
pub trait ExportId: Sized {
    /// The id of the class's record.
    const _PYATOLL_ID: &'static str;
}

#[cfg(feature = "experimental-inspect")]
impl<T: PyTypeInfo> ExportId for T {
    const _PYATOLL_ID: &'static str = crate::object::inspect::id_of(&<T as PyTypeInfo>::TYPE_HINT);
}

/// Stand-ins for the hidden module of a function that has no `#[pyfunction]`. The macros import the
/// function under these names, and the names of this module with a glob import, which any other
/// name shadows.
pub mod plain {
    /// For `#[pymodule_export]`.
    pub mod in_module {
        /// In place of the function's module.
        pub mod exported {
            /// In place of the function's definition.
            pub const _PYATOLL_DEF: super::super::PlainFunction = super::super::PlainFunction;
        }
    }

    /// For `wrap_pyfunction!`.
    pub mod in_wrap {
        /// In place of the function's module.
        pub mod wrapped {
            pub use super::super::PlainFunction as __Pyatoll;
        }
    }

    /// A function that Python cannot call.
    pub struct PlainFunction;

    impl PlainFunction {
        /// Never compiles: no type implements the trait.
        pub fn add_to_module<'a>(
            &self,
            _module: &'a crate::Bound<'_, crate::types::PyModule>,
        ) -> crate::PyResult<()>
        where
            Self: ExportableFunction<'a>,
        {
            Ok(())
        }
    }

    /// The bound of a function that is exported: no type implements it.
    #[diagnostic::on_unimplemented(
        message = "this function is neither a `#[pyfunction]` nor a `#[pymodule]`",
        label = "cannot be a member of a Python module",
        note = "put `#[pyfunction]` on its definition, or take `#[pymodule_export]` away"
    )]
    pub trait ExportableFunction<'a> {}
}
