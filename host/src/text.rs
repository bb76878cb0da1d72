//! Text that comes from guests, made fit for records: bounded, and without characters that mislead.

use sandglass_contract::text::is_misleading;

/// The start of `text`, at most `bytes` long, with each misleading character replaced by a space
/// (a line break or an escape sequence in a record can forge lines of it or command a terminal).
pub(crate) fn plain(text: &str, bytes: usize) -> String {
    let kept = text.get(..boundary(text, bytes)).unwrap_or_default();
    let visible = |character: char| {
        if is_misleading(character) {
            ' '
        } else {
            character
        }
    };
    kept.chars().map(visible).collect()
}

/// The largest place of at most `bytes` at which `text` can be cut.
fn boundary(text: &str, bytes: usize) -> usize {
    text.floor_char_boundary(bytes.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, bytes: usize, expect: &str) {
        assert_eq!(plain(text, bytes), expect, "{text:?} {bytes}");
    }

    #[test]
    fn text_is_cut_at_a_character_and_loses_control_characters() {
        check("", 4, "");
        check("abcdef", 4, "abcd");
        check("aéb", 2, "a");
        check("a\u{202e}b", 4, "a ");
        check("\u{1b}[31mred\r\nline\0", 100, " [31mred  line ");
    }
}
