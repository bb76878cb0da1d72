//! Being told to begin nothing new, and to take part again.

use super::driver::{Driver, claimed, run_ended};
use crate::core::machine::*;

const DRAIN: Event = Event::Ordered(HostOrder::Drain);
const WORK: Event = Event::Ordered(HostOrder::Work);

fn success() -> Event {
    Event::AttemptsEnded(Ok(vec![EndAnswer::Ended(ExecutionStatus::Success)]))
}

#[test]
fn a_host_that_was_told_to_drain_begins_nothing_and_what_it_holds_goes_on() {
    let mut host = Driver::holding(&["e1/1"]);
    host.check(DRAIN, &[]);
    host.check(Event::WorkArrived, &[]);
    host.check(Event::JobsChanged, &[]);
    host.check(Event::BackfillsChanged, &[]);
    host.check(Event::DeadlinesChanged, &[]);
    assert!(host.sleeps() > 0, "it does not go round in a circle");
    host.check_after(10_000, &["renew e1/1"]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
    host.check(success(), &["release e1/1 success", "read unsettled"]);
    assert!(!host.machine.is_drained(), "it does not shut down");
}

#[test]
fn a_host_looks_for_everything_when_it_takes_part_again() {
    let mut host = Driver::idle(2);
    host.check(DRAIN, &[]);
    host.check(Event::WorkArrived, &[]);
    host.check(DRAIN, &[]);
    let looks = ["read due", "read backfills", "end overdue", "claim 2"];
    host.check(WORK, &looks);
    host.check(WORK, &[]);
}

#[test]
fn what_a_claim_brings_after_the_order_is_run() {
    let mut host = Driver::idle(1);
    host.check(Event::WorkArrived, &["claim 1"]);
    host.check(DRAIN, &[]);
    host.check(claimed(host.monotonic(), &["e1/1"]), &["start e1/1"]);
    host.check(run_ended("e1/1"), &["end e1/1"]);
}

#[test]
fn a_host_that_shuts_down_does_not_take_part_again() {
    let mut host = Driver::idle(1);
    host.check(DRAIN, &[]);
    host.check(Event::Drain, &[]);
    host.check(WORK, &[]);
    assert!(host.machine.is_drained());
}
