//! [`PyBytesWriter`]: a `bytes` under construction.

use std::io;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::returned::{new_reference, status, to_ssize};
use crate::capi::bytes_writer as writer;
use crate::convert::IntoPyObject;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyBytes;

/// A `bytes` under construction, for [`PyBytes::new_with_writer`]. It grows as bytes are written to
/// it, also through [`io::Write`].
///
/// C API: `PyBytesWriter`, which Python 3.15 added; on older versions, an equivalent.
pub struct PyBytesWriter<'py> {
    writer: NonNull<writer::PyBytesWriter>,
    /// The number of bytes for which `writer` has room, at least.
    room: usize,
    py: Python<'py>,
}

/// The room of an empty writer, which needs no `bytes` yet.
const SMALL: usize = 256;

impl<'py> PyBytesWriter<'py> {
    /// Creates an empty writer with room for `capacity` bytes.
    pub(super) fn with_capacity(py: Python<'py>, capacity: usize) -> PyResult<Self> {
        let room = capacity.max(SMALL);
        // SAFETY: attached; returns a writer or null.
        let created = unsafe { writer::PyBytesWriter_Create(to_ssize(room)) };
        let writer = NonNull::new(created).ok_or_else(|| PyErr::fetch(py))?;
        let mut this = Self { writer, room, py };
        // SAFETY: no bytes, so none that are not initialized.
        unsafe { this.set_len(0)? };
        Ok(this)
    }

    /// Returns the number of bytes that have been written.
    ///
    /// C API: `PyBytesWriter_GetSize`.
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: attached; a valid writer, whose size is not negative.
        unsafe { writer::PyBytesWriter_GetSize(self.writer.as_ptr()) as usize }
    }

    /// Returns whether no bytes have been written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes all the bytes.
    ///
    /// # Errors
    /// `MemoryError`, or `OverflowError` if there would be more bytes than a `bytes` can have.
    ///
    /// C API: `PyBytesWriter_GetData`.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> PyResult<()> {
        self.write_all_of(&[io::IoSlice::new(bytes)])
    }

    /// Writes several slices. After an error, the writer has the bytes that it had before.
    fn write_all_of(&mut self, slices: &[io::IoSlice<'_>]) -> PyResult<()> {
        let start = self.len();
        let end = slices
            .iter()
            .fold(start, |len, slice| len.saturating_add(slice.len()));
        // SAFETY: attached; after the call there is room for `end` bytes, all of which are
        // initialized: the slices have that many. They cannot be in the writer.
        unsafe {
            self.set_len(end)?;
            let mut target = writer::PyBytesWriter_GetData(self.writer.as_ptr())
                .cast::<u8>()
                .add(start);
            for slice in slices {
                target.copy_from_nonoverlapping(slice.as_ptr(), slice.len());
                target = target.add(slice.len());
            }
        }
        Ok(())
    }

    /// Sets the number of bytes. A failure leaves those from before.
    ///
    /// # Safety
    /// The caller must initialize bytes that are added.
    unsafe fn set_len(&mut self, len: usize) -> PyResult<()> {
        if len > self.room {
            self.grow(len)?;
        }
        // SAFETY: attached; a valid writer.
        status(self.py, unsafe {
            writer::PyBytesWriter_Resize(self.writer.as_ptr(), to_ssize(len))
        })
    }

    /// Moves the bytes to a writer with room for `len`, and some more if there is.
    ///
    /// `PyBytesWriter_Resize` could do that, but where it fails, it frees the bytes and still
    /// counts them (CPython's), or panics (`pyo3_ffi`'s).
    #[cold]
    fn grow(&mut self, len: usize) -> PyResult<()> {
        let mut larger = Self::with_capacity(self.py, len.saturating_add(len / 2))
            .or_else(|_| Self::with_capacity(self.py, len))?;
        let written = self.len();
        // SAFETY: attached; there is room for the bytes, which are initialized by the copy. The two
        // writers are different, so their bytes are, too.
        unsafe {
            larger.set_len(written)?;
            let source = writer::PyBytesWriter_GetData(self.writer.as_ptr()).cast::<u8>();
            let target = writer::PyBytesWriter_GetData(larger.writer.as_ptr()).cast::<u8>();
            target.copy_from_nonoverlapping(source, written);
        }
        *self = larger;
        Ok(())
    }
}

