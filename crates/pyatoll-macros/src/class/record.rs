//! The records of a class and of what the macro generates for it, for the stubs of the module (see
//! `crate::inspect`). Nothing is generated without the feature.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, LitStr, Type};

use super::model::ClassModel;
use crate::doc::Doc;
use crate::inspect::{
    self, AttributeRecord, ClassRecord, Expression, FunctionRecord, ParameterRecord, Parameters,
    hint, symbol,
};
use crate::krate::Krate;
use crate::methods::record::generated;

/// Returns the declaration of `TYPE_HINT` in `PyTypeInfo`, of a class with this `__qualname__`.
pub(super) fn type_hint(
    krate: &Krate,
    module: Option<&str>,
    path: &str,
    id: &str,
) -> Option<TokenStream> {
    inspect::ENABLED.then(|| {
        let mut parts = path.split('.');
        let first = parts.next().unwrap_or_default();
        let first = match module {
            Some(module) => Expression::in_module(module, first),
            None => Expression::name(first),
        };
        let expression = parts.fold(first, Expression::attribute).tokens(krate);
        quote! {
            const TYPE_HINT: #krate::inspect::PyStaticExpr =
                #krate::inspect::PyStaticExpr::PyClass(
                    #krate::inspect::PyClassNameStaticExpr::new(&#expression, #id)
                );
        }
    })
}

/// Returns the declaration of a conversion's hint: that of the class, which is `Target` or `Self`.
pub(super) fn conversion_hint(krate: &Krate, constant: &str) -> Option<TokenStream> {
    inspect::ENABLED.then(|| {
        let constant = format_ident!("{constant}");
        quote! {
            const #constant: #krate::inspect::PyStaticExpr =
                <Self as #krate::PyTypeInfo>::TYPE_HINT;
        }
    })
}

/// Returns a class of a Python module, given as `"module:Class"`.
fn python_class(name: &LitStr) -> Expression {
    let name = name.value();
    let (module, path) = name.split_once(':').unwrap_or(("builtins", &name));
    let mut parts = path.split('.');
    let first = Expression::in_module(module, parts.next().unwrap_or_default());
    parts.fold(first, Expression::attribute)
}

