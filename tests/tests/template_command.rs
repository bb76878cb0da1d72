//! `sandglass template`: what a component is, how two differ, and who vouches for one, without a service.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Output},
};

use sandglass_contract::Digest;
use sandglass_tests::{Server, ServerOptions, WatTemplate, binary, server::TOKEN, template};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with components.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        name.to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        Command::new(binary())
            .env_clear()
            .envs(environment.iter().copied())
            .current_dir(self.0.path())
            .arg("template")
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What a command prints that must end with `code`.
    fn prints(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        text(&output.stdout)
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let printed = self.prints(&[arguments, &["-o", "json"]].concat(), code);
        serde_json::from_str(&printed).unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What differs between compilers, taken out: digests, sizes, and how it was built.
fn redacted(text: &str) -> String {
    let mut built = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words: Vec<&str> = line.split(' ').collect();
        for word in &mut words {
            if word.starts_with("sha256:") {
                *word = "sha256:DIGEST";
            }
        }
        if line.trim_start().starts_with("size ") {
            words = vec!["  size SIZE"];
        }
        if !built {
            lines.push(words.join(" "));
        }
        built |= line == "How it says it was built:";
    }
    lines.join("\n")
}

fn wider() -> WatTemplate {
    WatTemplate {
        schema: json!({
            "type": "object", "required": ["collection"],
            "properties": {"collection": {"type": "string"}},
        }),
        capabilities: vec![("database", "users".to_owned(), "delete")],
        imports_database: true,
        ..WatTemplate::new("counter", "1.1.0")
    }
}

#[test]
fn a_built_in_template_is_shown_with_what_it_cannot_do() {
    let desk = Desk::new();
    for id in ["test_scheduler", "email_notification"] {
        let file = desk.put("it.wasm", &template(id));
        let shown = desk.prints(&["inspect", &file], 0);
        insta::assert_snapshot!(id, redacted(&shown));
    }
    let file = desk.put("it.wasm", &template("email_notification"));
    let shown = desk.json(&["inspect", &file], 0);
    assert_eq!(shown["metadata"]["id"], "email_notification");
    let digest = Digest::of(&template("email_notification"));
    assert_eq!(shown["digest"], digest.to_string());
    assert_eq!(shown["signature"]["text"], "unsigned");
    let imports = shown["imports"].as_array().unwrap();
    assert!(imports.iter().any(|it| it["text"] == "can send mail"));
    let impossible = shown["impossible"].as_array().unwrap();
    assert!(
        !impossible
            .iter()
            .any(|it| it.as_str().unwrap().contains("send mail"))
    );
    let producers = shown["provenance"]["producers"].as_array().unwrap();
    assert!(
        producers.iter().any(|it| it["name"] == "wit-component"),
        "{producers:?}"
    );
}

#[test]
fn two_components_are_compared() {
    let desk = Desk::new();
    let old = desk.put(
        "old.wasm",
        &WatTemplate::new("counter", "1.0.0").component(),
    );
    let new = desk.put("new.wasm", &wider().component());
    let shown = desk.prints(&["diff", &old, &new], 1);
    insta::assert_snapshot!("diff", redacted(&shown));
    let shown = desk.json(&["diff", &old, &new], 1);
    assert_eq!(shown["widens"], true);
    let back = desk.json(&["diff", &new, &old], 1);
    assert_eq!(back["widens"], false);
    let same = desk.prints(&["diff", &old, &old], 0);
    assert!(same.contains("the same component"), "{same}");
}

