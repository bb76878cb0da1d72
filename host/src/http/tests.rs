//! What tests of requests need: a server on loopback and a resolver that says what it is told; and what
//! the client does by itself.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use super::*;

const CERTIFICATE: &[u8] = include_bytes!("testdata/certificate.pem");
const KEY: &[u8] = include_bytes!("testdata/key.pem");

/// What a server answers to a request that it has read whole; nothing for never.
type Answer = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// A server on loopback, and the requests that it has read.
pub(crate) struct LoopbackServer {
    pub(crate) port: u16,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl LoopbackServer {
    pub(crate) async fn answering(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        Self::start(None, Arc::new(move |_| Some(text.clone()))).await
    }

    pub(crate) async fn with(
        answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, Arc::new(answer)).await
    }

    async fn encrypted(text: &str) -> Self {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let text = text.as_bytes().to_vec();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start(Some(acceptor), Arc::new(move |_| Some(text.clone()))).await
    }

    async fn start(tls: Option<TlsAcceptor>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::default());
        let read = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, read, answer) = (tls.clone(), Arc::clone(&read), Arc::clone(&answer));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &read, &*answer).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &read, &*answer).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, requests }
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    requests: &Mutex<Vec<String>>,
    answer: &Answer,
) {
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    requests.lock().push(text.clone());
    match answer(&text) {
        Some(answer) => {
            stream.write_all(&answer).await.ok();
            stream.shutdown().await.ok();
        }
        None => std::future::pending().await,
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

/// Says what it is told; the second time, the second thing.
#[derive(Default)]
pub(crate) struct ScriptedResolver {
    answers: Mutex<BTreeMap<String, VecDeque<Vec<IpAddr>>>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl ScriptedResolver {
    pub(crate) fn saying(answers: &[(&str, &[&str])]) -> Arc<Self> {
        let resolver = Self::default();
        for (host, addresses) in answers {
            let addresses = addresses.iter().map(|it| it.parse().unwrap()).collect();
            let mut answers = resolver.answers.lock();
            answers
                .entry((*host).to_owned())
                .or_default()
                .push_back(addresses);
        }
        Arc::new(resolver)
    }
}

#[async_trait::async_trait]
impl Resolver for ScriptedResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().push(host.to_owned());
        let next = self
            .answers
            .lock()
            .get_mut(host)
            .and_then(VecDeque::pop_front);
        next.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A client that may reach loopback.
pub(crate) fn client_of(resolver: Arc<ScriptedResolver>) -> HttpClient {
    let settings = HttpSettings {
        allowed_networks: vec!["127.0.0.1/32".parse().unwrap()],
    };
    HttpClient::new(settings, resolver).unwrap()
}

fn destination(method: &str, url: &str) -> Destination {
    Destination::of_request(method, url).unwrap().destination
}

fn nothing() -> Outgoing {
    Outgoing {
        query: None,
        headers: hyper::HeaderMap::new(),
        body: Vec::new(),
    }
}

#[tokio::test]
async fn an_answer_comes_over_tls_from_whom_the_certificate_names() {
    let server = LoopbackServer::encrypted("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let client = |trusts: bool| {
        let mut roots = RootCertStore::empty();
        if trusts {
            let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
            roots.add(certificate).unwrap();
        }
        let local: &[&str] = &["127.0.0.1"];
        let resolver =
            ScriptedResolver::saying(&[("hooks.example.org", local), ("other.example.org", local)]);
        let settings = HttpSettings {
            allowed_networks: vec!["127.0.0.1/32".parse().unwrap()],
        };
        HttpClient::trusting(roots, settings, resolver).unwrap()
    };
    let ask = async |client: HttpClient, host: &str| {
        let url = format!("https://{host}:{}/x", server.port);
        let route = client.route(destination("GET", &url)).await?;
        client.open(route).await?.exchange(nothing(), 10).await
    };
    let answer = ask(client(true), "hooks.example.org").await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"hi"[..]));
    let wrong_name = ask(client(true), "other.example.org").await.unwrap_err();
    assert!(
        matches!(wrong_name, HttpError::Unreachable { .. }),
        "{wrong_name}"
    );
    let unknown = ask(client(false), "hooks.example.org").await.unwrap_err();
    assert!(
        matches!(unknown, HttpError::Unreachable { .. }),
        "{unknown}"
    );
    assert_eq!(server.requests.lock().len(), 1);
}

#[tokio::test]
async fn an_address_in_a_url_is_judged_without_asking_anybody() {
    let resolver = ScriptedResolver::saying(&[]);
    let client = HttpClient::new(HttpSettings::default(), Arc::clone(&resolver) as _).unwrap();
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:169.254.169.254]",
    ] {
        let route = client
            .route(destination("GET", &format!("http://{host}/")))
            .await;
        assert!(
            matches!(route, Err(HttpError::Refused { .. })),
            "{host} {route:?}"
        );
    }
    assert!(resolver.asked.lock().is_empty());
}
