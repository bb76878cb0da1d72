//! Guests that mean harm, all of the corpus (`tests/hostile`): each ends exactly as its table says, and
//! the next run of another template finds nothing of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod support;

use std::{error::Error, sync::Arc, time::Duration};

use sandglass_contract::{Grant, LimitSettings, Limits, OutcomeCode};
use sandglass_host::{Host, Run, RunReport, Template};
use sandglass_hostile::{CHECKER, CORPUS, DIRTY_CHECKER, Expect, Hostile};
use serde_json::{Value, json};
use support::{Bench, bench, host_in};

/// How often residue is looked for at the end, so that every place of the pool has had its turn.
const LAST_LOOKS: usize = 12;

/// What became of a guest.
#[derive(Debug)]
enum Ended {
    Refused(String),
    Undescribed(String),
    NoJob(String),
    Ran(Box<RunReport>),
}

/// Runs all guests of a kind on one host, each followed by a look for residue.
async fn check(kind: &str) {
    let bench = bench();
    let other = host_in(bench.folder.path(), &bench.recorder, &bench.database);
    let checker = bench.load(&CHECKER).await;
    let (_, guests) = CORPUS.iter().find(|(name, _)| *name == kind).unwrap();
    let mut wrong = Vec::new();
    for hostile in *guests {
        let ended = end_of(&bench, &other, hostile).await;
        if !is_right(hostile, &ended) {
            let (name, expect) = (hostile.name, hostile.expect);
            wrong.push(format!(
                "{name}: {expect:?} was expected, and it is {ended:?}"
            ));
        }
        look(&bench, &checker, hostile.name).await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for _ in 0..LAST_LOOKS {
        tokio::join!(look(&bench, &checker, kind), look(&bench, &checker, kind));
    }
}

fn is_right(hostile: &Hostile, ended: &Ended) -> bool {
    match (hostile.expect, ended) {
        (Expect::Refused(expect), Ended::Refused(text))
        | (Expect::Undescribed(expect), Ended::Undescribed(text))
        | (Expect::NoJob(expect), Ended::NoJob(text)) => text.contains(expect),
        // The host reads no parameters by a schema.
        (Expect::NoSchema(_), Ended::Ran(report)) => report.outcome == OutcomeCode::Success,
        (Expect::Ends(outcome), Ended::Ran(report)) => {
            let told = report
                .message
                .as_deref()
                .is_some_and(|message| !message.is_empty());
            report.outcome == outcome && told && report.result.is_none()
        }
        (Expect::Answers(result), Ended::Ran(report)) => {
            let result: Value = serde_json::from_str(result).unwrap();
            report.outcome == OutcomeCode::Success && report.result == Some(result)
        }
        _ => false,
    }
}

/// Goes the way of the service: takes the component in, asks it, and runs it with the grant it asks for.
async fn end_of(bench: &Bench, other: &Host, hostile: &Hostile) -> Ended {
    let component = hostile.component();
    let template = match bench.host.load(&component).await {
        Ok(template) => template,
        Err(error) => return Ended::Refused(chain(&error)),
    };
    let description = match bench.host.describe(&template).await {
        Ok(description) => description,
        Err(error) => return Ended::Undescribed(chain(&error)),
    };
    let again = other.load(&component).await.unwrap();
    let again = other.describe(&again).await.unwrap();
    assert_eq!(again, description, "{}: asked twice", hostile.name);
    let parameters = json!({});
    match bench.host.validate(&template, &parameters).await {
        Ok(issues) => assert_eq!(issues, [], "{}", hostile.name),
        Err(error) => return Ended::NoJob(chain(&error)),
    }
    let grant = match bench.host.capabilities(&template, &parameters).await {
        Ok(grant) => grant,
        Err(error) => return Ended::NoJob(chain(&error)),
    };
    let ceiling = Grant::everything_in(&template.interfaces());
    if let Some(entry) = grant.beyond(&ceiling).first() {
        return Ended::NoJob(format!("{}, which is beyond its ceiling", entry.text()));
    }
    let run = Run {
        grant,
        limits: limits(hostile),
        timeout: Duration::from_secs(hostile.timeout_seconds),
        ..bench.a_run()
    };
    Ended::Ran(Box::new(bench.host.run(&template, run).await))
}

fn limits(hostile: &Hostile) -> Limits {
    let mut settings = LimitSettings::default();
    for (name, value) in hostile.limits {
        settings.set(name, *value).unwrap();
    }
    Limits::with(&settings)
}

/// The error and what led to it, as the service tells it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    assert!(!text.is_empty());
    text
}

/// Another run, which reads all its memory and finds nothing.
async fn look(bench: &Bench, checker: &Arc<Template>, after: &str) {
    let report = bench.host.run(checker, bench.a_run()).await;
    assert_eq!(
        report.outcome,
        OutcomeCode::Success,
        "after {after}: {report:?}"
    );
    assert_eq!(report.result, Some(json!(0)), "after {after}");
    assert_eq!(report.peak_memory_bytes, 64 << 20, "after {after}");
}

#[tokio::test]
async fn the_checker_sees_what_it_looks_for() {
    let report = bench().run(&DIRTY_CHECKER, &[]).await;
    assert_eq!(report.result, Some(json!(2)), "{report:?}");
}

macro_rules! kinds {
    ($($name:ident: $kind:literal),+ $(,)?) => {
        const TESTED: &[&str] = &[$($kind),+];
        $(
            #[tokio::test]
            async fn $name() {
                check($kind).await;
            }
        )+
    };
}

kinds!(
    computing_without_end_ends: "computing",
    taking_memory_reaches_limits: "memory",
    lies_and_floods_are_met: "lying",
    reentrance_breaks_the_rules: "reentrance",
    results_are_not_believed: "results",
    filters_and_documents_are_judged: "database",
    mail_goes_to_nobody_else: "mail",
    artifacts_stay_in_their_folder: "artifacts",
    requests_go_nowhere_else: "requests",
    secrets_stay_with_their_owners: "secrets",
    answers_are_not_believed: "questions",
    schemas_end: "schemas",
    what_no_template_may_have_is_refused: "imports",
    wasi_shows_nothing: "wasi",
    what_is_hard_to_compile_is_compiled_or_refused: "compiling",
);

#[test]
fn every_kind_is_tested() {
    assert_eq!(CORPUS.map(|(kind, _)| kind), TESTED);
}
