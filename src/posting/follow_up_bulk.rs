//! Attempts for many receipts, or many returns, that share a save and a read-back.

use std::collections::HashMap;

use jiff::SignedDuration;

use super::{
    attempt::{Attempt, Attempted, call_within_limits, health_of},
    circuit::Health,
    follow_up::{FollowUp, Saved, calls},
};
use crate::{
    accurate::{
        client::{BULK_TIMEOUT, CALL_TIMEOUT, Session},
        documents::{self, Found},
        outcome::Failure,
        read_back::between,
    },
    storage::{Claim, Settlement},
};

/// The result of a group.
pub(super) struct Attempts {
    /// One for each document.
    pub(super) settlements: Vec<Settlement>,
    /// What they say about the book.
    pub(super) health: Health,
    /// Whether Accurate processed the bulk.
    pub(super) bulk_went_well: bool,
}

/// Makes the attempts of documents of one kind. Those that may exist already are looked up one by one.
pub(super) async fn attempt_many<D: FollowUp>(
    session: &Session,
    claims: Vec<Claim<D>>,
    wait_after: impl Fn(i64) -> SignedDuration + Copy,
) -> Attempts {
    let mut ended = Vec::with_capacity(claims.len());
    let mut to_save = Vec::with_capacity(claims.len());
    for claim in claims {
        let mut attempt = Attempt::begin(session, claim);
        match attempt.before_save().await {
            Some(end) => ended.push(attempt.end(end, wait_after)),
            None => to_save.push(attempt),
        }
    }
    let saved = if to_save.is_empty() { Ok(Vec::new()) } else { save(session, &mut to_save).await };
    let (bulk_health, bulk_went_well) = (health_of(saved.as_ref().err()), saved.is_ok());
    let one_by_one = matches!(saved, Err(Failure::Refused(_) | Failure::UnknownText(_)));
    let results = match saved {
        Ok(results) => results,
        Err(failure) => to_save.iter().map(|_| Err(failure.clone())).collect(),
    };
    let shown = read_back(session, &to_save, &results).await;
    for (mut attempt, result) in to_save.into_iter().zip(results) {
        // A refusal of the whole bulk says nothing about each document.
        let alone = one_by_one || attempt.may_name_branch(&result);
        let end = match result {
            _ if alone => attempt.book().await,
            // The element of a bulk may say "saved", and repeat everything that was sent, without being true.
            Ok(Some(found)) if !is_shown(&attempt, &found, &shown) => attempt.look_up_saved(found.id()).await,
            result => attempt.after_save(result).await,
        };
        ended.push(attempt.end(end, wait_after));
    }
    let health = ended.last().map_or(Health::Nothing, |attempted: &Attempted| attempted.health.clone());
    let health = if health == Health::Nothing { bulk_health } else { health };
    Attempts { settlements: ended.into_iter().map(|attempted| attempted.settlement).collect(), health, bulk_went_well }
}

/// The documents in Accurate with the ids of a bulk, by id; empty if they cannot be read. One call shows a whole bulk.
async fn read_back<D: FollowUp>(
    session: &Session,
    attempts: &[Attempt<'_, D>],
    results: &[Saved<D>],
) -> HashMap<i64, D::Found> {
    let ids: Vec<_> = results.iter().filter_map(|saved| Some(saved.as_ref().ok()?.as_ref()?.id())).collect();
    let range = ids.iter().min().copied().zip(ids.iter().max().copied());
    let (Some(attempt), Some(range)) = (attempts.first(), range) else { return HashMap::new() };
    let list = || between::<D::Found>(session, ids.len(), range);
    let shown = call_within_limits(session, attempt.last_start(CALL_TIMEOUT), list, |_| {}).await;
    // What is not shown is looked up one by one.
    let shown = shown.ok().flatten().unwrap_or_default();
    shown.into_iter().map(|found| (found.id(), found)).collect()
}

fn is_shown<D: FollowUp>(attempt: &Attempt<'_, D>, saved: &D::Found, shown: &HashMap<i64, D::Found>) -> bool {
    let as_sent = |row: &D::Found| row.number() == saved.number() && attempt.claim.draft.is_listed_as_sent(row);
    shown.get(&saved.id()).is_some_and(as_sent)
}

/// Saves all of them in one call.
async fn save<D: FollowUp>(session: &Session, attempts: &mut [Attempt<'_, D>]) -> Result<Vec<Saved<D>>, Failure> {
    let Some(last_start) = attempts.iter().map(|attempt| attempt.last_start(BULK_TIMEOUT)).next() else {
        return Ok(Vec::new());
    };
    let claims: Vec<_> = attempts.iter().map(|attempt| attempt.claim.clone()).collect();
    let bodies: Vec<_> = claims.iter().map(|claim| claim.draft.body()).collect();
    attempts.iter_mut().for_each(Attempt::save_leaves);
    let saved = call_within_limits(
        session,
        last_start,
        || documents::save_many::<D::Found>(session, &bodies, last_start),
        |_| {},
    )
    .await;
    let count = attempts.len();
    let saved = saved.and_then(|results| {
        if results.len() == count {
            Ok(results)
        } else {
            Err(Failure::Ambiguous("the reply does not have a result for each".to_owned()))
        }
    });
    for (nth, attempt) in attempts.iter_mut().enumerate() {
        let failure = match &saved {
            Ok(results) => results[nth].as_ref().err(),
            Err(failure) => Some(failure),
        };
        attempt.record_reply(calls::<D>().bulk_save, failure.map_or(Ok("saved"), Err));
        attempt.save_is_answered(failure);
    }
    saved
}
