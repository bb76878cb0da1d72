//! What templates ask for, as the words they ask with.

use proptest::{collection::vec, prelude::*};
use sandglass_contract::{CapabilityRequest, Grant, Interface};

use super::{
    campaign::{fuzz, lines},
    mutation::texts,
};

const CORPUS: &str = include_str!("../../corpora/grants.txt");

const WORDS: &[&str] = &[
    "*",
    "*@",
    "@",
    ".",
    "..",
    "-",
    "users",
    "example.org",
    "ada",
    "\\",
    "\"",
    "\u{202e}",
    "\u{212a}",
    "xn--",
    "%",
    "/",
    ":",
    "\0",
    "\n",
    " ",
    "ß",
    "İ",
    "database",
    "email",
    "artifacts",
    "find",
    "count",
    "send",
    "create",
    "\t",
    ",",
];

/// A line of the corpus, such as `database users count,find`, as a request.
fn request(line: &str) -> CapabilityRequest {
    let mut words = line.splitn(3, ' ').map(str::to_owned);
    let mut next = || words.next().unwrap_or_default();
    CapabilityRequest {
        interface: next(),
        target: next(),
        operations: next().split(',').map(str::to_owned).collect(),
    }
}

/// The requests that a grant is made of.
fn requests(grant: &Grant) -> Vec<CapabilityRequest> {
    let request = |entry: &sandglass_contract::GrantEntry| CapabilityRequest {
        interface: entry.interface.as_str().to_owned(),
        target: entry.target.as_str().to_owned(),
        operations: entry
            .operations
            .iter()
            .map(|it| it.as_str().to_owned())
            .collect(),
    };
    grant.entries().iter().map(request).collect()
}

/// What is understood is in its normal form, is written and read as the same, covers itself, and is
/// covered by everything.
fn check(lines: &[String]) -> Result<(), TestCaseError> {
    let asked: Vec<CapabilityRequest> = lines.iter().map(|line| request(line)).collect();
    let Ok(grant) = Grant::from_requests(&asked) else {
        return Ok(());
    };
    prop_assert_eq!(&Grant::from_requests(&requests(&grant)).unwrap(), &grant);
    let written = serde_json::to_string(&grant).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Grant>(&written).unwrap(), &grant);
    prop_assert_eq!(grant.beyond(&grant).len(), 0);
    prop_assert_eq!(
        grant.beyond(&Grant::everything_in(&Interface::ALL)).len(),
        0
    );
    prop_assert_eq!(grant.beyond(&Grant::default()).len(), grant.entries().len());
    for entry in grant.entries() {
        for operation in &entry.operations {
            prop_assert!(grant.allows(*operation, entry.target.as_str()));
        }
        prop_assert!(
            !entry
                .text()
                .contains(sandglass_contract::text::is_misleading)
        );
    }
    Ok(())
}

#[test]
fn grants_are_what_was_asked_for() {
    let corpus = lines(CORPUS);
    for line in &corpus {
        check(&[(*line).to_owned()]).unwrap();
    }
    let asked = vec(texts(corpus, WORDS), 1..4);
    fuzz("grants", &asked, |lines| check(&lines));
}
