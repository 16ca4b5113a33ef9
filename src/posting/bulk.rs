//! Attempts for many orders of a book at once: looked up with one list, saved with one call.
//!
//! Each order keeps its own attempt with its own outcome; what a save or a look-up means for it is decided in
//! [`post`](super::post), the same as when it goes alone. Here is only how they share calls, and how one that
//! Accurate refuses is told apart from those that were refused because of it.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use jiff::SignedDuration;

use super::{
    attempt::{Attempt, Attempted, End, Stop, patiently, stop},
    circuit::Sign,
    find::{Looked, found_in_words},
    post::{AfterSave, Saved, Why},
};
use crate::{
    accurate::{
        client::{BULK_TIMEOUT, CALL_TIMEOUT, Session},
        invoices::{self, Standing},
        outcome::Failure,
    },
    storage::Claim,
};

/// So many numbers are asked for one by one before the answers so far are used: of what takes long, a process that
/// dies in the middle must not lose everything.
const FIRST_PART: usize = 8;

/// So many of them at once: half of what Accurate takes in flight, the rest is left for what goes alone.
const LOOKS_AT_ONCE: usize = 4;

/// A part of a group that has its ends.
#[derive(Debug)]
pub struct Part {
    /// One for each of its claims, in no order.
    pub attempted: Vec<Attempted>,
    /// What the last call says about the book.
    pub sign: Sign,
}

/// Attempts that are made together.
pub struct Group<'a> {
    pub(super) session: &'a Session,
    /// Never tried before.
    fresh: Vec<Attempt<'a>>,
    /// To be looked up before they are saved, with one list.
    tried: Vec<Attempt<'a>>,
    /// Of these only their own number can tell.
    to_be_asked: Vec<Attempt<'a>>,
    /// So many of them in the next part.
    asked_next: usize,
    pub(super) ended: Vec<(Attempt<'a>, End)>,
    pub(super) sign: Sign,
    bulk_went_well: bool,
    /// The book takes no calls now: nothing more is sent.
    stopped: Option<Failure>,
}

/// What a list came to: who stands, nothing that can be trusted, or why there is none.
type Listed = Result<Option<Standing>, Failure>;

/// An attempt and what a look-up of its invoice came to.
type LookedUp<'a> = (Attempt<'a>, Result<Looked, Stop>);

/// An attempt to be looked up, and the id of an invoice that the reply to its save named.
type Unclear<'a> = (Attempt<'a>, Option<i64>);

/// Attempts that share a call, and whether the customers they want were seen to stand.
struct Batch<'a> {
    attempts: Vec<Attempt<'a>>,
    customers_stand: bool,
}

