//! What an import lets a component do, in words.
//!
//! A component can do what it imports and nothing else, so that the list of its imports is a proof of
//! what it cannot do, whatever its code says. What it *may* do is the grant's business.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The interfaces of the contract through which a run reaches something outside its sandbox.
const REACHING: [(&str, &str); 5] = [
    ("database", "read or change documents of collections"),
    ("email", "send mail"),
    ("http", "send HTTP requests"),
    ("artifacts", "read or write artifacts"),
    ("secrets", "have secrets put into requests"),
];
/// The interfaces that every template may use.
const HARMLESS: [(&str, &str); 6] = [
    ("types", "use the types of the contract"),
    ("log", "write log lines"),
    ("progress", "report its progress"),
    (
        "control",
        "ask whether it is cancelled and what is left of its limits",
    ),
    ("clock", "read the time"),
    ("random", "draw random numbers"),
];
const JOB: &str = "sandglass:job/";

/// Something that a component imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportText {
    /// The full name of the interface.
    pub name: String,
    /// What it lets the component do, such as `can send mail`.
    pub text: String,
}

/// What an import lets a component do.
#[must_use]
pub fn import_text(name: &str) -> ImportText {
    let path = name.split_once('@').map_or(name, |(path, _)| path);
    let interface = path.strip_prefix(JOB);
    let known = REACHING.iter().chain(&HARMLESS);
    let mut known = known.filter(|(known, _)| Some(*known) == interface);
    let text = match known.next() {
        Some((_, text)) => format!("can {text}"),
        None => beside(path).to_owned(),
    };
    ImportText {
        name: name.to_owned(),
        text,
    }
}

/// What an interface that is not of the contract lets a component do.
fn beside(path: &str) -> &'static str {
    match path {
        _ if path.starts_with("wasi:filesystem/") => "sees a file system with nothing in it",
        _ if path.starts_with("wasi:cli/") => {
            "sees no argument and no variable; what it prints is logged"
        }
        _ if path.starts_with("wasi:clocks/") => "can read the time",
        _ if path.starts_with("wasi:random/") => "can draw random numbers",
        _ if path.starts_with("wasi:io/") => "can wait and use streams of its own",
        _ => "is not known here",
    }
}

/// What a component with these imports cannot do, a sentence each.
#[must_use]
pub fn impossible(imports: &[String]) -> Vec<String> {
    let is_imported = |interface: &str| {
        let name = format!("{JOB}{interface}@");
        imports.iter().any(|import| import.starts_with(&name))
    };
    let missing = REACHING.iter().filter(|(name, _)| !is_imported(name));
    let mut sentences: Vec<String> = missing
        .map(|(name, text)| format!("cannot {text}: it does not import {JOB}{name}"))
        .collect();
    sentences.push(
        "cannot open sockets, read files of the host or start programs: no template can".to_owned(),
    );
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_told_in_words() {
        let check = |name: &str, expect: &str| assert_eq!(import_text(name).text, expect, "{name}");
        check("sandglass:job/email@0.1.0", "can send mail");
        check("sandglass:job/clock@0.1.0", "can read the time");
        check(
            "wasi:filesystem/preopens@0.2.0",
            "sees a file system with nothing in it",
        );
        check("sandglass:jobs/email@0.1.0", "is not known here");
    }

    #[test]
    fn what_is_not_imported_is_impossible() {
        let imports = ["sandglass:job/database@0.1.0", "sandglass:job/log@0.1.0"];
        insta::assert_snapshot!(impossible(&imports.map(str::to_owned)).join("\n"), @r"
        cannot send mail: it does not import sandglass:job/email
        cannot send HTTP requests: it does not import sandglass:job/http
        cannot read or write artifacts: it does not import sandglass:job/artifacts
        cannot have secrets put into requests: it does not import sandglass:job/secrets
        cannot open sockets, read files of the host or start programs: no template can
        ");
    }
}
