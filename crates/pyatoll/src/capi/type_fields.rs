//! The fields of type objects. A build for the stable ABI reads them where memory is read, and
//! otherwise asks with functions and attributes.

use std::ffi::{c_int, c_ulong, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3_ffi::*;

#[cfg(not(Py_LIMITED_API))]
type Fields = PyTypeObject;

/// CPython's struct in the known versions.
#[cfg(Py_LIMITED_API)]
#[repr(C)]
struct Fields {
    head: [usize; 3],
    tp_name: *const std::ffi::c_char,
    tp_basicsize: Py_ssize_t,
    tp_itemsize: Py_ssize_t,
    tp_dealloc: Option<destructor>,
    /// `tp_vectorcall_offset`, `tp_getattr`, `tp_setattr`, `tp_as_async`, `tp_repr`
    _vectorcall_offset_to_repr: [usize; 5],
    tp_as_number: *mut Numbers,
    /// `tp_as_sequence`, `tp_as_mapping`, `tp_hash`, `tp_call`, `tp_str`
    _as_sequence_to_str: [usize; 5],
    tp_getattro: Option<getattrofunc>,
    tp_setattro: Option<setattrofunc>,
    _as_buffer: usize,
    tp_flags: c_ulong,
    _doc: usize,
    tp_traverse: Option<traverseproc>,
    tp_clear: Option<inquiry>,
    tp_richcompare: Option<richcmpfunc>,
    tp_weaklistoffset: Py_ssize_t,
    tp_iter: Option<getiterfunc>,
    /// `tp_iternext`, `tp_methods`, `tp_members`, `tp_getset`
    _iternext_to_getset: [usize; 4],
    tp_base: *mut PyTypeObject,
    tp_dict: *mut PyObject,
    _descr_get: usize,
    tp_descr_set: Option<descrsetfunc>,
    tp_dictoffset: Py_ssize_t,
    tp_init: Option<initproc>,
    tp_alloc: Option<allocfunc>,
    tp_new: Option<newfunc>,
    tp_free: Option<freefunc>,
    /// `tp_is_gc`, `tp_bases`, `tp_mro`, `tp_cache`, `tp_subclasses`, `tp_weaklist`, `tp_del`
    _is_gc_to_del: [usize; 7],
    _version_tag: std::ffi::c_uint,
    tp_finalize: Option<destructor>,
    tp_vectorcall: Option<VectorCall>,
}

/// `vectorcallfunc`.
pub(crate) type VectorCall = unsafe extern "C" fn(
    *mut PyObject,
    *const *mut PyObject,
    usize,
    *mut PyObject,
) -> *mut PyObject;

#[cfg(not(Py_LIMITED_API))]
use pyo3_ffi::PyNumberMethods as Numbers;

/// CPython's `PyNumberMethods`, whose fields are all pointers to functions.
#[cfg(Py_LIMITED_API)]
#[repr(C)]
pub(crate) struct Numbers {
    nb_add: *mut c_void,
    nb_subtract: *mut c_void,
    nb_multiply: *mut c_void,
    nb_remainder: *mut c_void,
    nb_divmod: *mut c_void,
    nb_power: *mut c_void,
    /// `nb_negative`, `nb_positive`, `nb_absolute`, `nb_bool`, `nb_invert`
    _negative_to_invert: [*mut c_void; 5],
    nb_lshift: *mut c_void,
    nb_rshift: *mut c_void,
    nb_and: *mut c_void,
    nb_xor: *mut c_void,
    nb_or: *mut c_void,
    /// `nb_int`, `nb_reserved`, `nb_float`, and ten operators in place
    _int_to_inplace: [*mut c_void; 13],
    nb_floor_divide: *mut c_void,
    nb_true_divide: *mut c_void,
    _inplace_divide: [*mut c_void; 2],
    _index: *mut c_void,
    nb_matrix_multiply: *mut c_void,
    _inplace_matrix_multiply: *mut c_void,
}

#[cfg(Py_LIMITED_API)]
use super::memory::{knows_types, reads_memory};

/// Returns the fields of a type object, also where memory is not read on every call.
///
/// # Safety
/// `class` must be a live type object.
#[inline(always)]
unsafe fn fields(class: *mut PyTypeObject) -> *mut Fields {
    #[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
    if super::is_free_threaded() {
        // The head of an object has two more words.
        // SAFETY: a live type object (upheld by the caller).
        return unsafe { class.byte_add(2 * size_of::<usize>()).cast() };
    }
    class.cast()
}

/// Defines functions that return the function in a slot, its own or inherited.
macro_rules! slots {
    ($($name:ident $id:ident: $type:ty;)*) => {$(
        /// Returns the function in this slot of a type, its own or inherited.
        ///
        /// # Safety
        /// `class` must be a live type object.
        #[inline(always)]
        pub(crate) unsafe fn $name(class: *mut PyTypeObject) -> Option<$type> {
            #[cfg(Py_LIMITED_API)]
            if !reads_memory() {
                // SAFETY: a live type object (upheld by the caller), whose slot holds a function
                // of this type, or null.
                return unsafe {
                    std::mem::transmute::<*mut c_void, Option<$type>>(PyType_GetSlot(class, $id))
                };
            }
            // SAFETY: a live type object (upheld by the caller).
            unsafe { (*class.cast::<Fields>()).$name }
        }
    )*};
}

slots! {
    tp_alloc Py_tp_alloc: allocfunc;
    tp_clear Py_tp_clear: inquiry;
    tp_dealloc Py_tp_dealloc: destructor;
    tp_descr_set Py_tp_descr_set: descrsetfunc;
    tp_finalize Py_tp_finalize: destructor;
    tp_free Py_tp_free: freefunc;
    tp_getattro Py_tp_getattro: getattrofunc;
    tp_init Py_tp_init: initproc;
    tp_iter Py_tp_iter: getiterfunc;
    tp_new Py_tp_new: newfunc;
    tp_richcompare Py_tp_richcompare: richcmpfunc;
    tp_setattro Py_tp_setattro: setattrofunc;
    tp_traverse Py_tp_traverse: traverseproc;
}

/// Returns whether the `tp_new` of a type is `new`, and its `tp_init` that of `object`.
///
/// # Safety
/// Attached; `class` must be a live type object.
#[inline(always)]
pub(crate) unsafe fn has_new_and_no_init(class: *mut PyTypeObject, new: newfunc) -> bool {
    let object = &raw mut PyBaseObject_Type;
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        let init = |class| {
            // SAFETY: live type objects (upheld by the caller).
            unsafe { PyType_GetSlot(class, Py_tp_init) }
        };
        // SAFETY: a live type object (upheld by the caller).
        let own = unsafe { PyType_GetSlot(class, Py_tp_new) };
        return own == new as *mut c_void && init(class) == init(object);
    }
    // SAFETY: live type objects (upheld by the caller). On free-threaded builds another thread may
    // be changing the fields, so they are loaded atomically; either value is valid.
    unsafe {
        let field = |field: *mut *mut ()| AtomicPtr::from_ptr(field).load(Ordering::Relaxed);
        let fields = class.cast::<Fields>();
        let init_of_object = (&raw mut (*object.cast::<Fields>()).tp_init).cast();
        field((&raw mut (*fields).tp_new).cast()) == new as *mut ()
            && field((&raw mut (*fields).tp_init).cast()) == field(init_of_object)
    }
}

