//! Attempts for many orders of a book at once: one list looks them up, one call saves them.
//!
//! Each order has its own attempt and its own outcome. [`post`](super::post) interprets a save or a look-up exactly as
//! for a single order. This module only shares the calls, and finds the order because of which Accurate refused a
//! whole bulk.

mod look_up;

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{
    attempt::{Attempt, Attempted, End, Stop, call_within_limits, stop},
    bulks::{Bulks, Saving},
    circuit::Health,
    find::LookUp,
    post::{AfterSave, Saved, Why},
};
use crate::{
    accurate::{
        client::{BULK_TIMEOUT, Session},
        invoices::{self, FoundInvoice},
        outcome::Failure,
    },
    domain::invoice::Draft,
    storage::Claim,
};

/// How many numbers are looked up one by one before the results are stored, so that a process that dies during a long
/// series does not lose all of it.
pub(super) const FIRST_PART: usize = 8;

/// How many numbers are looked up at the same time: half of Accurate's limit. The rest is left for single orders.
pub(super) const LOOK_UPS_AT_ONCE: usize = 4;

/// The attempts of a group that have ended and must be stored next.
#[derive(Debug)]
pub struct Part {
    /// One for each claim, in no particular order.
    pub attempted: Vec<Attempted>,
    /// What the last call shows about the health of the book.
    pub health: Health,
}

impl Part {
    pub(super) fn new<D>(
        ended: Vec<(Attempt<'_, D>, End)>,
        health: &Health,
        wait_after: impl Fn(i64) -> SignedDuration,
    ) -> Self {
        let attempted = ended.into_iter().map(|(attempt, end)| attempt.end(end, &wait_after)).collect();
        Self { attempted, health: health.clone() }
    }
}

impl Health {
    /// Whether nothing more of a group is sent.
    pub(super) fn stops_a_group(&self) -> bool {
        matches!(self, Self::Down(_) | Self::Refused { .. })
    }
}

/// Ends attempts whose look-ups are not made because the calls before them failed. The scheduler decides whether their
/// documents are sent together, one by one, or not at all.
pub(super) fn not_made<'a, D>(
    attempts: Vec<Attempt<'a, D>>,
    look_up: &'static str,
) -> impl Iterator<Item = (Attempt<'a, D>, End)> {
    attempts.into_iter().map(move |mut attempt| {
        attempt.record_not_sent(look_up, "the calls before it failed");
        (attempt, Err(Stop::AtNoCost))
    })
}

/// Attempts that are made together and stored part by part.
pub(super) trait InParts {
    /// Makes the next attempts, usually all of them, and returns them to be stored before the next part; `None` after
    /// the last part. `wait_after` returns the wait after n failures in a row.
    fn next_part(
        &mut self,
        wait_after: impl Fn(i64) -> SignedDuration + Send + Sync,
    ) -> impl Future<Output = Option<Part>> + Send;

    /// Whether Accurate processed every bulk; false if one failed as a whole.
    fn bulk_went_well(&self) -> bool;
}

/// Attempts for many orders.
pub struct Group<'a> {
    pub(super) session: &'a Session,
    pub(super) bulks: &'a Bulks<FoundInvoice>,
    _saving: Saving<'a, FoundInvoice>,
    /// Never tried before.
    fresh: Vec<Attempt<'a>>,
    /// To be looked up before they are saved, with one list.
    tried: Vec<Attempt<'a>>,
    /// To be looked up one by one: no list shows enough.
    to_look_up_alone: Vec<Attempt<'a>>,
    /// How many of them the next part looks up.
    next_part_size: usize,
    pub(super) ended: Vec<(Attempt<'a>, End)>,
    pub(super) health: Health,
    bulk_went_well: bool,
    /// The failure after which nothing more is sent, because the book accepts no calls.
    stopped: Option<Failure>,
}

/// An attempt and the look-up of its invoice.
type LookUpOf<'a> = (Attempt<'a>, Result<LookUp, Stop>);

/// An attempt to be looked up, and the id of an invoice that the reply to its save named.
type Unclear<'a> = (Attempt<'a>, Option<i64>);

