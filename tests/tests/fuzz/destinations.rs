//! Destinations of requests and URLs, as text.

use proptest::prelude::*;
use sandglass_contract::Destination;

use super::{
    campaign::{fuzz, lines},
    mutation::texts,
};

const CORPUS: &str = include_str!("../../corpora/destinations.txt");

const WORDS: &[&str] = &[
    "http://",
    "https://",
    "GET ",
    "POST ",
    "*",
    "*.",
    "@",
    ":",
    "/",
    "\\",
    "//",
    "..",
    "%2e",
    "%2f",
    "%5c",
    "%252e",
    "%00",
    "%",
    "?",
    "#",
    "[",
    "]",
    "::",
    "ffff:",
    "127.0.0.1",
    "0x7f",
    "0177",
    "2130706433",
    "１２７",
    "。",
    "xn--",
    "ß",
    "a.example",
    "evil.test",
    "\t",
    "\r\n",
    " ",
    "\0",
    "\u{ad}",
    ";",
    ":65536",
];

/// What is understood is its canonical form, covers itself, and nothing on another host.
fn check(text: &str, other: &str) -> Result<(), TestCaseError> {
    let Ok(destination) = Destination::parse(text) else {
        return Ok(());
    };
    let printed = destination.to_string();
    let again = Destination::parse(&printed);
    let again = again.map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
    prop_assert_eq!(&again, &destination);
    prop_assert!(destination.covers(&again), "{}", printed);
    prop_assert!(!printed.contains(char::is_control), "{:?}", printed);
    // A URL that somebody asks for: read in the same way, or not at all.
    let url = other.split_once(' ').map_or(other, |(_, url)| url);
    if let Ok(asked) = Destination::of_request("GET", url) {
        let asked = asked.destination;
        // A star in a URL is a star, and in a destination it is none; where a URL is no destination, no
        // grant covers it.
        let printed = asked.to_string();
        if let Ok(again) = Destination::parse(&printed)
            && !printed.contains('*')
        {
            prop_assert_eq!(&again, &asked);
        }
        if destination.covers(&asked) && destination.host().is_some() {
            prop_assert_eq!(destination.authority(), asked.authority());
        }
    }
    Ok(())
}

#[test]
fn destinations_mean_what_they_print() {
    let corpus = lines(CORPUS);
    for line in &corpus {
        check(line, line).unwrap();
    }
    let pairs = (texts(corpus.clone(), WORDS), texts(corpus, WORDS));
    fuzz("destinations", &pairs, |(text, other)| check(&text, &other));
}
