//! `#[pyclass(cross_module)]`: one class of each interpreter for all extension modules of a build.
//!
//! The first module that uses such a class in an interpreter creates and shares it
//! (`interpreter::shared_classes`); the others adopt it. So the functions in its slots are those of
//! one binary, while instances come from all of them. What makes this sound:
//! - The layout, the drop glue and the meaning of values are the same: the [`Build`] has everything
//!   that determines them, and the feature sets the same global allocator for all binaries.
//! - An instance refers to the state of the binary that created it. It is not used as a token by
//!   another one (`layout::token_of_instance`), whose slots have other indices.
//! - A value is plain data ([`CrossModule`]): it refers to no interpreter, and no function in it
//!   takes a token.

use std::any::TypeId;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::base::ClassBase;
use super::layout::Instance;
use super::pyclass::PyClass;
use crate::interpreter::internals::Internals;
use crate::interpreter::shared_classes::Build;
use crate::interpreter::{LocalInternals, Python};
use crate::object::Bound;
use crate::types::PyType;

/// Allocations of one module are freed by others.
#[cfg(feature = "cross-module")]
#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

/// The value of a `#[pyclass(cross_module)]`, which several extension modules use.
///
/// The macro requires it. The modules have the same definition of the value, since they share the
/// class only if the packages, the compiler and all that they were compiled with are the same, but
/// each of them has its own copy of the code, of this library and of all `static`s.
///
/// # Safety
/// The value, with all that it owns or refers to, must be plain data. It may contain
/// - no objects, cells, interpreters or pools of this library ([`Py`](crate::Py),
///   [`PyOnceLock`](crate::sync::PyOnceLock), [`Interpreter`](crate::Interpreter), …): their
///   identity is that of one module. (`dict` gives instances a place for Python attributes.)
/// - no functions and trait objects that take a [`Python`] or an object of this library, or return
///   one, and none that unwind: a panic cannot cross from one copy of the standard library to
///   another;
/// - nothing that depends on a `static` or a thread-local variable of one module, such as
///   [`ThreadId`](std::thread::ThreadId).
///
/// Change the version of the package whenever the definition of the value changes, also that of a
/// type in one of its fields: a package that is used from a folder is otherwise taken for the same.
/// The types of the fields must not depend on `cfg`s that a build script or `RUSTFLAGS` set: the
/// modules see that of the fields themselves, but not of what is inside of them.
///
/// ```
/// # #[cfg(feature = "cross-module")]
/// # mod example {
/// use pyatoll::prelude::*;
/// use pyatoll::pyclass::CrossModule;
///
/// #[pyclass(cross_module, get_all, set_all)]
/// pub struct Point {
///     pub x: f64,
///     pub y: f64,
/// }
///
/// // SAFETY: two numbers.
/// unsafe impl CrossModule for Point {}
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to be usable by several extension modules",
    label = "required by `cross_module`",
    note = "if it is plain data, write `unsafe impl pyatoll::pyclass::CrossModule for {Self} {{}}`: \
            its page has the conditions"
)]
pub unsafe trait CrossModule: Send + Sync + 'static {}

/// A field of a class with `cross_module`: what of its type may differ between two builds.
#[derive(Hash)]
pub struct CrossModuleField {
    id: TypeId,
    size: usize,
    align: usize,
    offset: usize,
}

impl CrossModuleField {
    /// Describes a field of type `F` at `offset`.
    pub fn of<F: 'static>(offset: usize) -> Self {
        Self {
            id: TypeId::of::<F>(),
            size: size_of::<F>(),
            align: align_of::<F>(),
            offset,
        }
    }
}

/// What identifies a class with `cross_module` in other binaries.
pub struct CrossModuleSpec {
    path: &'static str,
    package: &'static str,
    version: &'static str,
    identity: fn(&[CrossModuleField]) -> u64,
    fields: fn() -> Vec<CrossModuleField>,
    size: fn() -> usize,
}

impl CrossModuleSpec {
    /// Creates the identity of `T`, from its Rust path and its package.
    ///
    /// # Panics
    /// If `T` extends a class of one module.
    #[track_caller]
    pub const fn of<T: PyClass + CrossModule>(
        path: &'static str,
        package: &'static str,
        version: &'static str,
        fields: fn() -> Vec<CrossModuleField>,
    ) -> Self {
        require_base(
            <T::BaseType as ClassBase>::MAY_BE_CROSS_MODULE
                && !<T::BaseType as ClassBase>::IS_PYTHON_CLASS,
        );
        Self {
            path,
            package,
            version,
            identity: identity::<T>,
            fields,
            size: || Instance::<T>::SIZE,
        }
    }

