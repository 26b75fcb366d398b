//! [`Signature`]: the parameters of a function, as plain data.

/// The parameters of a function.
pub struct Signature {
    /// The class the function is a method of, for messages.
    pub class_name: Option<&'static str>,
    /// The function's Python name, for messages.
    pub function_name: &'static str,
    /// The names of the parameters that may be given by position, then of the keyword-only ones,
    /// each after its length in two bytes, little-endian. In one place, since each text of its own
    /// is a relocation.
    pub names: &'static [u8],
    /// The number of parameters that may be given by position.
    pub positional: u16,
    /// The number of leading positional parameters that are positional-only.
    pub positional_only: u16,
    /// The number of leading positional parameters without a default.
    pub required_positional: u16,
    /// Whether the function takes `*args`.
    pub varargs: bool,
    /// Whether the function takes `**kwargs`.
    pub varkeywords: bool,
    /// For each keyword-only parameter, whether it has no default.
    pub keyword_only: &'static [bool],
}

impl Signature {
    /// Returns the number of parameters, with `*args` and `**kwargs` as one each: the length of the
    /// array that [`matching`](super::matching) fills.
    pub const fn parameter_count(&self) -> usize {
        self.positional as usize
            + self.keyword_only.len()
            + self.varargs as usize
            + self.varkeywords as usize
    }

    /// Returns the names of the parameters that may be given by position, then of the keyword-only
    /// ones.
    #[inline]
    pub(super) fn names(&self) -> Names {
        Names(self.names)
    }
}

/// The names of parameters.
#[derive(Clone, Copy)]
pub(super) struct Names(&'static [u8]);

impl Names {
    /// Returns the next name in UTF-8.
    #[inline(always)]
    pub(super) fn next_bytes(&mut self) -> Option<&'static [u8]> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
        self.0 = rest;
        Some(name)
    }
}

impl Iterator for Names {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        self.next_bytes()
            .and_then(|name| std::str::from_utf8(name).ok())
    }
}
