//! Wrong tokens on the sign-in page: so many from one address, then one every few seconds.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// Wrong tokens in a row that cost nothing but the answer.
const FREE: i64 = 10;

/// After this long one more may be tried. Nobody is locked out for longer than this.
const ONE_MORE_AFTER: SignedDuration = SignedDuration::from_secs(6);

/// Addresses that are remembered.
const MOST_ADDRESSES: usize = 10_000;

/// What each address still has to wait off.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<IpAddr, Timestamp>>);

impl Guesses {
    /// Lets one token be tried; an error is how long to wait before the next. `try_it` says whether it was right.
    pub(crate) fn guess<T>(
        &self,
        from: IpAddr,
        now: Timestamp,
        try_it: impl FnOnce() -> Option<T>,
    ) -> Result<Option<T>, SignedDuration> {
        let from = neighbourhood(from);
        // Under one lock from the question to the count, so that many at once count as many.
        let mut addresses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let owed_until = addresses.get(&from).copied().filter(|until| *until > now).unwrap_or(now);
        let allowed = now + ONE_MORE_AFTER * (FREE as i32 - 1);
        // A clock that was set back must not lock anybody out for longer than all free guesses take to come back.
        let owed_until = owed_until.min(allowed + ONE_MORE_AFTER);
        if owed_until > allowed {
            return Err(owed_until.duration_since(allowed));
        }
        let right = try_it();
        if right.is_none() {
            if addresses.len() >= MOST_ADDRESSES {
                addresses.retain(|_, until| *until > now);
            }
            // With all of them in use, the newcomers share what nobody else has: the unspecified address.
            let full = addresses.len() >= MOST_ADDRESSES && !addresses.contains_key(&from);
            let key = if full { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { from };
            addresses.insert(key, owed_until + ONE_MORE_AFTER);
        }
        Ok(right)
    }
}

/// Whoever has one IPv6 address has 2⁶⁴ of them.
fn neighbourhood(address: IpAddr) -> IpAddr {
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
    fn wrong_tokens_are_limited_by_address_and_the_right_one_is_never_locked_out_for_good() {
        let (guesses, here, there) = (Guesses::default(), [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..FREE {
            assert_eq!(guesses.guess(here, at(0), || None::<()>), Ok(None));
        }
        assert_eq!(guesses.guess(here, at(0), || Some(())), Err(ONE_MORE_AFTER), "not even tried");
        assert_eq!(guesses.guess(there, at(0), || Some(())), Ok(Some(())), "another address is not meant");
        assert_eq!(guesses.guess(here, at(6), || Some(())), Ok(Some(())), "the right one counts nothing");
        assert_eq!(guesses.guess(here, at(6), || None::<()>), Ok(None));
        assert!(guesses.guess(here, at(6), || Some(())).is_err());
        assert_eq!(guesses.guess(here, at(-100_000), || Some(())), Err(ONE_MORE_AFTER), "a clock that was set back");
        assert_eq!(guesses.guess(here, at(200), || Some(())), Ok(Some(())));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one() {
        let guesses = Guesses::default();
        for last in 0..FREE {
            let address = format!("2001:db8::{last}").parse().expect("an address");
            assert_eq!(guesses.guess(address, at(0), || None::<()>), Ok(None));
        }
        assert!(guesses.guess("2001:db8::ffff".parse().expect("an address"), at(0), || Some(())).is_err());
    }
}
