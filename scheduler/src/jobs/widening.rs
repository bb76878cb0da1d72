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
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use sandglass_contract::Grant;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_a_super_admin_may_widen_and_everybody_else_is_told_what_would_be_added() {
        let grant = |operations: Value| {
            let entry =
                json!({"interface": "database", "target": "users", "operations": operations});
            serde_json::from_value::<Grant>(json!([entry])).unwrap()
        };
        let (less, more) = (grant(json!(["count"])), grant(json!(["count", "delete"])));
        let wider = GrantDifference::between(&less, &more);
        let narrower = GrantDifference::between(&more, &less);
        for role in Role::ALL {
            let details = |difference| {
                let refused = refused(role, difference).into_iter();
                refused.map(|it| it.detail).collect::<Vec<_>>()
            };
            assert!(details(&narrower).is_empty(), "{role:?}");
            let expect: &[&str] = match role {
                Role::SuperAdmin => &[],
                _ => &[
                    "May delete documents in users, which the job may not do yet; only a super admin may let it",
                ],
            };
            assert_eq!(details(&wider), expect, "{role:?}");
        }
    }
}
