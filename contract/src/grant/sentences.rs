//! A grant as sentences that say all of it: the last one says that there is nothing else.

use super::{Grant, GrantEntry};

/// What a grant of nothing says.
const NOTHING: &str = "May touch nothing";

impl Grant {
    /// The whole grant in sentences, one for each entry, the last of which ends in `; nothing else`. An
    /// empty grant says `May touch nothing`.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.entries().iter().map(sentence).collect();
        match sentences.last_mut() {
            Some(last) => last.push_str("; nothing else"),
            None => sentences.push(NOTHING.to_owned()),
        }
        sentences
    }
}

/// An entry with its target set apart, so that no name reads as a part of the sentence.
fn sentence(entry: &GrantEntry) -> String {
    let text = entry.text();
    let target = entry.target.as_str();
    match text.strip_suffix(target) {
        Some(rest) if !entry.target.is_any() => format!("{rest}`{target}`"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use serde_json::{Value, json};

    use super::*;

    fn check(grant: Value, expect: &[&str]) {
        let grant: Grant = serde_json::from_value(grant).unwrap();
        assert_eq!(grant.sentences(), expect);
    }

    #[test]
    fn a_grant_says_all_that_it_allows_and_that_this_is_all() {
        check(json!([]), &["May touch nothing"]);
        check(
            json!([{"interface": "database", "target": "users", "operations": ["delete"]}]),
            &["May delete documents in `users`; nothing else"],
        );
        check(
            json!([
                {"interface": "database", "target": "*", "operations": ["count"]},
                {"interface": "email", "target": "*@acme.example", "operations": ["send"]},
            ]),
            &[
                "May count documents in any collection",
                "May send mail to `*@acme.example`; nothing else",
            ],
        );
    }
}
