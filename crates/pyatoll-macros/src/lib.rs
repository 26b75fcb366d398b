//! The attribute and derive macros of `pyatoll`.
//!
//! Each macro has a file or folder of its own and works in three stages: parse into a model, check
//! it, expand it. Every error points at the tokens that caused it. Generated code names the library
//! as the user's `Cargo.toml` does.
//!
//! | file | concern |
//! |---|---|
//! | `function/` | `#[pyfunction]`, and the model of a function that Python calls |
//! | `class/` | `#[pyclass]` |
//! | `methods/` | `#[pymethods]` |
//! | `module/` | `#[pymodule]` |
//! | `conversion/` | the derive macros of the conversion traits |
//! | `attributes` | attributes of items, and lists of options |
//! | `inspect/` | the records from which tools write stubs (the feature `experimental-inspect`) |
//! | `rename` | `rename_all = "…"` |
//! | `doc` | doc comments as docstrings |
//! | `krate` | the library's path in generated code |
//! | `hygiene` | spans and identifiers that cannot clash with the user's |
//! | `lints` | lints that are turned off in generated code |
//! | `errors` | collecting errors |

use proc_macro::TokenStream;

mod attributes;
mod class;
mod conversion;
mod doc;
mod errors;
mod function;
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

/// Makes a Rust function callable from Python, through `wrap_pyfunction!` or in a `#[pymodule]`.
///
/// Every argument type must convert from a Python object, and the return type to one; the error of
/// a `Result` is raised. An argument `py: Python<'_>` receives the token. A panic becomes a
/// `PanicException`. Generic functions are rejected.
///
/// An `async fn`, with the feature `experimental-async`, returns a coroutine. Its arguments are
/// converted when that is first awaited; it takes no token. `#[pyo3(cancel_handle)]` marks the
/// argument that receives the `CancelHandle`.
///
/// | option, here or in `#[pyo3(…)]` | effect |
/// |---|---|
/// | `signature = (a, /, b = 1, *args, c, **kwargs)` | the parameters, as in a Python `def`; by default, all arguments are required |
/// | `text_signature = "…"`, or `None` | sets or omits `__text_signature__`; by default, it follows from the parameters |
/// | `name = "…"` | sets the Python name |
/// | `pass_module` | passes the function's module as the first argument |
/// | `warn(message = "…", category = …)` | issues a warning at each call |
/// | `crate = "…"` | sets the path of the library |
///
/// `#[pyo3(from_py_with = function)]` on an argument converts it with that function.
///
/// C API: `PyCFunction_NewEx`.
#[proc_macro_attribute]
pub fn pyfunction(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(function::pyfunction(attribute.into(), item.into()))
}

/// Makes a Python module from an inline `mod name { … }`, or from a function
/// `fn name(m: &Bound<'_, PyModule>) -> PyResult<()>` that fills it.
///
/// A `mod` adds its `#[pyfunction]`s, `#[pyclass]`es and nested `#[pymodule]`s to the module, and
/// the items marked `#[pymodule_export]`: a `use` of such an item or of an exception class, and
/// constants. A `#[pymodule_init]` function runs last. The code runs once in each interpreter; if
/// it fails, the import fails and can be repeated. Nested modules can be imported like any other:
/// `from name.inner import item`.
///
/// | option, here or in `#[pyo3(…)]` | effect |
/// |---|---|
/// | `name = "…"` | sets the name it is imported by |
/// | `module = "…"` | names the package that contains it |
/// | `submodule` | omits the `PyInit_` function: only the parent can create the module |
/// | `multiple_interpreters = per_interpreter_gil` | loads in every interpreter (the default) |
/// | `multiple_interpreters = shared_gil` | does not load in interpreters with their own GIL |
/// | `multiple_interpreters = not_supported` | loads in the main interpreter only |
/// | `gil_used = true` | makes a free-threaded Python enable the GIL; default `false` |
/// | `crate = "…"` | sets the path of the library |
///
/// See: PEP 489, PEP 684.
///
/// C API: `PyModuleDef_Init`.
#[proc_macro_attribute]
pub fn pymodule(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(module::pymodule(attribute.into(), item.into()))
}

