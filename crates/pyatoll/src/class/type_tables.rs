//! [`TypeTables`]: the tables of a class in CPython's format, built once per binary from a
//! [`ClassSpec`]. They hold no per-interpreter data.

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use super::default_slots;
use super::getset::{Accessor, Properties};
use super::items::{ClassAttributeValue, ClassItems, MethodItem, VectorCall};
use super::spec::ClassSpec;
use crate::capi as ffi;

/// The tables of one class.
pub struct TypeTables {
    pub(super) basicsize: usize,
    /// The size of what is before the Rust parts of an instance: zero if they contain the base.
    pub(super) before: usize,
    pub(super) flags: std::ffi::c_uint,
    /// The slots, except for the base. Without a terminator.
    pub(super) slots: Vec<(c_int, *mut c_void)>,
    /// The docstring, preceded by the constructor's signature.
    doc: Option<CString>,
    methods: Vec<ffi::PyMethodDef>,
    attributes: Vec<ffi::PyGetSetDef>,
    /// The closures of `attributes`.
    #[expect(clippy::vec_box, reason = "the attributes point to the accessors")]
    _accessors: Vec<Box<Accessor>>,
    members: Vec<ffi::PyMemberDef>,
    pub(super) class_attributes: Vec<(&'static CStr, ClassAttributeValue)>,
    pub(super) traverse: ffi::traverseproc,
    pub(super) clear: ffi::inquiry,
    /// Whether instances have a `__dict__`, of this class or a base.
    pub(super) has_dict: bool,
    /// Whether instances can be weakly referenced.
    pub(super) has_weak_list: bool,
    pub(super) variant: Option<&'static str>,
    /// The `tp_vectorcall` of the type.
    pub(super) constructor: Option<VectorCall>,
    /// Whether instances are tracked by the garbage collector.
    pub(super) collected: bool,
    /// The module that a shareable class is in, as far as an instance has told.
    pub(super) module: OnceLock<String>,
}

// SAFETY: immutable once built; all pointers in it point to functions, statics, and data that it
// owns.
unsafe impl Send for TypeTables {}
// SAFETY: immutable once built; all pointers in it point to functions, statics, and data that it
// owns.
unsafe impl Sync for TypeTables {}

/// How many slots [`TypeTables::add_slots`] and [`TypeTables::add_tables`] add at most to those of
/// the blocks.
const MORE_SLOTS: usize = 14;

impl TypeTables {
    /// Builds the tables of a class.
    pub(super) fn of(spec: &'static ClassSpec) -> Self {
        let blocks = (spec.methods)().followed_by(spec.items);
        let (base_has_dict, base_has_weak_list) = (spec.base.has_dict_and_weak_list)();
        let before = (spec.base.size_before)();
        let own_offset = |offset: u32, base_has_it: bool| {
            (offset > 0 && !base_has_it).then(|| offset as usize + before)
        };
        let dict = own_offset(spec.dict, base_has_dict);
        let weak_list = own_offset(spec.weak_list, base_has_weak_list);
        let (traverse, clear) = match spec.collector {
            Some(own) => (own.traverse, own.clear),
            None => (spec.base.traverse, spec.base.clear),
        };

        let mut items = Items::of(&blocks);
        let slots = slots_of(&blocks);
        let has = |slot| slots.iter().any(|(known, _)| *known == slot);
        // An instance refers to its type. The type may refer to instances: an enum's to its
        // variants, and any type through attributes set by Python code. Without the collector, the
        // former would outlive their interpreter; the latter are cleared when it ends (see
        // `type_object`), for which a Python class has too many of its own.
        let collected = (spec.base.is_collected)()
            || spec.python_class.is_some()
            || dict.is_some()
            || spec.options.variant.is_some()
            || !items.class_attributes.is_empty()
            || [ffi::Py_tp_traverse, ffi::Py_tp_clear, ffi::Py_tp_finalize]
                .into_iter()
                .any(has);

        if let Some(share) = spec.share {
            // A method of the class itself is first in the table, and wins.
            items.methods.extend(share.methods);
        }
        let (mut attributes, accessors) = items.properties.into_entries();
        if dict.is_some() {
            attributes.push(dict_attribute());
        }
        if let Some(share) = spec.share {
            // First, so that it is found at once.
            attributes.insert(0, share.table.attribute());
        }
        if spec.options.generic {
            items.methods.push(default_slots::CLASS_GETITEM);
        }
        for member in &mut items.members {
            member.offset += before as ffi::Py_ssize_t;
        }
        items.members.extend(offset_members(dict, weak_list));
        let mut this = Self {
            basicsize: spec.basicsize as usize + before,
            before,
            flags: flags(spec, collected),
            slots: Vec::with_capacity(slots.len() + MORE_SLOTS),
            doc: doc_of(spec.name, items.signature, spec.doc),
            methods: terminated(items.methods, ffi::PyMethodDef::zeroed()),
            attributes: terminated(attributes, END_OF_ATTRIBUTES),
            _accessors: accessors,
            members: terminated(items.members, END_OF_MEMBERS),
            class_attributes: items.class_attributes,
            traverse,
            clear,
            has_dict: dict.is_some() || base_has_dict,
            has_weak_list: weak_list.is_some() || base_has_weak_list,
            variant: spec.options.variant,
            constructor: items.constructor,
            collected,
            module: OnceLock::new(),
        };
        this.add_slots(spec, slots);
        this.add_tables();
        this
    }

