//! The special methods of Python's data model that fill a slot of the type, as one table.
//!
//! Special methods that are not listed (`__enter__`, `__format__`, `__reduce__`, …) are ordinary
//! methods in CPython, too.

/// An argument that CPython passes to a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotArgument {
    /// An object.
    Object,
    /// An object, or null for `None`.
    ObjectOrNull,
    /// An index or a count.
    Size,
    /// The operator of `__richcmp__`.
    Operator,
    /// The buffer to fill or release, passed unconverted.
    Buffer,
    /// The flags of the buffer request, passed unconverted.
    Flags,
}

/// The result of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotResult {
    /// A new reference.
    Object,
    /// The receiver if the method returns `()`, otherwise a new reference.
    Receiver,
    /// A new reference, or the end of an iteration.
    Next,
    /// A new reference, or the end of an asynchronous iteration.
    AsyncNext,
    /// A length.
    Size,
    /// A hash.
    Hash,
    /// True or false.
    Truth,
    /// Success.
    Status,
    /// `()`.
    Unit,
}

/// The arguments and the result of the function behind a slot or an accessor.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    /// The arguments after the receiver.
    pub(super) arguments: &'a [SlotArgument],
    /// The number of trailing arguments that the method may omit.
    pub(super) optional: usize,
    pub(super) result: SlotResult,
    /// Whether an argument of the wrong type yields `NotImplemented` rather than an error.
    pub(super) is_operator: bool,
}

impl<'a> Shape<'a> {
    /// Returns the shape of a function that takes all arguments, and is not an operator.
    pub(super) const fn new(arguments: &'a [SlotArgument], result: SlotResult) -> Self {
        Self {
            arguments,
            optional: 0,
            result,
            is_operator: false,
        }
    }

    /// Returns the shape of an operator's function.
    pub(super) const fn operator(arguments: &'a [SlotArgument], result: SlotResult) -> Self {
        Self {
            is_operator: true,
            ..Self::new(arguments, result)
        }
    }

    /// Makes the last argument optional.
    pub(super) const fn last_optional(self) -> Self {
        Self {
            optional: 1,
            ..self
        }
    }
}

/// A slot with one method.
pub(super) struct Single {
    /// The slot's name in CPython, after `Py_`.
    pub(super) slot: &'static str,
    pub(super) shape: Shape<'static>,
    /// Whether the method must be `unsafe`.
    pub(super) is_unsafe: bool,
}

/// A slot shared by two methods, one that sets and one that deletes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pair {
    Attribute,
    Item,
    Descriptor,
}

