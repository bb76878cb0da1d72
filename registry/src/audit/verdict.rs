//! Reading a log again from its first line, and saying what is wrong with it.

use sandglass_contract::OrganisationId;
use serde::Serialize;
use utoipa::ToSchema;

use super::chain::{AuditHead, AuditLine};

/// How many faults are told; the rest are counted.
const TOLD: usize = 100;

/// Something that shows that a log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum AuditFault {
    /// The text, the number or the digest of a line is not what was written.
    #[error("line {number} was edited")]
    Edited {
        /// The line.
        number: u64,
    },
    /// A line does not name the digest of the one before it.
    #[error("line {number} does not follow the line before it")]
    Unlinked {
        /// The line.
        number: u64,
    },
    /// Lines are missing.
    #[error("lines {first} to {last} are missing")]
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A line stands behind one with a higher number.
    #[error("line {number} stands in the wrong place")]
    Misplaced {
        /// The line.
        number: u64,
    },
    /// What the log is searched by is not what the line says.
    #[error("line {number} is found under other words than it says")]
    Hidden {
        /// The line.
        number: u64,
    },
    /// The log is kept to end with another line than it does.
    #[error("the log ends with line {found}, and its head is kept as {kept}")]
    HeadDiffers {
        /// How it ends.
        #[schema(value_type = String)]
        #[serde(serialize_with = "as_text")]
        found: AuditHead,
        /// How it should end.
        #[schema(value_type = String)]
        #[serde(serialize_with = "as_text")]
        kept: AuditHead,
    },
    /// A line that somebody remembers is not there as it was.
    #[error("there is no line {remembered} any more")]
    Forgotten {
        /// The head of the log at another time.
        #[schema(value_type = String)]
        #[serde(serialize_with = "as_text")]
        remembered: AuditHead,
    },
}

fn as_text<S: serde::Serializer>(head: &AuditHead, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(head)
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditVerdict {
    /// Whose log it is.
    pub org: OrganisationId,
    /// How many lines were read.
    pub lines: u64,
    /// How the log ends, as `NUMBER:DIGEST`. Kept elsewhere, it shows later that nothing was taken away.
    #[schema(value_type = String)]
    #[serde(serialize_with = "as_text")]
    pub head: AuditHead,
    /// What is wrong, at most 100 of it; empty where nothing is.
    pub faults: Vec<AuditFault>,
    /// How many faults there are in all.
    pub fault_count: u64,
}

impl AuditVerdict {
    /// Whether the log is what was written.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.fault_count == 0
    }
}

/// Reads the lines of a log one after the other.
#[derive(Debug)]
pub struct Verifier {
    verdict: AuditVerdict,
    remembered: Option<AuditHead>,
}

impl Verifier {
    /// Begins with the log of an organisation. A `remembered` head must be one of its lines.
    #[must_use]
    pub const fn new(org: OrganisationId, remembered: Option<AuditHead>) -> Self {
        Self {
            verdict: AuditVerdict {
                org,
                lines: 0,
                head: AuditHead::EMPTY,
                faults: Vec::new(),
                fault_count: 0,
            },
            remembered,
        }
    }

    /// Reads the next line.
    pub fn read(&mut self, line: &AuditLine) {
        let (before, number) = (self.verdict.head, line.number);
        self.verdict.lines += 1;
        if number <= before.number {
            self.note(AuditFault::Misplaced { number });
        } else if number > before.number + 1 {
            self.note(AuditFault::Missing {
                first: before.number + 1,
                last: number - 1,
            });
        } else if line.previous != before.digest {
            self.note(AuditFault::Unlinked { number });
        }
        let is_of_org = line.read().is_ok_and(|it| it.org == self.verdict.org);
        if !is_of_org || line.computed(&self.verdict.org) != line.digest {
            self.note(AuditFault::Edited { number });
        }
        if self.remembered == Some(line.head()) {
            self.remembered = None;
        }
        self.verdict.head = line.head();
    }

    /// Notes that a store would not find the line under what it says.
    pub fn note_hidden(&mut self, number: u64) {
        self.note(AuditFault::Hidden { number });
    }

