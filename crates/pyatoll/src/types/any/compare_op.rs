//! [`CompareOp`]: the kind of a comparison.

use std::cmp::Ordering;
use std::ffi::c_int;

use pyo3_ffi as ffi;

/// One of Python's six comparisons.
///
/// ```
/// use pyatoll::types::CompareOp;
/// use std::cmp::Ordering;
///
/// assert!(CompareOp::Le.matches(1.cmp(&2)));
/// assert!(!CompareOp::Ne.matches(Ordering::Equal));
/// ```
///
/// C API: `Py_LT`, `Py_LE`, `Py_EQ`, `Py_NE`, `Py_GT`, `Py_GE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum CompareOp {
    /// `<`
    Lt = ffi::Py_LT,
    /// `<=`
    Le = ffi::Py_LE,
    /// `==`
    Eq = ffi::Py_EQ,
    /// `!=`
    Ne = ffi::Py_NE,
    /// `>`
    Gt = ffi::Py_GT,
    /// `>=`
    Ge = ffi::Py_GE,
}

impl CompareOp {
    /// Returns the comparison for the number that CPython passes to `tp_richcompare`.
    ///
    /// ```
    /// use pyatoll::{ffi, types::CompareOp};
    ///
    /// assert_eq!(CompareOp::from_raw(ffi::Py_LT), Some(CompareOp::Lt));
    /// assert_eq!(CompareOp::from_raw(6), None);
    /// ```
    ///
    /// C API: `Py_LT` to `Py_GE`.
    pub fn from_raw(op: c_int) -> Option<Self> {
        match op {
            ffi::Py_LT => Some(Self::Lt),
            ffi::Py_LE => Some(Self::Le),
            ffi::Py_EQ => Some(Self::Eq),
            ffi::Py_NE => Some(Self::Ne),
            ffi::Py_GT => Some(Self::Gt),
            ffi::Py_GE => Some(Self::Ge),
            _ => None,
        }
    }

    /// Returns whether the comparison holds for two values with this ordering.
    ///
    /// ```
    /// use pyatoll::types::CompareOp;
    /// use std::cmp::Ordering;
    ///
    /// assert!(CompareOp::Ge.matches(Ordering::Greater) && CompareOp::Ge.matches(Ordering::Equal));
    /// assert!(!CompareOp::Ge.matches(Ordering::Less));
    /// ```
    ///
    /// C API: `Py_RETURN_RICHCOMPARE`.
    pub fn matches(&self, result: Ordering) -> bool {
        match self {
            Self::Lt => result.is_lt(),
            Self::Le => result.is_le(),
            Self::Eq => result.is_eq(),
            Self::Ne => result.is_ne(),
            Self::Gt => result.is_gt(),
            Self::Ge => result.is_ge(),
        }
    }
}
