//! Attempts to sign in, and how many there may be.
//!
//! They are counted by user and address, so that somebody who guesses keeps nobody else out; by address,
//! so that nobody tries many users; and by user with a much wider limit, against many addresses at once.

use std::{net::IpAddr, time::Duration};

use sandglass_registry::{RateLimit, Store, Use};

use crate::{problem::Problem, rates::SIGN_INS};

/// The window in which attempts are counted.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How many attempts at one user there may be from one address.
const OF_USER_FROM_ADDRESS: u32 = 10;
/// How many there may be from one address.
const FROM_ADDRESS: u32 = 50;
/// How many there may be at one user.
const OF_USER: u32 = 200;

/// The counts that an attempt belongs to.
pub(crate) struct Attempts([(String, u32); 3]);

impl Attempts {
    /// An attempt to sign in as `user`.
    pub(crate) fn of(user: &str, from: Option<IpAddr>) -> Self {
        let from = from.map_or_else(|| "unknown".to_owned(), |from| network(from).to_string());
        Self([
            (format!("sign-in/both/{user}/{from}"), OF_USER_FROM_ADDRESS),
            (format!("sign-in/from/{from}"), FROM_ADDRESS),
            (format!("sign-in/user/{user}"), OF_USER),
        ])
    }

    /// Counts it, and refuses it where there were too many.
    pub(crate) async fn count(&self, store: &dyn Store) -> Result<(), Problem> {
        for (key, most) in &self.0 {
            let limit = RateLimit {
                most: *most,
                window: WINDOW,
            };
            if let Use::Refused(state) = store.take(key, limit).await? {
                let wait = state.resets_in.as_secs().max(1);
                let detail =
                    format!("there were too many attempts to sign in; try again in {wait} seconds");
                return Err(Problem::too_many(SIGN_INS, state, detail));
            }
        }
        Ok(())
    }

    /// Forgets the attempts of this user from this address, since one has succeeded.
    pub(crate) async fn forget(&self, store: &dyn Store) -> Result<(), Problem> {
        let [(key, _), ..] = &self.0;
        Ok(store.forget_uses(key).await?)
    }
}

/// Whoever has an address of IPv6 has the whole network of 64 bits (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> 64 << 64;
            IpAddr::V6(bits.into())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn addresses_of_one_network_are_one() {
        let check = |address: &str, expect: &str| {
            assert_eq!(network(address.parse().unwrap()).to_string(), expect);
        };
        check("192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    }
}
