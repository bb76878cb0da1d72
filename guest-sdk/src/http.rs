//! A request, filled step by step, and what its answer says.

use crate::{Host, HostError, Request, Response};

/// A request to fill and send. Redirects are not followed.
#[derive(Debug)]
#[must_use = "a request is sent by `send`"]
pub struct RequestBuilder<'host, H> {
    host: &'host H,
    request: Request,
}

impl<'host, H: Host> RequestBuilder<'host, H> {
    pub(crate) fn new(host: &'host H, method: String, url: String) -> Self {
        let request = Request {
            method,
            url,
            headers: Vec::new(),
            body: Vec::new(),
        };
        Self { host, request }
    }

    /// Adds a header. Its value may hold placeholders of secrets: see [`Host::secret`].
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body. A text may hold placeholders of secrets: see [`Host::secret`].
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = body.into();
        self
    }

    /// Sends the request and waits for the answer, whatever its status is.
    ///
    /// # Errors
    /// The host's error.
    pub fn send(self) -> Result<Response, HostError> {
        self.host.send_request(&self.request)
    }
}

impl Response {
    /// Whether the status says that the request was taken: 2xx (RFC 9110 §15.3).
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the same request may be taken later: 408, 425, 429, or 5xx.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500..=599)
    }

    /// The first value of a header, by its name in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// How long the server asks to wait before the next request, in seconds, where it gives a number
    /// (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.header("retry-after")?.trim().parse().ok()
    }
}
