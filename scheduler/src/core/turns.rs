//! Which of the hosts that share a store goes first, where each of them could do the same thing.
//!
//! Hosts that do the same thing at once get in each other's way: one of their transactions is kept and
//! the others were for nothing. Every thing therefore has an order of hosts, drawn from their names and
//! its own (rendezvous hashing), and whoever comes later in it waits a little longer. Nothing but effort
//! hangs on it: hosts that disagree about who is there do a thing twice, and a transaction finds out; a
//! host that is not there any more costs its things the wait until the next one's turn.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use sandglass_contract::Digest;
use sandglass_registry::{Execution, Job};

use crate::calendar::Calendar;

/// How much longer each host waits than the one before it.
const STEP: Duration = Duration::from_secs(1);
/// How many hosts wait for each other. Those after them wait no longer.
const MOST_WAITS: u32 = 3;

/// A host among those that work with the same store.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    own: String,
    others: BTreeSet<String>,
}

impl Turns {
    /// The host `own` among those that take part; whether it is named among them makes no difference.
    pub fn new(own: &str, hosts: impl IntoIterator<Item = String>) -> Self {
        let others = hosts.into_iter().filter(|it| it != own).collect();
        Self {
            own: own.to_owned(),
            others,
        }
    }

    /// When the host fires the next slot of a job that follows `calendar`, unless another one has done so;
    /// none where there is no slot. Others are left no more time than keeps the slot from being late.
    #[must_use]
    pub fn of_slot(&self, job: &Job, calendar: Option<&Calendar>) -> Option<Timestamp> {
        let slot = job.next_run_at?;
        let wait = self.wait(job.id.as_str());
        let wait = leeway(job, calendar, slot).map_or(wait, |most| wait.min(most));
        Some(later(job.due_at(slot), wait))
    }

    /// When the host settles an execution that has ended, unless another one has done so; none where it
    /// does so at once, as with those that it ran itself.
    #[must_use]
    pub fn of_end(&self, execution: &Execution) -> Option<Timestamp> {
        let wait = self.wait(execution.id.as_str());
        let wait = match execution.execution_host.as_deref() {
            Some(host) if host == self.own => Duration::ZERO,
            Some(host) if self.others.contains(host) => STEP + wait,
            _ => wait,
        };
        let ended_at = execution.completed_at.filter(|_| !wait.is_zero())?;
        Some(later(ended_at, wait))
    }

    /// How long the host leaves a thing of that name to others.
    fn wait(&self, thing: &str) -> Duration {
        let own = weight(&self.own, thing);
        let before = self.others.iter().filter(|it| weight(it, thing) < own);
        let before = u32::try_from(before.count()).unwrap_or(MOST_WAITS);
        STEP * before.min(MOST_WAITS)
    }
}

/// Half of what the starting deadline allows, or of the time until the next slot.
fn leeway(job: &Job, calendar: Option<&Calendar>, slot: Timestamp) -> Option<Duration> {
    let deadline = job.starting_deadline_seconds;
    let deadline = deadline.map(|it| Duration::from_secs(u64::from(it.get())));
    let next = calendar.and_then(|it| it.next_after(slot).ok().flatten());
    let gap = next.and_then(|next| Duration::try_from(next.duration_since(slot)).ok());
    deadline.into_iter().chain(gap).min().map(|it| it / 2)
}

