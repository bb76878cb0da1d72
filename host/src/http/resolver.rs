//! From host names to addresses.

use std::{io, net::IpAddr};

use async_trait::async_trait;

/// Finds the addresses of host names. It is asked once for a request, and what it says is what is judged
/// and connected to.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of a host, in the order in which they are to be tried.
    ///
    /// # Errors
    /// Where nobody knows the name, or nobody answers.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
