//! The value of `rename_all = "…"`: the rule that derives Python names from Rust names.

use syn::LitStr;
use syn::parse::{Parse, ParseStream};

/// A naming convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RenameRule {
    CamelCase,
    KebabCase,
    Lowercase,
    PascalCase,
    ScreamingKebabCase,
    ScreamingSnakeCase,
    SnakeCase,
    Uppercase,
}

const RULES: [(&str, RenameRule); 8] = [
    ("camelCase", RenameRule::CamelCase),
    ("kebab-case", RenameRule::KebabCase),
    ("lowercase", RenameRule::Lowercase),
    ("PascalCase", RenameRule::PascalCase),
    ("SCREAMING-KEBAB-CASE", RenameRule::ScreamingKebabCase),
    ("SCREAMING_SNAKE_CASE", RenameRule::ScreamingSnakeCase),
    ("snake_case", RenameRule::SnakeCase),
    ("UPPERCASE", RenameRule::Uppercase),
];

impl Parse for RenameRule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let literal: LitStr = input.parse()?;
        let value = literal.value();
        match RULES.iter().find(|(name, _)| *name == value) {
            Some((_, rule)) => Ok(*rule),
            None => {
                let names: Vec<_> = RULES.iter().map(|(name, _)| format!("{name:?}")).collect();
                Err(syn::Error::new(
                    literal.span(),
                    format!(
                        "expected a valid renaming rule, possible values are: {}",
                        names.join(", ")
                    ),
                ))
            }
        }
    }
}

impl RenameRule {
    /// Returns the Python name for a Rust name.
    pub(crate) fn apply(self, name: &str) -> String {
        let join = |separator: &str, write: fn(usize, &str) -> String| {
            let words = words(name);
            let written: Vec<_> = words
                .iter()
                .enumerate()
                .map(|(index, word)| write(index, word))
                .collect();
            written.join(separator)
        };
        match self {
            Self::CamelCase => join("", |index, word| match index {
                0 => word.to_lowercase(),
                _ => capitalized(word),
            }),
            Self::KebabCase => join("-", |_, word| word.to_lowercase()),
            Self::Lowercase => name.to_lowercase(),
            Self::PascalCase => join("", |_, word| capitalized(word)),
            Self::ScreamingKebabCase => join("-", |_, word| word.to_uppercase()),
            Self::ScreamingSnakeCase => join("_", |_, word| word.to_uppercase()),
            Self::SnakeCase => join("_", |_, word| word.to_lowercase()),
            Self::Uppercase => name.to_uppercase(),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase()
    })
}

/// Splits a name into words: at underscores, before a capital that follows a lowercase letter or a
/// digit, and before the last of several capitals if a lowercase letter follows (`XMLFile`: `XML`,
/// `File`).
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split('_') {
        let chars: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, &char) in chars.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| chars[before]);
            let after = chars.get(index + 1);
            let starts_word = char.is_uppercase()
                && before.is_some_and(|before| {
                    !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
                });
            if starts_word {
                words.push(std::mem::take(&mut word));
            }
            word.push(char);
        }
        words.push(word);
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_converts_names() {
        for (name, expected) in RULES {
            assert_eq!(
                expected.apply("some_field_2"),
                match name {
                    "camelCase" => "someField2",
                    "kebab-case" => "some-field-2",
                    "lowercase" => "some_field_2",
                    "PascalCase" => "SomeField2",
                    "SCREAMING-KEBAB-CASE" => "SOME-FIELD-2",
                    "SCREAMING_SNAKE_CASE" => "SOME_FIELD_2",
                    "snake_case" => "some_field_2",
                    "UPPERCASE" => "SOME_FIELD_2",
                    other => unreachable!("{other}"),
                }
            );
        }
    }

    #[test]
    fn capitals_start_words() {
        assert_eq!(
            words("XMLHttpRequest2Go"),
            ["XML", "Http", "Request2", "Go"]
        );
        assert_eq!(RenameRule::SnakeCase.apply("SomeVariant"), "some_variant");
        assert_eq!(RenameRule::CamelCase.apply("_private_name"), "privateName");
    }

    #[test]
    fn an_unknown_rule_is_an_error_that_lists_the_known_ones() {
        let error = syn::parse_str::<RenameRule>("\"Camel\"").unwrap_err();
        assert!(error.to_string().contains("\"camelCase\", \"kebab-case\""));
    }
}
