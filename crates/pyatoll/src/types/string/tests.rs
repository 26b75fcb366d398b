//! Tests of `str`.

use super::{PyString, PyStringMethods};
use crate::exceptions::{PyLookupError, PyUnicodeDecodeError, PyUnicodeEncodeError};
use crate::types::{PyAnyMethods, PyBytes};
use crate::{Bound, Py, Python};

/// Returns a `str` that contains a surrogate.
fn with_surrogate(py: Python<'_>) -> Bound<'_, PyString> {
    let text = py.eval(c"'\\U0001f408 \\ud800!'", None, None).unwrap();
    text.cast_into().unwrap()
}

#[test]
fn text_round_trips_through_python() {
    Python::attach(|py| {
        for text in ["", "ascii", "né", "\u{20ac}", "\u{1f408}", "with\0null"] {
            let object = PyString::new(py, text);
            assert_eq!(object.to_str().unwrap(), text);
            assert_eq!(object.to_cow().unwrap(), text);
            assert_eq!(object.to_string_lossy(), text);
            assert_eq!(
                object.encode_utf8().unwrap().as_ref() as &[u8],
                text.as_bytes()
            );
            assert_eq!(object.code_point_len().unwrap(), text.chars().count());
            assert_eq!(PyString::from_bytes(py, text.as_bytes()).unwrap(), text);
        }
    });
}

#[test]
fn surrogates_are_errors_or_replaced() {
    Python::attach(|py| {
        let text = with_surrogate(py);
        assert_eq!(text.code_point_len().unwrap(), 4);
        for error in [text.to_str().unwrap_err(), text.encode_utf8().unwrap_err()] {
            assert!(error.is_instance_of::<PyUnicodeEncodeError>(py));
        }
        assert_eq!(
            text.to_string_lossy(),
            "\u{1f408} \u{fffd}\u{fffd}\u{fffd}!"
        );
        assert!(text != "\u{1f408} !" && !crate::PyErr::occurred(py));
        let kept: Py<PyString> = text.unbind();
        assert!(kept.to_str(py).is_err());
        assert!(kept.to_string_lossy(py).ends_with("\u{fffd}!"));
    });
}

#[test]
fn a_subclass_is_read_without_calling_it() {
    Python::attach(|py| {
        let code = c"type('S', (str,), {'__len__': lambda self: 9, '__eq__': None})('ab')";
        let text = py
            .eval(code, None, None)
            .unwrap()
            .cast_into::<PyString>()
            .unwrap();
        assert_eq!(text.code_point_len().unwrap(), 2);
        assert_eq!(text.as_any().len().unwrap(), 9);
        assert!(text == "ab");
    });
}

#[test]
fn encoded_bytes_are_decoded_or_refused() {
    Python::attach(|py| {
        let bytes = PyBytes::new(py, b"\xe9");
        let text = PyString::from_encoded_object(&bytes, Some(c"latin-1"), None).unwrap();
        assert_eq!(text, "\u{e9}");
        let text = PyString::from_encoded_object(&bytes, None, Some(c"replace")).unwrap();
        assert_eq!(text, "\u{fffd}");
        let error = PyString::from_encoded_object(&bytes, None, None).unwrap_err();
        assert!(error.is_instance_of::<PyUnicodeDecodeError>(py));
        let error = PyString::from_encoded_object(&bytes, Some(c"no such"), None).unwrap_err();
        assert!(error.is_instance_of::<PyLookupError>(py));
    });
}

#[test]
fn interned_strings_of_the_same_text_are_one_object() {
    Python::attach(|py| {
        let interned = PyString::intern(py, "a text of this test");
        assert!(interned.is(PyString::intern(py, "a text of this test")));
        assert!(!interned.is(PyString::new(py, "a text of this test")));
    });
}

#[test]
#[allow(
    clippy::bool_comparison,
    clippy::nonminimal_bool,
    clippy::op_ref,
    reason = "the comparisons are what is tested"
)]
fn handles_compare_with_rust_values_from_both_sides() {
    Python::attach(|py| {
        let text = PyString::new(py, "né\0x");
        assert!(text == "né\0x" && "né\0x" == text && text == *"né\0x" && *"né\0x" == text);
        assert!(&text == *"né\0x" && *"né\0x" == &text);
        assert!(text.as_borrowed() == "né\0x" && "né\0x" == text.as_borrowed());
        assert!(text != "né" && "né" != text && text.as_borrowed() != *"x");
    });
}
