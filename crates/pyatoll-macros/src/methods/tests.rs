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
    assert!(block_expansion(quote!(impl Trait for Class {})).contains("on an `impl` of a trait"));
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
            "a function without `self` needs `#[staticmethod]`, `#[classmethod]` or, if it creates an instance, `#[new]`",
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
            "`#[staticmethod]` takes no `self`: there is no instance",
        ),
        (
            quote!(
                #[new]
                fn f(&self) {}
            ),
            "`#[new]` takes no `self`: there is no instance yet",
        ),
        (
            quote!(
                #[classmethod]
                fn f() {}
            ),
            "a `#[classmethod]` takes the class as its first argument: `cls: &Bound<'_, PyType>`",
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
            "a getter takes no argument besides `self`",
        ),
        (
            quote!(
                #[setter]
                fn f(&mut self) {}
            ),
            "a setter takes 1 argument besides `self`: the new value",
        ),
        (
            quote!(
                #[setter]
                fn f(&mut self, x: i32, y: i32) {}
            ),
            "a setter takes 1 argument besides `self` and `py: Python<'_>`: the new value",
        ),
        (
            quote!(
                #[deleter]
                fn f(&mut self, x: i32) {}
            ),
            "a deleter takes no argument besides `self`",
        ),
        (
            quote!(
                #[getter]
                fn f() {}
            ),
            "a `#[getter]` takes `&self`",
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
            "`#[classattr]` takes no argument but `py: Python<'_>`",
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
            "`__add__` takes 1 argument besides `self`, not 0",
        ),
        (
            quote!(
                fn __neg__(&self, x: i32) -> i32 {
                    x
                }
            ),
            "`__neg__` takes no argument besides `self`",
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
            "`__clear__` takes no argument besides `self`",
        ),
        (
            quote!(
                fn __contains__(&self, #[pyo3(from_py_with = f)] x: i32, y: i32) {}
            ),
            "`__contains__` takes 1 argument besides `self`",
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

/// The compiler reports two implementations of this trait for one class: its name is the message.
#[test]
fn a_second_block_names_the_feature_that_it_needs() {
    let block = expansion(quote!(
        fn f(&self) {}
    ));
    let says_so = block.contains("OnlyOneBlockWithoutFeatureMultiplePymethods");
    assert_eq!(says_so, !cfg!(feature = "multiple-pymethods"), "{block}");
}
