//! A page for whoever opens the service in a browser: what it is, and the first steps with `curl`.
//!
//! It is not the admin UI.

use std::sync::LazyLock;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Html,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sandglass_contract::Digest;

const STYLE: &str = include_str!("root.css");
const PAGE: &str = include_str!("root.html");

static RENDERED: LazyLock<String> = LazyLock::new(|| PAGE.replace("/*style*/", STYLE));

/// Nothing but the page's own style, named by its digest (CSP Level 3 §8.3).
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = STANDARD.encode(Digest::of(STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The start page
#[utoipa::path(
    get, path = "/", tag = "Health",
    responses((
        status = 200, description = "A page for people", body = String, content_type = "text/html",
    )),
)]
pub(super) async fn start_page() -> ([(HeaderName, HeaderValue); 1], Html<&'static str>) {
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY.clone())];
    (headers, Html(RENDERED.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_no_script_and_no_style_but_its_own() {
        assert!(RENDERED.contains(STYLE));
        assert_eq!(RENDERED.matches("<style>").count(), 1);
        for forbidden in ["<script", "style=", "onclick", "src=", "/*style*/"] {
            assert!(!RENDERED.contains(forbidden), "{forbidden}");
        }
        let policy = POLICY.to_str().unwrap_or_default();
        assert!(policy.contains("style-src 'sha256-"), "{policy}");
    }
}
