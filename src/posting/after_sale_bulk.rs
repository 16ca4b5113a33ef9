//! Attempts for many receipts, or many returns, that share a save; several groups share a read-back.

use jiff::SignedDuration;

use super::{
    after_sale::{FollowUp, Saved, calls, owed_on_invoices},
    attempt::{Attempt, Attempted, End, call_within_limits, health_of, stop},
    bulks::{Bulks, ReadBack, Report},
    circuit::Health,
};
use crate::{
    accurate::{
        client::{BULK_TIMEOUT, CALL_TIMEOUT, Session},
        documents::{self, Found},
        outcome::Failure,
    },
    storage::{AttemptResult, Claim},
};

/// The result of a group.
pub(super) struct Attempts {
    /// One for each document.
    pub(super) results: Vec<AttemptResult>,
    /// What they say about the book.
    pub(super) health: Health,
    /// Whether Accurate processed the bulk.
    pub(super) bulk_went_well: bool,
}

/// Makes the attempts of documents of one kind. Those that may exist already are looked up one by one, and where
/// Accurate assigns the numbers they are also saved one by one.
pub(super) async fn attempt_many<D: FollowUp>(
    session: &Session,
    bulks: &Bulks<D::Found>,
    claims: Vec<Claim<D>>,
    wait_after: impl Fn(i64) -> SignedDuration + Copy,
) -> Attempts {
    let mut ended = Vec::with_capacity(claims.len());
    let mut looked_up = Vec::with_capacity(claims.len());
    for claim in claims {
        let mut attempt = Attempt::begin(session, claim);
        match attempt.before_save().await {
            Some(end) => ended.push(attempt.end(end, wait_after)),
            None => looked_up.push(attempt),
        }
    }
    let mut to_save = Vec::with_capacity(looked_up.len());
    let mut owed = owed_on_invoices(session, &looked_up).await;
    for mut attempt in looked_up {
        let end = match &mut owed {
            Ok(owed) => attempt.check_open(owed).await,
            Err(failure) => {
                attempt.record_reply("sales-invoice/list", Err(failure));
                Some(Err(stop(failure)))
            }
        };
        match end {
            Some(end) => ended.push(attempt.end(end, wait_after)),
            // A bulk may report as saved what it did not save. Under a number that Accurate assigns it could not be
            // found, so a person would have to look for it after each attempt.
            None if attempt.may_exist() && !session.numbers_are_ours() => {
                let end = attempt.save_alone().await;
                ended.push(attempt.end(end, wait_after));
            }
            None => to_save.push(attempt),
        }
    }
    // Not earlier: the look-ups above take long, and no other bulk needs to wait for them.
    let saving = bulks.begin();
    let saved = if to_save.is_empty() { Ok(Vec::new()) } else { save(session, &mut to_save).await };
    let (bulk_health, bulk_went_well) = (health_of(saved.as_ref().err()), saved.is_ok() && owed.is_ok());
    let one_by_one = matches!(saved, Err(Failure::Refused(_) | Failure::UnknownText(_)));
    let results = match saved {
        Ok(results) => results,
        Err(failure) => to_save.iter().map(|_| Err(failure.clone())).collect(),
    };
    let shown = read_back(session, bulks, &to_save, &results).await;
    drop(saving);
    for (mut attempt, result) in to_save.into_iter().zip(results) {
        // A refusal of the whole bulk says nothing about each document, and an unknown message may only mean that
        // another one was refused.
        let mut alone = one_by_one || may_be_held_back(session, &result);
        if !alone {
            alone = attempt.name_branch_if_required(&result);
        }
        let end = match result {
            _ if alone => attempt.book().await,
            Ok(Some(found)) => after_read_back(&mut attempt, found, &shown).await,
            result => attempt.after_save(result).await,
        };
        ended.push(attempt.end(end, wait_after));
    }
    let health = ended.last().map_or(Health::Nothing, |attempted: &Attempted| attempted.health.clone());
    let health = if health == Health::Nothing { bulk_health } else { health };
    Attempts { results: ended.into_iter().map(|attempted| attempted.result).collect(), health, bulk_went_well }
}

/// Whether a document may have been refused only because of another one in the same bulk. Where Accurate assigns the
/// numbers, it is not sent again, because the first save could not be found.
fn may_be_held_back<D>(session: &Session, saved: &Result<D, Failure>) -> bool {
    session.numbers_are_ours() && matches!(saved, Err(Failure::UnknownText(_)))
}

/// What Accurate shows of the documents that a bulk reported as saved, read together with other bulks.
async fn read_back<D: FollowUp>(
    session: &Session,
    bulks: &Bulks<D::Found>,
    attempts: &[Attempt<'_, D>],
    results: &[Saved<D>],
) -> Result<ReadBack<D::Found>, Failure> {
    let reported = || attempts.iter().zip(results).filter_map(|(attempt, saved)| Some((attempt, saved.as_ref().ok()?)));
    let Some((first, _)) = reported().next() else { return Ok(ReadBack::Unknown) };
    let is_as_sent = |attempt: &Attempt<'_, D>, saved: &D::Found| attempt.claim.draft.differences(saved).is_empty();
    let report = Report {
        documents: reported().count(),
        ids: reported().filter_map(|(_, saved)| saved.as_ref()).map(Found::id).collect(),
        is_complete: reported().all(|(attempt, saved)| saved.as_ref().is_some_and(|saved| is_as_sent(attempt, saved))),
    };
    bulks.read_back(session, report, first.last_start(CALL_TIMEOUT)).await
}

/// Ends an attempt whose document the reply to a bulk reports as saved. The reply may repeat everything that was sent
/// although nothing was saved, so a document that Accurate does not show as it was sent is looked up individually.
async fn after_read_back<D: FollowUp>(
    attempt: &mut Attempt<'_, D>,
    saved: D::Found,
    shown: &Result<ReadBack<D::Found>, Failure>,
) -> End {
    let is_shown = match shown {
        Ok(ReadBack::AllExist) => true,
        Ok(ReadBack::Listed(rows)) => rows
            .get(&saved.id())
            .is_some_and(|row| row.number() == saved.number() && attempt.claim.draft.is_listed_as_sent(row)),
        Ok(ReadBack::Unknown) => false,
        Err(failure) => {
            attempt.record_reply(calls::<D>().list, Err(failure));
            return Err(stop(failure));
        }
    };
    if is_shown { attempt.after_save(Ok(Some(saved))).await } else { attempt.look_up_saved(saved.id()).await }
}

/// Saves all of them in one call.
async fn save<D: FollowUp>(session: &Session, attempts: &mut [Attempt<'_, D>]) -> Result<Vec<Saved<D>>, Failure> {
    let Some(last_start) = attempts.iter().map(|attempt| attempt.last_start(BULK_TIMEOUT)).next() else {
        return Ok(Vec::new());
    };
    let claims: Vec<_> = attempts.iter().map(|attempt| attempt.claim.clone()).collect();
    let bodies: Vec<_> = claims.iter().map(|claim| claim.draft.body()).collect();
    attempts.iter_mut().for_each(Attempt::record_save);
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