impl<'a> Group<'a> {
    /// A group for these claims; no call is made yet.
    pub fn begin(session: &'a Session, claims: Vec<Claim>) -> Self {
        let (mut tried, mut fresh, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for claim in claims {
            let mut attempt = Attempt::begin(session, claim);
            match attempt.may_never_save() {
                Some(end) => ended.push((attempt, end)),
                None if attempt.must_look_up() => tried.push(attempt),
                None => fresh.push(attempt),
            }
        }
        Self {
            session,
            fresh,
            tried,
            to_be_asked: Vec::new(),
            asked_next: FIRST_PART,
            ended,
            sign: Sign::Nothing,
            bulk_went_well: true,
            stopped: None,
        }
    }

    /// Makes the next attempts, mostly all of them, to be written down before more is done; `None` when each has
    /// its end. `wait_after` gives the waiting time by failures in a row.
    pub async fn next_part(&mut self, wait_after: impl Fn(i64) -> SignedDuration) -> Option<Part> {
        let nothing_is_left = self.fresh.is_empty() && self.tried.is_empty() && self.to_be_asked.is_empty();
        if nothing_is_left && self.ended.is_empty() {
            return None;
        }
        let mut again = self.look_at_those_tried_before().await;
        let mut fresh = std::mem::take(&mut self.fresh);
        let mut batches = Vec::new();
        if self.session.numbers_are_ours() {
            again.append(&mut fresh);
            fresh = again;
        } else {
            // What is refused in unknown words could not be sent again with fewer: what was tried before goes alone.
            batches.extend(again.into_iter().map(|attempt| Batch { attempts: vec![attempt], customers_stand: false }));
        }
        batches.push(Batch { attempts: fresh, customers_stand: false });
        self.save_all(batches).await;
        if !self.bulk_went_well || matches!(self.sign, Sign::Down(_) | Sign::Refused { .. }) {
            // Whether the rest goes together or one by one, or whether anything goes, is to be thought over.
            for mut attempt in std::mem::take(&mut self.to_be_asked) {
                attempt.not_sent("sales-invoice/detail", "those before it failed");
                self.ended.push((attempt, Err(Stop::AtNoCost)));
            }
        }
        let ended = std::mem::take(&mut self.ended);
        let attempted = ended.into_iter().map(|(attempt, end)| attempt.end(end, &wait_after)).collect();
        Some(Part { attempted, sign: self.sign.clone() })
    }

    /// Whether Accurate dealt with bulks: false when one failed as a whole.
    pub fn bulk_went_well(&self) -> bool {
        self.bulk_went_well
    }

    /// Asks for the numbers of those that were tried before; returns the attempts that may save.
    async fn look_at_those_tried_before(&mut self) -> Vec<Attempt<'a>> {
        let tried = std::mem::take(&mut self.tried).into_iter().map(|attempt| (attempt, None)).collect();
        let (told, not_told) = self.look_at_a_list(tried).await;
        self.to_be_asked.extend(not_told.into_iter().map(|(attempt, _)| attempt));
        // Those that can only be looked at, until they are decided anew, hold up nobody who may be saved; nor does
        // anybody whose number is to be asked for hold up those that a list has told of.
        self.to_be_asked.sort_by_key(|attempt| attempt.claim.undecided);
        let looked = if told.is_empty() {
            let rest = self.to_be_asked.split_off(self.asked_next.min(self.to_be_asked.len()));
            self.asked_next *= 2;
            let attempts = std::mem::replace(&mut self.to_be_asked, rest);
            self.ask_each(attempts.into_iter().map(|attempt| (attempt, None)).collect()).await
        } else {
            told
        };
        let mut may_save = Vec::new();
        for (mut attempt, looked) in looked {
            match looked.map(|looked| attempt.after_first_look(looked)) {
                Ok(None) => may_save.push(attempt),
                Ok(Some(end)) => self.ended.push((attempt, end)),
                Err(stop) => self.ended.push((attempt, Err(stop))),
            }
        }
        self.without_those_that_were_renumbered(may_save).await
    }

