//! Public macros that belong to no layer.

/// Creates a `&'static CStr` from text without NUL bytes at compile time. Unlike a literal `c"…"`,
/// it also accepts `concat!(…)`.
///
/// ```
/// use pyatoll::prelude::*;
///
/// let code = pyatoll::c_str!(concat!("1 + ", "2"));
/// assert_eq!(code, c"1 + 2");
/// Python::attach(|py| assert_eq!(py.eval(code, None, None).unwrap().to_string(), "3"));
/// ```
#[macro_export]
macro_rules! c_str {
    ($text:expr) => {{
        const TEXT: &::core::ffi::CStr =
            match ::core::ffi::CStr::from_bytes_with_nul(::core::concat!($text, "\0").as_bytes()) {
                ::core::result::Result::Ok(text) => text,
                ::core::result::Result::Err(_) => ::core::panic!("the text has a NUL byte in it"),
            };
        TEXT
    }};
}
