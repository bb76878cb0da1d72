//! The register of capabilities: which job may do what, and who may do something.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use jiff::Timestamp;
use sandglass_contract::{Interface, JobId, Operation, TemplateId, grant::Target};
use sandglass_registry::{
    PageRequest, RegisterQuery, Scope, Store, StoreError, UseState,
    capability::{CSV_HEADER, Capability, DAYS, Day, report},
    page::MAX_PAGE_LIMIT,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Caller,
    extract::{Query, bounded_text, first_page},
    problem::Problem,
    state::ApiState,
};

/// The media type of the table.
const CSV: &str = "text/csv";

/// In which form the register is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RegisterFormat {
    /// A page.
    Json,
    /// All that meets the conditions, as a table; pages are passed over.
    Csv,
}

/// Which capabilities are listed; every condition that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CapabilityQuery {
    /// Only those of this job.
    #[param(value_type = Option<String>)]
    job_id: Option<JobId>,
    /// Only those of jobs of this template.
    #[param(value_type = Option<String>, example = "database_cleanup")]
    template_type: Option<TemplateId>,
    /// Only those of this interface.
    interface: Option<Interface>,
    /// Only those that cover this collection, address or artifact, by its name or by a pattern.
    #[serde(default, deserialize_with = "bounded_text")]
    #[param(value_type = Option<String>, max_length = 200, example = "users")]
    target: Option<String>,
    /// Only this operation.
    operation: Option<Operation>,
    /// Only those in this state.
    state: Option<UseState>,
    /// The form of the answer; else the header `Accept` says it.
    #[param(inline, required = false)]
    format: Option<RegisterFormat>,
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    page: NonZeroU32,
    /// How many rows a page holds; above 200 means 200.
    #[serde(default = "rows_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 50, required = false)]
    limit: NonZeroU32,
}

fn rows_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN)
}

impl CapabilityQuery {
    fn at(&self, now: Timestamp) -> RegisterQuery {
        RegisterQuery {
            job: self.job_id.clone(),
            template: self.template_type.clone(),
            interface: self.interface,
            operation: self.operation,
            targets: self.target.as_deref().map(|name| self.covering(name)),
            state: self.state,
            now,
            page: PageRequest::new(self.page, self.limit),
        }
    }

    /// The targets that cover a name, on the interface that is asked for or on any.
    fn covering(&self, name: &str) -> Vec<String> {
        let interface = self.interface.or(self.operation.map(Operation::interface));
        let interfaces = match interface {
            Some(interface) => vec![interface],
            None => Interface::ALL.to_vec(),
        };
        let covering = interfaces.into_iter().map(|it| Target::covering(it, name));
        let mut covering: Vec<String> = covering.flatten().collect();
        covering.sort_unstable();
        covering.dedup();
        covering
    }
}

/// A page of the register: what was denied first, then what is granted and not used, then what is used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CapabilityList {
    capabilities: Vec<Capability>,
    /// The first moment of the days that uses are counted in.
    since: Timestamp,
    /// How many days those are, today among them.
    days: i64,
    /// How many rows there are on all pages.
    total: u64,
    /// The number of this page.
    page: u32,
    /// How many pages there are.
    pages: u64,
}

/// List capabilities
///
/// Which job may do what, and what it made of that in the last 30 days. With `job_id` it says what a job
/// may touch; with `interface`, `target` and `operation` who may do that, such as
/// `?interface=database&target=users&operation=delete`. With `Accept: text/csv` or `format=csv` all rows
/// come as a table.
#[utoipa::path(
    get, path = "/api/admin/capabilities", tag = "Capabilities", params(CapabilityQuery),
    responses((
        status = 200, description = "A page of the register, or all of it as a table",
        content((CapabilityList = "application/json"), (String = "text/csv")),
    )),
)]
pub(super) async fn list_capabilities(
    caller: Caller,
    State(state): State<ApiState>,
    Query(query): Query<CapabilityQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let store = state.scheduler.store().clone();
    let now = state.scheduler.clock().now();
    let wanted = query.at(now);
    let as_table = match query.format {
        Some(format) => format == RegisterFormat::Csv,
        None => accepts_csv(&headers),
    };
    if as_table {
        return table(store, caller.scope, wanted).await;
    }
    let page = report(store.as_ref(), &caller.scope, &wanted).await?;
    Ok(Json(CapabilityList {
        capabilities: page.items,
        since: Day::first(now).begin(),
        days: DAYS,
        total: page.total,
        page: page.page,
        pages: page.pages,
    })
    .into_response())
}

/// Whether the caller wants a table rather than JSON: the first of both that `Accept` names.
fn accepts_csv(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    let types = accept.unwrap_or_default().split(',');
    let mut types = types.map(|it| it.split(';').next().unwrap_or_default().trim());
    types.find(|it| [CSV, "application/json", "*/*"].contains(it)) == Some(CSV)
}

/// Everything that meets the conditions, page by page, so that none of it is held longer than it takes to
/// send.
async fn table(
    store: Arc<dyn Store>,
    scope: Scope,
    query: RegisterQuery,
) -> Result<Response, Problem> {
    let first = next_page(&store, &scope, &query, NonZeroU32::MIN).await?;
    let begin = (CSV_HEADER.to_owned() + &first.0, first.1);
    let rest = stream::try_unfold(Some(begin), move |part| {
        let (store, scope, query) = (store.clone(), scope.clone(), query.clone());
        async move {
            let Some((lines, next)) = part else {
                return Ok::<_, StoreError>(None);
            };
            let behind = match next {
                Some(page) => Some(next_page(&store, &scope, &query, page).await?),
                None => None,
            };
            Ok(Some((lines, behind)))
        }
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"capabilities.csv\""),
        ),
    ];
    Ok((headers, Body::from_stream(rest)).into_response())
}

/// The lines of a page, and the page after it, where there is one.
async fn next_page(
    store: &Arc<dyn Store>,
    scope: &Scope,
    query: &RegisterQuery,
    page: NonZeroU32,
) -> Result<(String, Option<NonZeroU32>), StoreError> {
    let limit = NonZeroU32::new(MAX_PAGE_LIMIT).unwrap_or(NonZeroU32::MIN);
    let query = RegisterQuery {
        page: PageRequest::new(page, limit),
        ..query.clone()
    };
    let found = report(store.as_ref(), scope, &query).await?;
    let lines = found.items.iter().map(Capability::csv_line).collect();
    let next = page.checked_add(1);
    let next = next.filter(|_| u64::from(page.get()) < found.pages);
    Ok((lines, next))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn a_table_is_sent_to_whoever_asks_for_one() {
        let check = |accept: &str, expect: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            assert_eq!(accepts_csv(&headers), expect, "{accept}");
        };
        check("text/csv", true);
        check("text/csv;q=0.9, */*;q=0.1", true);
        check("text/plain, text/csv", true);
        check("application/json, text/csv", false);
        check("*/*", false);
        check("", false);
        assert!(!accepts_csv(&HeaderMap::new()));
    }
}
