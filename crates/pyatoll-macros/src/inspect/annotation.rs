//! Type hints given as text, in Python's syntax.

use proc_macro2::Span;
use syn::LitStr;

use super::json::Expression;

/// The text of a type hint.
#[derive(Clone)]
pub(crate) struct Annotation {
    text: String,
    span: Span,
}

impl Annotation {
    pub(crate) fn new(literal: &LitStr) -> Self {
        Self {
            text: literal.value(),
            span: literal.span(),
        }
    }

    /// Parses the type hint: names, attributes, subscripts, unions, lists, tuples and literals.
    pub(crate) fn expression(&self) -> syn::Result<Expression> {
        let mut parser = Parser(self.text.trim());
        match parser.union().filter(|_| parser.0.is_empty()) {
            Some(expression) => Ok(expression),
            None => Err(syn::Error::new(
                self.span,
                "expected a type hint in Python's syntax",
            )),
        }
    }
}

/// The rest of the text.
struct Parser<'a>(&'a str);

impl Parser<'_> {
    /// Skips a token, and the space after it.
    fn skip(&mut self, token: &str) -> bool {
        match self.0.strip_prefix(token) {
            Some(rest) => {
                self.0 = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn union(&mut self) -> Option<Expression> {
        let left = self.postfix()?;
        Some(if self.skip("|") {
            left.or(self.union()?)
        } else {
            left
        })
    }

    fn postfix(&mut self) -> Option<Expression> {
        let mut expression = self.atom()?;
        loop {
            if self.skip(".") {
                expression = expression.attribute(&self.name()?);
            } else if self.skip("[") {
                let mut items = self.items("]")?;
                expression = expression.subscript(if items.len() == 1 {
                    items.remove(0)
                } else {
                    Expression::Tuple(items)
                });
            } else {
                return Some(expression);
            }
        }
    }

    fn atom(&mut self) -> Option<Expression> {
        if self.skip("...") {
            return Some(Expression::Ellipsis);
        }
        if self.skip("(") {
            return self.items(")").map(Expression::Tuple);
        }
        if self.skip("[") {
            return self.items("]").map(Expression::List);
        }
        if let Some(quote) = self.0.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (text, rest) = self.0[1..].split_once(quote)?;
            self.0 = rest.trim_start();
            return (!text.contains('\\')).then(|| Expression::Text(text.to_owned()));
        }
        let digits = self.0.strip_prefix('-').unwrap_or(self.0);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            let (number, rest) = self.0.split_at(self.0.len() - digits.len() + end);
            self.0 = rest.trim_start();
            return Some(Expression::Int(number.to_owned()));
        }
        Some(match self.name()?.as_str() {
            "None" => Expression::None,
            "True" => Expression::Bool(true),
            "False" => Expression::Bool(false),
            name => Expression::name(name),
        })
    }

    fn name(&mut self) -> Option<String> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.0 = rest.trim_start();
        Some(name.to_owned())
    }

    /// Parses items separated by commas, up to the bracket that closes them.
    fn items(&mut self, end: &str) -> Option<Vec<Expression>> {
        let mut items = Vec::new();
        while !self.skip(end) {
            items.push(self.union()?);
            if !self.skip(",") && !self.0.starts_with(end) {
                return None;
            }
        }
        Some(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Expression> {
        let literal = LitStr::new(text, Span::call_site());
        Annotation::new(&literal).expression().ok()
    }

    #[test]
    fn type_hints_are_parsed() {
        let name = Expression::name;
        assert_eq!(parsed(" int "), Some(name("int")));
        assert_eq!(
            parsed("dict[str, list[int]] | None"),
            Some(
                name("dict")
                    .subscript(Expression::Tuple(vec![
                        name("str"),
                        name("list").subscript(name("int")),
                    ]))
                    .or(Expression::None)
            )
        );
        assert_eq!(
            parsed("collections.abc.Callable[[int, str], tuple[int, ...]]"),
            Some(
                name("collections")
                    .attribute("abc")
                    .attribute("Callable")
                    .subscript(Expression::Tuple(vec![
                        Expression::List(vec![name("int"), name("str")]),
                        name("tuple")
                            .subscript(Expression::Tuple(vec![name("int"), Expression::Ellipsis,])),
                    ]))
            )
        );
        assert_eq!(
            parsed("Literal['a b', -1, True]"),
            Some(name("Literal").subscript(Expression::Tuple(vec![
                Expression::Text("a b".to_owned()),
                Expression::Int("-1".to_owned()),
                Expression::Bool(true),
            ])))
        );
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "", "int int", "list[", "list[int", "1 + 2", "a.", "a |", "'a", "9a", "f(x)",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