#[test]
fn a_signature_is_made_and_verified() {
    let desk = Desk::new();
    let file = desk.put("it.wasm", &wider().component());
    let public = desk.prints(&["keygen", "release.key", "--name", "release"], 0);
    assert_eq!(
        fs::read_to_string(desk.path("release.key.pub")).unwrap(),
        public
    );
    let mode = fs::metadata(desk.path("release.key"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    // A key is never written over.
    desk.prints(&["keygen", "release.key", "--name", "other"], 1);
    let signature = desk.prints(&["sign", &file, "--key", "release.key"], 0);
    assert!(signature.starts_with("release="), "{signature}");
    desk.put("it.sig", signature.as_bytes());

    let verify = |file: &str, trust: [&str; 2], code| {
        desk.prints(
            &["verify", file, "--signature", "it.sig", trust[0], trust[1]],
            code,
        )
    };
    let by_file = ["--key", "release.key.pub"];
    let valid = "valid: counter 1.1.0: signed by release\n";
    assert_eq!(verify(&file, by_file, 0), valid);
    assert_eq!(verify(&file, ["--trusted", public.trim()], 0), valid);
    let changed = WatTemplate {
        version: "1.1.1".to_owned(),
        ..wider()
    };
    let changed = desk.put("changed.wasm", &changed.component());
    let refused = verify(&changed, by_file, 1);
    assert!(
        refused.starts_with("not valid: counter 1.1.1: its signature"),
        "{refused}"
    );
    desk.prints(&["keygen", "other.key", "--name", "other"], 0);
    let refused = verify(&file, ["--key", "other.key.pub"], 1);
    assert!(refused.contains("not a trusted key"), "{refused}");

    let shown = desk.prints(
        &[
            "inspect",
            &file,
            "--signature",
            "it.sig",
            "--key",
            "release.key.pub",
        ],
        0,
    );
    assert!(shown.contains("signature  signed by release"), "{shown}");
}

#[test]
fn what_cannot_be_read_or_is_no_template_says_so_in_its_exit_code() {
    let desk = Desk::new();
    let good = desk.put("good.wasm", &wider().component());
    let bad = desk.put("bad.wasm", b"hello");
    let module = desk.put("module.wasm", b"\0asm\x01\0\0\0");
    desk.put("no.key", b"nothing");
    let check = |arguments: &[&str], code: i32, part: &str| {
        let output = desk.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "");
    };
    check(&["inspect", "none.wasm"], 2, "none.wasm cannot be read");
    check(&["inspect", &bad], 1, "not a WebAssembly component");
    check(&["inspect", &module], 1, "wasm-tools component new");
    check(&["inspect", &good, "-o", "yaml"], 2, "yaml");
    check(&["diff", &good, "none.wasm"], 2, "none.wasm");
    check(&["diff", &good, &bad], 1, "bad.wasm is no usable template");
    check(
        &["sign", &good, "--key", "no.key"],
        2,
        "no.key holds no secret key",
    );
    let verify = ["verify", &good, "--signature", "no.key"];
    check(&verify, 2, "no key is trusted");
    check(
        &[&verify[..], &["--key", "no.key"]].concat(),
        2,
        "no.key holds no public key",
    );
    check(
        &["keygen", "a.key", "--name", "a b"],
        2,
        "the name of a key",
    );
    let upload = ["upload", &good, "--server", "http://127.0.0.1:1"];
    check(&upload, 2, "SANDGLASS_TOKEN is not set");
    let output = desk.run_with(&upload, &[("SANDGLASS_TOKEN", TOKEN)]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}

#[test]
fn only_what_a_trusted_key_vouches_for_is_taken_where_that_is_required() {
    let desk = Desk::new();
    let public = desk.prints(&["keygen", "release.key", "--name", "release"], 0);
    let file = desk.put("it.wasm", &wider().component());
    let signature = desk.prints(&["sign", &file, "--key", "release.key"], 0);
    desk.put("it.sig", signature.as_bytes());
    desk.prints(&["keygen", "other.key", "--name", "other"], 0);
    let stranger = desk.prints(&["sign", &file, "--key", "other.key"], 0);
    desk.put("other.sig", stranger.as_bytes());
    let options = |keys: &str| ServerOptions {
        environment: vec![
            ("SANDGLASS_REQUIRE_SIGNATURE".to_owned(), "true".to_owned()),
            (
                "SANDGLASS_TRUSTED_TEMPLATE_KEYS".to_owned(),
                keys.to_owned(),
            ),
        ],
        ..ServerOptions::default()
    };
    let (server, author) = Server::start_with_author_and(&options(public.trim()));
    let token = author.token().unwrap().to_owned();
    let upload = |signature: &[&str], code: i32| {
        let arguments = [&["upload", &file, "--server", server.address()], signature].concat();
        let output = desk.run_with(&arguments, &[("SANDGLASS_TOKEN", &token)]);
        let said = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    };
    let refused = upload(&[], 1);
    assert!(
        refused.contains("422") && refused.contains("not signed"),
        "{refused}"
    );
    let refused = upload(&["--signature", "other.sig"], 1);
    assert!(refused.contains("not a trusted key"), "{refused}");
    let taken = upload(&["--signature", "it.sig"], 0);
    assert!(
        taken.contains("counter 1.1.0 is uploaded and pending"),
        "{taken}"
    );

    let client = server.client();
    let digest = Digest::of(&wider().component());
    let path = format!("/api/admin/job-templates/counter/versions/{digest}");
    let version = client.get(&path).expect(200).body;
    assert_eq!(version["version"]["signature"]["text"], "signed by release");
    let _ = client
        .post(&format!("{path}/approve"), &json!({}))
        .expect(200);
    let parameters = json!({"collection": "users"});
    let job = client.create_manual_job("counter", &parameters);
    assert_eq!(client.run_job(&job, &json!({}))["status"], "success");

    // The key is trusted no longer: what is stored is not loaded any more, and built-ins still are.
    let other = fs::read_to_string(desk.path("other.key.pub")).unwrap();
    let server = server.killed_and_started_again(&options(other.trim()));
    let client = server.client();
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["outcome"], "invalid_template", "{ended:#}");
    let built_in = client.create_manual_job("test_scheduler", &json!({}));
    assert_eq!(client.run_job(&built_in, &json!({}))["status"], "success");
}
