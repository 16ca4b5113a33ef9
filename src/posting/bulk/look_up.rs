//! Look-ups for many attempts: with one list where it can be trusted, otherwise one by one.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use super::{Group, LOOK_UPS_AT_ONCE, LookUpOf, Unclear};
use crate::{
    accurate::{
        client::CALL_TIMEOUT,
        invoices::{self, ByNumber},
        outcome::Failure,
    },
    posting::{
        attempt::{Attempt, Stop, call_within_limits, stop},
        find::{LookUp, found_in_words},
        post::Why,
    },
};

/// The result of a list: the invoices that exist, `None` if the list cannot be trusted, or why there is no list.
type Listed = Result<Option<ByNumber>, Failure>;

impl<'a> Group<'a> {
    /// Ends attempts whose outcome only a look-up shows. They share one look-up.
    pub(super) async fn end_by_look_up(&mut self, attempts: Vec<(Attempt<'a>, Why)>) {
        let (mut unclear, mut whys) = (Vec::new(), BTreeMap::new());
        for (attempt, why) in attempts {
            let named = why.named();
            whys.insert(attempt.claim.order_id.clone(), why);
            unclear.push((attempt, named));
        }
        for (mut attempt, looked_up) in self.look_up(unclear).await {
            let Some(why) = whys.remove(&attempt.claim.order_id) else { continue };
            let end = looked_up.and_then(|looked_up| attempt.after_look_up(why, looked_up));
            self.ended.push((attempt, end));
        }
    }

    /// Looks up the invoices of these attempts with one list, or one by one if the list cannot be trusted.
    pub(super) async fn look_up(&mut self, attempts: Vec<Unclear<'a>>) -> Vec<LookUpOf<'a>> {
        let (mut looked_up, not_shown) = self.look_up_by_list(attempts).await;
        looked_up.append(&mut self.look_up_each(not_shown).await);
        looked_up
    }

    /// The same with the list only. Returns the attempts that the list does not decide unchanged.
    pub(super) async fn look_up_by_list(
        &mut self,
        attempts: Vec<Unclear<'a>>,
    ) -> (Vec<LookUpOf<'a>>, Vec<Unclear<'a>>) {
        let listed = self.list(&attempts).await;
        let (mut shown, mut not_shown) = (Vec::new(), Vec::new());
        for (mut attempt, named) in attempts {
            match found_by(&listed, &mut attempt) {
                Some(found) => shown.push((attempt, found)),
                None => not_shown.push((attempt, named)),
            }
        }
        self.note_health(&shown);
        (shown, not_shown)
    }

    /// The same one by one.
    pub(super) async fn look_up_each(&mut self, attempts: Vec<Unclear<'a>>) -> Vec<LookUpOf<'a>> {
        let looks: Vec<_> = attempts.into_iter().map(ask).collect();
        let looked_up: Vec<_> = stream::iter(looks).buffered(LOOK_UPS_AT_ONCE).collect().await;
        self.note_health(&looked_up);
        looked_up
    }

    fn note_health(&mut self, looked_up: &[LookUpOf<'a>]) {
        if let Some((last, _)) = looked_up.last() {
            self.health = last.health.clone();
        }
    }

    /// The numbers that exist; `None` if only single look-ups can show it.
    pub(super) async fn list(&self, attempts: &[Unclear<'a>]) -> Listed {
        if attempts.len() < 2 {
            return Ok(None);
        }
        let claims: Vec<_> = attempts.iter().map(|(attempt, _)| attempt.claim.clone()).collect();
        let numbers: Vec<_> = claims.iter().map(|claim| &claim.draft.body.number).collect();
        let (session, last_start) = (self.session, attempts[0].0.last_start(CALL_TIMEOUT));
        let list = || call_within_limits(session, last_start, || invoices::by_numbers(session, &numbers), |_| {});
        match list().await {
            // A lost reply would fail all of them, and repeating a list changes nothing in Accurate.
            Err(Failure::Ambiguous(_)) => list().await,
            listed => listed,
        }
    }
}

/// Whether an attempt's number exists, according to a list; `None` if the list does not decide it.
fn found_by(listed: &Listed, attempt: &mut Attempt<'_>) -> Option<Result<LookUp, Stop>> {
    let row = |existing: &ByNumber| existing.get(&attempt.claim.draft.body.number).cloned();
    match listed.as_ref().map(|listed| listed.as_ref().map(row)) {
        // Single look-ups would fail in the same way.
        Err(failure) => {
            attempt.record_reply("sales-invoice/list", Err(failure));
            Some(Err(stop(failure)))
        }
        Ok(Some(found)) if attempt.is_decided_by(found.as_ref()) => {
            attempt.record_reply("sales-invoice/list", Ok(found_in_words(found.as_ref())));
            Some(Ok(found.map_or(LookUp::Nothing, LookUp::Own)))
        }
        Ok(_) => None,
    }
}

async fn ask((mut attempt, named): Unclear<'_>) -> LookUpOf<'_> {
    let looked_up = attempt.look_up(named).await;
    (attempt, looked_up)
}
