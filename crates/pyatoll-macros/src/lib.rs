//! The attribute and derive macros of `pyatoll`.
//!
//! Each macro is parse → model → expand, in a file or folder of its own; every error points at the
//! tokens it is about. The generated code names the library as the user's `Cargo.toml` does.

use proc_macro::TokenStream;

mod attributes;
mod class;
mod conversion;
mod doc;
mod function;
mod krate;
mod methods;
mod module;
mod rename;

/// What a macro's expansion comes to for the compiler: the tokens, or the errors.
fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Makes a Rust function callable from Python, through `wrap_pyfunction!` or in a `#[pymodule]`.
///
/// Every argument's type must convert from a Python object, and the return type to one; a `Result`
/// raises its error. An argument `py: Python<'_>` gets the token. A panic becomes a
/// `PanicException`. `async fn` and generic functions are refused.
///
/// | option, here or in `#[pyo3(…)]` | what it does |
/// |---|---|
/// | `signature = (a, /, b = 1, *args, c, **kwargs)` | parameters as in a Python `def`; without it, all are required |
/// | `text_signature = "…"`, or `None` | `__text_signature__`, else made from the parameters |
/// | `name = "…"` | the Python name |
/// | `pass_module` | the first argument is the module the function is in |
/// | `warn(message = "…", category = …)` | issues a warning at each call |
/// | `crate = "…"` | the path of the library |
///
/// `#[pyo3(from_py_with = function)]` on an argument converts it with a function.
#[proc_macro_attribute]
pub fn pyfunction(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(function::pyfunction(attribute.into(), item.into()))
}

/// Makes a Python module of a function `fn name(m: &Bound<'_, PyModule>) -> PyResult<()>`, which
/// fills it, or of an inline `mod name { … }`.
///
/// A `mod` puts its `#[pyfunction]`s, `#[pyclass]`es and nested `#[pymodule]`s into the module,
/// and what `#[pymodule_export]` marks: a `use` of such an item, or of an exception class, and
/// constants. A `#[pymodule_init]` function runs last. The code runs once in each interpreter; if
/// it fails, the import does, and can be tried again.
///
/// | option, here or in `#[pyo3(…)]` | what it does |
/// |---|---|
/// | `name = "…"` | the name it is imported by |
/// | `module = "…"` | the package it is in |
/// | `submodule` | it has no `PyInit_` function: only its parent can make it |
/// | `multiple_interpreters = per_interpreter_gil` | it loads in every interpreter (the default) |
/// | `multiple_interpreters = shared_gil` | not in interpreters with a GIL of their own |
/// | `multiple_interpreters = not_supported` | only in the main interpreter |
/// | `gil_used = true` | a free-threaded Python turns the GIL on for it; default `false` |
/// | `crate = "…"` | the path of the library |
///
/// C API: PEP 489, PEP 684, `PyModuleDef_Init`.
#[proc_macro_attribute]
pub fn pymodule(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(module::pymodule(attribute.into(), item.into()))
}

/// Makes a Python class of a struct or enum, with a type object of its own in each interpreter.
///
/// | option | what it does |
/// |---|---|
/// | `name = "…"`, `module = "…"` | the class's name, and the module it says it is from |
/// | `get_all`, `set_all`, `rename_all = "…"` | for fields; one has `#[pyo3(get, set, name = "…")]` |
/// | `frozen` | values are never borrowed mutably, and so not counted |
/// | `extends = Base`, `subclass` | what it extends; whether others may extend it |
/// | `eq`, `ord`, `hash`, `str` or `str = "{field}"` | from the traits of the Rust type |
/// | `eq_int` | a simple enum's variants equal their numbers |
/// | `new = "from_fields"` | a constructor with a parameter for each field |
/// | `dict`, `weakref` | instances have a `__dict__`, can be weakly referenced |
/// | `unsendable` | only the thread that made an instance may use it |
/// | `sequence`, `mapping` | for pattern matching, and the slots that go with it |
/// | `generic`, `immutable_type` | `Class[item]`; no attribute of the class can be set |
/// | `freelist = N` | each interpreter keeps the memory of `N` dead instances |
/// | `from_py_object` | `FromPyObject`, by cloning the value |
/// | `crate = "…"` | the library's path |
///
/// The variants of an enum without fields are class attributes; each variant of one with fields is
/// a subclass with a constructor: `#[pyo3(name = "…", constructor = (…))]`.
#[proc_macro_attribute]
pub fn pyclass(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(class::pyclass(attribute.into(), item.into()))
}

/// Makes the functions of an `impl` block methods of a `#[pyclass]`.
#[proc_macro_attribute]
pub fn pymethods(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(methods::pymethods(attribute.into(), item.into()))
}

/// Derives the conversion from a Python object, for a struct or an enum.
///
/// A struct with named fields is read from the object's attributes, a tuple struct from a tuple, a
/// tuple struct of one field from what that field is read from; an enum is the first variant that
/// can be read, or else a `TypeError` that tells why each could not.
///
/// Options, in `#[pyo3(…)]` or `#[pyatoll(…)]`:
///
/// | where | option | meaning |
/// |---|---|---|
/// | struct, variant | `transparent` | read as its only field is |
/// | struct, variant | `from_item_all` | every field is an item, not an attribute |
/// | variant | `annotation = "…"` | what to call the variant in the error |
/// | any | `rename_all = "…"` | how to make the fields' Python names: `"camelCase"`, … |
/// | any | `crate = "…"` | the library's path |
/// | field | `attribute`, `attribute("name")` | read `object.name` |
/// | field | `item`, `item(key)` | read `object[key]` |
/// | field | `from_py_with = function` | extract with `fn(&Bound<PyAny>) -> PyResult<T>` |
/// | field | `default`, `default = value` | what to take where there is no such item |
///
/// A lifetime parameter of the type is the token's, for fields such as `Bound<'py, PyAny>`. A
/// second one, beside `'py`, is that of the object's borrow.
#[proc_macro_derive(FromPyObject, attributes(pyatoll, pyo3))]
pub fn derive_from_py_object(item: TokenStream) -> TokenStream {
    finish(conversion::from_py_object(item.into()))
}

/// Derives the conversion of a value to a Python object, for a struct or an enum.
///
/// A struct with named fields becomes a `dict`, a tuple struct a tuple, a tuple struct of one field
/// what that field becomes; an enum, what its variant would become as a struct.
///
/// Options, in `#[pyo3(…)]` or `#[pyatoll(…)]`: `transparent`, `rename_all = "…"` and
/// `crate = "…"` as for `FromPyObject`; on a field `item("key")`, its key in the `dict`, and
/// `into_py_with = function`, where the function is
/// `fn(Cow<'_, T>, Python<'py>) -> PyResult<Bound<'py, PyAny>>`.
#[proc_macro_derive(IntoPyObject, attributes(pyatoll, pyo3))]
pub fn derive_into_py_object(item: TokenStream) -> TokenStream {
    finish(conversion::into_py_object(item.into()))
}

/// Derives the conversion of a reference to a Python object: `IntoPyObject` for `&T`, with the
/// options of the derive macro `IntoPyObject`.
#[proc_macro_derive(IntoPyObjectRef, attributes(pyatoll, pyo3))]
pub fn derive_into_py_object_ref(item: TokenStream) -> TokenStream {
    finish(conversion::into_py_object_ref(item.into()))
}
