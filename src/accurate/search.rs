//! Finding an invoice whose number is not known: the list of its day, every row checked (accurate.md §6).
//!
//! In a database whose automatic numbering wins, a save whose reply was lost has created an invoice under a number
//! that no reply has named. Only its description names the order. So whether our numbers are kept is remembered, and as
//! long as that is not known it counts as not so.

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
    domain::{invoice::ACCURATE_DAY, order::OrderId},
};

/// Rows of a page; 100 is accepted (accurate.md §3).
const PAGE: usize = 100;

/// Most pages that are read for one day. A list that is longer has most likely ignored its filter.
const MOST_PAGES: usize = 50;

/// Days that are remembered at once.
const MOST_DAYS: usize = 4;

/// Orders whose failures are remembered at once.
const MOST_FAILING: usize = 10_000;

/// Whose numbers invoices get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Numbering {
    /// No save was seen to be answered yet.
    #[default]
    Unknown,
    /// Every number came back as it was sent.
    Ours,
    /// A number came back changed: none can be relied on any more.
    Theirs,
}

/// What was seen of a book's invoices.
#[derive(Default)]
pub(super) struct Sightings {
    numbering: Mutex<Numbering>,
    days: tokio::sync::Mutex<BTreeMap<Date, OneDay>>,
    /// How many calls Accurate has dealt with.
    answers: AtomicU64,
    /// How many it had dealt with when an order last failed.
    failed_at: Mutex<HashMap<OrderId, u64>>,
}

/// The invoices of one day, as they were listed.
#[derive(Clone)]
struct OneDay {
    began_at: Monotonic,
    /// `None`: the list cannot be believed.
    invoices: Option<Arc<Vec<FoundInvoice>>>,
}

impl Session {
    /// Whether invoices are known to keep the numbers that we send. As long as they are, a number without an invoice
    /// proves that the order has no invoice, and Accurate refuses a second save.
    pub fn numbers_are_ours(&self) -> bool {
        *self.numbering() == Numbering::Ours
    }

    /// Whether no save was seen to be answered yet.
    pub fn numbering_is_unknown(&self) -> bool {
        *self.numbering() == Numbering::Unknown
    }

    /// An invoice that was sent with one number exists under another, or under the same.
    pub fn saw_number(&self, sent: &str, given: &str) {
        let mut numbering = self.numbering();
        *numbering = match *numbering {
            Numbering::Unknown | Numbering::Ours if sent == given => Numbering::Ours,
            _ => Numbering::Theirs,
        };
    }

    /// Accurate dealt with a call.
    pub fn saw_an_answer(&self) {
        self.sightings.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// An order failed. Whether it fails alone: Accurate has dealt with calls since it failed before.
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

/// The invoices of a day, from a list that was begun after a moment; `None` when it cannot be believed.
///
/// Those who ask about the same day at the same time share one list.
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

/// All invoices of a day. A filter that is not understood is ignored in silence (accurate.md §3, B); then all invoices
/// come back, and those of the day are among them. So the list is believed when no row of it is missing.
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
            // What is added meanwhile comes last, so that no row slips past between two pages.
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
