//! Who calls: a token in `Authorization`, or the session cookie of a browser.
//!
//! A token reads `sg_<id>_<secret>`; only the SHA-256 of the secret is stored. What a caller may do once
//! known is decided by the table in `access`.

pub(crate) mod attempts;
mod bootstrap;
pub(crate) mod oidc;
pub(crate) mod password;
mod peer;
pub(crate) mod session;
mod token;
mod usage;

use std::{collections::BTreeSet, net::IpAddr};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, header, request::Parts},
    middleware::Next,
    response::Response,
};
use jiff::Timestamp;
use sandglass_registry::{
    Actor, Scope, TokenKind, TokenRecord, TokenScope, TokenState, User, UserStatus,
};
use subtle::ConstantTimeEq as _;

use crate::{
    problem::{Problem, ProblemKind},
    state::ApiState,
};
pub use bootstrap::{Bootstrapped, bootstrap};
pub use oidc::{Oidc, OidcSettings};
pub(crate) use peer::origin;
pub use session::Transport;
use token::Presented;
pub use token::{BootstrapToken, BootstrapTokenError, SecretToken};
pub(crate) use usage::Usage;

/// The header in which a caller may say why it makes a request.
const REASON: HeaderName = HeaderName::from_static("sandglass-reason");
/// The longest reason, in bytes.
const LONGEST_REASON: usize = 2000;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user, in which role, with which token or session, and from where.
    pub actor: Actor,
    /// The records that the user may see.
    pub scope: Scope,
    /// What the token is good for.
    pub scopes: BTreeSet<TokenScope>,
    /// What the caller proved who it is with.
    pub kind: TokenKind,
}

/// Lets a request through that carries a valid token or session, and says whose it is.
pub(crate) async fn authenticate(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (presented, kind) = presented(state.transport, request.headers())?;
    let connected = request.extensions().get();
    let from = origin(connected, request.headers(), &state.trusted_proxies);
    let reason = reason(request.headers())?;
    let mut caller = find(&state, &presented, kind, from).await?;
    caller.actor.reason = reason;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn presented(transport: Transport, headers: &HeaderMap) -> Result<(Presented, TokenKind), Problem> {
    let needed = || {
        Problem::new(
            ProblemKind::Unauthenticated,
            "send an API token: Authorization: Bearer sg_…, or sign in",
        )
    };
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        let session = session::presented(transport, headers).ok_or_else(needed)?;
        return Ok((session, TokenKind::Session));
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|it| it.split_once(' '))
        .ok_or_else(needed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(needed());
    }
    let token = Presented::parse(token.trim()).ok_or_else(needed)?;
    Ok((token, TokenKind::Api))
}

/// Why the caller makes the request, for the audit log.
fn reason(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(REASON) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes())
        .unwrap_or_default()
        .trim();
    let is_plain = !text.is_empty() && !text.chars().any(char::is_control);
    match is_plain && text.len() <= LONGEST_REASON {
        true => Ok(Some(text.to_owned())),
        false => {
            let detail = format!("{REASON} is one line of UTF-8 of at most {LONGEST_REASON} bytes");
            Err(Problem::new(ProblemKind::InvalidHeader, detail))
        }
    }
}

async fn find(
    state: &ApiState,
    presented: &Presented,
    kind: TokenKind,
    from: Option<IpAddr>,
) -> Result<Caller, Problem> {
    let store = state.scheduler.store();
    let now = state.scheduler.clock().now();
    for (id, digest) in presented.candidates() {
        if let Some((record, user)) = store.token(&id).await?
            && bool::from(record.secret_digest.as_bytes().ct_eq(digest.as_bytes()))
            && record.kind == kind
        {
            judge(&record, &user, now)?;
            state.usage().note(store.as_ref(), &record, now).await?;
            return Ok(caller(record, user, from));
        }
    }
    let detail = match kind {
        TokenKind::Api => "the token is not known; it may have been replaced or revoked",
        TokenKind::Session => "the session is over; sign in again",
    };
    Err(Problem::new(ProblemKind::Unauthenticated, detail))
}

/// Refuses a token whose time is over, or whose user may not call.
fn judge(record: &TokenRecord, user: &User, now: Timestamp) -> Result<(), Problem> {
    let detail = match (record.state(now), user.status) {
        (TokenState::Good, UserStatus::Active) => return Ok(()),
        (_, UserStatus::Disabled) => "the user is disabled",
        (TokenState::Expired, _) if record.kind == TokenKind::Api => {
            "the token has expired; make a new one"
        }
        (TokenState::Expired | TokenState::Idle, _) => "the session is over; sign in again",
    };
    Err(Problem::new(ProblemKind::Unauthenticated, detail))
}

fn caller(record: TokenRecord, user: User, from: Option<IpAddr>) -> Caller {
    Caller {
        actor: Actor {
            role: user.role.acting_as(record.role),
            user: user.id,
            token: Some(record.id),
            from,
            reason: None,
        },
        scope: Scope::of(user.org),
        scopes: record.scopes,
        kind: record.kind,
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::new(ProblemKind::Unauthenticated, "a token is needed here"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use axum::http::HeaderValue;

    use super::*;

    fn check(header: Option<&str>, accepted: bool) {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        let presented = presented(Transport::Plain, &headers);
        assert_eq!(presented.is_ok(), accepted, "{header:?}");
    }

    #[test]
    fn a_reason_is_one_line_and_not_too_long() {
        let check = |text: &[u8], expect: Result<Option<&str>, ()>| {
            let mut headers = HeaderMap::new();
            headers.insert(REASON, HeaderValue::from_bytes(text).unwrap());
            let found = reason(&headers).map_err(drop);
            assert_eq!(found.as_ref().map(Option::as_deref).map_err(drop), expect);
        };
        assert_eq!(reason(&HeaderMap::new()).ok(), Some(None));
        check(b" the database moves ", Ok(Some("the database moves")));
        check("größer".as_bytes(), Ok(Some("größer")));
        check(b"", Err(()));
        check(b"\xff", Err(()));
        check(&[b'x'; 2001], Err(()));
    }

    #[test]
    fn only_a_bearer_token_is_taken() {
        check(None, false);
        check(Some("Bearer sg_abc_0123456789abcdef"), true);
        check(Some("bearer sg_abc_0123456789abcdef"), true);
        check(Some("Bearer   sg_abc_0123456789abcdef "), true);
        check(Some("Basic YWRtaW46YWRtaW4="), false);
        check(Some("Bearer"), false);
        check(Some("Bearer "), false);
        check(Some("Bearer short"), false);
        check(Some("sg_abc_0123456789abcdef"), false);
        check(Some(&format!("Bearer {}", "a".repeat(600))), false);
    }
}
