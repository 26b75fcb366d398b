//! `shareable`: the checks of a class whose value all interpreters share.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, GenericArgument, Ident, PathArguments, Type};

use super::model::ClassModel;
use super::options::ClassOptions;
use crate::attributes::cfgs;

/// Checks the options that go together with `shareable`.
pub(super) fn check(options: &ClassOptions) -> syn::Result<()> {
    let Some(span) = options.shareable else {
        return match options.atomic_buffer {
            Some(span) => Err(syn::Error::new(
                span,
                "`atomic_buffer` requires `shareable`: it says that all interpreters may write to \
                 the memory of a `shareable` class",
            )),
            None => Ok(()),
        };
    };
    let span_of = |present: bool| present.then_some(span);
    let refused = [
        (
            options.unsendable,
            "a `shareable` class cannot be `unsendable`: the threads of all interpreters use its \
             value",
        ),
        (
            options.extends.as_ref().map(Spanned::span),
            "a `shareable` class cannot extend another: only its own value is shared; put the \
             other value into a field",
        ),
        (
            span_of(options.bases.is_some() || options.metaclass.is_some()),
            "a `shareable` class can have neither `bases` nor `metaclass`: only its value is \
             shared, not what Python classes add to an instance",
        ),
        (
            options.subclass,
            "a `shareable` class cannot be extended, so it has no `subclass`: only its own value \
             would be shared; have the other class hold an instance of it",
        ),
        (
            options.dict,
            "a `shareable` class cannot have `dict`: Python attributes would stay behind in one \
             interpreter; put what all of them need into a field",
        ),
        (
            options.pickle,
            "`shareable` and `pickle` are mutually exclusive: an instance is pickled either by \
             reference, for the interpreters of this process, or by its fields",
        ),
    ];
    for (span, message) in refused {
        if let Some(span) = span {
            return Err(syn::Error::new(span, message));
        }
    }
    if options.frozen.is_none() {
        return Err(syn::Error::new(
            span,
            "a `shareable` class must be `frozen`: several interpreters use its value at the same \
             time; put what changes into a `Mutex`, an `RwLock` or an atomic",
        ));
    }
    Ok(())
}

/// Adds the checks of a struct's type and fields, which the compiler evaluates.
pub(super) fn of_struct(model: &mut ClassModel<'_>, fields: &Fields) {
    let Some(span) = model.options.shareable else {
        return;
    };
    let krate = model.krate;
    let hidden = krate.hidden();
    let class = model.ident;
    let is_shared = quote_spanned! { span =>
        const _: () = {
            #[allow(unused_imports)]
            use #hidden::class::{
                NotSend as _, NotSync as _, Sharing as PyatollSharing, require_send, require_sync,
            };
            require_send(PyatollSharing::<#class>::IS_SEND);
            require_sync(PyatollSharing::<#class>::IS_SYNC);
        };
    };
    let checks = no_handles(fields, &hidden, "require_no_object");
    model.traits.extend(quote! {
        #is_shared
        #checks

        #[automatically_derived]
        impl #hidden::class::ShareableClass for #class {}
    });
}

/// Generates the checks that no field is a handle to a Python object, with the function of the
/// runtime that says why.
pub(super) fn no_handles(fields: &Fields, hidden: &TokenStream, require: &str) -> TokenStream {
    let mut checks = TokenStream::new();
    for field in fields {
        let cfgs = cfgs(&field.attrs);
        let mut parts = Vec::new();
        add_parts(&field.ty, &mut parts);
        checks.extend(
            parts
                .into_iter()
                .map(|part| no_handle(part, hidden, require, &cfgs)),
        );
    }
    checks
}

/// Generates the check that a part of a field is not a handle to a Python object.
fn no_handle(part: &Type, hidden: &TokenStream, require: &str, cfgs: &[Attribute]) -> TokenStream {
    let require = Ident::new(require, part.span());
    quote_spanned! { part.span() =>
        #(#cfgs)*
        const _: () = {
            #[allow(unused_imports)]
            use #hidden::class::{
                NotOfOneInterpreter as _, Sharing as PyatollSharing, #require,
            };
            #require(PyatollSharing::<#part>::IS_OF_ONE_INTERPRETER);
        };
    }
}

/// Adds a type and the types that it names as parameters and elements. Types behind an alias and in
/// the fields of other structs are not seen.
fn add_parts<'a>(ty: &'a Type, parts: &mut Vec<&'a Type>) {
    match ty {
        Type::Array(array) => add_parts(&array.elem, parts),
        Type::Slice(slice) => add_parts(&slice.elem, parts),
        Type::Group(group) => add_parts(&group.elem, parts),
        Type::Paren(paren) => add_parts(&paren.elem, parts),
        Type::Reference(reference) => add_parts(&reference.elem, parts),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|part| add_parts(part, parts)),
        Type::Path(path) => {
            // `Self` means nothing outside of the struct.
            let first = path.path.segments.first();
            if first.is_some_and(|segment| segment.ident != "Self") {
                if !names_self(ty) {
                    parts.push(ty);
                }
                for segment in &path.path.segments {
                    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                        continue;
                    };
                    for argument in &arguments.args {
                        if let GenericArgument::Type(part) = argument {
                            add_parts(part, parts);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

/// Returns whether a type contains `Self`.
fn names_self(ty: &Type) -> bool {
    fn any(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(ident) => ident == "Self",
            proc_macro2::TokenTree::Group(group) => any(group.stream()),
            _ => false,
        })
    }
    any(quote!(#ty))
}

impl ClassModel<'_> {
    /// Returns the type of `ClassImpl::Storage` and the value of `ClassImpl::SHARE`.
    pub(super) fn storage(&self) -> (TokenStream, TokenStream) {
        let krate = self.krate;
        let hidden = krate.hidden();
        match self.options.shareable {
            Some(span) => (
                quote!(#krate::Shared<Self>),
                quote_spanned! { span =>
                    ::core::option::Option::Some(
                        const { &#hidden::class::ShareFunctions::of::<Self>() },
                    )
                },
            ),
            None => (
                quote!(#hidden::class::Inline<Self>),
                quote!(::core::option::Option::None),
            ),
        }
    }
}

/// Rejects `shareable` on an enum.
pub(super) fn refuse_enum(span: Span) -> syn::Error {
    syn::Error::new(
        span,
        "`shareable` can't be used on enums: put the enum into a `shareable` struct",
    )
}
