//! Definitions of modules. A `PyModuleDef` begins with the head of an object, which `abi3t` hides,
//! so modules of a build for it are defined by a table of slots (PEP 793), and identified by its
//! address, their token. Otherwise they are identified by a function in their `PyModuleDef`.

use std::ffi::{c_int, c_void};

use pyo3_ffi::*;

#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
pub(crate) use fixed::*;
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
pub(crate) use running::*;

/// The values of the slots of a module.
pub(crate) struct SlotValues {
    /// `Py_mod_exec`.
    pub(crate) execute: unsafe extern "C" fn(*mut PyObject) -> c_int,
    /// `Py_mod_multiple_interpreters`, from 3.12 on: 0 (none), 1 (with a shared GIL), 2 (all).
    pub(crate) multiple_interpreters: usize,
    /// `Py_mod_gil`, from 3.13 on: 0 (used), 1 (not used).
    pub(crate) gil: usize,
}

/// The slots of a `PyModuleDef`: up to three, and a terminator.
type LegacySlots = [PyModuleDef_Slot; 4];

const NO_SLOT: PyModuleDef_Slot = PyModuleDef_Slot {
    slot: 0,
    value: std::ptr::null_mut(),
};

/// The slot numbers of a `PyModuleDef`. Python 3.15 has new numbers for its new kind of slot table;
/// in this kind, the old ones keep their meaning (stable ABI).
mod legacy {
    use std::ffi::c_int;

    pub(super) const EXEC: c_int = 2;
    /// From 3.12.
    pub(super) const MULTIPLE_INTERPRETERS: c_int = 3;
    /// From 3.13.
    pub(super) const GIL: c_int = 4;
}

/// Returns the slots of a `PyModuleDef` for the running Python.
fn legacy_slots(values: &SlotValues) -> LegacySlots {
    let mut slots = [NO_SLOT; 4];
    slots[0] = PyModuleDef_Slot {
        slot: legacy::EXEC,
        value: values.execute as *mut c_void,
    };
    if super::at_least(12) {
        slots[1] = PyModuleDef_Slot {
            slot: legacy::MULTIPLE_INTERPRETERS,
            value: std::ptr::without_provenance_mut(values.multiple_interpreters),
        };
    }
    if super::at_least(13) {
        slots[2] = PyModuleDef_Slot {
            slot: legacy::GIL,
            value: std::ptr::without_provenance_mut(values.gil),
        };
    }
    slots
}

#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
mod fixed {
    use std::cell::UnsafeCell;
    use std::ffi::{CStr, c_char, c_int};
    use std::ptr::{fn_addr_eq, null_mut};
    use std::sync::Once;

    use super::*;

    /// A `PyModuleDef` in a static.
    pub(crate) struct StaticDef(UnsafeCell<PyModuleDef>);

    // SAFETY: changed only in `ModuleTable::prepare`, before any other use, and by CPython under
    // its own locks.
    unsafe impl Sync for StaticDef {}

    impl StaticDef {
        /// Defines a module with a state of `size` bytes; `free` is called with a module that is
        /// freed. `doc` may be null.
        pub(crate) const fn new(
            name: &'static CStr,
            doc: *const c_char,
            size: usize,
            free: freefunc,
        ) -> Self {
            Self(UnsafeCell::new(PyModuleDef {
                m_base: PyModuleDef_HEAD_INIT,
                m_name: name.as_ptr(),
                m_doc: doc,
                m_size: size as Py_ssize_t,
                m_methods: null_mut(),
                m_slots: null_mut(),
                m_traverse: None,
                m_clear: None,
                m_free: Some(free),
            }))
        }

        /// Returns the definition, without slots.
        ///
        /// # Safety
        /// Attached.
        pub(crate) unsafe fn get(&'static self) -> *mut PyModuleDef {
            self.0.get()
        }
    }

    /// The definition of a module of this binary, with multi-phase initialization (PEP 489).
    #[repr(C)]
    pub(crate) struct ModuleTable {
        /// Comes first, so that a pointer to it can be cast back.
        definition: StaticDef,
        slots: UnsafeCell<LegacySlots>,
        /// Completed once the slots are written and `PyModuleDef_Init` was called.
        ready: Once,
    }

    // SAFETY: the slots are written only under `ready`.
    unsafe impl Sync for ModuleTable {}

    impl ModuleTable {
        /// As for [`StaticDef::new`].
        pub(crate) const fn new(name: &'static CStr, doc: *const c_char, size: usize) -> Self {
            Self {
                definition: StaticDef::new(name, doc, size, module_of_this_binary),
                slots: UnsafeCell::new([NO_SLOT; 4]),
                ready: Once::new(),
            }
        }

