//! The real storage with a gate before and after each write, a disk that is sometimes busy, and the switches that prove
//! that the simulator detects errors.

mod after_sale;
mod hints;
mod imports;
mod lists;
mod notices;
mod others;
mod reconciliation;
mod stages;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use forstok_accurate::{
    domain::{
        doubt::{Doubt, SAVE_IS_OVER},
        order::OrderId,
    },
    storage::{Claim, Delivery, DocumentKey, Result, Storage, StorageError, Unsettled},
};
use jiff::Timestamp;

use super::{gates::Gates, view::Watch};

/// A safeguard that is removed on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    /// An attempt never learns that an earlier one may have saved.
    NoLookUp,
    /// Late writes of a worker are accepted.
    LateWorkerCounts,
    /// Orders that are being processed are handed out again. Permitting others to claim them would break nothing by
    /// itself, because the second attempt knows of the first, and looks up before it saves.
    LeaseIgnored,
    /// Senders are answered before the commit.
    AnswerFirst,
    /// The age of an order's doubt is that of its first save of unknown outcome.
    FirstSaveOnly,
    /// A save of unknown outcome counts as expired, however recent it is.
    SaveIsOverAtOnce,
    /// The list of a day is empty: an invoice under another number is not found.
    NoSearch,
    /// Everything that is found looks like what was sent.
    NothingCompared,
    /// Whatever a bulk reports as saved seems to exist.
    NothingReadBack,
    /// An attempt for a receipt never learns that an earlier one may have saved.
    NoLookUpOfReceipts,
    /// Receipts are decided without knowing of returns, and returns without knowing of receipts.
    DecidedApart,
    /// The decision does not know what the invoice already holds: the seller's voucher and shipping.
    HoldingIgnored,
    /// The decision does not know what people have booked by hand.
    MarksIgnored,
    /// What is never to be booked counts as booked by hand.
    NeverCounts,
    /// Returns have the prices that Forstok reported last.
    NewestPrices,
    /// What a correction moves to another order stays with the earlier one too.
    MovedRowsStay,
}

impl Switch {
    /// Whether it concerns what comes after the sale.
    pub(crate) fn is_of_sales(self) -> bool {
        use Switch as S;
        matches!(
            self,
            S::NoLookUpOfReceipts
                | S::DecidedApart
                | S::HoldingIgnored
                | S::MarksIgnored
                | S::NeverCounts
                | S::NewestPrices
                | S::MovedRowsStay
        )
    }
}

/// Storage as one process sees it.
pub(crate) struct SimStore {
    inner: Arc<dyn Storage>,
    gates: Arc<Gates>,
    watch: Arc<Watch>,
    switch: Option<Switch>,
    /// The random generator, and the probability that the disk is busy.
    busy: Mutex<(fastrand::Rng, f64)>,
    wrote: AtomicBool,
    met: Mutex<Vec<&'static str>>,
    /// When the first save of unknown outcome was sent; used only by [`Switch::FirstSaveOnly`].
    doubted: Mutex<HashMap<DocumentKey, Timestamp>>,
    /// What was last read of orders that are not settled; used only by switches.
    unsettled: Mutex<HashMap<OrderId, Unsettled>>,
    /// Answered but not yet written; used only by [`Switch::AnswerFirst`].
    owed: Mutex<Vec<Delivery>>,
}

impl SimStore {
    pub(crate) fn new(
        inner: Arc<dyn Storage>,
        gates: Arc<Gates>,
        watch: Arc<Watch>,
        switch: Option<Switch>,
        chance: fastrand::Rng,
    ) -> Self {
        let (wrote, met, owed) = (AtomicBool::new(true), Mutex::default(), Mutex::default());
        let (doubted, unsettled) = (Mutex::default(), Mutex::default());
        Self { inner, gates, watch, switch, busy: Mutex::new((chance, 0.0)), wrote, met, doubted, unsettled, owed }
    }

    /// For switches: what attempts learn about the doubt of their orders.
    fn doubt_otherwise(&self, claims: &mut [Claim], now: Timestamp) {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        for claim in claims {
            let document = DocumentKey { order_id: claim.order_id.clone(), kind: claim.kind, part: claim.part };
            if !claim.doubt.exists() {
                doubted.remove(&document);
                continue;
            }
            let age = match self.switch {
                Some(Switch::FirstSaveOnly) => {
                    let since = SAVE_IS_OVER - claim.doubt.remaining_wait();
                    let first = *doubted.entry(document).or_insert(now - since);
                    now.duration_since(first)
                }
                Some(Switch::SaveIsOverAtOnce) => SAVE_IS_OVER,
                _ => continue,
            };
            claim.doubt = Doubt::of_age(Some(age), claim.attempt.0 - 1);
        }
    }

    /// Every write fails with this probability from now on.
    pub(crate) fn set_busy(&self, chance: f64) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).1 = chance;
    }

    /// Whether something was written since the previous call.
    pub(crate) fn take_wrote(&self) -> bool {
        self.wrote.swap(false, Ordering::SeqCst)
    }

    /// Something was written directly to the database.
    pub(crate) fn set_wrote(&self) {
        self.wrote.store(true, Ordering::SeqCst);
    }

    /// The special events here since the previous call.
    pub(crate) fn take_met(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.met.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn meet(&self, what: &'static str) {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn draw(&self) -> f64 {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).0.f64()
    }

    fn is_busy(&self) -> bool {
        let chance = self.busy.lock().unwrap_or_else(PoisonError::into_inner).1;
        chance > 0.0 && self.draw() < chance
    }

    async fn write<T>(
        &self,
        before: &'static str,
        after: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.gates.pass(before).await;
        if self.is_busy() {
            self.meet("the disk is busy: nothing is written");
            return Err(busy_disk());
        }
        let result = self.gates.in_store(call).await;
        self.wrote.store(true, Ordering::SeqCst);
        self.gates.pass(after).await;
        if self.is_busy() {
            self.meet("the disk is busy: it is written, and an error is told");
            return Err(busy_disk());
        }
        result
    }
}

fn busy_disk() -> StorageError {
    StorageError::Unreadable("the disk is busy".to_owned())
}

#[async_trait::async_trait]
impl Storage for SimStore {
    async fn ping(&self) -> Result<()> {
        self.gates.in_store(self.inner.ping()).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
