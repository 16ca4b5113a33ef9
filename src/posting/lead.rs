//! Leadership of a book: only the leader makes its calls, and a new leader continues the work of the previous one.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Posting, circuit::Pause};
use crate::{clock::Monotonic, domain::ids::BookName, replicas::Duty, storage::Result};

/// How long a new leader waits before its first call, because the previous leader's last calls still count against
/// Accurate's limit.
const HANDOVER: SignedDuration = SignedDuration::from_millis(1_100);

/// The duty of making one book's calls.
pub struct LeadingBook {
    posting: Arc<Posting>,
    name: BookName,
}

impl LeadingBook {
    /// The duty for the book with this name.
    pub fn new(posting: Arc<Posting>, name: &BookName) -> Self {
        Self { posting, name: name.to_owned() }
    }

    fn book(&self) -> Option<&super::Book> {
        self.posting.books.get(&self.name)
    }
}

#[async_trait::async_trait]
impl Duty for LeadingBook {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn is_ours(&self) -> bool {
        self.posting.leads(&self.name)
    }

    fn set_ours_until(&self, until: Monotonic) {
        let Some(book) = self.book() else { return };
        let was_ours = self.is_ours();
        book.session.call_no_later_than(until);
        if self.is_ours() && !was_ours {
            self.posting.signals.due_came(&self.name);
        }
    }

    fn report(&self) -> Option<String> {
        self.book()?.lock_circuit().shown().map(Pause::to_report)
    }

    fn take_report(&self, report: Option<&str>) {
        if let Some(book) = self.book() {
            *book.lock_reported() = report.and_then(Pause::from_report);
        }
    }

    async fn take_over(&self) -> Result<()> {
        let Some(book) = self.book() else { return Ok(()) };
        let name = &self.name;
        book.session.begin_term();
        book.session.slow_down(HANDOVER);
        let attempts = self.posting.storage.end_leases(name, self.posting.now()).await?;
        *book.lock_circuit() = <_>::default();
        *book.lock_reported() = None;
        tracing::info!(
            book = name.as_str(),
            attempts,
            "this process leads book {name} now; {attempts} attempts of its predecessor were ended"
        );
        Ok(())
    }
}