    /// Returns the offsets in an instance of the handles that CPython reads directly.
    #[inline]
    pub(super) fn handles(&self) -> impl Iterator<Item = usize> {
        self.members
            .iter()
            .filter(|member| member.type_code == ffi::Py_T_OBJECT_EX)
            .map(|member| member.offset as usize)
    }

    /// Adds the slots of the blocks, and those that every class has or that follow from others.
    fn add_slots(&mut self, spec: &ClassSpec, slots: Vec<(c_int, *mut c_void)>) {
        let has = |slot| slots.iter().any(|(known, _)| *known == slot);
        let has_constructor = has(ffi::Py_tp_new);
        let has_identity = !has(ffi::Py_tp_richcompare) && !has(ffi::Py_tp_hash);
        let (has_getitem, has_setitem) = (has(ffi::Py_mp_subscript), has(ffi::Py_mp_ass_subscript));
        for (slot, function) in slots {
            match slot {
                ffi::Py_tp_traverse => {
                    // SAFETY: a `tp_traverse` item is a `traverseproc` (contract of `items`).
                    self.traverse =
                        unsafe { std::mem::transmute::<*mut c_void, ffi::traverseproc>(function) };
                }
                ffi::Py_tp_clear => {
                    // SAFETY: a `tp_clear` item is an `inquiry` (contract of `items`).
                    self.clear =
                        unsafe { std::mem::transmute::<*mut c_void, ffi::inquiry>(function) };
                }
                ffi::Py_mp_length if spec.options.sequence => {
                    self.slots.push((ffi::Py_sq_length, function));
                }
                slot => self.slots.push((slot, function)),
            }
        }
        self.push(ffi::Py_tp_dealloc, spec.deallocate as *const ());
        if let Some(share) = spec.share
            && has_identity
        {
            self.push(ffi::Py_tp_richcompare, share.compare as *const ());
            self.push(ffi::Py_tp_hash, share.hash as *const ());
        }
        if !has_constructor {
            let no_constructor = default_slots::no_constructor as *const ();
            self.push(ffi::Py_tp_new, no_constructor);
        }
        // Even if instances are not tracked: those of a Python subclass are, and code that walks
        // the heap by hand reaches the type.
        self.push(ffi::Py_tp_traverse, self.traverse as *const ());
        self.push(ffi::Py_tp_clear, self.clear as *const ());
        if let Some(freelist) = spec.freelist {
            self.push(ffi::Py_tp_alloc, freelist.allocate as *const ());
            self.push(ffi::Py_tp_free, freelist.free as *const ());
        } else {
            // An inherited one may allocate only instances of the built-in base, as `datetime`'s
            // does.
            self.push(ffi::Py_tp_alloc, ffi::PyType_GenericAlloc as *const ());
        }
        if !spec.options.mapping {
            if has_getitem {
                self.push(ffi::Py_sq_item, default_slots::item as *const ());
            }
            if has_setitem {
                self.push(ffi::Py_sq_ass_item, default_slots::assign_item as *const ());
            }
        }
    }

