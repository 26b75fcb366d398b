//! Tests of [`PyBackedStr`] and [`PyBackedBytes`] in one interpreter.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::{PyBackedBytes, PyBackedStr};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::exceptions::{PyTypeError, PyUnicodeEncodeError};
use crate::types::{PyAnyMethods, PyByteArray, PyBytes, PyBytesMethods, PyString, compat};
use crate::{Bound, PyErr, Python};
#[cfg(not(Py_GIL_DISABLED))]
use crate::{interpreter::SubInterpreter, object::Py};

/// Fails to compile for a type that cannot be used by other threads.
fn sendable<T: Send + Sync>(value: T) -> T {
    value
}

proptest! {
    #[test]
    fn every_text_survives(value: String) {
        Python::attach(|py| {
            let object = PyString::new(py, &value);
            let text = sendable(PyBackedStr::try_from(object.clone())?);
            assert_eq!(text, *value);
            assert_eq!(text.clone_ref(py), text);
            assert_eq!(text.to_string(), value);
            let same: PyBackedStr = object.extract()?;
            assert_eq!((&same, same.as_py_str().is(&object)), (&text, true));
            assert!((&text).into_pyobject(py)?.is(&object));
            assert!(text.into_pyobject(py)?.is(&object));
            Ok::<_, PyErr>(())
        }).unwrap();
    }

    #[test]
    fn all_bytes_survive(value: Vec<u8>) {
        Python::attach(|py| {
            let object = PyBytes::new(py, &value);
            let bytes = sendable(PyBackedBytes::from(object.clone()));
            assert_eq!(bytes, *value);
            assert_eq!(object.extract::<PyBackedBytes>().unwrap(), bytes);
            let back = (&bytes).into_pyobject(py)?;
            assert_eq!(back, *value);
            if compat::BYTES_OUTLIVE_INTERPRETERS {
                assert!(back.is(&object) && bytes.as_ptr() == object.as_bytes().as_ptr());
            }
            assert_eq!(bytes.into_pyobject(py)?, *value);

            let array = PyByteArray::new(py, &value);
            let bytes: PyBackedBytes = array.extract().unwrap();
            array.set_item(py.eval(c"slice(0, 1)", None, None)?, b"".as_slice())?;
            assert_eq!(bytes, *value);
            assert!(bytes.into_pyobject(py)?.is_exact_instance_of::<PyBytes>());
            Ok::<_, PyErr>(())
        }).unwrap();
    }
}

#[test]
fn texts_of_any_length_survive_a_move() {
    Python::attach(|py| {
        let texts: Vec<String> = (0..40)
            .map(|len| "é".repeat(len / 2) + &"x"[..len % 2])
            .collect();
        let backed: Vec<PyBackedStr> = texts
            .iter()
            .map(|text| PyString::new(py, text).try_into().unwrap())
            .collect();
        let moved: Vec<PyBackedStr> = backed.into_iter().rev().collect();
        assert!(moved.iter().map(|text| &**text).eq(texts.iter().rev()));
    });
}