fn later(moment: Timestamp, by: Duration) -> Timestamp {
    moment.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn weight(host: &str, thing: &str) -> Digest {
    Digest::of(format!("{host}\0{thing}").as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests may panic"
    )]

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{at, execution_of, job};

    fn names(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
        let names = numbers.into_iter().map(|number| format!("host-{number}"));
        names.collect()
    }

    /// The hosts in the order in which they do a thing.
    fn order(hosts: &[String], thing: &str) -> Vec<(Duration, String)> {
        let turn = |own: &String| {
            let turns = Turns::new(own, hosts.iter().cloned());
            (turns.wait(thing), own.clone())
        };
        let mut order: Vec<_> = hosts.iter().map(turn).collect();
        order.sort();
        order
    }

    #[test]
    fn every_thing_has_one_host_that_begins_at_once_and_others_that_wait_ever_longer() {
        let hosts = names(1..=6);
        for number in 0..200 {
            let waits = order(&hosts, &format!("job_{number}"));
            let waits: Vec<u64> = waits.iter().map(|(wait, _)| wait.as_secs()).collect();
            assert_eq!(waits, [0, 1, 2, 3, 3, 3]);
        }
    }

    #[test]
    fn things_are_spread_evenly() {
        let hosts = names(1..=4);
        for own in &hosts {
            let turns = Turns::new(own, hosts.iter().cloned());
            let things = (0..4000).map(|number| format!("job_{number}"));
            let own = things.filter(|it| turns.wait(it).is_zero()).count();
            assert!((900..1100).contains(&own), "{own} of 4000");
        }
    }

    #[test]
    fn a_host_that_is_gone_leaves_the_things_of_the_others_where_they_are() {
        let (all, left) = (names(1..=4), names(1..=3));
        for number in 0..200 {
            let thing = format!("job_{number}");
            let mut before = order(&all, &thing);
            before.retain(|(_, host)| left.contains(host));
            let before: Vec<_> = before.into_iter().map(|(_, host)| host).collect();
            let after: Vec<_> = order(&left, &thing).into_iter().map(|it| it.1).collect();
            assert_eq!(before, after);
        }
    }

    /// The hosts of four in the order in which they do a thing.
    fn in_order(thing: &str) -> Vec<Turns> {
        let hosts = names(1..=4);
        let order = order(&hosts, thing).into_iter();
        let turns = order.map(|(_, own)| Turns::new(&own, hosts.iter().cloned()));
        turns.collect()
    }

    #[test]
    fn a_slot_is_left_to_others_and_never_for_so_long_that_it_is_late() {
        let check = |members: Value, expect: [u64; 4]| {
            let mut all = json!({"next_run_at": at("01:00:00")});
            for (name, value) in members.as_object().unwrap() {
                all[name] = value.clone();
            }
            let job = job(all);
            let calendar = Calendar::compile(&job.schedule).unwrap();
            let waits = in_order(job.id.as_str()).into_iter().map(|turns| {
                let turn = turns.of_slot(&job, Some(&calendar)).unwrap();
                u64::try_from(turn.duration_since(at("01:00:00")).as_millis()).unwrap()
            });
            assert_eq!(waits.collect::<Vec<_>>(), expect, "{members}");
        };
        let every = |seconds: u32| json!({"type": "interval", "interval_seconds": seconds});
        check(json!({"schedule": every(60)}), [0, 1000, 2000, 3000]);
        check(json!({"schedule": every(3)}), [0, 1000, 1500, 1500]);
        check(json!({"schedule": every(1)}), [0, 500, 500, 500]);
        let strict = json!({"schedule": every(60), "starting_deadline_seconds": 3});
        check(strict, [0, 1000, 1500, 1500]);
        let none = job(json!({}));
        assert_eq!(Turns::new("host-1", []).of_slot(&none, None), None);
    }

    #[test]
    fn an_end_is_settled_by_the_host_that_ran_it_before_the_others() {
        let check = |host: Option<&str>, expect: [Option<u64>; 4]| {
            let mut ended = execution_of(&job(json!({})), "exec_1");
            ended.completed_at = Some(at("01:00:00"));
            ended.execution_host = host.map(str::to_owned);
            let waits = in_order("exec_1").into_iter().map(|turns| {
                let turn = turns.of_end(&ended)?;
                u64::try_from(turn.duration_since(at("01:00:00")).as_secs()).ok()
            });
            assert_eq!(waits.collect::<Vec<_>>(), expect, "{host:?}");
        };
        check(None, [None, Some(1), Some(2), Some(3)]);
        // One that is not there any more.
        check(Some("host-9"), [None, Some(1), Some(2), Some(3)]);
        let first = in_order("exec_1").remove(0).own;
        check(Some(&first), [None, Some(2), Some(3), Some(4)]);
        let third = in_order("exec_1").remove(2).own;
        check(Some(&third), [Some(1), Some(2), None, Some(4)]);
    }

    #[test]
    fn a_host_that_is_alone_never_waits() {
        for hosts in [vec![], names([1])] {
            let turns = Turns::new("host-1", hosts);
            assert!(turns.wait("job_1").is_zero());
        }
    }
}
