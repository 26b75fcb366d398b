//! Properties of a class that its stub depends on, for generated code.

use std::ffi::CStr;

use super::base::ClassBase;
use super::items::MethodItem;
use super::pyclass::{ClassImpl, PyClass};

/// Returns whether instances of the class are larger than those of its base (PEP 800). A class that
/// is created by its metaclass is not: its base is the heap type that has the Rust parts.
pub const fn is_disjoint_base<T: PyClass>() -> bool {
    T::OPTIONS.python.is_none() && !<T::BaseType as ClassBase>::IS_PYTHON_CLASS
}

/// Returns whether a field of the class has a getter of this name.
pub const fn has_field_getter<T: PyClass>(name: &str) -> bool {
    let mut rest = <T as ClassImpl>::ITEMS.methods;
    while let [first, after @ ..] = rest {
        let found = match first {
            MethodItem::Getter { name, .. } => Some(*name),
            // SAFETY: the name of an item is a C string that lives forever.
            MethodItem::Member(member) => Some(unsafe { CStr::from_ptr(member.name) }),
            _ => None,
        };
        if let Some(found) = found
            && is_equal(found.to_bytes(), name.as_bytes())
        {
            return true;
        }
        rest = after;
    }
    false
}

const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}
