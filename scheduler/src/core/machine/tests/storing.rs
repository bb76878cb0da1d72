//! Storing the ends of attempts.

use super::driver::{Driver, renewed, run_ended};
use crate::core::machine::*;
use sandglass_registry::store::{EndAnswer, LeaseAnswer};

/// A host that begins nothing new, so that only its ends are seen.
fn draining(claims: &[&str]) -> Driver {
    let mut host = Driver::holding(claims);
    host.check(Event::Drain, &[]);
    host
}

fn stored(answers: &[EndAnswer]) -> Event {
    Event::AttemptsEnded(Ok(answers.to_vec()))
}

#[test]
fn ends_are_gathered_while_the_store_is_busy() {
    let mut host = draining(&["e1/1", "e2/1", "e3/1"]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    host.check(run_ended("e2/1"), &[]);
    host.check(run_ended("e3/1"), &[]);
    host.check(run_ended("e3/1"), &[]);
    let queued = EndAnswer::Ended(ExecutionStatus::Queued);
    host.check(stored(&[queued]), &["release e1/1 queued", "end e2/1 e3/1"]);
    host.check(
        stored(&[queued, queued]),
        &["release e2/1 queued", "release e3/1 queued"],
    );
    assert!(host.machine.is_drained());
}

#[test]
fn an_end_of_which_nothing_is_known_is_stored_again() {
    let mut host = draining(&["e1/1", "e2/1"]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    host.check(Event::AttemptsEnded(Err(NoAnswer)), &[]);
    host.check(run_ended("e2/1"), &[]);
    assert_eq!(host.sleeps(), 1000);
    host.check_after(1000, &["end e1/1 e2/1"]);
    let expect = [
        "release e1/1 lost",
        "release e2/1 success",
        "read unsettled",
    ];
    host.check(
        stored(&[EndAnswer::Lost, EndAnswer::Ended(ExecutionStatus::Success)]),
        &expect,
    );
}

#[test]
fn an_end_that_could_not_be_stored_is_stored_again_and_keeps_no_other_waiting() {
    let mut host = draining(&["e1/1", "e2/1"]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    host.check(run_ended("e2/1"), &[]);
    host.check(stored(&[EndAnswer::NotEnded]), &[]);
    host.check_after(1000, &["end e1/1 e2/1"]);
    let success = EndAnswer::Ended(ExecutionStatus::Success);
    let expect = ["release e2/1 success", "read unsettled"];
    host.check(stored(&[EndAnswer::NotEnded, success]), &expect);
    host.check_after(1000, &["end e1/1"]);
}

#[test]
fn an_end_is_given_up_when_the_claim_cannot_be_trusted_any_more() {
    let mut host = draining(&["e1/1"]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    host.check_after(10_000, &["renew e1/1"]);
    host.pass(16_999)
        .check(Event::AttemptsEnded(Err(NoAnswer)), &[]);
    host.check_after(1_000, &["end e1/1"]);
    let given_up = Event::AttemptsEnded(Err(NoAnswer));
    host.check(given_up, &["release e1/1 lost", "read unsettled"]);
    assert!(host.machine.is_drained());
}

#[test]
fn a_claim_is_renewed_until_its_end_is_stored() {
    let mut host = draining(&["e1/1"]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    host.check_after(10_000, &["renew e1/1"]);
    let answers = [("e1/1", LeaseAnswer::Renewed)];
    host.check(renewed(host.monotonic(), &answers), &[]);
    host.pass(20_000).check(
        Event::AttemptsEnded(Err(NoAnswer)),
        &["renew e1/1", "read unsettled"],
    );
    host.check_after(1_000, &["end e1/1"]);
}

#[test]
fn only_the_run_of_the_claim_that_is_held_can_end() {
    let mut host = draining(&["e1/2"]);
    host.check(run_ended("e1/1"), &[]);
    host.check(run_ended("e9/1"), &[]);
    host.check(run_ended("e1/2"), &["end e1/2"]);
}
