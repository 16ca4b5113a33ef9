//! Reconciliation: compares the invoices of a period in our ledger with those that Accurate lists now.
//!
//! A run has a part for each book, which the book's leader carries out in three steps. `list` reads the whole list of
//! the period into storage. `compare` goes through our ledger and through what Accurate showed, and looks up
//! each invoice that is not as expected, because the list may be older than the ledger. Then the part is
//! concluded in one commit: sums, findings, and findings whose cause is gone. Every step continues after a restart.
//!
//! `changed` notes invoices of other days that were changed, if the mapping says so.
//!
//! Between runs, `hints` compares single invoices that Accurate's own webhooks named, and `webhooks` renews these
//! webhooks.
//!
//! It only reads, in calls that give way to all others and use at most half of Accurate's limit.

mod changed;
mod compare;
pub mod hints;
mod list;
mod lost;
mod retry;
mod webhooks;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use crate::{
    accurate::client::Session,
    clock::SharedClock,
    domain::{
        WIB, day_in_wib,
        mapping::{Reconcile, ReconcileBy},
        masters::ListFailure,
        reason::Language,
        reconciliation::Period,
    },
    storage::{ChangesRead, Conclusion, ReconcilingStorage, Result, RunPart, Sources, StorageError},
};

/// Rows that are deleted in one commit. Webhooks wait for the same writer.
const FORGOTTEN_AT_ONCE: i64 = 1_000;

/// For how long a failing read is repeated (design.md §8).
const RETRIED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// How long after the set time the very first nightly run may begin: a service that was just installed has nothing to
/// compare. Later runs that were missed are made up for on the same day.
const FIRST_RUN_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// How long after its end an incomplete nightly run is repeated.
const REPEATED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The longest period of a run, in days.
pub const LONGEST_PERIOD: i32 = 400;

/// Why a part stopped before its end.
enum Stop {
    /// Another process makes the book's calls now. The part is continued later.
    Interrupted,
    /// Something could not be read. The part ends incomplete.
    Incomplete(ListFailure),
    /// The database failed.
    Storage(StorageError),
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// Whether this process may make a call now.
pub enum MayCall {
    /// It may.
    Yes,
    /// The book is paused, for this reason.
    Paused(String),
    /// Another process makes the book's calls.
    No,
}

/// Asked before every call.
pub type Permission<'a> = &'a (dyn Fn() -> MayCall + Sync);

/// The customers of our stores, with the stores that use each.
#[derive(Clone, Debug, Default)]
pub struct OurCustomers(BTreeMap<String, Vec<String>>);

impl OurCustomers {
    /// From pairs of customer and store.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut customers = BTreeMap::<_, Vec<_>>::new();
        for (customer, store) in pairs {
            customers.entry(customer).or_default().push(store);
        }
        Self(customers)
    }

    /// The store that uses a customer; empty if several do, `None` if none does.
    fn store_of(&self, customer_no: &str) -> Option<&str> {
        match &**self.0.get(customer_no)? {
            [one] => Some(one),
            _ => Some(""),
        }
    }
}

/// What the mapping says about a run.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long after its payout money is booked, in days.
    pub delay_days: i32,
    /// Which invoices are read.
    pub by: ReconcileBy,
}

/// Carries out runs.
pub struct Reconciling {
    storage: Arc<dyn ReconcilingStorage>,
    clock: SharedClock,
    /// When this process started: webhooks that Accurate sent before may not have arrived.
    began_at: Timestamp,
}

impl Reconciling {
    /// Does nothing until it is asked to.
    pub fn new(storage: Arc<dyn ReconcilingStorage>, clock: SharedClock) -> Self {
        Self { storage, began_at: clock.now(), clock }
    }

    /// Requests the nightly run if its time has come and it was not requested yet. Until then, what the last one could
    /// not read is requested again every hour.
    pub async fn request_nightly(&self, settings: Reconcile, sources: Sources<'_>) -> Result<Option<i64>> {
        let now = self.clock.now();
        let Some(night) = night_of(settings, now, self.storage.last_night().await?) else {
            return self.repeat_night(settings, sources).await;
        };
        // An open finding is looked at again, however old it is: it may have been dealt with in Accurate.
        let earliest = self.storage.earliest_open_day().await?.unwrap_or(night);
        let (usual, longest) =
            (night.saturating_sub(settings.days.days()), night.saturating_sub((LONGEST_PERIOD - 1).days()));
        let period = Period { from: earliest.min(usual).max(longest), to: night };
        self.storage.request_nightly(period, sources, now).await
    }

    /// Requests again what the latest nightly run could not read, an hour after it ended.
    async fn repeat_night(&self, settings: Reconcile, sources: Sources<'_>) -> Result<Option<i64>> {
        let now = self.clock.now();
        if settings.at.is_none() {
            return Ok(None);
        }
        let Some(mut night) = self.storage.incomplete_night().await? else { return Ok(None) };
        // The settings may have changed since.
        night.books.retain(|book| sources.books.contains(book));
        night.asks_forstok &= sources.asks_forstok;
        let is_nothing_left = night.books.is_empty() && !night.asks_forstok;
        if is_nothing_left || now.duration_since(night.ended_at) < REPEATED_AFTER {
            return Ok(None);
        }
        self.storage.repeat_night(&night, now).await
    }

