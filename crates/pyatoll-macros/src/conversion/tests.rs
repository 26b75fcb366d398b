//! The errors of types whose conversion cannot be derived.

use proc_macro2::TokenStream;
use quote::quote;

use super::{from_py_object, into_py_object, into_py_object_ref};

fn messages(result: syn::Result<TokenStream>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    }
}

/// Returns the only error of a derive macro.
macro_rules! error {
    ($macro:ident: $($item:tt)*) => {{
        let messages = messages($macro(quote!($($item)*)));
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0].clone()
    }};
}

#[test]
fn types_without_fields_or_variants_are_rejected() {
    assert_eq!(
        error!(from_py_object: struct A;),
        "cannot derive FromPyObject for empty structs and variants"
    );
    assert_eq!(
        error!(into_py_object: struct A {}),
        "cannot derive IntoPyObject for empty structs and variants"
    );
    assert_eq!(
        error!(from_py_object: enum A {}),
        "cannot derive FromPyObject for empty enum"
    );
    assert_eq!(
        error!(into_py_object_ref: enum A { B(i32), C }),
        "cannot derive IntoPyObject for empty structs and variants"
    );
    assert_eq!(
        error!(from_py_object: union A { a: i32 }),
        "#[derive(FromPyObject)] is not supported for unions"
    );
}

#[test]
fn the_errors_of_all_variants_are_reported_at_once() {
    let messages = messages(from_py_object(quote!(
        enum A {
            B,
            C(i32),
            D {},
        }
    )));
    assert_eq!(messages.len(), 2);
}

#[test]
fn transparent_containers_have_exactly_one_field() {
    let many = "transparent structs and variants can only have 1 field";
    assert_eq!(
        error!(from_py_object: #[pyo3(transparent)] struct A(i32, i32);),
        many
    );
    assert_eq!(
        error!(into_py_object: #[pyo3(transparent)] struct A { a: i32, b: i32 }),
        many
    );
    assert_eq!(
        error!(from_py_object: #[pyo3(transparent)] enum A { B(i32) }),
        "`transparent` is not supported at top level for enums"
    );
    assert_eq!(
        error!(from_py_object: #[pyo3(transparent)] struct A { #[pyo3(item)] a: i32 }),
        "`transparent` structs may not have `item` nor `attribute` for the inner field"
    );
    assert_eq!(
        error!(into_py_object: #[pyo3(transparent)] struct A {
            #[pyo3(into_py_with = f)] a: i32
        }),
        "`into_py_with` is not permitted on `transparent` structs or variants"
    );
    assert_eq!(
        error!(into_py_object: #[pyo3(transparent, rename_all = "camelCase")] struct A {
            a: i32
        }),
        "`rename_all` is not permitted on `transparent` structs and variants"
    );
}

#[test]
fn elements_of_a_tuple_have_no_names() {
    assert_eq!(
        error!(from_py_object: struct A(#[pyo3(item)] i32);),
        "`item` and `attribute` are not permitted on tuple struct elements."
    );
    assert_eq!(
        error!(from_py_object: struct A(#[pyo3(default)] i32);),
        "`default` is not permitted on tuple struct elements."
    );
    assert_eq!(
        error!(from_py_object: #[pyo3(rename_all = "camelCase")] struct A(i32);),
        "`rename_all` is useless on tuple structs and variants."
    );
}

#[test]
fn contradictory_options_are_rejected() {
    assert_eq!(
        error!(from_py_object: #[pyo3(from_item_all)] struct A { #[pyo3(item)] a: i32 }),
        "Useless `item` - the struct is already annotated with `from_item_all`"
    );
    assert_eq!(
        error!(from_py_object: #[pyo3(from_item_all)] struct A { #[pyo3(attribute)] a: i32 }),
        "The struct is already annotated with `from_item_all`, `attribute` is not allowed"
    );
    assert_eq!(
        error!(from_py_object: struct A { #[pyo3(attribute, item)] a: i32 }),
        "only one of `attribute` or `item` can be provided"
    );
    assert_eq!(
        error!(from_py_object: struct A { #[pyo3(default)] a: i32 }),
        "cannot derive FromPyObject for structs and variants with only default values"
    );
    assert_eq!(
        error!(from_py_object: #[pyo3(annotation = "a")] struct A { a: i32 }),
        "`annotation` is unsupported for structs"
    );
    assert_eq!(
        error!(from_py_object: #[pyo3(rename_all = "camelCase")] enum A {
            #[pyo3(rename_all = "camelCase")]
            B { a: i32 }
        }),
        "Useless variant `rename_all` - enum is already annotated with `rename_all`"
    );
}

#[test]
fn repeated_and_malformed_options_are_rejected() {
    assert_eq!(
        error!(from_py_object: #[pyo3(transparent, transparent)] struct A(i32);),
        "`transparent` may only be specified once"
    );
    assert_eq!(
        error!(from_py_object: struct A { #[pyo3(attribute(""))] a: i32 }),
        "attribute name cannot be empty"
    );
    assert_eq!(
        error!(from_py_object: struct A { #[pyo3(item("a", "b"))] a: i32 }),
        "expected at most one argument: `item` or `item(key)`"
    );
    assert_eq!(
        error!(from_py_object: struct A { #[pyo3(from_py_with = "f")] a: i32 }),
        "expected the path of a function, without quotes"
    );
    assert!(
        error!(from_py_object: struct A { #[pyo3(unknown)] a: i32 })
            .starts_with("expected one of: `attribute`, ")
    );
    assert!(
        error!(from_py_object: #[pyo3(unknown)] struct A { a: i32 })
            .starts_with("expected one of: `transparent`, ")
    );
}

#[test]
fn one_of_two_lifetimes_must_be_the_tokens() {
    assert!(
        messages(from_py_object(quote!(
            struct A<'a, 'py>(&'a B<'py>);
        )))
        .is_empty()
    );
    assert!(
        messages(from_py_object(quote!(
            struct A<'py, 'a>(&'a B<'py>);
        )))
        .is_empty()
    );
    assert!(
        error!(from_py_object: struct A<'a, 'b>(&'a B<'b>);)
            .starts_with("FromPyObject can be derived with at most one lifetime parameter")
    );
}
