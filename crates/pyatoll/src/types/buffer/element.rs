//! The elements of a buffer: their types, and cells to read them through.

use std::cell::UnsafeCell;
use std::ffi::{
    CStr, c_char, c_int, c_long, c_longlong, c_schar, c_short, c_uchar, c_uint, c_ulong,
    c_ulonglong, c_ushort,
};

/// The type of a buffer's elements, as far as its format tells.
///
/// ```
/// use pyatoll::buffer::ElementType;
///
/// assert_eq!(ElementType::from_format(c"<d"), ElementType::Float { bytes: 8 });
/// assert_eq!(ElementType::from_format(c"=l"), ElementType::SignedInteger { bytes: 4 });
/// assert_eq!(ElementType::from_format(c"3f"), ElementType::Unknown);
/// ```
///
/// See: [PEP 3118](https://peps.python.org/pep-3118/).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// A signed integer.
    SignedInteger {
        /// Its size in bytes.
        bytes: usize,
    },
    /// An unsigned integer, or a character (`c`).
    UnsignedInteger {
        /// Its size in bytes.
        bytes: usize,
    },
    /// A truth value.
    Bool,
    /// A floating-point number.
    Float {
        /// Its size in bytes.
        bytes: usize,
    },
    /// Anything else: a struct, an array, a pointer, or a format that is not valid.
    Unknown,
}

impl ElementType {
    /// Returns the type that a format of Python's module `struct` describes. It does not tell the
    /// byte order: see [`Element::is_compatible_format`].
    pub fn from_format(format: &CStr) -> ElementType {
        match format.to_bytes() {
            [code] | [b'@', code] => native(*code),
            [b'=' | b'<' | b'>' | b'!', code] => standard(*code),
            _ => Self::Unknown,
        }
    }

    const fn signed<T>() -> Self {
        Self::SignedInteger {
            bytes: size_of::<T>(),
        }
    }

    const fn unsigned<T>() -> Self {
        Self::UnsignedInteger {
            bytes: size_of::<T>(),
        }
    }
}

/// Returns the type of a format without a byte order: the sizes are those of C.
fn native(code: u8) -> ElementType {
    match code {
        b'c' => ElementType::unsigned::<c_char>(),
        b'b' => ElementType::signed::<c_schar>(),
        b'B' => ElementType::unsigned::<c_uchar>(),
        b'h' => ElementType::signed::<c_short>(),
        b'H' => ElementType::unsigned::<c_ushort>(),
        b'i' => ElementType::signed::<c_int>(),
        b'I' => ElementType::unsigned::<c_uint>(),
        b'l' => ElementType::signed::<c_long>(),
        b'L' => ElementType::unsigned::<c_ulong>(),
        b'q' => ElementType::signed::<c_longlong>(),
        b'Q' => ElementType::unsigned::<c_ulonglong>(),
        b'n' => ElementType::signed::<isize>(),
        b'N' => ElementType::unsigned::<usize>(),
        _ => of_any_size(code),
    }
}

/// Returns the type of a format with a byte order: the sizes are fixed.
fn standard(code: u8) -> ElementType {
    match code {
        b'c' | b'B' => ElementType::unsigned::<u8>(),
        b'b' => ElementType::signed::<i8>(),
        b'h' => ElementType::signed::<i16>(),
        b'H' => ElementType::unsigned::<u16>(),
        b'i' | b'l' => ElementType::signed::<i32>(),
        b'I' | b'L' => ElementType::unsigned::<u32>(),
        b'q' => ElementType::signed::<i64>(),
        b'Q' => ElementType::unsigned::<u64>(),
        _ => of_any_size(code),
    }
}

/// Returns the type of a code that has the same size with and without a byte order.
fn of_any_size(code: u8) -> ElementType {
    match code {
        b'?' => ElementType::Bool,
        b'e' => ElementType::Float { bytes: 2 },
        b'f' => ElementType::Float { bytes: 4 },
        b'd' => ElementType::Float { bytes: 8 },
        _ => ElementType::Unknown,
    }
}

/// Returns whether elements of this format have the processor's byte order.
fn has_native_order(format: &CStr) -> bool {
    match format.to_bytes() {
        [b'<', _, ..] => cfg!(target_endian = "little"),
        [b'>' | b'!', _, ..] => cfg!(target_endian = "big"),
        _ => true,
    }
}

/// A Rust type that the elements of a buffer may have: the integers and floats.
///
/// # Safety
/// Every bit pattern must be a valid `Self`, and `is_compatible_format` must return `true`
/// only for formats of elements that may be read and written as `Self`.
///
/// ```
/// use pyatoll::buffer::Element;
///
/// assert!(u32::is_compatible_format(c"I"));
/// assert!(!u32::is_compatible_format(c"i"));
/// // The byte order is the processor's or none.
/// let other = if cfg!(target_endian = "little") { c">I" } else { c"<I" };
/// assert!(!u32::is_compatible_format(other));
/// ```
pub unsafe trait Element: Copy {
    /// Returns whether elements of this format may be `Self`. Their size and alignment are checked
    /// elsewhere.
    fn is_compatible_format(format: &CStr) -> bool;
}

macro_rules! element {
    ($variant:ident: $($type:ty)*) => {$(
        // SAFETY: all bit patterns are valid; the format is of the same kind, size and byte order.
        unsafe impl Element for $type {
            fn is_compatible_format(format: &CStr) -> bool {
                let this = ElementType::$variant {
                    bytes: size_of::<Self>(),
                };
                has_native_order(format) && ElementType::from_format(format) == this
            }
        }
    )*};
}

element!(SignedInteger: i8 i16 i32 i64 isize);
element!(UnsignedInteger: u8 u16 u32 u64 usize);
element!(Float: f32 f64);

/// An element of a buffer that others may change: like [`Cell`](std::cell::Cell), but read-only.
#[repr(transparent)]
pub struct ReadOnlyCell<T: Element>(UnsafeCell<T>);

impl<T: Element> ReadOnlyCell<T> {
    /// Returns a copy of the current value.
    #[inline]
    pub fn get(&self) -> T {
        // SAFETY: valid for reads; it is not `Sync`, so this thread is the only one to read
        // through it. The code that created the cell has ruled out concurrent writes.
        unsafe { *self.0.get() }
    }

    /// Returns the element's address.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.0.get()
    }
}
