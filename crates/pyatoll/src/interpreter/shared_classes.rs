//! [`SharedClasses`]: the classes that binaries share in one interpreter.
//!
//! Invariants:
//! - A record is freed with the list, and keeps its class alive.
//! - There is one record for each path and [`Build`]: all binaries of that build use its class.

use std::ffi::c_void;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::append_list::{AppendList, Node};

/// What determines whether two binaries may share a class: the definition of its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Build {
    /// The Rust path of the class.
    pub(crate) path: &'static str,
    /// A hash of all that determines the layout and the code of values.
    pub(crate) identity: u64,
    /// The packages, the compiler and the hash, for messages.
    pub(crate) description: String,
}

/// A class that binaries share. Its layout is an ABI; the texts are UTF-8.
#[repr(C)]
struct SharedClass {
    /// A strong reference.
    class: *mut ffi::PyTypeObject,
    path: *const u8,
    path_length: usize,
    identity: u64,
    description: *const u8,
    description_length: usize,
    /// Frees the record, with the allocator it came from.
    free: unsafe extern "C" fn(record: *mut Node<SharedClass>),
}

impl SharedClass {
    /// Creates a record of a class, to which it takes a new reference.
    ///
    /// # Safety
    /// Attached; `class` must be a live heap type.
    unsafe fn new(build: &Build, class: *mut ffi::PyTypeObject) -> Box<Node<Self>> {
        unsafe extern "C" fn free(node: *mut Node<SharedClass>) {
            // SAFETY: created below, by this binary, and freed once.
            unsafe {
                let record = Box::from_raw(node).record;
                let length = record.description_length;
                let text =
                    std::ptr::slice_from_raw_parts_mut(record.description.cast_mut(), length);
                drop(Box::from_raw(text));
            }
        }
        // SAFETY: upheld by the caller: attached; a live type.
        unsafe { ffi::Py_INCREF(class.cast()) };
        let description: Box<[u8]> = build.description.as_bytes().into();
        let description = Box::leak(description);
        Node::new(Self {
            class,
            path: build.path.as_ptr(),
            path_length: build.path.len(),
            identity: build.identity,
            description: description.as_ptr(),
            description_length: description.len(),
            free,
        })
    }

    /// Frees a record.
    ///
    /// # Safety
    /// Attached; nothing else may refer to the record.
    unsafe fn release(node: NonNull<Node<Self>>) {
        let node = node.as_ptr();
        // SAFETY: upheld by the caller; a record owns a reference to its class, and is freed by the
        // binary that created it.
        unsafe {
            ffi::Py_DECREF((*node).record.class.cast());
            ((*node).record.free)(node);
        }
    }

    /// Returns a new reference to the class.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter.
    unsafe fn new_reference(&self) -> NonNull<ffi::PyTypeObject> {
        // SAFETY: attached (upheld by the caller); the record keeps its class alive.
        unsafe {
            ffi::Py_INCREF(self.class.cast());
            NonNull::new_unchecked(self.class)
        }
    }

    fn path(&self) -> &[u8] {
        // SAFETY: a text that lives as long as the record.
        unsafe { std::slice::from_raw_parts(self.path, self.path_length) }
    }

    fn description(&self) -> String {
        // SAFETY: a text that lives as long as the record.
        let text = unsafe { std::slice::from_raw_parts(self.description, self.description_length) };
        String::from_utf8_lossy(text).into_owned()
    }

    fn is_of(&self, build: &Build) -> bool {
        self.identity == build.identity && self.path() == build.path.as_bytes()
    }
}

/// The list of these classes, in the interpreter's `Internals`.
#[repr(transparent)]
pub(crate) struct SharedClasses(AppendList<SharedClass>);

impl SharedClasses {
    pub(super) fn new() -> Self {
        Self(AppendList::new())
    }

    /// Frees all records.
    ///
    /// # Safety
    /// Attached; nothing else may use the list.
    pub(super) unsafe fn clear(&self) {
        for node in self.0.take_all() {
            // SAFETY: upheld by the caller; each record is released once.
            unsafe { SharedClass::release(node) };
        }
    }

    /// Returns a new reference to the class of a build, if a binary has shared it.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter.
    pub(crate) unsafe fn find(&self, build: &Build) -> Option<NonNull<ffi::PyTypeObject>> {
        let record = self.0.iter().find(|record| record.is_of(build))?;
        // SAFETY: attached (upheld by the caller).
        Some(unsafe { record.new_reference() })
    }

    /// Shares a class, unless another binary was first. Returns a new reference to the class that
    /// counts.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter; `class` must be a live heap type in it.
    pub(crate) unsafe fn share(
        &self,
        build: &Build,
        class: NonNull<ffi::PyTypeObject>,
    ) -> NonNull<ffi::PyTypeObject> {
        // SAFETY: attached (upheld by the caller); a live class. A record that was not added is not
        // shared.
        unsafe {
            let new = SharedClass::new(build, class.as_ptr());
            let record = match self.0.add(new, |record| record.is_of(build)) {
                Ok(record) => record,
                Err((first, new)) => {
                    SharedClass::release(NonNull::from(Box::leak(new)));
                    first
                }
            };
            record.new_reference()
        }
    }

    /// Returns the descriptions of the builds of two classes with the same path, if `class` is, or
    /// derives from, one of them and `wanted` is the other.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter; both must be live objects, and `class` a
    /// type.
    pub(crate) unsafe fn builds_of(
        &self,
        class: *mut ffi::PyTypeObject,
        wanted: *mut c_void,
    ) -> Option<[String; 2]> {
        let expected = self.0.iter().find(|record| record.class.cast() == wanted)?;
        let found = self.0.iter().find(|record| {
            record.class != expected.class
                && record.path() == expected.path()
                // SAFETY: attached (upheld by the caller); both are live types.
                && unsafe { ffi::PyType_IsSubtype(class, record.class) != 0 }
        })?;
        Some([found.description(), expected.description()])
    }
}
