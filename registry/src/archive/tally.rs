//! Counts and digests by which two stores are compared.

use std::fmt;

use sandglass_contract::Digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How many records there are, and one SHA-256 digest of what all of them say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The digest of all so far.
    pub digest: Digest,
    order: Order,
}

/// Whether the order of records counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Counts,
    DoesNot,
}

impl Tally {
    /// A tally of nothing yet, whose digest tells of the order of records.
    #[must_use]
    pub const fn of_list() -> Self {
        Self::of(Order::Counts)
    }

    /// A tally of nothing yet, whose digest is the same in whatever order the records come.
    #[must_use]
    pub const fn of_set() -> Self {
        Self::of(Order::DoesNot)
    }

    const fn of(order: Order) -> Self {
        Self {
            count: 0,
            digest: Digest::from_bytes([0; 32]),
            order,
        }
    }

    /// Counts a record in.
    pub fn add(&mut self, value: &Value) {
        let mut text = String::new();
        write_canonical(value, &mut text);
        self.add_bytes(text.as_bytes());
    }

    /// Counts in what stands for a record.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.count += 1;
        self.digest = match self.order {
            Order::Counts => {
                let mut hash = Sha256::new();
                hash.update(self.digest.as_bytes());
                hash.update(bytes);
                Digest::from_bytes(hash.finalize().into())
            }
            Order::DoesNot => sum(self.digest, Digest::of(bytes)),
        };
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} with the digest {}", self.count, self.digest)
    }
}

/// The sum of two digests as numbers, modulo 2^256.
fn sum(one: Digest, other: Digest) -> Digest {
    let mut bytes = *one.as_bytes();
    let mut carry = 0;
    for (byte, other) in bytes.iter_mut().zip(other.as_bytes()).rev() {
        let total = u16::from(*byte) + u16::from(*other) + carry;
        let [high, low] = total.to_be_bytes();
        *byte = low;
        carry = u16::from(high);
    }
    Digest::from_bytes(bytes)
}

/// Writes a value with the members of each object in the order of their names, so that stores that
/// keep them in another order say the same.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in members {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for value in values {
                write_canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tally(mut tally: Tally, values: [&Value; 2]) -> Digest {
        values.iter().for_each(|value| tally.add(value));
        tally.digest
    }

    #[test]
    fn what_says_the_same_has_the_same_digest() {
        let one = json!({"a": 1, "b": [{"c": null, "d": "x"}]});
        let same = json!({"b": [{"d": "x", "c": null}], "a": 1});
        let other = json!({"a": 1.0, "b": [{"c": null, "d": "x"}]});
        let (list, set) = (Tally::of_list(), Tally::of_set());
        for new in [list, set] {
            assert_eq!(tally(new, [&one, &other]), tally(new, [&same, &other]));
            assert_ne!(tally(new, [&one, &one]), tally(new, [&one, &other]));
        }
        assert_ne!(tally(list, [&one, &other]), tally(list, [&other, &one]));
        assert_eq!(tally(set, [&one, &other]), tally(set, [&other, &one]));
    }

    #[test]
    fn a_sum_of_digests_is_carried_over() {
        let mut one = [0; 32];
        one[31] = 1;
        let most = Digest::from_bytes([0xff; 32]);
        let zero = Digest::from_bytes([0; 32]);
        assert_eq!(sum(most, Digest::from_bytes(one)), zero);
    }
}