/// The part of a special method in its slot.
pub(super) enum Dunder {
    /// It fills the slot alone.
    Single(Single),
    /// An operator's method, or its reflected form. `slot` is the slot's name after `Py_`.
    Operator { slot: &'static str, reflected: bool },
    /// `__lt__` … `__ge__`, by the number of the operator (`Py_LT` …).
    Comparison(usize),
    /// One that sets or deletes.
    Pair { pair: Pair, deletes: bool },
    /// `__getattribute__`, or `__getattr__` as the fallback.
    Attribute { fallback: bool },
    /// `__call__`.
    Call,
    /// `__new__`.
    New,
    /// `__init__`.
    Init,
    /// `__traverse__`.
    Traverse,
    /// `__clear__`.
    Clear,
    /// `__del__`.
    Del,
    /// `__releasebuffer__`.
    ReleaseBuffer,
}

use SlotArgument::{Buffer, Flags, Object, ObjectOrNull, Operator, Size};

const fn single(
    slot: &'static str,
    arguments: &'static [SlotArgument],
    result: SlotResult,
) -> Dunder {
    Dunder::Single(Single {
        slot,
        shape: Shape::new(arguments, result),
        is_unsafe: false,
    })
}

const fn unary(slot: &'static str) -> Dunder {
    single(slot, &[], SlotResult::Object)
}

const fn in_place(slot: &'static str) -> Dunder {
    Dunder::Single(Single {
        slot,
        shape: Shape::operator(&[Object], SlotResult::Receiver),
        is_unsafe: false,
    })
}

const fn operator(slot: &'static str) -> Dunder {
    Dunder::Operator {
        slot,
        reflected: false,
    }
}

const fn reflected(slot: &'static str) -> Dunder {
    Dunder::Operator {
        slot,
        reflected: true,
    }
}

/// Returns how a method of this name takes part in a slot, if it does.
pub(super) fn dunder(name: &str) -> Option<Dunder> {
    Some(match name {
        "__new__" => Dunder::New,
        "__init__" => Dunder::Init,
        "__call__" => Dunder::Call,
        "__del__" => Dunder::Del,
        "__traverse__" => Dunder::Traverse,
        "__clear__" => Dunder::Clear,

        "__str__" => unary("tp_str"),
        "__repr__" => unary("tp_repr"),
        "__hash__" => single("tp_hash", &[], SlotResult::Hash),
        "__bool__" => single("nb_bool", &[], SlotResult::Truth),

        "__richcmp__" => Dunder::Single(Single {
            slot: "tp_richcompare",
            shape: Shape::operator(&[Object, Operator], SlotResult::Object),
            is_unsafe: false,
        }),
        "__lt__" => Dunder::Comparison(0),
        "__le__" => Dunder::Comparison(1),
        "__eq__" => Dunder::Comparison(2),
        "__ne__" => Dunder::Comparison(3),
        "__gt__" => Dunder::Comparison(4),
        "__ge__" => Dunder::Comparison(5),

        "__getattribute__" => Dunder::Attribute { fallback: false },
        "__getattr__" => Dunder::Attribute { fallback: true },
        "__setattr__" => pair(Pair::Attribute, false),
        "__delattr__" => pair(Pair::Attribute, true),

        "__get__" => Dunder::Single(Single {
            slot: "tp_descr_get",
            shape: Shape::new(&[ObjectOrNull, ObjectOrNull], SlotResult::Object).last_optional(),
            is_unsafe: false,
        }),
        "__set__" => pair(Pair::Descriptor, false),
        "__delete__" => pair(Pair::Descriptor, true),

        "__iter__" => unary("tp_iter"),
        "__next__" => single("tp_iternext", &[], SlotResult::Next),
        "__await__" => unary("am_await"),
        "__aiter__" => unary("am_aiter"),
        "__anext__" => single("am_anext", &[], SlotResult::AsyncNext),

        "__len__" => single("mp_length", &[], SlotResult::Size),
        "__getitem__" => single("mp_subscript", &[Object], SlotResult::Object),
        "__setitem__" => pair(Pair::Item, false),
        "__delitem__" => pair(Pair::Item, true),
        "__contains__" => single("sq_contains", &[Object], SlotResult::Truth),
        "__concat__" => single("sq_concat", &[Object], SlotResult::Object),
        "__repeat__" => single("sq_repeat", &[Size], SlotResult::Object),
        "__inplace_concat__" => single("sq_inplace_concat", &[Object], SlotResult::Receiver),
        "__inplace_repeat__" => single("sq_inplace_repeat", &[Size], SlotResult::Receiver),

        "__pos__" => unary("nb_positive"),
        "__neg__" => unary("nb_negative"),
        "__abs__" => unary("nb_absolute"),
        "__invert__" => unary("nb_invert"),
        "__index__" => unary("nb_index"),
        "__int__" => unary("nb_int"),
        "__float__" => unary("nb_float"),

        "__add__" => operator("nb_add"),
        "__radd__" => reflected("nb_add"),
        "__iadd__" => in_place("nb_inplace_add"),
        "__sub__" => operator("nb_subtract"),
        "__rsub__" => reflected("nb_subtract"),
        "__isub__" => in_place("nb_inplace_subtract"),
        "__mul__" => operator("nb_multiply"),
        "__rmul__" => reflected("nb_multiply"),
        "__imul__" => in_place("nb_inplace_multiply"),
        "__matmul__" => operator("nb_matrix_multiply"),
        "__rmatmul__" => reflected("nb_matrix_multiply"),
        "__imatmul__" => in_place("nb_inplace_matrix_multiply"),
        "__truediv__" => operator("nb_true_divide"),
        "__rtruediv__" => reflected("nb_true_divide"),
        "__itruediv__" => in_place("nb_inplace_true_divide"),
        "__floordiv__" => operator("nb_floor_divide"),
        "__rfloordiv__" => reflected("nb_floor_divide"),
        "__ifloordiv__" => in_place("nb_inplace_floor_divide"),
        "__mod__" => operator("nb_remainder"),
        "__rmod__" => reflected("nb_remainder"),
        "__imod__" => in_place("nb_inplace_remainder"),
        "__divmod__" => operator("nb_divmod"),
        "__rdivmod__" => reflected("nb_divmod"),
        "__pow__" => operator("nb_power"),
        "__rpow__" => reflected("nb_power"),
        "__ipow__" => Dunder::Single(Single {
            slot: "nb_inplace_power",
            shape: Shape::operator(&[Object, ObjectOrNull], SlotResult::Receiver).last_optional(),
            is_unsafe: false,
        }),
        "__lshift__" => operator("nb_lshift"),
        "__rlshift__" => reflected("nb_lshift"),
        "__ilshift__" => in_place("nb_inplace_lshift"),
        "__rshift__" => operator("nb_rshift"),
        "__rrshift__" => reflected("nb_rshift"),
        "__irshift__" => in_place("nb_inplace_rshift"),
        "__and__" => operator("nb_and"),
        "__rand__" => reflected("nb_and"),
        "__iand__" => in_place("nb_inplace_and"),
        "__xor__" => operator("nb_xor"),
        "__rxor__" => reflected("nb_xor"),
        "__ixor__" => in_place("nb_inplace_xor"),
        "__or__" => operator("nb_or"),
        "__ror__" => reflected("nb_or"),
        "__ior__" => in_place("nb_inplace_or"),

        "__getbuffer__" => Dunder::Single(Single {
            slot: "bf_getbuffer",
            shape: Shape::new(&[Buffer, Flags], SlotResult::Status),
            is_unsafe: true,
        }),
        "__releasebuffer__" => Dunder::ReleaseBuffer,
        _ => return None,
    })
}

const fn pair(pair: Pair, deletes: bool) -> Dunder {
    Dunder::Pair { pair, deletes }
}
