//! `eq`, `eq_int`, `ord`, `hash` and `str`: slots implemented with the traits of the Rust type.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Fields, Index, LitStr, Member};

use super::model::ClassModel;

/// Adds `tp_richcompare`, for `eq`, `ord` and `eq_int`. `has_discriminant` tells whether
/// [`discriminant`] has been added, which `eq_int` compares.
pub(crate) fn compare(model: &mut ClassModel<'_>, has_discriminant: bool) {
    let Some(eq) = model.options.eq else {
        return;
    };
    let krate = model.krate;
    let hidden = krate.hidden();
    let class = model.ident;
    let equal = quote_spanned! { eq =>
        #krate::pyclass::CompareOp::Eq => ::core::option::Option::Some(one == other),
        #krate::pyclass::CompareOp::Ne => ::core::option::Option::Some(one != other),
    };
    let order = model.options.ord.map(|ord| {
        quote_spanned! { ord =>
            #krate::pyclass::CompareOp::Lt => ::core::option::Option::Some(one < other),
            #krate::pyclass::CompareOp::Le => ::core::option::Option::Some(one <= other),
            #krate::pyclass::CompareOp::Gt => ::core::option::Option::Some(one > other),
            #krate::pyclass::CompareOp::Ge => ::core::option::Option::Some(one >= other),
        }
    });
    let other = match model.options.eq_int {
        Some(_) if has_discriminant => {
            let ordered = order.is_some();
            quote! {
                |one: &#class, other, operator| {
                    #hidden::class::compare_number(discriminant(one), other, operator, #ordered)
                }
            }
        }
        _ => quote!(|_, _, _| ::core::option::Option::None),
    };
    let function = Ident::new("compare", Span::mixed_site());
    model.functions.push(quote! {
        unsafe extern "C" fn #function(
            slf: *mut #krate::ffi::PyObject,
            other: *mut #krate::ffi::PyObject,
            operator: ::core::ffi::c_int,
        ) -> *mut #krate::ffi::PyObject {
            // SAFETY: CPython calls this with an instance of the class.
            unsafe {
                #hidden::class::compare::<#class>(
                    slf,
                    other,
                    operator,
                    |one: &#class, other: &#class, operator| match operator {
                        #equal
                        #order
                        #[allow(unreachable_patterns)]
                        _ => ::core::option::Option::None,
                    },
                    #other,
                )
            }
        }
    });
    model.add_slot("Py_tp_richcompare", &function);
}

/// Adds `tp_hash`.
pub(crate) fn hash(model: &mut ClassModel<'_>) {
    let Some(span) = model.options.hash else {
        return;
    };
    let krate = model.krate;
    let hidden = krate.hidden();
    let class = model.ident;
    let call = quote_spanned!(span => #hidden::class::hash_value::<#class>(slf));
    let function = Ident::new("hash", Span::mixed_site());
    model.functions.push(quote! {
        unsafe extern "C" fn #function(
            slf: *mut #krate::ffi::PyObject,
        ) -> #krate::ffi::Py_hash_t {
            // SAFETY: CPython calls this with an instance of the class.
            unsafe { #call }
        }
    });
    model.add_slot("Py_tp_hash", &function);
}

/// Adds `tp_str`. `fields` are the fields of a struct, and whether any of them is renamed.
pub(crate) fn text(model: &mut ClassModel<'_>, fields: Option<(&Fields, bool)>) -> syn::Result<()> {
    let Some(option) = &model.options.str else {
        return Ok(());
    };
    let value = match &option.format {
        None => {
            let class = model.ident;
            quote_spanned!(option.span => <#class as ::std::string::ToString>::to_string(value))
        }
        Some(format) => {
            let Some((fields, renamed)) = fields else {
                return Err(syn::Error::new(
                    format.span(),
                    "The format string syntax cannot be used with enums",
                ));
            };
            if renamed || model.options.name.is_some() || model.options.rename_all.is_some() {
                return Err(syn::Error::new(
                    format.span(),
                    "The format string syntax is incompatible with any renaming via `name` or \
                     `rename_all`",
                ));
            }
            formatted(format, fields)?
        }
    };
    text_slot(model, "Py_tp_str", &value);
    Ok(())
}

/// Adds a slot that returns a `str`: the `expression`, with `value` in scope.
pub(crate) fn text_slot(model: &mut ClassModel<'_>, slot: &str, expression: &TokenStream) {
    let krate = model.krate;
    let hidden = krate.hidden();
    let class = model.ident;
    let function = Ident::new(
        if slot == "Py_tp_str" { "text" } else { "repr" },
        Span::mixed_site(),
    );
    model.functions.push(quote! {
        unsafe extern "C" fn #function(
            slf: *mut #krate::ffi::PyObject,
        ) -> *mut #krate::ffi::PyObject {
            // SAFETY: CPython calls this with an instance of the class.
            unsafe { #hidden::class::text_of::<#class, _>(slf, |value: &#class| #expression) }
        }
    });
    model.add_slot(slot, &function);
}

