//! Finds an invoice whose number is not known, in the list of its day (accurate.md §6).
//!
//! In a database with automatic numbering, a save whose reply was lost has created an invoice under an unknown number.
//! Only the description of that invoice names the order. Therefore this module remembers whether Accurate keeps our
//! numbers; until that is known, it assumes that Accurate does not.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::civil::Date;

use super::{
    client::{Call, Session},
    invoices::{FoundInvoice, Record},
    outcome::Failure,
    reply::{Envelope, Rows, Skipped},
};
use crate::{
    clock::Monotonic,
    domain::{ids::DocumentNumber, invoice::ACCURATE_DAY, order::OrderId},
};

/// Rows of a page; 100 is accepted (accurate.md §3).
const PAGE: usize = 100;

/// How many pages are read for one day at most. In a longer list, the filter was most likely ignored.
const MOST_PAGES: usize = 50;

/// How many days are remembered at the same time.
const MOST_DAYS: usize = 4;

/// How many orders' failures are remembered at the same time.
const MOST_FAILING: usize = 10_000;

/// Which numbers invoices get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Numbering {
    /// Unknown: no save has been answered yet.
    #[default]
    Unknown,
    /// Ours: every number was returned as it was sent.
    Ours,
    /// Accurate's: a number was returned changed, so no number is reliable.
    Theirs,
}

/// What is known about a book's invoices.
#[derive(Default)]
pub(super) struct Sightings {
    numbering: Mutex<Numbering>,
    days: tokio::sync::Mutex<BTreeMap<Date, OneDay>>,
    /// How many calls Accurate has processed.
    answers: AtomicU64,
    /// How many it had processed when an order last failed.
    failed_at: Mutex<HashMap<OrderId, u64>>,
}

/// The invoices of one day, as they were listed.
#[derive(Clone)]
struct OneDay {
    began_at: Monotonic,
    /// `None` if the list cannot be trusted.
    invoices: Option<Arc<Vec<FoundInvoice>>>,
}

impl Session {
    /// Whether Accurate is known to keep the numbers that we send. If so, the absence of a number proves that the order
    /// has no invoice, and Accurate refuses a second save.
    pub fn numbers_are_ours(&self) -> bool {
        *self.numbering() == Numbering::Ours
    }

    /// Whether no save has been answered yet.
    pub fn numbering_is_unknown(&self) -> bool {
        *self.numbering() == Numbering::Unknown
    }

    /// Records the number that was sent with an invoice, and the number under which the invoice exists.
    pub fn saw_number(&self, sent: &DocumentNumber, given: &DocumentNumber) {
        let mut numbering = self.numbering();
        *numbering = match *numbering {
            Numbering::Unknown | Numbering::Ours if sent == given => Numbering::Ours,
            _ => Numbering::Theirs,
        };
    }

    /// Records that Accurate processed a call.
    pub fn saw_an_answer(&self) {
        self.sightings.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that an order failed. Returns whether only this order fails: Accurate has processed calls since its
    /// previous failure.
    pub fn fails_alone(&self, order_id: &OrderId) -> bool {
        let answers = self.sightings.answers.load(Ordering::Relaxed);
        let mut failed_at = self.sightings.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if failed_at.len() >= MOST_FAILING {
            failed_at.clear();
        }
        failed_at.insert(order_id.clone(), answers).is_some_and(|before| before < answers)
    }

    fn numbering(&self) -> std::sync::MutexGuard<'_, Numbering> {
        self.sightings.numbering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The invoices of a day, from a list that was begun after a given time; `None` if it cannot be trusted.
///
/// Attempts that need the same day at the same time share one list.
pub async fn of_day(
    session: &Session,
    day: Date,
    begun_after: Monotonic,
) -> Result<Option<Arc<Vec<FoundInvoice>>>, Failure> {
    let mut days = session.sightings.days.lock().await;
    if let Some(known) = days.get(&day).filter(|known| known.began_at >= begun_after) {
        return Ok(known.invoices.clone());
    }
    let began_at = session.monotonic();
    let invoices = list_day(session, day).await?.map(Arc::new);
    while days.len() >= MOST_DAYS {
        days.pop_first();
    }
    days.insert(day, OneDay { began_at, invoices: invoices.clone() });
    Ok(invoices)
}

/// All invoices of a day. Accurate silently ignores a filter that it does not understand (accurate.md §3, B) and
/// returns all invoices, including those of the day. So the list is trusted if it is complete.
async fn list_day(session: &Session, day: Date) -> Result<Option<Vec<FoundInvoice>>, Failure> {
    let day = day.strftime(ACCURATE_DAY).to_string();
    let size = PAGE.to_string();
    let mut found = BTreeMap::new();
    for page in 1..=MOST_PAGES {
        let page = page.to_string();
        let query = [
            ("fields", "id,number,transDate,customer,description,totalAmount"),
            ("sp.pageSize", size.as_str()),
            ("sp.page", page.as_str()),
            // New invoices come last, so that no row is missed between two pages.
            ("sp.sort", "id|asc"),
            ("filter.transDate.op", "EQUAL"),
            ("filter.transDate.val", day.as_str()),
        ];
        let Envelope { d: list, row_count, .. } =
            session.call::<Rows<Record>, Skipped>(&Call::get("sales-invoice/list", &query)).await?;
        if !list.complete {
            return Ok(None);
        }
        let rows = list.rows.len();
        for row in list.rows {
            let Some(invoice) = row.invoice() else { return Ok(None) };
            found.insert(invoice.id, invoice);
        }
        let count = row_count.and_then(|count| usize::try_from(count).ok());
        if count.is_some_and(|count| count > PAGE * MOST_PAGES) {
            return Ok(None);
        }
        if rows < PAGE || count.is_some_and(|count| found.len() >= count) {
            let is_whole = count.is_none_or(|count| found.len() >= count);
            return Ok(is_whole.then(|| found.into_values().collect()));
        }
    }
    Ok(None)
}
