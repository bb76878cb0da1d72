//! The header that an upload may carry its signature in.

use axum::{extract::FromRequestParts, http::request::Parts};
use sandglass_contract::Signature;

use crate::problem::{Problem, ProblemKind};

/// The name of the header.
const NAME: &str = "sandglass-signature";

/// The signature that a component comes with.
#[derive(Debug)]
pub(crate) struct SignatureHeader(pub(crate) Option<Signature>);

impl<S: Send + Sync> FromRequestParts<S> for SignatureHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(NAME).iter();
        let (first, second) = (values.next(), values.next());
        let invalid = |detail: String| Problem::new(ProblemKind::InvalidHeader, detail);
        if second.is_some() {
            return Err(invalid("Sandglass-Signature stands there twice".to_owned()));
        }
        let text = first.map(|value| value.to_str().unwrap_or_default());
        let signature = text.map(str::parse::<Signature>).transpose();
        signature
            .map(Self)
            .map_err(|error| invalid(format!("Sandglass-Signature: {error}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use axum::http::Request;

    use super::*;

    async fn check(values: &[&str], expect: Result<Option<&str>, &str>) {
        let mut request = Request::builder();
        for value in values {
            request = request.header("Sandglass-Signature", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let read = SignatureHeader::from_request_parts(&mut parts, &()).await;
        match (read, expect) {
            (Ok(SignatureHeader(found)), Ok(name)) => {
                assert_eq!(found.as_ref().map(|it| it.key().as_str()), name);
            }
            (Err(problem), Err(part)) => {
                let detail = problem.details("").detail;
                assert!(detail.contains(part), "{detail}");
            }
            (read, _) => panic!("{values:?}: {read:?}"),
        }
    }

    #[tokio::test]
    async fn a_signature_is_read_or_refused() {
        let good = format!("release={}==", "A".repeat(86));
        check(&[], Ok(None)).await;
        check(&[&good], Ok(Some("release"))).await;
        check(&[""], Err("NAME=BASE64")).await;
        check(&["release=AAAA"], Err("NAME=BASE64")).await;
        check(&[&good, &good], Err("twice")).await;
    }
}