/// Returns a `format!` call with the fields that the placeholders of a format string name.
fn formatted(format: &LitStr, fields: &Fields) -> syn::Result<TokenStream> {
    let text = format.value();
    let mut pattern = String::new();
    let mut arguments: Vec<TokenStream> = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        pattern.push(letter);
        match letter {
            '{' | '}' if letters.peek() == Some(&letter) => {
                pattern.extend(letters.next());
            }
            '{' => {
                let placeholder = placeholder(&mut letters, format)?;
                let (name, specification) = match placeholder.split_once(':') {
                    Some((name, specification)) => (name.trim(), Some(specification)),
                    None => (placeholder.trim(), None),
                };
                let member = member(name, format, fields)?;
                arguments.push(quote!(value.#member));
                if let Some(specification) = specification {
                    pattern.push(':');
                    pattern.push_str(specification);
                }
                pattern.push('}');
            }
            '}' => {
                return Err(syn::Error::new(
                    format.span(),
                    "invalid format string: unmatched `}` found",
                ));
            }
            _ => {}
        }
    }
    let pattern = LitStr::new(&pattern, format.span());
    Ok(quote!(::std::format!(#pattern, #(#arguments),*)))
}

/// Reads a placeholder up to its `}`.
fn placeholder(letters: &mut impl Iterator<Item = char>, format: &LitStr) -> syn::Result<String> {
    let mut placeholder = String::new();
    for letter in letters {
        if letter == '}' {
            return Ok(placeholder);
        }
        placeholder.push(letter);
    }
    Err(syn::Error::new(
        format.span(),
        "invalid format string: expected `}` but string was terminated",
    ))
}

/// Finds the field that a placeholder names.
fn member(name: &str, format: &LitStr, fields: &Fields) -> syn::Result<Member> {
    let error = |message: String| syn::Error::new(format.span(), message);
    if name.is_empty() {
        return Err(error(
            "No member found, you must provide a named or positionally specified member.".into(),
        ));
    }
    let found = fields.members().find(|member| match member {
        Member::Named(ident) => ident == name || format!("{ident}") == format!("r#{name}"),
        Member::Unnamed(Index { index, .. }) => index.to_string() == name,
    });
    found.ok_or_else(|| error(format!("no field `{name}` on this struct")))
}

/// Adds `__int__` of a simple enum, and the function `discriminant`. `arms` are the arms of a
/// `match` on the value, and `number` its type.
pub(crate) fn discriminant(model: &mut ClassModel<'_>, arms: &TokenStream, number: &Ident) {
    let krate = model.krate;
    let hidden = krate.hidden();
    let class = model.ident;
    let function = format_ident!("int", span = Span::mixed_site());
    let value = quote!(match *value { #arms });
    model.functions.push(quote! {
        fn discriminant(value: &#class) -> #number {
            #value
        }

        unsafe extern "C" fn #function(
            slf: *mut #krate::ffi::PyObject,
        ) -> *mut #krate::ffi::PyObject {
            // SAFETY: CPython calls this with an instance of the class.
            unsafe {
                #hidden::class::get::<#class>(slf, |py, value| {
                    let number = discriminant(value);
                    let number = #krate::IntoPyObjectExt::into_bound_py_any(number, py)?;
                    ::core::result::Result::Ok(number.into_ptr())
                })
            }
        }
    });
    model.add_slot("Py_nb_int", &function);
}
