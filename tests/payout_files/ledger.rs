//! A ledger in memory, in place of the database.

use std::{cell::RefCell, collections::HashMap};

use forstok_accurate::{
    domain::{
        payout::{Payout, PayoutKey, Recorded, RowOutcome},
        payout_file::Profile,
    },
    importing::payouts::{Counts, record},
};

use super::{TODAY, table};

#[derive(Default)]
pub(super) struct Ledger {
    known: HashMap<PayoutKey, Payout>,
    /// New payouts, in the order in which they came.
    pub(super) in_order: Vec<Payout>,
}

impl Ledger {
    fn record(&mut self, payout: Payout) -> RowOutcome {
        let key = payout.key.clone();
        let outcome = match self.known.insert(key.clone(), payout.clone()) {
            None => Recorded::Accepted,
            Some(before) if before == payout => Recorded::Repeat,
            Some(_) => Recorded::Corrected,
        };
        if outcome == Recorded::Accepted {
            self.in_order.push(payout);
        }
        RowOutcome { key, outcome, problem: None }
    }

    /// Checks a file and records it: accepted, repeat, corrected.
    pub(super) async fn import(&mut self, file: &[u8], profile: Profile) -> [u64; 3] {
        let mut file = table(file, profile);
        let checked = file.check(TODAY).expect("readable");
        let summary = checked.unwrap_or_else(|problems| panic!("{problems:?}"));
        let (mut counts, ledger) = (Counts::default(), RefCell::new(self));
        let store = async |payouts: Vec<Payout>| {
            Ok(payouts.into_iter().map(|payout| ledger.borrow_mut().record(payout)).collect())
        };
        let mut told = 0;
        let tell = |_: &_, _: &_| {
            told += 1;
            Ok(())
        };
        record(file, &mut counts, store, tell).await.expect("recorded");
        let Counts { accepted, repeat, corrected, refused } = counts;
        assert_eq!(accepted + repeat + corrected + refused, summary.payouts.count, "the check saw the same payouts");
        assert_eq!(told, summary.payouts.count);
        [accepted, repeat, corrected]
    }
}