    fn build(&self) -> Build {
        let Self {
            path,
            package,
            version,
            size,
            ..
        } = self;
        let (identity, size) = ((self.identity)(&(self.fields)()), size());
        let description = format!(
            "{package} {version} (pyatoll {}, {}, for Python {}, {size} bytes, build {identity:016x})",
            env!("CARGO_PKG_VERSION"),
            env!("PYATOLL_COMPILER"),
            env!("PYATOLL_BUILT_FOR"),
        );
        Build {
            path,
            identity,
            description,
        }
    }

    /// Returns the class that another binary has shared, if any, which extends `base`.
    pub(super) fn find<'py>(
        &self,
        py: Python<'py>,
        base: *mut ffi::PyTypeObject,
    ) -> Option<Bound<'py, PyType>> {
        // SAFETY: attached (`py`); the new reference is owned by the handle.
        unsafe {
            let class = Internals::existing(py.local())?
                .classes()
                .find(&self.build())?;
            let class = Bound::from_owned_ptr(py, class.as_ptr().cast()).cast_into_unchecked();
            extends(&class, base).then_some(class)
        }
    }

    /// Shares a class, unless another binary was first. Returns the one that counts.
    pub(super) fn share<'py>(
        &self,
        class: &Bound<'py, PyType>,
        base: *mut ffi::PyTypeObject,
    ) -> Bound<'py, PyType> {
        let py = class.py();
        // SAFETY: attached (`py`); a live heap type; the new reference is owned by the handle.
        let kept = unsafe {
            let Some(internals) = Internals::existing(py.local()) else {
                // The interpreter is ending.
                return class.clone();
            };
            let own = NonNull::new_unchecked(class.as_ptr().cast());
            let kept = internals.classes().share(&self.build(), own);
            Bound::from_owned_ptr(py, kept.as_ptr().cast()).cast_into_unchecked()
        };
        if extends(&kept, base) {
            kept
        } else {
            class.clone()
        }
    }
}

/// Returns whether a class extends `base`: it does, since the base is built in, or shared in the
/// same way. An instance of another layout would be misread.
fn extends(class: &Bound<'_, PyType>, base: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: attached (`class`); both are live types.
    unsafe { ffi::PyType_IsSubtype(class.as_ptr().cast(), base) != 0 }
}

/// Returns a hash of what determines the values of `T` and the code for them. The compiler's id of
/// a type covers the packages that it is from, with versions, features, profile and dependencies,
/// but not what `cfg`s of a build script or of `RUSTFLAGS` make of its fields.
fn identity<T: PyClass>(fields: &[CrossModuleField]) -> u64 {
    // The same in all binaries of one compiler.
    let mut hasher = DefaultHasher::new();
    (
        env!("CARGO_PKG_VERSION"),
        env!("PYATOLL_COMPILER"),
        env!("PYATOLL_BUILT_FOR"),
        TypeId::of::<T>(),
        size_of::<T>(),
        align_of::<T>(),
    )
        .hash(&mut hasher);
    (
        Instance::<T>::SIZE,
        std::mem::offset_of!(Instance<T>, value),
        std::mem::needs_drop::<T>(),
        size_of::<LocalInternals>(),
        fields,
    )
        .hash(&mut hasher);
    hasher.finish()
}

/// Checks the base of a class.
///
/// # Panics
/// If it is a class of one module.
#[track_caller]
const fn require_base(may_be_cross_module: bool) {
    assert!(
        may_be_cross_module,
        "a `cross_module` class can only extend a built-in class, or another `cross_module` class"
    );
}

/// Checks that the library was built for such classes.
///
/// # Panics
/// If it was not.
#[track_caller]
pub const fn require_feature() {
    if !cfg!(feature = "cross-module") {
        panic!(
            "`cross_module` requires the feature `cross-module` of pyatoll, in the package of the class \
         and in all modules: it sets the global allocator, so that one module can free the memory \
         of another"
        );
    }
}

/// Checks that a field holds no Python object.
///
/// # Panics
/// If it does.
#[track_caller]
pub const fn require_plain_data(is_of_one_interpreter: bool) {
    assert!(
        !is_of_one_interpreter,
        "the value of a `cross_module` class may not hold a Python object: its handle belongs to one \
         module; give the class a `dict`, and keep the object in an attribute"
    );
}
