//! Buffers, text and bytes that outlive the runtime. Its own binary, since it ends the runtime.

use pyatoll::buffer::PyBuffer;
use pyatoll::prelude::*;
use pyatoll::pybacked::{PyBackedBytes, PyBackedStr};
use pyatoll::types::PyByteArray;
use pyatoll::{ffi, with_embedded_python_interpreter};

#[test]
fn they_can_be_read_and_dropped() {
    for _ in 0..2 {
        // SAFETY: the objects outlive the runtime, but only through values made for that.
        let (buffer, text, data) = unsafe {
            with_embedded_python_interpreter(|py| {
                let array = PyByteArray::new(py, b"atoll");
                let text = py.eval(c"'a_name_in_this_code'", None, None).unwrap();
                let data = py.eval(c"bytes(range(200))", None, None).unwrap();
                (
                    PyBuffer::<u8>::get(&array).unwrap(),
                    text.extract::<PyBackedStr>().unwrap(),
                    data.extract::<PyBackedBytes>().unwrap(),
                )
            })
        };
        // SAFETY: may be called at any time.
        assert_eq!(unsafe { ffi::Py_IsInitialized() }, 0);
        assert_eq!(
            (buffer.shape(), text.as_str()),
            (&[5][..], "a_name_in_this_code")
        );
        assert!(data.iter().copied().eq(0..200));
        drop((buffer, text, data));
        // SAFETY: may be called at any time.
        assert_eq!(unsafe { ffi::Py_IsInitialized() }, 0);
    }
}
