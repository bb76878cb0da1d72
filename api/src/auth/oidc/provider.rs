//! Talking to the sign-in service, with a client that follows no redirects and takes no large answers.

use std::time::Duration;

use openidconnect::{
    AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Begun, Claims, OidcError, OidcSettings};
use crate::problem::with_causes;

/// What the service says about itself.
pub(super) type Metadata = CoreProviderMetadata;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Claims beside those that the standard names.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Others {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Party<A, D, I, R, T, U> = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    A,
    D,
    I,
    R,
    T,
    U,
>;

/// A client for these questions.
pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

/// Asks the service about itself.
pub(super) fn discover(
    settings: &OidcSettings,
    agent: &ureq::Agent,
) -> Result<Metadata, OidcError> {
    let issuer = IssuerUrl::new(settings.issuer.clone());
    let issuer = issuer.map_err(|error| OidcError::Unavailable(error.to_string()))?;
    let asked = CoreProviderMetadata::discover(&issuer, &|request| send(agent, request));
    asked.map_err(|error| OidcError::Unavailable(with_causes(&error)))
}

/// Begins a sign-in.
pub(super) fn begin(
    settings: &OidcSettings,
    metadata: Metadata,
) -> Result<(String, Begun), OidcError> {
    let party = party(settings, metadata)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = party
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("profile".to_owned()))
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let begun = Begun {
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
    };
    Ok((url.to_string(), begun))
}

/// Gives the code for a token, and reads that.
pub(super) fn exchange(
    settings: &OidcSettings,
    metadata: Metadata,
    agent: &ureq::Agent,
    begun: Begun,
    code: String,
) -> Result<Claims, OidcError> {
    let invalid = |error: &dyn std::error::Error| OidcError::Invalid(with_causes(error));
    let party = party(settings, metadata)?;
    let asked = party
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|error| OidcError::Unavailable(error.to_string()))?
        .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier))
        .request(&|request| send(agent, request));
    let answer = asked.map_err(|error| match &error {
        RequestTokenError::ServerResponse(_) => invalid(&error),
        _ => OidcError::Unavailable(with_causes(&error)),
    })?;
    let token = answer
        .id_token()
        .ok_or_else(|| OidcError::Invalid("the service gave no ID token".to_owned()))?;
    let verifier = party.id_token_verifier();
    let claims = token
        .claims(&verifier, &Nonce::new(begun.nonce))
        .map_err(|error| invalid(&error))?;
    let mut others = claims.additional_claims().all.clone();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            others.insert(name.to_owned(), value.into());
        }
    };
    add(
        "preferred_username",
        claims.preferred_username().map(|it| it.as_str()),
    );
    // An address that the service has not verified is whatever somebody typed.
    let verified = claims.email_verified() == Some(true);
    let email = claims.email().map(|it| it.as_str());
    add("email", email.filter(|_| verified));
    Ok(Claims {
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        others,
    })
}

/// The client as it comes out of the metadata, with its redirect.
#[allow(
    clippy::type_complexity,
    reason = "the library counts its endpoints by types"
)]
fn party(
    settings: &OidcSettings,
    metadata: Metadata,
) -> Result<
    Party<
        openidconnect::EndpointSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointMaybeSet,
        openidconnect::EndpointMaybeSet,
    >,
    OidcError,
> {
    let redirect = RedirectUrl::new(settings.redirect.clone());
    let redirect = redirect.map_err(|error| OidcError::Unavailable(error.to_string()))?;
    let secret = settings.client_secret.clone().map(ClientSecret::new);
    let id = ClientId::new(settings.client_id.clone());
    Ok(Client::from_provider_metadata(metadata, id, secret).set_redirect_uri(redirect))
}

fn send(agent: &ureq::Agent, request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let (parts, body) = request.into_parts();
    let mut response = match body.is_empty() {
        true => agent.run(ureq::http::Request::from_parts(parts, ()))?,
        false => agent.run(ureq::http::Request::from_parts(parts, body))?,
    };
    let body = response.body_mut().with_config();
    let body = body.limit(MOST_BYTES).read_to_vec()?;
    let (parts, _) = response.into_parts();
    Ok(HttpResponse::from_parts(parts, body))
}
