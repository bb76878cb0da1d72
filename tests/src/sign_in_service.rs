//! A small sign-in service that speaks OpenID Connect: enough of it for the suites, on a port of its own.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use sandglass_contract::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// The id that the service knows ours by.
pub const CLIENT: &str = "sandglass";
/// The secret of that id.
pub const SECRET: &str = "a secret between the two";
/// What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410 §7).
const KEY_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The running service. It ends with the test.
pub struct SignInService {
    address: String,
    codes: Arc<Mutex<HashMap<String, Grant>>>,
}

/// What a code stands for.
#[derive(Clone)]
struct Grant {
    challenge: String,
    claims: Value,
    signed_by: Signer,
}

/// Whose key signs a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// The service.
    Service,
    /// Somebody else.
    Stranger,
}

fn key(first: u8) -> CoreEdDsaPrivateSigningKey {
    let mut der = KEY_PREFIX.to_vec();
    der.extend([first; 32]);
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    );
    let id = JsonWebKeyId::new("k1".to_owned());
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(id)).expect("a key")
}

impl SignInService {
    /// Starts the service.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let codes: Arc<Mutex<HashMap<String, Grant>>> = Arc::default();
        let (issuer, known) = (address.clone(), Arc::clone(&codes));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &issuer, &known);
            }
        });
        Self { address, codes }
    }

    /// Its address, which is its name in tokens too.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.address
    }

    /// Signs somebody in who came by `location`, as a page of the service would: returns the query with
    /// which the browser goes back. The claims are those of the token, beside what every token has.
    #[must_use]
    pub fn sign_in(&self, location: &str, claims: &Value, signed_by: Signer) -> String {
        let query = location.split_once('?').expect("a query").1;
        let query = parse(query);
        assert_eq!(
            (
                query["client_id"].as_str(),
                query["code_challenge_method"].as_str()
            ),
            (CLIENT, "S256")
        );
        let now = SystemClock::default().now().as_second();
        let mut whole = json!({
            "iss": self.address, "aud": CLIENT, "sub": "7", "nonce": query["nonce"],
            "iat": now, "exp": now + 300,
        });
        for (name, value) in claims.as_object().expect("claims") {
            whole[name] = value.clone();
        }
        let mut codes = self.codes.lock().expect("no panic");
        let code = format!("code-{}", codes.len());
        let grant = Grant {
            challenge: query["code_challenge"].clone(),
            claims: whole,
            signed_by,
        };
        codes.insert(code.clone(), grant);
        format!("code={code}&state={}", query["state"])
    }
}

fn parse(query: &str) -> HashMap<String, String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let hex: Vec<u8> = rest.by_ref().take(2).collect();
                    let hex = String::from_utf8(hex).expect("two digits");
                    u8::from_str_radix(&hex, 16).expect("two digits")
                }
                b'+' => b' ',
                byte => byte,
            });
        }
        String::from_utf8(bytes).expect("UTF-8")
    };
    pairs
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

fn answer(
    stream: TcpStream,
    issuer: &str,
    codes: &Mutex<HashMap<String, Grant>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut length, mut credentials) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "authorization" => value.clone_into(&mut credentials),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/.well-known/openid-configuration" => (200, metadata(issuer)),
        "/jwks" => (200, json!({"keys": [key(7).as_verification_key()]})),
        "/token" => token(&String::from_utf8_lossy(&body), &credentials, codes),
        _ => (404, json!({})),
    };
    let body = body.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}

fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    })
}

fn token(body: &str, credentials: &str, codes: &Mutex<HashMap<String, Grant>>) -> (u16, Value) {
    let refused = |error: &str| (400, json!({"error": error}));
    let body = parse(body);
    let secret = SECRET.replace(' ', "+");
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
    if credentials != expected {
        return refused("invalid_client");
    }
    // A code is good for one token.
    let grant = codes.lock().expect("no panic").remove(&body["code"]);
    let Some(grant) = grant else {
        return refused("invalid_grant");
    };
    let verifier = sandglass_contract::Digest::of(body["code_verifier"].as_bytes());
    if URL_SAFE_NO_PAD.encode(verifier.as_bytes()) != grant.challenge {
        return refused("invalid_grant");
    }
    let key = match grant.signed_by {
        Signer::Service => key(7),
        Signer::Stranger => key(8),
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "EdDSA", "kid": "k1"});
    let text = format!("{}.{}", part(&header), part(&grant.claims));
    let signature = key.sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(signature.expect("a signature"));
    let answer = json!({
        "access_token": "not used", "token_type": "Bearer", "expires_in": 300,
        "id_token": format!("{text}.{signature}"),
    });
    (200, answer)
}