/// Returns the base of a type, borrowed; null for `object`.
///
/// # Safety
/// `class` must be a live type object.
#[inline(always)]
pub(crate) unsafe fn tp_base(class: *mut PyTypeObject) -> *mut PyTypeObject {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        // SAFETY: a live type object (upheld by the caller).
        return unsafe { PyType_GetSlot(class, Py_tp_base).cast() };
    }
    // SAFETY: a live type object (upheld by the caller).
    unsafe { (*class.cast::<Fields>()).tp_base }
}

/// Returns the size of an instance, without items, in bytes.
///
/// # Safety
/// Attached; `class` must be a live type object.
#[inline(always)]
pub(crate) unsafe fn tp_basicsize(class: *mut PyTypeObject) -> Py_ssize_t {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        // SAFETY: attached; a live type object (upheld by the caller).
        return unsafe { attribute(class, c"__basicsize__") };
    }
    // SAFETY: a live type object (upheld by the caller).
    unsafe { (*class.cast::<Fields>()).tp_basicsize }
}

/// Returns whether instances have this size, without items. `false` where memory is not read: it is
/// no promise.
///
/// # Safety
/// `class` must be a live type object.
#[inline(always)]
pub(crate) unsafe fn is_known_to_have_size(class: *mut PyTypeObject, size: usize) -> bool {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        return false;
    }
    // SAFETY: a live type object (upheld by the caller).
    unsafe { (*class.cast::<Fields>()).tp_basicsize == size as Py_ssize_t }
}

