//! `#[derive(FromPyObject, IntoPyObject, IntoPyObjectRef)]`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fmt::Debug;

use pyatoll::conversion::FromPyObjectOwned;
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyString, PyTuple};
use pyatoll::{Borrowed, FromPyObject, IntoPyObject, IntoPyObjectExt, IntoPyObjectRef, intern};

fn eval<'py>(py: Python<'py>, code: &CStr) -> Bound<'py, PyAny> {
    py.eval(code, None, None).unwrap()
}

/// Evaluates an expression and extracts from its value.
fn extract<T: for<'py> FromPyObjectOwned<'py>>(code: &CStr) -> PyResult<T> {
    Python::attach(|py| eval(py, code).extract::<T>().map_err(Into::into))
}

/// Formats an exception and its causes.
fn chain(error: PyErr) -> String {
    Python::attach(|py| {
        let mut text = error.to_string();
        let mut cause = error.cause(py);
        while let Some(error) = cause {
            text = format!("{text} <- {error}");
            cause = error.cause(py);
        }
        text
    })
}

fn refused<T: for<'py> FromPyObjectOwned<'py> + Debug>(code: &CStr) -> String {
    chain(extract::<T>(code).unwrap_err())
}

/// Asserts the `repr` of the Python objects that a value and a reference to it convert to.
macro_rules! shown {
    ($value:expr) => {{
        let value = $value;
        Python::attach(|py| {
            let by_reference = format!("{:?}", (&value).into_bound_py_any(py).unwrap());
            let by_value = format!("{:?}", value.into_bound_py_any(py).unwrap());
            assert_eq!(by_reference, by_value);
            by_value
        })
    }};
}

/// Evaluates to a `types.SimpleNamespace` with the given attributes.
macro_rules! object {
    ($arguments:literal) => {
        cstr(concat!(
            "__import__('types').SimpleNamespace(",
            $arguments,
            ")\0"
        ))
    };
}

const fn cstr(text: &str) -> &CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("not null-terminated"),
    }
}

mod structs {
    use super::*;

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    struct Plain {
        id: u32,
        #[pyo3(item)]
        name: Option<String>,
    }

    #[test]
    fn fields_are_attributes_or_items() {
        let code = c"type('O', (), {'id': 7, '__getitem__': lambda self, key: key * 2})()";
        let value = extract::<Plain>(code).unwrap();
        let name = Some("namename".to_owned());
        assert_eq!(value, Plain { id: 7, name });
        assert_eq!(
            shown!(Plain { id: 1, name: None }),
            "{'id': 1, 'name': None}"
        );
    }

    #[test]
    fn a_missing_attribute_raises_attribute_error() {
        assert_eq!(
            refused::<Plain>(c"1"),
            "AttributeError: 'int' object has no attribute 'id'"
        );
        assert_eq!(
            refused::<Plain>(object!("id='x'")),
            "TypeError: failed to extract field Plain.id <- \
             TypeError: 'str' object cannot be interpreted as an integer"
        );
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    #[pyatoll(from_item_all)]
    struct Named {
        #[pyatoll(item("Key"))]
        first: i32,
        #[pyatoll(item(5))]
        second: i32,
        third: i32,
    }

    #[test]
    fn keys_may_be_named() {
        let value = extract::<Named>(c"{'Key': 1, 5: 2, 'third': 3}").unwrap();
        let (first, second, third) = (1, 2, 3);
        let expected = Named {
            first,
            second,
            third,
        };
        assert_eq!(value, expected);
        assert_eq!(shown!(value), "{'Key': 1, 5: 2, 'third': 3}");
        assert_eq!(refused::<Named>(c"{'Key': 1}"), "KeyError: 5");
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject)]
    struct Attributes {
        #[pyo3(attribute("real"))]
        one: i64,
        #[pyo3(attribute)]
        imag: i64,
    }

