//! Text and bytes that stay valid without a token.
//!
//! | file | concern |
//! |---|---|
//! | `text.rs` | [`PyBackedStr`] |
//! | `bytes.rs` | [`PyBackedBytes`] |

mod bytes;
#[cfg(test)]
mod tests;
mod text;

pub use bytes::PyBackedBytes;
pub use text::PyBackedStr;

/// Implements comparison, ordering, hashing and `Debug` through the type's `Deref` target.
macro_rules! compare_like {
    ($type:ty, $target:ty) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&**self, f)
            }
        }

        impl Eq for $type {}

        impl PartialEq for $type {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                **self == **other
            }
        }

        impl PartialEq<$target> for $type {
            #[inline]
            fn eq(&self, other: &$target) -> bool {
                **self == *other
            }
        }

        impl PartialEq<&$target> for $type {
            #[inline]
            fn eq(&self, other: &&$target) -> bool {
                **self == **other
            }
        }

        impl PartialEq<$type> for $target {
            #[inline]
            fn eq(&self, other: &$type) -> bool {
                *self == **other
            }
        }

        impl PartialEq<$type> for &$target {
            #[inline]
            fn eq(&self, other: &$type) -> bool {
                **self == **other
            }
        }

        impl Ord for $type {
            #[inline]
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                (**self).cmp(&**other)
            }
        }

        impl PartialOrd for $type {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl PartialOrd<$target> for $type {
            #[inline]
            fn partial_cmp(&self, other: &$target) -> Option<std::cmp::Ordering> {
                (**self).partial_cmp(other)
            }
        }

        impl PartialOrd<$type> for $target {
            #[inline]
            fn partial_cmp(&self, other: &$type) -> Option<std::cmp::Ordering> {
                self.partial_cmp(&**other)
            }
        }

        impl std::hash::Hash for $type {
            #[inline]
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                (**self).hash(state)
            }
        }
    };
}
use compare_like;