#[test]
fn other_objects_are_refused() {
    Python::attach(|py| {
        let number = 7.into_bound_py_any(py)?;
        let error = number.extract::<PyBackedStr>().unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        let text = "TypeError: 'int' object is not an instance of 'str'";
        assert_eq!(error.to_string(), text);
        let error = PyErr::from(number.extract::<PyBackedBytes>().unwrap_err());
        let text = "TypeError: 'int' object is not an instance of 'bytes | bytearray'";
        assert_eq!(error.to_string(), text);
        let surrogate = py.eval(c"'\\ud800'", None, None)?;
        let error = surrogate.extract::<PyBackedStr>().unwrap_err();
        assert!(error.is_instance_of::<PyUnicodeEncodeError>(py));
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
#[allow(
    clippy::mutable_key_type,
    clippy::nonminimal_bool,
    clippy::op_ref,
    reason = "the comparisons are what is tested; hashes depend on the contents only"
)]
fn values_compare_and_hash_like_what_they_contain() {
    Python::attach(|py| {
        let text = |text| PyBackedStr::try_from(PyString::new(py, text)).unwrap();
        let (a, b) = (text("a"), text("b"));
        assert!(a == text("a") && a != b && a == *"a" && a == "a" && *"a" == a && "a" == a);
        assert!(a < b && a < *"b" && *"a" < b);
        assert_eq!(
            (format!("{a:?}|{a:>3}"), a.as_str()),
            ("\"a\"|  a".to_owned(), "a")
        );
        assert_eq!(
            (AsRef::<str>::as_ref(&a), AsRef::<[u8]>::as_ref(&a)),
            ("a", &b"a"[..])
        );
        let map = HashMap::from([(a, 1), (b, 2)]);
        assert_eq!((map.get("b"), map.get("c")), (Some(&2), None));

        let bytes = |bytes| PyBackedBytes::from(PyBytes::new(py, bytes));
        let (a, b) = (bytes(b"a"), bytes(b"b"));
        assert!(a == bytes(b"a") && a != b && a == b"a"[..] && a == &b"a"[..]);
        assert!(b"a"[..] == a && &b"a"[..] == a && a < b && a < b"b"[..] && b"a"[..] < b);
        assert!(a == *b"a" && a == b"a" && *b"a" == a && b"a" == a);
        assert_eq!(
            (format!("{a:?}"), a.as_ref()),
            ("[97]".to_owned(), &b"a"[..])
        );
        assert_eq!(
            HashMap::from([(bytes(b"k"), 1)]).get(&bytes(b"k")),
            Some(&1)
        );
        assert_eq!(BTreeSet::from([b, a]).first().unwrap(), b"a");
    });
}

#[test]
fn clones_share_their_object_and_release_it() {
    Python::attach(|py| {
        let object = PyString::new(py, "a text of this test, which is long");
        let before = object.as_unbound().get_refcnt(py);
        let text: PyBackedStr = object.extract().unwrap();
        let clone = text.clone_ref(py);
        assert_eq!(clone.as_ptr(), text.as_ptr());
        #[cfg(feature = "py-clone")]
        assert_eq!(text.clone(), clone);
        assert_eq!(object.as_unbound().get_refcnt(py), before + 2);
        drop((text, clone));
        assert_eq!(object.as_unbound().get_refcnt(py), before);

        let object = PyBytes::new(py, b"bytes of this test");
        let before = object.as_unbound().get_refcnt(py);
        let bytes: PyBackedBytes = object.extract().unwrap();
        let clone = bytes.clone_ref(py);
        assert_eq!(clone.as_ptr(), bytes.as_ptr());
        #[cfg(feature = "py-clone")]
        assert_eq!(bytes.clone(), clone);
        let references = if compat::BYTES_OUTLIVE_INTERPRETERS {
            2
        } else {
            0
        };
        assert_eq!(object.as_unbound().get_refcnt(py), before + references);
        drop((bytes, clone));
        assert_eq!(object.as_unbound().get_refcnt(py), before);
    });
}

#[test]
fn a_subclass_is_read_without_calling_it() {
    Python::attach(|py| {
        let code = c"type('S', (str,), {'__str__': None, 'encode': None})('ab')";
        let object: Bound<'_, _> = py.eval(code, None, None).unwrap();
        let text: PyBackedStr = object.extract().unwrap();
        assert!(text == "ab" && text.into_pyobject(py).unwrap().is(&object));
        let code = c"type('B', (bytes,), {'__bytes__': None, '__len__': None})(b'ab')";
        let object = py.eval(code, None, None).unwrap();
        assert_eq!(object.extract::<PyBackedBytes>().unwrap(), b"ab");
    });
}

#[cfg(not(Py_GIL_DISABLED))]
#[test]
fn bytes_of_a_reference_outlive_its_interpreter() {
    let expressions = [
        c"b''",
        c"b'x'",
        c"b'a constant'",
        c"bytes(range(200)) * 1000",
        c"type('Sub', (bytes,), {})(b'of a subclass')",
    ];
    let sub = SubInterpreter::builder().build().unwrap();
    let handles: Vec<Py<PyBytes>> = sub
        .attach(|py| {
            expressions
                .map(|code| {
                    let object = py.eval(code, None, None).unwrap();
                    object.extract::<Py<PyBytes>>().unwrap()
                })
                .into()
        })
        .unwrap();
    let bytes: Vec<&[u8]> = sub
        .attach(|py| handles.iter().map(|handle| handle.as_bytes(py)).collect())
        .unwrap();
    sub.close().unwrap();
    let long: Vec<u8> = (0..200).collect::<Vec<u8>>().repeat(1000);
    assert_eq!(
        bytes,
        [b"", &b"x"[..], b"a constant", &long, b"of a subclass"]
    );
    drop(handles);
}
