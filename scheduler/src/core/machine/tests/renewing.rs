//! Leases: renewing them, losing them, and clocks that are set.

use sandglass_registry::store::LeaseAnswer::{CancelRequested, Lost, NotRenewed, Renewed};

use super::driver::{Driver, claimed, renewed, run_ended};
use crate::core::machine::*;

#[test]
fn leases_are_renewed_when_a_third_of_them_has_passed() {
    let mut host = Driver::holding(&["e1/1", "e2/1"]);
    for _ in 0..2 {
        host.check_after(5000, &[]);
        host.check_after(4999, &[]);
        host.check_after(1, &["renew e1/1 e2/1"]);
        let asked_at = host.monotonic();
        host.check(
            renewed(asked_at, &[("e1/1", Renewed), ("e2/1", Renewed)]),
            &[],
        );
    }
}

#[test]
fn a_run_is_stopped_before_its_lease_ends() {
    let mut host = Driver::holding(&["e1/1"]);
    host.check_after(10_000, &["renew e1/1"]);
    let no_answer = |host: &Driver| Event::Renewed {
        asked_at: host.monotonic(),
        answer: Err(NoAnswer),
    };
    host.check(no_answer(&host), &[]);
    host.check_after(999, &[]);
    host.check_after(1, &["renew e1/1"]);
    host.check_after(15_999, &[]);
    assert_eq!(host.sleeps(), 1);
    host.check_after(1, &["stop e1/1 Lost"]);
    host.check(no_answer(&host), &[]);
    host.check_after(1000, &[]);
    let released = host.tell(run_ended("e1/1"));
    assert_eq!(released[0], "release e1/1 lost");
}

#[test]
fn a_lease_that_was_not_renewed_is_asked_for_again_and_ends_when_it_would_have() {
    let mut host = Driver::holding(&["e1/1", "e2/1"]);
    host.check_after(10_000, &["renew e1/1 e2/1"]);
    for _ in 0..3 {
        let answers = [("e1/1", Renewed), ("e2/1", NotRenewed)];
        host.check(renewed(host.monotonic(), &answers), &[]);
        host.check_after(999, &[]);
        host.check_after(1, &["renew e1/1 e2/1"]);
    }
    host.check_after(13_999, &[]);
    host.check_after(1, &["stop e2/1 Lost"]);
}

#[test]
fn a_renewal_moves_the_deadline_from_when_it_was_asked_for() {
    let mut host = Driver::holding(&["e1/1"]);
    host.check_after(10_000, &["renew e1/1"]);
    let asked_at = host.monotonic();
    host.check_after(9_000, &[]);
    host.check(renewed(asked_at, &[("e1/1", Renewed)]), &[]);
    host.check_after(1_000, &["renew e1/1"]);
    host.check_after(7_000, &[]);
    host.check_after(
        9_999,
        &[
            "read unsettled",
            "read due",
            "read backfills",
            "end overdue",
        ],
    );
    host.check_after(1, &["stop e1/1 Lost"]);
}

#[test]
fn what_the_store_says_of_a_lease_is_followed() {
    let mut host = Driver::holding(&["e1/1", "e2/1", "e3/1"]);
    host.check(Event::CancelsRequested, &["renew e1/1 e2/1 e3/1"]);
    let answers = [("e1/1", Renewed), ("e2/1", CancelRequested), ("e3/1", Lost)];
    let expect = ["stop e2/1 Cancelled", "stop e3/1 Lost"];
    host.check(renewed(host.monotonic(), &answers), &expect);
    host.check(Event::CancelsRequested, &["renew e1/1 e2/1"]);
    host.check(
        renewed(host.monotonic(), &[("e9/1", Lost), ("e1/7", Lost)]),
        &[],
    );
}

#[test]
fn a_wish_to_renew_during_a_renewal_is_kept() {
    let mut host = Driver::holding(&["e1/1"]);
    host.check(Event::CancelsRequested, &["renew e1/1"]);
    host.check(Event::CancelsRequested, &[]);
    host.check(
        renewed(host.monotonic(), &[("e1/1", Renewed)]),
        &["renew e1/1"],
    );
    host.check(renewed(host.monotonic(), &[("e1/1", Renewed)]), &[]);
}

/// A host with a free place that holds one claim when its clock is set.
fn set_forwards() -> Driver {
    let mut host = Driver::idle(2);
    host.check(Event::WorkArrived, &["claim 2"]);
    host.check(claimed(host.monotonic(), &["e1/1"]), &["start e1/1"]);
    let expect = ["note jump 60", "renew e1/1", "read due", "end overdue"];
    host.pass(1000)
        .set_wall(60_000)
        .check(Event::Woken, &expect);
    host
}

#[test]
fn leases_are_renewed_before_anything_is_claimed_by_a_clock_that_was_set() {
    let mut host = set_forwards();
    host.check(Event::WorkArrived, &[]);
    host.check(
        renewed(host.monotonic(), &[("e1/1", Renewed)]),
        &["claim 1"],
    );
}

#[test]
fn a_renewal_from_before_the_clock_was_set_does_not_count() {
    let mut host = Driver::idle(2);
    host.check(Event::WorkArrived, &["claim 2"]);
    host.check(claimed(host.monotonic(), &["e1/1"]), &["start e1/1"]);
    host.check(Event::CancelsRequested, &["renew e1/1"]);
    let before = host.monotonic();
    host.pass(1000)
        .set_wall(60_000)
        .check(Event::Woken, &["note jump 60", "read due", "end overdue"]);
    host.check(renewed(before, &[("e1/1", Renewed)]), &["renew e1/1"]);
    host.check(
        renewed(host.monotonic(), &[("e1/1", Renewed)]),
        &["claim 1"],
    );
}

#[test]
fn a_claim_from_before_the_clock_was_set_is_renewed_first() {
    let mut host = Driver::idle(2);
    host.check(Event::WorkArrived, &["claim 2"]);
    let before = host.monotonic();
    host.pass(1000)
        .set_wall(60_000)
        .check(Event::Woken, &["note jump 60", "read due", "end overdue"]);
    host.check(claimed(before, &["e1/1"]), &["start e1/1", "renew e1/1"]);
    host.check(
        renewed(host.monotonic(), &[("e1/1", Renewed)]),
        &["claim 1"],
    );
}

#[test]
fn claims_go_on_when_nothing_is_left_to_renew() {
    let mut host = set_forwards();
    let failed = Event::Renewed {
        asked_at: host.monotonic(),
        answer: Err(NoAnswer),
    };
    host.check(failed, &[]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    let stored = Event::AttemptsEnded(Ok(vec![EndAnswer::Ended(ExecutionStatus::Success)]));
    let expect = [
        "release e1/1 success",
        "read unsettled",
        "read backfills",
        "claim 2",
    ];
    host.check(stored, &expect);
}
