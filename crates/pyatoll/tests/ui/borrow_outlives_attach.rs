//! A borrow from an object ends with the attachment, however long its handle is kept, since the
//! interpreter may end afterwards.
use pyatoll::prelude::*;
use pyatoll::types::{PyBytes, PyString};

fn main() {
    let text: Py<PyString> = Python::attach(|py| PyString::new(py, "kept").unbind());
    let _extracted: &str = Python::attach(|py| text.extract(py).unwrap());
    let _lent: &str = Python::attach(|py| text.to_str(py).unwrap());

    let bytes: Py<PyBytes> = Python::attach(|py| PyBytes::new(py, b"kept").unbind());
    let _extracted: &[u8] = Python::attach(|py| bytes.extract(py).unwrap());
}
