//! Mail addresses, as far as a template judges them; the host judges them again.

/// The longest address (RFC 5321 §4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES: usize = 254;

/// Whether a text is a plain address such as `ops@example.com`: no display name, no quotes, no space,
/// and no `*`, because `*@domain` in a grant means every address of a domain.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character == '-' || character.is_alphanumeric())
    };
    let local_character =
        |character: char| character.is_alphanumeric() || "!#$%&'+-/=?^_`{|}~.".contains(character);
    text.len() <= ADDRESS_BYTES
        && (1..=64).contains(&local.len())
        && local.chars().all(local_character)
        && local.split('.').all(|part| !part.is_empty())
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_accepted() {
        for (text, expected) in [
            ("ops@example.com", true),
            ("first.last+tag@mail.example.co.uk", true),
            ("root@localhost", true),
            ("jürgen@bücher.example", true),
            ("", false),
            ("ops", false),
            ("@example.com", false),
            ("ops@", false),
            ("ops@example..com", false),
            ("ops@-example.com", false),
            (".ops@example.com", false),
            ("a b@example.com", false),
            ("Ops <ops@example.com>", false),
            ("ops@example.com\r\nBcc: x@example.com", false),
            ("a@b@example.com", false),
            ("*@example.com", false),
        ] {
            assert_eq!(is_address(text), expected, "{text}");
        }
    }
}
