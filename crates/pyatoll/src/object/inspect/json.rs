//! [`Json`]: a JSON value as a constant, and its text.
//!
//! The compiler evaluates everything here; nothing runs in the program.

use super::expression::{PyStaticConstant, PyStaticExpr, PyStaticOperator};

/// A JSON value.
pub enum Json {
    /// `true` or `false`
    Bool(bool),
    /// A string.
    Text(&'static str),
    /// A string in parts.
    Texts(&'static [&'static str]),
    /// A Python expression, as the object that describes it.
    Expression(PyStaticExpr),
    /// A list.
    List(&'static [Json]),
    /// An object.
    Object(&'static [(&'static str, Json)]),
}

/// A buffer for a text of `N` bytes. Further bytes are counted, but not stored: a `Text<0>`
/// measures the length.
pub(super) struct Text<const N: usize> {
    pub(super) bytes: [u8; N],
    pub(super) length: usize,
}

impl<const N: usize> Text<N> {
    /// Creates the text of a value.
    pub(super) const fn of(value: &Json) -> Self {
        let mut text = Self {
            bytes: [0; N],
            length: 0,
        };
        text.value(value);
        text
    }

    const fn byte(&mut self, byte: u8) {
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
    }

    /// Adds a text as it is.
    const fn raw(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            self.byte(bytes[index]);
            index += 1;
        }
    }

    /// Adds a string, escaped as it is between the quotes.
    const fn escaped(&mut self, text: &str) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let bytes = text.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            match bytes[index] {
                byte @ (b'"' | b'\\') => {
                    self.byte(b'\\');
                    self.byte(byte);
                }
                b'\n' => self.raw("\\n"),
                byte @ 0..0x20 => {
                    self.raw("\\u00");
                    self.byte(DIGITS[byte as usize / 16]);
                    self.byte(DIGITS[byte as usize % 16]);
                }
                byte => self.byte(byte),
            }
            index += 1;
        }
    }

    const fn string(&mut self, text: &str) {
        self.byte(b'"');
        self.escaped(text);
        self.byte(b'"');
    }

    const fn value(&mut self, value: &Json) {
        match value {
            Json::Bool(value) => self.raw(if *value { "true" } else { "false" }),
            Json::Text(text) => self.string(text),
            Json::Texts(parts) => {
                self.byte(b'"');
                let mut index = 0;
                while index < parts.len() {
                    self.escaped(parts[index]);
                    index += 1;
                }
                self.byte(b'"');
            }
            Json::Expression(expression) => self.expression(expression),
            Json::List(items) => {
                self.byte(b'[');
                let mut index = 0;
                while index < items.len() {
                    self.comma(index);
                    self.value(&items[index]);
                    index += 1;
                }
                self.byte(b']');
            }
            Json::Object(members) => {
                self.byte(b'{');
                let mut index = 0;
                while index < members.len() {
                    self.comma(index);
                    self.string(members[index].0);
                    self.byte(b':');
                    self.value(&members[index].1);
                    index += 1;
                }
                self.byte(b'}');
            }
        }
    }

    const fn comma(&mut self, index: usize) {
        if index > 0 {
            self.byte(b',');
        }
    }

    /// Adds the object that describes an expression. Its member `type` comes first.
    const fn expression(&mut self, expression: &PyStaticExpr) {
        match expression {
            PyStaticExpr::Constant { value } => self.constant(value),
            PyStaticExpr::Name { id } => {
                self.start("name");
                self.member("id", id);
            }
            PyStaticExpr::Attribute { value, attr } => {
                self.start("attribute");
                self.operand("value", value);
                self.member("attr", attr);
            }
            PyStaticExpr::BinOp { left, op, right } => {
                self.start("binop");
                self.operand("left", left);
                match op {
                    PyStaticOperator::BitOr => self.member("op", "bitor"),
                }
                self.operand("right", right);
            }
            PyStaticExpr::Tuple { elts } => {
                self.start("tuple");
                self.operands(elts);
            }
            PyStaticExpr::List { elts } => {
                self.start("list");
                self.operands(elts);
            }
            PyStaticExpr::Subscript { value, slice } => {
                self.start("subscript");
                self.operand("value", value);
                self.operand("slice", slice);
            }
            PyStaticExpr::PyClass(class) => {
                self.start("id");
                self.member("id", class.id());
            }
        }
        self.byte(b'}');
    }

    /// Adds the members of a constant.
    const fn constant(&mut self, constant: &PyStaticConstant) {
        self.start("constant");
        match constant {
            PyStaticConstant::None => self.member("kind", "none"),
            PyStaticConstant::Ellipsis => self.member("kind", "ellipsis"),
            PyStaticConstant::Bool(value) => {
                self.member("kind", "bool");
                self.raw(",\"value\":");
                self.value(&Json::Bool(*value));
            }
            PyStaticConstant::Int(digits) => {
                self.member("kind", "int");
                self.member("value", digits);
            }
            PyStaticConstant::Float(digits) => {
                self.member("kind", "float");
                self.member("value", digits);
            }
            PyStaticConstant::Str(text) => {
                self.member("kind", "str");
                self.member("value", text);
            }
        }
    }

    /// Starts an object with the member `type`.
    const fn start(&mut self, kind: &str) {
        self.raw("{\"type\":");
        self.string(kind);
    }

    /// Adds a further member to an object.
    const fn member(&mut self, name: &str, value: &str) {
        self.byte(b',');
        self.string(name);
        self.byte(b':');
        self.string(value);
    }

    const fn operand(&mut self, name: &str, value: &PyStaticExpr) {
        self.byte(b',');
        self.string(name);
        self.byte(b':');
        self.expression(value);
    }

    const fn operands(&mut self, items: &[PyStaticExpr]) {
        self.raw(",\"elts\":[");
        let mut index = 0;
        while index < items.len() {
            self.comma(index);
            self.expression(&items[index]);
            index += 1;
        }
        self.byte(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::inspect::{
        PyClassNameStaticExpr, type_hint_identifier, type_hint_subscript, type_hint_union,
    };

    fn text(value: &Json) -> serde_json::Value {
        let text = Text::<4096>::of(value);
        assert_eq!(text.length, Text::<0>::of(value).length);
        serde_json::from_slice(&text.bytes[..text.length]).unwrap()
    }

    #[test]
    fn every_value_is_json() {
        const VALUE: Json = Json::Object(&[
            ("yes", Json::Bool(true)),
            ("text", Json::Text("é\"\\/\u{8}\u{c}\n\r\t\0\u{1f}")),
            ("texts", Json::Texts(&["a", "\n", "b"])),
            ("none", Json::List(&[])),
            ("list", Json::List(&[Json::Bool(false), Json::Object(&[])])),
        ]);
        assert_eq!(
            text(&VALUE),
            serde_json::json!({
                "yes": true,
                "text": "é\"\\/\u{8}\u{c}\n\r\t\0\u{1f}",
                "texts": "a\nb",
                "none": [],
                "list": [false, {}],
            })
        );
    }

    #[test]
    fn expressions_are_objects() {
        const INT: PyStaticExpr = type_hint_identifier!("builtins", "int");
        const CLASS: PyStaticExpr =
            PyStaticExpr::PyClass(PyClassNameStaticExpr::new(&INT, "the id"));
        let int = serde_json::json!({"type": "name", "id": "int"});
        for (expression, expected) in [
            (INT, int.clone()),
            (
                type_hint_identifier!("datetime", "date"),
                serde_json::json!({
                    "type": "attribute",
                    "value": {"type": "name", "id": "datetime"},
                    "attr": "date",
                }),
            ),
            (
                type_hint_union!(INT, CLASS),
                serde_json::json!({
                    "type": "binop",
                    "left": int,
                    "op": "bitor",
                    "right": {"type": "id", "id": "the id"},
                }),
            ),
            (
                type_hint_subscript!(INT, INT, INT),
                serde_json::json!({
                    "type": "subscript",
                    "value": int,
                    "slice": {"type": "tuple", "elts": [int, int]},
                }),
            ),
            (
                PyStaticExpr::List { elts: &[INT] },
                serde_json::json!({"type": "list", "elts": [int]}),
            ),
        ] {
            assert_eq!(text(&Json::Expression(expression)), expected);
        }
    }

    #[test]
    fn constants_have_a_kind() {
        for (value, expected) in [
            (PyStaticConstant::None, serde_json::json!({"kind": "none"})),
            (
                PyStaticConstant::Ellipsis,
                serde_json::json!({"kind": "ellipsis"}),
            ),
            (
                PyStaticConstant::Bool(false),
                serde_json::json!({"kind": "bool", "value": false}),
            ),
            (
                PyStaticConstant::Int("-1"),
                serde_json::json!({"kind": "int", "value": "-1"}),
            ),
            (
                PyStaticConstant::Float("2.5"),
                serde_json::json!({"kind": "float", "value": "2.5"}),
            ),
            (
                PyStaticConstant::Str("\""),
                serde_json::json!({"kind": "str", "value": "\""}),
            ),
        ] {
            let mut actual = text(&Json::Expression(PyStaticExpr::Constant { value }));
            let kind = actual.as_object_mut().unwrap().remove("type");
            assert_eq!((kind.unwrap(), actual), ("constant".into(), expected));
        }
    }
}
