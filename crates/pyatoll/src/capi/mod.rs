//! CPython's C API, with the same names in every build: `pyo3-ffi` declares what the stable ABI of
//! the oldest Python has that a build may run on; the rest is here.
//!
//! A build for one version of Python only re-exports: the functions and constants below are
//! resolved at compile time. A build for the stable ABI looks functions up in the running Python,
//! and decides by its version. What such a build reads of CPython's memory is verified first
//! ([`reads_memory`](memory::reads_memory)).
//!
//! | file | concern |
//! |---|---|
//! | `version` | the version of the running Python |
//! | `lookup` | addresses of CPython's functions and objects, by name |
//! | `functions` | functions that `pyo3-ffi` does not declare in this build |
//! | `crossing` | the registry of classes whose instances cross interpreters |
//! | `structs` | structs and constants that `pyo3-ffi` does not declare in this build |
//! | `oldest` | what 3.10 and 3.11 added to the stable ABI |
//! | `refcount` | reference counts |
//! | `module_def` | definitions of modules |
//! | `memory` | whether CPython's memory is read directly |
//! | `items` | items of tuples and lists, the value of a `float` |
//! | `type_fields` | the fields of type objects |
//! | `type_objects` | type objects that the stable ABI leaves out |
//! | `bytes_writer` | the writer of `bytes` |
//! | `datetime` | the structs and the function table of `datetime` |

pub(crate) mod bytes_writer;
pub(crate) mod crossing;
mod datetime;
mod functions;
mod items;
mod lookup;
pub(crate) mod memory;
pub(crate) mod module_def;
mod oldest;
mod refcount;
mod structs;
pub(crate) mod type_fields;
mod type_objects;
mod version;

pub(crate) use pyo3_ffi::*;

#[cfg(Py_LIMITED_API)]
pub(crate) use refcount::{
    Py_DECREF, Py_INCREF, Py_NewRef, Py_XDECREF, Py_XINCREF, counts_are_as_expected,
};
#[cfg(all(Py_LIMITED_API, Py_3_13))]
pub(crate) use structs::mutex::PyMutex;
#[cfg(Py_LIMITED_API)]
pub(crate) use type_fields::PyType_HasFeature;
#[allow(unused_imports, reason = "of no use in a build for one version")]
pub(crate) use version::running_minor;
pub(crate) use version::{at_least, is_free_threaded, minor_of, names_free_threaded, version_text};
#[allow(unused_imports, reason = "empty in a build for one version")]
pub(crate) use {datetime::*, functions::*, items::*, oldest::*, structs::*, type_objects::*};
