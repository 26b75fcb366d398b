//! A tokenizer of Python source that splits it as Python's own `tokenize` does, except for
//! indentation.
//!
//! It works without Python objects and accepts any text: invalid Python yields [`Kind::Error`]
//! tokens, and every character is in at most one token.

use crate::scan::{Prefix, Scanner};

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An identifier, including soft keywords such as `match`.
    Name,
    /// A reserved word.
    Keyword,
    /// A number of any form.
    Number,
    /// A string or bytes literal with its prefix and quotes. An f-string is one token, including
    /// its expressions.
    String,
    /// An operator, bracket or other punctuation.
    Operator,
    /// From `#` to the end of the line.
    Comment,
    /// The end of a logical line: not in brackets, after a backslash, or on a line without code.
    Newline,
    /// Invalid Python: a stray character, an unterminated string.
    Error,
}

impl Kind {
    /// All kinds, in the order of their discriminants (`kind as usize`).
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Keyword,
        Self::Number,
        Self::String,
        Self::Operator,
        Self::Comment,
        Self::Newline,
        Self::Error,
    ];

    /// Returns the kind's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Keyword => "keyword",
            Self::Number => "number",
            Self::String => "string",
            Self::Operator => "operator",
            Self::Comment => "comment",
            Self::Newline => "newline",
            Self::Error => "error",
        }
    }
}

/// A token and its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token<'a> {
    /// The kind.
    pub kind: Kind,
    /// The token's part of the source.
    pub text: &'a str,
}

/// The tokens of a source text, in order.
pub struct Tokens<'a> {
    scanner: Scanner<'a>,
    /// The offset of the next token or blank: a character boundary.
    at: usize,
    /// The number of open brackets.
    depth: usize,
    /// Whether the logical line has a token other than a comment.
    in_line: bool,
}

impl<'a> Tokens<'a> {
    /// Creates an iterator over the tokens of `source`. A byte order mark is skipped.
    pub fn new(source: &'a str) -> Self {
        Self {
            scanner: Scanner(source),
            at: if source.starts_with('\u{feff}') { 3 } else { 0 },
            depth: 0,
            in_line: false,
        }
    }

    /// Skips blanks, joined lines and the ends of lines without code, up to the next token.
    fn skip_blank(&mut self) {
        let scanner = self.scanner;
        loop {
            match scanner.byte(self.at) {
                b' ' | b'\t' | b'\x0c' => self.at += 1,
                b'\\' if scanner.line_end(self.at + 1) > 0 => {
                    self.at += 1 + scanner.line_end(self.at + 1);
                }
                b'\r' | b'\n' if self.depth > 0 || !self.in_line => {
                    self.at += scanner.line_end(self.at);
                }
                _ => return,
            }
        }
    }

