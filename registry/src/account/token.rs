//! Tokens and sessions: what a user proves with who it is.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use sandglass_contract::{Digest, TokenId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;

/// How long a session may go unused.
const SESSION_MAY_IDLE: Duration = Duration::from_secs(60 * 60);

/// What a token stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A program's: sent as a bearer token.
    #[default]
    Api,
    /// A browser's: sent as a cookie. It ends by itself when it is not used for an hour.
    Session,
}

/// A group of operations that a token is good for, beside what its role allows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Read.
    Read,
    /// Run and cancel jobs.
    Run,
    /// Save, change, pause and delete jobs, calendars and limits.
    Manage,
    /// Upload templates and decide about their versions.
    Templates,
    /// Users, tokens, hosts, secrets and settings.
    Administer,
}

impl TokenScope {
    /// Every scope.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Run,
        Self::Manage,
        Self::Templates,
        Self::Administer,
    ];

    /// The word for it in REST and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Run => "run",
            Self::Manage => "manage",
            Self::Templates => "templates",
            Self::Administer => "administer",
        }
    }
}

fn every_scope() -> BTreeSet<TokenScope> {
    TokenScope::ALL.into()
}

/// A token or a session. The secret itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The part of the token that is not secret.
    #[serde(rename = "_id")]
    pub id: TokenId,
    /// Whose it is.
    pub user: UserId,
    /// What it stands for.
    #[serde(default)]
    pub kind: TokenKind,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// The role that the user acts in with it; none means the user's own.
    #[serde(default)]
    pub role: Option<Role>,
    /// What it is good for.
    #[serde(default = "every_scope")]
    pub scopes: BTreeSet<TokenScope>,
    /// SHA-256 of the secret part.
    pub secret_digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is no longer taken; none means never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
}

/// Whether a token is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// Yes.
    Good,
    /// Its time is over.
    Expired,
    /// It is a session that was not used for an hour.
    Idle,
}

impl TokenRecord {
    /// A token of that kind without a name, a role or an end, good for everything.
    #[must_use]
    pub fn new(
        id: TokenId,
        user: UserId,
        kind: TokenKind,
        secret_digest: Digest,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            user,
            kind,
            name: String::new(),
            role: None,
            scopes: every_scope(),
            secret_digest,
            created_at,
            expires_at: None,
            last_used_at: None,
        }
    }

    /// Whether it is of that kind, and its time is over at `ended_at` where one is given.
    #[must_use]
    pub fn is_over(&self, kind: TokenKind, ended_at: Option<Timestamp>) -> bool {
        self.kind == kind && ended_at.is_none_or(|now| self.state(now) != TokenState::Good)
    }

    /// Whether it is taken at that moment.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        if self.expires_at.is_some_and(|end| end <= now) {
            return TokenState::Expired;
        }
        let last = self.last_used_at.unwrap_or(self.created_at);
        let idle = now.duration_since(last);
        match self.kind == TokenKind::Session && idle.as_secs() >= SESSION_MAY_IDLE.as_secs() as i64
        {
            true => TokenState::Idle,
            false => TokenState::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn check(
        kind: TokenKind,
        expires: Option<i64>,
        used: Option<i64>,
        now: i64,
        expect: TokenState,
    ) {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let token = TokenRecord {
            expires_at: expires.map(at),
            last_used_at: used.map(at),
            ..TokenRecord::new(
                "t1".parse().unwrap(),
                UserId::system(),
                kind,
                Digest::of(b""),
                at(0),
            )
        };
        assert_eq!(token.state(at(now)), expect, "{token:?}");
    }

    #[test]
    fn a_token_ends_with_its_time_and_a_session_with_its_use() {
        use TokenKind::{Api, Session};
        check(Api, None, None, 1_000_000, TokenState::Good);
        check(Api, Some(10), None, 9, TokenState::Good);
        check(Api, Some(10), Some(9), 10, TokenState::Expired);
        check(Session, Some(100_000), None, 3599, TokenState::Good);
        check(Session, Some(100_000), None, 3600, TokenState::Idle);
        check(Session, Some(100_000), Some(50), 3600, TokenState::Good);
        check(Session, Some(100), Some(99), 100, TokenState::Expired);
    }

    #[test]
    fn a_token_of_before_scopes_is_good_for_everything() {
        let old = serde_json::json!({
            "_id": "t1", "user": "ada", "secret_digest": "0".repeat(64),
            "created_at": "2026-01-01T00:00:00Z",
        });
        let token: TokenRecord = serde_json::from_value(old).unwrap();
        assert_eq!(token.scopes.len(), TokenScope::ALL.len());
        assert_eq!((token.kind, token.role), (TokenKind::Api, None));
    }

    #[test]
    fn a_scope_is_written_as_its_word() {
        for scope in TokenScope::ALL {
            assert_eq!(serde_json::json!(scope), scope.as_str());
        }
    }
}
