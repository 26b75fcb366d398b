//! `value_eq!`: `==` between a handle to a Python value and a Rust value.

/// Implements `PartialEq` in both directions between a handle to `$python` (`Bound`, `&Bound`,
/// `Borrowed`) and `$rust` or a reference to it. `$equal` compares a borrowed handle with a value.
macro_rules! value_eq {
    ($python:ty, $rust:ty, $equal:expr) => {
        value_eq!(@both $python, $rust, $equal, Bound<'_, $python>);
        value_eq!(@both $python, $rust, $equal, Borrowed<'_, '_, $python>);

        impl PartialEq<$rust> for &Bound<'_, $python> {
            #[inline]
            fn eq(&self, other: &$rust) -> bool {
                $equal(self.as_borrowed(), other)
            }
        }

        impl PartialEq<&Bound<'_, $python>> for $rust {
            #[inline]
            fn eq(&self, other: &&Bound<'_, $python>) -> bool {
                $equal(other.as_borrowed(), self)
            }
        }
    };
    (@both $python:ty, $rust:ty, $equal:expr, $handle:ty) => {
        impl PartialEq<$rust> for $handle {
            #[inline]
            fn eq(&self, other: &$rust) -> bool {
                $equal(self.as_borrowed(), other)
            }
        }

        impl PartialEq<&$rust> for $handle {
            #[inline]
            fn eq(&self, other: &&$rust) -> bool {
                $equal(self.as_borrowed(), *other)
            }
        }

        impl PartialEq<$handle> for $rust {
            #[inline]
            fn eq(&self, other: &$handle) -> bool {
                $equal(other.as_borrowed(), self)
            }
        }

        impl PartialEq<$handle> for &$rust {
            #[inline]
            fn eq(&self, other: &$handle) -> bool {
                $equal(other.as_borrowed(), *self)
            }
        }
    };
}
