//! One request and its answer over one connection.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    body::{Body as _, Incoming as Body},
    client::conn::http1,
    header::{self, HeaderMap, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio_util::task::AbortOnDropHandle;

use super::{HttpClient, HttpError, Route, connection::Connection};

/// The most headers of an answer, and the most bytes of its head.
const MAX_HEADERS: usize = 100;
const MAX_HEAD_BYTES: usize = 64 << 10;

/// A request that has been judged. `headers` has none that belong to the connection.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A connection over which nothing has been sent yet.
pub(crate) struct Connected {
    connection: Connection,
    route: Route,
}

impl HttpClient {
    /// Connects to where a route leads. Nothing of the request is sent.
    pub(crate) async fn open(&self, route: Route) -> Result<Connected, HttpError> {
        let connection = self.connect(&route).await?;
        Ok(Connected { connection, route })
    }
}

impl Connected {
    /// Sends a request and reads the answer, whose body has at most `maximum` bytes.
    pub(crate) async fn exchange(
        self,
        outgoing: Outgoing,
        maximum: u64,
    ) -> Result<Incoming, HttpError> {
        let host = self.route.host.clone();
        let broken = |source| HttpError::Broken {
            host: host.clone(),
            source,
        };
        let mut builder = http1::Builder::new();
        builder
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES);
        let io = TokioIo::new(self.connection);
        let (mut sender, connection) = builder.handshake(io).await.map_err(broken)?;
        // It ends with this call, however the call ends.
        let _driving = AbortOnDropHandle::new(tokio::spawn(connection));
        let answer = sender.send_request(request(&self.route, outgoing)?).await;
        let (head, body) = answer.map_err(broken)?.into_parts();
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(HttpError::Switched { host });
        }
        let too_large = || HttpError::TooLarge {
            host: host.clone(),
            maximum,
        };
        let body = read(body, maximum, &broken, &too_large).await?;
        Ok(Incoming {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }
}

async fn read(
    mut body: Body,
    maximum: u64,
    broken: &(dyn Fn(hyper::Error) -> HttpError + Sync),
    too_large: &(dyn Fn() -> HttpError + Sync),
) -> Result<Vec<u8>, HttpError> {
    if body.size_hint().lower() > maximum {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(broken)?;
        let Some(piece) = frame.data_ref() else {
            continue;
        };
        let length = u64::try_from(bytes.len() + piece.len()).unwrap_or(u64::MAX);
        if length > maximum {
            return Err(too_large());
        }
        bytes.extend_from_slice(piece);
    }
    Ok(bytes)
}

fn request(route: &Route, outgoing: Outgoing) -> Result<Request<Full<Bytes>>, HttpError> {
    let destination = &route.destination;
    let target = match &outgoing.query {
        Some(query) => format!("{}?{query}", destination.path()),
        None => destination.path().to_owned(),
    };
    let body = Full::new(Bytes::from(outgoing.body));
    let built = Request::builder()
        .method(destination.method().as_str())
        .uri(target)
        .header(header::HOST, destination.authority())
        .body(body);
    let mut request = built.map_err(|source| HttpError::Unsendable {
        host: route.host.clone(),
        source: source.into(),
    })?;
    let headers = request.headers_mut();
    let agent = concat!("sandglass/", env!("CARGO_PKG_VERSION"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    for (name, value) in &outgoing.headers {
        if *name == header::USER_AGENT {
            headers.remove(header::USER_AGENT);
        }
        headers.append(name, value.clone());
    }
    let identity = HeaderValue::from_static("identity");
    headers.insert(header::ACCEPT_ENCODING, identity);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

/// Whether the body of an answer is the text that the server meant, and not packed.
pub(crate) fn is_plain(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
