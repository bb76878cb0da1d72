//! Texts in a module's code: `«users»` stands for the address and the length of the text `users`.

use std::fmt::Write as _;

/// Where texts begin in memory.
const BEGIN: usize = 8_192;

/// The texts of one module, one after the other in its memory.
pub(crate) struct Texts {
    bytes: Vec<u8>,
}

impl Texts {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Puts bytes into memory, at an address that is a multiple of eight; returns it.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> usize {
        let at = BEGIN + self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        at
    }

    /// The first address behind all texts.
    pub(crate) fn end(&self) -> usize {
        BEGIN + self.bytes.len()
    }

    /// The code with every `«text»` replaced by two constants. `\` and two hexadecimal digits stand for
    /// a byte, as in WebAssembly's own text.
    pub(crate) fn place(&mut self, code: &str) -> String {
        let mut placed = String::new();
        let mut rest = code;
        while let Some((before, after)) = rest.split_once('«') {
            let (text, after) = after.split_once('»').expect("a text has an end");
            let bytes = unescaped(text);
            let at = self.put(&bytes);
            placed.push_str(before);
            write!(placed, "(i32.const {at}) (i32.const {})", bytes.len()).unwrap();
            rest = after;
        }
        placed + rest
    }

    /// The texts as a data segment.
    pub(crate) fn data(&self) -> String {
        let mut data = format!("(data (i32.const {BEGIN}) \"");
        for byte in &self.bytes {
            write!(data, "\\{byte:02x}").unwrap();
        }
        data + "\")"
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'\\' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_addresses_and_lengths() {
        let mut texts = Texts::new();
        let code = texts.place("(call $a «é\\00» «b»)");
        let expect = "(call $a (i32.const 8192) (i32.const 3) (i32.const 8200) (i32.const 1))";
        assert_eq!(code, expect);
        assert_eq!(texts.end(), 8_208);
        assert!(
            texts.data().contains("\\c3\\a9\\00\\00"),
            "{}",
            texts.data()
        );
    }
}
