//! [`Signature`]: the parameters of a function, as plain data.

/// The parameters of a function.
pub struct Signature {
    /// The class the function is a method of, for messages.
    pub class_name: Option<&'static str>,
    /// The function's Python name, for messages.
    pub function_name: &'static str,
    /// The names of the parameters that may be given by position.
    pub positional_names: &'static [&'static str],
    /// The number of leading positional parameters that are positional-only.
    pub positional_only: usize,
    /// The number of leading positional parameters without a default.
    pub required_positional: usize,
    /// The keyword-only parameters.
    pub keyword_only: &'static [KeywordOnly],
    /// Whether the function takes `*args`.
    pub varargs: bool,
    /// Whether the function takes `**kwargs`.
    pub varkeywords: bool,
}

/// A keyword-only parameter.
pub struct KeywordOnly {
    /// The parameter's name.
    pub name: &'static str,
    /// Whether it has no default.
    pub required: bool,
}

impl Signature {
    /// Returns the number of parameters, with `*args` and `**kwargs` as one each: the length of the
    /// array that [`matching`](super::matching) fills.
    pub const fn parameter_count(&self) -> usize {
        self.positional_names.len()
            + self.keyword_only.len()
            + self.varargs as usize
            + self.varkeywords as usize
    }
}
