//! `sandglass:job/http`: one request to one place that the grant covers.
//!
//! Judged are, in this order: the URL in canonical form, the grant, the limits, the headers with their
//! secrets put in, and every address of the host. Then the intent is written, and only then a connection
//! is made, to those addresses and without asking for them again.

use std::time::Duration;

use sandglass_contract::{Destination, Limit, LogLevel, Method, Operation};
use serde_json::Map;

use super::{Refusal, unless_cancelled};
use crate::{
    bindings::sandglass::job::{
        http::{Host, Request, Response},
        types::Error,
    },
    http::{HttpError, Incoming, Outgoing, Route, headers, is_plain},
    journal::Function,
    state::RunState,
};

/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 8 << 20;
/// The largest body of an answer, in bytes; the run's limit on all of them may leave less.
const MAX_ANSWER_BYTES: u64 = 8 << 20;
/// How long finding a host may take, connecting to it, and waiting for its whole answer.
const FIND_WITHIN: Duration = Duration::from_secs(10);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// What a dry run is answered where something would change: 204 No Content (RFC 9110 §15.3.5).
const SIMULATED_STATUS: u16 = 204;

impl Host for RunState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        let function = match Method::parse(&request.method).is_some_and(Method::only_reads) {
            true => Function::HttpRead,
            false => Function::HttpSend,
        };
        let shown = shown(&request);
        self.begin(function, &shown, &[&request])?;
        let result = self.send_request(request).await;
        if let Err(Refusal::Forbidden(reason)) = &result {
            let line = format!("{shown} was denied: {reason}");
            self.log.line(LogLevel::Warn, &line, Map::new());
        }
        self.end(result, |response| {
            let bytes = response.body.len();
            Some(format!("status {}, {bytes} bytes", response.status))
        })
    }
}

/// What the journal shows of a request. Values of a query often tell who asks, and are left out.
fn shown(request: &Request) -> String {
    let (url, query) = match request.url.split_once(['?', '#']) {
        Some((url, _)) => (url, "?…"),
        None => (request.url.as_str(), ""),
    };
    match Destination::of_request(&request.method, &request.url) {
        Ok(target) => format!("{}{query}", target.destination),
        // What stands before an @ may be a password.
        Err(_) if request.url.contains('@') => format!("{} …", request.method),
        Err(_) => format!("{} {url}{query}", request.method),
    }
}

impl RunState {
    async fn send_request(&mut self, request: Request) -> Result<Response, Refusal> {
        if self.secrets.stands_in(&request.url) {
            let text = "a secret cannot stand in a URL, which many keep on record: put it into a header or the body";
            return Err(Refusal::Invalid(text.to_owned()));
        }
        let target = Destination::of_request(&request.method, &request.url);
        let target = target.map_err(|error| Refusal::Invalid(error.to_string()))?;
        self.require(Operation::Request, &target.destination.to_string())?;
        if request.body.len() > MAX_BODY_BYTES {
            let text = format!("the body of a request has at most {MAX_BODY_BYTES} bytes");
            return Err(Refusal::Invalid(text));
        }
        let headers = request.headers.into_iter().map(|(name, text)| {
            let (text, has_secret) = self.secrets.put_into_text(text);
            (name, headers::Value { text, has_secret })
        });
        let headers = headers::judged(headers.collect()).map_err(Refusal::Invalid)?;
        let outgoing = Outgoing {
            query: target.query,
            headers,
            body: self.secrets.put_into_body(request.body),
        };
        self.allowance.check(Limit::HttpRequests, 1)?;
        self.allowance.check(Limit::HttpResponseBytes, 1)?;
        let route = self.route(target.destination).await?;
        self.intend().await?;
        self.allowance.add(Limit::HttpRequests, 1);
        let only_reads = route.destination.method().only_reads();
        if self.context.mode.is_dry() && !only_reads {
            return Ok(Response {
                status: SIMULATED_STATUS,
                headers: Vec::new(),
                body: Vec::new(),
            });
        }
        let incoming = self.exchange(route, outgoing).await?;
        let bytes = u64::try_from(incoming.body.len()).unwrap_or(u64::MAX);
        self.allowance.add(Limit::HttpResponseBytes, bytes);
        self.told(incoming, only_reads)
    }

    async fn route(&mut self, destination: Destination) -> Result<Route, Refusal> {
        let host = destination.authority();
        let find = async { Ok(self.http.route(destination).await?) };
        tokio::select! {
            biased;
            found = unless_cancelled(&self.cancel, find) => found,
            () = self.clock.sleep(FIND_WITHIN) => {
                Err(Refusal::Unavailable(format!("the host {host} was not found in time")))
            }
        }
    }

    async fn exchange(&mut self, route: Route, outgoing: Outgoing) -> Result<Incoming, Refusal> {
        let host = route.host.clone();
        let only_reads = route.destination.method().only_reads();
        let maximum = self.allowance.left(Limit::HttpResponseBytes);
        let maximum = maximum.min(MAX_ANSWER_BYTES);
        let open = async { Ok(self.http.open(route).await?) };
        let connected = tokio::select! {
            biased;
            opened = unless_cancelled(&self.cancel, open) => opened?,
            () = self.clock.sleep(CONNECT_WITHIN) => {
                let text = format!("no connection to {host} was made in time");
                return Err(Refusal::Unavailable(text));
            }
        };
        let exchange = async { Ok(connected.exchange(outgoing, maximum).await) };
        let answer = tokio::select! {
            biased;
            answer = unless_cancelled(&self.cancel, exchange) => answer?,
            () = self.clock.sleep(ANSWER_WITHIN) => {
                let text = format!("{host} did not answer in time");
                return Err(unknown(text, only_reads));
            }
        };
        if matches!(answer, Err(HttpError::TooLarge { .. })) {
            self.allowance.add(Limit::HttpResponseBytes, maximum);
        }
        answer.map_err(|error| broken_off(&error, only_reads))
    }

    /// What the guest is told of an answer: all of it but the run's secrets.
    fn told(&self, incoming: Incoming, only_reads: bool) -> Result<Response, Refusal> {
        if !self.mask.is_empty() && !is_plain(&incoming.headers) {
            let text = "the answer is packed, though that was not asked for, so that secrets in it could not be masked";
            return Err(unknown(text.to_owned(), only_reads));
        }
        let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (self.mask.text(name.to_string()), self.mask.text(text))
        };
        Ok(Response {
            status: incoming.status,
            headers: incoming.headers.iter().map(header).collect(),
            body: self.mask.bytes(incoming.body),
        })
    }
}

/// What broke off after the request may have arrived.
fn broken_off(error: &HttpError, only_reads: bool) -> Refusal {
    match error {
        HttpError::TooLarge { .. } if only_reads => Refusal::Limit(error.to_string()),
        HttpError::Unsendable { .. } => Refusal::Invalid(error.to_string()),
        _ => unknown(error.to_string(), only_reads),
    }
}

fn unknown(text: String, only_reads: bool) -> Refusal {
    match only_reads {
        true => Refusal::Unavailable(text),
        false => Refusal::Other(format!("{text}; the request may have arrived")),
    }
}

/// What kept a request from being sent at all.
impl From<HttpError> for Refusal {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Refused { .. } => Self::Forbidden(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
