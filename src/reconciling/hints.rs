//! Follows hints: reads the invoices that Accurate's own webhooks named, and judges them as a run does.
//!
//! A hint proves nothing. It only causes one invoice to be compared within minutes instead of during the next night;
//! the finding is the same that the nightly run would make.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{LONGEST_PERIOD, OurCustomers, Permission, Reconciling, Stop};
use crate::{
    accurate::{client::Session, period::ByKey},
    domain::{
        day_in_wib,
        hint::named_in,
        ids::{BookName, DocumentNumber},
        order::OrderId,
        reconciliation::{
            FindingState, Held, Judgement, Listed, Named, Period, Seen, Standing, Subject, judge, stranger,
        },
    },
    storage::{FindingFilter, Followed, Result, StoredHint},
};

/// Documents that one body may name.
const MOST_DOCUMENTS: usize = 1_000;

/// How long after its first hint a document is read: Accurate may show a change up to a minute late (accurate.md §6),
/// and one reading covers all changes until then.
const READ_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// A hint that arrives this soon after the service has saved, seen or deleted the invoice counts as its own change.
const ECHO_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// Hints that are read from storage at a time.
const BATCH: i64 = 100;

/// How often a hint is postponed before it is given up; the nightly run then finds the change.
const MOST_TRIES: i64 = 5;

/// Invoices of one order that are read, besides the one that the ledger names.
const MOST_RELATED: i64 = 50;

/// The result of following a hint.
enum Outcome {
    Ended(Followed),
    /// Nothing can be said before this time.
    TooEarly(Timestamp),
}

/// The invoices that Accurate was asked for.
#[derive(Default)]
struct Answers {
    found: BTreeMap<i64, Listed>,
    asked: BTreeSet<i64>,
}

impl Reconciling {
    /// Stores the hints in the body of a webhook. Returns how many documents it names.
    pub async fn hear(&self, book: &BookName, body: &[u8]) -> Result<usize> {
        self.note_hints(book, body, MOST_DOCUMENTS).await
    }

    /// Stores the hints in a text of Accurate.
    pub(super) async fn note_hints(&self, book: &BookName, text: &[u8], most: usize) -> Result<usize> {
        let named = named_in(text, most);
        let mut without_room = 0;
        if !named.hints.is_empty() {
            let now = self.clock.now();
            without_room = self.storage.add_hints(book, &named.hints, now, now + READ_AFTER).await?;
        }
        let left_out = named.left_out + without_room;
        count(book, "heard", named.hints.len() - without_room);
        count(book, "left_out", left_out);
        if left_out > 0 {
            tracing::warn!(
                book = book.as_str(),
                left_out,
                "book {book}: too many documents were changed in Accurate at once: {left_out} are left to the nightly run"
            );
        }
        Ok(named.hints.len())
    }

    /// Follows some hints of a book that are due. Returns false if there is none, or if it had to stop.
    pub async fn follow_hints(
        &self,
        session: &Session,
        ours: &OurCustomers,
        permission: Permission<'_>,
    ) -> Result<bool> {
        let book = session.name();
        let due = self.storage.due_hints(book, self.clock.now(), BATCH).await?;
        let is_any = !due.is_empty();
        let (echoes, due): (Vec<_>, Vec<_>) = due.into_iter().partition(is_echo);
        self.storage.forget_hints(book, &echoes).await?;
        count(book, "own", echoes.len());
        for hint in due {
            let now = self.clock.now();
            match self.follow(session, ours, &hint, permission).await {
                Ok(Outcome::Ended(followed)) => {
                    self.storage.end_hint(book, &hint, &followed, self.clock.now()).await?;
                    count(book, "followed", 1);
                    report(book, &hint, &followed);
                }
                Ok(Outcome::TooEarly(until)) => self.postpone(book, &hint, until).await?,
                Err(Stop::Interrupted) => return Ok(false),
                Err(Stop::Incomplete(_)) => {
                    self.postpone(book, &hint, now + READ_AFTER * (1 << hint.tries.min(MOST_TRIES))).await?;
                    return Ok(false);
                }
                Err(Stop::Storage(error)) => return Err(error),
            }
        }
        Ok(is_any)
    }

    async fn postpone(&self, book: &BookName, hint: &StoredHint, until: Timestamp) -> Result<()> {
        if hint.tries < MOST_TRIES {
            return self.storage.postpone_hint(book, hint, until.max(self.clock.now() + READ_AFTER)).await;
        }
        count(book, "given_up", 1);
        self.storage.forget_hints(book, std::slice::from_ref(hint)).await
    }

