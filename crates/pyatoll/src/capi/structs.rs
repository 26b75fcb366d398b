//! Structs and constants of CPython that `pyo3-ffi` does not declare in this build.

#[cfg(Py_LIMITED_API)]
pub(crate) use limited::*;
#[cfg(all(Py_3_12, not(Py_LIMITED_API)))]
pub(crate) use pyo3_ffi::PyInterpreterConfig;
#[cfg(not(Py_LIMITED_API))]
pub(crate) use pyo3_ffi::PyStatus;
#[cfg(any(all(Py_3_14, not(Py_LIMITED_API)), Py_3_15))]
pub(crate) use pyo3_ffi::{PyLongLayout, PyLongWriter};

#[cfg(any(Py_LIMITED_API, not(Py_3_12)))]
pub(crate) use interpreter_config::*;
#[cfg(not(any(all(Py_3_14, not(Py_LIMITED_API)), Py_3_15)))]
pub(crate) use long_writer::*;
#[cfg(not(any(all(Py_3_13, not(Py_LIMITED_API)), Py_3_14)))]
pub(crate) use native_bytes::*;

/// New in 3.13.
#[cfg(not(any(all(Py_3_13, not(Py_LIMITED_API)), Py_3_14)))]
mod native_bytes {
    use std::ffi::c_int;

    pub(crate) const Py_ASNATIVEBYTES_LITTLE_ENDIAN: c_int = 1;
    pub(crate) const Py_ASNATIVEBYTES_NATIVE_ENDIAN: c_int = 3;
    pub(crate) const Py_ASNATIVEBYTES_UNSIGNED_BUFFER: c_int = 4;
    pub(crate) const Py_ASNATIVEBYTES_REJECT_NEGATIVE: c_int = 8;
}

/// New in 3.12.
#[cfg(any(Py_LIMITED_API, not(Py_3_12)))]
mod interpreter_config {
    use std::ffi::c_int;

    #[repr(C)]
    pub(crate) struct PyInterpreterConfig {
        pub(crate) use_main_obmalloc: c_int,
        pub(crate) allow_fork: c_int,
        pub(crate) allow_exec: c_int,
        pub(crate) allow_threads: c_int,
        pub(crate) allow_daemon_threads: c_int,
        pub(crate) check_multi_interp_extensions: c_int,
        pub(crate) gil: c_int,
    }

    pub(crate) const PyInterpreterConfig_SHARED_GIL: c_int = 1;
    pub(crate) const PyInterpreterConfig_OWN_GIL: c_int = 2;
}

/// New in 3.14, and in the stable ABI of 3.15.
#[cfg(not(any(all(Py_3_14, not(Py_LIMITED_API)), Py_3_15)))]
mod long_writer {
    #[repr(C)]
    pub(crate) struct PyLongLayout {
        pub(crate) bits_per_digit: u8,
        pub(crate) digit_size: u8,
        pub(crate) digits_order: i8,
        pub(crate) digit_endianness: i8,
    }

    #[repr(C)]
    pub(crate) struct PyLongWriter {
        opaque: [u8; 0],
    }
}

/// New in 3.13, and not in the stable ABI.
#[cfg(all(Py_LIMITED_API, Py_3_13))]
pub(crate) mod mutex {
    /// CPython's struct is one byte, zero while the mutex is not locked. There is room for more.
    #[repr(C)]
    pub struct PyMutex {
        bits: std::sync::atomic::AtomicUsize,
    }

    impl PyMutex {
        pub(crate) const fn new() -> Self {
            Self {
                bits: std::sync::atomic::AtomicUsize::new(0),
            }
        }
    }
}

/// Not in the stable ABI.
#[cfg(Py_LIMITED_API)]
mod limited {
    use std::ffi::{c_char, c_int, c_ulong};

    /// The result of a function that initializes something. CPython returns it by value.
    #[repr(C)]
    pub(crate) struct PyStatus {
        kind: c_int,
        function: *const c_char,
        pub(crate) err_msg: *const c_char,
        exit_code: c_int,
    }

    /// Returns whether there was an error, or the process is to exit.
    ///
    /// # Safety
    /// None; CPython's function is `unsafe`, as all are.
    pub(crate) unsafe fn PyStatus_Exception(status: PyStatus) -> c_int {
        c_int::from(status.kind != 0)
    }

    impl Clone for PyStatus {
        fn clone(&self) -> Self {
            *self
        }
    }

    impl Copy for PyStatus {}

    /// CPython passes it by value.
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub(crate) struct Py_complex {
        pub(crate) real: f64,
        pub(crate) imag: f64,
    }

    pub(crate) const Py_TPFLAGS_SEQUENCE: c_ulong = 1 << 5;
    pub(crate) const Py_TPFLAGS_MAPPING: c_ulong = 1 << 6;

    /// The callee may use the place before the arguments during the call.
    #[cfg(not(Py_3_12))]
    pub(crate) const PY_VECTORCALL_ARGUMENTS_OFFSET: usize = 1 << (usize::BITS - 1);
}