/// Finishes the `bytes`. Fails if Python runs out of memory.
///
/// C API: `PyBytesWriter_Finish`.
impl<'py> TryFrom<PyBytesWriter<'py>> for Bound<'py, PyBytes> {
    type Error = PyErr;

    fn try_from(writer: PyBytesWriter<'py>) -> PyResult<Self> {
        let this = ManuallyDrop::new(writer);
        // SAFETY: attached; the writer is given up; returns a new `bytes` or null.
        unsafe {
            let bytes = writer::PyBytesWriter_Finish(this.writer.as_ptr());
            new_reference(this.py, bytes)
        }
    }
}

impl<'py> IntoPyObject<'py> for PyBytesWriter<'py> {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyBytes>() }

    fn into_pyobject(self, _py: Python<'py>) -> PyResult<Self::Output> {
        self.try_into()
    }
}

impl io::Write for PyBytesWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_bytes(bytes)?;
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let before = self.len();
        self.write_all_of(slices)?;
        Ok(self.len() - before)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Ok(self.write_bytes(bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PyBytesWriter<'_> {
    fn drop(&mut self) {
        // SAFETY: attached; a valid writer, which is given up.
        unsafe { writer::PyBytesWriter_Discard(self.writer.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use std::io::{IoSlice, Write};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use proptest::prelude::*;

    use super::*;
    use crate::exceptions::PyValueError;

    proptest! {
        #[test]
        fn all_bytes_are_written_whatever_the_capacity(
            parts: Vec<Vec<u8>>, capacity in 0..2000_usize, long in 0..2000_usize,
        ) {
            Python::attach(|py| {
                let long = vec![7; long];
                let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
                let bytes = PyBytes::new_with_writer(py, capacity, |writer| {
                    assert!(writer.is_empty());
                    for part in &parts {
                        writer.write_bytes(part)?;
                    }
                    writer.write_all(&long)?;
                    let whole: usize = parts.iter().map(Vec::len).sum();
                    assert_eq!(writer.write_vectored(&slices)?, whole);
                    assert_eq!(writer.len(), 2 * whole + long.len());
                    writer.flush()?;
                    Ok(())
                })?;
                let whole = parts.concat();
                assert_eq!(bytes, *[whole.as_slice(), &long, &whole].concat());
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn bytes_that_do_not_fit_in_memory_leave_those_from_before() {
        Python::attach(|py| {
            let part = vec![0; 1 << 30];
            let too_many = vec![IoSlice::new(&part); 1 << 18];
            for before in [10, 1000] {
                let bytes = PyBytes::new_with_writer(py, 0, |writer| {
                    writer.write_bytes(&vec![7; before])?;
                    assert!(writer.write_vectored(&too_many).is_err());
                    assert!(!PyErr::occurred(py));
                    writer.write_bytes(b"end")
                })
                .unwrap();
                assert_eq!(bytes, *[&vec![7; before][..], b"end"].concat());
            }
        });
    }

    #[test]
    fn a_failure_or_a_panic_discards_the_writer() {
        Python::attach(|py| {
            let error = PyBytes::new_with_writer(py, 9, |writer| {
                writer.write_bytes(b"lost")?;
                Err(PyValueError::new_err("midway"))
            });
            assert_eq!(error.unwrap_err().to_string(), "ValueError: midway");
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let _ = PyBytes::new_with_writer(py, 0, |writer| {
                    writer.write_bytes(&[0; 1000])?;
                    panic!("midway")
                });
            }));
            assert!(panic.is_err());
            assert!(PyBytes::new_with_writer(py, usize::MAX, |_| Ok(())).is_err());
            let mut kept = PyBytesWriter::with_capacity(py, 0).unwrap();
            write!(kept, "{}-{}", 1, 2).unwrap();
            assert_eq!(kept.into_pyobject(py).unwrap(), b"1-2".as_slice());
        });
    }
}
