//! A tokeniser of Python source, as Python's own `tokenize` splits it up, but for indentation.
//!
//! It knows nothing of Python objects. It takes any text: what is no Python comes out as
//! [`Kind::Error`] tokens, and every character is in at most one token.

use unicode_ident::{is_xid_continue, is_xid_start};

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An identifier, soft keywords like `match` included.
    Name,
    /// A reserved word.
    Keyword,
    /// A number of any form.
    Number,
    /// A string or bytes literal with its prefix and quotes. An f-string is one token, with the
    /// expressions in it.
    String,
    /// An operator, bracket or other punctuation.
    Operator,
    /// From `#` to the end of the line.
    Comment,
    /// The end of a logical line: none in brackets, after a backslash, or on a line without code.
    Newline,
    /// What is no Python: a stray character, a string without end.
    Error,
}

impl Kind {
    /// All kinds, in the order of their numbers (`kind as usize`).
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

    /// The kind's name for people.
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
    /// What it is.
    pub kind: Kind,
    /// Its part of the source.
    pub text: &'a str,
}

/// The tokens of a source text, in order.
pub struct Tokens<'a> {
    source: &'a str,
    /// Where the next token is looked for: always between characters.
    at: usize,
    /// How many brackets are open.
    depth: usize,
    /// Whether the logical line has a token yet other than a comment.
    in_line: bool,
}

impl<'a> Tokens<'a> {
    /// The tokens of `source`. A byte order mark is passed over.
    pub fn new(source: &'a str) -> Self {
        Self {
            source,
            at: if source.starts_with('\u{feff}') { 3 } else { 0 },
            depth: 0,
            in_line: false,
        }
    }

