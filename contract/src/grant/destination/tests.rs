//! What destinations cover, and what cannot be one.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use proptest::prelude::*;

use super::*;

fn granted(text: &str) -> Destination {
    Destination::parse(text).unwrap()
}

fn asked(method: &str, url: &str) -> Result<Destination, DestinationError> {
    Destination::of_request(method, url).map(|it| it.destination)
}

#[track_caller]
fn check(pattern: &str, method: &str, url: &str, expect: bool) {
    let covers = asked(method, url).is_ok_and(|it| granted(pattern).covers(&it));
    assert_eq!(covers, expect, "{pattern} {method} {url}");
}

#[test]
fn a_request_must_meet_method_scheme_host_port_and_path() {
    let hook = "POST https://hooks.example.org/deploy*";
    check(hook, "POST", "https://hooks.example.org/deploy", true);
    check(hook, "post", "https://hooks.example.org/deploy/7?x=1", true);
    check(hook, "POST", "https://hooks.example.org/deployment", true);
    check(hook, "GET", "https://hooks.example.org/deploy", false);
    check(hook, "POST", "http://hooks.example.org/deploy", false);
    check(hook, "POST", "https://hooks.example.org:8443/deploy", false);
    check(hook, "POST", "https://hooks.example.org/Deploy", false);
    check(hook, "POST", "https://hooks.example.org/", false);
    check(hook, "POST", "https://example.org/deploy", false);
    check(
        hook,
        "POST",
        "https://hooks.example.org.evil.example/deploy",
        false,
    );
    let one = "GET http://10.0.0.1:8080/a";
    check(one, "GET", "http://10.0.0.1:8080/a?b", true);
    check(one, "GET", "http://10.0.0.1:8080/a/b", false);
    check(
        "GET https://example.org",
        "GET",
        "https://example.org/",
        true,
    );
    check(
        "GET https://example.org/*",
        "GET",
        "https://example.org",
        true,
    );
}

#[test]
fn writings_of_one_destination_are_the_same() {
    let hook = "POST https://hooks.example.org/deploy/*";
    for url in [
        "HTTPS://HOOKS.EXAMPLE.ORG/deploy/x",
        "https://hooks.example.org:443/deploy/x",
        "https://hooks.example.org./deploy/x",
        "https://hooks.example.org/a/../deploy/x",
        "https://hooks.example.org/./deploy/%78",
        "https://hooks.example.org/%64eploy/x",
        "https://hooks.example.org/deploy/%2e/x",
        "https://hooks\u{3002}example.org/deploy/x",
        "https://\u{ff48}ooks.example.org/deploy/x",
    ] {
        check(hook, "POST", url, true);
    }
    check(
        "GET https://bücher.example/",
        "GET",
        "https://xn--bcher-kva.example/",
        true,
    );
    check(
        "GET https://a.example/%c3%a4",
        "GET",
        "https://a.example/ä",
        true,
    );
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://\u{ff11}27.0.0.1/",
    ] {
        check("GET http://127.0.0.1/", "GET", url, true);
    }
    check(
        "GET http://[::1]/",
        "GET",
        "http://[0:0:0:0:0:0:0:1]/",
        true,
    );
    check(
        "GET http://[::ffff:7f00:1]/",
        "GET",
        "http://[::ffff:127.0.0.1]/",
        true,
    );
}

#[test]
fn a_path_that_leads_out_of_what_is_granted_is_not_covered() {
    let within = "GET https://a.example/public/*";
    for url in [
        "https://a.example/public/../admin",
        "https://a.example/public/%2e%2e/admin",
        "https://a.example/public/.%2E/admin",
        "https://a.example/public/..%2fadmin",
        "https://a.example/public/%2e%2e%2fadmin",
        "https://a.example/public/..%5cadmin",
        "https://a.example/public/..\\admin",
        "https://a.example/public/%252e%252e/admin",
        "https://a.example/public/%252e%252e%252fadmin",
        "https://a.example/public/..;/admin",
        "https://a.example/public/..;x=1/admin",
        "https://a.example/public/%2e%2e%3b/admin",
        "https://a.example/public//../../admin",
        "https://a.example/public//admin",
        "https://a.example/public/a%00",
        "https://a.example/public/%",
        "https://a.example/public/%zz",
        "https://a.example/public",
    ] {
        check(within, "GET", url, false);
    }
}