        /// Completes the table on first use.
        ///
        /// # Safety
        /// Attached.
        pub(crate) unsafe fn prepare(&'static self, values: impl FnOnce() -> SlotValues) {
            self.ready.call_once(|| {
                let definition = self.definition.0.get();
                // SAFETY: attached (upheld by the caller). `call_once` runs this alone, before any
                // other access to the cells.
                unsafe {
                    *self.slots.get() = legacy_slots(&values());
                    (*definition).m_slots = self.slots.get().cast();
                    PyModuleDef_Init(definition);
                }
            });
        }

        /// Returns the name that the module is declared with.
        pub(crate) fn name(&'static self) -> &'static CStr {
            // SAFETY: a static text, and a field that never changes.
            unsafe { CStr::from_ptr((*self.definition.0.get()).m_name) }
        }

        /// Returns the result of `PyInit_<name>`.
        ///
        /// # Safety
        /// Attached; prepared.
        pub(crate) unsafe fn init(&'static self) -> *mut PyObject {
            self.definition.0.get().cast()
        }

        /// Creates a module. Returns a new reference, or null with an exception set.
        ///
        /// # Safety
        /// Attached; prepared; `spec` must be alive.
        pub(crate) unsafe fn create(&'static self, spec: *mut PyObject) -> *mut PyObject {
            // SAFETY: upheld by the caller; a definition that stays.
            unsafe { PyModule_FromDefAndSpec(self.definition.0.get(), spec) }
        }

        /// Executes a module.
        ///
        /// # Safety
        /// Attached; `module` must be a module of this table.
        pub(crate) unsafe fn execute(&'static self, module: *mut PyObject) -> c_int {
            // SAFETY: upheld by the caller.
            unsafe { PyModule_ExecDef(module, self.definition.0.get()) }
        }

        /// Returns the table of a module, if it is of this binary.
        ///
        /// # Safety
        /// Attached; `module` must be a live module.
        pub(crate) unsafe fn of(module: *mut PyObject) -> Option<&'static Self> {
            // SAFETY: attached; a live module (upheld by the caller), whose definition lives as
            // long as it. Without a definition, no exception is set. One with our function is part
            // of a static table.
            unsafe {
                let definition = PyModule_GetDef(module);
                let free = definition.as_ref()?.m_free?;
                fn_addr_eq(free, module_of_this_binary as freefunc)
                    .then(|| &*definition.cast::<Self>())
            }
        }
    }

    /// Does nothing: as the `m_free` of every module of this binary, it identifies them. Never
    /// inlined: then another crate would have a copy of it, at another address.
    #[inline(never)]
    unsafe extern "C" fn module_of_this_binary(_module: *mut c_void) {
        /// Used here only, so that the linker does not merge this function with another empty one.
        static MARK: u8 = 0;
        std::hint::black_box(&raw const MARK);
    }
}

#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
mod running {
    use std::cell::UnsafeCell;
    use std::ffi::{CStr, c_char, c_int};
    use std::ptr::{from_ref, null_mut};
    use std::sync::Once;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use super::*;
    use crate::capi::memory::is_known_version;
    use crate::capi::type_fields::{head_size, tp_basicsize};

    /// What a `PyModuleDef` is made of, where its layout is known.
    pub(crate) struct StaticDef {
        name: &'static CStr,
        doc: *const c_char,
        size: usize,
        free: Option<freefunc>,
        /// Null before the first use.
        definition: AtomicPtr<PyModuleDef>,
    }

    // SAFETY: all but the atomic pointer is immutable.
    unsafe impl Sync for StaticDef {}

    /// CPython's struct, behind the head of the object.
    #[repr(C)]
    struct Fields {
        m_init: usize,
        m_index: Py_ssize_t,
        m_copy: *mut PyObject,
        m_name: *const c_char,
        m_doc: *const c_char,
        m_size: Py_ssize_t,
        m_methods: *mut PyMethodDef,
        m_slots: *mut PyModuleDef_Slot,
        m_traverse: Option<traverseproc>,
        m_clear: Option<inquiry>,
        m_free: Option<freefunc>,
    }

    const WORDS: usize = size_of::<Fields>() / size_of::<usize>();

    impl StaticDef {
        /// Defines a module with a state of `size` bytes; `free` is called with a module that is
        /// freed. `doc` may be null.
        pub(crate) const fn new(
            name: &'static CStr,
            doc: *const c_char,
            size: usize,
            free: freefunc,
        ) -> Self {
            Self::with_free(name, doc, size, Some(free))
        }

        const fn with_free(
            name: &'static CStr,
            doc: *const c_char,
            size: usize,
            free: Option<freefunc>,
        ) -> Self {
            Self {
                name,
                doc,
                size,
                free,
                definition: AtomicPtr::new(null_mut()),
            }
        }