/// Returns the size of the head of an object, in bytes.
///
/// # Safety
/// Attached.
#[inline(always)]
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
pub(crate) const unsafe fn head_size() -> usize {
    size_of::<PyObject>()
}

/// Returns the size of the head of an object, in bytes. Objects of type `object` have nothing else.
///
/// # Safety
/// Attached.
#[inline]
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
pub(crate) unsafe fn head_size() -> usize {
    use std::sync::atomic::AtomicUsize;

    /// Zero before the first use.
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    match SIZE.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: attached (upheld by the caller); a static type object.
            let size = unsafe { tp_basicsize(&raw mut PyBaseObject_Type) } as usize;
            SIZE.store(size, Ordering::Relaxed);
            size
        }
        size => size,
    }
}

/// Returns the size of an item of an instance, in bytes.
///
/// # Safety
/// Attached; `class` must be a live type object.
#[inline(always)]
pub(crate) unsafe fn tp_itemsize(class: *mut PyTypeObject) -> Py_ssize_t {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        // SAFETY: attached; a live type object (upheld by the caller).
        return unsafe { attribute(class, c"__itemsize__") };
    }
    // SAFETY: a live type object (upheld by the caller).
    unsafe { (*class.cast::<Fields>()).tp_itemsize }
}

/// Returns the offset of an instance's `__dict__`, or zero.
///
/// # Safety
/// Attached; `class` must be a live type object.
pub(crate) unsafe fn tp_dictoffset(class: *mut PyTypeObject) -> Py_ssize_t {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        // SAFETY: attached; a live type object (upheld by the caller).
        return unsafe { attribute(class, c"__dictoffset__") };
    }
    // SAFETY: a live type object (upheld by the caller).
    unsafe { (*class.cast::<Fields>()).tp_dictoffset }
}

/// Returns the offset of an instance's list of weak references, or zero.
///
/// # Safety
/// Attached; `class` must be a live type object.
pub(crate) unsafe fn tp_weaklistoffset(class: *mut PyTypeObject) -> Py_ssize_t {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        // SAFETY: attached; a live type object (upheld by the caller).
        return unsafe { attribute(class, c"__weakrefoffset__") };
    }
    // SAFETY: a live type object (upheld by the caller).
    unsafe { (*class.cast::<Fields>()).tp_weaklistoffset }
}

/// Returns an attribute of a type that is a number.
///
/// # Safety
/// Attached; `class` must be a live type object.
#[cfg(Py_LIMITED_API)]
#[cold]
#[inline(never)]
#[allow(deprecated, reason = "the functions that all versions have")]
unsafe fn attribute(class: *mut PyTypeObject, name: &std::ffi::CStr) -> Py_ssize_t {
    // SAFETY: attached, and `class` is alive (upheld by the caller); the new reference is released,
    // and an exception that is set stays.
    unsafe {
        let [mut kind, mut raised, mut traceback] = [std::ptr::null_mut(); 3];
        PyErr_Fetch(&raw mut kind, &raw mut raised, &raw mut traceback);
        let mut value = -1;
        let number = attribute_of_type(class, name);
        if !number.is_null() {
            value = PyLong_AsSsize_t(number);
            Py_DECREF(number);
        }
        PyErr_Restore(kind, raised, traceback);
        assert!(value >= 0, "a type has no size");
        value
    }
}