    /// Adds the slots for the tables and the docstring.
    fn add_tables(&mut self) {
        if !self.methods.is_empty() {
            self.push(ffi::Py_tp_methods, self.methods.as_ptr().cast());
        }
        if !self.attributes.is_empty() {
            self.push(ffi::Py_tp_getset, self.attributes.as_ptr().cast());
        }
        if !self.members.is_empty() {
            self.push(ffi::Py_tp_members, self.members.as_ptr().cast());
        }
        if let Some(doc) = &self.doc {
            let doc = doc.as_ptr().cast();
            self.push(ffi::Py_tp_doc, doc);
        }
    }

    fn push(&mut self, slot: c_int, value: *const ()) {
        self.slots.push((slot, value.cast_mut().cast()));
    }
}

/// The items of all blocks, by kind. The last block has those of `#[pyclass]`.
#[derive(Default)]
struct Items {
    methods: Vec<ffi::PyMethodDef>,
    members: Vec<ffi::PyMemberDef>,
    properties: Properties,
    class_attributes: Vec<(&'static CStr, ClassAttributeValue)>,
    constructor: Option<VectorCall>,
    signature: Option<&'static str>,
}

impl Items {
    fn of(blocks: &[&ClassItems]) -> Self {
        let mut this = Self {
            // Plus the terminator.
            methods: Vec::with_capacity(number_of(blocks, number_of_methods) + 1),
            ..Self::default()
        };
        for item in blocks.iter().flat_map(|block| block.methods) {
            match item {
                MethodItem::Method(method) => this.methods.push(copy_method(method)),
                MethodItem::Constructor {
                    function,
                    signature,
                    ..
                } => {
                    this.constructor = Some(*function);
                    this.signature = *signature;
                }
                _ => {}
            }
        }
        // Of attributes the last one of a name wins, so the items of `#[pyclass]` come first. Of
        // methods and slots the first one wins.
        let (blocks, class) = blocks.split_at(blocks.len().saturating_sub(1));
        for item in class.iter().chain(blocks).flat_map(|block| block.methods) {
            this.add_attribute(item);
        }
        this.remove_hidden_members();
        this
    }

    /// Adds a property, member or class attribute. The docstring of a property is the first one.
    fn add_attribute(&mut self, item: &MethodItem) {
        match item {
            MethodItem::Member(member) => self.members.push(*member),
            MethodItem::ClassAttribute { name, value } => {
                self.class_attributes.push((name, *value));
            }
            MethodItem::Getter {
                name,
                doc,
                function,
            } => self.properties.entry(name, *doc).getter = Some(*function),
            MethodItem::Setter {
                name,
                doc,
                function,
            } => self.properties.entry(name, *doc).setter = Some(*function),
            MethodItem::Deleter {
                name,
                doc,
                function,
            } => self.properties.entry(name, *doc).deleter = Some(*function),
            MethodItem::Method(_) | MethodItem::Constructor { .. } => {}
        }
    }

