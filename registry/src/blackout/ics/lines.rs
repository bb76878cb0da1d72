//! Content lines (RFC 5545 §3.1): a name, parameters and a value.

use super::IcsError;

/// A content line, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins in the file, the first line being 1.
    pub(super) number: usize,
    /// Its name in upper case.
    pub(super) name: String,
    /// Its parameters, their names in upper case.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) value: String,
}

impl Line {
    pub(super) fn error(&self, reason: impl Into<String>) -> IcsError {
        IcsError::at(self.number, reason)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(it, _)| it == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// The lines of a file. Lines that begin with a blank go on with the one before; that is undone on
/// bytes, since a fold may stand within a character.
pub(super) fn content_lines(bytes: &[u8]) -> Result<Vec<Line>, IcsError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut unfolded: Vec<(usize, Vec<u8>)> = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), unfolded.last_mut()) {
            (Some(b' ' | b'\t'), Some((_, before))) => {
                before.extend(line.iter().skip(1));
            }
            (None, _) => {}
            _ => unfolded.push((number, line.to_vec())),
        }
    }
    let read = |(number, line): (usize, Vec<u8>)| {
        let text = String::from_utf8(line);
        let text = text.map_err(|_| IcsError::at(number, "this is not UTF-8"))?;
        parse(number, &text).ok_or_else(|| {
            IcsError::at(
                number,
                "this is not NAME:value or NAME;PARAMETER=value:value",
            )
        })
    };
    unfolded.into_iter().map(read).collect()
}

/// Text with its escapes undone (RFC 5545 §3.3.11).
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => plain.push(' '),
                Some(escaped) => plain.push(escaped),
                None => {}
            },
            other if other.is_control() => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain.trim().to_owned()
}

fn parse(number: usize, text: &str) -> Option<Line> {
    let end = text.find([';', ':'])?;
    let (name, mut rest) = text.split_at_checked(end)?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    if !is_name(name) {
        return None;
    }
    let mut parameters = Vec::new();
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, after) = parameter.split_once('=')?;
        let end = end_of_parameter(after)?;
        let (value, after) = after.split_at_checked(end)?;
        if !is_name(name) {
            return None;
        }
        parameters.push((name.to_ascii_uppercase(), value.replace('"', "")));
        rest = after;
    }
    Some(Line {
        number,
        name: name.to_ascii_uppercase(),
        parameters,
        value: rest.strip_prefix(':')?.to_owned(),
    })
}

/// Where the value of a parameter ends: at the next `;` or `:` that is not in quotes.
fn end_of_parameter(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices()
        .find(|(_, character)| {
            quoted ^= *character == '"';
            !quoted && matches!(character, ';' | ':')
        })
        .map(|(place, _)| place)
}