/// Returns what the descriptor of `type` computes for an attribute of a type: a new reference, or
/// null; an exception may be set then. Attributes of a metaclass are not used: they may run any
/// code and return anything.
///
/// # Safety
/// Attached; `class` must be a live type object; no exception may be set.
#[cfg(Py_LIMITED_API)]
unsafe fn attribute_of_type(class: *mut PyTypeObject, name: &std::ffi::CStr) -> *mut PyObject {
    let metaclass = (&raw mut PyType_Type).cast::<PyObject>();
    // SAFETY: attached (upheld by the caller); `type` is its own type, and cannot be changed. The
    // new references are released.
    unsafe {
        let attributes = PyObject_GetAttrString(metaclass, c"__dict__".as_ptr());
        if attributes.is_null() {
            return attributes;
        }
        let descriptor = PyMapping_GetItemString(attributes, name.as_ptr());
        Py_DECREF(attributes);
        if descriptor.is_null() {
            return descriptor;
        }
        let get = PyType_GetSlot(Py_TYPE(descriptor), Py_tp_descr_get);
        let get = std::mem::transmute::<*mut c_void, Option<descrgetfunc>>(get);
        let value = get.map_or(std::ptr::null_mut(), |get| {
            get(descriptor, class.cast(), metaclass)
        });
        Py_DECREF(descriptor);
        value
    }
}

/// Returns whether a type has a flag (`PyType_HasFeature`).
///
/// # Safety
/// `class` must be a live type object.
#[inline(always)]
#[cfg(Py_LIMITED_API)]
pub(crate) unsafe fn PyType_HasFeature(class: *mut PyTypeObject, flag: c_ulong) -> c_int {
    // SAFETY: a live type object (upheld by the caller).
    unsafe {
        let flags = if reads_memory() {
            (*class.cast::<Fields>()).tp_flags
        } else {
            PyType_GetFlags(class)
        };
        c_int::from(flags & flag != 0)
    }
}

/// Changes the flags of a type: sets `set` and clears `cleared`. Without effect where the layout of
/// types is not known.
///
/// # Safety
/// Attached; `class` must be a live heap type that no other code depends on yet.
pub(crate) unsafe fn change_flags(class: *mut PyTypeObject, set: c_ulong, cleared: c_ulong) {
    #[cfg(Py_LIMITED_API)]
    if !knows_types() {
        return;
    }
    // SAFETY: a live type that only this thread uses (upheld by the caller).
    unsafe {
        let flags = (&raw mut (*fields(class)).tp_flags).cast::<c_ulong>();
        *flags = *flags & !cleared | set;
    }
}

/// Returns the dict of a heap type, borrowed, or null without an exception.
///
/// # Safety
/// Attached; `class` must be a live heap type; no exception may be set.
pub(crate) unsafe fn dict_of_heap_type(class: *mut PyTypeObject) -> *mut PyObject {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        // SAFETY: attached; a live heap type (upheld by the caller), which keeps its dict alive.
        return unsafe { dict_by_functions(class) };
    }
    // SAFETY: a live heap type (upheld by the caller).
    unsafe { (*class.cast::<Fields>()).tp_dict }
}

/// Implements [`dict_of_heap_type`] with functions: `type.__dict__` is a proxy that refers to the
/// dict only.
///
/// # Safety
/// As for [`dict_of_heap_type`].
#[cfg(Py_LIMITED_API)]
unsafe fn dict_by_functions(class: *mut PyTypeObject) -> *mut PyObject {
    /// A `visitproc`, which stores a dict at `found`.
    unsafe extern "C" fn visit(object: *mut PyObject, found: *mut c_void) -> c_int {
        // SAFETY: called with the address of a pointer.
        unsafe {
            if PyDict_CheckExact(object) != 0 {
                found.cast::<*mut PyObject>().write(object);
            }
        }
        0
    }
    // SAFETY: attached; a live heap type (upheld by the caller), which keeps its dict alive. The
    // traverse function of a mapping proxy visits the mapping.
    unsafe {
        if super::has::type_dict() {
            let dict = super::PyType_GetDict(class);
            Py_XDECREF(dict);
            return dict;
        }
        let mut dict = std::ptr::null_mut::<PyObject>();
        let proxy = attribute_of_type(class, c"__dict__");
        if proxy.is_null() {
            PyErr_Clear();
            return dict;
        }
        if let Some(traverse) = tp_traverse(Py_TYPE(proxy)) {
            traverse(proxy, visit, (&raw mut dict).cast());
        }
        Py_DECREF(proxy);
        dict
    }
}

