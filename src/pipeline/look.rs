//! Looking again at what blocked orders wait for in Accurate: an item, an account, a customer, a day.
//!
//! One look serves all orders that wait for the same, and looks go only when no fresh order is due.

use super::{
    Engine, LEASE,
    attempt::sign_of,
    circuit::{Gate, Sign},
};
use crate::{
    accurate::{client::Session, customers, masters, outcome::Failure},
    domain::{
        order::OrderId,
        reason::Reason,
        waiting::{Subject, look_again_after},
    },
    store::Result,
};

/// What a look showed.
enum Seen {
    /// It has come.
    There,
    /// Not yet.
    Missing,
    /// Only an attempt can tell.
    NobodyKnows,
}

impl Engine {
    /// Looks at one thing that orders of a book wait for, if the time for one has come. Tells whether it did.
    pub async fn look_again(&self, book: &str) -> Result<bool> {
        let Some(known) = self.books.get(book) else { return Ok(false) };
        let gate = known.lock_circuit().gate(self.now());
        if matches!(gate, Gate::Shut(_)) {
            return Ok(false);
        }
        if let Some(order_id) = self.store.due_recheck(book, self.now()).await? {
            self.look_at_blocked(book, &order_id).await?;
            return Ok(true);
        }
        let Some(wait) = self.store.due_wait(book, self.now()).await? else { return Ok(false) };
        let looked = look(&known.session, &wait.subject).await;
        if gate == Gate::Probe && !matches!(looked, Ok(Seen::NobodyKnows)) {
            let sign = sign_of(looked.as_ref().err());
            let is_still_in_trouble = !matches!(sign, Sign::Well | Sign::Nothing);
            self.note(book, known, sign).await?;
            if is_still_in_trouble {
                // It says nothing about what was looked for, so that is looked at as soon as the book goes on.
                return Ok(true);
            }
        }
        let seen = looked.unwrap_or_else(|failure| {
            tracing::info!(book, "{} could not be looked at: {}", wait.subject, failure.class());
            Seen::Missing
        });
        if let Seen::There = seen {
            let orders = self.store.end_wait(book, &wait.subject, self.now()).await?;
            tracing::info!(book, orders, "{} is there now: {orders} orders go on", wait.subject);
            self.wake();
            return Ok(true);
        }
        self.store.wait_on(book, &wait.subject, self.now() + look_again_after(wait.looks + 1)).await?;
        if let Seen::NobodyKnows = seen {
            if self.store.try_one_waiting(book, &wait.subject, self.now()).await? == 0 {
                // Nobody waits for it any more.
                self.store.end_wait(book, &wait.subject, self.now()).await?;
            }
            self.wake();
        }
        Ok(true)
    }
}

impl Engine {
    /// Looks for the invoice of a blocked order whose save could still arrive when it was blocked; has another one
    /// attempted again that Accurate kept failing for.
    async fn look_at_blocked(&self, book: &str, order_id: &OrderId) -> Result<()> {
        let now = self.now();
        let Some(order) = self.store.order(order_id).await? else { return Ok(()) };
        if order.reason == Some(Reason::KeepsFailing) {
            self.store.try_blocked(order_id, now).await?;
            self.wake();
            return Ok(());
        }
        // As long as the claim is held, and when there is none, it is not asked for again.
        self.store.recheck_at(order_id, now + LEASE).await?;
        match self.store.claim_blocked(order_id, now, now + LEASE).await? {
            Some(claim) => self.attempt(book, claim).await,
            None => Ok(()),
        }
    }
}

async fn look(session: &Session, subject: &Subject) -> std::result::Result<Seen, Failure> {
    let there = match subject {
        Subject::Item(no) => masters::item_is_usable(session, no).await?,
        Subject::Account(no) => masters::account_is_active(session, no).await?,
        Subject::Customer(no) => customers::exists(session, no).await?,
        Subject::Day(_) => return Ok(Seen::NobodyKnows),
    };
    Ok(if there { Seen::There } else { Seen::Missing })
}
