//! The records of a module's items, from which tools write its stubs, with the feature
//! `experimental-inspect`. Without it, every function here generates nothing.
//!
//! `pyatoll::impl_::inspect` turns a record into a symbol of the built module. A record refers to
//! another by an id.
//!
//! | file | concern |
//! |---|---|
//! | `json` | JSON values and Python expressions as generated code |
//! | `annotation` | type hints given as text: `signature = (a: "list[int]") -> "int"` |
//! | `hint` | the type hints of arguments and results |
//! | `function` | the record of a function or method |
//! | `item` | the records of classes, attributes and modules |

mod annotation;
mod function;
pub(crate) mod hint;
mod item;
mod json;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};

pub(crate) use self::annotation::Annotation;
pub(crate) use self::function::{FunctionRecord, ParameterRecord, Parameters};
pub(crate) use self::item::{AttributeRecord, ClassRecord, ModuleRecord, exception_record};
pub(crate) use self::json::{Expression, value_of};
use crate::krate::Krate;

/// Whether records are generated.
pub(crate) const ENABLED: bool = cfg!(feature = "experimental-inspect");

/// Returns a text that no other call returns, in this or in another crate of the same program.
/// Without the feature, the text is empty.
pub(crate) fn unique_id() -> String {
    if !ENABLED {
        return String::new();
    }
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = DefaultHasher::new();
    for name in [
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION",
        "CARGO_CRATE_NAME",
        "CARGO_BIN_NAME",
    ] {
        std::env::var(name).unwrap_or_default().hash(&mut hasher);
    }
    format!("{:?}", Span::call_site()).hash(&mut hasher);
    COUNT.fetch_add(1, Ordering::Relaxed).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Returns the constants of the traits and modules that hold an id: `_PYATOLL_ID`.
pub(crate) fn id_constant(id: &str) -> Option<TokenStream> {
    ENABLED.then(|| {
        quote! {
            #[doc(hidden)]
            #[allow(dead_code)]
            pub const _PYATOLL_ID: &'static str = #id;
        }
    })
}

/// Puts a record, an expression of type `Json`, into the built module.
pub(crate) fn symbol(krate: &Krate, record: &TokenStream) -> TokenStream {
    let hidden = krate.hidden();
    // Tools look for symbols with this prefix; the digit is the version of the format.
    let symbol = format_ident!("PYO3_INTROSPECTION_1_{}", unique_id());
    quote! {
        #[allow(unused_imports, non_upper_case_globals, clippy::all, clippy::pedantic)]
        const _: () = {
            const RECORD: #hidden::inspect::Json = #record;
            const LENGTH: usize = #hidden::inspect::measure(&RECORD);
            #[used]
            #[unsafe(no_mangle)]
            static #symbol: #hidden::inspect::Record<LENGTH> = #hidden::inspect::render(&RECORD);
        };
    }
}
