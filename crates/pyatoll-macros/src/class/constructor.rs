//! Constructors that the macro writes: `new = "from_fields"`.

use proc_macro2::Span;
use syn::Fields;

use super::model::ClassModel;

/// Adds a constructor with one parameter for each field.
pub(crate) fn from_fields(
    _model: &mut ClassModel<'_>,
    _fields: &Fields,
    span: Span,
) -> syn::Result<()> {
    Err(syn::Error::new(span, "not here yet"))
}
