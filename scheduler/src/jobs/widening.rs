//! Who may let a job touch more than it does.
//!
//! It is about changes to a job that is there. What a new job may touch at all is for its ceiling, the
//! policy and the operations of the API to say.

use sandglass_contract::GrantDifference;
use sandglass_registry::Role;

use super::Problem;

/// Whether somebody of `role` may let a job touch more than it does.
#[must_use]
pub const fn may_widen(role: Role) -> bool {
    matches!(role, Role::SuperAdmin)
}

/// What somebody of `role` may not do, of what a change adds to a grant; empty where it may be done.
pub(super) fn refused(role: Role, difference: &GrantDifference) -> Vec<Problem> {
    if may_widen(role) {
        return Vec::new();
    }
    let added = difference.added.iter();
    added
        .map(|excess| {
            let detail = format!(
                "{}, which the job may not do yet; only a super admin may let it",
                excess.text()
            );
            Problem::new("/parameters", "may_not_widen", detail)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_super_admin_may_widen_what_a_job_may_touch() {
        assert!(may_widen(Role::SuperAdmin));
    }
}
