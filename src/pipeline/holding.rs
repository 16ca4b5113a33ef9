//! Who does what, where several replicas work on one database.
//!
//! A book's calls are made by one of them at a time, so that Accurate's limits hold over all together; and one of
//! them decides, so that they do not all decide the same. Whoever holds a book says so every second. Once it has
//! not for [`LEASE`], another takes over. Nothing rests on the holder noticing: its last call leaves [`MARGIN`] before
//! its lease ends, and what it writes later names attempts that are no longer current.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::SignedDuration;

use super::{Book, Engine, circuit::Pause, supervisor::Progress};
use crate::{
    clock::Monotonic,
    store::{Hold, Result},
};

/// How long a book stays ours after we last said so.
const LEASE: Duration = Duration::from_secs(5);

/// How long before its end the last call leaves: clocks drift, and a call needs time to get there.
const MARGIN: Duration = Duration::from_secs(1);

/// How often the holder says that it is there.
const RENEW: Duration = Duration::from_secs(1);

/// How often the others look whether it still is.
const LOOK: Duration = Duration::from_millis(500);

/// How long a new holder makes no call: what the one before it sent last may still count over there.
const HANDOVER: SignedDuration = SignedDuration::from_millis(1_100);

/// The name under which deciding is held; a book's name is never empty.
const DECIDING: &str = "";

/// How often in a row it may fail before a person should hear of it.
const WORTH_A_WARNING: u32 = 3;

/// Keeps a book, or tries to get it; without a name, deciding.
pub(super) async fn hold_always(engine: Arc<Engine>, name: Option<String>, progress: Progress) {
    match name.as_ref().and_then(|name| engine.books.get(name)) {
        Some(book) => book.session.call_no_later_than(Monotonic::MIN),
        None => engine.decide_until(Monotonic::MIN),
    }
    let mut failures = 0;
    loop {
        progress.report();
        let held = engine.hold(name.as_deref()).await;
        failures = if held.is_err() { failures + 1 } else { 0 };
        if let (Err(error), WORTH_A_WARNING) = (&held, failures) {
            tracing::warn!(book = name, "whether this process may go on cannot be told: {error}");
        }
        match held {
            Ok(Hold::Ours) => return,
            Ok(Hold::Anothers { .. }) => engine.clock.sleep(LOOK).await,
            Ok(_) | Err(_) => engine.clock.sleep(RENEW).await,
        }
    }
}

impl Engine {
    /// Keeps a book or deciding, or tries to get it.
    async fn hold(&self, name: Option<&str>) -> Result<Hold> {
        // Counted from before we asked: the answer may have been long on its way.
        let end = self.monotonic() + LEASE.saturating_sub(MARGIN);
        let until = |hold: &Hold| match hold {
            Hold::Ours => Monotonic::MAX,
            Hold::Kept | Hold::Taken => end,
            Hold::Anothers { .. } => Monotonic::MIN,
        };
        let Some((name, book)) = name.and_then(|name| Some((name, self.books.get(name)?))) else {
            let held = self.store.hold_book(DECIDING, &self.holder, LEASE, None).await?;
            let did = self.decides();
            self.decide_until(until(&held));
            if self.decides() && !did {
                self.news.notify_one();
            }
            return Ok(held);
        };
        let pause = book.lock_circuit().shown().map(Pause::tell);
        if !book.is_ours() {
            // Somebody else may have worked on it. The answer that would say so may get lost.
            book.is_taken_over.store(false, Ordering::Release);
        }
        let held = self.store.hold_book(name, &self.holder, LEASE, pause.as_deref()).await?;
        match &held {
            Hold::Anothers { pause } => book.told(pause.as_deref().and_then(Pause::told)),
            Hold::Taken => book.is_taken_over.store(false, Ordering::Release),
            Hold::Ours | Hold::Kept => {}
        }
        if !matches!(held, Hold::Anothers { .. }) && !book.is_taken_over.load(Ordering::Acquire) {
            // A takeover that failed halfway is repeated until it is complete; until then no call leaves.
            self.take_over(name, book).await?;
            book.is_taken_over.store(true, Ordering::Release);
        }
        let was_ours = book.is_ours();
        book.session.call_no_later_than(until(&held));
        if book.is_ours() && !was_ours {
            book.due.notify_one();
        }
        Ok(held)
    }

    /// Lets others have what this replica held.
    pub(super) async fn let_go(&self) {
        let gone = async {
            self.store.let_go(&self.holder).await?;
            self.store.call_others().await
        };
        if let Err(error) = gone.await {
            tracing::debug!("others have to wait until our leases end: {error}");
        }
    }

    /// Goes on where another, or the process before this one, left off.
    async fn take_over(&self, name: &str, book: &Book) -> Result<()> {
        book.session.slow_down(HANDOVER);
        let orders = self.store.end_leases(name, self.now()).await?;
        *book.lock_circuit() = <_>::default();
        book.told(None);
        tracing::info!(book = name, orders, "book {name} is worked on by this process; {orders} orders were in work");
        Ok(())
    }

    /// Whether this replica decides for all.
    pub(super) fn decides(&self) -> bool {
        self.monotonic() < Monotonic::from_micros(self.decides_until.load(Ordering::Acquire))
    }

    fn decide_until(&self, until: Monotonic) {
        self.decides_until.store(until.as_micros(), Ordering::Release);
    }
}

impl Book {
    /// Whether this replica makes the book's calls.
    pub(super) fn is_ours(&self) -> bool {
        self.session.may_call()
    }
}

/// Lets the other replicas know when there is something to do.
pub(super) async fn call_others_always(engine: Arc<Engine>, progress: Progress) {
    loop {
        progress.wait_for(engine.others.notified()).await;
        if let Err(error) = engine.store.call_others().await {
            // They look by themselves too, only later.
            tracing::debug!("other replicas could not be called: {error}");
        }
    }
}

/// Looks for something to do whenever another replica called.
pub(super) async fn hear_others_always(engine: Arc<Engine>, progress: Progress) {
    loop {
        progress.wait_for(engine.store.called()).await;
        engine.wake_here();
    }
}
