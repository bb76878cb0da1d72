//! Requests to other services, as plain data that has been judged, and what sends them.
//!
//! A request goes to addresses that were judged one by one, over a connection of its own: no pool, so
//! that no connection outlives what it was opened for; no proxy; no redirects; HTTP/1.1. Who may send
//! what where is decided by the capability; nothing here knows of grants.

mod addresses;
mod connection;
mod exchange;
pub(crate) mod headers;
mod resolver;
#[cfg(test)]
pub(crate) mod tests;

use std::{fmt, io, net::SocketAddr, sync::Arc};

use ipnet::IpNet;
use sandglass_contract::{Destination, Scheme};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, crypto::ring, pki_types::InvalidDnsNameError,
};

use addresses::NotPublic;
pub(crate) use exchange::{Incoming, Outgoing, is_plain};
pub use resolver::{Resolver, SystemResolver};

/// The most addresses of a host that are tried.
const MAX_ADDRESSES: usize = 8;

/// Which addresses requests may be sent to beside public ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpSettings {
    /// Networks that are allowed although they are not public, in CIDR notation (RFC 4632).
    pub allowed_networks: Vec<IpNet>,
}

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    settings: Arc<HttpSettings>,
    resolver: Arc<dyn Resolver>,
    tls: Arc<ClientConfig>,
}

/// A client that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up")]
pub struct TlsSetupError(#[from] tokio_rustls::rustls::Error);

/// Why a request brought no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The host has an address that nothing is sent to.
    #[error(
        "{host} has the address {refused}; an operator can allow its network by the setting http.allowed_networks"
    )]
    Refused { host: String, refused: NotPublic },
    /// The host has no address.
    #[error("the host {host} cannot be found")]
    Unresolved {
        host: String,
        #[source]
        source: io::Error,
    },
    /// The host has no name that a certificate can have.
    #[error("no certificate can be for the host {host}")]
    NoTlsName {
        host: String,
        #[source]
        source: InvalidDnsNameError,
    },
    /// The request cannot be written.
    #[error("the request to {host} cannot be written: {source}")]
    Unsendable {
        host: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nobody answers, or not in TLS.
    #[error("no connection to {host} can be made: {source}")]
    Unreachable {
        host: String,
        #[source]
        source: io::Error,
    },
    /// The exchange broke off after it had begun.
    #[error("the exchange with {host} broke off: {source}")]
    Broken {
        host: String,
        #[source]
        source: hyper::Error,
    },
    /// The server wants to go on in another protocol.
    #[error("the server {host} answered with a switch of protocols that nobody asked for")]
    Switched { host: String },
    /// The answer is too large.
    #[error("the answer of {host} is larger than the {maximum} bytes that are left for it")]
    TooLarge { host: String, maximum: u64 },
}

/// Where a request goes: the addresses that were judged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) destination: Destination,
    pub(crate) host: String,
    addresses: Vec<SocketAddr>,
}

impl HttpClient {
    /// A client that finds hosts by `resolver`.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(settings: HttpSettings, resolver: Arc<dyn Resolver>) -> Result<Self, TlsSetupError> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        Self::trusting(roots, settings, resolver)
    }

    fn trusting(
        roots: RootCertStore,
        settings: HttpSettings,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, TlsSetupError> {
        let provider = Arc::new(ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            settings: Arc::new(settings),
            resolver,
            tls: Arc::new(tls),
        })
    }

    /// Finds and judges the addresses of a destination. All of them must pass: a name that has a public
    /// address and one that is not is the beginning of a rebinding attack, and not a service.
    pub(crate) async fn route(&self, destination: Destination) -> Result<Route, HttpError> {
        let host = destination.host().unwrap_or_default().to_owned();
        let unresolved = |source| HttpError::Unresolved {
            host: host.clone(),
            source,
        };
        let found = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => self.resolver.resolve(&host).await.map_err(unresolved)?,
        };
        if found.is_empty() {
            let none = io::Error::new(io::ErrorKind::NotFound, "it has no addresses");
            return Err(unresolved(none));
        }
        let mut addresses = Vec::with_capacity(found.len());
        for address in found {
            let address = addresses::judge(address, &self.settings.allowed_networks);
            let address = address.map_err(|refused| HttpError::Refused {
                host: host.clone(),
                refused,
            })?;
            addresses.push(SocketAddr::new(address, destination.port()));
        }
        addresses.truncate(MAX_ADDRESSES);
        Ok(Route {
            destination,
            host,
            addresses,
        })
    }
}

impl Route {
    const fn is_encrypted(&self) -> bool {
        matches!(self.destination.scheme(), Scheme::Https)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpClient")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
