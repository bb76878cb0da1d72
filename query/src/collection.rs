//! The name of a collection of application data.

use std::{fmt, str::FromStr};

/// The name of a collection: 1 to 120 of the characters `A-Z a-z 0-9 _ . -`, beginning with a
/// letter or `_`, and not beginning with `system.`, which MongoDB keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionName(String);

/// A name that cannot be a collection's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} is not a collection name: 1 to 120 of the characters A-Z a-z 0-9 _ . -, beginning \
     with a letter or _, and not beginning with \"system.\""
)]
pub struct InvalidCollectionName {
    name: String,
}

impl CollectionName {
    /// The longest name, in characters.
    pub const MAX_CHARACTERS: usize = 120;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CollectionName {
    type Err = InvalidCollectionName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let all_allowed = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if begins_well
            && all_allowed
            && name.len() <= Self::MAX_CHARACTERS
            && !name.starts_with("system.")
        {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidCollectionName {
                name: name.chars().take(Self::MAX_CHARACTERS).collect(),
            })
        }
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for CollectionName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_collections() {
        let longest = "a".repeat(120);
        let too_long = "a".repeat(121);
        let table = [
            ("users", true),
            ("_archive.users-2026", true),
            ("U", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("1users", false),
            (".users", false),
            ("-users", false),
            ("system.users", false),
            ("system", true),
            ("users$", false),
            ("$cmd", false),
            ("us ers", false),
            ("users\0", false),
            ("üsers", false),
            ("a/b", false),
        ];
        for (name, expected) in table {
            assert_eq!(name.parse::<CollectionName>().is_ok(), expected, "{name:?}");
        }
    }
}