/// Attempts that share a call, and whether their customers are known to exist.
struct Batch<'a> {
    attempts: Vec<Attempt<'a>>,
    customers_exist: bool,
}

impl InParts for Group<'_> {
    async fn next_part(&mut self, wait_after: impl Fn(i64) -> SignedDuration + Send + Sync) -> Option<Part> {
        let nothing_is_left = self.fresh.is_empty() && self.tried.is_empty() && self.to_look_up_alone.is_empty();
        if nothing_is_left && self.ended.is_empty() {
            return None;
        }
        let mut again = self.look_up_tried_before().await;
        let mut fresh = std::mem::take(&mut self.fresh);
        let mut batches = Vec::new();
        if self.session.numbers_are_ours() {
            again.append(&mut fresh);
            fresh = again;
        } else {
            // After an unknown message a bulk could not be sent again with fewer elements, so each retried order is
            // sent alone.
            batches.extend(again.into_iter().map(|attempt| Batch { attempts: vec![attempt], customers_exist: false }));
        }
        batches.push(Batch { attempts: fresh, customers_exist: false });
        self.save_all(batches).await;
        if !self.bulk_went_well || self.health.stops_a_group() {
            self.ended.extend(not_made(std::mem::take(&mut self.to_look_up_alone), "sales-invoice/detail"));
        }
        Some(Part::new(std::mem::take(&mut self.ended), &self.health, wait_after))
    }

    fn bulk_went_well(&self) -> bool {
        self.bulk_went_well
    }
}

impl<'a> Group<'a> {
    /// Creates a group for these claims. Makes no call.
    pub fn begin(session: &'a Session, bulks: &'a Bulks<FoundInvoice>, claims: Vec<Claim<Draft>>) -> Self {
        let (mut tried, mut fresh, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for claim in claims {
            let attempt = Attempt::begin(session, claim);
            match attempt.may_never_save() {
                Some(end) => ended.push((attempt, end)),
                None if attempt.claim.must_look_up() => tried.push(attempt),
                None => fresh.push(attempt),
            }
        }
        Self {
            session,
            bulks,
            _saving: bulks.begin(),
            fresh,
            tried,
            to_look_up_alone: Vec::new(),
            next_part_size: FIRST_PART,
            ended,
            health: Health::Nothing,
            bulk_went_well: true,
            stopped: None,
        }
    }

    /// Looks up the attempts whose orders were tried before; returns those that may save.
    async fn look_up_tried_before(&mut self) -> Vec<Attempt<'a>> {
        let tried = std::mem::take(&mut self.tried).into_iter().map(|attempt| (attempt, None)).collect();
        let (shown, not_shown) = self.look_up_by_list(tried).await;
        self.to_look_up_alone.extend(not_shown.into_iter().map(|(attempt, _)| attempt));
        // Attempts that end with their look-up must not delay attempts that may save, and single look-ups must not
        // delay attempts that the list has already decided.
        self.to_look_up_alone.sort_by_key(|attempt| attempt.claim.undecided);
        let looked_up = if shown.is_empty() {
            let rest = self.to_look_up_alone.split_off(self.next_part_size.min(self.to_look_up_alone.len()));
            self.next_part_size *= 2;
            let attempts = std::mem::replace(&mut self.to_look_up_alone, rest);
            self.look_up_each(attempts.into_iter().map(|attempt| (attempt, None)).collect()).await
        } else {
            shown
        };
        let mut may_save = Vec::new();
        for (mut attempt, looked_up) in looked_up {
            match looked_up.map(|looked_up| attempt.after_first_look_up(looked_up)) {
                Ok(None) => may_save.push(attempt),
                Ok(Some(end)) => self.ended.push((attempt, end)),
                Err(stop) => self.ended.push((attempt, Err(stop))),
            }
        }
        self.without_renumbered(may_save).await
    }

