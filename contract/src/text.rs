//! Which characters have no place in a name, a sentence or a record that people read.

/// Whether a character changes how others around it are shown: control characters, and those that turn
/// around the direction of what follows (Unicode Standard Annex #9, §2.1 to §2.3), by which a text shows
/// something else than it says.
#[must_use]
pub fn is_misleading(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_turns_of_direction_mislead() {
        let check =
            |character, expect| assert_eq!(is_misleading(character), expect, "{character:?}");
        check('a', false);
        check('\u{5d0}', false);
        check('\u{200f}', false);
        check('\n', true);
        check('\u{85}', true);
        check('\u{1b}', true);
        check('\u{202e}', true);
        check('\u{2066}', true);
    }
}
