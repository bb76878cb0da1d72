//! The OpenAPI document, made of the operations themselves.
//!
//! What all operations have in common is added here: the security scheme, and the problems that follow
//! from what an operation takes (a path, a query, a body).

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, header};
use serde_json::json;
use utoipa::{
    ToSchema,
    openapi::{
        Components, Content, Info, License, OpenApi, Ref, RefOr, Response, ResponseBuilder,
        path::{Operation, ParameterIn, PathItem},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use crate::{
    problem::{PROBLEM_JSON, Problem, ProblemDetails, ProblemKind},
    routes,
};

/// The name of the security scheme of programs.
const TOKEN: &str = "token";
/// The name of the security scheme of browsers.
const SESSION: &str = "session";

/// The problems that operations share: the status, the name of the response, and an example.
const SHARED: [(&str, &str, ProblemKind, &str); 11] = [
    (
        "400",
        "BadRequest",
        ProblemKind::InvalidQuery,
        "unknown field `colour`",
    ),
    (
        "401",
        "Unauthenticated",
        ProblemKind::Unauthenticated,
        "the token is not known",
    ),
    (
        "403",
        "Forbidden",
        ProblemKind::Forbidden,
        "your role is admin; this takes one of super_admin",
    ),
    (
        "404",
        "NotFound",
        ProblemKind::NotFound,
        "there is no such job",
    ),
    (
        "408",
        "RequestTimeout",
        ProblemKind::RequestTimeout,
        "the body did not arrive in time",
    ),
    (
        "413",
        "BodyTooLarge",
        ProblemKind::BodyTooLarge,
        "the body may have at most 1048576 bytes",
    ),
    (
        "415",
        "UnsupportedMediaType",
        ProblemKind::UnsupportedMediaType,
        "send the body as JSON",
    ),
    (
        "422",
        "Unprocessable",
        ProblemKind::InvalidBody,
        "/name: invalid type",
    ),
    (
        "429",
        "TooManyRequests",
        ProblemKind::TooManyRequests,
        "this token may make 6000 requests a minute; ask again in 12 seconds",
    ),
    (
        "500",
        "Internal",
        ProblemKind::Internal,
        "the service failed",
    ),
    (
        "503",
        "Unavailable",
        ProblemKind::Unavailable,
        "something does not answer",
    ),
];

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let text = serde_json::to_string_pretty(&document());
    text.map_or_else(|_| "{}".to_owned(), |text| text + "\n")
});

/// The document as JSON, indented, with a line break at its end.
#[must_use]
pub fn document_text() -> &'static str {
    &DOCUMENT
}

/// This document
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "Health",
    responses((
        status = 200, description = "The OpenAPI document", body = Object,
        content_type = "application/json",
    )),
)]
pub(crate) async fn openapi_document() -> ([(HeaderName, HeaderValue); 1], &'static str) {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], document_text())
}

/// The OpenAPI document of every operation.
#[must_use]
pub fn document() -> OpenApi {
    let public = routes::public().into_openapi();
    let mut admin = routes::admin().into_openapi();
    for item in admin.paths.paths.values_mut() {
        for operation in operations(item) {
            let none: [String; 0] = [];
            operation.security = Some(vec![
                SecurityRequirement::new(TOKEN, none.clone()),
                SecurityRequirement::new(SESSION, none),
            ]);
            for status in ["400", "401", "403", "429"] {
                add(operation, status);
            }
            add(operation, "503");
        }
    }
    let mut document = public;
    document.merge(admin);
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(add_problems);
    }
    document.info = info();
    add_components(document.components.get_or_insert_default());
    document
}

fn info() -> Info {
    let mut info = Info::new("Sandglass", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "A job service: jobs are made of WebAssembly templates and run in sandboxes that hold exactly \
         the capabilities that they need. Every answer that is not a success is a problem (RFC 9457), \
         and every answer has the header `X-Request-Id`. A request may say in the header \
         `Sandglass-Reason` why it is made; the audit log has it."
            .to_owned(),
    );
    info.license = Some(License::new("Apache-2.0"));
    info
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// Adds the problems that follow from what an operation takes.
fn add_problems(operation: &mut Operation) {
    let takes = |place: &ParameterIn| {
        let parameters = operation.parameters.iter().flatten();
        parameters.into_iter().any(|it| match it {
            RefOr::T(parameter) => parameter.parameter_in == *place,
            RefOr::Ref(_) => false,
        })
    };
    let mut statuses = vec!["500"];
    if takes(&ParameterIn::Path) {
        statuses.push("404");
    }
    if takes(&ParameterIn::Query) || takes(&ParameterIn::Header) {
        statuses.push("400");
    }
    if operation.request_body.is_some() {
        statuses.extend(["400", "408", "413", "415", "422"]);
    }
    for status in statuses {
        add(operation, status);
    }
}

fn add(operation: &mut Operation, status: &str) {
    if let Some((_, name, ..)) = SHARED.iter().find(|(shared, ..)| *shared == status) {
        let reference = RefOr::Ref(Ref::from_response_name(*name));
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert(reference);
    }
}

fn add_components(components: &mut Components) {
    let mut schemas = Vec::new();
    ProblemDetails::schemas(&mut schemas);
    schemas.push((
        ProblemDetails::name().into_owned(),
        <ProblemDetails as utoipa::PartialSchema>::schema(),
    ));
    components.schemas.extend(schemas);
    for (_, name, kind, detail) in SHARED {
        components
            .responses
            .insert(name.to_owned(), RefOr::T(response(kind, detail)));
    }
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("sg_<id>_<secret>")
        .description(Some(
            "An API token. The first start of the service prints one.",
        ))
        .build();
    components
        .security_schemes
        .insert(TOKEN.to_owned(), SecurityScheme::Http(scheme).into());
    let cookie = ApiKeyValue::with_description(
        "sandglass-session",
        "The session that signing in begins; over HTTPS its cookie is `__Host-sandglass-session`.",
    );
    let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
    components
        .security_schemes
        .insert(SESSION.to_owned(), scheme.into());
}

fn response(kind: ProblemKind, detail: &str) -> Response {
    let example = Problem::new(kind, detail).details("9f86d081884c7d659a2feaa0c55ad015");
    let schema = Ref::from_schema_name(ProblemDetails::name());
    let mut content = Content::new(Some(schema));
    content.example = Some(json!(example));
    ResponseBuilder::new()
        .description(kind.title())
        .content(PROBLEM_JSON, content)
        .build()
}

#[cfg(test)]
mod tests;
