//! The ways in which a text is written inside other texts.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::Value;

/// The shortest writing that is looked for, in bytes: what is shorter stands in any text.
const SHORTEST: usize = 6;

/// Every writing of `text`.
pub(super) fn of(text: &str) -> Vec<Vec<u8>> {
    let mut writings = vec![text.as_bytes().to_vec()];
    let json = in_quotes(text);
    let escaped = json.replace('/', "\\/");
    writings.extend([ascii(&json), ascii(&escaped), json, escaped].map(String::into_bytes));
    let (upper, lower) = (percent(text, upper_case), percent(text, lower_case));
    let form = upper.replace("%20", "+");
    writings.extend([upper, lower, form].map(String::into_bytes));
    let hexadecimal = hex::encode(text);
    writings.push(hexadecimal.to_ascii_uppercase().into_bytes());
    writings.push(hexadecimal.into_bytes());
    for before in 0..3 {
        writings.push(base64_within(text, before, |it| STANDARD_NO_PAD.encode(it)));
        writings.push(base64_within(text, before, |it| URL_SAFE_NO_PAD.encode(it)));
    }
    writings.retain(|writing| writing.len() >= SHORTEST);
    writings
}

/// As inside a JSON string.
fn in_quotes(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}

/// With what is not ASCII as `\uXXXX`, in UTF-16 (RFC 8259 §7).
fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let mut written = String::with_capacity(json.len());
    for character in json.chars() {
        match character.is_ascii() {
            true => written.push(character),
            false => character
                .encode_utf16(&mut units)
                .iter()
                .for_each(|unit| written.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    written
}

fn upper_case(byte: u8) -> String {
    format!("%{byte:02X}")
}

fn lower_case(byte: u8) -> String {
    format!("%{byte:02x}")
}

/// With every byte escaped that is not unreserved (RFC 3986 §2.3).
fn percent(text: &str, escape: fn(u8) -> String) -> String {
    let written = |byte: u8| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        true => char::from(byte).to_string(),
        false => escape(byte),
    };
    text.bytes().map(written).collect()
}

/// What is the same in the Base64 of any text that holds `text` behind a number of bytes that leaves
/// the remainder `before` when divided by three: the digits that only bytes of `text` decide.
fn base64_within(text: &str, before: usize, encode: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text.as_bytes());
    let digits = encode(&bytes).into_bytes();
    let first = [0, 2, 3].get(before).copied().unwrap_or_default();
    let undecided = usize::from(!bytes.len().is_multiple_of(3));
    let last = digits.len().saturating_sub(undecided);
    digits.get(first..last).unwrap_or_default().to_vec()
}