    /// A list of numbers does not show an invoice that a person has given another number since its save. The list of
    /// its day does, and orders of one day share it.
    async fn without_those_that_were_renumbered(&mut self, attempts: Vec<Attempt<'a>>) -> Vec<Attempt<'a>> {
        let mut may_save = Vec::new();
        for mut attempt in attempts {
            if !attempt.doubt.exists() {
                may_save.push(attempt);
                continue;
            }
            match attempt.find_on_its_day().await {
                Ok(Looked::Own(found)) => {
                    let end = attempt.adopt_or_look_again(found);
                    self.ended.push((attempt, end));
                }
                Ok(_) => may_save.push(attempt),
                Err(failure) => self.ended.push((attempt, Err(stop(&failure)))),
            }
        }
        may_save
    }

    /// Saves until each has its end. What is sent again is sent with fewer, and before the rest: a customer that
    /// the first culprit lets us create is there for all others.
    async fn save_all(&mut self, mut batches: Vec<Batch<'a>>) {
        while let Some(Batch { mut attempts, customers_stand }) = batches.pop() {
            if let Some(failure) = self.stopped.clone() {
                let failed = vec![Err(failure); attempts.len()];
                self.conclude_each(attempts, failed).await;
            } else if attempts.len() > 1 {
                let again = self.save_batch(Batch { attempts, customers_stand }).await;
                batches.extend(again.into_iter().rev());
            } else if let Some(mut attempt) = attempts.pop() {
                // Whoever stands alone goes the way of a single order.
                let end = attempt.save_and_conclude().await;
                self.sign = attempt.sign.clone();
                self.ended.push((attempt, end));
            }
        }
    }

    /// One call; returns what has to be sent again.
    async fn save_batch(&mut self, batch: Batch<'a>) -> Vec<Batch<'a>> {
        let Batch { mut attempts, customers_stand } = batch;
        let results = match self.send(&mut attempts).await {
            Ok(results) => results,
            // Refused as a whole: the culprit is found by halves.
            Err(Failure::Refused(_)) => return halves(attempts, customers_stand),
            Err(Failure::UnknownText(words)) => {
                let doubtful = attempts.into_iter().map(|attempt| (attempt, words.clone())).collect();
                return halves(self.absent_among(doubtful).await, customers_stand);
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
            } else if !customers_stand && attempt.lacks_customer(&saved) {
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
        let mut again = vec![Batch { attempts, customers_stand: true }];
        // Words that nobody knows may only say that another element was refused: without it this one may pass.
        let some_went_otherwise = doubtful.len() < sent;
        let absent = self.absent_among(doubtful).await;
        if some_went_otherwise {
            again.push(Batch { attempts: absent, customers_stand });
        } else {
            again.extend(halves(absent, customers_stand));
        }
        again
    }

    /// Those that were refused in words that nobody knows and have no invoice: they may be sent again. The words prove
    /// nothing, so where numbers are not ours they wait until their save can no longer arrive.
    async fn absent_among(&mut self, doubtful: Vec<(Attempt<'a>, String)>) -> Vec<Attempt<'a>> {
        let (attempts, mut words): (Vec<Unclear<'a>>, BTreeMap<_, _>) = doubtful
            .into_iter()
            .map(|(attempt, words)| {
                let order_id = attempt.claim.order_id.clone();
                ((attempt, None), (order_id, words))
            })
            .unzip();
        let mut absent = Vec::new();
        for (mut attempt, looked) in self.look_up(attempts).await {
            let words = words.remove(&attempt.claim.order_id).unwrap_or_default();
            let end = match looked {
                Ok(Looked::Nothing) if self.session.numbers_are_ours() => {
                    absent.push(attempt);
                    continue;
                }
                Ok(Looked::Nothing) => Err(Stop::UntilSaveIsOver),
                Ok(looked) => attempt.after_look_up(Why::UnknownText(words), looked),
                Err(stop) => Err(stop),
            };
            self.ended.push((attempt, end));
        }
        absent
    }

    /// Sends all of them in one call and writes down for each what became of it.
    async fn send(&mut self, attempts: &mut [Attempt<'a>]) -> Result<Vec<Saved>, Failure> {
        let claims: Vec<_> = attempts.iter().map(|attempt| attempt.claim.clone()).collect();
        let bodies: Vec<_> = claims.iter().map(|claim| &claim.draft.body).collect();
        let session = self.session;
        let last_start = attempts[0].last_start(BULK_TIMEOUT);
        attempts.iter_mut().for_each(Attempt::save_leaves);
        let tell = |result: Result<&Vec<Saved>, &Failure>| {
            for (at, attempt) in attempts.iter_mut().enumerate() {
                let own = result.and_then(|elements| elements[at].as_ref());
                attempt.tell("sales-invoice/bulk-save", own.map(|_| "saved"));
            }
        };
        let result = patiently(session, last_start, || invoices::save_many(session, &bodies, last_start), tell).await;
        for (at, attempt) in attempts.iter_mut().enumerate() {
            attempt.save_is_answered(result.as_ref().and_then(|elements| elements[at].as_ref()).err());
        }
        self.sign = match &result {
            Ok(_) => Sign::Well,
            Err(_) => attempts.last().map_or(Sign::Nothing, |attempt| attempt.sign.clone()),
        };
        self.bulk_went_well &= !matches!(
            &result,
            Err(Failure::Refused(_) | Failure::UnknownText(_) | Failure::Ambiguous(_) | Failure::NotSent(_))
        );
        result
    }

    /// Sees to it that the customers stand, each asked for once; returns the attempts that may be sent again.
    async fn with_customers(&mut self, attempts: Vec<Attempt<'a>>) -> Vec<Attempt<'a>> {
        let mut by_customer = BTreeMap::<String, Vec<Attempt<'a>>>::new();
        for attempt in attempts {
            by_customer.entry(attempt.claim.draft.body.customer_no.clone()).or_default().push(attempt);
        }
        let mut ready = Vec::new();
        for mut attempts in by_customer.into_values() {
            let Some(first) = attempts.first_mut() else { continue };
            let ensured = first.ensure_customer().await;
            self.sign = first.sign.clone();
            let Err(failure) = ensured else {
                ready.append(&mut attempts);
                continue;
            };
            let failed = vec![Err(failure); attempts.len()];
            self.conclude_each(attempts, failed).await;
        }
        ready
    }

    /// Ends each attempt by what its save came to; where only a look can tell, all those are looked up together.
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

    /// Ends attempts of which only a look-up can tell; they are looked up together.
    async fn end_by_look_up(&mut self, attempts: Vec<(Attempt<'a>, Why)>) {
        let (mut unclear, mut whys) = (Vec::new(), BTreeMap::new());
        for (attempt, why) in attempts {
            let named = why.named();
            whys.insert(attempt.claim.order_id.clone(), why);
            unclear.push((attempt, named));
        }
        for (mut attempt, looked) in self.look_up(unclear).await {
            let Some(why) = whys.remove(&attempt.claim.order_id) else { continue };
            let end = looked.and_then(|looked| attempt.after_look_up(why, looked));
            self.ended.push((attempt, end));
        }
    }

    /// Their invoices: with one list where its answer can be trusted, else one by one.
    async fn look_up(&mut self, attempts: Vec<Unclear<'a>>) -> Vec<LookedUp<'a>> {
        let (mut looked, not_told) = self.look_at_a_list(attempts).await;
        looked.append(&mut self.ask_each(not_told).await);
        looked
    }

    /// The same with one list only; those that it does not tell enough of are returned as they are.
    async fn look_at_a_list(&mut self, attempts: Vec<Unclear<'a>>) -> (Vec<LookedUp<'a>>, Vec<Unclear<'a>>) {
        let listed = self.list(&attempts).await;
        let (mut told, mut not_told) = (Vec::new(), Vec::new());
        for (mut attempt, named) in attempts {
            match found_by(&listed, &mut attempt) {
                Some(found) => told.push((attempt, found)),
                None => not_told.push((attempt, named)),
            }
        }
        self.hear(&told);
        (told, not_told)
    }

    /// The same one by one.
    async fn ask_each(&mut self, attempts: Vec<Unclear<'a>>) -> Vec<LookedUp<'a>> {
        let looks: Vec<_> = attempts.into_iter().map(ask).collect();
        let looked: Vec<_> = stream::iter(looks).buffered(LOOKS_AT_ONCE).collect().await;
        self.hear(&looked);
        looked
    }

    fn hear(&mut self, looked: &[LookedUp<'a>]) {
        if let Some((last, _)) = looked.last() {
            self.sign = last.sign.clone();
        }
    }

    /// Those of their numbers that stand; `None` when only single look-ups can tell.
    async fn list(&self, attempts: &[Unclear<'a>]) -> Listed {
        if attempts.len() < 2 {
            return Ok(None);
        }
        let claims: Vec<_> = attempts.iter().map(|(attempt, _)| attempt.claim.clone()).collect();
        let numbers: Vec<_> = claims.iter().map(|claim| claim.draft.body.number.as_str()).collect();
        let (session, last_start) = (self.session, attempts[0].0.last_start(CALL_TIMEOUT));
        let list = || patiently(session, last_start, || invoices::by_numbers(session, &numbers), |_| {});
        match list().await {
            // All of them would pay for one lost reply, and to look again changes nothing over there.
            Err(Failure::Ambiguous(_)) => list().await,
            listed => listed,
        }
    }
}

/// Whether an attempt's number stands, by what a list came to; `None` when that is not enough.
fn found_by(listed: &Listed, attempt: &mut Attempt<'_>) -> Option<Result<Looked, Stop>> {
    let row = |standing: &Standing| standing.get(&attempt.claim.draft.body.number).cloned();
    match listed.as_ref().map(|listed| listed.as_ref().map(row)) {
        // What one look met the others would meet as well.
        Err(failure) => {
            attempt.tell("sales-invoice/list", Err(failure));
            Some(Err(stop(failure)))
        }
        Ok(Some(found)) if attempt.is_told_enough_by(found.as_ref()) => {
            attempt.tell("sales-invoice/list", Ok(found_in_words(found.as_ref())));
            Some(Ok(found.map_or(Looked::Nothing, Looked::Own)))
        }
        Ok(_) => None,
    }
}

async fn ask((mut attempt, named): Unclear<'_>) -> LookedUp<'_> {
    let looked = attempt.look_up(named).await;
    (attempt, looked)
}

fn halves(mut attempts: Vec<Attempt<'_>>, customers_stand: bool) -> Vec<Batch<'_>> {
    let second = attempts.split_off(attempts.len() / 2);
    [attempts, second].map(|attempts| Batch { attempts, customers_stand }).into()
}
