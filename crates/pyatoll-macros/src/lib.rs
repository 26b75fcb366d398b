//! The attribute and derive macros of `pyatoll`.
//!
//! Each macro is parse → model → expand, in a file or folder of its own; every error points at the
//! tokens it is about. The generated code names the library by the path in [`krate`].

use proc_macro::TokenStream;

mod attributes;
mod class;
mod conversion;
mod doc;
mod function;
mod krate;
mod methods;
mod module;

/// What a macro's expansion comes to for the compiler: the tokens, or the errors.
fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Makes a Rust function callable from Python: see `wrap_pyfunction!` and the guide's chapter on
/// functions.
///
/// Options: `signature = (…)`, `text_signature = "…"` or `None`, `name = "…"`, `pass_module`,
/// `warn(message = "…", category = …)`, `crate = "…"`; each may also be given in `#[pyo3(…)]`.
#[proc_macro_attribute]
pub fn pyfunction(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(function::pyfunction(attribute.into(), item.into()))
}

/// Makes a Python module of a function `fn name(m: &Bound<'_, PyModule>) -> PyResult<()>` or of an
/// inline `mod name { … }`.
///
/// Options: `name = "…"`, `submodule`, `module = "…"`, `crate = "…"`,
/// `multiple_interpreters = per_interpreter_gil | shared_gil | not_supported`, `gil_used = bool`.
#[proc_macro_attribute]
pub fn pymodule(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(module::pymodule(attribute.into(), item.into()))
}

/// Makes a Python class of a struct or enum.
#[proc_macro_attribute]
pub fn pyclass(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(class::pyclass(attribute.into(), item.into()))
}

/// Makes the functions of an `impl` block methods of a `#[pyclass]`.
#[proc_macro_attribute]
pub fn pymethods(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(methods::pymethods(attribute.into(), item.into()))
}

/// Derives the conversion from a Python object.
#[proc_macro_derive(FromPyObject, attributes(pyo3))]
pub fn derive_from_py_object(item: TokenStream) -> TokenStream {
    finish(conversion::from_py_object(item.into()))
}

/// Derives the conversion of a value to a Python object.
#[proc_macro_derive(IntoPyObject, attributes(pyo3))]
pub fn derive_into_py_object(item: TokenStream) -> TokenStream {
    finish(conversion::into_py_object(item.into()))
}

/// Derives the conversion of a reference to a Python object.
#[proc_macro_derive(IntoPyObjectRef, attributes(pyo3))]
pub fn derive_into_py_object_ref(item: TokenStream) -> TokenStream {
    finish(conversion::into_py_object_ref(item.into()))
}