    /// The byte at `at`; 0 past the end (a NUL in the source is no Python either).
    fn byte(&self, at: usize) -> u8 {
        self.source.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn char(&self, at: usize) -> Option<char> {
        self.source.get(at..)?.chars().next()
    }

    fn skip_while(&self, mut at: usize, accept: impl Fn(u8) -> bool) -> usize {
        while at < self.source.len() && accept(self.byte(at)) {
            at += 1;
        }
        at
    }

    /// The length of the line end at `at`, 0 if there is none.
    fn line_end(&self, at: usize) -> usize {
        match (self.byte(at), self.byte(at + 1)) {
            (b'\r', b'\n') => 2,
            (b'\r' | b'\n', _) => 1,
            _ => 0,
        }
    }

    /// The end of the name that starts at `start`; `start` if none does.
    fn name_end(&self, start: usize) -> usize {
        let mut at = start;
        loop {
            let byte = self.byte(at);
            if byte.is_ascii_alphabetic() || byte == b'_' || (at > start && byte.is_ascii_digit()) {
                at += 1;
                continue;
            }
            if byte < 0x80 {
                return at;
            }
            match self.char(at) {
                Some(c) if is_xid_continue(c) && (at > start || is_xid_start(c)) => {
                    at += c.len_utf8();
                }
                _ => return at,
            }
        }
    }

    /// Digits with single underscores between them, from `at`.
    fn digits_end(&self, mut at: usize, digit: impl Fn(u8) -> bool) -> usize {
        while digit(self.byte(at)) || (self.byte(at) == b'_' && digit(self.byte(at + 1))) {
            at += 1;
        }
        at
    }

    /// The end of the number that starts at `at` with a digit, or with a point and a digit.
    fn number_end(&self, mut at: usize) -> usize {
        if self.byte(at) == b'0' {
            let digit: Option<fn(u8) -> bool> = match self.byte(at + 1) {
                b'x' | b'X' => Some(|byte| byte.is_ascii_hexdigit()),
                b'o' | b'O' => Some(|byte| matches!(byte, b'0'..=b'7')),
                b'b' | b'B' => Some(|byte| matches!(byte, b'0' | b'1')),
                _ => None,
            };
            if let Some(digit) = digit {
                let end = self.digits_end(at + 2, digit);
                return if end > at + 2 { end } else { at + 1 };
            }
        }
        at = self.digits_end(at, |byte| byte.is_ascii_digit());
        if self.byte(at) == b'.' {
            at += 1;
            if self.byte(at).is_ascii_digit() {
                at = self.digits_end(at, |byte| byte.is_ascii_digit());
            }
        }
        if matches!(self.byte(at), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
            if self.byte(at + 1 + sign).is_ascii_digit() {
                at = self.digits_end(at + 1 + sign, |byte| byte.is_ascii_digit());
            }
        }
        if matches!(self.byte(at), b'j' | b'J') {
            at += 1;
        }
        at
    }

    /// The end of a string whose opening quotes start at `at`, and whether it has closing ones.
    fn string_end(&self, at: usize, prefix: Prefix) -> (usize, bool) {
        let quote = self.byte(at);
        let triple = self.byte(at + 1) == quote && self.byte(at + 2) == quote;
        let quotes = if triple { 3 } else { 1 };
        self.literal_end(
            at + quotes,
            Literal {
                quote,
                triple,
                prefix,
            },
            false,
        )
    }

    /// The end of a literal's text from `at` on: after its closing quotes; or, `in_format` of an
    /// f-string's field, before the `}`.
    fn literal_end(&self, mut at: usize, literal: Literal, in_format: bool) -> (usize, bool) {
        let Literal {
            quote,
            triple,
            prefix,
        } = literal;
        while at < self.source.len() {
            match self.byte(at) {
                byte if byte == quote => {
                    if !triple {
                        return (at + 1, true);
                    }
                    if self.byte(at + 1) == quote && self.byte(at + 2) == quote {
                        return (at + 3, true);
                    }
                    at += 1;
                }
                b'\\' if prefix.formatted && matches!(self.byte(at + 1), b'{' | b'}') => at += 1,
                b'\\'
                    if prefix.formatted
                        && !prefix.raw
                        && self.byte(at + 1) == b'N'
                        && self.byte(at + 2) == b'{' =>
                {
                    at = self.skip_while(at + 3, |byte| !matches!(byte, b'}' | b'\n'));
                    at += usize::from(self.byte(at) == b'}');
                }
                b'\\' => {
                    at += 1;
                    let line_end = self.line_end(at);
                    at += match line_end {
                        0 => self.char(at).map_or(0, char::len_utf8),
                        _ => line_end,
                    };
                }
                b'\r' | b'\n' if !triple => return (at, false),
                b'{' if prefix.formatted => {
                    if !in_format && self.byte(at + 1) == b'{' {
                        at += 2;
                        continue;
                    }
                    match self.field_end(at + 1, literal) {
                        (end, true) => at = end,
                        unclosed => return unclosed,
                    }
                }
                b'}' if in_format => return (at, true),
                // Also in the middle of a character: what is looked for is all ASCII.
                _ => at += 1,
            }
        }
        (at, false)
    }

    /// The end of an f-string's replacement field whose `{` is before `at`: after its `}`.
    fn field_end(&self, mut at: usize, literal: Literal) -> (usize, bool) {
        let mut depth = 0usize;
        while at < self.source.len() {
            match self.byte(at) {
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    at += 1;
                }
                b'}' if depth == 0 => return (at + 1, true),
                b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    at += 1;
                }
                b':' if depth == 0 => {
                    // Closing quotes in a format specification leave the field open.
                    let (end, closed) = self.literal_end(at + 1, literal, true);
                    if closed && self.byte(end) == b'}' {
                        return (end + 1, true);
                    }
                    return (end, false);
                }
                b'#' => at = self.comment_end(at),
                b'\'' | b'"' => match self.string_end(at, Prefix::NONE) {
                    (end, true) => at = end,
                    unclosed => return unclosed,
                },
                _ => {
                    let end = self.name_end(at);
                    if let Some(prefix) = self.prefix(at, end) {
                        match self.string_end(end, prefix) {
                            (end, true) => at = end,
                            unclosed => return unclosed,
                        }
                    } else if end > at {
                        at = end;
                    } else {
                        at += self.char(at).map_or(1, char::len_utf8);
                    }
                }
            }
        }
        (at, false)
    }

    fn comment_end(&self, at: usize) -> usize {
        self.skip_while(at, |byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// The prefix of a string, if that is what the name from `start` to `end` is.
    fn prefix(&self, start: usize, end: usize) -> Option<Prefix> {
        if !matches!(self.byte(end), b'\'' | b'"') || end - start > 2 {
            return None;
        }
        let mut letters = [0; 2];
        for (letter, byte) in letters.iter_mut().zip(&self.source.as_bytes()[start..end]) {
            *letter = byte.to_ascii_lowercase();
        }
        let formatted = |raw| Prefix {
            formatted: true,
            raw,
        };
        match &letters[..end - start] {
            b"r" | b"u" | b"b" | b"br" | b"rb" => Some(Prefix::NONE),
            b"f" | b"t" => Some(formatted(false)),
            b"fr" | b"rf" | b"tr" | b"rt" => Some(formatted(true)),
            _ => None,
        }
    }

    /// The end of the operator at `at`; `at` if there is none.
    fn operator_end(&self, at: usize) -> usize {
        let len = match [self.byte(at), self.byte(at + 1), self.byte(at + 2)] {
            [b'*', b'*', b'=']
            | [b'/', b'/', b'=']
            | [b'>', b'>', b'=']
            | [b'<', b'<', b'=']
            | [b'.', b'.', b'.'] => 3,
            [b'*', b'*', _]
            | [b'/', b'/', _]
            | [b'>', b'>', _]
            | [b'<', b'<', _]
            | [b'-', b'>', _]
            | [b'!', b'=', _] => 2,
            [
                b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'@' | b'<' | b'>' | b'='
                | b':',
                b'=',
                _,
            ] => 2,
            [
                b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>'
                | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b':' | b';' | b'.' | b'=',
                ..,
            ] => 1,
            _ => 0,
        };
        at + len
    }

    /// Passes over blanks, joined lines and the ends of lines without code; stops at what is a
    /// token.
    fn skip_blank(&mut self) {
        loop {
            match self.byte(self.at) {
                b' ' | b'\t' | b'\x0c' => self.at += 1,
                b'\\' if self.line_end(self.at + 1) > 0 => {
                    self.at += 1 + self.line_end(self.at + 1);
                }
                b'\r' | b'\n' if self.depth > 0 || !self.in_line => {
                    self.at += self.line_end(self.at);
                }
                _ => return,
            }
        }
    }

    /// The end and kind of the token at `self.at`.
    fn token_end(&self) -> (usize, Kind) {
        let at = self.at;
        let byte = self.byte(at);
        let string = |(end, closed)| (end, if closed { Kind::String } else { Kind::Error });
        match byte {
            b'\r' | b'\n' => (at + self.line_end(at), Kind::Newline),
            b'#' => (self.comment_end(at), Kind::Comment),
            b'\'' | b'"' => string(self.string_end(at, Prefix::NONE)),
            b'0'..=b'9' => (self.number_end(at), Kind::Number),
            b'.' if self.byte(at + 1).is_ascii_digit() => (self.number_end(at), Kind::Number),
            _ => {
                let end = self.name_end(at);
                if end > at {
                    if let Some(prefix) = self.prefix(at, end) {
                        return string(self.string_end(end, prefix));
                    }
                    let keyword = is_keyword(&self.source[at..end]);
                    return (end, if keyword { Kind::Keyword } else { Kind::Name });
                }
                match self.operator_end(at) {
                    end if end > at => (end, Kind::Operator),
                    _ => (at + self.char(at).map_or(1, char::len_utf8), Kind::Error),
                }
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        if self.at >= self.source.len() {
            // The last line has an end, even where the text does not.
            let kind = Kind::Newline;
            return std::mem::take(&mut self.in_line).then_some(Token { kind, text: "" });
        }
        let (end, kind) = self.token_end();
        let text = &self.source[self.at..end];
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

/// What matters of a string's prefix for finding its end.
#[derive(Clone, Copy)]
struct Prefix {
    /// It has replacement fields (f, t).
    formatted: bool,
    /// Its backslashes are no escapes (r), though one still keeps a quote from ending it.
    raw: bool,
}

impl Prefix {
    const NONE: Self = Self {
        formatted: false,
        raw: false,
    };
}

/// How a string literal was opened.
#[derive(Clone, Copy)]
struct Literal {
    quote: u8,
    triple: bool,
    prefix: Prefix,
}

/// Whether a name is one of Python's reserved words (`keyword.kwlist`).
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

/// The number of lines, as an editor counts them: the last one needs no line end.
pub fn count_lines(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut lines = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        lines += u64::from(ends);
    }
    lines + u64::from(!matches!(bytes.last(), None | Some(b'\n' | b'\r')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds and texts, without the newlines.
    fn tokens(source: &str) -> Vec<(Kind, &str)> {
        Tokens::new(source)
            .filter(|token| token.kind != Kind::Newline)
            .map(|token| (token.kind, token.text))
            .collect()
    }

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|(_, text)| text).collect()
    }

    /// The whole source is one token of that kind.
    fn assert_one(kind: Kind, source: &str) {
        assert_eq!(tokens(source), [(kind, source)], "{source}");
    }

    #[test]
    fn names_and_keywords_are_told_apart() {
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
    fn f_strings_are_one_token_with_what_is_in_their_fields() {
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
    fn strings_without_end_are_errors_and_end_with_the_line() {
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
    fn what_is_no_python_is_an_error_and_nothing_panics() {
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
    fn lines_are_counted_whatever_ends_them() {
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
