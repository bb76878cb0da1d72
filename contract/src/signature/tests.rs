//! What a signature vouches for, and what it does not.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;

/// The secret key and the public key of RFC 8032 §7.1, test 1.
const SECRET: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

fn trusted() -> TrustedKeys {
    TrustedKeys::new([(name("release"), PUBLIC.parse().unwrap())]).unwrap()
}

#[test]
fn a_signature_is_over_the_component_the_template_and_the_version() {
    let (digest, other) = (Digest::of(b"component"), Digest::of(b"another"));
    let template = TemplateId::parse("report").unwrap();
    let elsewhere = TemplateId::parse("cleanup").unwrap();
    let signed = Signed {
        digest: &digest,
        template: &template,
        version: "1.0.0",
    };
    let secret: SecretKey = SECRET.parse().unwrap();
    assert_eq!(secret.public().to_string(), PUBLIC);
    let signature = secret.sign(name("release"), signed);
    let check = |signed: Signed<'_>, signature: Option<&Signature>, expect| {
        assert_eq!(trusted().verify(signed, signature), expect);
    };
    let wrong = || Err(SignatureError::Wrong(name("release")));
    check(signed, Some(&signature), Ok(name("release")));
    check(signed, None, Err(SignatureError::Missing));
    let digest = &other;
    check(Signed { digest, ..signed }, Some(&signature), wrong());
    let version = "1.0.1";
    check(Signed { version, ..signed }, Some(&signature), wrong());
    let template = &elsewhere;
    check(Signed { template, ..signed }, Some(&signature), wrong());
    let stranger = SecretKey::fresh();
    let forged = stranger.sign(name("release"), signed);
    check(signed, Some(&forged), wrong());
    let unknown = stranger.sign(name("stranger"), signed);
    let untrusted = Err(SignatureError::Untrusted(name("stranger")));
    check(signed, Some(&unknown), untrusted);
}

#[test]
fn what_is_signed_is_text_of_a_fixed_form() {
    let digest = Digest::of(b"");
    let template = TemplateId::parse("report").unwrap();
    let signed = Signed {
        digest: &digest,
        template: &template,
        version: "1.0.0-rc.1",
    };
    insta::assert_snapshot!(signed.message(), @r"
    sandglass template signature v1
    component sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    template report
    version 1.0.0-rc.1
    ");
}

#[test]
fn a_signature_survives_being_written_and_read() {
    let digest = Digest::of(b"component");
    let template = TemplateId::parse("report").unwrap();
    let signed = Signed {
        digest: &digest,
        template: &template,
        version: "1.0.0",
    };
    let signature = SecretKey::fresh().sign(name("a.b-c_1"), signed);
    let text = signature.to_string();
    assert!(text.starts_with("a.b-c_1="), "{text}");
    assert_eq!(text.parse(), Ok(signature.clone()));
    assert_eq!(format!(" {text}\n").parse(), Ok(signature));
}

#[test]
fn what_is_no_signature_name_or_key_is_refused() {
    for text in [
        "",
        "=",
        "name",
        "name=",
        "name=AAAA",
        "na me=AAAA",
        "name=!",
    ] {
        assert_eq!(
            text.parse::<Signature>(),
            Err(SignatureFormatError),
            "{text}"
        );
    }
    for text in ["", "a b", "a=b", "a\n", "é", &"a".repeat(65)] {
        assert_eq!(text.parse::<KeyName>(), Err(KeyError::Name), "{text}");
    }
    // The neutral element, which verifies what nobody signed, is a weak key.
    let weak = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for text in ["", "AAAA", weak, &format!("{PUBLIC}A")] {
        assert_eq!(text.parse::<PublicKey>(), Err(KeyError::Public), "{text}");
    }
    assert_eq!("AAAA".parse::<SecretKey>().err(), Some(KeyError::Secret));
    assert!(!format!("{:?}", SecretKey::fresh()).contains('='));
    let twice = [name("a"), name("a")].map(|it| (it, PUBLIC.parse().unwrap()));
    assert_eq!(TrustedKeys::new(twice), Err(name("a")));
}