    /// What was found, where the store keeps the head as `kept`; an export keeps none.
    #[must_use]
    pub fn finish(mut self, kept: Option<AuditHead>) -> AuditVerdict {
        let found = self.verdict.head;
        if let Some(kept) = kept.filter(|kept| *kept != found) {
            self.note(AuditFault::HeadDiffers { found, kept });
        }
        if let Some(remembered) = self.remembered.filter(|it| *it != AuditHead::EMPTY) {
            self.note(AuditFault::Forgotten { remembered });
        }
        self.verdict
    }

    fn note(&mut self, fault: AuditFault) {
        self.verdict.fault_count += 1;
        if self.verdict.faults.len() < TOLD {
            self.verdict.faults.push(fault);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests may panic"
    )]

    use sandglass_contract::Digest;
    use serde_json::{json, value::to_raw_value};

    use super::*;
    use crate::audit::{Actor, AuditAction, AuditEntry};

    fn log(lines: u64) -> Vec<AuditLine> {
        let mut head = AuditHead::EMPTY;
        let line = |number| {
            let entry = AuditEntry {
                org: OrganisationId::default(),
                at: jiff::Timestamp::UNIX_EPOCH,
                by: Actor::system().user,
                token: None,
                from: None,
                action: AuditAction::JobRun,
                target: format!("job_{number}"),
                reason: None,
                detail: json!({"ü": 1.0}),
            };
            let line = head.append(&entry).unwrap();
            head = line.head();
            line
        };
        (1..=lines).map(line).collect()
    }

    fn check(change: impl FnOnce(&mut Vec<AuditLine>), expect: &[AuditFault]) {
        let mut lines = log(5);
        let kept = lines[4].head();
        change(&mut lines);
        let mut verifier = Verifier::new(OrganisationId::default(), Some(kept));
        lines.iter().for_each(|line| verifier.read(line));
        assert_eq!(verifier.finish(Some(kept)).faults, expect);
    }

    #[test]
    fn a_log_that_nobody_touched_is_sound() {
        check(|_| {}, &[]);
        let empty = Verifier::new(OrganisationId::default(), None);
        assert!(empty.finish(Some(AuditHead::EMPTY)).is_sound());
    }

    #[test]
    fn every_edit_removal_and_reordering_is_found() {
        use AuditFault as F;
        let head = log(5)[4].head();
        check(
            |lines| {
                let text = lines[2].entry.get().replace("job_3", "job_9");
                lines[2].entry = serde_json::from_str(&text).unwrap();
            },
            &[F::Edited { number: 3 }],
        );
        // Whoever makes the digest of an edited line anew breaks the line behind it.
        check(
            |lines| {
                lines[2].entry = to_raw_value(&json!({"org": "default"})).unwrap();
                lines[2].digest = lines[2].computed(&OrganisationId::default());
            },
            &[F::Edited { number: 3 }, F::Unlinked { number: 4 }],
        );
        check(
            |lines| drop(lines.remove(1)),
            &[F::Missing { first: 2, last: 2 }],
        );
        check(
            |lines| lines.swap(1, 2),
            &[
                F::Missing { first: 2, last: 2 },
                F::Misplaced { number: 2 },
                F::Missing { first: 3, last: 3 },
            ],
        );
        check(
            |lines| lines.truncate(4),
            &[
                F::HeadDiffers {
                    found: log(4)[3].head(),
                    kept: head,
                },
                F::Forgotten { remembered: head },
            ],
        );
        check(
            |lines| lines[4].digest = Digest::of(b"another"),
            &[
                F::Edited { number: 5 },
                F::HeadDiffers {
                    found: AuditHead {
                        number: 5,
                        digest: Digest::of(b"another"),
                    },
                    kept: head,
                },
                F::Forgotten { remembered: head },
            ],
        );
    }

    #[test]
    fn a_head_is_written_and_read() {
        let head = log(2)[1].head();
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in ["", "2", "2:", "x:00", ":"] {
            assert!(text.parse::<AuditHead>().is_err(), "{text:?}");
        }
    }
}
