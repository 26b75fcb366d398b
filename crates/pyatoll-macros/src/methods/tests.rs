//! The errors of blocks that cannot be expanded.

use proc_macro2::TokenStream;
use quote::quote;

use super::pymethods;

/// Returns the expansion of a block with these items, which contains its errors.
fn expansion(items: TokenStream) -> String {
    block_expansion(quote!(impl Class { #items }))
}

fn block_expansion(block: TokenStream) -> String {
    match pymethods(TokenStream::new(), block) {
        Ok(expansion) => expansion.to_string(),
        Err(error) => error.to_compile_error().to_string(),
    }
}

#[test]
fn trait_impls_generic_impls_and_macros_are_rejected() {
    assert!(block_expansion(quote!(impl Trait for Class {})).contains("trait impl blocks"));
    assert!(
        block_expansion(quote!(
            impl<T> Class<T> {}
        ))
        .contains("lifetime parameters or generics")
    );
    assert!(expansion(quote!(some_macro!();)).contains("macros cannot be used as items"));
}

#[test]
fn functions_that_cannot_be_methods_are_rejected() {
    for (item, message) in [
        (
            quote!(
                fn f() {}
            ),
            "static method needs #[staticmethod] attribute",
        ),
        (
            quote!(
                fn f(self) {}
            ),
            "unexpected receiver",
        ),
        (
            quote!(
                #[staticmethod]
                fn f(&self) {}
            ),
            "unexpected receiver",
        ),
        (
            quote!(
                #[new]
                fn f(&self) {}
            ),
            "unexpected receiver",
        ),
        (
            quote!(
                #[classmethod]
                fn f() {}
            ),
            "Expected `&Bound<PyType>` or `Py<PyType>` as the first argument to `#[classmethod]`",
        ),
        (
            quote!(
                #[getter]
                #[setter]
                fn f(&self) {}
            ),
            "`#[getter]` may not be combined with `#[setter]`",
        ),
        (
            quote!(
                #[staticmethod(x)]
                fn f() {}
            ),
            "`#[staticmethod]` does not take any arguments",
        ),
        (
            quote!(
                #[new]
                #[pyo3(name = "other")]
                fn f() -> Self {
                    Self
                }
            ),
            "`name` not allowed with `#[new]`",
        ),
        (
            quote!(
                #[pyo3(pass_module)]
                fn f(&self) {}
            ),
            "`pass_module` cannot be used on Python methods",
        ),
        (
            quote!(
                #[pyfunction]
                fn f(&self) {}
            ),
            "functions inside #[pymethods] do not need to be annotated with #[pyfunction]",
        ),
        (
            quote!(
                fn f<T>(&self, x: T) {}
            ),
            "Python functions cannot have generic type parameters",
        ),
    ] {
        let expansion = expansion(item);
        assert!(expansion.contains(message), "{expansion}");
    }
}

#[test]
fn functions_that_cannot_be_attributes_are_rejected() {
    for (item, message) in [
        (
            quote!(
                #[getter]
                fn f(&self, x: i32) {}
            ),
            "getter function can only have one argument (of type pyo3::Python)",
        ),
        (
            quote!(
                #[setter]
                fn f(&mut self) {}
            ),
            "setter function expected to have one argument",
        ),
        (
            quote!(
                #[setter]
                fn f(&mut self, x: i32, y: i32) {}
            ),
            "setter function can have at most two arguments ([pyo3::Python,] and value)",
        ),
        (
            quote!(
                #[deleter]
                fn f(&mut self, x: i32) {}
            ),
            "deleter function can have at most one argument ([pyo3::Python,])",
        ),
        (
            quote!(
                #[getter]
                fn f() {}
            ),
            "expected receiver for `#[getter]`",
        ),
        (
            quote!(
                #[getter = "x"]
                fn f(&self) {}
            ),
            "expected `#[getter(name)]` to set the name",
        ),
        (
            quote!(
                #[getter(1)]
                fn f(&self) {}
            ),
            "expected ident or string literal for property name",
        ),
        (
            quote!(
                #[getter(a)]
                #[pyo3(name = "b")]
                fn f(&self) {}
            ),
            "`name` may only be specified once",
        ),
        (
            quote!(
                #[getter]
                #[pyo3(signature = ())]
                fn f(&self) {}
            ),
            "`signature` not allowed with `getter`",
        ),
        (
            quote!(
                #[classattr]
                fn f(x: i32) -> i32 {
                    x
                }
            ),
            "#[classattr] can only have one argument (of type pyo3::Python)",
        ),
        (
            quote!(
                #[classattr]
                #[pyo3(warn(message = "x"))]
                fn f() -> i32 {
                    1
                }
            ),
            "#[classattr] cannot be used with #[pyo3(warn)]",
        ),
        (
            quote!(
                #[staticmethod]
                const X: i32 = 1;
            ),
            "a constant can only be a `#[classattr]`",
        ),
    ] {
        let expansion = expansion(item);
        assert!(expansion.contains(message), "{expansion}");
    }
}

#[test]
fn functions_that_do_not_fit_their_slot_are_rejected() {
    for (item, message) in [
        (
            quote!(
                fn __add__(&self) -> i32 {
                    1
                }
            ),
            "Expected 1 arguments, got 0",
        ),
        (
            quote!(
                fn __neg__(&self, x: i32) -> i32 {
                    x
                }
            ),
            "Expected at most 0 non-python arguments",
        ),
        (
            quote!(
                #[pyo3(signature = (x))]
                fn __add__(&self, x: i32) -> i32 {
                    x
                }
            ),
            "`signature` cannot be used with magic method `__add__`",
        ),
        (
            quote!(
                fn __getbuffer__(&self, view: *mut Py_buffer, flags: c_int) {}
            ),
            "`__getbuffer__` must be `unsafe fn`",
        ),
        (
            quote!(
                fn __traverse__(slf: PyRef<Self>, visit: PyVisit) {}
            ),
            "__traverse__ may not take a receiver other than `&self`",
        ),
        (
            quote!(
                fn __traverse__(&self, py: Python<'_>, visit: PyVisit) {}
            ),
            "__traverse__ may not take a `Python` token",
        ),
        (
            quote!(
                fn __clear__(&mut self, x: i32) {}
            ),
            "`__clear__` function expected to have no arguments",
        ),
        (
            quote!(
                fn __contains__(&self, #[pyo3(from_py_with = f)] x: i32, y: i32) {}
            ),
            "Expected at most 1 non-python arguments",
        ),
        (
            quote!(
                fn __repeat__(&self, #[pyo3(from_py_with = f)] count: usize) {}
            ),
            "`from_py_with` cannot be used here",
        ),
    ] {
        let expansion = expansion(item);
        assert!(expansion.contains(message), "{expansion}");
    }
}

#[test]
fn async_functions_need_a_feature_and_a_caller_that_awaits_them() {
    let method = expansion(quote!(
        async fn f(&self) {}
    ));
    if !cfg!(feature = "experimental-async") {
        let message = "an `async fn` needs the feature `experimental-async`";
        assert!(method.contains(message), "{method}");
        return;
    }
    assert!(method.contains("new_coroutine"), "{method}");
    let next = expansion(quote!(
        async fn __anext__(&self) -> Option<i32> {}
    ));
    assert!(
        next.contains("new_coroutine") && next.contains("AsyncNext"),
        "{next}"
    );
    for (item, place) in [
        (
            quote!(
                #[getter]
                async fn f(&self) {}
            ),
            "`#[getter]`",
        ),
        (
            quote!(
                #[new]
                async fn f() -> Self {}
            ),
            "`#[new]`",
        ),
        (
            quote!(
                async fn __init__(&self) {}
            ),
            "magic method `__init__`",
        ),
        (
            quote!(
                async fn __next__(&self) -> i32 {}
            ),
            "magic method `__next__`",
        ),
    ] {
        let message = format!("`async fn` cannot be used with {place}");
        let expansion = expansion(item);
        assert!(expansion.contains(&message), "{expansion}");
    }
}
