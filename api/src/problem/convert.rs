//! What each error of the layers below means to a caller.

use std::error::Error;

use sandglass_contract::Blame;
use sandglass_query::DatabaseError;
use sandglass_registry::StoreError;
use sandglass_scheduler::{CatalogueError, JobError, jobs::AdmissionError};

use super::{Problem, ProblemKind};
use crate::rates::MANUAL_RUNS;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { .. } => Self::new(ProblemKind::NotFound, error.to_string()),
            StoreError::Exists { .. } => Self::new(ProblemKind::AlreadyExists, error.to_string()),
            StoreError::Changed { .. } => {
                let detail = format!("{error}; read it again and repeat the change");
                Self::new(ProblemKind::VersionConflict, detail)
            }
            StoreError::Needed { .. } => {
                let detail = format!("{error}; change or delete those first");
                Self::new(ProblemKind::InUse, detail)
            }
            StoreError::Decided { .. } => Self::new(ProblemKind::AlreadyDecided, error.to_string()),
            StoreError::Full { .. } => {
                let detail = format!("{error}; remove some, or raise the setting");
                Self::new(ProblemKind::LimitReached, detail)
            }
            StoreError::Unavailable(_) => Self::unavailable(&error),
            StoreError::Fenced | StoreError::Refused(_) | StoreError::Corrupt { .. } => {
                Self::internal(&error)
            }
        }
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        match error.retryable() {
            true => Self::unavailable(&error),
            false => Self::internal(&error),
        }
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Invalid(problems) => {
                let detail = match problems.as_slice() {
                    [one] => one.detail.clone(),
                    several => format!("{} things are wrong with the job", several.len()),
                };
                Self::new(ProblemKind::InvalidJob, detail).with_errors(problems)
            }
            JobError::MayNotWiden(problems) => {
                let told = problems.iter().map(|it| it.detail.as_str());
                let detail = told.collect::<Vec<_>>().join("; ");
                Self::new(ProblemKind::MayNotWiden, detail).with_errors(problems)
            }
            JobError::Store(error) => error.into(),
            JobError::Admission(AdmissionError::Store(error)) => error.into(),
            JobError::Admission(AdmissionError::Template(error)) => {
                of_catalogue(error, ProblemKind::TemplateFailed)
            }
            JobError::Admission(error @ AdmissionError::Schema(_)) => {
                Self::new(ProblemKind::TemplateFailed, error.to_string())
            }
            error @ JobError::Destructive { .. } => {
                Self::new(ProblemKind::Forbidden, error.to_string())
            }
            JobError::TooManyRuns(state) => Self::too_many(MANUAL_RUNS, state, error.to_string()),
            error @ JobError::Calendar(_) => Self::internal(&error),
        }
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        of_catalogue(error, ProblemKind::InvalidTemplate)
    }
}

/// A template's own fault is told as a problem of the kind `guest`, with its causes.
fn of_catalogue(error: CatalogueError, guest: ProblemKind) -> Problem {
    match error {
        CatalogueError::Store(error) => error.into(),
        CatalogueError::Signature(_) => {
            let detail = format!("{error}; sign it with a trusted key (`sandglass template sign`)");
            Problem::new(ProblemKind::SignatureRefused, detail)
        }
        CatalogueError::OwnUpload => {
            let detail = format!("{error}; ask another user to do it");
            Problem::new(ProblemKind::OwnUpload, detail)
        }
        CatalogueError::Template(error) if error.blame() == Blame::Guest => {
            Problem::new(guest, with_causes(&error))
        }
        error => Problem::internal(&error),
    }
}

/// An error with everything that led to it.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use sandglass_contract::SignatureError;
    use sandglass_registry::{Version, VersionStatus};
    use sandglass_scheduler::Problem as FieldProblem;

    use super::*;

    fn check(error: impl Into<Problem>, status: u16, code: &str) {
        let problem = error.into().details("");
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (status, code),
            "{problem:?}"
        );
    }

    #[test]
    fn every_error_has_its_status_and_code() {
        let boxed = || Box::new(std::io::Error::other("disk")) as Box<dyn Error + Send + Sync>;
        check(StoreError::NotFound { what: "job" }, 404, "NOT_FOUND");
        check(StoreError::Exists { what: "job" }, 409, "ALREADY_EXISTS");
        check(
            StoreError::Changed {
                current: Version(3),
            },
            409,
            "VERSION_CONFLICT",
        );
        let full = StoreError::Full {
            what: "jobs",
            most: 100,
        };
        check(full, 409, "LIMIT_REACHED");
        check(StoreError::Fenced, 500, "INTERNAL");
        check(StoreError::Unavailable(boxed()), 503, "UNAVAILABLE");
        check(StoreError::Refused(boxed()), 500, "INTERNAL");
        let corrupt = StoreError::Corrupt {
            what: "job",
            source: boxed(),
        };
        check(corrupt, 500, "INTERNAL");
        check(DatabaseError::unavailable(boxed()), 503, "UNAVAILABLE");
        check(
            DatabaseError::corrupt("a document", boxed()),
            500,
            "INTERNAL",
        );
        let fields = vec![FieldProblem {
            pointer: "/name".to_owned(),
            code: "x".to_owned(),
            detail: "y".to_owned(),
        }];
        check(JobError::MayNotWiden(fields.clone()), 403, "MAY_NOT_WIDEN");
        check(JobError::Invalid(fields), 422, "INVALID_JOB");
        check(
            JobError::Store(StoreError::NotFound { what: "job" }),
            404,
            "NOT_FOUND",
        );
        let texts = vec!["May delete documents in users".to_owned()];
        check(JobError::Destructive { texts }, 403, "FORBIDDEN");
        let schema = AdmissionError::Schema("not an object".to_owned());
        check(JobError::Admission(schema), 422, "TEMPLATE_FAILED");
        check(
            CatalogueError::Store(StoreError::Exists { what: "template" }),
            409,
            "ALREADY_EXISTS",
        );
        let current = VersionStatus::Rejected;
        check(StoreError::Decided { current }, 409, "ALREADY_DECIDED");
        check(CatalogueError::OwnUpload, 403, "OWN_UPLOAD");
        let unsigned = CatalogueError::Signature(SignatureError::Missing);
        check(unsigned, 422, "SIGNATURE_REFUSED");
        let lost = CatalogueError::ComponentLost(sandglass_contract::Digest::of(b""));
        check(lost, 500, "INTERNAL");
    }
}