        /// Returns the definition, without slots; null where its layout is not known.
        ///
        /// # Safety
        /// Attached.
        pub(crate) unsafe fn get(&'static self) -> *mut PyModuleDef {
            // SAFETY: attached (upheld by the caller).
            unsafe { self.get_with(null_mut()) }
        }

        /// Does what [`get`](Self::get) does, with slots.
        ///
        /// # Safety
        /// Attached. The slots must stay.
        unsafe fn get_with(&'static self, slots: *mut PyModuleDef_Slot) -> *mut PyModuleDef {
            let definition = self.definition.load(Ordering::Acquire);
            if !definition.is_null() {
                return definition;
            }
            // SAFETY: attached (upheld by the caller).
            let Some(head) = (unsafe { head_of_static() }) else {
                return null_mut();
            };
            let words = head.len();
            let memory: &'static mut [usize] = vec![0; words + WORDS].leak();
            memory[..words].copy_from_slice(head);
            // The type, which CPython sets.
            memory[words - 1] = 0;
            let new = memory.as_mut_ptr();
            // SAFETY: there are as many words behind the head.
            unsafe {
                new.add(words).cast::<Fields>().write(Fields {
                    m_init: 0,
                    m_index: 0,
                    m_copy: null_mut(),
                    m_name: self.name.as_ptr(),
                    m_doc: self.doc,
                    m_size: self.size as Py_ssize_t,
                    m_methods: null_mut(),
                    m_slots: slots,
                    m_traverse: None,
                    m_clear: None,
                    m_free: self.free,
                });
            }
            let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
            let exchanged =
                self.definition
                    .compare_exchange(null_mut(), new.cast(), success, failure);
            match exchanged {
                Ok(_) => new.cast(),
                Err(first) => {
                    let slice = std::ptr::slice_from_raw_parts_mut(new, words + WORDS);
                    // SAFETY: leaked above, and not used by anything.
                    drop(unsafe { Box::from_raw(slice) });
                    first
                }
            }
        }
    }

