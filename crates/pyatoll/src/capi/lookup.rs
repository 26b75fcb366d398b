//! Addresses of CPython's functions and objects, by name, in the running process.
//!
//! Invariant: a name is looked up where the loader has resolved this binary's imports from CPython,
//! so all addresses are of the same Python. CPython is never unloaded, so an address stays valid.

use std::ffi::{CStr, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A function or object of CPython, looked up on first use.
pub(crate) struct Symbol {
    name: &'static CStr,
    /// Null until it is looked up, [`ABSENT`] if it was not found.
    address: AtomicPtr<c_void>,
}

/// No address: the running Python does not have the symbol.
const ABSENT: *mut c_void = std::ptr::without_provenance_mut(1);

impl Symbol {
    /// `name` must end with its only null byte.
    pub(crate) const fn of(name: &'static str) -> Self {
        match CStr::from_bytes_with_nul(name.as_bytes()) {
            Ok(name) => Self {
                name,
                address: AtomicPtr::new(null_mut()),
            },
            Err(_) => panic!("a name with one null byte, at its end"),
        }
    }

    #[allow(dead_code, reason = "of no use in a build for one version")]
    pub(crate) fn name(&self) -> &'static CStr {
        self.name
    }

    /// Returns the address.
    ///
    /// # Panics
    /// If the running Python does not have the symbol.
    #[inline(always)]
    pub(crate) fn address(&self) -> *mut c_void {
        let address = self.address.load(Ordering::Relaxed);
        if address.addr() <= ABSENT.addr() {
            return self.find_or_panic();
        }
        address
    }

    /// Returns whether the running Python has the symbol.
    #[inline]
    #[allow(dead_code, reason = "of no use in a build for one version")]
    pub(crate) fn is_found(&self) -> bool {
        let address = self.address.load(Ordering::Relaxed);
        let address = if address.is_null() {
            self.find()
        } else {
            address
        };
        address != ABSENT
    }

    #[cold]
    #[inline(never)]
    fn find(&self) -> *mut c_void {
        let mut address = loader::find(self.name);
        if address.is_null() {
            address = ABSENT;
        }
        self.address.store(address, Ordering::Relaxed);
        address
    }

    #[cold]
    #[inline(never)]
    fn find_or_panic(&self) -> *mut c_void {
        let address = self.find();
        assert!(
            address != ABSENT,
            "this Python has no `{}`, which this build of Pyatoll needs",
            self.name.to_string_lossy()
        );
        address
    }
}

#[cfg(unix)]
mod loader {
    use std::ffi::{CStr, c_void};

    /// Returns the address of a name, or null.
    pub(super) fn find(name: &CStr) -> *mut c_void {
        // SAFETY: a null-terminated name. `RTLD_DEFAULT` searches in the order of the loader.
        unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
    }
}

#[cfg(windows)]
mod loader {
    use std::ffi::{CStr, c_char, c_void};
    use std::ptr::null_mut;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const u16, module: *mut *mut c_void) -> i32;
        fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    const FROM_ADDRESS: u32 = 4;
    const UNCHANGED_REFCOUNT: u32 = 2;

    /// Returns the address of a name in the DLL of the running Python, or null. `python3.dll`, with
    /// which this binary is linked, has the names of the stable ABI only; they are those of the DLL
    /// that has CPython's own objects.
    pub(super) fn find(name: &CStr) -> *mut c_void {
        let mut module = null_mut();
        // SAFETY: the address of an object of CPython; `module` is valid for writes; a
        // null-terminated name.
        unsafe {
            let object = (&raw const pyo3_ffi::PyBaseObject_Type).cast();
            let flags = FROM_ADDRESS | UNCHANGED_REFCOUNT;
            if GetModuleHandleExW(flags, object, &raw mut module) == 0 {
                return null_mut();
            }
            GetProcAddress(module, name.as_ptr())
        }
    }
}

#[cfg(not(any(unix, windows)))]
mod loader {
    use std::ffi::{CStr, c_void};

    /// Returns null: there is no way to ask.
    pub(super) fn find(_name: &CStr) -> *mut c_void {
        std::ptr::null_mut()
    }
}