    #[test]
    fn attributes_may_be_named() {
        let value = extract::<Attributes>(c"12").unwrap();
        assert_eq!(value, Attributes { one: 12, imag: 0 });
        let shown = Python::attach(|py| value.into_pyobject(py).unwrap().to_string());
        assert_eq!(shown, "{'one': 12, 'imag': 0}");
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    #[pyo3(rename_all = "camelCase")]
    struct Renamed {
        first_word: String,
        #[pyo3(item)]
        second_word: String,
        #[pyo3(item("kept_as_is"))]
        third_word: String,
    }

    #[test]
    fn fields_are_renamed_by_the_rule() {
        let code = c"type('O', (), {'firstWord': 'a', '__getitem__': lambda s, key: key})()";
        let value = extract::<Renamed>(code).unwrap();
        let expected = Renamed {
            first_word: "a".into(),
            second_word: "secondWord".into(),
            third_word: "kept_as_is".into(),
        };
        assert_eq!(value, expected);
        assert_eq!(
            shown!(value),
            "{'firstWord': 'a', 'secondWord': 'secondWord', 'kept_as_is': 'kept_as_is'}"
        );
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    #[pyo3(from_item_all)]
    struct Defaults {
        present: u8,
        #[pyo3(default)]
        absent: Option<u8>,
        #[pyo3(default = 40 + 2)]
        number: u8,
        #[pyo3(item("len"), default, from_py_with = Bound::<'_, PyAny>::len)]
        length: usize,
    }

    #[test]
    fn a_missing_item_uses_its_default_and_a_wrong_one_is_an_error() {
        let value = extract::<Defaults>(c"{'present': 1}").unwrap();
        let expected = Defaults {
            present: 1,
            absent: None,
            number: 42,
            length: 0,
        };
        assert_eq!(value, expected);
        let code = c"{'present': 1, 'absent': 2, 'number': 3, 'len': 'four'}";
        let value = extract::<Defaults>(code).unwrap();
        let expected = Defaults {
            present: 1,
            absent: Some(2),
            number: 3,
            length: 4,
        };
        assert_eq!(value, expected);
        assert_eq!(
            refused::<Defaults>(c"{'present': 1, 'number': None}"),
            "TypeError: failed to extract field Defaults.number <- \
             TypeError: 'NoneType' object cannot be interpreted as an integer"
        );
        assert_eq!(
            refused::<Defaults>(c"{'present': 1, 'len': 5}"),
            "TypeError: failed to extract field Defaults.length <- \
             TypeError: object of type 'int' has no len()"
        );
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    struct Keywords {
        r#type: i32,
        #[pyo3(item)]
        r#match: i32,
    }

    #[test]
    fn raw_identifiers_lose_their_prefix() {
        let code = c"type('O', (), {'type': 1, '__getitem__': lambda s, key: len(key)})()";
        let value = extract::<Keywords>(code).unwrap();
        let (r#type, r#match) = (1, 5);
        assert_eq!(value, Keywords { r#type, r#match });
        assert_eq!(shown!(value), "{'type': 1, 'match': 5}");
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    #[pyo3(transparent)]
    struct Transparent {
        inner: String,
    }

    #[test]
    fn a_transparent_struct_converts_like_its_field() {
        let inner = "text".to_owned();
        assert_eq!(
            extract::<Transparent>(c"'text'").unwrap(),
            Transparent {
                inner: inner.clone()
            }
        );
        assert_eq!(shown!(Transparent { inner }), "'text'");
        assert_eq!(
            refused::<Transparent>(c"1"),
            "TypeError: failed to extract field Transparent.inner <- \
             TypeError: 'int' object is not an instance of 'str'"
        );
    }

    #[derive(Debug, PartialEq, FromPyObject)]
    #[pyo3(transparent)]
    struct Length {
        #[pyo3(from_py_with = Bound::<'_, PyAny>::len)]
        length: usize,
    }

    #[test]
    fn a_transparent_field_may_have_its_own_function() {
        assert_eq!(extract::<Length>(c"[1, 2]").unwrap(), Length { length: 2 });
        assert_eq!(
            refused::<Length>(c"1"),
            "TypeError: failed to extract field Length.length <- \
             TypeError: object of type 'int' has no len()"
        );
    }

    #[test]
    fn attribute_names_and_keys_are_interned() {
        #[derive(FromPyObject)]
        struct Echo<'py> {
            plain_attribute: Bound<'py, PyString>,
            #[pyo3(attribute("named_attribute"))]
            attribute: Bound<'py, PyString>,
            #[pyo3(item)]
            plain_item: Bound<'py, PyString>,
            #[pyo3(item("named_item"))]
            item: Bound<'py, PyString>,
        }
        Python::attach(|py| {
            let code = c"type('E', (), {k: lambda s, key: key \
                for k in ('__getattr__', '__getitem__')})()";
            let echo: Echo<'_> = eval(py, code).extract().unwrap();
            assert!(echo.plain_attribute.is(intern!(py, "plain_attribute")));
            assert!(echo.attribute.is(intern!(py, "named_attribute")));
            assert!(echo.plain_item.is(intern!(py, "plain_item")));
            assert!(echo.item.is(intern!(py, "named_item")));
        });
    }
}

mod tuples {
    use super::*;

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    struct Pair(String, i8);

    #[test]
    fn a_tuple_struct_converts_to_and_from_a_tuple() {
        let pair = extract::<Pair>(c"('a', 1)").unwrap();
        assert_eq!(pair, Pair("a".into(), 1));
        assert_eq!(shown!(pair), "('a', 1)");
        assert_eq!(
            refused::<Pair>(c"(1, 'a')"),
            "TypeError: failed to extract field Pair.0 <- \
             TypeError: 'int' object is not an instance of 'str'"
        );
        assert_eq!(
            refused::<Pair>(c"('a', 1, 2)"),
            "ValueError: expected tuple of length 2, but got tuple of length 3"
        );
        assert_eq!(
            refused::<Pair>(c"['a', 1]"),
            "TypeError: 'list' object is not an instance of 'tuple'"
        );
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    struct Single(u16);

    #[test]
    fn a_tuple_struct_with_one_field_is_transparent() {
        assert_eq!(extract::<Single>(c"3").unwrap(), Single(3));
        assert_eq!(shown!(Single(3)), "3");
        assert_eq!(
            refused::<Single>(c"(3,)"),
            "TypeError: failed to extract field Single.0 <- \
             TypeError: 'tuple' object cannot be interpreted as an integer"
        );
    }

    #[derive(Debug, PartialEq, FromPyObject)]
    struct WithFunction(
        String,
        #[pyo3(from_py_with = |value: &Bound<'_, PyAny>| value.len())] usize,
    );

    #[test]
    fn a_field_may_have_its_own_function() {
        let value = extract::<WithFunction>(c"('a', [1, 2, 3])").unwrap();
        assert_eq!(value, WithFunction("a".into(), 3));
        assert_eq!(
            refused::<WithFunction>(c"('a', 1)"),
            "TypeError: failed to extract field WithFunction.1 <- \
             TypeError: object of type 'int' has no len()"
        );
    }

    #[derive(FromPyObject)]
    struct Borrowing<'a, 'py>(&'a str, Bound<'py, PyAny>);

    #[test]
    fn fields_may_borrow_from_the_tuple() {
        Python::attach(|py| {
            let object = eval(py, c"('text', 1)");
            let Borrowing(text, number) = object.extract().unwrap();
            assert_eq!((text, number.to_string().as_str()), ("text", "1"));
        });
    }
}

mod nested {
    use super::*;

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    #[pyo3(from_item_all)]
    struct Outer<A, B> {
        inner: Inner<A>,
        pair: (A, B),
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    #[pyo3(from_item_all)]
    struct Inner<T> {
        value: T,
    }

    #[test]
    fn generic_structs_nest_and_errors_name_the_path() {
        let code = c"{'inner': {'value': 1}, 'pair': (2, 'b')}";
        let outer = extract::<Outer<i32, String>>(code).unwrap();
        assert_eq!(outer.inner, Inner { value: 1 });
        assert_eq!(outer.pair, (2, "b".into()));
        assert_eq!(shown!(outer), "{'inner': {'value': 1}, 'pair': (2, 'b')}");
        assert_eq!(
            refused::<Outer<String, String>>(code),
            "TypeError: failed to extract field Outer.inner <- \
             TypeError: failed to extract field Inner.value <- \
             TypeError: 'int' object is not an instance of 'str'"
        );
    }

    #[derive(Debug, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    struct Bounded<K: Ord, V>(BTreeMap<K, V>)
    where
        V: Clone;

    #[test]
    fn bounds_of_the_type_are_kept() {
        let Bounded(map) = extract::<Bounded<String, i32>>(c"{'a': 1}").unwrap();
        assert_eq!(map, BTreeMap::from([("a".into(), 1)]));
        assert_eq!(shown!(Bounded(map)), "{'a': 1}");
    }

    #[derive(FromPyObject, IntoPyObject, IntoPyObjectRef, Clone)]
    #[pyo3(from_item_all)]
    struct WithToken<'py> {
        text: Bound<'py, PyString>,
        any: Bound<'py, PyAny>,
    }

    #[test]
    fn a_lifetime_may_be_the_tokens() {
        Python::attach(|py| {
            let value: WithToken<'_> = eval(py, c"{'text': 'a', 'any': None}").extract().unwrap();
            assert!(value.any.is_none());
            assert_eq!(value.text.to_string(), "a");
            let dict: Bound<'_, PyDict> = (&value).into_pyobject(py).unwrap();
            assert_eq!(dict.to_string(), "{'text': 'a', 'any': None}");
            let dict: Bound<'_, PyDict> = value.clone().into_pyobject(py).unwrap();
            assert_eq!(dict.len(), 2);
        });
    }

    #[derive(IntoPyObject, IntoPyObjectRef)]
    #[pyo3(transparent)]
    struct Text<'a> {
        text: &'a str,
    }

    #[test]
    fn a_borrowing_value_converts_to_python() {
        Python::attach(|py| {
            let text: Bound<'_, PyString> = Text { text: "a" }.into_pyobject(py).unwrap();
            assert_eq!(text.to_string(), "a");
        });
    }
}

mod enums {
    use super::*;

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    enum Shape {
        Point(f64, f64),
        Named {
            #[pyo3(item)]
            name: String,
        },
        #[pyo3(transparent)]
        Number(u32),
        #[pyo3(transparent)]
        Text {
            text: Option<String>,
        },
    }

    #[test]
    fn the_first_matching_variant_wins() {
        let cases = [
            (c"(1.0, 2.0)", Shape::Point(1.0, 2.0)),
            (c"{'name': 'n'}", Shape::Named { name: "n".into() }),
            (c"5", Shape::Number(5)),
            (
                c"'t'",
                Shape::Text {
                    text: Some("t".into()),
                },
            ),
            (c"None", Shape::Text { text: None }),
        ];
        for (code, shape) in cases {
            assert_eq!(extract::<Shape>(code).unwrap(), shape);
            assert_eq!(shown!(shape), code.to_str().unwrap());
        }
    }

    #[test]
    fn the_error_lists_why_each_variant_failed() {
        assert_eq!(
            refused::<Shape>(c"(1.0,)"),
            "TypeError: failed to extract enum Shape ('Point | Named | Number | Text')\n\
             - variant Point (Point): ValueError: expected tuple of length 2, but got tuple of \
             length 1\n\
             - variant Named (Named): TypeError: tuple indices must be integers or slices, not \
             str\n\
             - variant Number (Number): TypeError: failed to extract field Shape::Number.0, \
             caused by TypeError: 'tuple' object cannot be interpreted as an integer\n\
             - variant Text (Text): TypeError: failed to extract field Shape::Text.text, caused \
             by TypeError: 'tuple' object is not an instance of 'str'"
        );
    }

    #[derive(Debug, PartialEq, FromPyObject)]
    enum Annotated {
        #[pyo3(annotation = "str")]
        Text(String),
        #[pyo3(annotation = "int", transparent)]
        Number(i32),
    }

    #[test]
    fn annotations_name_the_variants() {
        assert_eq!(extract::<Annotated>(c"1").unwrap(), Annotated::Number(1));
        assert_eq!(
            refused::<Annotated>(c"[]"),
            "TypeError: failed to extract enum Annotated ('str | int')\n\
             - variant Text (str): TypeError: failed to extract field Annotated::Text.0, caused \
             by TypeError: 'list' object is not an instance of 'str'\n\
             - variant Number (int): TypeError: failed to extract field Annotated::Number.0, \
             caused by TypeError: 'list' object cannot be interpreted as an integer"
        );
    }

    #[derive(Debug, FromPyObject)]
    enum CatchAll<'py> {
        Shape(Shape),
        Other(Bound<'py, PyAny>),
    }

    #[test]
    fn a_last_variant_may_take_everything() {
        Python::attach(|py| {
            let shape = eval(py, c"5").extract::<CatchAll<'_>>().unwrap();
            assert!(matches!(shape, CatchAll::Shape(Shape::Number(5))));
            let other = eval(py, c"[]").extract::<CatchAll<'_>>().unwrap();
            assert!(matches!(other, CatchAll::Other(list) if list.to_string() == "[]"));
        });
    }

    #[derive(Debug, PartialEq, FromPyObject)]
    #[pyo3(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Renamed {
        Tuple(i32, i32),
        Fields {
            #[pyo3(item)]
            some_field: i32,
        },
    }

    #[test]
    fn the_rename_rule_applies_to_all_struct_variants() {
        let some_field = 1;
        assert_eq!(
            extract::<Renamed>(c"{'SOME_FIELD': 1}").unwrap(),
            Renamed::Fields { some_field }
        );
        assert_eq!(extract::<Renamed>(c"(1, 2)").unwrap(), Renamed::Tuple(1, 2));
    }

    #[derive(Debug, PartialEq, FromPyObject)]
    enum Mixed {
        #[pyo3(from_item_all)]
        Items {
            a: i32,
            #[pyo3(default = 9)]
            b: i32,
        },
        Attributes {
            real: f64,
        },
    }

    #[test]
    fn variants_have_their_own_options() {
        assert_eq!(
            extract::<Mixed>(c"{'a': 1}").unwrap(),
            Mixed::Items { a: 1, b: 9 }
        );
        assert_eq!(
            extract::<Mixed>(c"2.5").unwrap(),
            Mixed::Attributes { real: 2.5 }
        );
    }
}

mod functions {
    use super::*;

    fn doubled<'py>(value: Cow<'_, i32>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        (*value * 2).into_bound_py_any(py)
    }

    fn type_name<'py, T>(
        _: Cow<'_, std::marker::PhantomData<T>>,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        std::any::type_name::<T>().into_bound_py_any(py)
    }

    #[derive(IntoPyObject, IntoPyObjectRef)]
    struct Fields {
        #[pyo3(into_py_with = doubled, item("twice"))]
        number: i32,
    }

    #[derive(IntoPyObject, IntoPyObjectRef)]
    struct Elements(i32, #[pyo3(into_py_with = doubled)] i32);

    #[derive(IntoPyObject, IntoPyObjectRef)]
    enum Either {
        Marked(
            i32,
            #[pyo3(into_py_with = type_name::<u8>)] std::marker::PhantomData<u8>,
        ),
        Keyed {
            #[pyo3(into_py_with = doubled)]
            value: i32,
        },
    }

    #[test]
    fn a_field_may_have_its_own_function_to_python() {
        assert_eq!(shown!(Fields { number: 4 }), "{'twice': 8}");
        assert_eq!(shown!(Elements(4, 4)), "(4, 8)");
        let marked = Either::Marked(1, std::marker::PhantomData);
        assert_eq!(shown!(marked), "(1, 'u8')");
        assert_eq!(shown!(Either::Keyed { value: 3 }), "{'value': 6}");
    }

    fn failing<'py>(_: Cow<'_, i32>, _: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Err(pyatoll::exceptions::PyValueError::new_err("no"))
    }

    #[derive(IntoPyObject)]
    struct Failing(i32, #[pyo3(into_py_with = failing)] i32);

    #[test]
    fn an_error_of_its_function_is_the_conversions() {
        Python::attach(|py| {
            let error = Failing(1, 2).into_pyobject(py).unwrap_err();
            assert_eq!(error.to_string(), "ValueError: no");
        });
    }
}

mod types {
    use super::*;

    #[derive(IntoPyObject)]
    struct Pair(i32, i32);

    #[derive(IntoPyObject)]
    struct Wide(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);

    #[test]
    fn the_python_type_of_a_struct_is_static() {
        Python::attach(|py| {
            let pair: Bound<'_, PyTuple> = Pair(1, 2).into_pyobject(py).unwrap();
            assert_eq!(pair.to_string(), "(1, 2)");
            let wide = Wide(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
            let wide: Bound<'_, PyTuple> = wide.into_pyobject(py).unwrap();
            assert_eq!(
                wide.to_string(),
                "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)"
            );
        });
    }

    mod elsewhere {
        pub use ::pyatoll as library;
    }

    #[derive(Debug, PartialEq, FromPyObject, IntoPyObject, IntoPyObjectRef)]
    #[pyo3(crate = "elsewhere::library", from_item_all)]
    struct OtherPath {
        py: i32,
        object: i32,
        value: i32,
    }

    #[test]
    fn the_librarys_path_may_be_renamed_and_names_do_not_clash() {
        let value = extract::<OtherPath>(c"{'py': 1, 'object': 2, 'value': 3}").unwrap();
        assert_eq!(shown!(value), "{'py': 1, 'object': 2, 'value': 3}");
    }
}

#[derive(FromPyObject)]
enum Expression {
    Number(i64),
    Negated {
        #[pyo3(item)]
        negated: Box<Expression>,
    },
}

/// As code for PyO3 has to have it: the library has no conversions of a `Box`.
impl<'py> FromPyObject<'_, 'py> for Box<Expression> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Box::new(object.extract()?))
    }
}

#[test]
fn a_recursive_type_has_its_own_conversion_of_a_box() {
    fn value(expression: &Expression) -> i64 {
        match expression {
            Expression::Number(number) => *number,
            Expression::Negated { negated } => -value(negated),
        }
    }
    Python::attach(|py| {
        let code = c"{'negated': {'negated': {'negated': 4}}}";
        let object = py.eval(code, None, None).unwrap();
        assert_eq!(value(&object.extract().unwrap()), -4);
    });
}

mod causes {
    use super::*;

    #[derive(Debug, FromPyObject)]
    enum Number {
        #[pyo3(transparent)]
        Small(#[allow(dead_code)] i32),
    }

    #[test]
    fn causes_that_form_a_cycle_are_listed_once() {
        Python::attach(|py| {
            let code = c"
class Index:
    def __index__(self):
        first, second = KeyError('first'), KeyError('second')
        first.__cause__, second.__cause__ = second, first
        raise first
class Itself:
    def __index__(self):
        error = KeyError('it')
        raise error from error
class Long:
    def __index__(self):
        error = None
        for level in range(1000):
            last, error = error, KeyError(level)
            error.__cause__ = last
        raise error
";
            let names = PyDict::new(py);
            py.run(code, Some(&names), None).unwrap();
            let message = |name| {
                let class = names.get_item(name).unwrap().unwrap();
                let error = class.call0().unwrap().extract::<Number>().unwrap_err();
                error.to_string()
            };
            let start = "TypeError: failed to extract enum Number ('Small')\n\
                         - variant Small (Small): TypeError: failed to extract field \
                         Number::Small.0";
            assert_eq!(
                message("Index"),
                format!(
                    "{start}, caused by KeyError: 'first', caused by KeyError: 'second', \
                     caused by …"
                )
            );
            assert_eq!(
                message("Itself"),
                format!("{start}, caused by KeyError: 'it', caused by …")
            );
            let long = message("Long");
            assert!(
                long.ends_with("caused by KeyError: 968, caused by …"),
                "{long}"
            );
        });
    }
}

// A type that contains itself has no hint.
#[cfg(not(feature = "experimental-inspect"))]
mod nesting {
    use std::collections::{BTreeMap, BTreeSet, HashMap};
    use std::sync::Arc;

    use pyatoll::exceptions::PyRecursionError;

    use super::*;

    #[derive(Debug, PartialEq, FromPyObject)]
    enum Json {
        Int(i64),
        List(Vec<Json>),
        Map(HashMap<String, Json>),
    }

    #[derive(FromPyObject)]
    struct Node {
        #[pyo3(attribute)]
        #[allow(dead_code)]
        children: Vec<Node>,
    }

    /// Each level has two variants that may match.
    #[derive(FromPyObject)]
    enum Twice {
        First(#[allow(dead_code)] Vec<Twice>),
        Second(#[allow(dead_code)] Vec<Twice>),
    }

    #[derive(PartialEq, Eq, PartialOrd, Ord, FromPyObject)]
    struct Set(BTreeSet<Set>);

    #[derive(FromPyObject)]
    struct Map(#[allow(dead_code)] BTreeMap<i32, Map>);

    #[derive(FromPyObject)]
    struct Row(#[allow(dead_code)] [Boxed; 1]);

    struct Boxed(#[allow(dead_code)] Box<Row>);

    #[derive(FromPyObject)]
    struct Link {
        #[pyo3(attribute)]
        #[allow(dead_code)]
        next: Option<Arc<Link>>,
    }

    /// Its items take more of the stack than CPython's margins.
    #[derive(FromPyObject)]
    struct Large(#[allow(dead_code)] Vec<LargeItem>);

    #[derive(FromPyObject)]
    struct LargeItem {
        #[pyo3(item(0))]
        #[allow(dead_code)]
        rest: Vec<LargeItem>,
        #[pyo3(from_py_with = zeros, item(0))]
        #[allow(dead_code)]
        data: [f64; 5000],
    }

    fn zeros(_: &Bound<'_, PyAny>) -> PyResult<[f64; 5000]> {
        Ok([0.0; 5000])
    }

    /// A limit of the user's own.
    #[derive(Debug)]
    struct Limited;

    impl<'py> FromPyObject<'_, 'py> for Limited {
        type Error = PyErr;

        fn extract(_: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
            Err(PyRecursionError::new_err("too deep"))
        }
    }

    #[derive(Debug, FromPyObject)]
    enum Passing {
        #[allow(dead_code)]
        Limited(Limited),
        #[allow(dead_code)]
        Any(Py<PyAny>),
    }

    impl<'py> FromPyObject<'_, 'py> for Boxed {
        type Error = PyErr;

        fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
            Ok(Self(Box::new(object.extract()?)))
        }
    }

    /// Runs `f` on a thread with the stack of those that `cargo test` starts.
    fn on_a_small_stack(f: fn(Python<'_>)) {
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let thread = thread.spawn(move || Python::attach(f)).unwrap();
        thread.join().unwrap();
    }

    const OBJECTS: &std::ffi::CStr = c"
from types import SimpleNamespace
class HashableSet(set):
    __hash__ = object.__hash__
items = []
items.append(items)
entries = {}
entries['a'] = entries
numbered = {}
numbered[0] = numbered
values = HashableSet()
values.add(values)
node = SimpleNamespace(children=[])
node.children.append(node)
node.next = node
mixed = {'a': [(items,)]}
class Endless:
    def __len__(self): return 1
    def __getitem__(self, index):
        if index: raise IndexError
        return Endless()
endless = Endless()
";

    #[test]
    fn an_object_that_contains_itself_is_refused() {
        fn refused<'py, T: FromPyObjectOwned<'py>>(object: &Bound<'py, PyAny>) {
            // The second time as the first: all levels were left.
            for _ in 0..2 {
                let error: PyErr = object.extract::<T>().err().unwrap().into();
                assert_eq!(
                    error.to_string(),
                    "RecursionError: maximum recursion depth exceeded while converting a Python \
                     object"
                );
                let notes = error.value(object.py()).getattr_opt("__notes__").unwrap();
                assert!(notes.is_none(), "{notes:?}");
            }
        }
        on_a_small_stack(|py| {
            let names = PyDict::new(py);
            py.run(OBJECTS, Some(&names), None).unwrap();
            let object = |name| names.get_item(name).unwrap().unwrap();
            refused::<Json>(&object("items"));
            refused::<Json>(&object("entries"));
            refused::<Json>(&object("mixed"));
            refused::<Json>(&object("endless"));
            refused::<Node>(&object("node"));
            refused::<Twice>(&object("items"));
            refused::<Set>(&object("values"));
            refused::<Map>(&object("numbered"));
            refused::<Row>(&object("items"));
            refused::<Link>(&object("node"));
            refused::<Large>(&object("items"));
        });
    }

    #[test]
    fn an_enum_passes_on_a_recursion_error_of_the_users_own() {
        Python::attach(|py| {
            let error = py.None().extract::<Passing>(py).unwrap_err();
            assert_eq!(error.to_string(), "RecursionError: too deep");
        });
    }

    #[test]
    fn data_may_be_nested_150_levels_deep() {
        on_a_small_stack(|py| {
            let names = PyDict::new(py);
            let code = c"
value = 7
for _ in range(75): value = {'a': [value]}";
            py.run(code, Some(&names), None).unwrap();
            let value = names.get_item("value").unwrap().unwrap();
            for _ in 0..2 {
                let mut json: Json = value.extract().unwrap();
                for _ in 0..75 {
                    let Json::Map(mut map) = json else { panic!() };
                    let Some(Json::List(mut list)) = map.remove("a") else {
                        panic!()
                    };
                    json = list.pop().unwrap();
                }
                assert_eq!(json, Json::Int(7));
            }
        });
    }
}