    /// Carries out the oldest part of a book that has not ended. Returns false if there is none, or if it had to stop
    /// before its end.
    pub async fn carry_out(
        &self,
        session: &Session,
        ours: &OurCustomers,
        rules: Rules,
        permission: Permission<'_>,
    ) -> Result<bool> {
        let Some(part) = self.storage.next_part(session.name()).await? else { return Ok(false) };
        let conclusion = match self.compare_period(session, &part, ours, rules, permission).await {
            Ok(conclusion) => conclusion,
            Err(Stop::Interrupted) => return Ok(false),
            Err(Stop::Incomplete(why)) => self.ledger_alone(&part, why).await?,
            Err(Stop::Storage(error)) => return Err(error),
        };
        self.storage.conclude(&part, &conclusion, self.clock.now()).await?;
        while self.storage.forget_listed(part.id, FORGOTTEN_AT_ONCE).await? > 0 {}
        report(&part, &conclusion);
        Ok(true)
    }

    async fn compare_period(
        &self,
        session: &Session,
        part: &RunPart,
        ours: &OurCustomers,
        rules: Rules,
        permission: Permission<'_>,
    ) -> std::result::Result<Conclusion, Stop> {
        if !part.is_listed {
            self.list(session, part, permission).await?;
        }
        let changes = match rules.by {
            ReconcileBy::TransDate => Ok(None),
            ReconcileBy::LastUpdate => self.note_changes(session, part, permission).await,
        };
        let (changes, unread) = match changes {
            Ok(changes) => (changes, None),
            Err(Stop::Incomplete(why)) => (None, Some(why)),
            Err(stop) => return Err(stop),
        };
        let compared = self.compare(session, part, ours, rules.delay_days, permission).await?;
        Ok(Conclusion { incomplete: compared.incomplete.or(unread), changes, ..compared })
    }
}

/// The night whose run is due: today's, from the set time on. A run that was missed because the service was down is
/// made up for on the same day.
fn night_of(settings: Reconcile, now: Timestamp, last: Option<Date>) -> Option<Date> {
    let (today, time) = (day_in_wib(now), WIB.to_datetime(now).time());
    let at = settings.at.filter(|at| time >= *at)?;
    match last {
        Some(last) => (last < today).then_some(today),
        None => (time.duration_since(at) < FIRST_RUN_WITHIN).then_some(today),
    }
}

fn report(part: &RunPart, conclusion: &Conclusion) {
    let (book, findings) = (&part.book, conclusion.findings.len());
    let Period { from, to } = part.period;
    let sums = conclusion.sums.total();
    if let Some(why) = &conclusion.incomplete {
        return tracing::warn!(
            book = book.as_str(),
            "book {book}: the reconciliation of {from} to {to} is incomplete, and says nothing about what was not seen: {}",
            why.sentence(Language::English)
        );
    }
    if let Some(ChangesRead { left, .. }) = conclusion.changes.as_ref().filter(|changes| changes.left > 0) {
        tracing::warn!(
            book = book.as_str(),
            left,
            "book {book}: up to {left} older invoices that were changed in Accurate have not been looked at yet; the \
             next runs continue there"
        );
    }
    tracing::info!(
        book = book.as_str(),
        findings,
        ledger = sums.ledger.count,
        accurate = sums.accurate.count,
        unexplained = sums.unexplained(),
        "book {book}: {from} to {to} reconciled: {} invoices here, {} in Accurate, {findings} findings",
        sums.ledger.count,
        sums.accurate.count
    );
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn the_nightly_run_is_due_from_its_time_on_in_jakarta() {
        let settings = Reconcile { at: Some(time(2, 30, 0, 0)), ..Reconcile::default() };
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let last = Some(date(2026, 11, 25));
        assert_eq!(night_of(settings, at("2026-11-25T19:29:59Z"), last), None);
        assert_eq!(night_of(settings, at("2026-11-25T19:30:00Z"), last), Some(date(2026, 11, 26)));
        assert_eq!(night_of(settings, at("2026-11-26T16:59:00Z"), last), Some(date(2026, 11, 26)), "made up for");
        assert_eq!(night_of(settings, at("2026-11-26T16:59:00Z"), Some(date(2026, 11, 26))), None, "once a night");
        let off = Reconcile { at: None, ..settings };
        assert_eq!(night_of(off, at("2026-11-26T16:59:00Z"), last), None);
        // After the installation, the first night is waited for.
        assert_eq!(night_of(settings, at("2026-11-26T16:59:00Z"), None), None);
        assert_eq!(night_of(settings, at("2026-11-25T20:00:00Z"), None), Some(date(2026, 11, 26)));
    }

    #[test]
    fn a_customer_that_several_stores_share_belongs_to_none_of_them_alone() {
        let pairs = [("C1", "8277"), ("C2", "8278"), ("C2", "8279")];
        let ours = OurCustomers::new(pairs.map(|(customer, store)| (customer.to_owned(), store.to_owned())));
        assert_eq!(ours.store_of("C1"), Some("8277"));
        assert_eq!(ours.store_of("C2"), Some(""));
        assert_eq!(ours.store_of("C3"), None);
    }
}
