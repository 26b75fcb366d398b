//! [`PythonVersionInfo`]: the version of the running Python.

use std::cmp::Ordering;

use crate::interpreter::Python;

/// A Python version, comparable with tuples of two or three numbers.
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let version = py.version_info();
///     assert_eq!(version.major, 3);
///     assert!(version >= (3, 11) && version < (4, 0));
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonVersionInfo {
    /// Major version: the 3 of 3.14.2.
    pub major: u8,
    /// Minor version: the 14 of 3.14.2.
    pub minor: u8,
    /// Patch version: the 2 of 3.14.2.
    pub patch: u8,
    /// The rest after the numbers, such as `rc1` or `+` of a version that is not a release.
    pub suffix: Option<&'static str>,
}

impl PythonVersionInfo {
    /// Returns the version of the running Python.
    pub(crate) fn of_runtime() -> Self {
        let version = Python::version_str();
        let version = version.split_whitespace().next().unwrap_or(version);
        match Self::parse(version) {
            Some(parsed) => parsed,
            None => panic!("Python's version {version:?} is not understood"),
        }
    }

    /// Parses `major.minor[.patch][suffix]`.
    fn parse(text: &'static str) -> Option<Self> {
        let (major, rest) = number(text)?;
        let (minor, mut rest) = number(rest.strip_prefix('.')?)?;
        let mut patch = 0;
        if let Some((value, after)) = rest.strip_prefix('.').and_then(number) {
            (patch, rest) = (value, after);
        }
        Some(Self {
            major,
            minor,
            patch,
            suffix: (!rest.is_empty()).then_some(rest),
        })
    }
}

/// Parses the number that the text begins with; returns it and the rest.
fn number(text: &'static str) -> Option<(u8, &'static str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

impl PartialEq<(u8, u8)> for PythonVersionInfo {
    fn eq(&self, other: &(u8, u8)) -> bool {
        (self.major, self.minor) == *other
    }
}

impl PartialEq<(u8, u8, u8)> for PythonVersionInfo {
    fn eq(&self, other: &(u8, u8, u8)) -> bool {
        (self.major, self.minor, self.patch) == *other
    }
}

impl PartialOrd<(u8, u8)> for PythonVersionInfo {
    fn partial_cmp(&self, other: &(u8, u8)) -> Option<Ordering> {
        Some((self.major, self.minor).cmp(other))
    }
}

impl PartialOrd<(u8, u8, u8)> for PythonVersionInfo {
    fn partial_cmp(&self, other: &(u8, u8, u8)) -> Option<Ordering> {
        Some((self.major, self.minor, self.patch).cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> PythonVersionInfo {
        PythonVersionInfo::parse(text).unwrap()
    }

    #[test]
    fn versions_of_all_forms_are_parsed() {
        assert_eq!(parse("3.14.2"), (3, 14, 2));
        assert_eq!(parse("3.14.2").suffix, None);
        assert_eq!(parse("3.15.0a1+").suffix, Some("a1+"));
        assert_eq!(parse("3.15+"), (3, 15, 0));
        assert_eq!(parse("3.15+").suffix, Some("+"));
        assert_eq!(parse("3.12.1+vendor.7"), (3, 12, 1));
        assert_eq!(parse("3.12.1+vendor.7").suffix, Some("+vendor.7"));
        assert_eq!(PythonVersionInfo::parse("three"), None);
        assert_eq!(PythonVersionInfo::parse("3"), None);
    }

    #[test]
    fn versions_compare_by_their_numbers() {
        let version = parse("3.12.4rc1");
        assert!(version == (3, 12) && version == (3, 12, 4) && version != (3, 12, 5));
        assert!(version > (3, 9) && version < (3, 13));
        assert!(version >= (3, 12));
        assert!(version < (3, 12, 5) && version > (3, 12, 3));
    }

    #[test]
    fn the_running_version_is_that_of_sys() {
        Python::attach(|py| {
            let info = py.version_info();
            let expected = py
                .eval(
                    c"'.'.join(map(str, __import__('sys').version_info[:3]))",
                    None,
                    None,
                )
                .unwrap();
            assert_eq!(
                format!("{}.{}.{}", info.major, info.minor, info.patch),
                expected.to_string()
            );
        });
    }
}