    /// Returns the end and the kind of the token at `self.at`.
    fn token_end(&self) -> (usize, Kind) {
        let (scanner, at) = (self.scanner, self.at);
        let byte = scanner.byte(at);
        let string = |(end, closed)| (end, if closed { Kind::String } else { Kind::Error });
        match byte {
            b'\r' | b'\n' => (at + scanner.line_end(at), Kind::Newline),
            b'#' => (scanner.comment_end(at), Kind::Comment),
            b'\'' | b'"' => string(scanner.string_end(at, Prefix::NONE)),
            b'0'..=b'9' => (scanner.number_end(at), Kind::Number),
            b'.' if scanner.byte(at + 1).is_ascii_digit() => (scanner.number_end(at), Kind::Number),
            _ => {
                let end = scanner.name_end(at);
                if end > at {
                    if let Some(prefix) = scanner.prefix(at, end) {
                        return string(scanner.string_end(end, prefix));
                    }
                    let keyword = is_keyword(&scanner.0[at..end]);
                    return (end, if keyword { Kind::Keyword } else { Kind::Name });
                }
                match scanner.operator_end(at) {
                    end if end > at => (end, Kind::Operator),
                    _ => (at + scanner.char(at).map_or(1, char::len_utf8), Kind::Error),
                }
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        if self.at >= self.scanner.0.len() {
            // The last line ends with the text, even without a line end.
            let kind = Kind::Newline;
            return std::mem::take(&mut self.in_line).then_some(Token { kind, text: "" });
        }
        let (end, kind) = self.token_end();
        let text = &self.scanner.0[self.at..end];
        self.at = end;
        match (kind, text) {
            (Kind::Operator, "(" | "[" | "{") => self.depth += 1,
            (Kind::Operator, ")" | "]" | "}") => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        match kind {
            Kind::Newline => self.in_line = false,
            Kind::Comment => {}
            _ => self.in_line = true,
        }
        Some(Token { kind, text })
    }
}

/// Returns whether a name is one of Python's reserved words (`keyword.kwlist`).
fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "False"
            | "None"
            | "True"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}

/// Returns the number of lines, as an editor counts them: the last one needs no line end.
pub fn count_lines(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut lines = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
        lines += u64::from(ends);
    }
    lines + u64::from(!matches!(bytes.last(), None | Some(b'\n' | b'\r')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the kinds and texts of all tokens but newlines.
    fn tokens(source: &str) -> Vec<(Kind, &str)> {
        Tokens::new(source)
            .filter(|token| token.kind != Kind::Newline)
            .map(|token| (token.kind, token.text))
            .collect()
    }

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|(_, text)| text).collect()
    }

    /// Asserts that the whole source is one token of this kind.
    fn assert_one(kind: Kind, source: &str) {
        assert_eq!(tokens(source), [(kind, source)], "{source}");
    }

    #[test]
    fn names_and_keywords_are_distinguished() {
        assert_eq!(
            tokens("if match is not ñandú_1"),
            [
                (Kind::Keyword, "if"),
                (Kind::Name, "match"),
                (Kind::Keyword, "is"),
                (Kind::Keyword, "not"),
                (Kind::Name, "ñandú_1"),
            ]
        );
    }

    #[test]
    fn numbers_of_every_form_are_one_token() {
        for number in [
            "0",
            "00",
            "1_000",
            "0xFf_0",
            "0o17",
            "0b1_0",
            "1.",
            "1.5",
            ".5",
            "1e5",
            "1.e-5",
            "1_0.0_1E+1_0",
            "3j",
            "1.5J",
            "1e3j",
        ] {
            assert_one(Kind::Number, number);
        }
    }

    #[test]
    fn a_number_ends_where_a_word_begins() {
        assert_eq!(
            texts("1if 1else 0xfor 1_a"),
            ["1", "if", "1", "else", "0xf", "or", "1", "_a"]
        );
        assert_eq!(
            texts("1..real 1.__add__"),
            ["1.", ".", "real", "1.", "__add__"]
        );
    }

    #[test]
    fn strings_with_any_prefix_and_quotes_are_one_token() {
        for string in [
            "''",
            "\"a\"",
            "'\\''",
            "r'\\''",
            "b''",
            "Rb'x'",
            "bR\"\\\"\"",
            "u'ü'",
            "''''''",
            "'''a'b''c\n\"\"\"'''",
            "\"\"\"\\\"\"\"\"",
            "'a\\\nb'",
            "'a\\\r\nb'",
        ] {
            assert_one(Kind::String, string);
        }
        assert_eq!(texts("x'a'"), ["x", "'a'"]);
        assert_eq!(texts("'a''b'"), ["'a'", "'b'"]);
    }

    #[test]
    fn f_strings_are_one_token_with_their_fields() {
        for string in [
            "f'{a}'",
            "f'{{ {a!r:>{width}} }}'",
            "f'{a['b']}'",
            "f'{f'{'x'}'}'",
            "rf'\\{a}'",
            "f'\\{a['b']}'",
            "f'\\N{BULLET} {a}'",
            "f'{(lambda x: x)(1)}'",
            "f'{a if b else {1: 2}[1]:,}'",
            "f'{a # }\n}'",
            "f'''{\n'x'\n}'''",
            "F\"{x:%H:%M}\"",
            "t'{a=}'",
            "f'{x:{'>'}{10}}'",
        ] {
            assert_one(Kind::String, string);
        }
    }

    #[test]
    fn unterminated_strings_are_errors_and_end_with_the_line() {
        assert_eq!(
            tokens("'abc\nx"),
            [(Kind::Error, "'abc"), (Kind::Name, "x")]
        );
        assert_eq!(tokens("'''abc\nx"), [(Kind::Error, "'''abc\nx")]);
        assert_eq!(tokens("f'{a"), [(Kind::Error, "f'{a")]);
    }

    #[test]
    fn operators_are_as_long_as_they_can_be() {
        assert_eq!(
            texts("a**=b//c->d:=e...f!=g<<=h@i;j"),
            [
                "a", "**=", "b", "//", "c", "->", "d", ":=", "e", "...", "f", "!=", "g", "<<=",
                "h", "@", "i", ";", "j"
            ]
        );
    }

    #[test]
    fn newlines_end_logical_lines_only() {
        let count = |source| {
            Tokens::new(source)
                .filter(|token| token.kind == Kind::Newline)
                .count()
        };
        assert_eq!(count(""), 0);
        assert_eq!(count("a"), 1);
        assert_eq!(count("a\n"), 1);
        assert_eq!(count("\n\n# c\n  a # d\r\n\nb\r"), 2);
        assert_eq!(count("a = (1,\n# c\n2)\nb = \\\n3\n"), 2);
    }

    #[test]
    fn invalid_python_is_an_error_and_nothing_panics() {
        assert_eq!(
            tokens("a ? $ é€"),
            [
                (Kind::Name, "a"),
                (Kind::Error, "?"),
                (Kind::Error, "$"),
                (Kind::Name, "é"),
                (Kind::Error, "€"),
            ]
        );
        for source in [
            "\0",
            "\\",
            "'\\",
            "f'{",
            "f'{:",
            "f'\\N{",
            "))",
            "0x",
            "f'{a:\n}'",
            "€",
        ] {
            assert!(tokens(source).len() <= source.len());
        }
    }

    #[test]
    fn lines_are_counted_with_any_line_end() {
        for (text, lines) in [
            ("", 0),
            ("a", 1),
            ("a\n", 1),
            ("a\r\nb", 2),
            ("\r\n\r\n", 2),
            ("a\rb\r", 2),
        ] {
            assert_eq!(count_lines(text), lines, "{text:?}");
        }
    }
}
