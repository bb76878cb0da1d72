//! What the operations of the API work with.

use std::{
    fmt::{self, Display},
    sync::Arc,
};

use ipnet::IpNet;
use sandglass_query::ApplicationDatabase;
use sandglass_registry::StoreError;
use sandglass_scheduler::{Act, Scheduler};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{Caller, Oidc, Transport, Usage},
    rates::Requests,
    sources::{ArtifactSource, Outbox},
};

/// How many live streams there may be at once.
const MAX_STREAMS: usize = 256;

/// What the API is made of.
pub struct ApiParts {
    /// Jobs, executions and templates.
    pub scheduler: Scheduler,
    /// The collections that templates work on; the API only lists their names.
    pub database: Arc<dyn ApplicationDatabase>,
    /// The files that runs left behind.
    pub artifacts: Arc<dyn ArtifactSource>,
    /// The mails that were written to files, where there is no mail server.
    pub outbox: Option<Arc<dyn Outbox>>,
    /// How browsers reach the service.
    pub transport: Transport,
    /// Networks of proxies whose word about where requests come from is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The service at which users can sign in, where one is set.
    pub oidc: Option<Oidc>,
    /// How many requests a minute a token may make, where that is limited.
    pub requests_per_minute: Option<u32>,
    /// The largest component that is taken, in bytes.
    pub max_component_bytes: usize,
    /// The version of the service.
    pub version: &'static str,
    /// Cancelled when the API shall end: live streams end, and no connection is accepted any more.
    pub shutdown: CancellationToken,
}

/// What every operation of the API gets; cloning it is cheap.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    parts: ApiParts,
    streams: Arc<Semaphore>,
    usage: Usage,
    requests: Requests,
}

impl ApiState {
    /// The state of an API made of `parts`.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            usage: Usage::default(),
            requests: Requests::default(),
        }))
    }

    /// When tokens were used last.
    pub(crate) fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// How many requests were made lately.
    pub(crate) fn requests(&self) -> &Requests {
        &self.0.requests
    }

    /// Makes a change that the audit log knows of before it is made.
    pub(crate) async fn audited<T, E: Display + From<StoreError>>(
        &self,
        caller: &Caller,
        act: Act,
        change: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let auditor = self.scheduler.auditor();
        auditor
            .around(&caller.scope, &caller.actor, act, change)
            .await
    }

    /// The places for live streams that are free.
    pub(crate) fn streams(&self) -> Arc<Semaphore> {
        self.0.streams.clone()
    }
}

impl std::ops::Deref for ApiState {
    type Target = ApiParts;

    fn deref(&self) -> &ApiParts {
        &self.0.parts
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiState").finish_non_exhaustive()
    }
}
