//! Every kind of error that the API can answer with, in one table.

use axum::http::StatusCode;

/// A kind of error. Its code and type are stable: programs may rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The body is not JSON.
    MalformedJson,
    /// The body could not be read.
    UnreadableBody,
    /// A query parameter is unknown or has a value that it cannot have.
    InvalidQuery,
    /// A header has a value that it cannot have.
    InvalidHeader,
    /// The request carries no valid token.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// The caller may not let a job touch more than it does.
    MayNotWiden,
    /// Whoever brought a version of a template may not decide about it.
    OwnUpload,
    /// There is nothing there.
    NotFound,
    /// There is something there that does not take this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// There are as many as there may be.
    LimitReached,
    /// It was asked for too often.
    TooManyRequests,
    /// Somebody else changed the record meanwhile.
    VersionConflict,
    /// A record of that identity is there already.
    AlreadyExists,
    /// Other records refer to it.
    InUse,
    /// The service has no key to seal secrets with.
    NoSecretsKey,
    /// The execution has ended.
    AlreadyFinished,
    /// The version of a template is not in the status in which this can be decided about it.
    AlreadyDecided,
    /// The record is not at the version that `If-Match` names.
    VersionMismatch,
    /// The body is too large.
    BodyTooLarge,
    /// The body is of another media type than the one taken here.
    UnsupportedMediaType,
    /// The body is JSON and does not fit the schema.
    InvalidBody,
    /// The job breaks rules.
    InvalidJob,
    /// The component is not a template that can be used.
    InvalidTemplate,
    /// Nobody vouches for the version of a template who must.
    SignatureRefused,
    /// The template failed when it was asked about the job.
    TemplateFailed,
    /// The service failed.
    Internal,
    /// The service cannot answer at the moment.
    Unavailable,
    /// The service does not take work, because it starts or stops.
    NotReady,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 30] = [
        Self::MalformedJson,
        Self::UnreadableBody,
        Self::InvalidQuery,
        Self::InvalidHeader,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::MayNotWiden,
        Self::OwnUpload,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::LimitReached,
        Self::TooManyRequests,
        Self::VersionConflict,
        Self::AlreadyExists,
        Self::InUse,
        Self::NoSecretsKey,
        Self::AlreadyFinished,
        Self::AlreadyDecided,
        Self::VersionMismatch,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidBody,
        Self::InvalidJob,
        Self::InvalidTemplate,
        Self::SignatureRefused,
        Self::TemplateFailed,
        Self::Internal,
        Self::Unavailable,
        Self::NotReady,
    ];

    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::MalformedJson => (S::BAD_REQUEST, "MALFORMED_JSON", "The body is not JSON"),
            Self::UnreadableBody => (
                S::BAD_REQUEST,
                "UNREADABLE_BODY",
                "The body could not be read",
            ),
            Self::InvalidQuery => (
                S::BAD_REQUEST,
                "INVALID_QUERY",
                "The query parameters are not valid",
            ),
            Self::InvalidHeader => (S::BAD_REQUEST, "INVALID_HEADER", "A header is not valid"),
            Self::Unauthenticated => (
                S::UNAUTHORIZED,
                "UNAUTHENTICATED",
                "A valid token is needed",
            ),
            Self::Forbidden => (S::FORBIDDEN, "FORBIDDEN", "The caller may not do this"),
            Self::MayNotWiden => (
                S::FORBIDDEN,
                "MAY_NOT_WIDEN",
                "Only a super admin may let a job touch more",
            ),
            Self::OwnUpload => (
                S::FORBIDDEN,
                "OWN_UPLOAD",
                "Somebody else must decide about it",
            ),
            Self::NotFound => (S::NOT_FOUND, "NOT_FOUND", "There is nothing there"),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "The method is not allowed here",
            ),
            Self::RequestTimeout => (
                S::REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                "The body did not arrive in time",
            ),
            Self::LimitReached => (
                S::CONFLICT,
                "LIMIT_REACHED",
                "There are as many as there may be",
            ),
            Self::TooManyRequests => (
                S::TOO_MANY_REQUESTS,
                "TOO_MANY_REQUESTS",
                "It was asked for too often",
            ),
            Self::VersionConflict => (
                S::CONFLICT,
                "VERSION_CONFLICT",
                "Somebody else changed it meanwhile",
            ),
            Self::AlreadyExists => (S::CONFLICT, "ALREADY_EXISTS", "It is there already"),
            Self::InUse => (S::CONFLICT, "IN_USE", "Other records refer to it"),
            Self::NoSecretsKey => (
                S::CONFLICT,
                "NO_SECRETS_KEY",
                "The service has no key for secrets",
            ),
            Self::AlreadyFinished => (
                S::CONFLICT,
                "ALREADY_FINISHED",
                "The execution has ended already",
            ),
            Self::AlreadyDecided => (
                S::CONFLICT,
                "ALREADY_DECIDED",
                "Something else was decided about it already",
            ),
            Self::VersionMismatch => (
                S::PRECONDITION_FAILED,
                "VERSION_MISMATCH",
                "It is at another version",
            ),
            Self::BodyTooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "BODY_TOO_LARGE",
                "The body is too large",
            ),
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "The body is of another media type",
            ),
            Self::InvalidBody => (
                S::UNPROCESSABLE_ENTITY,
                "INVALID_BODY",
                "The body does not fit the schema",
            ),
            Self::InvalidJob => (
                S::UNPROCESSABLE_ENTITY,
                "INVALID_JOB",
                "The job is not valid",
            ),
            Self::InvalidTemplate => (
                S::UNPROCESSABLE_ENTITY,
                "INVALID_TEMPLATE",
                "The component is not a usable template",
            ),
            Self::SignatureRefused => (
                S::UNPROCESSABLE_ENTITY,
                "SIGNATURE_REFUSED",
                "No trusted key vouches for the component",
            ),
            Self::TemplateFailed => (
                S::UNPROCESSABLE_ENTITY,
                "TEMPLATE_FAILED",
                "The template failed",
            ),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "INTERNAL", "The service failed"),
            Self::Unavailable => (
                S::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "The service cannot answer at the moment",
            ),
            Self::NotReady => (
                S::SERVICE_UNAVAILABLE,
                "NOT_READY",
                "The service takes no work",
            ),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// The stable word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().1
    }

    /// The sentence that is the same for every occurrence (RFC 9457 §3.1.4).
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// The URI that names the kind (RFC 9457 §3.1.1).
    #[must_use]
    pub fn type_uri(self) -> String {
        let word = self.code().to_ascii_lowercase().replace('_', "-");
        format!("urn:sandglass:problem:{word}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_an_error_status() {
        let codes: BTreeSet<_> = ProblemKind::ALL
            .map(ProblemKind::code)
            .into_iter()
            .collect();
        assert_eq!(codes.len(), ProblemKind::ALL.len());
        for kind in ProblemKind::ALL {
            let status = kind.status();
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{kind:?}"
            );
            let upper_snake = |it: char| it.is_ascii_uppercase() || it == '_';
            assert!(kind.code().chars().all(upper_snake), "{kind:?}");
        }
    }

    #[test]
    fn a_type_is_a_uri_made_of_the_code() {
        let uri = ProblemKind::VersionConflict.type_uri();
        assert_eq!(uri, "urn:sandglass:problem:version-conflict");
    }
}
