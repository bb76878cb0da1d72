//! How often the API may be called: the limits, the headers that tell of them, and the counting of
//! requests.
//!
//! Runs that are started by hand and attempts to sign in are counted in the store, so that they hold over
//! restarts and over hosts. Requests are counted by each host for itself: a write for every read would
//! cost more than it protects, and what is protected is that host.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use parking_lot::Mutex;
use sandglass_contract::TokenId;
use sandglass_registry::{RateLimit, RateState, Use};

use crate::{auth::Caller, problem::Problem, state::ApiState};

/// The limit on runs that a user starts by hand.
pub(crate) const MANUAL_RUNS: &str = "manual-runs";
/// The limit on requests with one token.
const REQUESTS: &str = "requests";
/// The limit on attempts to sign in.
pub(crate) const SIGN_INS: &str = "sign-ins";
/// The window in which requests are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// How many tokens are counted before those are forgotten that were silent for a window.
const MANY: usize = 10_000;

/// Draft-ietf-httpapi-ratelimit-headers: what the limit is.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The same draft: what is left of it.
const RATE: HeaderName = HeaderName::from_static("ratelimit");

/// Counts the requests of each token within full minutes of the monotonic clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    counts: Arc<Mutex<HashMap<TokenId, (Duration, u32)>>>,
}

impl Requests {
    fn take(&self, token: &TokenId, most: u32, now: Duration) -> Use {
        let mut counts = self.counts.lock();
        if counts.len() >= MANY && !counts.contains_key(token) {
            counts.retain(|_, (began, _)| now.saturating_sub(*began) < WINDOW);
        }
        let (began, count) = counts.entry(token.clone()).or_insert((now, 0));
        if now.saturating_sub(*began) >= WINDOW {
            (*began, *count) = (now, 0);
        }
        let is_free = *count < most;
        *count = count.saturating_add(u32::from(is_free));
        let state = RateState {
            limit: RateLimit {
                most,
                window: WINDOW,
            },
            remaining: most - *count,
            resets_in: WINDOW.saturating_sub(now.saturating_sub(*began)),
        };
        match is_free {
            true => Use::Taken(state),
            false => Use::Refused(state),
        }
    }
}

/// Lets a request through where its token has not made too many, and says how many more it may.
pub(crate) async fn count(
    State(state): State<ApiState>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (Some(token), Some(most)) = (&caller.actor.token, state.requests_per_minute) else {
        return Ok(next.run(request).await);
    };
    let now = state.scheduler.clock().monotonic();
    match state.requests().take(token, most, now) {
        Use::Taken(rate) => {
            let mut response = next.run(request).await;
            add_headers(response.headers_mut(), REQUESTS, rate);
            Ok(response)
        }
        Use::Refused(rate) => {
            let wait = rate.resets_in.as_secs().max(1);
            let detail = format!(
                "this token may make {most} requests a minute; ask again in {wait} seconds"
            );
            Err(Problem::too_many(REQUESTS, rate, detail))
        }
    }
}

/// Says how a limit stands where there is one, beside others that the answer tells of.
pub(crate) fn add_headers(
    headers: &mut HeaderMap,
    limit: &str,
    state: impl Into<Option<RateState>>,
) {
    let Some(state) = state.into() else {
        return;
    };
    let policy = format!(
        "\"{limit}\";q={};w={}",
        state.limit.most,
        state.limit.window.as_secs()
    );
    let rate = format!(
        "\"{limit}\";r={};t={}",
        state.remaining,
        state.resets_in.as_secs()
    );
    for (name, text) in [(POLICY, policy), (RATE, rate)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn a_token_makes_so_many_requests_a_minute() {
        let (requests, one) = (Requests::default(), TokenId::parse("t1").unwrap());
        let check = |token: &TokenId, seconds: u64, taken: bool, remaining: u32, resets: u64| {
            let answer = requests.take(token, 2, Duration::from_secs(seconds));
            assert_eq!(matches!(answer, Use::Taken(_)), taken, "{token} {seconds}");
            let state = answer.state();
            let found = (state.remaining, state.resets_in.as_secs());
            assert_eq!(found, (remaining, resets), "{token} {seconds}");
        };
        check(&one, 5, true, 1, 60);
        check(&one, 6, true, 0, 59);
        check(&one, 64, false, 0, 1);
        check(&TokenId::parse("t2").unwrap(), 64, true, 1, 60);
        check(&one, 65, true, 1, 60);
    }

    #[test]
    fn a_limit_is_told_as_the_draft_writes_it() {
        let state = RateState {
            limit: RateLimit::an_hour(10),
            remaining: 9,
            resets_in: Duration::from_secs(3599),
        };
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, MANUAL_RUNS, state);
        assert_eq!(headers.get(POLICY).unwrap(), "\"manual-runs\";q=10;w=3600");
        assert_eq!(headers.get(RATE).unwrap(), "\"manual-runs\";r=9;t=3599");
    }
}
