//! The attribute macros of `pyatoll-async`, which re-exports them.

// | file | concern |
// |---|---|
// | `options` | the options of `#[main]` |
// | `main_fn` | `#[main]` |
// | `test_fn` | `#[test]` |

mod main_fn;
mod options;
mod test_fn;

use proc_macro::TokenStream;
use syn::{ItemFn, Path, parse_macro_input, parse_quote};

fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

fn pyatoll_async() -> Path {
    parse_quote!(::pyatoll_async)
}

fn pyo3_async_runtimes() -> Path {
    parse_quote!(::pyo3_async_runtimes)
}

/// Initializes Python and runs an `async fn main` in a new event loop, on the tokio runtime.
///
/// The function returns a `PyResult`. An error is printed with its traceback, and the exit status
/// is 1. The options replace a builder that was set with `tokio::init`.
///
/// | option | effect |
/// |---|---|
/// | `flavor = "…"` | `multi_thread`, the default, or `current_thread` |
/// | `worker_threads = n` | the number of the runtime's threads |
/// | `crate = "…"` | the path of `pyatoll_async` |
#[proc_macro_attribute]
pub fn tokio_main(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    finish(main_fn::expand(options.into(), &function, pyatoll_async()))
}

/// Registers a test of the `testing` harness: an `async fn`, or a function that may block.
///
/// It returns `PyResult<()>`. A function that may block can take the event loop, as a `Py<PyAny>`.
/// Set the path of `pyatoll_async` with `crate = "…"` if the crate is renamed.
#[proc_macro_attribute]
pub fn tokio_test(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    finish(test_fn::expand(options.into(), &function, pyatoll_async()))
}

/// [`macro@tokio_main`] for the package that replaces `pyo3-async-runtimes`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn pyo3_tokio_main(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    finish(main_fn::expand(
        options.into(),
        &function,
        pyo3_async_runtimes(),
    ))
}

/// [`macro@tokio_test`] for the package that replaces `pyo3-async-runtimes`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn pyo3_tokio_test(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    finish(test_fn::expand(
        options.into(),
        &function,
        pyo3_async_runtimes(),
    ))
}
