//! What a grant must stay within beside the ceiling of its template version: the policy, and what the one
//! who saves it may do.
//!
//! A change that lets a job touch nothing more is not refused for what the policy has come to forbid since
//! the job was saved: it would keep people from switching the job off. The runs of such a job do not
//! begin, and a preview says so.

use jiff::Timestamp;
use sandglass_contract::{Grant, GrantDifference};
use sandglass_registry::{Job, Role, Scope};

use super::{Admission, AdmissionError, Verdict};
use crate::jobs::{Problem, widening};

/// The code of problems with the policy.
const BEYOND_POLICY: &str = "beyond_policy";

/// What a draft is judged by.
#[derive(Clone, Copy)]
pub(in crate::jobs) struct Context<'a> {
    /// The job that it changes, where it is no new one.
    pub(in crate::jobs) exists: Option<&'a Job>,
    /// The role of whoever wants it.
    pub(in crate::jobs) role: Role,
    pub(in crate::jobs) now: Timestamp,
}

impl Context<'_> {
    /// How a grant differs from the one that the job has.
    pub(super) fn difference(&self, grant: &Grant) -> GrantDifference {
        let none = Grant::default();
        let before = self.exists.map_or(&none, |job| &job.grant);
        GrantDifference::between(before, grant)
    }

    /// The role whose grant it is: of whoever wants the change, where that adds anything.
    pub(super) fn grants_as(&self, difference: &GrantDifference) -> Role {
        match self.exists {
            Some(job) if !difference.is_wider() => job.granted_as,
            _ => self.role,
        }
    }
}

impl Admission {
    /// Finds what the policy does not allow, and what the caller may not allow.
    pub(super) async fn judge_bounds(
        &self,
        scope: &Scope,
        context: Context<'_>,
        verdict: &mut Verdict,
    ) -> Result<(), AdmissionError> {
        let policy = self.store.policy(scope).await?.policy;
        let difference = &verdict.difference;
        let role = context.grants_as(difference);
        let beyond = policy.beyond(role, &verdict.grant).into_iter();
        if context.exists.is_none() || difference.is_wider() {
            verdict.problems.extend(beyond.map(|excess| {
                let detail = format!("{}, which the policy does not allow", excess.text());
                Problem::new("/parameters", BEYOND_POLICY, detail)
            }));
        } else {
            verdict.warnings.extend(beyond.map(|excess| {
                let detail = format!(
                    "{}, which the policy does not allow any more; runs do not begin",
                    excess.text()
                );
                Problem::new("/parameters", BEYOND_POLICY, detail)
            }));
        }
        if context
            .exists
            .is_none_or(|job| job.limits != verdict.limits)
        {
            let most = policy.limits(role);
            let above = verdict.limits.above(&most);
            verdict.problems.extend(above.map(|(limit, most)| {
                let pointer = format!("/limits/{limit}");
                let detail = format!("the policy allows {limit} up to {most}");
                Problem::new(pointer, BEYOND_POLICY, detail)
            }));
        }
        if context.exists.is_some() {
            verdict.widening = widening::refused(context.role, &verdict.difference);
        }
        Ok(())
    }
}
