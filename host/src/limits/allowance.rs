//! Everything that is counted as it is used: calls, documents, recipients, artifact bytes.

use std::collections::BTreeMap;

use sandglass_contract::{Limit, Limits};

/// What a run has left of each counted limit.
#[derive(Debug)]
pub(crate) struct Allowance {
    limits: Limits,
    used: BTreeMap<Limit, u64>,
}

/// There is not enough left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit {limit} of {maximum} is used up: {used} are used, {wanted} more were asked for")]
pub(crate) struct UsedUp {
    pub(crate) limit: Limit,
    pub(crate) maximum: u64,
    pub(crate) used: u64,
    pub(crate) wanted: u64,
}

impl Allowance {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            used: BTreeMap::new(),
        }
    }

    /// What is left of a limit.
    pub(crate) fn left(&self, limit: Limit) -> u64 {
        self.limits.get(limit).saturating_sub(self.used(limit))
    }

    /// Whether `wanted` could be taken.
    pub(crate) fn check(&self, limit: Limit, wanted: u64) -> Result<(), UsedUp> {
        if wanted <= self.left(limit) {
            return Ok(());
        }
        Err(UsedUp {
            limit,
            maximum: self.limits.get(limit),
            used: self.used(limit),
            wanted,
        })
    }

    /// Takes `wanted`, or nothing.
    pub(crate) fn take(&mut self, limit: Limit, wanted: u64) -> Result<(), UsedUp> {
        self.check(limit, wanted)?;
        self.add(limit, wanted);
        Ok(())
    }

    /// Records what has been used already, even beyond the limit.
    pub(crate) fn add(&mut self, limit: Limit, used: u64) {
        let so_far = self.used.entry(limit).or_default();
        *so_far = so_far.saturating_add(used);
    }

    fn used(&self, limit: Limit) -> u64 {
        self.used.get(&limit).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use sandglass_contract::LimitSettings;

    use super::*;

    #[test]
    fn what_is_not_there_cannot_be_taken() {
        let mut settings = LimitSettings::default();
        settings.set("mail_recipients", 3).unwrap();
        let mut allowance = Allowance::new(Limits::with(&settings));
        assert_eq!(allowance.take(Limit::MailRecipients, 2), Ok(()));
        let error = allowance.take(Limit::MailRecipients, 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the limit mail_recipients of 3 is used up: 2 are used, 2 more were asked for"
        );
        assert_eq!(allowance.left(Limit::MailRecipients), 1);
        allowance.add(Limit::MailRecipients, 9);
        assert_eq!(allowance.left(Limit::MailRecipients), 0);
    }
}