impl ClassModel<'_> {
    pub(super) fn type_hint(&self) -> Option<TokenStream> {
        let path = self.variant.as_deref().unwrap_or(&self.name);
        type_hint(self.krate, self.module.as_deref(), path, &self.id)
    }

    fn id_expression(&self) -> TokenStream {
        hint::id_of(self.krate, self.ident)
    }

    /// Returns the class's record, and those of the methods that its options imply.
    pub(super) fn record(&self) -> Option<TokenStream> {
        if !inspect::ENABLED {
            return None;
        }
        let krate = self.krate;
        let mut bases: Vec<_> = self
            .base
            .iter()
            .map(|base| hint::class(krate, base))
            .collect();
        bases.extend(self.options.bases.iter().flatten().map(python_class));
        let class = ClassRecord {
            name: &self.name,
            id: self.id_expression(),
            parent: self.parent.as_ref().map(|class| hint::id_of(krate, class)),
            bases,
            decorators: Some(if self.subclass {
                ClassRecord::is_extensible(krate, self.ident)
            } else {
                ClassRecord::is_final(krate)
            }),
            doc: &self.doc,
        };
        let mut records = symbol(krate, &class.json(krate));
        for function in self.implied_methods() {
            records.extend(symbol(krate, &function.json(krate)));
        }
        Some(records)
    }

    /// Returns the methods that `eq`, `ord`, `hash`, `str` and `generic` imply.
    fn implied_methods(&self) -> Vec<FunctionRecord> {
        let options = self.options;
        let ident = self.ident;
        let this = || hint::class(self.krate, &quote!(#ident));
        let bool = || Expression::name("bool");
        let method =
            |name, arguments, returns| generated(name, &self.id_expression(), arguments, returns);
        let mut methods = Vec::new();
        if options.eq.is_some() {
            for name in ["__eq__", "__ne__"] {
                methods.push(method(name, vec![Expression::name("object")], bool()));
            }
        }
        if options.ord.is_some() {
            let other = || match options.eq_int {
                Some(_) => this().or(Expression::name("int")),
                None => this(),
            };
            for name in ["__lt__", "__le__", "__gt__", "__ge__"] {
                methods.push(method(name, vec![other()], bool()));
            }
        }
        if options.hash.is_some() {
            methods.push(method("__hash__", vec![], Expression::name("int")));
        }
        if options.str.is_some() {
            methods.push(method("__str__", vec![], Expression::name("str")));
        }
        if options.generic.is_some() {
            let any = Expression::any();
            let mut item = method(
                "__class_getitem__",
                vec![any],
                Expression::in_module("types", "GenericAlias"),
            );
            item.decorators = vec![Expression::name("classmethod")];
            item.parameters.positional_only[0] = ParameterRecord::new("cls", None);
            methods.push(item);
        }
        methods
    }

    /// Adds the record of a method that the macro generates.
    pub(super) fn add_method_record(
        &mut self,
        name: &str,
        arguments: Vec<Expression>,
        returns: Expression,
    ) {
        if inspect::ENABLED {
            let function = generated(name, &self.id_expression(), arguments, returns);
            let record = symbol(self.krate, &function.json(self.krate));
            self.records.extend(record);
        }
    }

    /// Adds the record of a class attribute.
    pub(super) fn add_attribute_record(
        &mut self,
        cfgs: &[Attribute],
        name: &str,
        hint: Expression,
        doc: &Doc,
    ) {
        if inspect::ENABLED {
            let attribute = AttributeRecord {
                name,
                parent: self.id_expression(),
                annotation: Some(AttributeRecord::is_final(hint)),
                value: None,
                doc,
            };
            let record = symbol(self.krate, &attribute.json(self.krate));
            self.records.extend(quote!(#(#cfgs)* #record));
        }
    }

    /// Adds the record of a field that is read, set, or both.
    pub(super) fn add_field_record(&mut self, field: &FieldRecord<'_>) {
        if !inspect::ENABLED {
            return;
        }
        let krate = self.krate;
        let FieldRecord { name, ty, cfgs, .. } = *field;
        let ident = self.ident;
        if !field.get {
            // Python has no syntax for a property without a getter.
            let attribute = AttributeRecord {
                name,
                parent: self.id_expression(),
                annotation: Some(hint::extracted(krate, ty)),
                value: None,
                doc: field.doc,
            };
            let record = symbol(krate, &attribute.json(krate));
            self.records.extend(quote!(#(#cfgs)* #record));
            return;
        }
        let getter = FunctionRecord {
            decorators: vec![Expression::name("property")],
            doc: field.doc.clone(),
            ..generated(
                name,
                &self.id_expression(),
                Vec::new(),
                hint::field(krate, ty),
            )
        };
        let record = symbol(krate, &getter.json(krate));
        self.records.extend(quote!(#(#cfgs)* #record));
        if field.set {
            let property = hint::class(krate, &quote!(#ident)).attribute(name);
            let value = ParameterRecord::new("value", Some(hint::extracted(krate, ty)));
            let setter = FunctionRecord {
                name: name.to_owned(),
                parent: Some(self.id_expression()),
                parameters: Parameters {
                    positional_only: vec![value],
                    ..Parameters::default()
                }
                .with_first("self"),
                returns: Some(Expression::None),
                decorators: vec![property.attribute("setter")],
                ..FunctionRecord::default()
            };
            let record = symbol(krate, &setter.json(krate));
            self.records.extend(quote!(#(#cfgs)* #record));
        }
    }
}

/// A field with a getter or a setter.
pub(super) struct FieldRecord<'a> {
    pub(super) name: &'a str,
    pub(super) ty: &'a Type,
    pub(super) doc: &'a Doc,
    pub(super) get: bool,
    pub(super) set: bool,
    pub(super) cfgs: &'a [Attribute],
}
