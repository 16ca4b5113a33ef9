//! How many wrong tokens the sign-in page takes from one address: a few at once, then one every few seconds.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// Wrong tokens in a row after which an address has to wait.
const FREE: i64 = 10;

/// After this time one more token may be tried. No address is locked out for longer than this.
const ONE_MORE_AFTER: SignedDuration = SignedDuration::from_secs(6);

/// Most addresses that are remembered.
const MOST_ADDRESSES: usize = 10_000;

/// Until when the wrong tokens of each address count; each adds [`ONE_MORE_AFTER`].
#[derive(Debug, Default)]
pub(crate) struct SignInLimit(Mutex<HashMap<IpAddr, Timestamp>>);

impl SignInLimit {
    /// Tries one token with `check`, which returns whose token it is; an error is how long the address has to wait.
    pub(crate) fn try_token<T>(
        &self,
        from: IpAddr,
        now: Timestamp,
        check: impl FnOnce() -> Option<T>,
    ) -> Result<Option<T>, SignedDuration> {
        let from = network(from);
        // One lock from the check to the count, so that tokens tried at the same moment are all counted.
        let mut addresses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let owed_until = addresses.get(&from).copied().filter(|until| *until > now).unwrap_or(now);
        let allowed = now + ONE_MORE_AFTER * (FREE as i32 - 1);
        // A clock that was set back must not lock an address out for longer than usual.
        let owed_until = owed_until.min(allowed + ONE_MORE_AFTER);
        if owed_until > allowed {
            return Err(owed_until.duration_since(allowed));
        }
        let owner = check();
        if owner.is_none() {
            if addresses.len() >= MOST_ADDRESSES {
                addresses.retain(|_, until| *until > now);
            }
            // When all are in use, new addresses share one entry: that of the unspecified address.
            let full = addresses.len() >= MOST_ADDRESSES && !addresses.contains_key(&from);
            let key = if full { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { from };
            addresses.insert(key, owed_until + ONE_MORE_AFTER);
        }
        Ok(owner)
    }
}

/// The network of an address: a sender with one IPv6 address has 2⁶⁴ of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).expect("a moment")
    }

    #[test]
    fn wrong_tokens_are_limited_by_address_and_the_right_one_is_locked_out_for_seconds_at_most() {
        let (limit, here, there) = (SignInLimit::default(), [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..FREE {
            assert_eq!(limit.try_token(here, at(0), || None::<()>), Ok(None));
        }
        assert_eq!(limit.try_token(here, at(0), || Some(())), Err(ONE_MORE_AFTER), "not even tried");
        assert_eq!(limit.try_token(there, at(0), || Some(())), Ok(Some(())), "another address is not concerned");
        assert_eq!(limit.try_token(here, at(6), || Some(())), Ok(Some(())), "a right token is not counted");
        assert_eq!(limit.try_token(here, at(6), || None::<()>), Ok(None));
        assert!(limit.try_token(here, at(6), || Some(())).is_err());
        assert_eq!(limit.try_token(here, at(-100_000), || Some(())), Err(ONE_MORE_AFTER), "a clock that was set back");
        assert_eq!(limit.try_token(here, at(200), || Some(())), Ok(Some(())));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let limit = SignInLimit::default();
        for last in 0..FREE {
            let address = format!("2001:db8::{last}").parse().expect("an address");
            assert_eq!(limit.try_token(address, at(0), || None::<()>), Ok(None));
        }
        assert!(limit.try_token("2001:db8::ffff".parse().expect("an address"), at(0), || Some(())).is_err());
    }
}
