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

/// Splits a name into words as the crate heck does, which PyO3 uses: at characters that are neither
/// letters nor digits, before a capital that follows a lowercase letter, and before the last of
/// several capitals if a lowercase letter follows (`XMLFile`: `XML`, `File`). Digits do not count:
/// `Foo8Bar` has two words, `R8G8B8` one.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split(|char: char| !char.is_alphanumeric()) {
        let mut word = String::new();
        let mut last_letter: Option<char> = None;
        let mut chars = part.chars().peekable();
        while let Some(char) = chars.next() {
            let starts_word = char.is_uppercase()
                && last_letter.is_some_and(|last| {
                    last.is_lowercase() || chars.peek().is_some_and(|next| next.is_lowercase())
                });
            if starts_word {
                words.push(std::mem::take(&mut word));
            }
            if char.is_uppercase() || char.is_lowercase() {
                last_letter = Some(char);
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
    fn the_rules_split_names_as_heck_does() {
        // The results of heck 0.5, in the order of `RULES`.
        let names = [
            (
                "TwoWords",
                "twoWords two-words twowords TwoWords TWO-WORDS TWO_WORDS two_words TWOWORDS",
            ),
            (
                "Foo8Bar",
                "foo8Bar foo8-bar foo8bar Foo8Bar FOO8-BAR FOO8_BAR foo8_bar FOO8BAR",
            ),
            (
                "R8G8B8",
                "r8g8b8 r8g8b8 r8g8b8 R8g8b8 R8G8B8 R8G8B8 r8g8b8 R8G8B8",
            ),
            ("A2B", "a2b a2b a2b A2b A2B A2B a2b A2B"),
            (
                "X509V3",
                "x509v3 x509v3 x509v3 X509v3 X509V3 X509V3 x509v3 X509V3",
            ),
            ("A2Bc", "a2Bc a2-bc a2bc A2Bc A2-BC A2_BC a2_bc A2BC"),
            (
                "XMLAt2D",
                "xmlAt2D xml-at2-d xmlat2d XmlAt2D XML-AT2-D XML_AT2_D xml_at2_d XMLAT2D",
            ),
            (
                "foo2bar",
                "foo2bar foo2bar foo2bar Foo2bar FOO2BAR FOO2BAR foo2bar FOO2BAR",
            ),
            (
                "point2D",
                "point2D point2-d point2d Point2D POINT2-D POINT2_D point2_d POINT2D",
            ),
            (
                "_a__name_",
                "aName a-name _a__name_ AName A-NAME A_NAME a_name _A__NAME_",
            ),
            ("HTTP2", "http2 http2 http2 Http2 HTTP2 HTTP2 http2 HTTP2"),
            (
                "ABc1D",
                "aBc1D a-bc1-d abc1d ABc1D A-BC1-D A_BC1_D a_bc1_d ABC1D",
            ),
            (
                "x1Y2z",
                "x1Y2z x1-y2z x1y2z X1Y2z X1-Y2Z X1_Y2Z x1_y2z X1Y2Z",
            ),
            (
                "É1Été",
                "é1Été é1-été é1été É1Été É1-ÉTÉ É1_ÉTÉ é1_été É1ÉTÉ",
            ),
        ];
        for (name, expected) in names {
            let renamed = RULES.map(|(_, rule)| rule.apply(name));
            assert_eq!(renamed.join(" "), expected, "{name}");
        }
    }

    #[test]
    fn an_unknown_rule_is_an_error_that_lists_the_known_ones() {
        let error = syn::parse_str::<RenameRule>("\"Camel\"").unwrap_err();
        assert!(error.to_string().contains("\"camelCase\", \"kebab-case\""));
    }
}
