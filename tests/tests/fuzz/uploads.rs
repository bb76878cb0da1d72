//! Components with bytes changed, parts cut, moved and repeated, as they are uploaded.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, LazyLock},
    time::Duration,
};

use jiff::Timestamp;
use object_store::memory::InMemory;
use proptest::prelude::*;
use sandglass_contract::{Blame, SystemClock};
use sandglass_host::{
    FileOutbox, Host, HostSettings, HttpClient, HttpSettings, Services, SystemResolver,
    TemplateError,
};
use sandglass_hostile::{CORPUS, GOOD};
use sandglass_query::MemoryDatabase;
use sandglass_tests::template;
use tokio::runtime::Runtime;

use super::{campaign::fuzz, mutation::bytes};

/// The most that judging one upload may take: far beyond what it takes, and not without end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is changed: the smallest good guest, a built-in template, and some hostile guests.
fn corpus() -> Vec<Vec<u8>> {
    let of_kinds = ["memory", "imports", "wasi", "lying"];
    let kinds = CORPUS.iter().filter(|(kind, _)| of_kinds.contains(kind));
    let hostile = kinds
        .flat_map(|(_, guests)| *guests)
        .map(|guest| guest.component());
    let small = hostile.filter(|component| component.len() < 20_000);
    let mut corpus: Vec<Vec<u8>> = small.collect();
    corpus.extend([GOOD.component(), template("test_scheduler")]);
    corpus
}

/// It is a template that says what it is, or refused as the uploader's fault.
fn judge(host: &Host, runtime: &Runtime, component: &[u8]) -> Result<(), TestCaseError> {
    let judged = runtime.block_on(async {
        let judging = async {
            let template = host.load(component).await?;
            host.describe(&template).await
        };
        tokio::time::timeout(PATIENCE, judging).await
    });
    match judged {
        Err(_) => Err(TestCaseError::fail("judging it takes too long")),
        Ok(Ok(description)) => {
            prop_assert!(!description.metadata.name.is_empty());
            Ok(())
        }
        Ok(Err(error)) => {
            let told = error.to_string();
            prop_assert_eq!(error.blame(), Blame::Guest, "{}", told);
            prop_assert!(!matches!(error, TemplateError::Host { .. }), "{}", told);
            Ok(())
        }
    }
}

fn host_in(folder: &Path) -> (Runtime, Host) {
    let runtime = Runtime::new().unwrap();
    let mut settings = HostSettings::new(folder.join("cache"), "jobs@example.org".parse().unwrap());
    settings.loaded_templates = NonZeroUsize::MIN;
    let services = Services {
        database: Arc::new(MemoryDatabase::new(|| Timestamp::UNIX_EPOCH)),
        mailer: Arc::new(FileOutbox::new(folder.join("outbox"))),
        artifacts: Arc::new(InMemory::new()),
        http: HttpClient::new(HttpSettings::default(), Arc::new(SystemResolver)).unwrap(),
        clock: Arc::new(SystemClock::default()),
    };
    (runtime, Host::new(settings, services).unwrap())
}

#[test]
fn uploads_are_refused_or_say_what_they_are() {
    static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(corpus);
    let folder = tempfile::tempdir().unwrap();
    let (runtime, host) = host_in(folder.path());
    for component in &*CORPUS {
        judge(&host, &runtime, component).unwrap();
    }
    fuzz("uploads", &bytes(CORPUS.clone()), |component| {
        judge(&host, &runtime, &component)
    });
}
