//! Things to try the service out with: collections that look like an application's, and three jobs that
//! do no harm. Nothing is made where there is something already.

mod collections;
mod jobs;
mod numbers;

use std::num::NonZeroU32;

use sandglass_contract::OrganisationId;
use sandglass_registry::{PageRequest, Scope, store::JobQuery};

use crate::{
    failure::{Failure, OrFail as _},
    service::Service,
};

/// How many documents are stored at once.
const DOCUMENTS_AT_ONCE: usize = 500;

/// Fills an empty application database, and makes jobs where there are none.
pub(crate) async fn fill(service: &Service) -> Result<(), Failure> {
    let doing = "making the demo collections";
    let now = service.scheduler.clock().now();
    if service
        .database
        .collections()
        .await
        .or_fail(doing)?
        .is_empty()
    {
        for (name, documents) in collections::all(now) {
            let name = name.parse().or_fail(doing)?;
            for part in documents.chunks(DOCUMENTS_AT_ONCE) {
                service
                    .database
                    .insert_many(&name, part.to_vec())
                    .await
                    .or_fail(doing)?;
            }
        }
        tracing::info!("demo.collections.made");
    }
    let scope = Scope::of(OrganisationId::default());
    let any = JobQuery {
        template_type: None,
        enabled: None,
        search: None,
        tag: None,
        page: PageRequest::new(NonZeroU32::MIN, NonZeroU32::MIN),
    };
    let stored = service.scheduler.store().jobs(&scope, &any).await;
    if stored.or_fail("reading the jobs")?.total == 0 {
        jobs::make(&service.scheduler, &scope).await?;
        tracing::info!("demo.jobs.made");
    }
    Ok(())
}