/// Sets the `tp_vectorcall` of a new heap type. Without effect where the layout of types is not
/// known: calls go through `tp_new` there.
///
/// # Safety
/// Attached; `class` must be a live heap type that no other code has seen.
pub(crate) unsafe fn set_vectorcall(class: *mut PyTypeObject, function: VectorCall) {
    #[cfg(Py_LIMITED_API)]
    if !knows_types() {
        return;
    }
    // SAFETY: a live type that only this thread uses (upheld by the caller).
    unsafe { (*fields(class)).tp_vectorcall = Some(function) };
}

/// Returns whether the slot `SLOT`, that of an operator of numbers, holds `function`.
///
/// # Safety
/// `class` must be a live type object.
#[inline(always)]
pub(crate) unsafe fn has_number_slot<const SLOT: c_int>(
    class: *mut PyTypeObject,
    function: *mut c_void,
) -> bool {
    #[cfg(Py_LIMITED_API)]
    if !reads_memory() {
        // SAFETY: a live type object (upheld by the caller).
        return unsafe { PyType_GetSlot(class, SLOT) == function };
    }
    // SAFETY: a live type object (upheld by the caller). All fields of `tp_as_number` are pointers
    // to functions, or null.
    unsafe {
        let suite = (*class.cast::<Fields>()).tp_as_number;
        if suite.is_null() {
            return false;
        }
        let field = const { number_offset(SLOT) };
        suite.byte_add(field).cast::<*mut c_void>().read() == function
    }
}

/// Returns the offset of a slot in `PyNumberMethods`.
const fn number_offset(slot: c_int) -> usize {
    macro_rules! offsets {
        ($($slot:ident $field:ident)*) => {
            match slot {
                $($slot => std::mem::offset_of!(Numbers, $field),)*
                _ => panic!("not a slot of an operator"),
            }
        };
    }
    offsets! {
        Py_nb_add nb_add
        Py_nb_subtract nb_subtract
        Py_nb_multiply nb_multiply
        Py_nb_remainder nb_remainder
        Py_nb_divmod nb_divmod
        Py_nb_power nb_power
        Py_nb_lshift nb_lshift
        Py_nb_rshift nb_rshift
        Py_nb_and nb_and
        Py_nb_xor nb_xor
        Py_nb_or nb_or
        Py_nb_floor_divide nb_floor_divide
        Py_nb_true_divide nb_true_divide
        Py_nb_matrix_multiply nb_matrix_multiply
    }
}

/// Returns the module of a heap type (`PyType_GetModule`), or null if it has none.
///
/// # Safety
/// `class` must be a live heap type, in a Python whose memory is read.
#[inline(always)]
pub(crate) unsafe fn module_of_heap_type(class: *mut PyTypeObject) -> *mut PyObject {
    #[cfg(not(Py_LIMITED_API))]
    // SAFETY: a live heap type (upheld by the caller).
    unsafe {
        (*class.cast::<PyHeapTypeObject>()).ht_module
    }
    #[cfg(Py_LIMITED_API)]
    {
        /// Behind the type: `as_async` (4), `as_number` (36), `as_mapping` (3), `as_sequence` (10),
        /// `as_buffer` (2), `ht_name`, `ht_slots`, `ht_qualname`, `ht_cached_keys`.
        const WORDS: usize = 4 + 36 + 3 + 10 + 2 + 4;
        const OFFSET: usize = size_of::<Fields>() + WORDS * size_of::<usize>();
        // 3.12 added a word to types (`tp_watched`), and 3.15 another one (`_tp_iteritem`).
        let words = usize::from(super::at_least(12)) + usize::from(super::at_least(15));
        let offset = OFFSET + words * size_of::<usize>();
        // SAFETY: a live heap type (upheld by the caller).
        unsafe { class.byte_add(offset).cast::<*mut PyObject>().read() }
    }
}

#[cfg(Py_LIMITED_API)]
const _: () = assert!(size_of::<Numbers>() == 36 * size_of::<usize>());

