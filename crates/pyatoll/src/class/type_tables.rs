//! [`TypeTables`]: the tables of one class, in the form CPython reads, built once per binary from
//! the [`ClassItems`] of its macros. Plain data: nothing of any interpreter is in it.

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::{null, null_mut};

use pyo3_ffi as ffi;

use super::items::{ClassAttributeValue, ClassItems, Deleter, MethodItem, VectorCall};
use super::spec::ClassSpec;
use super::{PyClass, lifecycle, sequence};

/// The tables of one class.
pub struct TypeTables {
    /// The docstring, with the constructor's signature in front.
    doc: Option<CString>,
    pub(super) basicsize: usize,
    pub(super) flags: std::ffi::c_uint,
    /// Without the terminator, the base and the doc.
    pub(super) slots: Vec<(c_int, *mut c_void)>,
    methods: Box<[ffi::PyMethodDef]>,
    attributes: Box<[ffi::PyGetSetDef]>,
    /// What closures of `attributes` point to.
    #[expect(clippy::vec_box, reason = "the attributes keep their addresses")]
    accessors: Vec<Box<Accessor>>,
    members: Box<[ffi::PyMemberDef]>,
    pub(super) class_attributes: Vec<(&'static CStr, ClassAttributeValue)>,
    pub(super) traverse: ffi::traverseproc,
    pub(super) clear: ffi::inquiry,
    pub(super) has_dict: bool,
    pub(super) has_weak_list: bool,
    pub(super) variant: Option<&'static str>,
    /// The constructor, as CPython calls the type itself.
    pub(super) constructor: Option<VectorCall>,
    /// Whether instances are known to the garbage collector.
    pub(super) collected: bool,
}

// SAFETY: never written to after it is built; all pointers in it are to functions, to statics, and
// to what it owns.
unsafe impl Send for TypeTables {}
// SAFETY: as above.
unsafe impl Sync for TypeTables {}

/// The definition of `T`, built at first use.
pub(super) fn of<T: PyClass>() -> &'static TypeTables {
    T::statics().tables()
}

/// A spec, with what has to be asked of the class and its base.
struct Plan {
    spec: &'static ClassSpec,
    blocks: Vec<&'static ClassItems>,
    /// Offsets, where the class has room for them.
    dict: Option<usize>,
    weak_list: Option<usize>,
    base_has: (bool, bool),
    /// Whether the base's instances are known to the garbage collector.
    base_collected: bool,
}

impl std::ops::Deref for Plan {
    type Target = ClassSpec;

    fn deref(&self) -> &ClassSpec {
        self.spec
    }
}

impl Plan {
    fn of(spec: &'static ClassSpec) -> Self {
        let mut blocks = (spec.methods)().into_vec();
        blocks.push(spec.items);
        let base_has = (spec.base.has_dict_and_weak_list)();
        let room = |offset: u32, base_has: bool| {
            Some(offset as usize).filter(|offset| *offset > 0 && !base_has)
        };
        Self {
            spec,
            blocks,
            dict: room(spec.dict, base_has.0),
            weak_list: room(spec.weak_list, base_has.1),
            base_has,
            base_collected: (spec.base.is_collected)(),
        }
    }
}

impl TypeTables {
    /// The tables of the class that is made from this.
    pub(super) fn of(spec: &'static ClassSpec) -> Self {
        let plan = &Plan::of(spec);
        let mut this = Self {
            doc: None,
            basicsize: plan.basicsize as usize,
            flags: 0,
            slots: Vec::new(),
            methods: Box::default(),
            attributes: Box::default(),
            accessors: Vec::new(),
            members: Box::default(),
            class_attributes: Vec::new(),
            traverse: match plan.collector {
                Some(own) => own.traverse,
                None => plan.base.traverse,
            },
            clear: match plan.collector {
                Some(own) => own.clear,
                None => plan.base.clear,
            },
            has_dict: plan.dict.is_some() || plan.base_has.0,
            has_weak_list: plan.weak_list.is_some() || plan.base_has.1,
            variant: plan.options.variant,
            constructor: None,
            collected: true,
        };
        this.take_items(plan);
        this.take_slots(plan);
        this
    }

    /// Where in an instance the handles lie that Python reads by itself.
    #[inline]
    pub(super) fn handles(&self) -> impl Iterator<Item = usize> {
        self.members
            .iter()
            .filter(|member| member.type_code == ffi::Py_T_OBJECT_EX)
            .map(|member| member.offset as usize)
    }

