//! One target for as long as there is time.

use std::time::Duration;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner},
};
use sandglass_contract::{Clock as _, SystemClock};
use sandglass_tests::Random;

/// How long a target is tried where `FUZZ_SECONDS` does not say.
const SECONDS: u64 = 2;
/// Inputs between two looks at the clock.
const AT_ONCE: u32 = 50;

/// The time that each target has.
fn budget() -> Duration {
    let given = std::env::var("FUZZ_SECONDS").ok();
    let seconds = given.map_or(SECONDS, |it| it.parse().expect("a number of seconds"));
    Duration::from_secs(seconds)
}

/// Tries inputs of `strategy` until the time is over; fails with the smallest input that fails.
pub(crate) fn fuzz<S: Strategy>(
    target: &str,
    strategy: &S,
    check: impl Fn(S::Value) -> TestCaseResult,
) {
    let mut random = Random::from_environment();
    let clock = SystemClock::default();
    let (began, budget) = (clock.monotonic(), budget());
    let mut tried = 0_u64;
    let took = loop {
        let mut seed = [0; 32];
        for byte in &mut seed {
            *byte = u8::try_from(random.below(256)).unwrap();
        }
        let config = Config {
            cases: AT_ONCE,
            failure_persistence: None,
            max_shrink_iters: 5_000,
            ..Config::default()
        };
        let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(config, chance);
        if let Err(failure) = runner.run(strategy, &check) {
            panic!("{target}: {failure}");
        }
        tried += u64::from(AT_ONCE);
        let took = clock.monotonic().saturating_sub(began);
        if took >= budget {
            break took;
        }
    };
    let rate = u128::from(tried) * 1000 / took.as_millis().max(1);
    println!(
        "{target}: {tried} inputs in {} s, {rate} a second",
        took.as_secs()
    );
}

/// The lines of a corpus that are not comments.
pub(crate) fn lines(corpus: &'static str) -> Vec<&'static str> {
    let lines = corpus.lines().filter(|line| !line.starts_with("# "));
    let lines: Vec<&str> = lines.collect();
    assert!(!lines.is_empty(), "the corpus is empty");
    lines
}
