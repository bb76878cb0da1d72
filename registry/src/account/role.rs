//! Roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    SuperAdmin,
    /// Sees jobs, executions and logs, and runs what destroys nothing.
    Admin,
    /// Nothing of the management of jobs.
    User,
    /// Uploads templates and tries their parameters; approves none.
    TemplateAuthor,
    /// Sees everything, approves and retires versions of templates; runs nothing.
    SecurityReviewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::SuperAdmin,
        Self::Admin,
        Self::User,
        Self::TemplateAuthor,
        Self::SecurityReviewer,
    ];

    /// The word for it in REST and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::Admin => "admin",
            Self::User => "user",
            Self::TemplateAuthor => "template_author",
            Self::SecurityReviewer => "security_reviewer",
        }
    }

    /// Whether a user of this role may have a token of another: a super admin one of any, everybody else
    /// one of the own role, or one that may do nothing with jobs.
    #[must_use]
    pub fn may_lend(self, other: Self) -> bool {
        self == Self::SuperAdmin || self == other || other == Self::User
    }

    /// Whether somebody of this role may start a run that destroys data or reaches people.
    #[must_use]
    pub const fn may_destroy(self) -> bool {
        matches!(self, Self::SuperAdmin)
    }

    /// The role that a user acts in with a token of the role `lent`: that one as long as the user may
    /// lend it, and the own one afterwards.
    #[must_use]
    pub fn acting_as(self, lent: Option<Self>) -> Self {
        lent.filter(|lent| self.may_lend(*lent)).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: Role, lent: Option<Role>, expect: Role) {
        assert_eq!(own.acting_as(lent), expect, "{own:?} with {lent:?}");
    }

    #[test]
    fn a_token_never_gives_more_than_its_user_has() {
        use Role::{Admin, SecurityReviewer, SuperAdmin, TemplateAuthor, User};
        check(SuperAdmin, None, SuperAdmin);
        check(SuperAdmin, Some(Admin), Admin);
        check(SuperAdmin, Some(SecurityReviewer), SecurityReviewer);
        check(Admin, Some(User), User);
        check(Admin, Some(SuperAdmin), Admin);
        check(User, Some(SuperAdmin), User);
        check(User, Some(TemplateAuthor), User);
        check(TemplateAuthor, Some(SecurityReviewer), TemplateAuthor);
    }

    #[test]
    fn a_role_is_written_as_its_word() {
        for role in Role::ALL {
            assert_eq!(serde_json::json!(role), role.as_str());
        }
    }
}
