//! The lines of the audit log as a chain.
//!
//! Each line carries the SHA-256 digest of its own text, its number, and the digest of the line before.
//! Whoever edits, removes or reorders lines must make every later digest anew, and the head of the chain,
//! which is logged with each line and can be kept elsewhere, is another then. A chain is no signature: it
//! does not keep out somebody who writes to the store and whom nobody has ever asked for the head.

use std::{fmt, str::FromStr};

use sandglass_contract::{Digest, OrganisationId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::AuditEntry;

/// What goes before everything else into a digest, so that it is no digest of anything else.
const DOMAIN: &str = "sandglass-audit-1";

/// A line as it is stored and exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditLine {
    /// Its place in the log of its organisation, from 1 without gaps.
    pub number: u64,
    /// The digest of the line before; all zeros in the first line.
    pub previous: Digest,
    /// The digest of this line.
    pub digest: Digest,
    /// What it says: an [`AuditEntry`] in the very text that the digest is of.
    pub entry: Box<RawValue>,
}

/// The last line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditHead {
    /// Its number; 0 of an empty log.
    pub number: u64,
    /// Its digest; all zeros of an empty log.
    pub digest: Digest,
}

/// A text that names no head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a head reads NUMBER:DIGEST, as `sandglass audit verify` prints it")]
pub struct AuditHeadError;

impl AuditHead {
    /// The head of a log without lines.
    pub const EMPTY: Self = Self {
        number: 0,
        digest: Digest::from_bytes([0; 32]),
    };

    /// The line behind this one that says `entry`.
    ///
    /// # Errors
    /// Where the entry cannot be written as JSON.
    pub fn append(&self, entry: &AuditEntry) -> Result<AuditLine, serde_json::Error> {
        let text = serde_json::value::to_raw_value(entry)?;
        let number = self.number.saturating_add(1);
        Ok(AuditLine {
            number,
            previous: self.digest,
            digest: digest(&entry.org, number, &self.digest, text.get()),
            entry: text,
        })
    }
}

impl AuditLine {
    /// The head of a log that ends here.
    #[must_use]
    pub const fn head(&self) -> AuditHead {
        AuditHead {
            number: self.number,
            digest: self.digest,
        }
    }

    /// What it says.
    ///
    /// # Errors
    /// Where the text is no entry.
    pub fn read(&self) -> Result<AuditEntry, serde_json::Error> {
        serde_json::from_str(self.entry.get())
    }

    /// The digest that a line of this text has at this place.
    #[must_use]
    pub fn computed(&self, organisation: &OrganisationId) -> Digest {
        digest(organisation, self.number, &self.previous, self.entry.get())
    }
}

fn digest(organisation: &OrganisationId, number: u64, previous: &Digest, text: &str) -> Digest {
    let whole = format!("{DOMAIN}\n{organisation}\n{number}\n{previous}\n{text}");
    Digest::of(whole.as_bytes())
}

impl PartialEq for AuditLine {
    fn eq(&self, other: &Self) -> bool {
        let parts = |line: &Self| (line.number, line.previous, line.digest);
        parts(self) == parts(other) && self.entry.get() == other.entry.get()
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.number, self.digest)
    }
}

impl FromStr for AuditHead {
    type Err = AuditHeadError;

    fn from_str(text: &str) -> Result<Self, AuditHeadError> {
        let (number, digest) = text.split_once(':').ok_or(AuditHeadError)?;
        Ok(Self {
            number: number.parse().map_err(|_| AuditHeadError)?,
            digest: digest.parse().map_err(|_| AuditHeadError)?,
        })
    }
}
