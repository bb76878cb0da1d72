//! Who calls: every operation under `/api/admin` needs a token.
//!
//! A token reads `sg_<id>_<secret>`; only the SHA-256 of the secret is stored. What a caller may do
//! once known is decided elsewhere: there is one role so far, and it may do everything.

mod bootstrap;
mod token;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use sandglass_contract::UserId;
use sandglass_registry::{Role, Scope};
use subtle::ConstantTimeEq;

use crate::{
    problem::{Problem, ProblemKind},
    state::ApiState,
};
pub use bootstrap::{Bootstrapped, bootstrap};
use token::Presented;
pub use token::{BootstrapToken, BootstrapTokenError, SecretToken};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user whose token it is.
    pub user: UserId,
    /// What the user may do.
    pub role: Role,
    /// The records that the user may see.
    pub scope: Scope,
}

/// Lets a request through whose token is valid, and says whose it is.
pub(crate) async fn authenticate(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let presented = presented(request.headers())?;
    let caller = find(&state, &presented).await?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn presented(headers: &HeaderMap) -> Result<Presented, Problem> {
    let needed = || {
        Problem::new(
            ProblemKind::Unauthenticated,
            "send an API token: Authorization: Bearer sg_…",
        )
    };
    let value = headers.get(header::AUTHORIZATION).ok_or_else(needed)?;
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|it| it.split_once(' '))
        .ok_or_else(needed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(needed());
    }
    Presented::parse(token.trim()).ok_or_else(needed)
}

async fn find(state: &ApiState, presented: &Presented) -> Result<Caller, Problem> {
    let store = state.scheduler.store();
    for (id, digest) in presented.candidates() {
        if let Some((record, user)) = store.token(&id).await?
            && bool::from(record.secret_digest.as_bytes().ct_eq(digest.as_bytes()))
        {
            return Ok(Caller {
                user: user.id,
                role: user.role,
                scope: Scope::of(user.org),
            });
        }
    }
    Err(Problem::new(
        ProblemKind::Unauthenticated,
        "the token is not known; it may have been replaced",
    ))
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
        assert_eq!(presented(&headers).is_ok(), accepted, "{header:?}");
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
