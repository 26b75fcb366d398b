//! Finds the ends of names, numbers, strings and operators in Python source.
//!
//! Offsets are in bytes. A [`Scanner`] has no state but the source.

use unicode_ident::{is_xid_continue, is_xid_start};

/// The source text.
#[derive(Clone, Copy)]
pub struct Scanner<'a>(pub &'a str);

impl Scanner<'_> {
    /// Returns the byte at `at`; 0 past the end, since a NUL is not valid Python either.
    pub fn byte(&self, at: usize) -> u8 {
        self.0.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// Returns the character at `at`.
    pub fn char(&self, at: usize) -> Option<char> {
        self.0.get(at..)?.chars().next()
    }

    fn skip_while(&self, mut at: usize, accept: impl Fn(u8) -> bool) -> usize {
        while at < self.0.len() && accept(self.byte(at)) {
            at += 1;
        }
        at
    }

    /// Returns the length of the line end at `at`; 0 if there is none.
    pub fn line_end(&self, at: usize) -> usize {
        match (self.byte(at), self.byte(at + 1)) {
            (b'\r', b'\n') => 2,
            (b'\r' | b'\n', _) => 1,
            _ => 0,
        }
    }

    /// Returns the end of the name that starts at `start`; `start` if there is none.
    pub fn name_end(&self, start: usize) -> usize {
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

    /// Returns the end of the digits from `at`, which may have single underscores between them.
    fn digits_end(&self, mut at: usize, digit: impl Fn(u8) -> bool) -> usize {
        while digit(self.byte(at)) || (self.byte(at) == b'_' && digit(self.byte(at + 1))) {
            at += 1;
        }
        at
    }

    /// Returns the end of the number that starts at `at` with a digit, or with a point and a digit.
    pub fn number_end(&self, mut at: usize) -> usize {
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

    /// Returns the end of a string whose opening quotes start at `at`, and whether it is closed.
    pub fn string_end(&self, at: usize, prefix: Prefix) -> (usize, bool) {
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

    /// Returns the end of a literal's text from `at` on, and whether it is closed: after its
    /// closing quotes, or before the `}` if `in_format`, the format specification of an f-string's
    /// field.
    fn literal_end(&self, mut at: usize, literal: Literal, in_format: bool) -> (usize, bool) {
        let Literal {
            quote,
            triple,
            prefix,
        } = literal;
        while at < self.0.len() {
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
                // Possibly inside a character, which is fine: all delimiters are ASCII.
                _ => at += 1,
            }
        }
        (at, false)
    }

    /// Returns the end of an f-string's replacement field whose `{` is before `at`, after its `}`,
    /// and whether it is closed.
    fn field_end(&self, mut at: usize, literal: Literal) -> (usize, bool) {
        let mut depth = 0usize;
        while at < self.0.len() {
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

    /// Returns the end of the comment at `at`.
    pub fn comment_end(&self, at: usize) -> usize {
        self.skip_while(at, |byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// Returns the prefix of a string, if the name from `start` to `end` is one.
    pub fn prefix(&self, start: usize, end: usize) -> Option<Prefix> {
        if !matches!(self.byte(end), b'\'' | b'"') || end - start > 2 {
            return None;
        }
        let mut letters = [0; 2];
        for (letter, byte) in letters.iter_mut().zip(&self.0.as_bytes()[start..end]) {
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

    /// Returns the end of the operator at `at`; `at` if there is none.
    pub fn operator_end(&self, at: usize) -> usize {
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
}

/// The properties of a string's prefix that matter for finding its end.
#[derive(Clone, Copy)]
pub struct Prefix {
    /// Whether it has replacement fields (f, t).
    formatted: bool,
    /// Whether backslashes are literal (r), though one before a quote still keeps it open.
    raw: bool,
}

impl Prefix {
    /// The properties of a string without prefix.
    pub const NONE: Self = Self {
        formatted: false,
        raw: false,
    };
}

/// The opening of a string literal.
#[derive(Clone, Copy)]
struct Literal {
    quote: u8,
    triple: bool,
    prefix: Prefix,
}