    /// Removes the members with the name of a getter: to CPython, a member takes precedence.
    fn remove_hidden_members(&mut self) {
        let properties = &self.properties;
        self.members.retain(|member| {
            // SAFETY: the name of an item is a C string that lives forever.
            !properties.has_getter(unsafe { CStr::from_ptr(member.name) })
        });
    }
}

/// Returns the sum of `items` over all blocks.
fn number_of(blocks: &[&ClassItems], items: impl Fn(&ClassItems) -> usize) -> usize {
    blocks.iter().map(|block| items(block)).sum()
}

fn number_of_methods(block: &ClassItems) -> usize {
    let is_method = |item: &&MethodItem| matches!(item, MethodItem::Method(_));
    block.methods.iter().filter(is_method).count()
}

fn copy_method(method: &ffi::PyMethodDef) -> ffi::PyMethodDef {
    *method
}

/// Returns the slots of the blocks. The first of several functions for a slot wins: blocks of
/// methods come before the items of `#[pyclass]`.
fn slots_of(blocks: &[&ClassItems]) -> Vec<(c_int, *mut c_void)> {
    // Plus one for the constructor.
    let mut slots: Vec<(c_int, *mut c_void)> =
        Vec::with_capacity(number_of(blocks, |block| block.slots.len()) + 1);
    for item in blocks.iter().flat_map(|block| block.methods) {
        if let MethodItem::Constructor { new, .. } = item {
            slots.push((ffi::Py_tp_new, *new as *mut c_void));
        }
    }
    for item in blocks.iter().flat_map(|block| block.slots) {
        let ffi::PyType_Slot { slot, pfunc } = item.0;
        if !slots.iter().any(|(known, _)| *known == slot) {
            slots.push((slot, pfunc));
        }
    }
    slots
}

/// Returns the flags of the type.
fn flags(spec: &ClassSpec, collected: bool) -> std::ffi::c_uint {
    let flags = [
        (true, ffi::Py_TPFLAGS_DEFAULT),
        (collected, ffi::Py_TPFLAGS_HAVE_GC),
        (
            spec.options.subclass || spec.python_class.is_some(),
            ffi::Py_TPFLAGS_BASETYPE,
        ),
        (spec.options.immutable_type, ffi::Py_TPFLAGS_IMMUTABLETYPE),
        (spec.options.mapping, ffi::Py_TPFLAGS_MAPPING),
        (spec.options.sequence, ffi::Py_TPFLAGS_SEQUENCE),
    ];
    flags
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .fold(0, |flags, (_, flag)| flags | flag as std::ffi::c_uint)
}

/// Returns the `__dict__` attribute of a class with its own dict.
fn dict_attribute() -> ffi::PyGetSetDef {
    ffi::PyGetSetDef {
        name: c"__dict__".as_ptr(),
        get: Some(ffi::PyObject_GenericGetDict),
        set: Some(ffi::PyObject_GenericSetDict),
        doc: null(),
        closure: null_mut(),
    }
}

/// Returns the members that tell CPython the offsets of the dict and the list of weak references.
fn offset_members(
    dict: Option<usize>,
    weak_list: Option<usize>,
) -> impl Iterator<Item = ffi::PyMemberDef> {
    let members = [
        (c"__dictoffset__", dict),
        (c"__weaklistoffset__", weak_list),
    ];
    members.into_iter().filter_map(|(name, offset)| {
        Some(ffi::PyMemberDef {
            name: name.as_ptr(),
            type_code: ffi::Py_T_PYSSIZET,
            offset: offset? as ffi::Py_ssize_t,
            flags: ffi::Py_READONLY,
            doc: null(),
        })
    })
}

const END_OF_ATTRIBUTES: ffi::PyGetSetDef = ffi::PyGetSetDef {
    name: null(),
    get: None,
    set: None,
    doc: null(),
    closure: null_mut(),
};

const END_OF_MEMBERS: ffi::PyMemberDef = ffi::PyMemberDef {
    name: null(),
    type_code: 0,
    offset: 0,
    flags: 0,
    doc: null(),
};

/// Terminates a table with `end`; an empty one stays empty, and is left out of the type.
fn terminated<T>(mut entries: Vec<T>, end: T) -> Vec<T> {
    if !entries.is_empty() {
        entries.push(end);
    }
    entries
}

/// Returns the docstring in the format from which CPython extracts `__text_signature__`.
fn doc_of(name: &str, signature: Option<&str>, doc: Option<&CStr>) -> Option<CString> {
    let text = doc.map_or(&b""[..], CStr::to_bytes);
    let bytes = match signature {
        Some(signature) => [
            name.as_bytes(),
            signature.as_bytes(),
            b"\n--\n\n",
            text,
            b"\0",
        ]
        .concat(),
        None if text.is_empty() => return None,
        None => [text, b"\0"].concat(),
    };
    // The macros reject NUL bytes in both parts.
    CString::from_vec_with_nul(bytes).ok()
}
