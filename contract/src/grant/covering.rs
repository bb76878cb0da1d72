//! The question from the other side: which targets of grants a name falls under.

use super::{Destination, Interface, Target, target::normal_address};

/// The target that stands for every other.
const ANY: &str = "*";

impl Target {
    /// Every target that a grant may have and that covers `name`, a single collection, address,
    /// artifact, secret or destination; and `name` itself, as it is written, for what was asked for and denied.
    #[must_use]
    pub fn covering(interface: Interface, name: &str) -> Vec<String> {
        let mut covering = vec![name.to_owned(), ANY.to_owned()];
        match interface {
            Interface::Database | Interface::Artifacts | Interface::Secrets => {}
            Interface::Http => {
                if let Ok(destination) = Destination::parse(name) {
                    covering.extend(destination.covering());
                }
            }
            Interface::Email => {
                if let Some(address) = normal_address(name) {
                    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
                    covering.extend(domain.map(|it| format!("*@{it}")));
                    covering.push(address);
                }
            }
        }
        covering.sort_unstable();
        covering.dedup();
        covering
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(interface: Interface, name: &str, expect: &[&str]) {
        let covering = Target::covering(interface, name);
        assert_eq!(covering, expect, "{name}");
        let covers = |target: &String| match target.as_str() {
            ANY => Target::any().covers(interface, name),
            target => Target::parse(interface, target).is_ok_and(|it| it.covers(interface, name)),
        };
        assert!(
            covering.iter().filter(|it| *it != name).all(covers),
            "{name}"
        );
    }

    #[test]
    fn a_name_falls_under_itself_and_the_patterns_that_cover_it() {
        check(Interface::Database, "users", &["*", "users"]);
        check(Interface::Artifacts, "a.csv", &["*", "a.csv"]);
        check(Interface::Database, "*", &["*"]);
        let expect = ["*", "*@acme.example", "a@ACME.example", "a@acme.example"];
        check(Interface::Email, "a@ACME.example", &expect);
        check(Interface::Email, "nobody", &["*", "nobody"]);
        let mut expect = [
            "*",
            "POST https://*.example.org/a",
            "POST https://*.example.org/a*",
            "POST https://*.example.org/*",
            "POST https://api.example.org/a",
            "POST https://api.example.org/a*",
            "POST https://api.example.org/*",
        ];
        expect.sort_unstable();
        check(Interface::Http, "POST https://api.example.org/a", &expect);
        check(Interface::Http, "nowhere", &["*", "nowhere"]);
    }
}
