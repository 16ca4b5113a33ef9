//! Attempts for many receipts, or many returns, that share a save; several groups share a read-back.

use futures_util::stream::{self, StreamExt};
use jiff::SignedDuration;

use super::{
    after_sale::{FollowUp, Saved, calls, owed_on_invoices},
    attempt::{Attempt, End, call_within_limits, health_of, stop},
    bulk::{FIRST_PART, InParts, LOOK_UPS_AT_ONCE, Part, not_made},
    bulks::{Bulks, ReadBack, Report},
    circuit::Health,
};
use crate::{
    accurate::{
        client::{BULK_TIMEOUT, CALL_TIMEOUT, Session},
        documents::{self, Found},
        outcome::Failure,
    },
    storage::Claim,
};

/// Attempts for many documents. Where Accurate assigns the numbers, those that may exist already are also saved one by
/// one.
pub(super) struct Group<'a, D: FollowUp> {
    session: &'a Session,
    bulks: &'a Bulks<D::Found>,
    /// Never tried before.
    fresh: Vec<Attempt<'a, D>>,
    /// To be looked up one by one: they may exist already.
    tried: Vec<Attempt<'a, D>>,
    /// How many of them the next part looks up.
    next_part_size: usize,
    ended: Vec<(Attempt<'a, D>, End)>,
    health: Health,
    bulk_went_well: bool,
}

impl<D: FollowUp> InParts for Group<'_, D> {
    async fn next_part(&mut self, wait_after: impl Fn(i64) -> SignedDuration + Send + Sync) -> Option<Part> {
        if self.fresh.is_empty() && self.tried.is_empty() {
            return None;
        }
        let mut looked_up = self.look_up_tried_before().await;
        looked_up.append(&mut self.fresh);
        let to_save = self.with_open_invoices(looked_up).await;
        self.save_all(to_save).await;
        if !self.bulk_went_well || self.health.stops_a_group() {
            self.ended.extend(not_made(std::mem::take(&mut self.tried), calls::<D>().detail));
        }
        Some(Part::new(std::mem::take(&mut self.ended), &self.health, wait_after))
    }

    fn bulk_went_well(&self) -> bool {
        self.bulk_went_well
    }
}

impl<'a, D: FollowUp> Group<'a, D> {
    /// Creates a group for these claims, which are of one kind. Makes no call.
    pub(super) fn begin(session: &'a Session, bulks: &'a Bulks<D::Found>, claims: Vec<Claim<D>>) -> Self {
        let attempts = claims.into_iter().map(|claim| Attempt::begin(session, claim));
        let (tried, fresh) = attempts.partition(Attempt::may_exist);
        let (next_part_size, ended, health) = (FIRST_PART, Vec::new(), Health::Nothing);
        Self { session, bulks, fresh, tried, next_part_size, ended, health, bulk_went_well: true }
    }

    fn end(&mut self, attempt: Attempt<'a, D>, end: End) {
        if attempt.health != Health::Nothing {
            self.health = attempt.health.clone();
        }
        self.ended.push((attempt, end));
    }

    /// Looks up the next of those that may exist already; returns those that may save.
    async fn look_up_tried_before(&mut self) -> Vec<Attempt<'a, D>> {
        let rest = self.tried.split_off(self.next_part_size.min(self.tried.len()));
        self.next_part_size *= 2;
        let looks: Vec<_> = std::mem::replace(&mut self.tried, rest).into_iter().map(look_up).collect();
        let looked_up: Vec<_> = stream::iter(looks).buffered(LOOK_UPS_AT_ONCE).collect().await;
        let mut may_save = Vec::new();
        for (attempt, end) in looked_up {
            match end {
                Some(end) => self.end(attempt, end),
                None => may_save.push(attempt),
            }
        }
        may_save
    }

    /// Those whose invoices are open for them.
    async fn with_open_invoices(&mut self, attempts: Vec<Attempt<'a, D>>) -> Vec<Attempt<'a, D>> {
        let mut open = Vec::with_capacity(attempts.len());
        let mut owed = owed_on_invoices(self.session, &attempts).await;
        self.bulk_went_well &= owed.is_ok();
        for mut attempt in attempts {
            let end = match &mut owed {
                Ok(owed) => attempt.check_open(owed).await,
                Err(failure) => {
                    attempt.record_reply("sales-invoice/list", Err(failure));
                    Some(Err(stop(failure)))
                }
            };
            match end {
                Some(end) => self.end(attempt, end),
                // A bulk may report as saved what it did not save. Under a number that Accurate assigns it could not be
                // found, so a person would have to look for it after each attempt.
                None if attempt.may_exist() && !self.session.numbers_are_ours() => {
                    let end = attempt.save_alone().await;
                    self.end(attempt, end);
                }
                None => open.push(attempt),
            }
        }
        open
    }

    async fn save_all(&mut self, mut attempts: Vec<Attempt<'a, D>>) {
        if attempts.is_empty() {
            return;
        }
        // Not earlier: the look-ups take long, and no other bulk needs to wait for them.
        let saving = self.bulks.begin();
        let saved = save(self.session, &mut attempts).await;
        self.health = health_of(saved.as_ref().err());
        self.bulk_went_well &= saved.is_ok();
        let one_by_one = matches!(saved, Err(Failure::Refused(_) | Failure::UnknownText(_)));
        let results = match saved {
            Ok(results) => results,
            Err(failure) => attempts.iter().map(|_| Err(failure.clone())).collect(),
        };
        let shown = read_back(self.session, self.bulks, &attempts, &results).await;
        drop(saving);
        for (mut attempt, result) in attempts.into_iter().zip(results) {
            // A refusal of the whole bulk says nothing about each document, and an unknown message may only mean that
            // another one was refused.
            let mut alone = one_by_one || may_be_held_back(self.session, &result);
            if !alone {
                alone = attempt.name_branch_if_required(&result);
            }
            let end = match result {
                _ if alone => attempt.book().await,
                Ok(Some(found)) => after_read_back(&mut attempt, found, &shown).await,
                result => attempt.after_save(result).await,
            };
            self.end(attempt, end);
        }
    }
}

async fn look_up<D: FollowUp>(mut attempt: Attempt<'_, D>) -> (Attempt<'_, D>, Option<End>) {
    let end = attempt.before_save().await;
    (attempt, end)
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
