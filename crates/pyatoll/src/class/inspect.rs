//! What stubs tell of a class.

use super::base::ClassBase;
use super::pyclass::PyClass;

/// Returns whether instances of the class are larger than those of its base (PEP 800). A class that
/// is made by its metaclass has the size of the class with the Rust parts, which is its base.
pub const fn is_disjoint_base<T: PyClass>() -> bool {
    T::OPTIONS.python.is_none() && !<T::BaseType as ClassBase>::IS_PYTHON_CLASS
}
