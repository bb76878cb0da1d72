//! Which setting wins, and which are refused.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use clap::Parser;

use sandglass_registry::ExecutionStatus;
use sandglass_scheduler::SignatureRequirement;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    settings: SettingArguments,
}

fn merged(arguments: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Settings, String> {
    let line = Line::try_parse_from([&["sandglass"], arguments].concat()).unwrap();
    let find = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let environment = Environment::from(find).map_err(|it| it.to_string())?;
    let file = SettingsFile::parse(file).map_err(|it| it.to_string())?;
    Settings::merge(line.settings, environment, file).map_err(|it| it.to_string())
}

#[test]
fn defaults_stand_where_nobody_says_otherwise() {
    let settings = merged(&[], &[], "").unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.data_folder, PathBuf::from("./data"));
    assert_eq!(settings.concurrent_runs.get(), 64);
    assert_eq!(settings.drain, Duration::from_secs(30));
    assert_eq!(settings.log_format, LogFormat::Pretty);
    assert_eq!(settings.mail.from.as_str(), DEFAULT_MAIL_FROM);
    assert_eq!(settings.mail.server, None);
    assert_eq!(settings.bootstrap_token, None);
    assert_eq!(settings.store, StoreLocation::Folder);
    assert!(settings.clock_offset.is_zero());
    assert_eq!(settings.lease, Duration::from_secs(30));
    assert!(!settings.host_name.is_empty());
}

#[test]
fn arguments_and_variables_go_before_the_file() {
    let file = "listen = '127.0.0.1:1'\nconcurrent_runs = 3\n[mail]\nfrom = 'a@b.example'\nurl = 'smtp://x'";
    let variables = [
        ("SANDGLASS_MAIL_FROM", "c@d.example"),
        ("SANDGLASS_CLOCK_OFFSET_MS", "-1500"),
        ("SANDGLASS_LEASE_MS", "2000"),
    ];
    let settings = merged(&["--listen", "127.0.0.1:2"], &variables, file).unwrap();
    assert_eq!(settings.listen.port(), 2);
    assert_eq!(settings.concurrent_runs.get(), 3);
    assert_eq!(settings.mail.from.as_str(), "c@d.example");
    assert_eq!(settings.mail.server.as_deref(), Some("smtp://x"));
    assert_eq!(settings.clock_offset, SignedDuration::from_millis(-1500));
    assert_eq!(settings.lease, Duration::from_secs(2));
}

#[test]
fn labels_are_given_one_by_one_or_stand_in_the_file() {
    let check = |arguments: &[&str], file: &str, expect: &[&str]| {
        let settings = merged(arguments, &[], file).unwrap();
        assert_eq!(settings.labels.to_texts(), expect, "{arguments:?} {file}");
    };
    let file = "[labels]\nzone = 'us'";
    check(&[], "", &[]);
    check(&[], file, &["zone=us"]);
    check(
        &[],
        "labels = ['zone=us', 'disk=fast']",
        &["disk=fast", "zone=us"],
    );
    check(&["--label", "zone=eu"], file, &["zone=eu"]);
    let two = ["--label", "zone=eu", "--label", "gpu=a,disk=fast"];
    check(&two, file, &["disk=fast", "gpu=a", "zone=eu"]);
    let twice = merged(&["--label", "zone=eu", "--label", "zone=us"], &[], "");
    assert!(twice.unwrap_err().contains("--label"));
    assert!(
        merged(&[], &[], "[labels]\nZone = 'us'")
            .unwrap_err()
            .contains("Zone")
    );
}

#[test]
fn a_secret_is_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "smtps://user:password@mail.example\n").unwrap();
    let path = path.to_str().unwrap();
    let expect = Some("smtps://user:password@mail.example");
    let file = format!("[mail]\nurl_file = '{path}'");
    assert_eq!(
        merged(&[], &[], &file).unwrap().mail.server.as_deref(),
        expect
    );
    let variable = [("SANDGLASS_MAIL_URL_FILE", path)];
    let settings = merged(&[], &variable, "").unwrap();
    assert_eq!(settings.mail.server.as_deref(), expect);
    assert!(!format!("{settings:?}").contains("password"));
}

