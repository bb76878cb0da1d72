//! The bytes of arguments and answers that the journal's digests are made of.
//!
//! Every value is written so that no two different ones give the same bytes: a tag, then numbers as 8
//! bytes, little-endian, and texts and lists with their length before them. A replay that reads the
//! journal computes the same digests.

use sandglass_contract::Digest;
use sha2::{Digest as _, Sha256};
use wasmtime::component::Resource;

use crate::bindings::sandglass::job::{
    artifacts::ArtifactRef,
    control::Budget,
    database::{FindOptions, UpdateResult},
    email::{Message, Receipt},
    http::{Request, Response},
    types::Error,
};

/// A value that a digest can be made of.
pub(crate) trait Canonical: Sync {
    /// Writes the value.
    fn write(&self, into: &mut Sha256);
}

/// The digest of a call: the name of the function and its arguments.
pub(crate) fn digest_of_call(
    interface: &str,
    function: &str,
    arguments: &[&dyn Canonical],
) -> Digest {
    let mut sha256 = Sha256::new();
    interface.write(&mut sha256);
    function.write(&mut sha256);
    for argument in arguments {
        argument.write(&mut sha256);
    }
    Digest::from_bytes(sha256.finalize().into())
}

/// The digest of one value.
pub(crate) fn digest_of(value: &dyn Canonical) -> Digest {
    let mut sha256 = Sha256::new();
    value.write(&mut sha256);
    Digest::from_bytes(sha256.finalize().into())
}

fn length(sha256: &mut Sha256, tag: u8, length: usize) {
    sha256.update([tag]);
    sha256.update(u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
}

impl<T: Canonical + ?Sized> Canonical for &T {
    fn write(&self, into: &mut Sha256) {
        (**self).write(into);
    }
}

/// A handle is a number that the guest's own calls determine; that there is one is all that counts.
impl<T: 'static> Canonical for Resource<T> {
    fn write(&self, into: &mut Sha256) {
        into.update(b"h");
    }
}

impl Canonical for () {
    fn write(&self, into: &mut Sha256) {
        into.update(b"_");
    }
}

impl Canonical for bool {
    fn write(&self, into: &mut Sha256) {
        into.update(if *self { b"t" } else { b"f" });
    }
}

impl Canonical for u64 {
    fn write(&self, into: &mut Sha256) {
        into.update(b"u");
        into.update(self.to_le_bytes());
    }
}

impl Canonical for i64 {
    fn write(&self, into: &mut Sha256) {
        into.update(b"i");
        into.update(self.to_le_bytes());
    }
}

impl Canonical for str {
    fn write(&self, into: &mut Sha256) {
        length(into, b's', self.len());
        into.update(self.as_bytes());
    }
}

impl Canonical for String {
    fn write(&self, into: &mut Sha256) {
        self.as_str().write(into);
    }
}

impl Canonical for Vec<u8> {
    fn write(&self, into: &mut Sha256) {
        length(into, b'b', self.len());
        into.update(self);
    }
}

impl Canonical for Vec<String> {
    fn write(&self, into: &mut Sha256) {
        length(into, b'l', self.len());
        for item in self {
            item.write(into);
        }
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, into: &mut Sha256) {
        match self {
            None => into.update(b"n"),
            Some(value) => {
                into.update(b"p");
                value.write(into);
            }
        }
    }
}

impl<T: Canonical> Canonical for Result<T, Error> {
    fn write(&self, into: &mut Sha256) {
        match self {
            Ok(value) => {
                into.update(b"o");
                value.write(into);
            }
            Err(error) => {
                into.update(b"e");
                error.write(into);
            }
        }
    }
}

impl Canonical for Error {
    fn write(&self, into: &mut Sha256) {
        let (case, text) = match self {
            Self::AccessDenied => ("access-denied", None),
            Self::InvalidArgument(text) => ("invalid-argument", Some(text)),
            Self::LimitExceeded(text) => ("limit-exceeded", Some(text)),
            Self::Unavailable(text) => ("unavailable", Some(text)),
            Self::Other(text) => ("other", Some(text)),
        };
        case.write(into);
        text.cloned().write(into);
    }
}

impl Canonical for FindOptions {
    fn write(&self, into: &mut Sha256) {
        self.sort.write(into);
        self.projection.write(into);
        self.skip.write(into);
        self.limit.write(into);
    }
}

impl Canonical for UpdateResult {
    fn write(&self, into: &mut Sha256) {
        self.matched.write(into);
        self.modified.write(into);
    }
}

impl Canonical for Message {
    fn write(&self, into: &mut Sha256) {
        for list in [&self.to, &self.cc, &self.bcc, &self.attachments] {
            list.write(into);
        }
        for text in [&self.reply_to, &self.text, &self.html] {
            text.write(into);
        }
        self.subject.write(into);
    }
}

impl Canonical for Receipt {
    fn write(&self, into: &mut Sha256) {
        self.message_id.write(into);
        u64::from(self.accepted).write(into);
    }
}

impl Canonical for Vec<(String, String)> {
    fn write(&self, into: &mut Sha256) {
        length(into, b'l', self.len());
        for (name, value) in self {
            name.write(into);
            value.write(into);
        }
    }
}

impl Canonical for Request {
    fn write(&self, into: &mut Sha256) {
        self.method.write(into);
        self.url.write(into);
        self.headers.write(into);
        self.body.write(into);
    }
}

impl Canonical for Response {
    fn write(&self, into: &mut Sha256) {
        u64::from(self.status).write(into);
        self.headers.write(into);
        self.body.write(into);
    }
}

impl Canonical for ArtifactRef {
    fn write(&self, into: &mut Sha256) {
        self.id.write(into);
        self.name.write(into);
        self.size.write(into);
        self.sha256.write(into);
    }
}

impl Canonical for Budget {
    fn write(&self, into: &mut Sha256) {
        self.fuel.write(into);
        self.milliseconds.write(into);
        self.memory_bytes.write(into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_calls_have_different_digests() {
        let none: Option<u64> = None;
        let (a, b, ab) = ("a".to_owned(), "b".to_owned(), "ab".to_owned());
        let calls = [
            digest_of_call("database", "count", &[&a, &b]),
            digest_of_call("database", "count", &[&b, &a]),
            digest_of_call("database", "count", &[&ab]),
            digest_of_call("database", "count", &[&a]),
            digest_of_call("database", "find", &[&a, &b]),
            digest_of_call("database", "count", &[&a, &none]),
            digest_of_call("database", "count", &[&a, &Some(0_u64)]),
            digest_of_call("database", "count", &[&vec![a.clone(), b.clone()]]),
            digest_of_call("database", "count", &[&vec![ab.clone()]]),
        ];
        for (index, first) in calls.iter().enumerate() {
            for second in calls.iter().skip(index + 1) {
                assert_ne!(first, second);
            }
        }
        assert_eq!(digest_of(&a), digest_of(&"a".to_owned()));
    }
}
