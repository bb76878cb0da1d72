//! How components lie in each other, judged before anything compiles them.
//!
//! Checking and compiling nested components takes time that grows with the square of their depth, so that
//! a megabyte of them would take hours. This follows the headers of sections (Component Model, Binary.md)
//! and nothing else: what is malformed is left to the compiler to say.

/// How deep components may lie in each other.
const MAX_DEPTH: usize = 16;
/// How many components and core modules there may be in one.
const MAX_PARTS: usize = 1_000;

const PREAMBLE_BYTES: usize = 8;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    pub(super) what: &'static str,
    pub(super) maximum: usize,
}

/// Refuses a component that holds too many others.
pub(super) fn check(component: &[u8]) -> Result<(), TooMany> {
    let mut rest = component.get(PREAMBLE_BYTES..).unwrap_or_default();
    // What follows each component that the place is in.
    let mut around: Vec<&[u8]> = Vec::new();
    let mut parts = 0;
    loop {
        let Some((kind, content, after)) = section(rest) else {
            let Some(outer) = around.pop() else {
                return Ok(());
            };
            rest = outer;
            continue;
        };
        parts += usize::from(matches!(kind, CORE_MODULE | COMPONENT));
        if parts > MAX_PARTS {
            return Err(TooMany {
                what: "components and modules",
                maximum: MAX_PARTS,
            });
        }
        rest = after;
        if kind == COMPONENT {
            if around.len() == MAX_DEPTH {
                return Err(TooMany {
                    what: "levels of nested components",
                    maximum: MAX_DEPTH,
                });
            }
            around.push(after);
            rest = content.get(PREAMBLE_BYTES..).unwrap_or_default();
        }
    }
}

/// The kind and the content of the first section, and what follows it; nothing where there is none.
fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, bytes) = bytes.split_first()?;
    let mut length = 0_usize;
    let mut rest = bytes;
    // Five bytes of LEB128 hold 32 bits.
    for group in 0..5_u32 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7f) << (7 * group);
        if byte & 0x80 == 0 {
            let (content, after) = rest.split_at_checked(length)?;
            return Some((*kind, content, after));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn components_lie_in_each_other_so_deep_and_no_deeper() {
        let nested = |depth: usize| {
            let text = format!(
                "{}{}",
                "(component ".repeat(depth + 1),
                ")".repeat(depth + 1)
            );
            check(&wat::parse_str(text).unwrap())
        };
        assert_eq!(nested(0), Ok(()));
        assert_eq!(nested(MAX_DEPTH), Ok(()));
        let refused = nested(MAX_DEPTH + 1).unwrap_err();
        assert_eq!(refused.what, "levels of nested components");
    }

    #[test]
    fn what_lies_beside_each_other_is_counted() {
        let beside = |count: usize| {
            let text = format!("(component {})", "(component (core module))".repeat(count));
            check(&wat::parse_str(text).unwrap())
        };
        assert_eq!(beside(MAX_PARTS / 2), Ok(()));
        assert_eq!(beside(MAX_PARTS / 2 + 1).unwrap_err().maximum, MAX_PARTS);
    }

    #[test]
    fn what_is_malformed_is_left_to_others() {
        for bytes in [
            &b""[..],
            b"\0asm\x0d\0\x01\0\x04\xff\xff\xff\xff\xff\xff",
            b"\0asm\x0d\0\x01\0\x04\x05",
        ] {
            assert_eq!(check(bytes), Ok(()));
        }
    }
}