    async fn follow(
        &self,
        session: &Session,
        ours: &OurCustomers,
        hint: &StoredHint,
        permission: Permission<'_>,
    ) -> std::result::Result<Outcome, Stop> {
        let (book, at) = (session.name(), self.clock.now());
        let known: Vec<_> = hint.order_id.iter().cloned().collect();
        let held = self.storage.held_of(book, &known, at).await?;
        if held.values().any(|held| held.standing == Standing::UnderWay) {
            return Ok(Outcome::TooEarly(at));
        }
        let mut answers = Answers::default();
        if let Some(id) = hint.hint.id {
            self.ask_by_id(session, id, permission, &mut answers).await?;
        }
        if answers.found.is_empty() && !hint.hint.number.is_empty() {
            self.ask_by_number(session, &hint.hint.number, permission, &mut answers).await?;
        }
        let mut orders: BTreeSet<OrderId> = known.into_iter().collect();
        orders.extend(self.storage.owners(book, &answers.listed()).await?.into_values());
        for order in &orders {
            self.ask_for_order(session, order, permission, &mut answers).await?;
        }
        let (orders, now): (Vec<_>, _) = (orders.into_iter().collect(), self.clock.now());
        let owners = self.storage.owners(book, &answers.listed()).await?;
        // Read after Accurate was asked: an order that changed meanwhile is not judged by the answer.
        let held = self.storage.held_of(book, &orders, now).await?;
        let to = day_in_wib(now);
        let period = Period { from: to.saturating_sub((LONGEST_PERIOD - 1).days()), to };
        let cancelled = self.storage.cancelled_of(&orders).await?;
        let mut followed = Followed::default();
        for held in held.values() {
            let found = answers.found.values().map(|listed| listed.shown.clone());
            let (shown, others): (Vec<_>, Vec<_>) =
                found.partition(|shown| owners.get(&shown.id) == Some(&held.order_id));
            let namesake = others.into_iter().find(|other| other.number.is_same_as(&held.number));
            match judge(held, &Seen { shown, asked_at: Some(at), namesake }, period) {
                Judgement::Known(mut known) => {
                    self.name_lost(session, &mut known.findings, permission).await?;
                    followed.findings.extend(known.findings);
                }
                Judgement::UnderWay => return Ok(Outcome::TooEarly(now)),
                Judgement::Ask => return Ok(Outcome::TooEarly(held.certain_from())),
            }
            followed.examined.push(Subject::Order(held.order_id.clone()));
            followed.examined.push(Subject::Settling(held.order_id.clone()));
        }
        for Listed { shown, .. } in answers.found.values() {
            let owner = owners.get(&shown.id);
            if owner.is_none_or(|order| !held.contains_key(order))
                && let Some(store_id) = ours.store_of(&shown.customer_no)
            {
                let named =
                    owner.map(|order| Named { is_cancelled: cancelled.contains(order), order_id: order.clone() });
                followed.findings.extend(stranger(shown, store_id, named.as_ref(), period).findings);
            }
        }
        followed.examined.extend(answers.asked.iter().map(|id| Subject::Invoice(*id)));
        // Runs do not compare other days, so that no run would end such a finding.
        followed.findings.retain(|finding| finding.day().is_some_and(|day| period.contains(day)));
        Ok(Outcome::Ended(followed))
    }

    /// Asks for the invoices that are known to belong to an order; if none of them exists any more, for the order's
    /// number.
    async fn ask_for_order(
        &self,
        session: &Session,
        order: &OrderId,
        permission: Permission<'_>,
        answers: &mut Answers,
    ) -> std::result::Result<(), Stop> {
        let book = session.name();
        let filter = FindingFilter {
            order_id: Some(order.clone()),
            state: Some(FindingState::Open),
            ..FindingFilter::default()
        };
        let findings = self.storage.findings(&filter, None, MOST_RELATED).await?;
        let of_book = findings.iter().filter(|finding| &finding.book == book && finding.class.is_about_an_invoice());
        let mut ids: BTreeSet<i64> = of_book.filter_map(|finding| finding.accurate_id).collect();
        let held = self.storage.held_of(book, std::slice::from_ref(order), self.clock.now()).await?.remove(order);
        ids.extend(held.as_ref().and_then(|held| held.accurate_id));
        for id in ids {
            if !answers.asked.contains(&id) {
                self.ask_by_id(session, id, permission, answers).await?;
            }
        }
        match held {
            Some(Held { number, .. }) if answers.found.is_empty() => {
                self.ask_by_number(session, &number, permission, answers).await
            }
            _ => Ok(()),
        }
    }

    async fn ask_by_id(
        &self,
        session: &Session,
        id: i64,
        permission: Permission<'_>,
        answers: &mut Answers,
    ) -> std::result::Result<(), Stop> {
        answers.add(self.read_one(session, ByKey::Id(id), permission).await?);
        answers.asked.insert(id);
        Ok(())
    }

    async fn ask_by_number(
        &self,
        session: &Session,
        number: &DocumentNumber,
        permission: Permission<'_>,
        answers: &mut Answers,
    ) -> std::result::Result<(), Stop> {
        answers.add(self.read_one(session, ByKey::Number(number), permission).await?);
        Ok(())
    }
}

impl Answers {
    fn add(&mut self, found: Option<Listed>) {
        if let Some(listed) = found {
            self.asked.insert(listed.shown.id);
            self.found.insert(listed.shown.id, listed);
        }
    }

    fn listed(&self) -> Vec<Listed> {
        self.found.values().cloned().collect()
    }
}

/// The metrics of a book exist before its first hint.
pub fn begin_to_count(book: &BookName) {
    for outcome in ["heard", "followed", "own", "left_out", "given_up"] {
        count(book, outcome, 0);
    }
}

fn is_echo(hint: &StoredHint) -> bool {
    hint.ours_at.is_some_and(|ours_at| hint.heard_at <= ours_at + ECHO_WITHIN)
}

fn count(book: &BookName, outcome: &'static str, hints: usize) {
    metrics::counter!("forstok_accurate_hints_total", "book" => book.to_string(), "outcome" => outcome)
        .increment(hints as u64);
}

fn report(book: &BookName, hint: &StoredHint, followed: &Followed) {
    for finding in &followed.findings {
        let (document, class) = (hint.hint.document(), finding.class);
        let name = book.as_str();
        tracing::info!(book = name, document, %class, "book {book}: {document} was changed in Accurate: {class}");
    }
}
