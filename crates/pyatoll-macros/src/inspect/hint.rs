//! The type hints of Rust types, in each of their uses.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, PathArguments, ReturnType, Type};

use super::json::Expression;
use crate::function::types::{Form, elided, ungrouped};
use crate::krate::Krate;

/// Returns the type hint of an argument.
pub(crate) fn argument(krate: &Krate, ty: &Type) -> Expression {
    let hidden = krate.hidden();
    let form = Form::of(ty);
    let target = elided(form.ty());
    let (hint, optional) = match form {
        Form::Value(_) => (
            quote_spanned!(ty.span()=> <#target as #krate::FromPyObject<'_, '_>>::INPUT_TYPE),
            false,
        ),
        Form::Named(named) => (
            quote_spanned! {ty.span()=>
                <#target as #hidden::call::NamedArgument<'_, '_, '_>>::ARGUMENT_TYPE
            },
            named.optional,
        ),
        Form::Reference(reference) => {
            let kind = reference.argument_trait();
            (
                quote_spanned! {ty.span()=>
                    <#target as #hidden::call::#kind<'_, '_, '_>>::INPUT_TYPE
                },
                reference.optional,
            )
        }
    };
    let hint = Expression::rust(hint);
    if optional {
        hint.or(Expression::None)
    } else {
        hint
    }
}

/// Returns the type hint of a return value; `None` if the type is not written out.
pub(crate) fn returned(krate: &Krate, output: &ReturnType) -> Option<Expression> {
    let hidden = krate.hidden();
    let ty = match output {
        ReturnType::Default => return Some(Expression::None),
        ReturnType::Type(_, ty) => ty,
    };
    is_written(ty).then(|| {
        let ty = elided(ty);
        Expression::rust(quote_spanned! {ty.span()=>
            <#ty as #hidden::inspect::ReturnType>::RETURN_TYPE
        })
    })
}

/// Returns the type hint of the items of an iterator, from the return type of its `__next__`.
pub(crate) fn next(krate: &Krate, output: &ReturnType) -> Option<Expression> {
    let hidden = krate.hidden();
    let ReturnType::Type(_, ty) = output else {
        return Some(Expression::None);
    };
    is_written(ty).then(|| {
        let ty = elided(ty);
        Expression::rust(quote_spanned! {ty.span()=> {
            use #hidden::inspect::NextHint as _;
            #hidden::inspect::NextOutput::<#ty>::HINT
        }})
    })
}

/// Returns the type hint of a field that is read.
pub(crate) fn field(krate: &Krate, ty: &Type) -> Expression {
    let hidden = krate.hidden();
    Expression::rust(quote_spanned! {ty.span()=> {
        use #hidden::inspect::FieldHint as _;
        #hidden::inspect::FieldOutput::<#ty>::HINT
    }})
}

/// Returns the type hint of a value that is extracted.
pub(crate) fn extracted(krate: &Krate, ty: &Type) -> Expression {
    Expression::rust(quote_spanned! {ty.span()=>
        <#ty as #krate::FromPyObject<'_, '_>>::INPUT_TYPE
    })
}

/// Returns the type hint of a class.
pub(crate) fn class(krate: &Krate, class: &TokenStream) -> Expression {
    Expression::rust(quote!(<#class as #krate::PyTypeInfo>::TYPE_HINT))
}

/// Returns the id of a class's record: an expression of type `&'static str`.
pub(crate) fn id_of(krate: &Krate, class: &impl ToTokens) -> TokenStream {
    let hidden = krate.hidden();
    quote!(#hidden::inspect::id_of(&<#class as #krate::PyTypeInfo>::TYPE_HINT))
}

/// Returns whether a function returns nothing: `()`, or a `Result` of it.
pub(crate) fn is_unit(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else {
        return true;
    };
    let is_empty =
        |ty: &Type| matches!(ungrouped(ty), Type::Tuple(tuple) if tuple.elems.is_empty());
    match ungrouped(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return false;
            };
            let value = arguments.args.first();
            last.ident.to_string().ends_with("Result")
                && matches!(value, Some(GenericArgument::Type(value)) if is_empty(value))
        }),
        other => is_empty(other),
    }
}

/// Returns whether a type has no `impl Trait` in it, which cannot be named elsewhere.
fn is_written(ty: &Type) -> bool {
    struct Find(bool);
    impl VisitMut for Find {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            self.0 |= matches!(ty, Type::ImplTrait(_));
            visit_mut::visit_type_mut(self, ty);
        }
    }
    let mut find = Find(false);
    find.visit_type_mut(&mut ty.clone());
    !find.0
}
