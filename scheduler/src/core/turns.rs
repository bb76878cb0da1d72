//! Which of the hosts that share a store goes first, where each of them could do the same thing.
//!
//! Hosts that do the same thing at once get in each other's way: one of their transactions is kept and
//! the others were for nothing. Every thing therefore has an order of hosts, drawn from their names and
//! its own (rendezvous hashing), and whoever comes later in it waits a little longer. Nothing but effort
//! hangs on it: hosts that disagree about who is there do a thing twice, and a transaction finds out; a
//! host that is not there any more costs its things the wait until the next one's turn.

use std::{collections::BTreeSet, time::Duration};

use sandglass_contract::Digest;

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

    /// How long the host leaves a thing of that name to others.
    #[must_use]
    pub fn wait(&self, thing: &str) -> Duration {
        let own = weight(&self.own, thing);
        let before = self.others.iter().filter(|it| weight(it, thing) < own);
        let before = u32::try_from(before.count()).unwrap_or(MOST_WAITS);
        STEP * before.min(MOST_WAITS)
    }

    /// How long the host leaves what `last` has begun, where it is known who that was.
    #[must_use]
    pub fn wait_after(&self, last: Option<&str>, thing: &str) -> Duration {
        match last {
            Some(last) if last == self.own => Duration::ZERO,
            Some(last) if self.others.contains(last) => STEP + self.wait(thing),
            _ => self.wait(thing),
        }
    }
}

fn weight(host: &str, thing: &str) -> Digest {
    Digest::of(format!("{host}\0{thing}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_a_host_has_begun_it_goes_on_with_before_the_others() {
        let check = |last: Option<&str>, expect: &dyn Fn(Duration) -> Duration| {
            let turns = Turns::new("host-1", names(1..=4));
            for number in 0..50 {
                let thing = format!("exec_{number}");
                assert_eq!(turns.wait_after(last, &thing), expect(turns.wait(&thing)));
            }
        };
        check(Some("host-1"), &|_| Duration::ZERO);
        check(Some("host-2"), &|wait| STEP + wait);
        // One that is not there any more.
        check(Some("host-9"), &|wait| wait);
        check(None, &|wait| wait);
    }

    #[test]
    fn a_host_that_is_alone_never_waits() {
        for hosts in [vec![], names([1])] {
            let turns = Turns::new("host-1", hosts);
            assert!(turns.wait("job_1").is_zero());
            assert!(turns.wait_after(Some("host-2"), "job_1").is_zero());
        }
    }
}
