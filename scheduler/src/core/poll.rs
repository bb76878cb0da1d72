//! How often a host looks for what no bell told of.

use std::time::Duration;

use sandglass_contract::{Digest, HostInstanceId};
use sandglass_registry::store::Sharing;

/// The longest wait between two looks where the host works alone: its own bells tell it of everything.
const ALONE: Duration = Duration::from_secs(30);
/// The longest wait where others change the store.
const SHARED: Duration = Duration::from_secs(2);
/// By how much that wait differs from host to host at most, in milliseconds.
const SPREAD: u64 = 500;

/// The longest wait between two looks. Hosts that share a store wait a little shorter or longer than
/// each other, so that they do not all look in the same moment.
#[must_use]
pub fn poll(sharing: Sharing, instance: &HostInstanceId) -> Duration {
    match sharing {
        Sharing::OneHost => ALONE,
        Sharing::ManyHosts => {
            let digest = Digest::of(instance.as_str().as_bytes()).to_string();
            let drawn = digest.bytes().take(8).fold(0, |drawn, digit| {
                (drawn * 31 + u64::from(digit)) % (SPREAD + 1)
            });
            SHARED + Duration::from_millis(drawn) - Duration::from_millis(SPREAD / 2)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn hosts_that_share_a_store_look_often_and_each_in_its_own_rhythm() {
        let poll_of = |number: u32, sharing| {
            let instance = HostInstanceId::parse(format!("host_{number}")).unwrap();
            poll(sharing, &instance)
        };
        assert_eq!(poll_of(1, Sharing::OneHost), Duration::from_secs(30));
        let waits = (0..100).map(|number| poll_of(number, Sharing::ManyHosts));
        let waits: BTreeSet<Duration> = waits.collect();
        assert!(waits.len() > 50, "{waits:?}");
        let (first, last) = (waits.first().unwrap(), waits.last().unwrap());
        assert!(*first >= Duration::from_millis(1750), "{first:?}");
        assert!(*last <= Duration::from_millis(2250), "{last:?}");
        assert_eq!(
            poll_of(1, Sharing::ManyHosts),
            poll_of(1, Sharing::ManyHosts)
        );
    }
}