#[test]
fn a_wildcard_covers_hosts_below_and_not_the_name_itself() {
    let below = "GET https://*.example.org/*";
    check(below, "GET", "https://a.example.org/", true);
    check(below, "GET", "https://a.b.example.org/x", true);
    check(below, "GET", "https://example.org/", false);
    check(below, "GET", "https://notexample.org/", false);
    check(below, "GET", "https://.example.org/", false);
    check(below, "GET", "https://a.example.org.evil.example/", false);
    let covers = |wide: &str, narrow: &str| granted(wide).covers(&granted(narrow));
    assert!(covers(below, below));
    assert!(covers(below, "GET https://*.a.example.org/x*"));
    assert!(covers(below, "GET https://a.example.org/x"));
    assert!(!covers("GET https://a.example.org/*", below));
    assert!(!covers("GET https://*.a.example.org/*", below));
    assert!(!covers(
        "GET https://a.example.org/x",
        "GET https://a.example.org/x*"
    ));
    assert!(covers(
        "GET https://a.example.org/x*",
        "GET https://a.example.org/x/y*"
    ));
    assert!(!covers(
        "GET https://a.example.org/x/*",
        "GET https://a.example.org/x*"
    ));
}

#[test]
fn what_cannot_be_granted_says_what_to_write() {
    let check = |text: &str, expect: &str| {
        let error = Destination::parse(text).unwrap_err().to_string();
        assert!(error.contains(expect), "{text}: {error}");
    };
    check("https://a.example/", "METHOD https://host/path");
    check("* https://a.example/", "each needs an entry of its own");
    check("CONNECT https://a.example/", "the method is one of");
    check("GET ftp://a.example/", "begins with https://");
    check("GET a.example/", "begins with https://");
    check("GET https://*/x", "name the host");
    check("GET https://*", "name the host");
    check("GET https://*:8080/", "name the host");
    check("GET https://a.*.example/", "name the host");
    check("GET https://*a.example/", "name the host");
    check("GET https://*.*.example/", "name the host");
    check("GET https://*.org/", "two parts");
    check("GET https://*.127.0.0.1/", "two parts");
    check("GET https://u:p@a.example/", "no user");
    check("GET https://a.example@evil.example/", "no user");
    check("GET https://a.example/#x", "no fragment");
    check("GET https://a.example/x?y=1", "no query");
    check("GET https://a.example/a*b", "at its end");
    check("GET https://a.example/**", "at its end");
    check("GET https://a.example*", "name the host");
    check("GET https://a.example/a/../b", "no dot segments");
    check("GET https://a.example/a/..*", "no dot segments");
    check("GET https://a.example//b", "empty segments");
    check("GET https://a.example/ä", "ASCII");
    check("GET https://a.example/%2f", "encoded slashes");
    check("GET https://a.example/\tb", "no spaces");
    check("GET  https://a.example/", "no spaces");
    check("GET https://a.example\\b/", "backslashes");
    check("GET https://a.example:0/", "from 1 to 65535");
    check("GET https://a.example:99999/", "not valid");
    check("GET https:///a", "not valid");
    check("GET https://a..b/", "a name of letters");
    check("GET https://a_b.example../", "a name of letters");
    check("GET https://256.0.0.1/", "not valid");
    check("GET https://[::1%25eth0]/", "not valid");
    check(
        &format!("GET https://a.example/{}", "x".repeat(2000)),
        "at most 2000",
    );
}

#[test]
fn a_request_keeps_its_query_apart() {
    let target = Destination::of_request("get", "https://a.example/x?b=%2e&c=ä").unwrap();
    assert_eq!(target.destination.to_string(), "GET https://a.example/x");
    assert_eq!(target.query.as_deref(), Some("b=%2e&c=%C3%A4"));
    assert_eq!(target.destination.host(), Some("a.example"));
    let address = asked("GET", "http://[::1]:81/").unwrap();
    assert_eq!(address.host(), Some("::1"));
    assert_eq!(address.authority(), "[::1]:81");
}

proptest! {
    #[test]
    fn reading_never_panics_and_what_is_read_reads_again(text in "(GET|POST) https?://[ -~]{0,40}") {
        if let Ok(read) = Destination::parse(&text) {
            prop_assert_eq!(Destination::parse(&read.to_string()), Ok(read.clone()));
            prop_assert!(read.covers(&read));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(method in ".{0,8}", url in ".{0,60}") {
        let _ = Destination::parse(&format!("{method} {url}"));
        let _ = Destination::of_request(&method, &url);
    }

    #[test]
    fn a_request_that_is_covered_stays_on_the_host_and_below_the_path(
        tail in "[a-z0-9./%;:@?&=\\\\-]{0,30}",
    ) {
        let pattern = granted("GET https://a.example/public/*");
        let url = format!("https://a.example/public/{tail}");
        if let Ok(target) = Destination::of_request("GET", &url) {
            let sent = url::Url::parse(&target.destination.url()).unwrap();
            prop_assert_eq!(sent.host_str(), Some("a.example"));
            prop_assert_eq!(sent.path(), target.destination.path());
            let covered = pattern.covers(&target.destination);
            prop_assert_eq!(covered, sent.path().starts_with("/public/"));
        }
    }
}
