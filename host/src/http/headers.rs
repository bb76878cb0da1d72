//! Which headers a template may set.
//!
//! Names are an open set, with those left out that the host sets itself, that belong to the connection
//! (RFC 9110 §7.6.1), by which a request could be read as two, or by which some servers take another method
//! or path than the one that was granted. What identifies somebody, by the
//! meaning of its name, holds a secret of the service and nothing that a template has made up.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The longest name and the longest value, in bytes, a secret put in.
const MAX_NAME_BYTES: usize = 128;
const MAX_VALUE_BYTES: usize = 16 << 10;

/// Headers that are the host's alone.
const HOST_SETS: [&str; 16] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "forwarded",
];
/// Headers by which some servers and proxies replace the method, the host or the path of a request.
const REPLACING: [&str; 8] = [
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-override-url",
    "x-rewrite-url",
];
/// Headers that hold a secret.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// A value, before and after its secrets were put in.
pub(crate) struct Value {
    /// What is sent.
    pub(crate) text: String,
    /// Whether a secret stands in it.
    pub(crate) has_secret: bool,
}

/// The headers as they are sent.
///
/// # Errors
/// Where one is not a template's to set, or is none; the reason never shows a value.
pub(crate) fn judged(headers: Vec<(String, Value)>) -> Result<HeaderMap, String> {
    if headers.len() > MAX_HEADERS {
        return Err(format!("a request has at most {MAX_HEADERS} headers"));
    }
    let mut judged = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let (name, value) = judge(&name, &value)?;
        judged.append(name, value);
    }
    Ok(judged)
}

fn judge(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), String> {
    let shown: String = name.chars().take(MAX_NAME_BYTES).collect();
    let parsed = match name.len() <= MAX_NAME_BYTES {
        true => HeaderName::from_bytes(name.as_bytes()).ok(),
        false => None,
    };
    let Some(parsed) = parsed else {
        return Err(format!(
            "{shown:?} is no name of a header: it has up to {MAX_NAME_BYTES} letters, digits and hyphens"
        ));
    };
    if HOST_SETS.contains(&parsed.as_str()) {
        return Err(format!(
            "the header {parsed} is set by the host or belongs to the connection: leave it out"
        ));
    }
    if REPLACING.contains(&parsed.as_str()) {
        return Err(format!(
            "the header {parsed} can replace what the grant covers: send the request as it is meant"
        ));
    }
    if CREDENTIALS.contains(&parsed.as_str()) && !value.has_secret {
        return Err(format!(
            "the header {parsed} holds a secret: ask the interface secrets for a placeholder and put it in"
        ));
    }
    if value.text.len() > MAX_VALUE_BYTES {
        return Err(format!(
            "the value of the header {parsed} is longer than {MAX_VALUE_BYTES} bytes"
        ));
    }
    let mut read = HeaderValue::from_str(&value.text).map_err(|_| {
        format!("the value of the header {parsed} is visible ASCII and spaces, without line breaks")
    })?;
    read.set_sensitive(value.has_secret);
    Ok((parsed, read))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn headers(list: &[(&str, &str, bool)]) -> Result<HeaderMap, String> {
        let value = |(name, text, has_secret): &(&str, &str, bool)| {
            let text = (*text).to_owned();
            (
                (*name).to_owned(),
                Value {
                    text,
                    has_secret: *has_secret,
                },
            )
        };
        judged(list.iter().map(value).collect())
    }

    #[test]
    fn plain_headers_pass_in_their_order() {
        let map = headers(&[
            ("Content-Type", "application/json", false),
            ("X-Tag", "a", false),
            ("x-tag", "b c\td", false),
            ("Authorization", "Bearer abc", true),
        ])
        .unwrap();
        let tags: Vec<_> = map.get_all("x-tag").iter().collect();
        assert_eq!(tags, ["a", "b c\td"]);
        assert!(!format!("{map:?}").contains("abc"));
    }

    #[test]
    fn what_is_not_a_templates_is_refused_by_name() {
        let check = |name: &str, value: &str, expect: &str| {
            let error = headers(&[(name, value, false)]).unwrap_err();
            assert!(error.contains(expect), "{error}");
            assert!(!error.contains("private"), "{error}");
        };
        for name in HOST_SETS.into_iter().chain(REPLACING) {
            check(&name.to_ascii_uppercase(), "private", name);
        }
        check("Authorization", "Bearer private", "holds a secret");
        check("COOKIE", "a=private", "holds a secret");
        check("", "private", "no name");
        check("a b", "private", "no name");
        check("a:", "private", "no name");
        check("x\r\nHost", "private", "no name");
        check("ä", "private", "no name");
        check(&"x".repeat(129), "private", "no name");
        check("x", "private\r\nHost: evil", "without line breaks");
        check("x", "private\n", "without line breaks");
        check("x", "private\0", "without line breaks");
        check("x", &"private".repeat(4000), "longer than");
        let many = vec![("x", "y", false); MAX_HEADERS + 1];
        assert!(headers(&many).unwrap_err().contains("at most 64"));
    }
}
