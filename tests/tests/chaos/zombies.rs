//! What hosts say of the runs that they lost: one that stood still or was cut off for longer than its lease
//! goes on, and drops what others own by then.

use std::{collections::BTreeSet, fmt};

use sandglass_contract::OutcomeCode;
use sandglass_tests::Host;

use crate::records::Records;

/// What a host logs when it drops a run, since it trusts the claim no more or the fence has refused what
/// it wrote. It says so as well of an end that was stored and whose answer was lost.
const LOST_CLAIM: &str = "execution.lease.lost";

/// How many runs hosts dropped, over all their starts.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    said: usize,
    /// Those that were taken from the host that says so, by the record of the execution.
    pub(crate) taken_over: usize,
}

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said, taken_over } = self;
        write!(
            formatter,
            "{said} runs dropped as lost, {taken_over} of them taken over"
        )
    }
}

/// Reads the hosts' logs.
pub(crate) fn dropped(hosts: &mut [Host], records: &Records) -> Dropped {
    let mut dropped = Dropped::default();
    for host in hosts {
        let taken = taken_from(host.name(), records);
        for line in host.process().log().lines() {
            if line.contains(LOST_CLAIM) {
                dropped.said += 1;
                let mut words = line.split([' ', '=']);
                dropped.taken_over += usize::from(words.any(|word| taken.contains(word)));
            }
        }
    }
    dropped
}

/// The executions that a host has lost, by their records.
fn taken_from<'a>(host: &str, records: &'a Records) -> BTreeSet<&'a str> {
    let all = records.executions.values().flatten();
    let taken = all.filter(|execution| {
        execution
            .attempts
            .iter()
            .any(|it| it.outcome == OutcomeCode::LeaseLost && it.execution_host == host)
    });
    taken.map(|execution| execution.id.as_str()).collect()
}
