//! Lints that are turned off in generated code.

use proc_macro2::TokenStream;
use quote::quote;

/// Returns the `#[allow(…)]` for lints that generated code may trigger.
pub(crate) fn lints() -> TokenStream {
    quote! {
        #[allow(
            unknown_lints,
            dead_code,
            deprecated,
            non_snake_case,
            non_upper_case_globals,
            unreachable_code,
            unused_imports,
            unused_mut,
            unused_qualifications,
            unused_variables,
            clippy::all,
            clippy::pedantic,
            clippy::undocumented_unsafe_blocks,
        )]
    }
}
