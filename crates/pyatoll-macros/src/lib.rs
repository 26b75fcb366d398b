//! The attribute and derive macros of `pyatoll`.
//!
//! `pyatoll` re-exports all of them.

// Each macro has a file or folder of its own and works in three stages: parse into a model, check
// it, expand it. Every error points at the tokens that caused it. Generated code names the library
// as the user's `Cargo.toml` does. The documentation of the macros is in `doc/`; its examples are
// tests of the package `guide`, since this one cannot depend on the library.
//
// | file | concern |
// |---|---|
// | `function/` | `#[pyfunction]`, and the model of a function that Python calls |
// | `hidden_module` | the hidden module with a function's name |
// | `class/` | `#[pyclass]` |
// | `methods/` | `#[pymethods]` |
// | `module/` | `#[pymodule]` |
// | `conversion/` | the derive macros of the conversion traits |
// | `attributes` | attributes of items, and lists of options |
// | `inspect/` | the records from which tools write stubs (the feature `experimental-inspect`) |
// | `rename` | `rename_all = "…"` |
// | `doc` | doc comments as docstrings |
// | `krate` | the library's path in generated code |
// | `hygiene` | spans and identifiers that cannot clash with the user's |
// | `lints` | lints that are turned off in generated code |
// | `errors` | collecting errors |

use proc_macro::TokenStream;

mod attributes;
mod class;
mod conversion;
mod doc;
mod errors;
mod function;
mod hidden_module;
mod hygiene;
mod inspect;
mod krate;
mod lints;
mod methods;
mod module;
mod rename;

/// Converts the result of an expansion for the compiler: errors become `compile_error!`.
fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

#[doc = include_str!("../doc/pyfunction.md")]
#[proc_macro_attribute]
pub fn pyfunction(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(function::pyfunction(attribute.into(), item.into()))
}

#[doc = include_str!("../doc/pymodule.md")]
#[proc_macro_attribute]
pub fn pymodule(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(module::pymodule(attribute.into(), item.into()))
}

#[doc = include_str!("../doc/pyclass.md")]
#[proc_macro_attribute]
pub fn pyclass(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(class::pyclass(attribute.into(), item.into()))
}

#[doc = include_str!("../doc/pymethods.md")]
#[proc_macro_attribute]
pub fn pymethods(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(methods::pymethods(attribute.into(), item.into()))
}

#[doc = include_str!("../doc/from_py_object.md")]
#[proc_macro_derive(FromPyObject, attributes(pyatoll, pyo3))]
pub fn derive_from_py_object(item: TokenStream) -> TokenStream {
    finish(conversion::from_py_object(item.into()))
}

#[doc = include_str!("../doc/into_py_object.md")]
#[proc_macro_derive(IntoPyObject, attributes(pyatoll, pyo3))]
pub fn derive_into_py_object(item: TokenStream) -> TokenStream {
    finish(conversion::into_py_object(item.into()))
}

#[doc = include_str!("../doc/into_py_object_ref.md")]
#[proc_macro_derive(IntoPyObjectRef, attributes(pyatoll, pyo3))]
pub fn derive_into_py_object_ref(item: TokenStream) -> TokenStream {
    finish(conversion::into_py_object_ref(item.into()))
}

/// Expands to the record of a class of `create_exception!`, with the feature
/// `experimental-inspect`.
#[doc(hidden)]
#[proc_macro]
pub fn exception_record(input: TokenStream) -> TokenStream {
    finish(inspect::exception_record(input.into()))
}