    /// A list of numbers does not show an invoice that a person has renumbered since it was saved. The list of its day
    /// does, and all orders of that day share it.
    async fn without_renumbered(&mut self, attempts: Vec<Attempt<'a>>) -> Vec<Attempt<'a>> {
        let mut may_save = Vec::new();
        for mut attempt in attempts {
            if !attempt.doubt.exists() {
                may_save.push(attempt);
                continue;
            }
            match attempt.find_on_its_day().await {
                Ok(LookUp::Own(found)) => {
                    let end = attempt.adopt_or_check_again(found);
                    self.ended.push((attempt, end));
                }
                Ok(_) => may_save.push(attempt),
                Err(failure) => self.ended.push((attempt, Err(stop(&failure)))),
            }
        }
        may_save
    }

    /// Saves until every attempt has ended. A bulk that is sent again has fewer elements, and is sent before the rest:
    /// a customer that it turns out to lack is then created once for all.
    async fn save_all(&mut self, mut batches: Vec<Batch<'a>>) {
        while let Some(Batch { mut attempts, customers_exist }) = batches.pop() {
            if let Some(failure) = self.stopped.clone() {
                let failed = vec![Err(failure); attempts.len()];
                self.conclude_each(attempts, failed).await;
            } else if attempts.len() > 1 {
                let again = self.save_batch(Batch { attempts, customers_exist }).await;
                batches.extend(again.into_iter().rev());
            } else if let Some(mut attempt) = attempts.pop() {
                // A single order is not sent as a bulk.
                let end = attempt.save_and_conclude().await;
                self.health = attempt.health.clone();
                self.ended.push((attempt, end));
            }
        }
    }

    /// Makes one call; returns the batches that must be sent again.
    async fn save_batch(&mut self, batch: Batch<'a>) -> Vec<Batch<'a>> {
        let Batch { mut attempts, customers_exist } = batch;
        let results = match self.send(&mut attempts).await {
            Ok(results) => results,
            // Refused as a whole: halving the bulk finds the order that caused it.
            Err(Failure::Refused(_)) => return Batch { attempts, customers_exist }.halves(),
            Err(Failure::UnknownText(words)) => {
                let doubtful = attempts.into_iter().map(|attempt| (attempt, words.clone())).collect();
                let attempts = self.absent_among(doubtful).await;
                return Batch { attempts, customers_exist }.halves();
            }
            Err(failure) => {
                if matches!(failure, Failure::BookRefused(_) | Failure::RightMissing(_) | Failure::NotSent(_)) {
                    self.stopped = Some(failure.clone().of_a_call_not_made());
                }
                vec![Err(failure); attempts.len()]
            }
        };
        let sent = attempts.len();
        let (mut doubtful, mut without_customer) = (Vec::new(), Vec::new());
        let (mut reported, mut others, mut their_results) = (Vec::new(), Vec::new(), Vec::new());
        for (attempt, saved) in attempts.into_iter().zip(results) {
            if let Ok(saved) = saved {
                reported.push((attempt, saved));
            } else if !customers_exist && attempt.lacks_customer(&saved) {
                without_customer.push(attempt);
            } else if let Err(Failure::UnknownText(words)) = saved {
                doubtful.push((attempt, words));
            } else {
                others.push(attempt);
                their_results.push(saved);
            }
        }
        let unclear = self.read_back(reported).await;
        self.end_by_look_up(unclear).await;
        self.conclude_each(others, their_results).await;
        let attempts = self.with_customers(without_customer).await;
        let mut again = vec![Batch { attempts, customers_exist: true }];
        // An unknown message may only mean that another element was refused. Without that element, this one may be
        // saved.
        let some_went_otherwise = doubtful.len() < sent;
        let absent = Batch { attempts: self.absent_among(doubtful).await, customers_exist };
        if some_went_otherwise {
            again.push(absent);
        } else {
            again.extend(absent.halves());
        }
        again
    }

    /// The attempts that were refused with an unknown message and have no invoice; they may be sent again. The message
    /// proves nothing, so where Accurate assigns the numbers, they wait until their save can no longer arrive.
    async fn absent_among(&mut self, doubtful: Vec<(Attempt<'a>, String)>) -> Vec<Attempt<'a>> {
        let (attempts, mut words): (Vec<Unclear<'a>>, BTreeMap<_, _>) = doubtful
            .into_iter()
            .map(|(attempt, words)| {
                let order_id = attempt.claim.order_id.clone();
                ((attempt, None), (order_id, words))
            })
            .unzip();
        let mut absent = Vec::new();
        for (mut attempt, looked_up) in self.look_up(attempts).await {
            let words = words.remove(&attempt.claim.order_id).unwrap_or_default();
            let end = match looked_up {
                Ok(LookUp::Nothing) if self.session.numbers_are_ours() => {
                    absent.push(attempt);
                    continue;
                }
                Ok(LookUp::Nothing) => Err(Stop::UntilSaveIsOver),
                Ok(looked_up) => attempt.after_look_up(Why::UnknownText(words), looked_up),
                Err(stop) => Err(stop),
            };
            self.ended.push((attempt, end));
        }
        absent
    }

    /// Sends all of them in one call and records the outcome of each.
    async fn send(&mut self, attempts: &mut [Attempt<'a>]) -> Result<Vec<Saved>, Failure> {
        let claims: Vec<_> = attempts.iter().map(|attempt| attempt.claim.clone()).collect();
        let bodies: Vec<_> = claims.iter().map(|claim| &claim.draft.body).collect();
        let session = self.session;
        let last_start = attempts[0].last_start(BULK_TIMEOUT);
        attempts.iter_mut().for_each(Attempt::record_save);
        let record = |result: Result<&Vec<Saved>, &Failure>| {
            for (at, attempt) in attempts.iter_mut().enumerate() {
                let own = result.and_then(|elements| elements[at].as_ref());
                attempt.record_reply("sales-invoice/bulk-save", own.map(|_| "saved"));
            }
        };
        let result =
            call_within_limits(session, last_start, || invoices::save_many(session, &bodies, last_start), record).await;
        for (at, attempt) in attempts.iter_mut().enumerate() {
            attempt.save_is_answered(result.as_ref().and_then(|elements| elements[at].as_ref()).err());
        }
        self.health = match &result {
            Ok(_) => Health::Good,
            Err(_) => attempts.last().map_or(Health::Nothing, |attempt| attempt.health.clone()),
        };
        self.bulk_went_well &= !matches!(
            &result,
            Err(Failure::Refused(_) | Failure::UnknownText(_) | Failure::Ambiguous(_) | Failure::NotSent(_))
        );
        result
    }

    /// Ensures that the customers exist, with one look-up for each; returns the attempts that may be sent again.
    async fn with_customers(&mut self, attempts: Vec<Attempt<'a>>) -> Vec<Attempt<'a>> {
        let mut by_customer = BTreeMap::<String, Vec<Attempt<'a>>>::new();
        for attempt in attempts {
            by_customer.entry(attempt.claim.draft.body.customer_no.clone()).or_default().push(attempt);
        }
        let mut ready = Vec::new();
        for mut attempts in by_customer.into_values() {
            let Some(first) = attempts.first_mut() else { continue };
            let ensured = first.ensure_customer().await;
            self.health = first.health.clone();
            let Err(failure) = ensured else {
                ready.append(&mut attempts);
                continue;
            };
            let failed = vec![Err(failure); attempts.len()];
            self.conclude_each(attempts, failed).await;
        }
        ready
    }

    /// Ends each attempt according to its save. Attempts that need a look-up share one.
    async fn conclude_each(&mut self, attempts: Vec<Attempt<'a>>, saved: Vec<Saved>) {
        let mut unclear = Vec::new();
        for (mut attempt, saved) in attempts.into_iter().zip(saved) {
            match attempt.after_save(saved) {
                AfterSave::Ends(end) => self.ended.push((attempt, end)),
                AfterSave::LookUp(why) => unclear.push((attempt, why)),
            }
        }
        self.end_by_look_up(unclear).await;
    }
}

impl Batch<'_> {
    fn halves(mut self) -> Vec<Self> {
        let second = self.attempts.split_off(self.attempts.len() / 2);
        [self.attempts, second].map(|attempts| Self { attempts, ..self }).into()
    }
}