    /// Returns the head of an object that is statically allocated, with its type as the last word;
    /// `None` if the layout of a `PyModuleDef` is not known.
    ///
    /// # Safety
    /// Attached.
    unsafe fn head_of_static() -> Option<&'static [usize]> {
        if !is_known_version() {
            return None;
        }
        // SAFETY: attached (upheld by the caller); static objects, whose heads never change: they
        // are immortal.
        unsafe {
            let words = head_size() / size_of::<usize>();
            let none = Py_None();
            let head = std::slice::from_raw_parts(none.cast::<usize>(), words);
            let size = tp_basicsize(&raw mut PyModuleDef_Type) as usize;
            let is_known = size == (words + WORDS) * size_of::<usize>()
                && head.last() == Some(&Py_TYPE(none).addr());
            is_known.then_some(head)
        }
    }

    /// The slots of a module, and a terminator.
    const SLOTS: usize = 9;

    /// The definition of a module of this binary, with multi-phase initialization (PEP 793).
    #[repr(C)]
    pub(crate) struct ModuleTable {
        slots: UnsafeCell<[PySlot; SLOTS]>,
        /// For `PyInit_<name>`, which only built-in modules need.
        definition: StaticDef,
        legacy_slots: UnsafeCell<LegacySlots>,
        /// Completed once the slots are written and the table is in the list.
        ready: Once,
        /// The next one in the list of all tables of this binary.
        next: AtomicPtr<ModuleTable>,
    }

    // SAFETY: the slots are written only under `ready`. CPython only reads them.
    unsafe impl Sync for ModuleTable {}

    /// The tables of this binary that are prepared.
    static TABLES: AtomicPtr<ModuleTable> = AtomicPtr::new(null_mut());

    /// The stable ABI of the oldest Python that this build runs on, with and without a GIL.
    struct AbiInfo(PyABIInfo);

    // SAFETY: CPython only reads it.
    unsafe impl Sync for AbiInfo {}

    static ABI_INFO: AbiInfo = AbiInfo(PyABIInfo {
        abiinfo_major_version: 1,
        abiinfo_minor_version: 0,
        flags: PyABIInfo_DEFAULT_FLAGS,
        build_version: 0,
        abi_version: (3 << 24) | ((crate::capi::version::OLDEST as u32) << 16),
    });

    impl ModuleTable {
        /// As for [`StaticDef::new`].
        pub(crate) const fn new(name: &'static CStr, doc: *const c_char, size: usize) -> Self {
            Self {
                slots: UnsafeCell::new([PySlot_END(); SLOTS]),
                definition: StaticDef::with_free(name, doc, size, None),
                legacy_slots: UnsafeCell::new([NO_SLOT; 4]),
                ready: Once::new(),
                next: AtomicPtr::new(null_mut()),
            }
        }

        /// Completes the table on first use.
        ///
        /// # Safety
        /// Attached.
        pub(crate) unsafe fn prepare(&'static self, values: impl FnOnce() -> SlotValues) {
            self.ready.call_once(|| {
                let values = values();
                // SAFETY: `call_once` runs this alone, before any other access to the cells.
                unsafe {
                    *self.slots.get() = self.choose_slots(&values);
                    *self.legacy_slots.get() = legacy_slots(&values);
                }
                let this = from_ref(self).cast_mut();
                let mut first = TABLES.load(Ordering::Relaxed);
                loop {
                    self.next.store(first, Ordering::Relaxed);
                    let (success, failure) = (Ordering::Release, Ordering::Relaxed);
                    match TABLES.compare_exchange(first, this, success, failure) {
                        Ok(_) => break,
                        Err(other) => first = other,
                    }
                }
            });
        }

        fn choose_slots(&'static self, values: &SlotValues) -> [PySlot; SLOTS] {
            let mut slots = [PySlot_END(); SLOTS];
            let number = |id, value: usize| PySlot_UINT64(id, value as u64);
            let data = |id, value: *const c_void| PySlot_STATIC_DATA(id, value.cast_mut());
            let definition = &self.definition;
            let mut chosen = vec![
                data(Py_mod_abi, (&raw const ABI_INFO.0).cast()),
                data(Py_mod_name, definition.name.as_ptr().cast()),
                PySlot_SIZE(Py_mod_state_size, definition.size as Py_ssize_t),
                data(Py_mod_token, from_ref(self).cast()),
                // SAFETY: a function with the signature that the slot needs.
                unsafe { PySlot_FUNC(Py_mod_exec, values.execute as *mut c_void) },
                number(Py_mod_multiple_interpreters, values.multiple_interpreters),
                number(Py_mod_gil, values.gil),
            ];
            if !definition.doc.is_null() {
                chosen.push(data(Py_mod_doc, definition.doc.cast()));
            }
            slots[..chosen.len()].copy_from_slice(&chosen);
            slots
        }

        /// Returns the name that the module is declared with.
        pub(crate) fn name(&'static self) -> &'static CStr {
            self.definition.name
        }

        /// Returns the result of `PyModExport_<name>`.
        ///
        /// # Safety
        /// Attached; prepared.
        pub(crate) unsafe fn export(&'static self) -> *mut PySlot {
            self.slots.get().cast()
        }

        /// Returns the result of `PyInit_<name>`; null, without an exception, where the layout of
        /// a `PyModuleDef` is not known.
        ///
        /// # Safety
        /// Attached; prepared.
        pub(crate) unsafe fn init(&'static self) -> *mut PyObject {
            // SAFETY: attached (upheld by the caller); the slots are static.
            unsafe {
                let definition = self.definition.get_with(self.legacy_slots.get().cast());
                if definition.is_null() {
                    return null_mut();
                }
                PyModuleDef_Init(definition)
            }
        }

        /// Creates a module. Returns a new reference, or null with an exception set.
        ///
        /// # Safety
        /// Attached; prepared; `spec` must be alive.
        pub(crate) unsafe fn create(&'static self, spec: *mut PyObject) -> *mut PyObject {
            // SAFETY: upheld by the caller; slots that stay.
            unsafe { PyModule_FromSlotsAndSpec(self.slots.get().cast(), spec) }
        }

        /// Executes a module.
        ///
        /// # Safety
        /// Attached; `module` must be a module of this table.
        pub(crate) unsafe fn execute(&'static self, module: *mut PyObject) -> c_int {
            // SAFETY: upheld by the caller.
            unsafe { PyModule_Exec(module) }
        }

        /// Returns the table of a module, if it is of this binary.
        ///
        /// # Safety
        /// Attached; `module` must be a live module.
        pub(crate) unsafe fn of(module: *mut PyObject) -> Option<&'static Self> {
            let mut token = null_mut();
            // SAFETY: attached; a live module (upheld by the caller), so there is no exception.
            if unsafe { PyModule_GetToken(module, &raw mut token) } < 0 || token.is_null() {
                return None;
            }
            // The token may be any address: it is only compared.
            let mut next = TABLES.load(Ordering::Acquire);
            // SAFETY: the list has static tables.
            while let Some(table) = unsafe { next.as_ref() } {
                let definition = table.definition.definition.load(Ordering::Relaxed);
                if from_ref(table).addr() == token.addr() || definition.addr() == token.addr() {
                    return Some(table);
                }
                next = table.next.load(Ordering::Relaxed);
            }
            None
        }
    }
}
