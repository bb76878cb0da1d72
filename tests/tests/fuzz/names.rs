//! Names, ids and addresses: a text is refused, or is the normal form of what it names.

use std::{fmt::Display, str::FromStr};

use proptest::prelude::*;
use sandglass_contract::{ExecutionId, JobId, TemplateId, text::is_misleading};
use sandglass_host::{ArtifactId, MailAddress};
use sandglass_query::{CollectionName, FieldPath};
use sandglass_registry::TimeZoneName;

use super::{
    campaign::{fuzz, lines},
    mutation::texts,
};

const CORPUS: &str = include_str!("../../corpora/names.txt");

const WORDS: &[&str] = &[
    "@",
    ".",
    "..",
    "/",
    "\\",
    ":",
    "%2e",
    "%00",
    "\0",
    "\n",
    "\r\n",
    " ",
    "\"",
    "<",
    ">",
    "(",
    ")",
    ",",
    ";",
    "*",
    "$",
    "system.",
    "exec_",
    "job_",
    "é",
    "а",
    "＠",
    "\u{202e}",
    "\u{200b}",
    "\u{fb00}",
    "xn--",
    "1",
    "0",
    "-",
    "_",
    "~",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// What is printed is read as the same again.
fn fixed<T: FromStr<Err: Display> + Display + PartialEq + std::fmt::Debug>(
    text: &str,
) -> Result<Option<T>, TestCaseError> {
    let Ok(name) = text.parse::<T>() else {
        return Ok(None);
    };
    let printed = name.to_string();
    let again = printed.parse::<T>();
    let again = again.map_err(|error| TestCaseError::fail(format!("{printed:?}: {error}")))?;
    prop_assert_eq!(&again, &name);
    prop_assert!(!printed.contains(is_misleading), "{:?}", printed);
    Ok(Some(name))
}

fn check(text: &str) -> Result<(), TestCaseError> {
    fixed::<JobId>(text)?;
    fixed::<ExecutionId>(text)?;
    fixed::<CollectionName>(text)?;
    drop(TemplateId::parse(text));
    drop(TimeZoneName::parse(text));
    drop(FieldPath::parse(text));
    if let Some(address) = fixed::<MailAddress>(text)? {
        prop_assert!(address.as_str().is_ascii());
        prop_assert_eq!(address.as_str().matches('@').count(), 1);
    }
    if let Some(artifact) = fixed::<ArtifactId>(text)? {
        let path = artifact.path();
        let parts: Vec<String> = path.parts().map(|part| part.as_ref().to_owned()).collect();
        prop_assert_eq!(parts.len(), 4, "{:?}", parts);
        prop_assert!(
            !parts.iter().any(|part| part == ".." || part == "."),
            "{:?}",
            parts
        );
    }
    Ok(())
}

#[test]
fn names_are_refused_or_in_normal_form() {
    let corpus = lines(CORPUS);
    for line in &corpus {
        check(line).unwrap();
    }
    fuzz("names", &texts(corpus, WORDS), |text| check(&text));
}