    /// Methods, attributes, members and the doc.
    fn take_items(&mut self, plan: &Plan) {
        let mut methods = Vec::new();
        let mut members = Vec::new();
        let mut properties: Vec<(&'static CStr, Property)> = Vec::new();
        let mut signature = None;
        for item in plan.blocks.iter().flat_map(|block| block.methods) {
            match item {
                MethodItem::Method(method) => methods.push(copy_method(method)),
                MethodItem::Member(member) => members.push(*member),
                MethodItem::ClassAttribute { name, value } => {
                    self.class_attributes.push((name, *value));
                }
                MethodItem::Constructor {
                    function,
                    signature: text,
                    ..
                } => {
                    self.constructor = Some(*function);
                    signature = *text;
                }
                MethodItem::Getter {
                    name,
                    doc,
                    function,
                } => property(&mut properties, name, *doc).getter = Some(*function),
                MethodItem::Setter {
                    name,
                    doc,
                    function,
                } => property(&mut properties, name, *doc).setter = Some(*function),
                MethodItem::Deleter {
                    name,
                    doc,
                    function,
                } => property(&mut properties, name, *doc).deleter = Some(*function),
            }
        }
        self.doc = doc_of(plan.name, signature, plan.doc);

        let mut attributes = Vec::new();
        for (name, property) in properties {
            attributes.push(self.attribute(name, &property));
        }
        if plan.dict.is_some() {
            attributes.push(ffi::PyGetSetDef {
                name: c"__dict__".as_ptr(),
                get: Some(ffi::PyObject_GenericGetDict),
                set: Some(ffi::PyObject_GenericSetDict),
                doc: null(),
                closure: null_mut(),
            });
        }
        if plan.options.generic {
            methods.push(sequence::CLASS_GETITEM);
        }
        for (name, offset) in [
            (c"__dictoffset__", plan.dict),
            (c"__weaklistoffset__", plan.weak_list),
        ] {
            if let Some(offset) = offset {
                members.push(ffi::PyMemberDef {
                    name: name.as_ptr(),
                    type_code: ffi::Py_T_PYSSIZET,
                    offset: offset as ffi::Py_ssize_t,
                    flags: ffi::Py_READONLY,
                    doc: null(),
                });
            }
        }

        // Each table ends with a zeroed entry; an empty one is left out altogether.
        if !methods.is_empty() {
            methods.push(ffi::PyMethodDef::zeroed());
        }
        if !attributes.is_empty() {
            attributes.push(ffi::PyGetSetDef {
                name: null(),
                get: None,
                set: None,
                doc: null(),
                closure: null_mut(),
            });
        }
        if !members.is_empty() {
            members.push(ffi::PyMemberDef {
                name: null(),
                type_code: 0,
                offset: 0,
                flags: 0,
                doc: null(),
            });
        }
        self.methods = methods.into();
        self.attributes = attributes.into();
        self.members = members.into();
    }

    /// One attribute of `tp_getset`.
    fn attribute(&mut self, name: &'static CStr, property: &Property) -> ffi::PyGetSetDef {
        let (set, closure): (Option<ffi::setter>, *mut c_void) =
            match (property.setter, property.deleter) {
                (setter, None) => (setter, null_mut()),
                (setter, Some(deleter)) => {
                    let accessor = Box::new(Accessor {
                        getter: property.getter,
                        setter,
                        deleter,
                    });
                    let closure = (&raw const *accessor).cast_mut().cast();
                    self.accessors.push(accessor);
                    (Some(set_or_delete), closure)
                }
            };
        let get = if closure.is_null() {
            property.getter
        } else {
            // With a closure of its own, so that a getter always sees a null one.
            property.getter.map(|_| get_of_accessor as ffi::getter)
        };
        ffi::PyGetSetDef {
            name: name.as_ptr(),
            get,
            set,
            doc: property.doc.map_or(null(), CStr::as_ptr),
            closure,
        }
    }

    /// Slots and flags.
    fn take_slots(&mut self, plan: &Plan) {
        let mut found: Vec<(c_int, *mut c_void)> = Vec::new();
        for item in plan.blocks.iter().flat_map(|block| block.methods) {
            if let MethodItem::Constructor { new, .. } = item {
                found.push((ffi::Py_tp_new, *new as *mut c_void));
            }
        }
        for item in plan.blocks.iter().flat_map(|block| block.slots) {
            let ffi::PyType_Slot { slot, pfunc } = item.0;
            // Blocks of methods come first, so theirs win.
            if !found.iter().any(|(known, _)| *known == slot) {
                found.push((slot, pfunc));
            }
        }
        let has = |slot| found.iter().any(|(known, _)| *known == slot);
        let has_constructor = has(ffi::Py_tp_new);
        // An instance refers to its type, which may refer to the instance: to an enum's variants,
        // and to all that Python code makes an attribute of it. The former would outlive their
        // interpreter without the collector; the latter are looked for when it ends.
        self.collected = plan.base_collected
            || plan.dict.is_some()
            || plan.options.variant.is_some()
            || !self.class_attributes.is_empty()
            || [ffi::Py_tp_traverse, ffi::Py_tp_clear, ffi::Py_tp_finalize]
                .into_iter()
                .any(has);
        let (has_getitem, has_setitem) = (has(ffi::Py_mp_subscript), has(ffi::Py_mp_ass_subscript));
        for (slot, function) in found {
            match slot {
                ffi::Py_tp_traverse => {
                    // SAFETY: the items' contract: each slot holds its own kind of function.
                    let function =
                        unsafe { std::mem::transmute::<*mut c_void, ffi::traverseproc>(function) };
                    self.traverse = function;
                }
                ffi::Py_tp_clear => {
                    // SAFETY: as above.
                    let function =
                        unsafe { std::mem::transmute::<*mut c_void, ffi::inquiry>(function) };
                    self.clear = function;
                }
                ffi::Py_mp_length if plan.options.sequence => {
                    self.slots.push((ffi::Py_sq_length, function));
                }
                slot => self.slots.push((slot, function)),
            }
        }
        let (traverse, clear) = (self.traverse, self.clear);
        let mut push = |slot, function: *const ()| {
            self.slots.push((slot, function.cast_mut().cast()));
        };
        push(ffi::Py_tp_dealloc, plan.deallocate as *const ());
        if !has_constructor {
            push(ffi::Py_tp_new, lifecycle::no_constructor as *const ());
        }
        // Also where instances are not collected: those of a Python subclass are, and whoever walks
        // objects by hand finds the type.
        push(ffi::Py_tp_traverse, traverse as *const ());
        push(ffi::Py_tp_clear, clear as *const ());
        if let Some(freelist) = plan.freelist {
            push(ffi::Py_tp_alloc, freelist.allocate as *const ());
            push(ffi::Py_tp_free, freelist.free as *const ());
        }
        if !plan.options.mapping {
            if has_getitem {
                push(ffi::Py_sq_item, sequence::item as *const ());
            }
            if has_setitem {
                push(ffi::Py_sq_ass_item, sequence::assign_item as *const ());
            }
        }
        for (slot, table, is_empty) in [
            (
                ffi::Py_tp_methods,
                self.methods.as_ptr().cast::<()>(),
                self.methods.is_empty(),
            ),
            (
                ffi::Py_tp_getset,
                self.attributes.as_ptr().cast(),
                self.attributes.is_empty(),
            ),
            (
                ffi::Py_tp_members,
                self.members.as_ptr().cast(),
                self.members.is_empty(),
            ),
        ] {
            if !is_empty {
                push(slot, table);
            }
        }
        if let Some(doc) = &self.doc {
            push(ffi::Py_tp_doc, doc.as_ptr().cast());
        }

        let flags = [
            (true, ffi::Py_TPFLAGS_DEFAULT),
            (self.collected, ffi::Py_TPFLAGS_HAVE_GC),
            (plan.options.subclass, ffi::Py_TPFLAGS_BASETYPE),
            (plan.options.immutable_type, ffi::Py_TPFLAGS_IMMUTABLETYPE),
            (plan.options.mapping, ffi::Py_TPFLAGS_MAPPING),
            (plan.options.sequence, ffi::Py_TPFLAGS_SEQUENCE),
        ];
        for (is_set, flag) in flags {
            if is_set {
                self.flags |= flag as std::ffi::c_uint;
            }
        }
    }
}

/// What is known of one attribute while the blocks are read.
#[derive(Default)]
struct Property {
    doc: Option<&'static CStr>,
    getter: Option<ffi::getter>,
    setter: Option<ffi::setter>,
    deleter: Option<Deleter>,
}

fn property<'a>(
    properties: &'a mut Vec<(&'static CStr, Property)>,
    name: &'static CStr,
    doc: Option<&'static CStr>,
) -> &'a mut Property {
    let place = match properties.iter().position(|(known, _)| *known == name) {
        Some(place) => place,
        None => {
            properties.push((name, Property::default()));
            properties.len() - 1
        }
    };
    let property = &mut properties[place].1;
    property.doc = property.doc.or(doc);
    property
}