#[test]
fn the_store_is_named_by_argument_variable_or_file_and_never_shown() {
    let check = |arguments: &[&str], variables: &[(&str, &str)], file: &str, expect: &str| {
        let settings = merged(arguments, variables, file).unwrap();
        assert!(!format!("{settings:?}").contains("password"));
        let StoreLocation::MongoDb { url, app_database } = settings.store else {
            panic!("it is in the folder")
        };
        assert_eq!(
            format!("{} {}", url.reveal(), app_database.as_str()),
            expect
        );
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::write(&path, "mongodb://user:password@file\n").unwrap();
    let path = path.to_str().unwrap();
    let file = "store = 'mongodb://user:password@toml'\napp_database = 'documents'";
    let variable = [("SANDGLASS_STORE", "mongodb+srv://user:password@variable")];
    let argument = ["--store", "mongodb://user:password@argument"];
    check(&[], &[], file, "mongodb://user:password@toml documents");
    check(
        &[],
        &variable,
        file,
        "mongodb+srv://user:password@variable documents",
    );
    check(
        &argument,
        &variable,
        "",
        "mongodb://user:password@argument app",
    );
    let variable = [("SANDGLASS_STORE_FILE", path)];
    check(&[], &variable, "", "mongodb://user:password@file app");
    let file = format!("store_file = '{path}'");
    check(&[], &[], &file, "mongodb://user:password@file app");
    check(
        &["--app-database", "a-b_1"],
        &[],
        &file,
        "mongodb://user:password@file a-b_1",
    );
}

#[test]
fn a_store_that_is_none_is_refused_without_being_repeated() {
    let refused = merged(&[], &[("SANDGLASS_STORE", "user:password@host")], "").unwrap_err();
    assert!(refused.contains("mongodb://host"), "{refused}");
    assert!(!refused.contains("password"), "{refused}");
    let both = "store = 'mongodb://a'\nstore_file = 'b'";
    assert!(merged(&[], &[], both).unwrap_err().contains("both set"));
    for name in ["", "admin", "a.b", "a b", &"a".repeat(64)] {
        assert!(name.parse::<AppDatabase>().is_err(), "{name:?}");
    }
}

#[test]
fn what_cannot_be_a_setting_is_refused_by_name() {
    let check = |variables: &[(&str, &str)], file: &str, part: &str| {
        let refused = merged(&[], variables, file).unwrap_err();
        assert!(refused.contains(part), "{refused}");
    };
    check(&[], "lisen = '127.0.0.1:1'", "lisen");
    check(&[], "[mail]\npassword = 'x'", "password");
    check(&[], "listen = 'nowhere'", "listen");
    check(&[], "[mail]\nfrom = 'nobody'", "mail.from");
    check(
        &[],
        "[mail]\nurl = 'a'\nurl_file = 'b'",
        "mail.url_file are both set",
    );
    check(&[], "[mail]\nurl_file = '/no/such/file'", "/no/such/file");
    check(
        &[("SANDGLASS_BOOTSTRAP_TOKEN", "short")],
        "",
        "SANDGLASS_BOOTSTRAP_TOKEN",
    );
    check(
        &[("SANDGLASS_CLOCK_OFFSET_MS", "soon")],
        "",
        "SANDGLASS_CLOCK_OFFSET_MS",
    );
    check(&[("SANDGLASS_LEASE_MS", "1999")], "", "the least is 2000");
    check(&[], "compile_memory_mib = 8", "the least is 32");
    check(&[], "compile_seconds = 0", "compile_seconds");
    check(
        &[("SANDGLASS_REQUIRE_SIGNATURE", "yes")],
        "",
        "SANDGLASS_REQUIRE_SIGNATURE",
    );
    let weak = "[[trusted_template_keys]]\nname = 'a'\nkey = 'AAAA'";
    check(&[], weak, "32 bytes in Base64");
    let twice = format!("a={PUBLIC_KEY},a={PUBLIC_KEY}");
    let twice = [("SANDGLASS_TRUSTED_TEMPLATE_KEYS", twice.as_str())];
    check(&twice, "", "two trusted keys are called a");
}

/// The public key of RFC 8032 §7.1, test 1.
const PUBLIC_KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

#[test]
fn trusted_keys_stand_in_the_file_or_in_a_variable() {
    let check = |variables: &[(&str, &str)], file: &str, expect: &[&str]| {
        let settings = merged(&[], variables, file).unwrap();
        let names = settings.templates.signatures.trusted.names();
        let names: Vec<_> = names.map(|it| it.as_str().to_owned()).collect();
        assert_eq!(names, expect);
    };
    let file = format!("[[trusted_template_keys]]\nname = 'release'\nkey = '{PUBLIC_KEY}'");
    let variable = format!("ops={PUBLIC_KEY}, dev={PUBLIC_KEY}");
    let variable = [("SANDGLASS_TRUSTED_TEMPLATE_KEYS", variable.as_str())];
    check(&[], "", &[]);
    check(&[], &file, &["release"]);
    check(&variable, &file, &["dev", "ops"]);
    let required = merged(&[], &[("SANDGLASS_REQUIRE_SIGNATURE", "true")], "");
    let requirement = required.unwrap().templates.signatures.requirement;
    assert_eq!(requirement, SignatureRequirement::Required);
}

#[test]
fn retention_is_for_mongodb_and_by_how_an_execution_ended() {
    let mongo = [("SANDGLASS_STORE", "mongodb://localhost/x")];
    let day = Duration::from_secs(86_400);
    let kept = merged(&[], &mongo, "[retention]\nsuccess_days = 2").unwrap();
    let expect = Retention::default().with(ExecutionStatus::Success, day * 2);
    assert_eq!(kept.retention, expect);
    let refused = merged(&[], &[], "[retention]\nsuccess_days = 2").unwrap_err();
    assert!(refused.contains("data folder"), "{refused}");
    let unknown = merged(&[], &mongo, "[retention]\nrunning_days = 2").unwrap_err();
    assert!(unknown.contains("running_days"), "{unknown}");
}

#[test]
fn networks_and_the_key_of_secrets_are_read_from_either_place() {
    let networks = |variables: &[(&str, &str)], file: &str| {
        let settings = merged(&[], variables, file)?;
        let networks = settings.http.allowed_networks.iter();
        Ok::<_, String>(networks.map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(networks(&[], "").unwrap(), [""; 0]);
    let file = "[http]\nallowed_networks = ['10.1.0.0/16']";
    assert_eq!(networks(&[], file).unwrap(), ["10.1.0.0/16"]);
    let given = |list| [("SANDGLASS_HTTP_ALLOWED_NETWORKS", list)];
    let two = networks(&given("127.0.0.1/32, fd00::/8"), file).unwrap();
    assert_eq!(two, ["127.0.0.1/32", "fd00::/8"]);
    let refused = networks(&given("10.1.0.0"), "").unwrap_err();
    assert!(refused.contains("networks such as"), "{refused}");
    assert!(networks(&[], "[http]\nallowed_networks = ['all']").is_err());

    assert!(merged(&[], &[], "").unwrap().vault.is_none());
    let with_key = |text: &str| merged(&[], &[("SANDGLASS_SECRETS_KEY", text)], "");
    assert!(with_key(&"07".repeat(32)).unwrap().vault.is_some());
    let refused = with_key("short").unwrap_err();
    assert!(refused.contains("key of the secrets") && !refused.contains("short"));
    assert!(merged(&[], &[], "secrets_key_file = '/nowhere/key'").is_err());
}
