//! Checks whether the things that blocked orders wait for exist in Accurate now: an item, an account, a customer, an
//! open period.
//!
//! One recheck serves all orders that wait for the same thing. Rechecks take turns with orders.

use super::{
    LEASE, Posting,
    attempt::health_of,
    circuit::{Gate, Health},
};
use crate::{
    accurate::{client::Session, customers, masters, outcome::Failure},
    domain::{
        document::Kind,
        ids::BookName,
        reason::Reason,
        recheck::{Subject, next_recheck_after},
    },
    storage::{DocumentKey, Result},
};

/// The result of a recheck.
enum Found {
    /// It exists now.
    There,
    /// Not yet.
    Missing,
    /// Only an attempt can show it.
    OnlyByAttempt,
}

impl Posting {
    /// Rechecks one thing that orders of a book wait for, if one is due. Returns whether it did.
    pub async fn recheck_one(&self, book: &BookName) -> Result<bool> {
        let Some(known) = self.books.get(book) else { return Ok(false) };
        let gate = {
            let (now, mut circuit) = (self.now(), known.lock_circuit());
            circuit.shorten_waits(now);
            circuit.gate(now)
        };
        if matches!(gate, Gate::Shut(_)) {
            return Ok(false);
        }
        if let Some(document) = self.storage.due_own_recheck(book, self.now()).await? {
            self.recheck_blocked(book, &document).await?;
            return Ok(true);
        }
        let Some(due) = self.storage.due_recheck(book, self.now()).await? else { return Ok(false) };
        let found = recheck(&known.session, &due.subject).await;
        if gate == Gate::Probe && !matches!(found, Ok(Found::OnlyByAttempt)) {
            let health = health_of(found.as_ref().err());
            let is_still_in_trouble = !matches!(health, Health::Good | Health::Nothing);
            self.note(book, known, health).await?;
            if is_still_in_trouble {
                // This says nothing about the subject, so it is rechecked as soon as the book resumes.
                return Ok(true);
            }
        }
        let found = found.unwrap_or_else(|failure| {
            tracing::info!(book = book.as_str(), "{} could not be rechecked: {}", due.subject, failure.class());
            Found::Missing
        });
        if let Found::There = found {
            let orders = self.storage.finish_recheck(book, &due.subject, self.now()).await?;
            tracing::info!(book = book.as_str(), orders, "{} exists now: {orders} orders continue", due.subject);
            self.signals.wake_all();
            return Ok(true);
        }
        self.storage.put_off_recheck(book, &due.subject, self.now() + next_recheck_after(due.checks + 1)).await?;
        if let Found::OnlyByAttempt = found {
            if self.storage.try_one_awaiting(book, &due.subject, self.now()).await? == 0 {
                // No order waits for it any more.
                self.storage.finish_recheck(book, &due.subject, self.now()).await?;
            }
            self.signals.wake_all();
        }
        Ok(true)
    }
}

impl Posting {
    /// Looks up a document that was blocked while a save could still arrive. Retries a document that is blocked with
    /// `keeps_failing`.
    async fn recheck_blocked(&self, book: &BookName, document: &DocumentKey) -> Result<()> {
        let now = self.now();
        // Not due again while the claim lasts, or if there is nothing to claim. Written first, so that an order that
        // cannot be read keeps no other from being rechecked.
        self.storage.recheck_at(document, now + LEASE).await?;
        let is_invoice = document.kind == Kind::Invoice;
        let order = if is_invoice { self.storage.order(&document.order_id).await? } else { None };
        if order.is_some_and(|order| order.reason == Some(Reason::KeepsFailing)) {
            self.storage.retry_blocked(document, now).await?;
            self.signals.wake_all();
            return Ok(());
        }
        match self.storage.claim_blocked(document, now, now + LEASE).await? {
            Some(claim) => self.attempt(book, claim).await,
            None if is_invoice => Ok(()),
            None => {
                self.storage.retry_blocked(document, now).await?;
                self.signals.wake_all();
                Ok(())
            }
        }
    }
}

async fn recheck(session: &Session, subject: &Subject) -> std::result::Result<Found, Failure> {
    let there = match subject {
        Subject::Item(no) => masters::item_is_usable(session, no).await?,
        Subject::Account(no) => masters::account_is_active(session, no).await?,
        Subject::Customer(no) => customers::exists(session, no).await?,
        Subject::Day(_) => return Ok(Found::OnlyByAttempt),
    };
    Ok(if there { Found::There } else { Found::Missing })
}
