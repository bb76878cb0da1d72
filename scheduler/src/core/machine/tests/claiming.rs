//! Claiming, places, and shutting down.

use super::driver::{Driver, claim, claimed, run_ended};
use crate::core::machine::*;

#[test]
fn one_claim_is_under_way_and_bells_are_kept() {
    let mut host = Driver::idle(2);
    host.check(Event::WorkArrived, &["claim 2"]);
    host.check(Event::WorkArrived, &[]);
    host.check(claimed(host.monotonic(), &[]), &["claim 2"]);
    host.check(claimed(host.monotonic(), &[]), &[]);
}

#[test]
fn a_host_wakes_when_there_is_something_to_claim() {
    let mut host = Driver::idle(2);
    host.check(Event::WorkArrived, &["claim 2"]);
    let next = host.wall() + jiff::SignedDuration::from_millis(1500);
    host.check(claimed(host.monotonic(), &[]), &[]);
    host.check(Event::NextClaimable(Some(next)), &[]);
    assert_eq!(host.sleeps(), 1500);
    host.check_after(1499, &[]);
    host.check_after(1, &["claim 2"]);
}

#[test]
fn a_claim_that_gave_all_it_asked_for_is_followed_by_another() {
    let mut host = Driver::idle(2);
    host.check(Event::WorkArrived, &["claim 2"]);
    host.check(
        claimed(host.monotonic(), &["e1/1", "e2/1"]),
        &["start e1/1", "start e2/1"],
    );
    host.check(run_ended("e1/1"), &["end e1/1", "claim 1"]);
    host.check(claimed(host.monotonic(), &["e3/1"]), &["start e3/1"]);
    host.check(run_ended("e3/1"), &["claim 1"]);
    host.check(claimed(host.monotonic(), &[]), &[]);
}

#[test]
fn a_place_is_free_when_the_run_has_ended_unless_too_many_ends_wait() {
    let mut host = Driver::idle(1);
    host.check(Event::WorkArrived, &["claim 1"]);
    host.check(claimed(host.monotonic(), &["e1/1"]), &["start e1/1"]);
    host.check(Event::WorkArrived, &[]);
    host.check(run_ended("e1/1"), &["end e1/1", "claim 1"]);
    host.check(claimed(host.monotonic(), &["e2/1"]), &["start e2/1"]);
    host.check(run_ended("e2/1"), &[]);
    let stored = Event::AttemptsEnded(Ok(vec![EndAnswer::Ended(ExecutionStatus::Queued)]));
    host.check(stored, &["release e1/1 queued", "end e2/1", "claim 1"]);
}

#[test]
fn a_claim_that_was_not_answered_is_made_again_after_a_second() {
    let mut host = Driver::idle(1);
    host.check(Event::WorkArrived, &["claim 1"]);
    let lost = Event::Claimed {
        asked_at: host.monotonic(),
        answer: Err(NoAnswer),
    };
    host.check(lost, &[]);
    host.check_after(999, &[]);
    host.check_after(1, &["claim 1"]);
}

#[test]
fn a_claim_whose_answer_took_too_long_is_not_begun() {
    let check = |milliseconds, expect: &[&str]| {
        let mut host = Driver::idle(2);
        host.check(Event::WorkArrived, &["claim 2"]);
        let asked_at = host.monotonic();
        host.pass(milliseconds)
            .check(claimed(asked_at, &["e1/1"]), expect);
    };
    check(26_999, &["start e1/1", "renew e1/1"]);
    check(27_000, &[]);
}

#[test]
fn an_execution_that_is_claimed_anew_ends_its_earlier_run() {
    let mut host = Driver::idle(2);
    host.check(Event::WorkArrived, &["claim 2"]);
    host.check(claimed(host.monotonic(), &["e1/1"]), &["start e1/1"]);
    host.check(Event::WorkArrived, &["claim 1"]);
    let anew = claimed(host.monotonic(), &["e1/2"]);
    host.check(anew, &["stop e1/1 Lost", "start e1/2", "claim 1"]);
    host.check(run_ended("e1/1"), &[]);
    host.check(run_ended("e1/2"), &["end e1/2"]);
}

#[test]
fn a_host_that_drains_begins_nothing_and_is_drained_when_it_holds_nothing() {
    let mut host = Driver::holding(&["e1/1", "e2/1"]);
    host.check(Event::Drain, &[]);
    host.check(Event::WorkArrived, &[]);
    host.check(Event::JobsChanged, &[]);
    host.check(Event::BackfillsChanged, &[]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    let success = || Event::AttemptsEnded(Ok(vec![EndAnswer::Ended(ExecutionStatus::Success)]));
    host.check(success(), &["release e1/1 success", "read unsettled"]);
    host.check(Event::GiveBack, &["stop e2/1 GivenBack"]);
    host.check(run_ended("e2/1"), &["end e2/1"]);
    assert!(!host.machine.is_drained());
    let requeued = Event::AttemptsEnded(Ok(vec![EndAnswer::Ended(ExecutionStatus::Queued)]));
    host.check(requeued, &["release e2/1 queued"]);
    assert!(host.machine.is_drained());
}

#[test]
fn what_a_claim_brings_after_the_host_began_to_drain_is_given_back() {
    let mut host = Driver::idle(1);
    host.check(Event::WorkArrived, &["claim 1"]);
    host.check(Event::Drain, &[]);
    assert!(!host.machine.is_drained(), "a claim is under way");
    let late = claimed(host.monotonic(), &["e1/1"]);
    host.check(late, &["start e1/1", "stop e1/1 GivenBack"]);
    assert!(host.machine.holds(&claim("e1/1").execution));
}

#[test]
fn a_run_is_stopped_once_for_each_reason_and_a_stronger_one_goes_through() {
    let mut host = Driver::holding(&["e1/1"]);
    let cancel = |written: &str| Event::CancelRequested(claim(written).execution);
    host.check(cancel("e2/1"), &[]);
    host.check(cancel("e1/1"), &["stop e1/1 Cancelled"]);
    host.check(cancel("e1/1"), &[]);
    host.check(Event::GiveBack, &["stop e1/1 GivenBack"]);
    host.check(cancel("e1/1"), &[]);
    host.check(Event::GiveBack, &[]);
    host.check(run_ended("e1/1"), &["end e1/1", "claim 1"]);
    host.check(cancel("e1/1"), &[]);
}