/// The functions of an attribute that has a deleter: CPython has one function for setting and
/// deleting.
struct Accessor {
    getter: Option<ffi::getter>,
    setter: Option<ffi::setter>,
    deleter: Deleter,
}

unsafe extern "C" fn get_of_accessor(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: the closure is the `Accessor` the attribute was made with; it has a getter.
    unsafe {
        match (*closure.cast::<Accessor>()).getter {
            Some(getter) => getter(object, null_mut()),
            None => null_mut(),
        }
    }
}

unsafe extern "C" fn set_or_delete(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    closure: *mut c_void,
) -> c_int {
    // SAFETY: the closure is the `Accessor` the attribute was made with.
    unsafe {
        let accessor = &*closure.cast::<Accessor>();
        if value.is_null() {
            return (accessor.deleter)(object, null_mut());
        }
        if let Some(setter) = accessor.setter {
            return setter(object, value, null_mut());
        }
        ffi::PyErr_SetString(
            ffi::PyExc_AttributeError,
            c"property has no setter".as_ptr(),
        );
        -1
    }
}

fn copy_method(method: &ffi::PyMethodDef) -> ffi::PyMethodDef {
    *method
}

/// The docstring in the form from which CPython takes `__text_signature__` off.
fn doc_of(name: &str, signature: Option<&str>, doc: Option<&CStr>) -> Option<CString> {
    let text = doc.map_or(&b""[..], CStr::to_bytes);
    let mut bytes = Vec::new();
    if let Some(signature) = signature {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(signature.as_bytes());
        bytes.extend_from_slice(b"\n--\n\n");
    }
    bytes.extend_from_slice(text);
    if bytes.is_empty() {
        return None;
    }
    // Both parts come from the macros, which refuse NUL bytes.
    CString::new(bytes).ok()
}