/// Makes a Python class from a struct or enum, with a type object per interpreter.
///
/// | option, here or in `#[pyo3(…)]` | effect |
/// |---|---|
/// | `name = "…"`, `module = "…"` | set the class's name and its `__module__` |
/// | `get_all`, `set_all`, `rename_all = "…"` | apply to all fields; one field has `#[pyo3(get, set, name = "…")]` |
/// | `frozen` | never borrows values mutably, so that instances need no borrow flag |
/// | `extends = Base`, `subclass` | set the base class, a type in Rust; allow classes that extend this one |
/// | `bases = "module:Class"`, `bases = ["…", "…"]` | add Python classes as bases |
/// | `metaclass = "module:Class"` | sets the metaclass, such as `"abc:ABCMeta"` |
/// | `eq`, `ord`, `hash`, `str` or `str = "{field}"` | implement the special methods with the traits of the Rust type |
/// | `eq_int` | makes the variants of a simple enum equal to their discriminants |
/// | `new = "from_fields"` | adds a constructor with a parameter for each field |
/// | `dict`, `weakref` | give instances a `__dict__`; allow weak references to them |
/// | `unsendable` | lets only the thread that created an instance use it |
/// | `sequence`, `mapping` | set the flag for pattern matching, and fill the corresponding slots |
/// | `generic`, `immutable_type` | allow `Class[item]`; refuse to set attributes of the class |
/// | `freelist = N` | keeps the memory of up to `N` deallocated instances per interpreter |
/// | `from_py_object` | implements `FromPyObject` by cloning the value |
/// | `pickle` | lets `pickle` and `copy` take instances apart into their fields |
/// | `enum = "…"` | makes an enum without fields one of Python's: `Enum`, `IntEnum`, `StrEnum`, `Flag` or `IntFlag` |
/// | `crate = "…"` | sets the path of the library |
///
/// The variants of an enum without fields are class attributes, or with `enum = "…"` the members of
/// a class of Python's `enum` module, which have no Rust methods. Their values are the
/// discriminants; for `StrEnum`, the names in lower case. Each variant of an enum with fields is a
/// subclass with a constructor: `#[pyo3(name = "…", constructor = (…))]`.
///
/// `bases` and `metaclass` are imported when an interpreter creates the class. It is created as by
/// a class statement: its first base, before those of `bases`, is a class of the same name with the
/// Rust methods. The `__new__` of the Python classes is not called. A class that extends an
/// exception of `create_exception!` or `import_exception!`, or a class with `bases`, is created in
/// the same way.
///
/// C API: `PyType_FromModuleAndSpec`.
#[proc_macro_attribute]
pub fn pyclass(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(class::pyclass(attribute.into(), item.into()))
}

/// Makes the functions of an `impl` block methods of a `#[pyclass]`.
///
/// | attribute of a function | meaning |
/// |---|---|
/// | `#[new]` | the constructor |
/// | `#[classmethod]`, `#[staticmethod]` | as in Python |
/// | `#[getter]`, `#[setter]`, `#[deleter]`, with or without `(name)` | access to an attribute of instances |
/// | `#[classattr]`, also on a constant | an attribute of the class |
///
/// Other functions are methods of instances; those with the name of a special method of Python's
/// data model fill its slot. `#[pyo3(…)]` takes the options of [`macro@pyfunction`].
#[proc_macro_attribute]
pub fn pymethods(attribute: TokenStream, item: TokenStream) -> TokenStream {
    finish(methods::pymethods(attribute.into(), item.into()))
}

/// Derives the conversion from a Python object, for a struct or an enum.
///
/// The fields of a struct are read from the object's attributes, those of a tuple struct from a
/// tuple; a tuple struct with one field is read as that field is. An enum is the first variant that
/// can be read; if none can, the `TypeError` gives the reason for each.
///
/// Options, in `#[pyo3(…)]` or `#[pyatoll(…)]`:
///
/// | where | option | effect |
/// |---|---|---|
/// | struct, variant | `transparent` | reads it as its only field is read |
/// | struct, variant | `from_item_all` | reads every field as an item, not as an attribute |
/// | variant | `annotation = "…"` | names the variant in the error |
/// | any | `rename_all = "…"` | derives the fields' Python names: `"camelCase"`, … |
/// | any | `crate = "…"` | sets the path of the library |
/// | field | `attribute`, `attribute("name")` | reads `object.name` |
/// | field | `item`, `item(key)` | reads `object[key]` |
/// | field | `from_py_with = function` | extracts with `fn(&Bound<PyAny>) -> PyResult<T>` |
/// | field | `default`, `default = value` | replaces a missing attribute or item |
///
/// A lifetime parameter of the type is the token's, for fields such as `Bound<'py, PyAny>`. A
/// second one, beside `'py`, is the lifetime of the borrow of the object.
#[proc_macro_derive(FromPyObject, attributes(pyatoll, pyo3))]
pub fn derive_from_py_object(item: TokenStream) -> TokenStream {
    finish(conversion::from_py_object(item.into()))
}

/// Derives the conversion of a value to a Python object, for a struct or an enum.
///
/// A struct with named fields becomes a `dict`, a tuple struct a tuple; a tuple struct with one
/// field becomes what that field becomes. An enum is converted as its variant would be as a struct.
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

/// Expands to the record of a class of `create_exception!`, with the feature
/// `experimental-inspect`.
#[doc(hidden)]
#[proc_macro]
pub fn exception_record(input: TokenStream) -> TokenStream {
    finish(inspect::exception_record(input.into()))
}
