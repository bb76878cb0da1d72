//! Where both sides meet: a MongoDB server, and names for databases that are dropped afterwards.

use std::{
    cell::Cell,
    path::PathBuf,
    process::{Command, Stdio},
};

use sandglass_tests::{MongoServer, workspace};
use serde_json::{Value, json};

use crate::arguments::Versus;

/// A server, and what is needed to speak to it.
pub(super) struct Place {
    /// What runs while the benchmark does; none where the user has named a server.
    own: Option<MongoServer>,
    url: String,
    /// Where Agenda is installed.
    agenda: PathBuf,
    databases: Cell<u32>,
}

impl Place {
    /// Starts a server, unless one is named.
    pub(super) fn prepare(arguments: &Versus) -> Self {
        let agenda = workspace().join("target/tools/agenda");
        assert!(
            agenda.join("node_modules/agenda").exists(),
            "Agenda is not installed in {}: run `make bench-versus`",
            agenda.display()
        );
        let own = match arguments.mongodb {
            Some(_) => None,
            None => Some(MongoServer::start()),
        };
        let url = match (&own, &arguments.mongodb) {
            (Some(server), _) => server.url(""),
            (None, url) => url.clone().expect("it was named"),
        };
        Self {
            own,
            url,
            agenda,
            databases: Cell::new(0),
        }
    }

    /// What reports say about the server, without user and password.
    pub(super) const fn server(&self) -> &'static str {
        match self.own {
            Some(_) => "the test server",
            None => "the server of MONGODB_URI",
        }
    }

    /// The server's URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The name of a database that nobody else uses.
    pub(super) fn new_database(&self) -> String {
        let number = self.databases.get();
        self.databases.set(number + 1);
        format!("sandglass_versus_{}_{number}", std::process::id())
    }

    /// The URL of a database.
    pub(super) fn url_of(&self, database: &str) -> String {
        with_database(&self.url, database)
    }

    /// Drops a database.
    pub(super) fn drop_database(&self, database: &str) {
        let order = json!({"url": self.url, "database": database, "mode": "drop"});
        let _ = self.drive(&order);
    }

    /// Has `drive.mjs` do something, and returns what it printed.
    pub(super) fn drive(&self, order: &Value) -> String {
        let output = Command::new("node")
            .arg(self.agenda.join("drive.mjs"))
            .arg(order.to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .expect("node runs: `make bench-versus` installs it");
        assert!(output.status.success(), "Agenda could not be measured");
        String::from_utf8(output.stdout).expect("text")
    }
}

/// The same URL for another database; who is let in is still asked where it was.
fn with_database(url: &str, database: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, before) = place.split_once('/').unwrap_or((place, ""));
    let mut options: Vec<String> = options
        .split('&')
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect();
    if hosts.contains('@') && !options.iter().any(|it| it.starts_with("authSource=")) {
        let source = match before {
            "" => "admin",
            before => before,
        };
        options.push(format!("authSource={source}"));
    }
    let options = options.join("&");
    format!("{scheme}://{hosts}/{database}?{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_keeps_the_options_and_who_is_let_in() {
        let check = |url: &str, expect: &str| assert_eq!(with_database(url, "x"), expect);
        check("mongodb://a:1,b:2", "mongodb://a:1,b:2/x?");
        check("mongodb://a/y?w=1", "mongodb://a/x?w=1");
        check("mongodb://u:p@a/y", "mongodb://u:p@a/x?authSource=y");
        check(
            "mongodb://u:p@a/?w=1",
            "mongodb://u:p@a/x?w=1&authSource=admin",
        );
        let named = "mongodb+srv://u:p@a/y?authSource=z";
        check(named, "mongodb+srv://u:p@a/x?authSource=z");
    }
}
