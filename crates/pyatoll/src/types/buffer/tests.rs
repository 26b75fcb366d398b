//! Tests of buffers in one interpreter.

use std::ffi::CStr;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::{Element, ElementType, PyBuffer, PyUntypedBuffer};
use crate::convert::IntoPyObjectExt;
use crate::exceptions::{PyBufferError, PyTypeError};
use crate::types::{PyAnyMethods, PyByteArray, PyByteArrayMethods, PyBytes, PyDict};
use crate::{Bound, PyAny, PyErr, PyResult, Python};

/// Evaluates an expression that may use `array`, `ctypes` and `data`, a `bytes`.
fn eval<'py>(py: Python<'py>, code: &CStr, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let names = PyDict::new(py);
    py.run(c"import array, ctypes", Some(&names), None)?;
    names.set_item("data", PyBytes::new(py, data))?;
    py.eval(code, Some(&names), None)
}

/// Returns the bytes of elements.
fn bytes_of<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY: elements are integers and floats: no padding.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

/// Reads and writes an `array.array` of this type, and parts of it.
fn round_trip<T: Element + Debug>(code: &str, elements: &[T]) {
    Python::attach(|py| {
        let same = |left: &[T], right: &[T]| assert_eq!(bytes_of(left), bytes_of(right));
        let array = py.import("array")?.call_method1("array", (code,))?;
        array.call_method1("frombytes", (bytes_of(elements),))?;

        let buffer: PyBuffer<T> = array.extract()?;
        assert_eq!(buffer.item_count(), elements.len());
        same(&buffer.to_vec(py)?, elements);
        same(&buffer.to_fortran_vec(py)?, elements);
        // SAFETY: no other code accesses the array.
        same(unsafe { buffer.as_slice_ptr().unwrap().as_ref() }, elements);

        let reversed: Vec<T> = elements.iter().rev().copied().collect();
        buffer.copy_from_slice(py, &reversed)?;
        same(&buffer.to_vec(py)?, &reversed);
        // A view from the end, every second element.
        let view = py
            .get_type::<crate::types::PyMemoryView>()
            .call1((&array,))?;
        let view = view.get_item(py.eval(c"slice(None, None, -2)", None, None)?)?;
        let part: PyBuffer<T> = view.extract()?;
        let every_second: Vec<T> = elements.iter().step_by(2).copied().collect();
        let mut copied = reversed[..every_second.len()].to_vec();
        part.copy_to_slice(py, &mut copied)?;
        same(&copied, &every_second);
        if every_second.len() > 1 {
            assert!(part.as_slice_ptr().is_none() && part.as_fortran_slice_ptr().is_none());
        }
        // Written back in another order: the others stay.
        copied.reverse();
        part.copy_from_slice(py, &copied)?;
        same(&part.to_vec(py)?, &copied);
        let mut expected = reversed;
        for (index, element) in (0..expected.len()).rev().step_by(2).zip(&copied) {
            expected[index] = *element;
        }
        same(&buffer.to_vec(py)?, &expected);
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

proptest! {
    #[test]
    fn all_elements_survive(
        u8s: Vec<u8>, i8s: Vec<i8>, u16s: Vec<u16>, i16s: Vec<i16>, u32s: Vec<u32>, i32s: Vec<i32>,
        u64s: Vec<u64>, i64s: Vec<i64>, f32s: Vec<f32>, f64s: Vec<f64>,
    ) {
        round_trip("B", &u8s);
        round_trip("b", &i8s);
        round_trip("H", &u16s);
        round_trip("h", &i16s);
        round_trip("I", &u32s);
        round_trip("i", &i32s);
        round_trip("Q", &u64s);
        round_trip("q", &i64s);
        round_trip("f", &f32s);
        round_trip("d", &f64s);
    }

    /// A buffer of three dimensions is copied in both orders, whole or in part.
    #[test]
    fn every_shape_is_copied_in_both_orders(
        shape: (u8, u8, u8), step in prop::sample::select(vec![1, 2, -1]),
    ) {
        let [x, y, z] = [shape.0, shape.1, shape.2].map(|length| usize::from(length % 4) + 1);
        let bytes: Vec<u8> = (0..x * y * z).map(|index| index as u8).collect();
        Python::attach(|py| {
            let array = PyByteArray::new(py, &bytes);
            let view = py.get_type::<crate::types::PyMemoryView>().call1((&array,))?;
            let view = view.call_method1("cast", ("B", (x, y, z)))?;
            let code = format!("slice(None, None, {step})");
            let part = view.get_item(py.eval(&std::ffi::CString::new(code).unwrap(), None, None)?)?;
            let buffer: PyBuffer<u8> = part.extract()?;
            let planes: Vec<usize> = match step {
                1 => (0..x).collect(),
                2 => (0..x).step_by(2).collect(),
                _ => (0..x).rev().collect(),
            };
            assert_eq!(buffer.shape(), [planes.len(), y, z]);
            let at = |plane: usize, j, k| bytes[(plane * y + j) * z + k];
            let in_c: Vec<u8> = planes.iter()
                .flat_map(|&i| (0..y).flat_map(move |j| (0..z).map(move |k| at(i, j, k))))
                .collect();
            let planes = &planes;
            let in_fortran: Vec<u8> = (0..z)
                .flat_map(|k| (0..y).flat_map(move |j| planes.iter().map(move |&i| at(i, j, k))))
                .collect();
            assert_eq!(buffer.to_vec(py)?, in_c);
            assert_eq!(buffer.to_fortran_vec(py)?, in_fortran);
            let mut copied = vec![0; in_c.len()];
            buffer.copy_to_fortran_slice(py, &mut copied)?;
            assert_eq!(copied, in_fortran);
            for (i, plane) in planes.iter().enumerate() {
                // SAFETY: elements of an array that no other code accesses.
                let byte = unsafe { buffer.get_ptr(&[i, y - 1, 0]).cast::<u8>().read() };
                assert_eq!(byte, at(*plane, y - 1, 0));
                assert_eq!(buffer.get_ptr(&[i]), buffer.get_ptr(&[i, 0, 0]));
            }
            assert_eq!(buffer.get_ptr(&[]), buffer.buf_ptr());

            // Back in the other order.
            buffer.copy_from_slice(py, &vec![0; copied.len()])?;
            buffer.copy_from_fortran_slice(py, &in_fortran)?;
            assert_eq!(buffer.to_vec(py)?, in_c);
            assert_eq!(array.to_vec(), bytes);
            Ok::<_, PyErr>(())
        }).unwrap();
    }
}

#[test]
fn a_view_of_memory_that_ctypes_has_resized_is_refused() {
    Python::attach(|py| {
        for (of, shape) in [
            (c"(ctypes.c_int32 * 3)()", "[3]"),
            (c"ctypes.c_int32()", "[]"),
        ] {
            let object = eval(py, of, b"")?;
            py.import("ctypes")?.call_method1("resize", (&object, 17))?;
            let view = py
                .get_type::<crate::types::PyMemoryView>()
                .call1((object,))?;
            let error = PyBuffer::<i32>::get(&view).unwrap_err();
            let expected = format!(
                "BufferError: buffer of 17 bytes does not match shape {shape} with item size 4"
            );
            assert_eq!(error.to_string(), expected);
        }
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn a_format_tells_the_type_and_the_byte_order() {
    use ElementType::{Bool, Float, SignedInteger, Unknown, UnsignedInteger};
    let long = size_of::<std::ffi::c_long>();
    for (format, expected) in [
        (c"b", SignedInteger { bytes: 1 }),
        (c"@h", SignedInteger { bytes: 2 }),
        (c"l", SignedInteger { bytes: long }),
        (c"=l", SignedInteger { bytes: 4 }),
        (
            c"n",
            SignedInteger {
                bytes: size_of::<isize>(),
            },
        ),
        (c"c", UnsignedInteger { bytes: 1 }),
        (c"@L", UnsignedInteger { bytes: long }),
        (c"<L", UnsignedInteger { bytes: 4 }),
        (c"!Q", UnsignedInteger { bytes: 8 }),
        (
            c"N",
            UnsignedInteger {
                bytes: size_of::<usize>(),
            },
        ),
        (c"?", Bool),
        (c">?", Bool),
        (c"e", Float { bytes: 2 }),
        (c"=f", Float { bytes: 4 }),
        (c"d", Float { bytes: 8 }),
    ] {
        assert_eq!(ElementType::from_format(format), expected, "{format:?}");
    }
    for format in [
        c"",
        c"<",
        c"<n",
        c"=N",
        c"2i",
        c"ii",
        c":b",
        c"P",
        c"T{<i:x:}",
        c"<ii",
        c"w",
    ] {
        assert_eq!(ElementType::from_format(format), Unknown, "{format:?}");
        assert!(!i32::is_compatible_format(format) && !u8::is_compatible_format(format));
    }
    let (own, foreign) = if cfg!(target_endian = "little") {
        (c"<i", [c">i", c"!i"])
    } else {
        (c">i", [c"<i", c"<i"])
    };
    assert!(
        [c"i", c"@i", c"=i", own]
            .iter()
            .all(|format| i32::is_compatible_format(format))
    );
    assert!(
        !foreign
            .iter()
            .any(|format| i32::is_compatible_format(format))
    );
}

#[test]
fn other_elements_are_refused() {
    Python::attach(|py| {
        let refused = |code: &CStr, data: &[u8]| {
            let error = PyBuffer::<i32>::get(&eval(py, code, data)?).unwrap_err();
            assert!(error.is_instance_of::<PyBufferError>(py));
            Ok::<_, PyErr>(error.value(py).to_string())
        };
        let message = "buffer contents are not compatible with i32";
        let foreign_order = if cfg!(target_endian = "little") {
            c"memoryview((ctypes.c_int.__ctype_be__ * 2)(1, 2))"
        } else {
            c"memoryview((ctypes.c_int.__ctype_le__ * 2)(1, 2))"
        };
        for code in [
            c"data",
            c"array.array('I', [1])",
            c"array.array('f', [1])",
            c"array.array('h', [1])",
            foreign_order,
            c"memoryview(type('S', (ctypes.Structure,), {'_fields_': [('x', ctypes.c_int)]})())",
        ] {
            assert_eq!(refused(code, b"1234")?, message, "{code:?}");
        }
        let message = "buffer contents are insufficiently aligned for i32";
        let code = c"memoryview(bytearray(9))[1:].cast('i')";
        assert_eq!(refused(code, b"")?, message);

        // The untyped buffer is still there.
        let array = eval(py, c"array.array('I', [1])", b"")?;
        let buffer = PyUntypedBuffer::get(&array)?;
        assert!(buffer.as_typed::<i32>().is_err() && buffer.as_typed::<u32>().is_ok());
        assert_eq!(buffer.into_typed::<u32>()?.to_vec(py)?, [1]);

        let error = PyUntypedBuffer::get(py.None().bind(py)).unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        let text = "a bytes-like object is required, not 'NoneType'";
        assert_eq!(error.value(py).to_string(), text);
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn types_of_c_are_buffers() {
    Python::attach(|py| {
        let error = PyUntypedBuffer::get(&eval(py, c"(ctypes.c_int * 3)()", b"")?).unwrap_err();
        assert_eq!(error.to_string(), "BufferError: strides is null");
        // Their format has a byte order.
        let array = eval(py, c"memoryview((ctypes.c_int * 3)(-1, 0, 7))", b"")?;
        let buffer = PyBuffer::<i32>::get(&array)?;
        assert!(buffer.format().to_bytes().len() == 2 && !buffer.readonly());
        assert_eq!(buffer.to_vec(py)?, [-1, 0, 7]);

        let scalar = eval(py, c"ctypes.c_double(2.5)", b"")?;
        let view = py
            .get_type::<crate::types::PyMemoryView>()
            .call1((&scalar,))?;
        let buffer = PyBuffer::<f64>::get(&view)?;
        assert_eq!(
            (buffer.dimensions(), buffer.item_count(), buffer.len_bytes()),
            (0, 1, 8)
        );
        assert!(buffer.shape().is_empty() && buffer.strides().is_empty());
        assert!(buffer.is_c_contiguous() && buffer.is_fortran_contiguous());
        assert_eq!(buffer.to_vec(py)?, [2.5]);
        buffer.copy_from_slice(py, &[-1.0])?;
        assert_eq!(scalar.getattr("value")?.extract::<f64>()?, -1.0);
        assert_eq!(buffer.get_ptr(&[]), buffer.buf_ptr());

        // Elements without a size.
        let code = c"memoryview((type('S', (ctypes.Structure,), {'_fields_': []}) * 3)())";
        let buffer = PyUntypedBuffer::get(&eval(py, code, b"")?)?;
        assert_eq!(
            (buffer.item_size(), buffer.item_count(), buffer.len_bytes()),
            (0, 3, 0)
        );
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn an_empty_buffer_has_an_empty_slice() {
    Python::attach(|py| {
        for code in [
            c"data",
            c"bytearray()",
            c"array.array('B')",
            c"memoryview(b'ab')[1:1]",
        ] {
            let buffer = PyBuffer::<u8>::get(&eval(py, code, b"")?)?;
            assert_eq!((buffer.item_count(), buffer.shape()), (0, &[0][..]));
            assert_eq!(buffer.as_slice_ptr().unwrap().len(), 0);
            assert!(buffer.to_vec(py)?.is_empty());
            buffer.copy_to_slice(py, &mut [])?;
            if !buffer.readonly() {
                buffer.copy_from_slice(py, &[])?;
            }
        }
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn slices_must_have_the_length_of_the_buffer() {
    Python::attach(|py| {
        let array = PyByteArray::new(py, b"abc");
        let buffer = PyBuffer::<u8>::get(&array)?;
        let text = |result: PyResult<()>| result.unwrap_err().to_string();
        assert_eq!(
            text(buffer.copy_to_slice(py, &mut [0; 2])),
            "BufferError: slice to copy to (of length 2) does not match buffer length of 3"
        );
        assert_eq!(
            text(buffer.copy_from_fortran_slice(py, &[0; 4])),
            "BufferError: slice to copy from (of length 4) does not match buffer length of 3"
        );
        let buffer = PyBuffer::<u8>::get(&PyBytes::new(py, b"abc"))?;
        assert!(buffer.readonly());
        assert_eq!(
            text(buffer.copy_from_slice(py, b"xyz")),
            "BufferError: cannot write to read-only buffer"
        );
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn an_index_out_of_range_panics() {
    Python::attach(|py| {
        let view = eval(py, c"memoryview(data).cast('B', (2, 3))", b"abcdef").unwrap();
        let buffer = PyUntypedBuffer::get(&view).unwrap();
        for (indices, message) in [
            (
                &[2][..],
                "index 2 is out of range for dimension 0 of length 2",
            ),
            (
                &[0, usize::MAX],
                &format!("index {} is out of range", usize::MAX),
            ),
            (&[0, 0, 0], "3 indices for a buffer of 2 dimensions"),
        ] {
            let panic = catch_unwind(AssertUnwindSafe(|| buffer.get_ptr(indices))).unwrap_err();
            assert!(panic.downcast::<String>().unwrap().starts_with(message));
        }
    });
}

#[test]
#[expect(deprecated, reason = "the functions are what is tested")]
fn slices_of_cells_see_each_others_writes() {
    Python::attach(|py| {
        let array = eval(py, c"array.array('i', [1, 2])", b"")?;
        let buffer = PyBuffer::<i32>::get(&array)?;
        let (cells, shown) = (
            buffer.as_mut_slice(py).unwrap(),
            buffer.as_slice(py).unwrap(),
        );
        cells[1].set(-5);
        assert_eq!((shown[1].get(), shown[0].get()), (-5, 1));
        // SAFETY: the first element of the array.
        assert_eq!(unsafe { *shown[0].as_ptr() }, 1);
        buffer.as_fortran_mut_slice(py).unwrap()[0].set(9);
        assert_eq!(buffer.as_fortran_slice(py).unwrap()[0].get(), 9);
        assert_eq!(array.extract::<Vec<i32>>()?, [9, -5]);

        let bytes = PyBuffer::<u8>::get(&PyBytes::new(py, b"ab"))?;
        assert!(bytes.as_mut_slice(py).is_none() && bytes.as_fortran_mut_slice(py).is_none());
        assert_eq!(bytes.as_slice(py).unwrap()[1].get(), b'b');
        let part = PyBuffer::<u8>::get(&eval(py, c"memoryview(data)[::2]", b"abc")?)?;
        assert!(part.as_slice(py).is_none() && part.as_fortran_slice(py).is_none());
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn a_buffer_keeps_its_object_until_it_is_released() {
    Python::attach(|py| {
        let array = PyByteArray::new(py, b"abc");
        let count = || array.as_unbound().get_refcnt(py);
        let before = count();
        let buffer = PyBuffer::<u8>::get(&array)?;
        assert_eq!(count(), before + 1);
        assert!(buffer.obj(py).unwrap().is(&array));
        assert!(array.resize(1).is_err());
        buffer.0.release(py);
        assert_eq!(count(), before);
        // Refused ones are released, too.
        assert!(PyBuffer::<u16>::get(&array).is_err());
        assert!(array.as_any().extract::<PyBuffer<i8>>().is_err());
        drop((PyUntypedBuffer::get(&array)?, PyUntypedBuffer::get(&array)?));
        assert_eq!(count(), before);
        array.resize(1)
    })
    .unwrap();
}

#[test]
fn debug_shows_the_view() {
    Python::attach(|py| {
        let object = b"ab".as_slice().into_bound_py_any(py).unwrap();
        let buffer = PyBuffer::<u8>::get(&object).unwrap();
        let text = format!("{buffer:?}");
        assert!(text.starts_with("PyBuffer { buf: 0x"), "{text}");
        let rest = "len: 2, itemsize: 1, readonly: 1, ndim: 1, format: \"B\", shape: [2], \
                    strides: [1], suboffsets: None, internal: 0x0 }";
        assert!(text.ends_with(rest), "{text}");
        assert!(format!("{:?}", *buffer).starts_with("PyUntypedBuffer { "));
    });
}