/// Returns whether the running Python lays out its type objects as this file assumes.
///
/// # Safety
/// Attached; no exception may be set. One may be set afterwards.
#[cfg(Py_LIMITED_API)]
pub(crate) unsafe fn are_as_expected() -> bool {
    let types = [
        &raw mut PyBaseObject_Type,
        &raw mut PyType_Type,
        &raw mut PyLong_Type,
        &raw mut PyUnicode_Type,
        &raw mut PySet_Type,
        &raw mut PyTuple_Type,
        &raw mut PyProperty_Type,
    ];
    types.into_iter().all(|class| {
        // SAFETY: attached (upheld by the caller); static type objects. All fields that are read
        // here are within a type object of any version.
        unsafe {
            let fields = fields(class);
            macro_rules! same {
                ($($field:ident $id:ident)*) => {
                    $((&raw const (*fields).$field).cast::<*mut c_void>().read()
                        == PyType_GetSlot(class, $id))&&*
                };
            }
            let has_slots = same! {
                tp_alloc Py_tp_alloc
                tp_base Py_tp_base
                tp_clear Py_tp_clear
                tp_dealloc Py_tp_dealloc
                tp_descr_set Py_tp_descr_set
                tp_finalize Py_tp_finalize
                tp_free Py_tp_free
                tp_getattro Py_tp_getattro
                tp_init Py_tp_init
                tp_iter Py_tp_iter
                tp_new Py_tp_new
                tp_richcompare Py_tp_richcompare
                tp_setattro Py_tp_setattro
                tp_traverse Py_tp_traverse
            };
            let numbers = (*fields).tp_as_number;
            let operators = [
                (Py_nb_add, number_offset(Py_nb_add)),
                (Py_nb_or, number_offset(Py_nb_or)),
                (Py_nb_true_divide, number_offset(Py_nb_true_divide)),
                (Py_nb_matrix_multiply, number_offset(Py_nb_matrix_multiply)),
            ];
            let has_operators = numbers.is_null()
                || operators.into_iter().all(|(slot, offset)| {
                    numbers.byte_add(offset).cast::<*mut c_void>().read()
                        == PyType_GetSlot(class, slot)
                });
            has_slots
                && has_operators
                && (*fields).tp_flags == PyType_GetFlags(class)
                && (*fields).tp_basicsize == attribute(class, c"__basicsize__")
                && (*fields).tp_itemsize == attribute(class, c"__itemsize__")
                && (*fields).tp_dictoffset == attribute(class, c"__dictoffset__")
                && (*fields).tp_weaklistoffset == attribute(class, c"__weakrefoffset__")
        }
    })
}

#[cfg(all(test, Py_LIMITED_API))]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn the_module_of_a_heap_type_is_where_it_is_read() {
        Python::attach(|py| {
            let class = py.import("functools").unwrap().getattr("partial").unwrap();
            let class = class.as_ptr().cast();
            // SAFETY: attached; a live heap type, which has a module.
            unsafe {
                assert_ne!(PyType_HasFeature(class, Py_TPFLAGS_HEAPTYPE), 0);
                let module = PyType_GetModule(class);
                assert!(!module.is_null());
                assert!(!reads_memory() || module_of_heap_type(class) == module);
            }
        });
    }

    #[test]
    fn a_metaclass_is_not_asked_for_the_fields_of_its_classes() {
        let code = c"
class Meta(type):
    __basicsize__ = __itemsize__ = property(lambda cls: 1 << 40)
    __dict__ = property(lambda cls: type(type.__dict__)({}))

class Plain:
    pass

class Lying(metaclass=Meta):
    pass
";
        Python::attach(|py| {
            let globals = crate::types::PyDict::new(py);
            py.run(code, Some(&globals), None).unwrap();
            let class = |name| globals.get_item(name).unwrap().unwrap().as_ptr().cast();
            let (plain, lying) = (class("Plain"), class("Lying"));
            for name in [c"__basicsize__", c"__itemsize__"] {
                // SAFETY: attached; live types.
                unsafe { assert_eq!(attribute(lying, name), attribute(plain, name)) };
            }
            // SAFETY: attached; a live heap type, and no exception is set; the dict is borrowed
            // from it.
            unsafe {
                let dict = dict_of_heap_type(lying);
                assert!(!PyDict_GetItemString(dict, c"__module__".as_ptr()).is_null());
                let proxy = attribute_of_type(lying, c"__dict__");
                assert_eq!(PyMapping_Size(proxy), PyDict_Size(dict));
                Py_DECREF(proxy);
            }
        });
    }
}
