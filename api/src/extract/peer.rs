//! Where a request came from.

use std::{convert::Infallible, net::IpAddr};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{auth::origin, state::ApiState};

/// The address that a request came from, where a socket is behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

impl FromRequestParts<ApiState> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let connected = parts.extensions.get();
        Ok(Self(origin(
            connected,
            &parts.headers,
            &state.trusted_proxies,
        )))
    }
}
