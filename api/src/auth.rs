//! Who calls: a token in `Authorization`, or the session cookie of a browser.
//!
//! A token reads `sg_<id>_<secret>`; only the SHA-256 of the secret is stored. What a caller may do once
//! known is decided by the table in `access`.

pub(crate) mod attempts;
mod bootstrap;
pub(crate) mod password;
pub(crate) mod session;
mod token;
mod usage;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use jiff::Timestamp;
use sandglass_registry::{
    Actor, Scope, TokenKind, TokenRecord, TokenScope, TokenState, User, UserStatus,
};

use crate::{
    problem::{Problem, ProblemKind},
    state::ApiState,
};
pub use bootstrap::{Bootstrapped, bootstrap};
pub use session::Transport;
use token::Presented;
pub use token::{BootstrapToken, BootstrapTokenError, SecretToken};
pub(crate) use usage::Usage;

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
    let from = peer(request.extensions().get());
    let caller = find(&state, &presented, kind, from).await?;
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
            && session::same(&record.secret_digest, &digest)
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
        },
        scope: Scope::of(user.org),
        scopes: record.scopes,
        kind: record.kind,
    }
}

/// The address that a request came from.
pub(crate) fn peer(info: Option<&ConnectInfo<SocketAddr>>) -> Option<IpAddr> {
    info.map(|ConnectInfo(address)| address.ip().to_canonical())
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
